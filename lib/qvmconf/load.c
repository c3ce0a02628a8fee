/* SPDX-License-Identifier: Apache-2.0 */
/* `load`, and the kinds of blobs that `load` and `pass` bring. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

/* A file name may contain a comma: what stands before the first one is an address if it can be one. */
static bool load_parse(struct qc_reader *r, const char *text, struct qvm_load *load)
{
	size_t comma = strcspn(text, ",");

	if (text[comma] == ',' && number_address(text, comma, &load->address)) {
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
	if (!qc_has_memory(c)) {
		qc_mistake(r, &r->option_place, "'load' needs guest memory: put a 'ram' before it");
		return false;
	}
	if (load->address_given && !qvmconf_memory_has(c, load->address, 1)) {
		qc_mistake(r, &r->word_place,
			   "address 0x%" PRIx64 " is in no 'ram' or 'rom' that stands before this 'load'",
			   load->address);
		return false;
	}
	if (load->type == QVM_LOAD_FDT && load->address % 8) {
		qc_mistake(r, &r->word_place, "address 0x%" PRIx64 " of a device tree is not a multiple of 8",
			   load->address);
		return false;
	}
	return true;
}

const char *qvmconf_load_name(enum qvm_load_type type)
{
	static const char names[][8] = {
	    [QVM_LOAD_ANY] = "guest", [QVM_LOAD_INITRD] = "initrd", [QVM_LOAD_FDT] = "fdt", [QVM_LOAD_DATA] = "data"};

	return names[type];
}

static enum qvm_load_type load_type(const char *name)
{
	unsigned type = QVM_LOAD_DATA;

	while (type > QVM_LOAD_ANY && strcmp(qvmconf_load_name((enum qvm_load_type)type), name) != 0)
		type--;
	return (enum qvm_load_type)type;
}

/* A guest has one initial RAM disk and one device tree, loaded or passed. */
bool qc_blob_free(struct qc_reader *r, enum qvm_load_type type)
{
	const struct qvm_config *c = r->config;
	const struct qvm_place *first = NULL;
	char text[QC_WHERE_MAX];

	if (type != QVM_LOAD_INITRD && type != QVM_LOAD_FDT)
		return true;
	for (unsigned i = 0; i < c->load_count; i++) {
		if (c->loads[i].type == type)
			first = &c->loads[i].place;
	}
	for (unsigned i = 0; i < c->pass_count; i++) {
		if (c->passes[i].blob == type)
			first = &c->passes[i].place;
	}
	if (first)
		qc_mistake(r, &r->option_place, "a second '%s': the first is%s; keep one", qvmconf_load_name(type),
			   qc_where(first, text));
	return !first;
}

static bool add_load(struct qc_reader *r, const struct qc_option *option, enum qvm_load_type type)
{
	struct qvm_config *c = r->config;
	struct qvm_load one = {.type = type, .place = r->option_place};
	const char *text = qc_argument(r, option);

	if (!text || !load_parse(r, text, &one) || !load_fits(r, &one) || !qc_blob_free(r, type))
		return false;
	if (c->load_count == QVM_LOADS_MAX) {
		qc_mistake(r, &r->option_place, "more than %d files to load", QVM_LOADS_MAX);
		return false;
	}
	one.path = qc_keep(r, one.path);
	c->loads[c->load_count++] = one;
	return true;
}

void qc_load(struct qc_reader *r, const struct qc_option *option)
{
	if (!add_load(r, option, QVM_LOAD_ANY))
		r->load_mistaken = true;
}

/* What may stand where 'load' or 'pass' must: a device tree is generated whether it is asked for or not. */
static bool is_generate(enum qvm_load_type type, const char *word)
{
	return type == QVM_LOAD_FDT && strcmp(word, "generate") == 0;
}

/* initrd, fdt, data, guest: what kind of blob the `load` or `pass` after it brings. */
void qc_blob(struct qc_reader *r, const struct qc_option *option)
{
	static const struct qc_option load_option = OPTION("load", "[address,]file", NULL);
	const enum qvm_load_type type = load_type(option->name);
	const char *word = qc_argument(r, option);

	if (word && is_generate(type, word))
		return;
	if (word && strcmp(word, "pass") == 0 && type != QVM_LOAD_ANY) {
		qc_pass_blob(r, type);
		return;
	}
	if (word && strcmp(word, "load") == 0) {
		if (!add_load(r, &load_option, type))
			r->load_mistaken = true;
		return;
	}
	r->load_mistaken = true;
	if (word)
		qc_mistake(r, &r->word_place, "'load'%s must follow '%s', but here stands '%.64s'",
			   type == QVM_LOAD_ANY ? "" : " or 'pass'", option->name, word);
}
