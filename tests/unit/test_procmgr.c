/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: procmgr/seal.c procmgr/start.c procmgr/order.c procmgr/end.c procmgr/vm.c procmgr/serve.c */
/* SOURCES: procmgr/vmenv.c procmgr/gate.c procmgr/restart.c */
/* SOURCES: procmgr/names.c lib/sysconf/plan.c procmgr/layout.c */
/* CFLAGS: -Wno-missing-field-initializers */
/*
 * procmgr's decisions, with a kernel of the test's own: it notes the calls, fails the one that the test names, and
 * hands out the messages of a script. When the script is over, or the system is switched off, the service loop is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bulkhead/kernel.h>
#include <bulkhead/process.h>

#include "procmgr/layout.h"
#include "procmgr/names.h"
#include "procmgr/procmgr.h"
#include "procmgr/start.h"

/* What setup() would have made: two servers, the operator's shell and two virtual machines. */
enum { DISK = 1, SHELL, LATE, VM1, VM2 };
#define MIB 0x100000ull

struct slot slots[PROCESS_MAX];
struct sys_config config;
struct plan plan;
static struct boot_info boot_info;
const struct boot_info *const boot = &boot_info;

static uint8_t program[0x3000], module[0x2000];

uint32_t slot_of_server(unsigned index)
{
	return 1 + index;
}

uint32_t slot_of_vm(unsigned index)
{
	return 1 + config.process_count + index;
}

int slot_by_name(const char *name)
{
	for (int i = 0; i < PROCESS_MAX; i++)
		if (slots[i].kind != SLOT_EMPTY && strcmp(slots[i].name, name) == 0)
			return i;
	return -1;
}

bool text_ok(const char *text, size_t bytes)
{
	return text[0] != '\0' && strnlen(text, bytes) < bytes;
}

/* The two files' places in the archive. */
#define PROGRAM_PA 0x48001000ull
#define MODULE_PA  0x48004000ull

uint64_t archive_pa_of(const void *data)
{
	return data == program ? PROGRAM_PA : data == module ? MODULE_PA : 0;
}

/* The log. */
static char log_text[8192];
static unsigned console_offs, console_ons, sloggers;
static int64_t news_rcvid;

void log_line(enum slog_severity severity, const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list args;

	(void)severity;
	va_start(args, format);
	vsnprintf(log_text + used, sizeof log_text - used, format, args);
	va_end(args);
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
struct mapping {
	unsigned slot, region, prot;
	uint64_t address, offset, bytes;
};

static struct {
	uint64_t now, deadline;
	unsigned calls, fail_at; /* the fail_at-th call of the process group fails; 0: none */
	bool sealed;
	enum process_state state[PROCESS_MAX];
	struct process_params params[PROCESS_MAX];
	int regions[PROCESS_MAX], interrupts[PROCESS_MAX];
	struct mapping map[64];
	unsigned maps;
	struct boot_range code[PROCESS_MAX][1 + MODULE_MAX];
	unsigned codes[PROCESS_MAX];
	uint64_t entry, stack;
	struct start_args args;
	char strings[2048];
	unsigned creates, destroys;
	struct process_info info[PROCESS_MAX];
	unsigned signalled[PROCESS_MAX];
	struct thread_info thread;
	unsigned sched_priority, scheds;
	int system;
} k;

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
	if (bytes > sizeof k.args) {
		memcpy(&k.args, from, sizeof k.args);
		memcpy(k.strings, (const char *)from + sizeof k.args, sizeof k.strings);
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

int ProcessDestroy_r(unsigned slot)
{
	assert_int_not_equal(slot, 0);
	k.destroys++;
	k.state[slot] = PROCESS_DEFINED;
	return 0;
}

int ProcessInfo_r(unsigned slot, struct process_info *info)
{
	if (k.state[slot] <= PROCESS_DEFINED)
		return -ESRCH;
	*info = k.info[slot];
	info->state = k.state[slot];
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

int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	(void)slot, (void)tid, (void)policy, (void)runmask;
	k.sched_priority = priority;
	k.scheds++;
	return 0;
}

int SystemInfo_r(struct system_info *info)
{
	memset(info, 0, sizeof *info);
	info->cpus = 4;
	return 0;
}

int SystemCtl_r(enum systemctl command, uint64_t value)
{
	(void)value;
	k.system = (int)command;
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

/* The script: messages and pulses in turn; the answers are noted by rcvid, which is the step's number plus 1. */
enum { SAY = 1, PULSE, DIE, WAIT };
struct act {
	int what;
	unsigned slot; /* who says it */
	uint32_t type; /* SAY, or the pulse's code */
	const char *name;
	uint32_t index, value; /* pm_target; for names value is the chid */
	uint64_t status;       /* DIE: end status; PULSE: value */
	size_t bytes;          /* 0: the right size */
};

#define ACTS_MAX     32
#define NOT_ANSWERED 12345
static const struct act *script;
static unsigned acts, at;
static int64_t answer[ACTS_MAX + 1];
static struct pm_name name_reply;
static struct pm_vm vm_reply;

static size_t write_message(const struct act *act, void *to)
{
	union {
		struct pm_name name;
		struct pm_target target;
		struct pm_sched sched;
		struct pm_note note;
	} m = {0};
	size_t bytes = sizeof m.target;

	m.target.type = act->type;
	if (act->type == PM_NAME_ATTACH || act->type == PM_NAME_OPEN) {
		m.name.chid = act->value;
		m.name.flags = act->index;
		snprintf(m.name.name, sizeof m.name.name, "%s", act->name);
		bytes = sizeof m.name;
	} else if (act->type == PM_SCHED) {
		m.sched = (struct pm_sched){PM_SCHED, act->index, 2, act->value, 0, 0};
		bytes = sizeof m.sched;
	} else if (act->type == PM_VM_NOTE) {
		snprintf(m.note.text, sizeof m.note.text, "%s", act->name);
		bytes = sizeof m.note;
	} else {
		m.target.index = act->index;
		m.target.value = act->value;
		if (act->name != NULL)
			snprintf(m.target.name, sizeof m.target.name, "%s", act->name);
	}
	memcpy(to, &m, sizeof m);
	return act->bytes != 0 ? act->bytes : bytes;
}

int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	const struct act *act = &script[at];
	struct pulse pulse = {0};

	assert_int_equal(chid, PROCMGR_CHID);
	assert_true(bytes >= sizeof(struct pm_target));
	if (at == acts)
		longjmp(leave, 2);
	at++;
	memset(info, 0, sizeof *info);
	info->slot = (uint8_t)act->slot;
	switch (act->what) {
	case SAY: info->bytes = (uint32_t)write_message(act, msg); return at;
	case WAIT:
		assert_int_not_equal(k.deadline, 0);
		k.now = k.deadline;
		return -ETIMEDOUT;
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
	memcpy(msg, &pulse, sizeof pulse);
	return 0;
}

int MsgReply_r(int64_t rcvid, int64_t status, const void *msg, size_t bytes)
{
	assert_true(rcvid > 0 && rcvid <= ACTS_MAX);
	assert_int_equal(answer[rcvid], NOT_ANSWERED);
	answer[rcvid] = status;
	if (bytes == sizeof vm_reply && script[rcvid - 1].type == PM_VM_INFO)
		memcpy(&vm_reply, msg, bytes);
	if (bytes == sizeof name_reply && script[rcvid - 1].type == PM_NAME_OPEN)
		memcpy(&name_reply, msg, bytes);
	return 0;
}

int MsgRead_r(int64_t rcvid, void *buffer, size_t bytes, size_t offset)
{
	assert_int_equal(script[rcvid - 1].type, PM_ENV_TEXT);
	assert_int_equal(offset, sizeof(struct pm_env));
	memset(buffer, 'j', bytes);
	return (int)bytes;
}

int MsgError_r(int64_t rcvid, int error)
{
	return MsgReply_r(rcvid, -error, NULL, 0);
}

/* The system under test. */
static void make_slot(uint32_t number, enum slot_kind kind, const char *name)
{
	struct slot *slot = &slots[number];

	*slot = (struct slot){.kind = kind, .name = name, .program = name, .memory = MIB, .kernel_memory = MIB / 4};
	slot->sched = (struct sys_sched){10, 20, SCHED_RR_, 0xff};
	slot->argv[slot->argc++] = name;
	slot->argv[slot->argc++] = "-v";
	slot->file.data = program;
	slot->file.bytes = sizeof program;
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
	} else {
		slot->vm = &config.vms[number - VM1];
		slot->guest_bytes = 4 * MIB;
		slot->vcpus = 2;
		plan_add(&plan, number, PLAN_GUEST_RAM, slot->guest_bytes, SYS_ANYWHERE);
	}
}

static int make_system(void **state)
{
	struct plan_shortage shortage;

	(void)state;
	memset(&k, 0, sizeof k);
	memset(&config, 0, sizeof config);
	memset(&plan, 0, sizeof plan);
	memset(slots, 0, sizeof slots);
	memset(&order, 0, sizeof order);
	memset(&shutdown_state, 0, sizeof shutdown_state);
	memset(log_text, 0, sizeof log_text);
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
	make_slot(VM1, SLOT_VM, "vm1");
	make_slot(VM2, SLOT_VM, "vm2");
	return plan_place(&plan, boot_info.ram, 1, &shortage) ? 0 : -1;
}

static int make_sealed(void **state)
{
	int result = make_system(state);

	if (result == 0)
		result = seal();
	k.calls = 0;
	return result;
}

static int run(const struct act *with, unsigned count)
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
#define RUN(script_) run(script_, sizeof(script_) / sizeof((script_)[0]))

static void servers_start_in_order(void **state)
{
	static const struct act early[] = {{SAY, SHELL, PM_READY, 0}};
	static const struct act ready[] = {{SAY, DISK, PM_READY, 0}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	order_go_on();
	assert_int_equal(k.state[DISK], PROCESS_RUNNING);
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
	RUN(early); /* not the one that is awaited */
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
	RUN(ready);
	assert_int_equal(answer[1], 0);
	assert_int_equal(k.state[SHELL], PROCESS_RUNNING);
	assert_int_equal(k.state[LATE], PROCESS_RUNNING);
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
	assert_int_equal(k.state[VM2], PROCESS_DEFINED); /* no autostart */
	assert_non_null(strstr(log_text, "system started"));
}

static void a_server_that_never_gets_ready_holds_up_nobody(void **state)
{
	static const struct act acts_[] = {{WAIT, 0, 0, 0}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	order_go_on();
	RUN(acts_);
	assert_int_equal(k.now, 10000000000);
	assert_non_null(strstr(log_text, "disk is not ready"));
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
}

static void a_server_that_dies_while_awaited_holds_up_nobody(void **state)
{
	static const struct act acts_[] = {{DIE, DISK, END_FAULT, 0, .status = 0x92000046}};

	(void)state;
	config.processes[DISK - 1].ready = true;
	order_go_on();
	RUN(acts_);
	assert_non_null(strstr(log_text, "disk ended: fault, syndrome 92000046"));
	assert_int_equal(k.state[DISK], PROCESS_DEFINED);
	assert_int_equal(k.state[VM1], PROCESS_RUNNING);
}

static const struct mapping *mapped(unsigned slot, uint64_t address)
{
	for (unsigned i = 0; i < k.maps; i++)
		if (k.map[i].slot == slot && address >= k.map[i].address && address < k.map[i].address + k.map[i].bytes)
			return &k.map[i];
	return NULL;
}

static void a_process_is_laid_out_as_it_must_be(void **state)
{
	struct slot *disk = &slots[DISK];
	uint64_t own = 0;

	(void)state;
	disk->device_count = 2;
	disk->devices[0] = (struct slot_device){0x9000000, 0x1000, "uart"};
	disk->devices[1] = (struct slot_device){0xa000000, 0x2000, "disk"};
	disk->interrupt_count = 1;
	disk->interrupts[0] = (struct sys_interrupt){.intid = 33};
	assert_int_equal(seal(), 0);
	assert_int_equal(process_launch(DISK), 0);
	assert_int_equal(k.regions[DISK], 4);
	assert_int_equal(k.interrupts[DISK], 1);
	assert_int_equal(k.entry, disk->base + 0x10);
	assert_int_equal(k.codes[DISK], 1);
	assert_int_equal(k.code[DISK][0].start, PROGRAM_PA + 0x1000);
	assert_int_equal(k.code[DISK][0].bytes, 0x2000);
	assert_int_equal(k.stack % 16, 0);
	assert_int_equal(mapped(DISK, disk->base)->prot, PROT_R | PROT_X);
	assert_int_equal(mapped(DISK, disk->base)->region, 3);
	assert_int_equal(mapped(DISK, disk->base)->offset, 0);
	assert_int_equal(mapped(DISK, disk->base + 0x3040)->prot, PROT_R | PROT_W);
	assert_int_equal(mapped(DISK, disk->base + 0x3040)->region, REGION_OWN);
	assert_int_equal(mapped(DISK, k.stack)->prot, PROT_R | PROT_W);
	assert_null(mapped(DISK, mapped(DISK, k.stack)->address - 1));
	assert_non_null(mapped(DISK, k.args.heap_start + k.args.heap_bytes - 1));
	/* All of region 0 is mapped once. */
	for (unsigned i = 0; i < k.maps; i++) {
		if (k.map[i].region != REGION_OWN)
			continue;
		own += k.map[i].bytes;
		for (unsigned j = 0; j < i; j++)
			assert_true(k.map[j].region != REGION_OWN ||
				    k.map[i].offset >= k.map[j].offset + k.map[j].bytes ||
				    k.map[j].offset >= k.map[i].offset + k.map[i].bytes);
	}
	assert_int_equal(own, disk->memory);
	assert_int_equal(k.args.argc, 2);
	assert_string_equal(k.strings + (k.args.argv[1] - k.stack - sizeof k.args), "-v");
	assert_int_equal(k.args.slot, DISK);
	assert_int_equal(k.params[DISK].runmask, 0xf);
	assert_int_equal(k.params[DISK].death_chid, PROCMGR_CHID);
	assert_int_equal(process_launch(DISK), -EBUSY);
}

static void a_vm_gets_its_memory_and_the_archive_to_read(void **state)
{
	(void)state;
	assert_int_equal(vm_start(VM1), 0);
	assert_int_equal(k.regions[VM1], 4);
	assert_int_equal(k.args.region_count, 4);
	assert_int_equal(mapped(VM1, k.args.file_address)->region, REGION_ROM);
	assert_int_equal(mapped(VM1, k.args.file_address)->prot, PROT_R);
	assert_int_equal(k.args.file_bytes, 0x6123);
	assert_int_equal(k.args.window % LAYOUT_BLOCK, 0);
	assert_null(mapped(VM1, k.args.window));
	assert_int_equal(k.args.random, 1);
	assert_int_equal(k.params[VM1].guest, 1);
	assert_int_equal(k.params[VM1].abilities, ABLE_VCPU);
}

/* Also those that are not started at once. Whatever the kernel refuses, the seal fails, and with it the start. */
static void all_slots_are_defined_before_any_starts(void **state)
{
	unsigned steps;

	assert_int_equal(seal(), 0);
	assert_true(k.sealed);
	assert_int_equal(k.creates, 0);
	for (unsigned i = 1; i < PROCESS_MAX; i++)
		assert_int_equal(k.state[i], slots[i].kind == SLOT_EMPTY ? PROCESS_FREE : PROCESS_DEFINED);
	assert_int_equal(k.regions[VM2], 4);
	steps = k.calls;
	for (unsigned i = 1; i <= steps; i++) {
		make_system(state);
		k.fail_at = i;
		assert_int_equal(seal(), -ENOMEM);
		assert_false(k.sealed);
	}
}

/* One shared object beside the program, with a segment of each kind. */
static void a_module_is_mapped_beside_the_program(void **state)
{
	struct slot *vm = &slots[VM1];
	const struct start_module *told = &k.args.modules[0];

	(void)state;
	vm->vdev_files.count = 1;
	vm->vdev_files.file[0] = (struct cpio_file){.data = module, .bytes = sizeof module};
	vm->vdev_files.image[0] =
	    (struct elf_image){.count = 3, .span = 0x3000, .copy_bytes = 0x1000, .code_bytes = 0x2000};
	vm->vdev_files.image[0].segment[0] = (struct elf_segment){0, 0x1000, 0, 0, 0x1000, PROT_R};
	vm->vdev_files.image[0].segment[1] = (struct elf_segment){0x1000, 0x1000, 0, 0x1000, 0x900, PROT_R | PROT_X};
	vm->vdev_files.image[0].segment[2] = (struct elf_segment){0x2000, 0x1000, 8, 0x1908, 0x10, PROT_R | PROT_W};
	assert_int_equal(seal(), 0);
	assert_int_equal(vm_start(VM1), 0);
	assert_int_equal(k.args.module_count, 1);
	assert_int_equal(k.args.region_count, 5);
	assert_int_equal(told->file_bytes, sizeof module);
	assert_int_equal(told->file_address, k.args.file_address + MODULE_PA - 0x48000000);
	assert_int_equal(k.code[VM1][1].start, MODULE_PA);
	assert_int_equal(k.code[VM1][1].bytes, 0x2000);
	assert_int_equal(mapped(VM1, told->base)->prot, PROT_R);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->prot, PROT_R | PROT_X);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->region, 4);
	assert_int_equal(mapped(VM1, told->base + 0x1000)->offset, 0x1000);
	assert_int_equal(mapped(VM1, told->base + 0x2008)->prot, PROT_R | PROT_W);
	assert_int_equal(mapped(VM1, told->base + 0x2008)->region, REGION_OWN);
}

static void a_restart_lies_elsewhere_and_has_another_guard(void **state)
{
	struct start_args first;
	uint64_t base, stack;

	(void)state;
	assert_int_equal(process_launch(DISK), 0);
	first = k.args;
	base = slots[DISK].base;
	stack = k.stack;
	assert_int_equal(process_kill(DISK), 0);
	assert_int_equal(process_launch(DISK), 0);
	assert_int_not_equal(slots[DISK].base, base);
	assert_int_not_equal(k.stack, stack);
	assert_int_not_equal(k.args.heap_start, first.heap_start);
	assert_memory_not_equal(k.args.guard, first.guard, 8);
	assert_memory_not_equal(k.args.guard + 8, first.guard + 8, 8);
}

static void a_smashed_stack_is_called_by_its_name(void **state)
{
	static const struct act acts_[] = {
	    {DIE, DISK, END_FAULT, 0, .status = 0xf2000000 | BRK_STACK_SMASHED},
	    {DIE, SHELL, END_FAULT, 0, .status = 0xf2000000 | (BRK_STACK_SMASHED + 1)},
	};

	(void)state;
	order_go_on();
	k.info[SHELL].fault_pc = slots[SHELL].base + 0x123;
	RUN(acts_);
	assert_non_null(strstr(log_text, "disk ended: stack smashed"));
	assert_non_null(strstr(log_text, "shell ended: fault, syndrome f2005351, address 0, pc program+123"));
}

/* Whichever step fails, nothing is left over, and the next attempt works. */
static void a_start_that_fails_leaves_nothing(void **state)
{
	unsigned steps;

	(void)state;
	assert_int_equal(vm_start(VM1), 0);
	steps = k.calls;
	assert_true(steps > 8);
	for (unsigned i = 1; i <= steps; i++) {
		make_sealed(state);
		k.fail_at = i;
		assert_int_equal(vm_start(VM1), -ENOMEM);
		assert_false(slots[VM1].running);
		assert_int_equal(k.state[VM1], PROCESS_DEFINED);
		assert_int_equal(k.destroys, k.creates);
		assert_non_null(strstr(log_text, "vm1 not started"));
		assert_int_equal(vm_start(VM1), 0);
	}
}

static void the_cause_of_an_end_is_kept_and_the_slot_is_free(void **state)
{
	static const struct act acts_[] = {
	    {DIE, VM1, END_EXIT, 0, .status = CAUSE_WATCHDOG << 8 | 4},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	    {SAY, SHELL, PM_VM_START, "vm1"},
	    {PULSE, 0, (uint32_t)PULSE_CODE_PROCESSDEATH, 0, .status = VM1}, /* late, of the one before */
	    {PULSE, 0, (uint32_t)PULSE_CODE_PROCESSDEATH, 0, .status = 1ull << 40},
	    {SAY, VM2, PM_VM_INFO, NULL, 2},
	};

	(void)state;
	order_go_on();
	RUN(acts_);
	assert_int_equal(answer[2], 0);
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.cause, CAUSE_WATCHDOG);
	assert_int_equal(vm_reply.exit_code, 4);
	assert_int_equal(vm_reply.end, END_EXIT);
	assert_int_equal(vm_reply.starts, 1);
	assert_int_equal(answer[3], 0);
	assert_true(slots[VM1].running);
	assert_int_equal(slots[VM1].starts, 2);
	assert_int_equal(k.destroys, 1);
	assert_int_equal(answer[6], -ESRCH);
	assert_non_null(strstr(log_text, "vm1 ended: exit code 4, cause watchdog"));
}

static void an_exit_status_beyond_the_known_causes_is_an_error(void **state)
{
	static const struct act acts_[] = {{DIE, VM1, END_EXIT, 0, .status = 0xffffffffffff00}};

	(void)state;
	order_go_on();
	RUN(acts_);
	assert_int_equal(slots[VM1].cause, CAUSE_ERROR);
	assert_int_equal(slots[VM1].exit_code, 0);
}

static void only_the_operator_gives_orders(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_SLAY, "disk", 0, BH_SIGKILL},
	    {SAY, DISK, PM_VM_STOP, "vm1"},
	    {SAY, VM1, PM_SHUTDOWN, NULL},
	    {SAY, DISK, PM_SCHED, NULL, VM1, 10},
	    {SAY, VM1, PM_VM_START, "vm2"},
	    {SAY, SHELL, PM_SLAY, "procmgr", 0, BH_SIGKILL},
	    {SAY, SHELL, PM_SLAY, "vm1", 0, 11},
	    {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
	    {SAY, SHELL, PM_SLAY, NULL, VM1, BH_SIGKILL},
	    {SAY, SHELL, PM_VM_STOP, "vm1"},
	    {SAY, SHELL, PM_SLAY, NULL, 99, BH_SIGKILL},
	};
	static const int expected[] = {-EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EPERM, -EINVAL, 0, 0, -ESRCH, -ESRCH};

	(void)state;
	order_go_on();
	assert_int_equal(RUN(acts_), 2);
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.signalled[VM1], BH_SIGUSR1);
	assert_true(slots[DISK].running);
	assert_false(slots[VM1].running);
	assert_int_equal(slots[VM1].end, END_KILLED);
	assert_int_equal(slots[VM1].cause, CAUSE_SIGNAL);
}

static void a_name_is_somebodys_also_while_he_is_not_there(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_SLOT, "disk"}, {SAY, VM1, PM_SLOT, "vm2"}, {SAY, VM1, PM_SLOT, "nobody"}};

	(void)state;
	order_go_on();
	process_kill(DISK);
	RUN(acts_);
	assert_int_equal(answer[1], DISK);
	assert_int_equal(answer[2], VM2);
	assert_int_equal(answer[3], -ESRCH);
}

/* The name alone does not make the operator: a VM may be called so too. */
static void no_vm_is_the_operator(void **state)
{
	static const struct act acts_[] = {{SAY, VM1, PM_VM_START, "vm2"}, {SAY, SHELL, PM_VM_START, "vm2"}};

	(void)state;
	slots[VM1].name = "shell";
	order_go_on();
	RUN(acts_);
	assert_int_equal(answer[1], -EPERM);
	assert_int_not_equal(answer[2], -EPERM);
}

static void malformed_messages_are_refused(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, 0x1ff, NULL},
	    {SAY, VM1, CON_OPEN, NULL},
	    {SAY, VM1, PM_VM_INFO, "vm1", .bytes = 47},
	    {SAY, VM1, PM_VM_INFO, "vm1", .bytes = 4096},
	    {SAY, VM1, PM_READY, NULL, .bytes = 3},
	    {SAY, 0, PM_READY, NULL},
	    {SAY, DISK, PM_NAME_ATTACH, "", 0, 1},
	    {SAY, DISK, PM_NAME_ATTACH, "x", 0, 0},
	    {SAY, DISK, PM_NAME_OPEN, "x", 2},
	};

	(void)state;
	order_go_on();
	RUN(acts_);
	for (unsigned i = 1; i <= sizeof acts_ / sizeof acts_[0]; i++)
		assert_int_equal(answer[i], -EINVAL);
}

static void names_are_found_or_waited_for(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_NAME_OPEN, "console", PM_WAIT},
	    {SAY, VM2, PM_NAME_OPEN, "nothing", PM_WAIT},
	    {SAY, VM1, PM_NAME_OPEN, "console", 0},
	    {SAY, VM1, PM_NAME_ATTACH, "console", 0, 3}, /* a VM serves nobody */
	    {SAY, DISK, PM_NAME_ATTACH, "console", 0, 7},
	    {SAY, LATE, PM_NAME_ATTACH, "slogger", 0, 1},
	    {PULSE, VM2, (uint32_t)PULSE_CODE_UNBLOCK, 0, .status = 2},
	    {PULSE, VM2, (uint32_t)PULSE_CODE_UNBLOCK, 0, .status = 2},
	    {PULSE, VM2, 5, 0, .status = 2},
	};

	(void)state;
	order_go_on();
	RUN(acts_);
	assert_int_equal(answer[1], 0);
	assert_int_equal(name_reply.slot, DISK);
	assert_int_equal(name_reply.chid, 7);
	assert_int_equal(answer[2], -EINTR);
	assert_int_equal(answer[3], -ESRCH);
	assert_int_equal(answer[4], -EPERM);
	assert_int_equal(answer[5], 0);
	assert_int_equal(sloggers, 1);
}

static void a_shutdown_waits_for_the_guests(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 2},
	    {SAY, VM1, PM_READY, NULL},
	    {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 1},
	    {SAY, SHELL, PM_VM_START, "vm2"},
	    {DIE, VM1, END_EXIT, 0, .status = CAUSE_SIGNAL << 8},
	    {SAY, SHELL, PM_READY, 0},
	};

	(void)state;
	order_go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(answer[1], -EINVAL);
	assert_int_equal(answer[3], 0);
	assert_int_equal(answer[4], -EBUSY);
	assert_int_equal(k.signalled[VM1], BH_SIGTERM);
	assert_int_equal(k.system, SYSTEM_RESET);
	assert_int_equal(at, 5);
}

static void a_shutdown_starts_nothing_more(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_VM_START, "vm2"},
	    {SAY, VM2, PM_READY, NULL},
	    {SAY, SHELL, PM_SHUTDOWN, NULL},
	    {DIE, DISK, END_EXIT, 0, .status = 1},
	};

	(void)state;
	config.processes[DISK - 1].ready = true;
	order_go_on();
	assert_int_equal(RUN(acts_), 2);
	assert_int_equal(k.state[VM2], PROCESS_RUNNING);
	assert_int_equal(k.signalled[VM2], BH_SIGTERM);
	assert_int_equal(k.state[SHELL], PROCESS_DEFINED);
}

static void a_shutdown_does_not_wait_for_ever(void **state)
{
	static const struct act acts_[] = {
	    {SAY, VM1, PM_READY, NULL}, {SAY, SHELL, PM_SHUTDOWN, NULL, 0, 0}, {WAIT, 0, 0, 0}};

	(void)state;
	order_go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.now, 5000000000);
	assert_int_equal(k.system, SYSTEM_OFF);
	assert_non_null(strstr(log_text, "vm1 did not stop"));
}

static void the_end_of_a_critical_process_ends_the_system(void **state)
{
	static const struct act acts_[] = {{DIE, LATE, END_EXIT, 0, .status = 0}};

	(void)state;
	slots[LATE].critical = true;
	assert_int_equal(seal(), 0);
	order_go_on();
	assert_int_equal(k.params[LATE].critical, 1);
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_non_null(strstr(log_text, "critical process late is gone"));
}

/* Each time after twice the time, so often and no more; then what is critical takes the system with it. */
static void what_fails_is_started_again_for_so_long(void **state)
{
	static const struct act acts_[] = {
	    {DIE, LATE, END_FAULT}, {WAIT}, {DIE, LATE, END_EXIT, 0, .status = 1}, {WAIT}, {DIE, LATE, END_FAULT}};

	(void)state;
	config.processes[LATE - 1].own.restart = SYS_RESTART_ON_FAILURE;
	config.processes[LATE - 1].own.restart_limit = 2;
	config.processes[LATE - 1].own.restart_delay_ms = 100;
	slots[LATE].critical = true;
	assert_int_equal(seal(), 0);
	assert_int_equal(k.params[LATE].critical, 0); /* it is not for the kernel to end all */
	order_go_on();
	assert_int_equal(RUN(acts_), 1);
	assert_int_equal(k.system, SYSTEM_SAFE_STATE);
	assert_int_equal(slots[LATE].starts, 3);
	assert_int_equal(k.now, 300000000); /* 100 ms, and 200 ms */
	assert_non_null(strstr(log_text, "started again in 100 ms: restart 1 of 2"));
	assert_non_null(strstr(log_text, "started again in 200 ms: restart 2 of 2"));
	assert_non_null(strstr(log_text, "not started again: it has been, 2 times in a row"));
	assert_non_null(strstr(log_text, "critical process late is gone"));
}

static void what_ends_by_itself_or_by_the_operator_stays_down(void **state)
{
	static const struct act acts_[] = {{DIE, LATE, END_EXIT, 0, .status = 0}};

	(void)state;
	config.processes[LATE - 1].own.restart = SYS_RESTART_ON_FAILURE;
	config.processes[LATE - 1].own.restart_limit = 2;
	config.processes[DISK - 1].own = config.processes[LATE - 1].own;
	config.processes[DISK - 1].own.restart = SYS_RESTART_ALWAYS;
	assert_int_equal(seal(), 0);
	order_go_on();
	RUN(acts_);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(process_kill(DISK), 0);
	assert_true(restart_deadline() == NEVER);
}

/* A start that is still to come: the operator calls it off, or is faster. */
static void the_operator_has_the_last_word_about_restarts(void **state)
{
	static const struct act off[] = {{DIE, VM1, END_FAULT},
					 {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
					 {SAY, SHELL, PM_VM_STOP, "vm1"},
					 {SAY, SHELL, PM_VM_STOP, "vm1"},
					 {SAY, SHELL, PM_SLAY, "disk", 0, BH_SIGKILL}};
	static const struct act faster[] = {
	    {DIE, VM1, END_FAULT}, {SAY, SHELL, PM_VM_START, "vm1"}, {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGKILL}};

	(void)state;
	config.vms[0].own.restart = SYS_RESTART_ALWAYS;
	config.vms[0].own.restart_limit = 5;
	config.vms[0].own.restart_delay_ms = 100;
	order_go_on();
	assert_int_equal(slots[VM1].starts, 1);
	RUN(off);
	assert_int_equal(answer[2], -ESRCH);
	assert_int_equal(answer[3], 0);
	assert_int_equal(answer[4], -ESRCH);
	assert_int_equal(answer[5], 0);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(vm_start(VM1), 0);
	RUN(faster);
	assert_true(restart_deadline() == NEVER);
	assert_int_equal(slots[VM1].starts, 3);
}

static void the_console_driver_takes_over_when_it_is_ready(void **state)
{
	static const struct act acts_[] = {{SAY, SHELL, PM_READY, 0}, {SAY, DISK, PM_READY, 0}, {DIE, DISK, END_FAULT}};

	(void)state;
	slots[DISK].owns_console = true;
	order_go_on();
	RUN(acts_);
	assert_int_equal(console_offs, 1);
	assert_int_equal(console_ons, 1);
	assert_int_equal(answer[2], 0);
}

/* The server `disk` is late: the system's start does not wait longer for it, but a VM that needs it does. */
static void order_with_late_disk(void)
{
	slots[VM1].connect_mask = 1u << 0 | 1u << DISK | 1u << LATE;
	config.processes[DISK - 1].ready = true;
	order_go_on();
}

static void a_guest_begins_when_what_it_connects_to_is_ready(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0}, /* 10 s for disk */
	    {SAY, VM1, PM_VM_NOTE, "console\x1b one"},
	    {SAY, VM1, PM_READY, NULL},
	    {WAIT, 0, 0, 0}, /* a second until the operator is told */
	    {SAY, SHELL, PM_READY, NULL},
	    {SAY, DISK, PM_READY, NULL},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(answer[2], 0);
	assert_int_equal(answer[3], 0);
	assert_non_null(strstr(log_text, "vm1 waits: process disk is not ready"));
	assert_null(strstr(log_text, "console"));
	assert_int_equal(vm_reply.state, VM_RUNNING);
	assert_string_equal(vm_reply.note, "");
	assert_true(gate_deadline() == NEVER);
}

static void what_a_guest_waits_for_is_shown(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0},
	    {SAY, VM1, PM_READY, NULL},
	    {DIE, DISK, END_FAULT},
	    {SAY, VM2, PM_VM_INFO, "vm1"},
	    {SAY, DISK, PM_VM_NOTE, "not a VM"},
	    {SAY, VM1, PM_VM_NOTE, ""},
	    {SAY, VM1, PM_VM_NOTE, "\x1b[2J not \xff printable"},
	    {SAY, SHELL, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(answer[2], NOT_ANSWERED);
	assert_int_equal(vm_reply.state, VM_STARTING);
	assert_int_equal(vm_reply.entries, 0);
	assert_non_null(strstr(log_text, "disk ended: fault"));
	assert_int_equal(answer[5], -EPERM);
	assert_int_equal(answer[6], -EINVAL);
	assert_string_equal(vm_reply.note, "?[2J not ? printable");
}

static void a_guest_that_waits_too_long_is_refused(void **state)
{
	static const struct act acts_[] = {
	    {WAIT, 0, 0, 0}, {SAY, VM1, PM_READY, NULL},    {WAIT, 0, 0, 0},
	    {WAIT, 0, 0, 0}, {SAY, VM2, PM_VM_INFO, "vm1"},
	};

	(void)state;
	order_with_late_disk();
	RUN(acts_);
	assert_int_equal(k.now, 20000000000);
	assert_int_equal(answer[2], NOT_ANSWERED);
	assert_false(slots[VM1].running);
	assert_non_null(strstr(log_text,
			       "vm1 ended: exit code 64, cause error, its guest has not begun: process disk is not "
			       "ready"));
	assert_int_equal(vm_reply.state, VM_STOPPED);
	assert_int_equal(vm_reply.exit_code, 64);
	assert_int_equal(vm_reply.cause, CAUSE_ERROR);
	assert_string_equal(vm_reply.note, "process disk is not ready");
	assert_true(gate_deadline() == NEVER);
}

static void a_guest_that_has_not_begun_is_ended_from_here(void **state)
{
	static const struct act stop[] = {{SAY, SHELL, PM_VM_STOP, "vm1"}, {SAY, VM2, PM_VM_INFO, "vm1"}};
	static const struct act quit[] = {{SAY, SHELL, PM_VM_START, "vm1"},
					  {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGUSR1},
					  {SAY, SHELL, PM_SLAY, "vm1", 0, BH_SIGQUIT},
					  {SAY, VM2, PM_VM_INFO, "vm1"}};

	(void)state;
	order_go_on();
	RUN(stop);
	assert_int_equal(answer[1], 0);
	assert_int_equal(k.signalled[VM1], 0);
	assert_int_equal(vm_reply.exit_code, 0);
	assert_int_equal(vm_reply.cause, CAUSE_SIGNAL);
	RUN(quit);
	assert_int_equal(k.signalled[VM1], BH_SIGUSR1);
	assert_int_equal(vm_reply.exit_code, 3);
	assert_int_equal(vm_reply.cause, CAUSE_SIGNAL);
	assert_int_equal(vm_reply.starts, 2);
}

static void a_vm_describes_itself_for_the_operator(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_ENV, "vm1"}, /* has not begun */
	    {SAY, VM1, PM_READY, NULL},
	    {SAY, DISK, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm2"},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = 100}, /* nobody has asked */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {SAY, SHELL, PM_ENV, "vm1"}, /* one after the other */
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = sizeof(struct pm_env)},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = sizeof(struct pm_env) + PROTO_ENV + 1},
	    {SAY, VM1, PM_ENV_TEXT, NULL, .bytes = 100},
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {WAIT, 0, 0, 0}, /* it does not answer */
	    {SAY, SHELL, PM_ENV, "vm1"},
	    {DIE, VM1, END_FAULT},
	};
	static const int expected[] = {-EBUSY, 0,       -EPERM,  -ESRCH, -ESRCH,     100 - sizeof(struct pm_env),
				       -EBUSY, -EINVAL, -EINVAL, 0,      -ETIMEDOUT, NOT_ANSWERED,
				       -ESRCH};

	(void)state;
	order_go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.signalled[VM1], BH_SIGENV);
	assert_int_equal(k.now, 2000000000);
	assert_true(vmenv_deadline() == NEVER);
}

static void how_often_a_guest_was_entered_is_kept(void **state)
{
	static const struct act acts_[] = {{SAY, VM1, PM_READY, NULL},
					   {DIE, VM1, END_EXIT, 0, .status = CAUSE_OFF << 8},
					   {SAY, VM2, PM_VM_INFO, "vm1"}};

	(void)state;
	order_go_on();
	k.info[VM1].entries = 7;
	RUN(acts_);
	assert_int_equal(vm_reply.entries, 7);
	assert_null(strstr(log_text, "has not begun"));
}

static void only_virtual_cpus_are_rescheduled_within_their_bounds(void **state)
{
	static const struct act acts_[] = {
	    {SAY, SHELL, PM_SCHED, NULL, VM1, 15},  {SAY, SHELL, PM_SCHED, NULL, VM1, 21},
	    {SAY, SHELL, PM_SCHED, NULL, DISK, 15}, {SAY, SHELL, PM_SCHED, NULL, VM2, 15},
	    {SAY, SHELL, PM_SCHED, NULL, 4000, 15},
	};
	static const int expected[] = {0, -EINVAL, -ESRCH, -ESRCH, -ESRCH};

	(void)state;
	k.thread = (struct thread_info){.name = "vcpu0", .tid = 2, .base_priority = 10, .policy = SCHED_RR_};
	order_go_on();
	RUN(acts_);
	for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(answer[i + 1], expected[i]);
	assert_int_equal(k.scheds, 1);
	assert_int_equal(k.sched_priority, 15);
	strcpy(k.thread.name, "main");
	RUN(acts_);
	assert_int_equal(answer[1], -EPERM);
	/* A name is qvm's to choose, what a thread has run is not. */
	k.thread.entries = 1;
	RUN(acts_);
	assert_int_equal(answer[1], 0);
}

#define CASE(name) cmocka_unit_test_setup(name, make_sealed)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    CASE(servers_start_in_order),
	    CASE(a_server_that_never_gets_ready_holds_up_nobody),
	    CASE(a_server_that_dies_while_awaited_holds_up_nobody),
	    cmocka_unit_test_setup(a_process_is_laid_out_as_it_must_be, make_system),
	    cmocka_unit_test_setup(all_slots_are_defined_before_any_starts, make_system),
	    CASE(a_vm_gets_its_memory_and_the_archive_to_read),
	    cmocka_unit_test_setup(a_module_is_mapped_beside_the_program, make_system),
	    CASE(a_restart_lies_elsewhere_and_has_another_guard),
	    CASE(a_smashed_stack_is_called_by_its_name),
	    CASE(a_start_that_fails_leaves_nothing),
	    CASE(the_cause_of_an_end_is_kept_and_the_slot_is_free),
	    CASE(an_exit_status_beyond_the_known_causes_is_an_error),
	    CASE(only_the_operator_gives_orders),
	    CASE(a_name_is_somebodys_also_while_he_is_not_there),
	    CASE(no_vm_is_the_operator),
	    CASE(malformed_messages_are_refused),
	    CASE(names_are_found_or_waited_for),
	    CASE(a_shutdown_waits_for_the_guests),
	    CASE(a_shutdown_starts_nothing_more),
	    CASE(a_shutdown_does_not_wait_for_ever),
	    cmocka_unit_test_setup(the_end_of_a_critical_process_ends_the_system, make_system),
	    cmocka_unit_test_setup(what_fails_is_started_again_for_so_long, make_system),
	    cmocka_unit_test_setup(what_ends_by_itself_or_by_the_operator_stays_down, make_system),
	    CASE(the_operator_has_the_last_word_about_restarts),
	    CASE(the_console_driver_takes_over_when_it_is_ready),
	    CASE(a_guest_begins_when_what_it_connects_to_is_ready),
	    CASE(what_a_guest_waits_for_is_shown),
	    CASE(a_guest_that_waits_too_long_is_refused),
	    CASE(a_guest_that_has_not_begun_is_ended_from_here),
	    CASE(a_vm_describes_itself_for_the_operator),
	    CASE(how_often_a_guest_was_entered_is_kept),
	    CASE(only_virtual_cpus_are_rescheduled_within_their_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
