/* SPDX-License-Identifier: Apache-2.0 */
/* The options outside of vdevs: tables of all words, what to do for each, and which are refused by name. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

/* The reasons for "[start,]length" and "[address,]file" being split at the first comma. */
static size_t before_comma(const char *text)
{
	return strcspn(text, ",");
}

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
		qc_mistake(r, &r->word_place, "'%.64s' cannot name a VM: use 1 to 15 letters, digits, '_', '-' or '.'",
			   name);
		return;
	}
	r->config->name = qc_keep(r, name);
	r->config->name_given = true;
}

/* Behind the highest region so far: where one without an address goes. */
static uint64_t memory_end(const struct qvm_config *c)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < c->mem_count; i++) {
		if (c->mem[i].start + c->mem[i].bytes > end)
			end = c->mem[i].start + c->mem[i].bytes;
	}
	return end;
}

static bool memory_parse(struct qc_reader *r, const char *text, struct qvm_mem *mem)
{
	size_t comma = before_comma(text);
	const char *length = text;

	mem->start = memory_end(r->config);
	if (text[comma] == ',') {
		length = text + comma + 1;
		if (!qc_address(text, comma, &mem->start)) {
			qc_mistake(r, &r->word_place, "'%.*s' is not an address: write it as 0x80000000 or 2G",
				   (int)(comma > 64 ? 64 : comma), text);
			return false;
		}
	}
	if (*length == '\0') {
		qc_mistake(r, &r->word_place, "a length must follow the comma at once, without a blank");
		return false;
	}
	if (!qc_length(length, strlen(length), &mem->bytes)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not a length: write it as 0x8000000, 134217728 or 128M",
			   length);
		return false;
	}
	return true;
}

static bool memory_valid(struct qc_reader *r, const struct qvm_mem *mem, const char *kind)
{
	if (mem->bytes == 0) {
		qc_mistake(r, &r->option_place, "the length of this %s is 0", kind);
		return false;
	}
	if (mem->start % QVM_PAGE || mem->bytes % QVM_PAGE) {
		qc_mistake(r, &r->option_place,
			   "%s 0x%" PRIx64 ",0x%" PRIx64 " is not made of whole pages of 0x1000 bytes", kind,
			   mem->start, mem->bytes);
		return false;
	}
	if (mem->bytes > QVM_IPA_LIMIT || mem->start > QVM_IPA_LIMIT - mem->bytes) {
		qc_mistake(r, &r->option_place,
			   "%s 0x%" PRIx64 ",0x%" PRIx64 " reaches beyond the last guest-physical "
			   "address, 0x%llx",
			   kind, mem->start, mem->bytes, QVM_IPA_LIMIT - 1);
		return false;
	}
	return true;
}

static void memory(struct qc_reader *r, const struct qc_option *option, enum qvm_mem_kind kind)
{
	struct qvm_config *c = r->config;
	struct qvm_mem mem = {.kind = kind, .place = r->option_place};
	const char *text = qc_argument(r, option);

	r->mem_mistaken = true; /* until it is seen to be right */
	if (!text || !memory_parse(r, text, &mem) || !memory_valid(r, &mem, option->name))
		return;
	if (c->mem_count == QVM_MEM_MAX) {
		qc_mistake(r, &r->option_place, "more than %d 'ram' and 'rom' regions", QVM_MEM_MAX);
		return;
	}
	c->mem[c->mem_count++] = mem;
	r->mem_mistaken = false;
}

static void option_ram(struct qc_reader *r, const struct qc_option *option)
{
	bool before = r->mem_mistaken;

	memory(r, option, QVM_RAM);
	r->mem_mistaken |= before;
}

static void option_rom(struct qc_reader *r, const struct qc_option *option)
{
	bool before = r->mem_mistaken;

	memory(r, option, QVM_ROM);
	r->mem_mistaken |= before;
}

static void option_cpu(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_config *c = r->config;

	(void)option;
	if (c->cpu_count == QVM_CPUS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d CPUs", QVM_CPUS_MAX);
		r->context = QC_REFUSED;
		return;
	}
	c->cpus[c->cpu_count++] = (struct qvm_cpu){.place = r->option_place};
	r->context = QC_CPU;
}

static void cpu_sched(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = &r->config->cpus[r->config->cpu_count - 1];
	const char *text = qc_argument(r, option);
	size_t bytes = text ? strlen(text) : 0;
	enum qvm_policy policy = QVM_POLICY_RR;
	uint64_t priority;

	if (!text)
		return;
	if (strchr(text, ',') || (bytes && text[bytes - 1] == 's')) {
		qc_mistake(r, &r->word_place,
			   "sporadic scheduling ('sched %.64s') is not supported yet; give one "
			   "priority, with 'r' or 'f' behind it",
			   text);
		return;
	}
	if (bytes && strchr("rfo", text[bytes - 1]))
		policy = text[--bytes] == 'f' ? QVM_POLICY_FIFO : QVM_POLICY_RR;
	if (!qc_number(text, bytes, &priority) || priority < 1 || priority > 254) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' is not a priority: 1 to 254, with 'r' (round robin) or 'f' (FIFO) "
			   "behind it if wanted",
			   text);
		return;
	}
	cpu->sched_given = true;
	cpu->priority = (uint8_t)priority;
	cpu->policy = policy;
}

static void cpu_runmask(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_cpu *cpu = &r->config->cpus[r->config->cpu_count - 1];
	const char *text = qc_argument(r, option);
	uint32_t mask = 0;
	uint64_t n;

	if (!text)
		return;
	for (const char *p = text;; p++) {
		size_t bytes = before_comma(p);

		if (!qc_number(p, bytes, &n) || n > 7) {
			qc_mistake(r, &r->word_place,
				   "'%.64s' is not a list of CPUs: write 0 to 7 with commas between "
				   "them and no blanks",
				   text);
			return;
		}
		mask |= 1u << n;
		p += bytes;
		if (*p == '\0')
			break;
	}
	cpu->runmask_given = true;
	cpu->runmask = mask;
}

/* A file name may contain a comma: what stands before the first one is an address if it can be one. */
static bool load_parse(struct qc_reader *r, const char *text, struct qvm_load *load)
{
	size_t comma = before_comma(text);

	if (text[comma] == ',' && qc_address(text, comma, &load->address)) {
		load->address_given = true;
		text += comma + 1;
	} else if (text[comma] == ',' && text[0] >= '0' && text[0] <= '9') {
		qc_mistake(r, &r->word_place, "'%.*s' is not an address: write it as 0x80000000 or 2G",
			   (int)(comma > 64 ? 64 : comma), text);
		return false;
	}
	while (text[0] == '/' || (text[0] == '.' && text[1] == '/'))
		text += text[0] == '/' ? 1 : 2;
	if (*text == '\0') {
		qc_mistake(r, &r->word_place, "the name of the file to load is missing");
		return false;
	}
	load->path = text;
	return true;
}

static bool load_fits(struct qc_reader *r, const struct qvm_load *load)
{
	const struct qvm_config *c = r->config;

	if (r->mem_mistaken)
		return true; /* that was reported: this might only follow from it */
	if (c->mem_count == 0) {
		qc_mistake(r, &r->option_place, "'load' needs guest memory: put a 'ram' before it");
		return false;
	}
	if (load->address_given && !qvmconf_memory_has(c, load->address, 1)) {
		qc_mistake(r, &r->word_place,
			   "address 0x%" PRIx64 " is in no 'ram' or 'rom' that stands before this 'load'",
			   load->address);
		return false;
	}
	for (unsigned i = 0; i < c->load_count; i++) {
		if (c->loads[i].type == load->type && (load->type == QVM_LOAD_INITRD || load->type == QVM_LOAD_FDT)) {
			qc_mistake(r, &r->option_place, "a second '%s load': the first is at line %u; keep one",
				   load->type == QVM_LOAD_FDT ? "fdt" : "initrd", (unsigned)c->loads[i].place.line);
			return false;
		}
	}
	return true;
}

static void load(struct qc_reader *r, const struct qc_option *option, enum qvm_load_type type)
{
	struct qvm_config *c = r->config;
	struct qvm_load one = {.type = type, .place = r->option_place};
	const char *text = qc_argument(r, option);

	r->load_mistaken = true;
	if (!text || !load_parse(r, text, &one) || !load_fits(r, &one))
		return;
	if (c->load_count == QVM_LOADS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d files to load", QVM_LOADS_MAX);
		return;
	}
	one.path = qc_keep(r, one.path);
	c->loads[c->load_count++] = one;
	r->load_mistaken = false;
}

static void option_load(struct qc_reader *r, const struct qc_option *option)
{
	bool before = r->load_mistaken;

	load(r, option, QVM_LOAD_ANY);
	r->load_mistaken |= before;
}

/* What it would have passed may have been the guest's memory. */
static void option_pass(struct qc_reader *r, const struct qc_option *option)
{
	(void)option;
	r->mem_mistaken = true;
	qc_mistake(r, &r->option_place, "'pass' is not supported yet");
	r->context = QC_REFUSED;
}

/* initrd, fdt, data: what kind of file the `load` behind it names. */
static void option_blob(struct qc_reader *r, const struct qc_option *option)
{
	static const struct qc_option load_option = {.name = "load", .argument = "[address,]file"};
	bool before = r->load_mistaken;
	const char *word = qc_argument(r, option);

	r->load_mistaken = true;
	if (!word)
		return;
	if (strcmp(word, "pass") == 0) {
		option_pass(r, option);
		return;
	}
	if (strcmp(word, "load") != 0) {
		qc_mistake(r, &r->word_place, "'load' must follow '%s', but here stands '%.64s'", option->name, word);
		return;
	}
	load(r, &load_option,
	     option->name[0] == 'i'   ? QVM_LOAD_INITRD
	     : option->name[0] == 'f' ? QVM_LOAD_FDT
				      : QVM_LOAD_DATA);
	r->load_mistaken |= before;
}

static void option_cmdline(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);

	if (text)
		r->config->cmdline = qc_keep(r, text);
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
    {"system", "the VM's name", option_system, 0, 0, NULL},
    {"ram", "[start,]length", option_ram, 0, 0, NULL},
    {"rom", "[start,]length", option_rom, 0, 0, NULL},
    {"cpu", NULL, option_cpu, 0, 0, NULL},
    {"load", "[address,]file", option_load, 0, 0, NULL},
    {"initrd", "'load' and a file", option_blob, 0, 0, NULL},
    {"fdt", "'load' and a file", option_blob, 0, 0, NULL},
    {"data", "'load' and a file", option_blob, 0, 0, NULL},
    {"cmdline", "the guest's command line, in quotes", option_cmdline, 0, 0, NULL},
    {"vdev", "the type of a virtual device", qc_vdev, 0, 0, NULL},
    {"set", "a variable and its value", qc_set, 0, 0, NULL},
    {"unsupported", "instruction, reference or register, and an action", qc_unsupported, 0, 0, NULL},
    {"dryrun", NULL, option_dryrun, 0, 0, NULL},
    {"debug", NULL, option_debug, 0, 0, NULL},
    {"pass", NULL, option_pass, 0, 0, NULL},
    {"reserve", NULL, NULL, 0, 1, NULL},
    {"logger", NULL, NULL, 2, 0, NULL},
    {"dump", NULL, NULL, 1, 0, NULL},
    {"safety", NULL, NULL, 1, 0, NULL},
    {"user", NULL, NULL, 1, 0, NULL},
    {"generate", NULL, NULL, 1, 0, NULL},
    {"smmu", NULL, NULL, 1, 0, NULL},
    {"acpi", NULL, NULL, 2, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

static const struct qc_option cpu_options[] = {
    {"sched", "a priority", cpu_sched, 0, 0, NULL},
    {"runmask", "CPU numbers with commas between them", cpu_runmask, 0, 0, NULL},
    {"partition", NULL, NULL, 1, 0, NULL},
    {"cluster", NULL, NULL, 1, 0, "'runmask'"},
    {NULL, NULL, NULL, 0, 0, NULL},
};

static const struct qc_option no_options[] = {{NULL, NULL, NULL, 0, 0, NULL}};

static const struct qc_option *const options_of[QC_CONTEXTS] = {
    [QC_TOP] = no_options,       [QC_CPU] = cpu_options,    [QC_GIC] = qc_gic_options,
    [QC_VDEV] = qc_vdev_options, [QC_REFUSED] = no_options,
};

static const struct qc_option *find(const struct qc_option *options, const char *word)
{
	for (; options->name; options++) {
		if (strcmp(options->name, word) == 0)
			return options;
	}
	return NULL;
}

/* Refuses an option by name and passes over what belongs to it. */
void qc_refuse(struct qc_reader *r, const struct qc_option *option)
{
	static const char *const owner[QC_CONTEXTS] = {
	    [QC_TOP] = "", [QC_CPU] = "cpu ", [QC_GIC] = "vdev gic ", [QC_VDEV] = "vdev ", [QC_REFUSED] = "",
	};
	const char *of = find(top_options, option->name) ? "" : owner[r->context];

	if (option->instead)
		qc_mistake(r, &r->option_place, "'%s%s' is not supported yet; use %s", of, option->name,
			   option->instead);
	else
		qc_mistake(r, &r->option_place, "'%s%s' is not supported yet", of, option->name);
	for (unsigned i = 0; i < option->arguments; i++) {
		if (!qc_argument(r, &(struct qc_option){.name = option->name, .argument = "a value"}))
			break;
	}
	if (option->opens)
		r->context = QC_REFUSED;
}

/* A word that is known, but not here. */
static bool misplaced(struct qc_reader *r)
{
	static const struct {
		enum qc_context context;
		const char *opener;
	} places[] = {{QC_CPU, "cpu"}, {QC_VDEV, "vdev"}, {QC_GIC, "vdev gic"}};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].context != r->context && find(options_of[places[i].context], r->word)) {
			qc_mistake(r, &r->word_place, "'%.64s' belongs after '%s'", r->word, places[i].opener);
			return true;
		}
	}
	return false;
}

#define NAMES_MAX 48

/* Names to choose from: those that are not refused. */
static unsigned choices(const struct qc_option *options, const char **names, unsigned count)
{
	for (; options->name && count < NAMES_MAX; options++) {
		if (options->act && options->act != option_pass)
			names[count++] = options->name;
	}
	return count;
}

static void unknown_option(struct qc_reader *r)
{
	const char *names[NAMES_MAX];
	unsigned count = choices(options_of[r->context], names, 0);

	if (r->context == QC_REFUSED || r->skipping || misplaced(r))
		return;
	count = choices(top_options, names, count);
	qc_unknown(r, "option", names, count);
}

/* Does what the word read last asks for. */
void qc_option(struct qc_reader *r)
{
	const struct qc_option *option = find(options_of[r->context], r->word);

	if (!option && (r->context == QC_VDEV || r->context == QC_REFUSED) && qc_vdev_own_option(r))
		return;
	if (!option)
		option = find(top_options, r->word);
	if (!option) {
		unknown_option(r);
		return;
	}
	r->options++;
	r->skipping = false;
	if (option->act)
		option->act(r, option);
	else
		qc_refuse(r, option);
}
