/* SPDX-License-Identifier: Apache-2.0 */
/* Samples become rows; rows are printed when everything is measured. */
#include "timed.h"

#define ROWS_MAX 320

uint64_t overhead;

static uint64_t samples[SAMPLES];
static struct row {
	const char *id, *state;
	uint64_t min, median, p99, max, at;
} rows[ROWS_MAX], worst;
static unsigned int row_count;

static uint64_t time_nothing(void)
{
	return TIME_REGISTER("", 0);
}

void measure_overhead(void)
{
	uint64_t least = ~0ull;

	for (unsigned int i = 0; i < SAMPLES; i++) {
		uint64_t took = time_nothing();

		least = took < least ? took : least;
	}
	overhead = least;
}

void results_keep(unsigned int i, uint64_t value)
{
	if (i >= WARM_UP)
		samples[i - WARM_UP] = value;
}

static void sort(uint64_t *values, unsigned int count)
{
	for (unsigned int gap = count / 2; gap; gap /= 2) {
		for (unsigned int i = gap; i < count; i++) {
			uint64_t value = values[i];
			unsigned int j = i;

			for (; j >= gap && values[j - gap] > value; j -= gap)
				values[j] = values[j - gap];
			values[j] = value;
		}
	}
}

static struct row row_of(const char *id, unsigned int count)
{
	sort(samples, count);
	return (struct row){.id = id,
			    .min = samples[0],
			    .median = samples[count / 2],
			    .p99 = samples[count * 99 / 100],
			    .max = samples[count - 1]};
}

static void add(struct row row)
{
	if (row_count < ROWS_MAX)
		rows[row_count] = row;
	row_count++;
}

void results_end(const char *id)
{
	add(row_of(id, SAMPLES));
}

void results_state(const char *id, const char *state)
{
	struct row row = row_of(id, ROUNDS);

	row.state = state;
	add(row);
}

void results_operation(uint64_t at)
{
	struct row row = row_of(0, ROUNDS);

	row.at = at;
	if (row.median > worst.median)
		worst = row;
}

void results_worst(const char *id)
{
	worst.id = id;
	add(worst);
	worst = (struct row){0};
}

static void print_row(const struct row *row)
{
	line_begin();
	put("bench: ");
	put(row->id);
	if (row->state) {
		put("@");
		put(row->state);
	}
	put(" min ");
	put_number(row->min);
	put(" median ");
	put_number(row->median);
	put(" p99 ");
	put_number(row->p99);
	put(" max ");
	put_number(row->max);
	if (row->at) {
		put(" at ");
		put_hex(row->at);
	}
	line_end();
}

void results_print(void)
{
	if (row_count > ROWS_MAX) {
		say("bench: FAILED, more rows than there is room for");
		return;
	}
	for (unsigned int i = 0; i < row_count; i++)
		print_row(&rows[i]);
}
