/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

const unsigned number[COUNT] = {0,  3,  7,  15, PPI_LEVEL, PPI_EDGE, 27, 30, 40, 41, 42, 43,
				44, 45, 46, 47, 48,        49,       50, 51, 52, 53, 54, 55};

struct ref ref[COUNT];
unsigned ctlr;

struct running stack[DEPTH];
unsigned depth;
bool ended[COUNT];

struct vgic_cpu v;
uint64_t hw[VGIC_LR_MAX];
bool in_hw;
unsigned taken, placed, again, placed_changes;
static unsigned lrs;
static unsigned eoicount;
static uint32_t seed;
bool physical;
bool linked;

/* Interrupts that are linked to the host's: test_vgic_halves.c. */
static unsigned deactivated, made_pending;

void arch_irq_deactivate(uint32_t intid)
{
	deactivated = intid;
}

void arch_irq_set_pending(uint32_t intid, bool pending)
{
	made_pending = pending ? intid : 0;
}

unsigned rnd(unsigned below)
{
	return random_below(&seed, below);
}

unsigned index_of(unsigned intid)
{
	for (unsigned i = 0; i < COUNT; i++)
		if (number[i] == intid)
			return i;
	fail_msg("interrupt %u is none of the test's", intid);
	return 0;
}

bool is_pending(unsigned i)
{
	return ref[i].latch || (ref[i].line && !ref[i].edge);
}

static unsigned running_prio(void)
{
	return depth ? stack[depth - 1].prio : IDLE_PRIO;
}

/* The priority of the most important one that may be signalled, whatever runs; IDLE_PRIO: none. */
static unsigned waiting_prio(void)
{
	unsigned best = IDLE_PRIO;

	for (unsigned i = 0; i < COUNT; i++) {
		const struct ref *r = &ref[i];

		if (is_pending(i) && !r->active && r->enable && (ctlr & (r->group1 ? 2 : 1)) &&
		    (v.vmcr & (r->group1 ? VENG1 : VENG0)) && r->prio < (v.vmcr >> 24 & 0xff) && r->prio < best)
			best = r->prio;
	}
	return best;
}

static bool is_active(unsigned n)
{
	return n < 32 ? v.active & BIT(n) : vgic_query(&v, n) & VIRQ_ACTIVE;
}

static unsigned state(unsigned n)
{
	return (unsigned)(hw[n] >> 62);
}

/* ICH_ELRSR_EL2. */
uint32_t empty_ones(void)
{
	uint32_t empty = 0;

	for (unsigned n = 0; n < lrs; n++)
		if (!state(n) && !((hw[n] & ARCH_LR_EXIT_ENDED) && !(hw[n] & ARCH_LR_LINKED)))
			empty |= (uint32_t)BIT(n);
	return empty;
}

void read_images(void)
{
	v.lr_empty = empty_ones();
	for_each_bit (n, v.lr_used & ~v.lr_empty)
		vgic_keep(&v, (unsigned)n, hw[n]);
}

/* As vcpu_take_images() does it. */
static void take_images(void)
{
	read_images();
	memset(hw, 0, sizeof(hw));
	in_hw = false;
}

static void give_images(void)
{
	for_each_bit (n, v.lr_used & ~v.lr_empty)
		hw[n] = v.lr[n];
	in_hw = true;
}

void settle_vcpu(void)
{
	if (in_hw)
		take_images();
	v.running = 0;
	for (unsigned d = 0; d < depth; d++)
		v.running |= (uint32_t)BIT(stack[d].prio >> 3);
	vgic_private_line(&v, VIRQ_VTIMER, ref[index_of(VIRQ_VTIMER)].line);
	vgic_fold(&v, eoicount);
	eoicount = 0;
	linked = (vgic_pending(&v) | v.active) & BIT(VIRQ_VTIMER);
	physical = linked;
}

void enter(void)
{
	settle_vcpu();
	for (unsigned i = 0; i < COUNT; i++) {
		unsigned n = number[i];
		bool pending = n < 32 ? vgic_pending(&v) & BIT(n) : vgic_query(&v, n) & VIRQ_PENDING;

		if (is_active(n) != ref[i].active)
			fail_msg("interrupt %u is %sactive", n, ref[i].active ? "not " : "");
		if (pending != is_pending(i))
			fail_msg("interrupt %u is %spending", n, pending ? "" : "not ");
	}
	vgic_fill(&v);
	give_images();
}

static unsigned lr_prio(unsigned n)
{
	return hw[n] >> ARCH_LR_PRIO_SHIFT & 0xff;
}

void maintenance(bool eoi)
{
	for (unsigned turn = 0;; turn++) {
		bool pending = false;

		for (unsigned n = 0; n < lrs; n++)
			pending |= state(n) == 1;
		eoi |= (v.control & ARCH_VGIC_EXIT_EMPTY) && !pending;
		eoi |= (v.control & ARCH_VGIC_EXIT_ENDED) && eoicount;
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP0_ON) && (v.vmcr & VENG0);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP1_ON) && (v.vmcr & VENG1);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP0_OFF) && !(v.vmcr & VENG0);
		eoi |= (v.control & ARCH_VGIC_EXIT_GROUP1_OFF) && !(v.vmcr & VENG1);
		if (!eoi)
			return;
		assert_true(turn < 2); /* it never stays */
		enter();
		eoi = false;
	}
}

/* The image that the CPU interface signals; `lrs`: none. */
static unsigned signalled(void)
{
	unsigned best = lrs;

	for (unsigned n = 0; n < lrs; n++)
		if (state(n) == 1 && (v.vmcr & (hw[n] & ARCH_LR_GROUP1 ? VENG1 : VENG0)) &&
		    lr_prio(n) < (v.vmcr >> 24 & 0xff) && (best == lrs || lr_prio(n) < lr_prio(best)))
			best = n;
	return best != lrs && lr_prio(best) < running_prio() ? best : lrs;
}

void check_signalled(void)
{
	unsigned n = signalled(), prio = waiting_prio(), due = prio < running_prio() ? prio : IDLE_PRIO;

	if ((n == lrs ? IDLE_PRIO : lr_prio(n)) != due)
		fail_msg("priority 0x%x is due, and not what is signalled", due);
	for_each_bit (at, v.lr_used & ~empty_ones())
		if (vgic_delivers(&v, hw[at], v.vmcr))
			prio = IDLE_PRIO;
	if (prio != IDLE_PRIO)
		fail_msg("the guest waits, although priority 0x%x would be signalled", prio);
}

void leave_and_return(void)
{
	if (!eoicount) {
		take_images();
		assert_true(physical || !vgic_in_flight(&v, VIRQ_VTIMER));
		physical = linked = vgic_in_flight(&v, VIRQ_VTIMER);
	}
	eoicount || rnd(3) == 0 ? enter() : give_images();
	check_signalled();
	maintenance(false);
}

bool acknowledge(void)
{
	unsigned n = signalled(), i;

	if (n == lrs || depth == DEPTH)
		return false;
	i = index_of((uint32_t)hw[n]);
	assert_true(is_pending(i));
	assert_false(ref[i].active);
	assert_true(ref[i].enable);
	assert_int_equal(lr_prio(n), ref[i].prio);
	assert_int_equal(!!(hw[n] & ARCH_LR_GROUP1), ref[i].group1);
	if (number[i] == VIRQ_VTIMER)
		assert_true(physical);
	hw[n] ^= ARCH_LR_PENDING | ARCH_LR_ACTIVE;
	ref[i].latch = ended[i] = false;
	ref[i].active = true;
	stack[depth].i = i;
	stack[depth].group1 = ref[i].group1;
	stack[depth++].prio = ref[i].prio;
	taken++;
	maintenance(false);
	return true;
}

/* The processor deactivates what has an image, or counts. True: that asks for maintenance. */
static bool deactivate(unsigned intid, unsigned prio, bool any_prio)
{
	for (unsigned n = 0; n < lrs; n++) {
		if ((uint32_t)hw[n] != intid || state(n) < 2)
			continue;
		if (!any_prio && lr_prio(n) != prio)
			return false; /* as QEMU does it */
		hw[n] &= ~ARCH_LR_ACTIVE;
		if (hw[n] & ARCH_LR_LINKED) {
			physical = false;
			return false;
		}
		return (hw[n] & ARCH_LR_EXIT_ENDED) && !state(n);
	}
	eoicount += eoicount < 31;
	return false;
}

void complete(void)
{
	unsigned i, prio;
	bool eoi = false;

	if (!depth)
		return;
	i = stack[--depth].i;
	prio = stack[depth].prio;
	if (!(v.vmcr & ARCH_VMCR_SPLIT_END)) {
		ref[i].active = false;
		eoi = deactivate(number[i], prio, false);
	} else {
		ended[i] = true;
		eoicount += rnd(2); /* if it has no image: QEMU counts, the architecture does not */
	}
	maintenance(eoi);
}

void direct(unsigned intid)
{
	bool mode = v.vmcr & ARCH_VMCR_SPLIT_END, eoi = false;

	if (v.control & ARCH_VGIC_TRAP_DEACTIVATION) {
		settle_vcpu();
		if (mode)
			vgic_deactivate(&v, intid);
	} else if (mode) {
		eoi = deactivate(intid, 0, true);
	}
	for (unsigned i = 0; i < COUNT && mode; i++)
		if (number[i] == intid)
			ref[i].active = false;
	if (v.control & ARCH_VGIC_TRAP_DEACTIVATION)
		enter();
	maintenance(eoi);
}

/* ---- what a guest and its devices do to interrupt i ---- */

/* As vcpu_insert() does it. */
static bool place(unsigned index)
{
	uint32_t empty = empty_ones();
	unsigned n;
	uint64_t lr;

	if (index != PPI_LEVEL && index != PPI_EDGE && vgic_place_again(&v, index, empty, &n, &lr)) {
		again += index >= 16 && index != VIRQ_VTIMER;
		hw[n] = lr;
		return true;
	}
	if (!vgic_place(&v, index, empty, &n))
		return false;
	placed += n < VGIC_LR_MAX;
	if (n < VGIC_LR_MAX)
		hw[n] = v.lr[n];
	return true;
}

/* As arch_vcpu_show() does it. */
void lower(unsigned index)
{
	unsigned n = v.lr_of[index];
	uint64_t lr = n == VGIC_LR_MAX ? 0 : hw[n];

	if (n == VGIC_LR_MAX ? v.left & BIT(index) : !vgic_lower(&v, index, &lr)) {
		enter();
		return;
	}
	if (n != VGIC_LR_MAX)
		hw[n] = v.lr[n] = lr;
	maintenance(false);
}

/* As vcpu_edges() does it. */
static void take_arrived(void)
{
	for (; v.arrived; v.arrived &= v.arrived - 1) {
		if (!place((unsigned)__builtin_ctzll(v.arrived))) {
			enter();
			return;
		}
	}
}

void arrive(int index)
{
	assert_true(index >= 32);
	vgic_arrived(&v, (unsigned)index);
	take_arrived();
}

void fire_physical(void)
{
	unsigned i = index_of(VIRQ_VTIMER);

	if (!ref[i].line || physical)
		return;
	physical = linked = true;
	if (place(VIRQ_VTIMER))
		return;
	enter();
}

/* As arch_vcpu_show() does it for the physical timer. */
static void show_private(unsigned intid, bool up)
{
	if (!up)
		lower(intid);
	else if (!place(intid))
		enter();
}

void line(unsigned i, bool up)
{
	unsigned n = number[i];
	bool changed = ref[i].line != up;
	int index;

	ref[i].latch |= up && changed && ref[i].edge;
	ref[i].line = up;
	if (n == VIRQ_VTIMER) {
		up ? fire_physical() : enter();
	} else if (n < 32) {
		vgic_private_line(&v, n, up);
		if (changed)
			show_private(n, up);
	} else {
		index = vgic_change_spi(&v, n, ref[i].prio | (ref[i].group1 ? 0 : VIRQ_GROUP0), true, up);
		assert_true(index >= 0);
		if (up)
			arrive(index);
		else if (index)
			lower((unsigned)index);
	}
}

void sgi(unsigned i, bool group1)
{
	ref[i].latch |= ref[i].group1 == group1;
	vgic_sgi(&v, number[i], group1);
	if (group1)
		take_arrived();
	else
		enter();
}

void fire(unsigned i)
{
	unsigned n = number[i];

	if (n < 16) {
		sgi(i, rnd(8) != 0 ? ref[i].group1 : rnd(2));
	} else if (n >= 32 && ref[i].edge) {
		ref[i].latch = true;
		arrive(vgic_change_spi(&v, n, ref[i].prio | (ref[i].group1 ? 0 : VIRQ_GROUP0), false, true));
	} else {
		line(i, rnd(3) != 0);
	}
}

static bool runs(unsigned i)
{
	for (unsigned d = 0; d < depth; d++)
		if (stack[d].i == i)
			return true;
	return false;
}

void configure(unsigned i)
{
	unsigned n = number[i];
	uint32_t bit = (uint32_t)BIT(n % 32);
	bool on = rnd(2);

	if (n >= 32)
		return;
	switch (rnd(7)) {
	case 0:
		on = rnd(4) != 0;
		ref[i].enable = on;
		change_private(VPRIV_ENABLE, on ? bit : 0, bit);
		break;
	case 1:
		ref[i].group1 = on;
		change_private(VPRIV_GROUP, on ? bit : 0, bit);
		break;
	case 2:
		ref[i].latch = on;
		change_private(VPRIV_PENDING, on ? bit : 0, bit);
		break;
	case 3:
		on = rnd(8) == 0;
		if (on && runs(i))
			break; /* its next EOIR would not say whether it ends that */
		ref[i].active = on;
		change_private(VPRIV_ACTIVE, on ? bit : 0, bit);
		break;
	case 4:
		ref[i].edge = n < 16 || (n != VIRQ_VTIMER && on); /* these are what they are */
		change_private(VPRIV_CONFIG, on ? bit : 0, bit);
		break;
	default:
		ref[i].prio = rnd(20) * 8;
		change_private(VPRIV_PRIO0 + n / 4, ref[i].prio << n % 4 * 8, 0xffu << n % 4 * 8);
	}
}

void configure_interface(void)
{
	if (rnd(2))
		v.vmcr = (v.vmcr | VENG0 | VENG1) ^ (rnd(3) ? 0 : rnd(2) ? VENG0 : VENG1);
	else
		v.vmcr = (v.vmcr & ~(0xffull << 24)) | (rnd(4) ? 0xf8ull : rnd(20) * 8ull) << 24;
	maintenance(false);
}

void configure_all(void)
{
	bool idle = !depth;

	for (unsigned i = 0; i < COUNT; i++)
		idle = idle && !ref[i].active;
	switch (rnd(4)) {
	case 0:
	case 1: configure_interface(); return;
	case 2:
		if (idle)
			v.vmcr ^= ARCH_VMCR_SPLIT_END;
		break;
	default:
		ctlr = rnd(4) ? 3 : rnd(4);
		for (unsigned i = 0; i < COUNT; i++) /* qvm's half would take the others back */
			if (number[i] >= 32 && !ref[i].group1)
				ctlr |= 1;
			else if (number[i] >= 32)
				ctlr |= 2;
		change_private(VPRIV_CTLR, ctlr, ~0u);
	}
	maintenance(false);
}

void start(unsigned s)
{
	uint32_t out;

	seed = s;
	depth = eoicount = taken = placed = placed_changes = again = 0;
	physical = linked = false;
	ctlr = 3;
	memset(ref, 0, sizeof(ref));
	memset(ended, 0, sizeof(ended));
	memset(hw, 0, sizeof(hw));
	in_hw = false;
	lrs = s % 8 == 5 ? 1 : s % 8 == 7 ? 16 : 4;
	vgic_reset(&v, lrs);
	v.vmcr = 0xf8ull << 24 | VENG0 | VENG1 | BPR_LEAST | (s % 2 ? ARCH_VMCR_SPLIT_END : 0);
	vgic_private(&v, VPRIV_CTLR, ctlr, ~0u, &out);
	vgic_private(&v, VPRIV_ENABLE, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_GROUP, ~0u, ~0u, &out);
	vgic_private(&v, VPRIV_CONFIG, 1u << PPI_EDGE, 0xffff0000, &out);
	for (unsigned i = 0; i < COUNT; i++) {
		ref[i].enable = ref[i].group1 = true;
		ref[i].edge = number[i] < 16 || number[i] == PPI_EDGE || (number[i] >= 32 && number[i] % 2);
		ref[i].prio = rnd(20) * 8;
		if (number[i] < 32)
			vgic_private(&v, VPRIV_PRIO0 + number[i] / 4, ref[i].prio << number[i] % 4 * 8,
				     0xffu << number[i] % 4 * 8, &out);
		else if (s % 4 == 0)
			ref[i].group1 = rnd(2);
	}
	enter();
}

void end_all(void)
{
	while (depth)
		complete();
	for (unsigned i = 0; i < COUNT; i++)
		if (ref[i].active && (v.vmcr & ARCH_VMCR_SPLIT_END))
			direct(number[i]);
	for (unsigned i = 0; i < COUNT; i++)
		ref[i].active = ref[i].active && number[i] >= 32;
	change_private(VPRIV_ACTIVE, 0, ~0u);
}

void step(void)
{
	unsigned i = rnd(COUNT);

	switch (rnd(12)) {
	case 0:
	case 1:
	case 2: fire(i); break;
	case 3: rnd(2) ? enter() : leave_and_return(); break;
	case 4:
	case 5:
	case 6: acknowledge(); break;
	case 7: /* in any order */
		for (unsigned n = 0; n < COUNT && !(ended[i] && ref[i].active); n++)
			i = (i + 1) % COUNT;
		if (ended[i] && ref[i].active)
			direct(number[i]);
		break;
	case 8:
		if (rnd(8) == 0)
			direct(rnd(2) ? 9 : 60); /* what is not active */
		break;
	case 9: configure(i); break;
	case 10:
		if (rnd(4) == 0)
			configure_all();
		break;
	default: complete(); break;
	}
	fire_physical();
	check_signalled();
}

void set_prio(unsigned intid, unsigned prio)
{
	ref[index_of(intid)].prio = prio;
	change_private(VPRIV_PRIO0 + intid / 4, prio << intid % 4 * 8, 0xffu << intid % 4 * 8);
}

void take(unsigned intid)
{
	assert_true(acknowledge());
	assert_int_equal(number[stack[depth - 1].i], intid);
}
