/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel call alone, with good, bad and hostile arguments: what it must return. Run it with the ability `log`
 * only, no guest space, no interrupts. Calls that need two threads are in kmessages.c.
 */
#include "bulkhead/process.h"
#include "check.h"

/* Arguments that are known only when the program runs: see resolve(). */
#define RUNTIME(n) (0x7e57ab1e00000000ull | (n))
enum runtime {
	BUFFER_,
	WORD_,
	ODD_WORD_,
	CHID_,
	COID_,
	TIMER_,
	TID_,
	SLOT_,
	PRIO_,
	RAM_,
	RAM_BYTES_,
	TEXT_,
	TEXT_PAGE_,
	CODE_,
	RUNTIME_COUNT
};
#define BUFFER    RUNTIME(BUFFER_)
#define WORD      RUNTIME(WORD_)
#define ODD_WORD  RUNTIME(ODD_WORD_)
#define CHID      RUNTIME(CHID_)
#define COID      RUNTIME(COID_)
#define TIMER     RUNTIME(TIMER_)
#define TID       RUNTIME(TID_)
#define SLOT      RUNTIME(SLOT_)
#define PRIO      RUNTIME(PRIO_)
#define RAM       RUNTIME(RAM_)
#define RAM_BYTES RUNTIME(RAM_BYTES_)
#define TEXT      RUNTIME(TEXT_)
#define TEXT_PAGE RUNTIME(TEXT_PAGE_)
#define CODE      RUNTIME(CODE_)

#define OWN   (~0ull) /* the own process, for SchedSet and SchedGet */
#define RR(p) ((p) | SCHED_RR_ << 8)
#define ODD   0x1230000000000001ull /* no object, unless somebody looks at the low bits only */

/* What must come back: up to three statuses, or one of the classes. */
enum { ZERO, POSITIVE, ERRORS, ZERO_OR_ERRORS };
struct expect {
	uint8_t kind, errors[3];
};
#define OK                \
	{                 \
		ZERO,     \
		{         \
			0 \
		}         \
	}
#define ABOVE_0           \
	{                 \
		POSITIVE, \
		{         \
			0 \
		}         \
	}
#define OK_OR_INVALID            \
	{                        \
		ZERO_OR_ERRORS,  \
		{                \
			KE_INVAL \
		}                \
	}
#define E(...)                      \
	{                           \
		ERRORS,             \
		{                   \
			__VA_ARGS__ \
		}                   \
	}
#define NO_OBJECT E(KE_SRCH, KE_BADF)
#define INVALID   E(KE_INVAL)
#define FAULT     E(KE_FAULT)
#define DENIED    E(KE_PERM)
#define UNKNOWN   E(KE_NOSYS)

struct row {
	const char *name;
	uint64_t number;
	uint64_t args[11]; /* the registers, of which x8 has the number */
	struct expect expect;
};

#define ROW(call, text, expect, ...)                                 \
	{                                                            \
#call ": " text, CALL_##call, {__VA_ARGS__ }, expect \
	}
#define NUMBER(number, text)               \
	{                                  \
		text, number, {0}, UNKNOWN \
	}

static const struct row rows[] = {
    NUMBER(0, "call 0"),
    NUMBER(20, "call 20, a gap"),
    NUMBER(33, "call 33, a gap"),
    NUMBER(24, "call 24, a gap"),
    NUMBER(35, "call 35, a gap"),
    NUMBER(45, "call 45, a gap"),
    NUMBER(54, "call 54, a gap"),
    NUMBER(81, "call 81, a gap"),
    NUMBER(103, "call 103, after the last"),
    NUMBER(127, "call 127"),
    NUMBER(128, "call 128"),
    NUMBER(1ull << 32 | CALL_ClockTime, "a good number with bit 32 set"),
    NUMBER(1ull << 63 | CALL_ClockTime, "a good number with bit 63 set"),
    NUMBER(~0ull, "call -1"),

    ROW(ThreadCreate, "priority 0", INVALID, TEXT, 0, BUFFER, RR(0), 0, 0),
    ROW(ThreadCreate, "priority of the kernel", E(KE_INVAL, KE_PERM), TEXT, 0, BUFFER, RR(255), 0, 0),
    ROW(ThreadCreate, "policy 0", INVALID, TEXT, 0, BUFFER, 1, 0, 0),
    ROW(ThreadCreate, "policy 3", INVALID, TEXT, 0, BUFFER, 1 | 3 << 8, 0, 0),
    ROW(ThreadCreate, "run mask without a CPU that exists", E(KE_INVAL, KE_PERM), TEXT, 0, BUFFER, RR(1), 1u << 31, 0),
    ROW(ThreadDestroy, "no such thread", NO_OBJECT, 9999, 0),
    ROW(ThreadDestroy, "thread -2", NO_OBJECT, ~1ull, 0),
    ROW(ThreadDestroy, "thread beyond 32 bits", NO_OBJECT, 9999ull << 32 | 9999, 0),
    ROW(ThreadCtl, "command 0", INVALID, 0, 0),
    ROW(ThreadCtl, "command 99", INVALID, 99, 0),
    ROW(ThreadCtl, "command -1", INVALID, ~0ull, 0),
    ROW(ThreadCtl, "name", OK, THREADCTL_NAME, BUFFER),
    ROW(ThreadCtl, "name at an unmapped address", FAULT, THREADCTL_NAME, ADDRESS_UNMAPPED),
    ROW(ThreadCtl, "name at 0", FAULT, THREADCTL_NAME, 0),
    ROW(ThreadCtl, "name in the kernel", FAULT, THREADCTL_NAME, ADDRESS_KERNEL),
    ROW(ThreadCtl, "name that wraps", FAULT, THREADCTL_NAME, ADDRESS_WRAPS),
    ROW(ThreadCtl, "own tid", ABOVE_0, THREADCTL_SELF, 0),
    ROW(ThreadCtl, "run mask 0", INVALID, THREADCTL_RUNMASK, 0),
    ROW(ThreadCtl, "run mask of CPUs that are not there", E(KE_INVAL, KE_PERM), THREADCTL_RUNMASK, 1ull << 31),
    ROW(ThreadCtl, "run mask beyond 32 bits", E(KE_INVAL, KE_PERM), THREADCTL_RUNMASK, 1ull << 32),
    ROW(ThreadCtl, "control channel that is not there", NO_OBJECT, THREADCTL_CONTROL, 999),
    ROW(SchedPartition, "by one that may not", DENIED, PARTITION_JOIN, 1, 1, 0),
    ROW(SchedSet, "own priority as it is", OK, OWN, TID, PRIO, 0),
    ROW(SchedSet, "priority 0", INVALID, OWN, TID, RR(0), 0),
    ROW(SchedSet, "priority of the kernel", E(KE_INVAL, KE_PERM), OWN, TID, RR(255), 0),
    ROW(SchedSet, "policy 9", INVALID, OWN, TID, 1 | 9 << 8, 0),
    ROW(SchedSet, "no such thread", NO_OBJECT, OWN, 9999, PRIO, 0),
    ROW(SchedSet, "another process", DENIED, 0, 1, PRIO, 0),
    ROW(SchedSet, "slot beyond the last", E(KE_PERM, KE_SRCH, KE_INVAL), PROCESS_MAX, 1, PRIO, 0),
    ROW(SchedSet, "slot with high bits", E(KE_PERM, KE_SRCH, KE_INVAL), 1ull << 40, 1, PRIO, 0),
    ROW(SchedGet, "own", ABOVE_0, OWN, TID),
    ROW(SchedGet, "no such thread", NO_OBJECT, OWN, 9999),
    ROW(SchedGet, "thread -1", NO_OBJECT, OWN, ~0ull),
    ROW(SchedGet, "slot beyond the last", E(KE_PERM, KE_SRCH, KE_INVAL), PROCESS_MAX, 1),
    ROW(SchedYield, "", OK, 0),
    ROW(SyncWait, "the word differs", E(KE_AGAIN), WORD, 77, 0),
    ROW(SyncWait, "unaligned", E(KE_INVAL, KE_FAULT), ODD_WORD, 0, 0),
    ROW(SyncWait, "unmapped", FAULT, ADDRESS_UNMAPPED, 0, 0),
    ROW(SyncWait, "in the kernel", FAULT, ADDRESS_KERNEL, 0, 0),
    ROW(SyncWait, "beyond 39 bits", FAULT, ADDRESS_BEYOND, 0, 0),
    ROW(SyncWait, "last word of the address space", FAULT, ~3ull, 0, 0),
    ROW(SyncWait, "an owner that is gone: waits all the same", E(KE_TIMEDOUT), WORD, 0, 9999),
    ROW(SyncWake, "nobody waits", OK, WORD, 1),

    ROW(ChannelCreate, "unknown flag", INVALID, 1ull << 31),
    ROW(ChannelCreate, "flag beyond 32 bits", INVALID, 1ull << 32 | CHF_PRIVATE),
    ROW(ChannelCreate, "public without the ability", DENIED, 0),
    ROW(ChannelDestroy, "no such channel", NO_OBJECT, 999),
    ROW(ChannelDestroy, "channel -1", NO_OBJECT, ~0ull),
    ROW(ChannelDestroy, "channel with high bits", NO_OBJECT, ODD),
    ROW(ConnectAttach, "slot beyond the last", E(KE_PERM, KE_SRCH, KE_INVAL), PROCESS_MAX, 1, 0),
    ROW(ConnectAttach, "slot with high bits", E(KE_PERM, KE_SRCH, KE_INVAL), 1ull << 32, 1, 0),
    ROW(ConnectAttach, "no such channel", NO_OBJECT, SLOT, 999, 0),
    ROW(ConnectAttach, "channel with high bits", NO_OBJECT, SLOT, ODD, 0),
    ROW(ConnectAttach, "no such channel for events", NO_OBJECT, SLOT, CHID, 999),
    ROW(ConnectDetach, "no such connection", NO_OBJECT, 999),
    ROW(ConnectDetach, "connection -1", NO_OBJECT, ~0ull),
    ROW(ConnectDetach, "connection with high bits", NO_OBJECT, ODD),
    ROW(MsgSend, "no such connection", NO_OBJECT, 999, 4, BUFFER, BUFFER),
    ROW(MsgSend, "connection -1", NO_OBJECT, ~0ull, 4, BUFFER, BUFFER),
    ROW(MsgSend, "too long", E(KE_MSGSIZE, KE_INVAL), COID, MSG_MAX + 1, BUFFER, BUFFER),
    ROW(MsgSend, "reply too long", E(KE_MSGSIZE, KE_INVAL), COID, (MSG_MAX + 1ull) << 32, BUFFER, BUFFER),
    ROW(MsgReplyReceive, "no such channel", NO_OBJECT, 0, 0, 4ull << 32, 0, 0, 0, 0, 0, 0, 999, BUFFER),
    ROW(MsgReplyReceive, "channel 0", NO_OBJECT, 0, 0, 4ull << 32, 0, 0, 0, 0, 0, 0, 0, BUFFER),
    ROW(MsgReplyReceive, "rcvid 0", E(KE_SRCH, KE_BADF, KE_INVAL), 0, 0, 0, BUFFER),
    ROW(MsgReplyReceive, "rcvid that nobody has", E(KE_SRCH, KE_BADF, KE_INVAL), 0x10001, 0, 0, BUFFER),
    ROW(MsgReplyReceive, "own thread as rcvid", E(KE_SRCH, KE_BADF, KE_INVAL), TID, 0, 0, BUFFER),
    ROW(MsgReplyReceive, "rcvid -1", E(KE_SRCH, KE_BADF, KE_INVAL), ~0ull, 0, 0, BUFFER),
    ROW(MsgRead, "rcvid that nobody has", E(KE_SRCH, KE_BADF, KE_INVAL), 0x10001, BUFFER, 16, 0),
    ROW(MsgInfo, "rcvid that nobody has", E(KE_SRCH, KE_BADF, KE_INVAL), 0x10001),
    ROW(MsgSendPulse, "no such connection", NO_OBJECT, 999, ~0ull, 1, 0),
    ROW(MsgSendPulse, "code 128", INVALID, COID, ~0ull, 128, 0),
    ROW(MsgSendPulse, "code of the kernel", INVALID, COID, ~0ull, ~0ull, 0),
    ROW(MsgSendPulse, "priority of the kernel", E(KE_INVAL, KE_PERM), COID, 255, 1, 0),
    ROW(MsgSendPulse, "priority -2", E(KE_INVAL, KE_PERM), COID, ~1ull, 1, 0),
    ROW(MsgDeliverEvent, "no such connection", NO_OBJECT, 0x1234, ~0ull, 1, 0),
    ROW(MsgDeliverEvent, "connection -1", NO_OBJECT, ~0ull, ~0ull, 1, 0),

    ROW(ClockTime, "", ABOVE_0, 0),
    ROW(TimerCreate, "no such channel", NO_OBJECT, 999, 1, 1, 0),
    ROW(TimerCreate, "code 128", INVALID, CHID, 1, 128, 0),
    ROW(TimerCreate, "code -1", INVALID, CHID, 1, ~0ull, 0),
    ROW(TimerCreate, "priority of the kernel", E(KE_INVAL, KE_PERM), CHID, 255, 1, 0),
    ROW(TimerSettime, "no such timer", NO_OBJECT, 999, 0, 1, 0),
    ROW(TimerSettime, "timer -1", NO_OBJECT, ~0ull, 0, 1, 0),
    ROW(TimerSettime, "unknown flag", INVALID, TIMER, 1, 1000, 0),
    ROW(TimerSettime, "disarm", OK, TIMER, 0, 0, 0),
    ROW(TimerSettime, "the longest time", OK_OR_INVALID, TIMER, 0, ~0ull, 0),
    ROW(TimerSettime, "disarm again", OK, TIMER, 0, 0, 0),
    ROW(TimerTimeout, "unknown state", INVALID, 1u << 20, 1000),
    ROW(TimerTimeout, "flag beyond 32 bits", INVALID, 1ull << 33 | TIMEOUT_SEND, 1000),
    ROW(TimerTimeout, "nothing to time out", OK, 0, 0),

    ROW(InterruptAttachEvent, "SPI that was not granted", DENIED, 33, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "the kernel's timer", E(KE_PERM, KE_INVAL), 26, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "SGI", E(KE_PERM, KE_INVAL), 0, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "special INTID", E(KE_PERM, KE_INVAL), 1023, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "LPI", E(KE_PERM, KE_INVAL), 8192, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "INTID -1", E(KE_PERM, KE_INVAL), ~0ull, CHID, 1, 1, 0),
    ROW(InterruptAttachEvent, "no such channel", NO_OBJECT, 33, 0, 1, 1, 0),
    ROW(InterruptUnmask, "no such interrupt", NO_OBJECT, 999),
    ROW(InterruptUnmask, "interrupt -1", NO_OBJECT, ~0ull),
    ROW(InterruptInfo, "of others", DENIED, 33),

    ROW(MemMap, "unknown space", INVALID, 2, ADDRESS_FREE, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "guest space without one", E(KE_INVAL, KE_PERM), SPACE_GUEST, ADDRESS_FREE, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "unaligned address", INVALID, SPACE_SELF, ADDRESS_FREE + 8, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "unaligned offset", INVALID, SPACE_SELF, ADDRESS_FREE, RAM, 8, 4096, PROT_R),
    ROW(MemMap, "unaligned length", INVALID, SPACE_SELF, ADDRESS_FREE, RAM, 0, 4095, PROT_R),
    ROW(MemMap, "no bytes", INVALID, SPACE_SELF, ADDRESS_FREE, RAM, 0, 0, PROT_R),
    ROW(MemMap, "no such region", E(KE_INVAL, KE_SRCH, KE_BADF), SPACE_SELF, ADDRESS_FREE, REGION_MAX, 0, 4096, PROT_R),
    ROW(MemMap, "region -1", E(KE_INVAL, KE_SRCH, KE_BADF), SPACE_SELF, ADDRESS_FREE, ~0ull, 0, 4096, PROT_R),
    ROW(MemMap, "beyond the region", E(KE_INVAL, KE_RANGE), SPACE_SELF, ADDRESS_FREE, RAM, RAM_BYTES, 4096, PROT_R),
    ROW(MemMap, "longer than the region", E(KE_INVAL, KE_RANGE), SPACE_SELF, ADDRESS_FREE, RAM, 4096, RAM_BYTES,
	PROT_R),
    ROW(MemMap, "offset that wraps", E(KE_INVAL, KE_RANGE), SPACE_SELF, ADDRESS_FREE, RAM, ~0xfffull, 0x2000, PROT_R),
    ROW(MemMap, "length that wraps", E(KE_INVAL, KE_RANGE), SPACE_SELF, ADDRESS_FREE, RAM, 0x1000, ~0xfffull, PROT_R),
    ROW(MemMap, "beyond 39 bits", INVALID, SPACE_SELF, ADDRESS_BEYOND, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "across 39 bits", INVALID, SPACE_SELF, ADDRESS_BEYOND - 4096, RAM, 0, 8192, PROT_R),
    ROW(MemMap, "end of 64 bits", INVALID, SPACE_SELF, ~0xfffull, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "executable", E(KE_INVAL, KE_PERM), SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096, PROT_R | PROT_X),
    ROW(MemMap, "writable and executable", E(KE_INVAL, KE_PERM), SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096,
	PROT_R | PROT_W | PROT_X),
    ROW(MemMap, "unknown protection", INVALID, SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096, 1ull << 32 | PROT_R),
    ROW(MemMap, "no protection at all", INVALID, SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096, 0),
    ROW(MemMap, "where the program is", E(KE_EXIST), SPACE_SELF, TEXT_PAGE, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "code, executable", DENIED, SPACE_SELF, ADDRESS_FREE, CODE, 0, 4096, PROT_R | PROT_X),
    ROW(MemMap, "code, only executable", DENIED, SPACE_SELF, ADDRESS_FREE, CODE, 0, 4096, PROT_X),
    ROW(MemMap, "code, writable", DENIED, SPACE_SELF, ADDRESS_FREE, CODE, 0, 4096, PROT_R | PROT_W),
    ROW(MemMap, "code, writable and executable", DENIED, SPACE_SELF, ADDRESS_FREE, CODE, 0, 4096,
	PROT_R | PROT_W | PROT_X),
    ROW(MemProtect, "own code, writable", DENIED, SPACE_SELF, TEXT_PAGE, 4096, PROT_R | PROT_W),
    ROW(MemProtect, "own code, executable", DENIED, SPACE_SELF, TEXT_PAGE, 4096, PROT_R | PROT_X),
    ROW(MemProtect, "own data, executable", DENIED, SPACE_SELF, BUFFER, 4096, PROT_R | PROT_X),
    ROW(MemMap, "good", OK, SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096, PROT_R),
    ROW(MemMap, "twice", E(KE_EXIST), SPACE_SELF, ADDRESS_FREE, RAM, 0, 4096, PROT_R),
    ROW(MemProtect, "executable", E(KE_INVAL, KE_PERM), SPACE_SELF, ADDRESS_FREE, 4096, PROT_R | PROT_X),
    ROW(MemProtect, "unaligned", INVALID, SPACE_SELF, ADDRESS_FREE + 1, 4096, PROT_R),
    ROW(MemProtect, "unaligned length", INVALID, SPACE_SELF, ADDRESS_FREE, 4097, PROT_R),
    ROW(MemProtect, "across 39 bits", INVALID, SPACE_SELF, ADDRESS_BEYOND - 4096, 8192, PROT_R),
    ROW(MemProtect, "length that wraps", INVALID, SPACE_SELF, ADDRESS_FREE, ~0xfffull, PROT_R),
    ROW(MemProtect, "unknown space", INVALID, 7, ADDRESS_FREE, 4096, PROT_R),
    ROW(MemProtect, "more than it was mapped with", DENIED, SPACE_SELF, ADDRESS_FREE, 4096, PROT_R | PROT_W),
    ROW(MemProtect, "unknown protection", INVALID, SPACE_SELF, ADDRESS_FREE, 4096, 1ull << 32 | PROT_R),
    ROW(MemProtect, "good", OK, SPACE_SELF, ADDRESS_FREE, 4096, PROT_R),
    ROW(MemProtect, "unmapping: unaligned", INVALID, SPACE_SELF, ADDRESS_FREE + 1, 4096),
    ROW(MemProtect, "unmapping: no bytes", INVALID, SPACE_SELF, ADDRESS_FREE, 0),
    ROW(MemProtect, "unmapping: across 39 bits", INVALID, SPACE_SELF, ADDRESS_BEYOND - 4096, 8192),
    ROW(MemProtect, "unmapping: length that wraps", INVALID, SPACE_SELF, ADDRESS_FREE, ~0xfffull),
    ROW(MemProtect, "unmapping: unknown space", INVALID, ~0ull, ADDRESS_FREE, 4096),
    ROW(MemProtect, "unmapping: good", OK, SPACE_SELF, ADDRESS_FREE, 4096),
    ROW(SyncWait, "memory that was unmapped", FAULT, ADDRESS_FREE, 0, 0),
    ROW(MemInfo, "own RAM", ABOVE_0, RAM),
    ROW(MemInfo, "no such region", E(KE_INVAL, KE_SRCH, KE_BADF), REGION_MAX),
    ROW(MemInfo, "region -1", E(KE_INVAL, KE_SRCH, KE_BADF), ~0ull),

    ROW(ProcessCreate, "not procmgr", DENIED, 5, BUFFER),
    ROW(ProcessGrant, "not procmgr: the kernel's memory", DENIED, SLOT, GRANT_RAM, ADDRESS_KERNEL, 4096),
    ROW(ProcessMap, "not procmgr: executable", DENIED, SLOT, ADDRESS_FREE, RAM, 0, 4096, PROT_R | PROT_X),
    ROW(ProcessCopy, "not procmgr", DENIED, 0, 0, 0, BUFFER, 16),
    ROW(ProcessStart, "not procmgr", DENIED, 5, TEXT, BUFFER, 0, 0),
    ROW(ProcessStop, "not procmgr: procmgr", DENIED, 0),
    ROW(ProcessStop, "not procmgr: itself", DENIED, SLOT),
    ROW(ProcessDestroy, "not procmgr: procmgr", DENIED, 0),
    ROW(ProcessDestroy, "not procmgr: itself", DENIED, SLOT),
    ROW(ProcessZero, "not procmgr: itself", DENIED, SLOT),
    ROW(ProcessInfo, "not procmgr", DENIED, SLOT, BUFFER),
    ROW(ThreadInfo, "not procmgr", DENIED, SLOT, 1, BUFFER),
    ROW(ProcessSignal, "not procmgr", DENIED, 0, 100, 9),
    ROW(Seal, "", DENIED, 0),
    ROW(VcpuCreate, "not a VM manager", DENIED, 0, 0, 0),
    ROW(VcpuRun, "not a VM manager", DENIED, 1, ACT_RUN),
    ROW(VcpuGet, "not a VM manager", DENIED, 1, VREG_PC),
    ROW(VcpuSet, "not a VM manager", DENIED, 1, VREG_PC, 0),
    ROW(VcpuPrivate, "not a VM manager", DENIED, 1, VPRIV_ENABLE, 0, 0),
    ROW(VcpuLine, "not a VM manager", DENIED, 1, 32, 1, 0),
    ROW(VcpuInject, "not a VM manager", DENIED, 1, 32, 0),
    ROW(VcpuWithdraw, "not a VM manager", DENIED, 1, 32, 3),
    ROW(VcpuQuery, "not a VM manager", DENIED, 1, 32),
    ROW(VcpuKick, "not a VM manager", DENIED, 1),
    ROW(VcpuBind, "not a VM manager", DENIED, 1, 34, 34, 0),
    ROW(SystemCtl, "power off", DENIED, SYSTEM_OFF, 0),
    ROW(SystemCtl, "reset", DENIED, SYSTEM_RESET, 0),
    ROW(SystemLog, "nothing", OK, BUFFER, 0),
    ROW(SystemLog, "too long", E(KE_INVAL, KE_MSGSIZE), BUFFER, 257),
    ROW(SystemLog, "far too long", E(KE_INVAL, KE_MSGSIZE), BUFFER, ~0ull),
    ROW(SystemLog, "from the kernel", FAULT, ADDRESS_KERNEL, 16),
    ROW(SystemLog, "from an unmapped address", FAULT, ADDRESS_UNMAPPED, 16),
    ROW(SystemLog, "from beyond 48 bits", FAULT, 1ull << 48, 16),
    ROW(SystemLog, "range that wraps", FAULT, ADDRESS_WRAPS, 16),
    ROW(SystemInfo, "good", OK, BUFFER),
    ROW(SystemInfo, "into the kernel", FAULT, ADDRESS_KERNEL),
    ROW(SystemInfo, "into own code", FAULT, TEXT),
    ROW(SystemInfo, "to 0", FAULT, 0),
    ROW(SystemInfo, "to an unmapped address", FAULT, ADDRESS_UNMAPPED),
    ROW(SystemInfo, "range that wraps", FAULT, ADDRESS_WRAPS),
};

static uint64_t values[RUNTIME_COUNT];
static uint8_t buffer[4096] __attribute__((aligned(4096)));
static uint32_t word __attribute__((aligned(64)));

static void find_regions(void)
{
	unsigned codes = 0;

	for (unsigned i = 0; i < REGION_MAX; i++) {
		struct mem_info info;

		if (MemInfo_r(i, &info) < 0)
			continue;
		if (info.flags & REGION_RO) {
			int status = MemMap_r(SPACE_SELF, ADDRESS_FREE, i, 0, 4096, PROT_R | PROT_W);

			check_that(status == -KE_PERM || status == -KE_INVAL, "a read-only region mapped writable",
				   status);
		} else if (info.flags & REGION_RAM && info.bytes >= 8192) {
			values[RAM_] = i;
			values[RAM_BYTES_] = info.bytes;
		}
		if (info.flags & REGION_X) {
			values[CODE_] = i;
			codes++;
		}
	}
	check_equal("regions of code", codes, 1);
	check_that(values[RAM_BYTES_] != 0, "needs a region of RAM of 8 KiB", 0);
}

static void prepare(void)
{
	unsigned slot;

	values[BUFFER_] = (uint64_t)buffer;
	values[WORD_] = (uint64_t)&word;
	values[ODD_WORD_] = (uint64_t)&word + 1;
	values[TEXT_] = (uint64_t)parked_thread;
	values[TEXT_PAGE_] = values[TEXT_] & ~4095ull;
	values[TID_] = (uint64_t)ThreadSelf_r(&slot);
	values[SLOT_] = slot;
	values[CHID_] = (uint64_t)ChannelCreate_r(CHF_PRIVATE);
	values[COID_] = (uint64_t)ConnectAttach_r(slot, (int)values[CHID_], 0);
	values[TIMER_] = (uint64_t)TimerCreate_r((int)values[CHID_], 1, 1, 0);
	values[PRIO_] = (uint64_t)SchedGet_r(-1, (int)values[TID_], NULL);
	check_that((int64_t)values[CHID_] > 0, "ChannelCreate", (int64_t)values[CHID_]);
	check_that((int64_t)values[COID_] > 0, "ConnectAttach to itself", (int64_t)values[COID_]);
	check_that((int64_t)values[TIMER_] > 0, "TimerCreate", (int64_t)values[TIMER_]);
	find_regions();
}

static uint64_t resolve(uint64_t argument)
{
	uint64_t n = argument - RUNTIME(0);

	if (n < RUNTIME_COUNT)
		return values[n];
	return argument;
}

static bool expected(const struct expect *e, int64_t got)
{
	if (e->kind == POSITIVE)
		return got > 0;
	if (e->kind != ERRORS && got == 0)
		return true;
	for (unsigned i = 0; i < 3; i++) {
		if (e->errors[i] && got == -(int64_t)e->errors[i])
			return true;
	}
	return false;
}

static void run(const struct row *row)
{
	struct regs r = {0};
	int64_t got;

	/* A call that wrongly blocks then fails instead of stopping the test. */
	if (row->number == CALL_MsgSend || row->number == CALL_MsgReplyReceive || row->number == CALL_SyncWait)
		TimerTimeout_r(TIMEOUT_SEND | TIMEOUT_REPLY | TIMEOUT_RECEIVE | TIMEOUT_SYNC, 1000000);
	for (unsigned i = 0; i < 11; i++)
		r.x[i] = resolve(row->args[i]);
	got = call(row->number, &r);
	check_that(expected(&row->expect, got), row->name, got);
}

int main(void)
{
	prepare();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
	return check_report("kcalls");
}
