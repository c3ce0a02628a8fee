/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM has beside its guest's RAM, where the description does not say it: memory of qvm, and kernel memory. Both
 * are what its configuration needs, and about as much again.
 */
#include "internal.h"
#include <bulkhead.h>

#define KIB        1024ull
#define ROUND      (64 * KIB)
#define TABLE_SPAN (2ull << 20) /* addresses of a table of pages */

/* qvm: its data and stack take 160 KiB, a thread of its own each virtual CPU and two each virtual device. */
#define QVM_BYTES      (384 * KIB)
#define QVM_CPU_BYTES  (20 * KIB)
#define QVM_VDEV_BYTES (40 * KIB)
#define QVM_FDT_BYTES  (1536 * KIB) /* copies of a device tree that is loaded */

/* The kernel: the start alone takes some 22 pages, a virtual CPU and its thread one and a third. */
#define KERNEL_PAGES      72
#define KERNEL_CPU_PAGES  2
#define KERNEL_VDEV_PAGES 2
#define REGION_PAGES      4 /* tables for a range of memory that is mapped by blocks */

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + ROUND - 1) / ROUND * ROUND;
}

/* Tables for a range that may have to be mapped page by page. */
static uint64_t table_pages(uint64_t bytes)
{
	return REGION_PAGES + bytes / TABLE_SPAN + (bytes >> 30);
}

/*
 * The first region begins where qvm's own memory of it does, at a multiple of a block; what follows, or does not begin
 * at such an address, may lie apart from it by any number of pages.
 */
static uint64_t guest_table_pages(const struct qvm_config *config)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < config->mem_count; i++) {
		const struct qvm_mem *mem = &config->mem[i];
		bool blocks = i == 0 && mem->start % TABLE_SPAN == 0;

		pages += blocks ? REGION_PAGES + (mem->bytes >> 30) : table_pages(mem->bytes);
	}
	for (unsigned i = 0; i < config->pass_count; i++)
		pages += table_pages(config->passes[i].bytes);
	return pages;
}

void sys_reserve_needs(struct sys_vm_needs *needs, const struct qvm_config *config)
{
	uint64_t pages = KERNEL_PAGES + KERNEL_CPU_PAGES * config->cpu_count + KERNEL_VDEV_PAGES * config->vdev_count;

	needs->memory = QVM_BYTES + QVM_CPU_BYTES * config->cpu_count + QVM_VDEV_BYTES * config->vdev_count;
	for (unsigned i = 0; i < config->load_count; i++)
		needs->memory += config->loads[i].type == QVM_LOAD_FDT ? QVM_FDT_BYTES : 0;
	needs->kernel_memory = (pages + guest_table_pages(config)) * QVM_PAGE;
}

/* Shared memory is mapped by qvm, and by the guest where it likes. */
static uint64_t pool_bytes(const struct sys_config *config, unsigned v)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < config->pool_count; i++)
		if (config->pools[i].vms & 1u << v)
			pages += 2 * table_pages(config->pools[i].bytes);
	return pages * QVM_PAGE;
}

void sys_reserve(struct sys_config *config, const struct sys_vm_needs *needs)
{
	for (unsigned v = 0; v < config->vm_count; v++) {
		/* One whose configuration could not be read is not started, but has a place in the plan. */
		const uint64_t memory = needs[v].memory > 0 ? needs[v].memory : QVM_BYTES;
		const uint64_t kernel = needs[v].memory > 0 ? needs[v].kernel_memory : KERNEL_PAGES * QVM_PAGE;
		struct sys_owner *own = &config->vms[v].own;

		if (own->memory == 0)
			own->memory = round_up(memory);
		if (own->kernel_memory == 0)
			own->kernel_memory =
			    round_up(kernel + pool_bytes(config, v) + table_pages(own->memory) * QVM_PAGE);
	}
}
