/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/seal.c servers/procmgr/start.c servers/procmgr/order.c servers/procmgr/end.c */
/* SOURCES: servers/procmgr/vm.c servers/procmgr/serve.c servers/procmgr/ask.c servers/procmgr/gate.c */
/* SOURCES: servers/procmgr/restart.c servers/procmgr/life.c servers/procmgr/worker.c servers/procmgr/names.c */
/* SOURCES: servers/procmgr/layout.c servers/procmgr/slots.c servers/procmgr/events.c servers/procmgr/system.c */
/* SOURCES: servers/procmgr/shutdown.c servers/procmgr/progress.c tests/unit/stub/kernel.c tests/unit/procmgr */
/* SOURCES: servers/procmgr/aps.c servers/procmgr/aps_join.c servers/procmgr/aps_query.c servers/procmgr/aps_rules.c */
/* SOURCES: servers/procmgr/sched.c servers/procmgr/aps_table.c lib/sysconf lib/fdt_good.c lib/qvmconf lib/glob.c */
/* LIBS: fdt */
/* CFLAGS: -Wno-missing-field-initializers */
/* procmgr's decisions, with a kernel that follows a script: here the rest of procmgr, and the system of the tests. */
#include "procmgr/script.h"
#include "servers/procmgr/progress.h"

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

void log_progress(const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list args;

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
		config.vms[number - VM1].own.name = name;
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
	memset(&core, 0, sizeof(core));
	core.chid = PROCMGR_CHID;
	core.only_priority = -1; /* of the slot, not of procmgr */
	core.no_sleep = true;
	memset(&config, 0, sizeof(config));
	memset(&plan, 0, sizeof(plan));
	memset(slots, 0, sizeof(slots));
	assert_true(progress_deadline() == NEVER);
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
	boot_info.ram[0] = (struct range){0x50000000, 64 * MIB};
	config.window_ms = 100;
	config.shared_cpus = 0xf;
	config.partition_count = 1;
	config.partitions[0] =
	    (struct sys_partition){SYS_SYSTEM, 0, PARTITION_PERCENT, PARTITION_PERCENT, SYS_CRITICAL_MOST_US};
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
		result = seal_slots();
	if (result == 0)
		result = worker_make_all();
	k.calls = 0;
	return result;
}

int go_on(void)
{
	order_go_on();
	return run_to_rest();
}

int main(void)
{
	return start_tests() + orders_tests() + ends_tests() + vms_tests() + workers_tests() + partitions_tests();
}
