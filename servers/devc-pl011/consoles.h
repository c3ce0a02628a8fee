/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many consoles on one serial line: what the driver does with messages and characters, apart from the hardware.
 *
 * One console has the focus: what is typed goes to it, and its output goes to the line. The output of the others is
 * kept and shown when they get the focus; of that the oldest is dropped when their ring is full. A client that writes
 * on the console with the focus is answered only when there is room, so nothing of that is lost. Nor is what is typed,
 * as long as the client goes on reading. The focus belongs to the console "shell"; CON_FOCUS lends it to another one
 * until Ctrl-] is typed. Typed twice, it reaches the console once.
 */
#pragma once

#include "bulkhead/consoles.h"
#include "bulkhead/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELL_ID         0u                                  /* the console "shell" */
#define CONSOLE_DUTIES   3                                   /* most messages for one console that wait for an answer */
#define CONSOLE_WAITS    (CONSOLES_MAX * CONSOLE_DUTIES + 1) /* and the one CON_FOCUS */
#define CONSOLE_LEAVE    0x1d                                /* Ctrl-] */
#define CONSOLE_LEAVE_NS 400000000ull                        /* of waiting for a second one */
#define CONSOLE_HOLD_NS  5000000000ull                       /* of waiting for a client that is late */
#define CONSOLE_PACE     128u                                /* bytes that a late client reads until it has caught up */
#define CONSOLE_FREE     UINT32_MAX                          /* owner of a console that no process has open */

struct console_state {
	char name[PROTO_NAME]; /* empty: the entry is free */
	uint32_t owner;        /* slot of the process that opened it: it alone may use it, until it goes away */
	uint8_t *input, *output;
	uint32_t input_head, input_tail;    /* free-running: typed, read */
	uint64_t output_head, output_shown; /* free-running: written, sent to the line */
	uint64_t dropped;                   /* of what was not shown, since the last focus */
};

/* A message that is answered later. */
struct console_wait {
	int64_t rcvid; /* 0: the entry is free */
	uint64_t order;
	uint32_t slot, type; /* CON_WRITE, CON_READ, CON_FOCUS */
	uint16_t id, count;
	char data[PROTO_DATA];
};

/* Sends an answer to a client. False: the client is gone. */
typedef bool console_reply(void *context, int64_t rcvid, int status, const void *data, size_t bytes);

/* May the process in that slot open a console of this name? */
typedef bool console_may(void *context, uint32_t slot, const char *name);

struct consoles {
	console_reply *reply;
	console_may *may;
	void *context;
	struct console_state console[CONSOLES_MAX];
	struct console_wait wait[CONSOLE_WAITS];
	uint64_t order;
	unsigned typing;     /* console that gets what is typed */
	bool leaving;        /* Ctrl-] was typed: line_leave() is to be called after CONSOLE_LEAVE_NS */
	unsigned showing;    /* console whose output goes to the line: follows `typing` */
	uint64_t show_until; /* while they differ: output up to here comes first */
	char notice[256];    /* sent before the console's output */
	unsigned notice_at;
	uint32_t late;          /* 0: the client that gets what is typed is not late; else the number of this delay */
	uint32_t delays;        /* of all clients, since the start */
	uint32_t caught;        /* bytes that it has read since */
	bool giving_up;         /* it reads too slowly: what is typed is lost, */
	uint64_t lost;          /* and counted */
	bool carriage_returned; /* the \r that the shell's \n needs is sent */
};

/* False: no memory for the console of the shell. */
bool consoles_init(struct consoles *c, console_reply *reply, console_may *may, void *context);

/* A message of `bytes` bytes from a process. It is answered by reply(), now or later. */
void consoles_message(struct consoles *c, int64_t rcvid, uint32_t slot, const struct con_msg *msg, size_t bytes);

/* A process has no connection any more; a client that waits wants to be unblocked. */
void consoles_disconnect(struct consoles *c, uint32_t slot);
void consoles_unblock(struct consoles *c, int64_t rcvid);
