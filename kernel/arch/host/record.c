/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel did to tables, TLBs and caches, in order, and whether the order is right. */
#include "arch.h"
#include "host.h"
#include <stdlib.h>

#define EVENTS_MAX  (1u << 18)
#define ENTRIES_MAX (1u << 15) /* a power of two */
#define ENTRY_VALID 1u
#define ENTRY_TABLE 3u
#define ENTRY_ADDR  0x0000fffffffff000ull

static struct host_event *events;
static unsigned event_count;
static bool recording;
static enum host_event_kind lost_kind;
static unsigned lost_in; /* so many of them from now; 0: none */

void host_record(bool on)
{
	if (!events)
		events = calloc(EVENTS_MAX, sizeof(*events));
	recording = on;
	if (on)
		event_count = 0;
}

void host_record_leave_out(enum host_event_kind kind, unsigned n)
{
	lost_kind = kind;
	lost_in = n;
}

static void record(struct host_event e)
{
	if (!recording || (lost_in && e.kind == lost_kind && !--lost_in))
		return;
	if (event_count == EVENTS_MAX)
		host_fail("the recorder is full");
	e.cpu = (uint8_t)host_cpu;
	events[event_count++] = e;
}

void host_record_event(enum host_event_kind kind, uint64_t at, uint64_t value)
{
	record((struct host_event){.kind = (uint8_t)kind, .at = at, .value = value});
}

void host_record_tlbi(enum host_event_kind kind, const uint64_t *entry, unsigned vmid, const void *root)
{
	record((struct host_event){.kind = (uint8_t)kind, .at = (uint64_t)entry, .value = vmid, .root = root});
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

/* What has been done about a descriptor that was taken away, in this order. */
enum state {
	WHOLE,  /* it is as it was written, and no TLB has anything older */
	BROKEN, /* stored */
	SEEN,   /* and waited for */
	STAGE2, /* its address was invalidated in stage 2 ... */
	STAGE2_DONE /* ... everywhere */,
	ALL, /* and so was what stage 1 made of it */
};

/* A descriptor as far as the events tell; or the first of a table, for which `parent` is the descriptor of that. */
struct entry {
	uint64_t at, value, parent;
	bool known;
	enum state state;
};

static struct entry *entry_of(struct entry *table, uint64_t at)
{
	uint64_t i = at / 8 * 0x9e3779b97f4a7c15ull >> 40;

	while (table[i % ENTRIES_MAX].at && table[i % ENTRIES_MAX].at != at)
		i++;
	table[i % ENTRIES_MAX].at = at;
	return &table[i % ENTRIES_MAX];
}

static uint64_t table_of(uint64_t entry)
{
	return entry & ~(uint64_t)PAGE_MASK;
}

/* Its `value` is the VMID. No descriptor lies there. */
static struct entry *root_of(struct entry *table, uint64_t root)
{
	return entry_of(table, root + 1);
}

/* Does the entry belong to the tables of that root? If nobody has said whose its table is, it may. */
static bool is_below(struct entry *table, uint64_t entry, const void *root)
{
	uint64_t page = table_of(entry), parent;

	while ((parent = entry_of(table, page)->parent) != 0)
		page = table_of(parent);
	return !root || page == (uint64_t)root || !root_of(table, page)->known;
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
	return e->known && (e->value & ENTRY_VALID) && (value & ENTRY_VALID) && e->value != value;
}

static const char *check_write(struct entry *table, struct entry *e, const struct host_event *w, unsigned n)
{
	if (is_leaf_or_table_change(e, w->value))
		return "a valid descriptor was changed without a break";
	if (e->state != WHOLE && (w->value & ENTRY_VALID))
		return "a descriptor was made anew without a TLB invalidation";
	if ((w->value & ENTRY_TABLE) == ENTRY_TABLE && !(w->value & 0x7fc)) {
		uint64_t below = (uint64_t)arch_pa_to_va(w->value & ENTRY_ADDR);

		if (!table_is_ready(n, below))
			return "an entry points to a table that was not zero, or not surely";
		entry_of(table, below)->parent = w->at;
	}
	if (e->known && (e->value & ENTRY_VALID) && !(w->value & ENTRY_VALID))
		e->state = BROKEN;
	e->known = true;
	e->value = w->value;
	return NULL;
}

static enum state next_state(const struct host_event *w, const struct entry *e, bool below)
{
	switch (w->kind) {
	case HOST_DSB:
		return e->state == BROKEN   ? SEEN
		       : e->state == STAGE2 ? STAGE2_DONE
		       : e->state == ALL    ? WHOLE
					    : e->state;
	case HOST_TLBI_PAGE: return e->state == SEEN && e->at == w->at ? STAGE2 : e->state;
	case HOST_TLBI_STAGE1: return e->state == STAGE2_DONE && below ? ALL : e->state;
	case HOST_TLBI_SPACE: return e->state >= SEEN && below ? ALL : e->state;
	default: return e->state;
	}
}

/* The VMID that a root came with first is that of its tables. */
static const char *check_vmid(struct entry *table, const struct host_event *w)
{
	struct entry *root = w->root ? root_of(table, (uint64_t)w->root) : NULL;

	if (!root)
		return NULL;
	if (root->known && root->value != w->value)
		return "an invalidation names another VMID than that of its tables";
	root->known = true;
	root->value = w->value;
	return NULL;
}

/* What the events have left: descriptors that wait for something, of which there are never more than a few. */
struct check {
	struct entry *table;
	unsigned *order, count;
	bool tlbi_open;
};

static const char *check_event(struct check *c, const struct host_event *w, unsigned n)
{
	const char *wrong = NULL;

	if (w->kind == HOST_TABLE_WRITE) {
		struct entry *e = entry_of(c->table, w->at);
		bool whole = e->state == WHOLE;

		wrong = c->tlbi_open ? "a TLB invalidation was not waited for" : check_write(c->table, e, w, n);
		if (whole && e->state == BROKEN)
			c->order[c->count++] = (unsigned)(e - c->table);
		return wrong;
	}
	if (w->kind == HOST_TLBI_PAGE || w->kind == HOST_TLBI_STAGE1 || w->kind == HOST_TLBI_SPACE) {
		wrong = check_vmid(c->table, w);
		c->tlbi_open = true;
	} else if (w->kind != HOST_DSB) {
		return NULL;
	} else {
		c->tlbi_open = false;
	}
	for (unsigned i = 0; i < c->count; i++) {
		struct entry *e = &c->table[c->order[i]];

		e->state = next_state(w, e, is_below(c->table, e->at, w->root));
	}
	while (c->count && c->table[c->order[c->count - 1]].state == WHOLE)
		c->count--;
	return wrong;
}

const char *host_record_check(void)
{
	struct check c = {.table = calloc(ENTRIES_MAX, sizeof(*c.table)),
			  .order = calloc(event_count + 1, sizeof(*c.order))};
	const char *wrong = NULL;

	for (unsigned i = 0; i < event_count && !wrong; i++)
		wrong = check_event(&c, &events[i], i);
	for (unsigned i = 0; i < c.count && !wrong; i++)
		if (c.table[c.order[i]].state != WHOLE)
			wrong = "a descriptor was taken away and its TLB entries were not";
	if (!wrong && c.tlbi_open)
		wrong = "the last TLB invalidation was not waited for";
	free(c.order);
	free(c.table);
	return wrong;
}
