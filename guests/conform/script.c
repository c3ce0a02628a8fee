/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences that software has, as text: an operation is a letter and, if it needs one, the INTID; `!` before it: by the
 * other virtual CPU. Each sequence runs on the machine and on the model of model.c. What
 * is pending at once has different priorities: which of two equal ones comes first is not said.
 *
 *     eN dN  enable, disable          pN PN  set, clear pending        aN cN  set, clear active
 *     sN     send an SGI to this CPU  A      acknowledge               EN DN  ICC_EOIR1_EL1, ICC_DIR_EL1
 *     rN=P   priority, of 255         iN lN  edge, level               vN VN  line of a timer high, low
 *     m0 m1  ICC_CTLR_EL1.EOImode     kP     ICC_PMR_EL1
 */
#include "model.h"

static const struct script {
	const char *name, *text;
} scripts[] = {
    /* One interrupt, its ways. */
    {"sgi_once", "e3 s3 A E3"},
    {"sgi_taken", "e3 s3 A"},
    {"sgi_again_while_active", "e3 s3 A s3"},
    {"sgi_again_after_end", "e3 s3 A s3 E3 A"},
    {"sgi_twice_is_once", "e3 s3 s3 A E3 A"},
    {"sgi_by_other", "e3 !s3 A E3"},
    {"sgi_disabled", "s3 A"},
    {"sgi_enabled_later", "s3 A e3 A E3"},
    {"sgi_disabled_active_pending", "e3 s3 A s3 d3 E3 A e3"},
    {"sgi_dropped_not_ended", "m1 e3 s3 A E3"},
    {"sgi_ended_in_two", "m1 e3 s3 A E3 D3"},
    {"sgi_ended_other_way", "m1 e3 s3 A D3 E3"},
    {"sgi_cleared_by_register", "e3 s3 A c3 E3 s3 A"},
    {"sgi_cleared_by_other", "e3 s3 A !c3 E3 s3 A"},
    {"sgi_order_is_priority", "e1 e2 e3 r3=128 r2=144 s1 s2 s3 A E3 A E2 A E1"},
    {"ppi_level_set_once", "e20 p20 A E20 A"},
    {"ppi_level_set_by_other_once", "e20 !p20 A E20 A"},
    {"ppi_level_set_while_active", "e20 p20 A p20 E20 A"},
    {"ppi_edge_set_once", "i20 e20 p20 A E20 A"},
    {"ppi_level_cleared", "e20 p20 P20 A"},
    {"ppi_level_set_disabled", "p20 A e20 A"},
    {"ppi_config_while_pending", "e20 p20 i20 A E20 A"},
    {"ppi_config_back", "i20 e20 p20 l20 A E20 A"},
    {"spi_level_set_once", "e40 p40 A E40 A"},
    {"spi_edge_set_once", "i40 e40 p40 A E40 A"},
    {"spi_set_by_other", "e40 !p40 A E40 A"},
    {"spi_set_while_active", "i40 e40 p40 A p40 E40 A E40"},
    {"spi_cleared_by_other", "e40 p40 A !c40 E40 p40 A"},
    {"spi_disabled_by_other", "e40 p40 !d40 A !e40 A"},
    {"spi_cleared_pending_by_other", "i40 e40 p40 !P40 A"},
    {"spi_in_two", "m1 e40 p40 A E40 p40 A D40 A"},
    /* The timers. */
    {"vtimer_level", "e27 v27 A"},
    {"vtimer_falls", "e27 v27 V27 A"},
    {"vtimer_falls_while_active", "e27 v27 A V27 E27 A"},
    {"vtimer_stays", "e27 v27 A E27 A"},
    {"vtimer_disabled", "v27 A"},
    {"vtimer_disabled_falls_enabled", "v27 V27 e27 A"},
    {"vtimer_enabled_late", "v27 e27 A"},
    {"vtimer_edge", "i27 e27 v27 A E27 A"},
    {"vtimer_edge_falls", "i27 e27 v27 V27 A"},
    {"vtimer_set_by_register", "e27 p27 A E27 A"},
    {"vtimer_set_and_high", "e27 p27 v27 A E27 V27 A"},
    {"vtimer_in_two", "m1 e27 v27 A E27 A D27 A"},
    {"vtimer_cleared_active", "e27 v27 A c27 E27 A"},
    {"ptimer_level", "e30 v30 A"},
    {"ptimer_falls", "e30 v30 V30 A"},
    {"ptimer_falls_while_active", "e30 v30 A V30 E30 A"},
    {"ptimer_stays", "e30 v30 A E30 A"},
    {"ptimer_disabled_falls_enabled", "v30 V30 e30 A"},
    {"ptimer_edge", "i30 e30 v30 A E30 A"},
    {"ptimer_edge_falls", "i30 e30 v30 V30 A E30"},
    {"ptimer_edge_twice", "i30 e30 v30 V30 v30 A E30 A"},
    {"ptimer_edge_while_active", "i30 e30 v30 A V30 v30 E30 A"},
    {"ptimer_set_by_register", "e30 p30 A E30 A"},
    {"both_timers", "r27=16 e27 e30 v27 v30 A V27 E27 A V30 E30 A"},
    /* More active ones than there are list registers. */
    {"four_dropped_then_timer", "m1 e0 e1 e2 e3 e27 s0 A E0 s1 A E1 s2 A E2 s3 A E3 v27 A V27 E27 D27"},
    {"four_dropped_then_sgi", "m1 e0 e1 e2 e3 e4 s0 A E0 s1 A E1 s2 A E2 s3 A E3 s4 A"},
    {"four_dropped_then_spi", "m1 e0 e1 e2 e3 e40 s0 A E0 s1 A E1 s2 A E2 s3 A E3 p40 A"},
    {"four_made_active_then_timer", "e27 a8 a9 a10 a11 v27 A"},
    {"four_made_active_then_sgi", "e4 a8 a9 a10 a11 s4 A E4"},
    {"six_spis_active_then_timer", "e27 a40 a41 a42 a43 a44 a45 v27 A V27 E27"},
    {"six_spis_active_then_spi", "e46 a40 a41 a42 a43 a44 a45 p46 A E46"},
    {"six_spis_taken", "m1 r40=16 r41=24 r42=32 r43=40 r44=48 r45=56 e40 e41 e42 e43 e44 e45 p40 p41 p42 p43 p44 p45 A "
		       "E40 A E41 A E42 A E43 A E44 A E45"},
    {"six_spis_ended_backwards", "m1 r40=16 r41=24 r42=32 r43=40 r44=48 r45=56 e40 e41 e42 e43 e44 e45 p40 p41 p42 p43 "
				 "p44 p45 A E40 A E41 A E42 A E43 A E44 A E45 D45 D44 D43 D42 D41 D40"},
    {"six_spis_one_ended", "m1 r40=16 r41=24 r42=32 r43=40 r44=48 r45=56 e40 e41 e42 e43 e44 e45 p40 p41 p42 p43 p44 "
			   "p45 A E40 A E41 A E42 A E43 A E44 A E45 D42"},
    {"eight_sgis_one_ended", "m1 e0 e1 e2 e3 e4 e5 e6 e7 s0 A E0 s1 A E1 s2 A E2 s3 A E3 s4 A E4 s5 A E5 s6 A E6 s7 A "
			     "E7 D0 D5"},
    {"active_again_pending", "m1 e0 e1 e2 e3 e4 s0 A E0 s1 A E1 s2 A E2 s3 A E3 s4 A E4 s0 A D0 A"},
    {"nested_five", "r1=160 r2=144 r3=128 r4=112 r5=96 e1 e2 e3 e4 e5 s1 A s2 A s3 A s4 A s5 A"},
    {"nested_five_ended", "r1=160 r2=144 r3=128 r4=112 r5=96 e1 e2 e3 e4 e5 s1 A s2 A s3 A s4 A s5 A E5 E4 E3 E2 E1"},
    {"nested_five_two_ended", "r1=160 r2=144 r3=128 r4=112 r5=96 e1 e2 e3 e4 e5 s1 A s2 A s3 A s4 A s5 A E5 E4 A"},
    {"nested_seven", "r1=160 r2=144 r3=128 r4=112 r5=96 r6=80 r7=64 e1 e2 e3 e4 e5 e6 e7 s1 A s2 A s3 A s4 A s5 A s6 A "
		     "s7 A E7 E6 E5"},
    {"nested_then_lower", "r1=160 r2=144 r3=128 r4=112 r5=192 e1 e2 e3 e4 e5 s1 A s2 A s3 A s4 A s5 A E4 E3 E2 E1 A"},
    {"nested_spis", "r40=160 r41=144 r42=128 r43=112 r44=96 e40 e41 e42 e43 e44 p40 A p41 A p42 A p43 A p44 A E44 E43"},
    {"nested_timer", "r1=160 r2=144 r3=128 r4=112 r27=96 e1 e2 e3 e4 e27 s1 A s2 A s3 A s4 A v27 A V27 E27 E4"},
    {"nested_cleared_then_end", "r3=160 r2=144 e3 e2 s3 A s2 A c2 E2"},
    {"nested_cleared_by_other_then_end", "r3=160 r2=144 e3 e2 s3 A s2 A !c2 E2"},
    {"nested_all_cleared", "r3=160 r2=144 e3 e2 s3 A s2 A c2 c3 E2 E3 s3 A"},
    {"nested_outer_cleared", "r3=160 r2=144 e3 e2 s3 A s2 A c3 E2 E3"},
    {"five_nested_outer_cleared", "r1=160 r2=144 r3=128 r4=112 r5=96 e1 e2 e3 e4 e5 s1 A s2 A s3 A s4 A s5 A c1 E5 E4 "
				  "E3 E2 E1"},
    {"many_pending", "r0=16 r1=24 r2=32 r3=40 r4=48 r5=56 r6=64 r7=72 e0 e1 e2 e3 e4 e5 e6 e7 s0 s1 s2 s3 s4 s5 s6 s7 "
		     "A E0 A E1 A E2 A E3 A E4 A E5 A E6 A E7 A"},
    {"many_pending_best_last", "r0=24 r1=32 r2=40 r3=48 r4=56 e0 e1 e2 e3 e4 e5 r5=16 s0 s1 s2 s3 s4 s5 A E5 A"},
    {"many_pending_one_disabled",
     "r0=16 r1=24 r2=32 r3=40 r4=48 r5=56 e0 e1 e2 e3 e4 e5 s0 s1 s2 s3 s4 s5 d0 A E1 e0 A"},
    /* What ends nothing. */
    {"dir_of_others", "m1 e3 s3 A D9 D40"},
    {"dir_of_idle_spi", "m1 e40 p40 A D41"},
    {"dir_twice", "m1 e3 e4 s3 A E3 s4 A E4 D3 D3"},
    {"dir_of_none", "m1 D3 e3 s3 A"},
    {"dir_of_timer", "m1 e3 s3 A D27"},
    /* Masks and priorities. */
    {"mask_equal", "e3 r3=160 k160 s3 A"},
    {"mask_above", "e3 r3=160 k168 s3 A"},
    {"mask_zero", "e3 k0 s3 A"},
    {"mask_opened", "e3 k0 s3 A k240 A"},
    {"same_priority_waits", "e1 e2 s1 A s2 A E1 A"},
    {"higher_priority_preempts", "e1 e2 r2=128 s1 A s2 A"},
    {"lower_priority_waits", "e1 e2 r2=192 s1 A s2 A E1 A"},
    {"priority_changed_pending", "e1 e2 s1 s2 r2=128 A"},
    {"priority_changed_active", "e1 e2 s1 A r1=32 s2 A E1"},
    {"priority_zero", "e1 r1=0 k8 s1 A"},
    {"priority_changed_pending_spi", "e40 e41 p40 p41 r41=128 A"},
};

static const char letters[] = {
    [OP_ENABLE] = 'e',     [OP_DISABLE] = 'd',      [OP_SET_PENDING] = 'p', [OP_CLEAR_PENDING] = 'P',
    [OP_SET_ACTIVE] = 'a', [OP_CLEAR_ACTIVE] = 'c', [OP_SEND] = 's',        [OP_ACKNOWLEDGE] = 'A',
    [OP_END] = 'E',        [OP_DEACTIVATE] = 'D',   [OP_PRIORITY] = 'r',    [OP_EDGE] = 'i',
    [OP_LEVEL] = 'l',      [OP_LINE_HIGH] = 'v',    [OP_LINE_LOW] = 'V',    [OP_SPLIT] = 'm',
    [OP_JOIN] = 0,         [OP_MASK] = 'k',
};

static uint32_t number(const char **text)
{
	uint32_t value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		value = value * 10 + (uint32_t)(**text - '0');
	return value;
}

static const char *parse(const char *text, struct step *s)
{
	*s = (struct step){.by_other = *text == '!'};
	text += s->by_other;
	while (letters[s->op] != *text)
		s->op++;
	text++;
	s->intid = number(&text);
	if (*text == '=') {
		text++;
		s->value = (uint8_t)number(&text);
	}
	if (s->op == OP_SPLIT && s->intid == 0)
		s->op = OP_JOIN;
	if (s->op == OP_MASK)
		s->value = (uint8_t)s->intid;
	while (*text == ' ')
		text++;
	return text;
}

enum { ACKNOWLEDGED, PRIVATE, SHARED, INTERFACE, SEEN };

static uint64_t pair(uint32_t active, uint32_t pending)
{
	return (uint64_t)active << 32 | pending;
}

/* What is told of a sequence: see check_scripts(). */
static void tell(uint64_t values[SEEN], const struct view *v)
{
	values[PRIVATE] = pair(v->active[0], v->pending[0]);
	values[SHARED] = pair(v->active[1], v->pending[1]);
	values[INTERFACE] = (uint64_t)v->signalled << 24 | v->running << 16 | v->highest;
}

static void run(const char *text, uint64_t is[SEEN], uint64_t should[SEEN])
{
	static struct model m;
	struct view view;
	struct step s;

	is[ACKNOWLEDGED] = should[ACKNOWLEDGED] = 0;
	model_reset(&m);
	while (*text) {
		text = parse(text, &s);
		uint32_t right = model_step(&m, &s), value = machine_step(&s);

		if (s.op == OP_ACKNOWLEDGE) {
			should[ACKNOWLEDGED] = should[ACKNOWLEDGED] << 10 | right;
			is[ACKNOWLEDGED] = is[ACKNOWLEDGED] << 10 | value;
		}
	}
	model_view(&m, &view);
	tell(should, &view);
	machine_view(&view);
	tell(is, &view);
}

/*
 * Four numbers: the last six INTIDs that were acknowledged, ten bits each; private interrupts, and shared ones, the
 * active ones in the upper half, the pending ones in the lower; ISR_EL1.I, ICC_RPR_EL1, ICC_HPPIR1_EL1.
 */
void check_scripts(void)
{
	for (const struct script *s = scripts; s < scripts + sizeof(scripts) / sizeof(scripts[0]); s++) {
		uint64_t is[SEEN], should[SEEN];

		if (!CHECK("seq", s->name))
			continue;
		run(s->text, is, should);
		found_all_right(is, should, SEEN);
		gic_clean();
	}
}
