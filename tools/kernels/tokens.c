/* A switch on the state and one on the character: splits program text into tokens. */
#include <string.h>

#include "kernel.h"

enum { TEXT = 1 << 15 };

enum state { BLANK, NAME, NUMBER, FRACTION, STRING, ESCAPE, SLASH, LINE_COMMENT, COMMENT, STAR, OPERATOR };
enum token { TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_OPERATOR, TOKEN_COMMENT, TOKEN_BAD, TOKENS };

static char text[TEXT + 64];
static uint32_t counts[TOKENS];

static const char *const pieces[] = {
    "while", "(", "count", "<=", "1024", ")", "{\n", "}\n", "x->next", "=", "\"a \\\"b\\\" c\"",
    ";", "/* a * b ** c */", "// to the end\n", "3.1415", "+=", "f(x,y)", "return", "0x7f", "a/b",
    "if", "else", "&&", "!", "\"\"", "'", "i++", "1.", ".5", "_long_name_9",
};

static void make_text(uint64_t *state) {
    size_t at = 0;
    while (at < TEXT) {
        uint64_t bits = random_next(state) >> 17;
        const char *piece = pieces[bits % (sizeof pieces / sizeof pieces[0])];
        for (size_t i = 0; piece[i]; i++)
            text[at++] = piece[i];
        if (bits >> 20 & 3)
            text[at++] = ' ';
    }
    text[at] = 0;
}

static uint64_t emit(uint64_t sum, enum token token, const char *from, const char *to) {
    uint32_t hash = 0;
    for (; from < to; from++)
        hash = hash * 31 + (uint8_t)*from;
    counts[token]++;
    return mix(sum, (uint64_t)token << 32 | hash);
}

static enum state begin(char c) {
    switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case 0:
        return BLANK;
    case 'a' ... 'z':
    case 'A' ... 'Z':
    case '_':
        return NAME;
    case '0' ... '9':
        return NUMBER;
    case '"':
        return STRING;
    case '/':
        return SLASH;
    default:
        return OPERATOR;
    }
}

__attribute__((noinline)) static uint64_t tokenize(uint64_t sum) {
    enum state state = BLANK;
    const char *start = text;
    for (const char *p = text;; p++) {
        char c = *p;
        enum token token = TOKENS; /* none ended */
        switch (state) {
        case BLANK:
            break;
        case NAME:
            if (begin(c) == NAME || begin(c) == NUMBER)
                continue;
            token = TOKEN_NAME;
            break;
        case NUMBER:
            if (begin(c) == NUMBER || begin(c) == NAME)
                continue;
            if (c == '.') {
                state = FRACTION;
                continue;
            }
            token = TOKEN_NUMBER;
            break;
        case FRACTION:
            if (begin(c) == NUMBER)
                continue;
            token = TOKEN_NUMBER;
            break;
        case STRING:
            if (c == '"') {
                sum = emit(sum, TOKEN_STRING, start, p);
                state = BLANK;
                continue;
            }
            if (c == '\\')
                state = ESCAPE;
            if (c)
                continue;
            token = TOKEN_BAD;
            break;
        case ESCAPE:
            if (c) {
                state = STRING;
                continue;
            }
            token = TOKEN_BAD;
            break;
        case SLASH:
            if (c == '/' || c == '*') {
                state = c == '/' ? LINE_COMMENT : COMMENT;
                continue;
            }
            token = TOKEN_OPERATOR;
            break;
        case LINE_COMMENT:
            if (c && c != '\n')
                continue;
            token = TOKEN_COMMENT;
            break;
        case COMMENT:
        case STAR:
            if (c == '/' && state == STAR) {
                sum = emit(sum, TOKEN_COMMENT, start, p);
                state = BLANK;
                continue;
            }
            state = c == '*' ? STAR : COMMENT;
            if (c)
                continue;
            token = TOKEN_BAD;
            break;
        case OPERATOR:
            if (begin(c) == OPERATOR && p[-1] != ')' && p[-1] != ';' && p - start < 2)
                continue;
            token = TOKEN_OPERATOR;
            break;
        }
        if (token != TOKENS)
            sum = emit(sum, token, start, p);
        if (!c)
            return sum;
        state = begin(c);
        start = p;
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        make_text(&state);
        memset(counts, 0, sizeof counts);
        sum = tokenize(sum);
        for (int t = 0; t < TOKENS; t++)
            sum = mix(sum, counts[t]);
    }
    return sum;
}
