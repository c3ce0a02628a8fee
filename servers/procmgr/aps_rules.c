/* SPDX-License-Identifier: Apache-2.0 */
#include "aps_rules.h"
#include "bulkhead/kernel.h"
#include "slots.h"

static bool has_flag(uint32_t flag)
{
	return aps.sec_flags & flag;
}

/* The documented ability APS_ROOT. */
static bool is_able(uint32_t slot)
{
	return slots[slot].kind == SLOT_PROCMGR || slot_is_operator(&slots[slot]);
}

static bool is_in(uint32_t slot, uint32_t id)
{
	return slots[slot].partition == id;
}

/* Does a flag that demands the ability, or to be in a partition, hold the caller back? */
static bool lacks(uint32_t flag, bool demanded)
{
	return has_flag(flag) && !demanded;
}

bool aps_may_set(uint32_t slot)
{
	return !has_flag(SCHED_APS_SEC_PARTITIONS_LOCKED) &&
	       !lacks(SCHED_APS_SEC_ROOT0_OVERALL, is_able(slot) && is_in(slot, SCHED_APS_SYSTEM_PARTITION_ID));
}

bool aps_may_secure(uint32_t slot)
{
	return is_able(slot);
}

/* What creation and change have in common. */
static bool may_make(uint32_t slot, uint32_t critical_us)
{
	const bool in_system = is_in(slot, SCHED_APS_SYSTEM_PARTITION_ID);

	if (has_flag(SCHED_APS_SEC_PARTITIONS_LOCKED) || lacks(SCHED_APS_SEC_ROOT_MAKES_PARTITIONS, is_able(slot)) ||
	    lacks(SCHED_APS_SEC_SYS_MAKES_PARTITIONS, in_system))
		return false;
	return critical_us == 0 || (!lacks(SCHED_APS_SEC_ROOT_MAKES_CRITICAL, is_able(slot)) &&
				    !lacks(SCHED_APS_SEC_SYS_MAKES_CRITICAL, in_system));
}

bool aps_may_create(uint32_t slot, uint32_t parent, uint32_t budget, uint32_t critical_us)
{
	return may_make(slot, critical_us) &&
	       !(has_flag(SCHED_APS_SEC_NONZERO_BUDGETS) && (budget == 0 || budget == aps.of[parent].budget));
}

bool aps_may_modify(uint32_t slot, uint32_t id, const struct aps_partition *to)
{
	const struct aps_partition *now = &aps.of[id], *parent = &aps.of[now->parent];
	const bool changes = to->budget != now->budget;

	if (!may_make(slot, to->critical_us == now->critical_us ? 0 : to->critical_us) ||
	    lacks(SCHED_APS_SEC_PARENT_MODIFIES, is_in(slot, now->parent)))
		return false;
	return !(has_flag(SCHED_APS_SEC_NONZERO_BUDGETS) && changes &&
		 (to->budget == 0 || to->budget == now->budget + parent->budget));
}

/* A qvm need not ask whether its guest may run: the kernel knows whether it has. */
static bool guest_may_run(uint32_t slot)
{
	struct process_info info;

	return slots[slot].ready || ProcessInfo_r(slot, &info) < 0 || info.entries != 0;
}

bool aps_may_join(uint32_t slot, uint32_t target, uint32_t tid, uint32_t id)
{
	if (target == 0)
		return false; /* procmgr stays where it is */
	if (slots[slot].kind == SLOT_VM)
		return target == slot && tid != 0 && !guest_may_run(slot) && id < config.partition_count;
	return !lacks(SCHED_APS_SEC_ROOT_JOINS, is_able(slot)) &&
	       !lacks(SCHED_APS_SEC_SYS_JOINS, is_in(slot, SCHED_APS_SYSTEM_PARTITION_ID)) &&
	       !lacks(SCHED_APS_SEC_PARENT_JOINS, is_in(slot, aps.of[id].parent)) &&
	       !lacks(SCHED_APS_SEC_JOIN_SELF_ONLY, target == slot);
}

bool aps_may_mark(uint32_t slot, uint32_t target)
{
	if (target == 0)
		return false;
	if (slots[slot].kind == SLOT_VM)
		return target == slot && !guest_may_run(slot);
	return target == slot || is_able(slot);
}
