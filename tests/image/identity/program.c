/* A dynamic program without a C library: prints numbers of its own and of its library.  With an
 * argument it changes its own code while it runs. */
long work(long rounds);
long work_number(void);

#if defined(__riscv)
enum { WRITE = 64, PROTECT = 226, EXIT = 94 };

static long call(long n, long a, long b, long c) {
    register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b,
                  a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

/* addi a0,x0,number: immediate in bits 20-31. */
#define INSTRUCTION(number) (0x513u | (unsigned)(number) << 20)
#define SYNCHRONIZE() __asm__ volatile("fence.i" ::: "memory")
#define START "mv a0, sp\ntail run\n"
#else
enum { WRITE = 1, PROTECT = 10, EXIT = 60 };

static long call(long n, long a, long b, long c) {
    __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return n;
}

/* The immediate of mov eax,number. */
#define INSTRUCTION(number) ((unsigned)(number))
#define SYNCHRONIZE() __asm__ volatile("" ::: "memory")
#define START "mov %rsp, %rdi\ncall run\n"
#endif

static void print(long value) {
    char digits[24];
    int at = 24;
    digits[--at] = '\n';
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    call(WRITE, 1, (long)(digits + at), 24 - at);
}

__attribute__((noinline, noipa)) long program_number(void) { return 1222; }

/* Far from what is changed: on another page. */
__attribute__((noinline, noipa, aligned(8192))) long ask(long rounds) {
    long sum = 0;
    for (long i = 0; i < rounds; i++)
        sum += program_number();
    return sum;
}

/* Makes program_number return another number. */
static void change(void) {
    char *code = (char *)program_number;
    unsigned instruction;
    call(PROTECT, (unsigned long)code & ~4095ul, 4096, 7);
    for (int i = 0; i < 32; i++) {
        __builtin_memcpy(&instruction, code + i, 4);
        if (instruction == INSTRUCTION(1222)) {
            instruction = INSTRUCTION(1333);
            __builtin_memcpy(code + i, &instruction, 4);
            break;
        }
    }
    SYNCHRONIZE();
}

__attribute__((used)) static void run(long *stack) {
    print(work(1000000));
    print(work_number());
    print(ask(1000));
    if (stack[0] > 1) {
        change();
        print(ask(1000));
        call(PROTECT, (unsigned long)program_number & ~4095ul, 4096, 5);
        print(ask(1000));
    }
    call(EXIT, 0, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n" START);
