/* SPDX-License-Identifier: Apache-2.0 */
/* One access of a guest that is being emulated: emulate.c understands it, emulate_data.c moves it. */
#pragma once

#include "abi/bulkhead.h"
#include "qvm/arch/aarch64/emulate.h"
#include "qvm/arch/aarch64/insn.h"
#include "qvm/arch/aarch64/walk.h"

struct access {
	const struct guest_memory *m;
	const struct emulate_ops *ops;
	void *ctx;
	const struct emulate_exit *exit;
	struct walk_regs regs;
	uint64_t pstate;
	struct insn_access insn;
	unsigned rights; /* WALK_* */
	unsigned base_vreg;
	uint64_t base, index;
	uint64_t start;       /* virtual address of the first byte */
	unsigned bytes, part; /* of all; of each access, if it lies in one page */
	unsigned into;        /* which byte faulted */
	uint64_t page[2];     /* where the pages of `start` and after it lead */
	uint8_t image[INSN_BYTES_MAX];
};

static inline uint64_t access_get(const struct access *a, unsigned vreg)
{
	return a->ops->get(a->ctx, vreg);
}

/* A general register as an operand: 31 is zero. */
static inline uint64_t access_general(const struct access *a, unsigned reg)
{
	return reg < INSN_ZR ? access_get(a, VREG_X0 + reg) : 0;
}

/* Fills the image with the bytes that a store writes. */
void access_collect(struct access *a);

/* Fills the registers with what a load has read into the image. */
void access_spread(const struct access *a);
