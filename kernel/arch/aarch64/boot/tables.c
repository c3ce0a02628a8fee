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

/*
 * Enough for BOOT_RAM_MAX ranges with ragged ends on both sides, if they lie in few GiB; each needs 1 to 5 tables. They
 * are taken from the end: what is left is unused memory, together with what comes before, the CPUs that the board
 * lacks.
 */
#define POOL_TABLES 72
static __attribute__((section(".bss..pool"), aligned(4096))) struct table pool[POOL_TABLES];
static BOOT_FIXED struct table *pool_next;   /* after the next one */
static BOOT_PAGES struct table kernel_root;  /* what every CPU uses once it has left the start */
static BOOT_PAGES struct table start_root;   /* until then: the same, and the code and constants of the start */
static BOOT_PAGES struct table passage_root; /* to there from MMU off: the kernel, and head.S at VA = PA */

static unsigned level_shift(unsigned level)
{
	return 39 - 9 * level;
}

static struct table *next_table(uint64_t *entry)
{
	if (*entry == 0) {
		if (pool_next == pool)
			boot_refuse("the memory map needs more than the 72 translation tables that the kernel has");
		*entry = (uint64_t)--pool_next | ENTRY_VALID | ENTRY_TABLE;
	}
	if ((*entry & ENTRY_TABLE) == 0)
		boot_refuse("a device lies within RAM");
	return (struct table *)(*entry & ENTRY_PA);
}

/* Maps the largest block that fits, and returns its size. */
static uint64_t map_one(struct table *table, uint64_t va, paddr_t pa, uint64_t bytes, uint64_t attributes)
{
	for (unsigned level = 0;; level++) {
		uint64_t size = BIT(level_shift(level));
		uint64_t *entry = &table->entry[va >> level_shift(level) & (ENTRIES - 1)];
		uint64_t value = pa | attributes | (level == 3 ? ENTRY_PAGE : 0);

		if (level == 3 || (level > 0 && *entry == 0 && is_aligned(va | pa, size) && bytes >= size)) {
			if (*entry != 0 && *entry != value)
				boot_refuse("a device lies within RAM");
			*entry = value;
			return size;
		}
		table = next_table(entry);
	}
}

/* At VA = PA. */
static void map_range(struct table *root, paddr_t start, uint64_t bytes, uint64_t attributes)
{
	paddr_t at = align_down(start, PAGE_SIZE), end = align_up(start + bytes, PAGE_SIZE);

	while (at < end)
		at += map_one(root, at, at, end - at, attributes);
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
	if (page >= (paddr_t)pool_next && page < (paddr_t)(pool + POOL_TABLES))
		return MAP_RODATA;
	return MAP_DATA;
}

/* Last, when the tables are counted: all of it has one table for its pages (kernel.ld). */
static void map_image(void)
{
	paddr_t start = board.image.start;

	for (uint64_t at = 0; at < board.image.bytes; at += PAGE_SIZE) {
		uint64_t attributes = image_attributes(start + at);

		if (attributes != 0)
			map_one(&start_root, KERNEL_BASE + at, start + at, PAGE_SIZE, attributes);
		if (attributes != 0 && start + at >= (paddr_t)__boot_end)
			map_one(&kernel_root, KERNEL_BASE + at, start + at, PAGE_SIZE, attributes);
	}
}

/* MMU off. */
void tables_build(void)
{
	const unsigned image_entry = KERNEL_BASE >> level_shift(0);

	pool_next = pool + POOL_TABLES;
	for (unsigned i = 0; i < board.ram_count; i++)
		map_ram(&board.ram[i]);
	for (unsigned i = 0; i < ARCH_BOARD_DEVICES; i++)
		map_range(&kernel_root, board.devices[i].start, board.devices[i].bytes, MAP_DEVICE);
	map_range(&kernel_root, board.console.start, board.console.bytes, MAP_DEVICE);
	map_range(&passage_root, board.image.start, PAGE_SIZE, MAP_TEXT);
	start_root = kernel_root;
	map_image();
	passage_root.entry[image_entry] = start_root.entry[image_entry];
	board.unused.start = align_up((paddr_t)&cpus[board.cpu_count], PAGE_SIZE);
	board.unused.bytes = (paddr_t)pool_next - board.unused.start;
	mmu_start_ttbr = (uint64_t)&start_root;
	mmu_kernel_ttbr = (uint64_t)&kernel_root;
	mmu_boot = (struct mmu_registers){
	    .mair = MAIR_EL2_VALUE, .tcr = control_tcr(), .ttbr = (uint64_t)&passage_root, .sctlr = SCTLR_EL2_VALUE};
}
