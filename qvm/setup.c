/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of the command line to a virtual machine that could run: every mistake ends here, before the guest. */
#include "qvm/setup.h"
#include "qvm/config.h"
#include "qvm/end.h"
#include "qvm/fdt.h"
#include "qvm/load.h"
#include "qvm/log.h"
#include "qvm/map.h"
#include "qvm/module.h"
#include "qvm/pass.h"
#include "qvm/vcpu.h"
#include "qvm/vm.h"
#include <cpio.h>
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <vdevfile.h>

/* The file of a vdev's type, as procmgr has mapped it for this process. */
static void load_module(const struct start_args *args, const struct qvm_vdev *vdev)
{
	const char *wrong = "procmgr has not mapped it";
	struct cpio_file file;

	if (args->file_address == 0 ||
	    vdevfile_find((const void *)(uintptr_t)args->file_address, args->file_bytes, vdev->type, &file) != 0)
		vm_refuse(VM_EXIT_CONFIG, &vdev->place, "there is no vdev-%s.so in the boot archive", vdev->type);
	for (uint32_t i = 0; i < args->module_count && i < MODULE_MAX; i++)
		if (args->modules[i].file_address == (uintptr_t)file.data)
			wrong =
			    module_load(file.name, file.data, file.bytes, (uint8_t *)(uintptr_t)args->modules[i].base);
	if (wrong)
		vm_refuse(VM_EXIT_CONFIG, &vdev->place, "%s: %s", file.name, wrong);
}

static void load_modules(const struct start_args *args)
{
	for (unsigned i = 0; i < vm.config.vdev_count; i++)
		if (vdev_factory_of(vm.config.vdevs[i].type) == NULL)
			load_module(args, &vm.config.vdevs[i]);
}

/* For `debug`. */
static void log_place(const char *what, uint64_t start, uint64_t bytes)
{
	if (vm.config.debug)
		vm_logf(SLOG_INFO, "%s: 0x%llx-0x%llx", what, (unsigned long long)start,
			(unsigned long long)(start + bytes - 1));
}

static void log_places(void)
{
	for (unsigned i = 0; i < vm.memory.count; i++)
		log_place(vm.memory.range[i].rom ? "rom" : "ram", vm.memory.range[i].ipa, vm.memory.range[i].bytes);
	for (unsigned i = 0; i < vm.config.pass_count; i++)
		log_place("pass", vm.config.passes[i].start, vm.config.passes[i].bytes);
	for (unsigned i = 0; i < vm.vdev_count; i++)
		log_place(vm.vdev[i].vdev.v_name, vm.vdev[i].vdev.v_block.location, vm.vdev[i].vdev.v_block.length);
}

static const struct qvm_load *loading;

static void log_progress(uint64_t done, uint64_t bytes)
{
	vm_awaits("[%s:%u] %s to be loaded: %u of %u MiB, %u %%", loading->place.file, (unsigned)loading->place.line,
		  loading->path, (unsigned)(done >> 20), (unsigned)(bytes >> 20), (unsigned)(done * 100 / bytes));
}

static void load_files(const struct start_args *args, struct loader *loader)
{
	vm.memory.copying = log_progress;
	for (unsigned i = 0; i < vm.config.load_count; i++) {
		const struct qvm_load *load = &vm.config.loads[i];
		const unsigned before = loader->pieces;
		struct cpio_file file;

		if (config_find_file(args, load->path, &file) != 0)
			vm_refuse(VM_EXIT_CONFIG, &load->place, "%s is not in the boot archive", load->path);
		loading = load;
		if (!loader_add_file(loader, load, file.data, file.bytes))
			vm_refuse(VM_EXIT_CONFIG, &load->place, "%s: %s", load->path, loader->problem);
		for (unsigned n = before; n < loader->pieces; n++)
			log_place(load->path, loader->piece[n].start, loader->piece[n].end - loader->piece[n].start);
	}
	vm.memory.copying = NULL;
	if (!loader->bootable)
		vm_refuse(VM_EXIT_CONFIG, NULL, "nothing to start: the configuration loads no program (`load FILE`)");
}

/* libfdt wants trees aligned to 8 bytes; a cpio archive aligns files to 4. */
static void *aligned_copy(const void *from, uint64_t bytes)
{
	void *copy = from ? malloc(bytes) : NULL;

	if (from && !copy)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "no memory for the device tree that was loaded");
	if (copy)
		memcpy(copy, from, bytes);
	return copy;
}

static uint64_t put_fdt(const struct start_args *args, struct loader *loader)
{
	struct guest_fdt in = {
	    .config = &vm.config,
	    .memory = &vm.memory,
	    .user_bytes = loader->fdt_bytes,
	    .initrd_start = loader->initrd_start,
	    .initrd_end = loader->initrd_end,
	    .seed_key = args->random ? args->guard : NULL,
	    .describe = vdev_describe,
	};
	uint64_t ipa;
	size_t room;
	void *tree, *user;

	in.user = user = aligned_copy(loader->fdt, loader->fdt_bytes);
	room = guest_fdt_room(&in);
	tree = malloc(room);
	if (!tree)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "no memory for the guest's device tree");
	if (!guest_fdt_build(&in, tree, room))
		vm_refuse(VM_EXIT_CONFIG, loader->fdt_place, "%s", in.problem);
	if (!loader_place_fdt(loader, fdt_totalsize(tree), &ipa))
		vm_refuse(VM_EXIT_CONFIG, loader->fdt_place, "%s", loader->problem);
	guest_memory_write(&vm.memory, ipa, tree, fdt_totalsize(tree));
	free(tree);
	free(user);
	return ipa;
}

struct vm_boot vm_build(const struct start_args *args, uint8_t *window)
{
	static struct loader loader;
	struct vm_boot boot;

	mutex_init(&vm.lock);
	config_read(args);
	map_memory(window);
	pass_map(window);
	loader_init(&loader, &vm.memory);
	pass_blobs(&loader);
	load_files(args, &loader);
	pass_keep(&loader);
	load_modules(args);
	vdev_make_all();
	/* As many as are used: a guest initialises each of them, with an exit for each register. */
	arch_interrupts_init(pass_intids(vdev_intids(0)));
	vdev_add_regions();
	boot.fdt = put_fdt(args, &loader);
	boot.entry = loader.entry;
	arch_power_init();
	vcpu_create_all();
	pass_bind();
	/* From here on vdevs do what can be noticed outside. */
	if (!vm.config.dryrun)
		vdev_configured();
	log_places();
	return boot;
}
