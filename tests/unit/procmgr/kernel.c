/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest of the kernel below procmgr: it notes the calls, fails the one that the test names, and hands out the
 * messages of a script. When the script is over, or the system is switched off, the service loop is left.
 */
#include "script.h"
#include "servers/procmgr/progress.h"

struct noted k;

/*
 * Each worker runs where it is woken, until it waits for more; its helpers, which were made after it, when it waits.
 * The first thread with a slot's number is its worker.
 */
void run_workers(void)
{
	static bool running;
	volatile uint64_t seen = 0;

	if (running)
		return;
	running = true;
	for (volatile unsigned i = 0; i < core.threads; i++) {
		const struct stub_thread *worker = &core.thread[i];
		const unsigned number = (unsigned)(uintptr_t)worker->arg;
		const struct slot *slot = &slots[number];

		assert_true(worker->stack_bytes > PLAN_PAGE || seen & 1ull << number);
		assert_int_equal(worker->priority, slot->sched.priority);
		assert_int_equal(worker->runmask, slot->sched.runmask & 0xf);
		assert_string_equal(worker->name, slot_owner(slot)->name);
		seen |= 1ull << number;
		if (setjmp(core.end) == 0)
			worker->entry(worker->arg);
	}
	running = false;
}

void word_wake(uint32_t *word, unsigned count)
{
	(void)word;
	assert_in_range(count, 1, 3);
	if (!k.workers_held)
		run_workers();
}

static jmp_buf leave;

static int step(int result)
{
	return ++k.calls == k.fail_at ? -ENOMEM : result;
}

int ProcessCreate_r(unsigned slot, const struct process_params *params)
{
	assert_int_equal(k.sealed, params == NULL);
	if (k.state[slot] != (k.sealed ? PROCESS_DEFINED : PROCESS_FREE))
		return -EBUSY;
	if (step(0) < 0)
		return -ENOMEM;
	if (k.sealed) {
		k.state[slot] = PROCESS_NEW;
		k.creates++;
	} else {
		k.state[slot] = PROCESS_DEFINED;
		k.params[slot] = *params;
	}
	return 0;
}

int Seal_r(void)
{
	if (step(0) < 0)
		return -ENOMEM;
	k.sealed = true;
	return 0;
}

int ProcessGrant_r(unsigned slot, enum grant what, uint64_t start, uint64_t length)
{
	assert_int_equal(k.state[slot], PROCESS_DEFINED);
	assert_false(k.sealed);
	if (what == GRANT_IRQ) {
		k.interrupts[slot] += (int)length;
		return step(0);
	}
	assert_int_equal(start % PLAN_PAGE, 0);
	assert_int_equal(length % PLAN_PAGE, 0);
	if (what == GRANT_CODE)
		k.code[slot][k.codes[slot]++] = (struct range){start, length};
	return step(k.regions[slot]++);
}

int ProcessMap_r(unsigned slot, uint64_t address, unsigned region, uint64_t offset, uint64_t bytes, unsigned prot)
{
	assert_int_equal(k.state[slot], PROCESS_NEW);
	assert_true((int)region < k.regions[slot]);
	assert_true((address | offset | bytes) % PLAN_PAGE == 0 && bytes != 0);
	assert_true((prot & (PROT_W | PROT_X)) != (PROT_W | PROT_X));
	assert_true(k.maps < 64);
	k.map[k.maps++] = (struct mapping){slot, region, prot, address, offset, bytes};
	return step(0);
}

int ProcessCopy_r(unsigned slot, unsigned region, uint64_t offset, const void *from, uint64_t bytes)
{
	assert_int_equal(k.state[slot], PROCESS_NEW);
	assert_int_equal(region, REGION_OWN);
	assert_true(offset + bytes <= slots[slot].memory);
	if (bytes > sizeof(k.args)) {
		memcpy(&k.args, from, sizeof(k.args));
		memcpy(k.strings, (const char *)from + sizeof(k.args), sizeof(k.strings));
	}
	return step(0);
}

int ProcessStart_r(unsigned slot, uint64_t entry, uint64_t stack_top, uint64_t arg, uint64_t tls)
{
	assert_int_equal(tls, 0);
	assert_int_equal(stack_top, arg);
	if (step(0) < 0)
		return -ENOMEM;
	k.entry = entry;
	k.stack = stack_top;
	k.state[slot] = PROCESS_RUNNING;
	return 1;
}

/* Its threads end at once; procmgr is told by a pulse, after what it is doing. */
int ProcessStop_r(unsigned slot)
{
	assert_int_not_equal(slot, 0);
	if (k.state[slot] <= PROCESS_DEFINED)
		return -ESRCH;
	if (k.state[slot] != PROCESS_RUNNING)
		return 0;
	k.state[slot] = PROCESS_DEAD;
	k.info[slot].end_cause = END_KILLED;
	stub_add_pulse(PULSE_CODE_PROCESSDEATH, slot);
	return -EAGAIN;
}

int ProcessDestroy_r(unsigned slot)
{
	assert_int_not_equal(slot, 0);
	k.destroys++;
	k.state[slot] = PROCESS_DEFINED;
	return 0;
}

/* By the worker, and by helpers, which may come too late. */
int ProcessZero_r(unsigned slot)
{
	k.zeroes[slot] += k.state[slot] == PROCESS_DEFINED;
	return 0;
}

int ProcessInfo_r(unsigned slot, struct process_info *info)
{
	if (k.state[slot] == PROCESS_FREE)
		return -ESRCH;
	*info = k.info[slot];
	info->state = k.state[slot];
	return 0;
}

int InterruptInfo_r(unsigned intid)
{
	return intid == 40 ? 33 : -ESRCH;
}

int SchedPartition_r(enum partition_command command, uint64_t subject, uint64_t value, uint64_t more)
{
	uint32_t all = 0;

	if (command != PARTITION_STATS && step(0) < 0)
		return -ENOMEM;
	switch (command) {
	case PARTITION_PARAMS:
		k.window_ms = (uint32_t)subject;
		k.shared_cpus = (uint32_t)value;
		k.partition_policy = (uint32_t)more;
		break;
	case PARTITION_BUDGET:
		assert_true(subject < PARTITION_MAX && value >> 32 == 0 && more <= SYS_CRITICAL_MOST_US);
		k.budget[subject] = value & 0xffff;
		k.max[subject] = (uint32_t)value >> 16;
		k.critical_us[subject] = (uint32_t)more;
		assert_true(k.budget[subject] <= k.max[subject] && k.max[subject] <= PARTITION_PERCENT);
		for (unsigned i = 0; i < PARTITION_MAX; i++)
			all += k.budget[i];
		assert_true(all <= PARTITION_PERCENT); /* never, not even between two calls */
		break;
	case PARTITION_JOIN:
		if (value == 0)
			k.params[subject].partition = (uint32_t)more;
		else
			k.joined[value] = (uint32_t)more;
		break;
	default: *(struct partition_stats *)more = (struct partition_stats){1000 + subject, 2, 100 + subject, 1}; break;
	}
	return 0;
}

int ThreadInfo_r(unsigned slot, int tid, struct thread_info *info)
{
	if (k.state[slot] <= PROCESS_DEFINED || tid > (int)k.thread.tid)
		return -ESRCH;
	*info = k.thread;
	return (int)k.thread.tid;
}

int ProcessSignal_r(unsigned slot, int code, uint64_t value)
{
	assert_int_equal(code, CONTROL_SIGNAL);
	k.signalled[slot] = (unsigned)value;
	return 0;
}

int SystemInfo_r(struct system_info *info)
{
	memset(info, 0, sizeof(*info));
	info->cpus = 4;
	return 0;
}

int SystemCtl_r(enum systemctl command, uint64_t value)
{
	if (command == SYSTEM_SHUTDOWN) {
		k.shutdowns++;
		return 0;
	}
	assert_true(k.flushes > 0);
	k.system = (int)command;
	if (command == SYSTEM_SAFE_STATE && value != 0)
		memcpy(k.last_words, (const void *)value, SAFE_TEXT_BYTES);
	longjmp(leave, 1);
}

int TimerTimeout_r(unsigned flags, uint64_t ns)
{
	assert_int_equal(flags, TIMEOUT_RECEIVE | TIMER_ABSTIME);
	k.deadline = ns;
	return 0;
}

static const struct act *script;
static unsigned acts;
unsigned at;
int64_t answer[ACTS_MAX + 1];
struct pm_name name_reply;
struct pm_vm vm_reply;
struct pm_irq irq_replies[4];

static size_t write_message(const struct act *act, void *to)
{
	union {
		struct pm_name name;
		struct pm_target target;
		struct pm_sched sched;
		struct pm_note note;
		struct pm_aps aps;
	} m = {0};
	size_t bytes = sizeof(m.target);

	m.target.type = act->type;
	if (act->type == PM_NAME_ATTACH || act->type == PM_NAME_OPEN) {
		m.name.chid = act->value;
		m.name.flags = act->index;
		snprintf(m.name.name, sizeof(m.name.name), "%s", act->name);
		bytes = sizeof(m.name);
	} else if (act->type == PM_SCHED) {
		m.sched = (struct pm_sched){PM_SCHED, act->index, 2, act->value, 0, 0};
		bytes = sizeof(m.sched);
	} else if (act->type == PM_APS) {
		m.aps = (struct pm_aps){.type = PM_APS, .command = act->index, .id = (int32_t)act->value};
		bytes = sizeof(m.aps);
	} else if (act->type == PM_VM_NOTE) {
		snprintf(m.note.text, sizeof(m.note.text), "%s", act->name);
		bytes = sizeof(m.note);
	} else {
		m.target.index = act->index;
		m.target.value = act->value;
		if (act->name)
			snprintf(m.target.name, sizeof(m.target.name), "%s", act->name);
	}
	memcpy(to, &m, sizeof(m));
	return act->bytes != 0 ? act->bytes : bytes;
}

int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	const struct act *act = &script[at];
	struct pulse pulse = {0};

	assert_int_equal(chid, PROCMGR_CHID);
	assert_true(bytes >= sizeof(struct pm_target));
	memset(info, 0, sizeof(*info));
	if (stub_take_pulse(msg))
		return 0;
	if (at == acts)
		longjmp(leave, 2);
	at++;
	info->slot = (uint8_t)act->slot;
	info->tid = 1;
	switch (act->what) {
	case SAY: info->bytes = (uint32_t)write_message(act, msg); return at;
	case WAIT:
		assert_int_not_equal(k.deadline, 0);
		at -= k.deadline == progress_deadline();
		/* fall through */
	case TICK: core.now = k.deadline; return -ETIMEDOUT;
	case WORK: run_workers(); return -ETIMEDOUT;
	case DIE:
		k.state[act->slot] = PROCESS_DEAD;
		k.info[act->slot].end_cause = act->type;
		k.info[act->slot].end_status = act->status;
		pulse.code = PULSE_CODE_PROCESSDEATH;
		pulse.value = act->slot;
		break;
	default:
		pulse.code = (int32_t)act->type;
		pulse.value = act->status;
		break;
	}
	memcpy(msg, &pulse, sizeof(pulse));
	return 0;
}

int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	assert_true(rcvid > 0 && rcvid <= ACTS_MAX);
	assert_int_equal(answer[rcvid], NOT_ANSWERED);
	answer[rcvid] = status;
	if (bytes == sizeof(vm_reply) && script[rcvid - 1].type == PM_VM_INFO)
		memcpy(&vm_reply, msg, bytes);
	if (bytes == sizeof(irq_replies[0]) && script[rcvid - 1].type == PM_IRQ_INFO)
		memcpy(&irq_replies[script[rcvid - 1].index], msg, bytes);
	if (bytes == sizeof(name_reply) && script[rcvid - 1].type == PM_NAME_OPEN)
		memcpy(&name_reply, msg, bytes);
	return 0;
}

int MsgRead_r(int64_t rcvid, void *buffer, size_t bytes, size_t offset)
{
	assert_int_equal(script[rcvid - 1].type, PM_ANSWER);
	assert_int_equal(offset, sizeof(struct pm_answer));
	memset(buffer, 'j', bytes);
	return (int)bytes;
}

int MsgError_r(int64_t rcvid, int error)
{
	return MsgReply_r(rcvid, -error, NULL, 0);
}

int run(const struct act *with, unsigned count)
{
	volatile int result;

	script = with;
	acts = count;
	at = 0;
	for (unsigned i = 0; i <= ACTS_MAX; i++)
		answer[i] = NOT_ANSWERED;
	result = setjmp(leave);
	if (result == 0)
		serve_messages();
	return result;
}

int run_to_rest(void)
{
	static const struct act nothing[1];

	return run(nothing, 0);
}
