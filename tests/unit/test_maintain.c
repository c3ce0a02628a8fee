/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/*
 * TLBI and IC of a guest whose maintenance is local (VCPU_LOCAL_MAINTENANCE): what traps, which CPUs invalidate when,
 * who waits, who pays, and who is called.
 */
#include "kernel/arch/aarch64/control.h"
#include "machine.h"

#define COST    100u                   /* ticks of one invalidation */
#define AT_ONCE (10000000 / 10000 + 1) /* operations before a rest */
#define REST    1000000u

static struct thread *a, *b, *other;

static void record(void)
{
	host_record(false);
	host_record(true);
}

/* How often each CPU has invalidated TLBs, or instruction caches, of the VM, and of nobody else; each time waited for.
 */
static void invalidated(const unsigned expected[4], enum host_event_kind kind)
{
	unsigned count[4] = {0};

	for (unsigned i = 0; i < host_record_count(); i++) {
		const struct host_event *e = host_record_at(i);

		if (e->kind == HOST_TLBI_CPU) {
			assert_int_equal(e->value, a->process->guest.tag);
			assert_int_equal(host_record_at(i + 1)->kind, HOST_DSB);
		}
		if (e->kind == HOST_IC_CPU)
			assert_int_equal(host_record_at(i + 1)->kind, HOST_DSB);
		if (e->kind == kind)
			count[e->cpu]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(count[i], expected[i]);
	record();
}

#define TLBS(...)   invalidated((const unsigned[4]){__VA_ARGS__}, HOST_TLBI_CPU)
#define CACHES(...) invalidated((const unsigned[4]){__VA_ARGS__}, HOST_IC_CPU)

static void run(struct thread *t, uint64_t id)
{
	assert_int_equal(sys_VcpuRun(t, id, ACT_RUN), BLOCKED);
}

static void move(const struct thread *t, unsigned cpu)
{
	machine_sched(t, 20, SCHED_FIFO_, 1u << cpu);
	machine_settle();
	assert_int_equal(t->cpu, cpu);
	assert_ptr_equal(cpus[cpu].guest, t->vcpu);
}

/* CPU 0 has nothing else to do. */
static void make_room(void)
{
	assert_int_equal(sys_SyncWait(machine_thread(1, 1), MEM_VA, 0, 0), BLOCKED);
	record();
}

/* Two virtual CPUs on CPUs 1 and 2, and on CPU 3 one of another VM. */
static void start(uint64_t flags)
{
	assert_int_equal(sys_VcpuCreate(a, 0, 0, flags), 1);
	assert_int_equal(sys_VcpuCreate(b, 1, 1, flags), 2);
	assert_int_equal(sys_VcpuCreate(other, 0, 0, 0), 1);
	record();
	run(a, 1);
	run(b, 2);
	run(other, 1);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	assert_ptr_equal(cpus[3].guest, other->vcpu);
	/* Also where this life of the VM never was: an earlier one may have been. */
	TLBS(0, flags != 0, flags != 0, 0);
}

static int setup(void **state)
{
	(void)state;
	machine_boot(4);
	machine_process(1, 50, 0xf, ABLE_VCPU, true);
	a = machine_spawn(machine_thread(1, 1), 20, 1u << 1);
	b = machine_spawn(machine_thread(1, 1), 20, 1u << 2);
	other = machine_process(2, 20, 1u << 3, ABLE_VCPU, true);
	host_flush_takes(COST);
	return 0;
}

static int teardown(void **state)
{
	host_flush_takes(0);
	host_record(false);
	return machine_teardown(state);
}

static void local_maintenance_traps_where_the_cpu_can(void **state)
{
	const uint64_t plain = hcr_guest(0, 0), evt = 1ull << 50 | 1ull << 52 | 1ull << 54 | 1ull << 55,
		       base = 1ull << 24 | 1ull << 25;

	(void)state;
	assert_true((plain & HCR_FB) && !(plain & (evt | base)));
	for (unsigned n = 0; n < 16; n++) {
		assert_int_equal(hcr_guest(0, n), plain);
		assert_int_equal(hcr_guest(VCPU_NO_WFI_EXIT, n), plain & ~HCR_TWI);
		/* TTLBIS and TTLBOS are there from EVT 2 on. */
		assert_int_equal(hcr_guest(VCPU_LOCAL_MAINTENANCE, n), (plain & ~HCR_FB) | (n < 2 ? base : evt));
		assert_int_equal(hcr_guest(VCPU_LOCAL_MAINTENANCE | VCPU_NO_WFI_EXIT, n),
				 (plain & ~HCR_FB & ~HCR_TWI) | (n < 2 ? base : evt));
	}
}

static void a_vcpu_takes_known_flags_only(void **state)
{
	(void)state;
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 4), -KE_INVAL);
	assert_int_equal(sys_VcpuCreate(a, 0, 0, VCPU_LOCAL_MAINTENANCE | VCPU_NO_WFI_EXIT), 1);
}

/* The caller does not enter the guest before the other has done it, which is called once; nobody else is. */
static void a_broadcast_is_done_before_the_guest_goes_on(void **state)
{
	unsigned calls[4];
	uint64_t pc;

	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	pc = a->vcpu->frame.pc;
	for (unsigned i = 0; i < 4; i++)
		calls[i] = host_sgi_count(i);
	machine_guest_trap_alone(1, HOST_TLBI_ALL);
	TLBS(0, 1, 0, 0);
	assert_null(cpus[1].guest);
	assert_int_equal(call_result(&a->frame), EXIT_KICK);
	assert_int_equal(a->vcpu->frame.pc, pc + 4);
	/* As often as its process likes. */
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(call_alone(a, VcpuRun, 1, ACT_RUN), EXIT_KICK);
		assert_null(cpus[1].guest);
	}
	TLBS(0, 0, 0, 0);
	assert_true(machine_step(2));
	TLBS(0, 0, 1, 0);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	assert_int_equal(b->vcpu->exits, 0);
	run(a, 1);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	assert_int_equal(a->vcpu->frame.pc, pc + 4);
	TLBS(0, 0, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(host_sgi_count(i), calls[i] + (i == 2));
}

/* One whose registers are in no CPU is not called: it looks once they are. */
static void a_vcpu_on_its_way_into_the_guest_is_not_called(void **state)
{
	unsigned calls;

	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	calls = host_sgi_count(2);
	b->vcpu->home = NULL;
	machine_guest_trap_alone(1, HOST_TLBI_ALL);
	assert_int_equal(host_sgi_count(2), calls);
	b->vcpu->home = &cpus[2];
	machine_settle();
	TLBS(0, 1, 0, 0);
	machine_guest_trap(2, HOST_HVC);
	run(b, 2);
	TLBS(0, 0, 1, 0);
}

/* Both at once: neither waits for the other for ever. */
static void two_broadcasts_at_once_do_not_wait_for_ever(void **state)
{
	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	machine_guest_trap_alone(1, HOST_TLBI_ALL);
	machine_guest_trap_alone(2, HOST_TLBI_ALL);
	machine_settle();
	for (unsigned n = 0; n < 2 && (!cpus[1].guest || !cpus[2].guest); n++) {
		if (!cpus[1].guest)
			sys_VcpuRun(a, 1, ACT_RUN);
		if (!cpus[2].guest)
			sys_VcpuRun(b, 2, ACT_RUN);
	}
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
}

static void each_operation_reaches_the_cpus_it_names(void **state)
{
	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	machine_guest_trap(1, HOST_TLBI_ALL);
	CACHES(0, 0, 0, 0);
	run(a, 1);
	machine_guest_trap(1, HOST_TLBI_LOCAL);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	TLBS(0, 1, 0, 0);
	machine_guest_trap(1, HOST_IC_ALL);
	CACHES(0, 1, 1, 0);
}

/* One that does not run is not called and not waited for, and does it before it is in the guest again. */
static void a_vcpu_at_rest_does_it_before_it_enters(void **state)
{
	struct thread *busy;
	unsigned calls;

	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	machine_guest_trap(2, HOST_WFI);
	assert_int_equal(b->state, STATE_HALT);
	record();
	calls = host_sgi_count(2);
	machine_guest_trap(1, HOST_TLBI_ALL);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	TLBS(0, 1, 0, 0);
	assert_int_equal(host_sgi_count(2), calls);
	assert_int_equal(sys_VcpuInject(machine_thread(1, 1), 2, 40, 0x80), 0);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	TLBS(0, 0, 1, 0);
	/* Preempted. */
	busy = machine_spawn(machine_thread(1, 1), 40, 1u << 2);
	assert_ptr_equal(cpus[2].current, busy);
	record();
	calls = host_sgi_count(2);
	machine_guest_trap(1, HOST_TLBI_ALL);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	assert_int_equal(host_sgi_count(2), calls);
	TLBS(0, 1, 0, 0);
	assert_int_equal(sys_ThreadDestroy(busy, 0, 0), GONE);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	TLBS(0, 0, 1, 0);
}

/* The CPU that one comes to forgets what it knows of the VM, however often it was there before. */
static void a_cpu_forgets_a_vm_that_comes_to_it(void **state)
{
	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	make_room();
	move(a, 0);
	TLBS(1, 0, 0, 0); /* in this life nobody of the VM was here yet */
	for (unsigned n = 0; n < 3; n++) {
		move(a, 1);
		TLBS(0, 1, 0, 0);
		move(a, 0);
		CACHES(1, 0, 0, 0);
	}
}

static void other_vms_moves_cost_nothing(void **state)
{
	(void)state;
	start(0);
	make_room();
	move(a, 0);
	move(a, 1);
	move(a, 0);
	TLBS(0, 0, 0, 0); /* HCR_EL2.FB has seen to it */
	move(b, 1);
	TLBS(0, 1, 0, 0); /* where another one was */
}

/* So many at once; then it rests, holding up nobody, and makes the operation when it has rested. */
static void broadcasts_are_limited_to_a_rate(void **state)
{
	uint64_t pc;

	(void)state;
	host_flush_takes(0);
	start(VCPU_LOCAL_MAINTENANCE);
	for (unsigned n = 0; n < AT_ONCE; n++) {
		machine_guest_trap(1, HOST_TLBI_ALL);
		assert_int_equal(a->state, STATE_RUNNING);
		if (!cpus[1].guest)
			run(a, 1);
	}
	pc = a->vcpu->frame.pc;
	record();
	machine_guest_trap(1, HOST_TLBI_ALL);
	assert_int_equal(a->state, STATE_HALT);
	assert_int_equal(a->vcpu->frame.pc, pc);
	TLBS(0, 0, 0, 0);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	machine_guest_trap(2, HOST_TLBI_ALL); /* another one has its own allowance */
	assert_int_equal(b->state, STATE_RUNNING);
	TLBS(0, 0, 1, 0);
	machine_tick(REST - 1);
	assert_int_equal(a->state, STATE_HALT);
	machine_tick(1);
	assert_int_equal(a->state, STATE_RUNNING);
	assert_ptr_equal(cpus[1].guest, a->vcpu);
	assert_int_equal(a->vcpu->frame.pc, pc);
	TLBS(0, 1, 0, 0); /* what the other one asked for meanwhile */
	machine_guest_trap(1, HOST_TLBI_ALL);
	assert_int_equal(a->vcpu->frame.pc, pc + 4);
}

/* Also what the other one does for it. */
static void a_broadcast_is_paid_by_who_makes_it(void **state)
{
	uint64_t before;

	(void)state;
	start(VCPU_LOCAL_MAINTENANCE);
	before = b->cpu_ticks + arch_clock_now() - cpus[2].run_start;
	machine_guest_trap(1, HOST_TLBI_ALL);
	TLBS(0, 1, 1, 0);
	/* Its own was in its own time, as the clock of all CPUs goes on. */
	assert_int_equal(b->cpu_ticks + arch_clock_now() - cpus[2].run_start, before + COST);
	assert_int_equal(thread_ticks(a), 2 * COST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(local_maintenance_traps_where_the_cpu_can, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_vcpu_takes_known_flags_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_broadcast_is_done_before_the_guest_goes_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(two_broadcasts_at_once_do_not_wait_for_ever, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_vcpu_on_its_way_into_the_guest_is_not_called, setup, teardown),
	    cmocka_unit_test_setup_teardown(each_operation_reaches_the_cpus_it_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_vcpu_at_rest_does_it_before_it_enters, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_cpu_forgets_a_vm_that_comes_to_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(other_vms_moves_cost_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(broadcasts_are_limited_to_a_rate, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_broadcast_is_paid_by_who_makes_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
