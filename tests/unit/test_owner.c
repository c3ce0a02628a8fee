/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched tests/unit/owner */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/*
 * Nothing is given twice, memory is zero when a process gets it, however often the calls are interrupted; and after
 * the seal nobody gets more.
 */
#include "owner/owner.h"

int64_t interrupt;

int owner_setup(void **state)
{
	int64_t chid;

	(void)state;
	if (machine_boot(4)) {
		/* Interrupts for the CPU of procmgr, which makes the calls. */
		processes[0].regions[REGION_IRQS].start = SPI;
		processes[0].regions[REGION_IRQS].bytes = 1;
		chid = sys_ChannelCreate(procmgr, CHF_PRIVATE);
		interrupt = sys_InterruptAttachEvent(procmgr, SPI, (uint64_t)chid, 1, 1, 0);
		assert_true(chid > 0 && interrupt > 0);
	}
	return 0;
}

int owner_teardown(void **state)
{
	(void)state;
	host_raise_after(0, SPI);
	host_lock_wanted(false);
	machine_clear();
	machine_check(true);
	return 0;
}

int64_t owner_define(unsigned slot, paddr_t kmem)
{
	const struct process_params params = {.name = "test",
					      .kmem = kmem,
					      .kmem_bytes = 4 * PAGE_SIZE,
					      .runmask = ALL,
					      .priority = 1,
					      .max_priority = 1,
					      .policy = SCHED_FIFO_};

	return machine_define(slot, &params);
}

int64_t owner_make(unsigned slot)
{
	process_sealed = true;
	return sys_ProcessCreate(procmgr, slot, 0);
}

paddr_t owner_kmem(unsigned slot)
{
	return RANGE - (slot + 1) * 4 * PAGE_SIZE;
}

bool is_filled(paddr_t at, uint64_t bytes, uint8_t with)
{
	const uint8_t *b = arch_pa_to_va(at);

	for (uint64_t i = 0; i < bytes; i++)
		if (b[i] != with)
			return false;
	return true;
}

int main(void)
{
	return grant_tests() + seal_tests() + end_tests() + execute_tests();
}
