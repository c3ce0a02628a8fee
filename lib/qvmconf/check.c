/* SPDX-License-Identifier: Apache-2.0 */
/* What can be checked only when all has been read: what is missing, and what clashes with what. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AREAS_MAX (2 + QVM_MEM_MAX + QVM_VDEVS_MAX + QVM_PASSES_MAX)
#define LINES_MAX (QVM_VDEVS_MAX * QVM_VDEV_INTRS_MAX + QVM_PASS_INTRS_MAX)

/* A piece of an address space and who has it. */
struct area {
	uint64_t start, bytes;
	const char *what, *type;       /* said one after the other */
	const struct qvm_place *place; /* NULL: it is there without being written */
};

static unsigned guest_areas(const struct qc_reader *r, struct area *areas)
{
	const struct qvm_place *gic = r->gic_given ? &r->gic_place : NULL;
	const struct qvm_config *c = r->config;
	unsigned n = 0;

	areas[n++] = (struct area){c->gic.gicd, QVM_GICD_BYTES, "the GIC's distributor", "", gic};
	areas[n++] = (struct area){c->gic.gicr, QVM_GICR_BYTES * c->cpu_count, "the GIC's redistributors", "", gic};
	for (unsigned i = 0; i < c->mem_count; i++)
		areas[n++] = (struct area){c->mem[i].start, c->mem[i].bytes, c->mem[i].kind == QVM_RAM ? "ram" : "rom",
					   "", &c->mem[i].place};
	for (unsigned i = 0; i < c->pass_count; i++)
		areas[n++] = (struct area){c->passes[i].start, c->passes[i].bytes, "pass", "", &c->passes[i].place};
	for (unsigned i = 0; i < c->vdev_count; i++) {
		const struct qvm_vdev *vdev = &c->vdevs[i];

		if (vdev->loc_given && vdev->loc < SPACE_LIMIT)
			areas[n++] = (struct area){vdev->loc, vdev->bytes, "vdev ", vdev->type, &vdev->place};
	}
	return n;
}

static unsigned host_areas(const struct qc_reader *r, struct area *areas)
{
	const struct qvm_config *c = r->config;

	for (unsigned i = 0; i < c->pass_count; i++)
		areas[i] = (struct area){c->passes[i].host, c->passes[i].bytes, "pass of host addresses", "",
					 &c->passes[i].place};
	return c->pass_count;
}

static void report_overlap(struct qc_reader *r, const struct area *late, const struct area *early)
{
	const struct qvm_place *place = late->place ? late->place : &r->option_place;
	char text[QC_WHERE_MAX];

	qc_mistake(r, place,
		   "%s%s 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s%s 0x%" PRIx64 "-0x%" PRIx64 "%s; move one of them",
		   late->what, late->type, late->start, late->start + late->bytes - 1, early->what, early->type,
		   early->start, early->start + early->bytes - 1, qc_where(early->place, text));
}

static void check_areas(struct qc_reader *r, unsigned (*collect)(const struct qc_reader *r, struct area *areas))
{
	struct area areas[AREAS_MAX];
	unsigned n = collect(r, areas);

	for (unsigned i = 1; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (ranges_overlap(areas[i].start, areas[i].bytes, areas[j].start, areas[j].bytes))
				report_overlap(r, &areas[i], &areas[j]);
		}
	}
}

/* An interrupt and who has it. */
struct line {
	uint32_t intr;
	const char *what;
	const struct qvm_place *place;
};

static unsigned guest_lines(const struct qvm_config *c, struct line *lines)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->vdev_count; i++) {
		for (unsigned j = 0; j < c->vdevs[i].intr_count; j++)
			lines[n++] = (struct line){c->vdevs[i].intr[j], "vdev", &c->vdevs[i].place};
	}
	for (unsigned i = 0; i < c->pass_intr_count; i++)
		lines[n++] = (struct line){c->pass_intrs[i].guest, "'pass'", &c->pass_intrs[i].place};
	return n;
}

static unsigned host_lines(const struct qvm_config *c, struct line *lines)
{
	for (unsigned i = 0; i < c->pass_intr_count; i++)
		lines[i] = (struct line){c->pass_intrs[i].host, "'pass'", &c->pass_intrs[i].place};
	return c->pass_intr_count;
}

static void check_lines(struct qc_reader *r, const char *pic,
			unsigned (*collect)(const struct qvm_config *c, struct line *lines))
{
	struct line lines[LINES_MAX];
	unsigned n = collect(r->config, lines);
	char text[QC_WHERE_MAX];

	for (unsigned i = 1; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (lines[i].intr == lines[j].intr && lines[i].intr <= QVM_SPI_LAST)
				qc_mistake(r, lines[i].place,
					   "interrupt %s:%u belongs to the %s%s already; choose another", pic,
					   (unsigned)lines[i].intr, lines[j].what, qc_where(lines[j].place, text));
		}
	}
}

static void check_names(struct qc_reader *r)
{
	const struct qvm_config *c = r->config;
	char text[QC_WHERE_MAX];

	for (unsigned i = 0; i < c->vdev_count; i++) {
		const struct qvm_vdev *late = &c->vdevs[i];

		if (late->name && strcmp(late->name, c->gic.name) == 0)
			qc_mistake(r, &late->place, "the name '%s' is the interrupt controller's; choose another",
				   late->name);
		for (unsigned j = 0; j < i && late->name; j++) {
			if (c->vdevs[j].name && strcmp(c->vdevs[j].name, late->name) == 0)
				qc_mistake(r, &late->place, "the name '%s' is that of the vdev%s; choose another",
					   late->name, qc_where(&c->vdevs[j].place, text));
		}
	}
}

/* No region of shared memory is created twice. */
static void check_regions(struct qc_reader *r, const struct qvm_vdev *vdev)
{
	const struct qvm_vdev_option *options = &r->config->vdev_options[vdev->option_first];

	for (unsigned i = 0; i < vdev->option_count; i++) {
		struct vdev_region late, early;
		char text[QC_WHERE_MAX];

		if (options[i].kind != VDEV_KIND_REGION || vdev_region(options[i].value, &late))
			continue;
		for (unsigned j = 0; j < i; j++) {
			if (options[j].kind == VDEV_KIND_REGION && !vdev_region(options[j].value, &early) &&
			    early.name_bytes == late.name_bytes && memcmp(early.name, late.name, late.name_bytes) == 0)
				qc_mistake(r, &options[i].place, "'%s %.*s' stands%s already; keep one",
					   options[i].name, (int)late.name_bytes, late.name,
					   qc_where(&options[j].place, text));
		}
	}
}

static void check_vdev(struct qc_reader *r, const struct qvm_vdev *vdev)
{
	const bool pci = !vdev->loc_given && (vdev->needs & VDEV_IS_PCI);

	if (!vdev->loc_given && (vdev->needs & VDEV_NEEDS_LOC) && pci)
		qc_mistake(r, &vdev->place,
			   "'vdev %s' without 'loc' is a PCI device, which is not supported yet; give 'loc' and 'intr'",
			   vdev->type);
	else if (!vdev->loc_given && (vdev->needs & VDEV_NEEDS_LOC))
		qc_mistake(r, &vdev->place, "'vdev %s' needs 'loc', the address of its registers", vdev->type);
	if (vdev->intr_count == 0 && (vdev->needs & VDEV_NEEDS_INTR) && !pci)
		qc_mistake(r, &vdev->place, "'vdev %s' needs 'intr', as in %s:37", vdev->type, r->config->gic.name);
	check_regions(r, vdev);
}

/* Where they end is known only when all CPUs are. */
static void check_gicr(struct qc_reader *r)
{
	const uint64_t start = r->config->gic.gicr, bytes = QVM_GICR_BYTES * r->config->cpu_count;

	if (!range_holds(0, SPACE_LIMIT, start, bytes))
		qc_mistake(r, &r->gic_place,
			   "the GIC's redistributors 0x%" PRIx64 ",0x%" PRIx64
			   " reach beyond the last guest-physical address, 0x%llx",
			   start, bytes, SPACE_LIMIT - 1);
}

static bool has_program(const struct qvm_config *c)
{
	unsigned i = 0;

	while (i < c->load_count && c->loads[i].type != QVM_LOAD_ANY)
		i++;
	return i < c->load_count;
}

void qc_check(struct qc_reader *r)
{
	struct qvm_config *c = r->config;

	if (c->cpu_count == 0) {
		c->cpus[0] = (struct qvm_cpu){.place = r->option_place};
		c->cpu_count = 1;
	}
	for (unsigned i = 0; i < c->vdev_count; i++)
		check_vdev(r, &c->vdevs[i]);
	check_gicr(r);
	check_areas(r, guest_areas);
	check_areas(r, host_areas);
	check_lines(r, c->gic.name, guest_lines);
	check_lines(r, "host", host_lines);
	check_names(r);
	if (!qc_has_memory(c) && !r->mem_mistaken)
		qc_mistake(r, &r->option_place, "there is no 'ram': the guest has no memory");
	if (!has_program(c) && !r->load_mistaken)
		qc_mistake(r, &r->option_place, "there is no 'load': the guest has nothing to run");
}
