/* SPDX-License-Identifier: Apache-2.0 */
#include "shared.h"
#include "line.h"

enum { NONE, ESCAPE, CSI };

/* ECMA-48, 5.3 and 5.4. Of strings like OSC only the introducer: whoever never ends one would hold all frames. */
static uint8_t next_sequence(uint8_t sequence, int byte)
{
	if (byte == 0x1b)
		return ESCAPE;
	if (sequence == ESCAPE && byte == '[')
		return CSI;
	/* Parameters and intermediate bytes; anything else ends it, or does not belong to one. */
	return (sequence == ESCAPE && byte >= ' ' && byte < '0') || (sequence == CSI && byte >= ' ' && byte < '@')
		   ? sequence
		   : NONE;
}

static void note_byte(struct shared *shared, int byte)
{
	shared->line_ended = byte == '\n';
	shared->sequence = next_sequence(shared->sequence, byte);
	if (byte >= 0xf0 && byte < 0xf8)
		shared->more = 3;
	else if (byte >= 0xc0)
		shared->more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 0;
	else
		shared->more -= byte >= 0x80 && shared->more ? 1 : shared->more;
	if (shared->since < SHARED_BYTES)
		shared->since++;
}

int shared_output(struct shared *shared, struct consoles *c, struct streams *s)
{
	int byte = streams_output(s, shared->line_ended && shared->since == SHARED_BYTES);

	if (byte < 0) {
		byte = line_output(c);
		if (byte >= 0) {
			note_byte(shared, byte);
			return byte;
		}
		byte = streams_output(s, shared->sequence == NONE && shared->more == 0);
	}
	if (byte >= 0)
		shared->since = 0;
	return byte;
}
