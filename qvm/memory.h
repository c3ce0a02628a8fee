/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory as this process sees it: the only way to an address that a guest, an image or a configuration named.
 *
 * Ranges lie one after the other in one region of RAM, which is mapped into the guest at the addresses of the ranges
 * and into this process as one window. guest_memory_ptr() is the checked accessor; nothing else turns a guest address
 * into a pointer.
 */
#pragma once

#include "bulkhead.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_PAGE      4096u
#define GUEST_RANGE_MAX 16u

struct guest_range {
	uint64_t ipa, bytes;
	uint64_t offset; /* in the region and in the window */
	bool rom;
};

struct guest_memory {
	uint8_t *window; /* where the region lies in this process; null: nowhere, and nothing is written */
	unsigned count;
	struct guest_range range[GUEST_RANGE_MAX]; /* ascending by ipa, disjoint */
	uint64_t total;
	void (*copying)(uint64_t done, uint64_t bytes); /* told before each MiB of a longer copy; null: nobody asks */
};

/* Adds a range after all others in the window. Null, or what is wrong with it. */
const char *guest_memory_add(struct guest_memory *m, uint64_t ipa, uint64_t bytes, bool rom);

/* The range that holds all of [ipa, ipa + bytes), or null. */
const struct guest_range *guest_memory_range(const struct guest_memory *m, uint64_t ipa, uint64_t bytes);

/* The address here of guest memory [ipa, ipa + bytes), or null if not all of it is memory of one range. */
void *guest_memory_ptr(const struct guest_memory *m, uint64_t ipa, uint64_t bytes);

/* Copies into guest memory and makes it visible to a guest that runs with its MMU and caches off. False: not memory. */
bool guest_memory_write(const struct guest_memory *m, uint64_t ipa, const void *from, uint64_t bytes);

/*
 * Cleans and invalidates all of it by address, to the point of coherency, for a guest that asks for that by set and
 * way. An interrupt or a more important thread can come between any two lines.
 */
void guest_memory_clean(const struct guest_memory *m);

/* The same with the one cache line that has this address, if it is memory. */
void guest_memory_clean_line(const struct guest_memory *m, uint64_t ipa);

/* The same with zeros. */
bool guest_memory_zero(const struct guest_memory *m, uint64_t ipa, uint64_t bytes);

/* A little-endian word of guest memory. */
bool guest_memory_read32(const struct guest_memory *m, uint64_t ipa, uint32_t *value);

/* Replaces `from` by `to` atomically, also for the guest's CPUs. False: not RAM, not aligned, or not `from`. */
bool guest_memory_exchange64(const struct guest_memory *m, uint64_t ipa, uint64_t from, uint64_t to);
