/* SPDX-License-Identifier: Apache-2.0 */
/* `ram`, `rom`, and `reserve`, which keeps them out of where they would go by themselves. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

/* Where memory without an address begins: there it is in the examples that QNX gives for Arm. */
#define FIRST_ADDRESS 0x80000000ull

static uint64_t memory_end(const struct qvm_config *c)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < c->mem_count; i++) {
		if (c->mem[i].start + c->mem[i].bytes > end)
			end = c->mem[i].start + c->mem[i].bytes;
	}
	for (unsigned i = 0; i < c->pass_count; i++) {
		if ((c->passes[i].attributes & QVM_PASS_M) && c->passes[i].start + c->passes[i].bytes > end)
			end = c->passes[i].start + c->passes[i].bytes;
	}
	return end ? end : FIRST_ADDRESS;
}

/* After the highest region so far, and after each reservation that is in the way. */
static uint64_t automatic_start(const struct qvm_config *c, uint64_t bytes)
{
	uint64_t start = memory_end(c);

	/* Each turn but the last moves it after another reservation. */
	for (unsigned turn = 0; turn < c->reserve_count; turn++) {
		for (unsigned i = 0; i < c->reserve_count; i++) {
			const struct qvm_reserve *taken = &c->reserves[i];

			if (ranges_overlap(start, bytes, taken->start, taken->bytes))
				start = (taken->start + taken->bytes + QVM_PAGE - 1) & ~(QVM_PAGE - 1);
		}
	}
	return start;
}

/* "start,length" or, if `alone`, "length" by itself. */
static bool region_parse(struct qc_reader *r, const char *text, bool alone, uint64_t *start, uint64_t *bytes)
{
	size_t comma = strcspn(text, ",");
	const char *length = text;

	if (text[comma] == ',') {
		length = text + comma + 1;
		if (!number_address(text, comma, start)) {
			qc_mistake(r, &r->word_place, "'%.*s' is not an address: write it as 0x80000000 or 2G",
				   (int)(comma > 64 ? 64 : comma), text);
			return false;
		}
	} else if (!alone) {
		qc_mistake(r, &r->word_place, "'%.64s' has no length: write START,LENGTH", text);
		return false;
	}
	if (*length == '\0') {
		qc_mistake(r, &r->word_place, "a length must follow the comma at once, without a blank");
		return false;
	}
	if (!number_length(length, strlen(length), bytes)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not a length: write it as 0x8000000, 134217728 or 128M",
			   length);
		return false;
	}
	return true;
}

/* What a region of guest-physical addresses must be. `pages`: whole pages, too. */
bool qc_region_valid(struct qc_reader *r, const char *what, uint64_t start, uint64_t bytes, bool pages)
{
	if (bytes == 0) {
		qc_mistake(r, &r->option_place, "the length of this %s is 0", what);
		return false;
	}
	if (pages && (start % QVM_PAGE || bytes % QVM_PAGE)) {
		qc_mistake(r, &r->option_place,
			   "%s 0x%" PRIx64 ",0x%" PRIx64 " is not made of whole pages of 0x1000 bytes", what, start,
			   bytes);
		return false;
	}
	if (!range_holds(0, SPACE_LIMIT, start, bytes)) {
		qc_mistake(r, &r->option_place,
			   "%s 0x%" PRIx64 ",0x%" PRIx64 " reaches beyond the last guest-physical address, 0x%llx",
			   what, start, bytes, SPACE_LIMIT - 1);
		return false;
	}
	return true;
}

static bool memory_read(struct qc_reader *r, const struct qc_option *option, struct qvm_mem *mem)
{
	const char *text = qc_argument(r, option);

	if (!text || !region_parse(r, text, true, &mem->start, &mem->bytes))
		return false;
	if (!strchr(text, ',') && mem->bytes <= SPACE_LIMIT)
		mem->start = automatic_start(r->config, mem->bytes);
	return qc_region_valid(r, option->name, mem->start, mem->bytes, true);
}

static void memory(struct qc_reader *r, const struct qc_option *option, enum qvm_mem_kind kind)
{
	struct qvm_config *c = r->config;
	struct qvm_mem mem = {.kind = kind, .place = r->option_place};

	if (!memory_read(r, option, &mem)) {
		r->mem_mistaken = true;
	} else if (c->mem_count == QVM_MEM_MAX) {
		qc_mistake(r, &r->option_place, "more than %d 'ram' and 'rom' regions", QVM_MEM_MAX);
		r->mem_mistaken = true;
	} else {
		c->mem[c->mem_count++] = mem;
	}
}

void qc_ram(struct qc_reader *r, const struct qc_option *option)
{
	memory(r, option, QVM_RAM);
}

void qc_rom(struct qc_reader *r, const struct qc_option *option)
{
	memory(r, option, QVM_ROM);
}

void qc_reserve(struct qc_reader *r, const struct qc_option *option)
{
	(void)option;
	qc_open(r, QC_RESERVE);
}

static void keep_reserve(struct qc_reader *r, const struct qvm_reserve *reserve)
{
	struct qvm_config *c = r->config;

	if (c->reserve_count == QVM_RESERVES_MAX)
		qc_mistake(r, &r->option_place, "more than %d reservations", QVM_RESERVES_MAX);
	else
		c->reserves[c->reserve_count++] = *reserve;
}

static void reserve_loc(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_reserve reserve = {.place = r->option_place};
	const char *text = qc_argument(r, option);

	r->parts++;
	if (!text || !qc_mem_space(r, &text) || !region_parse(r, text, false, &reserve.start, &reserve.bytes))
		return;
	if (qc_region_valid(r, "reservation", reserve.start, reserve.bytes, false))
		keep_reserve(r, &reserve);
}

static void reserve_intr(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_reserve reserve = {.place = r->option_place};
	const char *text = qc_argument(r, option);
	uint64_t number;

	r->parts++;
	if (!text)
		return;
	if (strchr(text, ':')) {
		if (!qc_spi(r, text, strlen(text), &reserve.intr))
			return;
	} else if (!number_plain(text, strlen(text), &number) || number < QVM_SPI_FIRST || number > QVM_SPI_LAST) {
		qc_mistake(r, &r->word_place, "'%.64s' is not a shared peripheral interrupt: 32 to 1019", text);
		return;
	} else {
		reserve.intr = (uint32_t)number;
	}
	keep_reserve(r, &reserve);
}

const struct qc_option qc_reserve_options[] = {
    OPTION("loc", "[mem:]start,length", reserve_loc),
    OPTION("intr", "the number of an interrupt", reserve_intr),
    OPTIONS_END,
};
