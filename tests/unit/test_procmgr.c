/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/seal.c servers/procmgr/start.c servers/procmgr/order.c servers/procmgr/end.c */
/* SOURCES: servers/procmgr/vm.c servers/procmgr/serve.c servers/procmgr/ask.c servers/procmgr/gate.c */
/* SOURCES: servers/procmgr/restart.c servers/procmgr/life.c servers/procmgr/worker.c servers/procmgr/names.c */
/* SOURCES: servers/procmgr/layout.c servers/procmgr/slots.c servers/procmgr/events.c servers/procmgr/system.c */
/* SOURCES: servers/procmgr/shutdown.c tests/unit/procmgr lib/sysconf lib/fdtgood.c lib/qvmconf lib/glob.c */
/* CFLAGS: -Wno-missing-field-initializers */
/* LIBS: fdt */
/*
 * procmgr's decisions, with a kernel of the test's own: it notes the calls, fails the one that the test names, and
 * hands out the messages of a script. When the script is over, or the system is switched off, the service loop is left.
 */
#include "procmgr/script.h"

struct boot_info boot_info;
const struct boot_info *const boot = &boot_info;

uint8_t program[0x3000], module[0x2000];

/* The two files' places in the archive. */
uint64_t boot_archive_pa(const void *data)
{
	return data == program ? PROGRAM_PA : data == module ? MODULE_PA : 0;
}

/* The log. */
char log_text[8192];
unsigned console_offs, console_ons, sloggers;
int64_t news_rcvid;

void log_line(enum slog_severity severity, const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list args;

	(void)severity;
	va_start(args, format);
	vsnprintf(log_text + used, sizeof(log_text) - used, format, args);
	va_end(args);
}

const char *log_failure(void)
{
	return "it ended";
}

void log_flush(void)
{
	k.flushes++;
}

void log_console(bool driver)
{
	console_offs += driver;
	console_ons += !driver;
}

void log_news(int64_t rcvid)
{
	news_rcvid = rcvid;
}

void log_slogger(uint32_t slot, uint32_t chid)
{
	(void)slot;
	(void)chid;
	sloggers++;
}

/* The kernel. */
struct noted k;

static void queue_pulse(int code, uint64_t value)
{
	assert_true(k.pulses < sizeof(k.pulse) / sizeof(k.pulse[0]));
	k.pulse[k.pulses++] = (struct pulse){.code = code, .value = value};
}

/* Threads: each worker runs where it is woken, until it waits for more. */
static void (*worker_entry)(void *);
static jmp_buf worker_waits;

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	const struct slot *slot = &slots[(uintptr_t)arg];

	assert_true(stack_bytes > PLAN_PAGE);
	assert_int_equal(priority, slot->sched.priority);
	assert_int_equal(runmask, slot->sched.runmask & 0xf);
	assert_string_equal(name, slot->name);
	worker_entry = entry;
	return 1;
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	assert_int_equal(*word, expected);
	assert_int_equal(timeout_ns, 0);
	longjmp(worker_waits, 1);
}

void run_workers(void)
{
	for (volatile uintptr_t i = 1; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY && setjmp(worker_waits) == 0)
			worker_entry((void *)i);
}

void word_wake(uint32_t *word, unsigned count)
{
	(void)word;
	assert_int_equal(count, 1);
	if (!k.workers_held)
		run_workers();
}

int ConnectAttach_r(unsigned slot, int chid, int event_chid)
{
	assert_int_equal(slot, 0);
	assert_int_equal(chid, PROCMGR_CHID);
	assert_int_equal(event_chid, 0);
	return 1;
}

int MsgSendPulse_r(int coid, int priority, int code, uint64_t value)
{
	assert_int_equal(coid, 1);
	assert_int_equal(priority, -1); /* the slot's, not procmgr's */
	queue_pulse(code, value);
	return 0;
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
		k.code[slot][k.codes[slot]++] = (struct boot_range){start, length};
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
	queue_pulse(PULSE_CODE_PROCESSDEATH, slot);
	return -EAGAIN;
}

int ProcessDestroy_r(unsigned slot)
{
	assert_int_not_equal(slot, 0);
	k.destroys++;
	k.state[slot] = PROCESS_DEFINED;
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

int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	(void)slot, (void)tid, (void)policy, (void)runmask;
	k.sched_priority = priority;
	k.scheds++;
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

uint64_t ClockTime(void)
{
	return k.now;
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
	if (k.pulses > 0) {
		memcpy(msg, &k.pulse[0], sizeof(k.pulse[0]));
		memmove(&k.pulse[0], &k.pulse[1], --k.pulses * sizeof(k.pulse[0]));
		return 0;
	}
	if (at == acts)
		longjmp(leave, 2);
	at++;
	info->slot = (uint8_t)act->slot;
	switch (act->what) {
	case SAY: info->bytes = (uint32_t)write_message(act, msg); return at;
	case WAIT:
		assert_int_not_equal(k.deadline, 0);
		k.now = k.deadline;
		return -ETIMEDOUT;
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

/* The system under test. */
static const struct sys_console consoles[2] = {{.name = "vm1"}, {.name = "a-console-of-twenty-8-letters"}};

static void make_slot(uint32_t number, enum slot_kind kind, const char *name)
{
	struct slot *slot = &slots[number];

	*slot = (struct slot){.kind = kind, .name = name, .program = name, .memory = MIB, .kernel_memory = MIB / 4};
	slot->sched = (struct sys_sched){10, 20, SCHED_RR_, 0xff};
	slot->argv[slot->argc++] = name;
	slot->argv[slot->argc++] = "-v";
	slot->file.data = program;
	slot->file.bytes = sizeof(program);
	slot->image = (struct elf_image){.entry = 0x10, .count = 2, .span = 0x5000, .copy_bytes = 0x2000};
	slot->image.code_offset = 0x1000;
	slot->image.code_bytes = 0x2000;
	slot->image.segment[0] = (struct elf_segment){0, 0x2000, 0, 0x1000, 0x1800, PROT_R | PROT_X};
	slot->image.segment[1] = (struct elf_segment){0x3000, 0x2000, 0x40, 0x2840, 0x10, PROT_R | PROT_W};
	slot->abilities = kind == SLOT_VM ? ABLE_VCPU : ABLE_PUBLIC;
	plan_add(&plan, number, PLAN_KERNEL_MEMORY, slot->kernel_memory, SYS_ANYWHERE);
	plan_add(&plan, number, PLAN_RAM, slot->memory, SYS_ANYWHERE);
	if (kind == SLOT_SERVER) {
		slot->server = &config.processes[number - 1];
		config.processes[number - 1].own.name = name;
		config.processes[number - 1].abilities = ABLE_PUBLIC;
	} else {
		slot->vm = &config.vms[number - VM1];
		slot->guest_bytes = 4 * MIB;
		slot->vcpus = 2;
		slot->consoles = consoles;
		slot->console_count = number == VM1 ? 2 : 0;
		plan_add(&plan, number, PLAN_GUEST_RAM, slot->guest_bytes, SYS_ANYWHERE);
	}
}

int make_system(void **state)
{
	struct plan_shortage shortage;

	(void)state;
	memset(&k, 0, sizeof(k));
	memset(&config, 0, sizeof(config));
	memset(&plan, 0, sizeof(plan));
	memset(slots, 0, sizeof(slots));
	memset(&order, 0, sizeof(order));
	memset(&shutdown_state, 0, sizeof(shutdown_state));
	memset(log_text, 0, sizeof(log_text));
	console_offs = console_ons = sloggers = 0;
	news_rcvid = 0;
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++)
		gate_forget(slot);
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++)
		names_forget(slot);
	boot_info = (struct boot_info){
	    .archive_bytes = 0x6123, .archive_pa = 0x48000000, .random = 1, .cpus = 4, .ram_count = 1};
	boot_info.ram[0] = (struct boot_range){0x50000000, 64 * MIB};
	config.process_count = 3;
	config.vm_count = 2;
	config.vms[0].autostart = true;
	slots[0] = (struct slot){.kind = SLOT_PROCMGR, .name = "procmgr", .running = true};
	make_slot(DISK, SLOT_SERVER, "disk");
	make_slot(SHELL, SLOT_SERVER, "shell");
	make_slot(LATE, SLOT_SERVER, "late");
	config.processes[DISK - 1].serves[config.processes[DISK - 1].serves_count++] = "console";
	config.processes[LATE - 1].serves[config.processes[LATE - 1].serves_count++] = "slogger";
	make_slot(VM1, SLOT_VM, "vm1");
	make_slot(VM2, SLOT_VM, "vm2");
	return plan_place(&plan, boot_info.ram, 1, &shortage) ? 0 : -1;
}

int make_sealed(void **state)
{
	int result = make_system(state);

	if (result == 0)
		result = seal();
	if (result == 0)
		result = workers_make();
	k.calls = 0;
	return result;
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
		serve();
	return result;
}
int settle(void)
{
	static const struct act nothing[1];

	return run(nothing, 0);
}

int go_on(void)
{
	order_go_on();
	return settle();
}

int main(void)
{
	return start_tests() + orders_tests() + ends_tests() + vms_tests() + workers_tests();
}
