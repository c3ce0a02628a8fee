/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kernel call with the arguments and in the situations that take it longest: full tables, long queues, long
 * chains, unaligned copies, the end of a process that has all of it. tests/path/longest.py runs it with QEMU counting
 * what the kernel does; nothing is timed here, only that each call came so far as it should is checked.
 *
 * It is the first process of an Image of its own (mk/kernel.mk), in procmgr's place, since only that one may define
 * slots and seal them. Its children are copies of its data, with its code out of the boot archive. Everything
 * happens on the first CPU.
 */
#include "check.h"
#include "lib/sys/tls.h"
#include <cpio.h>
#include <elfimage.h>
#include <string.h>

#define MS          1000000ull
#define MIB         (1ull << 20)
#define THREADS     120u
#define STACK       2048u
#define CHILD_SLOT  20u
#define VM_SLOT     21u
#define BIND_HOST   200u /* first of the VM's interrupts: two for each vCPU */
#define CHILD_RAM   (8 * MIB)
#define CHILD_KMEM  (2 * MIB)
#define CHILD_STACK 0x3000000000ull
#define CHILD_FREE  (4 * MIB) /* from here on its region is not used by program or stack, for so many bytes: */
#define CHILD_SPARE (3 * MIB)
#define GUEST_RAM   0x80000000ull
#define LOW         2u   /* priorities: of those who wait, ... */
#define HIGH        100u /* ... and of the one that makes all others hurry */
#define ABOVE       200u /* and of who ends a child, which has HIGH + 1 at the most */
#define LOOK_MAX    16u  /* kernel/object/inherit.c */

extern char __text_start[], __rodata_start[], _end[];
static char block[256] __attribute__((aligned(16))); /* thread-local storage of all threads here */
static char stacks[THREADS + 8][STACK] __attribute__((aligned(16)));
static char big[2][MIB + 4096] __attribute__((aligned(4096)));
static char page[4096] __attribute__((aligned(4096)));
static int tids[THREADS + 8];
static uint32_t release;
static unsigned own_slot;

static void doze(uint64_t ms)
{
	uint32_t word = 0;

	TimerTimeout_r(TIMEOUT_SYNC, ms * MS);
	SyncWait_r(&word, 0, 0);
}

static unsigned thread_start(unsigned n, void (*entry)(void *), uint64_t arg, unsigned prio)
{
	tids[n] = ThreadCreate_r(entry, (void *)arg, stacks[n] + STACK, prio, SCHED_RR_, 0, block);
	return tids[n] > 0;
}

static unsigned threads_start(unsigned count, void (*entry)(void *), uint64_t arg, unsigned prio)
{
	unsigned started = 0;

	for (unsigned i = 0; i < count; i++)
		started += thread_start(i, entry, arg, prio);
	doze(1); /* they get as far as they can */
	return started;
}

static void threads_end(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ThreadDestroy_r(tids[i], 0);
	doze(1);
}

/* ---- threads, waiting on words ---- */

static void test_threads(void)
{
	uint32_t word = 0;

	check_equal("threads", threads_start(THREADS, parked_thread, (uint64_t)&release, LOW), THREADS);
	TimerTimeout_r(TIMEOUT_SYNC, MS);
	check_equal("SyncWait of the most important", SyncWait_r(&word, 0, 0), -KE_TIMEDOUT);
	TimerTimeout_r(TIMEOUT_SYNC, MS);
	check_equal("SyncWait with an owner", SyncWait_r(&word, 0, tids[THREADS - 1]), -KE_TIMEDOUT);
	check_equal("SyncWake of nobody behind all", SyncWake_r(&word, ~0u), 0);
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

/* ---- tables of handles ---- */

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

static void empty_table(int (*destroy)(int), int keep)
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

/* ---- messages ---- */

struct letter {
	int coid;
	uint32_t bytes;
	char *from, *to;
};
static struct letter letters[THREADS + 8];

static void send_letter(void *arg)
{
	struct letter *l = arg;

	MsgSend_r(l->coid, l->from, l->bytes, l->to, l->bytes);
	ThreadDestroy_r(0, 0);
}

/* Both buffers at odd addresses that differ, so that nothing can be copied by words and every page has two pieces. */
static void exchange(int chid, int coid, uint32_t bytes, unsigned shift)
{
	struct letter l = {.coid = coid, .bytes = bytes, .from = big[0] + shift, .to = big[0] + shift};
	char *own = big[1] + 8 + shift / 2;
	int64_t rcvid;

	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, own, bytes, NULL);
	check_that(rcvid > 0, "MsgReceive", rcvid);
	check_equal("MsgRead", MsgRead_r(rcvid, own, bytes, 0), bytes);
	check_equal("MsgWrite", MsgWrite_r(rcvid, own, bytes, 0), bytes);
	check_equal("MsgInfo", MsgInfo_r(rcvid, &(struct msg_info){0}, NULL), 0);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, own, bytes), 0);
	doze(5);
	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, own, bytes, NULL);
	thread_start(1, send_letter, (uint64_t)&l, LOW);
	doze(1);
	rcvid = MsgReplyReceive_r(rcvid, 0, own, bytes, chid, own, bytes, NULL);
	check_that(rcvid > 0, "MsgReplyReceive", rcvid);
	check_equal("MsgError", MsgError_r(rcvid, KE_INTR), 0);
	doze(5);
}

static void receive_one(void *arg)
{
	MsgReceive_r((int)(uint64_t)arg, big[0] + 1, 2 * 4096, NULL);
	ThreadDestroy_r(0, 0);
}

/* What is sent, or answered, ends where no memory is. */
static void exchange_with_fault(int chid, int coid, char *at, bool send, uint32_t bytes)
{
	struct letter l = {.coid = coid, .bytes = bytes, .from = send ? at : big[0] + 1, .to = big[0] + 1};
	int64_t rcvid;

	if (send) {
		thread_start(0, receive_one, (uint64_t)chid, LOW);
		doze(1);
		check_equal("MsgSend", MsgSend_r(coid, at, bytes, NULL, 0), -KE_FAULT);
		ThreadDestroy_r(tids[0], 0);
		doze(1);
		return;
	}
	thread_start(0, send_letter, (uint64_t)&l, LOW);
	rcvid = MsgReceive_r(chid, big[0] + 1, bytes, NULL);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, at, bytes), -KE_FAULT);
	check_equal("MsgReplyReceive", MsgReplyReceive_r(rcvid, 0, at, bytes, chid, NULL, 0, NULL), -KE_FAULT);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, NULL, 0), 0);
	doze(5);
}

static void test_messages(int chid, int coid)
{
	static const uint32_t sizes[] = {0, 32, 33, 4096, 65536, MIB};
	char *stack_end = (char *)(((uint64_t)__builtin_frame_address(0) | 4095) + 1); /* nothing is mapped behind */

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned shift = 0; shift < 3; shift++)
			exchange(chid, coid, sizes[i], shift);
	/* As much as goes over at once, but for its last bytes, which are not there: it is tried, and then done in
	 * steps. */
	for (unsigned i = 0; i < 3; i++)
		exchange_with_fault(chid, coid, stack_end - 4095 + i, i == 0, 4096 + 32 - i);
	/* A receiver that waits, and has the longest copy to do when it is woken. */
	for (unsigned i = 0; i < 8; i++) {
		letters[i] = (struct letter){.coid = coid, .bytes = MIB, .from = big[0] + 1, .to = big[0] + 1};
		thread_start(i, send_letter, (uint64_t)&letters[i], LOW);
		int64_t rcvid = MsgReceive_r(chid, big[1], MIB, NULL);

		check_equal("MsgReply", MsgReply_r(rcvid, 0, big[1], MIB), 0);
		doze(5);
	}
}

/* Senders, pulses and blocked clients at one channel, which then goes. */
static void crowd(int chid)
{
	unsigned coids[8];

	for (unsigned i = 0; i < 8; i++)
		coids[i] = (unsigned)ConnectAttach_r(own_slot, chid, 0);
	for (unsigned i = 0; i < THREADS; i++)
		letters[i] = (struct letter){.coid = (int)coids[i % 8], .bytes = 64, .from = page, .to = page};
	for (unsigned i = 0; i < THREADS; i++) {
		thread_start(i, send_letter, (uint64_t)&letters[i], LOW + i % 50);
		/* Half of them has been received and waits for an answer. */
		if (i % 2)
			MsgReceive_r(chid, page, 64, NULL);
	}
	doze(1);
	for (unsigned i = 0; i < 8 * PULSE_PENDING_MAX; i++)
		check_equal("MsgSendPulse", MsgSendPulse_r((int)coids[i % 8], (int)(1 + i % 50), 1, i), 0);
	check_equal("ConnectDetach with pulses", ConnectDetach_r((int)coids[0]), 0);
	while (ConnectAttach_r(own_slot, chid, 1) > 0)
		;
}

static void send_timed(void *arg)
{
	TimerTimeout_r(TIMEOUT_SEND, MS);
	MsgSend_r(*(int *)arg, NULL, 0, NULL, 0);
	ThreadDestroy_r(0, 0);
}

static void test_crowd(void)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), coid = ConnectAttach_r(own_slot, chid, 0);

	crowd(chid);
	thread_start(THREADS, send_timed, (uint64_t)&coid, HIGH); /* passes all in the queue, boosts all */
	doze(3);
	check_equal("ChannelDestroy of a crowded channel", ChannelDestroy_r(chid), 0);
	doze(3);
	empty_table(ConnectDetach_r, 1);
}

/* A pulse makes it a server of the first channel; then it waits for the next one. */
struct link {
	int chid, coid;
};

static void serve_and_send(void *arg)
{
	const struct link *l = arg;

	MsgReceive_r(l->chid, NULL, 0, NULL);
	MsgSend_r(l->coid, NULL, 0, NULL, 0);
	ThreadDestroy_r(0, 0);
}

static uint64_t busy_until;

static void serve_and_work(void *arg)
{
	const struct link *l = arg;

	MsgReceive_r(l->chid, NULL, 0, NULL);
	while ((uint64_t)ClockTime() < busy_until)
		;
	ThreadDestroy_r(0, 0);
}

/* An interrupt handles so many timers; each pulse makes all servers hurry a bit more. */
static void pulse_by_timers(int chid)
{
	int timers[8];

	for (unsigned i = 0; i < 8; i++) {
		timers[i] = TimerCreate_r(chid, HIGH - 20 + i, 1, 0);
		TimerSettime_r(timers[i], TIMER_ABSTIME, ClockTime() + MS - i * 1000, 0);
	}
	doze(3);
	for (unsigned i = 0; i < 8; i++)
		TimerDestroy_r(timers[i]);
}

/*
 * Many servers of one channel, all of which wait at the head of one chain; then somebody important sends to it. `busy`
 * of them do not wait, but are ready: the last that are looked at.
 */
static void test_chain(unsigned busy)
{
	static struct link links[8];
	static int head;

	busy_until = UINT64_MAX;
	for (unsigned i = 0; i < 8; i++) {
		links[i].chid = ChannelCreate_r(CHF_PRIVATE);
		if (i)
			links[i - 1].coid = ConnectAttach_r(own_slot, links[i].chid, 0);
	}
	head = ConnectAttach_r(own_slot, links[0].chid, 0);
	for (unsigned i = 7; i-- > 1;) {
		int coid = ConnectAttach_r(own_slot, links[i].chid, 0);

		thread_start(THREADS + i, serve_and_send, (uint64_t)&links[i], LOW);
		MsgSendPulse_r(coid, (int)LOW, 1, 0);
		doze(1);
	}
	for (unsigned i = 0; i < THREADS - 10; i++) {
		bool works = i < LOOK_MAX && i >= LOOK_MAX - busy;

		thread_start(i, works ? serve_and_work : serve_and_send, (uint64_t)&links[0], works ? 1 : LOW + i % 50);
		doze(works ? 20 : 1); /* its turn among those that work */
		MsgSendPulse_r(head, 1, 1, 0);
	}
	doze(1);
	if (!busy)
		pulse_by_timers(links[0].chid);
	busy_until = ClockTime() + 10 * MS;
	thread_start(THREADS - 1, send_timed, (uint64_t)&head, HIGH);
	doze(3);
	doze(10);
	threads_end(THREADS - 10);
	for (unsigned i = 1; i < 7; i++)
		ThreadDestroy_r(tids[THREADS + i], 0);
	for (unsigned i = 0; i < 8; i++)
		ChannelDestroy_r(links[i].chid);
	doze(1);
	empty_table(ConnectDetach_r, 1);
}

/* ---- timers ---- */

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
		check_equal("TimerDestroy", TimerDestroy_r(id), 0);
}

/* ---- memory ---- */

static void test_memory(unsigned space, unsigned region, uint64_t offset, uint64_t bytes)
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

/* ---- processes of our own ---- */

static uint64_t next_ram = 0x48000000;

/* The next piece of RAM that nobody has; the kernel says whether it is. */
static int64_t create(unsigned slot, struct process_params *p)
{
	int64_t status;

	do {
		p->kmem = next_ram;
		status = ProcessCreate_r(slot, p);
		next_ram += status < 0 ? 2 * MIB : p->kmem_bytes;
	} while (status == -KE_PERM && next_ram < 0xb0000000);
	return status;
}

static int64_t grant_ram(unsigned slot, uint64_t bytes, uint64_t align)
{
	int64_t status;

	do {
		next_ram = (next_ram + align - 1) & ~(align - 1);
		status = ProcessGrant_r(slot, GRANT_RAM, next_ram, bytes);
		next_ram += status < 0 ? align : bytes;
	} while (status == -KE_PERM && next_ram < 0xb0000000);
	return status;
}

/* Of this program's file in the archive. */
static int grant_code(unsigned slot)
{
	const struct boot_info *boot = (const struct boot_info *)BOOT_INFO;
	const void *archive = (const void *)BOOT_ARCHIVE;
	struct elf_image image;
	struct cpio_file file;

	if (cpio_find(archive, boot->archive_bytes, "kworst", &file) != 0 ||
	    elf_image_parse(file.data, file.bytes, &image) != NULL)
		return -KE_INVAL;
	return ProcessGrant_r(slot, GRANT_CODE,
			      boot->archive_pa + (uint64_t)(file.data - (const uint8_t *)archive) + image.code_offset,
			      image.code_bytes);
}

static void define_child(unsigned slot, bool guest)
{
	struct process_params params = {.name = "child",
					.kmem_bytes = CHILD_KMEM,
					.abilities = ~0u,
					.connect_mask = ~0u,
					.runmask = 1,
					.priority = LOW,
					.max_priority = HIGH + 1,
					.policy = SCHED_RR_,
					.guest = guest};

	check_equal("ProcessCreate", create(slot, &params), 0);
	check_equal("ProcessGrant", grant_ram(slot, CHILD_RAM, 2 * MIB), 0);
	check_equal("ProcessGrant of code", grant_code(slot), 1);
	if (!guest)
		check_equal("ProcessGrant of interrupts", ProcessGrant_r(slot, GRANT_IRQ, 100, 81), 0);
	else
		check_equal("ProcessGrant of a VM's interrupts",
			    ProcessGrant_r(slot, GRANT_IRQ, BIND_HOST | IRQ_EDGE, 2 * VCPU_MAX), 0);
}

/* Every other slot, with as many regions and interrupts as it may have. */
static void define_full(unsigned slot)
{
	struct process_params params = {.name = "idle",
					.kmem_bytes = 16384,
					.runmask = 1,
					.priority = 1,
					.max_priority = 1,
					.policy = SCHED_RR_,
					.guest = 1};

	check_equal("ProcessCreate", create(slot, &params), 0);
	for (unsigned i = 0; i < REGION_MAX; i++)
		check_equal("ProcessGrant", grant_ram(slot, 4096, 4096), i);
	check_equal("ProcessGrant of one too many", grant_ram(slot, 4096, 4096), -KE_AGAIN);
	for (unsigned i = 0; slot > VM_SLOT && i < 16; i++)
		check_equal("ProcessGrant of an interrupt", ProcessGrant_r(slot, GRANT_IRQ, 181 + i, 1),
			    slot == VM_SLOT + 1 ? 0 : -KE_PERM);
}

static void define_all(void)
{
	define_child(CHILD_SLOT, false);
	define_child(VM_SLOT, true);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		if (slot != CHILD_SLOT && slot != VM_SLOT)
			define_full(slot);
	check_equal("ProcessGrant behind all", ProcessGrant_r(VM_SLOT + 1, GRANT_IRQ, 79, 1), -KE_AGAIN);
	check_equal("ProcessGrant of a device", ProcessGrant_r(31, GRANT_DEVICE, 0x9010000, 4096), -KE_AGAIN);
	check_equal("Seal", Seal_r(), 0);
}

static void make_child(unsigned slot)
{
	uint64_t base = (uint64_t)__text_start, data = (uint64_t)__rodata_start;
	uint64_t code = data - base, all = ((uint64_t)_end - data + 4095) & ~4095ull;

	check_equal("ProcessCreate", ProcessCreate_r(slot, NULL), 0);
	check_that(all <= CHILD_FREE, "the program fits", (int64_t)all);
	check_equal("ProcessCopy", ProcessCopy_r(slot, 0, 0, __rodata_start, (uint64_t)_end - data), 0);
	check_equal("ProcessCopy, unaligned", ProcessCopy_r(slot, 0, CHILD_FREE + 1, big[0] + 2, MIB), 0);
	check_equal("ProcessMap of code", ProcessMap_r(slot, base, 1, 0, code, PROT_R | PROT_X), 0);
	check_equal("ProcessMap of data", ProcessMap_r(slot, data, 0, 0, all, PROT_R | PROT_W), 0);
	check_equal("ProcessMap of the stack",
		    ProcessMap_r(slot, CHILD_STACK - 65536, 0, CHILD_RAM - 65536, 65536, PROT_R | PROT_W), 0);
}

static void start_child(unsigned slot, void (*entry)(void *), uint64_t arg)
{
	check_that(ProcessStart_r(slot, (uint64_t)entry, CHILD_STACK, arg, (uint64_t)block) > 0, "ProcessStart", slot);
	doze(200); /* it does what it is to do, with a lower priority */
}

static uint64_t longest_stop;

/* What a ProcessStop costs who asks for it, whoever is more important than all of the child: instructions, where the
 * counter counts those. */
static int stop(unsigned slot)
{
	uint64_t from, took;
	int result;

	SchedSet_r(-1, ThreadSelf_r(&own_slot), ABOVE, SCHED_RR_, 0);
	from = ClockTime();
	result = ProcessStop_r(slot);
	took = ClockTime() - from;
	SchedSet_r(-1, ThreadSelf_r(&own_slot), HIGH / 2, SCHED_RR_, 0);
	longest_stop = took > longest_stop ? took : longest_stop;
	return result;
}

/* Twice: its threads end, then its interrupts. */
static void stop_child(unsigned slot)
{
	struct process_info info;
	int result = stop(slot);

	check_that(result == 0 || result == -KE_AGAIN, "ProcessStop", result);
	while (ProcessInfo_r(slot, &info) == 0 && info.state != PROCESS_DEAD)
		doze(1);
	check_equal("ProcessStop, behind its threads", stop(slot), 0);
	check_that(ProcessInfo_r(slot, &info) == 0 && info.interrupts == 0, "no interrupt is left", info.interrupts);
}

static void destroy_child(unsigned slot)
{
	struct process_info info;
	struct thread_info thread;
	int tid = 0;

	check_equal("ProcessInfo of a child", ProcessInfo_r(slot, &info), 0);
	while ((tid = ThreadInfo_r(slot, tid + 1, &thread)) > 0)
		;
	check_equal("ProcessDestroy", ProcessDestroy_r(slot), 0);
}

enum end { STAYS, FAULTS, LEAVES, STOPPED };

/* In a child: as many of everything as there may be, then an end. */
static void full_child(void *arg)
{
	int chid = ChannelCreate_r(0), crowded = ChannelCreate_r(CHF_PRIVATE);

	own_slot = CHILD_SLOT;
	if (ThreadCtl_r(THREADCTL_CONTROL, (uint64_t)chid) == 0)
		test_memory(SPACE_SELF, 0, CHILD_FREE, CHILD_SPARE & ~(2 * MIB - 1));
	crowd(crowded);
	while (ChannelCreate_r(CHF_PRIVATE) > 0)
		;
	while (TimerCreate_r(chid, 1, 1, 0) > 0)
		;
	for (unsigned i = 0; i < 81; i++)
		InterruptAttachEvent_r(100 + i, 0, 0, 0, 0);
	if ((uint64_t)arg == FAULTS)
		__asm__ volatile("brk #0");
	if ((uint64_t)arg == LEAVES)
		ThreadDestroy_r(-1, 0);
	MsgReceive_r(chid, NULL, 0, NULL);
	for (;;)
		doze(1000);
}

static void test_full_children(void)
{
	for (enum end end = STAYS; end <= STOPPED; end++) {
		make_child(CHILD_SLOT);
		start_child(CHILD_SLOT, full_child, end);
		if (end == STOPPED)
			stop_child(CHILD_SLOT);
		if (end == STAYS)
			check_equal("ProcessSignal", ProcessSignal_r(CHILD_SLOT, 1, 2), 0);
		destroy_child(CHILD_SLOT);
	}
}

/* In a child: connections without end to a channel of ours, and clients of it. */
static void client_child(void *arg)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), coid = ConnectAttach_r(own_slot, (int)(uint64_t)arg, chid);

	for (unsigned i = 0; i < THREADS; i++) {
		letters[i] = (struct letter){.coid = coid, .bytes = MIB, .from = big[0] + 1, .to = big[0] + 1};
		thread_start(i, send_letter, (uint64_t)&letters[i], LOW);
	}
	while (ConnectAttach_r(own_slot, (int)(uint64_t)arg, chid) > 0)
		;
	for (;;)
		MsgReceive_r(chid, NULL, 0, NULL);
}

/* Another process is client; then the channel goes, then the client. Also detaching behind another's connections. */
static void test_client_child(void)
{
	int chid = ChannelCreate_r(CHF_DISCONNECT), coid;
	struct msg_info info;
	int64_t rcvid;

	make_child(CHILD_SLOT);
	start_child(CHILD_SLOT, client_child, (uint64_t)chid);
	rcvid = MsgReceive_r(chid, big[0], MIB, &info);
	check_equal("MsgDeliverEvent", MsgDeliverEvent_r(info.scoid, 5, 1, 0), 0);
	check_equal("MsgReply", MsgReply_r(rcvid, 0, big[0] + 4, MIB), 0);
	for (unsigned i = 0; i < THREADS / 2; i++)
		MsgReceive_r(chid, big[0], 64, NULL);
	coid = ConnectAttach_r(own_slot, chid, 0);
	check_equal("ConnectDetach", ConnectDetach_r(coid), 0);
	check_equal("ChannelDestroy", ChannelDestroy_r(chid), 0);
	doze(5);
	destroy_child(CHILD_SLOT);
	/* And the other way round. */
	chid = ChannelCreate_r(CHF_DISCONNECT);
	make_child(CHILD_SLOT);
	start_child(CHILD_SLOT, client_child, (uint64_t)chid);
	MsgReceive_r(chid, big[0], MIB, NULL);
	destroy_child(CHILD_SLOT);
	ChannelDestroy_r(chid);
}

/* ---- interrupts ---- */

static void wait_interrupt(void *arg)
{
	InterruptWait_r((int)(uint64_t)arg);
	ThreadDestroy_r(0, 0);
}

static void irq_child(void *arg)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), id;

	(void)arg;
	for (unsigned intid = 100; intid < 180; intid++)
		InterruptAttachEvent_r(intid, chid, 1, 1, 0);
	id = InterruptAttachEvent_r(180, 0, 1, 1, 0);
	thread_start(0, wait_interrupt, (uint64_t)id, LOW + 1);
	InterruptUnmask_r(id);
	InterruptDetach_r(id);
	for (;;)
		doze(1000);
}

static void test_interrupts(void)
{
	struct process_info info;

	make_child(CHILD_SLOT);
	start_child(CHILD_SLOT, irq_child, 0);
	check_equal("ProcessInfo", ProcessInfo_r(CHILD_SLOT, &info), 0);
	check_that(info.interrupts == 80, "interrupts of a child", info.interrupts);
	destroy_child(CHILD_SLOT);
}

/* ---- virtual CPUs ---- */

/*
 * A guest that has dirtied all that is switched only when it was used: FP, a breakpoint, its timer, the GIC. It ends
 * its turn by HVC again and again.
 */
extern char guest_code[], guest_code_end[];
__asm__(".pushsection .text.guest_code, \"ax\"\n"
	".globl guest_code, guest_code_end\n"
	"guest_code:\n"
	"	mov	x0, #0x300000\n"
	"	msr	cpacr_el1, x0\n"
	"	isb\n"
	"	fmov	d0, x0\n"
	"	msr	dbgbvr0_el1, x0\n"
	"	mov	x0, #0xff\n"
	"	msr	s3_0_c4_c6_0, x0\n" /* ICC_PMR_EL1 */
	"	mov	x0, #1\n"
	"	msr	s3_0_c12_c12_7, x0\n" /* ICC_IGRPEN1_EL1 */
	"	msr	cntv_cval_el0, x0\n"
	"	msr	cntv_ctl_el0, x0\n"
	"	mov	x1, #0xff\n"
	"1:	fadd	d0, d0, d0\n"
	"	msr	s3_0_c12_c11_5, x1\n" /* ICC_SGI1R_EL1: to all */
	"	hvc	#0\n"
	"	b	1b\n"
	"guest_code_end:\n"
	".popsection");

#define TURNS     20u
#define BIND_INTR 48u /* bound on each vCPU to one of the host's, with the next */
static int vcpus[VCPU_MAX];
static uint32_t failures;

static void count_failure(bool good)
{
	failures += !good;
}

/* 32 interrupts of its own and 32 others, all pending, beside some that are active. */
static void load_interrupts(int vcpu)
{
	VcpuPrivate_r(vcpu, VPRIV_GROUP, ~0u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_ENABLE, ~0u, ~0u, NULL);
	for (unsigned i = 0; i < 8; i++)
		VcpuPrivate_r(vcpu, VPRIV_PRIO0 + i, 0x10203040u + i * 0x08080808u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_PENDING, ~0u, ~0u, NULL);
	VcpuPrivate_r(vcpu, VPRIV_ACTIVE, 0xff0000, 0xff0000, NULL);
	for (unsigned i = 0; i < 16; i++) {
		VcpuInject_r(vcpu, 64 + i, (31 - i) * 8);
		VcpuLine_r(vcpu, 32 + i, 1, i * 8);
	}
	VcpuInject_r(vcpu, BIND_INTR, 0);
	VcpuInject_r(vcpu, BIND_INTR + 1, 0);
}

/* On: with 32 others in flight. Off: with all of them pending, the two as well. */
static void bind_interrupts(unsigned index, unsigned flags)
{
	for (unsigned i = 0; i < 2; i++)
		count_failure(VcpuBind_r(vcpus[index], BIND_HOST + 2 * index + i, BIND_INTR + i, 0, flags) >= 0);
}

static void run_vcpu(void *arg)
{
	int vcpu = (int)(uint64_t)arg;

	for (unsigned i = 0; i < TURNS; i++) {
		struct vcpu_run run = VcpuRun(vcpu, i ? ACT_DONE : ACT_RUN, 0, 0, 0, 0);

		count_failure(run.exit == EXIT_HVC);
		SchedYield_r();
		load_interrupts(vcpu);
	}
	ThreadDestroy_r(0, 0);
}

static void vcpu_child(void *arg)
{
	uint64_t value;

	(void)arg;
	MemMap_r(SPACE_SELF, ADDRESS_FREE, 0, CHILD_FREE, 4096, PROT_R | PROT_W);
	memcpy((void *)ADDRESS_FREE, guest_code, (size_t)(guest_code_end - guest_code));
	MemMap_r(SPACE_GUEST, GUEST_RAM, 0, CHILD_FREE, MIB, PROT_R | PROT_W | PROT_X);
	test_memory(SPACE_GUEST, 0, CHILD_FREE, 2 * MIB);
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		vcpus[i] = VcpuCreate_r(i, i, 0);
		VcpuSet_r(vcpus[i], VREG_PC, GUEST_RAM);
		bind_interrupts(i, 0);
		bind_interrupts(i, BIND_ON);
		load_interrupts(vcpus[i]);
		thread_start(i, run_vcpu, (uint64_t)vcpus[i], LOW);
	}
	doze(100);
	for (unsigned i = 0; i < VCPU_MAX; i++) {
		for (unsigned intid = 0; intid < 96; intid++) {
			VcpuQuery_r(vcpus[i], intid);
			VcpuWithdraw_r(vcpus[i], intid, VIRQ_PENDING | VIRQ_ACTIVE);
		}
		load_interrupts(vcpus[i]);
		VcpuKick_r(vcpus[i]);
		VcpuGet_r(vcpus[i], VREG_V0 + 63, &value);
		bind_interrupts(i, BIND_ON | BIND_CLEAR);
		bind_interrupts(i, 0);
		VcpuSet_r(vcpus[i], VREG_RESET, 0);
	}
	count_failure(value == 0);
	ThreadDestroy_r(-1, failures);
}

static void test_vcpus(void)
{
	struct process_info info;

	make_child(VM_SLOT);
	start_child(VM_SLOT, vcpu_child, 0);
	doze(500);
	check_equal("ProcessInfo of a VM", ProcessInfo_r(VM_SLOT, &info), 0);
	check_that(info.state == PROCESS_DEAD && info.end_cause == END_EXIT, "the VM has ended", info.end_cause);
	check_equal("failures of the VM", (int64_t)info.end_status, 0);
	destroy_child(VM_SLOT);
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
