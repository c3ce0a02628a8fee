/* SPDX-License-Identifier: Apache-2.0 */
/* Which virtual device answers at which guest address. Built before the guest starts; only read afterwards. */
#pragma once

#include <qvm/types.h>
#include <stdbool.h>
#include <stdint.h>

#define MMIO_REGION_MAX 34u

/* The device's own rules of size and alignment: not done if there is no such access. `ipa` is absolute. */
struct mmio_region {
	uint64_t start, bytes; /* at least 8 */
	struct vdev_value (*read)(void *device, unsigned vcpu, uint64_t ipa, unsigned size);
	bool (*write)(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
	void *device;
};

struct mmio {
	unsigned count;
	struct mmio_region region[MMIO_REGION_MAX]; /* ascending, disjoint */
};

/* False: it overlaps another one, or there are too many. */
bool mmio_add(struct mmio *m, const struct mmio_region *region);

/* Does it hold all of [ipa, ipa + size)? */
static inline bool mmio_holds(const struct mmio_region *r, uint64_t ipa, uint64_t size)
{
	return ipa - r->start <= r->bytes - size;
}

/* The region that holds all of [ipa, ipa + size), or null. */
const struct mmio_region *mmio_find(const struct mmio *m, uint64_t ipa, unsigned size);
