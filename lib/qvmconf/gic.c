/* SPDX-License-Identifier: Apache-2.0 */
/* `vdev gic`: the interrupt controller, which each VM has whether it is written or not. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

/* Frames of a GIC lie at multiples of 64 KiB (Arm IHI 0069, 12.1). */
#define FRAME 0x10000u

static void frame(struct qc_reader *r, const struct qc_option *option, uint64_t *value)
{
	const char *text = qc_argument(r, option);
	uint64_t read;

	if (!text)
		return;
	if (strncmp(text, "mem:", 4) == 0)
		text += 4;
	if (!qc_address(text, strlen(text), &read))
		qc_mistake(r, &r->word_place, "'%.64s' is not an address in memory: write it as 0x1c090000", text);
	else if (read % FRAME || read >= QVM_IPA_LIMIT)
		qc_mistake(r, &r->word_place, "address 0x%" PRIx64 " of '%s' is not a multiple of 0x%x below 0x%llx",
			   read, option->name, FRAME, QVM_IPA_LIMIT);
	else
		*value = read;
}

static void gic_version(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);

	if (text && strcmp(text, "3") != 0)
		qc_mistake(r, &r->option_place, "Unsupported GIC version: %.16s", text);
}

static void gic_gicd(struct qc_reader *r, const struct qc_option *option)
{
	frame(r, option, &r->config->gic.gicd);
}

static void gic_gicr(struct qc_reader *r, const struct qc_option *option)
{
	frame(r, option, &r->config->gic.gicr);
}

static void gic_name(struct qc_reader *r, const struct qc_option *option)
{
	const char *name = qc_vdev_name(r, option);

	if (name && r->config->vdev_count)
		qc_mistake(r, &r->option_place,
			   "'vdev gic' gets its name too late: put it before the vdevs that name it");
	if (name)
		r->config->gic.name = name;
}

const struct qc_option qc_gic_options[] = {
    {"version", "3", gic_version, 0, 0, NULL},
    {"loc", "the address of the distributor", gic_gicd, 0, 0, NULL},
    {"gicd", "the address of the distributor", gic_gicd, 0, 0, NULL},
    {"gicr", "the address of the redistributors", gic_gicr, 0, 0, NULL},
    {"name", "a name", gic_name, 0, 0, NULL},
    {"gicc", NULL, NULL, 1, 0, NULL},
    {"its", NULL, NULL, 1, 0, NULL},
    {"its-prealloc", NULL, NULL, 1, 0, NULL},
    {"num-lpis", NULL, NULL, 1, 0, NULL},
    {"msi", NULL, NULL, 1, 0, NULL},
    {"host-gicd", NULL, NULL, 1, 0, NULL},
    {"host-gich", NULL, NULL, 1, 0, NULL},
    {"host-gicr", NULL, NULL, 1, 0, NULL},
    {"host-gicv", NULL, NULL, 1, 0, NULL},
    {"hostvector", NULL, NULL, 1, 0, NULL},
    {"log", NULL, NULL, 2, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

void qc_gic(struct qc_reader *r)
{
	if (r->gic_given) {
		qc_mistake(r, &r->option_place, "a second 'vdev gic': a VM has one; write its options at the first");
		return;
	}
	r->gic_given = true;
	r->context = QC_GIC;
}
