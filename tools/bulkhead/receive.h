/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead receive`. */
#pragma once

#include "arguments.h"
#include "streams.h"

/* Takes what --receive names. */
void receive_choose(struct streams *s, const struct arguments *a);

/* Receives streams from a file, a pipe or a serial port, until its end or Ctrl-C. 0, or -1 after messages. */
int receive_line(const struct arguments *a);
