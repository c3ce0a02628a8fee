/* SPDX-License-Identifier: Apache-2.0 */
/* `cpu` and what belongs to it. */
#include "internal.h"
#include <string.h>

static struct qvm_cpu *current(struct qc_reader *r)
{
	return &r->config->cpus[r->config->cpu_count - 1];
}

void qc_cpu(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_config *c = r->config;

	(void)option;
	qc_open(r, QC_REFUSED);
	if (c->cpu_count == QVM_CPUS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d CPUs", QVM_CPUS_MAX);
		return;
	}
	c->cpus[c->cpu_count++] = (struct qvm_cpu){.place = r->option_place};
	r->context = QC_CPU;
}

/* Splits off the number in front of the next comma. */
static bool next_number(const char **text, const char *end, uint64_t *value)
{
	const char *comma = memchr(*text, ',', (size_t)(end - *text)), *stop = comma ? comma : end;
	bool good = number_plain(*text, (size_t)(stop - *text), value);

	*text = comma ? comma + 1 : NULL;
	return good;
}

/* high,low,max_replacements,replacement_period,initial_budget, then 's'. */
static bool sporadic_valid(const char *text, size_t bytes)
{
	enum { HIGH, LOW, REPLACEMENTS, PERIOD, BUDGET, PARTS };
	const char *end = text + bytes - 1;
	uint64_t part[PARTS];
	unsigned n = 0;

	for (; text && n < PARTS; n++) {
		if (!next_number(&text, end, &part[n]))
			return false;
	}
	return n == PARTS && !text && part[HIGH] <= PRIO_MAX && part[LOW] >= 1 && part[LOW] <= part[HIGH] &&
	       part[REPLACEMENTS] > 0 && part[BUDGET] > 0 && part[BUDGET] <= part[PERIOD];
}

static void sporadic(struct qc_reader *r, const char *text, size_t bytes)
{
	if (sporadic_valid(text, bytes))
		qc_mistake(r, &r->word_place,
			   "sporadic scheduling ('sched %.64s') is not supported yet; give one priority, followed "
			   "by 'r' or 'f' if wanted",
			   text);
	else
		qc_mistake(r, &r->word_place,
			   "'%.64s' is not HIGH,LOW,REPLACEMENTS,PERIOD,BUDGETs: priorities 1 to 254, high not below "
			   "low, nanoseconds, and no budget above the period",
			   text);
}

static void cpu_sched(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = current(r);
	const char *text = qc_argument(r, option);
	size_t bytes = text ? strlen(text) : 0;
	enum qvm_policy policy = QVM_POLICY_RR;
	uint64_t priority;

	if (!text)
		return;
	if (bytes && text[bytes - 1] == 's') {
		sporadic(r, text, bytes);
		return;
	}
	if (bytes && strchr("rfo", text[bytes - 1]))
		policy = text[--bytes] == 'f' ? QVM_POLICY_FIFO : QVM_POLICY_RR;
	if (!number_plain(text, bytes, &priority) || priority < 1 || priority > PRIO_MAX) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' is not a priority: 1 to 254, followed by 'r' (round robin) or 'f' (FIFO) "
			   "if wanted",
			   text);
		return;
	}
	cpu->sched_given = true;
	cpu->priority = (uint8_t)priority;
	cpu->policy = policy;
}

static void cpu_runmask(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = current(r);
	const char *word = qc_argument(r, option), *text = word;
	uint32_t mask = 0;

	if (!word)
		return;
	/* One digit is one CPU: 0x3 would be read as CPU 3 by some, as CPUs 0 and 1 by others. */
	for (; text; text = text[1] ? text + 2 : NULL) {
		if (text[0] < '0' || text[0] >= '0' + CPU_MAX || (text[1] && (text[1] != ',' || !text[2]))) {
			qc_mistake(r, &r->word_place,
				   "'%.64s' is not a list of CPUs: write 0 to 7 with commas between them and no "
				   "blanks",
				   word);
			return;
		}
		mask |= 1u << (text[0] - '0');
	}
	cpu->runmask_given = true;
	cpu->runmask = mask;
}

/* Each CPU is a cluster by itself, `_cpu-N`; the others are the system description's. */
static bool cluster_find(const struct qc_reader *r, const char *name, uint32_t *mask)
{
	static const char single[] = "_cpu-";
	const size_t head = sizeof(single) - 1;

	if (strncmp(name, single, head) == 0 && name[head] >= '0' && name[head] < '0' + CPU_MAX && !name[head + 1]) {
		*mask = 1u << (name[head] - '0');
		return true;
	}
	return r->host->cluster && r->host->cluster(r->host->context, name, mask);
}

/* A cluster is a run mask that has a name; of both the last one counts. */
static void cpu_cluster(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = current(r);
	const char *name = qc_argument(r, option);

	if (!name)
		return;
	if (cluster_find(r, name, &cpu->runmask))
		cpu->runmask_given = true;
	else
		qc_mistake(r, &r->word_place, "the system has no cluster of CPUs '%.64s'", name);
}

static void cpu_partition(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = current(r);
	const char *name = qc_argument(r, option);
	char names[QVM_NAMES_BYTES] = "";

	if (!name)
		return;
	if (r->host->partition && r->host->partition(r->host->context, name, &cpu->partition_id, names))
		cpu->partition = qc_keep(r, name);
	else
		qc_mistake(r, &r->word_place, "the system has no partition '%.64s'%s%s", name,
			   *names ? "; it has " : "", names);
}

const struct qc_option qc_cpu_options[] = {
    OPTION("sched", "a priority", cpu_sched),
    OPTION("runmask", "CPU numbers with commas between them", cpu_runmask),
    OPTION("cluster", "the name of a cluster of CPUs", cpu_cluster),
    OPTION("partition", "the name of a partition", cpu_partition),
    OPTIONS_END,
};
