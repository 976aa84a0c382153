/* What the two shared libraries export (library.c). */
#ifndef C2W_TESTS_GUEST_LIBRARY_H
#define C2W_TESTS_GUEST_LIBRARY_H

#define LIBRARY_FUNCTIONS(library)                                                                 \
    extern int library##_data, library##_zero[5000], *const library##_pointer,                     \
        *library##_hidden_pointer;                                                                 \
    extern __thread int library##_counter;                                                         \
    int library##_next(void);                                                                      \
    int library##_indirect(int x);                                                                 \
    int library##_call_indirect(int x);                                                            \
    int library##_call_interposed(void);                                                           \
    int library##_same_address(int (*of_the_program)(void));                                       \
    int library##_weak(void);                                                                      \
    int library##_fold(int (*call)(int), int depth);

LIBRARY_FUNCTIONS(first)
LIBRARY_FUNCTIONS(second)
int interposed(void);

#endif
