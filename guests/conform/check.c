/* SPDX-License-Identifier: Apache-2.0 */
/* The lines: `conform: ID VALUE`, then `right`, or `not RIGHT`, where the architecture says what is right. */
#include "conform.h"

#define LIMIT_MS 200

static uint64_t deadline, first, count;

static uint64_t ticks(uint64_t microseconds)
{
	return counter_hz() / 1000 * microseconds / 1000;
}

bool in_time(void)
{
	return now() < deadline;
}

void pause_us(uint64_t microseconds)
{
	uint64_t end = now() + ticks(microseconds);

	while (now() < end)
		yield();
}

/* The id is printed before the check runs, so that the host knows which one hangs. */
bool check(const char *a, const char *b, const char *c, const char *d)
{
	const char *parts[] = {a, b, c, d};

	if (count == 0)
		first = bootarg("from", 0);
	if (count++ < first)
		return false;
	line_begin();
	put("conform: ");
	for (unsigned int i = 0; i < 4 && parts[i]; i++) {
		if (i)
			put(".");
		put(parts[i]);
	}
	put(" ");
	fault_clear();
	deadline = now() + ticks(LIMIT_MS * 1000);
	return true;
}

static void put_values(const uint64_t *values, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			put(" ");
		put_hex(values[i]);
	}
}

static void put_found(const uint64_t *values, unsigned int n)
{
	const struct fault *f = &faults[0];

	if (f->hang) {
		put("hang");
	} else if (f->any) {
		put("fault ");
		put_hex(f->esr);
		if ((f->vector & 3) != 0) {
			put(" vector ");
			put_number(f->vector);
		}
	} else {
		put_values(values, n);
	}
}

static bool same(const uint64_t *a, const uint64_t *b, unsigned int n)
{
	while (n && a[n - 1] == b[n - 1])
		n--;
	return n == 0;
}

static void end_line(bool right)
{
	if (right)
		put(" right");
	line_end();
}

void found(uint64_t value)
{
	put_found(&value, 1);
	end_line(false);
}

void found_all(const uint64_t *values, unsigned int n)
{
	put_found(values, n);
	end_line(false);
}

void found_all_right(const uint64_t *values, const uint64_t *rights, unsigned int n)
{
	bool good = !faults[0].any && !faults[0].hang && same(values, rights, n);

	put_found(values, n);
	if (!good) {
		put(" not ");
		put_values(rights, n);
	}
	end_line(good);
}

void found_right(uint64_t value, uint64_t right)
{
	found_all_right(&value, &right, 1);
}

void found_fault(uint64_t value, uint32_t right)
{
	bool good = faults[0].any && !faults[0].hang && faults[0].esr == right;

	put_found(&value, 1);
	if (!good) {
		put(" not fault ");
		put_hex(right);
	}
	end_line(good);
}
