/* SPDX-License-Identifier: Apache-2.0 */
#include "edit.h"
#include <stdio.h>
#include <string.h>

#define CTRL(letter) ((letter)&0x1f)
#define DELETE_BACK  0x7f

static void put_text(struct edit *e, const char *text)
{
	e->write(e->context, text, strlen(text));
}

static unsigned window_width(const struct edit *e)
{
	return EDIT_COLUMNS - 2 - (unsigned)strlen(e->prompt); /* ^C has room after the line */
}

static void place_cursor(struct edit *e, unsigned from)
{
	char sequence[16];

	if (from == e->cursor)
		return;
	snprintf(sequence, sizeof(sequence), "\x1b[%uD", from - e->cursor);
	put_text(e, sequence);
}

static void redraw_line(struct edit *e)
{
	/* By half of what is seen: not every key of a long line draws it anew. */
	if (e->cursor < e->shift)
		e->shift = e->cursor > window_width(e) / 2 ? e->cursor - window_width(e) / 2 : 0;
	if (e->cursor - e->shift > window_width(e))
		e->shift = e->cursor - window_width(e) / 2;
	unsigned end = e->length - e->shift > window_width(e) ? e->shift + window_width(e) : e->length;

	put_text(e, "\r");
	put_text(e, e->prompt);
	e->write(e->context, e->line + e->shift, end - e->shift);
	put_text(e, "\x1b[K");
	place_cursor(e, end);
}

static void set_line(struct edit *e, const char *text)
{
	e->length = (unsigned)strnlen(text, EDIT_LINE - 1);
	memmove(e->line, text, e->length);
	e->line[e->length] = 0;
	e->cursor = e->length;
	e->shift = 0;
}

static void insert_char(struct edit *e, char c)
{
	if (e->length == EDIT_LINE - 1) {
		put_text(e, "\a");
		return;
	}
	memmove(e->line + e->cursor + 1, e->line + e->cursor, e->length - e->cursor + 1);
	e->line[e->cursor++] = c;
	e->length++;
	/* Mostly one types at the end: then the character alone will do. */
	if (e->cursor == e->length && e->cursor - e->shift <= window_width(e))
		e->write(e->context, &c, 1);
	else
		redraw_line(e);
}

/* Takes out what is between two places, and puts the cursor there. */
static void cut_text(struct edit *e, unsigned from, unsigned to)
{
	if (from == to)
		return;
	memmove(e->line + from, e->line + to, e->length - to + 1);
	e->length -= to - from;
	e->cursor = from;
	redraw_line(e);
}

static void move_cursor(struct edit *e, unsigned to)
{
	if (to > e->length || to == e->cursor)
		return;
	e->cursor = to;
	redraw_line(e);
}

static void cut_word(struct edit *e)
{
	unsigned from = e->cursor;

	while (from > 0 && e->line[from - 1] == ' ')
		from--;
	while (from > 0 && e->line[from - 1] != ' ')
		from--;
	cut_text(e, from, e->cursor);
}

/* History */

static char *history_entry(struct edit *e, unsigned back)
{
	return e->history[(e->history_count - back) % EDIT_HISTORY];
}

static void remember_line(struct edit *e)
{
	if (e->line[strspn(e->line, " ")] == 0)
		return;
	if (e->history_count && strcmp(history_entry(e, 1), e->line) == 0)
		return;
	memcpy(e->history[e->history_count++ % EDIT_HISTORY], e->line, EDIT_LINE);
}

static void recall_line(struct edit *e, unsigned back)
{
	unsigned most = e->history_count < EDIT_HISTORY ? e->history_count : EDIT_HISTORY;

	if (back > most)
		return;
	if (e->back == 0)
		memcpy(e->draft, e->line, EDIT_LINE);
	e->back = back;
	set_line(e, back ? history_entry(e, back) : e->draft);
	redraw_line(e);
}

/* Completion */

static bool matches_line(const struct edit *e, const char *candidate)
{
	return strncmp(candidate, e->line, e->cursor) == 0;
}

static void list_matches(struct edit *e)
{
	const char *candidate;

	put_text(e, "\n");
	for (unsigned i = 0; (candidate = e->candidate(e->context, i)) != NULL; i++)
		if (matches_line(e, candidate)) {
			put_text(e, candidate);
			put_text(e, "\n");
		}
	redraw_line(e);
}

static void complete_line(struct edit *e)
{
	const char *candidate, *first = NULL;
	unsigned common = 0, count = 0;

	for (unsigned i = 0; e->candidate && (candidate = e->candidate(e->context, i)) != NULL; i++) {
		if (!matches_line(e, candidate))
			continue;
		if (count++ == 0) {
			first = candidate;
			common = (unsigned)strlen(candidate);
		}
		unsigned same = e->cursor;

		while (same < common && candidate[same] == first[same])
			same++;
		common = same;
	}
	if (count == 0)
		put_text(e, "\a");
	else if (common > e->cursor)
		while (e->cursor < common)
			insert_char(e, first[e->cursor]);
	else if (count > 1)
		list_matches(e);
}

/* Keys */

static enum edit_result enter_line(struct edit *e)
{
	move_cursor(e, e->length);
	put_text(e, "\n");
	remember_line(e);
	return EDIT_DONE;
}

static void delete_here(struct edit *e)
{
	if (e->cursor < e->length)
		cut_text(e, e->cursor, e->cursor + 1);
}

/* The last byte of a control sequence: ECMA-48, section 5.4, as xterm and its like send it for a key. */
static void finish_sequence(struct edit *e, uint8_t final)
{
	switch (final == '~' ? 0x100 + e->parameter : final) {
	case 'A': recall_line(e, e->back + 1); break;
	case 'B':
		if (e->back)
			recall_line(e, e->back - 1);
		break;
	case 'C': move_cursor(e, e->cursor + 1); break;
	case 'D': move_cursor(e, e->cursor - 1); break;
	case 'H':
	case 0x101:
	case 0x107: move_cursor(e, 0); break;
	case 'F':
	case 0x104:
	case 0x108: move_cursor(e, e->length); break;
	case 0x103: delete_here(e); break;
	default: break;
	}
}

#define STRING_MAX  4096 /* longer than any answer: what does not end was none */
#define CLICK_BYTES 3    /* after ESC [ M; after ESC [ [, a function key of Linux's console, one byte follows */

/* After ESC: section 5.3. */
static void begin_sequence(struct edit *e, uint8_t byte)
{
	e->parameter = 0;
	e->first = true;
	e->foreign = false;
	e->string = 0;
	switch (byte) {
	case '[': e->key = KEY_SEQUENCE; break;
	case 'O': e->key = KEY_SS3; break;
	case ']': /* OSC */
	case 'P': /* DCS */
	case 'X': /* SOS */
	case '^': /* PM */
	case '_': /* APC */ e->key = KEY_STRING; break;
	case 0x1b: e->key = KEY_ESCAPE; break;
	default: e->key = KEY_PLAIN; break;
	}
}

static void end_sequence(struct edit *e, uint8_t final)
{
	bool bare = e->key == KEY_SEQUENCE && e->first && e->parameter == 0 && !e->foreign;

	e->key = bare && (final == 'M' || final == '[') ? KEY_SKIP : KEY_PLAIN;
	e->skip = final == 'M' ? CLICK_BYTES : 1;
	if (!e->foreign)
		finish_sequence(e, final);
}

/* Parameters of another kind than keys have, and intermediate bytes, belong to answers. */
static void control_sequence(struct edit *e, uint8_t byte)
{
	if (byte >= 0x40 && byte <= 0x7e)
		end_sequence(e, byte);
	else if (byte >= '0' && byte <= '9' && e->first)
		e->parameter = (e->parameter * 10 + (byte - '0')) % 1000;
	else if (byte == ';')
		e->first = false;
	else if (byte == 0x1b)
		e->key = KEY_ESCAPE;
	else if (byte < ' ' || byte > '~')
		e->key = KEY_PLAIN;
	else if (byte < '0' || byte > '9')
		e->foreign = true;
}

/*
 * It ends with ESC \ or BEL. A key that no string has in it ends it as well, if it was none, and begins with what a
 * keyboard sends after Escape: then false.
 */
static bool control_string(struct edit *e, uint8_t byte)
{
	if (e->key == KEY_STRING_ESCAPE) {
		if (byte == '\\')
			e->key = KEY_PLAIN;
		else
			begin_sequence(e, byte);
		return true;
	}
	if (byte == 0x1b)
		e->key = KEY_STRING_ESCAPE;
	else if (byte < ' ' || byte == DELETE_BACK || byte == 0x9c || ++e->string == STRING_MAX)
		e->key = KEY_PLAIN;
	return byte == 0x1b || byte == '\a' || (byte >= ' ' && byte != DELETE_BACK);
}

/* False: it is a key for itself. */
static bool sequence_key(struct edit *e, uint8_t byte)
{
	switch (e->key) {
	case KEY_ESCAPE: begin_sequence(e, byte); return true;
	case KEY_SEQUENCE:
	case KEY_SS3: control_sequence(e, byte); return true;
	case KEY_STRING:
	case KEY_STRING_ESCAPE: return control_string(e, byte);
	case KEY_SKIP:
		if (--e->skip == 0)
			e->key = KEY_PLAIN;
		return true;
	default: return false;
	}
}

static enum edit_result plain_key(struct edit *e, uint8_t byte)
{
	switch (byte) {
	case '\r':
	case '\n': return enter_line(e);
	case CTRL('C'): put_text(e, "^C\n"); return EDIT_CANCEL;
	case CTRL('A'): move_cursor(e, 0); break;
	case CTRL('B'): move_cursor(e, e->cursor - 1); break;
	case CTRL('D'): delete_here(e); break;
	case CTRL('E'): move_cursor(e, e->length); break;
	case CTRL('F'): move_cursor(e, e->cursor + 1); break;
	case CTRL('H'):
	case DELETE_BACK:
		if (e->cursor)
			cut_text(e, e->cursor - 1, e->cursor);
		break;
	case '\t': complete_line(e); break;
	case CTRL('K'): cut_text(e, e->cursor, e->length); break;
	case CTRL('L'):
		put_text(e, "\x1b[H\x1b[2J");
		redraw_line(e);
		break;
	case CTRL('N'): finish_sequence(e, 'B'); break;
	case CTRL('P'): finish_sequence(e, 'A'); break;
	case CTRL('U'): cut_text(e, 0, e->cursor); break;
	case CTRL('W'): cut_word(e); break;
	case 0x1b: e->key = KEY_ESCAPE; break;
	default:
		if (byte >= ' ' && byte <= '~')
			insert_char(e, (char)byte);
		break;
	}
	return EDIT_MORE;
}

/* Of a character in UTF-8, which no command has; else one byte that stands for ESC and another one: section 5.3. */
static void wide_byte(struct edit *e, uint8_t byte)
{
	if (byte >= 0xc0)
		e->wide = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
	else if (e->wide)
		e->wide--;
	else if (byte < 0xa0)
		begin_sequence(e, byte - 0x40);
}

enum edit_result edit_key(struct edit *e, uint8_t byte)
{
	bool second = byte == '\n' && e->returned;

	e->returned = byte == '\r';
	if (second)
		return EDIT_MORE;
	if (e->key == KEY_PLAIN && byte >= 0x80) {
		wide_byte(e, byte);
		return EDIT_MORE;
	}
	e->wide = 0;
	return sequence_key(e, byte) ? EDIT_MORE : plain_key(e, byte);
}

void edit_start(struct edit *e)
{
	e->back = 0;
	set_line(e, "");
	put_text(e, e->prompt);
}

void edit_init(struct edit *e, const char *prompt, void (*write)(void *, const char *, size_t),
	       const char *(*candidate)(void *, unsigned), void *context)
{
	memset(e, 0, sizeof(*e));
	e->prompt = prompt;
	e->write = write;
	e->candidate = candidate;
	e->context = context;
}
