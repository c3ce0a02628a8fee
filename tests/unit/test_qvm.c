/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64 qvm/setup.c qvm/config.c qvm/map.c qvm/exits.c qvm/vcpu.c qvm/vm.c qvm/end.c */
/* SOURCES: qvm/report.c qvm/unsupported.c qvm/pause.c qvm/memory.c qvm/mmio.c qvm/vdev.c */
/* SOURCES: qvm/vdev_factory.c qvm/vdev_access.c */
/* SOURCES: qvm/fdt.c qvm/fdt_tree.c qvm/fdt_user.c qvm/fdt_vdev.c */
/* SOURCES: qvm/load.c qvm/load_file.c qvm/load_elf.c qvm/load_format.c vdev/pl011 lib/cpio.c lib/elf.c */
/* SOURCES: qvm/vdev_api.c qvm/vdev_event.c qvm/hostdev.c qvm/pass.c qvm/log.c lib/fdt_good.c */
/* SOURCES: lib/qvmconf lib/glob.c lib/vdevfile.c lib/vdevfind.c tests/unit/qvm */
/* SOURCES: tests/unit/stub/kernel.c tests/unit/stub/qvm_kernel.c */
/* LIBS: fdt */
/* A whole qvm on a stand-in for the kernel: from an archive to a guest that runs, exits, and ends. */
#include "cpio_writer.h"
#include "qvm/module.h"
#include "qvm/vm_under_test.h"
#include <stdlib.h>

uint8_t *window;
static char archive[8192];

/* The serial port is a part of this program. */
const char *module_load(const char *path, const void *file, size_t bytes, uint8_t *base)
{
	(void)path;
	(void)file;
	(void)bytes;
	(void)base;
	return "not here";
}

struct start_args make_args(const char *config)
{
	static char name[] = "qvm", word[] = "@test.qvmconf";
	char *end = archive;
	struct start_args args = {.argc = 2, .argv = {(uint64_t)(uintptr_t)name, (uint64_t)(uintptr_t)word}};

	memset(archive, 0, sizeof(archive));
	cpio_add(&end, "test.qvmconf", config, strlen(config));
	cpio_add(&end, "code.bin", "\x1f\x20\x03\xd5raw", 7);
	cpio_add(&end, "initrd", "initial", 7);
	cpio_add(&end, "tree", "\xd0\x0d\xfe\xed", 4);
	cpio_add(&end, "TRAILER!!!", "", 0);
	args.file_address = (uint64_t)(uintptr_t)archive;
	args.file_bytes = sizeof(archive);
	args.guard[3] = 1;
	return args;
}

int set_up(void **state)
{
	unsigned count;

	(void)state;
	vdev_factory_newest(&count)->name = "pl011"; /* its file's name gives it */
	memset(&vm, 0, sizeof(vm));
	memset(&k, 0, sizeof(k));
	memset(&core, 0, sizeof(core));
	k.region_bytes = RAM_SIZE + 0x10000;
	k.window = window = calloc(1, k.region_bytes);
	k.only_line = UART_INTERRUPT;
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < vm.vdev_count; i++)
		free(vm.vdev[i].vdev.v_device);
	vm.vdev_count = 0;
	free(window);
	for (unsigned i = 0; i < core.threads; i++)
		assert_true(core.thread[i].arg && core.thread[i].priority == 0);
	return 0;
}

struct vm_boot build_vm(const char *config)
{
	const struct start_args args = make_args(config);
	struct vm_boot boot = {0};

	if (setjmp(core.end) == 0) {
		boot = vm_build(&args, window);
		vcpu_start(&boot);
	} else {
		fail_msg("%s", k.log);
	}
	return boot;
}

void script(struct vcpu_run exit)
{
	k.script[k.exits++] = exit;
}

bool run(unsigned index)
{
	if (setjmp(core.end) != 0)
		return true;
	vcpu_run_until_off(&vm.vcpu[index]);
	return false;
}

struct serial *port(void)
{
	return vm.vdev[0].vdev.v_device;
}

enum stub_end run_thread(const char *name)
{
	unsigned i = 0;
	int why;

	while (i < core.threads && strcmp(core.thread[i].name, name) != 0)
		i++;
	assert_true(i < core.threads);
	why = setjmp(core.end);
	if (why == 0)
		core.thread[i].entry(core.thread[i].arg);
	return why;
}

int main(void)
{
	return start_tests() + serial_tests() + exit_tests() + power_tests();
}
