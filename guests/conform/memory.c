/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that meet something else than RAM: nothing at all, a device's register, the end of RAM; each as Normal and
 * as Device memory of the guest's own stage 1. What each load and store does there.
 */
#include "conform.h"

#define HOLE      0x0b000000ull         /* on both machines */
#define REGISTERS (board.gicd + 0x6140) /* GICD_IROUTER40 and 41: two of 64 bits, side by side */
#define RAM_END   0x44000000ull
#define MARK      0x0000000400060708ull /* one that GICD_IROUTER may have, with different bytes */
#define ABORT     0x96000010u           /* data abort at EL1, External, not on a walk */
#define ABORT_WNR 0x96000050u

static bool name_is(const struct access *a, const char *name)
{
	const char *p = a->name;

	while (*p && *p == *name) {
		p++;
		name++;
	}
	return *p == *name;
}

static bool starts(const char *text, const char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return *with == 0;
}

static bool is_lse(const struct access *a)
{
	static const char *const names[] = {"ldadd", "ldclr", "stset", "swp", "cas"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (starts(a->name, names[i]))
			return true;
	return false;
}

/* Those that read or write, at EL1. WnR of an External abort of an atomic access is not said. */
static bool is_access(const struct access *a)
{
	return !is_lse(a) && !name_is(a, "ldtr") && !name_is(a, "sttr") && !starts(a->name, "dc_c") &&
	       !starts(a->name, "dc_i") && !starts(a->name, "ic_") && !starts(a->name, "at_") && !name_is(a, "prfm") &&
	       !name_is(a, "jump") && !starts(a->name, "stxr");
}

static uint64_t run(const struct access *a, uint64_t address)
{
	watchdog_on();
	uint64_t value = a->run(address, MARK);

	watchdog_off();
	return value;
}

/* Nothing there: an External abort, of a write if the instruction writes at all. */
static void check_hole(const char *kind, uint64_t address, bool normal)
{
	for (const struct access *a = accesses; a < accesses_end; a++) {
		if (!CHECK("hole", kind, a->name))
			continue;
		uint64_t value = run(a, address);

		if (normal && is_access(a))
			found_fault(value, a->write ? ABORT_WNR : ABORT);
		else
			found(value);
	}
}

static void set_registers(void)
{
	write_sized(REGISTERS, 8, 1);
	write_sized(REGISTERS + 8, 8, 0);
}

/* What was read, and what both registers hold then. */
static void check_device(const char *kind, uint64_t address)
{
	for (const struct access *a = accesses; a < accesses_end; a++) {
		if (name_is(a, "jump") || !CHECK("device", kind, a->name))
			continue;
		set_registers();
		uint64_t value = run(a, address);
		uint64_t values[3] = {value, read_sized(REGISTERS, 8), read_sized(REGISTERS + 8, 8)};

		found_all(values, 3);
	}
	write_sized(REGISTERS, 8, 0);
}

static const struct edge {
	const char *name;
	uint64_t before; /* bytes before the end of RAM */
} edges[] = {{"by_1", 1}, {"by_4", 4}, {"by_7", 7}};

static uint64_t marked(void)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value |= read_sized(RAM_END - 8 + i, 1) << 8 * i;
	return value;
}

static void mark(void)
{
	write_sized(RAM_END - 8, 8, 0x1122334455667788);
}

/* Across the end: an abort, with the first byte outside as address; registers and RAM stay as they were. */
static void check_end(const struct edge *e, const struct access *a)
{
	uint64_t address = RAM_END - e->before;

	if (CHECK("end", e->name, a->name)) {
		mark();
		found_fault(run(a, address), a->write ? ABORT_WNR : ABORT);
	}
	if (CHECK("end", e->name, a->name, "far")) {
		mark();
		run(a, address);
		uint64_t far = faults[0].far;

		fault_clear();
		found_right(far - RAM_END, 0);
	}
	if (a->write && CHECK("end", e->name, a->name, "ram")) {
		mark();
		run(a, address);
		fault_clear();
		found(marked());
	}
}

static void check_ends(void)
{
	static const char *const names[] = {"ldr_x", "ldp_x", "ldr_q", "ldp_post", "ldr_pre",
					    "str_x", "stp_x", "str_q", "st1"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (const struct access *a = accesses; a < accesses_end; a++)
			if (name_is(a, names[i]))
				for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++)
					check_end(&edges[j], a);
	for (const struct access *a = accesses; a < accesses_end; a++)
		if (!a->write && is_access(a) && CHECK("end", "last", a->name)) {
			mark();
			found(run(a, RAM_END - (starts(a->name, "ldp_q") || starts(a->name, "ld1_two") ||
							starts(a->name, "ld2")
						    ? 32
						    : 16)));
		}
}

/* Through VAs that stage 1 maps as Normal memory, and the addresses themselves, which are Device memory. */
void check_memory(void)
{
	check_hole("normal", map_normal(HOLE), true);
	check_hole("device", HOLE, false);
	check_device("normal", map_normal(REGISTERS));
	check_device("device", REGISTERS);
	check_ends();
	gic_clean();
}
