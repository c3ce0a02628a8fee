/* SPDX-License-Identifier: Apache-2.0 */
/* One access of a guest that is being emulated: emulate.c understands it, emulate_data.c moves it. */
#pragma once

#include "abi/bulkhead.h"
#include "qvm/arch/aarch64/emulate.h"
#include "qvm/arch/aarch64/insn.h"
#include <string.h>

struct access {
	const struct guest_memory *m;
	const struct emulate_ops *ops;
	const struct device_ops *devices;
	void *ctx;
	const struct emulate_exit *exit;
	struct insn_access insn;
	bool described; /* the syndrome has all of it */
	uint64_t base, index,
	    transfer[2];      /* what rn, rm and both rt of `insn` have, where that is a general register */
	uint64_t start;       /* virtual address of the first byte */
	unsigned bytes, part; /* of all; of each access, if it lies in one page */
	unsigned into;        /* which byte faulted */
	uint64_t page[2];     /* where the pages of `start` and after it lead */
	uint64_t memory;      /* bit n: memory is at the byte n, */
	uint64_t device;      /* a device */
	uint8_t *image;       /* INSN_BYTES_MAX, aligned */
};

/* Bytes of the image, `bytes` of them at a multiple of that. */
static inline uint64_t access_load(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	switch (bytes) {
	case 1: return *at;
	case 2: memcpy(&value, __builtin_assume_aligned(at, 2), 2); break;
	case 4: memcpy(&value, __builtin_assume_aligned(at, 4), 4); break;
	default: memcpy(&value, __builtin_assume_aligned(at, 8), 8); break;
	}
	return value;
}

static inline void access_store(uint8_t *at, unsigned bytes, uint64_t value)
{
	switch (bytes) {
	case 1: *at = (uint8_t)value; break;
	case 2: memcpy(__builtin_assume_aligned(at, 2), &value, 2); break;
	case 4: memcpy(__builtin_assume_aligned(at, 4), &value, 4); break;
	default: memcpy(__builtin_assume_aligned(at, 8), &value, 8); break;
	}
}

static inline uint64_t access_get(const struct access *a, unsigned vreg)
{
	return a->ops->get(a->ctx, vreg);
}

/* Fills the image with the bytes that a store writes. */
void access_collect(struct access *a);

/* Fills the registers with what a load has read into the image. */
void access_spread(const struct access *a);
