/* SPDX-License-Identifier: Apache-2.0 */
/* ID registers: fields that say how much there is. */
#include "conform.h"

enum id { ISAR0, PFR0, MMFR0, MMFR1, DFR0 };

static uint64_t id_register(enum id which)
{
	switch (which) {
	case ISAR0: return READ_REG("id_aa64isar0_el1");
	case PFR0: return READ_REG("id_aa64pfr0_el1");
	case MMFR0: return READ_REG("id_aa64mmfr0_el1");
	case MMFR1: return READ_REG("id_aa64mmfr1_el1");
	default: return READ_REG("id_aa64dfr0_el1");
	}
}

static const struct field {
	const char *name;
	enum id where;
	unsigned int shift;
} fields[] = {
    {"el0", PFR0, 0},          {"el1", PFR0, 4},          {"fp", PFR0, 16},       {"advsimd", PFR0, 20},
    {"gic", PFR0, 24},         {"asid", MMFR0, 4},        {"tgran4", MMFR0, 28},  {"debug", DFR0, 0},
    {"breakpoints", DFR0, 12}, {"watchpoints", DFR0, 20}, {"atomics", ISAR0, 20}, {"crc32", ISAR0, 16},
    {"pan", MMFR1, 20},        {"hpds", MMFR1, 12},
};

static void check_fields(void)
{
	for (const struct field *f = fields; f < fields + sizeof(fields) / sizeof(fields[0]); f++)
		if (CHECK("id", "field", f->name))
			found(id_register(f->where) >> f->shift & 15);
	if (CHECK("id", "midr"))
		found(READ_REG("midr_el1"));
	if (CHECK("id", "revidr"))
		found(READ_REG("revidr_el1"));
	if (CHECK("id", "aidr"))
		found(READ_REG("aidr_el1"));
	if (CHECK("id", "current_el"))
		found_right(READ_REG("CurrentEL"), 4);
}

void check_id(void)
{
	check_fields();
}
