/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process, procmgr, which is part of the kernel's image: its memory, its program, what it is told about the
 * board, its thread.
 */
#include "first.h"
#include "arch.h"
#include "board.h"
#include "console.h"
#include "cpu.h"
#include "owner.h"
#include "panic.h"
#include "process.h"
#include "ranges.h"
#include "siphash.h"

/* What tools/layout.sh made of procmgr's program: its segments begin on pages of the file, and the file on a page. */
struct segment {
	uint64_t va, offset, file_bytes, bytes, prot;
};

extern const struct segment procmgr_segments[];
extern const uint64_t procmgr_segment_count, procmgr_entry;
extern const char procmgr_file[];

#define FIRST_KMEM  (2ull << 20)
#define FIRST_RAM   (4ull << 20)
#define STACK_BYTES (64ull << 10)

/* Program, stack and heap lie at random pages, each of an area of 64 GiB. */
#define AREA(number, random) (((number) << 36) + ((random)&0xffffff) * PAGE_SIZE)

/* What is made of the board's randomness, by its number for SipHash. */
enum { RANDOM_GUARD, RANDOM_SEED = 2, RANDOM_PROGRAM = 4, RANDOM_STACK, RANDOM_HEAP, RANDOM_COUNT };

/* The board's RAM without everything in use. */
static void find_ram(void)
{
	memcpy(boot_info.ram, board.ram, sizeof(board.ram));
	boot_info.ram_count = board.ram_count;
	ranges_remove(boot_info.ram, &boot_info.ram_count, board.image);
	ranges_add(boot_info.ram, &boot_info.ram_count, board.unused);
	ranges_remove(boot_info.ram, &boot_info.ram_count, board.dtb);
	ranges_remove(boot_info.ram, &boot_info.ram_count, board.initrd);
	for (unsigned i = 0; i < board.reserved_count; i++)
		ranges_remove(boot_info.ram, &boot_info.ram_count, board.reserved[i]);
}

static paddr_t take_ram(uint64_t bytes)
{
	for (unsigned i = boot_info.ram_count; i-- > 0;) {
		if (boot_info.ram[i].bytes >= bytes) {
			boot_info.ram[i].bytes -= bytes;
			return boot_info.ram[i].start + boot_info.ram[i].bytes;
		}
	}
	panic("no RAM for procmgr: %lu bytes are needed", bytes);
}

static void map_all(struct process *p, vaddr_t va, paddr_t pa, uint64_t bytes, unsigned attr)
{
	while (bytes) {
		int64_t done = space_map(&p->space, va, pa, bytes, attr);

		if (done < 0)
			panic("cannot map procmgr: error %lu", 0 - (uint64_t)done);
		va += (uint64_t)done;
		pa += (uint64_t)done;
		bytes -= (uint64_t)done;
	}
}

/* What is only read is mapped where it lies in the Image; what is written is copied. */
static paddr_t load_segments(struct process *p, vaddr_t base, paddr_t at)
{
	for (uint64_t i = 0; i < procmgr_segment_count; i++) {
		const struct segment *s = &procmgr_segments[i];
		uint64_t bytes = align_up(s->bytes, PAGE_SIZE);
		const char *from = procmgr_file + s->offset;

		if (s->prot & PROT_W) {
			memcpy(arch_pa_to_va(at), from, s->file_bytes);
			map_all(p, base + s->va, at, bytes, (unsigned)s->prot);
			at += bytes;
			continue;
		}
		if (s->prot & PROT_X)
			arch_cache_sync_code(from, bytes);
		map_all(p, base + s->va, arch_va_to_pa(from), bytes, (unsigned)s->prot);
	}
	return at;
}

/* Without randomness the counter is used: it differs at each start, but can be guessed. */
static void make_random(uint64_t random[RANDOM_COUNT])
{
	uint8_t key[sizeof(board.seed)];
	uint64_t ticks = arch_clock_ticks();

	memcpy(key, board.seed, sizeof(key));
	for (unsigned i = 0; i < sizeof(key); i++)
		boot_info.random |= key[i];
	if (!boot_info.random) {
		printk(
		    "No rng-seed or kaslr-seed in /chosen: addresses and stack guards of processes can be guessed.\n");
		memcpy(key, &ticks, sizeof(ticks));
	}
	for (unsigned i = 0; i < RANDOM_COUNT; i++)
		random[i] = siphash(key, i);
}

static void map_pages_of(struct process *p, vaddr_t va, paddr_t pa, uint64_t bytes)
{
	map_all(p, va, align_down(pa, PAGE_SIZE), align_up(bytes + (pa & PAGE_MASK), PAGE_SIZE), SPACE_R);
}

/* Its memory from `ram` on: stack, then what is written of the program, then the heap. Returns the start_args. */
static vaddr_t lay_out(struct process *p, paddr_t ram, vaddr_t base, const uint64_t random[RANDOM_COUNT])
{
	struct start_args *args = (void *)((char *)arch_pa_to_va(ram) + STACK_BYTES - sizeof(*args));
	vaddr_t stack = AREA(2ull, random[RANDOM_STACK]);
	paddr_t end = load_segments(p, base, ram + STACK_BYTES);

	p->regions[0] = (struct region){.start = ram, .bytes = FIRST_RAM, .flags = REGION_RAM};
	p->ram_bytes = FIRST_RAM;
	map_all(p, stack, ram, STACK_BYTES, SPACE_R | SPACE_W);
	args->heap_start = AREA(3ull, random[RANDOM_HEAP]);
	args->heap_bytes = ram + FIRST_RAM - end;
	map_all(p, args->heap_start, end, args->heap_bytes, SPACE_R | SPACE_W);
	args->procmgr_coid = -1;
	args->region_count = 1;
	memcpy(args->guard, &random[RANDOM_GUARD], sizeof(args->guard));
	return stack + STACK_BYTES - sizeof(*args);
}

static void make_boot_info(struct process *p, const uint64_t random[RANDOM_COUNT])
{
	boot_info.dtb_bytes = board.dtb.bytes;
	boot_info.archive_bytes = board.initrd.bytes;
	boot_info.archive_pa = board.initrd.start;
	boot_info.image_bytes = board.image_readonly;
	boot_info.cpus = board.cpu_count;
	boot_info.intid_limit = arch_irq_limit();
	memcpy(boot_info.seed, &random[RANDOM_SEED], sizeof(boot_info.seed));
	map_pages_of(p, BOOT_INFO, arch_va_to_pa(&boot_info), sizeof(boot_info));
	map_pages_of(p, BOOT_DTB, board.dtb.start, board.dtb.bytes);
	map_pages_of(p, BOOT_IMAGE, board.image.start, board.image_readonly);
	map_pages_of(p, BOOT_ARCHIVE, board.initrd.start, board.initrd.bytes); /* nothing, if there is none */
}

void process_start_first(void)
{
	struct process *p = &processes[0];
	uint64_t random[RANDOM_COUNT];
	vaddr_t base, args;
	paddr_t kmem, ram;
	int64_t error;

	find_ram();
	kmem = take_ram(FIRST_KMEM);
	ram = take_ram(FIRST_RAM);
	arch_memory_zero(arch_pa_to_va(ram), FIRST_RAM);
	p->state = PROCESS_RUNNING;
	p->params = (struct process_params){
	    .name = "procmgr",
	    .kmem = kmem,
	    .kmem_bytes = FIRST_KMEM,
	    .abilities = ~0u,
	    .connect_mask = ~0u,
	    .runmask = (1u << board.cpu_count) - 1,
	    .priority = 200,
	    .max_priority = PRIO_MAX,
	    .policy = SCHED_RR_,
	    .critical = 1,
	};
	process_init_lists(p);
	kmem_init(&p->kmem, kmem, FIRST_KMEM);
	if (space_init(&p->space, &p->kmem, 1, false))
		panic("no memory for procmgr's tables");
	make_random(random);
	base = AREA(1ull, random[RANDOM_PROGRAM]);
	args = lay_out(p, ram, base, random);
	make_boot_info(p, random);
	if (!thread_make(p, base + procmgr_entry, args, args, 0, p->params.priority, p->params.policy,
			 p->params.runmask, &error))
		panic("cannot create procmgr's thread: error %lu", 0 - (uint64_t)error);
}
