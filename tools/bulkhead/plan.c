/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what was read from a configuration: see plan.h. */
#include "plan.h"
#include "bulkhead/proto.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const safeties[] = {
    [QVM_SAFETY_DEFAULT] = "default",
    [QVM_SAFETY_NONE] = "none",
    [QVM_SAFETY_WARN] = "warn",
    [QVM_SAFETY_REQUIRED] = "required",
};

static const char *const actions[] = {[QVM_ABORT] = "abort", [QVM_FAIL] = "fail", [QVM_IGNORE] = "ignore"};

/* Line ends and other unprintable characters become \xNN, so that it stays one line. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			printf("\\x%02x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_memory(const struct qvm_config *c)
{
	for (unsigned i = 0; i < c->mem_count; i++)
		printf("%s 0x%" PRIx64 ",0x%" PRIx64 "\n", c->mem[i].kind == QVM_RAM ? "ram" : "rom", c->mem[i].start,
		       c->mem[i].bytes);
	for (unsigned i = 0; i < c->reserve_count; i++) {
		const struct qvm_reserve *reserve = &c->reserves[i];

		if (reserve->bytes)
			printf("reserve loc 0x%" PRIx64 ",0x%" PRIx64 "\n", reserve->start, reserve->bytes);
		else
			printf("reserve intr %u\n", (unsigned)reserve->intr);
	}
}

static void print_cpus(const struct qvm_config *c)
{
	for (unsigned i = 0; i < c->cpu_count; i++) {
		const struct qvm_cpu *cpu = &c->cpus[i];

		printf("cpu %u", i);
		if (cpu->sched_given)
			printf(" sched %u%c", cpu->priority, cpu->policy == QVM_POLICY_FIFO ? 'f' : 'r');
		if (cpu->runmask_given)
			printf(" runmask 0x%x", (unsigned)cpu->runmask);
		if (cpu->partition)
			printf(" partition %s", cpu->partition);
		putchar('\n');
	}
}

static void print_blob(enum qvm_load_type type)
{
	if (type != QVM_LOAD_ANY)
		printf("%s ", qvmconf_load_name(type));
}

static void print_loads(const struct qvm_config *c)
{
	for (unsigned i = 0; i < c->load_count; i++) {
		print_blob(c->loads[i].type);
		printf("load ");
		if (c->loads[i].address_given)
			printf("0x%" PRIx64 ",", c->loads[i].address);
		printf("%s\n", c->loads[i].path);
	}
	if (c->cmdline) {
		printf("cmdline ");
		print_quoted(c->cmdline);
		putchar('\n');
	}
}

static void print_passes(const struct qvm_config *c)
{
	static const char letters[] = "rwxcemdnst";

	for (unsigned i = 0; i < c->pass_count; i++) {
		const struct qvm_pass *pass = &c->passes[i];

		print_blob(pass->blob);
		printf("pass loc 0x%" PRIx64 ",0x%" PRIx64 ",", pass->start, pass->bytes);
		for (unsigned bit = 0; letters[bit]; bit++) {
			if (pass->attributes & 1u << bit)
				putchar(letters[bit]);
		}
		printf("=0x%" PRIx64 "\n", pass->host);
	}
	for (unsigned i = 0; i < c->pass_intr_count; i++)
		printf("pass intr %s:%u%s=%u\n", c->gic.name, (unsigned)c->pass_intrs[i].guest,
		       c->pass_intrs[i].unmask ? ",u" : "", (unsigned)c->pass_intrs[i].host);
}

static void print_logger(const struct qvm_logger *logger, const char *option)
{
	const char *comma = "";

	printf("%s ", option);
	for (unsigned bit = 0; bit < SLOG_SEVERITIES; bit++) {
		if (logger->filters & 1u << bit) {
			printf("%s%s", comma, slog_severity_name(bit));
			comma = ",";
		}
	}
	printf(" %s", logger->dest == QVM_LOG_STDOUT   ? "stdout"
		      : logger->dest == QVM_LOG_STDERR ? "stderr"
		      : logger->dest == QVM_LOG_SLOG   ? "slog"
						       : "none");
}

static void print_vdev(const struct qvm_config *c, unsigned index)
{
	const struct qvm_vdev *vdev = &c->vdevs[index];

	printf("vdev %s", vdev->type);
	if (vdev->name)
		printf(" name %s", vdev->name);
	if (vdev->loc_given)
		printf(" loc 0x%" PRIx64 ",0x%" PRIx64, vdev->loc, vdev->bytes);
	for (unsigned i = 0; i < vdev->intr_count; i++)
		printf("%s%s:%u", i ? "," : " intr ", c->gic.name, (unsigned)vdev->intr[i]);
	if (vdev->priority)
		printf(" sched %u", vdev->priority);
	for (unsigned i = 0; i < vdev->option_count; i++) {
		const struct qvm_vdev_option *option = &c->vdev_options[vdev->option_first + i];

		printf(" %s", option->name);
		if (option->value) {
			putchar(' ');
			print_quoted(option->value);
		}
	}
	for (unsigned i = 0; i < c->logger_count; i++) {
		if (c->loggers[i].vdev == index)
			print_logger(&c->loggers[i], " log");
	}
	printf(" safety %s%s\n", safeties[vdev->safety], vdev->status ? "" : " debug off");
}

static void print_rest(const struct qvm_config *c)
{
	for (unsigned i = 0; i < c->logger_count; i++) {
		if (c->loggers[i].vdev == QVM_LOGGER_VM) {
			print_logger(&c->loggers[i], "logger");
			putchar('\n');
		}
	}
	printf("unsupported instruction %s register %s reference %s\n", actions[c->unsupported.instruction],
	       actions[c->unsupported.register_], actions[c->unsupported.reference]);
	printf("set counter-offset 0x%" PRIx64 " exit-on-halt %s%s\n", c->counter_offset,
	       c->exit_on_halt ? "on" : "off", c->broadcast_maintenance ? "" : " broadcast-maintenance off");
	printf("safety %s\n", safeties[c->safety]);
	if (c->dump) {
		printf("dump ");
		print_quoted(c->dump);
		putchar('\n');
	}
	if (c->debug)
		puts("debug");
	if (c->dryrun)
		puts("dryrun");
}

void plan_print(const struct qvm_config *c)
{
	printf("system %s\n", c->name);
	print_memory(c);
	print_cpus(c);
	print_loads(c);
	print_passes(c);
	printf("vdev gic name %s gicd 0x%" PRIx64 " gicr 0x%" PRIx64 "\n", c->gic.name, c->gic.gicd, c->gic.gicr);
	for (unsigned i = 0; i < c->vdev_count; i++)
		print_vdev(c, i);
	print_rest(c);
}
