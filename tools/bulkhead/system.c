/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and checks a system directory: see system.h. */
#include "system.h"
#include "arguments.h"
#include "lines.h"
#include "message.h"
#include <bulkhead.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysplan.h>
#include <unistd.h>

#define QEMU_VIRT_INTIDS 288 /* SGIs, PPIs, and 256 SPIs */

struct reading {
	struct system *system;
	const struct sys_vm *vm; /* NULL: one file by itself */
	const char *path;        /* of its file */
	struct file *file;       /* whose text stays there */
	unsigned messages;
};

static int read_conf(void *context, const char *path, const char **text, size_t *bytes)
{
	struct reading *reading = context;
	struct system *s = reading->system;
	struct file *file = reading->file;
	char inside[4096];

	/* `args` names further ones, which lie in the same folder. */
	if (strcmp(path, reading->path) != 0) {
		if (s->more_count == SYSTEM_MORE_MAX ||
		    snprintf(inside, sizeof(inside), "%s/%s", s->directory, path) >= (int)sizeof(inside))
			return -E2BIG;
		file = &s->more_files[s->more_count++];
		if (access(inside, F_OK) == 0 && !vdevs_may_read(&s->vdevs, inside))
			return -EXDEV;
		path = inside;
	}
	if (file_read(path, FILE_TEXT_MAX, file) != NULL)
		return errno ? -errno : -EIO;
	*text = (const char *)file->data;
	*bytes = file->bytes;
	return 0;
}

static const char *env(void *context, const char *name)
{
	const struct sys_vm *vm = ((struct reading *)context)->vm;

	return vm ? sys_env(&vm->own, name) : NULL;
}

static bool asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	const struct reading *reading = context;
	const struct system *s = reading->system;

	return sys_asinfo(&s->config, reading->vm ? &reading->vm->own : NULL, s->board_given ? &s->board : NULL, name,
			  start, bytes);
}

static struct sys_report system_report(struct system *s);

static void asinfo_why(void *context, const char *name, char *text, size_t bytes)
{
	const struct reading *reading = context;
	struct system *s = reading->system;
	const struct sys_report report = system_report(s);

	if (reading->vm)
		sys_asinfo_why(&s->config, reading->vm, s->board_given ? &s->board : NULL, &report, name, text, bytes);
}

static bool cluster(void *context, const char *name, uint32_t *cpus)
{
	return sys_cluster(&((struct reading *)context)->system->config, name, cpus);
}

static bool partition(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES])
{
	return sys_partition_named(&((struct reading *)context)->system->config, name, id, names);
}

/* Describes a vdev type that is not built in, from its file. */
static bool describe_vdev(void *context, const char *type, struct qvmconf_vdev_file *description)
{
	static char text[224]; /* must stay */
	struct reading *reading = context;
	const struct vdev_file *f = vdevs_find(&reading->system->vdevs, type);

	if (!f)
		return false;
	snprintf(text, sizeof(text), "%s: %s", f->name, f->wrong);
	*description = (struct qvmconf_vdev_file){f->wrong[0] ? text : NULL, f->read.type};
	return true;
}

static void send_message(void *context, const char *line)
{
	((struct reading *)context)->messages++;
	message_send(line);
}

/* The words of qvm's command line: the file, and what `args` adds. */
unsigned system_read_vm(struct system *s, const char *path, const struct sys_vm *vm, struct qvm_config *config,
			struct file *file)
{
	struct reading reading = {s, vm, path, file, 0};
	struct qvmconf_host host = {.context = &reading,
				    .name = vm ? vm->own.name : NULL,
				    .read = read_conf,
				    .env = env,
				    .asinfo = asinfo,
				    .asinfo_why = asinfo_why,
				    .cluster = cluster,
				    .partition = partition,
				    .vdev = describe_vdev,
				    .message = send_message};
	const char *words[1 + SYS_ARGS_MAX];
	char word[4096];
	int count = 0;

	if (snprintf(word, sizeof(word), "@%s", path) >= (int)sizeof(word))
		return 1;
	words[count++] = word;
	for (unsigned i = 0; vm && i < vm->own.arg_count; i++)
		words[count++] = vm->own.args[i];
	return qvmconf_read(config, count, words, &host) == 0 ? 0 : reading.messages;
}

static bool locate_place(void *context, const struct sys_place *place, char *text, size_t bytes)
{
	const struct system *s = context;

	return s->lines && lines_find(s->lines, place, text, bytes);
}

static void send_line(void *context, const char *line)
{
	(void)context;
	message_send(line);
}

static struct sys_report system_report(struct system *s)
{
	return (struct sys_report){.file = "system.dts", .locate = locate_place, .message = send_line, .context = s};
}

struct demand {
	struct system *system;
	const char *path;
};

static void demand(void *context, const char *text)
{
	const struct demand *d = context;

	message("%s: %s; docs/porting.md says what a board must have", d->path, text);
	d->system->mistakes++;
}

unsigned system_read_board(struct system *s, const char *path)
{
	struct demand d = {s, path};
	const char *wrong = file_read(path, FILE_DATA_MAX, &s->board_file);

	if (!wrong)
		wrong =
		    sys_board_read_with(&s->board, s->board_file.data, s->board_file.bytes, s->memory, s->memory_count);
	if (wrong) {
		message("%s: %s; give %s", path, wrong,
			s->board.node_count && s->board.ram_count == 0
			    ? "the memory that the firmware fills in, by --memory START,SIZE"
			    : "the board's device tree blob");
		return ++s->mistakes;
	}
	s->board.cpus = sys_board_cpus(&s->board);
	sys_board_demands(&s->board, demand, &d);
	/* QEMU's tree does not say how many interrupts its GIC has. */
	if (sys_board_is(&s->board, "linux,dummy-virt"))
		s->board.intid_limit = QEMU_VIRT_INTIDS;
	s->board_given = true;
	return s->mistakes;
}

void system_where(const struct system *s, const struct sys_place *place, char *text, size_t bytes)
{
	char where[96] = "system.dts";

	lines_find(s->lines, place, where, sizeof(where));
	snprintf(text, bytes, "[%s] /%s%s%s", where, place->folder, *place->name ? "/" : "", place->name);
}

static unsigned read_vms(struct system *s, struct sys_report *report)
{
	unsigned mistakes = 0;
	char path[4096], where[160];

	for (unsigned i = 0; i < s->config.vm_count; i++) {
		const struct sys_vm *vm = &s->config.vms[i];
		unsigned wrong;

		if (!vm->config)
			continue; /* which was reported */
		if (snprintf(path, sizeof(path), "%s/%s", s->directory, vm->config) >= (int)sizeof(path))
			return mistakes + 1;
		if (access(path, R_OK) != 0) {
			system_where(s, &(struct sys_place){"vms", vm->own.name, "config"}, where, sizeof(where));
			message("%s: its configuration %s cannot be read: %s", where, vm->config, strerror(errno));
			mistakes++;
			continue;
		}
		if (!vdevs_may_read(&s->vdevs, path)) {
			system_where(s, &(struct sys_place){"vms", vm->own.name, "config"}, where, sizeof(where));
			message("%s: its configuration %s: %s", where, vm->config, FILE_OUTSIDE);
			mistakes++;
			continue;
		}
		wrong = system_read_vm(s, path, vm, &s->vms[i], &s->conf_files[i]);
		s->vm_good[i] = !wrong;
		if (!wrong) {
			sys_vm_needs(&s->needs[i], vm, &s->vms[i]);
			sys_check_sharing(&s->config, i, &s->vms[i], &s->sharing, report);
		}
		mistakes += wrong;
	}
	return mistakes;
}

unsigned system_read(struct system *s, const char *directory)
{
	struct sys_report report = system_report(s);
	const char *folders[1 + PATHS_MAX] = {directory};
	struct file annotated;
	char path[4096];

	s->directory = s->vdevs.directory = directory;
	if (snprintf(path, sizeof(path), "%s/system.dts", directory) >= (int)sizeof(path))
		return ++s->mistakes;
	if (access(path, R_OK) != 0) {
		message("%s: %s; a system directory has a file system.dts", path, strerror(errno));
		return ++s->mistakes;
	}
	for (unsigned i = 0; i < s->vdevs.path_count; i++)
		folders[1 + i] = s->vdevs.paths[i];
	if (file_compile(path, folders, 1 + s->vdevs.path_count, &s->dtb, &annotated) != 0)
		return ++s->mistakes;
	s->lines = lines_read((const char *)annotated.data);
	free(annotated.data);
	s->read = true;
	sys_read(&s->config, s->dtb.data, s->dtb.bytes, &report);
	s->mistakes += read_vms(s, &report);
	sys_reserve(&s->config, s->needs);
	s->mistakes += report.mistakes;
	return s->mistakes;
}

unsigned system_check(struct system *s, uint64_t taken)
{
	struct sys_report report = system_report(s);
	struct sys_board *board = s->board_given ? &s->board : NULL;

	if (board)
		board->ram_bytes -= taken < board->ram_bytes ? taken : board->ram_bytes;
	s->mistakes += sys_check(&s->config, board, s->needs, &s->claims, &report);
	return s->mistakes;
}

static void map_line(void *context, const char *line)
{
	(void)context;
	message_map_line(line);
}

void system_map(struct system *s)
{
	static struct plan plan;
	uint32_t cpus = s->board_given && s->board.cpus < CPU_MAX ? (1u << s->board.cpus) - 1 : (1u << CPU_MAX) - 1;
	const struct sys_map map = {&s->config, &s->claims, &plan, cpus, {0, 0}, s->needs, s->board_given};

	if (!plan_system(&plan, &s->config, s->needs))
		sys_map(&map, map_line, NULL);
}

void system_free(struct system *s)
{
	for (unsigned i = 0; i < SYS_VMS_MAX; i++)
		free(s->conf_files[i].data);
	for (unsigned i = 0; i < s->more_count; i++)
		free(s->more_files[i].data);
	lines_free(s->lines);
	vdevs_free(&s->vdevs);
	free(s->dtb.data);
	free(s->board_file.data);
	free(s);
}
