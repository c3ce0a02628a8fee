/* SPDX-License-Identifier: Apache-2.0 */
/* `vdev`: what all virtual devices have, and their own options. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Given, but wrong: that it is missing would be one message too many. Areas and interrupts like these clash with none.
 */
#define WRONG_LOC  SPACE_LIMIT
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
	if (read % multiple || read > SPACE_LIMIT - bytes) {
		qc_mistake(r, &r->word_place,
			   "address 0x%" PRIx64 " of '%s' is not a multiple of 0x%" PRIx64 " below 0x%llx", read,
			   option->name, multiple, SPACE_LIMIT);
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
	if (number_plain(text, strlen(text), &priority) && priority >= 1 && priority <= PRIO_MAX)
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

/* Its own option of that index, as given last; NULL: it was not. */
static struct qvm_vdev_option *given(struct qvm_config *config, const struct qvm_vdev *vdev, unsigned index)
{
	struct qvm_vdev_option *found = NULL;

	for (unsigned i = 0; i < vdev->option_count; i++) {
		if (config->vdev_options[vdev->option_first + i].index == index)
			found = &config->vdev_options[vdev->option_first + i];
	}
	return found;
}

/* Takes the place of the value before if only the last one counts. `value` is kept already. */
static void keep_own_option(struct qc_reader *r, const struct vdev_option *option, unsigned index, const char *value,
			    const struct qvm_place *place)
{
	struct qvm_config *c = r->config;
	struct qvm_vdev *vdev = qc_current_vdev(r);
	struct qvm_vdev_option *kept = option->repeats ? NULL : given(c, vdev, index);

	if (!kept && c->vdev_option_count == QVM_VDEV_OPTIONS_MAX) {
		qc_mistake(r, place, "more than %d options of vdevs", QVM_VDEV_OPTIONS_MAX);
		return;
	}
	if (!kept) {
		vdev->option_count++;
		kept = &c->vdev_options[c->vdev_option_count++];
	}
	*kept = (struct qvm_vdev_option){
	    .name = option->name, .value = value, .kind = option->kind, .index = (uint8_t)index, .place = *place};
}

void qc_vdev_not_missing(struct qc_reader *r, const char *meant)
{
	struct qvm_vdev *vdev = qc_current_vdev(r);
	struct vdev_option own;

	if (strcmp(meant, "loc") == 0 && !vdev->loc_given) {
		vdev->loc_given = true;
		vdev->loc = WRONG_LOC;
	} else if (strcmp(meant, "intr") == 0 && vdev->intr_count == 0) {
		vdev->intr_count = 1;
		vdev->intr[0] = WRONG_INTR;
	} else {
		int index = vdev_option_find(r->vdev_options, meant, &own);

		if (index >= 0)
			keep_own_option(r, &own, (unsigned)index, "", &r->option_place);
	}
}

/* All options of the vdev that is open have been read. */
void qc_vdev_close(struct qc_reader *r)
{
	const struct qvm_vdev *vdev = qc_current_vdev(r);
	struct vdev_option option;

	for (unsigned i = 0; vdev_option_at(r->vdev_options, i, &option); i++) {
		if (given(r->config, vdev, i))
			continue;
		if (option.required)
			qc_mistake(r, &vdev->place, "'vdev %s' needs '%s'", vdev->type, option.name);
		else if (option.standard)
			keep_own_option(r, &option, i, option.standard, &vdev->place);
	}
}

static void own_value(struct qc_reader *r, const struct vdev_option *option, unsigned index, const char *value)
{
	char why[VDEV_WHY_BYTES];

	if (option->kind == VDEV_KIND_LATER) {
		qc_mistake(r, &r->option_place, "'vdev %s %s' is not supported yet", qc_current_vdev(r)->type,
			   option->name);
		return;
	}
	if (value && !vdev_option_value(option, value, why))
		qc_mistake(r, &r->word_place, "%s: '%.64s' %s", option->name, value, why);
	keep_own_option(r, option, index, value ? qc_keep(r, value) : NULL, &r->option_place);
}

/* Passes over an option of a vdev that was refused. */
static bool pass_over(struct qc_reader *r)
{
	static const char *const common[] = {"loc", "intr", "name", "sched", "hostvector", "log"};
	struct vdev_option own;
	const char *name = NULL;
	unsigned arguments = 1;

	for (unsigned i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (strcmp(common[i], r->word) == 0)
			name = common[i];
	}
	if (name)
		arguments = strcmp(name, "log") == 0 ? 2 : 1;
	else if (vdev_option_find(r->vdev_options, r->word, &own) >= 0)
		name = own.name, arguments = vdev_option_takes(&own);
	while (name && arguments-- > 0 && qc_argument(r, &(struct qc_option)OPTION(name, "a value", NULL)))
		continue;
	return name != NULL;
}

/* The value of an option; that it is missing is said with what the vdev expects, if it reads the value by itself. */
static const char *own_argument(struct qc_reader *r, const struct vdev_option *option)
{
	char form[64] = "a value";

	if (option->kind == VDEV_KIND_OWN)
		snprintf(form, sizeof(form), "%.*s", (int)option->limits_bytes, option->limits);
	return qc_argument(r, &(struct qc_option)OPTION(option->name, form, NULL));
}

/* If the word read last is an option of its own of the vdev that is open, takes it, and returns true. */
bool qc_vdev_own_option(struct qc_reader *r)
{
	struct vdev_option own;
	const char *value = NULL;
	int index;

	if (r->context == QC_OTHER_VDEV)
		return pass_over(r);
	index = r->context == QC_VDEV ? vdev_option_find(r->vdev_options, r->word, &own) : -1;
	if (index < 0)
		return false;
	r->options++;
	r->skipping = false;
	if (vdev_option_takes(&own))
		value = own_argument(r, &own);
	if (value || !vdev_option_takes(&own))
		own_value(r, &own, (unsigned)index, value);
	else
		keep_own_option(r, &own, (unsigned)index, "", &r->option_place); /* it was given: no second message */
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

static void begin_vdev(struct qc_reader *r, const char *name, const struct vdev_description *type)
{
	struct qvm_config *c = r->config;

	r->vdev_options = type->options;
	if (c->vdev_count == QVM_VDEVS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d vdevs", QVM_VDEVS_MAX);
		return;
	}
	c->vdevs[c->vdev_count++] = (struct qvm_vdev){
	    .type = name,
	    .bytes = type->bytes,
	    .needs = type->flags & ~VDEV_NOTE_SAFETY,
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
	struct vdev_option own;

	for (unsigned i = 0; vdev_option_at(options, i, &own); i++) {
		if (qc_is_word(own.name))
			return own.name;
	}
	return NULL;
}

/* The file of a vdev tells what type it is. */
static bool plugged_in(struct qc_reader *r)
{
	struct qvmconf_vdev_file file = {0};
	const char *word = r->word, *name;

	if (!r->host->vdev || r->word_bytes >= QVM_VDEV_NAME_MAX || !r->host->vdev(r->host->context, word, &file))
		return false;
	if (file.wrong) {
		qc_mistake(r, &r->option_place, "vdev %s: %s", word, file.wrong);
		return true;
	}
	name = taken(file.type.options);
	if (name) {
		qc_mistake(r, &r->option_place,
			   "vdev %s: its option '%s' is a word of the language already; it needs another name", word,
			   name);
		return true;
	}
	begin_vdev(r, qc_keep(r, word), &file.type);
	return true;
}

/* The name of a certified variant; the type's is without it. */
static bool is_variant(const struct qc_reader *r)
{
	return r->word_bytes > 7 && strcmp(r->word + r->word_bytes - 7, "-safety") == 0;
}

static unsigned add_names(const char *(*name)(unsigned index), const char **names, unsigned count, unsigned room)
{
	for (unsigned i = 0; count < room && name(i); i++)
		names[count++] = name(i);
	return count;
}

#define TYPES_MAX 64

static void unknown(struct qc_reader *r)
{
	const char *names[TYPES_MAX] = {"gic"};
	unsigned all = add_names(qc_known_name, names, 1, TYPES_MAX);

	all = add_names(qc_foreign_name, names, all, TYPES_MAX);
	if (qc_nearest(r->word, names, all))
		qc_unknown(r, "vdev", names, all);
	else
		qc_mistake(r, &r->word_place, "unknown vdev '%.64s': there is no file vdev-%.64s.so", r->word, r->word);
}

/* The type that a word names: one of the tree, of a file, of another system, or none. */
static void choose_type(struct qc_reader *r)
{
	struct vdev_description known;
	bool x86 = false;
	const char *foreign = qc_foreign(r->word, &x86);

	if (foreign)
		r->vdev_options = qc_foreign_options(foreign);
	if (qvmconf_vdev_known(r->word, &known)) {
		begin_vdev(r, qc_keep(r, r->word), &known);
	} else if (foreign && x86) {
		r->pic_refused |= strcmp(foreign, "ioapic") == 0 || strcmp(foreign, "8259") == 0;
		qc_mistake(r, &r->option_place, "'vdev %s' exists only on x86", foreign);
	} else if (!plugged_in(r)) {
		if (foreign)
			qc_mistake(r, &r->option_place, "'vdev %s' is not supported yet", foreign);
		else
			unknown(r);
	}
}

void qc_vdev(struct qc_reader *r, const struct qc_option *option)
{
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
	choose_type(r);
}
