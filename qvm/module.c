/* SPDX-License-Identifier: Apache-2.0 */
/* Relocates the files of vdevs, and runs their constructors. */
#include "qvm/module.h"
#include "qvm/vdev.h"
#include <bulkhead/client.h>
#include <bulkhead/kernel.h>
#include <bulkhead/thread.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/hostdev.h>
#include <qvm/vdev-fdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void __stack_chk_fail(void);

static struct module modules[MODULES_MAX];
static unsigned module_count;

static bool lookup_export(const char *name, uint64_t *address)
{
	/* The names in one text: a pointer to each would be three times as long. */
#define QVM_EXPORT(symbol) #symbol "\0"
	static const char names[] =
#include <qvm/exports.def>
	    ;
#undef QVM_EXPORT
#define QVM_EXPORT(symbol) (const void *)&symbol,
	static const void *const addresses[] = {
#include <qvm/exports.def>
	};
#undef QVM_EXPORT
	const char *n = names;

	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++, n += strlen(n) + 1) {
		if (strcmp(n, name) == 0) {
			*address = (uint64_t)(uintptr_t)addresses[i];
			return true;
		}
	}
	return false;
}

/* What the constructors have registered must be what the file's name and note say, since others have relied on that. */
static const char *check_factory(struct module *m, unsigned before)
{
	unsigned count;
	struct vdev_factory *factory = vdev_factory_newest(&count);

	if (count != before + 1)
		return count == before ? "it has registered no vdev" : "it has registered more than one vdev";
	if (!factory->name)
		factory->name = m->name;
	if (strcmp(factory->name, m->name) != 0)
		return "the vdev that it has registered has another name than the file";
	if (factory->safety != (m->file.type.flags & VDEV_NOTE_SAFETY ? VDEV_SAFETY_SELECTED : VDEV_SAFETY_NONE))
		return "its factory and its note differ in what they say about safety";
	return qvmconf_vdev_differs(m->name, &m->file.type);
}

static const char *prepare_module(struct module *m, const void *file, size_t bytes, uint8_t *base)
{
	const uint64_t address = (uint64_t)(uintptr_t)base;
	const char *wrong = vdevfile_read(&m->file, file, bytes);

	if (!wrong)
		wrong = vdevfile_relocate(&m->file, base, address, lookup_export);
	if (!wrong && m->file.relro_bytes != 0 &&
	    MemProtect_r(SPACE_SELF, address + m->file.relro, m->file.relro_bytes, PROT_R) < 0)
		wrong = "the kernel does not protect its constants";
	return wrong;
}

const char *module_load(const char *path, const void *file, size_t bytes, uint8_t *base)
{
	struct module *m = &modules[module_count];
	const char *wrong;
	unsigned before;
	bool safety;

	if (module_count == MODULES_MAX)
		return "there are too many vdev files";
	if (!vdevfile_name(path, m->name, &safety))
		return "its name is not vdev-NAME.so";
	wrong = prepare_module(m, file, bytes, base);
	if (wrong)
		return wrong;
	(void)vdev_factory_newest(&before);
	for (unsigned i = 0; i < m->file.init_bytes / 8; i++) {
		const uint64_t constructor = vdevfile_constructor(&m->file, base, (uint64_t)(uintptr_t)base, i);

		if (constructor == 0)
			return "a constructor does not lie in its code";
		((void (*)(void))(uintptr_t)constructor)();
	}
	module_count++;
	return check_factory(m, before);
}
