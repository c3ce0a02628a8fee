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

static enum psci_outcome get_version(struct psci_request *c)
{
	return return_value(c, PSCI_VERSION_1_1);
}

static enum psci_outcome migrate_info_type(struct psci_request *c)
{
	return return_value(c, MIGRATE_NOT_NEEDED);
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
	return return_value(c,
			    p->ops->cpu_on(p->ctx, v, c->arg[1], c->arg[2]) < 0 ? PSCI_INTERNAL_FAILURE : PSCI_SUCCESS);
}

/* Section 5.7: an affinity instance above level 0 is on if any core in it is. */
static enum psci_outcome affinity_info(struct psci_request *c)
{
	static const uint64_t level_mask[] = {AFFINITY_BITS, 0xff00ffff00, 0xff00ff0000, 0xff00000000};
	const struct psci *p = c->psci;
	bool found = false, pending = false;

	if ((c->arg[0] & ~AFFINITY_BITS) || c->arg[1] > 3)
		return return_value(c, PSCI_INVALID_PARAMETERS);
	for (unsigned v = 0; v < p->config.vcpus; v++) {
		enum psci_power power;

		if ((p->config.affinity[v] ^ c->arg[0]) & level_mask[c->arg[1]])
			continue;
		found = true;
		power = p->ops->power(p->ctx, v);
		if (power == PSCI_POWER_ON)
			return return_value(c, PSCI_POWER_ON);
		pending |= power == PSCI_POWER_PENDING;
	}
	if (!found)
		return return_value(c, PSCI_INVALID_PARAMETERS);
	return return_value(c, pending ? PSCI_POWER_PENDING : PSCI_POWER_OFF);
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

/* DEN 0028 section 7.3: what of the Arm Architecture calls there is. */
static enum psci_outcome arch_features(struct psci_request *c)
{
	const int32_t *workaround = c->psci->config.workaround;

	switch (c->arg[0]) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES: return return_value(c, PSCI_SUCCESS);
	case SMCCC_ARCH_WORKAROUND_1: return return_value(c, workaround[0]);
	case SMCCC_ARCH_WORKAROUND_2: return return_value(c, workaround[1]);
	case SMCCC_ARCH_WORKAROUND_3: return return_value(c, workaround[2]);
	default: return return_value(c, PSCI_NOT_SUPPORTED);
	}
}

/* The exit to the hypervisor has done already what the guest asks for; else the call does not exist. */
static enum psci_outcome run_workaround(struct psci_request *c, unsigned index)
{
	return return_value(c, c->psci->config.workaround[index] < 0 ? PSCI_NOT_SUPPORTED : PSCI_SUCCESS);
}

static enum psci_outcome workaround_1(struct psci_request *c)
{
	return run_workaround(c, 0);
}

static enum psci_outcome workaround_2(struct psci_request *c)
{
	return run_workaround(c, 1);
}

static enum psci_outcome workaround_3(struct psci_request *c)
{
	return run_workaround(c, 2);
}

static enum psci_outcome psci_features(struct psci_request *c);

static const struct function {
	uint32_t id;
	bool has_smc64; /* the same with bit 30 set exists */
	enum psci_outcome (*run)(struct psci_request *c);
} functions[] = {
    {PSCI_VERSION, false, get_version},
    {CPU_SUSPEND, true, cpu_suspend},
    {CPU_OFF, false, cpu_off},
    {CPU_ON, true, cpu_on},
    {AFFINITY_INFO, true, affinity_info},
    {MIGRATE_INFO_TYPE, false, migrate_info_type},
    {SYSTEM_OFF, false, system_off},
    {SYSTEM_RESET, false, system_reset},
    {PSCI_FEATURES, false, psci_features},
    {SYSTEM_RESET2, true, system_reset2},
    {SMCCC_VERSION, false, get_version},
    {SMCCC_ARCH_FEATURES, false, arch_features},
    {SMCCC_ARCH_WORKAROUND_1, false, workaround_1},
    {SMCCC_ARCH_WORKAROUND_2, false, workaround_2},
    {SMCCC_ARCH_WORKAROUND_3, false, workaround_3},
};

static const struct function *find_function(uint32_t id)
{
	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		const struct function *f = &functions[i];

		if (id == f->id || (f->has_smc64 && id == (f->id | SMC64)))
			return f;
	}
	return 0;
}

/*
 * Section 5.11: SMCCC_VERSION is the one function outside PSCI that may be asked for. The flags of CPU_SUSPEND are zero
 * as well: original format of power_state, platform-coordinated mode.
 */
static enum psci_outcome psci_features(struct psci_request *c)
{
	uint32_t id = (uint32_t)c->arg[0];
	bool psci = (id & ~SMC64) >= PSCI_VERSION || id == SMCCC_VERSION;

	return return_value(c, psci && find_function(id) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
}

enum psci_outcome psci_answer(const struct psci *p, unsigned self, const uint64_t args[4], uint64_t result[4])
{
	uint32_t id = (uint32_t)args[0];
	const struct function *f = find_function(id);
	struct psci_request c = {.psci = p, .self = self, .result = {args[0], args[1]}};
	enum psci_outcome outcome;

	for (unsigned i = 0; i < 3; i++)
		c.arg[i] = id & SMC64 ? args[i + 1] : (uint32_t)args[i + 1];
	outcome = f ? f->run(&c) : return_value(&c, PSCI_NOT_SUPPORTED);
	result[0] = c.result[0];
	result[1] = c.result[1];
	result[2] = args[2];
	result[3] = args[3];
	return outcome;
}
