/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the shared interrupts, and who holds them.
 *
 * An SPI is pending because its line is high (level-sensitive), or because of a latch: an edge, or a write to
 * GICD_ISPENDR. As soon as it may be signalled it is handed to the kernel, on the vCPU that its route names: a line by
 * VcpuLine, a latch by VcpuInject. From then on it is `placed`: the kernel may hold it in a list register, pending or
 * active, and the kernel's word counts. That it has been completed is noticed when the state is next needed
 * (refresh_state()), so an interrupt that comes and goes costs one call for an edge and two for a level.
 *
 * Whatever makes a placed SPI ineligible takes the pending state back (retract_spi()); the active state stays where it
 * is until the guest completes the interrupt, as the architecture has it (IHI 0069 section 4.1, "Interrupt lifecycle").
 *
 * Where an SPI goes is decided once: it is `direct` from then on, until something changes that this depends on, all of
 * which goes through retract_spi() or unplace(). One that any vCPU may take stays where it is when another one goes on.
 *
 * An SPI that is bound to one of the host is `placed` for ever: its line and its latch are the host's interrupt
 * controller's. Here its line is always high (lines_of()), so that it is offered as soon as it may be: it is `raised`
 * while it is switched on, on the vCPU of its route (rebind_spi()).
 */
#include "qvm/arch/aarch64/spi.h"
#include <string.h>

#define NO_VCPU VCPU_MAX

static void clear_bits(uint32_t *word, uint32_t clear)
{
	put_word(word, *word & ~clear);
}

/* `enable` or `edge` has changed, or `bound`. What is owed is looked for after this: spi_line.c. */
static void heed_lines(struct guest_gic *g, unsigned word)
{
	put_word(&g->input[word].watched, (g->enable[word] | g->edge[word]) & ~g->bound[word]);
}

/* Takes the lowest interrupt out of a set of one word. */
static unsigned take_first(unsigned word, uint32_t *set)
{
	unsigned intid = word * 32 + (unsigned)__builtin_ctz(*set);

	*set &= *set - 1;
	return intid;
}

/* Where the route of an SPI leads now; NO_VCPU: to no vCPU that is on, so that it stays pending here. */
static unsigned route_target(const struct guest_gic *g, unsigned intid)
{
	uint64_t route = g->route[intid];

	/* Any participating PE may be chosen (IHI 0069, GICD_IROUTER, Interrupt_Routing_Mode): the first keeps the
	 * choice stable. */
	if (route & GIC_ROUTE_IRM)
		return g->powered ? (unsigned)__builtin_ctz(g->powered) : NO_VCPU;
	for (unsigned v = 0; v < g->config.vcpus; v++) {
		if (g->config.affinity[v] == (route & GIC_ROUTE_AFFINITY))
			return g->powered & (1u << v) ? v : NO_VCPU;
	}
	return NO_VCPU;
}

/* Those of a word that are enabled and whose group is. */
static uint32_t open_ones(const struct guest_gic *g, unsigned word)
{
	uint32_t open = g->control[CONTROL_CTLR] & GICD_CTLR_ENABLE_GRP1 ? g->group[word] : 0;

	if (g->control[CONTROL_CTLR] & GICD_CTLR_ENABLE_GRP0)
		open |= ~g->group[word];
	return open & g->enable[word];
}

/* Notes what came of handing over; true if the kernel has it now. */
static bool note_handed(struct guest_gic *g, unsigned intid, unsigned vcpu, int status)
{
	if (!note_taken(g, status))
		return false;
	g->place[intid] = (uint8_t)vcpu;
	set_bits(&g->held[word_of(intid)].placed, bit_of(intid));
	return true;
}

/* The kernel has nothing of it any more. */
static void unplace(struct guest_gic *g, unsigned word, uint32_t bit)
{
	g->direct[word] &= ~bit;
	clear_bits(&g->held[word].placed, bit);
}

/* Says how things stand with a bound SPI: VIRQ_* state. */
static int update_binding(struct guest_gic *g, unsigned vcpu, unsigned intid, unsigned flags)
{
	return g->ops->vcpu_bind(g->ctx, vcpu, g->host[intid], intid, rank_of(g, intid), flags);
}

/* A bound SPI goes to the vCPU of its route if it may be signalled, and away from where it was. */
static void rebind_spi(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid), target = NO_VCPU;
	uint32_t b = bit_of(intid);

	if (open_ones(g, w) & ~g->active[w] & b)
		target = route_target(g, intid);
	if ((g->raised[w] & b) && g->place[intid] != target) {
		update_binding(g, g->place[intid], intid, 0);
		g->raised[w] &= ~b;
	}
	if (target != NO_VCPU && note_handed(g, intid, target, update_binding(g, target, intid, BIND_ON)))
		g->raised[w] |= b;
}

/* Asks the kernel for the VIRQ_* state of a placed SPI, and notices if it has been completed. */
static unsigned refresh_state(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid);
	uint32_t b = bit_of(intid);
	int state;

	if (!(g->held[w].placed & b))
		return 0;
	state = g->bound[w] & b ? update_binding(g, g->place[intid], intid, g->raised[w] & b ? BIND_ON : 0)
				: g->ops->vcpu_query(g->ctx, g->place[intid], intid);
	if (state > 0)
		return (unsigned)state & (VIRQ_PENDING | VIRQ_ACTIVE);
	if (!((g->raised[w] | g->bound[w]) & b))
		unplace(g, w, b);
	return 0;
}

/* The vCPU to hand an SPI to. One that is still in flight stays with its vCPU: it is active on one PE at most. */
static unsigned choose_vcpu(struct guest_gic *g, unsigned intid)
{
	unsigned target = route_target(g, intid);

	if (!(g->held[word_of(intid)].placed & bit_of(intid)) || g->place[intid] == target)
		return target;
	refresh_state(g, intid);
	return g->held[word_of(intid)].placed & bit_of(intid) ? g->place[intid] : target;
}

/* Those of a set of one word that should be with the kernel and are not, or not fully. */
static inline uint32_t owed_spis(const struct guest_gic *g, unsigned word, uint32_t set)
{
	set &= g->enable[word];
	if (set)
		set &= g->held[word].latch | (lines_of(g, word) & ~g->edge[word] & ~g->raised[word]);
	return set ? set & open_ones(g, word) & ~g->active[word] : 0;
}

/* Hands one over that is owed. */
static void hand_over(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid), vcpu, priority = rank_of(g, intid);
	uint32_t b = bit_of(intid);

	if (g->bound[w] & b) {
		rebind_spi(g, intid);
		vcpu = g->raised[w] & b ? g->place[intid] : NO_VCPU;
	} else {
		vcpu = choose_vcpu(g, intid);
	}
	if (vcpu == NO_VCPU)
		return;
	if ((lines_of(g, w) & ~g->edge[w] & ~g->raised[w] & b) &&
	    note_handed(g, intid, vcpu, g->ops->vcpu_line(g->ctx, vcpu, intid, 1, priority)))
		g->raised[w] |= b;
	if ((g->held[w].latch & b) && note_handed(g, intid, vcpu, g->ops->vcpu_inject(g->ctx, vcpu, intid, priority)))
		clear_bits(&g->held[w].latch, b);
	if ((g->held[w].placed & ~g->bound[w] & b) && g->place[intid] == route_target(g, intid))
		g->direct[w] |= b;
}

static __attribute__((noinline)) void hand_over_all(struct guest_gic *g, unsigned word, uint32_t set)
{
	while (set)
		hand_over(g, take_first(word, &set));
}

static void offer_spis(struct guest_gic *g, unsigned word, uint32_t set)
{
	set = owed_spis(g, word, set);
	if (unlikely(set))
		hand_over_all(g, word, set);
}

void spi_offer(struct guest_gic *g, unsigned intid)
{
	if (owed_spis(g, word_of(intid), bit_of(intid)))
		hand_over(g, intid);
}

void spi_offer_all(struct guest_gic *g)
{
	for (unsigned w = 1; w < GUEST_GIC_WORDS && g->exists[w] != 0; w++)
		offer_spis(g, w, ~0u);
}

void spi_lower(struct guest_gic *g, unsigned intid)
{
	unsigned w = word_of(intid);
	uint32_t b = bit_of(intid);

	if (!(g->raised[w] & b))
		return;
	g->raised[w] &= ~b;
	g->ops->vcpu_line(g->ctx, g->place[intid], intid, 0, rank_of(g, intid));
}

/* Takes back what the kernel has of an SPI: its pending state or, with VIRQ_ACTIVE in `what`, all. */
static void take_back(struct guest_gic *g, unsigned intid, unsigned what)
{
	unsigned w = word_of(intid);
	uint32_t b = bit_of(intid);
	int state;

	if (!(g->held[w].placed & b))
		return;
	state = g->ops->vcpu_withdraw(g->ctx, g->place[intid], intid, what);
	if (state > 0 && (state & VIRQ_PENDING))
		set_bits(&g->held[w].latch, b);
	if (state <= 0 || !(state & VIRQ_ACTIVE) || (what & VIRQ_ACTIVE))
		unplace(g, w, b);
}

/* Takes an SPI back altogether from these vCPUs. An active state is lost: the guest, or their end, wants that. */
static void evict_spi(struct guest_gic *g, unsigned intid, unsigned vcpus)
{
	if (!(g->bound[word_of(intid)] & bit_of(intid))) {
		spi_lower(g, intid);
		take_back(g, intid, VIRQ_PENDING | VIRQ_ACTIVE);
		return;
	}
	if (!(g->held[word_of(intid)].placed & bit_of(intid)))
		return;
	rebind_spi(g, intid);
	/* It may be active where it was before its route changed. What is pending, the host signals again. */
	for (unsigned v = 0; v < g->config.vcpus; v++)
		if (vcpus & (1u << v))
			g->ops->vcpu_withdraw(g->ctx, v, intid, VIRQ_PENDING | VIRQ_ACTIVE);
}

/* Takes the pending state back. The active state stays, until the guest completes the interrupt. */
static void retract_spi(struct guest_gic *g, unsigned intid)
{
	g->direct[word_of(intid)] &= ~bit_of(intid);
	if (g->bound[word_of(intid)] & bit_of(intid)) {
		rebind_spi(g, intid);
		return;
	}
	spi_lower(g, intid);
	take_back(g, intid, VIRQ_PENDING);
}

static __attribute__((noinline)) void retract_spis(struct guest_gic *g, unsigned word, uint32_t set)
{
	set &= g->held[word].placed;
	while (set)
		retract_spi(g, take_first(word, &set));
}

/* Route, priority or group changed. What is active stays where it is until it is completed, and pending with it. */
static void offer_again(struct guest_gic *g, unsigned intid)
{
	if (g->bound[word_of(intid)] & bit_of(intid)) {
		rebind_spi(g, intid);
		return;
	}
	retract_spi(g, intid);
	spi_offer(g, intid);
}

/* --- What devices and the VM do --- */

void spi_leave_vcpu(struct guest_gic *g, unsigned vcpu)
{
	for (unsigned w = 1; w < GUEST_GIC_WORDS; w++) {
		uint32_t set = g->held[w].placed;

		while (set) {
			unsigned intid = take_first(w, &set);

			if (g->place[intid] == vcpu || (g->bound[w] & bit_of(intid)))
				evict_spi(g, intid, 1u << vcpu);
		}
	}
}

void spi_reset_all(struct guest_gic *g)
{
	for (unsigned w = 1; w < GUEST_GIC_WORDS; w++) {
		uint32_t set = g->held[w].placed;

		put_word(&g->enable[w], 0);
		put_word(&g->group[w], 0);
		put_word(&g->edge[w], 0);
		heed_lines(g, w);
		put_word(&g->active[w], 0);
		while (set)
			evict_spi(g, take_first(w, &set), ~0u);
		put_word(&g->held[w].latch, 0);
	}
	memset(g->cfgr, 0, sizeof(g->cfgr));
	memset(g->priority, 0, sizeof(g->priority));
	memset(g->route, 0, sizeof(g->route));
}

int guest_gic_bind(struct guest_gic *g, unsigned intid, unsigned host)
{
	int status;

	if (!is_spi(g, intid) || (g->bound[word_of(intid)] & bit_of(intid)))
		return -KE_INVAL;
	g->host[intid] = (uint16_t)host;
	status = update_binding(g, 0, intid, 0);
	if (status < 0)
		return status;
	set_bits(&g->bound[word_of(intid)], bit_of(intid));
	set_bits(&g->held[word_of(intid)].placed, bit_of(intid));
	heed_lines(g, word_of(intid));
	return 0;
}

/* --- What the guest does through the registers of the distributor (IHI 0069 section 12.9) --- */

/* GICD_CTLR. A disabled group is not forwarded: what is in flight becomes pending again here. */
void spi_set_ctlr(struct guest_gic *g, uint32_t value)
{
	uint32_t groups = value & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1), state;

	value = groups | GICD_CTLR_ARE | GICD_CTLR_DS;
	if (g->control[CONTROL_CTLR] == value)
		return;
	put_word(&g->control[CONTROL_CTLR], value);
	for (unsigned v = 0; v < g->config.vcpus; v++)
		g->ops->vcpu_private(g->ctx, v, VPRIV_CTLR, groups, ~0u, &state);
	for (unsigned w = 1; w < GUEST_GIC_WORDS; w++)
		retract_spis(g, w, ~open_ones(g, w));
	spi_offer_all(g);
}

void spi_set_group(struct guest_gic *g, unsigned word, uint32_t value)
{
	uint32_t changed = (g->group[word] ^ value) & g->exists[word], placed = changed & g->held[word].placed;

	put_word(&g->group[word], g->group[word] ^ changed);
	while (placed)
		offer_again(g, take_first(word, &placed));
	offer_spis(g, word, changed);
}

void spi_enable(struct guest_gic *g, unsigned word, uint32_t set)
{
	set_bits(&g->enable[word], set & g->exists[word]);
	heed_lines(g, word);
	offer_spis(g, word, set);
}

void spi_disable(struct guest_gic *g, unsigned word, uint32_t clear)
{
	clear_bits(&g->enable[word], clear);
	heed_lines(g, word);
	retract_spis(g, word, clear);
}

/* Those of `set` that the kernel holds in the given state. */
static __attribute__((noinline)) uint32_t placed_in_state(struct guest_gic *g, unsigned word, uint32_t set,
							  unsigned state)
{
	uint32_t found = 0;

	set &= g->held[word].placed;
	while (set) {
		unsigned intid = take_first(word, &set);

		if (refresh_state(g, intid) & state)
			found |= bit_of(intid);
	}
	return found;
}

uint32_t spi_get_pending(struct guest_gic *g, unsigned word)
{
	return g->held[word].latch |
	       (get_word(&g->input[word].line) & g->exists[word] & ~g->edge[word] & ~g->bound[word]) |
	       placed_in_state(g, word, ~0u, VIRQ_PENDING);
}

void spi_set_pending(struct guest_gic *g, unsigned word, uint32_t set)
{
	set_bits(&g->held[word].latch, set & g->exists[word]);
	offer_spis(g, word, set);
}

/* GICD_ICPENDR clears the latch; a line that is high keeps its interrupt pending. */
void spi_clear_pending(struct guest_gic *g, unsigned word, uint32_t clear)
{
	uint32_t bound = clear & g->bound[word];

	while (bound) {
		unsigned intid = take_first(word, &bound);

		update_binding(g, g->place[intid], intid, BIND_CLEAR | (g->raised[word] & bit_of(intid) ? BIND_ON : 0));
	}
	retract_spis(g, word, clear);
	clear_bits(&g->held[word].latch, clear);
	offer_spis(g, word, clear);
}

uint32_t spi_get_active(struct guest_gic *g, unsigned word)
{
	return g->active[word] | placed_in_state(g, word, ~0u, VIRQ_ACTIVE);
}

/* There is no call that makes an SPI active in the kernel, so one that the guest makes active is kept here. */
void spi_set_active(struct guest_gic *g, unsigned word, uint32_t set)
{
	set &= g->exists[word] & ~placed_in_state(g, word, set, VIRQ_ACTIVE);
	set_bits(&g->active[word], set);
	retract_spis(g, word, set);
}

void spi_clear_active(struct guest_gic *g, unsigned word, uint32_t clear)
{
	uint32_t active = placed_in_state(g, word, clear, VIRQ_ACTIVE);

	clear_bits(&g->active[word], clear);
	while (active)
		evict_spi(g, take_first(word, &active), ~0u);
	offer_spis(g, word, clear);
}

/* GICD_ICFGR. To change it for an enabled interrupt is UNPREDICTABLE: here, what its line drives counts anew. */
void spi_set_config(struct guest_gic *g, unsigned word, uint32_t edge)
{
	uint32_t changed = (g->edge[word] ^ edge) & g->exists[word] & ~g->bound[word];

	retract_spis(g, word, changed);
	put_word(&g->edge[word], g->edge[word] ^ changed);
	heed_lines(g, word);
	offer_spis(g, word, changed);
}

void spi_set_priority(struct guest_gic *g, unsigned intid, uint8_t priority)
{
	priority &= GIC_PRIORITY_MASK;
	if (!is_spi(g, intid) || g->priority[intid] == priority)
		return;
	__atomic_store_n(&g->priority[intid], priority, __ATOMIC_RELAXED);
	offer_again(g, intid);
}

void spi_set_route(struct guest_gic *g, unsigned intid, uint64_t route)
{
	route &= GIC_ROUTE_AFFINITY | GIC_ROUTE_IRM;
	if (!is_spi(g, intid) || g->route[intid] == route)
		return;
	__atomic_store_n(&g->route[intid], route, __ATOMIC_RELAXED);
	offer_again(g, intid);
}
