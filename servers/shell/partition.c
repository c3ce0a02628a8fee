/* SPDX-License-Identifier: Apache-2.0 */
#include "partition.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

struct word {
	const char *word;
	uint32_t flags;
};

/* Words for one flag each come first: those are printed. */
static const struct word security[] = {
    {"root0_overall", SCHED_APS_SEC_ROOT0_OVERALL},
    {"root_makes_partitions", SCHED_APS_SEC_ROOT_MAKES_PARTITIONS},
    {"sys_makes_partitions", SCHED_APS_SEC_SYS_MAKES_PARTITIONS},
    {"parent_modifies", SCHED_APS_SEC_PARENT_MODIFIES},
    {"nonzero_budgets", SCHED_APS_SEC_NONZERO_BUDGETS},
    {"root_makes_critical", SCHED_APS_SEC_ROOT_MAKES_CRITICAL},
    {"sys_makes_critical", SCHED_APS_SEC_SYS_MAKES_CRITICAL},
    {"root_joins", SCHED_APS_SEC_ROOT_JOINS},
    {"sys_joins", SCHED_APS_SEC_SYS_JOINS},
    {"parent_joins", SCHED_APS_SEC_PARENT_JOINS},
    {"join_self_only", SCHED_APS_SEC_JOIN_SELF_ONLY},
    {"partitions_locked", SCHED_APS_SEC_PARTITIONS_LOCKED},
    {"none", SCHED_APS_SEC_OFF},
    {"basic", SCHED_APS_SEC_BASIC},
    {"flexible", SCHED_APS_SEC_FLEXIBLE},
    {"recommended", SCHED_APS_SEC_RECOMMENDED},
    {NULL, 0},
};

static const struct word policies[] = {
    {"freetime_by_ratio", SCHED_APS_SCHEDPOL_FREETIME_BY_RATIO},
    {"limit_cpu_usage", SCHED_APS_SCHEDPOL_LIMIT_CPU_USAGE},
    {"partition_local_priorities", SCHED_APS_SCHEDPOL_PARTITION_LOCAL_PRIORITIES},
    {"no_long_reporting", SCHED_APS_SCHEDPOL_NO_LONG_REPORTING},
    {"normal", SCHED_APS_SCHEDPOL_DEFAULT},
    {NULL, 0},
};

static bool parse_word(const struct word *words, const char *word, uint32_t *flags)
{
	for (; words->word; words++)
		if (strcmp(words->word, word) == 0) {
			*flags |= words->flags;
			return true;
		}
	return false;
}

bool partition_parse_security(const char *word, uint32_t *flags)
{
	return parse_word(security, word, flags);
}

bool partition_parse_policy(const char *word, uint32_t *flags)
{
	return parse_word(policies, word, flags);
}

static void put_words(const struct word *words, uint32_t flags, const char *none, char text[PARTITION_WORDS])
{
	size_t used = 0;

	snprintf(text, PARTITION_WORDS, "%s", none);
	for (; words->word; words++)
		if (words->flags & flags && !(words->flags & (words->flags - 1)))
			used +=
			    (size_t)snprintf(text + used, PARTITION_WORDS - used, "%s%s", used ? " " : "", words->word);
}

void partition_security_words(uint32_t flags, char words[PARTITION_WORDS])
{
	put_words(security, flags, "none", words);
}

void partition_policy_words(uint32_t flags, char words[PARTITION_WORDS])
{
	put_words(policies, flags, "normal", words);
}

int partition_query(int32_t id, struct sched_aps_partition_info *info)
{
	int status;

	APS_INIT_DATA(info);
	info->id = id;
	status = SchedCtl_r(SCHED_APS_QUERY_PARTITION, info, sizeof(*info));
	info->name[sizeof(info->name) - 1] = 0;
	return status;
}

bool partition_find(const char *command, const char *name, int32_t *id)
{
	struct sched_aps_lookup_parms lookup = {.name = name};
	struct sched_aps_partition_info info;
	uint32_t number;

	if (SchedCtl_r(SCHED_APS_LOOKUP, &lookup, sizeof(lookup)) >= 0) {
		*id = lookup.id;
		return true;
	}
	if (text_parse_number(name, SCHED_APS_MAX_PARTITIONS - 1, &number) &&
	    partition_query((int32_t)number, &info) >= 0) {
		*id = (int32_t)number;
		return true;
	}
	printf("%s: there is no partition '%s'; aps show lists them\n", command, name);
	return false;
}

uint32_t partition_share(uint64_t ns, uint64_t all_ns)
{
	return all_ns == 0 ? 0 : ns < all_ns ? (uint32_t)(ns * 10000 / all_ns) : 10000;
}
