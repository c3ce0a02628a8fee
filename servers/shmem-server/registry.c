/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"
#include "bulkhead.h"
#include "glob.h"
#include <errno.h>
#include <string.h>

_Static_assert(GLOB_NAME_BYTES == PROTO_NAME, "a message holds any name");

bool shm_pool_add(struct shm *s, const struct pm_pool *pool)
{
	if (s->pool_count == SHM_POOLS_MAX || pool->patterns[PM_PATTERNS - 1] != '\0' ||
	    pool->patterns[PM_PATTERNS - 2] != '\0')
		return false;
	s->pool[s->pool_count++] = *pool;
	return true;
}

static bool pool_takes(const struct pm_pool *pool, uint32_t slot, const char *name)
{
	if (slot >= PROCESS_MAX || !(pool->slots & (1u << slot)))
		return false;
	for (const char *p = pool->patterns; *p != '\0'; p += strlen(p) + 1)
		if (glob_match(p, name))
			return true;
	return false;
}

/* The pool for a name, or -1; *ordinal is which of the VM's own pools it is. */
static int pool_for(const struct shm *s, uint32_t slot, const char *name, uint32_t *ordinal)
{
	*ordinal = 0;
	for (unsigned i = 0; i < s->pool_count; i++) {
		if (pool_takes(&s->pool[i], slot, name))
			return (int)i;
		*ordinal += slot < PROCESS_MAX && (s->pool[i].slots & (1u << slot)) ? 1 : 0;
	}
	return -1;
}

static struct shm_region *find_region(struct shm *s, uint32_t pool, const char *name)
{
	for (unsigned i = 0; i < SHM_REGIONS_MAX; i++)
		if (s->region[i].name[0] != '\0' && s->region[i].pool == pool && strcmp(s->region[i].name, name) == 0)
			return &s->region[i];
	return NULL;
}

/* The first region of a pool that begins at or after `from`, or NULL. */
static const struct shm_region *next_in(const struct shm *s, uint32_t pool, uint32_t from)
{
	const struct shm_region *next = NULL;

	for (unsigned i = 0; i < SHM_REGIONS_MAX; i++) {
		const struct shm_region *r = &s->region[i];

		if (r->name[0] != '\0' && r->pool == pool && r->first >= from && (!next || r->first < next->first))
			next = r;
	}
	return next;
}

/* First fit. */
static bool find_room(const struct shm *s, uint32_t pool, uint32_t pages, uint32_t *first)
{
	const uint64_t all = s->pool[pool].bytes / SHM_PAGE;
	uint32_t at = 0;

	for (unsigned i = 0; i <= SHM_REGIONS_MAX; i++) {
		const struct shm_region *next = next_in(s, pool, at);
		uint64_t end = next ? next->first : all;

		if (end - at >= pages) {
			*first = at;
			return true;
		}
		if (!next)
			return false;
		at = next->first + next->pages;
	}
	return false;
}

/* Each pool has its share of the table: what is made in one takes nothing from the VMs of another. */
static struct shm_region *create_region(struct shm *s, uint32_t pool, const struct shm_msg *msg)
{
	struct shm_region *r = NULL;
	uint32_t first, used = 0;

	for (unsigned i = SHM_REGIONS_MAX; i-- > 0;) {
		if (s->region[i].name[0] == '\0')
			r = &s->region[i];
		else
			used += s->region[i].pool == pool;
	}
	if (used >= SHM_REGIONS_MAX / s->pool_count || !r || msg->pages == 0 || !find_room(s, pool, msg->pages, &first))
		return NULL;
	memset(r, 0, sizeof(*r));
	memcpy(r->name, msg->name, sizeof(r->name));
	r->pool = pool;
	r->pages = msg->pages;
	r->first = first;
	r->zeroing = -1;
	return r;
}

static uint32_t handle_of(const struct shm *s, const struct shm_region *r, unsigned place)
{
	return (uint32_t)(r - s->region) * SHM_PLACES + place;
}

static uint32_t attached_mask(const struct shm_region *r)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < SHM_CLIENTS; i++)
		mask |= r->place[i].used && r->place[i].rcvid == 0 ? 1u << i : 0;
	return mask;
}

/* Something is new to a client: one event until it asks what. */
static void tell_client(struct shm *s, struct shm_region *r, unsigned place)
{
	struct shm_client *c = &r->place[place];

	if (place < SHM_CLIENTS && c->used && c->rcvid == 0 && !c->notified)
		c->notified = s->ops->event(s->context, c->scoid, handle_of(s, r, place));
}

static void tell_others(struct shm *s, struct shm_region *r, unsigned place)
{
	for (unsigned i = 0; i < SHM_CLIENTS && place < SHM_CLIENTS; i++)
		if (i != place)
			tell_client(s, r, i);
}

static void answer_attach(struct shm *s, struct shm_region *r, unsigned place, int64_t rcvid, uint32_t flags)
{
	struct shm_msg msg = {.handle = handle_of(s, r, place), .pages = r->pages, .flags = flags, .index = place};

	memcpy(msg.name, r->name, sizeof(msg.name));
	pool_for(s, r->place[place].slot, r->name, &msg.pool);
	msg.offset = (uint64_t)r->first * SHM_PAGE;
	r->place[place].rcvid = 0;
	msg.status = attached_mask(r) << 16;
	s->ops->reply(s->context, rcvid, 0, &msg);
	tell_others(s, r, place);
}

/* The client that zeroed the region is done, or gone: all that wait are let in, or the next one zeroes. */
static void end_zeroing(struct shm *s, struct shm_region *r, bool zero)
{
	r->zeroing = -1;
	for (unsigned i = 0; i < SHM_PLACES; i++) {
		int64_t rcvid = r->place[i].rcvid;

		if (!r->place[i].used || rcvid == 0)
			continue;
		if (zero)
			answer_attach(s, r, i, rcvid, 0);
		else if (r->zeroing < 0)
			answer_attach(s, r, (unsigned)(r->zeroing = (int)i), rcvid, SHM_ZERO);
	}
}

static unsigned count_of(const struct shm *s, uint32_t slot)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SHM_REGIONS_MAX; i++)
		for (unsigned j = 0; j < SHM_PLACES && s->region[i].name[0] != '\0'; j++)
			count += s->region[i].place[j].used && s->region[i].place[j].slot == slot;
	return count;
}

/* Each VM of the pool has its share of the places: none keeps the others out by coming often. */
static int free_place(const struct shm *s, const struct shm_region *r, uint32_t slot, bool hold)
{
	const unsigned first = hold ? SHM_CLIENTS : 0, end = hold ? SHM_PLACES : SHM_CLIENTS;
	unsigned own = 0, vms = 0;
	int place = -1;

	for (uint32_t left = s->pool[r->pool].slots; left != 0; left &= left - 1)
		vms++;
	for (unsigned i = end; i-- > first;) {
		if (!r->place[i].used)
			place = (int)i;
		else
			own += r->place[i].slot == slot;
	}
	return own < (end - first) / vms ? place : -1;
}

void shm_begin(struct shm *s)
{
	for (unsigned i = 0; i < s->pool_count; i++)
		for (uint32_t slot = 0; slot < PROCESS_MAX; slot++)
			if (s->pool[i].slots & 1u << slot)
				s->before[slot] = s->ops->life(s->context, slot);
}

/* May a guest still have something of the pool that is not known here? */
static bool in_old_hands(struct shm *s, const struct pm_pool *pool)
{
	for (uint32_t slot = 0; slot < PROCESS_MAX; slot++) {
		if (s->before[slot] == 0 || !(pool->slots & 1u << slot))
			continue;
		if (s->ops->life(s->context, slot) == s->before[slot])
			return true;
		s->before[slot] = 0;
	}
	return false;
}

/* 0: it is answered, or will be. */
static int attach_client(struct shm *s, int64_t rcvid, uint32_t slot, uint32_t scoid, const struct shm_msg *msg)
{
	uint32_t ordinal;
	struct shm_region *r;
	bool fresh = false;
	int pool, place;

	if (!glob_name(msg->name, strnlen(msg->name, sizeof(msg->name)), false))
		return -EINVAL;
	pool = pool_for(s, slot, msg->name, &ordinal);
	if (pool < 0)
		return -ENOENT;
	if (in_old_hands(s, &s->pool[pool]))
		return -EBUSY;
	if (count_of(s, slot) == SHM_OF_SLOT)
		return -EMFILE;
	r = find_region(s, (uint32_t)pool, msg->name);
	if (!r) {
		r = create_region(s, (uint32_t)pool, msg);
		fresh = true;
	}
	if (!r)
		return -ENOMEM;
	place = free_place(s, r, slot, msg->flags & SHM_HOLD);
	if (place < 0)
		return -EMFILE;
	r->place[place] = (struct shm_client){.used = true, .slot = slot, .scoid = scoid, .rcvid = rcvid};
	if (fresh)
		r->zeroing = place;
	if (fresh || r->zeroing < 0)
		answer_attach(s, r, (unsigned)place, rcvid, fresh ? SHM_ZERO : 0);
	return 0;
}

/* Bit `place` of the others' notes goes too: the number may soon be another client's. */
static void remove_client(struct shm *s, struct shm_region *r, unsigned place)
{
	bool zeroed = r->zeroing != (int)place, used = false;

	r->place[place] = (struct shm_client){0};
	for (unsigned i = 0; i < SHM_PLACES; i++) {
		used |= r->place[i].used;
		if (place < SHM_CLIENTS)
			r->place[i].from &= ~(1u << place);
	}
	if (!used) {
		r->name[0] = '\0';
		return;
	}
	tell_others(s, r, place);
	if (!zeroed)
		end_zeroing(s, r, false);
}

static void notify_clients(struct shm *s, struct shm_region *r, unsigned place, uint32_t whom)
{
	for (unsigned i = 0; i < SHM_CLIENTS; i++) {
		struct shm_client *c = &r->place[i];

		if (i == place || !(whom & (1u << i)) || !c->used || c->rcvid != 0)
			continue;
		c->from |= 1u << place;
		tell_client(s, r, i);
	}
}

/* The client that a handle names, if it is the sender's and nothing of it waits; or NULL. */
static struct shm_client *client_of(struct shm *s, uint32_t slot, uint32_t handle, struct shm_region **region)
{
	struct shm_client *c;

	if (handle >= SHM_REGIONS_MAX * SHM_PLACES)
		return NULL;
	*region = &s->region[handle / SHM_PLACES];
	c = &(*region)->place[handle % SHM_PLACES];
	return (*region)->name[0] != '\0' && c->used && c->slot == slot && c->rcvid == 0 ? c : NULL;
}

static int handle_request(struct shm *s, uint32_t slot, struct shm_msg *msg)
{
	const unsigned place = msg->handle % SHM_PLACES;
	struct shm_region *r;
	struct shm_client *c = client_of(s, slot, msg->handle, &r);

	if (!c)
		return -EBADF;
	switch (msg->type) {
	case SHM_READY:
		if (r->zeroing == (int)place)
			end_zeroing(s, r, true);
		return 0;
	case SHM_DETACH: remove_client(s, r, place); return 0;
	case SHM_NOTIFY:
		if (place >= SHM_CLIENTS || r->zeroing == (int)place)
			return -EINVAL;
		notify_clients(s, r, place, msg->status);
		return 0;
	case SHM_STATUS:
		msg->status = c->from | attached_mask(r) << 16;
		c->from = 0;
		c->notified = false;
		return 0;
	default: return -EINVAL;
	}
}

void shm_message(struct shm *s, int64_t rcvid, uint32_t slot, uint32_t scoid, struct shm_msg *msg, size_t bytes)
{
	int status;

	if (bytes != sizeof(*msg)) {
		s->ops->reply(s->context, rcvid, -EINVAL, NULL);
		return;
	}
	status = msg->type == SHM_ATTACH ? attach_client(s, rcvid, slot, scoid, msg) : handle_request(s, slot, msg);
	if (status != 0 || msg->type != SHM_ATTACH)
		s->ops->reply(s->context, rcvid, status, status == 0 ? msg : NULL);
}

void shm_unblock(struct shm *s, int64_t rcvid)
{
	for (unsigned i = 0; i < SHM_REGIONS_MAX; i++) {
		for (unsigned j = 0; j < SHM_PLACES && s->region[i].name[0] != '\0'; j++) {
			if (s->region[i].place[j].rcvid != rcvid || rcvid == 0)
				continue;
			s->ops->reply(s->context, rcvid, -ETIMEDOUT, NULL);
			remove_client(s, &s->region[i], j);
		}
	}
}

void shm_forget(struct shm *s, uint32_t slot)
{
	for (unsigned i = 0; i < SHM_REGIONS_MAX; i++)
		for (unsigned j = 0; j < SHM_PLACES && s->region[i].name[0] != '\0'; j++)
			if (s->region[i].place[j].used && s->region[i].place[j].slot == slot)
				remove_client(s, &s->region[i], j);
}
