/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the configuration reader. */
#include "internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512
#define NAME_BYTES 32

/* A quoted word may hold line ends and tabs: a message is one line all the same. */
static void make_printable(char *line)
{
	for (; *line != '\0'; line++) {
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
	}
}

static void send_line(struct qc_reader *r, char *line)
{
	make_printable(line);
	if (r->host->message)
		r->host->message(r->host->context, line);
}

void qc_mistake(struct qc_reader *r, const struct qvm_place *place, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;
	int used;

	r->skipping = true;
	if (r->stop)
		return;
	used = snprintf(line, sizeof(line), "[%.64s:%u] ", place->file, (unsigned)place->line);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, args);
	va_end(args);
	send_line(r, line);
	if (++r->mistakes == QVM_MISTAKES_MAX) {
		snprintf(line, sizeof(line), "[%.64s:%u] too many mistakes: the rest is not read", place->file,
			 (unsigned)place->line);
		send_line(r, line);
		r->stop = true;
	}
}

const char *qc_where(const struct qvm_place *place, char text[QC_WHERE_MAX])
{
	text[0] = '\0';
	if (place)
		snprintf(text, QC_WHERE_MAX, " [%.64s:%u]", place->file, (unsigned)place->line);
	return text;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One cell of the matrix of distances from the rows above: `a` and `b` point at the letters compared. */
static unsigned cell(const char *a, const char *b, bool swap, const unsigned *before, const unsigned *above,
		     unsigned left)
{
	unsigned best = smaller(above[0], left) + 1;

	best = smaller(best, above[-1] + (lower(*a) != lower(*b)));
	if (swap && lower(a[0]) == lower(b[-1]) && lower(a[-1]) == lower(b[0]))
		best = smaller(best, before[-2] + 1);
	return best;
}

/* Letters put in, left out, changed, and neighbours swapped, from one word to the other; letters of either case are
 * equal. */
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][NAME_BYTES + 1];

	if (n > NAME_BYTES || m > NAME_BYTES || n > m + 2 || m > n + 2)
		return NAME_BYTES; /* too long, or too different for a slip of the pen: not worth the work */
	for (unsigned j = 0; j <= m; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= m; j++)
			row[j] = cell(a + i - 1, b + j - 1, i > 1 && j > 1, before + j, above + j, row[j - 1]);
	}
	return rows[n % 3][m];
}

/* The name that was probably meant, or NULL. */
const char *qc_nearest(const char *word, const char *const *names, unsigned count)
{
	const char *best = NULL;
	unsigned least = 3;

	for (unsigned i = 0; i < count; i++) {
		unsigned d = distance(word, names[i]);

		/* Two changes in a word of three letters make any word out of any other. */
		if (d < least && d * 2 <= strlen(names[i])) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

/* Reports the word read last as none of `names`, which are the choices. */
void qc_unknown(struct qc_reader *r, const char *what, const char *const *names, unsigned count)
{
	const char *nearest = qc_nearest(r->word, names, count);
	char list[256];
	size_t used = 0;

	if (nearest) {
		qc_mistake(r, &r->word_place, "unknown %s '%.64s'; did you mean '%s'?", what, r->word, nearest);
		return;
	}
	list[0] = '\0';
	for (unsigned i = 0; i < count && used < sizeof(list); i++) {
		int n = snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);

		used += (size_t)n;
	}
	qc_mistake(r, &r->word_place, "unknown %s '%.64s'; choose one of: %s", what, r->word, list);
}
