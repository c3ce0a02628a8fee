/* SPDX-License-Identifier: Apache-2.0 */
/* What can be checked only when all has been read: what is missing, and what clashes with what. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AREAS_MAX (2 + QVM_MEM_MAX + QVM_VDEVS_MAX)
#define LINES_MAX (QVM_VDEVS_MAX * QVM_VDEV_INTRS_MAX)

/* A piece of the guest's address space and who has it. */
struct area {
	uint64_t start, bytes;
	const char *what, *type;       /* said one behind the other */
	const struct qvm_place *place; /* NULL: it is there without being written */
};

static unsigned areas_collect(struct qvm_config *c, struct area *areas)
{
	unsigned n = 0;

	areas[n++] = (struct area){c->gic.gicd, QVM_GICD_BYTES, "the GIC's distributor", "", NULL};
	areas[n++] = (struct area){c->gic.gicr, QVM_GICR_BYTES * c->cpu_count, "the GIC's redistributors", "", NULL};
	for (unsigned i = 0; i < c->mem_count; i++)
		areas[n++] = (struct area){c->mem[i].start, c->mem[i].bytes, c->mem[i].kind == QVM_RAM ? "ram" : "rom",
					   "", &c->mem[i].place};
	for (unsigned i = 0; i < c->vdev_count; i++) {
		const struct qvm_vdev *vdev = &c->vdevs[i];

		if (vdev->loc_given && vdev->loc < QVM_IPA_LIMIT)
			areas[n++] = (struct area){vdev->loc, vdev->bytes, "vdev ", vdev->type, &vdev->place};
	}
	return n;
}

/* Where `place` is, seen from `from`: the file's name is said only if it is another one. */
static const char *where(const struct qvm_place *place, const struct qvm_place *from, char *text, size_t bytes)
{
	if (!place)
		return "";
	if (from && place->file == from->file)
		snprintf(text, bytes, " of line %u", (unsigned)place->line);
	else
		snprintf(text, bytes, " of %.64s:%u", place->file, (unsigned)place->line);
	return text;
}

static void report_overlap(struct qc_reader *r, const struct area *late, const struct area *early)
{
	const struct qvm_place *place = late->place ? late->place : &r->option_place;
	char text[96];

	qc_mistake(r, place,
		   "%s%s 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s%s 0x%" PRIx64 "-0x%" PRIx64 "%s; move one of them",
		   late->what, late->type, late->start, late->start + late->bytes - 1, early->what, early->type,
		   early->start, early->start + early->bytes - 1, where(early->place, place, text, sizeof(text)));
}

static void check_areas(struct qc_reader *r)
{
	struct area areas[AREAS_MAX];
	unsigned n = areas_collect(r->config, areas);

	for (unsigned i = 1; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (areas[i].start < areas[j].start + areas[j].bytes &&
			    areas[j].start < areas[i].start + areas[i].bytes)
				report_overlap(r, &areas[i], &areas[j]);
		}
	}
}

static void check_pl011(struct qc_reader *r, const struct qvm_vdev *vdev)
{
	if (!vdev->loc_given)
		qc_mistake(r, &vdev->place, "'vdev pl011' needs 'loc', the address of its registers");
	if (vdev->intr_count == 0)
		qc_mistake(r, &vdev->place, "'vdev pl011' needs 'intr', as in %s:37", r->config->gic.name);
	if (!qc_vdev_has(r->config, vdev, "hostdev"))
		qc_mistake(r, &vdev->place, "'vdev pl011' needs 'hostdev', as in /dev/console/%s", r->config->name);
}

/* An interrupt of the guest and who raises it. */
struct line {
	uint32_t intr;
	const struct qvm_place *place;
};

static unsigned lines_collect(const struct qvm_config *c, struct line *lines)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->vdev_count; i++) {
		for (unsigned j = 0; j < c->vdevs[i].intr_count; j++)
			lines[n++] = (struct line){c->vdevs[i].intr[j], &c->vdevs[i].place};
	}
	return n;
}

static void check_interrupts(struct qc_reader *r)
{
	struct line lines[LINES_MAX];
	unsigned n = lines_collect(r->config, lines);
	char text[96];

	for (unsigned i = 1; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (lines[i].intr == lines[j].intr && lines[i].intr <= QVM_SPI_LAST)
				qc_mistake(r, lines[i].place,
					   "interrupt %s:%u belongs to the vdev%s already; choose another",
					   r->config->gic.name, (unsigned)lines[i].intr,
					   where(lines[j].place, lines[i].place, text, sizeof(text)));
		}
	}
}

void qc_check(struct qc_reader *r)
{
	struct qvm_config *c = r->config;

	if (c->cpu_count == 0) {
		c->cpus[0] = (struct qvm_cpu){.place = r->option_place};
		c->cpu_count = 1;
	}
	for (unsigned i = 0; i < c->vdev_count; i++) {
		if (strcmp(c->vdevs[i].type, "pl011") == 0)
			check_pl011(r, &c->vdevs[i]);
	}
	check_areas(r);
	check_interrupts(r);
	if (c->mem_count == 0 && !r->mem_mistaken)
		qc_mistake(r, &r->option_place, "there is no 'ram': the guest has no memory");
	if (c->load_count == 0 && !r->load_mistaken)
		qc_mistake(r, &r->option_place, "there is no 'load': the guest has nothing to run");
}
