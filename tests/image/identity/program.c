/* A dynamic program without a C library: prints numbers of its own and of its library.  With an
 * argument it changes its own code while it runs. */
long work(long rounds);
long work_number(void);

static long call(long n, long a, long b, long c) {
    register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b,
                  a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static void print(long value) {
    char digits[24];
    int at = 24;
    digits[--at] = '\n';
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    call(64, 1, (long)(digits + at), 24 - at);
}

__attribute__((noinline, noipa)) long program_number(void) { return 1222; }

/* Far from what is changed: on another page. */
__attribute__((noinline, noipa, aligned(8192))) long ask(long rounds) {
    long sum = 0;
    for (long i = 0; i < rounds; i++)
        sum += program_number();
    return sum;
}

/* li a0,1222 is addi a0,x0,1222: immediate in bits 20-31. */
static void change(void) {
    unsigned short *code = (unsigned short *)program_number;
    unsigned long page = (unsigned long)code & ~4095ul;
    call(226, page, 4096, 7);
    for (int i = 0; i < 16; i++)
        if (code[i] == 0x0513 && code[i + 1] == 1222 << 4) {
            code[i + 1] = 1333 << 4;
            break;
        }
    __asm__ volatile("fence.i" ::: "memory");
}

__attribute__((used)) static void run(long *stack) {
    print(work(1000000));
    print(work_number());
    print(ask(1000));
    if (stack[0] > 1) {
        change();
        print(ask(1000));
        call(226, (unsigned long)program_number & ~4095ul, 4096, 5);
        print(ask(1000));
    }
    call(94, 0, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n"
        "mv a0, sp\n"
        "tail run\n");
