/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include "arch.h"
#include "cpu.h"
#include "panic.h"
#include "siphash.h"

struct process processes[PROCESS_MAX];
bool process_shutdown;

/* ---- handles ---- */

static unsigned lowest_free(const uint64_t *used)
{
	for (unsigned i = 0; i <= HANDLE_MAX / 64; i++)
		if (~used[i])
			return i * 64 + (unsigned)__builtin_ctzll(~used[i]);
	return HANDLE_MAX + 1;
}

int64_t handle_add(struct process *p, unsigned type, void *object)
{
	void **table = p->handles[type];
	uint64_t *used = p->handles_used[type];
	unsigned id;

	/* Who ends its threads must not have to begin again. */
	if (type == OBJECT_THREAD && p->end_cause != END_NONE)
		return -KE_AGAIN;
	if (!table) {
		table = kmem_page(&p->kmem);
		if (!table)
			return -KE_NOMEM;
		/* VcpuRun looks without the kernel's lock: what a pointer leads to is there before the pointer. */
		__atomic_store_n(&p->handles[type], table, __ATOMIC_RELEASE);
		used[0] = 1; /* no object has the id 0 */
	}
	id = lowest_free(used);
	if (id > HANDLE_MAX)
		return -KE_AGAIN;
	used[id / 64] |= BIT(id % 64);
	__atomic_store_n(&table[id], object, __ATOMIC_RELEASE);
	return id;
}

uint64_t handle_next(const struct process *p, unsigned type, uint64_t from)
{
	const uint64_t *used = p->handles_used[type];
	uint64_t bits;

	if (from > HANDLE_MAX)
		return 0;
	from = masked(from, HANDLE_MAX + 1);
	bits = used[from / 64] & ~0ull << from % 64;
	if (from / 64 == 0)
		bits &= ~1ull;
	for (uint64_t i = from / 64; i <= HANDLE_MAX / 64; bits = ++i <= HANDLE_MAX / 64 ? used[i] : 0)
		if (bits)
			return i * 64 + (unsigned)__builtin_ctzll(bits);
	return 0;
}

void handle_remove(struct process *p, unsigned type, uint64_t id)
{
	p->handles[type][id] = NULL;
	p->handles_used[type][id / 64] &= ~BIT(id % 64);
}

/* ---- memory of processes ---- */

static int64_t copy(struct process *p, void *kernel, uint64_t user, uint64_t bytes, bool in)
{
	char *at = kernel;

	while (bytes) {
		uint64_t left;
		void *mem = space_access(&p->space, user, in ? SPACE_R : SPACE_W, &left);

		if (!mem)
			return -KE_FAULT;
		if (left > bytes)
			left = bytes;
		if (in)
			memcpy(at, mem, left);
		else
			memcpy(mem, at, left);
		at += left;
		user += left;
		bytes -= left;
	}
	return 0;
}

int64_t copy_in(struct process *p, void *to, uint64_t from, uint64_t bytes)
{
	return copy(p, to, from, bytes, true);
}

int64_t copy_out(struct process *p, uint64_t to, const void *from, uint64_t bytes)
{
	return copy(p, (void *)(uintptr_t)from, to, bytes, false);
}

/* ---- the end of a process ---- */

/*
 * One thread at a time: telling all of them at once would take too long with interrupts off. The end of each tells the
 * next, process_thread_gone(); they go before all else of the process by then (thread_kill()). One that runs comes
 * first: it is on a CPU, perhaps with a priority that it has from others.
 */
static void end_next(struct process *p)
{
	uint64_t tid = handle_next(p, OBJECT_THREAD, p->end_next + 1);

	for (unsigned i = 0; i < board.cpu_count; i++) {
		struct thread *t = cpus[i].current;

		if (t && t->process == p && !t->kill) {
			thread_kill(t);
			return;
		}
	}
	while (tid && thread_of(p, tid)->kill)
		tid = handle_next(p, OBJECT_THREAD, tid + 1);
	if (!tid)
		return;
	p->end_next = (uint32_t)tid;
	thread_kill(thread_of(p, tid));
}

static _Noreturn void critical_end(const struct process *p)
{
	if (p->end_cause == END_FAULT)
		safe_state("%s: fault, syndrome %lx, address %lx, pc %lx\ncritical process %s ended", p->params.name,
			   p->end_status, p->fault_address, p->fault_pc, p->params.name);
	safe_state("%s: exit code %lu\ncritical process %s ended", p->params.name, p->end_status & 0xff,
		   p->params.name);
}

/* At once, whatever its threads wait for. */
static void set_cause(struct process *p, unsigned cause, uint64_t status)
{
	if (p->end_cause != END_NONE)
		return;
	p->end_cause = cause;
	p->end_status = status;
	if (p->slot == 0 || (p->params.critical && cause != END_KILLED && !process_shutdown))
		critical_end(p);
}

void process_end(struct process *p, unsigned cause, uint64_t status)
{
	struct thread *current = this_cpu()->current;

	set_cause(p, cause, status);
	/* Who asks for it, or did it, does not go on. */
	if (current && current->process == p)
		thread_kill(current);
	else
		end_next(p);
}

void process_fault(struct process *p, uint64_t esr, uint64_t address, uint64_t pc)
{
	if (p->end_cause == END_NONE) {
		p->fault_address = address;
		p->fault_pc = pc;
	}
	process_end(p, END_FAULT, esr);
}

void process_thread_gone(struct process *p)
{
	struct process *procmgr = &processes[0];
	struct channel *c;

	if (--p->threads_alive) {
		if (p->end_cause != END_NONE) {
			p->ended++;
			end_next(p);
		}
		return;
	}
	set_cause(p, END_EXIT, 0);
	if (p->state == PROCESS_RUNNING)
		p->state = PROCESS_DEAD;
	c = channel_of(procmgr, p->params.death_chid);
	if (c)
		pulse_send(c, &p->death);
}

/* ---- the first process ---- */

/* What tools/layout.sh made of procmgr's program: its segments begin on pages of the file, and the file on a page. */
struct segment {
	uint64_t va, offset, file_bytes, bytes, prot;
};

extern const struct segment procmgr_segments[];
extern const uint64_t procmgr_segment_count, procmgr_entry;
extern const char procmgr_file[], procmgr_file_end[];

#define FIRST_KMEM  (2ull << 20)
#define FIRST_RAM   (4ull << 20)
#define STACK_BYTES (64ull << 10)

/* Program, stack and heap lie at random pages, each of an area of 64 GiB. */
#define AREA(number, random) (((number) << 36) + ((random)&0xffffff) * PAGE_SIZE)

/* What is made of the board's randomness, by its number for SipHash. */
enum { RANDOM_GUARD, RANDOM_SEED = 2, RANDOM_PROGRAM = 4, RANDOM_STACK, RANDOM_HEAP, RANDOM_COUNT };

static struct boot_info info __attribute__((aligned(4096)));

/* Add what is left of [start, end) when everything in use is taken out. */
static void free_ram(paddr_t start, paddr_t end)
{
	const struct range *taken[BOARD_RESERVED_MAX + 3] = {&board.image, &board.dtb, &board.initrd};
	unsigned count = 3;

	for (unsigned i = 0; i < board.reserved_count; i++)
		taken[count++] = &board.reserved[i];
	while (start < end && info.ram_count < BOOT_RAM_MAX) {
		paddr_t stop = end, next = end;

		for (unsigned i = 0; i < count; i++) {
			paddr_t from = align_down(taken[i]->start, PAGE_SIZE);
			paddr_t to = align_up(taken[i]->start + taken[i]->bytes, PAGE_SIZE);

			if (!taken[i]->bytes || to <= start || from >= stop)
				continue;
			stop = from > start ? from : start;
			next = to;
		}
		if (stop > start) {
			info.ram[info.ram_count].start = start;
			info.ram[info.ram_count++].bytes = stop - start;
		}
		start = stop == end ? end : next;
	}
}

static paddr_t take_ram(uint64_t bytes)
{
	for (unsigned i = info.ram_count; i-- > 0;) {
		if (info.ram[i].bytes >= bytes) {
			info.ram[i].bytes -= bytes;
			return info.ram[i].start + info.ram[i].bytes;
		}
	}
	panic("no RAM for procmgr: %lu bytes are needed", bytes);
}

static void map_all(struct process *p, vaddr_t va, paddr_t pa, uint64_t bytes, unsigned attr)
{
	while (bytes) {
		int64_t done = space_map(&p->space, va, pa, bytes, attr);

		if (done < 0)
			panic("cannot map procmgr: %ld", (long)done);
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
			memcpy(pa_to_va(at), from, s->file_bytes);
			map_all(p, base + s->va, at, bytes, (unsigned)s->prot);
			at += bytes;
			continue;
		}
		if (s->prot & PROT_X)
			cache_sync_code(from, bytes);
		map_all(p, base + s->va, va_to_pa(from), bytes, (unsigned)s->prot);
	}
	return at;
}

/* For want of randomness the counter serves: it differs from start to start, but can be guessed. */
static void make_random(uint64_t random[RANDOM_COUNT])
{
	uint8_t key[sizeof(board.seed)];
	uint64_t ticks = clock_ticks();

	memcpy(key, board.seed, sizeof(key));
	for (unsigned i = 0; i < sizeof(key); i++)
		info.random |= key[i];
	if (!info.random) {
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
	struct start_args *args = (void *)((char *)pa_to_va(ram) + STACK_BYTES - sizeof(*args));
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

static void boot_info_make(struct process *p, const uint64_t random[RANDOM_COUNT])
{
	info.dtb_bytes = board.dtb.bytes;
	info.archive_bytes = board.initrd.bytes;
	info.archive_pa = board.initrd.start;
	info.image_bytes = board.image_readonly;
	info.cpus = board.cpu_count;
	info.intid_limit = gic_intid_limit();
	info.program_address = BOOT_PROGRAM;
	info.program_bytes = (uint64_t)(procmgr_file_end - procmgr_file);
	memcpy(info.seed, &random[RANDOM_SEED], sizeof(info.seed));
	map_pages_of(p, BOOT_INFO, va_to_pa(&info), sizeof(info));
	map_pages_of(p, BOOT_DTB, board.dtb.start, board.dtb.bytes);
	map_pages_of(p, BOOT_PROGRAM, va_to_pa(procmgr_file), info.program_bytes);
	map_pages_of(p, BOOT_IMAGE, board.image.start, board.image_readonly);
	if (board.initrd.bytes)
		map_pages_of(p, BOOT_ARCHIVE, board.initrd.start, board.initrd.bytes);
}

void process_start_first(void)
{
	struct process *p = &processes[0];
	uint64_t random[RANDOM_COUNT];
	vaddr_t base, args;
	paddr_t kmem, ram;
	int64_t error;

	for (unsigned i = 0; i < board.ram_count; i++) {
		info.ram_total += board.ram[i].bytes;
		free_ram(board.ram[i].start, board.ram[i].start + board.ram[i].bytes);
	}
	kmem = take_ram(FIRST_KMEM);
	ram = take_ram(FIRST_RAM);
	memory_zero(pa_to_va(ram), FIRST_RAM);
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
	boot_info_make(p, random);
	if (!thread_create(p, base + procmgr_entry, args, args, 0, p->params.priority, p->params.policy,
			   p->params.runmask, &error))
		panic("cannot create procmgr's thread: %ld", (long)error);
}

bool process_ram_free(paddr_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < info.ram_count; i++)
		if (start >= info.ram[i].start && bytes <= info.ram[i].bytes &&
		    start - info.ram[i].start <= info.ram[i].bytes - bytes)
			return true;
	return false;
}

uint64_t process_ram_total(void)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < info.ram_count; i++)
		total += info.ram[i].bytes;
	return total;
}

void process_init_lists(struct process *p)
{
	list_init(&p->sync_waiters);
	pulse_init(&p->death, PULSE_PLAIN, PULSE_CODE_PROCESSDEATH, p->slot, PRIO_MAX);
	pulse_init(&p->signals, PULSE_MASK, 0, 0, PRIO_MAX);
}
