/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/*
 * Virtual CPUs on CPUs that are threads of the host: they wait, wake each other by SGIs and themselves by timers, are
 * moved, preempted and asked, while others send messages. No data race, and no wake-up is lost: each virtual CPU goes
 * on for ever if it is woken each time.
 */
#include "machine.h"

#define CPUS   4u /* and one more, with procmgr */
#define VCPUS  3u
#define ENOUGH 120u /* turns of each virtual CPU */
#define STEPS  400000u

static struct thread *vm[VCPUS], *asker;
static unsigned turns[VCPUS];

/* A virtual CPU's program: its variables are registers that the kernel keeps. */
enum { TURN = 20 };

static bool all_done(void)
{
	for (unsigned i = 0; i < VCPUS; i++)
		if (__atomic_load_n(&turns[i], __ATOMIC_RELAXED) < ENOUGH)
			return false;
	return true;
}

/* What the guest has taken and ended: all of its list registers. */
static void take_all(unsigned cpu)
{
	for (unsigned i = 0; i < ARRAY_COUNT(host_registers[0].lr); i++)
		host_registers[cpu].lr[i] &= ~(ARCH_LR_PENDING | ARCH_LR_ACTIVE);
}

/* Each turn it tells the next one, arms its timer, and waits. Each of the two may be the one that wakes it. */
static void guest(unsigned cpu, struct vcpu *v)
{
	uint64_t turn = v->frame.x[TURN]++;

	switch (turn % 4) {
	case 0:
		__atomic_fetch_add(&turns[v->index], 1, __ATOMIC_RELAXED);
		v->frame.x[0] = turn % 3 ? 1u << (v->index + 1) % VCPUS : (1u << VCPUS) - 1;
		machine_guest_trap_alone(cpu, HOST_SGI);
		break;
	case 1:
		v->frame.x[1] = turn % 32 == 1 ? 100 : 1000000;
		machine_guest_trap_alone(cpu, HOST_TIMER);
		break;
	case 2:
		machine_guest_trap_alone(cpu, turn % 64 == 2 ? HOST_TLBI_ALL : turn % 8 == 2 ? HOST_HVC : HOST_IC_ALL);
		break;
	default: take_all(cpu); machine_guest_trap_alone(cpu, HOST_WFI);
	}
}

#define svc(name, ...) machine_svc(cpu, CALL_##name, ARGS_##name(__VA_ARGS__))

/* A thread of the same VM manager: what its calls are about runs elsewhere. */
static void ask(unsigned cpu, struct frame *f)
{
	uint64_t turn = f->x[TURN]++, id = 1 + turn / 6 % VCPUS;

	switch (turn % 6) {
	case 0: svc(VcpuQuery, id, 40); break;
	case 1: svc(VcpuGet, id, VREG_PC); break;
	case 2: svc(VcpuKick, id); break;
	case 3: svc(VcpuInject, id, 40, 0x80); break;
	case 4: svc(TimerTimeout, TIMEOUT_SYNC, 1000); break;
	default: svc(SyncWait, MEM_VA, 0, 0);
	}
}

static void manage(unsigned cpu, struct frame *f)
{
	uint64_t turn = f->x[TURN]++, who = 1 + turn / 4 % (VCPUS + 1);

	switch (turn % 4) {
	case 0: svc(SchedSet, 1, who, 10 + turn % 7, SCHED_RR_, 1 + turn * 3 % 15); break;
	case 1: svc(ThreadInfo, 1, 1, procmgr_page); break;
	case 2: svc(ProcessInfo, 1, procmgr_page); break;
	default: svc(SystemInfo, procmgr_page);
	}
}

static void run(unsigned cpu)
{
	host_cpu = cpu;
	for (unsigned n = 0; n < STEPS && !all_done(); n++) {
		struct thread *t;

		host_clock_set(arch_clock_now() + 100);
		if (machine_step(cpu))
			continue;
		t = cpus[cpu].current;
		if (!t)
			arch_cpu_relax();
		else if (cpu == CPUS)
			manage(cpu, &t->frame);
		else if (cpus[cpu].guest)
			guest(cpu, cpus[cpu].guest);
		else if (t == asker)
			ask(cpu, &t->frame);
		else
			svc(VcpuRun, t->vcpu->id, ACT_RUN);
	}
}

static void no_wake_up_is_lost(void **state)
{
	(void)state;
	machine_boot(CPUS);
	vm[0] = machine_process(1, 12, 0xf, ABLE_VCPU, true);
	for (unsigned i = 1; i < VCPUS; i++)
		vm[i] = machine_spawn(vm[0], 11 + i % 2, 0xf);
	asker = machine_spawn(vm[0], 10, 0xf);
	for (unsigned i = 0; i < VCPUS; i++) {
		assert_int_equal(sys_VcpuCreate(vm[0], i, i, VCPU_LOCAL_MAINTENANCE), i + 1);
		assert_int_equal(sys_VcpuPrivate(vm[0], i + 1, VPRIV_GROUP, ~0u, ~0u), 0);
		assert_int_equal(sys_VcpuPrivate(vm[0], i + 1, VPRIV_CTLR, 3, 3), 0);
		assert_int_equal(sys_VcpuPrivate(vm[0], i + 1, VPRIV_ENABLE, ~0u, ~0u), 0);
	}
	for (unsigned i = 0; i < VCPUS; i++)
		assert_int_equal(sys_VcpuRun(vm[i], i + 1, ACT_RUN), BLOCKED);
	host_threads(CPUS + 1, run);
	machine_check(false);
	for (unsigned i = 0; i < VCPUS; i++)
		assert_true(turns[i] >= ENOUGH);
	machine_destroy(1);
	machine_check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_wake_up_is_lost)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
