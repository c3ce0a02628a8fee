/* SPDX-License-Identifier: Apache-2.0 */
/* What the access is, where it leads and what is there. */
#include "qvm/arch/aarch64/emulate.h"
#include "abi/bulkhead.h"
#include "qvm/arch/aarch64/access.h"
#include "qvm/arch/aarch64/inline.h"
#include "qvm/arch/aarch64/watch.h"
#include <string.h>

#define PSTATE_SP  1ull /* PSTATE.SPSel, as the lowest bit of SPSR.M */
#define PSTATE_EL  (3ull << 2)
#define PSTATE_32  (1ull << 4) /* AArch32: its instructions are others */
#define PSTATE_PAN (1ull << 22)
#define PSTATE_UAO (1ull << 23)
#define TAG_SHIFT  8 /* the top byte of an address may be a tag */
#define IN_PAGE    (GUEST_PAGE - 1)

/* ISS of a data abort (Arm ARM D24.2.40). */
#define ISS_ISV             (1ull << 24)
#define ISS_SAS(esr)        ((unsigned)((esr) >> 22) & 3)
#define ISS_SSE             (1ull << 21)
#define ISS_SRT(esr)        ((unsigned)((esr) >> 16) & 31)
#define ISS_SF              (1ull << 15)
#define ISS_CM              (1ull << 8)
#define ISS_S1PTW           (1ull << 7)
#define ISS_PERMISSION(esr) (((esr)&0x3c) == FSC_PERMISSION)
#define FSC_ALIGNMENT       0x21u
#define FSC_WATCHPOINT      0x22u
#define FSC_EXCLUSIVE       0x35u

static bool is_write(const struct access *a)
{
	return a->insn.store || a->insn.kind == INSN_ATOMIC;
}

static struct emulate_result outcome(enum emulate_outcome what)
{
	return (struct emulate_result){.outcome = what};
}

static struct emulate_result abort_result(const struct access *a, unsigned at, unsigned fsc, bool write)
{
	return (struct emulate_result){
	    .outcome = EMULATE_ABORT, .iss = fsc | (write ? ISS_WNR : 0), .offset = (uint64_t)at - a->into};
}

/* ---- what the instruction is ---- */

static bool fetch_word(const struct access *a, uint32_t *word)
{
	struct walk w;

	return a->exit->pc % 4 == 0 && walk_translate(a->m, &a->exit->regs, a->exit->pc, WALK_ANY, &w) &&
	       guest_memory_read32(a->m, w.ipa, word);
}

/* The word that is there now may not be what faulted: another vCPU may have overwritten it. */
static bool agrees_with_syndrome(const struct insn_access *insn, uint64_t esr)
{
	if (esr & ISS_ISV)
		return insn->kind == INSN_PLAIN && insn->count == 1 && !insn->simd &&
		       insn->bytes == 1u << ISS_SAS(esr) && insn->rt[0] == ISS_SRT(esr) &&
		       insn->store == !!(esr & ISS_WNR) &&
		       (insn->store || (insn->sign_extend == !!(esr & ISS_SSE) && insn->wide == !!(esr & ISS_SF)));
	return insn->kind == INSN_ATOMIC || insn->store == !!(esr & ISS_WNR);
}

/* Register 31 as a base: the one in use. */
static unsigned stack_pointer(const struct access *a)
{
	return (a->exit->pstate & PSTATE_EL) != 0 && (a->exit->pstate & PSTATE_SP) ? VREG_SP_EL1 : VREG_SP_EL0;
}

/* All general registers that the instruction may read, at once. */
static void get_operands(struct access *a)
{
	const uint32_t numbers = a->insn.rn | a->insn.rm << 8 | a->insn.rt[0] << 16 | (uint32_t)a->insn.rt[1] << 24;
	uint64_t value[4];

	a->ops->get_general(a->ctx, numbers, value);
	a->base = value[0];
	if (a->insn.rn == INSN_PC)
		a->base = a->exit->pc;
	else if (a->insn.rn == INSN_ZR)
		a->base = access_get(a, stack_pointer(a));
	a->index = value[1];
	a->transfer[0] = value[2];
	a->transfer[1] = value[3];
}

/* The syndrome has all of it: one register, within one page. The CPU has checked the guest's stage 1 for it. */
static void take_from_syndrome(struct access *a)
{
	const uint64_t esr = a->exit->esr;

	a->insn = (struct insn_access){.count = 1,
				       .bytes = (uint8_t)(1u << ISS_SAS(esr)),
				       .store = esr & ISS_WNR,
				       .sign_extend = esr & ISS_SSE,
				       .wide = esr & ISS_SF,
				       .rn = INSN_NO_REGISTER,
				       .rm = INSN_NO_REGISTER,
				       .rt = {(uint8_t)ISS_SRT(esr), INSN_NO_REGISTER},
				       .status = INSN_NO_REGISTER};
	if (a->insn.store)
		get_operands(a);
	a->start = a->exit->far;
	a->described = true;
}

static unsigned zero_block(void)
{
	uint64_t dczid = 4;

#ifdef __aarch64__
	__asm__("mrs %0, dczid_el0" : "=r"(dczid));
#endif
	return 4u << (dczid & 0xf);
}

static unsigned rights_of(const struct access *a)
{
	const bool el0 = (a->exit->pstate & PSTATE_EL) == 0;
	const bool user = el0 || (a->insn.unprivileged && !(a->exit->pstate & PSTATE_UAO));
	unsigned rights = is_write(a) ? WALK_WRITE : 0;

	if (user)
		return rights | WALK_USER;
	return rights | (a->exit->pstate & PSTATE_PAN ? WALK_PAN : 0);
}

static bool decode_access(struct access *a)
{
	uint32_t word;

	if (!fetch_word(a, &word) || !insn_decode(word, &a->insn) || !agrees_with_syndrome(&a->insn, a->exit->esr))
		return false;
	get_operands(a);
	if (a->insn.kind == INSN_ZERO) {
		a->bytes = zero_block();
		a->start = a->transfer[0] & ~((uint64_t)a->bytes - 1);
		return true;
	}
	a->start = insn_address(&a->insn, a->base, a->index);
	return true;
}

/* False: what is there now did not fault at this address. */
static bool locate_fault(struct access *a)
{
	uint64_t into;

	a->part = a->insn.kind == INSN_ZERO || a->insn.bytes > 8 ? 8 : a->insn.bytes;
	if (a->insn.kind != INSN_ZERO)
		a->bytes = (unsigned)a->insn.count * a->insn.bytes;
	into = (a->exit->far - a->start) << TAG_SHIFT >> TAG_SHIFT;
	a->into = (unsigned)into;
	return into < a->bytes;
}

/* Bytes that go at a time; DC ZVA is one of all. */
static unsigned element(const struct access *a)
{
	return a->insn.kind == INSN_ZERO ? a->bytes : a->insn.bytes;
}

/* ---- where it leads ---- */

static inline unsigned page_of(const struct access *a, unsigned at)
{
	return (unsigned)(((a->start & IN_PAGE) + at) / GUEST_PAGE);
}

static inline uint64_t ipa_of(const struct access *a, unsigned at)
{
	return a->page[page_of(a, at)] | ((a->start + at) & IN_PAGE);
}

/*
 * The CPU has made this access, or one that differs in registers only, and has found where it leads: one page, with the
 * rights of the level that it was made at.
 */
static bool is_translated(const struct access *a)
{
	return a->exit->ipa >> WALK_PA_BITS == 0 && a->insn.kind == INSN_PLAIN && !a->insn.unprivileged &&
	       page_of(a, a->bytes - 1) == 0;
}

/*
 * Looks up each page with the access's rights: the CPU has checked stage 1 only for the page that faulted, and for what
 * the instruction was then. True: all pages are mapped.
 */
static bool translate_pages(struct access *a, struct emulate_result *r)
{
	const unsigned fault_page = page_of(a, a->into);
	const bool known = a->exit->ipa != UINT64_MAX;

	if (is_translated(a)) {
		a->page[0] = a->exit->ipa & ~(uint64_t)IN_PAGE;
		return true;
	}
	for (unsigned page = 0; page <= page_of(a, a->bytes - 1); page++) {
		const unsigned at = page == 0 ? 0 : (unsigned)(GUEST_PAGE - (a->start & IN_PAGE));
		struct walk w;

		if (!walk_translate(a->m, &a->exit->regs, a->start + at, a->described ? WALK_ANY : rights_of(a), &w)) {
			/* Tables that only the CPU can read: in memory of the host that is passed. */
			*r = page == fault_page && w.fsc == FSC_AT(FSC_EXTERNAL_WALK, w.level)
				 ? outcome(EMULATE_RETRY)
				 : abort_result(a, page == fault_page && at < a->into ? a->into : at, w.fsc,
						a->insn.store);
			return false;
		}
		a->page[page] = w.ipa & ~(uint64_t)IN_PAGE;
	}
	*r = outcome(EMULATE_RETRY); /* if the tables have changed since */
	return !known || a->page[fault_page] == (a->exit->ipa & ~(uint64_t)IN_PAGE);
}

/* Stage 2 has stopped a walk of stage 1: at the level whose table is not memory, or cannot be marked as accessed. */
static unsigned walk_fault(const struct guest_memory *m, const struct walk_regs *regs, uint64_t va)
{
	struct walk w;

	return walk_translate(m, regs, va, WALK_ANY, &w) ? FSC_AT(FSC_EXTERNAL_WALK, w.level) : w.fsc;
}

/* ---- what is there ---- */

enum place { MEMORY, DEVICE, NOTHING };

static enum place place_of(const struct access *a, uint64_t ipa, unsigned at, unsigned size, bool write)
{
	const uint64_t esr = a->exit->esr;
	const struct guest_range *range = guest_memory_range(a->m, ipa, size);

	if (!range)
		return a->devices->exists(a->ctx, ipa, size) ? DEVICE : NOTHING;
	if (range->rom && write)
		return NOTHING;
	/* The host's memory with fewer rights. */
	if (ISS_PERMISSION(esr) && page_of(a, at) == page_of(a, a->into) && write == !!(esr & ISS_WNR))
		return NOTHING;
	return MEMORY;
}

/* The size of the access at this byte: of an element, or of half of one of 16 bytes; across two pages byte by byte. */
static inline unsigned chunk(const struct access *a, unsigned at)
{
	return ((a->start + at - at % a->part) & IN_PAGE) + a->part > GUEST_PAGE ? 1 : a->part;
}

static bool reads_memory(const struct access *a, unsigned at, unsigned size)
{
	return place_of(a, ipa_of(a, at), at, size, false) == MEMORY;
}

/* For a fault of an instruction that reads and writes, WnR says whether the read alone would have been right. */
static bool fault_writes(const struct access *a, unsigned at)
{
	if (a->insn.kind != INSN_ATOMIC)
		return a->insn.store;
	return reads_memory(a, at, chunk(a, at));
}

static bool apply_policy(const struct access *a, uint64_t ipa, unsigned size, bool write)
{
	return a->devices->apply_policy(a->ctx, ipa, size, write ? UNSUPPORTED_WRITES : UNSUPPORTED_READS);
}

/* True: to be done, with all ones for what is not there. */
static bool is_admitted(struct access *a, struct emulate_result *r)
{
	const bool plain = a->insn.kind <= INSN_REPLICATE, write = is_write(a);
	bool memory = true;
	unsigned nothing = a->bytes;

	for (unsigned at = 0, size; at < a->bytes; at += size) {
		enum place place;

		size = chunk(a, at);
		place = place_of(a, ipa_of(a, at), at, size, write);
		memory = memory && place == MEMORY;
		if (place == NOTHING && nothing == a->bytes)
			nothing = at;
		if (place == DEVICE)
			a->device |= 1ull << (at & 63);
		else if (place == MEMORY || (write && !a->insn.store && reads_memory(a, at, size))) /* an atomic one */
			a->memory |= 1ull << (at & 63);
	}
	if (memory) { /* there is nothing to stop it any more */
		*r = outcome(EMULATE_RETRY);
		return false;
	}
	if (a->device && !plain) {
		apply_policy(a, ipa_of(a, a->into), element(a), a->insn.store);
		*r = abort_result(a, a->into, a->insn.kind == INSN_ZERO ? FSC_ALIGNMENT : FSC_EXCLUSIVE, a->insn.store);
		return false;
	}
	if (nothing == a->bytes || apply_policy(a, ipa_of(a, nothing), element(a), fault_writes(a, nothing)))
		return true;
	if (a->insn.kind == INSN_ZERO)
		nothing = a->into;
	*r = abort_result(a, nothing, ISS_EXTERNAL, fault_writes(a, nothing));
	return false;
}

/* ---- the access ---- */

/* One chunk, as is_admitted() has found it. False: the device refuses. */
static bool transfer_part(struct access *a, unsigned at, unsigned size)
{
	const uint64_t ipa = ipa_of(a, at);
	uint64_t value = ~0ull;

	if (a->device >> at & 1) {
		if (a->insn.store)
			return a->devices->write(a->ctx, ipa, size, access_load(&a->image[at], size));
		if (!a->devices->read(a->ctx, ipa, size, &value))
			return false;
	} else if (a->memory >> at & 1) {
		uint8_t *memory = guest_memory_ptr(a->m, ipa, size);

		if (a->insn.store)
			memcpy(memory, &a->image[at], size);
		else
			memcpy(&a->image[at], memory, size);
		return true;
	}
	if (!a->insn.store)
		access_store(&a->image[at], size, value);
	return true;
}

/* No form that is relative to PC has it. */
static void write_back(const struct access *a)
{
	uint64_t updated;

	if (insn_writeback(&a->insn, a->base, a->index, &updated))
		a->ops->set(a->ctx, a->insn.rn == INSN_ZR ? stack_pointer(a) : VREG_X0 + a->insn.rn, updated);
}

/* An element, between a device and a general register. False: the device refuses. */
static inline bool transfer_element(const struct access *a, unsigned n, uint64_t ipa, uint64_t *loaded)
{
	const unsigned size = a->insn.bytes;

	if (a->insn.store)
		return a->devices->write(a->ctx, ipa, size, a->transfer[n] & (~0ull >> (64 - 8 * size)));
	return a->devices->read(a->ctx, ipa, size, loaded);
}

/*
 * General registers and one device, which is where no memory is (map.c), in one page: needs no image of the bytes.
 * Registers change when nothing refuses any more. False: something else, and nothing is done yet.
 */
static bool transfer_registers(struct access *a, struct emulate_result *r)
{
	const unsigned size = a->insn.bytes, count = a->insn.count;
	const uint64_t ipa = ipa_of(a, 0);
	uint64_t loaded[2];

	if (a->insn.kind != INSN_PLAIN || a->insn.simd || page_of(a, a->bytes - 1) != 0 ||
	    !a->devices->exists(a->ctx, ipa, a->bytes))
		return false;
	*r = outcome(EMULATE_DONE);
	for (unsigned n = 0; n < count; n++) {
		if (!transfer_element(a, n, ipa + n * size, &loaded[n])) {
			*r = abort_result(a, n * size, ISS_EXTERNAL, a->insn.store);
			return true;
		}
	}
	for (unsigned n = 0; n < count && !a->insn.store; n++)
		if (a->insn.rt[n] < INSN_ZR)
			a->ops->set(a->ctx, VREG_X0 + a->insn.rt[n], insn_load_value(&a->insn, loaded[n]));
	write_back(a);
	return true;
}

/* In the order of elements. False: a device refuses, at this byte. */
static bool transfer_bytes(struct access *a, unsigned *at)
{
	for (unsigned size, now = 0; now < a->bytes; now += size) {
		*at = now;
		size = chunk(a, now);
		if (!transfer_part(a, now, size))
			return false;
	}
	return true;
}

static struct emulate_result perform_access(struct access *a)
{
	unsigned at;

	if (a->insn.kind == INSN_ZERO)
		return outcome(EMULATE_DONE); /* no memory is there to be zeroed */
	if (a->insn.store)
		access_collect(a);
	if (!transfer_bytes(a, &at))
		return abort_result(a, at, ISS_EXTERNAL, a->insn.store);
	if (!a->insn.store)
		access_spread(a);
	if (a->insn.status < INSN_ZR)
		a->ops->set(a->ctx, VREG_X0 + a->insn.status, 0);
	write_back(a);
	return outcome(EMULATE_DONE);
}

/* ---- all ---- */

static unsigned watch_kind(const struct access *a)
{
	return (a->insn.store ? 0 : WATCH_READ) | (is_write(a) ? WATCH_WRITE : 0) |
	       (rights_of(a) & WALK_USER ? WATCH_USER : 0);
}

/* One register, and neither from the page before nor into the next one. */
static bool is_described(const struct emulate_exit *exit)
{
	const unsigned bytes = 1u << ISS_SAS(exit->esr);
	const uint64_t at = exit->far & IN_PAGE;

	return (exit->esr & ISS_ISV) && (bytes == 1 || at != 0) && at + bytes <= GUEST_PAGE;
}

struct emulate_result emulate_access(const struct guest_memory *m, const struct emulate_ops *ops,
				     const struct device_ops *devices, void *ctx, const struct emulate_exit *exit)
{
	uint8_t image[INSN_BYTES_MAX] __attribute__((aligned(16)));
	struct access a;
	struct emulate_result r;
	unsigned at;

	a.m = m;
	a.ops = ops;
	a.devices = devices;
	a.ctx = ctx;
	a.exit = exit;
	a.image = image;
	a.described = false;
	a.into = 0;
	a.memory = a.device = 0;
	if (exit->esr & ISS_S1PTW)
		return abort_result(&a, 0, walk_fault(m, &exit->regs, exit->far), exit->esr & ISS_WNR);
	if (exit->esr & ISS_CM)
		return outcome(EMULATE_DONE); /* no memory: nothing to clean; ROM: nothing is lost */
	if (is_described(exit))
		take_from_syndrome(&a);
	else if (exit->pstate & PSTATE_32)
		return outcome(EMULATE_UNSUPPORTED);
	else if (!decode_access(&a))
		return outcome(EMULATE_RETRY);
	if (!locate_fault(&a))
		return outcome(EMULATE_RETRY);
	if (!translate_pages(&a, &r))
		return r;
	if ((exit->mdscr & MDSCR_MDE) && watch_hits(ops->get, ctx, a.start, a.bytes, watch_kind(&a), &at))
		return abort_result(&a, at, FSC_WATCHPOINT, a.insn.store);
	if (transfer_registers(&a, &r))
		return r;
	return is_admitted(&a, &r) ? perform_access(&a) : r;
}

unsigned emulate_fetch(const struct guest_memory *m, const struct emulate_exit *exit, uint64_t *ipa)
{
	struct walk w;

	*ipa = exit->ipa;
	if (exit->esr & ISS_S1PTW)
		return walk_fault(m, &exit->regs, exit->far);
	if (exit->ipa >> WALK_PA_BITS == 0)
		return ISS_EXTERNAL;
	if (!walk_translate(m, &exit->regs, exit->far, WALK_ANY, &w))
		return w.fsc;
	*ipa = w.ipa;
	return ISS_EXTERNAL;
}
