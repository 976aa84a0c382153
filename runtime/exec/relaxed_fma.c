/* Lifted code of --fma=relaxed is right only where the engine's relaxed multiply-add is fused. */
#include "exec.h"

/* a * b has no last bit in common with its rounding: what is left of the product after c has taken
 * away the rounding, fused and not. */
static bool is_fused_f32(void) {
    volatile float a = 1 + 0x1p-23f, c = -(1 + 0x1p-22f);
    return c2w_relaxed_fma_f32(a, a, c) == 0x1p-46f && c2w_relaxed_fma_f32(-a, a, -c) == -0x1p-46f;
}

static bool is_fused_f64(void) {
    volatile double a = 1 + 0x1p-52, c = -(1 + 0x1p-51);
    return c2w_relaxed_fma_f64(a, a, c) == 0x1p-104 &&
           c2w_relaxed_fma_f64(-a, a, -c) == -0x1p-104;
}

bool relaxed_fma_is_exact(void) {
    return !c2w_relaxed_fma_f32 || !c2w_relaxed_fma_f64 || (is_fused_f32() && is_fused_f64());
}
