/* SPDX-License-Identifier: Apache-2.0 */
/* `pass`: memory and interrupts of the host for the guest. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

#define PA_LIMIT (1ull << 48)

void qc_pass_blob(struct qc_reader *r, enum qvm_load_type blob)
{
	qc_open(r, QC_PASS);
	r->pass_blob = blob;
}

void qc_pass(struct qc_reader *r, const struct qc_option *option)
{
	(void)option;
	qc_pass_blob(r, QVM_LOAD_ANY);
}

/* Of guest addresses there are three spaces; only memory is built. Skips "mem:". */
bool qc_mem_space(struct qc_reader *r, const char **text)
{
	if (strncmp(*text, "io:", 3) == 0)
		qc_mistake(r, &r->word_place, "'%.64s': I/O ports exist only on x86", *text);
	else if (strncmp(*text, "pci:", 4) == 0)
		qc_mistake(r, &r->word_place, "'%.64s': PCI is not supported yet", *text);
	else {
		*text += strncmp(*text, "mem:", 4) == 0 ? 4 : 0;
		return true;
	}
	return false;
}

/* The letters of `pass loc`, with what each sets. */
static unsigned letter(char c)
{
	switch (c) {
	case 'r': return QVM_PASS_R;
	case 'w': return QVM_PASS_W;
	case 'x': return QVM_PASS_X;
	case 'c': return QVM_PASS_C;
	case 'e': return QVM_PASS_E;
	case 'm':
		return QVM_PASS_M | QVM_PASS_R | QVM_PASS_W | QVM_PASS_X | QVM_PASS_C | QVM_PASS_S | QVM_PASS_T |
		       QVM_PASS_N;
	case 'd': return QVM_PASS_D;
	case 'n': return QVM_PASS_N;
	case 's': return QVM_PASS_S;
	case 't': return QVM_PASS_T;
	default: return 0;
	}
}

/* '+' and '-' hold for the letters after them. `-m` takes back only that it is RAM. */
static bool letters_parse(struct qc_reader *r, const char *text, size_t bytes, unsigned *attributes)
{
	bool add = true;

	*attributes = 0;
	for (size_t i = 0; i < bytes; i++) {
		unsigned bits = letter(text[i]);

		if (text[i] == '+' || text[i] == '-') {
			add = text[i] == '+';
		} else if (bits == 0) {
			qc_mistake(r, &r->word_place,
				   "'%.*s' is not made of the letters r, w, x, c, e, m, d, n, s, t, + and -",
				   (int)(bytes > 64 ? 64 : bytes), text);
			return false;
		} else if (add) {
			*attributes |= bits;
		} else {
			*attributes &= text[i] == 'm' ? ~(unsigned)QVM_PASS_M : ~bits;
		}
	}
	return true;
}

static const char *letters_problem(unsigned a)
{
	if ((a & QVM_PASS_M) && (a & QVM_PASS_D))
		return "'m' and 'd' exclude each other: memory of the guest is no device";
	if ((a & QVM_PASS_N) && (a & QVM_PASS_D))
		return "'n' and 'd' exclude each other: a device does DMA or does not";
	if ((a & QVM_PASS_D) && (a & (QVM_PASS_R | QVM_PASS_W)) != (QVM_PASS_R | QVM_PASS_W))
		return "'d' goes with 'r' and 'w': a device that does DMA is given to be read and written";
	if (a & QVM_PASS_D)
		return "'d': a device that does DMA needs an SMMU manager, which is not supported yet";
	if (!(a & (QVM_PASS_R | QVM_PASS_W | QVM_PASS_X)))
		return "the letters allow no access: give 'r', 'w' or 'x'";
	return NULL;
}

static bool host_valid(struct qc_reader *r, const struct qvm_pass *pass)
{
	if (pass->host % QVM_PAGE || pass->host > PA_LIMIT - pass->bytes) {
		qc_mistake(r, &r->word_place, "host address 0x%" PRIx64 " is not a multiple of 0x1000 below 0x%llx",
			   pass->host, PA_LIMIT);
		return false;
	}
	return true;
}

/* A part of the word, up to the next comma or `end`; moves after the comma, or to NULL at the end. */
static size_t part(const char **text, const char *end, const char **begin)
{
	const char *comma = *text ? memchr(*text, ',', (size_t)(end - *text)) : NULL;

	*begin = *text;
	if (!*text)
		return 0;
	*text = comma ? comma + 1 : NULL;
	return (size_t)((comma ? comma : end) - *begin);
}

#define FORM "write START,LENGTH,LETTERS[=HOST], as in 0xfe204000,0x1000,rw"

/* region,length,attributes[=host_location]; the comma that the documents print in front of `=` may stand there. */
static bool loc_parse(struct qc_reader *r, const char *word, struct qvm_pass *pass)
{
	const char *text = word, *equals = strchr(word, '='), *end = equals ? equals : word + strlen(word), *begin;
	size_t bytes;

	if (equals && end > word && end[-1] == ',')
		end--;
	bytes = part(&text, end, &begin);
	if (!number_address(begin, bytes, &pass->start)) {
		qc_mistake(r, &r->word_place, "'%.*s' is not an address: write it as 0x80000000 or 2G",
			   (int)(bytes > 64 ? 64 : bytes), begin);
		return false;
	}
	bytes = part(&text, end, &begin);
	if (!begin || !number_length(begin, bytes, &pass->bytes)) {
		qc_mistake(r, &r->word_place, "'%.64s' has no length: " FORM, word);
		return false;
	}
	bytes = part(&text, end, &begin);
	if (!begin || bytes == 0 || text) {
		qc_mistake(r, &r->word_place, "'%.64s' %s: " FORM, word,
			   text ? "has too many parts" : "has no letters");
		return false;
	}
	if (!letters_parse(r, begin, bytes, &pass->attributes))
		return false;
	pass->host = pass->start;
	if (equals && !number_address(equals + 1, strlen(equals + 1), &pass->host)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not an address: write it as 0x80000000 or 2G", equals + 1);
		return false;
	}
	return true;
}

static bool loc_read(struct qc_reader *r, const struct qc_option *option, struct qvm_pass *pass)
{
	const char *word = qc_argument(r, option), *problem;

	if (!word || !qc_mem_space(r, &word) || !loc_parse(r, word, pass))
		return false;
	if (!qc_region_valid(r, "pass", pass->start, pass->bytes, true) || !host_valid(r, pass))
		return false;
	problem = letters_problem(pass->attributes);
	if (problem)
		qc_mistake(r, &r->word_place, "%s", problem);
	pass->attributes |= QVM_PASS_N; /* 'd' was refused */
	return !problem && qc_blob_free(r, pass->blob);
}

static void pass_loc(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_config *c = r->config;
	struct qvm_pass pass = {.blob = r->pass_blob, .place = r->option_place};

	r->parts++;
	if (!loc_read(r, option, &pass)) {
		r->mem_mistaken = true; /* it may have been memory */
	} else if (c->pass_count == QVM_PASSES_MAX) {
		qc_mistake(r, &r->option_place, "more than %d 'pass loc'", QVM_PASSES_MAX);
		r->mem_mistaken = true;
	} else {
		c->passes[c->pass_count++] = pass;
	}
}

static bool host_intr(struct qc_reader *r, const char *text, struct qvm_pass_intr *intr)
{
	uint64_t number = (uint64_t)r->config->gic.hostvector + intr->guest;

	if (text && (!number_plain(text, strlen(text), &number) || number < QVM_SPI_FIRST || number > QVM_SPI_LAST)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not a host interrupt: 32 to 1019", text);
		return false;
	}
	if (number > QVM_SPI_LAST) {
		qc_mistake(r, &r->word_place, "with 'hostvector' %u this would be host interrupt %u, above 1019",
			   (unsigned)r->config->gic.hostvector, (unsigned)number);
		return false;
	}
	intr->host = (uint32_t)number;
	return true;
}

/* guest_intr[,u][=host] */
static bool intr_parse(struct qc_reader *r, const char *word, struct qvm_pass_intr *intr)
{
	const char *equals = strchr(word, '='), *end = equals ? equals : word + strlen(word), *text = word, *begin;
	size_t bytes = part(&text, end, &begin);

	if (!qc_spi(r, begin, bytes, &intr->guest))
		return false;
	while (text) {
		bytes = part(&text, end, &begin);
		if (bytes == 1 && *begin == 't') {
			qc_mistake(r, &r->word_place,
				   "'t' is of an older release: the way of an interrupt cannot be chosen");
			return false;
		}
		if (bytes != 1 || *begin != 'u') {
			qc_mistake(r, &r->word_place, "'%.*s' is unknown: only ',u' may follow the interrupt",
				   (int)(bytes > 64 ? 64 : bytes), begin);
			return false;
		}
		intr->unmask = true;
	}
	return host_intr(r, equals ? equals + 1 : NULL, intr);
}

static void pass_intr(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_config *c = r->config;
	struct qvm_pass_intr intr = {.place = r->option_place};
	const char *word = qc_argument(r, option);

	r->parts++;
	if (!word || !intr_parse(r, word, &intr))
		return;
	if (c->pass_intr_count == QVM_PASS_INTRS_MAX)
		qc_mistake(r, &r->option_place, "more than %d 'pass intr'", QVM_PASS_INTRS_MAX);
	else
		c->pass_intrs[c->pass_intr_count++] = intr;
}

const struct qc_option qc_pass_options[] = {
    OPTION("loc", "[mem:]start,length,letters[=host]", pass_loc),
    OPTION("intr", "controller:number[,u][=host]", pass_intr),
    OPTIONS_END,
};
