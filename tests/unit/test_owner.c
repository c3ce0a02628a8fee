/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host/host.c kernel/arch/host/kmem.c kernel/arch/host/lock.c */
/* SOURCES: kernel/arch/host/record.c kernel/arch/host/world.c kernel/mm/space.c kernel/sched/sched.c */
/* SOURCES: kernel/sched/timer.c kernel/object/call.c kernel/object/channel.c kernel/object/copy.c */
/* SOURCES: kernel/object/inherit.c kernel/object/irq.c kernel/object/message.c kernel/object/process.c */
/* SOURCES: kernel/object/owner.c kernel/object/pulse.c */
/* SOURCES: kernel/object/process_calls.c kernel/object/system_calls.c kernel/object/thread.c */
/* SOURCES: kernel/object/thread_calls.c kernel/object/timer_object.c kernel/object/vcpu_calls.c kernel/object/vgic.c */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Nothing is given twice, and memory is zero when it is given, however often the calls are interrupted. */
#include "machine.h"

#define ALL     0xfu
#define RANGE   (HOST_RAM_START + (8ull << 20)) /* RAM that is nobody's when a test begins */
#define BYTES   (256ull << 10)
#define SPI     40u
#define FREE_VA (0x4000000000ull - 4096) /* of procmgr, on its stack */

static int64_t interrupt, chid;

static int setup(void **state)
{
	(void)state;
	if (!procmgr) {
		machine_boot(4);
		/* Interrupts for the CPU of procmgr, which makes the calls. */
		processes[0].irqs[0].first = SPI;
		processes[0].irqs[0].count = 1;
		chid = sys(procmgr, ChannelCreate, CHF_PRIVATE);
		interrupt = sys(procmgr, InterruptAttachEvent, SPI, (uint64_t)chid, 1, 1, 0);
		assert_true(chid > 0 && interrupt > 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_raise_after(0, SPI);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		if (processes[slot].state != PROCESS_FREE)
			machine_destroy(slot);
	machine_check(true);
	return 0;
}

static int64_t create(unsigned slot, paddr_t kmem)
{
	struct process_params params = {.name = "test",
					.kmem = kmem,
					.kmem_bytes = 4 * PAGE_SIZE,
					.runmask = ALL,
					.priority = 1,
					.max_priority = 1,
					.policy = SCHED_FIFO_};

	machine_write(&processes[0], FREE_VA, &params, sizeof(params));
	return sys(procmgr, ProcessCreate, slot, FREE_VA);
}

static paddr_t kmem_of(unsigned slot)
{
	return RANGE - (slot + 1) * 4 * PAGE_SIZE;
}

static void test_given_once(void **state)
{
	(void)state;
	assert_int_equal(create(1, kmem_of(1)), 0);
	assert_int_equal(create(2, kmem_of(1) + PAGE_SIZE), -KE_PERM);
	assert_int_equal(create(2, kmem_of(2)), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, RANGE, BYTES), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, RANGE + BYTES - PAGE_SIZE, BYTES), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, kmem_of(1), PAGE_SIZE), -KE_PERM);
	assert_int_equal(create(3, RANGE), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_DEVICE, 0x1000, 0x2000), 1);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_DEVICE, 0x2000, 0x1000), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_IRQ, 50, 4), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_IRQ, 53, 1), -KE_PERM);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_IRQ, 54, 1), 0);
	/* What one process had, another may have when the first is gone. */
	machine_destroy(1);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_DEVICE, 0x2000, 0x1000), 1);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_IRQ, 53, 1), 0);
}

static bool is_zero(paddr_t at, uint64_t bytes)
{
	const uint8_t *b = pa_to_va(at);

	for (uint64_t i = 0; i < bytes; i++)
		if (b[i])
			return false;
	return true;
}

/* An interrupt at each place where the calls look for one. */
static void test_interrupted(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 60; n++) {
		host_raise_after(n, SPI);
		assert_int_equal(create(1, kmem_of(1)), 0);
		memset(pa_to_va(RANGE), 0xee, BYTES);
		assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES), 0);
		assert_true(is_zero(RANGE, BYTES));
		assert_int_equal(processes[1].ram_bytes, BYTES);
		memset(pa_to_va(RANGE), 0xee, BYTES);
		machine_destroy(1);
		assert_true(is_zero(RANGE, BYTES));
		host_raise_after(0, SPI);
		assert_int_equal(sys(procmgr, InterruptUnmask, (uint64_t)interrupt), 0);
		/* Not the same range, or it would count as clean. */
		assert_int_equal(create(1, kmem_of(1)), 0);
		assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE + BYTES - PAGE_SIZE, 2 * PAGE_SIZE), 0);
		machine_destroy(1);
		assert_int_equal(create(2, kmem_of(2)), 0);
		assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, RANGE, PAGE_SIZE), 0);
		machine_destroy(2);
	}
}

/* Between two steps of a grant the memory is given to another. */
static void test_given_meanwhile(void **state)
{
	struct thread *other = machine_process(4, 100, ALL, ABLE_PROCESS, false);

	(void)state;
	assert_int_equal(create(1, kmem_of(1)), 0);
	assert_int_equal(create(2, kmem_of(2)), 0);
	host_raise_after(PROCESS_MAX + 2, SPI); /* while it is being zeroed */
	machine_call(procmgr, false, CALL_ProcessGrant, (const uint64_t[11]){1, GRANT_RAM, RANGE, BYTES});
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(sys(other, ProcessGrant, 2, GRANT_RAM, RANGE + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(procmgr->frame.x[0], (uint64_t)-KE_PERM);
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(processes[2].ram_bytes, PAGE_SIZE);
	host_raise_after(0, SPI);
	assert_int_equal(sys(procmgr, InterruptUnmask, (uint64_t)interrupt), 0);
}

/* What a slot had is zero since its end and not zeroed again, unless another has had it since. */
static void test_clean(void **state)
{
	uint8_t *byte = pa_to_va(RANGE);

	(void)state;
	assert_int_equal(create(1, kmem_of(1)), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES), 0);
	machine_destroy(1);
	*byte = 1; /* nobody has it, so only the test can do this: it shows who zeroes */
	assert_int_equal(create(1, kmem_of(1)), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(*byte, 1);
	machine_destroy(1);
	assert_int_equal(create(2, kmem_of(2)), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 2, GRANT_RAM, RANGE, PAGE_SIZE), 0);
	machine_destroy(2);
	*byte = 1;
	assert_int_equal(create(1, kmem_of(1)), 0);
	assert_int_equal(sys(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(*byte, 0);
}

/* ---- numbers of objects, ends of processes ---- */

static void test_handles(void **state)
{
	struct process *p;

	(void)state;
	machine_process(1, 1, ALL, 0, false);
	p = &processes[1];
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 0), 0);
	for (uint64_t id = 1; id <= HANDLE_MAX; id++)
		assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), id);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), -KE_AGAIN);
	assert_ptr_equal(handle_get(p, OBJECT_CHANNEL, HANDLE_MAX), p);
	assert_null(handle_get(p, OBJECT_CHANNEL, HANDLE_MAX + 1));
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, HANDLE_MAX), HANDLE_MAX);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, HANDLE_MAX + 1), 0);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, UINT64_MAX), 0);
	handle_remove(p, OBJECT_CHANNEL, HANDLE_MAX);
	handle_remove(p, OBJECT_CHANNEL, 64);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 64), 65);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), 64);
	assert_int_equal(handle_add(p, OBJECT_CHANNEL, p), HANDLE_MAX);
	for (uint64_t id = 1; id <= HANDLE_MAX; id++)
		handle_remove(p, OBJECT_CHANNEL, id);
	assert_int_equal(handle_next(p, OBJECT_CHANNEL, 1), 0);
}

/* All threads go, running and waiting ones, on all CPUs; none is made in the middle of that. */
static void test_end(void **state)
{
	struct thread *first = machine_process(1, 20, ALL, 0, false), *running[3];
	struct process *p = &processes[1];

	(void)state;
	assert_true(sys(first, ChannelCreate, CHF_PRIVATE) > 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(sys(machine_spawn(first, 30 + i, ALL), MsgReceive, 1, 0, 0), BLOCKED);
	for (unsigned i = 0; i < 3; i++)
		running[i] = machine_spawn(first, 10, 2u << i);
	assert_int_equal(p->threads_alive, 14);
	machine_call(first, false, CALL_ThreadDestroy, (const uint64_t[11]){UINT64_MAX, 7});
	assert_true(p->threads_alive > 1);
	assert_int_equal(running[2]->state, STATE_RUNNING);
	assert_int_equal(machine_call(running[2], false, CALL_ThreadCreate,
				      (const uint64_t[11]){CODE_VA + 4, 0, 0, 1 | SCHED_FIFO_ << 8, ALL, 0}),
			 -KE_AGAIN);
	machine_settle();
	assert_int_equal(p->state, PROCESS_DEAD);
	assert_int_equal(p->threads_alive, 0);
	assert_int_equal(p->end_cause, END_EXIT);
	assert_int_equal(p->end_status, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_given_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_given_meanwhile, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_handles, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
