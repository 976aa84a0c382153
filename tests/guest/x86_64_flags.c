/* x86_64 only: arithmetic flags that functions take and return, against the calling convention. */
#include "guest.h"

__asm__(".text\n"
        "returns_carry: add %rsi, %rdi\n ret\n"
        "returns_by_jump: jmp returns_carry\n"
        "takes_zero: mov $5, %eax\n jz 1f\n mov $6, %eax\n1: ret\n"
        "returns_sign: test %edi, %edi\n ret\n");

/* The carry of a + b, through a direct, a tail and an indirect call. */
static __attribute__((noinline)) int carry(uint64_t a, uint64_t b, int way) {
    int result = 7;
    if (way == 0)
        __asm__ volatile("call returns_carry\n mov $0, %0\n jnc 1f\n mov $1, %0\n1:"
                         : "=&r"(result), "+D"(a) : "S"(b) : "cc", "memory");
    else if (way == 1)
        __asm__ volatile("call returns_by_jump\n mov $0, %0\n jnc 1f\n mov $1, %0\n1:"
                         : "=&r"(result), "+D"(a) : "S"(b) : "cc", "memory");
    else
        __asm__ volatile("lea returns_carry(%%rip), %%rax\n call *%%rax\n setc %%al\n movzbl %%al, %0"
                         : "=&r"(result), "+D"(a) : "S"(b) : "rax", "cc", "memory");
    return result;
}

static __attribute__((noinline)) int zero_at_entry(int value) {
    int result;
    __asm__ volatile("test %1, %1\n call takes_zero" : "=a"(result) : "r"(value) : "cc", "memory");
    return result;
}

static int sign_behind_shift(int value, int count) {
    int result = 0;
    __asm__ volatile("call returns_sign\n mov %2, %%ecx\n mov $1, %%eax\n lea 1(%%rax), %%rax\n"
                     "mov $0, %0\n jns 1f\n mov $1, %0\n1:"
                     : "=&r"(result) : "D"(value), "r"(count) : "rax", "rcx", "cc", "memory");
    return result;
}

int main(void) {
    for (int way = 0; way < 3; way++)
        printf("way %d: %d %d\n", way, carry(1, 2, way), carry(~0ull, 1, way));
    printf("taken: %d %d\n", zero_at_entry(0), zero_at_entry(3));
    printf("sign: %d %d\n", sign_behind_shift(-4, 0), sign_behind_shift(4, 3));
    return 0;
}
