/* SPDX-License-Identifier: Apache-2.0 */
/* Samples become rows; rows are printed when everything is measured. */
#include "bench.h"

#define ROWS_MAX 16

static uint64_t samples[SAMPLES];
static struct row {
	const char *id;
	uint64_t min, median, p99, max;
} rows[ROWS_MAX];
static unsigned int row_count;

/* Those of the warm-up are overwritten by the last ones. */
void results_keep(unsigned int i, uint64_t value)
{
	samples[i % SAMPLES] = value;
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

void results_end(const char *id)
{
	if (row_count == ROWS_MAX)
		return;
	sort(samples, SAMPLES);
	rows[row_count++] =
	    (struct row){id, samples[0], samples[SAMPLES / 2], samples[SAMPLES * 99 / 100], samples[SAMPLES - 1]};
}

static void print_row(const struct row *row)
{
	line_begin();
	put("bench: ");
	put(row->id);
	put(" min ");
	put_number(row->min);
	put(" median ");
	put_number(row->median);
	put(" p99 ");
	put_number(row->p99);
	put(" max ");
	put_number(row->max);
	line_end();
}

void results_print(void)
{
	for (unsigned int i = 0; i < row_count; i++)
		print_row(&rows[i]);
}
