/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the hostile guest share. */
#pragma once

#include "guest.h"
#include "step.h"

enum outcome {
	OUT_OK,        /* ran through to the BRK after it */
	OUT_DATA,      /* data abort */
	OUT_PREFETCH,  /* instruction abort */
	OUT_UNDEFINED, /* EC 0 */
	OUT_OTHER,     /* any other exception */
	OUT_ABANDONED, /* the watchdog, or another interrupt, ended it */
	OUTCOMES
};

/* One virtual CPU that attacks. */
struct attacker {
	struct step step;
	uint64_t random;           /* state of the generator */
	uint64_t counts[OUTCOMES]; /* by enum outcome */
	uint32_t *word;            /* where in the scratch page a step's instruction goes */
	enum outcome outcome;      /* of the last step, by the exception handler */
	unsigned int cpu;
	uint32_t gic_parts; /* of the interrupt controller that the step may have changed: set them up again */
	bool active;        /* a step runs: exceptions end it */
	volatile bool done;
};

/* A BRK that nothing else here contains marks the end of a step. */
#define STEP_BRK     0xd42a5a00u
#define STEP_BRK_ISS 0x52d0u

/* In gic_parts bit n is redistributor n, and this the distributor's control register: what the watchdog needs. */
#define GIC_DISTRIBUTOR (1u << CPU_LIMIT)

/* words.S */
extern const uint32_t access_words[], access_words_end[];

/* random.c: xorshift64*, addresses and instruction words. */
uint64_t random_next(struct attacker *a);
/* Never within the guest's own image; its own device frames only if asked for. */
uint64_t random_address(struct attacker *a, bool own_frames);
bool word_is_safe(uint32_t word, bool mmu);            /* false: would only break or stop the attacker itself */
uint32_t word_gic_parts(uint32_t word, uint64_t base); /* with this in its base register */

/* attack.c: chooses and prepares one step. */
void attack_prepare(struct attacker *a, bool mmu);

/* mmu.c: identity map of what 48 bits reach, Normal memory, so that no alignment fault of stage 1 hides stage 2. */
void mmu_build(void);
void mmu_enable(void);
