/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line for the consoles and, where there is no second UART, for streams. The consoles come first: a frame is sent
 * when they have nothing to send, and after a line's end when they have sent SHARED_BYTES since the last frame. So what
 * somebody reads or types waits for one frame at most, and a console that prints without end takes no less than half of
 * the line. A frame never divides a character or a control sequence of the console's.
 */
#pragma once

#include "consoles.h"
#include "streams.h"

#define SHARED_BYTES 1024u /* more than a frame has */

struct shared {
	unsigned since;   /* bytes of the consoles since the last frame, at most SHARED_BYTES */
	bool line_ended;  /* their last byte was a line feed */
	uint8_t sequence; /* their last byte lies in a control sequence: after ESC, or within CSI */
	uint8_t more;     /* bytes that the character lacks (UTF-8) */
};

/* The next byte for the line, or -1 if there is none. Zeroed, *shared begins. */
int shared_output(struct shared *shared, struct consoles *c, struct streams *s);
