/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of `vdev shmem`: see device.h. */
#include "vdev/shmem/device.h"
#include <errno.h>
#include <string.h>

enum {
	FACTORY_SIGNATURE = 0,
	FACTORY_SHMEM = 8,
	FACTORY_VECTOR = 16,
	FACTORY_STATUS = 20,
	FACTORY_SIZE = 24,
	FACTORY_NAME = 28,
	FACTORY_END = 60
};
enum { CONTROL_STATUS = 0, CONTROL_IDX = 4, CONTROL_NOTIFY = 8, CONTROL_DETACH = 12 };

bool shmem_allowed(const struct shmem_rule *rules, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (glob_match(rules[i].pattern, name))
			return rules[i].allow;
	}
	return count == 0 || !rules[0].allow;
}

bool shmem_rule_add(struct shmem *s, bool allow, const char *pattern)
{
	if (s->rule_count == SHMEM_RULES)
		return false;
	s->rule[s->rule_count++] = (struct shmem_rule){.allow = allow, .pattern = pattern};
	return true;
}

static void update_line(struct shmem *s)
{
	bool level = false;

	for (unsigned i = 0; i < SHMEM_WINDOWS; i++)
		level |= s->window[i].used && s->window[i].changed;
	if (level == s->level)
		return;
	s->level = level;
	s->ops->line(s->context, level);
}

static enum shmem_status status_of(int error)
{
	switch (error) {
	case 0: return SHMEM_OK;
	case -ENOMEM: return SHMEM_NO_MEMORY;
	case -EMFILE: return SHMEM_CLIENTS_MAX;
	case -EINVAL: return SHMEM_ILLEGAL_NAME;
	default: return SHMEM_UNKNOWN_FAILURE;
	}
}

static struct shmem_window *free_window(struct shmem *s)
{
	for (unsigned i = 0; i < SHMEM_WINDOWS; i++)
		if (!s->window[i].used)
			return &s->window[i];
	return NULL;
}

static uint64_t address_of(const struct shmem *s, const struct shmem_window *w)
{
	return s->windows + (uint64_t)(w - s->window) * s->window_bytes;
}

/* The region's size is what its first client asked for: it may be longer than a window. */
static int join_window(struct shmem *s, struct shmem_window *w, uint32_t pages)
{
	struct shmem_joined *r = &w->region;
	int error = s->ops->join(s->context, s->name, pages, r);

	if (error != 0)
		return error;
	error = r->pages > s->window_bytes / SHMEM_PAGE - 1
		    ? -ENOMEM
		    : s->ops->map(s->context, r->handle, address_of(s, w) + SHMEM_PAGE);
	if (error != 0)
		s->ops->leave(s->context, r->handle);
	return error;
}

static enum shmem_status create_region(struct shmem *s, uint32_t pages)
{
	struct shmem_window *w = free_window(s);
	int error;

	if (memchr(s->name, '\0', sizeof(s->name)) == NULL || s->name[0] == '\0')
		return SHMEM_ILLEGAL_NAME;
	if (!shmem_allowed(s->rule, s->rule_count, s->name))
		return SHMEM_UNKNOWN_FAILURE;
	if (!w)
		return SHMEM_CLIENTS_MAX;
	error = join_window(s, w, pages);
	if (error != 0)
		return status_of(error);
	w->used = true;
	w->changed = false;
	w->from = 0;
	s->control = address_of(s, w);
	s->size = w->region.pages;
	return SHMEM_OK;
}

/* The page's first bytes as they lie in memory. */
static void factory_bytes(const struct shmem *s, uint8_t bytes[FACTORY_END + 4])
{
	const uint64_t signature = SHMEM_SIGNATURE;

	memset(bytes, 0, FACTORY_END + 4);
	memcpy(bytes + FACTORY_SIGNATURE, &signature, 8);
	memcpy(bytes + FACTORY_SHMEM, &s->control, 8);
	memcpy(bytes + FACTORY_VECTOR, &s->interrupt, 4);
	memcpy(bytes + FACTORY_STATUS, &s->status, 4);
	memcpy(bytes + FACTORY_SIZE, &s->size, 4);
	memcpy(bytes + FACTORY_NAME, s->name, sizeof(s->name));
}

uint64_t shmem_factory_read(const struct shmem *s, uint64_t offset, unsigned size)
{
	uint8_t bytes[FACTORY_END + 4];
	uint64_t value = 0;

	if (offset > sizeof(bytes) - size)
		return 0;
	factory_bytes(s, bytes);
	memcpy(&value, bytes + offset, size);
	return value;
}

/* An access of 8 bytes at the size also holds the name's first 4: these first, as writing the size acts. */
void shmem_factory_write(struct shmem *s, uint64_t offset, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		if (offset + i >= FACTORY_NAME && offset + i < FACTORY_END)
			s->name[offset + i - FACTORY_NAME] = (char)(value >> 8 * i);
	if (offset == FACTORY_SIZE && size >= 4)
		s->status = create_region(s, (uint32_t)value);
}

/* The window that an offset lies in, if the guest is in its region and the offset in its control page. */
static struct shmem_window *control_page(struct shmem *s, uint64_t *offset)
{
	const uint64_t index = *offset / s->window_bytes;

	*offset %= s->window_bytes;
	return index < SHMEM_WINDOWS && s->window[index].used && *offset < SHMEM_PAGE ? &s->window[index] : NULL;
}

static uint32_t read_status(struct shmem *s, struct shmem_window *w)
{
	uint32_t status = w->from | w->region.attached << 16;

	w->from = 0;
	w->changed = false;
	update_line(s);
	return status;
}

bool shmem_window_read(struct shmem *s, uint64_t offset, unsigned size, uint64_t *value)
{
	struct shmem_window *w = control_page(s, &offset);

	*value = 0;
	if (!w || size != 4)
		return w;
	if (offset == CONTROL_STATUS)
		*value = read_status(s, w);
	else if (offset == CONTROL_IDX)
		*value = w->region.index;
	return true;
}

static void detach_window(struct shmem *s, struct shmem_window *w)
{
	w->used = false;
	s->ops->unmap(s->context, w->region.handle, address_of(s, w) + SHMEM_PAGE);
	s->ops->leave(s->context, w->region.handle);
	update_line(s);
}

bool shmem_window_write(struct shmem *s, uint64_t offset, unsigned size, uint64_t value)
{
	struct shmem_window *w = control_page(s, &offset);

	if (!w)
		return false;
	if (offset == CONTROL_NOTIFY && size == 4)
		s->ops->notify(s->context, w->region.handle, (uint32_t)value & ~(1u << w->region.index));
	else if (offset == CONTROL_DETACH)
		detach_window(s, w);
	return true;
}

void shmem_changed(struct shmem *s, uint32_t handle, uint32_t from, uint32_t attached)
{
	for (unsigned i = 0; i < SHMEM_WINDOWS; i++) {
		struct shmem_window *w = &s->window[i];

		if (!w->used || w->region.handle != handle)
			continue;
		w->changed |= from != 0 || attached != w->region.attached;
		w->from |= from;
		w->region.attached = attached;
	}
	update_line(s);
}
