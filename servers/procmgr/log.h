/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What procmgr reports. All lines go to the log ring; until a driver owns the console, to the kernel's as well. Both
 * through bounded queues, each with a sender thread: the first thread never waits, not even for the UART.
 */
#pragma once

#include "bulkhead/proto.h"
#include <stdbool.h>
#include <stdint.h>

/* One line, without a newline. Longer ones are cut. First thread only. */
void log_line(enum slog_severity severity, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, for the operator's eyes too: how far something is that takes long. */
void log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on lines for the kernel's console are written by a thread that waits for the UART, and nobody else does. */
int log_start(void);

/* The last line of severity warning or above, or an empty one. */
const char *log_failure(void);

/* Returns when all lines for the kernel's console are written. */
void log_flush(void);

/* A console driver owns the UART from now on, or is gone. */
void log_console(bool driver);

/* PM_NEWS, answered now or later: a line that went to the log ring alone, and that the operator should see. */
void log_news(int64_t rcvid);

/* Where the log ring is served; lines so far follow. */
void log_slogger(uint32_t slot, uint32_t chid);
