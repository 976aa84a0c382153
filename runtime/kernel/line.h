/* The line discipline of a terminal: what becomes of the bytes that are typed and printed
 * (termios(3); Linux drivers/tty/n_tty.c for details that programs see). */
#ifndef C2W_LINE_H
#define C2W_LINE_H

#include "vfs.h"

#define LINE_INPUT_SIZE 4096u   /* as N_TTY_BUF_SIZE */
#define LINE_OUTPUT_SIZE 16384u /* printed and not read by the other side yet */

struct line {
    struct tty *tty;
    uint16_t input[LINE_INPUT_SIZE]; /* a ring of bytes; LINE_END marks the last of a line */
    uint32_t input_start, input_count;
    uint32_t lines; /* in the input: marks */
    uint8_t output[LINE_OUTPUT_SIZE];
    uint32_t output_start, output_count;
    uint32_t column; /* of the cursor */
    bool literal;    /* the next byte is taken as it is (VLNEXT) */
    bool stopped;    /* by VSTOP or TCOOFF: nothing is printed */
};

bool line_is_canonical(const struct line *line);
/* Takes a typed byte: edits, echoes, sends signals.  False when there is no room for it. */
bool line_type(struct line *line, uint8_t byte);
/* Prints up to `length` bytes; the number that had room. */
size_t line_print(struct line *line, const uint8_t *bytes, size_t length);
void line_print_raw(struct line *line, uint8_t byte); /* without output processing */
/* What is there to read: bytes, or -1 when a read has to wait. */
int64_t line_read(struct line *line, uint8_t *to, size_t length);
uint32_t line_readable(const struct line *line); /* bytes for FIONREAD */
size_t line_take_output(struct line *line, uint8_t *to, size_t length);
void line_flush_input(struct line *line);
void line_flush_output(struct line *line);
/* The settings changed from `old`. */
void line_settings_changed(struct line *line, const struct linux_termios *old);

#endif
