/* SPDX-License-Identifier: Apache-2.0 */
/* What VMs need of other processes, and the console driver of its device. */
#include "internal.h"
#include <bulkhead.h>
#include <stdio.h>
#include <string.h>
#include <sysplan.h>

/* What `serves` says may have been meant. */
static bool gives(const struct sys_process *p, enum sys_service service)
{
	return sys_serves(p, sys_services[service].name) || p->serves_wrong;
}

static bool is_program(const struct sys_process *p, const char *program)
{
	return p->program && strcmp(p->program, program) == 0;
}

void sys_need_service(struct sys_vm_needs *needs, enum sys_service service, const char *option, const char *type,
		      struct qvm_place place)
{
	if (needs->services & 1u << service)
		return;
	needs->services |= 1u << service;
	needs->service_places[service] = place;
	snprintf(needs->service_users[service], sizeof(needs->service_users[service]), "'%s%s%.*s'", option,
		 *type ? " " : "", QVM_VDEV_NAME_MAX - 1, type);
}

static void report_absent(const struct sys_config *config, unsigned v, enum sys_service service,
			  const struct sys_vm_needs *needs, struct sys_report *report)
{
	const struct sys_place node = {"vms", config->vms[v].own.name, NULL};
	char where[SYS_WHERE_MAX];

	sys_mistake_at(report, &needs->service_places[service],
		       "%s of /vms/%s%s needs %s, but no process of the system is one; add one to /processes, as %s, "
		       "or another program with 'serves = \"%s\"'",
		       needs->service_users[service], node.name, sys_where(report, &node, where),
		       sys_services[service].what, sys_services[service].program, sys_services[service].name);
}

static void report_apart(const struct sys_config *config, unsigned v, enum sys_service service, unsigned process,
			 const struct sys_vm_needs *needs, struct sys_report *report)
{
	const struct sys_place there = {"processes", config->processes[process].own.name, NULL};
	const struct sys_place here = {"vms", config->vms[v].own.name, "connect"};
	const bool public = config->processes[process].abilities & ABLE_PUBLIC;
	char where[SYS_WHERE_MAX], mine[SYS_WHERE_MAX];

	sys_mistake_at(report, &needs->service_places[service],
		       "%s needs %s, /processes/%s%s, to which /vms/%s%s may not connect; %s",
		       needs->service_users[service], sys_services[service].what, there.name,
		       sys_where(report, &there, where), here.name, sys_where(report, &here, mine),
		       public ? "name it in 'connect'" : "add \"public\" to its abilities");
}

static void check_service(const struct sys_config *config, unsigned v, enum sys_service service,
			  const struct sys_vm_needs *needs, struct sys_report *report)
{
	unsigned apart = config->process_count;

	for (unsigned i = 0; i < config->process_count; i++) {
		const struct sys_process *p = &config->processes[i];
		/* Without the ability "public" it serves nothing, though its program is made for it. */
		const bool mute = !(p->abilities & ABLE_PUBLIC) && is_program(p, sys_services[service].program);

		if (gives(p, service) && (config->vms[v].own.connect & 1u << i))
			return;
		if (gives(p, service) || (mute && apart == config->process_count))
			apart = i;
	}
	if (apart < config->process_count)
		report_apart(config, v, service, apart, needs, report);
	else
		report_absent(config, v, service, needs, report);
}

void sys_check_services(const struct sys_config *config, unsigned v, const struct sys_vm_needs *needs,
			struct sys_report *report)
{
	for (unsigned s = 0; s < SYS_SERVICES && !config->vms[v].connect_wrong; s++) {
		if (needs->services & 1u << s)
			check_service(config, v, (enum sys_service)s, needs, report);
	}
}

/* ---- devc-pl011 ---- */

/* How many consoles processes[p] needs by the configurations: one for the shell, and those of the VMs. */
static unsigned consoles_of(const struct sys_config *config, const struct sys_vm_needs *needs, unsigned p)
{
	unsigned count = 1;

	if (!needs || !is_program(&config->processes[p], sys_services[SYS_CONSOLE].program))
		return 0;
	for (unsigned v = 0; v < config->vm_count; v++)
		count += config->vms[v].own.connect & 1u << p ? needs[v].console_count : 0;
	return count;
}

uint64_t sys_heap_least(const struct sys_config *config, const struct sys_vm_needs *needs, unsigned p,
			char why[SYS_WHY_MAX])
{
	const unsigned consoles = consoles_of(config, needs, p);

	why[0] = '\0';
	if (consoles == 0)
		return HEAP_MIN;
	snprintf(why, SYS_WHY_MAX, " for %u console%s", consoles, consoles == 1 ? "" : "s");
	return CONSOLES_HEAP((uint64_t)consoles);
}

void sys_check_console_count(const struct sys_config *config, const struct sys_vm_needs *needs, unsigned p,
			     struct sys_report *report)
{
	const struct sys_place place = {"processes", config->processes[p].own.name, NULL};
	unsigned count = consoles_of(config, needs, p);

	if (count > CONSOLES_MAX)
		sys_mistake(report, &place,
			    "the VMs name %u consoles; devc-pl011 has %d, one of them for the shell; leave some out",
			    count - 1, CONSOLES_MAX);
}

static unsigned count_claims(const struct sys_claims *claims, unsigned owner, bool interrupts)
{
	unsigned count = 0;

	for (unsigned i = 0; i < claims->count; i++)
		count += claims->claim[i].owner == owner && (claims->claim[i].what == SYS_INTERRUPT) == interrupts;
	return count;
}

/* It drives one or two PL011, or SBSA UARTs, which are a part of one: each has one region and one interrupt. */
void sys_check_driver(const struct sys_config *config, const struct sys_board *board, const struct sys_claims *claims,
		      unsigned p, struct sys_report *report)
{
	const struct sys_owner *own = &config->processes[p].own;
	struct sys_place place = {"processes", own->name, own->device_count ? "devices" : NULL};
	unsigned ranges = count_claims(claims, p, false), interrupts = count_claims(claims, p, true);

	if (!is_program(&config->processes[p], sys_services[SYS_CONSOLE].program) || (claims->wrong & 1u << p))
		return;
	for (unsigned i = 0; i < own->device_count; i++) {
		if (sys_device_is(board, own->devices[i], "arm,pl011") ||
		    sys_device_is(board, own->devices[i], "arm,sbsa-uart"))
			continue;
		sys_mistake(report, &place,
			    "device \"%.64s\" is no PL011 or SBSA UART, which devc-pl011 drives; choose another device "
			    "or another driver",
			    own->devices[i]);
		return;
	}
	if (ranges < 1 || ranges > 2 || interrupts != ranges)
		sys_mistake(
		    report, &place,
		    "devc-pl011 needs one range of registers and one interrupt, or two of each, but it has %u and %u",
		    ranges, interrupts);
}
