/* The line discipline: editing, echo, signals and output processing. */
#include "line.h"

#include <string.h>

#define LINE_END 0x100u /* flag of an input entry: the line ends after it */
#define END_OF_FILE 0x200u /* with LINE_END: the byte itself is not read */
#define TAB_WIDTH 8

static uint32_t local(const struct line *line) { return line->tty->termios.lflag; }
static bool has(const struct line *line, uint32_t flag) { return local(line) & flag; }

/* The byte of a control character setting; a setting of 0 is switched off (_POSIX_VDISABLE). */
static bool is_control(const struct line *line, uint8_t byte, int which) {
    uint8_t setting = line->tty->termios.cc[which];
    return setting != 0 && byte == setting;
}

bool line_is_canonical(const struct line *line) { return has(line, ICANON); }

/* --- output --- */

static bool put(struct line *line, uint8_t byte) {
    if (line->output_count == LINE_OUTPUT_SIZE)
        return false;
    line->output[(line->output_start + line->output_count++) % LINE_OUTPUT_SIZE] = byte;
    return true;
}

void line_print_raw(struct line *line, uint8_t byte) { put(line, byte); }

static uint32_t output_room(const struct line *line) {
    return LINE_OUTPUT_SIZE - line->output_count;
}

/* One byte with output processing; false when there is no room. */
static bool print_byte(struct line *line, uint8_t byte) {
    uint32_t flags = line->tty->termios.oflag;
    if (output_room(line) < TAB_WIDTH)
        return false;
    if (!(flags & OPOST))
        return put(line, byte);
    switch (byte) {
    case '\n':
        if (flags & ONLRET)
            line->column = 0;
        if (flags & ONLCR) {
            line->column = 0;
            put(line, '\r');
        }
        return put(line, '\n');
    case '\r':
        if ((flags & ONOCR) && line->column == 0)
            return true;
        if (flags & OCRNL) {
            if (flags & ONLRET)
                line->column = 0;
            return put(line, '\n');
        }
        line->column = 0;
        return put(line, '\r');
    case '\t': {
        uint32_t spaces = TAB_WIDTH - line->column % TAB_WIDTH;
        line->column += spaces;
        if ((flags & TABDLY) != XTABS)
            return put(line, '\t');
        while (spaces--)
            put(line, ' ');
        return true;
    }
    case '\b':
        line->column -= line->column > 0;
        return put(line, '\b');
    default:
        if ((flags & OLCUC) && byte >= 'a' && byte <= 'z')
            byte = (uint8_t)(byte - 'a' + 'A');
        /* Control characters and the continuation bytes of UTF-8 take no column. */
        line->column += byte >= 0x20 && byte != 0x7f && (byte & 0xc0) != 0x80;
        return put(line, byte);
    }
}

size_t line_print(struct line *line, const uint8_t *bytes, size_t length) {
    size_t done = 0;
    if (line->stopped)
        return 0;
    while (done < length && print_byte(line, bytes[done]))
        done++;
    return done;
}

size_t line_take_output(struct line *line, uint8_t *to, size_t length) {
    if (length > line->output_count)
        length = line->output_count;
    for (size_t i = 0; i < length; i++)
        to[i] = line->output[(line->output_start + i) % LINE_OUTPUT_SIZE];
    line->output_start = (uint32_t)((line->output_start + length) % LINE_OUTPUT_SIZE);
    line->output_count -= (uint32_t)length;
    return length;
}

/* --- echo --- */

static bool is_shown_as_two(const struct line *line, uint8_t byte) {
    return has(line, ECHOCTL) && (byte < 0x20 || byte == 0x7f) && byte != '\t' && byte != '\n';
}

static void echo_byte(struct line *line, uint8_t byte) {
    if (is_shown_as_two(line, byte)) {
        print_byte(line, '^');
        byte ^= 0x40;
    }
    print_byte(line, byte);
}

static void echo_text(struct line *line, const char *text) {
    while (*text)
        print_byte(line, (uint8_t)*text++);
}

/* --- the input ring --- */

static uint16_t *entry(struct line *line, uint32_t index) {
    return &line->input[(line->input_start + index) % LINE_INPUT_SIZE];
}

static void append(struct line *line, uint16_t value) {
    line->lines += (value & LINE_END) != 0;
    *entry(line, line->input_count++) = value;
}

static bool is_last_of_line(struct line *line) {
    return line->input_count == 0 || (*entry(line, line->input_count - 1) & LINE_END);
}

/* --- editing --- */

/* Takes back the last byte of the unfinished line: all of a UTF-8 character with IUTF8. */
static void erase_one(struct line *line, bool visibly) {
    uint8_t byte;
    do {
        byte = (uint8_t)*entry(line, --line->input_count);
    } while ((line->tty->termios.iflag & IUTF8) && (byte & 0xc0) == 0x80 && !is_last_of_line(line));
    if (!visibly)
        return;
    if (byte == '\t') { /* back to where the tab began */
        uint32_t column = 0;
        for (uint32_t i = line->input_count; i > 0; i--) {
            uint16_t before = *entry(line, i - 1);
            if (before & LINE_END)
                break;
            column += is_shown_as_two(line, (uint8_t)before) ? 2 : 1;
        }
        for (uint32_t i = TAB_WIDTH - column % TAB_WIDTH; i > 0; i--)
            echo_text(line, "\b");
        return;
    }
    if (is_shown_as_two(line, byte))
        echo_text(line, "\b \b");
    if (byte >= 0x20 || is_shown_as_two(line, byte))
        echo_text(line, "\b \b");
}

static bool is_word_byte(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}

static void erase_word(struct line *line) {
    bool seen = false, visibly = has(line, ECHO) && has(line, ECHOE);
    while (!is_last_of_line(line)) {
        bool word = is_word_byte((uint8_t)*entry(line, line->input_count - 1));
        if (seen && !word)
            break;
        seen |= word;
        erase_one(line, visibly);
    }
}

static void kill_line(struct line *line) {
    bool visibly = has(line, ECHO) && has(line, ECHOK) && has(line, ECHOKE) && has(line, ECHOE);
    while (!is_last_of_line(line))
        erase_one(line, visibly);
    if (has(line, ECHO) && !visibly) {
        echo_byte(line, line->tty->termios.cc[VKILL]);
        if (has(line, ECHOK))
            print_byte(line, '\n');
    }
}

static void reprint(struct line *line) {
    uint32_t start = line->input_count;
    while (start > 0 && !(*entry(line, start - 1) & LINE_END))
        start--;
    echo_byte(line, line->tty->termios.cc[VREPRINT]);
    print_byte(line, '\n');
    for (; start < line->input_count; start++)
        echo_byte(line, (uint8_t)*entry(line, start));
}

/* True when the byte was an editing character of canonical mode. */
static bool edit(struct line *line, uint8_t byte) {
    bool extended = has(line, IEXTEN);
    if (is_control(line, byte, VERASE)) {
        if (is_last_of_line(line))
            return true;
        bool visibly = has(line, ECHO) && has(line, ECHOE);
        erase_one(line, visibly);
        if (has(line, ECHO) && !visibly)
            echo_byte(line, byte);
        return true;
    }
    if (is_control(line, byte, VKILL)) {
        kill_line(line);
        return true;
    }
    if (extended && is_control(line, byte, VWERASE)) {
        erase_word(line);
        return true;
    }
    if (extended && is_control(line, byte, VREPRINT) && has(line, ECHO)) {
        reprint(line);
        return true;
    }
    if (extended && is_control(line, byte, VLNEXT)) {
        line->literal = true;
        if (has(line, ECHO) && has(line, ECHOCTL))
            echo_text(line, "^\b");
        return true;
    }
    return false;
}

/* Bytes that end a line. */
static bool end_line(struct line *line, uint8_t byte) {
    if (is_control(line, byte, VEOF)) {
        append(line, (uint16_t)(byte | LINE_END | END_OF_FILE));
        return true;
    }
    bool newline = byte == '\n';
    if (!newline && !is_control(line, byte, VEOL) &&
        !(has(line, IEXTEN) && is_control(line, byte, VEOL2)))
        return false;
    if (has(line, ECHO) || (newline && has(line, ECHONL))) {
        if (newline)
            print_byte(line, byte);
        else
            echo_byte(line, byte);
    }
    append(line, (uint16_t)(byte | LINE_END));
    return true;
}

static bool send_signal(struct line *line, uint8_t byte) {
    int signal = is_control(line, byte, VINTR)   ? SIGINT
                 : is_control(line, byte, VQUIT) ? SIGQUIT
                 : is_control(line, byte, VSUSP) ? SIGTSTP
                                                 : 0;
    if (!signal || !has(line, ISIG))
        return false;
    if (!has(line, NOFLSH)) {
        line_flush_input(line);
        line_flush_output(line);
    }
    line->stopped = false;
    if (has(line, ECHO))
        echo_byte(line, byte);
    if (line->tty->foreground)
        signal_group(line->tty->foreground, signal);
    return true;
}

/* Start and stop characters; true when the byte was one. */
static bool control_flow(struct line *line, uint8_t byte) {
    uint32_t flags = line->tty->termios.iflag;
    if (!(flags & IXON))
        return false;
    if (is_control(line, byte, VSTART)) {
        line->stopped = false;
        return true;
    }
    if (is_control(line, byte, VSTOP)) {
        line->stopped = true;
        return true;
    }
    if (line->stopped && (flags & IXANY))
        line->stopped = false;
    return false;
}

bool line_type(struct line *line, uint8_t byte) {
    uint32_t flags = line->tty->termios.iflag;
    bool canonical = has(line, ICANON);
    if (flags & ISTRIP)
        byte &= 0x7f;
    if (line->literal) {
        line->literal = false;
    } else {
        if (control_flow(line, byte) || send_signal(line, byte))
            return true;
        if (byte == '\r') {
            if (flags & IGNCR)
                return true;
            if (flags & ICRNL)
                byte = '\n';
        } else if (byte == '\n' && (flags & INLCR)) {
            byte = '\r';
        }
        if (canonical && edit(line, byte))
            return true;
        if (line->input_count == LINE_INPUT_SIZE)
            return false;
        if (canonical && end_line(line, byte))
            return true;
    }
    /* The last entry of an overlong line is for its end. */
    if (line->input_count + canonical >= LINE_INPUT_SIZE)
        return canonical && line->lines == 0; /* dropped: the line cannot end otherwise */
    if (has(line, ECHO))
        echo_byte(line, byte);
    append(line, byte);
    return true;
}

/* --- reading --- */

int64_t line_read(struct line *line, uint8_t *to, size_t length) {
    size_t done = 0;
    if (has(line, ICANON) && line->lines == 0)
        return -1;
    while (done < length && line->input_count > 0) {
        uint16_t value = *entry(line, 0);
        line->input_start = (line->input_start + 1) % LINE_INPUT_SIZE;
        line->input_count--;
        line->lines -= (value & LINE_END) != 0;
        if (!(value & END_OF_FILE))
            to[done++] = (uint8_t)value;
        if (value & LINE_END && has(line, ICANON))
            return (int64_t)done;
    }
    /* The end of file behind a read that was exactly long enough goes with it. */
    if (has(line, ICANON) && line->input_count > 0 && (*entry(line, 0) & END_OF_FILE)) {
        line->input_start = (line->input_start + 1) % LINE_INPUT_SIZE;
        line->input_count--;
        line->lines--;
    }
    return (int64_t)done;
}

uint32_t line_readable(const struct line *line) {
    if (!has(line, ICANON))
        return line->input_count;
    uint32_t count = 0, lines = line->lines;
    for (uint32_t i = 0; lines > 0; i++) {
        uint16_t value = line->input[(line->input_start + i) % LINE_INPUT_SIZE];
        count += !(value & END_OF_FILE);
        lines -= (value & LINE_END) != 0;
    }
    return count;
}

void line_flush_input(struct line *line) { line->input_count = line->lines = 0; }

void line_flush_output(struct line *line) { line->output_count = 0; }

void line_settings_changed(struct line *line, const struct linux_termios *old) {
    if (!(line->tty->termios.iflag & IXON))
        line->stopped = false;
    if (!((old->lflag ^ local(line)) & ICANON))
        return;
    line->literal = false;
    if (!has(line, ICANON)) { /* what was typed so far can be read */
        for (uint32_t i = 0; i < line->input_count; i++)
            *entry(line, i) &= 0xff;
        line->lines = 0;
    } else if (line->input_count > 0) { /* it becomes a line */
        *entry(line, line->input_count - 1) |= LINE_END;
        line->lines = 1;
    }
}
