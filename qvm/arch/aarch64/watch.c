/* SPDX-License-Identifier: Apache-2.0 */
/* Compares an access with the watchpoints that the guest has set (Arm ARM D2.10). */
#include "qvm/arch/aarch64/watch.h"
#include "abi/bulkhead.h"

#define MDSCR_KDE     (1ull << 13)
#define PSTATE_EL     (3ull << 2)
#define PSTATE_D      (1ull << 9)
#define WCR_E         (1ull << 0)
#define WCR_EL1       (1ull << 1)
#define WCR_EL0       (1ull << 2)
#define WCR_READ      (1ull << 3)
#define WCR_WRITE     (1ull << 4)
#define WCR_BAS(wcr)  ((unsigned)((wcr) >> 5) & 0xff)
#define WCR_SSC(wcr)  ((wcr) >> 14 & 3)
#define WCR_WT        (1ull << 20)
#define WCR_MASK(wcr) ((unsigned)((wcr) >> 24) & 0x1f)
#define SSC_SECURE    2
#define ADDRESS       ((1ull << 56) - 1) /* the top byte may be a tag */

/* Arm ARM D2.10.4: the byte lies in what the mask leaves, or is one of the eight that are selected. */
static bool matches_address(uint64_t wcr, uint64_t wvr, uint64_t va)
{
	const unsigned mask = WCR_MASK(wcr);

	if (mask != 0)
		return ((va ^ wvr) & ADDRESS) >> (mask < 3 ? 3 : mask) == 0;
	return ((va ^ wvr) & ADDRESS & ~7ull) == 0 && (WCR_BAS(wcr) << (wvr & 4) & 0xff) >> (va & 7) & 1;
}

/* Debug exceptions from where the vCPU is: EL0, or EL1 with KDE and PSTATE.D clear. */
static bool is_enabled(uint64_t (*get)(void *ctx, unsigned vreg), void *ctx)
{
	const uint64_t mdscr = get(ctx, VREG_MDSCR_EL1), pstate = get(ctx, VREG_PSTATE);

	if (!(mdscr & MDSCR_MDE) || (get(ctx, VREG_OSLOCK) & 1))
		return false;
	return (pstate & PSTATE_EL) == 0 || ((mdscr & MDSCR_KDE) && !(pstate & PSTATE_D));
}

bool watch_hits(uint64_t (*get)(void *ctx, unsigned vreg), void *ctx, uint64_t va, unsigned bytes, unsigned kind,
		unsigned *at)
{
	const uint64_t wanted = WCR_E | (kind & WATCH_USER ? WCR_EL0 : WCR_EL1);
	const uint64_t either = (kind & WATCH_READ ? WCR_READ : 0) | (kind & WATCH_WRITE ? WCR_WRITE : 0);

	if (!is_enabled(get, ctx))
		return false;
	for (unsigned i = 0; i < 16; i++) {
		const uint64_t wcr = get(ctx, VREG_DBGWCR0 + i), wvr = get(ctx, VREG_DBGWVR0 + i);

		/* A watchpoint that is linked to a context is not checked. */
		if ((wcr & wanted) != wanted || !(wcr & either) || (wcr & WCR_WT) || WCR_SSC(wcr) == SSC_SECURE)
			continue;
		for (*at = 0; *at < bytes; (*at)++)
			if (matches_address(wcr, wvr, va + *at))
				return true;
	}
	return false;
}
