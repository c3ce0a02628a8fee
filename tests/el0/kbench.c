/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's calls cost a process, on one CPU: messages, pulses, switches, interrupts, mapping. The threads that
 * are measured do not use FP registers, which are switched on demand; the one that prints does. It is two
 * processes of one system, started in this order:
 *
 *     kserver { program = "kbench"; args = "server"; priority = <20>; abilities = "public", "log"; ready; };
 *     kclient { program = "kbench"; args = "client"; priority = <20>; max-priority = <21>; abilities = "log";
 *               connect = "kserver"; devices = "/pl061@9030000"; ready; };
 *
 * A process has no counter: it asks ClockTime() before and after, and takes off what two ClockTime() without anything
 * between them show. Where the counter runs at 1 GHz under QEMU's -icount shift=0 a nanosecond is an instruction. The
 * timer's row begins at the deadline, which no ClockTime() is in front of: there half of that is taken off.
 *
 * The interrupt is that of the board's PL061 GPIO controller (Arm DDI 0190): an input that is low, as all are that
 * nothing is connected to, is made a level-sensitive, active-low source, so writing GPIOIE raises it at once.
 */
#include "bulkhead/client.h"
#include "bulkhead/thread.h"
#include "el0.h"
#include <stdlib.h>
#include <string.h>

#define SAMPLES  1024u
#define ROUNDS   64u /* of an operation that is one of many of a row */
#define WARM_UP  16u /* rounds before: tables are made, handles used, branches seen */
#define LONGEST  4096u
#define LOW      20u /* who measures */
#define HIGH     21u /* who is woken */
#define STACK    8192u
#define AWAY_NS  20000u /* how far off a timer is set: time enough to leave the kernel and spin */
#define GPIO     ADDRESS_FREE
#define GPIO_IRQ 39u
#define GPIO_IS  0x404u
#define GPIO_IEV 0x40cu
#define GPIO_IE  0x410u
#define MAP_AT   (ADDRESS_FREE + 0x200000ull)

static uint32_t samples[SAMPLES];
static uint64_t clock_cost;
static char message[LONGEST];

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void keep(unsigned round, uint64_t from, uint64_t to, uint64_t cost)
{
	if (round >= WARM_UP)
		samples[round - WARM_UP] = (uint32_t)(to - from - cost);
}

/* The worst of many lengths: what was sent, and what came back. */
static struct worst {
	uint32_t median, min, p99, max;
	unsigned sent, received;
} worst;

static void keep_worst(unsigned sent, unsigned received)
{
	qsort(samples, ROUNDS, sizeof(samples[0]), compare);
	if (samples[ROUNDS / 2] > worst.median)
		worst = (struct worst){samples[ROUNDS / 2], samples[0], samples[ROUNDS * 99 / 100],
				       samples[ROUNDS - 1], sent,       received};
}

static void report_worst(const char *id)
{
	print("bench: %s min %u median %u p99 %u max %u at 0x%x", id, worst.min, worst.median, worst.p99, worst.max,
	      worst.sent << 16 | worst.received);
	worst = (struct worst){0};
}

static void report(const char *id)
{
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	print("bench: %s min %u median %u p99 %u max %u", id, samples[0], samples[SAMPLES / 2],
	      samples[SAMPLES * 99 / 100], samples[SAMPLES - 1]);
}

/* A row: `before`, then what is measured, then `after`, for each round. */
#define MEASURE(before, what, after)                               \
	do {                                                       \
		for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) { \
			before;                                    \
			uint64_t from_ = ClockTime();              \
			what;                                      \
			uint64_t to_ = ClockTime();                \
			after;                                     \
			keep(i, from_, to_, clock_cost);           \
		}                                                  \
	} while (0)

#define NOTHING ((void)0)

static _Noreturn void give_up(const char *what, int64_t status)
{
	print("kbench: FAILED, %s: %lld", what, (long long)status);
	ThreadDestroy_r(-1, 1);
	abort();
}

static int64_t must(int64_t status, const char *what)
{
	if (status < 0)
		give_up(what, status);
	return status;
}

/* ---- the other process: every message comes back as it is ---- */

static _Noreturn void serve(void)
{
	int chid = (int)must(ChannelCreate_r(0), "ChannelCreate");
	int64_t rcvid = 0;

	must(ThreadCtl_r(THREADCTL_RUNMASK, 1), "run mask");
	must(name_attach("kserver", chid), "name_attach");
	must(pm_ready(), "pm_ready");
	for (;;) {
		/* Of the reply the client gets as much as it has room for. */
		rcvid = MsgReplyReceive_r(rcvid, 0, message, sizeof(message), chid, message, sizeof(message), NULL);
		if (__builtin_expect(rcvid <= 0, 0))
			give_up("MsgReplyReceive", rcvid);
	}
}

static int server;

/* As protocols do: the lengths are constants. */
#define MESSAGES(bytes)                                                                                  \
	static void messages_##bytes(void)                                                               \
	{                                                                                                \
		const int to = server;                                                                   \
                                                                                                         \
		MEASURE(                                                                                 \
		    NOTHING,                                                                             \
		    {                                                                                    \
			    if (__builtin_expect(MsgSend_r(to, message, bytes, message, bytes) != 0, 0)) \
				    give_up("MsgSend", 0);                                               \
		    },                                                                                   \
		    NOTHING);                                                                            \
	}
MESSAGES(0)
MESSAGES(32)
MESSAGES(256)
MESSAGES(4096)

/* ---- every length, as a program has them that does not know them before ---- */

static void measure_lengths(unsigned sent, unsigned received)
{
	const int to = server;

	for (unsigned i = 0; i < ROUNDS + WARM_UP; i++) {
		uint64_t from = ClockTime();
		int status = MsgSend_r(to, message, sent, message, received);
		uint64_t end = ClockTime();

		if (__builtin_expect(status != 0, 0))
			give_up("MsgSend", status);
		keep(i, from, end, clock_cost);
	}
	keep_worst(sent, received);
}

/* The same length both ways, and with nothing, or as much as there may be, the other way. */
static void lengths(unsigned first, unsigned last)
{
	for (unsigned n = first; n <= last; n++) {
		measure_lengths(n, n);
		measure_lengths(n, 0);
		measure_lengths(0, n);
		measure_lengths(n, last);
		measure_lengths(last, n);
	}
}

static void lengths_to_32(void)
{
	lengths(0, 32);
}

static void lengths_to_64(void)
{
	lengths(33, 64);
}

/* ---- between threads of one process ---- */

static volatile uint64_t woken_at; /* when the other thread came out of its call */
static int chid, coid;

static void pulse_receiver(void *arg)
{
	struct pulse pulse;

	(void)arg;
	while (MsgReceive_r(chid, &pulse, sizeof(pulse), NULL) == 0)
		woken_at = ClockTime();
}

static void pulses(void)
{
	for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
		uint64_t from = ClockTime();

		MsgSendPulse_r(coid, (int)HIGH, 1, 0);
		keep(i, from, woken_at, clock_cost);
	}
}

static void timers(void)
{
	int timer = (int)must(TimerCreate_r(chid, HIGH, 2, 0), "TimerCreate");

	for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
		uint64_t at = ClockTime() + AWAY_NS;

		woken_at = 0;
		must(TimerSettime_r(timer, TIMER_ABSTIME, at, 0), "TimerSettime");
		while (!woken_at)
			;
		keep(i, at, woken_at, clock_cost / 2);
	}
}

static void yielder(void *arg)
{
	(void)arg;
	for (;;) {
		woken_at = ClockTime();
		SchedYield_r();
	}
}

static void switches(void)
{
	int tid = thread_create(yielder, NULL, STACK, LOW, 1, "yielder");

	must(tid, "thread_create");
	for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
		uint64_t from = ClockTime();

		SchedYield_r();
		keep(i, from, woken_at, clock_cost);
	}
	ThreadDestroy_r(tid, 0);
}

static void gpio_write(unsigned offset, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(GPIO + offset) : "memory");
}

static void interrupt_receiver(void *arg)
{
	int own = (int)must(ChannelCreate_r(CHF_PRIVATE), "ChannelCreate");
	int id = (int)must(InterruptAttachEvent_r(GPIO_IRQ, own, 0, 0, 0), "InterruptAttachEvent");
	struct pulse pulse;

	(void)arg;
	while (MsgReceive_r(own, &pulse, sizeof(pulse), NULL) == 0) {
		woken_at = ClockTime();
		gpio_write(GPIO_IE, 0);
		InterruptUnmask_r(id);
	}
}

static void interrupts(void)
{
	gpio_write(GPIO_IE, 0);
	gpio_write(GPIO_IEV, 0);
	gpio_write(GPIO_IS, 1);
	must(thread_create(interrupt_receiver, NULL, STACK, HIGH, 1, "interrupt"), "thread_create");
	for (unsigned i = 0; i < SAMPLES + WARM_UP; i++) {
		woken_at = 0;
		uint64_t from = ClockTime();

		gpio_write(GPIO_IE, 1);
		while (!woken_at)
			;
		keep(i, from, woken_at, clock_cost);
	}
}

static void map(void)
{
	MEASURE(NOTHING, must(MemMap_r(SPACE_SELF, MAP_AT, 0, 0, 4096, PROT_R), "MemMap"),
		MemUnmap_r(SPACE_SELF, MAP_AT, 4096));
}

static void unmap(void)
{
	MEASURE(MemMap_r(SPACE_SELF, MAP_AT, 0, 0, 4096, PROT_R),
		must(MemUnmap_r(SPACE_SELF, MAP_AT, 4096), "MemUnmap"), NOTHING);
}

static void clock_time(void)
{
	MEASURE(NOTHING, NOTHING, NOTHING);
}

/* ---- all of it ---- */

static uint32_t row_done;

static void run(void *row)
{
	((void (*)(void))row)();
	__atomic_store_n(&row_done, 1, __ATOMIC_RELEASE);
	word_wake(&row_done, 1);
}

/* By a thread of its own, which has never printed. */
static void run_alone(const char *id, void (*row)(void))
{
	row_done = 0;
	must(thread_create(run, (void *)row, STACK, LOW, 1, id), "thread_create");
	while (!__atomic_load_n(&row_done, __ATOMIC_ACQUIRE))
		word_wait(&row_done, 0, 0);
}

static void measure(const char *id, void (*row)(void))
{
	run_alone(id, row);
	report(id);
}

static void measure_worst(const char *id, void (*row)(void))
{
	run_alone(id, row);
	report_worst(id);
}

static void measure_messages(void)
{
	static const struct {
		const char *id;
		void (*run)(void);
	} rows[] = {{"msg_roundtrip_0", messages_0},
		    {"msg_roundtrip_32", messages_32},
		    {"msg_roundtrip_256", messages_256},
		    {"msg_roundtrip_4096", messages_4096}};

	server = (int)must(name_open("kserver", PM_WAIT, 0), "name_open");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(rows[i].id, rows[i].run);
	measure_worst("msg_roundtrip_to_32", lengths_to_32);
	measure_worst("msg_roundtrip_to_64", lengths_to_64);
}

int main(int argc, char **argv)
{
	unsigned slot;

	if (argc > 1 && strcmp(argv[1], "server") == 0)
		serve();
	must(ThreadCtl_r(THREADCTL_RUNMASK, 1), "run mask");
	ThreadSelf_r(&slot);
	chid = (int)must(ChannelCreate_r(CHF_PRIVATE), "ChannelCreate");
	coid = (int)must(ConnectAttach_r(slot, chid, 0), "ConnectAttach");
	must(thread_create(pulse_receiver, NULL, STACK, HIGH, 1, "pulse"), "thread_create");
	measure("clock_time", clock_time);
	clock_cost = samples[0];
	measure_messages();
	measure("pulse_wake", pulses);
	measure("context_switch", switches);
	measure("timer_wake", timers);
	if (MemMap_r(SPACE_SELF, GPIO, 1, 0, 4096, PROT_R | PROT_W) < 0)
		print("kbench: irq_wake needs the PL061");
	else
		measure("irq_wake", interrupts);
	measure("mem_map", map);
	measure("mem_unmap", unmap);
	print("kbench: done");
	return 0;
}
