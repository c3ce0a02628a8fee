/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial line: the output of the console that is shown goes to it, what comes from it is typed at the console with
 * the focus.
 */
#pragma once

#include "consoles.h"

/*
 * Is there room for what is typed? If not, it stays in the UART. A client whose ring is full is late until it has read
 * CONSOLE_PACE bytes. If that takes CONSOLE_HOLD_NS, line_give_up() follows: what is typed is then taken and lost, so
 * that a Ctrl-] in it is found, until the client has caught up or the focus goes elsewhere.
 */
bool line_takes(const struct consoles *c);
void line_give_up(struct consoles *c);

/* A character came from the line. If `leaving` is true then, line_leave() shall follow after CONSOLE_LEAVE_NS. */
void line_input(struct consoles *c, uint8_t character);
void line_leave(struct consoles *c);

/* The next character for the line, or -1 if there is none. */
int line_output(struct consoles *c);

/* Adds to what a console has printed; the oldest of what was not shown makes room. */
void line_append(struct console_state *console, const char *data, size_t bytes);

/* CON_WRITE: takes what there is room for and answers. False: there is no room. */
bool line_write(struct consoles *c, int64_t rcvid, unsigned id, const char *data, size_t bytes);

/* CON_READ: answers. False: there is nothing to read. What a client that is gone does not take stays. */
bool line_read(struct consoles *c, int64_t rcvid, unsigned id, unsigned count);

/* Gives the focus to a console; back to the shell's, whose CON_FOCUS is answered. */
void line_focus(struct consoles *c, unsigned id);
void line_unfocus(struct consoles *c);
