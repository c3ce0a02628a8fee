/* SPDX-License-Identifier: Apache-2.0 */
/* `set variable value` and `unsupported type action`. */
#include "internal.h"
#include <string.h>

enum variable { COUNTER_OFFSET, EXIT_ON_HALT, VARIABLES_HERE };

/* Those that have a meaning here come first; the others are refused by name. */
static const char *const variables[] = {
    "counter-offset",
    "exit-on-halt",
    "debug",
    "fdt-dump-file",
    "gic-hwassist",
    "grow-heap",
    "host-paddr-gicd",
    "host-paddr-gich",
    "host-paddr-gicr",
    "host-paddr-gicv",
    "message-block-timeout",
    "pci-mux-path",
    "slog-buffer",
    "vdev-message-block-timeout",
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static unsigned find(const char *word, const char *const *names, unsigned count)
{
	unsigned i = 0;

	while (i < count && strcmp(word, names[i]) != 0)
		i++;
	return i;
}

static void assign(struct qc_reader *r, enum variable variable, const char *value)
{
	struct qvm_config *c = r->config;

	if (variable == COUNTER_OFFSET && !qc_number(value, strlen(value), &c->counter_offset))
		qc_mistake(r, &r->word_place, "'%.64s' is not a number of 64 bits, which counter-offset must be",
			   value);
	if (variable == EXIT_ON_HALT && !qc_boolean(value, &c->exit_on_halt))
		qc_mistake(r, &r->word_place, "'%.64s' is neither on nor off, which exit-on-halt must be", value);
}

void qc_set(struct qc_reader *r, const struct qc_option *option)
{
	const char *word = qc_argument(r, option), *value;
	unsigned i = word ? find(word, variables, VARIABLES) : VARIABLES;

	if (!word)
		return;
	if (i == VARIABLES) {
		qc_unknown(r, "variable", variables,
			   qc_nearest(word, variables, VARIABLES) ? VARIABLES : VARIABLES_HERE);
		return;
	}
	if (i >= VARIABLES_HERE)
		qc_mistake(r, &r->option_place, "'set %s' is not supported yet", variables[i]);
	value = qc_argument(r, &(struct qc_option){.name = variables[i], .argument = "its value"});
	if (value && i < VARIABLES_HERE)
		assign(r, (enum variable)i, value);
}

void qc_unsupported(struct qc_reader *r, const struct qc_option *option)
{
	static const char *const types[] = {"instruction", "reference", "register"};
	static const char *const actions[] = {"abort", "fail", "ignore"};
	enum qvm_unsupported *const policies[] = {&r->config->unsupported.instruction,
						  &r->config->unsupported.reference, &r->config->unsupported.register_};
	const char *word = qc_argument(r, option);
	unsigned type = word ? find(word, types, 3) : 3, action;

	if (!word)
		return;
	if (type == 3) {
		qc_unknown(r, "type of unsupported operation", types, 3);
		return;
	}
	word = qc_argument(r, &(struct qc_option){.name = types[type], .argument = "abort, fail or ignore"});
	if (!word)
		return;
	action = find(word, actions, 3);
	if (action == 3)
		qc_unknown(r, "action", actions, 3);
	else
		*policies[type] = (enum qvm_unsupported)action;
}
