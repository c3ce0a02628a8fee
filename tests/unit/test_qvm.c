/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64 qvm/setup.c qvm/config.c qvm/map.c qvm/exits.c qvm/vcpu.c qvm/vm.c qvm/end.c */
/* SOURCES: qvm/report.c qvm/unsupported.c qvm/pause.c qvm/memory.c qvm/mmio.c qvm/vdev.c */
/* SOURCES: qvm/vdev_factory.c qvm/vdev_access.c */
/* SOURCES: qvm/fdt.c qvm/fdt_tree.c qvm/fdt_user.c qvm/fdt_vdev.c */
/* SOURCES: qvm/load.c qvm/load_file.c qvm/load_elf.c qvm/load_format.c vdev/pl011 lib/cpio.c lib/elf.c */
/* SOURCES: qvm/vdev_api.c qvm/vdev_event.c qvm/hostdev.c qvm/pass.c qvm/log.c lib/fdtgood.c */
/* SOURCES: lib/qvmconf lib/glob.c lib/vdevfile.c lib/vdevfind.c */
/* LIBS: fdt */
/* A whole qvm on a kernel of this file's: from an archive to a guest that runs, exits, and ends. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "qvm/exits.h"
#include "qvm/module.h"
#include "qvm/vm.h"
#include "vdev/pl011/serial.h"

#define RAM      0x80000000ull
#define RAM_SIZE 0x400000ull
#define UART     0x1c090000ull
#define GICD     0x2f000000ull

/* The kernel, the log and the console driver of these tests. */
static struct {
	jmp_buf end;
	uint64_t status;
	uint64_t vreg[VCPU_MAX][VREG_COUNT];
	unsigned resets[VCPU_MAX], kicks[VCPU_MAX];
	struct vcpu_run script[64]; /* exits that VcpuRun returns */
	struct {
		int vcpu;
		enum vcpu_action action;
		uint64_t x[4];
	} entry[65]; /* what VcpuRun was called with */
	unsigned exits, entries;
	uint64_t region_bytes;
	unsigned guest_maps;
	uint64_t map_ipa[4], map_prot[4];
	unsigned threads, lines_raised;
	unsigned vcpu_flags;
	bool locked;
	unsigned slogged;
	char log[8192], note[PROTO_NOTE];
	uint64_t now;
	struct {
		struct pm_answer head;
		uint32_t value;
	} sent; /* to procmgr */
	size_t sent_bytes;
	enum vm_state state; /* as procmgr has it */
	struct {
		void (*entry)(void *);
		void *arg;
		uint32_t runmask;
		char name[NAME_MAX_];
	} thread[8];
	char console[SERIAL_RING * 2];
	size_t console_bytes;
	unsigned messages, refusals; /* of console_write */
	const char *typed;
} k;

static uint8_t *window;
static char archive[8192];
static size_t archive_bytes;

int VcpuGet_r(int vcpu, unsigned vreg, uint64_t *value)
{
	*value = k.vreg[vcpu - 10][vreg];
	return 0;
}

int VcpuSet_r(int vcpu, unsigned vreg, uint64_t value)
{
	k.vreg[vcpu - 10][vreg] = value;
	k.resets[vcpu - 10] += vreg == VREG_RESET;
	return 0;
}

int VcpuCreate_r(unsigned index, uint64_t affinity, unsigned flags)
{
	assert_int_equal(index, affinity);
	assert_int_equal(flags, k.vcpu_flags);
	return 10 + (int)index;
}

int VcpuKick_r(int vcpu)
{
	k.kicks[vcpu - 10]++;
	return 0;
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
	assert_int_equal(intid, 37);
	k.lines_raised += level;
	return 0;
}

int VcpuInject_r(int vcpu, unsigned intid, unsigned priority)
{
	(void)vcpu;
	(void)intid;
	(void)priority;
	return 0;
}

int VcpuWithdraw_r(int vcpu, unsigned intid, unsigned what)
{
	(void)vcpu;
	(void)what;
	(void)intid;
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

struct vcpu_run VcpuRun(int vcpu, enum vcpu_action action, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	assert_false(k.locked);
	assert_true(k.entries < 65);
	k.entry[k.entries].vcpu = vcpu;
	k.entry[k.entries].action = action;
	memcpy(k.entry[k.entries].x, (const uint64_t[]){a2, a3, a4, a5}, sizeof(k.entry[0].x));
	k.entries++;
	if (k.entries > k.exits) /* the script is over: the guest switches itself off */
		return (struct vcpu_run){.exit = EXIT_HVC, .x2 = 0x84000008};
	/* As the kernel has it of an exit whose syndrome is complete. */
	if (k.script[k.entries - 1].exit <= EXIT_MMIO_WRITE) {
		const struct vcpu_run *exit = &k.script[k.entries - 1];
		uint64_t *vreg = k.vreg[vcpu - 10];

		vreg[VREG_EXIT_ESR] = 1u << 24 | (uint64_t)__builtin_ctzll(exit->x2 | 8) << 22 | 9u << 16 | 1u << 15 |
				      7 | (exit->exit == EXIT_MMIO_WRITE ? 0x40 : 0);
		vreg[VREG_EXIT_FAR] = exit->x1;
	}
	return k.script[k.entries - 1];
}

int ThreadDestroy_r(int tid, uint64_t status)
{
	assert_int_equal(tid, -1);
	k.status = status;
	longjmp(k.end, 1);
}

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
		assert_int_equal(address, (uint64_t)(uintptr_t)window);
		assert_int_equal(prot, PROT_R | PROT_W);
		return 0;
	}
	assert_true(k.guest_maps < 4);
	k.map_ipa[k.guest_maps] = address;
	k.map_prot[k.guest_maps++] = prot;
	return 0;
}

int SchedGet_r(int slot, int tid, uint32_t *runmask)
{
	(void)slot;
	(void)tid;
	(void)runmask;
	return 10 | SCHED_RR_ << 8;
}

int SchedSet_r(int slot, int tid, unsigned priority, unsigned policy, uint32_t runmask)
{
	(void)slot;
	(void)tid;
	(void)policy;
	(void)runmask;
	return priority > 100 ? -EPERM : 0;
}

int SchedYield_r(void)
{
	return 0;
}

/* The serial port has neither timers nor pulses, so nothing of this is used. */
int ChannelCreate_r(unsigned flags)
{
	(void)flags;
	return -ENOMEM;
}

int ConnectAttach_r(unsigned slot, int chid, int event_chid)
{
	(void)slot;
	(void)chid;
	(void)event_chid;
	return -ENOMEM;
}

const struct start_args *process_args(void)
{
	static const struct start_args args = {.procmgr_coid = 77};

	return &args;
}

int MsgSend_r(int coid, const void *smsg, size_t sbytes, void *rmsg, size_t rbytes)
{
	assert_int_equal(coid, 77);
	assert_false(k.locked);
	assert_null(rmsg);
	assert_int_equal(rbytes, 0);
	assert_true(sbytes <= sizeof(k.sent));
	memcpy(&k.sent, smsg, sbytes);
	k.sent_bytes = sbytes;
	return 0;
}

int64_t MsgReceive_r(int chid, void *msg, size_t bytes, struct msg_info *info)
{
	(void)chid;
	(void)msg;
	(void)bytes;
	(void)info;
	return -EBADF;
}

int MsgSendPulse_r(int coid, int priority, int code, uint64_t value)
{
	(void)coid;
	(void)priority;
	(void)code;
	(void)value;
	return -EBADF;
}

int TimerCreate_r(int chid, unsigned priority, int code, uint64_t value)
{
	(void)chid;
	(void)priority;
	(void)code;
	(void)value;
	return -ENOMEM;
}

int TimerSettime_r(int timer, unsigned flags, uint64_t ns, uint64_t interval_ns)
{
	(void)timer;
	(void)flags;
	(void)ns;
	(void)interval_ns;
	return -EBADF;
}

/* The serial port is a part of this program. */
const char *module_load(const char *path, const void *file, size_t bytes, uint8_t *base)
{
	(void)path;
	(void)file;
	(void)bytes;
	(void)base;
	return "not here";
}

int thread_self(void)
{
	return 1;
}

int ConnectDetach_r(int coid)
{
	(void)coid;
	return 0;
}

uint64_t ClockTime(void)
{
	return k.now;
}

void thread_sleep(uint64_t ns)
{
	k.now += ns;
}

int thread_create(void (*entry)(void *), void *arg, size_t stack_bytes, unsigned priority, uint32_t runmask,
		  const char *name)
{
	assert_non_null(entry);
	assert_non_null(arg);
	assert_true(stack_bytes >= THREAD_STACK_MIN && priority == 0 && strlen(name) < NAME_MAX_);
	k.thread[k.threads].entry = entry;
	k.thread[k.threads].arg = arg;
	k.thread[k.threads].runmask = runmask;
	strcpy(k.thread[k.threads].name, name);
	return 20 + (int)k.threads++;
}

_Noreturn void thread_exit(void)
{
	k.status = ~0ull;
	longjmp(k.end, 2);
}

int thread_name(const char *name)
{
	assert_non_null(name);
	return 0;
}

void mutex_init(struct mutex *m)
{
	m->word = 0;
}

void mutex_lock(struct mutex *m)
{
	(void)m;
	assert_false(k.locked);
	k.locked = true;
}

void mutex_unlock(struct mutex *m)
{
	(void)m;
	assert_true(k.locked);
	k.locked = false;
}

int word_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	assert_int_equal(*word, expected);
	if (timeout_ns == 0)
		longjmp(k.end, 3);
	k.now += timeout_ns;
	return -ETIMEDOUT;
}

void word_wake(uint32_t *word, unsigned count)
{
	assert_int_equal(count, word == &vm.paused ? VCPU_MAX : 1);
}

int slog_write(enum slog_severity severity, const char *text, size_t bytes)
{
	(void)severity;
	assert_int_equal(text[bytes], '\0');
	k.slogged++;
	return 0;
}

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
	snprintf(k.note, sizeof(k.note), "%s", text);
	return 0;
}

int slogf(enum slog_severity severity, const char *format, ...)
{
	const size_t used = strlen(k.log);
	va_list args;

	(void)severity;
	assert_false(k.locked); /* the logger may make us wait */
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
	assert_false(k.locked);
	if (k.refusals > 0) {
		k.refusals--;
		return -ESRCH;
	}
	k.messages++;
	memcpy(k.console + k.console_bytes, data, bytes);
	k.console_bytes += bytes;
	return (int)bytes;
}

int console_read(const struct console *console, void *data, size_t bytes)
{
	(void)console;
	if (!k.typed)
		longjmp(k.end, 4);
	assert_true(strlen(k.typed) <= bytes);
	memcpy(data, k.typed, bytes = strlen(k.typed));
	k.typed = NULL;
	return (int)bytes;
}

/* A cpio archive of the "newc" format, made on the way. */
static void add_file(const char *name, const void *data, size_t bytes)
{
	archive_bytes +=
	    (size_t)sprintf(archive + archive_bytes, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1,
			    0100644, 0, 0, 1, 0, (unsigned)bytes, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
	memcpy(archive + archive_bytes, name, strlen(name) + 1);
	archive_bytes = (archive_bytes + strlen(name) + 1 + 3) & ~(size_t)3;
	memcpy(archive + archive_bytes, data, bytes);
	archive_bytes = (archive_bytes + bytes + 3) & ~(size_t)3;
}

#define CONFIG_HEAD "system test\nram 0x80000000,4M\nrom 0,64K\n"
#define CONFIG_TAIL                                                      \
	"load ./code.bin\ncmdline \"hello guest\"\ninitrd load initrd\n" \
	"vdev pl011 loc 0x1c090000 intr gic:37 hostdev /dev/console/guest\n"

static struct start_args start(const char *config)
{
	static char name[] = "qvm", word[] = "@test.qvmconf";
	struct start_args args = {.argc = 2, .argv = {(uint64_t)(uintptr_t)name, (uint64_t)(uintptr_t)word}};

	memset(archive, 0, sizeof(archive));
	archive_bytes = 0;
	add_file("test.qvmconf", config, strlen(config));
	add_file("code.bin", "\x1f\x20\x03\xd5raw", 7);
	add_file("initrd", "initial", 7);
	add_file("tree", "\xd0\x0d\xfe\xed", 4);
	add_file("TRAILER!!!", "", 0);
	args.file_address = (uint64_t)(uintptr_t)archive;
	args.file_bytes = sizeof(archive);
	args.guard[3] = 1;
	return args;
}

static int set_up(void **state)
{
	unsigned count;

	(void)state;
	vdev_newest(&count)->name = "pl011"; /* its file's name gives it */
	memset(&vm, 0, sizeof(vm));
	memset(&k, 0, sizeof(k));
	k.region_bytes = RAM_SIZE + 0x10000;
	window = calloc(1, k.region_bytes);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < vm.vdev_count; i++)
		free(vm.vdev[i].vdev.v_device);
	vm.vdev_count = 0;
	free(window);
	return 0;
}

static struct vm_boot build(const char *config)
{
	const struct start_args args = start(config);
	struct vm_boot boot = {0};

	if (setjmp(k.end) == 0) {
		boot = vm_build(&args, window);
		vcpu_start(&boot);
	} else {
		fail_msg("%s", k.log);
	}
	return boot;
}

static void script(struct vcpu_run exit)
{
	k.script[k.exits++] = exit;
}

/* Runs one vCPU until the VM ends or the vCPU is off; true if the VM ended. */
static bool run(unsigned index)
{
	if (setjmp(k.end) != 0)
		return true;
	vcpu_run_until_off(&vm.vcpu[index]);
	return false;
}

/* The serial port's instance, and the guest's accesses to it. */
static struct serial *port(void)
{
	return vm.vdev[0].vdev.v_device;
}

static struct vdev_value serial_read(uint64_t ipa, unsigned size)
{
	const struct mmio_region *region = mmio_find(&vm.mmio, ipa, size);

	return region->read(region->device, 0, ipa, size);
}

static bool serial_write(uint64_t ipa, unsigned size, uint64_t value)
{
	const struct mmio_region *region = mmio_find(&vm.mmio, ipa, size);

	return region->write(region->device, 0, ipa, size, value);
}

static void test_build(void **state)
{
	struct vm_boot boot;
	const void *tree;
	int node;

	(void)state;
	boot = build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	assert_int_equal(boot.entry, RAM);
	assert_memory_equal(window, "\x1f\x20\x03\xd5raw", 7);
	assert_int_equal(k.guest_maps, 2);
	assert_int_equal(k.map_ipa[0], 0);
	assert_int_equal(k.map_prot[0], PROT_R | PROT_X);
	assert_int_equal(k.map_ipa[1], RAM);
	assert_int_equal(k.map_prot[1], PROT_R | PROT_W | PROT_X);
	tree = guest_ptr(&vm.memory, boot.fdt, 64);
	assert_non_null(tree);
	assert_int_equal(fdt_check_full(tree, fdt_totalsize(tree)), 0);
	node = fdt_path_offset(tree, "/chosen");
	assert_string_equal(fdt_getprop(tree, node, "bootargs", NULL), "hello guest");
	assert_memory_equal(guest_ptr(&vm.memory, RAM + RAM_SIZE - 0x1000, 7), "initial", 7);
	/* Two vCPUs, a writer and a reader. Only the boot vCPU is on. */
	assert_int_equal(k.threads, 4);
	assert_int_equal(vm.vcpu[0].power, 1);
	assert_int_equal(vm.vcpu[1].power, 0);
	assert_int_equal(k.vreg[0][VREG_PC], RAM);
	assert_int_equal(k.vreg[0][VREG_X0], boot.fdt);
	assert_int_equal(k.vreg[0][VREG_CNTVOFF], ~0ull);
	assert_int_equal(k.vreg[1][VREG_CNTVOFF], ~0ull);
	assert_int_equal(k.resets[0], 1);
}

/* A dry run makes the VM, and ends before its devices do anything. */
static void test_dryrun(void **state)
{
	(void)state;
	build(CONFIG_HEAD "cpu cpu dryrun\n" CONFIG_TAIL);
	assert_int_equal(k.threads, 2);
}

/* What is refused is said to the log, and to the operator. */
static void expect_refusal(const char *config, unsigned code, const char *text)
{
	const struct start_args args = start(config);

	tear_down(NULL);
	set_up(NULL);
	if (setjmp(k.end) == 0) {
		vm_build(&args, window);
		fail_msg("accepted: %s", config);
	}
	assert_int_equal(k.status, code | CAUSE_ERROR << 8);
	if (strstr(k.log, text) == NULL)
		fail_msg("'%s' is not in '%s'", text, k.log);
	assert_non_null(strstr(k.note, text));
}

/* Where lines go, by severity. */
static void test_logger(void **state)
{
	static const struct qvm_logger loggers[] = {
	    {QVM_LOG_WARN, QVM_LOG_SLOG, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_ERROR, QVM_LOG_NONE, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_FATAL, QVM_LOG_SLOG, QVM_LOGGER_VM, {0}},
	    {QVM_LOG_FATAL, QVM_LOG_STDOUT, QVM_LOGGER_VM, {0}},
	};

	(void)state;
	memcpy(vm.config.loggers, loggers, sizeof(loggers));
	vm.config.logger_count = 4;
	vm_logf(SLOG_INFO, "not wanted");
	vm_logf(SLOG_ERROR, "none");
	assert_int_equal(k.slogged, 0);
	assert_string_equal(k.note,
			    "none"); /* whatever `logger` says, the operator learns why a guest does not begin */
	vm_logf(SLOG_WARN, "to the ring");
	assert_int_equal(k.slogged, 1);
	vm_logf(SLOG_INTERNAL, "always");
	assert_int_equal(k.slogged, 2);
	assert_string_equal(k.log, "");
	vm_logf(SLOG_FATAL, "last %u", 1);
	assert_int_equal(k.slogged, 2);
	assert_non_null(strstr(k.log, "last 1"));
}

static void test_refused(void **state)
{
	(void)state;
	expect_refusal("ram 0x80000000,4M\nnonsense\n", VM_EXIT_CONFIG, "[test.qvmconf:2]");
	expect_refusal(CONFIG_HEAD "load missing\n", VM_EXIT_CONFIG,
		       "[test.qvmconf:4] missing is not in the boot archive");
	/* Not the file that procmgr looked for, hence not what it verified. */
	expect_refusal(CONFIG_HEAD "load images/code.bin\n", VM_EXIT_CONFIG,
		       "[test.qvmconf:4] images/code.bin is not in the boot archive");
	expect_refusal(CONFIG_HEAD "load tree\n", VM_EXIT_CONFIG, "nothing to start");
	expect_refusal(CONFIG_HEAD "load 0x803fffff,code.bin\n", VM_EXIT_CONFIG, "[test.qvmconf:4] code.bin: ");
	expect_refusal("ram 0x80000000,8M\n" CONFIG_TAIL, VM_EXIT_NO_MEMORY, "needs 0x800000 bytes");
	expect_refusal(CONFIG_HEAD "cpu sched 200\n" CONFIG_TAIL, VM_EXIT_CONFIG, "[test.qvmconf:4] vCPU 0");
}

static void test_devices(void **state)
{
	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = UART + 0xfe0, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART + 0x30, .x2 = 4, .x3 = 0x301});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART, .x2 = 4, .x3 = 'A'});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = GICD + 0xffe8, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000008, .x2 = 8, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_FETCH, .x1 = 0x5000000});
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.status, CAUSE_OFF << 8);
	assert_int_equal(k.entry[0].action, ACT_RUN);
	assert_int_equal(k.entry[0].vcpu, 10);
	assert_int_equal(k.entry[1].action, ACT_DATA);
	assert_int_equal(k.entry[1].x[0], 0x11); /* UARTPeriphID0 */
	assert_int_equal(k.entry[3].action, ACT_DONE);
	assert_int_equal(port()->ring[0], 'A');
	assert_int_equal(port()->head, 1);
	assert_int_equal(k.entry[4].x[0] >> 4 & 0xf, 3); /* GICD_PIDR2.ArchRev: GICv3 */
	assert_int_equal(k.entry[5].action, ACT_DATA);
	assert_int_equal(k.entry[5].x[0], ~0ull);
	assert_int_equal(k.entry[6].action, ACT_DONE);
	assert_int_equal(k.entry[7].action, ACT_ABORT);
	assert_int_equal(k.entry[7].x[0], 0x10);
	assert_int_equal(k.entry[7].x[1], 0);
	assert_int_equal(k.entry[8].action, ACT_RUN);
	assert_int_equal(vm.vcpu[0].unsupported, 3);
	/* Nobody sent the output: the end did not wait for longer than a second. */
	assert_in_range(k.now, 1, 1100000000);
	assert_int_equal(k.kicks[0], 1);
}

/* A full ring holds the guest back, and loses nothing. */
static void test_back_pressure(void **state)
{
	uint64_t flags;
	unsigned taken = 0;

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	serial_write(UART + 0x2c, 4, 0x70); /* UARTLCR_H: 8 bits, FIFO */
	serial_write(UART + 0x30, 4, 0x301);
	for (unsigned i = 0; i < 2 * SERIAL_RING; i++) {
		flags = serial_read(UART + 0x18, 4).value;
		if (flags & 1u << 5) /* TXFF */
			break;
		serial_write(UART, 1, taken++ & 0xff);
	}
	assert_in_range(taken, SERIAL_RING + 1, SERIAL_RING + PL011_FIFO);
	assert_int_equal(port()->head, SERIAL_RING);
	for (unsigned i = 0; i < SERIAL_RING; i++)
		assert_int_equal(port()->ring[i], i & 0xff);
	port()->tail += 100;
	mutex_lock(&port()->vdev->v_mtx);
	pl011_tx_ready(&port()->uart);
	mutex_unlock(&port()->vdev->v_mtx);
	assert_int_equal(port()->head, taken);
	assert_int_equal(port()->ring[0], SERIAL_RING & 0xff);
}

/* Runs a thread until it waits: 3 for a word, 4 for input. */
static int run_thread(const char *name)
{
	unsigned i = 0;
	int why;

	while (i < k.threads && strcmp(k.thread[i].name, name) != 0)
		i++;
	assert_true(i < k.threads);
	why = setjmp(k.end);
	if (why == 0)
		k.thread[i].entry(k.thread[i].arg);
	return why;
}

/* A burst goes out in few messages, around the end of the ring, and over a restart of the console driver. */
static void test_writer(void **state)
{
	char sent[SERIAL_RING + 100];
	struct serial *s;

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	s = port();
	s->head = s->tail = 0xffffff00u; /* the counters wrap, too */
	serial_write(UART + 0x30, 4, 0x301);
	for (unsigned i = 0; i < 2000; i++) {
		sent[i] = (char)(i * 7);
		serial_write(UART, 4, (uint8_t)sent[i]);
	}
	k.refusals = 2;
	assert_int_equal(run_thread("pl011 out"), 3);
	assert_int_equal(k.console_bytes, 2000);
	assert_memory_equal(k.console, sent, 2000);
	assert_in_range(k.messages, 4, 6);
	assert_int_equal(s->head, s->tail);
	assert_int_equal(s->writer_sleeps, 1);
	/* The next byte wakes it. */
	serial_write(UART, 4, 'x');
	assert_int_equal(s->writer_sleeps, 0);
}

/* Input waits in the reader while the guest's FIFO is full, and nothing is lost. */
static void test_reader(void **state)
{
	static const char typed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
	struct serial *s;

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	s = port();
	serial_write(UART + 0x30, 4, 0);
	k.typed = typed;
	assert_int_equal(run_thread("pl011 in"), 3); /* the guest has disabled its receiver */
	assert_int_equal(s->reader_waits, 1);
	serial_write(UART + 0x2c, 4, 0x70);
	serial_write(UART + 0x30, 4, 0x301);
	assert_int_equal(s->reader_waits, 0);
	k.typed = typed; /* the thread was torn out of its loop: again from the start */
	assert_int_equal(run_thread("pl011 in"), 3);
	assert_int_equal(pl011_rx_room(&s->uart), 0);
	for (unsigned i = 0; i < PL011_FIFO; i++) {
		assert_int_equal(serial_read(UART, 4).value, typed[i]);
		assert_int_equal(s->reader_waits, 0);
	}
	k.typed = "z";
	assert_int_equal(run_thread("pl011 in"), 4);
	assert_int_equal(pl011_rx_room(&s->uart), PL011_FIFO - 1);
}

/* A vCPU's thread that is off waits for its turn. */
static void test_gate(void **state)
{
	(void)state;
	build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	assert_int_equal(run_thread("vcpu1"), 3);
	assert_int_equal(k.entries, 0);
	assert_int_equal(run_thread("vcpu0"), 1); /* this one runs to the end of its script */
	assert_int_equal(k.entry[0].vcpu, 10);
}

static void test_complex(void **state)
{
	uint32_t stp = 0x29000801; /* stp w1, w2, [x0] */

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	memcpy(window, &stp, 4);
	k.vreg[0][0] = UART + 0x24;
	k.vreg[0][1] = 26;
	k.vreg[0][2] = 3;
	script(
	    (struct vcpu_run){.exit = EXIT_MMIO_COMPLEX, .x1 = UART + 0x24, .x2 = 0x47, .x3 = UART + 0x24, .x4 = RAM});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_DONE);
	assert_int_equal(port()->uart.ibrd, 26);
	assert_int_equal(port()->uart.fbrd, 3);
	assert_int_equal(vm.vcpu[0].unsupported, 0);
}

/* An instruction that is never what the syndrome says is let try again 32 times, then it is not supported. */
static void test_no_end(void **state)
{
	const struct vcpu_run exit = {.exit = EXIT_MMIO_COMPLEX, .x1 = UART, .x2 = 7, .x3 = UART, .x4 = RAM + 4};
	struct vcpu_run other = exit, done = exit;
	const uint32_t ldr = 0xf8408401; /* ldr x1, [x0], #8 */

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	other.x4 = RAM + 8;
	done.x4 = RAM + 12;
	done.x1 = done.x3 = 0x5000000;
	memcpy(window + 12, &ldr, 4);
	k.vreg[0][0] = 0x5000000;
	for (unsigned i = 0; i < 34; i++)
		script(exit);
	for (unsigned i = 0; i < 14; i++)
		script(i & 1 ? exit : other); /* elsewhere in between: there is progress */
	for (unsigned i = 0; i < 16; i++)
		script(i == 15 ? done : exit); /* it was done at last: the next time begins anew */
	assert_true(run(0));
	assert_int_equal(k.entry[64].action, ACT_DONE);
	assert_int_equal(vm.vcpu[0].arch.retries, 0);
	for (unsigned i = 1; i <= 63; i++)
		assert_int_equal(k.entry[i].action, i == 33 ? ACT_UNDEF : ACT_RUN);
	assert_int_equal(vm.vcpu[0].unsupported, 2);
}

/* DC ISW, CSW and CISW, of any register, are done by address, whatever the policy; their neighbours are not. */
static void test_set_and_way(void **state)
{
	static const struct {
		uint32_t syndrome;
		enum vcpu_action action;
	} cases[] = {
	    {0x141c0c, ACT_DONE},
	    {0x141c14 | 31 << 5, ACT_DONE},
	    {0x141c1c | 3 << 5, ACT_DONE},
	    {0x141c04, ACT_UNDEF},
	    {0x141c1e, ACT_UNDEF},
	    {0x101c1c, ACT_UNDEF},
	    {0x141c1c | 1 << 14, ACT_UNDEF},
	    {0x341c1c, ACT_UNDEF},
	    {0x12dc16 | 3 << 5, ACT_DONE}, /* DC CVAU */
	    {0x12dc14, ACT_UNDEF},
	    {0x14dc16, ACT_UNDEF},
	};
	const unsigned count = sizeof(cases) / sizeof(cases[0]);

	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	for (unsigned i = 0; i < count; i++)
		script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = cases[i].syndrome, .x3 = 0x10});
	assert_true(run(0));
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(k.entry[i + 1].action, cases[i].action);
	assert_int_equal(vm.vcpu[0].unsupported, 7);
	assert_int_equal(vm.arch.set_way, 1);
}

/* What the configuration says of the kernel's virtual CPUs: the mock of VcpuCreate looks. */
static void test_vcpu_flags(void **state)
{
	(void)state;
	k.vcpu_flags = VCPU_LOCAL_MAINTENANCE;
	build(CONFIG_HEAD CONFIG_TAIL "set broadcast-maintenance off\n");
	tear_down(NULL);
	set_up(NULL);
	k.vcpu_flags = VCPU_LOCAL_MAINTENANCE | VCPU_NO_WFI_EXIT;
	build(CONFIG_HEAD CONFIG_TAIL "set broadcast-maintenance off set exit-on-halt off\n");
}

static void test_policies(void **state)
{
	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 0x1234});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 0x1234, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	assert_true(run(0));
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(k.entry[i].action, ACT_UNDEF);
	tear_down(NULL);
	set_up(NULL);
	build(CONFIG_HEAD CONFIG_TAIL
	      "unsupported register ignore\nunsupported instruction ignore\nunsupported reference fail\n");
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 0x1234});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 0x1234, .x3 = 1});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000008, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_DATA);
	assert_int_equal(k.entry[1].x[0], ~0ull);
	assert_int_equal(k.entry[2].action, ACT_DONE);
	assert_int_equal(k.entry[3].action, ACT_DONE);
	assert_int_equal(k.entry[4].action, ACT_ABORT);
	assert_int_equal(k.entry[4].x[0], 0x10);
	assert_int_equal(k.entry[5].action, ACT_ABORT);
	assert_int_equal(k.entry[5].x[0], 0x50);
	assert_int_equal(vm.vcpu[0].unsupported, 5);
	/* What a device refuses is the same. */
	k.entries = k.exits = 0;
	vm.ending = 0;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = UART + 8, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = UART + 8, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_ABORT);
	assert_int_equal(k.entry[1].x[0], 0x10);
	assert_int_equal(k.entry[2].action, ACT_ABORT);
	assert_int_equal(k.entry[2].x[0], 0x50);
	assert_int_equal(vm.vcpu[0].unsupported, 7);
}

static unsigned count_of(const char *text)
{
	unsigned count = 0;

	for (const char *at = k.log; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* The first of each type is logged, whoever does it, and how often the others come; all are counted, the last is kept.
 */
static void test_first_of_each_type(void **state)
{
	static const char *const first[] = {
	    ("vCPU 0: unsupported write of 1 byte at 0x5000007, PC 0x80001234; reference ignore; more of this type are "
	     "counted only\n"),
	    "vCPU 0: unsupported read of the system register S3_3_C9_C12_0, PC 0x80001234; register fail; more",
	    "vCPU 1: unsupported instruction with the syndrome 0x66000000, PC 0x80005678; instruction fail; more",
	};
	char text[UNSUPPORTED_TEXT];

	(void)state;
	build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	k.vreg[0][VREG_PC] = 0x80001234;
	k.vreg[1][VREG_PC] = 0x80005678;
	script((struct vcpu_run){.exit = EXIT_MMIO_WRITE, .x1 = 0x5000007, .x2 = 1});
	for (unsigned i = 0; i < 10; i++)
		script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000008 + 8 * i, .x2 = 8});
	script((struct vcpu_run){.exit = EXIT_SYSREG_READ, .x1 = 3 << 20 | 3 << 14 | 9 << 10 | 12 << 1 | 1 | 4 << 5});
	script((struct vcpu_run){.exit = EXIT_SYSREG_WRITE, .x1 = 2 << 20 | 7 << 17 | 1 << 14 | 15 << 10 | 1 << 1});
	assert_true(run(0));
	vm.ending = 0;
	k.entries = k.exits = 0;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000004, .x2 = 4});
	script((struct vcpu_run){.exit = EXIT_INSTRUCTION, .x1 = 0x66000000});
	assert_true(run(1));
	assert_int_equal(count_of(": unsupported "), 3);
	for (unsigned i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		assert_int_equal(count_of(first[i]), 1);
	assert_int_equal(vm.vcpu[0].unsupported, 13);
	assert_int_equal(vm.vcpu[1].unsupported, 2);
	unsupported_text(&vm.vcpu[0].unsupported_last, text);
	assert_string_equal(text, "write of the system register S2_1_C15_C1_7");
	unsupported_text(&(struct unsupported){0x4000, UNSUPPORTED_REFERENCE, UNSUPPORTED_OTHER, 4}, text);
	assert_string_equal(text, "instruction fetch at 0x4000");
	unsupported_text(&(struct unsupported){~0ull, UNSUPPORTED_INSTRUCTION, UNSUPPORTED_READS, 0}, text);
	assert_string_equal(text, "instruction that accesses 0xffffffffffffffff");
}

static void test_abort(void **state)
{
	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL "unsupported reference abort\n");
	k.vreg[0][VREG_PC] = 0xabcdef;
	script((struct vcpu_run){.exit = EXIT_MMIO_READ, .x1 = 0x5000004, .x2 = 8});
	assert_true(run(0));
	assert_int_equal(k.status, VM_EXIT_UNSUPPORTED | CAUSE_ERROR << 8);
	assert_non_null(
	    strstr(k.log, "vCPU 0: unsupported read of 8 bytes at 0x5000004, PC 0xabcdef; reference abort\n"));
	assert_non_null(strstr(k.log, "PC     0000000000abcdef"));
}

static struct vcpu_run hvc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	return (struct vcpu_run){.exit = EXIT_HVC, .x2 = function, .x3 = x1, .x4 = x2, .x5 = x3};
}

static void test_firmware(void **state)
{
	(void)state;
	build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	script((struct vcpu_run){.exit = EXIT_SMC, .x1 = 7, .x2 = 0x84000000});
	script(hvc(0x84000000, 0, 0, 0));                 /* PSCI_VERSION */
	script(hvc(0xc4000003, 1, RAM + 0x1000, 0x5555)); /* CPU_ON */
	script(hvc(0xc4000003, 1, RAM + 0x1000, 0x5555));
	assert_true(run(0));
	assert_int_equal(k.entry[1].action, ACT_RESULT);
	assert_int_equal(k.entry[1].x[0], ~0ull); /* an immediate that nobody defined */
	assert_int_equal(k.entry[2].x[0], 0x10001);
	assert_int_equal(k.entry[3].x[0], PSCI_SUCCESS);
	assert_int_equal(k.entry[4].x[0], (uint64_t)PSCI_ALREADY_ON);
	assert_int_equal(vm.vcpu[1].power, 1);
	assert_int_equal(k.resets[1], 1);
	assert_int_equal(k.vreg[1][VREG_PC], RAM + 0x1000);
	assert_int_equal(k.vreg[1][VREG_X0], 0x5555);
	/* The second vCPU goes off: its thread waits again, and it can be turned on again. */
	vm.ending = 0;
	k.entries = k.exits = 0;
	script(hvc(0x84000002, 0, 0, 0)); /* CPU_OFF */
	assert_false(run(1));
	assert_int_equal(k.entry[0].vcpu, 11);
	assert_int_equal(vm.vcpu[1].power, 0);
	k.entries = k.exits = 0;
	script(hvc(0xc4000003, 1, RAM + 0x2000, 1));
	script(hvc(0x84000009, 0, 0, 0)); /* SYSTEM_RESET */
	assert_true(run(0));
	assert_int_equal(k.entry[1].x[0], PSCI_SUCCESS);
	assert_int_equal(k.resets[1], 2);
	assert_int_equal(k.status, CAUSE_RESET << 8);
}

static void test_report_and_stop(void **state)
{
	(void)state;
	build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	k.vreg[0][VREG_PC] = 0x1234;
	k.vreg[0][VREG_EXITS] = 9;
	vm_report();
	assert_non_null(strstr(k.log, "vCPU 0: on, PC 0x1234, 9 exits, 0 unsupported accesses\n"));
	assert_non_null(strstr(k.log, "vCPU 1: off"));
	assert_int_equal(k.kicks[0], 0);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	/* While the VM ends, a vCPU that is kicked runs no more. */
	assert_int_equal(vm.ending, 1);
	k.entries = k.exits = 0;
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.status, ~0ull);
}

static void expect_pause(uint32_t unstopped, uint64_t now)
{
	k.sent_bytes = 0;
	k.state = VM_PAUSED;
	vm_pause_or_resume();
	assert_int_equal(k.sent_bytes, sizeof(struct pm_answer) + 4);
	assert_int_equal(k.sent.head.type, PM_ANSWER);
	assert_int_equal(k.sent.head.signal, BH_SIGPAUSE);
	assert_int_equal(k.sent.value, unstopped);
	assert_int_equal(k.now, now);
}

/* No virtual CPU enters the guest, also none that was off or in the guest; procmgr learns when all have stopped. */
static void test_pause(void **state)
{
	(void)state;
	build(CONFIG_HEAD "cpu cpu\n" CONFIG_TAIL);
	expect_pause(1, 1000000000);
	assert_int_equal(k.kicks[0], 1);
	assert_int_equal(k.kicks[1], 1);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_true(run(0));
	assert_int_equal(k.entries, 1);
	assert_int_equal(vm.vcpu[0].parked, 1);
	assert_int_equal(vm.parkings, 1);
	expect_pause(0, 1000000000);
	/* Turned on at the last moment. */
	vm.vcpu[1].power = 1;
	expect_pause(1, 2000000000);
	assert_int_equal(run_thread("vcpu1"), 3);
	assert_int_equal(vm.vcpu[1].parked, 1);
	assert_int_equal(k.entries, 1);
	expect_pause(0, 2000000000);
	vm_report();
	assert_non_null(strstr(k.log, "vCPU 0: on, PC 0x80000000"));
	assert_non_null(strstr(k.log, "vCPU 1: on, PC"));
	k.state = VM_RUNNING;
	k.sent_bytes = 0;
	vm_pause_or_resume();
	vm_pause_or_resume();
	assert_int_equal(vm.paused, 0);
	assert_int_equal(k.sent_bytes, 0);
	script((struct vcpu_run){.exit = EXIT_KICK});
	assert_int_equal(run_thread("vcpu1"), 1);
	assert_int_equal(k.entries, 3);
	assert_int_equal(k.entry[2].action, ACT_RUN);
	assert_int_equal(k.entry[2].vcpu, 11);
}

static void test_broken_kernel(void **state)
{
	(void)state;
	build(CONFIG_HEAD CONFIG_TAIL);
	script((struct vcpu_run){.exit = -EINVAL});
	assert_true(run(0));
	assert_int_equal(k.status, VM_EXIT_FATAL | CAUSE_ERROR << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_build, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dryrun, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_logger, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_devices, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_back_pressure, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_writer, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_reader, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_gate, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_complex, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_end, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_set_and_way, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_vcpu_flags, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_policies, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_first_of_each_type, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_abort, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_firmware, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_report_and_stop, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_pause, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_broken_kernel, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
