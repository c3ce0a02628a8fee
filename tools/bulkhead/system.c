/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct system *system;
	struct file *file; /* stays open while its text is used */
	unsigned messages;
};

static int read_conf(void *context, const char *path, const char **text, size_t *bytes)
{
	struct reading *reading = context;

	if (file_read(path, reading->file) != 0)
		return -errno;
	*text = (const char *)reading->file->data;
	*bytes = reading->file->bytes;
	return 0;
}

static bool board_asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	const struct system *s = ((struct reading *)context)->system;

	return s->board_given && sys_asinfo(s->board.dtb, name, start, bytes);
}

static void print_message(void *context, const char *line);

/* A type that only a file knows. */
static bool describe_vdev(void *context, const char *type, struct qvmconf_vdev_type *description)
{
	struct reading *reading = context;
	const struct vdev_file *f = vdevs_find(&reading->system->vdevs, type);
	char line[256];

	if (!f)
		return false;
	if (f->wrong[0]) {
		snprintf(line, sizeof(line), "%s: %s", f->name, f->wrong);
		print_message(context, line);
		return false;
	}
	*description = (struct qvmconf_vdev_type){f->read.options, f->read.register_bytes};
	return true;
}

static void print_message(void *context, const char *line)
{
	((struct reading *)context)->messages++;
	fprintf(stderr, "%s\n", line);
}

unsigned system_read_vm(struct system *s, const char *path, struct qvm_config *config, struct file *file)
{
	struct reading reading = {s, file, 0};
	struct qvmconf_host host = {
	    .context = &reading,
	    .read = read_conf,
	    .asinfo = board_asinfo,
	    .vdev = describe_vdev,
	    .message = print_message,
	};
	char word[4096];
	const char *words[] = {word};

	if (snprintf(word, sizeof(word), "@%s", path) >= (int)sizeof(word))
		return 1;
	return qvmconf_read(config, 1, words, &host) == 0 ? 0 : reading.messages;
}

/* Line of the node `name` behind `from` in a device tree source; moves `from` there. 0: not found. */
static unsigned node_line(const char *source, const char **from, const char *name, size_t bytes)
{
	for (const char *at = *from; (at = strstr(at, name)) != NULL; at++) {
		const char *behind = at + bytes + strspn(at + bytes, " \t\r\n");
		bool begins = at == source || strchr(" \t\n:;{}", at[-1]);
		unsigned line = 1;

		if (strncmp(at, name, bytes) != 0 || *behind != '{' || !begins)
			continue;
		for (const char *c = source; c < at; c++)
			line += *c == '\n';
		*from = behind;
		return line;
	}
	return 0;
}

/* Blobs have no lines. The source has: "system.dts: /a/b: text" is printed with the line where node b begins. */
static void print_system_message(void *context, const char *text)
{
	const struct system *s = context;
	const char *path = strstr(text, ": /"), *source = (const char *)s->source.data, *from = source;
	unsigned line = 0;

	if (!path) {
		fprintf(stderr, "%s\n", text);
		return;
	}
	for (const char *name = path + 3; *name != ':' && *name != '\0';) {
		char copy[64];
		size_t bytes = strcspn(name, "/:");
		unsigned found;

		snprintf(copy, sizeof(copy), "%.*s", (int)bytes, name);
		found = bytes ? node_line(source, &from, copy, strlen(copy)) : 0;
		line = found ? found : line;
		name += bytes + (name[bytes] == '/');
	}
	if (line)
		fprintf(stderr, "%.*s:%u%s\n", (int)(path - text), text, line, path);
	else
		fprintf(stderr, "%s\n", text);
}

static struct sys_report system_report(struct system *s)
{
	return (struct sys_report){.file = "system.dts", .message = print_system_message, .context = s};
}

unsigned system_read_board(struct system *s, const char *path)
{
	const char *wrong = NULL;

	if (file_read(path, &s->board_file) != 0)
		wrong = strerror(errno);
	else
		wrong = sys_board_read(&s->board, s->board_file.data, s->board_file.bytes);
	if (wrong) {
		fprintf(stderr, "%s: %s; give the board's device tree blob\n", path, wrong);
		return ++s->mistakes;
	}
	s->board_given = true;
	return 0;
}

static unsigned read_vms(struct system *s)
{
	unsigned mistakes = 0;
	char path[4096];

	for (unsigned i = 0; i < s->config.vm_count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", s->directory, s->config.vms[i].config) >= (int)sizeof(path))
			return mistakes + 1;
		mistakes += system_read_vm(s, path, &s->vms[i], &s->conf_files[i]);
		sys_vm_needs(&s->needs[i], &s->vms[i]);
	}
	return mistakes;
}

unsigned system_read(struct system *s, const char *directory)
{
	struct sys_report report = system_report(s);
	char path[4096];

	s->directory = s->vdevs.directory = directory;
	if (snprintf(path, sizeof(path), "%s/system.dts", directory) >= (int)sizeof(path))
		return ++s->mistakes;
	if (file_read(path, &s->source) != 0) {
		fprintf(stderr, "%s: %s; a system directory has a file system.dts\n", path, strerror(errno));
		return ++s->mistakes;
	}
	if (file_compile(path, &s->dtb) != 0)
		return ++s->mistakes;
	s->mistakes += sys_read(&s->config, s->dtb.data, s->dtb.bytes, &report);
	if (s->mistakes == 0)
		s->mistakes += read_vms(s);
	return s->mistakes;
}

unsigned system_check(struct system *s, uint64_t taken)
{
	struct sys_report report = system_report(s);
	struct sys_board board = s->board;

	board.ram_bytes -= taken < board.ram_bytes ? taken : board.ram_bytes;
	s->mistakes += sys_check(&s->config, s->board_given ? &board : NULL, s->needs, &report);
	return s->mistakes;
}

void system_free(struct system *s)
{
	for (unsigned i = 0; i < SYS_VMS_MAX; i++)
		free(s->conf_files[i].data);
	free(s->source.data);
	free(s->dtb.data);
	free(s->board_file.data);
	vdevs_free(&s->vdevs);
	free(s);
}
