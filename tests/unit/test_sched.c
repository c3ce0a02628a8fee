/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Who runs where: priorities, slices, run masks, and registers that follow their thread. */
#include "machine.h"

#define ALL 0xfu

static struct thread *first;

static int setup(void **state)
{
	(void)state;
	machine_boot(4);
	first = machine_process(1, 50, ALL, ABLE_VCPU, true);
	return 0;
}

static void the_most_important_thread_runs(void **state)
{
	struct thread *t[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		t[i] = machine_spawn(first, 10 + i, 2);
		assert_ptr_equal(cpus[1].current, t[i]);
	}
	/* The one that was preempted is before others of its priority. */
	machine_sched(t[0], 11, SCHED_FIFO_, 0);
	assert_int_equal(sys_SyncWait(t[2], MEM_VA, 0, 0), BLOCKED);
	assert_ptr_equal(cpus[1].current, t[1]);
	machine_sched(t[1], 9, SCHED_FIFO_, 0);
	assert_ptr_equal(cpus[1].current, t[0]);
	assert_int_equal(sys_SyncWake(first, MEM_VA, 9), 1);
	assert_ptr_equal(cpus[1].current, t[2]);
	machine_check(true);
}

static void equals_take_turns_only_in_round_robin(void **state)
{
	struct thread *t[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		t[i] = machine_spawn(first, 10, 2);
	machine_tick(10 * TIMESLICE_NS);
	assert_ptr_equal(cpus[1].current, t[0]);
	assert_int_equal(sys_SchedYield(t[0]), 0);
	assert_ptr_equal(cpus[1].current, t[1]);
	for (unsigned i = 0; i < 3; i++)
		machine_sched(t[i], 10, SCHED_RR_, 0);
	for (unsigned n = 0; n < 12; n++) {
		const struct thread *now = cpus[1].current;

		machine_tick(TIMESLICE_NS - 1);
		assert_ptr_equal(cpus[1].current, now);
		machine_tick(1);
		assert_ptr_not_equal(cpus[1].current, now);
	}
	/* Nobody of its priority waits: no tick, except the one that was armed already. */
	machine_sched(t[1], 9, SCHED_RR_, 0);
	machine_sched(t[2], 8, SCHED_RR_, 0);
	machine_tick(TIMESLICE_NS);
	assert_int_equal(host_clock_armed(1), UINT64_MAX);
}

static void a_thread_goes_where_there_is_room(void **state)
{
	struct thread *t[6];
	uint32_t used = 0;

	(void)state;
	machine_sched(first, 50, SCHED_FIFO_, 1);
	for (unsigned i = 0; i < 3; i++) {
		t[i] = machine_spawn(first, 20 + i, ALL);
		assert_int_equal(t[i]->state, STATE_RUNNING);
		used |= 1u << t[i]->cpu;
	}
	assert_int_equal(used, 0xe);
	/* All are busy: the least important one makes room. */
	t[3] = machine_spawn(first, 30, ALL);
	assert_int_equal(t[3]->state, STATE_RUNNING);
	assert_int_equal(t[0]->state, STATE_READY);
	/* As soon as a CPU has nothing to do, it comes and takes it. */
	assert_int_equal(sys_SyncWait(t[2], MEM_VA, 0, 0), BLOCKED);
	assert_int_equal(t[0]->state, STATE_RUNNING);
	machine_check(true);
}

/* One that was to run next, and then is not, is for an idle CPU as any that waits. */
static void who_is_overtaken_goes_to_an_idle_cpu(void **state)
{
	struct thread *low, *busy, *next, *high;

	(void)state;
	machine_sched(first, 50, SCHED_FIFO_, 1);
	next = machine_spawn(first, 12, 6);
	machine_sched(next, 12, SCHED_FIFO_, 2);
	assert_int_equal(sys_SyncWait(next, MEM_VA, 0, 0), BLOCKED);
	high = machine_spawn(first, 20, 2);
	assert_int_equal(sys_SyncWait(high, MEM_VA + 8, 0, 0), BLOCKED);
	low = machine_spawn(first, 10, 2);
	busy = machine_spawn(first, 30, 4);
	machine_sched(next, 12, SCHED_FIFO_, 6);
	assert_ptr_equal(cpus[1].current, low);
	assert_int_equal(call_alone(first, SyncWake, MEM_VA, 1), 1);
	assert_ptr_equal(cpus[1].next, next);
	assert_int_equal(call_alone(first, SyncWake, MEM_VA + 8, 1), 1);
	assert_int_equal(sys_SyncWait(busy, MEM_VA, 0, 0), BLOCKED);
	assert_ptr_equal(cpus[1].current, high);
	assert_ptr_equal(cpus[2].current, next);
	machine_check(true);
}

static uint64_t time_of(const struct thread *t)
{
	struct thread_info thread;
	struct process_info process;

	assert_int_equal(sys_ThreadInfo(procmgr, 1, t->tid, procmgr_page), t->tid);
	machine_read(&processes[0], procmgr_page, &thread, sizeof(thread));
	assert_int_equal(sys_ProcessInfo(procmgr, 1, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &process, sizeof(process));
	assert_true(process.cpu_ns >= thread.cpu_ns);
	return thread.cpu_ns;
}

static uint64_t idle_of(unsigned cpu)
{
	struct system_info system;

	assert_int_equal(sys_SystemInfo(procmgr, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &system, sizeof(system));
	return system.idle_ns[cpu];
}

/* One that never stops, and a CPU that nobody wakes, are counted up to now. */
static void times_are_counted_up_to_now(void **state)
{
	const uint64_t ns = 7 * TIMESLICE_NS;
	struct thread *t;
	uint64_t idle;

	(void)state;
	t = machine_spawn(first, 10, 2);
	assert_ptr_equal(cpus[1].current, t);
	assert_null(cpus[2].current);
	assert_int_equal(time_of(t), 0);
	idle = idle_of(2);
	machine_tick(ns);
	assert_int_equal(time_of(t), ns);
	assert_int_equal(idle_of(2) - idle, ns);
	assert_int_equal(sys_SyncWait(t, MEM_VA, 0, 0), BLOCKED);
	machine_tick(ns);
	assert_int_equal(time_of(t), ns);
	assert_int_equal(idle_of(2) - idle, 2 * ns);
}

static void a_thread_follows_its_run_mask(void **state)
{
	struct thread *t = machine_spawn(first, 20, 1u << 2);

	(void)state;
	assert_int_equal(t->cpu, 2);
	/* Of a running thread, by itself and by another. */
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1u << 3), 0);
	assert_int_equal(t->cpu, 3);
	machine_sched(t, 20, SCHED_FIFO_, 1u << 1);
	assert_int_equal(t->cpu, 1);
	assert_int_equal(t->state, STATE_RUNNING);
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 0x10), -KE_INVAL);
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 0), -KE_INVAL);
}

/* FP registers, and a guest's EL1 registers, stay in a CPU until their thread goes on elsewhere. */
static void registers_follow_their_thread(void **state)
{
	struct thread *t = machine_spawn(first, 20, 1u << 1);
	struct vcpu *v;

	(void)state;
	machine_fp_write(1, 4711);
	assert_ptr_equal(cpus[1].fp_owner, &t->fpu);
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1u << 2), 0);
	assert_int_equal(t->cpu, 2);
	assert_null(cpus[1].fp_owner);
	assert_int_equal(machine_fp_read(2), 4711);
	assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
	v = t->process->vcpus[0];
	v->arch.registers = 0x1234;
	assert_int_equal(sys_VcpuRun(t, 1, ACT_RUN), BLOCKED);
	assert_ptr_equal(cpus[2].guest, v);
	machine_fp_write(2, 815);
	machine_sched(t, 20, SCHED_FIFO_, 1u << 3);
	assert_ptr_equal(cpus[3].guest, v);
	assert_null(cpus[2].resident);
	assert_int_equal(machine_fp_read(3), 815);
	machine_guest_trap(3, HOST_HVC);
	assert_int_equal(call_result(&t->frame), EXIT_HVC);
	assert_int_equal(machine_fp_read(3), 4711);
}

/*
 * FP registers of a VM manager and of its guest, with both as the owner at each way between them: check_return() looks
 * whether they are open for their owner and for nobody else.
 */
static void fp_registers_of_guest_and_manager_stay_apart(void **state)
{
	struct thread *t = machine_spawn(first, 20, 1u << 1), *other = machine_spawn(first, 20, 1u << 1);

	(void)state;
	assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
	for (uint64_t turn = 1; turn < 64; turn++) {
		bool guest_uses = turn & 1, manager_uses = turn & 2, other_comes = turn & 4;

		assert_int_equal(sys_VcpuRun(t, 1, ACT_RUN), BLOCKED);
		if (guest_uses)
			machine_fp_write(1, 100 + turn);
		machine_guest_trap(1, HOST_HVC);
		if (manager_uses)
			machine_fp_write(1, 200 + turn);
		if (other_comes) {
			assert_int_equal(sys_SchedYield(t), 0);
			assert_ptr_equal(cpus[1].current, other);
			machine_fp_write(1, 300 + turn);
			assert_int_equal(sys_SchedYield(other), 0);
		}
		if (!guest_uses || !manager_uses)
			continue;
		assert_int_equal(machine_fp_read(1), 200 + turn);
		assert_int_equal(sys_VcpuRun(t, 1, ACT_RUN), BLOCKED);
		assert_int_equal(machine_fp_read(1), 100 + turn);
		machine_guest_trap(1, HOST_HVC);
	}
}

/* A question about a vCPU whose registers another CPU holds is answered there, also if the vCPU has just left. */
static void a_request_is_answered_where_the_registers_are(void **state)
{
	struct thread *a = machine_spawn(first, 20, 1u << 1), *b = machine_spawn(first, 30, 1u << 3),
		      *asks = machine_spawn(first, 20, 1u << 2);

	(void)state;
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 0), 1);
	assert_int_equal(sys_VcpuCreate(b, 1, 1, 0), 2);
	a->process->vcpus[0]->arch.registers = 1;
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	assert_int_equal(sys_VcpuPrivate(asks, 1, VPRIV_ENABLE, 0, 0), 0);
	assert_int_equal(VcpuPrivate_now(&asks->frame), 0);
	assert_int_equal(sys_VcpuGet(asks, 1, VREG_X0), -KE_BUSY);
	machine_guest_trap(1, HOST_WFI);
	assert_int_equal(a->state, STATE_HALT);
	assert_int_equal(sys_VcpuInject(asks, 1, 40, 0x80), 0);
	assert_int_equal(a->state, STATE_RUNNING);
	/* Asked, and before the CPU hears of it another vCPU takes its place. */
	machine_guest_trap(1, HOST_HVC);
	assert_int_equal(sys_SchedSet(procmgr, a->process->slot, b->tid, 30, SCHED_FIFO_, 1u << 1), 0);
	a->process->vcpus[1]->arch.registers = 2;
	assert_ptr_equal(cpus[1].resident, a->process->vcpus[0]);
	assert_int_equal(call_alone(asks, VcpuQuery, 1, 40), BLOCKED);
	assert_int_equal(asks->state, STATE_VCPU);
	assert_int_equal(call_alone(b, VcpuRun, 2, ACT_RUN), BLOCKED);
	machine_settle();
	assert_int_equal(asks->state, STATE_RUNNING);
	assert_int_equal(call_result(&asks->frame), VIRQ_PENDING);
}

/* However many threads ask at once: one of them is answered at a time, with interrupts off. */
static void requests_are_answered_one_at_a_time(void **state)
{
	struct thread *a = machine_spawn(first, 60, 1u << 1), *asks[2];

	(void)state;
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 0), 1);
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	assert_int_equal(sys_VcpuInject(first, 1, 40, 0x80), 0);
	for (unsigned i = 0; i < 2; i++)
		asks[i] = machine_spawn(first, 61, 1u << (2 + i));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(call_alone(asks[i], VcpuQuery, 1, 40), BLOCKED);
		assert_int_equal(asks[i]->state == STATE_VCPU, i == 0);
		assert_int_equal(asks[i]->frame.pc == CODE_VA, i != 0);
	}
	machine_settle();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(machine_is_done(asks[i]));
		assert_int_equal(call_result(&asks[i]->frame), VIRQ_PENDING);
	}
}

/* What a thread has used of its CPU, the time since it was chosen included. */
static uint64_t used_by(const struct thread *t)
{
	return t->cpu_ticks + (t->state == STATE_RUNNING ? arch_clock_now() - cpus[t->cpu].run_start : 0);
}

/*
 * A question about a vCPU that runs is answered on its CPU, in the caller's time: the guest's thread does not pay
 * for it. Further ones while it is open interrupt that CPU no more: their callers wait in their own time.
 */
static void requests_are_paid_by_the_caller(void **state)
{
	const uint64_t step = 1000;
	struct thread *a = machine_spawn(first, 60, 1u << 1), *asks[2];
	uint64_t begin, guest, paid;
	unsigned before;

	(void)state;
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 0), 1);
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	assert_true(a->in_guest);
	for (unsigned i = 0; i < 2; i++)
		asks[i] = machine_spawn(first, 61, 1u << (2 + i));
	before = host_sgi_count(1);
	assert_int_equal(call_alone(asks[0], VcpuQuery, 1, 40), BLOCKED);
	assert_int_equal(host_sgi_count(1), before + 1);
	/* The other one's call begins anew each time, and nothing else happens. */
	for (unsigned n = 0; n < 5; n++) {
		assert_int_equal(call_alone(asks[1], VcpuQuery, 1, 40), BLOCKED);
		assert_int_equal(asks[1]->state, STATE_RUNNING);
		assert_int_equal(asks[1]->frame.pc, CODE_VA);
	}
	assert_int_equal(host_sgi_count(1), before + 1);
	assert_int_equal(list_empty(&a->process->vcpus[0]->requests), false);
	paid = asks[0]->cpu_ticks;
	guest = used_by(a);
	begin = arch_clock_now();
	host_clock_step(step);
	assert_true(machine_step(1));
	host_clock_step(0);
	assert_int_equal(call_result(&asks[0]->frame), 0);
	assert_true(list_empty(&a->process->vcpus[0]->requests));
	assert_ptr_equal(cpus[1].current, a);
	/* Nothing is lost, nothing counted twice. */
	paid = asks[0]->cpu_ticks - paid;
	assert_true(paid >= step);
	assert_int_equal(used_by(a) - guest, arch_clock_now() - begin - paid);
	machine_settle();
	assert_true(machine_is_done(asks[0]) && machine_is_done(asks[1]));
	assert_int_equal(host_sgi_count(1), before + 2);
	assert_int_equal(used_by(a) - guest, arch_clock_now() - begin - paid);
}

/*
 * A vCPU whose thread does not run, while its registers still are in a CPU that works for somebody else: making
 * something pending does not interrupt that CPU. A question about its state does, once; then its state is in memory.
 */
static void a_vcpu_at_rest_interrupts_nobody(void **state)
{
	struct thread *a = machine_spawn(first, 20, 1u << 1), *busy, *asks = machine_spawn(first, 20, 1u << 2);
	unsigned before;

	(void)state;
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 0), 1);
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	busy = machine_spawn(first, 40, 1u << 1);
	assert_ptr_equal(cpus[1].current, busy);
	assert_ptr_equal(a->process->vcpus[0]->home, &cpus[1]);
	before = host_sgi_count(1);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(sys_VcpuInject(asks, 1, 40 + n, 0x80), 0);
		assert_int_equal(sys_VcpuLine(asks, 1, 50 + n, 1, 0x80), 0);
		assert_int_equal(sys_VcpuKick(asks, 1), 0);
	}
	assert_int_equal(host_sgi_count(1), before);
	assert_ptr_equal(a->process->vcpus[0]->home, &cpus[1]);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(sys_VcpuQuery(asks, 1, 40 + n), VIRQ_PENDING);
		assert_int_equal(sys_VcpuPrivate(asks, 1, VPRIV_PENDING, 0xf0 << n, 0x10 << n), 0);
		assert_int_equal(sys_VcpuGet(asks, 1, VREG_PC), 0);
	}
	assert_int_equal(sys_VcpuPrivate(asks, 1, VPRIV_PENDING, 0, 0), 0);
	assert_int_equal(VcpuPrivate_now(&asks->frame), 0x70);
	assert_int_equal(host_sgi_count(1), before + 1);
	assert_null(a->process->vcpus[0]->home);
	/* It runs: who makes something pending tells it. */
	assert_int_equal(sys_ThreadDestroy(busy, 0, 0), GONE);
	assert_ptr_equal(cpus[1].current, a);
	assert_int_equal(sys_VcpuRun(a, 1, ACT_RUN), BLOCKED);
	before = host_sgi_count(1);
	assert_int_equal(sys_VcpuInject(asks, 1, 60, 0x80), 0);
	assert_int_equal(host_sgi_count(1), before + 1);
}

/* Whatever a VM does, and its end: only CPUs of its run mask are interrupted. */
static void only_cpus_of_the_run_mask_are_interrupted(void **state)
{
	const uint32_t mask = 1u << 1 | 1u << 2;
	struct thread *a = machine_process(9, 20, mask, ABLE_VCPU, true), *b = machine_spawn(a, 20, 1u << 2), *c;
	unsigned outside[2] = {host_sgi_count(0), host_sgi_count(3)}, inside;

	(void)state;
	assert_int_equal(sys_SchedSet(procmgr, 9, a->tid, 40, SCHED_FIFO_, 1u << 1), 0);
	assert_int_equal(sys_VcpuCreate(a, 0, 0, 0), 1);
	assert_int_equal(sys_VcpuCreate(a, 1, 1, 0), 2);
	c = machine_spawn(a, 10, mask);
	inside = host_sgi_count(1) + host_sgi_count(2);
	assert_int_equal(sys_VcpuRun(b, 2, ACT_RUN), BLOCKED);
	for (unsigned n = 0; n < 4; n++) {
		/* Its registers are on a CPU that it may not use any more. */
		assert_int_equal(sys_SchedSet(procmgr, 9, b->tid, 20, SCHED_FIFO_, n % 2 ? 1u << 2 : 1u << 1), 0);
		sys_VcpuInject(a, 2, 40 + n, 0x80);
		sys_VcpuQuery(a, 2, 40 + n);
		sys_VcpuPrivate(a, 2, VPRIV_PENDING, 1u << n, 1u << n);
		sys_VcpuGet(a, 2, VREG_PC);
		sys_VcpuKick(a, 2);
		machine_settle();
		sys_SchedSet(procmgr, 9, c->tid, 10 + 20 * (n % 2), SCHED_RR_, 0);
		if (b->state == STATE_RUNNING && !b->in_guest)
			sys_VcpuRun(b, 2, ACT_RUN);
	}
	assert_true(host_sgi_count(1) + host_sgi_count(2) > inside);
	machine_destroy(9);
	assert_int_equal(host_sgi_count(0), outside[0]);
	assert_int_equal(host_sgi_count(3), outside[1]);
}

static unsigned holds;

static void count_hold(void)
{
	holds++;
}

/* An SGI to all others: each has it, those that wait run, and the kernel lock is not taken. */
static void an_sgi_to_all_takes_no_kernel_lock(void **state)
{
	struct vcpu **v = first->process->vcpus;
	struct thread *t[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		t[i] = machine_spawn(first, 20, 1u << (i + 1));
		assert_int_equal(sys_VcpuCreate(t[i], i, i, 0), i + 1);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sys_VcpuRun(t[i], i + 1, ACT_RUN), BLOCKED);
		machine_guest_trap(t[i]->cpu, HOST_WFI);
		assert_int_equal(t[i]->state, STATE_HALT);
	}
	host_cpu = 0;
	holds = 0;
	host_each_hold(count_hold);
	vcpu_send_sgi(v[0], 1u << 1 | 1u << 2, 5, 1);
	host_each_hold(NULL);
	assert_int_equal(holds, 0);
	assert_int_equal(t[0]->state, STATE_HALT);
	for (unsigned i = 1; i < 3; i++)
		assert_true(t[i]->state != STATE_HALT);
	machine_settle();
}

static struct thread *sleeper;

static void answer(const struct lock *l)
{
	if (l != &kernel_lock)
		return;
	host_each_lock(NULL);
	thread_timeout_end(sleeper);
}

/* Between a timer's interrupt and the kernel lock another CPU, which had that lock, may have taken the timer away. */
static void a_timer_that_has_gone_before_the_lock_is_had_does_nothing(void **state)
{
	(void)state;
	sleeper = machine_spawn(first, 20, 2);
	assert_int_equal(sys_TimerTimeout(sleeper, TIMEOUT_SYNC, 1000), 0);
	assert_int_equal(sys_SyncWait(sleeper, MEM_VA, 0, 0), BLOCKED);
	host_each_lock(answer);
	machine_tick(2000);
	assert_int_equal(cpus[1].timers.count, 0);
	assert_int_equal(sleeper->state, STATE_SYNC);
}

/* ---- anything, with interrupts that come late ---- */

#define THREADS 9u

static uint64_t fp_value[HANDLE_MAX + 1];

static void use_fp(struct thread *t)
{
	if (fp_value[t->tid] && machine_fp_read(t->cpu) != fp_value[t->tid])
		fail_msg("thread %u has lost its FP registers", t->tid);
	fp_value[t->tid] = (uint64_t)t->tid << 32 | machine_random(1 << 20);
	machine_fp_write(t->cpu, fp_value[t->tid]);
}

static void random_call(struct thread *t)
{
	const uint64_t prio = 10 + machine_random(6), mask = 1 + machine_random(15);
	const unsigned policy = 1 + machine_random(2);

	switch (machine_random(10)) {
	case 0: call_alone(t, SchedYield); break;
	case 1: call_alone(t, ThreadCtl, THREADCTL_RUNMASK, mask); break;
	case 2:
	case 3:
		call_alone(t, SchedSet, UINT64_MAX, 1 + machine_random(THREADS), prio, policy,
			   machine_random(2) ? mask : 0);
		break;
	case 4: call_alone(t, SyncWait, MEM_VA, 0, 0); break;
	case 5:
	case 6: call_alone(t, SyncWake, MEM_VA, 1 + machine_random(3)); break;
	case 7:
		if (t->process->threads_alive > 4)
			call_alone(t, ThreadDestroy, 2 + machine_random(THREADS), 0);
		break;
	default:
		if (t->process->threads_alive < THREADS) {
			int64_t tid = call_alone(t, ThreadCreate, CODE_VA + 4, 0, 0, prio, policy, mask, 0);

			if (tid > 0)
				fp_value[tid] = 0;
		}
	}
}

static void random_scheduling_keeps_the_invariants(void **state)
{
	(void)state;
	machine_seed(5);
	memset(fp_value, 0, sizeof(fp_value));
	machine_sched(first, 12, SCHED_RR_, 0);
	for (unsigned n = 0; n < 40000; n++) {
		unsigned cpu = machine_random(4);
		struct thread *t = cpus[cpu].current;

		switch (machine_random(6)) {
		case 0:
		case 1: machine_step(cpu); break;
		case 2: host_clock_set(arch_clock_now() + machine_random(TIMESLICE_NS)); break;
		case 3:
			if (t)
				use_fp(t);
			break;
		default:
			if (t)
				random_call(t);
		}
		machine_check(false);
		if (n % 50 == 0) {
			machine_settle();
			machine_check(true);
			/* Everybody asleep would be the end of the test: woken from another CPU, by interrupts. */
			host_cpu = 4;
			if (!cpus[0].current && !cpus[1].current && !cpus[2].current && !cpus[3].current)
				list_for_each_safe (it, &processes[1].sync_waiters) {
					struct thread *w = list_entry(it, struct thread, wait_link);

					list_del(&w->wait_link);
					thread_wake(w, 0);
				}
		}
	}
	machine_settle();
	/* The machine_teardown needs nobody. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_most_important_thread_runs, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(equals_take_turns_only_in_round_robin, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_thread_goes_where_there_is_room, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(who_is_overtaken_goes_to_an_idle_cpu, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(times_are_counted_up_to_now, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_thread_follows_its_run_mask, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(registers_follow_their_thread, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(fp_registers_of_guest_and_manager_stay_apart, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_request_is_answered_where_the_registers_are, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(requests_are_answered_one_at_a_time, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(requests_are_paid_by_the_caller, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_vcpu_at_rest_interrupts_nobody, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(only_cpus_of_the_run_mask_are_interrupted, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(an_sgi_to_all_takes_no_kernel_lock, setup, machine_teardown),
	    cmocka_unit_test_setup_teardown(a_timer_that_has_gone_before_the_lock_is_had_does_nothing, setup,
					    machine_teardown),
	    cmocka_unit_test_setup_teardown(random_scheduling_keeps_the_invariants, setup, machine_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
