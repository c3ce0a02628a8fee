/* SPDX-License-Identifier: Apache-2.0 */
/* SchedCtl(): its structures as one message to procmgr. */
#include "bulkhead/sched_aps.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "bulkhead/proto.h"
#include <errno.h>
#include <stdbool.h>

_Static_assert(sizeof(((struct pm_aps *)NULL)->name) == SCHED_APS_NAME_BYTES, "a name fits");
_Static_assert(SCHED_APS_MAX_PARTITIONS == PARTITION_MAX, "as many as the kernel has");

static bool put_name(struct pm_aps *msg, const char *name)
{
	size_t bytes = name ? strlen(name) : 0;

	if (bytes >= sizeof(msg->name))
		return false;
	memcpy(msg->name, name ? name : "", bytes + 1);
	return true;
}

/* The policy of SET_PARMS: -1 where the pointer is NULL. */
static int32_t policy_of(const uint32_t *value)
{
	return !value ? -1 : *value > INT32_MAX ? INT32_MAX : (int32_t)*value;
}

static bool put_parms(struct pm_aps *msg, const struct sched_aps_parms *in)
{
	msg->window_ms = in->windowsize_ms;
	msg->policy = policy_of(in->scheduling_policy_flagsp);
	msg->bankruptcy = policy_of(in->bankruptcy_policyp);
	return true;
}

static bool put_create(struct pm_aps *msg, const struct sched_aps_create_parms *in)
{
	msg->parent = in->parent_id;
	msg->budget = in->budget;
	msg->max_budget = in->max_budget;
	msg->critical_us = in->critical_budget_us;
	return put_name(msg, in->name);
}

static bool put_modify(struct pm_aps *msg, const struct sched_aps_modify_parms *in)
{
	msg->id = in->id;
	msg->budget = in->budget;
	msg->max_budget = in->max_budget;
	msg->critical_us = in->critical_budget_us;
	return true;
}

static bool put_join(struct pm_aps *msg, const struct sched_aps_join_parms *in)
{
	msg->id = in->id;
	msg->pid = in->pid;
	msg->tid = in->tid;
	return true;
}

/* MARK_CRITICAL, CLEAR_CRITICAL, QUERY_THREAD, QUERY_PROCESS: all of them begin with a pid. */
static bool put_thread(struct pm_aps *msg, uint32_t pid, uint32_t tid)
{
	msg->pid = pid;
	msg->tid = tid;
	return true;
}

/* Bytes of a command's structure; 0: there is no such command. */
static size_t length_of(int command)
{
	switch (command) {
	case SCHED_APS_QUERY_PARMS: return sizeof(struct sched_aps_info);
	case SCHED_APS_SET_PARMS: return sizeof(struct sched_aps_parms);
	case SCHED_APS_ADD_SECURITY: return sizeof(struct sched_aps_security_parms);
	case SCHED_APS_CREATE_PARTITION: return sizeof(struct sched_aps_create_parms);
	case SCHED_APS_MODIFY_PARTITION: return sizeof(struct sched_aps_modify_parms);
	case SCHED_APS_LOOKUP: return sizeof(struct sched_aps_lookup_parms);
	case SCHED_APS_QUERY_PARTITION: return sizeof(struct sched_aps_partition_info);
	case SCHED_APS_JOIN_PARTITION: return sizeof(struct sched_aps_join_parms);
	case SCHED_APS_QUERY_THREAD: return sizeof(struct sched_aps_query_thread_parms);
	case SCHED_APS_QUERY_PROCESS: return sizeof(struct sched_aps_query_process_parms);
	case SCHED_APS_PARTITION_STATS: return sizeof(struct sched_aps_partition_stats);
	case SCHED_APS_OVERALL_STATS: return sizeof(struct sched_aps_overall_stats);
	case SCHED_APS_MARK_CRITICAL:
	case SCHED_APS_CLEAR_CRITICAL: return sizeof(struct sched_aps_mark_crit_parms);
	default: return 0;
	}
}

/* False: the name is too long. */
static bool fill_message(struct pm_aps *msg, const void *data)
{
	const struct sched_aps_query_thread_parms *thread = data;

	switch (msg->command) {
	case SCHED_APS_SET_PARMS: return put_parms(msg, data);
	case SCHED_APS_ADD_SECURITY:
		msg->sec_flags = ((const struct sched_aps_security_parms *)data)->sec_flags;
		return true;
	case SCHED_APS_CREATE_PARTITION: return put_create(msg, data);
	case SCHED_APS_MODIFY_PARTITION: return put_modify(msg, data);
	case SCHED_APS_LOOKUP: return put_name(msg, ((const struct sched_aps_lookup_parms *)data)->name);
	case SCHED_APS_QUERY_PARTITION: msg->id = ((const struct sched_aps_partition_info *)data)->id; return true;
	case SCHED_APS_JOIN_PARTITION: return put_join(msg, data);
	case SCHED_APS_QUERY_THREAD:
	case SCHED_APS_MARK_CRITICAL:
	case SCHED_APS_CLEAR_CRITICAL: return put_thread(msg, thread->pid, thread->tid);
	case SCHED_APS_QUERY_PROCESS: return put_thread(msg, thread->pid, 0);
	case SCHED_APS_PARTITION_STATS: msg->id = ((const struct sched_aps_partition_stats *)data)->id; return true;
	default: return true;
	}
}

int SchedCtl_r(int command, void *data, size_t length)
{
	const size_t one = length_of(command);
	struct pm_aps msg = {.type = PM_APS, .command = (uint32_t)command, .count = 1};
	int status;

	if (one == 0 || !data || length == 0 || length % one != 0)
		return -EINVAL;
	msg.count = (uint32_t)(length / one);
	if (msg.count > (command == SCHED_APS_PARTITION_STATS ? SCHED_APS_MAX_PARTITIONS : 1) ||
	    !fill_message(&msg, data))
		return -EINVAL;
	/* The answer to a command that only says something is empty. */
	status = MsgSend_r(process_args()->procmgr_coid, &msg, sizeof(msg), data, length);
	if (status >= 0 && command == SCHED_APS_CREATE_PARTITION)
		((struct sched_aps_create_parms *)data)->id = status;
	if (status >= 0 && command == SCHED_APS_LOOKUP)
		((struct sched_aps_lookup_parms *)data)->id = status;
	return status < 0 ? status : 0;
}

int SchedCtl(int command, void *data, size_t length)
{
	int status = SchedCtl_r(command, data, length);

	if (status >= 0)
		return status;
	errno = -status;
	return -1;
}
