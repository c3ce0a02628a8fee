/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of channels, and the clients that wait for one. Each process has its own few places in both tables, so that it
 * cannot use up those of another. A PM_NAME_OPEN that waits is answered as soon as the name is there.
 */
#pragma once

#include "bulkhead/proto.h"
#include "sysconf.h"
#include <stdbool.h>
#include <stdint.h>

#define NAMES_OF_SLOT   (1 + SYS_SERVES_MAX) /* all that it may have */
#define WAITERS_OF_SLOT 8
#define NAMES_WAITING   1 /* the answer comes later */

/* Adds a name; the caller has checked that the slot may serve it. 0, -EEXIST, -EAGAIN: too many of this slot. */
int names_attach(uint32_t slot, const char *name, uint32_t chid);
/* Fills in slot and channel of the name: 0, -ESRCH, NAMES_WAITING, or -EAGAIN: too many of this slot wait. */
int names_open(uint32_t slot, uint64_t rcvid, bool wait, struct pm_name *message);
/* The client of that message does not want to wait any more. True: the caller answers it with an error. */
bool names_cancel(uint64_t rcvid);
/* Drops all names and waiting messages of a process that has ended. */
void names_forget(uint32_t slot);
