/* memcmp of the wasm build: wasi-libc's compares single bytes, and the kernel compares whole pages
 * at process switches (kernel/residency.c).  memcpy and memset are wasm instructions. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

__attribute__((no_builtin("memcmp"))) int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = left, *b = right;
    for (; size >= sizeof(uint64_t); a += 8, b += 8, size -= 8) {
        uint64_t x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        if (x != y)
            break;
    }
    for (; size; a++, b++, size--)
        if (*a != *b)
            return *a - *b;
    return 0;
}
