/* SPDX-License-Identifier: Apache-2.0 */
#include "ranges.h"
#include "console.h"

static void append_range(struct range *list, unsigned *count, paddr_t start, paddr_t end)
{
	if (start >= end)
		return;
	if (*count == BOOT_RAM_MAX)
		printk("RAM from 0x%lx to 0x%lx is not used: more than %u ranges\n", start, end, BOOT_RAM_MAX);
	else
		list[(*count)++] = (struct range){.start = start, .bytes = end - start};
}

void ranges_add(struct range *list, unsigned *count, struct range added)
{
	paddr_t start = align_up(added.start, PAGE_SIZE), end = align_down(added.start + added.bytes, PAGE_SIZE);
	struct range old[BOOT_RAM_MAX];
	unsigned n = *count;

	if (start < added.start || start >= end)
		return;
	memcpy(old, list, sizeof(old));
	*count = 0;
	for (unsigned i = 0; i < n; i++) {
		paddr_t from = old[i].start, to = from + old[i].bytes;

		if (to < start) {
			append_range(list, count, from, to);
		} else if (from > end) {
			append_range(list, count, start, end);
			start = from;
			end = to;
		} else {
			start = from < start ? from : start;
			end = to > end ? to : end;
		}
	}
	append_range(list, count, start, end);
}

void ranges_remove(struct range *list, unsigned *count, struct range removed)
{
	paddr_t start = align_down(removed.start, PAGE_SIZE), end = align_up(removed.start + removed.bytes, PAGE_SIZE);
	struct range old[BOOT_RAM_MAX];
	unsigned n = *count;

	if (start >= end)
		return;
	memcpy(old, list, sizeof(old));
	*count = 0;
	for (unsigned i = 0; i < n; i++) {
		paddr_t from = old[i].start, to = from + old[i].bytes;

		append_range(list, count, from, to < start ? to : start);
		append_range(list, count, from > end ? from : end, to);
	}
}
