/* SPDX-License-Identifier: Apache-2.0 */
/* The types of vdevs whose options are known without looking into a plug-in file. */
#include "internal.h"
#include "vdevconf.h"
#include <string.h>

static const char *pl011_check(const char *option, const char *value)
{
	struct pl011_hostdev hostdev;

	return strcmp(option, "hostdev") == 0 ? pl011_hostdev(value, &hostdev) : NULL;
}

static const char *shmem_check(const char *option, const char *value)
{
	struct shmem_create create;

	return strcmp(option, "create") == 0 ? shmem_create(value, &create) : shmem_pattern(value);
}

/* No name is created twice. */
static void shmem_complete(struct qc_reader *r, const struct qvm_vdev *vdev)
{
	const struct qvm_vdev_option *options = &r->config->vdev_options[vdev->option_first];

	for (unsigned i = 0; i < vdev->option_count; i++) {
		struct shmem_create late, early;
		char text[QC_WHERE_MAX];

		if (strcmp(options[i].name, "create") != 0 || shmem_create(options[i].value, &late))
			continue;
		for (unsigned j = 0; j < i; j++) {
			if (strcmp(options[j].name, "create") == 0 && !shmem_create(options[j].value, &early) &&
			    early.name_bytes == late.name_bytes && memcmp(early.name, late.name, late.name_bytes) == 0)
				qc_mistake(r, &options[i].place, "'create %.*s' stands%s already; keep one",
					   (int)late.name_bytes, late.name, qc_where(&options[j].place, text));
		}
	}
}

/* Those that are refused as a whole: their options are known so that they can be passed over. */
#define NO_ARGUMENT(name) "0" name "\0"
#define ELSEWHERE(name, state, options)                                      \
	{                                                                    \
		name, state, options, NULL, 0, false, NULL, NULL, NULL, NULL \
	}

static const struct qc_vdev_type types[] = {
    {"pl011", QC_HERE, "batch\0delayed\0hostdev\0", "batch\0delayed\0", QVM_PAGE, false, "hostdev", "-", pl011_check,
     NULL},
    {"shmem", QC_HERE, "create\0allow\0deny\0", NULL, QVM_PAGE, true, NULL, NULL, shmem_check, shmem_complete},
    ELSEWHERE("progress", QC_LATER, ""),
    ELSEWHERE("ser8250", QC_LATER, "hostdev\0delayed\0batch\0"),
    ELSEWHERE("smmu", QC_LATER, ""),
    ELSEWHERE("trace", QC_LATER, NO_ARGUMENT("emit-logger") "emit-trace\0"),
    ELSEWHERE("virtio-blk", QC_LATER, "hostdev\0delayed\0dio\0threads\0" NO_ARGUMENT("legacy")),
    ELSEWHERE("virtio-console", QC_LATER, "hostdev\0delayed\0" NO_ARGUMENT("legacy")),
    ELSEWHERE("virtio-entropy", QC_LATER, "delayed\0"),
    ELSEWHERE("virtio-fs", QC_LATER, "host_path\0tag\0num_req_queues\0directio\0"),
    ELSEWHERE("virtio-gpu", QC_LATER, "scanout-width\0scanout-height\0scanout-display\0"),
    ELSEWHERE("virtio-input", QC_LATER,
	      "screen\0display\0window\0size\0offset\0protocol\0options\0zorder\0pipeline\0global_alpha\0"
	      "force_dev_presence\0"),
    ELSEWHERE("virtio-net", QC_LATER, "mac\0peer\0peerfeats\0bind-mode\0tapdev\0" NO_ARGUMENT("legacy")),
    ELSEWHERE("virtio-vsock", QC_LATER, ""),
    ELSEWHERE("wdt-sp805", QC_LATER, "action\0frequency\0"),
    ELSEWHERE("xhci", QC_LATER, ""),
    ELSEWHERE("8259", QC_X86, ""),
    ELSEWHERE("apic", QC_X86, ""),
    ELSEWHERE("hpet", QC_X86, "intrmap\0frequency\0"),
    ELSEWHERE("ioapic", QC_X86, ""),
    ELSEWHERE("mc146818", QC_X86, "reg\0"),
    ELSEWHERE("pci-dummy", QC_X86, "reg\0clone\0"),
    ELSEWHERE("pckeyboard", QC_X86, ""),
    ELSEWHERE("timer8254", QC_X86, ""),
    ELSEWHERE("wdt-ib700", QC_X86, "action\0"),
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const struct qc_vdev_type *qc_vdev_type(const char *name)
{
	for (unsigned i = 0; i < TYPES; i++) {
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	}
	return NULL;
}

unsigned qc_vdev_names(const char **names, unsigned room)
{
	unsigned count = 0;

	names[count++] = "gic";
	for (unsigned i = 0; i < TYPES && count < room; i++)
		names[count++] = types[i].name;
	return count;
}

const char *qc_list_find(const char *list, const char *word, bool *argument)
{
	for (; *list; list += strlen(list) + 1) {
		*argument = *list != '0';
		if (strcmp(list + !*argument, word) == 0)
			return list + !*argument;
	}
	return NULL;
}
