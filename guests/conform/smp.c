/* SPDX-License-Identifier: Apache-2.0 */
/* Two CPUs at once: locks by exclusives, messages by ordered accesses, events, translations that one withdraws. */
#include "conform.h"

#define ROUNDS 20000

static uint32_t lock __attribute__((aligned(64)));
static volatile uint64_t first __attribute__((aligned(64))), second;
static volatile uint64_t mail __attribute__((aligned(64))), reply;

static void take(void)
{
	uint32_t value = 0, failed = 1;

	do {
		__asm__ volatile(
		    "1: ldaxr %w0, [%2]; cbnz %w0, 2f; stxr %w1, %w3, [%2]; b 3f; 2: mov %w1, #1; yield; 3:"
		    : "=&r"(value), "=&r"(failed)
		    : "r"(&lock), "r"(1)
		    : "memory");
	} while (failed);
}

static void release(void)
{
	__asm__ volatile("stlr wzr, [%0]" ::"r"(&lock) : "memory");
}

/* Two numbers that are never equal outside, and a sum that no turn is missing from. */
static uint64_t contend(uint64_t self, uint64_t rounds)
{
	uint64_t errors = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		take();
		uint64_t sum = first;

		errors += first != second;
		first = sum + 1;
		if (i % 64 == self)
			yield();
		second = sum + 1;
		release();
	}
	return errors;
}

static void check_lock(void)
{
	if (!CHECK("smp", "spinlock"))
		return;
	first = second = 0;
	other_begin(contend, 1, ROUNDS);
	uint64_t errors = contend(0, ROUNDS);

	errors += other_end();
	found_right(errors << 32 | first, 2ull * ROUNDS);
}

static uint64_t answer_mail(uint64_t rounds, uint64_t unused)
{
	(void)unused;
	for (uint64_t i = 1; i <= rounds; i++) {
		while (mail != i)
			yield();
		barrier();
		reply = i;
	}
	return 0;
}

static void check_mail(void)
{
	if (!CHECK("smp", "messages"))
		return;
	mail = reply = 0;
	other_begin(answer_mail, 200, 0);
	for (uint64_t i = 1; i <= 200; i++) {
		mail = i;
		while (reply != i)
			yield();
	}
	other_end();
	found_right(reply, 200);
}

static uint64_t mpidr(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	return READ_REG("mpidr_el1");
}

static uint64_t set_register(uint64_t value, uint64_t b)
{
	(void)b;
	WRITE_REG("tpidr_el1", value);
	WRITE_REG("tpidr_el0", value);
	return 0;
}

static uint64_t send_event(uint64_t a, uint64_t b)
{
	(void)a;
	(void)b;
	pause_us(100);
	__asm__ volatile("sev" ::: "memory");
	return 0;
}

static void check_registers(void)
{
	if (CHECK("smp", "mpidr", "own"))
		found_right(mpidr(0, 0), 0x80000000);
	if (CHECK("smp", "mpidr", "other"))
		found_right(other(mpidr, 0, 0), 0x80000001);
	if (CHECK("smp", "tpidr")) {
		set_register(0x11, 0);
		other(set_register, 0x22, 0);
		found_right(READ_REG("tpidr_el1") << 8 | READ_REG("tpidr_el0"), 0x1111);
	}
	if (CHECK("smp", "event")) { /* WFE ends with SEV of another, or at once */
		__asm__ volatile("sevl; wfe" ::: "memory");
		other_begin(send_event, 0, 0);
		__asm__ volatile("wfe" ::: "memory");
		other_end();
		found_right(0, 0);
	}
}

/* Redistributors, one after the other up to the last, and which of them is whose. */
static void check_redistributors(void)
{
	if (CHECK("smp", "redistributors")) {
		uint64_t n = 0;

		while (n < CPU_LIMIT && !(read_sized(GICR(n, 8), 8) & 1 << 4))
			n++;
		found_right(n + 1, 3);
	}
	for (unsigned int cpu = 0; cpu < 3; cpu++) {
		static const char *const names[] = {"cpu0", "cpu1", "cpu2"};

		if (CHECK("smp", "redistributor", names[cpu]))
			found_right(read_sized(GICR(cpu, 8), 8) >> 32, cpu);
	}
}

void check_smp(void)
{
	check_lock();
	check_mail();
	check_registers();
	check_redistributors();
}
