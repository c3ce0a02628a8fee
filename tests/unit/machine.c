/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"
#include "irq.h"
#include "kernel/boot/first.h"
#include "lock.h"
#include <stdio.h>

#define STACK_TAG  0x5000000000ull
#define KMEM_BYTES (256ull << 10)

struct thread *procmgr;
uint64_t procmgr_page;
static uint32_t random_state;

void machine_seed(uint32_t seed)
{
	random_state = seed;
}

uint32_t machine_random(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 4) * below >> 28);
}

/* ---- into the kernel and out ---- */

static uint64_t stack_of(const struct thread *t)
{
	return STACK_TAG | t->process->slot << 16 | t->tid;
}

/* What a thread must find when the kernel has returned to it. */
static void check_return(struct cpu *c, const struct frame *f)
{
	const struct thread *t = c->current;

	assert_int_equal(host_locks_held(), 0);
	assert_true(fp_right(c, c->guest ? &c->guest->fpu : &t->fpu));
	if (c->guest) {
		assert_ptr_equal(f, &c->guest->frame);
		assert_ptr_equal(c->space, &t->process->guest);
		assert_ptr_equal(c->resident, c->guest);
		assert_int_equal(host_registers[c->id].el1, c->guest->arch.registers);
		return;
	}
	assert_non_null(t);
	assert_ptr_equal(f, &t->frame);
	assert_ptr_equal(c->user, &t->user);
	assert_ptr_equal(c->space, &t->process->space);
	assert_int_equal(t->state, STATE_RUNNING);
	/* 0: it is new, and prepare() has not been there yet. */
	if (host_registers[c->id].user.sp_el0 && host_registers[c->id].user.sp_el0 != stack_of(t))
		fail_msg("thread %u of %u runs with the stack %lx", t->tid, t->process->slot,
			 host_registers[c->id].user.sp_el0);
}

enum door { DOOR_SYNC, DOOR_IRQ, DOOR_RESUME };

static struct frame *go(enum door door, struct cpu *c)
{
	struct frame *f = c->guest ? &c->guest->frame : c->current ? &c->current->frame : NULL;

	switch (door) {
	case DOOR_SYNC: return c->guest ? host_guest_trap(c, c->guest, arch_trap_syndrome()) : host_vector(f, c);
	case DOOR_IRQ: return host_vector_irq(f, c);
	default:
		/* Where arch_cpu_idle() left, in idle(). */
		irq_take(c);
		if (c->current)
			WRITE_ONCE(c->rank, sched_rank(c, c->current));
		return cpu_leave(c);
	}
}

/* As idle() does it, which arch_cpu_idle() does not return to here. */
static void end_idle_time(struct cpu *c)
{
	uint64_t now = arch_clock_ticks();

	if (c->idle >= 0)
		return;
	WRITE_ONCE(c->idle, c->idle + (int64_t)now);
	WRITE_ONCE(c->run_start, now);
}

static void enter(enum door door, unsigned cpu)
{
	struct cpu *c = &cpus[cpu];
	jmp_buf idle;

	host_cpu = cpu;
	end_idle_time(c);
	if (setjmp(idle)) {
		assert_null(c->current);
		assert_int_equal(host_locks_held(), 0);
	} else {
		host_idle_to(&idle);
		check_return(c, go(door, c));
	}
	host_idle_to(NULL);
}

bool machine_step(unsigned cpu)
{
	struct cpu *c = &cpus[cpu];

	if (host_irq_waits(cpu)) {
		enter(c->current ? DOOR_IRQ : DOOR_RESUME, cpu);
		return true;
	}
	/* An instruction to be executed again. */
	if (c->current && !c->guest && c->current->frame.pc == CODE_VA) {
		c->current->frame.pc = CODE_VA + 4;
		host_trap_set(HOST_SVC, NULL);
		enter(DOOR_SYNC, cpu);
		return true;
	}
	return false;
}

void machine_settle(void)
{
	for (unsigned rounds = 0;; rounds++) {
		bool any = false;

		if (rounds == 100000)
			fail_msg("the machine does not come to rest");
		for (unsigned i = 0; i < board.cpu_count; i++)
			any |= machine_step(i);
		if (!any)
			return;
	}
}

void machine_tick(uint64_t ns)
{
	host_clock_set(arch_clock_now() + ns);
	machine_settle();
}

struct thread *machine_thread(unsigned slot, uint32_t tid)
{
	return processes[slot].state <= PROCESS_DEFINED ? NULL : thread_of(&processes[slot], tid);
}

bool machine_is_done(const struct thread *t)
{
	return (t->state == STATE_RUNNING || t->state == STATE_READY || t->state == STATE_MOVING) && !t->resume_copy &&
	       t->frame.pc == CODE_VA + 4 && !t->in_guest && !t->kill;
}

void machine_svc(unsigned cpu, unsigned number, const uint64_t x[11])
{
	struct frame *f = &cpus[cpu].current->frame;

	for (unsigned i = 0; i < 11; i++)
		if (i != 8)
			f->x[i] = x[i];
	f->x[8] = number;
	f->pc = CODE_VA + 4;
	host_trap_set(HOST_SVC, NULL);
	enter(DOOR_SYNC, cpu);
}

int64_t machine_call(struct thread *t, bool settle, unsigned number, const uint64_t x[11])
{
	unsigned slot = t->process->slot, cpu = t->cpu;
	uint32_t tid = t->tid;

	assert_int_equal(t->state, STATE_RUNNING);
	assert_ptr_equal(cpus[cpu].current, t);
	machine_svc(cpu, number, x);
	if (settle)
		machine_settle();
	if (machine_thread(slot, tid) != t)
		return GONE;
	return machine_is_done(t) ? (int64_t)call_result(&t->frame) : BLOCKED;
}

void machine_fault(struct thread *t, const struct trap *trap)
{
	assert_int_equal(t->state, STATE_RUNNING);
	host_trap_set(HOST_OTHER, trap);
	enter(DOOR_SYNC, t->cpu);
	machine_settle();
}

void machine_guest_trap_alone(unsigned cpu, unsigned syndrome)
{
	assert_non_null(cpus[cpu].guest);
	host_trap_set(syndrome, NULL);
	enter(DOOR_SYNC, cpu);
}

void machine_guest_trap(unsigned cpu, unsigned syndrome)
{
	machine_guest_trap_alone(cpu, syndrome);
	machine_settle();
}

/* ---- FP ---- */

static void fp_open(unsigned cpu)
{
	const struct trap trap = {.kind = TRAP_FPU};

	if (cpus[cpu].fp_open)
		return;
	host_trap_set(HOST_OTHER, &trap);
	enter(DOOR_SYNC, cpu);
	assert_true(cpus[cpu].fp_open);
}

void machine_fp_write(unsigned cpu, uint64_t value)
{
	fp_open(cpu);
	host_registers[cpu].fp = value;
}

uint64_t machine_fp_read(unsigned cpu)
{
	fp_open(cpu);
	return host_registers[cpu].fp;
}

/* ---- processes ---- */

void machine_write(struct process *p, uint64_t va, const void *from, uint64_t bytes)
{
	assert_int_equal(copy_out(p, va, from, bytes), 0);
}

void machine_read(struct process *p, uint64_t va, void *to, uint64_t bytes)
{
	assert_int_equal(copy_in(p, to, va, bytes), 0);
}

static void prepare(struct thread *t)
{
	t->user.sp_el0 = stack_of(t);
	if (cpus[t->cpu].user == &t->user)
		host_registers[t->cpu].user = t->user;
}

bool machine_boot(unsigned cpu_count)
{
	if (procmgr)
		return false;
	host_reset(cpu_count + 1);
	for (unsigned i = 0; i < PROCESS_MAX; i++)
		processes[i].slot = i;
	lock_acquire(&kernel_lock);
	process_start_first();
	lock_release(&kernel_lock);
	procmgr = thread_of(&processes[0], 1);
	prepare(procmgr);
	procmgr_page =
	    call_result(&procmgr->frame) & ~(uint64_t)PAGE_MASK; /* of its start_args, at the top of its stack */
	procmgr->frame.pc = CODE_VA + 4;
	for (unsigned i = 0; i <= cpu_count; i++)
		enter(DOOR_RESUME, i);
	machine_settle();
	/* Out of the way of what is tested: on the last CPU, beside those that the tests use. */
	assert_int_equal(sys_ThreadCtl(procmgr, THREADCTL_RUNMASK, 1u << cpu_count), 0);
	assert_ptr_equal(cpus[cpu_count].current, procmgr);
	return true;
}

/* Each test has definitions of its own: the seal of the one before is broken. */
int64_t machine_define(unsigned slot, const struct process_params *params)
{
	process_sealed = false;
	machine_write(&processes[0], procmgr_page, params, sizeof(*params));
	return sys_ProcessCreate(procmgr, slot, procmgr_page);
}

void machine_undefine(unsigned slot)
{
	if (processes[slot].state > PROCESS_DEFINED)
		assert_int_equal(sys_ProcessDestroy(procmgr, slot), 0);
	assert_true(processes[slot].state <= PROCESS_DEFINED);
	processes[slot] = (struct process){.slot = slot};
}

/* Memory of slot n is always the same. */
struct thread *machine_process(unsigned slot, unsigned prio, uint32_t runmask, uint32_t abilities, bool guest)
{
	paddr_t base = HOST_RAM_START + (slot - 1) * (1ull << 20);
	struct process_params params = {
	    .name = "test",
	    .kmem = base,
	    .kmem_bytes = KMEM_BYTES,
	    .abilities = abilities,
	    .connect_mask = ~0u,
	    .runmask = runmask,
	    .priority = (uint8_t)prio,
	    .max_priority = 200,
	    .policy = SCHED_FIFO_,
	    .guest = guest,
	};
	struct thread *t;
	int64_t tid;

	assert_int_equal(machine_define(slot, &params), 0);
	assert_int_equal(sys_ProcessGrant(procmgr, slot, GRANT_RAM, base + KMEM_BYTES, MEM_BYTES), 0);
	process_sealed = true;
	assert_int_equal(sys_ProcessCreate(procmgr, slot, 0), 0);
	assert_int_equal(sys_ProcessMap(procmgr, slot, MEM_VA, 0, 0, MEM_BYTES, PROT_R | PROT_W), 0);
	tid = call_alone(procmgr, ProcessStart, slot, CODE_VA + 4, 0, 0, 0);
	assert_true(tid > 0);
	t = machine_thread(slot, (uint32_t)tid);
	prepare(t);
	machine_settle();
	return t;
}

struct thread *machine_spawn(struct thread *by, unsigned prio, uint32_t runmask)
{
	unsigned slot = by->process->slot;
	int64_t tid = call_alone(by, ThreadCreate, CODE_VA + 4, 0, 0, prio, SCHED_FIFO_, runmask, 0);
	struct thread *t;

	assert_true(tid > 0);
	t = machine_thread(slot, (uint32_t)tid);
	prepare(t);
	machine_settle();
	return t;
}

void machine_destroy(unsigned slot)
{
	assert_int_equal(sys_ProcessDestroy(procmgr, slot), 0);
	machine_undefine(slot);
}

void machine_clear(void)
{
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		machine_undefine(slot);
}

void machine_sched(const struct thread *t, unsigned prio, unsigned policy, uint32_t runmask)
{
	assert_int_equal(sys_SchedSet(procmgr, 1, t->tid, prio, policy, runmask), 0);
}

int machine_teardown(void **state)
{
	(void)state;
	machine_check(true);
	machine_clear();
	machine_check(true);
	return 0;
}

/* ---- what must hold ---- */

static uint8_t seen[PROCESS_MAX][HANDLE_MAX + 1];

static void see(const struct thread *t, unsigned state)
{
	assert_int_equal(t->state, state);
	assert_ptr_equal(thread_of(t->process, t->tid), t);
	assert_int_equal(seen[t->process->slot][t->tid]++, 0);
}

static void check_list(const struct list *head)
{
	list_for_each (it, head) {
		assert_ptr_equal(it->next->prev, it);
		assert_ptr_equal(it->prev->next, it);
	}
}

/* Most important first; the first of each priority is in a list of its own. */
static void check_levels(const struct waiting *head)
{
	const struct list *level = head->level.next;
	unsigned prio = 255;

	check_list(&head->link);
	list_for_each (it, &head->link) {
		const struct waiting *w = list_entry(it, struct waiting, link);

		assert_true(w->prio <= prio);
		if (w->prio < prio || it == head->link.next) {
			assert_ptr_equal(level, &w->level);
			level = level->next;
		} else {
			assert_true(list_empty(&w->level));
		}
		prio = w->prio;
	}
	assert_ptr_equal(level, &head->level);
}

static void check_run_queue(const struct cpu *c)
{
	const struct run_queue *rq = &c->rq;
	unsigned count = 0, top = 0;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		assert_int_equal(!rq->lane[kind].used, !(rq->kinds & BIT(kind)));
		for (unsigned a = 0; a < ACCOUNTS; a++) {
			const struct waiting *head = &rq->lane[kind].of[a];

			check_levels(head);
			assert_int_equal(queue_empty(head), !(rq->lane[kind].used & BIT(a)));
			list_for_each (it, &head->link) {
				const struct thread *t = list_entry(it, struct thread, run.link);

				see(t, STATE_READY);
				assert_int_equal(t->prio, t->run.prio);
				assert_int_equal(t->account, a);
				assert_int_equal(t->kind, kind);
				assert_int_equal(sched_kind_of(t->runmask), kind);
				assert_int_equal(t->cpu, c->id);
				assert_true(t->runmask & BIT(c->id));
				top = sched_rank(c, t) > top ? sched_rank(c, t) : top;
				count++;
			}
		}
	}
	assert_int_equal(top, rq->top);
	assert_int_equal(count, rq->count);
}

static void check_cpu(struct cpu *c, bool quiet)
{
	unsigned top = c->rq.top;

	if (c->current)
		see(c->current, STATE_RUNNING);
	if (c->next)
		see(c->next, STATE_READY);
	check_run_queue(c);
	list_for_each (it, &c->hand_over)
		see(list_entry(it, struct thread, run.link), STATE_MOVING);
	for (unsigned i = 1; i <= c->timers.count; i++) {
		assert_int_equal(c->timers.at[i]->index, i);
		assert_true(i == 1 || c->timers.at[i / 2]->deadline <= c->timers.at[i]->deadline);
	}
	if (c->timers.count)
		assert_true(host_clock_armed(c->id) <= c->timers.at[1]->deadline || !quiet);
	if (!quiet)
		return;
	assert_true(list_empty(&c->hand_over));
	assert_true(top <= (c->current ? sched_rank(c, c->current) : 0));
	if (c->current)
		assert_true(c->current->runmask & BIT(c->id));
	/* Who is `next` is of no other CPU, and nobody who runs here is less important. */
	if (c->next)
		assert_true(c->next->runmask == BIT(c->id) && c->current &&
			    sched_rank(c, c->next) <= sched_rank(c, c->current));
}

static void check_queue(const struct channel *ch)
{
	check_levels(&ch->head);
	list_for_each (it, &ch->queue) {
		const struct waiting *w = list_entry(it, struct waiting, link);

		if (!w->is_pulse)
			see(container_of(w, struct thread, sending), STATE_SEND);
	}
}

static void check_channel(const struct process *p, const struct channel *ch)
{
	unsigned prio = 255;

	assert_ptr_equal(ch->process, p);
	check_list(&ch->queue);
	check_list(&ch->receivers);
	check_list(&ch->repliers);
	check_list(&ch->servers);
	check_list(&ch->connections);
	check_list(&ch->copies);
	check_list(&ch->head.level);
	check_queue(ch);
	list_for_each (it, &ch->receivers) {
		const struct thread *t = list_entry(it, struct thread, wait_link);

		see(t, STATE_RECEIVE);
		assert_true(t->prio <= prio);
		prio = t->prio;
	}
	list_for_each (it, &ch->repliers)
		see(list_entry(it, struct thread, wait_link), STATE_REPLY);
	list_for_each (it, &ch->servers)
		assert_ptr_equal(list_entry(it, struct thread, server_link)->serving, ch);
	list_for_each (it, &ch->connections)
		assert_ptr_equal(list_entry(it, struct connection, of_channel)->channel, ch);
	/* Nobody waits for what is there. */
	assert_true(list_empty(&ch->queue) || list_empty(&ch->receivers));
	list_for_each (it, &ch->copies) {
		const struct thread *t = list_entry(it, struct thread, wait_link);

		assert_true(t->resume_copy);
		assert_ptr_equal(t->channel, ch);
	}
}

static void check_thread(const struct thread *t, bool quiet)
{
	unsigned times = seen[t->process->slot][t->tid];

	assert_false(quiet && t->kill);
	switch (t->state) {
	case STATE_SEND:
	case STATE_RECEIVE:
		/* In no queue while another copies its message. */
		assert_int_equal(times, t->copier ? 0 : 1);
		if (t->copier)
			assert_ptr_equal(t->copier->copy.peer, t);
		break;
	case STATE_SYNC:
	case STATE_VCPU: assert_false(list_empty(&t->wait_link)); break;
	case STATE_HALT: break;
	default: assert_int_equal(times, 1);
	}
	assert_true(t->state == STATE_READY || t->state == STATE_RUNNING || !t->resume_copy ||
		    t->state == STATE_MOVING);
}

void machine_check(bool quiet)
{
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < board.cpu_count; i++)
		check_cpu(&cpus[i], quiet);
	for (unsigned s = 0; s < PROCESS_MAX; s++) {
		const struct process *p = &processes[s];
		unsigned threads = 0;

		if (p->state <= PROCESS_DEFINED)
			continue;
		for (uint64_t id = 1; id <= HANDLE_MAX; id++) {
			const struct channel *ch = handle_lookup_unlocked(p, OBJECT_CHANNEL, id);
			const struct thread *t = handle_lookup_unlocked(p, OBJECT_THREAD, id);

			threads += !!t;
			if (ch)
				check_channel(p, ch);
			if (t && t->closing)
				check_channel(p, t->closing);
		}
		if (p->closing)
			check_channel(p, p->closing);
		assert_int_equal(threads, p->threads_alive);
		assert_int_equal(threads, p->kmem.count[OBJECT_THREAD]);
	}
	for (unsigned s = 0; s < PROCESS_MAX; s++)
		for (uint64_t id = 1; processes[s].state > PROCESS_DEFINED && id <= HANDLE_MAX; id++) {
			const struct thread *t = handle_lookup_unlocked(&processes[s], OBJECT_THREAD, id);

			if (t)
				check_thread(t, quiet);
		}
}
