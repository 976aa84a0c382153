/* Formatted text in a growing buffer. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vfs.h"

static void make_room(struct text *text, size_t length) {
    size_t needed = text->length + length + 1;
    if (needed <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity * 2 : 128;
    text->capacity = capacity > needed ? capacity : needed;
    text->bytes = heap_resize(text->bytes, text->capacity);
}

void text_add(struct text *text, const char *bytes, size_t length) {
    make_room(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

void text_printf(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        host_panic("a text of the kernel cannot be formatted");
    make_room(text, (size_t)length);
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}
