/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device tree can be read: see fdt_good.h. */
#include "fdt_good.h"
#include <libfdt.h>

#define OLDEST 16u /* version that is read: Devicetree Specification 0.4, 5.2 */

bool fdt_good_header(const void *tree, size_t bytes)
{
	return bytes >= sizeof(struct fdt_header) && fdt_version(tree) >= OLDEST && fdt_check_header(tree) == 0 &&
	       fdt_totalsize(tree) <= bytes && fdt_off_dt_struct(tree) % 4 == 0 && fdt_off_mem_rsvmap(tree) % 8 == 0;
}

static bool goes_on(const void *tree)
{
	int offset = 0, next, length;
	uint32_t tag;

	for (; (tag = fdt_next_tag(tree, offset, &next)) != FDT_END; offset = next) {
		length = 0;
		if (tag == FDT_PROP)
			fdt_get_property_by_offset(tree, offset, &length);
		if (length < 0 || next <= offset)
			return false;
	}
	return true;
}

bool fdt_good(const void *tree, size_t bytes)
{
	return fdt_good_header(tree, bytes) && goes_on(tree) && fdt_check_full(tree, bytes) == 0;
}
