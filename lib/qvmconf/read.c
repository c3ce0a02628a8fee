/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of VM configurations: from the words of a command line to a checked struct qvm_config. */
#include "internal.h"
#include <string.h>

static void defaults(struct qvm_config *c, const char *name)
{
	memset(c, 0, sizeof(*c));
	c->name = name ? name : "qvm-guest";
	c->gic = (struct qvm_gic){.gicd = 0x2f000000, .gicr = 0x2f100000, .name = "gic"};
	c->unsupported.instruction = QVM_FAIL;
	c->unsupported.reference = QVM_IGNORE;
	c->unsupported.register_ = QVM_FAIL;
	c->counter_offset = QVM_COUNTER_FROM_ZERO;
	c->exit_on_halt = true;
	c->broadcast_maintenance = true;
}

int qvmconf_read(struct qvm_config *config, int argc, const char *const *argv, const struct qvmconf_host *host)
{
	struct qc_reader r = {.config = config, .host = host, .argc = argc, .argv = argv, .vdev_options = ""};

	defaults(config, host->name);
	r.here = r.option_place = (struct qvm_place){.file = "command line", .line = 0};
	while (qc_next_option(&r))
		qc_option(&r);
	qc_open(&r, QC_TOP);
	if (!r.stop)
		qc_check(&r);
	return r.mistakes ? VM_EXIT_CONFIG : 0;
}

uint64_t qvmconf_memory_bytes(const struct qvm_config *config)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < config->mem_count; i++)
		sum += config->mem[i].bytes;
	return sum;
}

bool qc_has_memory(const struct qvm_config *config)
{
	bool found = config->mem_count > 0;

	for (unsigned i = 0; i < config->pass_count; i++)
		found |= (config->passes[i].attributes & QVM_PASS_M) != 0;
	return found;
}

bool qvmconf_memory_has(const struct qvm_config *config, uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < config->mem_count; i++) {
		if (range_holds(config->mem[i].start, config->mem[i].bytes, start, bytes))
			return true;
	}
	for (unsigned i = 0; i < config->pass_count; i++) {
		if ((config->passes[i].attributes & QVM_PASS_M) &&
		    range_holds(config->passes[i].start, config->passes[i].bytes, start, bytes))
			return true;
	}
	return false;
}
