/* x87; included by sem.h.  An operation names the instruction by its escape byte and ModRM byte, as
 * x87.h does; i->rm is the number of ST(i). */

#define MEMORY_X87(id, escape, n)                                                                  \
    SEM(id) { X87_ON_MEMORY(escape, (n) << 3, ADDRESS()); }
#define STACK_X87(id, escape, n)                                                                   \
    SEM(id) { X87_ON_STACK(escape, 0xc0 + ((n) << 3) + i->rm); }
#define PLAIN_X87(id, escape, modrm)                                                               \
    SEM(id) { X87_ON_STACK(escape, modrm); }

/* --- arithmetic and comparison; in dc and de, sub and subr, div and divr have changed places ---
 */

#define DEFINE(id, n)                                                                              \
    MEMORY_X87(f##id##_f32, 0xd8, n)                                                               \
    MEMORY_X87(f##id##_f64, 0xdc, n)                                                               \
    MEMORY_X87(f##id##_i32, 0xda, n)                                                               \
    MEMORY_X87(f##id##_i16, 0xde, n)                                                               \
    STACK_X87(f##id##_st0, 0xd8, n)
DEFINE(add, 0)
DEFINE(mul, 1)
DEFINE(com, 2)
DEFINE(comp, 3)
DEFINE(sub, 4)
DEFINE(subr, 5)
DEFINE(div, 6)
DEFINE(divr, 7)
#undef DEFINE
#define DEFINE(id, n)                                                                              \
    STACK_X87(f##id##_sti, 0xdc, n)                                                                \
    STACK_X87(f##id##p, 0xde, n)
DEFINE(add, 0)
DEFINE(mul, 1)
DEFINE(subr, 4)
DEFINE(sub, 5)
DEFINE(divr, 6)
DEFINE(div, 7)
#undef DEFINE

PLAIN_X87(fcompp, 0xde, 0xd9)
PLAIN_X87(fucompp, 0xda, 0xe9)
STACK_X87(fucom, 0xdd, 4)
STACK_X87(fucomp, 0xdd, 5)
PLAIN_X87(ftst, 0xd9, 0xe4)
PLAIN_X87(fxam, 0xd9, 0xe5)

#define DEFINE(id, escape, n)                                                                      \
    SEM(id) {                                                                                      \
        X87_WAIT();                                                                                \
        I64 flags = X87_COMPARE_FLAGS(escape, 0xc0 + ((n) << 3) + i->rm);                          \
        SET_FLAGS(flags);                                                                          \
    }
DEFINE(fucomi, 0xdb, 5)
DEFINE(fcomi, 0xdb, 6)
DEFINE(fucomip, 0xdf, 5)
DEFINE(fcomip, 0xdf, 6)
#undef DEFINE

/* --- moves --- */

#define DEFINE(id, condition)                                                                      \
    SEM(id) {                                                                                      \
        X87_WAIT();                                                                                \
        X87_CONDITIONAL_MOVE(i->rm, CONDITION(condition));                                         \
    }
DEFINE(fcmovb, CC_B)
DEFINE(fcmove, CC_E)
DEFINE(fcmovbe, CC_BE)
DEFINE(fcmovu, CC_P)
DEFINE(fcmovnb, CC_AE)
DEFINE(fcmovne, CC_NE)
DEFINE(fcmovnbe, CC_A)
DEFINE(fcmovnu, CC_NP)
#undef DEFINE

MEMORY_X87(fld_f32, 0xd9, 0)
MEMORY_X87(fld_f64, 0xdd, 0)
MEMORY_X87(fld_f80, 0xdb, 5)
STACK_X87(fld_sti, 0xd9, 0)
MEMORY_X87(fst_f32, 0xd9, 2)
MEMORY_X87(fst_f64, 0xdd, 2)
STACK_X87(fst_sti, 0xdd, 2)
MEMORY_X87(fstp_f32, 0xd9, 3)
MEMORY_X87(fstp_f64, 0xdd, 3)
MEMORY_X87(fstp_f80, 0xdb, 7)
STACK_X87(fstp_sti, 0xdd, 3)
MEMORY_X87(fild_i16, 0xdf, 0)
MEMORY_X87(fild_i32, 0xdb, 0)
MEMORY_X87(fild_i64, 0xdf, 5)
MEMORY_X87(fist_i16, 0xdf, 2)
MEMORY_X87(fist_i32, 0xdb, 2)
MEMORY_X87(fistp_i16, 0xdf, 3)
MEMORY_X87(fistp_i32, 0xdb, 3)
MEMORY_X87(fistp_i64, 0xdf, 7)
MEMORY_X87(fisttp_i16, 0xdf, 1)
MEMORY_X87(fisttp_i32, 0xdb, 1)
MEMORY_X87(fisttp_i64, 0xdd, 1)
MEMORY_X87(fbld, 0xdf, 4)
MEMORY_X87(fbstp, 0xdf, 6)
STACK_X87(fxch, 0xd9, 1)
STACK_X87(ffree, 0xdd, 0)
STACK_X87(ffreep, 0xdf, 0)
PLAIN_X87(fdecstp, 0xd9, 0xf6)
PLAIN_X87(fincstp, 0xd9, 0xf7)
PLAIN_X87(fnop, 0xd9, 0xd0)

/* --- functions and constants --- */

PLAIN_X87(fchs, 0xd9, 0xe0)
PLAIN_X87(fabs, 0xd9, 0xe1)
PLAIN_X87(fld1, 0xd9, 0xe8)
PLAIN_X87(fldl2t, 0xd9, 0xe9)
PLAIN_X87(fldl2e, 0xd9, 0xea)
PLAIN_X87(fldpi, 0xd9, 0xeb)
PLAIN_X87(fldlg2, 0xd9, 0xec)
PLAIN_X87(fldln2, 0xd9, 0xed)
PLAIN_X87(fldz, 0xd9, 0xee)
PLAIN_X87(f2xm1, 0xd9, 0xf0)
PLAIN_X87(fyl2x, 0xd9, 0xf1)
PLAIN_X87(fptan, 0xd9, 0xf2)
PLAIN_X87(fpatan, 0xd9, 0xf3)
PLAIN_X87(fxtract, 0xd9, 0xf4)
PLAIN_X87(fprem1, 0xd9, 0xf5)
PLAIN_X87(fprem, 0xd9, 0xf8)
PLAIN_X87(fyl2xp1, 0xd9, 0xf9)
PLAIN_X87(fsqrt, 0xd9, 0xfa)
PLAIN_X87(fsincos, 0xd9, 0xfb)
PLAIN_X87(frndint, 0xd9, 0xfc)
PLAIN_X87(fscale, 0xd9, 0xfd)
PLAIN_X87(fsin, 0xd9, 0xfe)
PLAIN_X87(fcos, 0xd9, 0xff)

/* --- control --- */

MEMORY_X87(fldenv, 0xd9, 4)
MEMORY_X87(fldcw, 0xd9, 5)
MEMORY_X87(fnstenv, 0xd9, 6)
MEMORY_X87(fnstcw, 0xd9, 7)
MEMORY_X87(frstor, 0xdd, 4)
MEMORY_X87(fnsave, 0xdd, 6)
MEMORY_X87(fnstsw, 0xdd, 7)
PLAIN_X87(fnclex, 0xdb, 0xe2)
PLAIN_X87(fninit, 0xdb, 0xe3)
SEM(fnstsw_ax) { WR16(REG_RAX, X87_STATUS()); }
SEM(fwait) { X87_WAIT(); }

#undef MEMORY_X87
#undef STACK_X87
#undef PLAIN_X87
