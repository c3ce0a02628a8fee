/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/*
 * The set of locks that each path takes which a guest drives, against a table: the kernel's is in none of them, another
 * CPU's only if it is the one that the path is about. The table is part of the argument in docs/architecture.md.
 */
#include "irq.h"
#include "machine.h"
#include <stdio.h>

enum { KERNEL = 1, OWN_CPU = 2, THAT_CPU = 4, OTHER_CPU = 8, OWN_VCPU = 16, THAT_VCPU = 32 };

#define HOST_SPI 40u
#define MASK     0xeu /* of the VM; CPU 0 is outside */

static const struct {
	const char *path;
	unsigned locks;
} table[] = {
    {"an exit to qvm", 0},
    {"VcpuGet", OWN_VCPU},
    {"VcpuSet", OWN_VCPU},
    {"VcpuPrivate", OWN_VCPU},
    {"VcpuRun", 0},
    {"WFI while something is pending", OWN_VCPU},
    {"WFI, and another one runs", OWN_VCPU},
    {"an SGI to one that runs", THAT_VCPU},
    {"an SGI comes to one that runs", OWN_VCPU},
    {"WFI, and nobody runs", OWN_VCPU},
    {"an SGI to one in WFI", THAT_VCPU},
    {"an SGI comes to one in WFI", OWN_VCPU},
    {"a timer is armed", OWN_VCPU | OWN_CPU},
    {"a timer is due while its guest runs", OWN_VCPU | OWN_CPU},
    {"a timer is due while its guest is in WFI", OWN_VCPU | OWN_CPU},
    {"a timer that was armed on another CPU is armed", OWN_VCPU | OWN_CPU | THAT_CPU},
    {"a passed-through interrupt", OWN_VCPU | OWN_CPU},
    {"a passed-through interrupt of one in WFI elsewhere", OWN_CPU | THAT_VCPU},
    {"preemption by one that wakes", OWN_VCPU | THAT_VCPU | OWN_CPU},
    {"back to the one that was preempted", OWN_VCPU | THAT_VCPU},
    {"the end of a time slice", OWN_VCPU | THAT_VCPU | OWN_CPU},
    {"local maintenance", OWN_VCPU | THAT_VCPU},
    {"local maintenance is done", 0},
};

static struct thread *a, *b, *helper;
static const struct cpu *that_cpu;
static struct vcpu *own, *that;
static unsigned taken, next_row;

static void note_lock(const struct lock *l)
{
	if (l == &kernel_lock)
		taken |= KERNEL;
	else if (l == &own->lock)
		taken |= OWN_VCPU;
	else if (that && l == &that->lock)
		taken |= THAT_VCPU;
	else if (l == &cpus[host_cpu].lock)
		taken |= OWN_CPU;
	else if (that_cpu && l == &that_cpu->lock)
		taken |= THAT_CPU;
	else
		taken |= OTHER_CPU;
}

/* Of `own`, on the CPU that acts; `that`: the other virtual CPU and the other CPU that it may be about. */
static void watch(struct vcpu *v, struct vcpu *other, const struct cpu *cpu)
{
	own = v;
	that = other;
	that_cpu = cpu;
	taken = 0;
	host_each_lock(note_lock);
}

static void check_row(const char *path)
{
	host_each_lock(NULL);
	assert_string_equal(table[next_row].path, path);
	if (taken != table[next_row].locks)
		fail_msg("%s takes the locks %#x, not %#x", path, taken, table[next_row].locks);
	assert_false(taken & (KERNEL | OTHER_CPU));
	next_row++;
}

static void guest(struct thread *t, unsigned syndrome)
{
	machine_guest_trap_alone(t->cpu, syndrome);
}

/* What the guest has taken and ended of what is in its list registers. */
static void take_all(const struct thread *t)
{
	for (unsigned i = 0; i < ARRAY_COUNT(host_registers[0].lr); i++)
		host_registers[t->cpu].lr[i] &= ~(ARCH_LR_PENDING | ARCH_LR_ACTIVE);
}

static void start(struct thread *t, unsigned id, unsigned prio, unsigned cpu)
{
	assert_int_equal(sys_SchedSet(procmgr, 1, t->tid, prio, SCHED_FIFO_, 1u << cpu), 0);
	assert_int_equal(sys_VcpuCreate(t, id - 1, id - 1, VCPU_LOCAL_MAINTENANCE), id);
	assert_int_equal(sys_VcpuPrivate(t, id, VPRIV_GROUP, ~0u, ~0u), 0);
	assert_int_equal(sys_VcpuPrivate(t, id, VPRIV_CTLR, 3, 3), 0);
	assert_int_equal(sys_VcpuPrivate(t, id, VPRIV_ENABLE, ~0u, ~0u), 0);
}

static void to_wfi(struct thread *t)
{
	take_all(t);
	machine_guest_trap(t->cpu, HOST_WFI);
	take_all(t);
	if (t->state == STATE_RUNNING)
		machine_guest_trap(t->cpu, HOST_WFI);
	assert_int_equal(t->state, STATE_HALT);
}

static void exits(void)
{
	watch(a->vcpu, NULL, NULL);
	guest(a, HOST_HVC);
	check_row("an exit to qvm");
	watch(a->vcpu, NULL, NULL);
	call_alone(a, VcpuGet, 1, VREG_X0);
	check_row("VcpuGet");
	watch(a->vcpu, NULL, NULL);
	call_alone(a, VcpuSet, 1, VREG_X0, 1);
	check_row("VcpuSet");
	watch(a->vcpu, NULL, NULL);
	call_alone(a, VcpuPrivate, 1, VPRIV_PENDING, 0, 0);
	check_row("VcpuPrivate");
	watch(a->vcpu, NULL, NULL);
	call_alone(a, VcpuRun, 1, ACT_RUN);
	check_row("VcpuRun");
	a->vcpu->frame.x[0] = 1;
	guest(a, HOST_SGI);
	watch(a->vcpu, NULL, NULL);
	guest(a, HOST_WFI);
	check_row("WFI while something is pending");
	take_all(a);
	watch(a->vcpu, NULL, NULL);
	guest(a, HOST_WFI);
	check_row("WFI, and another one runs");
	assert_int_equal(a->state, STATE_HALT);
}

static void sgis(void)
{
	b->vcpu->frame.x[0] = 1;
	guest(b, HOST_SGI);
	machine_settle();
	assert_int_equal(a->state, STATE_RUNNING);
	a->vcpu->frame.x[0] = 2;
	watch(a->vcpu, b->vcpu, &cpus[2]);
	guest(a, HOST_SGI);
	check_row("an SGI to one that runs");
	watch(b->vcpu, NULL, NULL);
	assert_true(machine_step(2));
	check_row("an SGI comes to one that runs");
	take_all(b);
	watch(b->vcpu, NULL, NULL);
	guest(b, HOST_WFI);
	check_row("WFI, and nobody runs");
	assert_int_equal(b->state, STATE_HALT);
	watch(a->vcpu, b->vcpu, &cpus[2]);
	guest(a, HOST_SGI);
	check_row("an SGI to one in WFI");
	watch(b->vcpu, NULL, NULL);
	assert_true(machine_step(2));
	check_row("an SGI comes to one in WFI");
	assert_ptr_equal(cpus[2].guest, b->vcpu);
}

static void timers(void)
{
	a->vcpu->frame.x[1] = 1000;
	watch(a->vcpu, NULL, NULL);
	guest(a, HOST_TIMER);
	check_row("a timer is armed");
	host_clock_set(arch_clock_now() + 1000);
	watch(a->vcpu, NULL, NULL);
	assert_true(machine_step(1));
	check_row("a timer is due while its guest runs");
	guest(a, HOST_TIMER);
	to_wfi(a);
	host_clock_set(arch_clock_now() + 1000);
	watch(a->vcpu, NULL, NULL);
	assert_true(machine_step(1));
	check_row("a timer is due while its guest is in WFI");
	guest(a, HOST_TIMER);
	assert_int_equal(sys_SchedSet(procmgr, 1, a->tid, 20, SCHED_FIFO_, 1u << 3), 0);
	assert_ptr_equal(cpus[3].guest, a->vcpu);
	watch(a->vcpu, NULL, &cpus[1]);
	guest(a, HOST_TIMER);
	check_row("a timer that was armed on another CPU is armed");
}

static void interrupts(void)
{
	guest(a, HOST_HVC);
	a->process->regions[REGION_IRQS].start = HOST_SPI;
	a->process->regions[REGION_IRQS].bytes = 1;
	a->process->guest.sealed = false;
	assert_true(sys_VcpuBind(a, 1, HOST_SPI, HOST_SPI, 0x80, BIND_ON) >= 0);
	a->process->guest.sealed = true;
	call_alone(a, VcpuRun, 1, ACT_RUN);
	host_raise(HOST_SPI);
	watch(a->vcpu, NULL, NULL);
	assert_true(machine_step(3));
	check_row("a passed-through interrupt");
	arch_irq_clear(HOST_SPI);
	arch_irq_route(HOST_SPI, 2);
	to_wfi(a);
	host_raise(HOST_SPI);
	watch(b->vcpu, a->vcpu, &cpus[3]);
	assert_true(machine_step(2));
	check_row("a passed-through interrupt of one in WFI elsewhere");
	machine_settle();
	assert_int_equal(a->state, STATE_RUNNING);
}

/* Both on one CPU: `a` waits for its timer, and is more important. */
static void turns(void)
{
	assert_int_equal(sys_SchedSet(procmgr, 1, b->tid, 10, SCHED_FIFO_, 1u << 3), 0);
	a->vcpu->frame.x[1] = 1000;
	guest(a, HOST_TIMER);
	to_wfi(a);
	assert_ptr_equal(cpus[3].guest, b->vcpu);
	host_clock_set(arch_clock_now() + 1000);
	watch(a->vcpu, b->vcpu, NULL);
	assert_true(machine_step(3));
	check_row("preemption by one that wakes");
	assert_ptr_equal(cpus[3].guest, a->vcpu);
	a->vcpu->frame.x[1] = 1 << 30; /* the line falls */
	guest(a, HOST_TIMER);
	take_all(a);
	watch(a->vcpu, b->vcpu, NULL);
	guest(a, HOST_WFI);
	check_row("back to the one that was preempted");
	assert_ptr_equal(cpus[3].guest, b->vcpu);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sys_SchedSet(procmgr, 1, (i ? a : b)->tid, 10, SCHED_RR_, 0), 0);
	assert_int_equal(sys_VcpuInject(helper, 1, 60, 0x80), 0);
	assert_int_equal(a->state, STATE_READY);
	host_clock_set(arch_clock_now() + TIMESLICE_NS);
	watch(a->vcpu, b->vcpu, NULL);
	assert_true(machine_step(3));
	check_row("the end of a time slice");
	assert_ptr_equal(cpus[3].guest, a->vcpu);
}

static void maintenance(void)
{
	assert_int_equal(sys_SchedSet(procmgr, 1, b->tid, 10, SCHED_FIFO_, 1u << 2), 0);
	assert_ptr_equal(cpus[2].guest, b->vcpu);
	assert_ptr_equal(cpus[3].guest, a->vcpu);
	watch(a->vcpu, b->vcpu, NULL);
	guest(a, HOST_TLBI_ALL);
	check_row("local maintenance");
	watch(b->vcpu, NULL, NULL);
	assert_true(machine_step(2));
	check_row("local maintenance is done");
}

static void no_path_of_a_guest_takes_more_locks_than_the_table_says(void **state)
{
	(void)state;
	machine_boot(4);
	a = machine_process(1, 20, MASK, ABLE_VCPU, true);
	b = machine_spawn(a, 20, 1u << 2);
	helper = machine_spawn(a, 5, 1u << 1);
	start(a, 1, 20, 1);
	start(b, 2, 20, 2);
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	assert_int_equal(sys_VcpuRun(b, 2, ACT_RUN), BLOCKED);
	exits();
	sgis();
	timers();
	interrupts();
	turns();
	maintenance();
	assert_int_equal(next_row, ARRAY_COUNT(table));
	machine_destroy(1);
	machine_check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(no_path_of_a_guest_takes_more_locks_than_the_table_says)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
