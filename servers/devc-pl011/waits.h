/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that are answered later: of readers, of writers, and of the shell that has lent its focus. */
#pragma once

#include "consoles.h"

/* Answers a message without data. False: the client is gone. */
bool waits_answer(struct consoles *c, int64_t rcvid, int status);

/* The oldest waiting message of a type for a console, or NULL. The caller frees the entry: `rcvid` = 0. */
struct console_wait *waits_first(struct consoles *c, uint32_t type, unsigned id);

/*
 * Keeps a message of `count` bytes of `data`, which may be NULL, until it can be answered. False: too many wait for the
 * console already, and the client has been told.
 */
bool waits_add(struct consoles *c, int64_t rcvid, uint32_t slot, uint32_t type, unsigned id, unsigned count,
	       const char *data);
