/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: servers/procmgr/setup.c servers/procmgr/env.c servers/procmgr/verify.c servers/procmgr/vdevs.c */
/* SOURCES: servers/procmgr/safety.c servers/procmgr/slots.c servers/procmgr/boot.c lib/manifest.c lib/elf.c */
/* SOURCES: lib/cpio.c lib/vdevfile.c lib/vdevfind.c lib/sysconf lib/fdt_good.c */
/* SOURCES: lib/qvmconf/vdevoption.c lib/qvmconf/vdevvalue.c lib/qvmconf/known.c lib/qvmconf/consoles.c */
/* SOURCES: lib/qvmconf/number.c lib/glob.c lib/arch/aarch64/sha256.c */
/* LIBS: fdt sodium */
/* CFLAGS: -Itests/unit/sha256 */
/*
 * What procmgr makes of a boot archive: each case builds one, with the board's tree beside it, where the kernel would
 * map them, and runs setup_slots() in a child, since it runs once in a process's life. The configuration reader of the
 * VMs has its own tests: here a configuration is the number of bytes of guest memory, or "wrong".
 */
#include "archive.h"
#include "bulkhead/kernel.h"
#include "servers/procmgr/boot.h"
#include "servers/procmgr/log.h"
#include "servers/procmgr/setup.h"
#include "servers/procmgr/slots.h"
#include "servers/procmgr/start.h"
#include "unit.h"
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB 0x100000ull

int SystemInfo_r(struct system_info *info)
{
	*info = (struct system_info){.cpus = 4, .features = FEATURE_SHA256};
	return 0;
}

int qvmconf_read(struct qvm_config *guest, int argc, const char *const *argv, const struct qvmconf_host *host)
{
	const char *text;
	size_t bytes;
	char number[32] = {0};

	assert_int_equal(argc, 1);
	assert_int_equal(argv[0][0], '@');
	memset(guest, 0, sizeof(*guest));
	if (host->read(host->context, argv[0] + 1, &text, &bytes) != 0) {
		host->message(host->context, "[command line:1] no such file");
		return VM_EXIT_CONFIG;
	}
	memcpy(number, text, bytes < sizeof(number) ? bytes : sizeof(number) - 1);
	/* The types of vdevs follow the number, as in "33554432 pl011 pl011". */
	for (const char *type = strchr(number, ' ') ? strtok(strchr(number, ' '), " ") : NULL; type;
	     type = strtok(NULL, " ")) {
		struct qvm_vdev *vdev = &guest->vdevs[guest->vdev_count];

		vdev->type = strcpy(guest->arena + 64 * ++guest->vdev_count, type);
		vdev->place = (struct qvm_place){"vm", 10 + guest->vdev_count};
	}
	if (strcmp(number, "wrong") == 0) {
		host->message(host->context, "[vm:1] wrong");
		return VM_EXIT_CONFIG;
	}
	guest->name = guest->arena;
	guest->mem[0].bytes = strtoull(number, NULL, 0);
	guest->cpu_count = 2;
	guest->load_count = 1;
	guest->loads[0] = (struct qvm_load){.path = "kernel", .place = {"vm", 3}};
	return 0;
}

uint64_t qvmconf_memory_bytes(const struct qvm_config *guest)
{
	return guest->mem[0].bytes;
}

/* What a child leaves behind. */
static struct outcome {
	unsigned mistakes;
	struct slot slots[PROCESS_MAX];
	struct plan plan;
	char log[16384];
} * outcome;

void log_line(enum slog_severity severity, const char *format, ...)
{
	size_t used = strlen(outcome->log);
	va_list args;

	(void)severity;
	va_start(args, format);
	vsnprintf(outcome->log + used, sizeof(outcome->log) - used - 1, format, args);
	va_end(args);
	strcat(outcome->log, "\n");
}

/* The board: 256 MiB of RAM, 4 CPUs, a UART at 0x9000000 with SPI 1. */
static void make_board(void *to, int size, unsigned maintenance)
{
	static const char stdout_path[] = "/uart@9000000";
	fdt64_t reg[2] = {cpu_to_fdt64(0x40000000), cpu_to_fdt64(256 * MIB)};
	fdt64_t uart[2] = {cpu_to_fdt64(0x9000000), cpu_to_fdt64(0x1000)};
	fdt32_t interrupts[3] = {cpu_to_fdt32(0), cpu_to_fdt32(1), cpu_to_fdt32(4)};
	fdt32_t private[3] = {cpu_to_fdt32(1), cpu_to_fdt32(maintenance - 16), cpu_to_fdt32(4)};

	fdt_create(to, size);
	fdt_finish_reservemap(to);
	fdt_begin_node(to, "");
	fdt_property_u32(to, "#address-cells", 2);
	fdt_property_u32(to, "#size-cells", 2);
	fdt_property_u32(to, "interrupt-parent", 1);
	fdt_begin_node(to, "memory@40000000");
	fdt_property_string(to, "device_type", "memory");
	fdt_property(to, "reg", reg, sizeof(reg));
	fdt_end_node(to);
	fdt_begin_node(to, "cpus");
	fdt_begin_node(to, "cpu@0");
	fdt_property_string(to, "device_type", "cpu");
	fdt_end_node(to);
	fdt_end_node(to);
	fdt_begin_node(to, "gic");
	fdt_property_string(to, "compatible", "arm,gic-v3");
	fdt_property_u32(to, "phandle", 1);
	fdt_property(to, "interrupts", private, sizeof(private));
	fdt_end_node(to);
	fdt_begin_node(to, stdout_path + 1);
	fdt_property(to, "reg", uart, sizeof(uart));
	fdt_property(to, "interrupts", interrupts, sizeof(interrupts));
	fdt_end_node(to);
	fdt_begin_node(to, "chosen");
	fdt_property_string(to, "stdout-path", stdout_path);
	fdt_end_node(to);
	fdt_end_node(to);
	assert_int_equal(fdt_finish(to), 0);
}

/* A case: what differs from a good system. */
struct variant {
	unsigned maintenance;  /* interrupt of the GIC; 0: as the kernel wants it */
	const char *vm_config; /* content of vm1.qvmconf; NULL: 33554432 */
	uint32_t disk_memory;  /* 0: 1 MiB */
	unsigned args;         /* of the console driver, beside the device's */
	bool no_archive, no_system, no_program, bad_program, loose_program, loose_archive, no_kernel, bad_reference;
	enum { VDEV_NONE, VDEV_GOOD, VDEV_DAMAGED, VDEV_ASIDE } vdev; /* its file */
	bool unlisted, changed, bad_signature;
};

static void make_system(void *to, int size, const struct variant *v)
{
	static const char devices[] = "stdout";
	char args[64] = {0};

	fdt_create(to, size);
	fdt_finish_reservemap(to);
	fdt_begin_node(to, "");
	fdt_property_string(to, "compatible", "bulkhead,system");
	fdt_begin_node(to, "processes");
	fdt_begin_node(to, "console");
	fdt_property_string(to, "program", "devc");
	for (unsigned i = 0; i < v->args; i++)
		args[2 * i] = 'a';
	if (v->args != 0)
		fdt_property(to, "args", args, (int)(2 * v->args));
	fdt_property(to, "devices", devices, sizeof(devices));
	fdt_property_string(to, "abilities", "public");
	fdt_end_node(to);
	fdt_begin_node(to, "disk");
	fdt_property_string(to, "program", "disk");
	fdt_property_u32(to, "memory", v->disk_memory ? v->disk_memory : (uint32_t)MIB);
	fdt_property_string(to, "connect", v->bad_reference ? "nobody" : "console");
	fdt_end_node(to);
	fdt_end_node(to);
	fdt_begin_node(to, "vms");
	fdt_begin_node(to, "vm1");
	fdt_property_string(to, "config", "vm1.qvmconf");
	fdt_end_node(to);
	fdt_end_node(to);
	fdt_end_node(to);
	assert_int_equal(fdt_finish(to), 0);
}

/* A program of one page, as an ELF file (System V ABI, chapters 4 and 5). */
#define PROGRAM_BYTES 4096

static void make_program(uint8_t *to)
{
	uint64_t header[8] = {0x00010102464c457f, 0, 3 | 183 << 16 | 1ull << 32, 256, 64};
	uint64_t segment[7] = {1 | 5ull << 32, 0, 0, 0, 512, 512, 4096};

	header[6] = 64ull << 32 | 56ull << 48;
	header[7] = 1;
	memcpy(to, header, sizeof(header));
	memcpy(to + 64, segment, sizeof(segment));
}

/* With its data on a page, as `bulkhead image` does it. */
static char *add_program(struct archive *a, const char *name, const void *data, size_t bytes)
{
	static const uint8_t pad[4096];
	size_t head = (110 + strlen(name) + 1 + 3) / 4 * 4, pad_head = (110 + 5 + 3) / 4 * 4;

	archive_add_unlisted(a, ".pad", pad, -((size_t)(a->at - a->start) + pad_head + head) % 4096);
	return archive_add(a, name, data, bytes);
}

static void *map_at(uint64_t address, size_t bytes)
{
	void *at = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	assert_ptr_equal(at, (void *)address);
	return at;
}

/* The file of pl011 that was built, on a page as the host tool puts it, or not. */
static void add_vdev(struct archive *a, int how)
{
	static const uint8_t zeros[0x2000];
	static uint8_t file[0x8000];
	char path[4096];
	const char *name = "vdev-pl011.so";
	const size_t head = (110 + strlen(name) + 1 + 3) / 4 * 4, pad_head = (110 + 5 + 3) / 4 * 4;
	size_t gap = -((uintptr_t)a->at + pad_head + head) % 4096 + (how == VDEV_ASIDE ? 8 : 0), bytes;
	FILE *from;

	snprintf(path, sizeof(path), "%s/vdevs/%s", getenv("BUILD"), name);
	from = fopen(path, "rb");
	assert_non_null(from);
	bytes = fread(file, 1, sizeof(file), from);
	fclose(from);
	if (how == VDEV_DAMAGED)
		file[18] = 62; /* x86-64 */
	archive_add_unlisted(a, ".pad", zeros, gap);
	archive_add(a, name, file, bytes);
}

static void make_archive(const struct variant *v)
{
	struct boot_info *info = map_at(BOOT_INFO, 0x1000);
	void *tree_of_board = map_at(BOOT_DTB, 0x4000);
	char *place = map_at(BOOT_ARCHIVE, 0x10000), *data;
	static const unsigned char seed[crypto_sign_SEEDBYTES];
	static struct archive a;
	static uint64_t tree[512];
	uint8_t program[PROGRAM_BYTES] = {0};
	const char *vm = v->vm_config ? v->vm_config : "33554432";
	size_t bytes;

	info->intid_limit = 96;
	make_board(tree_of_board, 0x4000, v->maintenance ? v->maintenance : 25);
	make_system(tree, sizeof(tree), v);
	make_program(program);
	archive_begin(&a, place);
	if (!v->no_program)
		add_program(&a, "devc", program, sizeof(program));
	if (v->loose_program)
		archive_add_unlisted(&a, "x", "x", 1);
	data = v->loose_program ? archive_add(&a, "disk", program, sizeof(program))
				: add_program(&a, "disk", program, v->bad_program ? 100 : sizeof(program));
	if (!v->no_kernel)
		archive_add(&a, "kernel", "x", 1);
	add_program(&a, "qvm", program, sizeof(program));
	if (!v->no_system)
		archive_add(&a, "system.dtb", tree, fdt_totalsize(tree));
	if (v->vdev != VDEV_NONE)
		add_vdev(&a, v->vdev);
	if (v->unlisted)
		archive_add_unlisted(&a, "vm1.qvmconf", vm, strlen(vm));
	else
		archive_add(&a, "vm1.qvmconf", vm, strlen(vm));
	bytes = archive_end(&a, seed);
	if (v->changed)
		data[99] ^= 1;
	if (v->bad_signature)
		place[bytes - 130] ^= 1; /* the trailer takes 124 bytes, with the padding */
	info->dtb_bytes = fdt_totalsize(tree_of_board);
	info->archive_bytes = v->no_archive ? 0 : bytes;
	info->archive_pa = v->loose_archive ? 0x48000040 : 0x48000000;
	info->cpus = 4;
	info->ram_count = 2;
	info->ram[0] = (struct range){0x40200000, 16 * MIB};
	info->ram[1] = (struct range){0x48100000, 64 * MIB};
}

static void try(const struct variant *v)
{
	pid_t child;
	int status;

	memset(outcome, 0, sizeof(*outcome));
	child = fork();
	if (child == 0) {
		make_archive(v);
		outcome->mistakes = setup_slots();
		if (outcome->mistakes == 0)
			setup_print_matrix();
		memcpy(outcome->slots, slots, sizeof(slots));
		outcome->plan = plan;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_good_system_is_planned(void **state)
{
	static const struct variant good = {0};
	const struct slot *console = &outcome->slots[1], *disk = &outcome->slots[2], *vm = &outcome->slots[3];

	(void)state;
	try(&good);
	assert_string_equal(strstr(outcome->log, "access matrix:") == outcome->log ? "" : outcome->log, "");
	assert_int_equal(outcome->mistakes, 0);
	assert_int_equal(console->kind, SLOT_SERVER);
	assert_true(console->owns_console);
	assert_int_equal(console->device_count, 1);
	assert_int_equal(console->devices[0].start, 0x9000000);
	assert_int_equal(console->devices[0].bytes, 0x1000);
	assert_int_equal(console->interrupt_count, 1);
	assert_int_equal(console->interrupts[0].intid, 33);
	assert_int_equal(console->argc, 5); /* devc -r 1 -i 33 */
	assert_string_equal(console->numbers[0], "1");
	assert_string_equal(console->numbers[1], "33");
	assert_int_equal(console->connect_mask, 1);
	assert_false(disk->owns_console);
	assert_int_equal(disk->connect_mask, 1 | 1 << 1);
	assert_int_equal(disk->image.entry, 256);
	assert_int_equal(vm->kind, SLOT_VM);
	assert_int_equal(vm->abilities, ABLE_VCPU);
	assert_int_equal(vm->connect_mask, 1 | 1 << 1); /* the public ones */
	assert_int_equal(vm->guest_bytes, 32 * MIB);
	assert_int_equal(vm->vcpus, 2);
	assert_string_equal(vm->config_arg, "@vm1.qvmconf");
	assert_int_equal(outcome->plan.count, 7);
	assert_int_equal(plan_find(&outcome->plan, 3, PLAN_GUEST_RAM)->start, 0x48200000);
}

static void the_matrix_names_every_owner(void **state)
{
	static const struct variant good = {0};

	(void)state;
	try(&good);
	assert_non_null(strstr(outcome->log, "0048200000-004a1fffff guest   vm1"));
	assert_non_null(strstr(outcome->log, "0009000000-0009000fff device  console"));
	assert_non_null(strstr(outcome->log, "interrupt 33          irq     console"));
	assert_non_null(strstr(outcome->log, "slot 2  cpus 0f prio 10-10 disk able: none\n"));
	assert_non_null(strstr(outcome->log, "slot 2  connects to: console\n"));
}

static void every_mistake_is_named_and_nothing_is_planned(void **state)
{
	static const struct {
		struct variant v;
		const char *text;
	} cases[] = {
	    {{.no_archive = true}, "there is no boot archive"},
	    {{.no_system = true}, "system.dtb is not in the boot archive"},
	    {{.unlisted = true}, "vm1.qvmconf is not in the signed MANIFEST"},
	    {{.changed = true}, "disk: program disk differs from the one that was signed"},
	    {{.bad_signature = true}, "the boot archive cannot be trusted: MANIFEST.sig is no signature"},
	    {{.maintenance = 24}, "the board's device tree: a timer's or the GIC's private interrupt is not the one"},
	    {{.no_program = true}, "console: program devc is not in the boot archive"},
	    {{.bad_program = true}, "disk: program disk: its program headers lie beyond its end"},
	    {{.loose_program = true}, "disk: program disk does not begin on a page of the boot archive"},
	    {{.loose_archive = true}, "the boot archive lies at 0x48000040, which is not a multiple of 4096"},
	    {{.bad_reference = true}, "/processes/disk: 'connect' names \"nobody\""},
	    {{.no_kernel = true}, "vm1: vm:3: kernel is not in the boot archive"},
	    {{.vm_config = "wrong"}, "[vm:1] wrong"},
	    {{.disk_memory = 0x1f000}, "disk: program disk needs at least"},
	    {{.args = 12}, "console: too many arguments"},
	    {{.vm_config = "33554432 pl011"}, "[vm:11] vdev pl011: its file is not in the boot archive"},
	    {{.vm_config = "33554432 pl011", .vdev = VDEV_DAMAGED},
	     "[vm:11] vdev pl011: vdev-pl011.so: not a position-independent program or shared object for AArch64"},
	    {{.vm_config = "33554432 pl011", .vdev = VDEV_ASIDE},
	     "[vm:11] vdev pl011: vdev-pl011.so: it does not begin on a page of the archive"},
	    /* More than there is, and more than there is in one piece. */
	    {{.vm_config = "134217728"}, "bytes are missing"},
	    {{.vm_config = "67108864"}, "vm1: no room for its guest memory of 67108864 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		try(&cases[i].v);
		if (strstr(outcome->log, cases[i].text) == NULL)
			fail_msg("\"%s\" is not in: %s", cases[i].text, outcome->log);
		assert_int_not_equal(outcome->mistakes, 0);
		assert_int_equal(plan_find(&outcome->plan, 1, PLAN_RAM) ? outcome->plan.item[0].start : 0, 0);
	}
}

static void each_vdev_file_is_found_once(void **state)
{
	static const struct variant two = {.vm_config = "33554432 pl011 pl011", .vdev = VDEV_GOOD};
	const struct slot *vm = &outcome->slots[3];

	(void)state;
	try(&two);
	assert_int_equal(outcome->mistakes, 0);
	assert_int_equal(vm->vdev_files.count, 1);
	assert_int_equal((uintptr_t)vm->vdev_files.file[0].data % 4096, 0);
}

/* Nothing of the program, 64 KiB of stack and as much of heap. */
static void the_least_memory_is_enough(void **state)
{
	static const struct variant least = {.disk_memory = 0x20000};

	(void)state;
	try(&least);
	assert_int_equal(outcome->mistakes, 0);
}

static int make_outcome(void **state)
{
	(void)state;
	outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return outcome == MAP_FAILED ? -1 : 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_system_is_planned),
	    cmocka_unit_test(the_matrix_names_every_owner),
	    cmocka_unit_test(each_vdev_file_is_found_once),
	    cmocka_unit_test(the_least_memory_is_enough),
	    cmocka_unit_test(every_mistake_is_named_and_nothing_is_planned),
	};
	return cmocka_run_group_tests(tests, make_outcome, NULL);
}
