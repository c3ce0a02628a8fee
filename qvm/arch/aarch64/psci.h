/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest gets from its firmware: PSCI 1.1 (Arm DEN 0022) and the Arm Architecture calls of SMCCC 1.1 (Arm DEN
 * 0028). Pure logic over struct psci_ops; who calls psci_answer() holds the VM's lock, so that two CPU_ON cannot both
 * win.
 */
#pragma once

#include "abi/bulkhead.h"
#include <stdbool.h>
#include <stdint.h>

#define PSCI_VERSION     0x84000000u
#define SMCCC_VERSION    0x80000000u
#define PSCI_VERSION_1_1 0x10001u /* also that of SMCCC */

/* Results, DEN 0022 section 5.2.2. */
enum psci_status {
	PSCI_SUCCESS = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INVALID_ADDRESS = -9,
};

/* State of a vCPU, with the values that AFFINITY_INFO returns (section 5.7). */
enum psci_power { PSCI_POWER_ON = 0, PSCI_POWER_OFF = 1, PSCI_POWER_PENDING = 2 };

/* What the caller does after psci_answer(). */
enum psci_outcome {
	PSCI_RETURN,  /* give result[0..3] to the guest as x0-x3 and go on */
	PSCI_STANDBY, /* as PSCI_RETURN, but wait until an interrupt is pending for this vCPU before going on */
	PSCI_RESTART, /* power-down suspend: when an interrupt is pending, enter as after CPU_ON, at result[0] with x0 =
			 result[1] */
	PSCI_CPU_GONE, /* CPU_OFF: this vCPU runs no more until it is turned on */
	PSCI_VM_OFF,   /* SYSTEM_OFF: the VM ends */
	PSCI_VM_RESET, /* SYSTEM_RESET, SYSTEM_RESET2 */
};

struct psci_ops {
	/* Is [ipa, ipa + bytes) the guest's RAM? */
	bool (*is_ram)(void *ctx, uint64_t ipa, uint64_t bytes);
	enum psci_power (*power)(void *ctx, unsigned vcpu); /* needs no lock */
	/* Turn on a vCPU that is off: entry and x0. */
	void (*cpu_on)(void *ctx, unsigned vcpu, uint64_t entry, uint64_t context);
	/* This vCPU is off from now on. False: refused (DENIED). */
	bool (*cpu_off)(void *ctx, unsigned vcpu);
};

struct psci_config {
	unsigned vcpus;
	uint64_t affinity[VCPU_MAX]; /* as in MPIDR_EL1: Aff3 in bits 39:32, Aff2 to Aff0 in bits 23:0 */
	/*
	 * Answers to SMCCC_ARCH_FEATURES for ARCH_WORKAROUND_1, 2, 3: -1 not implemented, 0 implemented and needed, 1
	 * not needed. What the value 0 promises, the hypervisor does on every exit; a call to it returns at once.
	 */
	int32_t workaround[3];
};

/* A configuration that promises nothing. The caller fills in the vCPUs. */
#define PSCI_CONFIG_DEFAULT                                                                  \
	{                                                                                    \
		.workaround = { PSCI_NOT_SUPPORTED, PSCI_NOT_SUPPORTED, PSCI_NOT_SUPPORTED } \
	}

struct psci {
	const struct psci_ops *ops;
	void *ctx;
	struct psci_config config;
};

/*
 * What needs neither state nor lock: the versions, and that nobody here owns a function (DEN 0028, section 2.5: bits 29
 * to 24 name the owner). False: psci_answer() must look.
 */
static inline bool psci_constant(uint32_t id, uint64_t *answer)
{
	if ((id & 0xbb000000) != 0x80000000)
		*answer = (uint64_t)PSCI_NOT_SUPPORTED;
	else if (id == PSCI_VERSION || id == SMCCC_VERSION)
		*answer = PSCI_VERSION_1_1;
	else
		return false;
	return true;
}

/*
 * All that only asks, which needs no lock either: x0 for the guest, which gets its other registers back. PSCI_ACTS: the
 * function does something, psci_answer() must run it. `id`, x1, x2: of the HVC or SMC.
 */
#define PSCI_ACTS INT64_MIN
int64_t psci_query(const struct psci *p, uint64_t x1, uint64_t x2, uint32_t id);

/* args: x0-x3 of the HVC or SMC of vCPU `self`. result: x0-x3 for the guest; what a function does not return stays. */
enum psci_outcome psci_answer(const struct psci *p, unsigned self, const uint64_t args[4], uint64_t result[4]);
