/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI and SMCCC calls of a guest. Section numbers are those of Arm DEN 0022 (PSCI), issue E, unless another is named.
 */
#include "qvm/arch/aarch64/psci.h"

#define SMC64 (1u << 30) /* of a function identifier: arguments and results are 64 bits (DEN 0028, section 2.5) */

#define CPU_SUSPEND       0x84000001u
#define CPU_OFF           0x84000002u
#define CPU_ON            0x84000003u
#define AFFINITY_INFO     0x84000004u
#define MIGRATE_INFO_TYPE 0x84000006u
#define SYSTEM_OFF        0x84000008u
#define SYSTEM_RESET      0x84000009u
#define PSCI_FEATURES     0x8400000au
#define SYSTEM_RESET2     0x84000012u

#define SMCCC_ARCH_FEATURES     0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

#define MIGRATE_NOT_NEEDED   2 /* section 5.9: no trusted OS, or one that needs no migration */
#define AFFINITY_BITS        0xff00ffffffull
#define POWER_STATE_DOWN     (1u << 16) /* section 5.4.2, original format */
#define POWER_STATE_RESERVED 0xfcfe0000u
#define POWER_STATE_LEVEL    (3u << 24)
#define RESET2_VENDOR        (1u << 31)

/* One call. The arguments of an SMC32 function have been cut to 32 bits. */
struct psci_request {
	const struct psci *psci;
	unsigned self;
	uint64_t arg[3];
	uint64_t result[2];
};

static enum psci_outcome return_value(struct psci_request *c, int64_t value)
{
	c->result[0] = (uint64_t)value;
	return PSCI_RETURN;
}

static bool entry_ok(const struct psci_request *c, uint64_t entry)
{
	return entry % 4 == 0 && c->psci->ops->is_ram(c->psci->ctx, entry, 4);
}

/* Standby and power-down of one core; deeper levels are for whoever owns the machine (section 5.4). */
static enum psci_outcome cpu_suspend(struct psci_request *c)
{
	uint64_t state = c->arg[0];

	if (state & (POWER_STATE_RESERVED | POWER_STATE_LEVEL) || state >> 32)
		return return_value(c, PSCI_INVALID_PARAMETERS);
	if (!(state & POWER_STATE_DOWN)) {
		return_value(c, PSCI_SUCCESS);
		return PSCI_STANDBY;
	}
	if (!entry_ok(c, c->arg[1]))
		return return_value(c, PSCI_INVALID_ADDRESS);
	c->result[0] = c->arg[1];
	c->result[1] = c->arg[2];
	return PSCI_RESTART;
}

static enum psci_outcome cpu_off(struct psci_request *c)
{
	return c->psci->ops->cpu_off(c->psci->ctx, c->self) ? PSCI_CPU_GONE : return_value(c, PSCI_DENIED);
}

static enum psci_outcome cpu_on(struct psci_request *c)
{
	const struct psci *p = c->psci;
	unsigned v = 0;

	while (v < p->config.vcpus && p->config.affinity[v] != c->arg[0])
		v++;
	if (v == p->config.vcpus)
		return return_value(c, PSCI_INVALID_PARAMETERS);
	switch (p->ops->power(p->ctx, v)) {
	case PSCI_POWER_ON: return return_value(c, PSCI_ALREADY_ON);
	case PSCI_POWER_PENDING: return return_value(c, PSCI_ON_PENDING);
	case PSCI_POWER_OFF: break;
	}
	if (!entry_ok(c, c->arg[1]))
		return return_value(c, PSCI_INVALID_ADDRESS);
	p->ops->cpu_on(p->ctx, v, c->arg[1], c->arg[2]);
	return return_value(c, PSCI_SUCCESS);
}

static enum psci_outcome system_off(struct psci_request *c)
{
	return_value(c, PSCI_SUCCESS);
	return PSCI_VM_OFF;
}

static enum psci_outcome system_reset(struct psci_request *c)
{
	return_value(c, PSCI_SUCCESS);
	return PSCI_VM_RESET;
}

/* Section 5.15: type 0 is a warm reset of the system; vendors' types begin at bit 31, and there are none. */
static enum psci_outcome system_reset2(struct psci_request *c)
{
	if (c->arg[0] != 0)
		return return_value(c, c->arg[0] & RESET2_VENDOR ? PSCI_NOT_SUPPORTED : PSCI_INVALID_PARAMETERS);
	return system_reset(c);
}

/* ---- what only asks ---- */

/* Bits of the functions of PSCI by number: those with SMC32, and those with SMC64. */
#define NUMBER(function) (1u << ((function)-PSCI_VERSION))
#define FUNCTIONS_64     (NUMBER(CPU_SUSPEND) | NUMBER(CPU_ON) | NUMBER(AFFINITY_INFO) | NUMBER(SYSTEM_RESET2))
#define FUNCTIONS_32                                                                                              \
	(FUNCTIONS_64 | NUMBER(PSCI_VERSION) | NUMBER(CPU_OFF) | NUMBER(MIGRATE_INFO_TYPE) | NUMBER(SYSTEM_OFF) | \
	 NUMBER(SYSTEM_RESET) | NUMBER(PSCI_FEATURES))

/*
 * Section 5.11: SMCCC_VERSION is the one function outside PSCI that may be asked for. The flags of CPU_SUSPEND are zero
 * as well: original format of power_state, platform-coordinated mode.
 */
static inline int64_t psci_features(uint32_t id)
{
	const uint32_t number = (id & ~SMC64) - PSCI_VERSION;
	const uint32_t functions = id & SMC64 ? FUNCTIONS_64 : FUNCTIONS_32;

	if (number < 32 && (functions >> number & 1))
		return PSCI_SUCCESS;
	return id == SMCCC_VERSION ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

/* DEN 0028 section 7.3: what of the Arm Architecture calls there is. */
static int64_t arch_features(const struct psci *p, uint32_t id)
{
	switch (id) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES: return PSCI_SUCCESS;
	case SMCCC_ARCH_WORKAROUND_1: return p->config.workaround[0];
	case SMCCC_ARCH_WORKAROUND_2: return p->config.workaround[1];
	case SMCCC_ARCH_WORKAROUND_3: return p->config.workaround[2];
	default: return PSCI_NOT_SUPPORTED;
	}
}

/* The exit to the hypervisor has done already what the guest asks for; else the call does not exist. */
static int64_t run_workaround(const struct psci *p, unsigned index)
{
	return p->config.workaround[index] < 0 ? PSCI_NOT_SUPPORTED : PSCI_SUCCESS;
}

/* Section 5.7: an affinity instance above level 0 is on if any core in it is. */
static __attribute__((noinline)) int64_t cluster_info(const struct psci *p, uint64_t affinity, uint64_t mask)
{
	int64_t found = PSCI_INVALID_PARAMETERS;

	for (unsigned v = 0; v < p->config.vcpus; v++) {
		enum psci_power power;

		if ((p->config.affinity[v] ^ affinity) & mask)
			continue;
		power = p->ops->power(p->ctx, v);
		if (power == PSCI_POWER_ON)
			return PSCI_POWER_ON;
		if (found != PSCI_POWER_PENDING)
			found = power;
	}
	return found;
}

static int64_t affinity_info(const struct psci *p, uint64_t affinity, uint64_t level)
{
	static const uint64_t level_mask[] = {AFFINITY_BITS, 0xff00ffff00, 0xff00ff0000, 0xff00000000};

	if (affinity & ~AFFINITY_BITS)
		return PSCI_INVALID_PARAMETERS;
	if (level != 0)
		return level > 3 ? PSCI_INVALID_PARAMETERS : cluster_info(p, affinity, level_mask[level]);
	for (unsigned v = 0; v < p->config.vcpus; v++) {
		if (p->config.affinity[v] == affinity)
			return p->ops->power(p->ctx, v);
	}
	return PSCI_INVALID_PARAMETERS;
}

int64_t psci_query(const struct psci *p, uint64_t x1, uint64_t x2, uint32_t id)
{
	if ((id & ~SMC64) == AFFINITY_INFO)
		return id & SMC64 ? affinity_info(p, x1, x2) : affinity_info(p, (uint32_t)x1, (uint32_t)x2);
	switch (id) {
	case PSCI_VERSION:
	case SMCCC_VERSION: return PSCI_VERSION_1_1;
	case PSCI_FEATURES: return psci_features((uint32_t)x1);
	case MIGRATE_INFO_TYPE: return MIGRATE_NOT_NEEDED;
	case SMCCC_ARCH_FEATURES: return arch_features(p, (uint32_t)x1);
	case SMCCC_ARCH_WORKAROUND_1: return run_workaround(p, 0);
	case SMCCC_ARCH_WORKAROUND_2: return run_workaround(p, 1);
	case SMCCC_ARCH_WORKAROUND_3: return run_workaround(p, 2);
	default: return psci_features(id) == PSCI_SUCCESS ? PSCI_ACTS : PSCI_NOT_SUPPORTED;
	}
}

/* ---- all ---- */

static enum psci_outcome run_action(struct psci_request *c, uint32_t id)
{
	switch (id & ~SMC64) {
	case CPU_SUSPEND: return cpu_suspend(c);
	case CPU_OFF: return cpu_off(c);
	case CPU_ON: return cpu_on(c);
	case SYSTEM_OFF: return system_off(c);
	case SYSTEM_RESET: return system_reset(c);
	default: return system_reset2(c);
	}
}

enum psci_outcome psci_answer(const struct psci *p, unsigned self, const uint64_t args[4], uint64_t result[4])
{
	uint32_t id = (uint32_t)args[0];
	struct psci_request c = {.psci = p, .self = self, .result = {args[0], args[1]}};
	const int64_t answer = psci_query(p, args[1], args[2], id);
	enum psci_outcome outcome;

	for (unsigned i = 0; i < 3; i++)
		c.arg[i] = id & SMC64 ? args[i + 1] : (uint32_t)args[i + 1];
	outcome = answer == PSCI_ACTS ? run_action(&c, id) : return_value(&c, answer);
	result[0] = c.result[0];
	result[1] = c.result[1];
	result[2] = args[2];
	result[3] = args[3];
	return outcome;
}
