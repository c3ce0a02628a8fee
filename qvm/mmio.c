/* SPDX-License-Identifier: Apache-2.0 */
/* Which device answers at an address: a sorted table. */
#include "qvm/mmio.h"
#include <range.h>
#include <string.h>

bool mmio_add(struct mmio *m, const struct mmio_region *region)
{
	unsigned at = 0;

	if (m->count == MMIO_REGION_MAX || region->bytes < 8 || region->start + region->bytes < region->start)
		return false;
	while (at < m->count && m->region[at].start < region->start)
		at++;
	if (at > 0 && ranges_overlap(m->region[at - 1].start, m->region[at - 1].bytes, region->start, region->bytes))
		return false;
	if (at < m->count && ranges_overlap(m->region[at].start, m->region[at].bytes, region->start, region->bytes))
		return false;
	memmove(&m->region[at + 1], &m->region[at], (m->count - at) * sizeof(*region));
	m->region[at] = *region;
	m->count++;
	return true;
}

const struct mmio_region *mmio_find(const struct mmio *m, uint64_t ipa, unsigned size)
{
	unsigned low = 0, high = m->count;

	while (low < high) {
		const unsigned middle = (low + high) / 2;

		if (m->region[middle].start <= ipa)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && mmio_holds(&m->region[low - 1], ipa, size) ? &m->region[low - 1] : NULL;
}
