/* SPDX-License-Identifier: Apache-2.0 */
/* What each owner is given, one claim for each range and interrupt, and that no two owners have one thing. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PPI_FIRST 16
#define SPI_FIRST 32

/* Whose claims are being collected. */
struct collector {
	struct sys_claims *claims;
	const struct sys_config *config;
	const struct sys_board *board;
	struct sys_report *report;
	unsigned owner;
	const struct sys_owner *own;
};

static const char *const properties[] = {"devices", "mmio", "regions", "interrupts"};

#define WRONG(c, source, ...)                                                                           \
	do {                                                                                            \
		struct sys_place place_ = sys_owner_place((c)->config, (c)->owner, properties[source]); \
		sys_mistake((c)->report, &place_, __VA_ARGS__);                                         \
		(c)->claims->wrong |= 1u << (c)->owner;                                                 \
	} while (0)

struct sys_place sys_claim_place(const struct sys_config *config, const struct sys_claim *claim)
{
	return sys_owner_place(config, claim->owner, properties[claim->source]);
}

/* NULL, after a message: there is no room. */
static struct sys_claim *add_claim(struct collector *c, enum sys_what what, enum sys_source source, unsigned index,
				   uint64_t start, uint64_t bytes)
{
	struct sys_claims *claims = c->claims;

	struct sys_claim *claim = &claims->claim[claims->count];

	if (claims->count == SYS_CLAIMS_MAX) {
		WRONG(c, source, "all processes and VMs together have more than %d ranges and interrupts; assign fewer",
		      SYS_CLAIMS_MAX);
		return NULL;
	}
	*claim =
	    (struct sys_claim){.what = what, .source = source, .index = (uint8_t)index, .start = start, .bytes = bytes};
	claim->owner = (uint8_t)c->owner;
	claims->count++;
	return claim;
}

/* Access is granted by the page. */
static struct sys_claim *add_pages(struct collector *c, enum sys_what what, enum sys_source source, unsigned index,
				   const struct sys_range *range)
{
	uint64_t start = range->start & ~(QVM_PAGE - 1), end = range->start + range->bytes;

	return range->bytes ? add_claim(c, what, source, index, start, ((end - 1) | (QVM_PAGE - 1)) + 1 - start) : NULL;
}

static void add_interrupt(struct collector *c, unsigned index, const struct sys_interrupt *interrupt)
{
	uint32_t intid = interrupt->intid;
	struct sys_claim *claim;

	if (intid < SPI_FIRST) {
		WRONG(
		    c, SYS_BY_DEVICE,
		    "device \"%.64s\": its interrupt %u (PPI %u) is a PPI: each CPU has its own, and the kernel keeps "
		    "it; choose another device",
		    c->own->devices[index], (unsigned)intid, (unsigned)intid - PPI_FIRST);
		return;
	}
	if (intid >= c->board->intid_limit) {
		WRONG(c, SYS_BY_DEVICE, "device \"%.64s\": its interrupt %u does not exist; the GIC has 32 to %u",
		      c->own->devices[index], (unsigned)intid, (unsigned)c->board->intid_limit - 1);
		return;
	}
	claim = add_claim(c, SYS_INTERRUPT, SYS_BY_DEVICE, index, intid, 1);
	if (claim)
		claim->edge = interrupt->edge;
}

static void collect_interrupt(struct collector *c, unsigned index)
{
	uint32_t intid = c->own->interrupts[index];

	if (c->board && intid >= c->board->intid_limit && intid <= SYS_SPI_LAST)
		WRONG(c, SYS_BY_INTERRUPT, "'interrupts' %u does not exist; the GIC has 32 to %u; choose another",
		      (unsigned)intid, (unsigned)c->board->intid_limit - 1);
	else
		add_claim(c, SYS_INTERRUPT, SYS_BY_INTERRUPT, index, intid, 1);
}

/* A device may share pages with neighbours, some of which must not be reached. */
static bool neighbours_good(struct collector *c, const char *name, const struct sys_device *device)
{
	char path[SYS_PATH_MAX];

	for (unsigned i = 0; i < device->range_count; i++) {
		const char *wrong =
		    sys_mmio_refused(c->board, &device->ranges[i], device->path, c->own->dma_uncontained, path);

		if (!wrong)
			continue;
		WRONG(c, SYS_BY_DEVICE, "device \"%.64s\" has registers in a page of %s: %s; choose another", name,
		      path, wrong);
		return false;
	}
	return true;
}

static void collect_device(struct collector *c, unsigned index)
{
	const char *name = c->own->devices[index], *wrong;
	struct sys_device device;

	wrong = sys_device_find(c->board, name, &device);
	if (wrong) {
		WRONG(c, SYS_BY_DEVICE, "device \"%.64s\": %s; choose another", name, wrong);
		return;
	}
	if (device.dma && !c->own->dma_uncontained) {
		WRONG(c, SYS_BY_DEVICE,
		      "device \"%.64s\" can do DMA, which nothing bounds: its owner could reach all memory; write "
		      "'dma-uncontained' to allow that",
		      name);
		return;
	}
	if (!neighbours_good(c, name, &device))
		return;
	for (unsigned i = 0; i < device.range_count; i++)
		add_pages(c, SYS_MMIO, SYS_BY_DEVICE, index, &device.ranges[i]);
	for (unsigned i = 0; i < device.interrupt_count; i++)
		add_interrupt(c, index, &device.interrupts[i]);
}

static void collect_mmio(struct collector *c, unsigned index)
{
	const struct sys_range *range = &c->own->mmio[index];
	char path[SYS_PATH_MAX];
	const char *wrong = c->board ? sys_mmio_refused(c->board, range, NULL, c->own->dma_uncontained, path) : NULL;

	if (wrong)
		WRONG(c, SYS_BY_MMIO, "'mmio' 0x%" PRIx64 " meets %s: %s; choose another range", range->start, path,
		      wrong);
	else
		add_pages(c, SYS_MMIO, SYS_BY_MMIO, index, range);
}

static const struct sys_region *find_region(const struct sys_config *config, const char *name)
{
	for (unsigned i = 0; i < config->region_count; i++) {
		if (strcmp(config->regions[i].name, name) == 0)
			return &config->regions[i];
	}
	return NULL;
}

/* A node of /reserved-memory that may be assigned. */
static bool find_reserved(const struct sys_board *board, const char *name, struct sys_range *range)
{
	for (unsigned i = 0; i < board->reserved_count; i++) {
		const struct sys_reserved *reserved = &board->reserved[i];

		if (!reserved->no_map && strcmp(reserved->name, name) == 0) {
			*range = reserved->range;
			return true;
		}
	}
	return false;
}

static void collect_region(struct collector *c, unsigned index)
{
	const char *name = c->own->regions[index];
	const struct sys_region *region = find_region(c->config, name);
	struct sys_claim *claim;
	struct sys_range range;

	if (region && region->wrong) {
		c->claims->wrong |= 1u << c->owner;
	} else if (region && region->start == SYS_ANYWHERE && c->owner >= c->config->process_count) {
		WRONG(c, SYS_BY_REGION, "region \"%s\" has no 'start', which a region of a VM needs; give it one",
		      name);
	} else if (region) {
		add_claim(c, SYS_MEMORY, SYS_BY_REGION, index, region->start, region->bytes);
	} else if (c->board) {
		if (find_reserved(c->board, name, &range)) {
			claim = add_pages(c, SYS_MEMORY, SYS_BY_REGION, index, &range);
			if (claim)
				claim->reserved = true;
		} else {
			WRONG(
			    c, SYS_BY_REGION,
			    "'regions' names \"%.32s\", but neither /memory nor the board's /reserved-memory (without "
			    "no-map) has it",
			    name);
		}
	}
}

/* What the owner's node in the description calls the thing that the claim is a part of. */
static void describe_claim(const struct sys_config *config, const struct sys_claim *claim, char *text, size_t bytes)
{
	const struct sys_owner *own = sys_owner_at(config, claim->owner);

	switch (claim->source) {
	case SYS_BY_DEVICE: snprintf(text, bytes, "device \"%.64s\"", own->devices[claim->index]); break;
	case SYS_BY_MMIO: snprintf(text, bytes, "'mmio' 0x%" PRIx64, own->mmio[claim->index].start); break;
	case SYS_BY_REGION: snprintf(text, bytes, "region \"%.32s\"", own->regions[claim->index]); break;
	case SYS_BY_INTERRUPT: snprintf(text, bytes, "'interrupts' %u", (unsigned)claim->start); break;
	}
}

bool sys_claims_overlap(const struct sys_claim *a, const struct sys_claim *b, const struct sys_config *config)
{
	if (a->what != b->what)
		return false;
	/* Without a place yet, regions overlap only if they are the same one. */
	if (a->start == SYS_ANYWHERE || b->start == SYS_ANYWHERE)
		return a->source == b->source && strcmp(sys_owner_at(config, a->owner)->regions[a->index],
							sys_owner_at(config, b->owner)->regions[b->index]) == 0;
	return ranges_overlap(a->start, a->bytes, b->start, b->bytes);
}

void sys_report_clash(const struct sys_config *config, const struct sys_claim *late, const struct sys_claim *early,
		      const char *thing, struct sys_report *report)
{
	struct sys_place here = sys_claim_place(config, late), there = sys_claim_place(config, early);
	char what[96], other[96], where[SYS_WHERE_MAX];

	describe_claim(config, late, what, sizeof(what));
	describe_claim(config, early, other, sizeof(other));
	sys_mistake(
	    report, &here,
	    "%s: %s belongs to /%s/%s%s already, as %s; each thing has one owner, so remove it from one of the two",
	    what, thing, there.folder, there.name, sys_where(report, &there, where), other);
}

static void report_overlap(const struct sys_config *config, const struct sys_claim *late, const struct sys_claim *early,
			   struct sys_report *report)
{
	char thing[64];

	if (late->what == SYS_INTERRUPT)
		snprintf(thing, sizeof(thing), "interrupt %u", (unsigned)late->start);
	else if (late->start == SYS_ANYWHERE)
		snprintf(thing, sizeof(thing), "it");
	else
		snprintf(thing, sizeof(thing), "0x%" PRIx64 "-0x%" PRIx64, late->start, late->start + late->bytes - 1);
	sys_report_clash(config, late, early, thing, report);
}

static bool same_group(const struct sys_claim *a, const struct sys_claim *b)
{
	return a->owner == b->owner && a->source == b->source && a->index == b->index;
}

/* A group is what one word of the description assigns: a clash of two groups is reported once, however many parts they
 * share. */
static void check_group(const struct sys_config *config, const struct sys_claims *claims, unsigned first,
			unsigned after, struct sys_report *report)
{
	for (unsigned i = 0, next; i < first; i = next) {
		const struct sys_claim *late = NULL, *early = NULL;

		for (next = i; next < first && same_group(&claims->claim[i], &claims->claim[next]); next++) {
			for (unsigned j = first; j < after && !late; j++) {
				if (!sys_claims_overlap(&claims->claim[next], &claims->claim[j], config))
					continue;
				late = &claims->claim[j];
				early = &claims->claim[next];
			}
		}
		if (late)
			report_overlap(config, late, early, report);
	}
}

void sys_claims_read(struct sys_claims *claims, const struct sys_config *config, const struct sys_board *board,
		     struct sys_report *report)
{
	struct collector c = {.claims = claims, .config = config, .board = board, .report = report};

	claims->count = 0;
	claims->wrong = 0;
	for (c.owner = 0; c.owner < sys_owner_count(config); c.owner++) {
		c.own = sys_owner_at(config, c.owner);
		claims->wrong |= c.own->gifts_wrong ? 1u << c.owner : 0;
		for (unsigned i = 0; board && i < c.own->device_count; i++)
			collect_device(&c, i);
		for (unsigned i = 0; i < c.own->mmio_count; i++)
			collect_mmio(&c, i);
		for (unsigned i = 0; i < c.own->region_count; i++)
			collect_region(&c, i);
		for (unsigned i = 0; i < c.own->interrupt_count; i++)
			collect_interrupt(&c, i);
	}
	for (unsigned first = 0, after; first < claims->count; first = after) {
		for (after = first + 1;
		     after < claims->count && same_group(&claims->claim[first], &claims->claim[after]); after++)
			;
		check_group(config, claims, first, after, report);
	}
}
