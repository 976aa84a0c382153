/* Switch statements and computed gotos whose jump tables discovery has to understand. */
#include <stdio.h>

typedef unsigned long word;

__attribute__((noinline)) static int from_zero(word n) {
    switch (n) {
    case 0:
        return 17;
    case 1:
        return 4;
    case 2:
        puts("two");
        return 9;
    case 3:
        return 33;
    case 4:
        puts("four");
        return 1;
    case 5:
        return 71;
    case 6:
        puts("six");
        return 8;
    default:
        return -1;
    }
}

__attribute__((noinline)) static void from_letter(int c, char *to) {
    switch (c) {
    case 'd':
        puts("d");
        *to = 'x';
        break;
    case 'e':
        puts("e");
        to[1] = 'y';
        break;
    case 'g':
        puts("g");
        to[2] = 'z';
        break;
    case 'h':
        puts("h");
        break;
    case 'i':
        puts("i");
        to[3] = 1;
        break;
    case 'k':
        puts("k");
        break;
    default:
        puts("other");
    }
}

/* The table's address and the bound are loop invariants. */
__attribute__((noinline)) static int run(const unsigned char *code, int value) {
    for (;; code++) {
        switch (*code) {
        case 0:
            return value;
        case 1:
            value += 3;
            break;
        case 2:
            value *= 5;
            break;
        case 3:
            printf("%d\n", value);
            break;
        case 4:
            value ^= 0x55;
            break;
        case 5:
            value = -value;
            break;
        case 6:
            if (value & 1)
                code++;
            break;
        case 7:
            value /= 3;
            break;
        }
    }
}

__attribute__((noinline)) static int run_labels(const unsigned char *code, int value) {
    static const void *const labels[] = {&&stop, &&add, &&twice, &&show, &&invert};
    goto *labels[*code];
add:
    value += 7;
    goto *labels[*++code];
twice:
    value *= 2;
    goto *labels[*++code];
show:
    printf("%d\n", value);
    goto *labels[*++code];
invert:
    value = ~value;
    goto *labels[*++code];
stop:
    return value;
}

__attribute__((noinline)) static int indirect(int (*function)(word), word n) {
    return function(n) + 1;
}

int main(void) {
    char to[4] = {0};
    int sum = 0;
    for (word n = 0; n < 9; n++)
        sum += from_zero(n);
    for (int c = 'a'; c < 'n'; c++)
        from_letter(c, to);
    sum += run((const unsigned char[]){1, 2, 3, 4, 6, 5, 7, 1, 3, 0}, 10);
    sum += run_labels((const unsigned char[]){1, 2, 3, 4, 3, 2, 1, 0}, 10);
    sum += indirect(from_zero, 3);
    printf("%d\n", sum);
    return 0;
}
