/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU that goes on and off (DEN 0022, 5.5 to 5.7, 6.4): its state, and what does not change with it. */
#include "conform.h"

#define THIRD         2 /* the virtual CPU that is off in all other checks */
#define AFFINITY_INFO 0xc4000004u
#define ALREADY_ON    0xfffffffcu
#define ON_PENDING    0xfffffffbu
#define SCTLR_MCI     0x1005u
#define SOME          0x007000f0u

/* entry.S fills it in. */
struct record {
	uint64_t context, sctlr, daif, level, spsel;
	uint64_t done, go;
	uint64_t frame; /* not 0: of its redistributor, which it is to look at, */
	uint32_t own[4] /* and what it finds: those of `kept` that have a place here */
	    __attribute__((aligned(64)));
};
extern char third_entry[];

static struct record record __attribute__((aligned(64)));

static uint32_t affinity_info(uint64_t cpu)
{
	return (uint32_t)hvc(AFFINITY_INFO, cpu, 0, 0);
}

static uint64_t power_on(uint64_t cpu, uint64_t context)
{
	return (uint32_t)hvc(PSCI_CPU_ON, cpu, (uint64_t)third_entry, context);
}

/* The CPU that starts has its caches off. */
static void forget(void)
{
	__asm__ volatile("dc civac, %0; dc civac, %1; dsb sy" ::"r"(&record), "r"(record.own) : "memory");
}

static bool wait_done(void)
{
	do {
		forget();
		if (*(volatile uint64_t *)&record.done)
			return true;
		yield();
	} while (in_time());
	return false;
}

static bool wait_off(void)
{
	*(volatile uint64_t *)&record.go = 1;
	forget();
	while (in_time()) {
		if (affinity_info(THIRD) == 1)
			return true;
		yield();
	}
	return false;
}

static uint64_t on_with(uint64_t frame)
{
	record = (struct record){.frame = frame};
	forget();
	uint64_t result = power_on(THIRD, (uint64_t)&record);

	wait_done();
	return result;
}

static uint64_t on(void)
{
	return on_with(0);
}

static void check_on_and_off(void)
{
	if (CHECK("power", "affinity", "before"))
		found_right(affinity_info(THIRD), 1);
	if (CHECK("power", "on", "result"))
		found_right(on(), 0);
	if (CHECK("power", "on", "context"))
		found_right(record.context == (uint64_t)&record, 1);
	if (CHECK("power", "on", "sctlr"))
		found_right(record.sctlr & SCTLR_MCI, 0);
	if (CHECK("power", "on", "daif"))
		found_right(record.daif, 0x3c0);
	if (CHECK("power", "on", "level"))
		found_right(record.level, 4);
	if (CHECK("power", "on", "spsel"))
		found_right(record.spsel, 1);
	if (CHECK("power", "affinity", "on"))
		found_right(affinity_info(THIRD), 0);
	if (CHECK("power", "on", "again"))
		found_right(power_on(THIRD, 0), ALREADY_ON);
	if (CHECK("power", "off", "result"))
		found_right(wait_off(), 1);
	if (CHECK("power", "on", "second_time"))
		found_right(on(), 0);
	if (CHECK("power", "off", "second_time"))
		found_right(wait_off(), 1);
}

/* Two that want to start it at once: one does. */
static void check_race(void)
{
	if (!CHECK("power", "on", "race"))
		return;
	record = (struct record){0};
	forget();
	other_begin(power_on, THIRD, (uint64_t)&record);
	uint64_t mine = power_on(THIRD, (uint64_t)&record), theirs = other_end();
	uint64_t good = (mine == 0) + (theirs == 0);
	uint64_t refused = (mine == ALREADY_ON || mine == ON_PENDING) + (theirs == ALREADY_ON || theirs == ON_PENDING);

	wait_done();
	found_right(good << 8 | refused, 0x101);
	wait_off();
}

static const struct kept {
	const char *name;
	uint32_t offset, value, undo;
	int own; /* its place in struct record; -1: none */
} kept[] = {
    {"igroupr0", BANK_IGROUPR, SOME, 0, 0},
    {"isenabler0", BANK_ISENABLER, SOME, BANK_ICENABLER, 1},
    {"ispendr0", BANK_ISPENDR, SOME, BANK_ICPENDR, -1},
    {"isactiver0", BANK_ISACTIVER, SOME, BANK_ICACTIVER, -1},
    {"ipriorityr1", BANK_IPRIORITYR + 4, 0x10203040, 0, 2},
    {"ipriorityr5", BANK_IPRIORITYR + 20, 0x50607080, 0, -1},
    {"icfgr1", BANK_ICFGR + 4, 0x00002a00, 0, 3},
};
#define KEPT_END (kept + sizeof(kept) / sizeof(kept[0]))

static void kept_write(bool undo)
{
	for (const struct kept *k = kept; k < KEPT_END; k++)
		write32(SGI(THIRD, undo && k->undo ? k->undo : k->offset), !undo ? k->value : k->undo ? ~0u : 0);
}

/*
 * Power is the CPU's: its redistributor keeps what another CPU wrote before its first CPU_ON, while it is on, after it
 * is off, and when it is on again. The CPU itself sees the same.
 */
static void check_redistributor(void)
{
	static const char *const when[] = {"off", "on", "off_again", "on_again"};

	kept_write(false);
	for (unsigned int pass = 0; pass < 4; pass++) {
		if (pass % 2)
			on_with(SGI(THIRD, 0));
		else if (pass)
			wait_off();
		for (const struct kept *k = kept; k < KEPT_END; k++) {
			if (CHECK("power", "redistributor", when[pass], k->name))
				found_right(read32(SGI(THIRD, k->offset)), k->value);
			if (pass % 2 && k->own >= 0 && CHECK("power", "redistributor_itself", when[pass], k->name))
				found_right(record.own[k->own], k->value);
		}
	}
	wait_off();
	kept_write(true);
}

/* What is written while the CPU is on stays, too, when it goes off and on. */
static void check_redistributor_while_on(void)
{
	on();
	kept_write(false);
	wait_off();
	on_with(SGI(THIRD, 0));
	for (const struct kept *k = kept; k < KEPT_END; k++) {
		if (CHECK("power", "redistributor_while_on", k->name))
			found_right(read32(SGI(THIRD, k->offset)), k->value);
		if (k->own >= 0 && CHECK("power", "redistributor_while_on", k->name, "itself"))
			found_right(record.own[k->own], k->value);
	}
	wait_off();
	kept_write(true);
}

/* Standby ends at once or with an interrupt, and returns. */
static void check_suspend(void)
{
	gic_set(0, BANK_ISENABLER, INTID_VTIMER);
	timer_set(now());
	if (CHECK("power", "suspend", "standby"))
		found_right((uint32_t)hvc(PSCI_CPU_SUSPEND, 0, 0, 0), 0);
	timer_off();
	gic_set(0, BANK_ICENABLER, INTID_VTIMER);
	if (CHECK("power", "suspend", "reserved_bits"))
		found((uint32_t)hvc(PSCI_CPU_SUSPEND, 0x80000000, 0, 0));
}

static uint64_t hvc_immediate(uint64_t function)
{
	register uint64_t x0 __asm__("x0") = function;

	__asm__ volatile("hvc #7" : "+r"(x0)::"x1", "x2", "x3", "memory");
	return (uint32_t)x0;
}

/* The result is in x0; x4 to x17 are kept from SMCCC 1.1 on (DEN 0028, 2.6). */
static uint64_t kept_registers(void)
{
	uint64_t changed = 0;

	register uint64_t x0 __asm__("x0") = 0x84000000;
	register uint64_t x4 __asm__("x4") = 4;
	register uint64_t x17 __asm__("x17") = 17;
	register uint64_t x18 __asm__("x18") = 18;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x4), "+r"(x17), "+r"(x18)::"x1", "x2", "x3", "memory");
	changed = (x4 != 4) | (x17 != 17) << 1 | (x18 != 18) << 2;
	return changed;
}

static void check_calls(void)
{
	if (CHECK("power", "call", "hvc_immediate"))
		found(hvc_immediate(0x84000000));
	if (CHECK("power", "call", "registers"))
		found_right(kept_registers(), 0);
	if (CHECK("power", "call", "from_other"))
		found_right((uint32_t)other(power_on, 1, 0), ALREADY_ON);
}

void check_power(void)
{
	check_redistributor();
	check_on_and_off();
	check_race();
	check_redistributor_while_on();
	check_suspend();
	check_calls();
}
