/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random calls with random arguments from a process that may only log. The kernel must survive and must not
 * touch what it was not given. Left out is only what ends this process by its own wish: destroying its threads,
 * unmapping its own code, blocking for ever. argv[1]: number of calls, argv[2]: seed.
 */
#include "el0.h"
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES 65536
#define GUARD        0x5a

/* What the kernel may write to, between guards that it may not. */
static struct {
	uint8_t before[4096];
	uint8_t buffer[BUFFER_BYTES];
	uint8_t after[4096];
} memory __attribute__((aligned(4096)));

static uint64_t state;
static volatile uint32_t released = 1;
static uint64_t results[4]; /* successes, refusals by EPERM, other errors, timeouts */

static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

static uint64_t pick_address(void)
{
	static const uint64_t list[] = {0,
					1,
					7,
					0xfff,
					0x1000,
					0x08000000,
					0x09000000,
					0x09050000,
					ADDRESS_KERNEL,
					ADDRESS_KERNEL + 0xfff,
					0x48000000,
					ADDRESS_FREE,
					ADDRESS_UNMAPPED,
					ADDRESS_BEYOND - 8,
					ADDRESS_BEYOND,
					1ull << 40,
					1ull << 47,
					1ull << 48,
					1ull << 55,
					1ull << 63,
					~0ull,
					ADDRESS_WRAPS,
					~0xfffull};
	uint64_t r = next_random(), at = (uint64_t)memory.buffer;

	switch (r & 7) {
	case 0: return (uint64_t)parked_thread + (r >> 8 & 0xff);
	case 1: return next_random() | 1ull << 40;
	case 2:
	case 3: return list[(r >> 8) % (sizeof(list) / sizeof(list[0]))];
	case 4:
		return at + BUFFER_BYTES -
		       (1 + (r >> 8 & 63)); /* what is longer than that meets the guard: see pick_length */
	default: return at + (r >> 8 & 0x7fff);
	}
}

/* Never so long that the buffer's own guard would rightly be overwritten. */
static uint64_t pick_length(void)
{
	uint64_t r = next_random();

	switch (r & 7) {
	case 0: return 0;
	case 1: return r >> 8 & 0xff;
	case 2: return r >> 8 & 0x7fff;
	case 3: return (r >> 8 & 7) << 12;
	case 4: return ~0ull - (r >> 8 & 0xffff);
	case 5: return 1ull << (r >> 8 & 63);
	default: return r >> 8 & 63;
	}
}

static uint64_t pick_value(void)
{
	uint64_t r = next_random();

	switch (r & 7) {
	case 0: return pick_address();
	case 1: return pick_length();
	case 2: return next_random();
	case 3: return ~(r >> 8 & 3);
	case 4: return 1ull << (r >> 8 & 63);
	case 5: return next_random() & 0xffffffff;
	default: return r >> 8 & 31;
	}
}

/* A range into which the kernel may write a result must end before the guard. */
static void fit(uint64_t address, uint64_t *bytes)
{
	uint64_t offset = address - (uint64_t)memory.buffer;

	if (offset<BUFFER_BYTES && * bytes> BUFFER_BYTES - offset && *bytes < SPACE_LIMIT)
		*bytes = BUFFER_BYTES - offset;
}

/* Pages far from this program, or a range that no page fits. */
static void aim_elsewhere(struct regs *r)
{
	r->x[1] = next_random() & 1 ? ADDRESS_FREE + (next_random() & 0xffffff000) : r->x[1] | 1;
}

static void arm_timeout(void)
{
	struct regs t = {.x = {TIMEOUT_SEND | TIMEOUT_REPLY | TIMEOUT_RECEIVE | TIMEOUT_SYNC, next_random() & 0xfff}};

	call(CALL_TimerTimeout, &t);
}

/* The upper half of register `sizes` is the room at the address in register `at`: it must end before the guard. */
static void fit_upper(struct regs *r, unsigned sizes, unsigned at)
{
	uint64_t length = r->x[sizes] >> 32;

	fit(r->x[at], &length);
	r->x[sizes] = (r->x[sizes] & 0xffffffff) | length << 32;
}

/* Changes the arguments of the calls that would otherwise end this program or what others rely on. */
static void tame(uint64_t number, struct regs *r)
{
	uint64_t length;

	switch (number) {
	case CALL_ThreadCreate:
		r->x[0] = (uint64_t)parked_thread;
		r->x[1] = (uint64_t)&released;
		break;
	case CALL_ThreadDestroy:
		if ((uint32_t)r->x[0] == 0 || (uint32_t)r->x[0] == ~0u || (int)r->x[0] == ThreadSelf_r(NULL))
			r->x[0] = 2 + (next_random() & 0xff);
		break;
	case CALL_MemMap:
		/* A writable second mapping of own memory would let the kernel's results overwrite this program. */
		r->x[5] &= ~(uint64_t)PROT_W;
		break;
	case CALL_MemProtect:
		r->x[3] &= ~(uint64_t)PROT_W;
		aim_elsewhere(r);
		break;
	case CALL_MsgSend:
		fit_upper(r, 1, 3);
		r->x[4] |= 0x80000000; /* no server knows a type as large as this */
		arm_timeout();
		break;
	case CALL_MsgReplyReceive:
		fit_upper(r, 2, 10);
		arm_timeout();
		break;
	case CALL_MsgRead: fit(r->x[1], &r->x[2]); break;
	case CALL_SyncWait: arm_timeout(); break;
	case CALL_SystemInfo:
		length = sizeof(struct system_info);
		fit(r->x[0], &length);
		if (length < sizeof(struct system_info))
			r->x[0] = (uint64_t)memory.buffer;
		break;
	case CALL_SystemLog:
		/* Must not drown the console: text from addresses that hold none. */
		r->x[0] = next_random() & 1 ? ADDRESS_UNMAPPED : r->x[0] | 1ull << 47;
		break;
	}
}

static uint64_t pick_number(void)
{
	static const struct {
		uint8_t number;
		uint32_t ability;
	} known[] = {CALL_TABLE};
	uint64_t r = next_random();

	if ((r & 15) == 0)
		return r >> 8 & 0xff;
	if ((r & 15) == 1)
		return next_random();
	return known[(r >> 8) % (sizeof(known) / sizeof(known[0]))].number;
}

static void one_call(void)
{
	struct regs r;
	uint64_t number = pick_number();
	int64_t result;

	for (unsigned i = 0; i < 11; i++)
		r.x[i] = pick_value();
	tame(number, &r);
	result = call(number, &r);
	results[result >= 0 ? 0 : result == -KE_PERM ? 1 : result == -KE_TIMEDOUT ? 3 : 2]++;
}

static int guards_whole(void)
{
	for (unsigned i = 0; i < sizeof(memory.before); i++) {
		if (memory.before[i] != GUARD || memory.after[i] != GUARD)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0x123456789abcdef;
	state += state == 0;
	memset(memory.before, GUARD, sizeof(memory.before));
	memset(memory.after, GUARD, sizeof(memory.after));
	print("khostile: seed 0x%llx calls %llu", (unsigned long long)state, (unsigned long long)calls);
	for (uint64_t i = 0; i < calls; i++) {
		one_call();
		if (i % 4096 == 0 && !guards_whole()) {
			print("khostile: FAILED, the kernel wrote beyond a buffer before call %llu",
			      (unsigned long long)i);
			return 1;
		}
		if (calls >= 10 && (i + 1) % (calls / 10) == 0)
			print("khostile: %llu calls: %llu done, %llu not permitted, %llu refused, %llu timed out",
			      (unsigned long long)i + 1, (unsigned long long)results[0], (unsigned long long)results[1],
			      (unsigned long long)results[2], (unsigned long long)results[3]);
	}
	print("khostile: done %llu calls", (unsigned long long)calls);
	return 0;
}
