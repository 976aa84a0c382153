/* snprintf and vsnprintf of the wasm build, with the conversions that the runtime uses: wasi-libc's
 * bring its FILE streams and floating point along.  Flags '-' and '0', width and precision, lengths
 * hh h l ll z; d i u x X o c s p and %%.  Anything else is a defect and panics. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

struct output {
    char *to;
    size_t size, length; /* length counts what does not fit, too */
};

static void put(struct output *out, char c, int count) {
    for (; count > 0; count--, out->length++)
        if (out->length + 1 < out->size)
            out->to[out->length] = c;
}

static void put_bytes(struct output *out, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        put(out, bytes[i], 1);
}

struct conversion {
    bool left, zeros;
    int width, precision; /* precision -1: none */
    int bytes;            /* of an integer */
    char letter;
};

static int read_number(const char **format, va_list *arguments) {
    if (**format == '*') {
        ++*format;
        return va_arg(*arguments, int);
    }
    int number = 0;
    for (; **format >= '0' && **format <= '9'; ++*format)
        number = number * 10 + (**format - '0');
    return number;
}

static struct conversion read_conversion(const char **format, va_list *arguments) {
    struct conversion c = {.precision = -1, .bytes = sizeof(int)};
    for (; **format == '-' || **format == '0'; ++*format) {
        c.left |= **format == '-';
        c.zeros |= **format == '0';
    }
    c.width = read_number(format, arguments);
    if (c.width < 0) {
        c.left = true;
        c.width = -c.width;
    }
    if (**format == '.') {
        ++*format;
        c.precision = read_number(format, arguments);
    }
    bool again = false;
    for (; **format && strchr("hlz", **format); ++*format, again = true) {
        if (**format == 'h')
            c.bytes /= 2;
        else
            c.bytes = again ? sizeof(long long) : sizeof(long);
    }
    c.letter = *(*format)++;
    return c;
}

/* Text of given length between the padding; `prefix` is a sign or "0x" and stays before zeros. */
static void put_padded(struct output *out, const struct conversion *c, const char *prefix,
                       const char *bytes, size_t length, size_t zeros) {
    int padding = c->width - (int)(strlen(prefix) + length + zeros);
    bool with_zeros = c->zeros && !c->left && c->precision < 0;
    if (!c->left && !with_zeros)
        put(out, ' ', padding);
    put_bytes(out, prefix, strlen(prefix));
    if (with_zeros)
        put(out, '0', padding);
    put(out, '0', (int)zeros);
    put_bytes(out, bytes, length);
    if (c->left)
        put(out, ' ', padding);
}

static void put_integer(struct output *out, const struct conversion *c, uint64_t value,
                        const char *prefix) {
    unsigned base = c->letter == 'o' ? 8 : strchr("xXp", c->letter) ? 16 : 10;
    const char *digits = c->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;
    while (value) {
        text[--at] = digits[value % base];
        value /= base;
    }
    size_t length = sizeof text - at;
    size_t minimum = c->precision < 0 ? 1 : (size_t)c->precision;
    put_padded(out, c, prefix, text + at, length, minimum > length ? minimum - length : 0);
}

static int64_t signed_argument(const struct conversion *c, va_list *arguments) {
    if (c->bytes == sizeof(long long))
        return va_arg(*arguments, long long);
    int value = va_arg(*arguments, int); /* int and long are the same in wasm32 */
    return c->bytes == 1 ? (signed char)value : c->bytes == 2 ? (short)value : value;
}

static uint64_t unsigned_argument(const struct conversion *c, va_list *arguments) {
    uint64_t value = (uint64_t)signed_argument(c, arguments);
    return c->bytes == 8 ? value : value & ((1ull << c->bytes * 8) - 1);
}

static void convert(struct output *out, const struct conversion *c, va_list *arguments) {
    switch (c->letter) {
    case '%':
        put(out, '%', 1);
        break;
    case 'c':
        put_padded(out, c, "", &(char){(char)va_arg(*arguments, int)}, 1, 0);
        break;
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        size_t length = c->precision < 0 ? strlen(text) : strnlen(text, (size_t)c->precision);
        put_padded(out, c, "", text, length, 0);
        break;
    }
    case 'd':
    case 'i': {
        int64_t value = signed_argument(c, arguments);
        put_integer(out, c, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
                    value < 0 ? "-" : "");
        break;
    }
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_integer(out, c, unsigned_argument(c, arguments), "");
        break;
    case 'p':
        put_integer(out, c, (uintptr_t)va_arg(*arguments, void *), "0x");
        break;
    default:
        host_panic("a format has a conversion that is not supported");
    }
}

int vsnprintf(char *to, size_t size, const char *format, va_list arguments) {
    struct output out = {to, size, 0};
    va_list rest;
    va_copy(rest, arguments);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put_bytes(&out, format, plain);
        format += plain;
        if (!*format)
            break;
        format++;
        struct conversion c = read_conversion(&format, &rest);
        convert(&out, &c, &rest);
    }
    va_end(rest);
    if (size)
        to[out.length < size ? out.length : size - 1] = 0;
    return (int)out.length;
}

int snprintf(char *to, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
