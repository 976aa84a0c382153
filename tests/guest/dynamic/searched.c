/* Needs a library that only LD_LIBRARY_PATH leads to. */
int isolated(void);
int main(void) { return isolated(); }
