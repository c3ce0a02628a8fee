/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives QEMU's edu device (docs/specs/edu.rst) from a process to reach memory by DMA that the process does not own.
 * Needs `log`, region 1 = ECAM of bus 0 from 0x4010000000, region 2 = 1 MiB at 0x10000000, and on QEMU's command line
 * -device edu,dma_mask=0xffffffffffffffff.
 *
 * First a harmless try: the device is told to copy 4 bytes into its own liveness register through the bus; the register
 * shows the complement of what was written, so an arrival can be seen here. If that was blocked, the device is told to
 * overwrite the kernel; that the system goes on shows that nothing arrived.
 */
#include "el0.h"

#define REGION_ECAM 1
#define REGION_BAR  2
#define ECAM        0x7100000000ull
#define BAR         0x7200000000ull
#define BAR_BUS     0x10000000u
#define BAR_BYTES   0x100000u
#define FUNCTION    4096u
#define DEVICE      (8 * FUNCTION)
#define EDU_ID      0x11e81234u

#define EDU_LIVENESS 0x04
#define EDU_DMA_SRC  0x80
#define EDU_DMA_DST  0x88
#define EDU_DMA_LEN  0x90
#define EDU_DMA_CMD  0x98
#define EDU_BUFFER   0x40000u
#define DMA_START    1u
#define DMA_TO_RAM   2u
#define KERNEL_PAGES 16u
#define KERNEL_STEP  0x4000u /* bytes from one overwritten page to the next */

static uint32_t read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static void write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static uint64_t read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

/* The configuration space of the device on bus 0, or 0. */
static uint64_t find_edu(uint64_t ecam_bytes)
{
	for (uint64_t offset = 0; offset + FUNCTION <= ecam_bytes && offset < 32 * DEVICE; offset += DEVICE) {
		if (read32(ECAM + offset) == EDU_ID)
			return ECAM + offset;
	}
	return 0;
}

/* The device begins 100 ms after the command; the bit clears at the end. */
static bool dma(uint64_t from, uint64_t to, uint64_t bytes, uint64_t command)
{
	uint64_t limit = ClockTime() + 2000000000;

	write64(BAR + EDU_DMA_SRC, from);
	write64(BAR + EDU_DMA_DST, to);
	write64(BAR + EDU_DMA_LEN, bytes);
	write64(BAR + EDU_DMA_CMD, command | DMA_START);
	while (read64(BAR + EDU_DMA_CMD) & DMA_START) {
		uint32_t word = 0;

		if (ClockTime() > limit)
			return false;
		TimerTimeout_r(TIMEOUT_SYNC, 10000000);
		SyncWait_r(&word, 0, 0);
	}
	return true;
}

static int result(const char *text)
{
	print("edu: %s", text);
	return text[0] != 'b';
}

int main(void)
{
	struct mem_info info;
	uint64_t config;

	if (MemInfo_r(REGION_ECAM, &info) < 0 ||
	    MemMap_r(SPACE_SELF, ECAM, REGION_ECAM, 0, info.bytes, PROT_R | PROT_W) < 0 ||
	    MemMap_r(SPACE_SELF, BAR, REGION_BAR, 0, BAR_BYTES, PROT_R | PROT_W) < 0)
		return result("FAILED, needs the regions of ECAM and of the 32-bit window");
	config = find_edu(info.bytes);
	if (!config)
		return result("FAILED, no such device");
	write32(config + 0x10, BAR_BUS);
	write32(config + 0x04, 6); /* memory space, bus master */
	write32(BAR + EDU_LIVENESS, 0x12345678);
	if (read32(BAR + EDU_LIVENESS) != ~0x12345678u)
		return result("FAILED, the device does not answer");
	if (!dma(ADDRESS_KERNEL, EDU_BUFFER, 4, 0) || !dma(EDU_BUFFER, BAR_BUS + EDU_LIVENESS, 4, DMA_TO_RAM))
		return result("FAILED, DMA does not end");
	if (read32(BAR + EDU_LIVENESS) != ~0x12345678u)
		return result("NOT BLOCKED");
	for (uint64_t page = 0; page < KERNEL_PAGES; page++) {
		if (!dma(EDU_BUFFER, ADDRESS_KERNEL + page * KERNEL_STEP, 4096, DMA_TO_RAM))
			return result("FAILED, DMA does not end");
	}
	return result("blocked");
}
