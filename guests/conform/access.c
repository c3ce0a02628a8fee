/* SPDX-License-Identifier: Apache-2.0 */
/* One load or store of a chosen size. A register that the instruction leaves alone keeps a value that tells. */
#include "conform.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aull

uint64_t read_sized(uint64_t address, uint64_t size)
{
	uint64_t value = UNTOUCHED;

	switch (size) {
	case 1: __asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(address) : "memory"); break;
	case 2: __asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(address) : "memory"); break;
	case 4: __asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(address) : "memory"); break;
	default: __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory"); break;
	}
	return value;
}

void write_sized(uint64_t address, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1: __asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory"); break;
	case 2: __asm__ volatile("strh %w0, [%1]" ::"r"(value), "r"(address) : "memory"); break;
	case 4: __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory"); break;
	default: __asm__ volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory"); break;
	}
}
