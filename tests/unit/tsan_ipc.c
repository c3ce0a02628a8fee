/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* CPUs that are threads of the host make calls at the same time: no data race, and every message arrives once. */
#include "machine.h"

#define CPUS    4u   /* and one more, with procmgr */
#define ENOUGH  150u /* exchanges */
#define STEPS   100000u
#define SERVERS 2u
#define CLIENTS 4u
#define LONG    5000u

/* A thread's program: its variables are registers that the kernel keeps. */
enum { ROLE = 19, STARTED, VALUE, CHANNEL, TURN };
enum { CLIENT = 1, SERVER };

static uint64_t exchanges;

#define svc(name, ...) machine_svc(cpu, CALL_##name, ARGS_##name(__VA_ARGS__))

static void server(unsigned cpu, struct frame *f)
{
	bool has_client = f->x[STARTED] && (int64_t)call_result(f) > 0;

	f->x[STARTED] = 1;
	if (has_client)
		svc(MsgReplyReceive, call_result(f), 0, 32, LONG, MEM_VA, f->x[CHANNEL], MEM_VA, call_words(f)[0] + 1,
		    call_words(f)[1]);
	else
		svc(MsgReplyReceive, 0, 0, 0, LONG, 0, f->x[CHANNEL], MEM_VA);
}

static void client(unsigned cpu, struct frame *f)
{
	uint64_t turn = f->x[TURN]++;

	if (f->x[STARTED] == 1) {
		/* The answer to what it sent. */
		f->x[STARTED] = 0;
		if (call_result(f) == 0) {
			if (call_words(f)[0] != f->x[VALUE] + 1)
				host_fail("%lu was answered with %lu", f->x[VALUE], call_words(f)[0]);
			__atomic_fetch_add(&exchanges, 1, __ATOMIC_RELAXED);
		}
	}
	f->x[VALUE] += 7;
	switch (turn % 8) {
	case 3: svc(MsgSendPulse, f->x[CHANNEL], 1 + turn % 50, 5, turn); break;
	case 5: svc(ThreadCtl, THREADCTL_RUNMASK, 1 + turn * 5 % 15); break;
	case 7: svc(SchedYield); break;
	case 6: svc(TimerTimeout, TIMEOUT_SEND | TIMEOUT_REPLY, 1000 + turn); break;
	default:
		f->x[STARTED] = 1;
		svc(MsgSend, f->x[CHANNEL], turn % 3 ? 8 : LONG, 32, MEM_VA, MEM_VA + 8192, f->x[VALUE]);
	}
}

/* Beside them, procmgr looks at everybody and changes what they may do. */
static void manager(unsigned cpu, struct frame *f)
{
	const uint64_t mem = procmgr_page;
	uint64_t turn = f->x[TURN]++;

	switch (turn % 4) {
	case 0: svc(ThreadInfo, 1 + turn % 2, 1, mem); break;
	case 1: svc(SystemInfo, mem); break;
	case 2: svc(ProcessInfo, 1 + turn / 4 % 2, mem); break;
	default: svc(SchedSet, 1 + turn / 4 % 2, 1 + turn / 8 % CLIENTS, 10 + turn % 20, SCHED_RR_, 1 + turn * 3 % 15);
	}
}

static void run(unsigned cpu)
{
	host_cpu = cpu;
	for (unsigned n = 0; n < STEPS && __atomic_load_n(&exchanges, __ATOMIC_RELAXED) < ENOUGH; n++) {
		struct thread *t;

		host_clock_set(arch_clock_now() + 100);
		if (machine_step(cpu))
			continue;
		t = cpus[cpu].current;
		if (!t)
			arch_cpu_relax();
		else if (cpu == CPUS)
			manager(cpu, &t->frame);
		else if (t->frame.x[ROLE] == CLIENT)
			client(cpu, &t->frame);
		else if (t->frame.x[ROLE] == SERVER)
			server(cpu, &t->frame);
	}
}

static void every_message_arrives_once(void **state)
{
	struct thread *t, *first;

	(void)state;
	machine_boot(CPUS);
	first = machine_process(1, 100, 0xf, ABLE_PUBLIC, false);
	assert_int_equal(sys_ChannelCreate(first, 0), 1);
	for (unsigned i = 0; i < SERVERS; i++) {
		t = i ? machine_spawn(first, 12, 0xf) : first;
		t->frame.x[ROLE] = SERVER;
		t->frame.x[CHANNEL] = 1;
	}
	first = machine_process(2, 100, 0xf, ABLE_PUBLIC, false);
	assert_int_equal(sys_ConnectAttach(first, 1, 1, 0), 1);
	for (unsigned i = 0; i < CLIENTS; i++) {
		t = i ? machine_spawn(first, 11 + i % 2, 0xf) : first;
		t->frame.x[ROLE] = CLIENT;
		t->frame.x[CHANNEL] = 1;
	}
	host_threads(CPUS + 1, run);
	machine_settle();
	machine_check(true);
	assert_true(exchanges >= ENOUGH);
	machine_destroy(1);
	machine_destroy(2);
	machine_check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_message_arrives_once)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
