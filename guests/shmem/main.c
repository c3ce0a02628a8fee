/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shares memory with other guests through `vdev shmem`: joins the region chatN, and whenever somebody else is in it,
 * writes a counter into its own place and notifies all. For each note it says whose it is and what stands there.
 * Boot arguments: shmem=ADDRESS; intid=N; region=N, 0 without it; pages=N, 2 without it; leave=1: leaves at once, and
 * says what is to be read then.
 */
#include "guest.h"

#define FACTORY_SIGNATURE 0x00
#define FACTORY_SHMEM     0x08
#define FACTORY_STATUS    0x14
#define FACTORY_SIZE      0x18
#define FACTORY_NAME      0x1c
#define CONTROL_STATUS    0x00
#define CONTROL_IDX       0x04
#define CONTROL_NOTIFY    0x08
#define CONTROL_DETACH    0x0c
#define PAGE              0x1000
#define PLACE             64 /* bytes for each client */
#define SIGNATURE         0x4d534732474d5651ull

#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_IPRIORITYR 0x0400
#define GICD_IROUTER    0x6000

static uint64_t factory, control;
static uint32_t intid;
static volatile uint32_t noted, attached;

static void enable(void)
{
	uint64_t group = board.gicd + GICD_IGROUPR + intid / 32 * 4, priority = board.gicd + GICD_IPRIORITYR;

	write32(group, read32(group) | 1u << intid % 32);
	priority += intid & ~3u;
	write32(priority, read32(priority) | 0xa0u << intid % 4 * 8);
	write32(board.gicd + GICD_IROUTER + 8 * intid, 0);
	write32(board.gicd + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

/* The line stays high until the status is read. */
void guest_irq(struct frame *frame, uint32_t which)
{
	uint32_t status;

	(void)frame;
	if (which != intid) {
		gic_disable(which);
		return;
	}
	status = read32(control + CONTROL_STATUS);
	noted |= status & 0xffff;
	attached = status >> 16;
}

void guest_secondary(unsigned int cpu)
{
	(void)cpu;
}

static void report(const char *what, uint64_t number)
{
	line_begin();
	put(what);
	put_hex(number);
	line_end();
}

static uint32_t join(uint64_t region, uint32_t pages)
{
	write32(factory + FACTORY_NAME, 'c' | 'h' << 8 | 'a' << 16 | (uint32_t)'t' << 24);
	write32(factory + FACTORY_NAME + 4, '0' + (uint32_t)region);
	write32(factory + FACTORY_SIZE, pages);
	return read32(factory + FACTORY_STATUS);
}

static void leave(void)
{
	write32(control + CONTROL_DETACH, 1);
	report("shmem: left, status ", read32(control + CONTROL_STATUS));
	report("shmem: left, memory ", read32(control + PAGE));
	say("shmem: done");
	system_off();
}

static void say_notes(uint32_t from)
{
	for (uint32_t i = 0; i < 16; i++) {
		if (!(from >> i & 1))
			continue;
		line_begin();
		put("shmem: note of ");
		put_number(i);
		put(": ");
		put_number(read32(control + PAGE + i * PLACE));
		line_end();
	}
}

static uint32_t take(volatile uint32_t *word)
{
	uint32_t value;

	irq_disable();
	value = *word;
	*word = 0;
	irq_enable();
	return value;
}

/* A note five times a second as long as somebody listens. */
static void chat(uint32_t own)
{
	uint32_t counter = 0, known = 0;

	for (;;) {
		uint64_t end = now() + counter_hz() / 5;

		while (now() < end)
			__asm__ volatile("yield");
		say_notes(take(&noted));
		if (attached != known)
			report("shmem: attached ", attached);
		known = attached;
		if (known & ~(1u << own)) {
			write32(control + PAGE + own * PLACE, ++counter);
			write32(control + CONTROL_NOTIFY, 0xffffffff);
		}
	}
}

void guest_main(void)
{
	uint32_t status, pages, own;

	factory = bootarg("shmem", 0x1c050000);
	intid = (uint32_t)bootarg("intid", 38);
	gic_init_distributor();
	gic_init_redistributor(0);
	gic_init_cpu();
	if (read64(factory + FACTORY_SIGNATURE) != SIGNATURE) {
		say("shmem: none");
		system_off();
	}
	status = join(bootarg("region", 0), (uint32_t)bootarg("pages", 2));
	report("shmem: creation ", status);
	if (status)
		system_off();
	control = read64(factory + FACTORY_SHMEM);
	pages = read32(factory + FACTORY_SIZE);
	own = read32(control + CONTROL_IDX);
	report("shmem: pages ", pages);
	report("shmem: index ", own);
	report("shmem: found ", read32(control + PAGE + own * PLACE));
	attached = read32(control + CONTROL_STATUS) >> 16;
	if (bootarg("leave", 0))
		leave();
	enable();
	irq_enable();
	chat(own);
}
