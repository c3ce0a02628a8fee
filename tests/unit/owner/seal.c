/* SPDX-License-Identifier: Apache-2.0 */
/* The seal of the system, the seal of a VM, and what a VM may do with interrupts before and after. */
#include "owner.h"

static void after_the_seal_nothing_is_given(void **state)
{
	const struct process_params params = {.runmask = ALL};
	struct process before[3];

	(void)state;
	assert_int_equal(owner_define(1, owner_kmem(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	/* Nothing is made before the seal. */
	assert_int_equal(sys_ProcessCreate(procmgr, 1, 0), -KE_PERM);
	assert_int_equal(sys_ProcessMap(procmgr, 1, MEM_VA, 0, 0, PAGE_SIZE, PROT_R), -KE_SRCH);
	assert_int_equal(sys_ProcessStart(procmgr, 1, CODE_VA, 0, 0, 0), -KE_SRCH);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), -KE_SRCH);
	assert_int_equal(sys_Seal(procmgr), 0);
	assert_true(process_sealed);
	memcpy(before, processes, sizeof(before));
	assert_int_equal(sys_Seal(procmgr), -KE_PERM);
	/* The address of parameters is of no interest any more, whatever the slot. */
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		assert_int_equal(sys_ProcessCreate(procmgr, slot, (uint64_t)&params), -KE_PERM);
	assert_int_equal(sys_ProcessCreate(procmgr, 2, 0), -KE_SRCH);
	assert_int_equal(sys_ProcessCreate(procmgr, 0, 0), -KE_INVAL);
	assert_int_equal(sys_ProcessCreate(procmgr, PROCESS_MAX + 1, 0), -KE_INVAL);
	for (unsigned lives = 0; lives < 2; lives++) {
		assert_int_equal(sys_ProcessCreate(procmgr, 1, 0), 0);
		assert_int_equal(sys_ProcessCreate(procmgr, 1, 0), -KE_BUSY);
		for (unsigned slot = 0; slot < 3; slot++)
			for (uint64_t kind = 0; kind <= GRANT_SHARED + 1; kind++)
				assert_int_equal(sys_ProcessGrant(procmgr, slot, kind, RANGE + BYTES, BYTES), -KE_PERM);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_IRQ, 60, 1), -KE_PERM);
		assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
		assert_int_equal(processes[1].state, PROCESS_DEFINED);
		/* Parameters and grants are what they were. */
		assert_memory_equal(&processes[1].params, &before[1].params, sizeof(before[1].params));
		for (unsigned i = 0; i < REGION_COUNT; i++) {
			assert_int_equal(processes[1].regions[i].start, before[1].regions[i].start);
			assert_int_equal(processes[1].regions[i].bytes, before[1].regions[i].bytes);
			assert_int_equal(processes[1].regions[i].flags, before[1].regions[i].flags);
		}
	}
	assert_int_equal(processes[2].state, PROCESS_FREE);
}

#define VM     5u
#define GUEST  0x80000000ull
#define SHARED RANGE
#define DEVICE 0x9000000ull
#define MINE   2u /* priority of its threads, and ... */

/* Region 0 is RAM, 1 a device, 2 shared memory; interrupt 60. Two threads beside the one that is returned. */
static struct thread *make_vm(struct thread **second, struct thread **idle)
{
	const paddr_t base = HOST_RAM_START + (VM - 1) * (1ull << 20);
	const struct process_params params = {.name = "vm",
					      .kmem = base,
					      .kmem_bytes = 256ull << 10,
					      .abilities = ABLE_VCPU | ABLE_XSCHED,
					      .runmask = 7,
					      .priority = MINE,
					      .max_priority = 20,
					      .policy = SCHED_FIFO_,
					      .guest = 1};
	struct thread *t;
	int64_t tid;

	assert_int_equal(machine_define(VM, &params), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, VM, GRANT_RAM, base + (512ull << 10), MEM_BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, VM, GRANT_DEVICE, DEVICE, PAGE_SIZE), 1);
	assert_int_equal(sys_ProcessGrant(procmgr, VM, GRANT_SHARED, SHARED, BYTES), 2);
	assert_int_equal(sys_ProcessGrant(procmgr, VM, GRANT_IRQ, 60 | IRQ_EDGE, 2), 0);
	assert_int_equal(owner_make(VM), 0);
	tid = call_alone(procmgr, ProcessStart, VM, CODE_VA + 4, 0, 0, 0);
	t = machine_thread(VM, (uint32_t)tid);
	machine_settle();
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1), 0);
	*second = machine_spawn(t, MINE, 2);
	*idle = machine_spawn(t, MINE, 4);
	return t;
}

/* What may be done before the VM runs, and not after that. */
static void changes(struct thread *t, struct thread *second, int64_t expected)
{
	const uint64_t window = GUEST + (expected ? 0x200000 : 0x100000);

	assert_int_equal(sys_MemMap(t, SPACE_GUEST, window, 0, 0, PAGE_SIZE, PROT_R | PROT_W | PROT_X), expected);
	assert_int_equal(sys_MemMap(t, SPACE_GUEST, window + 0x10000, 1, 0, PAGE_SIZE, PROT_R), expected);
	assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST, PAGE_SIZE), expected);
	assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST + PAGE_SIZE, PAGE_SIZE), expected);
	assert_int_equal(sys_SchedSet(t, UINT64_MAX, t->tid, MINE, SCHED_FIFO_, 0), expected);
	assert_int_equal(sys_SchedSet(t, VM, second->tid, MINE, SCHED_FIFO_, 2), expected);
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1), expected);
	assert_int_equal(sys_VcpuSet(t, 1, VREG_RESET, 0), 0);
}

static void map_two(struct thread *t)
{
	assert_int_equal(sys_MemMap(t, SPACE_GUEST, GUEST, 0, 0, 2 * PAGE_SIZE, PROT_R | PROT_W | PROT_X), 0);
}

/* The operator may, within the limits that were given. */
static void reschedule(const struct thread *second)
{
	assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 20, SCHED_FIFO_, 6), 0);
	assert_int_equal(second->base_prio, 20);
	assert_int_equal(second->runmask, 6);
	assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 21, SCHED_FIFO_, 0), -KE_INVAL);
	assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 20, SCHED_FIFO_, 8), -KE_INVAL);
}

static void a_vm_is_sealed_when_it_runs(void **state)
{
	(void)state;
	for (unsigned lives = 0; lives < 2; lives++) {
		struct thread *second, *idle, *late, *t = make_vm(&second, &idle);
		const struct process *p = t->process;

		map_two(t);
		assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
		assert_int_equal(sys_VcpuCreate(t, 1, 1, 0), 2);
		assert_int_equal(sys_ChannelCreate(t, CHF_PRIVATE), 1);
		assert_true(sys_InterruptAttachEvent(t, 61, 1, 1, 1, 0) > 0);
		changes(t, second, 0);
		map_two(t);
		assert_int_equal(sys_MemMap(t, SPACE_GUEST, GUEST + 0x40000, 2, 0, PAGE_SIZE, PROT_R | PROT_X),
				 -KE_PERM);
		assert_int_equal(sys_VcpuSet(t, 2, VREG_PC, 1), 0);
		/* It runs. */
		assert_false(p->guest.sealed);
		assert_int_equal(sys_VcpuRun(idle, 1, ACT_RUN), BLOCKED);
		assert_true(p->guest.sealed);
		machine_guest_trap(2, HOST_HVC);
		changes(t, second, -KE_PERM);
		assert_int_equal(sys_VcpuCreate(t, 2, 2, 0), -KE_PERM);
		assert_int_equal(sys_InterruptAttachEvent(t, 60, 1, 1, 1, 0), -KE_PERM);
		/* A range that begins with a hole ends where something is. */
		assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST - PAGE_SIZE, 2 * PAGE_SIZE), -KE_PERM);
		assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, 0, SPACE_LIMIT), -KE_PERM);
		/* Its own memory is none of the guest's affairs. */
		assert_int_equal(sys_MemMap(t, SPACE_SELF, MEM_VA, 0, 0, PAGE_SIZE, PROT_R | PROT_W), 0);
		assert_int_equal(sys_MemUnmap(t, SPACE_SELF, MEM_VA, PAGE_SIZE), 0);
		/* Shared memory comes and goes. */
		assert_int_equal(sys_MemMap(t, SPACE_GUEST, GUEST + 0x40000, 2, 0, BYTES, PROT_R | PROT_W), 0);
		assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST + 0x40000, BYTES), 0);
		/* A vCPU goes on in a thread that was there before; no thread that comes later runs one. */
		late = machine_spawn(t, 20, 1);
		assert_int_equal(sys_VcpuRun(late, 2, ACT_RUN), -KE_PERM);
		assert_int_equal(sys_ThreadDestroy(late, 0, 0), GONE);
		assert_int_equal(sys_VcpuRun(second, 2, ACT_RUN), BLOCKED);
		machine_guest_trap(1, HOST_HVC);
		reschedule(second);
		machine_destroy(VM);
	}
}

static void refuse_wrong_bindings(struct thread *t)
{
	assert_int_equal(sys_VcpuBind(t, 1, 62, 40, 0, 0), -KE_PERM);
	assert_int_equal(sys_VcpuBind(t, 3, 60, 40, 0, 0), -KE_BADF);
	assert_int_equal(sys_VcpuBind(t, 1, 31, 40, 0, 0), -KE_INVAL);
	assert_int_equal(sys_VcpuBind(t, 1, 60, 31, 0, 0), -KE_INVAL);
	assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 4), -KE_INVAL);
}

/* 60 is bound to the guest's 40, 61 is attached, 62 is nobody's. */
static void expect_information(struct thread *t, int64_t attached)
{
	assert_int_equal(sys_InterruptInfo(procmgr, 60), 40);
	assert_int_equal(sys_InterruptInfo(procmgr, 61), 0);
	assert_int_equal(sys_InterruptInfo(procmgr, 62), -KE_SRCH);
	assert_int_equal(sys_InterruptInfo(procmgr, 1020), -KE_SRCH);
	assert_int_equal(sys_InterruptInfo(procmgr, UINT64_MAX), -KE_SRCH);
	assert_int_equal(sys_InterruptInfo(t, 61), -KE_PERM);
	host_raise(61);
	machine_settle();
	assert_int_equal(sys_InterruptInfo(procmgr, 61), IRQ_FIRED);
	assert_int_equal(sys_InterruptUnmask(t, attached), 0);
	assert_int_equal(sys_InterruptInfo(procmgr, 61), 0);
}

static void expect_no_other_handle(struct thread *t, int64_t attached)
{
	for (uint64_t id = 1; id < 8; id++) {
		if (id == (uint64_t)attached)
			continue;
		assert_int_equal(sys_InterruptUnmask(t, id), -KE_BADF);
	}
}

/* An interrupt that is bound: who may, when, and what is left of it at the end. */
static void an_interrupt_is_bound_by_its_owner_and_freed_at_its_end(void **state)
{
	(void)state;
	for (unsigned lives = 0; lives < 2; lives++) {
		struct thread *second, *idle, *t = make_vm(&second, &idle);
		int64_t attached;

		map_two(t);
		assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
		assert_int_equal(sys_VcpuCreate(t, 1, 1, 0), 2);
		refuse_wrong_bindings(t);
		assert_int_equal(sys_ChannelCreate(t, CHF_PRIVATE), 1);
		attached = sys_InterruptAttachEvent(t, 61, 1, 1, 1, 0);
		assert_true(attached > 0);
		assert_int_equal(sys_VcpuBind(t, 1, 61, 41, 0, 0), -KE_BUSY);
		assert_int_equal(sys_InterruptInfo(procmgr, 60), -KE_SRCH);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 0), 0);
		expect_information(t, attached);
		assert_int_equal(sys_InterruptAttachEvent(t, 60, 0, 1, 1, 0), -KE_BADF);
		assert_int_equal(sys_InterruptAttachEvent(t, 60, 1, 1, 1, 0), -KE_BUSY);
		expect_no_other_handle(t, attached);
		/* What comes while it is off waits. */
		host_raise(60);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 0), VIRQ_PENDING);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0x80, BIND_ON), VIRQ_PENDING);
		machine_settle();
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0x80, BIND_ON), VIRQ_PENDING);
		assert_true(arch_irq_is_active(60));
		assert_int_equal(sys_VcpuBind(t, 2, 60, 40, 0x80, BIND_ON), -KE_BUSY);
		assert_int_equal(sys_VcpuSet(t, 1, VREG_RESET, 0), 0); /* of the core: they stay */
		assert_int_equal(sys_VcpuLine(t, 1, 40, 1, 0), -KE_BUSY);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 0), VIRQ_PENDING);
		assert_false(arch_irq_is_active(60));
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, BIND_CLEAR), 0);
		assert_int_equal(sys_VcpuBind(t, 2, 60, 40, 0x80, BIND_ON), 0);
		host_raise(60);
		machine_settle();
		assert_true(arch_irq_is_active(60));
		/* It runs: what is bound may be switched, and nothing else be bound. */
		assert_int_equal(sys_VcpuRun(idle, 1, ACT_RUN), BLOCKED);
		assert_int_equal(sys_VcpuBind(t, 1, 61, 41, 0, 0), -KE_BUSY);
		assert_int_equal(sys_VcpuBind(t, 2, 60, 40, 0x80, BIND_ON), VIRQ_PENDING);
		machine_destroy(VM);
		assert_false(arch_irq_is_active(60));
		assert_false(arch_irq_is_pending(60));
	}
}

int seal_tests(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(after_the_seal_nothing_is_given),
	    CASE(a_vm_is_sealed_when_it_runs),
	    CASE(an_interrupt_is_bound_by_its_owner_and_freed_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
