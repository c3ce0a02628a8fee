/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adaptive partitions: guaranteed shares of the CPUs' time, as a program asks about them and changes them.
 *
 * A partition is a number, 0 to SCHED_APS_MAX_PARTITIONS - 1, with a name, a parent and a budget; 0 is System. What is
 * created gets its budget out of its parent's, so that all budgets together are always 100 %. Percentages are of all
 * CPUs that nobody has exclusively, and are given in hundredths of a percent: SCHED_APS_PERCENT is 1 %. CPU times are
 * nanoseconds, of all these CPUs together. A `pid` is a process's slot, as `pidin` shows it.
 *
 * procmgr keeps names, parents and who may change what (SCHED_APS_SEC_*), and answers all of this in one message; the
 * kernel knows numbers, budgets and times. Here "the ability" is that of the operator's shell and of procmgr, and a
 * process is "in" the partition that its threads begin in, whatever partition a thread is in or works for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCHED_APS_SYSTEM_PARTITION_ID   0
#define SCHED_APS_SYSTEM_PARTITION_NAME "System"
#define SCHED_APS_MAX_PARTITIONS        32
#define SCHED_APS_PARTITION_NAME_LENGTH 15 /* without the NUL; no '/', no digit first, no blank */
#define SCHED_APS_NAME_BYTES            (SCHED_APS_PARTITION_NAME_LENGTH + 1)
#define SCHED_APS_PERCENT               100 /* hundredths of a percent */
#define SCHED_APS_WINDOWSIZE_MS_MIN     8
#define SCHED_APS_WINDOWSIZE_MS_MAX     400

/* Commands of SchedCtl(): with the structure that `data` points to, and errors besides EINVAL. */
enum sched_aps_command {
	SCHED_APS_QUERY_PARMS = 1,  /* out: struct sched_aps_info */
	SCHED_APS_SET_PARMS,        /* in: struct sched_aps_parms. EPERM; ENOSYS: a policy that is not supported yet */
	SCHED_APS_ADD_SECURITY,     /* in: struct sched_aps_security_parms. EPERM */
	SCHED_APS_CREATE_PARTITION, /* in and out: struct sched_aps_create_parms. EPERM; EEXIST: the name; EDQUOT: the
				       parent has less; ENOSPC: there are as many as may be; ENOSYS: a maximum
				       below 100 %, which is not supported yet */
	SCHED_APS_MODIFY_PARTITION, /* in: struct sched_aps_modify_parms. EPERM; ESRCH; EDQUOT: the parent
				       has less; ENOSYS: as for CREATE_PARTITION */
	SCHED_APS_LOOKUP,           /* in and out: struct sched_aps_lookup_parms. ESRCH */
	SCHED_APS_QUERY_PARTITION,  /* in and out: struct sched_aps_partition_info. ESRCH */
	SCHED_APS_JOIN_PARTITION,   /* in: struct sched_aps_join_parms. EPERM, also for a VM whose guest may run; ESRCH:
				       partition, process or thread */
	SCHED_APS_QUERY_THREAD,     /* in and out: struct sched_aps_query_thread_parms. ESRCH */
	SCHED_APS_QUERY_PROCESS,    /* in and out: struct sched_aps_query_process_parms. ESRCH */
	SCHED_APS_PARTITION_STATS,  /* in and out: one struct sched_aps_partition_stats, or an array of at most
				       SCHED_APS_MAX_PARTITIONS: of the first one's `id` and those that follow; what is
				       left over has the id -1. ESRCH */
	SCHED_APS_OVERALL_STATS,    /* out: struct sched_aps_overall_stats */
	SCHED_APS_MARK_CRITICAL,    /* in: struct sched_aps_mark_crit_parms: the thread may always use the critical
				       budget of its partition. EPERM; ESRCH */
	SCHED_APS_CLEAR_CRITICAL    /* in: struct sched_aps_mark_crit_parms. EPERM; ESRCH */
};

/*
 * Who may do what. A flag that is set stays set until the system ends. From the seal on the flags are
 * SCHED_APS_SEC_RECOMMENDED and SCHED_APS_SEC_PARTITIONS_LOCKED; or, where the system description has
 * `adjustable` in /partitions, ROOT0_OVERALL, ROOT_MAKES_CRITICAL, ROOT_MAKES_PARTITIONS and ROOT_JOINS.
 */
#define SCHED_APS_SEC_OFF                   0x000u /* anybody anything */
#define SCHED_APS_SEC_ROOT0_OVERALL         0x001u /* SET_PARMS: the ability, and to be in System */
#define SCHED_APS_SEC_ROOT_MAKES_PARTITIONS 0x002u /* create, modify: the ability */
#define SCHED_APS_SEC_SYS_MAKES_PARTITIONS  0x004u /* create, modify: to be in System */
#define SCHED_APS_SEC_PARENT_MODIFIES       0x008u /* modify: to be in its parent */
#define SCHED_APS_SEC_NONZERO_BUDGETS       0x010u /* no budget may be, or become, 0 */
#define SCHED_APS_SEC_ROOT_MAKES_CRITICAL   0x020u /* a critical budget that is not 0: the ability */
#define SCHED_APS_SEC_SYS_MAKES_CRITICAL    0x040u /* the same: to be in System */
#define SCHED_APS_SEC_ROOT_JOINS            0x080u /* join: the ability */
#define SCHED_APS_SEC_SYS_JOINS             0x100u /* join: to be in System */
#define SCHED_APS_SEC_PARENT_JOINS          0x200u /* join: to be in the parent of the partition to join */
#define SCHED_APS_SEC_JOIN_SELF_ONLY        0x400u /* a process may join only itself */
#define SCHED_APS_SEC_PARTITIONS_LOCKED     0x800u /* no more create, modify or SET_PARMS, by nobody */

#define SCHED_APS_SEC_BASIC (SCHED_APS_SEC_ROOT0_OVERALL | SCHED_APS_SEC_ROOT_MAKES_CRITICAL)
#define SCHED_APS_SEC_FLEXIBLE                                                                       \
	(SCHED_APS_SEC_BASIC | SCHED_APS_SEC_NONZERO_BUDGETS | SCHED_APS_SEC_ROOT_MAKES_PARTITIONS | \
	 SCHED_APS_SEC_PARENT_JOINS | SCHED_APS_SEC_PARENT_MODIFIES)
#define SCHED_APS_SEC_RECOMMENDED                                                                \
	(SCHED_APS_SEC_FLEXIBLE | SCHED_APS_SEC_SYS_MAKES_PARTITIONS | SCHED_APS_SEC_SYS_JOINS | \
	 SCHED_APS_SEC_JOIN_SELF_ONLY)
#define SCHED_APS_SEC_ALL 0xfffu

/* What is done with free time, and other things that hold for all partitions. */
#define SCHED_APS_SCHEDPOL_DEFAULT                    0u
#define SCHED_APS_SCHEDPOL_FREETIME_BY_RATIO          1u /* by the ratio of budgets, not by priority */
#define SCHED_APS_SCHEDPOL_LIMIT_CPU_USAGE            2u /* nobody exceeds its maximum, though there be free time */
#define SCHED_APS_SCHEDPOL_PARTITION_LOCAL_PRIORITIES 4u /* priorities count inside a partition only */
#define SCHED_APS_SCHEDPOL_NO_LONG_REPORTING          8u /* the operator's `aps show` has no longer windows */
#define SCHED_APS_SCHEDPOL_ALL                        15u
#define SCHED_APS_SCHEDPOL_NOT_SUPPORTED \
	(SCHED_APS_SCHEDPOL_LIMIT_CPU_USAGE | SCHED_APS_SCHEDPOL_PARTITION_LOCAL_PRIORITIES) /* yet */

/* What happens to a partition that has used more critical time in a window than its critical budget. */
#define SCHED_APS_BNKR_BASIC  0u /* it is out of budget for the rest of the window */
#define SCHED_APS_BNKR_CANCEL 1u /* its critical budget becomes 0 */
#define SCHED_APS_BNKR_REBOOT 2u /* the system ends and names it */

/* Puts a structure to zero, as it must be before its fields are filled in. */
#define APS_INIT_DATA(data) memset((data), 0, sizeof(*(data)))

struct sched_aps_info {
	uint64_t cycles_per_ms;                  /* of the counter; all times below are not counted in it */
	uint32_t windowsize_ms;                  /* in which budgets are kept */
	uint32_t windowsize2_ms, windowsize3_ms; /* 10 and 100 of them, of statistics */
	uint32_t scheduling_policy_flags;        /* SCHED_APS_SCHEDPOL_* */
	uint32_t sec_flags;                      /* SCHED_APS_SEC_* */
	uint32_t bankruptcy_policy;              /* SCHED_APS_BNKR_* */
	uint32_t num_partitions, max_partitions;
	uint32_t shared_cpus; /* run mask of those that percentages are of */
	uint32_t reserved;
};

struct sched_aps_parms {
	int32_t windowsize_ms; /* 8 to 400; -1: as it is */
	uint32_t reserved;
	const uint32_t *scheduling_policy_flagsp; /* SCHED_APS_SCHEDPOL_*; NULL: as they are */
	const uint32_t *bankruptcy_policyp;       /* SCHED_APS_BNKR_*; NULL: as it is */
};

struct sched_aps_security_parms {
	uint32_t sec_flags; /* SCHED_APS_SEC_*: added */
};

struct sched_aps_create_parms {
	const char *name;           /* NULL: its number */
	int32_t parent_id;          /* whose budget it gets its own from; -1: the partition that the caller is in */
	int32_t budget;             /* hundredths of a percent */
	int32_t max_budget;         /* 100 %, as yet; 0: the same */
	int32_t critical_budget_us; /* microseconds in a window, of all CPUs together */
	int32_t id;                 /* out */
	uint32_t reserved;
};

/* Of each -1: as it is. max_budget as in struct sched_aps_create_parms. */
struct sched_aps_modify_parms {
	int32_t id;
	int32_t budget, max_budget; /* hundredths of a percent */
	int32_t critical_budget_us;
};

struct sched_aps_lookup_parms {
	const char *name; /* or its number */
	int32_t id;       /* out */
	uint32_t reserved;
};

struct sched_aps_partition_info {
	int32_t id;        /* in */
	int32_t parent_id; /* of System -1 */
	char name[SCHED_APS_NAME_BYTES];
	uint32_t budget, max_budget; /* hundredths of a percent */
	uint32_t budget_of_children; /* that they have taken from it: not part of `budget` */
	uint32_t critical_budget_us; /* of System there is no bound: UINT32_MAX */
};

/* pid 0: the caller's process. tid 0: the calling thread; with a pid all threads of that process, and those to come. */
struct sched_aps_join_parms {
	int32_t id;
	uint32_t pid, tid;
	uint32_t reserved;
};

struct sched_aps_mark_crit_parms {
	uint32_t pid, tid; /* pid 0: the caller's process; tid 0: the calling thread, else not 0 */
};

#define SCHED_APS_QTHREAD_ALWAYS_CRITICAL 1u /* marked so */
#define SCHED_APS_QTHREAD_CRITICAL        2u /* until it blocks */

struct sched_aps_query_thread_parms {
	uint32_t pid, tid;         /* as for mark_crit */
	int32_t id;                /* out: of the partition that it has joined */
	int32_t inherited_id;      /* out: of the one that its time is billed to now */
	uint32_t crit_state_flags; /* out: SCHED_APS_QTHREAD_* */
	uint32_t reserved;
};

struct sched_aps_query_process_parms {
	uint32_t pid; /* 0: the caller's */
	int32_t id;   /* out: of the partition that its threads begin in */
};

/* "In the window" is the last windowsize_ms. What is used in longer ones is the difference of two totals. */
struct sched_aps_partition_stats {
	int32_t id; /* in */
	uint32_t reserved;
	uint64_t time_ns;                                   /* ClockTime() of these numbers */
	uint64_t run_time_ns, critical_time_ns;             /* in the window; critical: what of it was billed so */
	uint64_t total_run_time_ns, total_critical_time_ns; /* since the system began */
};

struct sched_aps_overall_stats {
	uint64_t time_ns;
	uint64_t idle_time_ns, total_idle_time_ns; /* in the window, since the system began */
};

/*
 * Carries out a command on `length` bytes at `data`, exactly as many as its structure has. Returns 0, or -1 with errno;
 * SchedCtl_r the negative errno. EINVAL: no such command, another length, or a number outside its range.
 */
int SchedCtl(int command, void *data, size_t length);
int SchedCtl_r(int command, void *data, size_t length);
