/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the options of vdevs mean whose types the reader of configurations knows by itself. The reader uses this to find
 * mistakes, the devices to know what to do: both understand the same.
 *
 * A function that returns text returns NULL for a right value, else what is wrong with it as the rest of a sentence
 * that begins with the value.
 */
#pragma once

#include "qvmconf.h"

/* pl011 */

struct pl011_hostdev {
	bool input, output;  /* which of the two it names */
	const char *console; /* part of the value; NULL: the console that is named like the VM */
};

const char *pl011_hostdev(const char *value, struct pl011_hostdev *hostdev);

/* All its hostdev options together: names of consoles, NULL for a direction that was not given. */
struct pl011_consoles {
	const char *input, *output;
};

void pl011_consoles(const struct qvm_config *config, const struct qvm_vdev *vdev, struct pl011_consoles *consoles);
