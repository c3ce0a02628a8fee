/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own translation: 4 levels, 4 KiB granule, Arm ARM D8.3. The kernel lies at KERNEL_BASE, each part with its own
 * permissions; all RAM but the kernel's, and the devices that the kernel drives, at VA = PA. Everything is built once
 * with the MMU off, out of a fixed pool, and is read only afterwards. The start's code disappears when each CPU changes
 * to tables without it.
 */
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/control.h"
#include "arch/aarch64/sysreg.h"

#define ENTRIES 512

#define ENTRY_VALID  BIT(0)
#define ENTRY_TABLE  BIT(1) /* levels 0 to 2 */
#define ENTRY_PAGE   BIT(1) /* level 3 */
#define ENTRY_NORMAL (MAIR_NORMAL << 2 | 3ull << 8 /* inner shareable */)
#define ENTRY_DEVICE (MAIR_DEVICE << 2)
#define ENTRY_RES1   BIT(6) /* AP[1] */
#define ENTRY_RO     BIT(7)
#define ENTRY_AF     BIT(10)
#define ENTRY_XN     BIT(54)
#define ENTRY_PA     0x0000fffffffff000ull

#define ENTRY_BASE (ENTRY_VALID | ENTRY_RES1 | ENTRY_AF)
#define MAP_TEXT   (ENTRY_BASE | ENTRY_NORMAL | ENTRY_RO)
#define MAP_RODATA (ENTRY_BASE | ENTRY_NORMAL | ENTRY_RO | ENTRY_XN)
#define MAP_DATA   (ENTRY_BASE | ENTRY_NORMAL | ENTRY_XN)
#define MAP_DEVICE (ENTRY_BASE | ENTRY_DEVICE | ENTRY_XN)

struct table {
	uint64_t entry[ENTRIES];
};

/* Enough for BOOT_RAM_MAX ranges with ragged ends on both sides, if they lie in few GiB; each needs 1 to 5 tables. */
#define POOL_TABLES 64
static BOOT_PAGES struct table pool[POOL_TABLES];
static BOOT_PAGES struct table kernel_root;  /* what every CPU uses once it has left the start */
static BOOT_PAGES struct table start_root;   /* until then: the same, and the code and constants of the start */
static BOOT_PAGES struct table passage_root; /* to there from MMU off: the kernel, and head.S at VA = PA */
static BOOT_PAGES struct table kernel_level1, kernel_level2, kernel_level3[IMAGE_MAX >> 21];
static BOOT_PAGES struct table start_level1, start_level2, start_level3; /* with the first 2 MiB of its own */
static BOOT_FIXED unsigned pool_used;

static unsigned level_shift(unsigned level)
{
	return 39 - 9 * level;
}

static uint64_t table_entry(const struct table *table)
{
	return (uint64_t)table | ENTRY_VALID | ENTRY_TABLE;
}

static struct table *next_table(uint64_t *entry)
{
	if (*entry == 0) {
		if (pool_used == POOL_TABLES)
			boot_refuse("the memory map needs more than the 64 translation tables that the kernel has");
		*entry = table_entry(&pool[pool_used++]);
	}
	if ((*entry & ENTRY_TABLE) == 0)
		boot_refuse("a device lies within RAM");
	return (struct table *)(*entry & ENTRY_PA);
}

/* Maps the largest block that fits at `at`, VA = PA, and returns its size. */
static uint64_t map_one(struct table *table, paddr_t at, uint64_t bytes, uint64_t attributes)
{
	for (unsigned level = 0;; level++) {
		uint64_t size = BIT(level_shift(level));
		uint64_t *entry = &table->entry[at >> level_shift(level) & (ENTRIES - 1)];
		uint64_t value = at | attributes | (level == 3 ? ENTRY_PAGE : 0);

		if (level == 3 || (level > 0 && *entry == 0 && is_aligned(at, size) && bytes >= size)) {
			if (*entry != 0 && *entry != value)
				boot_refuse("a device lies within RAM");
			*entry = value;
			return size;
		}
		table = next_table(entry);
	}
}

static void map_range(struct table *root, paddr_t start, uint64_t bytes, uint64_t attributes)
{
	paddr_t at = align_down(start, PAGE_SIZE), end = align_up(start + bytes, PAGE_SIZE);

	while (at < end)
		at += map_one(root, at, end - at, attributes);
}

/* What lies below the image, and above it. Either may be nothing: then its end is not after its start. */
static void map_ram(const struct range *ram)
{
	paddr_t start = ram->start, end = start + ram->bytes, image = board.image.start;
	paddr_t above = image + board.image.bytes > start ? image + board.image.bytes : start;

	map_range(&kernel_root, start, (end < image ? end : image) - start, MAP_DATA);
	map_range(&kernel_root, above, end - above, MAP_DATA);
}

/* Is the page the unmapped one at either end of a stack? */
static bool is_guard(paddr_t page)
{
	uint64_t at = page - (paddr_t)cpu_stacks;

	if (page < (paddr_t)cpu_stacks || at >= sizeof(cpu_stacks))
		return false;
	at &= STACK_AREA - 1;
	return at == 0 || at == STACK_GUARD + EMERGENCY_BYTES;
}

static uint64_t image_attributes(paddr_t page)
{
	if (is_guard(page))
		return 0;
	if (page >= (paddr_t)__boot_text_end && page < (paddr_t)__boot_end)
		return MAP_RODATA;
	if (page < (paddr_t)__text_end)
		return MAP_TEXT;
	if (page < (paddr_t)__rodata_end)
		return MAP_RODATA;
	if (page >= (paddr_t)__zero_start && page < (paddr_t)__boot_bss_end)
		return MAP_RODATA;
	return MAP_DATA;
}

/* The start comes first in the image, and lies in its first 2 MiB: kernel.ld checks it. */
static void map_image(void)
{
	paddr_t start = board.image.start;

	for (uint64_t at = 0; at < board.image.bytes; at += PAGE_SIZE) {
		uint64_t attributes = image_attributes(start + at);
		uint64_t entry = attributes == 0 ? 0 : (start + at) | attributes | ENTRY_PAGE;

		if (at < sizeof(start_level3.entry) / sizeof(entry) * PAGE_SIZE)
			start_level3.entry[at / PAGE_SIZE] = entry;
		if (start + at >= (paddr_t)__boot_end)
			kernel_level3[0].entry[at / PAGE_SIZE] = entry;
	}
	for (unsigned i = 0; i < ARRAY_COUNT(kernel_level3); i++)
		start_level2.entry[i] = kernel_level2.entry[i] = table_entry(&kernel_level3[i]);
	start_level2.entry[0] = table_entry(&start_level3);
	kernel_level1.entry[0] = table_entry(&kernel_level2);
	start_level1.entry[0] = table_entry(&start_level2);
	passage_root.entry[KERNEL_BASE >> 39] = table_entry(&start_level1);
}

/* MMU off. */
void tables_build(void)
{
	map_image();
	map_range(&passage_root, board.image.start, PAGE_SIZE, MAP_TEXT);
	for (unsigned i = 0; i < board.ram_count; i++)
		map_ram(&board.ram[i]);
	for (unsigned i = 0; i < ARCH_BOARD_DEVICES; i++)
		map_range(&kernel_root, board.devices[i].start, board.devices[i].bytes, MAP_DEVICE);
	map_range(&kernel_root, board.console.start, board.console.bytes, MAP_DEVICE);
	for (unsigned i = 0; i < ENTRIES; i++)
		start_root.entry[i] = kernel_root.entry[i];
	start_root.entry[KERNEL_BASE >> 39] = table_entry(&start_level1);
	kernel_root.entry[KERNEL_BASE >> 39] = table_entry(&kernel_level1);
	mmu_start_ttbr = (uint64_t)&start_root;
	mmu_kernel_ttbr = (uint64_t)&kernel_root;
	mmu_boot = (struct mmu_registers){
	    .mair = MAIR_EL2_VALUE, .tcr = control_tcr(), .ttbr = (uint64_t)&passage_root, .sctlr = SCTLR_EL2_VALUE};
}
