/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host/host.c kernel/arch/host/kmem.c kernel/arch/host/lock.c */
/* SOURCES: kernel/arch/host/record.c kernel/arch/host/world.c kernel/boot/first.c kernel/mm/space.c */
/* SOURCES: kernel/object kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/*
 * Nothing is given twice, memory is zero when a process gets it, however often the calls are interrupted; and after
 * the seal nobody gets more.
 */
#include "machine.h"

#define ALL   0xfu
#define RANGE (HOST_RAM_START + (8ull << 20)) /* RAM that is nobody's when a test begins */
#define BYTES (256ull << 10)
#define SPI   40u

static int64_t interrupt, chid;

static int setup(void **state)
{
	(void)state;
	if (!procmgr) {
		machine_boot(4);
		/* Interrupts for the CPU of procmgr, which makes the calls. */
		processes[0].irqs[0].first = SPI;
		processes[0].irqs[0].count = 1;
		chid = sys_ChannelCreate(procmgr, CHF_PRIVATE);
		interrupt = sys_InterruptAttachEvent(procmgr, SPI, (uint64_t)chid, 1, 1, 0);
		assert_true(chid > 0 && interrupt > 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_raise_after(0, SPI);
	host_lock_wanted(false);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		if (processes[slot].state != PROCESS_FREE)
			machine_undefine(slot);
	machine_check(true);
	return 0;
}

static int64_t define(unsigned slot, paddr_t kmem)
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

static int64_t make(unsigned slot)
{
	process_sealed = true;
	return sys_ProcessCreate(procmgr, slot, 0);
}

static paddr_t kmem_of(unsigned slot)
{
	return RANGE - (slot + 1) * 4 * PAGE_SIZE;
}

static void test_given_once(void **state)
{
	(void)state;
	assert_int_equal(define(1, kmem_of(1)), 0);
	assert_int_equal(define(1, kmem_of(2)), -KE_BUSY);
	assert_int_equal(define(2, kmem_of(1) + PAGE_SIZE), -KE_PERM);
	assert_int_equal(define(2, kmem_of(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE + BYTES - PAGE_SIZE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, kmem_of(1), PAGE_SIZE), -KE_PERM);
	assert_int_equal(define(3, RANGE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, 0x1000, 0x2000), 1);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_DEVICE, 0x2000, 0x1000), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_IRQ, 50, 4), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_IRQ, 53, 1), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_IRQ, 54, 1), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_IRQ, 60, 1), -KE_SRCH);
	assert_int_equal(sys_ProcessGrant(procmgr, 0, GRANT_RAM, RANGE + BYTES, PAGE_SIZE), -KE_SRCH);
	/* What was taken by a process that has ended is still its slot's. */
	assert_int_equal(make(1), 0);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	process_sealed = false;
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE, BYTES), -KE_PERM);
}

/* Whoever has the UART, even among other registers, has it alone. */
static void test_console_of_others(void **state)
{
	static const struct {
		uint64_t start, bytes;
		bool off;
	} cases[] = {
	    {HOST_CONSOLE, PAGE_SIZE, true},
	    {HOST_CONSOLE - PAGE_SIZE, 3 * PAGE_SIZE, true},
	    {HOST_CONSOLE - PAGE_SIZE, PAGE_SIZE, false},
	    {HOST_CONSOLE + PAGE_SIZE, PAGE_SIZE, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		process_sealed = false;
		assert_int_equal(define(1, kmem_of(1)), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, cases[i].start, cases[i].bytes), 0);
		assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_CONSOLE_ON, 0), 0);
		for (unsigned lives = 0; lives < 2; lives++) {
			assert_false(host_console_is_off());
			assert_int_equal(make(1), 0);
			assert_int_equal(host_console_is_off(), cases[i].off);
			assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
			assert_int_equal(sys_SystemCtl(procmgr, SYSTEM_CONSOLE_ON, 0), 0);
		}
		machine_undefine(1);
	}
}

/* Text goes out as the transmitter has room, in steps between which others run. */
static void test_text_in_steps(void **state)
{
	size_t before = host_console_taken();

	(void)state;
	assert_int_equal(sys_SystemLog(procmgr, procmgr_page, 100), 0);
	assert_int_equal(host_console_taken() - before, 100);
}

static bool is_filled(paddr_t at, uint64_t bytes, uint8_t with)
{
	const uint8_t *b = arch_pa_to_va(at);

	for (uint64_t i = 0; i < bytes; i++)
		if (b[i] != with)
			return false;
	return true;
}

/* An interrupt at each place where the calls look for one. */
static void test_interrupted(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 60; n++) {
		host_raise_after(n, SPI);
		assert_int_equal(define(1, kmem_of(1)), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE + BYTES, BYTES), 1);
		assert_int_equal(processes[1].ram_bytes, 2 * BYTES);
		for (unsigned lives = 0; lives < 2; lives++) {
			if (lives == 0)
				memset(arch_pa_to_va(RANGE), 0xee, 2 * BYTES);
			assert_int_equal(make(1), 0);
			assert_true(is_filled(RANGE, 2 * BYTES, 0));
			memset(arch_pa_to_va(RANGE), 0xee, 2 * BYTES);
			assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
			assert_true(is_filled(RANGE, 2 * BYTES, 0));
			assert_true(is_filled(kmem_of(1), 4 * PAGE_SIZE, 0));
		}
		machine_undefine(1);
		host_raise_after(0, SPI);
		assert_int_equal(sys_InterruptUnmask(procmgr, (uint64_t)interrupt), 0);
	}
}

/* Between two steps of a definition the memory is given to another. */
static void test_given_meanwhile(void **state)
{
	struct thread *other = machine_process(4, 100, ALL, ABLE_PROCESS, false);

	(void)state;
	assert_int_equal(define(1, kmem_of(1)), 0);
	assert_int_equal(define(2, kmem_of(2)), 0);
	host_raise_after(PROCESS_MAX / 2, SPI); /* while it is being looked for */
	call_alone(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES);
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(sys_ProcessGrant(other, 2, GRANT_RAM, RANGE + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(call_result(&procmgr->frame), (uint64_t)-KE_PERM);
	assert_int_equal(processes[1].ram_bytes, 0);
	assert_int_equal(processes[2].ram_bytes, PAGE_SIZE);
	host_raise_after(0, SPI);
	assert_int_equal(sys_InterruptUnmask(procmgr, (uint64_t)interrupt), 0);
}

static unsigned objects_of(const struct process *p)
{
	unsigned count = 0;

	for (unsigned type = OBJECT_THREAD; type < OBJECT_TYPES; type++)
		count += p->kmem.count[type];
	return count;
}

/* What one process can have of each kind of object, with a pulse under way. */
static unsigned fill_tables(struct thread *t)
{
	uint64_t own = (uint64_t)sys_ChannelCreate(t, CHF_PRIVATE);

	while (sys_ConnectAttach(t, t->process->slot, own, own) > 0)
		;
	assert_int_equal(sys_MsgSendPulse(t, 1, 1, 1, 1), 0);
	while (sys_TimerCreate(t, own, 1, 1, 1) > 0)
		;
	while (sys_ChannelCreate(t, CHF_PRIVATE) > 0)
		;
	return objects_of(t->process);
}

/* While another CPU wants the lock all the time, each hold of the end of a process ends one object at most. */
static void test_destroy_gives_way(void **state)
{
	struct thread *t = machine_process(1, 10, 1, 0, false);
	struct process *p = t->process;
	unsigned before = fill_tables(t), steps = 0, most = 0;

	(void)state;
	assert_true(before > 1000);
	host_lock_wanted(true);
	call_alone(procmgr, ProcessDestroy, 1);
	while (p->state == PROCESS_ENDING) {
		unsigned now = objects_of(p);

		most = before - now > most ? before - now : most;
		before = now;
		steps++;
		for (unsigned cpu = 0; cpu < board.cpu_count; cpu++)
			machine_step(cpu);
	}
	assert_true(steps > 1000);
	assert_int_equal(most, 1);
	assert_int_equal(call_result(&procmgr->frame), 0);
}

/* So does the search for an owner: one slot for each hold. */
static void test_owner_gives_way(void **state)
{
	(void)state;
	assert_int_equal(define(1, kmem_of(1)), 0);
	host_lock_wanted(true);
	call_alone(procmgr, ProcessGrant, 1, GRANT_RAM, RANGE, BYTES);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++) {
		assert_int_equal(processes[1].check.slot, slot);
		machine_step(procmgr->cpu);
	}
	machine_settle();
	assert_int_equal(call_result(&procmgr->frame), 0);
	assert_int_equal(processes[1].ram_bytes, BYTES);
}

/* What was zeroed when a process ended is not zeroed again for the next one of its slot. */
static void test_clean(void **state)
{
	uint8_t *byte = arch_pa_to_va(RANGE);

	(void)state;
	assert_int_equal(define(1, kmem_of(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, BYTES), 0);
	*byte = 2;
	assert_int_equal(make(1), 0);
	assert_int_equal(*byte, 0);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	*byte = 1; /* nobody has it, so only the test can do this: it shows who zeroes */
	assert_int_equal(make(1), 0);
	assert_int_equal(*byte, 1);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(*byte, 0);
}

/* ---- shared memory ---- */

static void test_shared(void **state)
{
	uint8_t *byte = arch_pa_to_va(RANGE);

	(void)state;
	for (unsigned slot = 1; slot <= 3; slot++)
		assert_int_equal(define(slot, kmem_of(slot)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_SHARED, RANGE, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RAM, RANGE + BYTES, BYTES), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_SHARED, RANGE, BYTES), 1);
	/* All of it or none, and by nothing else. */
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE, BYTES / 2), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE + PAGE_SIZE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, RANGE + BYTES, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, kmem_of(1), 4 * PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_RAM, RANGE, BYTES), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 3, GRANT_SHARED, 0x9000000, PAGE_SIZE), -KE_PERM);
	assert_int_equal(define(4, RANGE), -KE_PERM);
	assert_int_equal(processes[1].ram_bytes, BYTES);
	assert_int_equal(processes[2].ram_bytes, BYTES);
	assert_int_equal(processes[1].regions[0].flags, REGION_RAM | REGION_SHARED);
	/* Zero for the first user; the second finds what the first has written. */
	*byte = 1;
	assert_int_equal(make(1), 0);
	assert_int_equal(*byte, 0);
	*byte = 2;
	assert_int_equal(make(2), 0);
	assert_int_equal(*byte, 2);
	/* Filled by message only: it may be in use. Never executable. */
	assert_int_equal(sys_ProcessCopy(procmgr, 2, 1, 0, MEM_VA, 16), -KE_INVAL);
	assert_int_equal(sys_ProcessMap(procmgr, 2, 0x200000, 1, 0, PAGE_SIZE, PROT_R | PROT_X), -KE_PERM);
	assert_int_equal(sys_ProcessMap(procmgr, 2, 0x200000, 1, 0, PAGE_SIZE, PROT_R | PROT_W), 0);
	/* The end of one leaves it to the other; that of the last leaves nothing. */
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(make(1), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(sys_ProcessDestroy(procmgr, 2), 0);
	assert_int_equal(*byte, 2);
	assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
	assert_true(is_filled(RANGE, BYTES, 0));
	*byte = 3; /* nobody has it: see test_clean() */
	assert_int_equal(make(2), 0);
	assert_int_equal(*byte, 3);
	assert_int_equal(sys_ProcessDestroy(procmgr, 2), 0);
	assert_int_equal(*byte, 0);
}

/* ---- the seal ---- */

static void test_seal(void **state)
{
	const struct process_params params = {.runmask = ALL};
	struct process before[3];

	(void)state;
	assert_int_equal(define(1, kmem_of(1)), 0);
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
		assert_memory_equal(processes[1].irqs, before[1].irqs, sizeof(before[1].irqs));
		for (unsigned i = 0; i <= REGION_KMEM; i++) {
			assert_int_equal(processes[1].regions[i].start, before[1].regions[i].start);
			assert_int_equal(processes[1].regions[i].bytes, before[1].regions[i].bytes);
			assert_int_equal(processes[1].regions[i].flags, before[1].regions[i].flags);
		}
	}
	assert_int_equal(processes[2].state, PROCESS_FREE);
}

/* ---- the seal of a VM ---- */

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
	assert_int_equal(make(VM), 0);
	tid = call_alone(procmgr, ProcessStart, VM, CODE_VA + 4, 0, 0, 0);
	t = machine_thread(VM, (uint32_t)tid);
	machine_settle();
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1), 0);
	*second = machine_spawn(t, MINE, 2);
	*idle = machine_spawn(t, MINE, 4);
	return t;
}

/* What may be done before the VM runs, and not after that. */
static void changes(struct thread *t, struct thread *second, uint64_t attached, int64_t expected)
{
	const uint64_t window = GUEST + (expected ? 0x200000 : 0x100000);

	assert_int_equal(sys_MemMap(t, SPACE_GUEST, window, 0, 0, PAGE_SIZE, PROT_R | PROT_W | PROT_X), expected);
	assert_int_equal(sys_MemMap(t, SPACE_GUEST, window + 0x10000, 1, 0, PAGE_SIZE, PROT_R), expected);
	assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST, PAGE_SIZE), expected);
	assert_int_equal(sys_MemUnmap(t, SPACE_GUEST, GUEST + PAGE_SIZE, PAGE_SIZE), expected);
	assert_int_equal(sys_InterruptDetach(t, attached), expected);
	assert_int_equal(sys_SchedSet(t, UINT64_MAX, t->tid, MINE, SCHED_FIFO_, 0), expected);
	assert_int_equal(sys_SchedSet(t, VM, second->tid, MINE, SCHED_FIFO_, 2), expected);
	assert_int_equal(sys_ThreadCtl(t, THREADCTL_RUNMASK, 1), expected);
	assert_int_equal(sys_VcpuSet(t, 1, VREG_RESET, 0), 0);
}

static void map_two(struct thread *t)
{
	assert_int_equal(sys_MemMap(t, SPACE_GUEST, GUEST, 0, 0, 2 * PAGE_SIZE, PROT_R | PROT_W | PROT_X), 0);
}

static void test_vm_seal(void **state)
{
	(void)state;
	for (unsigned lives = 0; lives < 2; lives++) {
		struct thread *second, *idle, *late, *t = make_vm(&second, &idle);
		const struct process *p = t->process;
		int64_t attached, again;

		map_two(t);
		assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
		assert_int_equal(sys_VcpuCreate(t, 1, 1, 0), 2);
		attached = sys_InterruptAttachEvent(t, 60, 0, 1, 1, 0);
		again = sys_InterruptAttachEvent(t, 61, 0, 1, 1, 0);
		assert_true(attached > 0 && again > 0);
		changes(t, second, (uint64_t)attached, 0);
		map_two(t);
		assert_int_equal(sys_MemMap(t, SPACE_GUEST, GUEST + 0x40000, 2, 0, PAGE_SIZE, PROT_R | PROT_X),
				 -KE_PERM);
		assert_int_equal(sys_VcpuSet(t, 2, VREG_PC, 1), 0);
		/* It runs. */
		assert_false(p->guest.sealed);
		assert_int_equal(sys_VcpuRun(idle, 1, ACT_RUN), BLOCKED);
		assert_true(p->guest.sealed);
		machine_guest_trap(2, HOST_HVC);
		changes(t, second, (uint64_t)again, -KE_PERM);
		assert_int_equal(sys_VcpuCreate(t, 2, 2, 0), -KE_PERM);
		assert_int_equal(sys_InterruptAttachEvent(t, 60, 0, 1, 1, 0), -KE_PERM);
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
		/* The operator may, within the limits that were given. */
		assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 20, SCHED_FIFO_, 6), 0);
		assert_int_equal(second->base_prio, 20);
		assert_int_equal(second->runmask, 6);
		assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 21, SCHED_FIFO_, 0), -KE_INVAL);
		assert_int_equal(sys_SchedSet(procmgr, VM, second->tid, 20, SCHED_FIFO_, 8), -KE_INVAL);
		machine_destroy(VM);
	}
}

/* ---- what a VM is given of the board ---- */

/* An interrupt that is bound: who may, when, and what is left of it at the end. */
static void test_bind(void **state)
{
	(void)state;
	for (unsigned lives = 0; lives < 2; lives++) {
		struct thread *second, *idle, *t = make_vm(&second, &idle);
		int64_t attached;

		map_two(t);
		assert_int_equal(sys_VcpuCreate(t, 0, 0, 0), 1);
		assert_int_equal(sys_VcpuCreate(t, 1, 1, 0), 2);
		assert_int_equal(sys_VcpuBind(t, 1, 62, 40, 0, 0), -KE_PERM);
		assert_int_equal(sys_VcpuBind(t, 3, 60, 40, 0, 0), -KE_BADF);
		assert_int_equal(sys_VcpuBind(t, 1, 31, 40, 0, 0), -KE_INVAL);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 31, 0, 0), -KE_INVAL);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 4), -KE_INVAL);
		attached = sys_InterruptAttachEvent(t, 61, 0, 1, 1, 0);
		assert_true(attached > 0);
		assert_int_equal(sys_VcpuBind(t, 1, 61, 41, 0, 0), -KE_BUSY);
		assert_int_equal(sys_InterruptInfo(procmgr, 60), -KE_SRCH);
		assert_int_equal(sys_VcpuBind(t, 1, 60, 40, 0, 0), 0);
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
		assert_int_equal(sys_InterruptAttachEvent(t, 60, 0, 1, 1, 0), -KE_BUSY);
		for (uint64_t id = 1; id < 8; id++) {
			if (id == (uint64_t)attached)
				continue;
			assert_int_equal(sys_InterruptWait(t, id), -KE_BADF);
			assert_int_equal(sys_InterruptUnmask(t, id), -KE_BADF);
			assert_int_equal(sys_InterruptDetach(t, id), -KE_BADF);
		}
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
		assert_int_equal(sys_InterruptDetach(t, attached), 0);
		assert_int_equal(sys_VcpuRun(idle, 1, ACT_RUN), BLOCKED);
		assert_int_equal(sys_VcpuBind(t, 1, 61, 41, 0, 0), -KE_PERM);
		assert_int_equal(sys_VcpuBind(t, 2, 60, 40, 0x80, BIND_ON), VIRQ_PENDING);
		machine_destroy(VM);
		assert_false(arch_irq_is_active(60));
		assert_false(arch_irq_is_pending(60));
	}
}

/* Memory that firmware has reserved keeps what is in it, and is nobody's RAM. */
static void test_reserved(void **state)
{
	const struct range reserved = {RANGE, 4 * BYTES};

	(void)state;
	board.reserved[board.reserved_count++] = reserved;
	board.reserved[board.reserved_count++] = (struct range){HOST_RAM_START + HOST_RAM_BYTES, BYTES};
	assert_int_equal(define(1, kmem_of(1)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE - PAGE_SIZE, 2 * PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 1, PAGE_SIZE), -KE_INVAL);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 4 * BYTES - PAGE_SIZE, 2 * PAGE_SIZE),
			 -KE_PERM);
	/* It is not in the kernel's map: a process could name it in a call. */
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, HOST_RAM_START + HOST_RAM_BYTES, BYTES),
			 -KE_PERM);
	/* Firmware may reserve what it has loaded, which does not end with a page. */
	for (unsigned i = 0; i < 3; i++) {
		struct range *loaded = i == 0 ? &board.image : i == 1 ? &board.dtb : &board.initrd;
		const struct range before = *loaded;

		*loaded = (struct range){RANGE + PAGE_SIZE, PAGE_SIZE + 8};
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE, BYTES), -KE_PERM);
		assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE + 2 * PAGE_SIZE, PAGE_SIZE),
				 -KE_PERM);
		*loaded = before;
	}
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RESERVED, RANGE, BYTES), 0);
	assert_int_equal(define(2, kmem_of(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_RESERVED, RANGE + PAGE_SIZE, PAGE_SIZE), -KE_PERM);
	memset(arch_pa_to_va(RANGE), 0xee, BYTES);
	for (unsigned lives = 0; lives < 2; lives++) {
		assert_int_equal(make(1), 0);
		assert_int_equal(sys_ProcessCopy(procmgr, 1, 0, 0, CODE_VA, 8), -KE_INVAL);
		assert_int_equal(sys_ProcessDestroy(procmgr, 1), 0);
		assert_true(is_filled(RANGE, BYTES, 0xee));
	}
	board.reserved_count -= 2;
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
	uint32_t alive;

	(void)state;
	assert_true(sys_ChannelCreate(first, CHF_PRIVATE) > 0);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(sys_MsgReceive(machine_spawn(first, 30 + i, ALL), 1, 0, 0), BLOCKED);
	for (unsigned i = 0; i < 3; i++)
		running[i] = machine_spawn(first, 10, 2u << i);
	assert_int_equal(p->threads_alive, 14);
	call_alone(first, ThreadDestroy, UINT64_MAX, 7);
	assert_true(p->threads_alive > 1);
	assert_int_equal(running[2]->state, STATE_RUNNING);
	/* Whoever comes by the kernel does not go on, told or not. */
	alive = p->threads_alive;
	assert_int_equal(call_alone(running[2], ThreadCreate, CODE_VA + 4, 0, 0, 1, SCHED_FIFO_, ALL, 0), GONE);
	assert_true(p->threads_alive < alive);
	machine_settle();
	assert_int_equal(p->state, PROCESS_DEAD);
	assert_int_equal(p->threads_alive, 0);
	assert_int_equal(p->end_cause, END_EXIT);
	assert_int_equal(p->end_status, 7);
}

/* ---- what is executed ---- */

static int64_t try_map(unsigned region, unsigned prot)
{
	static uint64_t va = 0x10000000;

	va += PAGE_SIZE;
	return sys_ProcessMap(procmgr, 1, va, region, 0, PAGE_SIZE, prot);
}

enum { X_CODE, X_ROM, X_RAM, X_DEVICE };
#define ARCHIVE (RANGE + BYTES)

/* In a process's space nothing but code of the archive, given as such, is executable; and none of that is writable. */
static void test_only_code_is_executable(void **state)
{
	(void)state;
	board.initrd = (struct range){ARCHIVE, 4 * PAGE_SIZE};
	assert_int_equal(define(1, kmem_of(1)), 0);
	assert_int_equal(define(2, kmem_of(2)), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_CODE, ARCHIVE + 4 * PAGE_SIZE, PAGE_SIZE), -KE_PERM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_CODE, ARCHIVE, 2 * PAGE_SIZE), X_CODE);
	assert_int_equal(sys_ProcessGrant(procmgr, 2, GRANT_CODE, ARCHIVE, 2 * PAGE_SIZE), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_ROM, ARCHIVE, 4 * PAGE_SIZE), X_ROM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_RAM, RANGE, PAGE_SIZE), X_RAM);
	assert_int_equal(sys_ProcessGrant(procmgr, 1, GRANT_DEVICE, 0x1000, 0x1000), X_DEVICE);
	assert_int_equal(make(1), 0);
	for (unsigned region = X_CODE; region <= X_DEVICE; region++) {
		for (unsigned prot = PROT_R; prot <= (PROT_R | PROT_W | PROT_X); prot++) {
			bool good = prot & PROT_X   ? region == X_CODE && prot == (PROT_R | PROT_X)
				    : prot & PROT_W ? region >= X_RAM
						    : true;

			assert_int_equal(try_map(region, prot), good ? 0 : -KE_PERM);
		}
	}
}

static void test_no_process_makes_itself_executable(void **state)
{
	static const uint32_t flags[] = {REGION_RAM, REGION_DEVICE, REGION_RAM | REGION_RO,
					 REGION_RAM | REGION_RO | REGION_X};
	struct thread *t = machine_process(1, 10, 1, ABLE_VCPU, true);
	uint64_t va = 0x20000000;

	(void)state;
	for (unsigned i = 0; i < 4; i++, va += PAGE_SIZE) {
		struct region *r = &t->process->regions[8 + i];

		*r = (struct region){.start = RANGE, .bytes = PAGE_SIZE, .flags = flags[i]};
		for (unsigned prot = PROT_X; prot <= (PROT_R | PROT_W | PROT_X); prot++)
			assert_int_equal(sys_MemMap(t, SPACE_SELF, va, 8 + i, 0, PAGE_SIZE, prot), -KE_PERM);
		assert_int_equal(sys_MemMap(t, SPACE_SELF, va, 8 + i, 0, PAGE_SIZE, PROT_R), 0);
		assert_int_equal(sys_MemProtect(t, SPACE_SELF, va, PAGE_SIZE, PROT_R | PROT_X), -KE_PERM);
		/* What a guest executes is the guest's affair; what is read-only stays so. */
		assert_int_equal(sys_MemMap(t, SPACE_GUEST, va, 8 + i, 0, PAGE_SIZE, PROT_R | PROT_W | PROT_X),
				 flags[i] == REGION_RAM ? 0 : -KE_PERM);
		r->flags = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_given_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_console_of_others, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_text_in_steps, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_given_meanwhile, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_destroy_gives_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_owner_gives_way, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_seal, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_vm_seal, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bind, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reserved, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_handles, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_only_code_is_executable, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_process_makes_itself_executable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
