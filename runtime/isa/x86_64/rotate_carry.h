/* The primitives of rotations through the carry, for includers that do the same with all of them:
 * RCL8 is theirs. */
#define RCL16 RCL8
#define RCL32 RCL8
#define RCL64 RCL8
#define RCR8 RCL8
#define RCR16 RCL8
#define RCR32 RCL8
#define RCR64 RCL8
#define RCL_CARRY8 RCL8
#define RCL_CARRY16 RCL8
#define RCL_CARRY32 RCL8
#define RCL_CARRY64 RCL8
#define RCR_CARRY8 RCL8
#define RCR_CARRY16 RCL8
#define RCR_CARRY32 RCL8
#define RCR_CARRY64 RCL8
