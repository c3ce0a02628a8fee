/* SPDX-License-Identifier: Apache-2.0 */
/* `set variable value` and `unsupported type action`. */
#include "internal.h"
#include <string.h>

#define TIMEOUT_MIN 5
#define TIMEOUT_MAX 10000

#define FROM_BOARD "is not used: the kernel takes it from the board's device tree"
#define LATER      "is not supported yet"

enum kind { NUMBER, BOOLEAN, ADDRESS, STRING, TIMEOUT };

/* What a variable is. Its value is checked even if the variable is refused. */
struct variable {
	const char *name;
	enum kind kind;
	void (*assign)(struct qc_reader *r, uint64_t value);
	const char *reason; /* if `assign` is NULL: why it is refused */
};

static void counter_offset(struct qc_reader *r, uint64_t value)
{
	r->config->counter_offset = value;
}

static void broadcast_maintenance(struct qc_reader *r, uint64_t value)
{
	r->config->broadcast_maintenance = value != 0;
}

static void exit_on_halt(struct qc_reader *r, uint64_t value)
{
	r->config->exit_on_halt = value != 0;
}

static void vdev_debug(struct qc_reader *r, uint64_t value)
{
	if (r->context == QC_VDEV)
		qc_current_vdev(r)->status = value != 0;
	else if (r->context != QC_REFUSED && r->context != QC_OTHER_VDEV)
		qc_mistake(r, &r->option_place, "'set debug' belongs after 'vdev'");
}

static void gic_hwassist(struct qc_reader *r, uint64_t value)
{
	if (!value)
		qc_mistake(r, &r->option_place,
			   "'set gic-hwassist' off: the guest's interrupt controller always uses the hardware's");
}

static void pointer_authentication(struct qc_reader *r, uint64_t value)
{
	if (value)
		qc_mistake(
		    r, &r->option_place,
		    "'set pointer-authentication' on: guests are not shown pointer authentication; write off, or "
		    "delete it");
}

/* Those that can be used come first: they are the choices that messages give. */
static const struct variable variables[] = {
    {"broadcast-maintenance", BOOLEAN, broadcast_maintenance, NULL},
    {"counter-offset", NUMBER, counter_offset, NULL},
    {"debug", BOOLEAN, vdev_debug, NULL},
    {"exit-on-halt", BOOLEAN, exit_on_halt, NULL},
    {"gic-hwassist", BOOLEAN, gic_hwassist, NULL},
    {"pointer-authentication", BOOLEAN, pointer_authentication, NULL},
    {"fdt-dump-file", STRING, NULL, "is not supported: the board has no files that a VM could write"},
    {"grow-heap", ADDRESS, NULL, "is not used: 'memory' in the system description is qvm's from its start"},
    {"host-paddr-gicd", ADDRESS, NULL, FROM_BOARD},
    {"host-paddr-gich", ADDRESS, NULL, FROM_BOARD},
    {"host-paddr-gicr", ADDRESS, NULL, FROM_BOARD},
    {"host-paddr-gicv", ADDRESS, NULL, FROM_BOARD},
    {"message-block-timeout", TIMEOUT, NULL, LATER},
    {"pci-mux-path", STRING, NULL, LATER},
    {"slog-buffer", ADDRESS, NULL, "is not used: all VMs have the system's one log"},
    {"vdev-message-block-timeout", TIMEOUT, NULL, LATER},
};

#define VARIABLES      (sizeof(variables) / sizeof(variables[0]))
#define VARIABLES_HERE 6

static unsigned find_word(const char *word, const char *const *names, unsigned count)
{
	unsigned i = 0;

	while (i < count && strcmp(word, names[i]) != 0)
		i++;
	return i;
}

/* What a value of that kind is, as the rest of a sentence, or NULL if the text is one. */
static const char *value_problem(enum kind kind, const char *text, uint64_t *value)
{
	bool truth = false;

	switch (kind) {
	case NUMBER: return number_plain(text, strlen(text), value) ? NULL : "is not a 64-bit number";
	case ADDRESS: return number_length(text, strlen(text), value) ? NULL : "is not a number of bytes";
	case STRING: return *text ? NULL : "is empty";
	case BOOLEAN:
		if (!number_boolean(text, &truth))
			return "is neither on nor off";
		*value = truth;
		return NULL;
	case TIMEOUT:
		if (number_plain(text, strlen(text), value) &&
		    (*value == 0 || (*value >= TIMEOUT_MIN && *value <= TIMEOUT_MAX)))
			return NULL;
		return "is not a number of milliseconds from 5 to 10000, or 0";
	}
	return NULL;
}

static void assign_variable(struct qc_reader *r, const struct variable *variable, const char *text)
{
	uint64_t value = 0;
	const char *problem = value_problem(variable->kind, text, &value);

	if (problem)
		qc_mistake(r, &r->word_place, "%s: '%.64s' %s", variable->name, text, problem);
	else if (variable->assign)
		variable->assign(r, value);
	else
		qc_mistake(r, &r->option_place, "'set %s' %s", variable->name, variable->reason);
}

void qc_set(struct qc_reader *r, const struct qc_option *option)
{
	const char *names[VARIABLES], *word = qc_argument(r, option), *value;
	unsigned i;

	if (!word)
		return;
	for (i = 0; i < VARIABLES; i++)
		names[i] = variables[i].name;
	i = find_word(word, names, VARIABLES);
	if (i == VARIABLES) {
		qc_unknown(r, "variable", names, qc_nearest(word, names, VARIABLES) ? VARIABLES : VARIABLES_HERE);
		return;
	}
	value = qc_argument(r, &(struct qc_option)OPTION(names[i], "its value", NULL));
	if (value)
		assign_variable(r, &variables[i], value);
}

void qc_unsupported(struct qc_reader *r, const struct qc_option *option)
{
	static const char *const types[] = {"instruction", "reference", "register"};
	static const char *const actions[] = {"abort", "fail", "ignore"};
	enum qvm_unsupported *const policies[] = {&r->config->unsupported.instruction,
						  &r->config->unsupported.reference, &r->config->unsupported.register_};
	const char *word = qc_argument(r, option);
	unsigned type = word ? find_word(word, types, 3) : 3, action;

	if (!word)
		return;
	if (type == 3) {
		qc_unknown(r, "type of unsupported operation", types, 3);
		return;
	}
	word = qc_argument(r, &(struct qc_option)OPTION(types[type], "abort, fail or ignore", NULL));
	if (!word)
		return;
	action = find_word(word, actions, 3);
	if (action == 3)
		qc_unknown(r, "action", actions, 3);
	else
		*policies[type] = (enum qvm_unsupported)action;
}
