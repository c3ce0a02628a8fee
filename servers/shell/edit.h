/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line editor for a terminal that understands a few of the control sequences of ECMA-48. It sees keys one byte at a
 * time and writes what the terminal needs; it knows nothing of where either comes from.
 *
 * What a terminal sends by itself, since a guest had asked for it, is no key: answers about its state, colours, clicks
 * of a mouse. All sequences and strings of ECMA-48 are recognized to their end, and what is no key of ours is left out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDIT_LINE    4097 /* longest line, NUL included */
#define EDIT_HISTORY 16
#define EDIT_COLUMNS 80 /* longer lines are shifted to the left, since the terminal's width is not known */

enum edit_result {
	EDIT_MORE,   /* the line goes on */
	EDIT_DONE,   /* Enter: `line` holds it, until edit_start() */
	EDIT_CANCEL, /* Ctrl-C: the line is given up */
};

struct edit {
	const char *prompt;
	void (*write)(void *context, const char *text, size_t bytes);
	/* Whole command lines that Tab completes to; NULL after the last. May be NULL. */
	const char *(*candidate)(void *context, unsigned index);
	void *context;
	char line[EDIT_LINE];
	unsigned length, cursor;
	unsigned shift; /* the first character of the line that is on the screen */
	char history[EDIT_HISTORY][EDIT_LINE];
	unsigned history_count; /* ever added; the newest is at history_count - 1 */
	unsigned back;          /* how far back the line comes from; 0: it is the new one */
	char draft[EDIT_LINE];  /* the new line, while an old one is shown */
	enum { KEY_PLAIN, KEY_ESCAPE, KEY_SEQUENCE, KEY_SS3, KEY_STRING, KEY_STRING_ESCAPE, KEY_SKIP } key;
	unsigned parameter; /* of a control sequence: its first one */
	bool first;         /* that goes on */
	bool foreign;       /* the sequence is no key, whatever it ends with */
	unsigned skip;      /* KEY_SKIP: so many bytes */
	unsigned string;    /* bytes of a control string */
	unsigned wide;      /* bytes of a character beyond ASCII that are to come */
	bool returned;      /* the last byte was \r: a \n that follows is the same key */
};

/* Sets up an editor; the line is empty. `context` goes to both functions. */
void edit_init(struct edit *e, const char *prompt, void (*write)(void *, const char *, size_t),
	       const char *(*candidate)(void *, unsigned), void *context);

/* Begins a new line: shows the prompt. */
void edit_start(struct edit *e);

/* Takes a byte that was typed. */
enum edit_result edit_key(struct edit *e, uint8_t byte);
