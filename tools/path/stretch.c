/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU plugin that counts the kernel's instructions between two moments at which it can take an interrupt, and keeps
 * the longest such stretch for each cause, with the functions that it went through.
 *
 * The kernel always runs with interrupts off, at addresses where nothing else runs. So a stretch begins with a vector
 * and ends with the last instruction of the kernel before the next vector, or where the kernel itself looks whether an
 * interrupt waits. Which functions do that, and which ones say what a stretch is about, comes in a file of symbols.
 *
 * With `kernel_lock` a stretch is a hold of that lock instead, and the longest hold of each other kind of lock is
 * found, too. A lock is recognised by what is done with it, wherever the compiler has inlined that: a ticket is drawn
 * by a store-exclusive of what an ADD has counted up in the upper half of the word, and a store-release to the lower
 * half lets it go. And one CPU more wants the lock all the time: the plugin draws a ticket in its name as soon as the
 * lock is taken, and lets it go again when that turn comes.
 *
 * For one CPU: others must be idle all the time. (QEMU does not tell which CPU executes something where one thread of
 * the host emulates them in turns.)
 */
#include "qemu_plugin.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION_MAX 2048
#define NAME_BYTES   64
#define VECTORS_EL0  0x400u /* Arm ARM D1.3.1: from a lower exception level */
#define VECTORS_END  0x800u
#define VECTOR_BYTES 0x80u

/* Arm ARM C6.2: STXR of a word, ADD of 1 << 16, STLRH. */
#define IS_STXR(i)  (((i)&0xffe0fc00u) == 0x88007c00u)
#define IS_DRAW(i)  (((i)&0xfffffc00u) == 0x11404000u)
#define IS_STLRH(i) (((i)&0xfffffc00u) == 0x489ffc00u)

/* What the first instruction of a function means. The script that writes the file of symbols uses these letters. */
enum event {
	EVENT_NONE = '-',
	EVENT_VECTOR = 'v', /* a lower exception level was left: also each vector by itself */
	EVENT_CALL = 'c',   /* a kernel call: names the stretch */
	EVENT_CAUSE = 'n',  /* another cause: names it unless a call does */
	EVENT_POLL = 'p',   /* the kernel looks whether an interrupt waits: what follows is the same work */
	EVENT_TAKE = 'i',   /* it takes one: what follows is new work */
	EVENT_IDLE = 'w',   /* it waits for one */
};

struct function {
	uint64_t start;
	char name[NAME_BYTES];
	char event;
	uint64_t stretches, total; /* that it names */
	uint64_t longest;
	uint32_t *profile; /* of the longest: instructions in each function */
	bool went_on;      /* the longest began at a poll */
};

struct site {
	uint16_t function;
	char event;
};

int qemu_plugin_version PLUGIN_EXPORT = PLUGIN_API_VERSION;

static struct function functions[FUNCTION_MAX];
static unsigned function_count;
static struct site *sites;
static uint64_t text_start, text_end, vectors;
static const char *out_path;

/* The stretch that is running. */
static struct {
	uint64_t instructions;
	uint32_t profile[FUNCTION_MAX];
	uint16_t touched[FUNCTION_MAX];
	unsigned touched_count;
	int name; /* index of a function, -1: none yet */
	bool by_call, went_on, counted;
} now = {.name = -1};
static uint64_t boot_instructions, all_instructions, all_stretches;
static bool booted;

static uint64_t kernel_lock, image_end;
static uint16_t *tickets; /* of kernel_lock: owner, next, in QEMU's memory */
static bool held, wanted; /* it is held, and the CPU more has drawn a ticket: */
static uint16_t wanted_ticket;
static uint64_t total;              /* instructions of the kernel so far */
static uint64_t other, other_since; /* a lock that is held beside kernel_lock, or 0; `total` when it was taken */
/* Locks other than kernel_lock: those in the kernel's image, and those in objects of processes. */
static struct {
	uint64_t longest, holds;
	uint16_t function; /* that let it go */
} other_locks[2];

static void count_stretch(struct function *f)
{
	f->stretches++;
	f->total += now.instructions;
	if (now.instructions <= f->longest)
		return;
	if (!f->profile)
		f->profile = calloc(FUNCTION_MAX, sizeof(*f->profile));
	if (!f->profile)
		abort();
	f->longest = now.instructions;
	f->went_on = now.went_on;
	memcpy(f->profile, now.profile, sizeof(now.profile));
}

/* The next one begins, without a name. */
static void begin(void)
{
	for (unsigned i = 0; i < now.touched_count; i++)
		now.profile[now.touched[i]] = 0;
	now.touched_count = 0;
	now.instructions = 0;
}

static void end(void)
{
	if (!booted) {
		boot_instructions += now.instructions;
	} else if (now.instructions > 0) {
		all_stretches++;
		all_instructions += now.instructions;
		count_stretch(&functions[now.name >= 0 ? now.name : now.touched[0]]);
	}
}

static void forget_name(void)
{
	now.name = -1;
	now.by_call = false;
}

/* Ends the stretch; the next one has the same name or none. */
static void cut(bool goes_on)
{
	if (kernel_lock == 0) {
		if (now.counted || !booted)
			end();
		begin();
		now.went_on = goes_on;
		now.counted = true;
	}
	if (!goes_on)
		forget_name();
}

static void meet(const struct site *s)
{
	switch (s->event) {
	case EVENT_VECTOR:
		cut(false);
		booted = true;
		break;
	case EVENT_POLL: cut(true); break;
	case EVENT_TAKE:
	case EVENT_IDLE: cut(false); break;
	case EVENT_CALL:
		/* One call may go on with another's work; the first one is the cause. */
		if (now.by_call)
			break;
		now.by_call = true;
		now.name = s->function;
		break;
	default:
		if (now.name < 0)
			now.name = s->function;
		break;
	}
}

static void executed(unsigned int cpu, void *data)
{
	const struct site *s = data;

	(void)cpu;
	if (s->event != EVENT_NONE)
		meet(s);
	now.instructions++;
	total++;
	if (now.profile[s->function]++ == 0)
		now.touched[now.touched_count++] = s->function;
}

/* ---- locks ---- */

/* If nobody else has a ticket its turn has come: no other CPU has one. */
static void drawn(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	(void)cpu;
	(void)info;
	(void)data;
	if (address != kernel_lock) {
		other = address;
		other_since = total;
	} else if (!wanted) {
		held = wanted = true;
		wanted_ticket = tickets[1]++;
		begin();
	}
}

static void let_go(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	const struct site *s = data;
	unsigned kind = address < text_start || address >= image_end;

	(void)cpu;
	(void)info;
	if (address == kernel_lock) {
		if (held)
			end();
		held = false;
		if (wanted && tickets[0] == wanted_ticket) {
			wanted = false;
			tickets[0]++;
		}
	} else if (other != 0 && address == other) {
		other_locks[kind].holds++;
		if (booted && total - other_since > other_locks[kind].longest) {
			other_locks[kind].longest = total - other_since;
			other_locks[kind].function = s->function;
		}
		other = 0;
	}
}

/* The kernel's text and data lie together, in its map and in the memory of QEMU. */
static void watch_locks(struct qemu_plugin_insn *insn, struct site *s)
{
	char *place = qemu_plugin_insn_haddr(insn);
	uint32_t code = *(const uint32_t *)place;

	tickets = (uint16_t *)(place + (kernel_lock - qemu_plugin_insn_vaddr(insn)));
	if (IS_STXR(code) && IS_DRAW(((const uint32_t *)place)[-1]))
		qemu_plugin_register_vcpu_mem_cb(insn, drawn, PLUGIN_CB_NO_REGS, PLUGIN_MEM_W, s);
	else if (IS_STLRH(code))
		qemu_plugin_register_vcpu_mem_cb(insn, let_go, PLUGIN_CB_NO_REGS, PLUGIN_MEM_W, s);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		if (address < text_start || address >= text_end)
			continue;
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, PLUGIN_CB_NO_REGS,
						       &sites[(address - text_start) / 4]);
		if (kernel_lock != 0)
			watch_locks(insn, &sites[(address - text_start) / 4]);
	}
}

/* A line of the report for each cause, then one for each function that its longest stretch went through. */
static void report(qemu_plugin_id_t id, void *data)
{
	FILE *out = fopen(out_path, "w");

	(void)id;
	(void)data;
	if (!out) {
		perror(out_path);
		return;
	}
	if (kernel_lock == 0)
		cut(false);
	fprintf(out, "boot %lu\nstretches %lu %lu\n", boot_instructions, all_stretches, all_instructions);
	for (unsigned i = 0; kernel_lock != 0 && i < 2; i++)
		fprintf(out, "lock %s %lu %lu %s\n", i == 0 ? "console" : "vcpu", other_locks[i].longest,
			other_locks[i].holds, functions[other_locks[i].function].name);
	for (unsigned i = 0; i < function_count; i++) {
		const struct function *f = &functions[i];

		if (f->stretches == 0)
			continue;
		fprintf(out, "cause %s %c %lu %lu %lu %d\n", f->name, f->event, f->longest, f->stretches, f->total,
			f->went_on);
		for (unsigned k = 0; f->profile && k < function_count; k++)
			if (f->profile[k] != 0)
				fprintf(out, "in %s %u\n", functions[k].name, f->profile[k]);
	}
	fclose(out);
}

/* Lines "address event name" in ascending order; the last one only ends the text. */
static bool read_symbols(const char *path)
{
	FILE *in = fopen(path, "r");
	struct function *f = functions;

	if (!in) {
		perror(path);
		return false;
	}
	while (function_count < FUNCTION_MAX && fscanf(in, "%lx %c %63s", &f->start, &f->event, f->name) == 3) {
		if (strcmp(f->name, "vectors") == 0)
			vectors = f->start;
		function_count++;
		f++;
	}
	fclose(in);
	if (function_count < 2 || function_count == FUNCTION_MAX || vectors == 0) {
		fprintf(stderr, "%s: not the symbols of a kernel, or too many\n", path);
		return false;
	}
	text_start = functions[0].start;
	text_end = functions[--function_count].start;
	return true;
}

static bool make_sites(void)
{
	size_t count = (text_end - text_start) / 4;
	unsigned at = 0;

	sites = calloc(count, sizeof(*sites));
	if (!sites)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint64_t address = text_start + i * 4, offset = address - vectors;

		while (at + 1 < function_count && functions[at + 1].start <= address)
			at++;
		sites[i].function = (uint16_t)at;
		sites[i].event = address == functions[at].start ? functions[at].event : (char)EVENT_NONE;
		if (offset >= VECTORS_EL0 && offset < VECTORS_END && offset % VECTOR_BYTES == 0)
			sites[i].event = EVENT_VECTOR;
	}
	return true;
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	const char *symbols = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "symbols=", 8) == 0)
			symbols = argv[i] + 8;
		else if (strncmp(argv[i], "out=", 4) == 0)
			out_path = argv[i] + 4;
		else if (strncmp(argv[i], "kernel_lock=", 12) == 0)
			kernel_lock = strtoull(argv[i] + 12, NULL, 0);
		else if (strncmp(argv[i], "image_end=", 10) == 0)
			image_end = strtoull(argv[i] + 10, NULL, 0);
	}
	if (!symbols || !out_path || !read_symbols(symbols) || !make_sites())
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, report, NULL);
	return 0;
}
