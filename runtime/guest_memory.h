/* Guest memory: one flat arena behind a constant base.
 *
 * Guest address va (below 4 GiB) is the host byte GUEST_BASE + (uint32_t)va, in the wasm build a
 * linear-memory address.  Guest addresses below GUEST_MIN are never mapped, so a displacement in
 * [-GUEST_GUARD, GUEST_MIN) can be folded into a load's offset: an address where that makes another
 * sum is no guest address.  In wasm [0, GUEST_BASE - GUEST_GUARD) holds the runtime's static data,
 * stack and heap; the guard below GUEST_BASE stays unused. */
#ifndef C2W_GUEST_MEMORY_H
#define C2W_GUEST_MEMORY_H

#include <stdint.h>

#define GUEST_BASE_WASM 0x1f00000u /* 31 MiB; GUEST_BASE + 65535 < 32 MiB */
#if defined(__wasm__)
#define GUEST_BASE ((uintptr_t)GUEST_BASE_WASM)
#else
#define GUEST_BASE ((uintptr_t)0x200000000000) /* outside the sanitizers' shadow on x86_64 */
#endif

#define GUEST_MIN 0x10000u
#define GUEST_GUARD 0x100000u
#define PAGE_SIZE 4096u

/* Bits of page_prot, the values of PROT_READ, PROT_WRITE and PROT_EXEC. */
#define PAGE_READ 1
#define PAGE_WRITE 2
#define PAGE_EXECUTE 4

/* Protection of each 4 KiB guest page of the resident address space; 0 = not mapped.  Kept by the kernel's VMA code; read by the
 * interpreter for every access and by the kernel's EFAULT checks. */
extern uint8_t page_prot[1u << 20];

static inline void *guest_pointer(uint64_t va) { return (void *)(GUEST_BASE + (uint32_t)va); }

#endif
