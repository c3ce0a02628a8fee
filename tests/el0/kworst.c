/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel call with the arguments and in the situations that take it longest: full tables, long queues, long
 * chains, unaligned copies, the end of a process that has all of it. tools/path/longest.py runs it with QEMU counting
 * what the kernel does; nothing is timed here, only that each call came so far as it should is checked.
 *
 * It is the first process of an Image of its own (mk/kernel.mk), in procmgr's place, since only that one may define
 * slots and seal them. Its children are copies of its data, with its code out of the boot archive. Everything
 * happens on the first CPU.
 */
#include "kworst/kworst.h"
#include "lib/sys/tls.h"
#include <string.h>

char block[256] __attribute__((aligned(16)));
static char stacks[THREADS + 8][STACK] __attribute__((aligned(16)));
char big[2][MIB + 4096] __attribute__((aligned(4096)));
char page[4096] __attribute__((aligned(4096)));
int tids[THREADS + 8];
static uint32_t release;
unsigned own_slot;

void doze(uint64_t ms)
{
	uint32_t word = 0;

	TimerTimeout_r(TIMEOUT_SYNC, ms * MS);
	SyncWait_r(&word, 0, 0);
}

unsigned thread_start(unsigned n, void (*entry)(void *), uint64_t arg, unsigned prio)
{
	tids[n] = ThreadCreate_r(entry, (void *)arg, stacks[n] + STACK, prio, SCHED_RR_, 0, block);
	return tids[n] > 0;
}

unsigned threads_start(unsigned count, void (*entry)(void *), uint64_t arg, unsigned prio)
{
	unsigned started = 0;

	for (unsigned i = 0; i < count; i++)
		started += thread_start(i, entry, arg, prio);
	doze(1); /* they get as far as they can */
	return started;
}

void threads_end(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ThreadDestroy_r(tids[i], 0);
	doze(1);
}

static void test_threads(void)
{
	uint32_t word = 0;

	check_equal("threads", threads_start(THREADS, parked_thread, (uint64_t)&release, LOW), THREADS);
	TimerTimeout_r(TIMEOUT_SYNC, MS);
	check_equal("SyncWait of the most important", SyncWait_r(&word, 0, 0), -KE_TIMEDOUT);
	TimerTimeout_r(TIMEOUT_SYNC, MS);
	check_equal("SyncWait with an owner", SyncWait_r(&word, 0, tids[THREADS - 1]), -KE_TIMEDOUT);
	check_equal("SyncWake of nobody after all", SyncWake_r(&word, ~0u), 0);
	check_equal("SchedSet", SchedSet_r(-1, tids[THREADS - 1], LOW + 1, SCHED_RR_, 1), 0);
	check_that(SchedGet_r(-1, tids[THREADS - 1], NULL) > 0, "SchedGet", 0);
	check_equal("SyncWake of all", SyncWake_r(&release, ~0u), THREADS);
	check_equal("SchedYield before all", SchedYield_r(), 0);
	check_equal("SchedSet of a ready one", SchedSet_r(-1, tids[1], LOW + 1, SCHED_FIFO_, 1), 0);
	check_equal("run mask", ThreadCtl_r(THREADCTL_RUNMASK, 1), 0);
	check_equal("name", ThreadCtl_r(THREADCTL_NAME, (uint64_t)page + 4096 - NAME_MAX_), 0);
	doze(1);
	ThreadDestroy_r(tids[0], 0);
	ThreadDestroy_r(tids[THREADS - 1], 0);
	doze(1);
	check_that(thread_start(0, parked_thread, (uint64_t)&release, LOW) &&
		       thread_start(THREADS - 1, parked_thread, (uint64_t)&release, LOW),
		   "threads again", tids[0]);
	check_that(ThreadInfo_r(own_slot, tids[THREADS - 1], (void *)page) > 0, "ThreadInfo of the last", 0);
	check_equal("ThreadInfo after the last", ThreadInfo_r(own_slot, 400, (void *)page), -KE_SRCH);
	check_equal("ProcessInfo", ProcessInfo_r(own_slot, (void *)page), 0);
	check_equal("InterruptInfo of nobody's", InterruptInfo_r(1019), -KE_SRCH);
	threads_end(THREADS);
}

static int64_t channel_new(int chid)
{
	(void)chid;
	return ChannelCreate_r(CHF_PRIVATE);
}

static int64_t connection_new(int chid)
{
	return ConnectAttach_r(own_slot, chid, chid);
}

/* All, then two holes far apart: the second object that comes again is looked for over the whole table. */
static unsigned fill_table(int64_t (*create)(int), int (*destroy)(int), int chid)
{
	int64_t id, first = 0, last = 0;
	unsigned count = 0;

	while ((id = create(chid)) > 0) {
		first = first ? first : id;
		last = id;
		count++;
	}
	destroy((int)first);
	destroy((int)last);
	check_that(create(chid) == first && create(chid) == last, "ids that come again", first);
	return count;
}

void empty_table(int (*destroy)(int), int keep)
{
	for (int id = 511; id > 0; id--)
		if (id != keep)
			destroy(id);
}

static void test_tables(int chid)
{
	check_that(fill_table(channel_new, ChannelDestroy_r, chid) > 500, "channels", 0);
	empty_table(ChannelDestroy_r, chid);
	check_that(fill_table(connection_new, ConnectDetach_r, chid) > 500, "connections", 0);
	empty_table(ConnectDetach_r, 1);
}

static uint64_t wake_at;

static void wait_timed(void *arg)
{
	uint32_t word = 0;

	(void)arg;
	TimerTimeout_r(TIMEOUT_SYNC | TIMER_ABSTIME, wake_at);
	SyncWait_r(&word, 0, 0);
	ThreadDestroy_r(0, 0);
}

static void test_timers(int chid)
{
	uint64_t at = ClockTime() + 5 * MS;
	int id, count = 0;

	wake_at = at;
	threads_start(THREADS, wait_timed, 0, LOW);
	doze(10);
	at = ClockTime() + 5 * MS;

	while ((id = TimerCreate_r(chid, HIGH, 1, 0)) > 0) {
		check_equal("TimerSettime", TimerSettime_r(id, TIMER_ABSTIME, at, MS), 0);
		count++;
	}
	check_that(count > 100, "timers", count);
	doze(10);
	for (id = 1; id <= count; id++)
		check_equal("TimerSettime", TimerSettime_r(id, TIMER_ABSTIME, at + 1000 * MS - (uint64_t)id, 0), 0);
	for (id = 1; id <= count; id++)
		check_equal("TimerSettime: disarm", TimerSettime_r(id, 0, 0, 0), 0);
}

void test_memory(unsigned space, unsigned region, uint64_t offset, uint64_t bytes)
{
	/* An odd page: nothing larger than a page fits. */
	check_equal("MemMap by pages", MemMap_r(space, ADDRESS_FREE + 4096, region, offset, bytes - 4096, PROT_R), 0);
	if (space == SPACE_SELF)
		check_equal("MemProtect", MemProtect_r(space, ADDRESS_FREE + 4096, bytes - 4096, PROT_R), 0);
	check_equal("MemUnmap", MemUnmap_r(space, ADDRESS_FREE + 4096, bytes - 4096), 0);
	check_equal("MemUnmap of nothing", MemUnmap_r(space, ADDRESS_FREE, 1ull << 36), 0);
	/* Blocks, which are then split. */
	check_equal("MemMap by blocks", MemMap_r(space, ADDRESS_FREE + (1ull << 32), region, offset, bytes, PROT_R), 0);
	if (space == SPACE_SELF) {
		check_equal("MemProtect of a part",
			    MemProtect_r(space, ADDRESS_FREE + (1ull << 32) + 4096, 4096, PROT_R), 0);
		check_equal("MemUnmap of a part", MemUnmap_r(space, ADDRESS_FREE + (1ull << 32) + 2 * MIB + 4096, 4096),
			    0);
	}
	MemUnmap_r(space, ADDRESS_FREE + (1ull << 32), bytes);
	check_that(MemInfo_r(region, &(struct mem_info){0}) >= 0, "MemInfo", region);
}

/* A process that has as many regions as it may have, and does nothing. */
static void test_full_process(void)
{
	struct system_info info;

	check_equal("SystemInfo", SystemInfo_r(&info), 0);
	check_equal("ProcessCreate", ProcessCreate_r(VM_SLOT + 1, NULL), 0);
	check_equal("ProcessDestroy", ProcessDestroy_r(VM_SLOT + 1), 0);
}

int main(void)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), coid;

	ThreadCtl_r(THREADCTL_RUNMASK, 1);
	/* It is the first process, hence more important than anything that it is to measure. */
	SchedSet_r(-1, ThreadSelf_r(&own_slot), HIGH / 2, SCHED_RR_, 0);
	check_that(tls_bytes() <= sizeof(block), "the thread-local storage fits", (int64_t)tls_bytes());
	tls_make(block);
	define_all();
	coid = ConnectAttach_r(own_slot, chid, 0);
	test_threads();
	test_tables(chid);
	coid = ConnectAttach_r(own_slot, chid, 0);
	test_messages(chid, coid);
	test_crowd();
	test_chain(0);
	test_chain(2);
	test_timers(chid);
	test_memory(SPACE_SELF, 0, 0, 4 * MIB);
	test_full_children();
	test_client_child();
	test_interrupts();
	test_vcpus();
	test_full_process();
	memset(page, 'x', sizeof(page));
	page[254] = '\n';
	check_equal("SystemLog", SystemLog_r(page, 255), 0);
	print("kworst: longest ProcessStop %lu instructions", longest_stop);
	check_report("kworst");
	SystemCtl_r(SYSTEM_CONSOLE_ON, 0);
	SystemCtl_r(SYSTEM_OFF, 0);
	return 1;
}
