/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of private interrupts. */
#include "model.h"

/* As vcpu_timer_look() does it: the physical one stays active no longer than the image. */
static void look_at_timer(void)
{
	unsigned n = v.lr_of[VIRQ_VTIMER];

	if (linked && !ref[index_of(VIRQ_VTIMER)].line && (n == VGIC_LR_MAX || !(hw[n] & ARCH_LR_ACTIVE)))
		enter();
}

/* What is read of private interrupts while images are in the processor. */
static void check_state(void)
{
	uint32_t pending, active;
	uint64_t line = v.line; /* which a read does not make right for the next change */

	read_images();
	vgic_private_line(&v, VIRQ_VTIMER, ref[index_of(VIRQ_VTIMER)].line);
	assert_int_equal(vgic_private(&v, VPRIV_PENDING, 0, 0, &pending), 0);
	assert_int_equal(vgic_private(&v, VPRIV_ACTIVE, 0, 0, &active), 0);
	for (unsigned i = 0; i < COUNT && number[i] < 32; i++) {
		if (!(active & BIT(number[i])) == ref[i].active)
			fail_msg("interrupt %u reads as %sactive", number[i], ref[i].active ? "not " : "");
		if (!(pending & BIT(number[i])) == is_pending(i))
			fail_msg("interrupt %u reads as %spending", number[i], is_pending(i) ? "not " : "");
	}
	v.line = line;
}

/* Images of a set out of the list registers, and which these are. */
static uint32_t take_out(uint32_t set)
{
	uint32_t changed = 0;

	v.lr_empty = empty_ones();
	for_each_bit (n, v.lr_used) {
		if (!(BIT(v.lr_index[n]) & set))
			continue;
		if (!(v.lr_empty & BIT(n)))
			vgic_keep(&v, (unsigned)n, hw[n]);
		vgic_take_out(&v, (unsigned)n);
		changed |= (uint32_t)BIT(n);
	}
	return changed;
}

/* As arch_vcpu_private() does it while images are in the processor. */
static bool change_placed(unsigned op, uint32_t value, uint32_t mask)
{
	uint32_t out = 0, changed, set = vgic_private_set(op, mask);
	int result;

	if (!mask || !in_hw || v.left || v.repend || v.arrived || rnd(4) == 0)
		return false;
	if (linked || (v.line & BIT(VIRQ_VTIMER)))
		vgic_private_line(&v, VIRQ_VTIMER, ref[index_of(VIRQ_VTIMER)].line);
	changed = take_out(set);
	result = vgic_private(&v, op, value, mask, &out);
	assert_in_range(result, 0, 1);
	if (!vgic_put_back(&v, set, &changed))
		result = 1;
	for_each_bit (n, changed)
		hw[n] = v.lr[n];
	placed_changes += result == 0;
	check_state();
	if (result)
		enter();
	else if (rnd(2)) /* not every way to the guest does */
		look_at_timer();
	maintenance(false);
	if (linked) /* else the physical one is still to come */
		check_signalled();
	return true;
}

void change_private(unsigned op, uint32_t value, uint32_t mask)
{
	uint32_t out;

	if (change_placed(op, value, mask))
		return;
	settle_vcpu();
	assert_in_range(vgic_private(&v, op, value, mask, &out), 0, 1);
	enter();
}
