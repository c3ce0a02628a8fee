/* SPDX-License-Identifier: Apache-2.0 */
/* Between the registers of the guest and the bytes of an access. */
#include "qvm/arch/aarch64/access.h"
#include <string.h>

static void get_vector(const struct access *a, unsigned reg, uint8_t value[16])
{
	const uint64_t halves[2] = {access_get(a, VREG_V0 + 2 * reg), access_get(a, VREG_V0 + 2 * reg + 1)};

	memcpy(value, halves, sizeof(halves));
}

static void set_vector(const struct access *a, unsigned reg, const uint8_t value[16])
{
	uint64_t halves[2];

	memcpy(halves, value, sizeof(halves));
	a->ops->set(a->ctx, VREG_V0 + 2 * reg, halves[0]);
	a->ops->set(a->ctx, VREG_V0 + 2 * reg + 1, halves[1]);
}

static bool is_structure(const struct access *a)
{
	return a->insn.kind >= INSN_MULTIPLE && a->insn.kind <= INSN_REPLICATE;
}

static void collect_structure(struct access *a)
{
	for (unsigned n = 0; n < a->insn.count; n++) {
		uint8_t value[16];

		get_vector(a, insn_register(&a->insn, n), value);
		memcpy(&a->image[n * a->insn.bytes], &value[insn_lane(&a->insn, n) * a->insn.bytes], a->insn.bytes);
	}
}

/* What a store writes. */
void access_collect(struct access *a)
{
	if (is_structure(a)) {
		collect_structure(a);
		return;
	}
	for (unsigned n = 0; n < a->insn.count; n++) {
		uint8_t *to = &a->image[n * a->insn.bytes], value[16];

		if (a->insn.simd) {
			get_vector(a, a->insn.rt[n], value);
			memcpy(to, value, a->insn.bytes);
		} else {
			access_store(to, a->insn.bytes, a->transfer[n]);
		}
	}
}

static void spread_structure(const struct access *a)
{
	const unsigned bytes = a->insn.bytes, size = a->insn.full ? 16 : 8;
	const unsigned registers = a->insn.kind == INSN_MULTIPLE ? a->bytes / size : a->insn.count;
	uint8_t value[4][16] = {{0}};

	for (unsigned r = 0; a->insn.kind == INSN_LANE && r < registers; r++)
		get_vector(a, (a->insn.rt[0] + r) % 32, value[r]);
	for (unsigned n = 0; n < a->insn.count; n++) {
		uint8_t *to = value[(insn_register(&a->insn, n) - a->insn.rt[0]) % 32];
		unsigned lane = insn_lane(&a->insn, n);
		const unsigned end = a->insn.kind == INSN_REPLICATE ? size / bytes : lane + 1;

		for (; lane < end; lane++)
			memcpy(&to[lane * bytes], &a->image[n * bytes], bytes);
	}
	for (unsigned r = 0; r < registers; r++)
		set_vector(a, (a->insn.rt[0] + r) % 32, value[r]);
}

/* What a load has read. */
void access_spread(const struct access *a)
{
	if (is_structure(a)) {
		spread_structure(a);
		return;
	}
	for (unsigned n = 0; n < a->insn.count; n++) {
		const uint8_t *from = &a->image[n * a->insn.bytes];

		if (a->insn.simd) {
			uint8_t value[16] = {0};

			memcpy(value, from, a->insn.bytes);
			set_vector(a, a->insn.rt[n], value);
		} else if (a->insn.rt[n] < INSN_ZR) {
			a->ops->set(a->ctx, VREG_X0 + a->insn.rt[n],
				    insn_load_value(&a->insn, access_load(from, a->insn.bytes)));
		}
	}
}
