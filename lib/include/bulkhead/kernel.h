/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's calls as C functions. Their prototypes and what each one does are made from abi/calls.def, which also
 * lists the ability that each one needs; docs/calls.md has the same to read.
 *
 * Each call has two forms. The plain one returns a result that is never negative, or -1 with errno set. The form that
 * ends in _r returns the negative errno instead and touches neither errno nor any other thread-local storage: for code
 * that runs before or without it.
 *
 * Times are nanoseconds since power-on, or from now. Priorities are 1 (lowest) to PRIO_MAX. A run mask has bit n set
 * for CPU n. Nothing that is passed is kept by the kernel: the caller owns all buffers and may reuse them on return.
 */
#pragma once

#include "abi/bulkhead.h"
#include "calls/numbers.h"
#include <stddef.h>
#include <stdint.h>

/* What MsgReceive tells about the sender. For a pulse only `slot` and `priority` count. */
struct msg_info {
	uint32_t bytes; /* that the client sent: what is beyond the buffer is there for MsgRead */
	uint16_t tid;
	uint8_t slot; /* of the client's process */
	uint8_t priority;
	uint32_t scoid;   /* the client's connection, for MsgDeliverEvent */
	uint32_t unblock; /* 1: the client wants to be unblocked */
};

/* What MsgReceive writes into the buffer (of at least this size, else it is cut off) when it returns 0. */
struct pulse {
	int32_t code; /* 0 to 127, or PULSE_CODE_* */
	uint32_t reserved;
	uint64_t value;
};

struct mem_info {
	uint64_t bytes;
	uint64_t flags;   /* REGION_* */
	uint64_t address; /* physical */
};

#include "calls/prototypes.h"

/* MsgReplyReceive() without receiving: answers. */
int MsgReply(int64_t rcvid, int64_t status, const void *msg, size_t bytes);
int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes);
/* MsgReplyReceive() without an answer: waits for a message or a pulse. */
int64_t MsgReceive(int chid, void *msg, size_t bytes, struct msg_info *info);
int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info);
/* MsgReply() with an errno, 1 or above, and no data. */
int MsgError(int64_t rcvid, int error);
int MsgError_r(int64_t rcvid, int error);
/* MemProtect() without any rights. */
int MemUnmap(unsigned space, uint64_t address, uint64_t bytes);
int MemUnmap_r(unsigned space, uint64_t address, uint64_t bytes);
/* Returns the own tid; the process's slot goes to *slot unless that is NULL. */
int ThreadSelf_r(unsigned *slot);

#include "bulkhead/vcpu_run.h"
#if defined(__aarch64__)
#include "bulkhead/msg_inline.h"
#endif
