/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of `vdev shmem`, as QNX documents them: a pure state machine.
 *
 * The factory page makes and joins regions by name. Each region that the guest is in has a window of guest-physical
 * addresses: the control page, followed by the region's memory. Offsets of the factory page: 0 signature (8 bytes), 8
 * address of the control page (8), 16 interrupt (4), 20 status of the last creation (4), 24 size in pages (4; writing
 * it creates or joins), 28 name (32). Of a control page, all 4 bytes: 0 status, 4 index, 8 notify, 12 detach.
 *
 * Not thread-safe: the caller holds the instance's lock. The operations are called with it held.
 */
#pragma once

#include <glob.h>
#include <vdevoption.h>

#define SHMEM_PAGE      4096u
#define SHMEM_SIGNATURE 0x4d534732474d5651ull
#define SHMEM_WINDOWS   8u  /* regions that a guest is in at once, for each instance */
#define SHMEM_RULES     16u /* of `allow` and `deny` */

/* `allow pattern` and `deny pattern`. */
struct shmem_rule {
	bool allow;
	const char *pattern;
};

/*
 * May the guest create or attach the region `name`? The first rule that matches decides. If none does: allowed without
 * rules or if the first rule is a `deny`, denied if it is an `allow`.
 */
bool shmem_allowed(const struct shmem_rule *rules, unsigned count, const char *name);

/* Status of a creation. */
enum shmem_status {
	SHMEM_OK,
	SHMEM_UNKNOWN_FAILURE,
	SHMEM_NO_MEMORY,
	SHMEM_CLIENTS_MAX,
	SHMEM_ILLEGAL_NAME,
};

/* What the server says of a region. */
struct shmem_joined {
	uint32_t handle, pages, index;
	uint32_t attached; /* bit n: client n is there */
};

struct shmem_ops {
	/* Joins the region of that name, or makes it with `pages` pages of zeros. 0, or a negative errno. */
	int (*join)(void *context, const char *name, uint32_t pages, struct shmem_joined *joined);
	/* Lets the guest see the region's memory at `address`, or not any longer. 0, or a negative errno. */
	int (*map)(void *context, uint32_t handle, uint64_t address);
	void (*unmap)(void *context, uint32_t handle, uint64_t address);
	void (*leave)(void *context, uint32_t handle);
	void (*notify)(void *context, uint32_t handle, uint32_t clients);
	void (*line)(void *context, bool level);
};

struct shmem_window {
	bool used;
	bool changed; /* since the guest has read its status */
	struct shmem_joined region;
	uint32_t from; /* bit n: client n has notified */
};

struct shmem {
	const struct shmem_ops *ops;
	void *context;
	uint32_t interrupt;
	uint64_t windows, window_bytes; /* where the first one lies; each has a control page and room for a region */
	struct shmem_rule rule[SHMEM_RULES];
	unsigned rule_count;

	uint64_t control; /* address of the control page that the last creation gave */
	uint32_t status, size;
	char name[GLOB_NAME_BYTES];
	bool level;
	struct shmem_window window[SHMEM_WINDOWS];
};

/* The pattern must stay. False: one too many. */
bool shmem_rule_add(struct shmem *s, bool allow, const char *pattern);

/* Accesses are aligned, of 1, 2, 4 or 8 bytes. What is no register reads as 0. */
uint64_t shmem_factory_read(const struct shmem *s, uint64_t offset, unsigned size);
void shmem_factory_write(struct shmem *s, uint64_t offset, unsigned size, uint64_t value);

/* The same within the windows; `offset` from the first one's start. False: there is nothing, as in a region that the
 * guest has left. */
bool shmem_window_read(struct shmem *s, uint64_t offset, unsigned size, uint64_t *value);
bool shmem_window_write(struct shmem *s, uint64_t offset, unsigned size, uint64_t value);

/* News from the server: who has notified, and who is attached now. */
void shmem_changed(struct shmem *s, uint32_t handle, uint32_t from, uint32_t attached);
