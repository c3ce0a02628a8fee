/* SPDX-License-Identifier: Apache-2.0 */
/* `vdev gic`: the interrupt controller, which each VM has whether it is written or not. */
#include "internal.h"
#include <string.h>

static void frame(struct qc_reader *r, const struct qc_option *option, uint64_t *value)
{
	qc_mem_place(r, option, GIC_FRAME, 1, value);
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

/* The number of the host's interrupt that belongs to line 0, for `pass intr` without `=`. */
static void gic_hostvector(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);
	uint64_t number;

	if (!text)
		return;
	if (number_plain(text, strlen(text), &number) && number <= QVM_SPI_LAST)
		r->config->gic.hostvector = (uint32_t)number;
	else
		qc_mistake(r, &r->word_place, "'%.64s' is not a host interrupt: 0 to 1019", text);
}

#define V2         "belongs to a GICv2: a guest has a GICv3"
#define FROM_BOARD "is not used: the kernel takes it from the board's device tree"

const struct qc_option qc_gic_options[] = {
    OPTION("version", "3", gic_version),
    OPTION("loc", "the address of the distributor", gic_gicd),
    OPTION("gicd", "the address of the distributor", gic_gicd),
    OPTION("gicr", "the address of the redistributors", gic_gicr),
    OPTION("name", "a name", gic_name),
    OPTION("hostvector", "the number of a host interrupt", gic_hostvector),
    REFUSED("gicc", 1, V2),
    REFUSED("msi", 1, V2),
    REFUSED("its", 1, NULL),
    REFUSED("its-prealloc", 1, NULL),
    REFUSED("num-lpis", 1, NULL),
    REFUSED("host-gicd", 1, FROM_BOARD),
    REFUSED("host-gich", 1, FROM_BOARD),
    REFUSED("host-gicr", 1, FROM_BOARD),
    REFUSED("host-gicv", 1, FROM_BOARD),
    REFUSED("log", 2, "is not supported yet"),
    OPTIONS_END,
};

void qc_gic(struct qc_reader *r)
{
	if (r->gic_given) {
		qc_mistake(r, &r->option_place, "a second 'vdev gic': a VM has one; write its options at the first");
		return;
	}
	r->gic_given = true;
	r->gic_place = r->option_place;
	r->context = QC_GIC;
}
