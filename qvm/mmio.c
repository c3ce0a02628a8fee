/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/mmio.h"

#include <string.h>

bool mmio_add(struct mmio *m, const struct mmio_region *region)
{
	unsigned at = 0;

	if (m->count == MMIO_REGION_MAX || region->bytes == 0 || region->start + region->bytes < region->start)
		return false;
	while (at < m->count && m->region[at].start < region->start)
		at++;
	if (at > 0 && region->start - m->region[at - 1].start < m->region[at - 1].bytes)
		return false;
	if (at < m->count && m->region[at].start - region->start < region->bytes)
		return false;
	memmove(&m->region[at + 1], &m->region[at], (m->count - at) * sizeof(*region));
	m->region[at] = *region;
	m->count++;
	return true;
}

static bool holds(const struct mmio_region *r, uint64_t ipa, unsigned size)
{
	return ipa >= r->start && ipa - r->start < r->bytes && size <= r->bytes - (ipa - r->start);
}

const struct mmio_region *mmio_find(const struct mmio *m, uint64_t ipa, unsigned size, unsigned *hint)
{
	unsigned low = 0, high = m->count;

	if (*hint < m->count && holds(&m->region[*hint], ipa, size))
		return &m->region[*hint];
	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (m->region[middle].start <= ipa)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !holds(&m->region[low - 1], ipa, size))
		return NULL;
	*hint = low - 1;
	return &m->region[low - 1];
}
