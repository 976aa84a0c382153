/* What the dispatcher, the interpreter and the scheduler have to know of the guest machine: its
 * decoded instructions and a few facts about its registers. */
#ifndef C2W_ISA_GUEST_H
#define C2W_ISA_GUEST_H

#include "state.h"

#if defined(C2W_GUEST_RISCV64)
#include "riscv64/guest.h"
#elif defined(C2W_GUEST_X86_64)
#include "x86_64/guest.h"
#endif

#endif
