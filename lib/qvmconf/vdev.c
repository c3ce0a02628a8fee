/* SPDX-License-Identifier: Apache-2.0 */
/* `vdev`: what all virtual devices have, and the lists of their own options. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

/* Given, but wrong: that it is missing would be one message too many. Areas and interrupts like these clash with none.
 */
#define WRONG_LOC  QVM_IPA_LIMIT
#define WRONG_INTR (QVM_SPI_LAST + 1)

struct qvm_vdev *qc_current_vdev(struct qc_reader *r)
{
	return &r->config->vdevs[r->config->vdev_count - 1];
}

const char *qc_vdev_name(struct qc_reader *r, const struct qc_option *option)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *text = qc_argument(r, option);

	if (!text)
		return NULL;
	if (r->word_bytes == 0 || r->word_bytes >= QVM_VDEV_NAME_MAX || strspn(text, allowed) != r->word_bytes) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' cannot name a vdev: use 1 to 31 letters, digits, '_', '-' or '.'", text);
		return NULL;
	}
	return qc_keep(r, text);
}

void qc_mem_place(struct qc_reader *r, const struct qc_option *option, uint64_t multiple, uint64_t bytes,
		  uint64_t *place)
{
	const char *text = qc_argument(r, option);
	uint64_t read;

	if (!text || !qc_mem_space(r, &text))
		return;
	if (!number_address(text, strlen(text), &read)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not an address in memory: write it as 0x1c090000", text);
		return;
	}
	if (read % multiple || read > QVM_IPA_LIMIT - bytes) {
		qc_mistake(r, &r->word_place,
			   "address 0x%" PRIx64 " of '%s' is not a multiple of 0x%" PRIx64 " below 0x%llx", read,
			   option->name, multiple, QVM_IPA_LIMIT);
		return;
	}
	*place = read;
}

static void vdev_loc(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_vdev *vdev = qc_current_vdev(r);

	vdev->loc_given = true;
	vdev->loc = WRONG_LOC;
	qc_mem_place(r, option, QVM_PAGE, vdev->bytes, &vdev->loc);
}

void qc_vdev_not_missing(struct qc_reader *r, const char *meant)
{
	struct qvm_vdev *vdev = qc_current_vdev(r);

	if (strcmp(meant, "loc") == 0 && !vdev->loc_given) {
		vdev->loc_given = true;
		vdev->loc = WRONG_LOC;
	} else if (strcmp(meant, "intr") == 0 && vdev->intr_count == 0) {
		vdev->intr_count = 1;
		vdev->intr[0] = WRONG_INTR;
	}
}

/* `controller:number`, of the interrupt controller that the guest has. */
bool qc_spi(struct qc_reader *r, const char *text, size_t bytes, uint32_t *intid)
{
	const char *pic = r->config->gic.name, *colon = memchr(text, ':', bytes);
	int shown = bytes > 64 ? 64 : (int)bytes;
	uint64_t number;
	size_t head;

	if (!colon) {
		qc_mistake(r, &r->word_place, "'%.*s' names no interrupt controller: write %s:N", shown, text, pic);
		return false;
	}
	head = (size_t)(colon - text);
	if (head != strlen(pic) || memcmp(text, pic, head) != 0) {
		if (r->pic_refused)
			return false;
		qc_mistake(r, &r->word_place,
			   "no interrupt controller '%.*s' is known here; write %s:N, or put a 'vdev gic' "
			   "with that name before this",
			   head > 31 ? 31 : (int)head, text, pic);
		return false;
	}
	if (!number_plain(colon + 1, bytes - head - 1, &number) || number < QVM_SPI_FIRST || number > QVM_SPI_LAST) {
		qc_mistake(r, &r->word_place,
			   "'%.*s' is not a shared peripheral interrupt: write %s:N with N from 32 to 1019", shown,
			   text, pic);
		return false;
	}
	*intid = (uint32_t)number;
	return true;
}

static void vdev_intr(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_vdev *vdev = qc_current_vdev(r);
	const char *text = qc_argument(r, option);

	vdev->intr_count = 1;
	vdev->intr[0] = WRONG_INTR;
	for (unsigned count = 0; text; count++) {
		size_t bytes = strcspn(text, ",");

		if (count == QVM_VDEV_INTRS_MAX) {
			qc_mistake(r, &r->word_place, "more than %d interrupts of one vdev", QVM_VDEV_INTRS_MAX);
			return;
		}
		vdev->intr[count] = WRONG_INTR;
		vdev->intr_count = count + 1;
		if (!qc_spi(r, text, bytes, &vdev->intr[count]))
			return;
		text = text[bytes] ? text + bytes + 1 : NULL;
	}
}

static void vdev_name(struct qc_reader *r, const struct qc_option *option)
{
	const char *name = qc_vdev_name(r, option);

	if (name)
		qc_current_vdev(r)->name = name;
}

static void vdev_sched(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);
	uint64_t priority;

	if (!text)
		return;
	if (number_plain(text, strlen(text), &priority) && priority >= 1 && priority <= 254)
		qc_current_vdev(r)->priority = (uint8_t)priority;
	else
		qc_mistake(r, &r->word_place, "'%.64s' is not a priority: 1 to 254", text);
}

const struct qc_option qc_vdev_options[] = {
    OPTION("loc", "an address", vdev_loc),
    OPTION("intr", "controller:number, as in gic:37", vdev_intr),
    OPTION("name", "a name", vdev_name),
    OPTION("sched", "a priority", vdev_sched),
    OPTION("log", "filters with commas between them, and a destination", qc_vdev_log),
    OPTIONS_END,
};

static bool has_option(const struct qvm_config *config, const struct qvm_vdev *vdev, const char *option)
{
	for (unsigned i = 0; i < vdev->option_count; i++) {
		if (strcmp(config->vdev_options[vdev->option_first + i].name, option) == 0)
			return true;
	}
	return false;
}

/* All of these count; of any other option that is repeated only the last. */
static bool repeats(const char *name)
{
	return strcmp(name, "hostdev") == 0 || strcmp(name, "create") == 0 || strcmp(name, "allow") == 0 ||
	       strcmp(name, "deny") == 0;
}

/* Where the option goes: in the place of one of that name that it replaces, else behind the others. */
static struct qvm_vdev_option *own_option(struct qc_reader *r, struct qvm_vdev *vdev, const char *name)
{
	struct qvm_config *c = r->config;

	for (unsigned i = 0; i < vdev->option_count && !repeats(name); i++) {
		if (strcmp(c->vdev_options[vdev->option_first + i].name, name) == 0)
			return &c->vdev_options[vdev->option_first + i];
	}
	if (c->vdev_option_count == QVM_VDEV_OPTIONS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d options of vdevs", QVM_VDEV_OPTIONS_MAX);
		return NULL;
	}
	vdev->option_count++;
	return &c->vdev_options[c->vdev_option_count++];
}

static void keep_own_option(struct qc_reader *r, const char *name, const char *value)
{
	struct qvm_vdev_option *kept = own_option(r, qc_current_vdev(r), name);

	if (kept)
		*kept = (struct qvm_vdev_option){
		    .name = name, .value = value ? qc_keep(r, value) : NULL, .place = r->option_place};
}

void qc_vdev_close(struct qc_reader *r)
{
	const struct qvm_vdev *vdev = qc_current_vdev(r);
	const struct qc_vdev_type *type = qc_vdev_type(vdev->type);
	struct qvm_vdev_option *added = NULL;

	if (type && type->standard && !has_option(r->config, vdev, type->standard))
		added = own_option(r, qc_current_vdev(r), type->standard);
	if (added)
		*added = (struct qvm_vdev_option){.name = type->standard, .value = type->value, .place = vdev->place};
}

static void own_value(struct qc_reader *r, const char *name, const char *value)
{
	const struct qc_vdev_type *type = r->vdev_type;
	const char *problem = type && type->check && value ? type->check(name, value) : NULL;
	bool unused;

	if (type && type->later && qc_list_find(type->later, name, &unused)) {
		qc_mistake(r, &r->option_place, "'vdev %s %s' is not supported yet", type->name, name);
		return;
	}
	if (problem)
		qc_mistake(r, &r->word_place, "'%.64s' %s", value, problem);
	keep_own_option(r, name, value);
}

/* Passes over an option of a vdev that was refused. */
static bool pass_over(struct qc_reader *r)
{
	static const char common[] = "loc\0intr\0name\0sched\0hostvector\0log\0";
	bool argument = false;
	const char *name = qc_list_find(common, r->word, &argument);
	unsigned arguments = name && strcmp(name, "log") == 0 ? 2 : 1;

	if (!name) {
		name = qc_list_find(r->vdev_options, r->word, &argument);
		arguments = argument ? 1 : 0;
	}
	if (!name)
		return false;
	while (arguments-- > 0 && qc_argument(r, &(struct qc_option)OPTION(name, "a value", NULL)))
		continue;
	return true;
}

/* If the word read last is an option of its own of the vdev that is open, takes it, and returns true. */
bool qc_vdev_own_option(struct qc_reader *r)
{
	bool argument = false;
	const char *name, *value = NULL;

	if (r->context == QC_OTHER_VDEV)
		return pass_over(r);
	name = r->context == QC_VDEV ? qc_list_find(r->vdev_options, r->word, &argument) : NULL;
	if (!name)
		return false;
	r->options++;
	r->skipping = false;
	if (argument)
		value = qc_argument(r, &(struct qc_option)OPTION(name, "a value", NULL));
	if (value || !argument)
		own_value(r, name, value);
	else
		keep_own_option(r, name, ""); /* it was given: that it is missing would be one message too many */
	return true;
}

/* The full forms `vdev-pl011` and `vdev-pl011.so` are the same as `pl011`. */
static void strip(struct qc_reader *r)
{
	if (strncmp(r->word, "vdev-", 5) == 0) {
		r->word += 5;
		r->word_bytes -= 5;
	}
	if (r->word_bytes > 3 && strcmp(r->word + r->word_bytes - 3, ".so") == 0) {
		r->word_bytes -= 3;
		r->word[r->word_bytes] = '\0';
	}
}

static void begin(struct qc_reader *r, const char *name, uint64_t bytes)
{
	struct qvm_config *c = r->config;

	if (c->vdev_count == QVM_VDEVS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d vdevs", QVM_VDEVS_MAX);
		return;
	}
	c->vdevs[c->vdev_count++] = (struct qvm_vdev){
	    .type = name,
	    .bytes = bytes,
	    .safety = c->safety,
	    .status = true,
	    .option_first = c->vdev_option_count,
	    .place = r->option_place,
	};
	r->context = QC_VDEV;
}

/* Its options must not take words of the language: one called `safety` would take the VM's `safety` away. */
static const char *taken(const char *options)
{
	for (; *options; options += strlen(options) + 1) {
		if (qc_is_word(options + (*options == '0')))
			return options + (*options == '0');
	}
	return NULL;
}

/* A plug-in file tells what type it is. */
static bool plugged_in(struct qc_reader *r)
{
	struct qvmconf_vdev_type type = {.options = ""};
	const char *word = r->word, *name;

	if (!r->host->vdev || r->word_bytes >= QVM_VDEV_NAME_MAX || !r->host->vdev(r->host->context, word, &type))
		return false;
	if (type.wrong) {
		qc_mistake(r, &r->option_place, "vdev %s: %s", word, type.wrong);
		return true;
	}
	name = taken(type.options);
	if (name) {
		qc_mistake(r, &r->option_place,
			   "vdev %s: its option '%s' is a word of the language already; it needs another name", word,
			   name);
		return true;
	}
	r->vdev_type = NULL;
	r->vdev_options = type.options;
	begin(r, qc_keep(r, word), type.bytes);
	return true;
}

/* The name of a certified variant; the type's is without it. */
static bool is_variant(const struct qc_reader *r)
{
	return r->word_bytes > 7 && strcmp(r->word + r->word_bytes - 7, "-safety") == 0;
}

static void unknown(struct qc_reader *r)
{
	const char *names[32];
	unsigned all = qc_vdev_names(names, 32);

	if (qc_nearest(r->word, names, all))
		qc_unknown(r, "vdev", names, all);
	else
		qc_mistake(r, &r->word_place, "unknown vdev '%.64s': there is no file vdev-%.64s.so", r->word, r->word);
}

static void refuse_x86(struct qc_reader *r, const char *name)
{
	r->pic_refused |= strcmp(name, "ioapic") == 0 || strcmp(name, "8259") == 0;
	qc_mistake(r, &r->option_place, "'vdev %s' exists only on x86", name);
}

void qc_vdev(struct qc_reader *r, const struct qc_option *option)
{
	const struct qc_vdev_type *type;

	qc_open(r, QC_OTHER_VDEV); /* until it is seen to be right */
	if (!qc_argument(r, option))
		return;
	strip(r);
	if (strcmp(r->word, "gic") == 0) {
		qc_gic(r);
		return;
	}
	if (is_variant(r)) {
		qc_mistake(
		    r, &r->option_place,
		    "'vdev %s' names a variant: write 'vdev %.*s', whose file with -safety is always sought first",
		    r->word, (int)r->word_bytes - 7, r->word);
		return;
	}
	type = r->vdev_type = qc_vdev_type(r->word);
	r->vdev_options = type ? type->options : "";
	if (type && type->state == QC_HERE)
		begin(r, type->name, type->bytes);
	else if (type && type->state == QC_X86)
		refuse_x86(r, type->name);
	else if (plugged_in(r))
		return;
	else if (type)
		qc_mistake(r, &r->option_place, "'vdev %s' is not supported yet", type->name);
	else
		unknown(r);
}
