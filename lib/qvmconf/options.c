/* SPDX-License-Identifier: Apache-2.0 */
/* The options outside of contexts, and which option a word is: its table, by the context that is open. */
#include "internal.h"
#include <string.h>

static void option_system(struct qc_reader *r, const struct qc_option *option)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	bool first = r->options == 1;
	const char *name = qc_argument(r, option);

	if (!first)
		qc_mistake(r, &r->option_place, "'system' must be the first entry; move it to the beginning");
	if (!name)
		return;
	if (r->word_bytes == 0 || r->word_bytes >= QVM_NAME_MAX || strspn(name, allowed) != r->word_bytes) {
		qc_mistake(r, &r->word_place, "'%.64s' cannot name a VM: use 1 to %d letters, digits, '_', '-' or '.'",
			   name, (int)QVM_NAME_MAX - 1);
		return;
	}
	r->config->name = qc_keep(r, name);
	r->config->name_given = true;
	r->config->name_place = r->option_place;
}

static void option_cmdline(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);

	if (text)
		r->config->cmdline = qc_keep(r, text);
}

/* A folder, or '|' and a command. */
static void option_dump(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);

	if (!text)
		return;
	if (text[strspn(text, "|")] == '\0') {
		qc_mistake(r, &r->word_place, "'dump' names neither a folder nor a command");
		return;
	}
	r->config->dump = qc_keep(r, text);
	qc_mistake(r, &r->option_place, "'dump' is not supported yet");
}

static void option_safety(struct qc_reader *r, const struct qc_option *option)
{
	static const char *const levels[] = {"none", "warn", "required"};
	const char *word = qc_argument(r, option);

	for (unsigned i = 0; word && i < 3; i++) {
		if (strcmp(word, levels[i]) == 0) {
			r->config->safety = (enum qvm_safety)(QVM_SAFETY_NONE + i);
			r->config->safety_place = r->option_place;
			return;
		}
	}
	if (word)
		qc_unknown(r, "safety level", levels, 3);
}

static void option_dryrun(struct qc_reader *r, const struct qc_option *option)
{
	(void)option;
	r->config->dryrun = true;
}

static void option_debug(struct qc_reader *r, const struct qc_option *option)
{
	(void)option;
	r->config->debug = true;
}

static const struct qc_option top_options[] = {
    OPTION("system", "the VM's name", option_system),
    OPTION("ram", "[start,]length", qc_ram),
    OPTION("rom", "[start,]length", qc_rom),
    OPTION("reserve", NULL, qc_reserve),
    OPTION("cpu", NULL, qc_cpu),
    OPTION("load", "[address,]file", qc_load),
    OPTION("initrd", "'load' and a file", qc_blob),
    OPTION("fdt", "'load' and a file", qc_blob),
    OPTION("data", "'load' and a file", qc_blob),
    OPTION("guest", "'load' and a file", qc_blob),
    OPTION("cmdline", "the guest's command line, in quotes", option_cmdline),
    OPTION("pass", NULL, qc_pass),
    OPTION("vdev", "the type of a virtual device", qc_vdev),
    OPTION("set", "a variable and its value", qc_set),
    OPTION("unsupported", "instruction, reference or register, and an action", qc_unsupported),
    OPTION("logger", "filters with commas between them, and a destination", qc_logger),
    OPTION("safety", "none, warn or required", option_safety),
    OPTION("dump", "a folder, or \"|command\"", option_dump),
    OPTION("dryrun", NULL, option_dryrun),
    OPTION("debug", NULL, option_debug),
    REFUSED("user", 1, NULL),
    REFUSED("generate", 1, NULL),
    REFUSED("smmu", 1, NULL),
    REFUSED("acpi", 2, "exists only on x86"),
    OPTIONS_END,
};

static const struct qc_option no_options[] = {OPTIONS_END};

static const struct qc_option *const options_of[QC_CONTEXTS] = {
    [QC_TOP] = no_options,       [QC_CPU] = qc_cpu_options,    [QC_RESERVE] = qc_reserve_options,
    [QC_PASS] = qc_pass_options, [QC_GIC] = qc_gic_options,    [QC_VDEV] = qc_vdev_options,
    [QC_REFUSED] = no_options,   [QC_OTHER_VDEV] = no_options,
};

static const struct qc_option *find_option(const struct qc_option *options, const char *word)
{
	for (; options->name; options++) {
		if (strcmp(options->name, word) == 0)
			return options;
	}
	return NULL;
}

bool qc_is_word(const char *word)
{
	return find_option(qc_vdev_options, word) || find_option(top_options, word) || strcmp(word, "hostvector") == 0;
}

/* Refuses an option by name and passes over what belongs to it. */
static void refuse_option(struct qc_reader *r, const struct qc_option *option)
{
	static const char *const owner[QC_CONTEXTS] = {[QC_CPU] = "cpu ", [QC_GIC] = "vdev gic "};
	const char *of = find_option(top_options, option->name) || !owner[r->context] ? "" : owner[r->context];

	qc_mistake(r, &r->option_place, "'%s%s' %s", of, option->name,
		   option->reason ? option->reason : "is not supported yet");
	for (unsigned i = 0; i < option->arguments; i++) {
		if (!qc_argument(r, &(struct qc_option)OPTION(option->name, "a value", NULL)))
			break;
	}
}

/* Closes the context that is open and opens another one. */
void qc_open(struct qc_reader *r, enum qc_context context)
{
	if ((r->context == QC_PASS || r->context == QC_RESERVE) && r->parts == 0)
		qc_mistake(r, &r->context_place, "'%s' must be followed by a 'loc' or an 'intr'",
			   r->context == QC_PASS ? "pass" : "reserve");
	if (r->context == QC_VDEV)
		qc_vdev_close(r);
	r->context = context;
	r->context_place = r->option_place;
	r->parts = 0;
	r->vdev_options = "";
}

/* A word that is known, but not here. */
static bool misplaced(struct qc_reader *r)
{
	static const struct {
		enum qc_context context;
		const char *opener;
	} places[] = {{QC_CPU, "cpu"}, {QC_VDEV, "vdev"}, {QC_GIC, "vdev gic"}};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].context != r->context && find_option(options_of[places[i].context], r->word)) {
			qc_mistake(r, &r->word_place, "'%.64s' belongs after '%s'", r->word, places[i].opener);
			return true;
		}
	}
	return false;
}

#define NAMES_MAX 64

/* Names to choose from: those that are not refused. */
static unsigned choices(const struct qc_option *options, const char **names, unsigned count)
{
	for (; options->name && count < NAMES_MAX; options++) {
		if (options->act)
			names[count++] = options->name;
	}
	return count;
}

/* Does it look like an option, where one would be written? */
static bool option_like(const struct qc_reader *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t head = strspn(r->word, letters);

	return r->word_first && head > 0 && head + strspn(r->word + head, "-_0123456789") == r->word_bytes;
}

/* The name that the word begins with, if something else than a blank follows it, as in ram=16M; or NULL. */
static const char *joined(const char *word, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		size_t bytes = strlen(names[i]);

		if (strncmp(word, names[i], bytes) == 0 && word[bytes] && strchr("=:,;\"", word[bytes]))
			return names[i];
	}
	return NULL;
}

/* What was meant is not missing. NULL: it may have been anything. */
static void not_missing(struct qc_reader *r, const char *meant)
{
	r->mem_mistaken |= !meant || strcmp(meant, "ram") == 0 || strcmp(meant, "rom") == 0;
	r->load_mistaken |= !meant || strcmp(meant, "load") == 0;
	if (meant && r->context == QC_VDEV)
		qc_vdev_not_missing(r, meant);
}

static void unknown_option(struct qc_reader *r)
{
	const char *names[NAMES_MAX], *meant;
	unsigned count = choices(options_of[r->context], names, 0);
	struct vdev_option own;

	if (r->skipping && !option_like(r) && r->word_first)
		not_missing(r, NULL);
	if (r->context == QC_REFUSED || r->context == QC_OTHER_VDEV || (r->skipping && !option_like(r)) || misplaced(r))
		return;
	for (unsigned i = 0; count < NAMES_MAX && vdev_option_at(r->vdev_options, i, &own); i++)
		names[count++] = own.name;
	count = choices(top_options, names, count);
	meant = joined(r->word, names, count);
	if (meant) {
		qc_mistake(r, &r->word_place, "'%.64s': a blank must follow '%s', and nothing else", r->word, meant);
		not_missing(r, meant);
		return;
	}
	meant = qc_nearest(r->word, names, count);
	if (meant)
		not_missing(r, meant);
	qc_unknown(r, "option", names, count);
}

/* Does what the word read last asks for. */
void qc_option(struct qc_reader *r)
{
	const struct qc_option *option = find_option(options_of[r->context], r->word);

	if (!option && qc_vdev_own_option(r))
		return;
	if (!option)
		option = find_option(top_options, r->word);
	if (!option) {
		unknown_option(r);
		return;
	}
	r->options++;
	r->skipping = false;
	if (option->act)
		option->act(r, option);
	else
		refuse_option(r, option);
}
