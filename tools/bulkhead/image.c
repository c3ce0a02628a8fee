/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead image`: see image.h. */
#include "image.h"
#include "archive.h"
#include "cpio.h"
#include "guest.h"
#include "message.h"
#include "unpack.h"
#include <elfimage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysplan.h>
#include <unistd.h>

/* How to get a file that is not there: a device tree whose source is there is to be compiled. */
static void report_absent(const char *directory, const char *name, const char *who)
{
	char source[4096];
	size_t bytes = strlen(name);

	if (bytes > 4 && strcmp(name + bytes - 4, ".dtb") == 0 &&
	    snprintf(source, sizeof(source), "%s/%.*s.dts", directory, (int)bytes - 4, name) < (int)sizeof(source) &&
	    access(source, R_OK) == 0)
		message("%s names the file '%s', which is not there; compile it: dtc -O dtb -o %s/%s %s", who, name,
			directory, name, source);
	else
		message("%s names the file '%s', which is not there; put it into %s or give it with -f PATH=%s", who,
			name, directory, name);
}

/* A file that the system names. */
static struct entry *need(struct image *image, const char *name, const char *who)
{
	struct entry *entry = archive_entry(image, name);
	char buffer[4096];
	const char *path;

	if (entry)
		return entry;
	path = vdevs_locate(&image->system->vdevs, name, buffer, sizeof(buffer));
	if (path && vdevs_may_read(&image->system->vdevs, path))
		return archive_add_file(image, name, path);
	if (path)
		message("%s names the file '%s': %s", who, name, FILE_OUTSIDE);
	else
		report_absent(image->system->directory, name, who);
	image->mistakes++;
	return NULL;
}

/* Checks a program as procmgr does. Returns how much `memory` it needs at least, with such a heap. */
static uint64_t check_program(struct image *image, const struct entry *program, uint64_t heap, const char *who)
{
	struct elf_image elf;
	const char *wrong = elf_image_parse(program->data, program->bytes, &elf);

	if (!wrong || image->arguments->no_check)
		return wrong ? 0 : elf.copy_bytes + STACK_BYTES + heap;
	message("%s: program '%s': %s", who, program->name, wrong);
	image->mistakes++;
	return 0;
}

static void check_memory(struct image *image, const char *who, const char *program, uint64_t needed, const char *why,
			 uint64_t given)
{
	if (needed <= given || image->arguments->no_check)
		return;
	message("%s: program '%s' needs at least %llu bytes of memory%s, but 'memory' gives it %llu; raise it", who,
		program, (unsigned long long)needed, why, (unsigned long long)given);
	image->mistakes++;
}

/* Unpacks a packed kernel. False, after a message: it is damaged, or another `load` needs it packed. */
static bool unpack_entry(struct image *image, struct entry *entry, const char *where)
{
	const char *kind = unpack_kind(entry->data, entry->bytes), *wrong;
	struct file unpacked;

	if (entry->kind || !kind)
		return true;
	wrong = entry->seen ? "another 'load' needs it packed; load a copy with another name"
			    : unpack(entry->data, entry->bytes, &unpacked);
	if (wrong) {
		message("%s: '%s' (%s) cannot be unpacked: %s; load a plain Image or ELF file, or fetch the file again",
			where, entry->name, kind, wrong);
		image->mistakes++;
		return false;
	}
	message_good("%s: '%s' (%s) is unpacked: %zu bytes\n", where, entry->name, kind, unpacked.bytes);
	free(entry->owned);
	entry->owned = unpacked.data;
	entry->data = unpacked.data;
	entry->bytes = unpacked.bytes;
	entry->kind = kind;
	return true;
}

/* The file of a `load`, for guest_check(). */
static bool find_load(void *context, const struct qvm_load *load, bool start, struct guest_file *file)
{
	struct image *image = context;
	struct entry *entry;
	char who[160];

	snprintf(who, sizeof(who), "[%s:%u] 'load'", load->place.file, (unsigned)load->place.line);
	entry = need(image, load->path, who);
	if (!entry)
		return false;
	if (start && !unpack_entry(image, entry, who))
		return false;
	if (!start && entry->kind) {
		message("%s: '%s' was unpacked for another 'load'; load a copy with another name", who, entry->name);
		image->mistakes++;
		return false;
	}
	entry->seen = true;
	*file = (struct guest_file){entry->data, entry->bytes};
	return true;
}

/* Adds the file of a virtual device, after the target's checks. Returns how much more memory qvm needs for it. */
static uint64_t collect_vdev(struct image *image, const struct qvm_vdev *vdev)
{
	const struct vdev_file *f = vdevs_find(&image->system->vdevs, vdev->type);

	if (!f) {
		message("[%s:%u] 'vdev %s' names the file 'vdev-%s.so', which is not there; put it into %s or give it "
			"with -f PATH",
			vdev->place.file, (unsigned)vdev->place.line, vdev->type, vdev->type, image->system->directory);
		image->mistakes++;
		return 0;
	}
	if (f->wrong[0]) {
		message("[%s:%u] %s: %s", vdev->place.file, (unsigned)vdev->place.line, f->name, f->wrong);
		image->mistakes++;
		return 0;
	}
	if (!archive_entry(image, f->name))
		archive_add(image, f->name, f->file.data, f->file.bytes);
	return f->read.image.copy_bytes;
}

/* With --no-check, files that the target would refuse are collected, too. */
static void collect_loads(struct image *image, const struct qvm_config *config)
{
	struct guest_file file;

	for (unsigned i = 0; i < config->load_count && image->arguments->no_check; i++)
		find_load(image, &config->loads[i], false, &file);
	if (!image->arguments->no_check)
		image->mistakes += guest_check(config, find_load, image, false);
}

/* Several devices of one type share its file. */
static bool is_first_of_type(const struct qvm_config *config, unsigned vdev)
{
	for (unsigned i = 0; i < vdev; i++) {
		if (strcmp(config->vdevs[i].type, config->vdevs[vdev].type) == 0)
			return false;
	}
	return true;
}

/* Further configurations. */
static void collect_args(struct image *image, const struct sys_owner *own)
{
	const struct sys_place place = {"vms", own->name, "args"};
	char who[160];

	system_where(image->system, &place, who, sizeof(who));
	for (unsigned i = 0; i < own->arg_count; i++) {
		if (own->args[i][0] == '@')
			need(image, own->args[i] + 1, who);
	}
}

/* `needed`: the memory that qvm needs without vdevs; 0: its file is missing or wrong. */
static void collect_vm(struct image *image, unsigned v, uint64_t needed)
{
	struct system *s = image->system;
	const struct qvm_config *config = &s->vms[v];
	const struct sys_place place = {"vms", s->config.vms[v].own.name, "memory"};
	char who[160];

	if (s->config.vms[v].config && !archive_entry(image, s->config.vms[v].config))
		archive_add(image, s->config.vms[v].config, s->conf_files[v].data, s->conf_files[v].bytes);
	/* Mistakes that only follow from one in the configuration are not reported. */
	if (!s->vm_good[v] && !image->arguments->no_check)
		return;
	collect_args(image, &s->config.vms[v].own);
	collect_loads(image, config);
	for (unsigned i = 0; i < config->vdev_count; i++) {
		uint64_t more = collect_vdev(image, &config->vdevs[i]);

		needed += is_first_of_type(config, i) ? more : 0;
	}
	system_where(s, &place, who, sizeof(who));
	check_memory(image, who, VM_PROGRAM, needed, "", s->config.vms[v].own.memory);
}

static void collect_process(struct image *image, unsigned index)
{
	const struct sys_process *p = &image->system->config.processes[index];
	const struct sys_place place = {"processes", p->own.name, "program"};
	const struct entry *program;
	char who[160], why[SYS_WHY_MAX];
	uint64_t heap;

	if (!p->program)
		return; /* which was reported */
	system_where(image->system, &place, who, sizeof(who));
	program = need(image, p->program, who);
	if (!program)
		return;
	heap = sys_heap_least(&image->system->config, image->system->needs, index, why);
	check_memory(image, who, p->program, check_program(image, program, heap, who), why, p->own.memory);
}

/* Adds the program of all VMs, and its certified variant if it is there, which then counts. Returns how much memory it
 * needs. */
static uint64_t collect_qvm(struct image *image)
{
	const struct entry *plain, *certified = NULL;
	uint64_t needed;
	char who[160], path[4096];

	system_where(image->system, &(struct sys_place){"vms", "", NULL}, who, sizeof(who));
	plain = need(image, VM_PROGRAM, who);
	if (vdevs_locate(&image->system->vdevs, SAFETY_PROGRAM, path, sizeof(path)))
		certified = need(image, SAFETY_PROGRAM, who);
	needed = plain ? check_program(image, plain, HEAP_MIN, who) : 0;
	return certified ? check_program(image, certified, HEAP_MIN, who) : needed;
}

/* Collects the files that the system names. */
static void collect_system(struct image *image)
{
	struct system *s = image->system;
	uint64_t qvm_needs;

	archive_add(image, "system.dtb", s->dtb.data, s->dtb.bytes);
	for (unsigned i = 0; i < s->config.process_count; i++)
		collect_process(image, i);
	qvm_needs = s->config.vm_count ? collect_qvm(image) : 0;
	for (unsigned i = 0; i < s->config.vm_count; i++)
		collect_vm(image, i, qvm_needs);
}

/* Collects the other files of the command line. */
static void collect_extras(struct image *image)
{
	const struct system *s = image->system;

	for (unsigned i = 0; i < s->vdevs.extra_count; i++) {
		const struct extra_file *extra = &s->vdevs.extras[i];
		char type[VDEVFILE_NAME_MAX];
		bool safety;

		/* A file of a vdev that no VM has is left out. */
		if (extra->used || vdevfile_name(extra->name, type, &safety))
			continue;
		if (archive_entry(image, extra->name)) {
			message("%s: the archive has a file '%s' already; give another name with -f PATH=NAME",
				extra->path, extra->name);
			image->mistakes++;
		} else {
			archive_add_file(image, extra->name, extra->path);
		}
	}
}

int image_build(struct system *s, const struct arguments *a)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return -1;
	image->system = s;
	image->arguments = a;
	if (!a->no_check)
		image->mistakes = s->mistakes;
	collect_system(image);
	collect_extras(image);
	return archive_finish(image, a->output);
}

unsigned image_check(struct system *s, const struct arguments *a)
{
	struct image *image = calloc(1, sizeof(*image));
	unsigned mistakes;

	if (!image)
		return 1;
	image->system = s;
	image->arguments = a;
	collect_system(image);
	mistakes = image->mistakes;
	for (unsigned i = 0; i < image->entry_count; i++)
		free(image->entries[i].owned);
	free(image);
	return mistakes;
}

/* Collects all files of an archive, except those that are made again. */
static void collect_archive(struct image *image, const struct file *archive, const char *path)
{
	struct cpio_file file;
	size_t offset = 0;
	int status;

	while ((status = cpio_next(archive->data, archive->bytes, &offset, &file)) == 1) {
		const char *name = cpio_plain_name(file.name);

		if ((file.mode & CPIO_TYPE) == CPIO_REGULAR && strcmp(name, PAD_NAME) != 0 &&
		    strcmp(name, MANIFEST_FILE) != 0 && strcmp(name, MANIFEST_SIGNATURE) != 0 &&
		    !archive_add(image, name, file.data, file.bytes))
			return;
	}
	if (status != 0) {
		message("%s: this is not a boot archive, or it is damaged", path);
		image->mistakes++;
	}
}

int image_sign(const struct arguments *a)
{
	struct image *image = calloc(1, sizeof(*image));
	struct file archive;
	const char *wrong;
	int status;

	if (!image)
		return -1;
	wrong = file_read(a->input, FILE_DATA_MAX, &archive);
	if (wrong) {
		message("%s: %s", a->input, wrong);
		free(image);
		return -1;
	}
	image->arguments = a;
	collect_archive(image, &archive, a->input);
	status = archive_finish(image, a->input);
	free(archive.data);
	return status;
}
