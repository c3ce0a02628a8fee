/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of the messages of proto.h: names, the log ring, consoles, questions to procmgr. All of it returns
 * 0 or above, or a negative errno; errno itself is not touched.
 */
#pragma once

#include "bulkhead/proto.h"
#include <stddef.h>

/*
 * Puts a channel of the caller under a name that others can look up. -EPERM: the system description gives that name to
 * another process, or to nobody (docs/configuration.md, `serves`). -EEXIST: this process has put one there already.
 */
int name_attach(const char *name, int chid);

/*
 * Connects to the channel of a name. With PM_WAIT it waits until the name is there. Events of the server arrive on
 * the own channel `event_chid`, 0 for none. Returns the coid. -ESRCH: nobody has that name.
 */
int name_open(const char *name, unsigned flags, int event_chid);

/* Tells procmgr that this server is ready: the next step of the start may go on. */
int pm_ready(void);

/* Sends struct pm_target to procmgr. `name` may be NULL: then `index` counts. */
int pm_request(uint32_t type, const char *name, uint32_t index, uint32_t value, void *reply, size_t reply_bytes);

/* A qvm tells what its VM waits for, or why it is refused: `vm status` and the operator's console show it. */
int pm_note(const char *text);

/*
 * One line into the log ring; text beyond PROTO_DATA bytes is cut off. Where there is no log ring it goes to the
 * kernel's console if the process may write there. Not for procmgr and the log ring itself. Blocks until the logger
 * has taken the line.
 */
int slogf(enum slog_severity severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line to the log ring, without the fallback. */
int slog_write(enum slog_severity severity, const char *text, size_t bytes);

/*
 * Where standard output goes by default, see stdio_redirect(): a line to the log ring if it can be had, else to the
 * kernel's console, else nowhere. procmgr's goes to the kernel's console: it must not wait for the log ring.
 */
void slog_output(const char *text, size_t bytes);

/* A console of the console driver. */
struct console {
	int coid;
	uint16_t id;
};

/* Opens the console of that name, waiting for the driver if `flags` has PM_WAIT. */
int console_open(struct console *console, const char *name, unsigned flags);

/* Writes all of it; blocks while there is no room. Returns `bytes`. */
int console_write(const struct console *console, const void *data, size_t bytes);

/* Waits for input. Returns the number of bytes, 1 or above. */
int console_read(const struct console *console, void *data, size_t bytes);

/* The same, but waits for at most so many nanoseconds; 0: there is none. */
int console_poll(const struct console *console, void *data, size_t bytes, uint64_t ns);

/* 1: a process has that console open; 0: one that is gone has left its output; -ENOENT: there is none. */
int console_state(const struct console *console, const char *name);

/* Gives what is typed to console `name`; returns when the operator has typed Ctrl-]. -ENOENT: no such console. */
int console_focus(const struct console *console, const char *name);

/* A stream of bytes to the host (docs/frames.md), by the console driver. */
struct stream_out {
	int coid;
	uint16_t id;
};

/*
 * Begins a stream of that name, which must be one of the caller's: as for consoles, its own, or one that its
 * configuration names. `total`: bytes to come, as far as that is known, else 0. With PM_WAIT in `flags` it waits for
 * the driver.
 */
int stream_out_open(struct stream_out *stream, const char *name, uint64_t total, unsigned flags);

/* Sends all of it; blocks while the line is busy. Returns `bytes`. */
int stream_out_write(const struct stream_out *stream, const void *data, size_t bytes);

/* Ends the stream. Without that the host takes it for broken when the process is gone. */
int stream_out_close(struct stream_out *stream);
