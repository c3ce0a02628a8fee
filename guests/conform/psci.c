/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware calls that change nothing (DEN 0022, 5; DEN 0028). Those that end something come later. */
#include "conform.h"

#define NOT_SUPPORTED (-1)
#define INVALID       (-2)
#define ALREADY_ON    (-4)

static const struct call {
	const char *name;
	uint64_t function, a, b;
	bool known;
	int32_t right;
} calls[] = {
    {"psci_version", 0x84000000, 0, 0, true, 0x10001},
    {"psci_version_64", 0xc4000000, 0, 0, true, NOT_SUPPORTED},
    {"migrate_info_type", 0x84000006, 0, 0, true, 2},
    {"features_version", 0x8400000a, 0x84000000, 0, true, 0},
    {"features_suspend", 0x8400000a, 0xc4000001, 0, true, 0},
    {"features_cpu_off", 0x8400000a, 0x84000002, 0, true, 0},
    {"features_cpu_on", 0x8400000a, 0xc4000003, 0, true, 0},
    {"features_cpu_on_32", 0x8400000a, 0x84000003, 0, true, 0},
    {"features_affinity_info", 0x8400000a, 0xc4000004, 0, true, 0},
    {"features_system_off", 0x8400000a, 0x84000008, 0, true, 0},
    {"features_system_reset", 0x8400000a, 0x84000009, 0, true, 0},
    {"features_features", 0x8400000a, 0x8400000a, 0, true, 0},
    {"features_reset2", 0x8400000a, 0xc4000012, 0, false, 0},
    {"features_system_suspend", 0x8400000a, 0xc400000e, 0, false, 0},
    {"features_mem_protect", 0x8400000a, 0x84000013, 0, true, NOT_SUPPORTED},
    {"features_smccc_version", 0x8400000a, 0x80000000, 0, false, 0},
    {"features_unknown", 0x8400000a, 0x840000ff, 0, true, NOT_SUPPORTED},
    {"affinity_info_self", 0xc4000004, 0, 0, true, 0},
    {"affinity_info_other", 0xc4000004, 1, 0, true, 0},
    {"affinity_info_off", 0xc4000004, 2, 0, true, 1},
    {"affinity_info_none", 0xc4000004, 0x700, 0, true, INVALID},
    {"affinity_info_32", 0x84000004, 1, 0, true, 0},
    {"affinity_info_level1", 0xc4000004, 0, 1, false, 0},
    {"affinity_info_level4", 0xc4000004, 0, 4, true, INVALID},
    {"cpu_on_self", 0xc4000003, 0, 0x40200000, true, ALREADY_ON},
    {"cpu_on_other", 0xc4000003, 1, 0x40200000, true, ALREADY_ON},
    {"cpu_on_none", 0xc4000003, 0x700, 0x40200000, true, INVALID},
    {"system_reset2_bad_type", 0xc4000012, 7, 0, false, 0},
    {"unknown_psci", 0x8400001f, 0, 0, true, NOT_SUPPORTED},
    {"unknown_1337", 1337, 0, 0, true, NOT_SUPPORTED},
    {"unknown_vendor", 0x86000000, 0, 0, true, NOT_SUPPORTED},
    {"unknown_64", 0xc6000100, 0, 0, true, NOT_SUPPORTED},
    {"smccc_version", 0x80000000, 0, 0, false, 0},
    {"smccc_arch_features", 0x80000001, 0x80000000, 0, false, 0},
    {"smccc_workaround_1", 0x80000001, 0x80008000, 0, false, 0},
};

void check_psci(void)
{
	for (const struct call *c = calls; c < calls + sizeof(calls) / sizeof(calls[0]); c++) {
		if (!CHECK("psci", c->name))
			continue;
		uint64_t value = (uint32_t)hvc(c->function, c->a, c->b, 0);

		if (c->known)
			found_right(value, (uint32_t)c->right);
		else
			found(value);
	}
}
