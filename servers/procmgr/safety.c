/* SPDX-License-Identifier: Apache-2.0 */
#include "safety.h"
#include "boot.h"
#include "log.h"
#include "manifest.h"
#include "qvm/vdev-core.h"
#include "vdevfile.h"
#include "verify.h"
#include <stdio.h>

static unsigned unmet;
static struct vdevfile reading; /* too long for a stack */

unsigned safety_unmet(void)
{
	return unmet;
}

const char *safety_program(void)
{
	return verify_listed(SAFETY_PROGRAM) ? SAFETY_PROGRAM : VM_PROGRAM;
}

/* The level that holds where a configuration says nothing is that of the system description. */
static enum qvm_safety level_of(enum qvm_safety given)
{
	return given == QVM_SAFETY_DEFAULT ? config.safety : given;
}

void safety_lacks(enum qvm_safety given)
{
	if (level_of(given) == QVM_SAFETY_REQUIRED)
		unmet++;
}

/* `what` is no certified variant: warns, or counts an error, as the VM wants it. */
static void report_component(const struct slot *slot, enum qvm_safety level, const char *what, const char *why)
{
	if (level == QVM_SAFETY_REQUIRED) {
		unmet++;
		log_line(SLOG_ERROR, "%s: error: %s is not a safety variant: %s", slot->name, what, why);
	} else if (level == QVM_SAFETY_WARN) {
		log_line(SLOG_WARN, "%s: warning: %s is not a safety variant: %s", slot->name, what, why);
	}
}

/* Why the file of this type is no safety variant, or NULL. */
static const char *judge_vdev(const char *type, const void *archive, size_t bytes)
{
	struct cpio_file file;
	char name[VDEVFILE_NAME_MAX];
	bool safety = false;
	const char *wrong;

	if (vdevfile_find(archive, bytes, type, &file) != 0)
		return "its file is not in the boot archive";
	wrong = verify_find(file.name, &file);
	if (wrong)
		return wrong;
	if (!vdevfile_name(file.name, name, &safety) || !safety)
		return "the boot archive has no file of it with -safety in its name";
	if (vdevfile_read(&reading, file.data, file.bytes) != NULL || !(reading.type.flags & VDEV_NOTE_SAFETY))
		return "its file's name says so, but it was not compiled with VDEV_SAFETY";
	return verify_certified(file.name) ? NULL : "the signed " MANIFEST_FILE " does not list it as certified";
}

static const char *judge_program(const struct slot *slot)
{
	struct cpio_file file;
	const char *wrong = verify_find(slot->program, &file);

	if (!wrong && slot->program[sizeof(VM_PROGRAM) - 1] == '\0')
		wrong = "there is no file " SAFETY_PROGRAM;
	if (!wrong && !verify_certified(slot->program))
		wrong = "the signed " MANIFEST_FILE " does not list it as certified";
	return wrong;
}

/* Hashed once, and only if a VM asks for it. */
static const char *judge_kernel(void)
{
	static const char *wrong;
	static bool known;

	if (!known)
		wrong = verify_kernel((const void *)BOOT_IMAGE, boot->image_bytes);
	known = true;
	if (!wrong && !verify_certified(MANIFEST_KERNEL))
		wrong = "the signed " MANIFEST_FILE " does not list it as certified";
	return wrong;
}

void safety_judge_dma(const struct slot *slot, const struct sys_owner *own, enum qvm_safety given)
{
	const enum qvm_safety level = level_of(given);

	if (!own->dma_uncontained || level < QVM_SAFETY_WARN)
		return;
	unmet += level == QVM_SAFETY_REQUIRED;
	log_line(level == QVM_SAFETY_REQUIRED ? SLOG_ERROR : SLOG_WARN,
		 "%s: %s: it is dma-uncontained: its devices reach all memory, also that of certified components",
		 slot->name, level == QVM_SAFETY_REQUIRED ? "error" : "warning");
}

void safety_judge(const struct slot *slot, const struct qvm_config *vm, const void *archive, size_t bytes)
{
	enum qvm_safety last = level_of(vm->safety);
	const char *why;
	char what[160];

	for (unsigned i = 0; i < vm->vdev_count; i++) {
		const struct qvm_vdev *vdev = &vm->vdevs[i];
		enum qvm_safety level = level_of(vdev->safety);

		if (level < QVM_SAFETY_WARN)
			continue;
		why = judge_vdev(vdev->type, archive, bytes);
		snprintf(what, sizeof(what), "[%s:%u] vdev %s", vdev->place.file, (unsigned)vdev->place.line,
			 vdev->type);
		if (why)
			report_component(slot, level, what, why);
	}
	safety_judge_dma(slot, &slot->vm->own, vm->safety);
	if (last < QVM_SAFETY_WARN)
		return;
	why = judge_program(slot);
	if (why)
		report_component(slot, last, slot->program, why);
	why = judge_kernel();
	if (why)
		report_component(slot, last, "the kernel's Image", why);
}
