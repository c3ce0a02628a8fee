/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_console share: a driver, two clients of it, and a person who types. */
#pragma once

#include "servers/devc-pl011/consoles.h"
#include "servers/devc-pl011/line.h"
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHELL_SLOT 3
#define GUEST_SLOT 5
#define WAITS      (-9999) /* the status of a message without an answer */
#define GREETING   "console of linux; Ctrl-] leaves it\r\n"

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

extern size_t memory; /* what malloc() still has, in bytes */
extern struct consoles c;
extern int shell_id, guest_id; /* consoles of the two clients */
extern int answers;            /* how many there were, and the last one */
extern int last_status;
extern int64_t last_rcvid;
extern char last_data[PROTO_DATA + 1];
extern size_t last_bytes;
extern int64_t next_rcvid; /* of the last message */
extern int64_t gone_from;  /* clients from here on are gone: answering them fails */
extern unsigned stranger;  /* this slot may open nothing more */

int setup(void **state);
int teardown(void **state);

/* Sends a message; returns the status of its answer, or WAITS. */
int send_bytes(uint32_t type, unsigned slot, unsigned id, unsigned count, const void *data, size_t bytes);
int send_text(uint32_t type, unsigned slot, unsigned id, const char *text);

size_t drain_line(char *out, size_t limit); /* what the line gets, up to `limit` characters */
void expect_line(const char *text);
void type(const char *text);
void leave_console(void); /* the key, and the time for a second one is over */

int input_tests(void);
int focus_tests(void);
int share_tests(void);
