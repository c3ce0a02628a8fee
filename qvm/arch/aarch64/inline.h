/* SPDX-License-Identifier: Apache-2.0 */
/* What qvm/arch.h takes from here: types, and functions that each exit runs. */
#pragma once

#include "qvm/arch/aarch64/guest_gic.h"
#include "qvm/arch/aarch64/psci.h"
#include "qvm/arch/aarch64/walk.h"

struct arch_vm {
	struct guest_gic gic;  /* under the VM's lock, apart from lines and requests: guest_gic.h */
	struct psci psci;      /* psci_answer(): under the VM's lock */
	int vcpu_id[VCPU_MAX]; /* each vCPU's, in the kernel */
	uint32_t set_way;      /* the guest has used cache maintenance by set and way */
};

struct exit_reply;

struct arch_vcpu {
	struct exit_reply *reply;   /* to the exit at hand, while an instruction is emulated */
	uint64_t entry, context;    /* where it begins when it goes on, and its first argument there */
	uint64_t retry_pc, retries; /* of the instruction that was let try again last */
	struct walk_layout layout;
	struct arch_request *request; /* of the GIC */
};

/* Of programs for a guest: e_machine (ELF for the Arm 64-bit Architecture), and what messages call it. */
#define ARCH_ELF_MACHINE 183
#define ARCH_MACHINE     "an AArch64 machine"

#define ARCH_INTERRUPT_CELLS 3u

/* ISS of a data abort (Arm ARM D24.2.40): synchronous External abort; Write not Read. */
#define ISS_EXTERNAL 0x10u
#define ISS_WNR      0x40u

static inline bool arch_interrupts_refused(const struct arch_vm *vm)
{
	return __atomic_load_n(&vm->gic.refused, __ATOMIC_RELAXED) != 0;
}

static inline bool arch_is_call(int64_t exit, uint64_t immediate)
{
	_Static_assert(EXIT_SMC == (EXIT_HVC | 1), "the two in one comparison");
	return (exit | 1) == EXIT_SMC && immediate == 0;
}

static inline bool arch_call_query(const struct arch_vm *vm, const uint64_t x[3], uint64_t *result)
{
	int64_t answer;

	if (psci_constant((uint32_t)x[0], result))
		return true;
	answer = psci_query(&vm->psci, x[1], x[2], (uint32_t)x[0]);
	*result = (uint64_t)answer;
	return answer != PSCI_ACTS;
}

static inline const struct arch_request *arch_take_request(const struct arch_vcpu *vcpu)
{
	struct arch_request *r = vcpu->request;

	if (!r->wanted)
		return NULL;
	r->wanted = 0;
	return r;
}

static inline uint64_t arch_abort(bool write)
{
	return write ? ISS_EXTERNAL | ISS_WNR : ISS_EXTERNAL;
}
