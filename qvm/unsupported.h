/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest does that its VM does not have. */
#pragma once

#include <qvmconf.h>
#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* The types of the option `unsupported`. */
enum unsupported_type { UNSUPPORTED_REFERENCE, UNSUPPORTED_REGISTER, UNSUPPORTED_INSTRUCTION };
enum unsupported_act { UNSUPPORTED_READS, UNSUPPORTED_WRITES, UNSUPPORTED_OTHER };
struct unsupported {
	uint64_t where; /* address; of a register, or of an instruction that does OTHER, the syndrome */
	enum unsupported_type type;
	enum unsupported_act act;
	unsigned bytes; /* of a reference that reads or writes */
};

/*
 * Counts it, logs the first of each type, and applies the policy. True: the guest shall go on as if nothing were wrong
 * (`ignore`); false: it gets the CPU's exception (`fail`). `abort` does not return. The vCPU's own thread.
 */
bool unsupported_apply_policy(struct vcpu *vcpu, enum qvm_unsupported policy, uint64_t where,
			      enum unsupported_type type, enum unsupported_act act, unsigned bytes);

#define UNSUPPORTED_TEXT 64
/* "read of 4 bytes at 0x50000000" */
void unsupported_text(const struct unsupported *u, char text[UNSUPPORTED_TEXT]);
