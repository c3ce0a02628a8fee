/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the device of the board's tree that a claim by address or by interrupt belongs to. A device has one owner: who
 * has its interrupt or a part of its registers has the device, whatever the description calls it.
 */
#include "internal.h"
#include <libfdt.h>
#include <string.h>

struct resolver {
	struct sys_claims *claims;
	const struct sys_config *config;
	const struct sys_board *board;
	struct sys_report *report;
};

/* The parts of a bus are those of its devices. */
static bool is_bus(const struct sys_board *board, int node)
{
	for (unsigned i = 1; i < board->node_count; i++) {
		if ((int)board->nodes[i].parent == node && board->nodes[i].reg_bytes)
			return true;
	}
	return false;
}

/* Do two owners claim the same thing? Then that was reported. */
static bool clash_elsewhere(const struct resolver *r, unsigned a, unsigned b)
{
	const struct sys_claims *claims = r->claims;

	for (unsigned i = 0; i < claims->count; i++) {
		for (unsigned j = 0; j < claims->count && claims->claim[i].owner == a; j++) {
			if (claims->claim[j].owner == b &&
			    sys_claims_overlap(&claims->claim[i], &claims->claim[j], r->config))
				return true;
		}
	}
	return false;
}

/* An earlier claim of another owner on a part of the node. */
static const struct sys_claim *find_rival(const struct resolver *r, int node, const struct sys_claim *late)
{
	for (const struct sys_claim *early = r->claims->claim; early < late; early++) {
		if (early->owner != late->owner && sys_claim_is_of(r->board, node, early) &&
		    !clash_elsewhere(r, early->owner, late->owner))
			return early;
	}
	return NULL;
}

static bool by_number(const struct sys_claim *claim)
{
	return claim->source == SYS_BY_MMIO || claim->source == SYS_BY_INTERRUPT;
}

/* One claim on a part of the node; true: two owners clash there, of which one line is enough. */
static bool check_claim(const struct resolver *r, int node, const struct sys_claim *claim)
{
	const char *wrong = claim->source == SYS_BY_INTERRUPT ? sys_interrupt_refused(r->board, node) : NULL;
	const struct sys_place place = sys_claim_place(r->config, claim);
	const struct sys_claim *rival;
	char path[SYS_PATH_MAX];

	sys_path_of(r->board, node, path);
	if (wrong) {
		sys_mistake(r->report, &place, "'interrupts' %u is one of %s: %s; choose another",
			    (unsigned)claim->start, path, wrong);
		r->claims->wrong |= 1u << claim->owner;
		return false;
	}
	rival = find_rival(r, node, claim);
	if (!rival || (!by_number(claim) && !by_number(rival)) || is_bus(r->board, node))
		return false;
	sys_report_clash(r->config, claim, rival, path, r->report);
	return true;
}

void sys_resolve(struct sys_claims *claims, const struct sys_config *config, const struct sys_board *board,
		 struct sys_report *report)
{
	const struct resolver r = {claims, config, board, report};
	bool any = false;

	for (unsigned i = 0; i < claims->count; i++)
		any |= by_number(&claims->claim[i]);
	for (int node = 1; any && node < (int)board->node_count; node++) {
		for (unsigned i = 0; i < claims->count; i++) {
			if (sys_claim_is_of(board, node, &claims->claim[i]) && check_claim(&r, node, &claims->claim[i]))
				break;
		}
	}
}
