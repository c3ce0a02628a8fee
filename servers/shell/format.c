/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB       1024u
#define NS_PER_MS 1000000u
#define CELL      (NAME_MAX_ + 1)

static const struct column {
	char letter;
	bool of_thread, left; /* left: what is in it begins at the same place */
	unsigned char width;
	const char *title, *help;
} columns[] = {
    {'a', false, false, 4, "pid", "%a  process: its slot"},
    {'b', true, false, 4, "tid", "%b  thread"},
    {'B', true, true, 7, "Blocked", "%B  slot of the process that it waits for"},
    {'h', true, true, 16, "thread name", "%h  name of the thread, or its number"},
    {'H', true, true, 5, "part", "%H  partition; c: critical; >n: its time is billed to n"},
    {'i', true, true, 4, "mask", "%i  CPUs that it may use: run mask"},
    {'J', true, true, 8, "STATE", "%J  state"},
    {'l', true, false, 3, "cpu", "%l  CPU that it runs on, or ran last"},
    {'M', false, false, 8, "memory", "%M  RAM, with the guest's"},
    {'n', false, true, 16, "name", "%n  name of the process; %N is the same"},
    {'N', false, true, 16, "name", NULL},
    {'p', true, false, 5, "prio", "%p  priority; r round-robin, f FIFO"},
    {'t', true, false, 11, "cpu time", "%t  CPU time of the thread, ms"},
    {'T', false, false, 3, "thr", "%T  number of threads"},
    {'u', false, false, 11, "cpu time", "%u  CPU time of the process, of threads that have ended, too, ms"},
    {'v', true, false, 9, "entries", "%v  entries of a virtual CPU into the guest"},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *thread_state_name(uint32_t state)
{
	static const char *const names[] = {
	    [STATE_DEAD] = "DEAD",       [STATE_RUNNING] = "RUNNING", [STATE_READY] = "READY",
	    [STATE_RECEIVE] = "RECEIVE", [STATE_SEND] = "SEND",       [STATE_REPLY] = "REPLY",
	    [STATE_SYNC] = "SYNC",       [STATE_HALT] = "WFI",        [STATE_MOVING] = "MOVING",
	    [STATE_VCPU] = "VCPU",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static const struct column *find_column(char letter)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (columns[i].letter == letter)
			return &columns[i];
	return NULL;
}

/* After a '%': the width, 0 if none is given; moves to the letter. */
static unsigned take_width(const char **at)
{
	unsigned width = 0;

	for (; **at >= '0' && **at <= '9'; ++*at)
		width = width < 1000 ? width * 10 + (unsigned)(**at - '0') : width;
	return width;
}

const char *format_check(const char *format, char *letter)
{
	bool any = false;

	for (; *format; format++) {
		if (*format != '%')
			continue;
		format++;
		unsigned width = take_width(&format);

		*letter = *format ? *format : '%';
		if (width > FORMAT_WIDTH)
			return "too wide";
		if (!*format || (*format != '%' && !find_column(*format)))
			return "unknown";
		any |= *format != '%';
	}
	*letter = '%';
	return any ? NULL : "without a letter";
}

void format_of_letters(char *format, size_t bytes, const char *letters)
{
	size_t used = 0;

	for (; *letters && used + 3 <= bytes; letters++) {
		format[used++] = '%';
		format[used++] = *letters;
		format[used++] = ' ';
	}
	format[used ? used - 1 : 0] = 0;
}

bool format_of_threads(const char *format)
{
	for (; *format; format++) {
		if (*format != '%')
			continue;
		format++;
		take_width(&format);
		const struct column *column = find_column(*format);

		if (column && column->of_thread)
			return true;
		if (!*format)
			break;
	}
	return false;
}

static void put_name(char cell[CELL], const char *name)
{
	size_t length = strnlen(name, NAME_MAX_);

	for (size_t i = 0; i < length; i++)
		cell[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
	cell[length] = 0;
}

static void of_process(char cell[CELL], char letter, const struct format_row *row)
{
	switch (letter) {
	case 'a': snprintf(cell, CELL, "%u", row->slot); break;
	case 'M': snprintf(cell, CELL, "%" PRIu64 "K", row->process->ram_bytes / KIB); break;
	case 'T': snprintf(cell, CELL, "%" PRIu32, row->process->threads); break;
	case 'u': snprintf(cell, CELL, "%" PRIu64 " ms", row->process->cpu_ns / NS_PER_MS); break;
	default: put_name(cell, row->process->name); break;
	}
}

/* The partition that a thread has joined, and whose time it uses if that is another one's. */
static void put_partition(char cell[CELL], const struct thread_info *thread)
{
	const unsigned own = (unsigned)(thread->base_partition & ~PARTITION_CRITICAL);
	const unsigned billed = (unsigned)(thread->partition & ~PARTITION_CRITICAL);
	const int used = snprintf(cell, CELL, "%u%s", own, thread->base_partition & PARTITION_CRITICAL ? "c" : "");

	if (billed != own)
		snprintf(cell + used, CELL - (size_t)used, ">%u", billed);
}

static void of_thread(char cell[CELL], char letter, const struct thread_info *thread)
{
	switch (letter) {
	case 'b': snprintf(cell, CELL, "%" PRIu32, thread->tid); break;
	case 'B':
		if (thread->blocked_slot < PROCESS_MAX)
			snprintf(cell, CELL, "%" PRIu32, thread->blocked_slot);
		break;
	case 'h':
		put_name(cell, thread->name);
		if (!cell[0])
			snprintf(cell, CELL, "%" PRIu32, thread->tid);
		break;
	case 'H': put_partition(cell, thread); break;
	case 'i': snprintf(cell, CELL, "0x%02" PRIx32, thread->runmask); break;
	case 'J': snprintf(cell, CELL, "%s", thread_state_name(thread->state)); break;
	case 'l': snprintf(cell, CELL, "%" PRIu32, thread->cpu); break;
	case 't': snprintf(cell, CELL, "%" PRIu64 " ms", thread->cpu_ns / NS_PER_MS); break;
	case 'v': snprintf(cell, CELL, "%" PRIu64, thread->entries); break;
	default:
		snprintf(cell, CELL, "%" PRIu32 "%c", thread->priority,
			 thread->policy == SCHED_FIFO_ ? 'f'
			 : thread->policy == SCHED_RR_ ? 'r'
						       : '?');
		break;
	}
}

static void fill_cell(char cell[CELL], const struct column *column, const struct format_row *row)
{
	cell[0] = 0;
	if (!row)
		snprintf(cell, CELL, "%s", column->title);
	else if (column->of_thread)
		of_thread(cell, column->letter, row->thread);
	else
		of_process(cell, column->letter, row);
}

void format_line(char *text, size_t bytes, const char *format, const struct format_row *row)
{
	size_t used = 0;

	for (; *format && used + 1 < bytes; format++) {
		char cell[CELL] = {*format, 0};
		const struct column *column = NULL;
		unsigned width = 0;

		if (*format == '%') {
			format++;
			width = take_width(&format);
			column = find_column(*format);
		}
		if (column) {
			width = width ? width : column->width;
			fill_cell(cell, column, row);
		}
		int more = snprintf(text + used, bytes - used, column && column->left ? "%-*s" : "%*s",
				    column ? (int)width : 0, cell);

		used += more > 0 ? (size_t)more : 0;
	}
	used = used < bytes ? used : bytes - 1;
	while (used && text[used - 1] == ' ')
		used--;
	text[used] = 0;
}

const char *format_help(unsigned index)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (columns[i].help && index-- == 0)
			return columns[i].help;
	return NULL;
}
