/* SPDX-License-Identifier: Apache-2.0 */
/* From a compiled system.dts to struct sys_config. */
#include "fdt_good.h"
#include "internal.h"
#include <bulkhead.h>
#include <libfdt.h>
#include <string.h>

#define DEFAULT_MEMORY        (1ull << 20)
#define DEFAULT_KERNEL_MEMORY (1ull << 19)

#define OWNER_WORDS                                                                                               \
	"args", "env", "priority", "max-priority", "policy", "runmask", "cluster", "exclusive-cpus", "memory",    \
	    "kernel-memory", "connect", "devices", "mmio", "interrupts", "regions", "dma-uncontained", "restart", \
	    "restart-limit", "restart-delay", "critical", "partition"

static const char *const process_words[] = {"program", "abilities", "serves", "ready", OWNER_WORDS, NULL};
static const char *const vm_words[] = {"config", "autostart", OWNER_WORDS, NULL};

static uint32_t read_abilities(const struct reader *r)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} abilities[] = {{"process", ABLE_PROCESS}, {"vcpu", ABLE_VCPU},     {"system", ABLE_SYSTEM},
			 {"log", ABLE_LOG},         {"public", ABLE_PUBLIC}, {"xsched", ABLE_XSCHED}};
	const char *list[8];
	unsigned count = sys_strings(r, "abilities", list, 8), j;
	uint32_t bits = 0;

	for (unsigned i = 0; i < count; i++) {
		for (j = 0; j < 6 && strcmp(list[i], abilities[j].name) != 0; j++)
			;
		if (j < 6)
			bits |= abilities[j].bit;
		else
			MISTAKE(r, "abilities",
				"unknown ability \"%.16s\"; choose from process, vcpu, system, log, public, xsched",
				list[i]);
		/* The word may have meant "public": then `connect` with this process is no mistake. */
		if (j == 6)
			bits |= ABLE_PUBLIC;
	}
	return bits;
}

static unsigned find_process(const struct sys_config *c, const char *name)
{
	unsigned i = 0;

	while (i < c->process_count && strcmp(c->processes[i].own.name, name) != 0)
		i++;
	return i;
}

static uint32_t public_processes(const struct sys_config *c)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < c->process_count; i++) {
		if (c->processes[i].abilities & ABLE_PUBLIC)
			mask |= 1u << i;
	}
	return mask;
}

/* Read when all processes are known: it may name a later one. */
static uint32_t read_connect(const struct reader *r)
{
	const struct sys_config *c = r->config;
	const char *list[SYS_PROCESSES_MAX];
	unsigned count = sys_strings(r, "connect", list, SYS_PROCESSES_MAX);
	uint32_t mask = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned p = find_process(c, list[i]);

		if (p == c->process_count)
			MISTAKE(r, "connect", "'connect' names \"%.32s\", but there is no process of that name",
				list[i]);
		else if (!(c->processes[p].abilities & ABLE_PUBLIC))
			MISTAKE(r, "connect",
				"'connect' names \"%s\", which has no channels for others; add \"public\" to its "
				"abilities",
				list[i]);
		else
			mask |= 1u << p;
	}
	return mask;
}

/* Names of owners are unique in the system: they name slots. A node with a wrong name is read, to report its other
 * mistakes. */
static void check_owner_name(const struct reader *r)
{
	const struct sys_config *c = r->config;
	bool taken = strcmp(r->place.name, "procmgr") == 0;

	sys_check_name(r);
	for (unsigned i = 0; i < sys_owner_count(c); i++)
		taken |= strcmp(sys_owner_at(c, i)->name, r->place.name) == 0;
	if (taken)
		MISTAKE(r, NULL,
			"its name is taken: each process and each VM needs another one, and \"procmgr\" is reserved");
}

static void read_process(const struct reader *r)
{
	struct sys_config *c = r->config;
	struct sys_process *p = &c->processes[c->process_count];

	check_owner_name(r);
	if (c->process_count == SYS_PROCESSES_MAX) {
		MISTAKE(r, NULL, "more than %d processes", SYS_PROCESSES_MAX);
		return;
	}
	sys_words(r, process_words);
	p->program = sys_string(r, "program", true);
	sys_read_owner(r, &p->own, DEFAULT_MEMORY, DEFAULT_KERNEL_MEMORY);
	p->abilities = read_abilities(r);
	sys_read_serves(r, p);
	p->ready = sys_flag(r, "ready");
	/* Added only now, so that its name is not compared with itself. */
	c->process_count++;
}

static void read_process_connect(const struct reader *r)
{
	unsigned i = find_process(r->config, r->place.name);

	if (i < r->config->process_count)
		r->config->processes[i].own.connect = read_connect(r);
}

static void read_vm(const struct reader *r)
{
	struct sys_config *c = r->config;
	struct sys_vm *vm = &c->vms[c->vm_count];
	unsigned before;

	check_owner_name(r);
	if (c->vm_count == SYS_VMS_MAX) {
		MISTAKE(r, NULL, "more than %d VMs", SYS_VMS_MAX);
		return;
	}
	sys_words(r, vm_words);
	vm->config = sys_string(r, "config", true);
	if (vm->config && strchr(vm->config, '/')) {
		MISTAKE(r, "config", "'config' is \"%.64s\"; the file is in the same folder, so give its name alone",
			vm->config);
		vm->config = NULL;
	}
	sys_read_owner(r, &vm->own, 0, 0);
	before = r->report->mistakes;
	vm->own.connect = sys_has(r, "connect") ? read_connect(r) : public_processes(c);
	vm->connect_wrong = r->report->mistakes != before;
	vm->autostart = sys_flag(r, "autostart");
	c->vm_count++;
}

static const char *const folders[] = {"memory", "clusters", "partitions", "processes", "vms", "shared-memory", NULL};

static void read_folder(struct reader *r, const char *name, void (*read)(const struct reader *r))
{
	int folder = fdt_subnode_offset(r->dtb, 0, name), node;

	if (folder < 0)
		return;
	r->place.folder = name;
	fdt_for_each_subnode(node, r->dtb, folder)
	{
		sys_node(r, node);
		read(r);
	}
}

static void read_part(const struct reader *r)
{
	sys_check_name(r);
	if (strcmp(r->place.folder, "memory") == 0)
		sys_read_region(r);
	else if (strcmp(r->place.folder, "clusters") == 0)
		sys_read_cluster(r);
	else
		sys_read_pool(r);
}

static void read_root(struct reader *r)
{
	static const char *const safety[] = {"none", "warn", "required", NULL}, *const ends[] = {"halt", "reset", NULL};
	int folder;

	sys_node(r, 0);
	if (!sys_is(r->dtb, 0, "compatible", "bulkhead,system"))
		MISTAKE(r, "compatible",
			"this is not a system description: its root needs compatible = \"bulkhead,system\"");
	for (unsigned p = 0; p < r->property_count; p++) {
		const char *property = r->properties[p].name;

		if (strcmp(property, "compatible") != 0 && strcmp(property, "safety") != 0 &&
		    strcmp(property, "safe-state") != 0)
			MISTAKE(r, property,
				"unknown property '%.32s'; the root has 'compatible', 'safety' and 'safe-state'",
				property);
	}
	fdt_for_each_subnode(folder, r->dtb, 0)
	{
		const char *name = fdt_get_name(r->dtb, folder, NULL);
		unsigned i = 0;

		while (folders[i] && strcmp(folders[i], name) != 0)
			i++;
		r->place.folder = name;
		if (!folders[i])
			MISTAKE(r, NULL,
				"unknown node; the root has 'memory', 'clusters', 'partitions', 'processes', 'vms' and "
				"'shared-memory'");
	}
	r->place.folder = "";
	r->config->safety = (enum qvm_safety)(sys_choice(r, "safety", safety, 0) + QVM_SAFETY_NONE);
	r->config->safe_state_reset = sys_choice(r, "safe-state", ends, 0) == 1;
}

unsigned sys_read(struct sys_config *config, const void *dtb, size_t bytes, struct sys_report *report)
{
	struct reader r = {.config = config, .dtb = dtb, .place = {.folder = "", .name = ""}, .report = report};

	memset(config, 0, sizeof(*config));
	sys_begin_partitions(config);
	if (!fdt_good(dtb, bytes)) {
		MISTAKE(&r, NULL,
			"this is not a device tree blob, or it is damaged; compile system.dts with dtc again");
		return report->mistakes;
	}
	read_root(&r);
	read_folder(&r, "memory", read_part);
	read_folder(&r, "clusters", read_part);
	sys_read_partitions(&r);
	read_folder(&r, "partitions", sys_read_partition);
	read_folder(&r, "processes", read_process);
	read_folder(&r, "processes", read_process_connect);
	sys_bind_names(config, report);
	read_folder(&r, "vms", read_vm);
	read_folder(&r, "shared-memory", read_part);
	sys_share_cpus(config);
	return report->mistakes;
}
