/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process serves under which name: each name belongs to one process, whether that runs or not. A process has its
 * own name, those of `serves`, and without `serves` the one that its program is made for.
 */
#include "internal.h"
#include <bulkhead.h>
#include <string.h>

const struct sys_known_service sys_services[SYS_SERVICES] = {
    [SYS_CONSOLE] = {"console", "devc-pl011", "the console driver"},
    [SYS_SLOGGER] = {"slogger", "slogger", "the log ring"},
    [SYS_SHMEM] = {"shmem", "shmem-server", "the server of shared memory"},
};

static bool lists(const struct sys_process *p, const char *name)
{
	for (unsigned i = 0; i < p->serves_count; i++) {
		if (strcmp(p->serves[i], name) == 0)
			return true;
	}
	return false;
}

bool sys_serves(const struct sys_process *p, const char *name)
{
	return (p->abilities & ABLE_PUBLIC) && (strcmp(p->own.name, name) == 0 || lists(p, name));
}

void sys_read_serves(const struct reader *r, struct sys_process *p)
{
	const char *list[SYS_SERVES_MAX];
	const unsigned before = r->report->mistakes, count = sys_strings(r, "serves", list, SYS_SERVES_MAX);

	p->serves_given = sys_has(r, "serves");
	if (p->serves_given && !(p->abilities & ABLE_PUBLIC))
		MISTAKE(r, "serves", "'serves' needs the ability \"public\"; add it to 'abilities'");
	for (unsigned i = 0; i < count; i++) {
		if (!sys_good_name(list[i]))
			MISTAKE(r, "serves", "'serves' has \"%.40s\"; write 1 to %d letters, digits, '_', '-' or '.'",
				list[i], NAME_MAX_ - 1);
		else if (!lists(p, list[i]))
			p->serves[p->serves_count++] = list[i];
	}
	p->serves_wrong = r->report->mistakes != before;
}

static void give_default(struct sys_config *config, struct sys_process *p)
{
	for (unsigned s = 0; p->program && s < SYS_SERVICES; s++) {
		bool taken = strcmp(p->program, sys_services[s].program) != 0;

		for (unsigned i = 0; i < config->process_count; i++)
			taken |= lists(&config->processes[i], sys_services[s].name);
		if (!taken)
			p->serves[p->serves_count++] = sys_services[s].name;
	}
}

/* Where a process is given a name that it serves. */
static struct sys_place given_at(const struct sys_process *p, const char *name)
{
	const char *property = p->serves_given ? "serves" : "program";

	return (struct sys_place){"processes", p->own.name, lists(p, name) ? property : NULL};
}

static void check_name(const struct sys_config *config, unsigned late, const char *name, struct sys_report *report)
{
	const struct sys_place place = given_at(&config->processes[late], name);
	char where[SYS_WHERE_MAX];

	for (unsigned i = 0; i < late; i++) {
		const struct sys_process *early = &config->processes[i];
		const struct sys_place there = given_at(early, name);

		if (sys_serves(early, name))
			sys_mistake(report, &place,
				    "it serves \"%s\", which belongs to /processes/%s%s already; each name has one "
				    "process, so remove it from one of the two",
				    name, early->own.name, sys_where(report, &there, where));
	}
}

/* A program that is made for a service asks for its name when it starts, and ends if the name is another's. */
static void check_program(const struct sys_config *config, const struct sys_process *p, struct sys_report *report)
{
	const struct sys_place place = {"processes", p->own.name, "program"};
	char where[SYS_WHERE_MAX];

	for (unsigned s = 0; p->program && s < SYS_SERVICES; s++) {
		const char *name = sys_services[s].name;

		if (strcmp(p->program, sys_services[s].program) != 0 || sys_serves(p, name) || p->serves_wrong)
			continue;
		for (unsigned i = 0; i < config->process_count; i++) {
			const struct sys_process *other = &config->processes[i];
			const struct sys_place there = given_at(other, name);

			if (sys_serves(other, name))
				sys_mistake(
				    report, &place,
				    "program '%s' serves \"%s\", which belongs to /processes/%s%s already; each "
				    "name has one process, so remove one of the two",
				    p->program, name, other->own.name, sys_where(report, &there, where));
		}
	}
}

void sys_bind_names(struct sys_config *config, struct sys_report *report)
{
	for (unsigned i = 0; i < config->process_count; i++) {
		struct sys_process *p = &config->processes[i];

		if ((p->abilities & ABLE_PUBLIC) && !p->serves_given)
			give_default(config, p);
	}
	for (unsigned i = 0; i < config->process_count; i++) {
		const struct sys_process *p = &config->processes[i];

		for (unsigned j = 0; j < p->serves_count; j++)
			check_name(config, i, p->serves[j], report);
		if (sys_serves(p, p->own.name) && !lists(p, p->own.name))
			check_name(config, i, p->own.name, report);
		check_program(config, p, report);
	}
}
