/* SPDX-License-Identifier: Apache-2.0 */
/* The processor of native tests: CPUs, time, memory, the console, and what ends a test. Tests set it up by host.h. */
#include "host.h"
#include "arch.h"
#include "console.h"
#include "panic.h"
#include "process.h"
#include "trap.h"
#include "vcpu.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_UNPOISON_MEMORY_REGION
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

struct board board;
_Thread_local unsigned host_cpu;
struct host_registers host_registers[CPU_MAX];

/* procmgr's program: none, the tests make its calls. */
const uint64_t procmgr_segments[1];
const uint64_t procmgr_segment_count, procmgr_entry = 0x1000;
const char procmgr_file[1] __attribute__((aligned(4096)));

static char *ram;
static _Thread_local jmp_buf *idle_jump;
static _Thread_local unsigned syndrome;
static _Thread_local struct trap trap_now;

/* ---- start and stop ---- */

uint64_t arch_features(void)
{
	return FEATURE_SHA256;
}

static void clocks_reset(void);

void host_reset(unsigned cpu_count)
{
	if (!ram)
		ram = aligned_alloc(2 << 20, HOST_RAM_BYTES);
	ASAN_UNPOISON_MEMORY_REGION(ram, HOST_RAM_BYTES);
	memset(ram, 0, HOST_RAM_BYTES);
	memset(cpus, 0, sizeof(cpus));
	memset(&board, 0, sizeof(board));
	memset(host_registers, 0, sizeof(host_registers));
	board.cpu_count = cpu_count;
	board.ram_count = 1;
	board.ram[0] = (struct range){HOST_RAM_START, HOST_RAM_BYTES};
	board.seed[0] = 1;
	clocks_reset();
	host_clock_set(1000);
	for (unsigned i = 0; i < cpu_count; i++) {
		cpus[i].id = i;
		sched_init_cpu(&cpus[i]);
		partition_init_cpu(&cpus[i]);
		cpus[i].online = true;
	}
	host_gic_reset();
	host_cpu = 0;
}

void host_fail(const char *what, ...)
{
	va_list args;

	va_start(args, what);
	fprintf(stderr, "CPU %u: ", host_cpu);
	vfprintf(stderr, what, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

void host_idle_to(void *jump)
{
	idle_jump = jump;
}

void panic(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	fprintf(stderr, "panic: ");
	vfprintf(stderr, why, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

void panic_stop(void)
{
	panic("another CPU has stopped");
}

void safe_state(const char *why, ...)
{
	panic("global design safe state: %s", why ? why : "procmgr has said why");
}

void safe_state_resets(bool reset)
{
	(void)reset;
}

void printk(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

static bool console_is_off;
static size_t console_taken;

size_t console_try_write(const char *text, size_t bytes)
{
	static bool full;

	(void)text;
	full = !full && !console_is_off;
	bytes = full ? 0 : console_is_off || bytes < HOST_CONSOLE_FIFO ? bytes : HOST_CONSOLE_FIFO;
	console_taken += bytes;
	return bytes;
}

size_t host_console_taken(void)
{
	return console_taken;
}

void console_off(bool driver)
{
	console_is_off = driver;
}

void console_given(paddr_t start, uint64_t bytes)
{
	if (HOST_CONSOLE >= start && HOST_CONSOLE - start < bytes)
		console_off(true);
}

bool host_console_is_off(void)
{
	return console_is_off;
}

void arch_system_off(void)
{
	panic("system off");
}

void arch_system_reset(void)
{
	panic("system reset");
}

struct cpu *arch_this_cpu(void)
{
	return &cpus[host_cpu];
}

/* ---- memory ---- */

/* What is not RAM, as the kernel's own variables, has its host address as physical one: far above RAM. */
void *arch_pa_to_va(paddr_t pa)
{
	if (pa - HOST_RAM_START < HOST_RAM_BYTES)
		return ram + (pa - HOST_RAM_START);
	if (pa < 1ull << 40)
		host_fail("no memory at physical address %lx", pa);
	return (void *)pa;
}

paddr_t arch_va_to_pa(const void *va)
{
	uint64_t offset = (uint64_t)va - (uint64_t)ram;

	return offset < HOST_RAM_BYTES ? HOST_RAM_START + offset : (paddr_t)va;
}

void arch_memory_zero(void *va, size_t bytes)
{
	if (!is_aligned((uint64_t)va | bytes, PAGE_SIZE))
		host_fail("arch_memory_zero() of parts of pages");
	ASAN_UNPOISON_MEMORY_REGION(va, bytes);
	memset(va, 0, bytes);
	host_record_event(HOST_ZERO, (uint64_t)va, bytes);
}

static void cache_clean(const void *va, size_t bytes)
{
	host_record_event(HOST_CLEAN_POC, (uint64_t)va, bytes);
	host_record_event(HOST_DSB, 0, 0);
}

void arch_memory_scrub(void *va, size_t bytes)
{
	arch_memory_zero(va, bytes);
	cache_clean(va, bytes);
}

void arch_cache_sync_code(const void *va, size_t bytes)
{
	host_record_event(HOST_SYNC_CODE, (uint64_t)va, bytes);
	host_record_event(HOST_DSB, 0, 0);
}

void arch_table_store(uint64_t *entry, uint64_t value)
{
	*entry = value;
	host_record_event(HOST_TABLE_WRITE, (uint64_t)entry, value);
}

void arch_table_sync(void)
{
	host_record_event(HOST_DSB, 0, 0);
}

void arch_table_write(uint64_t *entry, uint64_t value)
{
	arch_table_sync();
	arch_table_store(entry, value);
	arch_table_sync();
}

uint64_t *host_walk(paddr_t root, vaddr_t va, unsigned *shift)
{
	uint64_t *table = arch_pa_to_va(root);

	*shift = 30;
	for (unsigned level = SPACE_LEVEL_FIRST;; level++, *shift -= 9) {
		uint64_t *entry = &table[va >> *shift & 511];

		if (!arch_desc_is_table(*entry, level))
			return entry;
		table = arch_pa_to_va(*entry & ARCH_DESC_ADDR);
	}
}

static void tlbi(enum host_event_kind kind, const struct space *s, const uint64_t *entry)
{
	host_record_tlbi(kind, entry, s->tag, arch_pa_to_va(s->root_pa));
}

void arch_tlb_flush_pages(const struct space *s, const vaddr_t va[], unsigned count)
{
	unsigned shift;

	arch_table_sync();
	for (unsigned i = 0; i < count; i++)
		tlbi(HOST_TLBI_PAGE, s, host_walk(s->root_pa, va[i], &shift));
	arch_table_sync();
	tlbi(HOST_TLBI_STAGE1, s, NULL);
	arch_table_sync();
}

void arch_tlb_flush_space(const struct space *s)
{
	arch_table_sync();
	tlbi(HOST_TLBI_SPACE, s, NULL);
	arch_table_sync();
}

static uint64_t flush_ticks;

void host_flush_takes(uint64_t ticks)
{
	flush_ticks = ticks;
}

void arch_tlb_flush_cpu_space(const struct space *s, bool code)
{
	arch_table_sync();
	tlbi(HOST_TLBI_CPU, s, NULL);
	arch_table_sync();
	if (code)
		host_record_event(HOST_IC_CPU, 0, 0);
	arch_table_sync();
	host_clock_set(arch_clock_now() + flush_ticks);
}

/* ---- time ---- */

static uint64_t clock_value, clock_step, clock_deadline[CPU_MAX];

static void clocks_reset(void)
{
	for (unsigned i = 0; i < CPU_MAX; i++)
		clock_deadline[i] = UINT64_MAX;
}

void host_clock_set(uint64_t now)
{
	__atomic_store_n(&clock_value, now, __ATOMIC_RELAXED);
}

void host_clock_step(uint64_t step)
{
	clock_step = step;
}

uint64_t arch_clock_now(void)
{
	return __atomic_fetch_add(&clock_value, clock_step, __ATOMIC_RELAXED);
}

uint64_t arch_clock_ns(uint64_t ticks)
{
	return ticks;
}

void arch_clock_arm(uint64_t deadline)
{
	__atomic_store_n(&clock_deadline[host_cpu], deadline, __ATOMIC_RELAXED);
}

uint64_t host_clock_armed(unsigned cpu)
{
	return __atomic_load_n(&clock_deadline[cpu], __ATOMIC_RELAXED);
}

uint64_t arch_counter_hz(void)
{
	return 1000000000;
}

/* ---- nothing to run ---- */

void arch_cpu_idle(void)
{
	if (!host_irq_waits(host_cpu) && !arch_async_error_pending() && idle_jump)
		longjmp(*idle_jump, 1);
}

/* ---- exceptions ---- */

void host_trap_set(unsigned number, const struct trap *trap)
{
	syndrome = number;
	trap_now = trap ? *trap : (struct trap){.kind = TRAP_FAULT, .syndrome = number};
}

uint64_t arch_trap_syndrome(void)
{
	return syndrome;
}

void arch_trap_decode(uint64_t number, struct trap *t)
{
	(void)number;
	*t = trap_now;
}
