/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel did to tables, TLBs and caches, in order, and whether the order is right. */
#include "host.h"

#include <stdlib.h>

#include "arch.h"

#define EVENTS_MAX  (1u << 18)
#define ENTRIES_MAX (1u << 15) /* a power of two */
#define DESC_VALID  1u
#define DESC_TABLE  3u
#define DESC_ADDR   0x0000fffffffff000ull

static struct host_event *events;
static unsigned event_count;
static bool recording;

void host_record(bool on)
{
	if (!events)
		events = calloc(EVENTS_MAX, sizeof(*events));
	recording = on;
	if (on)
		event_count = 0;
}

void host_record_event(enum host_event_kind kind, uint64_t at, uint64_t value)
{
	if (!recording)
		return;
	if (event_count == EVENTS_MAX)
		host_fail("the recorder is full");
	events[event_count++] = (struct host_event){.kind = (uint8_t)kind, .at = at, .value = value};
}

unsigned host_record_count(void)
{
	return event_count;
}

const struct host_event *host_record_at(unsigned i)
{
	return &events[i];
}

bool host_record_covers(enum host_event_kind kind, uint64_t at, uint64_t bytes)
{
	/* In ascending pieces, as every caller of the kernel goes. */
	for (unsigned i = 0; i < event_count && bytes; i++) {
		const struct host_event *e = &events[i];

		if (e->kind == kind && at >= e->at && at < e->at + e->value) {
			uint64_t n = e->at + e->value - at;

			n = n < bytes ? n : bytes;
			at += n;
			bytes -= n;
		}
	}
	return !bytes;
}

/* ---- the rules ---- */

/* A descriptor as far as the events tell. */
struct entry {
	uint64_t at, value;
	bool known, broken; /* broken: it was valid, and no invalidation has reached it since */
	bool broken_seen;   /* the store that broke it was waited for */
};

static struct entry *entry_of(struct entry *table, uint64_t at)
{
	uint64_t i = at / 8 * 0x9e3779b97f4a7c15ull >> 40;

	while (table[i % ENTRIES_MAX].at && table[i % ENTRIES_MAX].at != at)
		i++;
	table[i % ENTRIES_MAX].at = at;
	return &table[i % ENTRIES_MAX];
}

/* Zeroed, and a DSB since, before event n. Only for tables that came to be while the recorder ran. */
static bool table_is_ready(unsigned n, uint64_t table)
{
	bool dsb = false;

	while (n--) {
		dsb |= events[n].kind == HOST_DSB;
		if (events[n].kind == HOST_ZERO && table >= events[n].at && table < events[n].at + events[n].value)
			return dsb;
	}
	return false;
}

static bool is_leaf_or_table_change(const struct entry *e, uint64_t value)
{
	return e->known && (e->value & DESC_VALID) && (value & DESC_VALID) && e->value != value;
}

static const char *check_write(struct entry *e, const struct host_event *w, unsigned n, bool *pending)
{
	if (is_leaf_or_table_change(e, w->value))
		return "a valid descriptor was changed without a break";
	if (e->broken && (w->value & DESC_VALID))
		return "a descriptor was made anew without a TLB invalidation";
	if ((w->value & DESC_TABLE) == DESC_TABLE && !(w->value & 0x7fc) &&
	    !table_is_ready(n, (uint64_t)pa_to_va(w->value & DESC_ADDR)))
		return "an entry points to a table that was not zero, or not surely";
	if (e->known && (e->value & DESC_VALID) && !(w->value & DESC_VALID)) {
		e->broken = true;
		e->broken_seen = false;
		*pending = true;
	}
	e->known = true;
	e->value = w->value;
	return NULL;
}

/* Each descriptor that waits for something; there are never more than a few. */
static void each_broken(struct entry *table, const unsigned *order, unsigned count, bool dsb)
{
	for (unsigned i = 0; i < count; i++) {
		struct entry *e = &table[order[i]];

		if (dsb)
			e->broken_seen = true;
		else if (e->broken_seen)
			e->broken = false;
	}
}

const char *host_record_check(void)
{
	struct entry *table = calloc(ENTRIES_MAX, sizeof(*table));
	unsigned *order = calloc(event_count + 1, sizeof(*order)), count = 0;
	const char *wrong = NULL;
	bool tlbi_open = false;

	for (unsigned i = 0; i < event_count && !wrong; i++) {
		const struct host_event *w = &events[i];
		bool pending = false;

		switch (w->kind) {
		case HOST_TABLE_WRITE: {
			struct entry *e = entry_of(table, w->at);

			if (tlbi_open)
				wrong = "a TLB invalidation was not waited for";
			else
				wrong = check_write(e, w, i, &pending);
			if (pending)
				order[count++] = (unsigned)(e - table);
			break;
		}
		case HOST_TLBI_PAGE:
		case HOST_TLBI_SPACE:
			each_broken(table, order, count, false);
			while (count && !table[order[count - 1]].broken)
				count--;
			tlbi_open = true;
			break;
		case HOST_DSB:
			each_broken(table, order, count, true);
			tlbi_open = false;
			break;
		default: break;
		}
	}
	if (!wrong && count)
		wrong = "a descriptor was taken away and its TLB entries were not";
	if (!wrong && tlbi_open)
		wrong = "the last TLB invalidation was not waited for";
	free(order);
	free(table);
	return wrong;
}
