/* The cases of the x86-64 interpreter's loop; included by interp_body.h. */

case HANDLER_CALL:
functions[insn->op](&c, insn);
THEN_PLAIN

#define CASE_PLAIN(id)
#define CASE_CONTROL(id, then)                                                                     \
    case HANDLER_##id:                                                                             \
        sem_##id(&c, insn, insn->form, insn->flags &INSN_ADDRESS_FLAGS);                           \
        then
#define CASE_BRANCH(id) CASE_CONTROL(id, THEN_BRANCH)
#define CASE_JUMP(id) CASE_CONTROL(id, THEN_JUMP)
#define CASE_JUMP_REGISTER(id) CASE_CONTROL(id, THEN_JUMP_REGISTER)
#define CASE_SYSTEM(id) CASE_CONTROL(id, THEN_SYSTEM)
#define OP(id, mnemonic, class, attributes) CASE_##class(id)
#define CASE_FORM(id, name, constant)                                                              \
    case HANDLER_##id##_##name:                                                                    \
        sem_##id(&c, insn, constant, false);                                                       \
        THEN_PLAIN
#define OP_HOT(id, mnemonic, class, attributes) FORMS(CASE_FORM, id)
#include "../isa/x86_64/ops.def"
#undef OP
