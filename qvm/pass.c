/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what is passed among the regions of this process, and maps it. */
#include "qvm/pass.h"
#include "fdt_good.h"
#include "qvm/end.h"
#include "qvm/vm.h"
#include "range.h"
#include <libfdt.h>
#include <string.h>

#define LETTERS_DMA (QVM_PASS_D | QVM_PASS_S | QVM_PASS_T)

static bool is_memory(const struct qvm_pass *pass)
{
	return (pass->attributes & QVM_PASS_M) || pass->blob != QVM_LOAD_ANY;
}

/* The region that holds all of it. */
static unsigned find_region(const struct qvm_pass *pass, struct mem_info *info)
{
	for (unsigned i = 0; i < REGION_MAX; i++) {
		if (MemInfo_r(i, info) < 0 || i <= REGION_ROM || (info->flags & REGION_RO))
			continue;
		if (range_holds(info->address, info->bytes, pass->host, pass->bytes))
			return i;
	}
	vm_refuse(
	    VM_EXIT_CONFIG, &pass->place,
	    "0x%llx,0x%llx of the host is not given to this VM: name it in `devices` or `regions` of the VM's node",
	    (unsigned long long)pass->host, (unsigned long long)pass->bytes);
}

/* What the letters ask for against what is there. */
static void check_letters(const struct qvm_pass *pass, const struct mem_info *info)
{
	const unsigned letters = pass->attributes;
	const char *wrong = NULL;

	if ((letters & LETTERS_DMA) && !(letters & QVM_PASS_M))
		wrong = "a device that does DMA cannot be passed yet: nothing bounds what it reaches";
	else if ((info->flags & REGION_DEVICE) && ((letters & (QVM_PASS_X | QVM_PASS_C)) || is_memory(pass)))
		wrong = "these are registers of a device: no `x`, `c` or `m`, nor a blob";
	else if (!(info->flags & REGION_DEVICE) && !(letters & QVM_PASS_C))
		wrong = "this is memory, and the host's caches have it: add `c`";
	if (wrong)
		vm_refuse(VM_EXIT_CONFIG, &pass->place, "%s", wrong);
}

/* After all other guest memory in the window. */
static void map_here(const struct qvm_pass *pass, unsigned region, uint64_t offset, uint8_t *window)
{
	const bool writable = pass->attributes & QVM_PASS_W, told = pass->attributes & QVM_PASS_M;
	const uint64_t at = (uint64_t)(uintptr_t)window + vm.memory.total;
	const char *problem = guest_memory_add(&vm.memory, pass->start, pass->bytes, !told);
	int result;

	if (problem)
		vm_refuse(VM_EXIT_CONFIG, &pass->place, "%s", problem);
	vm.memory.window = window;
	result = MemMap_r(SPACE_SELF, at, region, offset, pass->bytes, PROT_R | (writable ? PROT_W : 0));
	if (result < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &pass->place, "cannot reach the memory that is passed: %s",
			  strerror(-result));
}

static void map_one(const struct qvm_pass *pass, uint8_t *window)
{
	const unsigned letters = pass->attributes;
	const unsigned prot = (letters & QVM_PASS_R ? PROT_R : 0) | (letters & QVM_PASS_W ? PROT_W : 0) |
			      (letters & QVM_PASS_X ? PROT_X : 0);
	struct mem_info info = {0};
	const unsigned region = find_region(pass, &info);
	const uint64_t offset = pass->host - info.address;
	int result = 0;

	check_letters(pass, &info);
	if (prot != 0) /* else every access is refused */
		result = MemMap_r(SPACE_GUEST, pass->start, region, offset, pass->bytes, prot);
	if (result < 0)
		vm_refuse(VM_EXIT_CONFIG, &pass->place, "cannot give the guest 0x%llx,0x%llx: %s",
			  (unsigned long long)pass->start, (unsigned long long)pass->bytes, strerror(-result));
	if (is_memory(pass))
		map_here(pass, region, offset, window);
}

void pass_map(uint8_t *window)
{
	for (unsigned i = 0; i < vm.config.pass_count; i++)
		map_one(&vm.config.passes[i], window);
}

static void take_fdt(struct loader *loader, const struct qvm_pass *pass)
{
	const void *tree = guest_memory_ptr(&vm.memory, pass->start, pass->bytes);

	if (!fdt_good_header(tree, pass->bytes))
		vm_refuse(VM_EXIT_CONFIG, &pass->place, "what is passed as `fdt` is no device tree");
	loader->fdt = tree;
	loader->fdt_place = &pass->place;
	loader->fdt_bytes = fdt_totalsize(tree);
}

void pass_blobs(struct loader *loader)
{
	for (unsigned i = 0; i < vm.config.pass_count; i++) {
		const struct qvm_pass *pass = &vm.config.passes[i];

		if (pass->blob == QVM_LOAD_ANY)
			continue;
		if (!loader_take(loader, pass->start, pass->bytes))
			vm_refuse(VM_EXIT_CONFIG, &pass->place, "%s", loader->problem);
		if (pass->blob == QVM_LOAD_INITRD) {
			loader->initrd_start = pass->start;
			loader->initrd_end = pass->start + pass->bytes;
		} else if (pass->blob == QVM_LOAD_FDT) {
			take_fdt(loader, pass);
		}
	}
}

void pass_keep(struct loader *loader)
{
	for (unsigned i = 0; i < vm.config.pass_count; i++) {
		const struct qvm_pass *pass = &vm.config.passes[i];

		if (pass->blob == QVM_LOAD_ANY && is_memory(pass))
			loader_take(loader, pass->start, pass->bytes);
	}
}

unsigned pass_intids(unsigned least)
{
	for (unsigned i = 0; i < vm.config.pass_intr_count; i++)
		if (vm.config.pass_intrs[i].guest >= least)
			least = vm.config.pass_intrs[i].guest + 1;
	return least;
}

void pass_bind(void)
{
	for (unsigned i = 0; i < vm.config.pass_intr_count; i++) {
		const struct qvm_pass_intr *intr = &vm.config.pass_intrs[i];
		const int result = arch_interrupt_bind(intr->guest, intr->host);

		if (result == -KE_PERM)
			vm_refuse(VM_EXIT_CONFIG, &intr->place,
				  "interrupt %u of the host is not given to this VM: name its device in `devices` of "
				  "the VM's node",
				  (unsigned)intr->host);
		if (result < 0)
			vm_refuse(VM_EXIT_CONFIG, &intr->place, "cannot pass interrupt %u: %s", (unsigned)intr->host,
				  strerror(-result));
	}
}

enum qvm_unsupported pass_policy(uint64_t ipa)
{
	for (unsigned i = 0; i < vm.config.pass_count; i++) {
		const struct qvm_pass *pass = &vm.config.passes[i];

		if (range_holds(pass->start, pass->bytes, ipa, 1) && (pass->attributes & QVM_PASS_E))
			return QVM_FAIL;
	}
	return vm.config.unsupported.reference;
}
