/* The guest's stack pointer, which the dispatcher compares to tell frames apart. */
#ifndef C2W_GUEST_SP_H
#define C2W_GUEST_SP_H
#if defined(C2W_GUEST_RISCV64)
#define GUEST_SP (c2w_cpu.x[2])
#endif
#endif
