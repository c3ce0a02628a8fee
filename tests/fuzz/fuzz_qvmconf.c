/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/qvmconf lib/glob.c */
/* SEEDS: tests/negative/%.qvmconf tests/negative/plans/%.qvmconf */
/*
 * The reader of VM configurations. The input is the text of a file; after a byte 1 come words of the command line, one
 * after the other. What is accepted keeps the promises of qvmconf.h, and what is refused was reported.
 */
#include <qvmconf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

struct input {
	const char *text;
	size_t bytes;
	unsigned messages;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool true_)
{
	if (!true_)
		abort();
}

static int read_file(void *context, const char *path, const char **text, size_t *bytes)
{
	const struct input *in = context;

	must(strlen(path) <= QVM_TOKEN_MAX);
	if (strcmp(path, "a.qvmconf") != 0)
		return -2;
	*text = in->text;
	*bytes = in->bytes;
	return 0;
}

static const char *env(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "E") == 0 ? "two words $env{E}" : NULL;
}

static bool asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	(void)context;
	*start = 0x7f000000;
	*bytes = 0x1000000;
	return strcmp(name, "guestmem") == 0;
}

static bool vdev(void *context, const char *type, struct qvmconf_vdev_file *file)
{
	(void)context;
	*file = (struct qvmconf_vdev_file){.type = {.options = "fast\0f\0rate\0n:1:9:most=2\0allow\0*g\0mode\0!w:a:b\0",
						    .flags = VDEV_NEEDS_LOC,
						    .bytes = 0x2000}};
	return strcmp(type, "probe") == 0;
}

static bool partition(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES])
{
	(void)context;
	*id = 1;
	memset(names, 'n', QVM_NAMES_BYTES - 1);
	names[QVM_NAMES_BYTES - 1] = '\0';
	return *name == 'p';
}

static bool cluster(void *context, const char *name, uint32_t *runmask)
{
	(void)context;
	*runmask = 0x30;
	return strcmp(name, "big") == 0;
}

static void message(void *context, const char *line)
{
	struct input *in = context;

	in->messages++;
	must(line[0] == '[' && strchr(line, ']') != NULL);
	for (; *line; line++)
		must((unsigned char)*line >= ' ');
}

static void check_memory(const struct qvm_config *c)
{
	for (unsigned i = 0; i < c->mem_count; i++) {
		const struct qvm_mem *mem = &c->mem[i];

		must(mem->start % QVM_PAGE == 0 && mem->bytes % QVM_PAGE == 0 && mem->bytes > 0);
		must(mem->start < SPACE_LIMIT && mem->bytes <= SPACE_LIMIT - mem->start);
		for (unsigned j = 0; j < i; j++)
			must(mem->start >= c->mem[j].start + c->mem[j].bytes ||
			     c->mem[j].start >= mem->start + mem->bytes);
		for (unsigned j = 0; j < c->vdev_count; j++)
			must(!c->vdevs[j].loc_given || c->vdevs[j].loc >= mem->start + mem->bytes ||
			     mem->start >= c->vdevs[j].loc + c->vdevs[j].bytes);
		for (unsigned j = 0; j < c->pass_count; j++)
			must(c->passes[j].start >= mem->start + mem->bytes ||
			     mem->start >= c->passes[j].start + c->passes[j].bytes);
	}
}

static void check_vdevs(const struct qvm_config *c)
{
	struct qvmconf_consoles consoles;

	for (unsigned i = 0; i < c->vdev_count; i++) {
		const struct qvm_vdev *v = &c->vdevs[i];

		must(strlen(v->type) < QVM_VDEV_NAME_MAX && (!v->name || strlen(v->name) < QVM_VDEV_NAME_MAX));
		must(v->option_first + v->option_count <= c->vdev_option_count && v->intr_count <= QVM_VDEV_INTRS_MAX);
		must(!v->loc_given || (v->loc % QVM_PAGE == 0 && v->loc <= SPACE_LIMIT - v->bytes));
		for (unsigned j = 0; j < v->intr_count; j++)
			must(v->intr[j] >= QVM_SPI_FIRST && v->intr[j] <= QVM_SPI_LAST);
		for (unsigned j = 0; j < v->option_count; j++)
			must(strlen(c->vdev_options[v->option_first + j].name) > 0);
		consoles = qvmconf_consoles(c, v);
		must(strcmp(v->type, "pl011") != 0 || consoles.input || consoles.output);
		qvmconf_log_dests(c, i, QVM_LOG_INFO);
	}
}

static void check(const struct qvm_config *c)
{
	bool program = false;

	must(c->cpu_count >= 1 && c->cpu_count <= QVM_CPUS_MAX && c->arena_used <= QVM_ARENA_BYTES);
	must(strlen(c->name) > 0 && strlen(c->name) < QVM_NAME_MAX);
	for (unsigned i = 0; i < c->load_count; i++) {
		program |= c->loads[i].type == QVM_LOAD_ANY;
		must(c->loads[i].path[0] != '\0');
		must(!c->loads[i].address_given || qvmconf_memory_has(c, c->loads[i].address, 1));
	}
	must(program);
	must(!c->cmdline || strlen(c->cmdline) <= QVM_TOKEN_MAX);
	check_memory(c);
	check_vdevs(c);
	for (unsigned i = 0; i < c->pass_intr_count; i++)
		must(c->pass_intrs[i].host >= QVM_SPI_FIRST && c->pass_intrs[i].host <= QVM_SPI_LAST);
}

/* Cuts the words after the text apart; they are NUL-terminated in `buffer`. */
static int words_of(char *buffer, size_t bytes, size_t *text_bytes, const char **words)
{
	int count = 0;

	words[count++] = "@a.qvmconf";
	*text_bytes = bytes;
	for (size_t i = 0; i < bytes; i++) {
		if (buffer[i] != 1)
			continue;
		if (*text_bytes == bytes)
			*text_bytes = i;
		buffer[i] = '\0';
		if (count < WORDS_MAX)
			words[count++] = buffer + i + 1;
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct qvm_config config;
	const char *words[WORDS_MAX];
	struct input in = {0};
	const struct qvmconf_host host = {
	    .context = &in,
	    .read = read_file,
	    .env = env,
	    .asinfo = asinfo,
	    .vdev = vdev,
	    .cluster = cluster,
	    .partition = partition,
	    .message = message,
	};
	char *buffer = malloc(bytes + 1), *text;
	int count;

	memcpy(buffer, data, bytes);
	buffer[bytes] = '\0';
	count = words_of(buffer, bytes, &in.bytes, words);
	text = malloc(in.bytes); /* of just that size: the sanitizer sees what is read beyond its end */
	memcpy(text, buffer, in.bytes);
	in.text = text;
	if (qvmconf_read(&config, count, words, &host) == 0) {
		must(in.messages == 0);
		check(&config);
	} else {
		must(in.messages > 0);
	}
	free(text);
	free(buffer);
	return 0;
}
