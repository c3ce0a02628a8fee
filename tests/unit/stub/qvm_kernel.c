/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm_kernel.h"
#include "qvm/exits.h"
#include <bulkhead/sched_aps.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct stub_kernel k;

/* ---- virtual CPUs ---- */

int VcpuCreate_r(unsigned index, uint64_t affinity, unsigned flags)
{
	assert_int_equal(index, affinity);
	assert_int_equal(flags, k.vcpu_flags);
	return STUB_VCPU + (int)index;
}

int VcpuGet_r(int vcpu, unsigned vreg, uint64_t *value)
{
	*value = k.vreg[vcpu - STUB_VCPU][vreg];
	return 0;
}

int VcpuSet_r(int vcpu, unsigned vreg, uint64_t value)
{
	k.vreg[vcpu - STUB_VCPU][vreg] = value;
	k.resets[vcpu - STUB_VCPU] += vreg == VREG_RESET;
	return 0;
}

int VcpuKick_r(int vcpu)
{
	if (vcpu < STUB_VCPU)
		return -KE_BADF;
	k.kicks[vcpu - STUB_VCPU]++;
	return 0;
}

/* As the kernel has it of an exit whose syndrome is complete. */
static void describe_access(const struct vcpu_run *exit, uint64_t *vreg)
{
	vreg[VREG_EXIT_ESR] = 1u << 24 | (uint64_t)__builtin_ctzll(exit->x2 | 8) << 22 | 9u << 16 | 1u << 15 | 7 |
			      (exit->exit == EXIT_MMIO_WRITE ? 0x40 : 0);
	vreg[VREG_EXIT_FAR] = exit->x1;
}

/* The kernel masks the numbers, and register 31 is 0. */
static struct vcpu_run read_registers(const uint64_t *vreg, uint64_t numbers)
{
	uint64_t value[4];

	for (unsigned i = 0; i < 4; i++) {
		const unsigned reg = numbers >> 8 * i & 31;

		value[i] = reg == 31 ? 0 : vreg[reg];
	}
	return (struct vcpu_run){
	    .exit = k.script[k.entries - 1].exit, .x1 = value[0], .x2 = value[1], .x3 = value[2], .x4 = value[3]};
}

struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	assert_int_equal(k.locked, 0);
	if (action == ACT_READ)
		return read_registers(k.vreg[vcpu - STUB_VCPU], a2);
	assert_true(k.entries < sizeof(k.entry) / sizeof(k.entry[0]));
	k.entry[k.entries].vcpu = vcpu;
	k.entry[k.entries].action = action;
	memcpy(k.entry[k.entries].x, (const uint64_t[]){a2, a3, a4, a5}, sizeof(k.entry[0].x));
	k.entries++;
	if (k.entries > k.exits)
		return (struct vcpu_run){.exit = EXIT_HVC, .x2 = 0x84000008}; /* SYSTEM_OFF */
	if (k.script[k.entries - 1].exit <= EXIT_MMIO_WRITE)
		describe_access(&k.script[k.entries - 1], k.vreg[vcpu - STUB_VCPU]);
	return k.script[k.entries - 1];
}

int VcpuPrivate_r(int vcpu, unsigned vpriv, uint64_t value, uint64_t mask, uint64_t *now)
{
	(void)vcpu;
	(void)vpriv;
	*now = value & mask;
	return 0;
}

int VcpuLine_r(int vcpu, unsigned intid, unsigned level, unsigned priority)
{
	(void)vcpu;
	(void)priority;
	if (k.only_line)
		assert_int_equal(intid, k.only_line);
	k.line = intid;
	k.level = level;
	k.lines_raised += level;
	return 0;
}

int VcpuInject_r(int vcpu, unsigned intid, unsigned priority)
{
	(void)vcpu;
	(void)priority;
	k.injected = intid;
	return 0;
}

int VcpuWithdraw_r(int vcpu, unsigned intid, unsigned what)
{
	(void)vcpu;
	(void)intid;
	(void)what;
	return 0;
}

int VcpuQuery_r(int vcpu, unsigned intid)
{
	(void)vcpu;
	(void)intid;
	return 0;
}

int VcpuBind_r(int vcpu, unsigned host, unsigned intid, unsigned priority, unsigned flags)
{
	(void)vcpu;
	(void)host;
	(void)intid;
	(void)priority;
	(void)flags;
	return 0;
}

/* ---- memory ---- */

int MemInfo_r(unsigned region, struct mem_info *info)
{
	assert_int_equal(region, 1);
	info->bytes = k.region_bytes;
	return 0;
}

int MemMap_r(unsigned space, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	(void)offset;
	(void)bytes;
	assert_int_equal(region, 1);
	if (space == SPACE_SELF) {
		assert_int_equal(address, (uint64_t)(uintptr_t)k.window);
		assert_int_equal(prot, PROT_R | PROT_W);
		return 0;
	}
	assert_true(k.guest_maps < sizeof(k.map_ipa) / sizeof(k.map_ipa[0]));
	k.map_ipa[k.guest_maps] = address;
	k.map_prot[k.guest_maps++] = prot;
	return 0;
}

/* ---- threads, locks, time ---- */

const struct start_args *process_args(void)
{
	static const struct start_args args = {.slot = STUB_SLOT, .procmgr_coid = STUB_PROCMGR};

	return &args;
}

int SchedCtl_r(int command, void *data, size_t length)
{
	struct sched_aps_lookup_parms *lookup = data;
	struct sched_aps_join_parms *join = data;

	if (command == SCHED_APS_LOOKUP) {
		assert_int_equal(length, sizeof(*lookup));
		lookup->id = STUB_PARTITION + (strcmp(lookup->name, "locked") == 0);
		return strcmp(lookup->name, "nobody") == 0 ? -ESRCH : 0;
	}
	assert_int_equal(command, SCHED_APS_JOIN_PARTITION);
	assert_int_equal(length, sizeof(*join));
	assert_int_equal(join->pid, 0);
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		if (vm.vcpu[i].tid == (int)join->tid)
			k.partition_of[i] = join->id;
	}
	return join->id == STUB_PARTITION ? 0 : -EPERM;
}

int thread_self(void)
{
	return 1;
}

int thread_name(const char *name)
{
	assert_non_null(name);
	return 0;
}

_Noreturn void thread_exit(void)
{
	k.status = ~0ull;
	longjmp(core.end, STUB_THREAD_ENDED);
}

int ThreadDestroy_r(int tid, uint64_t status)
{
	assert_int_equal(tid, -1);
	k.status = status;
	longjmp(core.end, STUB_PROCESS_ENDED);
}

int SchedGet_r(int slot, int tid, uint32_t *runmask)
{
	(void)slot;
	(void)tid;
	(void)runmask;
	return 10 | SCHED_RR_ << 8;
}

int SchedYield_r(void)
{
	return 0;
}

void mutex_init(struct mutex *m)
{
	m->word = STUB_MUTEX;
}

void mutex_lock(struct mutex *m)
{
	(void)m;
	assert_true(k.locks_nest || k.locked == 0);
	k.locked++;
}

void mutex_unlock(struct mutex *m)
{
	(void)m;
	assert_true(k.locked > 0);
	k.locked--;
}

void word_wake(uint32_t *word, unsigned count)
{
	assert_int_equal(count, word == &vm.paused ? VCPU_MAX : 1);
}

/* ---- messages, pulses, timers ---- */

int ChannelCreate_r(unsigned flags)
{
	if (core.chid == 0)
		return -ENOMEM;
	assert_int_equal(flags, CHF_PRIVATE);
	return core.chid;
}

int ConnectDetach_r(int coid)
{
	(void)coid;
	return 0;
}

int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	assert_int_equal(coid, STUB_PROCMGR);
	assert_int_equal(k.locked, 0);
	assert_null(rmsg);
	assert_int_equal(rbytes, 0);
	assert_true(sbytes <= sizeof(k.sent));
	memcpy(&k.sent, smsg, sbytes);
	k.sent_bytes = sbytes;
	return 0;
}

int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	(void)info;
	if (core.chid == 0)
		return -EBADF;
	assert_int_equal(chid, core.chid);
	assert_int_equal(bytes, sizeof(struct pulse));
	if (!stub_take_pulse(msg))
		longjmp(core.end, STUB_PULSE_WAITS);
	return 0;
}

int TimerCreate_r(int chid, unsigned priority, int code, uint64_t value)
{
	(void)value;
	if (core.chid == 0)
		return -ENOMEM;
	assert_int_equal(chid, core.chid);
	assert_int_equal(priority, STUB_PRIORITY);
	assert_int_equal(code, 64);
	k.timers++;
	return STUB_TIMER;
}

int TimerSettime_r(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns)
{
	(void)interval_ns;
	if (core.chid == 0)
		return -EBADF;
	assert_int_equal(timer, STUB_TIMER);
	assert_int_equal(flags, TIMER_ABSTIME);
	k.settime = ns;
	return 0;
}

/* ---- procmgr, log, console ---- */

int pm_request(uint32_t type, const char *name, uint32_t index, uint32_t value, void *reply, size_t reply_bytes)
{
	assert_int_equal(type, PM_VM_INFO);
	assert_string_equal(name, "test");
	assert_true(index == 0 && value == 0);
	assert_int_equal(reply_bytes, sizeof(struct pm_vm));
	((struct pm_vm *)reply)->state = k.state;
	return 0;
}

int pm_note(const char *text)
{
	assert_true(text[0] != '\0');
	snprintf(k.note, sizeof(k.note), "%s", text);
	k.notes++;
	return 0;
}

int slog_write(enum slog_severity severity, const char *text, size_t bytes)
{
	(void)severity;
	assert_int_equal(text[bytes], '\0');
	k.slogged++;
	return 0;
}

int slogf(enum slog_severity severity, const char *format, ...)
{
	const size_t used = strlen(k.log);
	va_list args;

	(void)severity;
	assert_true(k.locks_nest || k.locked == 0); /* the logger may make us wait */
	va_start(args, format);
	vsnprintf(k.log + used, sizeof(k.log) - used, format, args);
	va_end(args);
	strncat(k.log, "\n", sizeof(k.log) - strlen(k.log) - 1);
	return 0;
}

int console_open(struct console *console, const char *name, unsigned flags)
{
	assert_string_equal(name, "guest");
	assert_int_equal(flags, PM_WAIT);
	console->id = 1;
	return 0;
}

int console_write(const struct console *console, const void *data, size_t bytes)
{
	assert_int_equal(console->id, 1);
	assert_int_equal(k.locked, 0);
	if (k.refusals > 0) {
		k.refusals--;
		return -ESRCH;
	}
	assert_true(k.console_bytes + bytes <= sizeof(k.console));
	k.messages++;
	memcpy(k.console + k.console_bytes, data, bytes);
	k.console_bytes += bytes;
	return (int)bytes;
}

int console_read(const struct console *console, void *data, size_t bytes)
{
	(void)console;
	if (!k.typed)
		longjmp(core.end, STUB_INPUT_WAITS);
	assert_true(strlen(k.typed) <= bytes);
	memcpy(data, k.typed, bytes = strlen(k.typed));
	k.typed = NULL;
	return (int)bytes;
}
