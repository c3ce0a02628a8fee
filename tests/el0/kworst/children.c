/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of our own: how they are defined and made, and what they do until they end. */
#include "kworst.h"
#include <cpio.h>
#include <elfimage.h>
#include <string.h>

extern char __text_start[], __rodata_start[], _end[];
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

void define_all(void)
{
	define_child(CHILD_SLOT, false);
	define_child(VM_SLOT, true);
	for (unsigned slot = 1; slot < PROCESS_MAX; slot++)
		if (slot != CHILD_SLOT && slot != VM_SLOT)
			define_full(slot);
	check_equal("ProcessGrant after all", ProcessGrant_r(VM_SLOT + 1, GRANT_IRQ, 79, 1), -KE_AGAIN);
	check_equal("ProcessGrant of a device", ProcessGrant_r(31, GRANT_DEVICE, 0x9010000, 4096), -KE_AGAIN);
	check_equal("Seal", Seal_r(), 0);
}

void make_child(unsigned slot)
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

void start_child(unsigned slot, void (*entry)(void *), uint64_t arg)
{
	check_that(ProcessStart_r(slot, (uint64_t)entry, CHILD_STACK, arg, (uint64_t)block) > 0, "ProcessStart", slot);
	doze(200); /* it does what it is to do, with a lower priority */
}

uint64_t longest_stop;

/* What a ProcessStop costs its caller, whoever is more important than all of the child: instructions, where the
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
	check_equal("ProcessStop, after its threads", stop(slot), 0);
	check_that(ProcessInfo_r(slot, &info) == 0 && info.interrupts == 0, "no interrupt is left", info.interrupts);
}

void destroy_child(unsigned slot)
{
	struct process_info info;
	struct thread_info thread;
	int tid = 0;

	check_equal("ProcessInfo of a child", ProcessInfo_r(slot, &info), 0);
	while ((tid = ThreadInfo_r(slot, tid + 1, &thread)) > 0)
		;
	check_equal("ProcessDestroy", ProcessDestroy_r(slot), 0);
	check_equal("ProcessZero", ProcessZero_r(slot), 0);
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
		InterruptAttachEvent_r(100 + i, chid, 0, 0, 0);
	if ((uint64_t)arg == FAULTS)
		__asm__ volatile("brk #0");
	if ((uint64_t)arg == LEAVES)
		ThreadDestroy_r(-1, 0);
	MsgReceive_r(chid, NULL, 0, NULL);
	for (;;)
		doze(1000);
}

void test_full_children(void)
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

/* Another process is client; then the channel goes, then the client. Also detaching after another's connections. */
void test_client_child(void)
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

static void irq_child(void *arg)
{
	int chid = ChannelCreate_r(CHF_PRIVATE), id;

	(void)arg;
	for (unsigned intid = 100; intid < 180; intid++)
		InterruptAttachEvent_r(intid, chid, 1, 1, 0);
	id = InterruptAttachEvent_r(180, chid, 1, 1, 0);
	InterruptUnmask_r(id);
	for (;;)
		doze(1000);
}

void test_interrupts(void)
{
	struct process_info info;

	make_child(CHILD_SLOT);
	start_child(CHILD_SLOT, irq_child, 0);
	check_equal("ProcessInfo", ProcessInfo_r(CHILD_SLOT, &info), 0);
	check_that(info.interrupts == 81, "interrupts of a child", info.interrupts);
	destroy_child(CHILD_SLOT);
}
