/* A library that needs nothing but libc, in two versions. */
static int count = START;
int isolated(void) { return ++count; }
