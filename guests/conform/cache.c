/* SPDX-License-Identifier: Apache-2.0 */
/* Code that is written and run, and maintenance by every form that a kernel uses. */
#include "conform.h"

#define TURNS     2000
#define MOV_X0(n) (0xd2800000u | (uint32_t)(n) << 5)
#define RET       0xd65f03c0u
#define CTR_IDC   (1ull << 28)
#define CTR_DIC   (1ull << 29)

typedef uint64_t code(void);
static uint32_t words[1024] __attribute__((aligned(4096)));

static void publish(uint32_t *word, bool clean, bool invalidate)
{
	if (clean)
		__asm__ volatile("dc cvau, %0; dsb ish" ::"r"(word) : "memory");
	if (invalidate)
		__asm__ volatile("ic ivau, %0" ::"r"(word) : "memory");
	__asm__ volatile("dsb ish; isb" ::: "memory");
}

static uint64_t run_words(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	isb();
	return ((code *)(uint64_t)words)();
}

/* Turns in which the old code was run. */
static uint64_t stale(bool clean, bool invalidate, bool by_other)
{
	uint64_t wrong = 0;

	words[1] = RET;
	publish(&words[1], true, true);
	for (unsigned int i = 0; i < (by_other ? TURNS / 10 : TURNS); i++) {
		words[0] = MOV_X0(i & 0xffff);
		publish(&words[0], clean, invalidate);
		wrong += (by_other ? other(run_words, 0, 0) : run_words(0, 0)) != (i & 0xffff);
	}
	return wrong;
}

static void check_code(void)
{
	uint64_t ctr = READ_REG("ctr_el0");

	if (CHECK("cache", "code", "maintained"))
		found_right(stale(true, true, false), 0);
	if (CHECK("cache", "code", "as_ctr_says"))
		found_right(stale(!(ctr & CTR_IDC), !(ctr & CTR_DIC), false), 0);
	if (CHECK("cache", "code", "for_the_other_cpu"))
		found_right(stale(true, true, true), 0);
}

#define OPERATION(name, ...)                                                               \
	do {                                                                               \
		if (CHECK("cache", "operation", name)) {                                   \
			__asm__ volatile(__VA_ARGS__ "; dsb sy; isb" ::"r"(x) : "memory"); \
			found_right(words[1], RET);                                        \
		}                                                                          \
	} while (0)

static void check_operations(void)
{
	uint64_t x = (uint64_t)words;

	words[1] = RET;
	OPERATION("dc_cvac", "dc cvac, %0");
	OPERATION("dc_cvau", "dc cvau, %0");
	OPERATION("dc_civac", "dc civac, %0");
	OPERATION("ic_ivau", "ic ivau, %0");
	OPERATION("ic_iallu", "ic iallu");
	OPERATION("ic_ialluis", "ic ialluis");
	OPERATION("tlbi_vmalle1", "tlbi vmalle1");
	OPERATION("tlbi_vmalle1is", "tlbi vmalle1is");
	x = 0;
	OPERATION("dc_cisw", "dc cisw, %0");
	OPERATION("dc_csw", "dc csw, %0");
	x = (uint64_t)words >> 12;
	OPERATION("tlbi_vae1", "tlbi vae1, %0");
	OPERATION("tlbi_vae1is", "tlbi vae1is, %0");
	OPERATION("tlbi_vaale1is", "tlbi vaale1is, %0");
	OPERATION("tlbi_aside1", "tlbi aside1, %0");
	OPERATION("tlbi_aside1is", "tlbi aside1is, %0");
}

static void check_identification(void)
{
	if (CHECK("cache", "ctr"))
		found(READ_REG("ctr_el0"));
	if (CHECK("cache", "clidr"))
		found(READ_REG("clidr_el1"));
	if (CHECK("cache", "dczid"))
		found(READ_REG("dczid_el0"));
	WRITE_REG("csselr_el1", 2);
	isb();
	if (CHECK("cache", "csselr"))
		found_right(READ_REG("csselr_el1"), 2);
	if (CHECK("cache", "ccsidr", "level2"))
		found(READ_REG("ccsidr_el1"));
	WRITE_REG("csselr_el1", 1);
	isb();
	if (CHECK("cache", "ccsidr", "level1i"))
		found(READ_REG("ccsidr_el1"));
	WRITE_REG("csselr_el1", 0);
	isb();
	if (CHECK("cache", "ccsidr", "level1d"))
		found(READ_REG("ccsidr_el1"));
}

static void check_zero(void)
{
	uint64_t bytes = 4ull << (READ_REG("dczid_el0") & 15), sum = 0;

	if (!CHECK("cache", "dc_zva"))
		return;
	for (unsigned int i = 0; i < 1024; i++)
		words[i] = ~0u;
	__asm__ volatile("dc zva, %0" ::"r"((uint64_t)words + 2048) : "memory");
	for (unsigned int i = 0; i < 1024; i++)
		sum += words[i] == 0;
	found_right(sum * 4, bytes);
}

void check_cache(void)
{
	check_code();
	check_operations();
	check_identification();
	check_zero();
}
