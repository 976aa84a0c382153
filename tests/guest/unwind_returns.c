/* riscv64 only: control flow that no compiler makes.  Return addresses that the callee changes,
 * returns and jumps into the middle of functions, a loop header that is a return site, tail calls
 * through registers, coroutine linkage, frames that go on in a copy, calls through code in writable
 * memory, which is never lifted. */
#include "guest.h"

#include <setjmp.h>
#include <sys/mman.h>

/* The instructions have four bytes, so that return addresses can be counted with. */
asm(".text\n"
    ".option push\n"
    ".option norvc\n"
    ".option norelax\n"
    ".macro function name\n"
    "  .globl \\name\n"
    "  .type \\name, @function\n"
    "\\name:\n"
    ".endm\n"

    /* The callee returns behind the instruction that follows the call. */
    "function returns_skip_one\n"
    "  addi ra, ra, 4\n"
    "  ret\n"
    "function returns_skipping\n" /* (rounds): rounds, not 101 * rounds */
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s0, 16(sp)\n"
    "  sd s1, 8(sp)\n"
    "  mv s0, a0\n"
    "  li s1, 0\n"
    "1: jal returns_skip_one\n"
    "  addi s1, s1, 100\n"
    "  addi s1, s1, 1\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  mv a0, s1\n"
    "  ld s1, 8(sp)\n"
    "  ld s0, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "  ret\n"

    /* The callee saves its return address as usual, then overwrites it: it returns to the header of
     * another function's loop, with the frame of its caller. */
    "function returns_sum\n" /* (n): n + ... + 1 */
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  li a1, 0\n"
    "returns_header:\n"
    "  add a1, a1, a0\n"
    "  addi a0, a0, -1\n"
    "  bnez a0, returns_header\n"
    "  mv a0, a1\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n"
    "function returns_edit\n"
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  la t0, returns_header\n"
    "  sd t0, 8(sp)\n"
    "  addi a0, a0, 1\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n"
    "function returns_edited\n" /* (n): (n + 1) + ... + 1 + 1000 */
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  li a1, 1000\n"
    "  jal returns_edit\n"
    "  li a0, -1\n" /* not reached */
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n"

    /* The callee returns to the start of its caller, which counts. */
    "function returns_to_start\n"
    "  la ra, returns_restarted\n"
    "  ret\n"
    "function returns_restarted\n" /* (n, return address): n rounds */
    "  addi a2, a2, 1\n"
    "  addi a0, a0, -1\n"
    "  beqz a0, 1f\n"
    "  jal returns_to_start\n"
    "  ebreak\n"
    "1: mv a0, a2\n"
    "  jr a1\n"
    "function returns_restart\n"
    "  mv a1, ra\n"
    "  li a2, 0\n"
    "  j returns_restarted\n"

    /* The callee returns for its caller, to its caller's caller. */
    "function returns_escape\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  addi a0, a0, 7\n"
    "  ret\n"
    "function returns_middle\n"
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  jal returns_escape\n"
    "  ebreak\n"
    "function returns_escaping\n" /* (rounds): 7 * rounds */
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s0, 16(sp)\n"
    "  mv s0, a0\n"
    "  li a0, 0\n"
    "1: jal returns_middle\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  ld s0, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "  ret\n"

    /* A loop header is the return site of the call in front of it, and the callee is the function
     * itself: frames wait at the header while another one goes around. */
    "function returns_site\n" /* (n): the number of times around */
    "  beqz a0, 2f\n"
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s0, 16(sp)\n"
    "  sd s1, 8(sp)\n"
    "  mv s0, a0\n"
    "  li s1, 0\n"
    "  addi a0, a0, -1\n"
    "  jal returns_site\n"
    "1: add s1, s1, a0\n"
    "  addi s1, s1, 1\n"
    "  andi a0, s1, 3\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  mv a0, s1\n"
    "  ld s1, 8(sp)\n"
    "  ld s0, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "2: ret\n"

    /* A state machine of tail calls through registers, and one of direct jumps. */
    "function returns_state_a\n"
    "  addi a1, a1, 3\n"
    "  la t1, returns_next\n"
    "  jr t1\n"
    "function returns_state_b\n"
    "  slli a1, a1, 1\n"
    "  la t1, returns_next\n"
    "  jr t1\n"
    "function returns_state_c\n"
    "  xori a1, a1, 0x55\n"
    "  j returns_next\n"
    "function returns_next\n" /* (steps, value, table) */
    "  addi a0, a0, -1\n"
    "  beqz a0, 1f\n"
    "  andi t0, a0, 3\n"
    "  slli t0, t0, 3\n"
    "  add t0, t0, a2\n"
    "  ld t0, 0(t0)\n"
    "  jr t0\n"
    "1: mv a0, a1\n"
    "  ret\n"

    /* Two coroutines with one frame: each goes on where the other one called it. */
    "function returns_swap\n" /* (rounds) */
    "  mv t2, ra\n"
    "  li a1, 0\n"
    "  la ra, 3f\n"
    "1: addi a1, a1, 1\n"
    "  jalr ra, 0(ra)\n"
    "  addi a0, a0, -1\n"
    "  bnez a0, 1b\n"
    "  mv a0, a1\n"
    "  jr t2\n"
    "3: slli a1, a1, 1\n"
    "  jalr ra, 0(ra)\n"
    "  xori a1, a1, 9\n"
    "  jalr ra, 0(ra)\n"
    "  j 3b\n"

    /* One of two registers that calls keep, chosen on each way around a loop that is entered in the
     * middle after a blocked call. */
    "function returns_choosing\n" /* (rounds, a, b, function): sum of a and b by turns */
    "  addi sp, sp, -64\n"
    "  sd ra, 56(sp)\n"
    "  sd s0, 48(sp)\n"
    "  sd s1, 40(sp)\n"
    "  sd s2, 32(sp)\n"
    "  sd s3, 24(sp)\n"
    "  sd s4, 16(sp)\n"
    "  mv s0, a0\n"
    "  mv s1, a1\n"
    "  mv s2, a2\n"
    "  mv s3, a3\n"
    "  li s4, 0\n"
    "1: andi a5, s0, 1\n"
    "  mv a0, s1\n"
    "  beqz a5, 2f\n"
    "  mv a0, s2\n"
    "2: jalr s3\n"
    "  add s4, s4, a0\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  mv a0, s4\n"
    "  ld s4, 16(sp)\n"
    "  ld s3, 24(sp)\n"
    "  ld s2, 32(sp)\n"
    "  ld s1, 40(sp)\n"
    "  ld s0, 48(sp)\n"
    "  ld ra, 56(sp)\n"
    "  addi sp, sp, 64\n"
    "  ret\n"

    /* One register behind one call or another one behind another call. */
    "function returns_joining\n" /* (which, a, b): a or b */
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s1, 16(sp)\n"
    "  sd s2, 8(sp)\n"
    "  mv s1, a1\n"
    "  mv s2, a2\n"
    "  beqz a0, 1f\n"
    "  jal returns_increment\n"
    "  mv a0, s1\n"
    "  j 2f\n"
    "1: jal returns_increment\n"
    "  mv a0, s2\n"
    "2: ld s2, 8(sp)\n"
    "  ld s1, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "  ret\n"

    /* More instructions than are lifted together: behind some of the calls the function is left. */
    "function returns_long\n" /* (n): 1 + ... + n, and n + i for i from 0 to 700 */
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  sd s0, 0(sp)\n"
    "  mv s0, a0\n"
    "  li a1, 0\n"
    "1: add a1, a1, a0\n"
    "  addi a0, a0, -1\n"
    "  bnez a0, 1b\n"
    "  mv a0, s0\n"
    "  .rept 700\n"
    "    add a1, a1, a0\n"
    "    addi a2, a1, 3\n"
    "    jal returns_increment\n"
    "    addi a2, a2, -3\n"
    "    mv a1, a2\n"
    "  .endr\n"
    "  add a0, a0, a1\n"
    "  ld s0, 0(sp)\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n"
    "function returns_increment\n"
    "  addi a0, a0, 1\n"
    "  li a1, -1\n"
    "  ret\n"

    /* A jump through a register into the middle of a function. */
    "function returns_inside\n" /* (n, return address in ra) */
    "  la t0, returns_header\n"
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  li a1, 5000\n"
    "  jr t0\n"

    /* Recursion at whose bottom the stack pointer moves to a copy of the frames (returns_choose
     * makes it), which go on there; the outermost frame puts it back. */
    "function returns_relocated\n" /* (n): n + ... + 1 + 1 */
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  la t0, returns_base\n"
    "  sd sp, 0(t0)\n"
    "  jal returns_descend\n"
    "  la t0, returns_base\n"
    "  ld sp, 0(t0)\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  ret\n"
    "function returns_descend\n"
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s0, 16(sp)\n"
    "  mv s0, a0\n"
    "  beqz a0, 1f\n"
    "  addi a0, a0, -1\n"
    "  jal returns_descend\n"
    "  add a0, a0, s0\n"
    "  j 2f\n"
    "1: jal returns_bottom\n"
    "2: ld s0, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "  ret\n"
    "function returns_bottom\n"
    "  addi sp, sp, -16\n"
    "  sd ra, 8(sp)\n"
    "  mv a0, sp\n"
    "  call returns_choose\n"
    "  mv sp, a0\n"
    "  ld ra, 8(sp)\n"
    "  addi sp, sp, 16\n"
    "  li a0, 1\n"
    "  ret\n"

    /* Copied into writable memory: calls a1(a0, a1, a2), a2 times around. */
    "function returns_trampoline\n"
    "  addi sp, sp, -32\n"
    "  sd ra, 24(sp)\n"
    "  sd s0, 16(sp)\n"
    "  sd s1, 8(sp)\n"
    "  sd s2, 0(sp)\n"
    "  mv s0, a2\n"
    "  mv s1, a1\n"
    "  mv s2, a0\n"
    "1: mv a0, s2\n"
    "  mv a1, s1\n"
    "  jalr s1\n"
    "  addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  ld s2, 0(sp)\n"
    "  ld s1, 8(sp)\n"
    "  ld s0, 16(sp)\n"
    "  ld ra, 24(sp)\n"
    "  addi sp, sp, 32\n"
    "  ret\n"
    "returns_trampoline_end:\n"
    ".option pop\n");

long returns_skipping(long), returns_sum(long), returns_edited(long), returns_restart(long),
    returns_escaping(long), returns_site(long), returns_next(long, long, void *const *),
    returns_swap(long), returns_inside(long), returns_relocated(long), returns_long(long),
    returns_choosing(long, long, long, long (*)(long)), returns_joining(long, long, long);
extern char returns_state_a[], returns_state_b[], returns_state_c[], returns_trampoline[],
    returns_trampoline_end[];

char *returns_base;
static char other_stack[1 << 20] __attribute__((aligned(16)));
static long relocations;

/* Every other time the frames from `low` to the base go on in a copy, and the original is spoilt. */
char *returns_choose(char *low) {
    size_t size = (size_t)(returns_base - low);
    if (relocations++ % 2 == 0)
        return low;
    char *copy = other_stack + sizeof other_stack - size - 64;
    memcpy(copy, low, size);
    memset(low + 64, 0xa5, size - 64);
    return copy;
}

typedef long callee(long, void *);
static long (*trampoline)(long n, callee *function, long rounds);

static long deepest;
static jmp_buf out;
static long through(long n, void *self) {
    if (n == 0)
        return deepest++ ? 1 : 2;
    return trampoline(n - 1, (callee *)(uintptr_t)self, n % 1000 == 0 ? 2 : 1) + (n & 1);
}

static long jumping(long n, void *self) {
    if (n == 0)
        longjmp(out, 6);
    return trampoline(n - 1, (callee *)(uintptr_t)self, 1) + 1;
}

static long plain(long n, void *self) {
    return n == 0 ? 3 : trampoline(n - 1, (callee *)(uintptr_t)self, 1) + (n & 1);
}

static int pipe_ends[2];
static long blocked(long value) {
    char byte = 0;
    if (value == 1000 && fork() == 0) {
        usleep(1000);
        _exit(write(pipe_ends[1], "x", 1) != 1);
    }
    if (value == 1000 && (read(pipe_ends[0], &byte, 1) != 1 || wait(NULL) < 0))
        abort();
    return value + byte;
}

static long counted;
static long count(long n, void *self) {
    (void)self;
    counted += n;
    return n;
}

int main(void) {
    result("skips an instruction", returns_skipping(100000));
    result("plain sum", returns_sum(1000));
    result("edited return address", returns_edited(1000));
    long sum = 0;
    for (int i = 1; i < 2000; i++)
        sum += returns_edited(i % 50 + 1) + returns_inside(i % 7 + 1);
    result("edited and inside", sum);
    result("restarted", returns_restart(200000));
    result("escaping", returns_escaping(100000));
    for (int i = 0; i < 40; i += 13)
        result("return site in a loop", returns_site(i));
    result("return sites, deep", returns_site(3000));
    void *const table[4] = {returns_state_a, returns_state_b, returns_state_c, returns_state_a};
    result("tail calls", returns_next(2000000, 1, table));
    result("coroutines", returns_swap(200000));
    pipe(pipe_ends);
    result("choosing", returns_choosing(21, 7, 1000, blocked));
    result("joining", returns_joining(0, 5, 60) + returns_joining(1, 700, 8000));
    result("longer than a region", returns_long(5) + returns_long(77));
    for (int i = 1; i < 200; i += 11)
        result("relocated frames", returns_relocated(i));

    size_t size = (size_t)(returns_trampoline_end - returns_trampoline);
    char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    memcpy(code, returns_trampoline, size);
    __builtin___clear_cache(code, code + size);
    trampoline = (long (*)(long, callee *, long))(uintptr_t)code;
    result("through writable code", through(900, (void *)(uintptr_t)through));
    result("bottoms", deepest);
    result("loop in writable code", trampoline(3, count, 500000));
    result("counted", counted);
    for (volatile int i = 0; i < 10; i++) {
        int got = setjmp(out);
        if (got == 0)
            jumping(i * 1000, (void *)(uintptr_t)jumping);
        result("jump out of both kinds", got);
    }
    int got = setjmp(out);
    if (got == 0)
        jumping(100000, (void *)(uintptr_t)jumping);
    result("100000 frames of both kinds", got);
    result("down and up", plain(100000, (void *)(uintptr_t)plain));
    return 0;
}
