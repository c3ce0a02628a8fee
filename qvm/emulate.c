/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/emulate.h"

#include "abi/bulkhead.h"
#include "qvm/insn.h"
#include "qvm/walk.h"

#define PSTATE_SP 1ull /* PSTATE.SPSel, as the lowest bit of SPSR.M */
#define PSTATE_EL (3ull << 2)
#define PSTATE_32 (1ull << 4) /* AArch32: its instructions are others */
#define TAG_SHIFT 8           /* the top byte of an address may be a tag */
#define PARTS_MAX 4           /* two registers of 16 bytes, in accesses of 8 */

struct access {
	const struct emulate_ops *ops;
	void *ctx;
	struct insn_access insn;
	uint64_t ipa;         /* of the first byte */
	unsigned part, parts; /* bytes of each access to the device, and how many for a register */
	uint64_t value[PARTS_MAX];
};

static bool walk(const struct guest_memory *m, const struct emulate_ops *ops, void *ctx, uint64_t va, uint64_t *ipa)
{
	const struct walk_regs regs = {.sctlr = ops->get(ctx, VREG_SCTLR_EL1),
				       .tcr = ops->get(ctx, VREG_TCR_EL1),
				       .ttbr0 = ops->get(ctx, VREG_TTBR0_EL1),
				       .ttbr1 = ops->get(ctx, VREG_TTBR1_EL1)};

	return guest_walk(m, &regs, va, ipa);
}

static bool fetch(const struct guest_memory *m, const struct emulate_ops *ops, void *ctx, uint64_t pc, uint32_t *word)
{
	uint64_t ipa;

	return pc % 4 == 0 && walk(m, ops, ctx, pc, &ipa) && guest_read32(m, ipa, word);
}

/* Register 31 as a base is the stack pointer in use. */
static unsigned base_register(const struct access *a)
{
	const uint64_t pstate = a->ops->get(a->ctx, VREG_PSTATE);

	if (a->insn.rn != INSN_ZR)
		return VREG_X0 + a->insn.rn;
	return (pstate & PSTATE_EL) != 0 && (pstate & PSTATE_SP) ? VREG_SP_EL1 : VREG_SP_EL0;
}

static uint64_t general(const struct access *a, unsigned reg)
{
	return reg < INSN_ZR ? a->ops->get(a->ctx, VREG_X0 + reg) : 0;
}

/*
 * All bytes must lie in the 4 KiB page that faulted. Of that page the CPU has checked the guest's stage 1 for this kind
 * of access; of the next one nobody has, and a user program of the guest must not gain by us what its kernel denies it.
 */
static bool locate(struct access *a, uint64_t base, uint64_t ipa, uint64_t far)
{
	const uint64_t start = insn_address(&a->insn, base, general(a, a->insn.rm));
	const unsigned bytes = (unsigned)a->insn.count * a->insn.bytes;
	const uint64_t into = (far - start) << TAG_SHIFT >> TAG_SHIFT;

	a->part = a->insn.bytes > 8 ? 8 : a->insn.bytes;
	a->parts = a->insn.bytes / a->part;
	/* Otherwise the word is not what faulted: another vCPU has overwritten it since. */
	if (into >= bytes || into > (ipa & (GUEST_PAGE - 1)))
		return false;
	a->ipa = ipa - into;
	return (a->ipa & (GUEST_PAGE - 1)) + bytes <= GUEST_PAGE;
}

static uint64_t stored(const struct access *a, unsigned n, unsigned part)
{
	return a->insn.simd ? a->ops->get(a->ctx, VREG_V0 + 2u * a->insn.rt[n] + part) : general(a, a->insn.rt[n]);
}

static bool transfer(struct access *a)
{
	const uint64_t mask = ~0ull >> (64 - 8 * a->part);

	for (unsigned i = 0; i < a->insn.count * a->parts; i++) {
		const uint64_t ipa = a->ipa + (uint64_t)i * a->part;

		if (a->insn.store ? !a->ops->write(a->ctx, ipa, a->part, stored(a, i / a->parts, i % a->parts) & mask)
				  : !a->ops->read(a->ctx, ipa, a->part, &a->value[i]))
			return false;
		a->value[i] &= mask;
	}
	return true;
}

static void write_registers(const struct access *a)
{
	for (unsigned n = 0; n < a->insn.count; n++) {
		const uint64_t *raw = &a->value[n * a->parts];
		const unsigned rt = a->insn.rt[n];

		if (a->insn.simd) {
			a->ops->set(a->ctx, VREG_V0 + 2 * rt, raw[0]);
			a->ops->set(a->ctx, VREG_V0 + 2 * rt + 1, a->parts == 2 ? raw[1] : 0);
		} else if (rt < INSN_ZR) {
			a->ops->set(a->ctx, VREG_X0 + rt, insn_load_value(&a->insn, raw[0]));
		}
	}
}

enum emulate_result emulate_access(const struct guest_memory *m, const struct emulate_ops *ops, void *ctx, uint64_t ipa,
				   uint64_t far, uint64_t pc)
{
	struct access a = {.ops = ops, .ctx = ctx};
	uint64_t base, updated;
	unsigned base_vreg;
	uint32_t word;

	if (ops->get(ctx, VREG_PSTATE) & PSTATE_32)
		return EMULATE_UNSUPPORTED;
	if (ipa == UINT64_MAX && !walk(m, ops, ctx, far, &ipa))
		return EMULATE_RETRY;
	if (!fetch(m, ops, ctx, pc, &word) || !insn_decode(word, &a.insn))
		return EMULATE_UNSUPPORTED;
	base_vreg = base_register(&a);
	base = ops->get(ctx, base_vreg);
	if (!locate(&a, base, ipa, far))
		return EMULATE_UNSUPPORTED;
	if (!transfer(&a))
		return EMULATE_ABORT;
	if (!a.insn.store)
		write_registers(&a);
	if (insn_writeback(&a.insn, base, &updated))
		ops->set(ctx, base_vreg, updated);
	return EMULATE_DONE;
}
