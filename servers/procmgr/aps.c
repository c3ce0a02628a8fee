/* SPDX-License-Identifier: Apache-2.0 */
#include "aps.h"
#include "aps_rules.h"
#include "boot.h"
#include "bulkhead/kernel.h"
#include "log.h"
#include "slots.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MS_US       1000u
#define DESCRIPTION 80 /* bytes of a text about a partition */

/* What the kernel knows of the policies. */
#define KERNEL_POLICY PARTITION_POLICY_RATIO
_Static_assert(SCHED_APS_SCHEDPOL_FREETIME_BY_RATIO == PARTITION_POLICY_RATIO, "the same bit");

/* A system whose partitions are adjustable: the operator alone changes them. */
#define SEC_ADJUSTABLE (SCHED_APS_SEC_BASIC | SCHED_APS_SEC_ROOT_MAKES_PARTITIONS | SCHED_APS_SEC_ROOT_JOINS)

static int tell_params(uint32_t window_ms, uint32_t policy)
{
	return SchedPartition_r(PARTITION_PARAMS, window_ms, aps.shared_cpus, policy & KERNEL_POLICY);
}

static int tell_budget(uint32_t id, const struct aps_partition *p)
{
	return SchedPartition_r(PARTITION_BUDGET, id, p->budget | (uint64_t)p->max << 16,
				p->critical_us == APS_NO_BOUND ? SYS_CRITICAL_MOST_US : p->critical_us);
}

/* Changes two budgets: first the one that becomes smaller, so that all together never exceed the whole. */
static int tell_both(uint32_t id, const struct aps_partition *p, uint32_t parent, const struct aps_partition *q)
{
	const bool grows = p->budget > aps.of[id].budget;
	int result = grows ? tell_budget(parent, q) : tell_budget(id, p);

	return result < 0 ? result : grows ? tell_budget(id, p) : tell_budget(parent, q);
}

int aps_begin(void)
{
	const uint32_t all_cpus = (1u << boot->cpus) - 1;
	int result;

	aps = (struct aps){.window_ms = config.window_ms,
			   .policy = config.partition_policy,
			   .shared_cpus = config.shared_cpus & all_cpus ? config.shared_cpus & all_cpus : all_cpus};
	result = tell_params(aps.window_ms, aps.policy);
	for (uint32_t i = 0; result >= 0 && i < config.partition_count; i++) {
		const struct sys_partition *from = &config.partitions[i];
		struct aps_partition *p = &aps.of[i];

		*p = (struct aps_partition){true, "", from->parent, from->budget, from->max, from->critical_us};
		memcpy(p->name, from->name, sizeof(p->name));
		if (i == SCHED_APS_SYSTEM_PARTITION_ID)
			p->critical_us = APS_NO_BOUND;
		result = tell_budget(i, p);
	}
	if (result < 0)
		log_line(SLOG_FATAL, "SchedPartition failed, error %d", -result);
	return result;
}

void aps_seal(void)
{
	aps.sec_flags |=
	    config.partitions_adjustable ? SEC_ADJUSTABLE : SCHED_APS_SEC_RECOMMENDED | SCHED_APS_SEC_PARTITIONS_LOCKED;
}

int aps_set(const struct aps_request *r)
{
	const struct pm_aps *m = r->message;
	const uint32_t window_ms = m->window_ms == -1 ? aps.window_ms : (uint32_t)m->window_ms;
	const uint32_t policy = m->policy == -1 ? aps.policy : (uint32_t)m->policy;
	int result;

	if (window_ms < WINDOW_MS_MIN || window_ms > WINDOW_MS_MAX || (policy & ~SCHED_APS_SCHEDPOL_ALL) ||
	    m->bankruptcy < -1 || m->bankruptcy > (int32_t)SCHED_APS_BNKR_REBOOT)
		return -EINVAL;
	if (m->bankruptcy > (int32_t)SCHED_APS_BNKR_BASIC || (policy & SCHED_APS_SCHEDPOL_NOT_SUPPORTED))
		return -ENOSYS;
	if (!aps_may_set(r->slot))
		return -EPERM;
	result = tell_params(window_ms, policy);
	if (result < 0)
		return result;
	log_line(SLOG_INFO, "partitions: window %u ms, policy 0x%x; before: %u ms, 0x%x; by %s", (unsigned)window_ms,
		 (unsigned)policy, (unsigned)aps.window_ms, (unsigned)aps.policy, slots[r->slot].name);
	aps.window_ms = window_ms;
	aps.policy = policy;
	return 0;
}

int aps_secure(const struct aps_request *r)
{
	const uint32_t flags = r->message->sec_flags;

	if (flags & ~SCHED_APS_SEC_ALL)
		return -EINVAL;
	if (!aps_may_secure(r->slot))
		return -EPERM;
	log_line(SLOG_INFO, "partitions: security flags 0x%x; before: 0x%x; by %s", (unsigned)(aps.sec_flags | flags),
		 (unsigned)aps.sec_flags, slots[r->slot].name);
	aps.sec_flags |= flags;
	return 0;
}

/* Is it something that a partition may be called? */
static bool is_name(const char *name)
{
	if (*name == '\0' || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name != '\0'; name++)
		if (*name < 0x21 || *name > 0x7e || *name == '/')
			return false;
	return true;
}

static bool is_valid(const struct aps_partition *p)
{
	return p->budget <= p->max && p->max <= PARTITION_PERCENT;
}

/* A bound that nobody keeps must not pass for one. */
static bool is_supported(const struct aps_partition *p)
{
	return p->max == PARTITION_PERCENT;
}

/* At most a window of all shared CPUs; -1: as it is. */
static bool is_critical_budget(int32_t us)
{
	return us >= -1 && us <= (int32_t)(aps.window_ms * MS_US * (uint32_t)__builtin_popcount(aps.shared_cpus));
}

/* What a number of a message becomes: -1 is what was there. */
static uint32_t number_or(int32_t number, uint32_t old)
{
	return number == -1 ? old : (uint32_t)number;
}

static uint32_t max_or(int32_t max, uint32_t old)
{
	return max == 0 ? PARTITION_PERCENT : number_or(max, old);
}

static const char *describe_partition(const struct aps_partition *p, char text[DESCRIPTION])
{
	snprintf(text, DESCRIPTION, "budget %u.%02u %%, max %u.%02u %%, critical %u us", (unsigned)p->budget / 100,
		 (unsigned)p->budget % 100, (unsigned)p->max / 100, (unsigned)p->max % 100,
		 (unsigned)(p->critical_us == APS_NO_BOUND ? 0 : p->critical_us));
	return text;
}

static int find_free(void)
{
	for (int i = 1; i < (int)PARTITION_MAX; i++)
		if (!aps.of[i].exists)
			return i;
	return -ENOSPC;
}

int aps_create(const struct aps_request *r)
{
	const struct pm_aps *m = r->message;
	const int32_t parent_id = m->parent == -1 ? (int32_t)slots[r->slot].partition : m->parent;
	struct aps_partition p = {.exists = true, .budget = (uint32_t)m->budget, .max = max_or(m->max_budget, 0)};
	struct aps_partition parent;
	char text[DESCRIPTION];
	int id, result;

	if (!aps_exists(parent_id))
		return -ESRCH;
	parent = aps.of[parent_id];
	p.parent = (uint32_t)parent_id;
	p.critical_us = (uint32_t)m->critical_us;
	if (m->budget < 0 || m->critical_us < 0 || !is_critical_budget(m->critical_us) || !is_valid(&p) ||
	    (m->name[0] != '\0' && !is_name(m->name)))
		return -EINVAL;
	if (!is_supported(&p))
		return -ENOSYS;
	if (!aps_may_create(r->slot, p.parent, p.budget, p.critical_us))
		return -EPERM;
	if (m->name[0] != '\0' && aps_find(m->name) >= 0)
		return -EEXIST;
	if (p.budget > parent.budget)
		return -EDQUOT;
	id = find_free();
	if (id < 0)
		return id;
	if (m->name[0] != '\0')
		memcpy(p.name, m->name, sizeof(p.name));
	else
		snprintf(p.name, sizeof(p.name), "%d", id);
	parent.budget -= p.budget;
	result = tell_both((uint32_t)id, &p, p.parent, &parent);
	if (result < 0)
		return result;
	aps.of[id] = p;
	aps.of[parent_id] = parent;
	log_line(SLOG_INFO, "partition %s (%d) created: %s; by %s", p.name, id, describe_partition(&p, text),
		 slots[r->slot].name);
	return id;
}

/* System has no parent: its budget is what is left, and its critical budget without a bound. */
static bool may_stand(uint32_t id, const struct aps_partition *to)
{
	const struct aps_partition *now = &aps.of[id];

	if (!is_valid(to))
		return false;
	return id != SCHED_APS_SYSTEM_PARTITION_ID ||
	       (to->budget == now->budget && to->critical_us == now->critical_us);
}

int aps_modify(const struct aps_request *r)
{
	const struct pm_aps *m = r->message;
	struct aps_partition p, parent;
	char text[DESCRIPTION], before[DESCRIPTION];
	uint32_t id;
	int result;

	if (!aps_exists(m->id))
		return -ESRCH;
	id = (uint32_t)m->id;
	p = aps.of[id];
	p.budget = number_or(m->budget, p.budget);
	p.max = max_or(m->max_budget, p.max);
	p.critical_us = number_or(m->critical_us, p.critical_us);
	if (m->budget < -1 || !is_critical_budget(m->critical_us) || !may_stand(id, &p))
		return -EINVAL;
	if (!is_supported(&p))
		return -ENOSYS;
	if (!aps_may_modify(r->slot, id, &p))
		return -EPERM;
	parent = aps.of[p.parent];
	if (p.budget > aps.of[id].budget + parent.budget)
		return -EDQUOT;
	parent.budget = aps.of[id].budget + parent.budget - p.budget;
	result = id == SCHED_APS_SYSTEM_PARTITION_ID ? tell_budget(id, &p) : tell_both(id, &p, p.parent, &parent);
	if (result < 0)
		return result;
	if (id != SCHED_APS_SYSTEM_PARTITION_ID)
		aps.of[p.parent] = parent;
	log_line(SLOG_INFO, "partition %s (%u) changed: %s; before: %s; by %s", p.name, (unsigned)id,
		 describe_partition(&p, text), describe_partition(&aps.of[id], before), slots[r->slot].name);
	aps.of[id] = p;
	return 0;
}
