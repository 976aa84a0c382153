/* Mutual recursion and small structures: makes the text of an expression, parses it by recursive
 * descent into a tree, derives and simplifies the tree, evaluates it. */
#include <stddef.h>

#include "kernel.h"

enum { TEXT = 1 << 13, NODES = 1 << 15, DEPTH = 8 };

enum kind { NUMBER, VARIABLE, ADD, SUBTRACT, MULTIPLY, NEGATE };

struct node {
    enum kind kind;
    int64_t value; /* of a number; which variable */
    const struct node *left, *right;
};

static char text[TEXT];
static struct node nodes[NODES];
static size_t length, used;
static const char *next;

/* --- text --- */

static void put(char c) { text[length++] = c; }

static void make(uint64_t *state, int depth) {
    uint64_t bits = random_next(state) >> 20;
    if (depth == 0 || bits % 16 == 0) {
        if (bits & 16) {
            put((char)('x' + bits / 32 % 3));
        } else {
            put((char)('1' + bits / 32 % 9));
            put((char)('0' + bits / 512 % 10));
        }
        return;
    }
    if (bits % 16 < 3)
        put('-');
    put('(');
    make(state, depth - 1);
    put(' ');
    put("+-*+"[bits / 16 % 4]);
    put(' ');
    make(state, depth - 1);
    put(')');
}

/* --- tree --- */

static const struct node *new_node(enum kind kind, int64_t value, const struct node *left,
                                   const struct node *right) {
    struct node *node = &nodes[used++ % NODES];
    *node = (struct node){kind, value, left, right};
    return node;
}

static void skip_blanks(void) {
    while (*next == ' ')
        next++;
}

static const struct node *parse_sum(void);

static const struct node *parse_primary(void) {
    skip_blanks();
    if (*next == '(') {
        next++;
        const struct node *inner = parse_sum();
        skip_blanks();
        next++;
        return inner;
    }
    if (*next == '-') {
        next++;
        return new_node(NEGATE, 0, parse_primary(), NULL);
    }
    if (*next >= 'x')
        return new_node(VARIABLE, *next++ - 'x', NULL, NULL);
    int64_t value = 0;
    while (*next >= '0' && *next <= '9')
        value = 10 * value + *next++ - '0';
    return new_node(NUMBER, value, NULL, NULL);
}

static const struct node *parse_product(void) {
    const struct node *left = parse_primary();
    for (skip_blanks(); *next == '*'; skip_blanks()) {
        next++;
        left = new_node(MULTIPLY, 0, left, parse_primary());
    }
    return left;
}

static const struct node *parse_sum(void) {
    const struct node *left = parse_product();
    for (skip_blanks(); *next == '+' || *next == '-'; skip_blanks()) {
        enum kind kind = *next++ == '+' ? ADD : SUBTRACT;
        left = new_node(kind, 0, left, parse_product());
    }
    return left;
}

static int is_number(const struct node *node, int64_t value) {
    return node->kind == NUMBER && node->value == value;
}

static const struct node *make_binary(enum kind kind, const struct node *a, const struct node *b) {
    if (kind == MULTIPLY) {
        if (is_number(a, 0) || is_number(b, 1))
            return a;
        if (is_number(b, 0) || is_number(a, 1))
            return b;
    } else if (is_number(b, 0)) {
        return a;
    } else if (is_number(a, 0)) {
        return kind == ADD ? b : new_node(NEGATE, 0, b, NULL);
    }
    return new_node(kind, 0, a, b);
}

/* By the variable x. */
static const struct node *derive(const struct node *node) {
    switch (node->kind) {
    case NUMBER:
        return new_node(NUMBER, 0, NULL, NULL);
    case VARIABLE:
        return new_node(NUMBER, node->value == 0, NULL, NULL);
    case NEGATE: {
        const struct node *inner = derive(node->left);
        return is_number(inner, 0) ? inner : new_node(NEGATE, 0, inner, NULL);
    }
    case MULTIPLY:
        return make_binary(ADD, make_binary(MULTIPLY, derive(node->left), node->right),
                           make_binary(MULTIPLY, node->left, derive(node->right)));
    default:
        return make_binary(node->kind, derive(node->left), derive(node->right));
    }
}

static uint64_t evaluate(const struct node *node, const uint64_t *variables) {
    switch (node->kind) {
    case NUMBER:
        return (uint64_t)node->value;
    case VARIABLE:
        return variables[node->value];
    case ADD:
        return evaluate(node->left, variables) + evaluate(node->right, variables);
    case SUBTRACT:
        return evaluate(node->left, variables) - evaluate(node->right, variables);
    case MULTIPLY:
        return evaluate(node->left, variables) * evaluate(node->right, variables);
    default:
        return -evaluate(node->left, variables);
    }
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        length = used = 0;
        make(&state, DEPTH);
        put(0);
        next = text;
        const struct node *tree = parse_sum(), *derived = derive(tree);
        uint64_t variables[3] = {r, random_next(&state), 3};
        sum = mix(sum, evaluate(tree, variables) ^ used);
        sum = mix(sum, evaluate(derived, variables) ^ length);
    }
    return sum;
}
