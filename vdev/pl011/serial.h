/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance of `vdev pl011`: the UART and the host's consoles that it is connected to.
 *
 * Output: the device puts bytes into a ring, under the instance's lock; a writer thread sends them, many in one
 * message. A full ring makes the device hold back, so no character is lost. Input: a reader thread asks for what is
 * typed only when the device has taken all before, so the console driver holds the rest.
 */
#pragma once

#include "vdev/pl011/pl011.h"
#include <qvm/guest.h>
#include <qvm/hostdev.h>

#define SERIAL_RING 4096u /* a power of two */

struct serial {
	struct pl011 uart; /* first: its registers are what guests ask for most */
	vdev_t *vdev;
	struct guest_line line;
	const char *input_path, *output_path; /* null: there is none */
	struct hostdev input, output;
	/* Written by the device at `head`, by the writer thread at `tail`; both only grow. */
	uint32_t head, tail;
	uint32_t limit;         /* of `head`, by the device: up to there it knows that there is room */
	uint32_t writer_sleeps; /* word: 1 while the writer waits for output */
	uint32_t reader_waits;  /* word: 1 while the reader waits for room in the device */
	uint8_t ring[SERIAL_RING];
};
