/* SPDX-License-Identifier: Apache-2.0 */
/* Enters memory and registers in the guest's address space. */
#include "qvm/map.h"
#include "qvm/end.h"
#include "qvm/vm.h"
#include <string.h>

static void map_range(const struct guest_range *range)
{
	const unsigned prot = PROT_R | PROT_X | (range->rom ? 0 : PROT_W);
	const int result = MemMap_r(SPACE_GUEST, range->ipa, REGION_GUEST, range->offset, range->bytes, prot);

	if (result < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "cannot give the guest its memory at 0x%llx: %s",
			  (unsigned long long)range->ipa, strerror(-result));
}

void map_memory(uint8_t *window)
{
	struct mem_info region = {0};
	int result;

	for (unsigned i = 0; i < vm.config.mem_count; i++) {
		const struct qvm_mem *mem = &vm.config.mem[i];
		const char *problem = guest_memory_add(&vm.memory, mem->start, mem->bytes, mem->kind == QVM_ROM);

		if (problem)
			vm_refuse(VM_EXIT_CONFIG, &mem->place, "%s", problem);
	}
	if (vm.memory.total == 0)
		return;
	if (MemInfo_r(REGION_GUEST, &region) < 0 || region.bytes < vm.memory.total)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "the guest needs 0x%llx bytes of memory, and there are 0x%llx",
			  (unsigned long long)vm.memory.total, (unsigned long long)region.bytes);
	result = MemMap_r(SPACE_SELF, (uint64_t)(uintptr_t)window, REGION_GUEST, 0, vm.memory.total, PROT_R | PROT_W);
	if (result < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "cannot reach the guest's memory: %s", strerror(-result));
	vm.memory.window = window;
	for (unsigned i = 0; i < vm.memory.count; i++)
		map_range(&vm.memory.range[i]);
}

void map_registers(const struct qvm_place *place, const struct mmio_region *region)
{
	bool memory = false;

	for (unsigned i = 0; i < vm.memory.count; i++)
		if (region->start < vm.memory.range[i].ipa + vm.memory.range[i].bytes &&
		    vm.memory.range[i].ipa < region->start + region->bytes)
			memory = true;
	if (memory || !mmio_add(&vm.mmio, region))
		vm_refuse(VM_EXIT_CONFIG, place, "the device at 0x%llx overlaps %s", (unsigned long long)region->start,
			  memory ? "memory" : "another device");
}
