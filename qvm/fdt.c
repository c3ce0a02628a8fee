/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/fdt.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include <qvm/vdev-fdt.h>

#include "fdtgood.h"
#include "siphash.h"

#define VDEV_MAX   (1 + QVM_VDEVS_MAX) /* the gic and the others */
#define NODE_MAX   40u
#define CELLS_MAX  16u
#define SEED_WORDS 8u /* 64 bytes: what Linux asks of rng-seed (drivers/of/fdt.c) */

#define GIC_SPI        0u
#define GIC_PPI        1u
#define IRQ_LEVEL_HIGH 4u

/* Every step does nothing once one has failed: `error` and in->problem tell the first failure. */
struct builder {
	struct guest_fdt *in;
	void *fdt;
	int error;
	int address_cells, size_cells; /* of the root */
	uint32_t next_phandle, gic_phandle;
	struct {
		const char *name; /* null: the vdev has none */
		uint32_t phandle; /* 0: nobody refers to it yet */
		bool seen;
		const char *alias; /* without its number; null: none */
		char path[1 + NODE_MAX];
	} vdev[VDEV_MAX]; /* 0 is the gic, 1 + n is vdev n of the configuration */
	unsigned current; /* the vdev that describes itself */
};

/* The tree that is being built while vdevs describe themselves. */
static struct builder *building;

static void fail(struct builder *b, int error, const char *what, const char *name)
{
	if (b->error >= 0) {
		b->error = error;
		snprintf(b->in->problem, sizeof(b->in->problem), "device tree: %s%s%s", what, name[0] ? " " : "", name);
	}
}

static void check(struct builder *b, int result, const char *name)
{
	if (result < 0)
		fail(b, result, fdt_strerror(result), name);
}

static void cells(struct builder *b, int node, const char *property, const uint32_t *value, unsigned count)
{
	fdt32_t big[CELLS_MAX];

	for (unsigned i = 0; i < count && i < CELLS_MAX; i++)
		big[i] = cpu_to_fdt32(value[i]);
	if (b->error >= 0)
		check(b, fdt_setprop(b->fdt, node, property, big, (int)(count * sizeof(big[0]))), property);
}

#define CELLS(b, node, property, ...) \
	cells(b, node, property, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void bytes(struct builder *b, int node, const char *property, const void *value, size_t count)
{
	if (b->error >= 0)
		check(b, fdt_setprop(b->fdt, node, property, value, (int)count), property);
}

static void text(struct builder *b, int node, const char *property, const char *value)
{
	bytes(b, node, property, value, strlen(value) + 1);
}

static void flag(struct builder *b, int node, const char *property)
{
	bytes(b, node, property, "", 0);
}

/* A list of strings is one value with NULs between; the last NUL is the literal's own. */
#define TEXTS(b, node, property, literal) bytes(b, node, property, literal, sizeof(literal))

/* A fresh node: one of the same name is replaced. */
static int fresh(struct builder *b, int parent, const char *name)
{
	int node;

	if (b->error < 0)
		return 0;
	node = fdt_subnode_offset(b->fdt, parent, name);
	if (node >= 0)
		check(b, fdt_del_node(b->fdt, node), name);
	node = fdt_add_subnode(b->fdt, parent, name);
	check(b, node, name);
	return node;
}

/* The node of that name, made if there is none. */
static int kept(struct builder *b, const char *name)
{
	int node;

	if (b->error < 0)
		return 0;
	node = fdt_subnode_offset(b->fdt, 0, name);
	if (node == -FDT_ERR_NOTFOUND)
		node = fdt_add_subnode(b->fdt, 0, name);
	check(b, node, name);
	return node;
}

static unsigned number(struct builder *b, uint32_t *out, int width, uint64_t value)
{
	if (width == 1 && value >> 32)
		fail(b, -FDT_ERR_BADVALUE, "an address or size does not fit in the one cell that the root gives it",
		     "");
	if (width == 2)
		*out++ = (uint32_t)(value >> 32);
	*out = (uint32_t)value;
	return (unsigned)width;
}

/* `reg` of a child of the root: pairs of address and size. */
static void reg(struct builder *b, int node, const uint64_t (*pair)[2], unsigned pairs)
{
	uint32_t value[8];
	unsigned at = 0;

	/* After an error the widths may be anything. */
	for (unsigned i = 0; i < pairs && b->error >= 0; i++) {
		at += number(b, value + at, b->address_cells, pair[i][0]);
		at += number(b, value + at, b->size_cells, pair[i][1]);
	}
	cells(b, node, "reg", value, at);
}

static void remove_compatible(struct builder *b, const char *compatible)
{
	int node;

	while (b->error >= 0 && (node = fdt_node_offset_by_compatible(b->fdt, 0, compatible)) > 0)
		check(b, fdt_del_node(b->fdt, node), compatible);
}

static bool is_memory(const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	int length;
	const char *type = fdt_getprop(fdt, node, "device_type", &length);

	return (name != NULL && (strcmp(name, "memory") == 0 || strncmp(name, "memory@", 7) == 0)) ||
	       (type != NULL && length == 7 && memcmp(type, "memory", 7) == 0);
}

/* Memory, timer and firmware are what this VM has, whatever the user's tree was written for. */
static void remove_replaced(struct builder *b)
{
	int node = fdt_first_subnode(b->fdt, 0);

	while (b->error >= 0 && node >= 0) {
		if (is_memory(b->fdt, node)) {
			check(b, fdt_del_node(b->fdt, node), "memory");
			node = fdt_first_subnode(b->fdt, 0);
		} else {
			node = fdt_next_subnode(b->fdt, node);
		}
	}
	remove_compatible(b, "arm,armv8-timer");
	remove_compatible(b, "arm,psci-1.0");
	remove_compatible(b, "arm,psci-0.2");
	remove_compatible(b, "arm,psci");
}

static int vdev_named(const struct builder *b, const char *name)
{
	for (int i = 0; i < VDEV_MAX; i++)
		if (b->vdev[i].name != NULL && strcmp(b->vdev[i].name, name) == 0)
			return i;
	return -1;
}

/*
 * A node with `qvm,vdev` stands for the vdev of that name: its phandle passes to the generated node, which redirects
 * every reference, and it goes away. Each turn removes a node, so there are no more turns than vdevs.
 */
static void take_placeholders(struct builder *b)
{
	for (int node = 0; b->error >= 0 && node >= 0;) {
		int length, which;
		const char *name = fdt_getprop(b->fdt, node, "qvm,vdev", &length);

		if (name == NULL) {
			node = fdt_next_node(b->fdt, node, NULL);
			continue;
		}
		if (node == 0 || length < 2 || name[length - 1] != '\0') {
			fail(b, -FDT_ERR_BADVALUE, "qvm,vdev must be a string in a node of its own", "");
			return;
		}
		which = vdev_named(b, name);
		if (which < 0) {
			fail(b, -FDT_ERR_NOTFOUND, "qvm,vdev names a vdev that this VM does not have:", name);
			return;
		}
		if (b->vdev[which].seen) {
			fail(b, -FDT_ERR_EXISTS, "two nodes have qvm,vdev for", name);
			return;
		}
		b->vdev[which].seen = true;
		b->vdev[which].phandle = fdt_get_phandle(b->fdt, node);
		check(b, fdt_del_node(b->fdt, node), "qvm,vdev");
		node = 0;
	}
}

/* The phandle that references will use: the placeholder's, else a new one. */
static uint32_t phandle_for(struct builder *b, uint32_t taken)
{
	if (taken != 0)
		return taken;
	if (b->next_phandle > FDT_MAX_PHANDLE)
		fail(b, -FDT_ERR_NOPHANDLES, "no phandle is left", "");
	return b->next_phandle++;
}

/* Without these two properties one reader takes the values of the specification, another one others: written, they are
 * the same to all. Whose root has children with registers was written for the specification's. */
static void write_cells(struct builder *b)
{
	int node, address = 2, size = 2;

	fdt_for_each_subnode(node, b->fdt, 0)
	{
		if (fdt_getprop(b->fdt, node, "reg", NULL) != NULL)
			size = 1; /* Devicetree Specification v0.4, 2.3.5 */
	}
	if (fdt_getprop(b->fdt, 0, "#address-cells", NULL) != NULL)
		size = 1;
	if (fdt_getprop(b->fdt, 0, "#size-cells", NULL) == NULL)
		CELLS(b, 0, "#size-cells", (uint32_t)size);
	if (fdt_getprop(b->fdt, 0, "#address-cells", NULL) == NULL)
		CELLS(b, 0, "#address-cells", (uint32_t)address);
}

/* Its nodes are to be merged into those of another tree, which only its author knows. */
static bool is_overlay(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0)
	{
		if (fdt_subnode_offset(fdt, node, "__overlay__") >= 0)
			return true;
	}
	return fdt_subnode_offset(fdt, 0, "__fixups__") >= 0;
}

static void open_users(struct builder *b, void *buffer, size_t room)
{
	const struct guest_fdt *in = b->in;

	if (!fdt_good(in->user, in->user_bytes))
		fail(b, -FDT_ERR_BADSTRUCTURE, "what was loaded is damaged, or not all of it is there", "");
	else if (is_overlay(in->user))
		fail(b, -FDT_ERR_BADOVERLAY,
		     "what was loaded is an overlay: apply it to its base tree with fdtoverlay, and load the result",
		     "");
	if (b->error >= 0)
		check(b, fdt_open_into(in->user, buffer, (int)room), "(the file that was loaded)");
	if (b->error >= 0)
		write_cells(b);
}

static void open_tree(struct builder *b, void *buffer, size_t room)
{
	b->fdt = buffer;
	if (b->in->user == NULL) {
		check(b, fdt_create_empty_tree(buffer, (int)room), "empty tree");
		CELLS(b, 0, "#address-cells", 2);
		CELLS(b, 0, "#size-cells", 2);
	} else {
		open_users(b, buffer, room);
	}
	if (b->error < 0)
		return;
	b->address_cells = fdt_address_cells(b->fdt, 0);
	b->size_cells = fdt_size_cells(b->fdt, 0);
	if (b->address_cells < 1 || b->address_cells > 2 || b->size_cells < 1 || b->size_cells > 2)
		fail(b, -FDT_ERR_BADNCELLS, "the root must have one or two address and size cells", "");
	/* Taken before placeholders go, so that no new phandle equals one of theirs. */
	if (fdt_find_max_phandle(b->fdt, &b->next_phandle) < 0)
		fail(b, -FDT_ERR_BADPHANDLE, "a phandle has a wrong value", "");
	b->next_phandle++;
}

static void add_root(struct builder *b)
{
	text(b, 0, "model", "QVM-v8A");
	if (b->in->user == NULL)
		text(b, 0, "compatible", "linux,dummy-virt");
	CELLS(b, 0, "interrupt-parent", b->gic_phandle);
}

static void add_memory(struct builder *b)
{
	char name[32];

	for (unsigned i = 0; i < b->in->memory->count; i++) {
		const struct guest_range *r = &b->in->memory->range[i];
		int node;

		if (r->rom)
			continue;
		snprintf(name, sizeof(name), "memory@%" PRIx64, r->ipa);
		node = fresh(b, 0, name);
		text(b, node, "device_type", "memory");
		reg(b, node, (const uint64_t[][2]){{r->ipa, r->bytes}}, 1);
	}
}

static void add_cpus(struct builder *b)
{
	char name[16];
	int cpus = fresh(b, 0, "cpus"), node;

	CELLS(b, cpus, "#address-cells", 1);
	CELLS(b, cpus, "#size-cells", 0);
	/* A new node goes before its siblings, hence the countdown: readers meet the boot CPU first. */
	for (uint32_t i = b->in->config->cpu_count; i-- > 0;) {
		snprintf(name, sizeof(name), "cpu@%" PRIx32, i);
		node = fresh(b, cpus, name);
		text(b, node, "device_type", "cpu");
		text(b, node, "compatible", "arm,armv8");
		text(b, node, "enable-method", "psci");
		CELLS(b, node, "reg", i);
	}
}

static void add_firmware(struct builder *b)
{
	int node = fresh(b, 0, "psci");

	TEXTS(b, node, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	text(b, node, "method", "hvc");
}

/* Interrupts in the binding's order: secure physical, physical, virtual, hypervisor timer. */
static void add_timer(struct builder *b)
{
	int node = fresh(b, 0, "timer");

	text(b, node, "compatible", "arm,armv8-timer");
	CELLS(b, node, "interrupts", GIC_PPI, 13, IRQ_LEVEL_HIGH, GIC_PPI, 14, IRQ_LEVEL_HIGH, GIC_PPI, 11,
	      IRQ_LEVEL_HIGH, GIC_PPI, 10, IRQ_LEVEL_HIGH);
	CELLS(b, node, "interrupt-parent", b->gic_phandle);
	flag(b, node, "always-on");
}

static void add_gic(struct builder *b)
{
	const struct qvm_gic *gic = &b->in->config->gic;
	const uint64_t redistributors = b->in->config->cpu_count * QVM_GICR_BYTES;
	char name[48];
	int node;

	snprintf(name, sizeof(name), "interrupt-controller@%" PRIx64, gic->gicd);
	node = fresh(b, 0, name);
	text(b, node, "compatible", "arm,gic-v3");
	flag(b, node, "interrupt-controller");
	CELLS(b, node, "#interrupt-cells", 3);
	CELLS(b, node, "#address-cells", (uint32_t)b->address_cells);
	CELLS(b, node, "#size-cells", (uint32_t)b->size_cells);
	flag(b, node, "ranges");
	CELLS(b, node, "#redistributor-regions", 1);
	reg(b, node, (const uint64_t[][2]){{gic->gicd, QVM_GICD_BYTES}, {gic->gicr, redistributors}}, 2);
	CELLS(b, node, "phandle", b->gic_phandle);
}

/* ---- what vdevs add: <qvm/vdev-fdt.h> ---- */

static int outcome(const struct builder *b, int node)
{
	return b->error < 0 ? -EINVAL : node;
}

uint32_t vdev_fdt_clock(uint32_t hz)
{
	struct builder *b = building;
	char name[NODE_MAX];
	uint32_t phandle;
	int node;

	snprintf(name, sizeof(name), "qvm-clock-%" PRIu32, hz);
	node = b->error < 0 ? 0 : fdt_subnode_offset(b->fdt, 0, name);
	if (node > 0)
		return fdt_get_phandle(b->fdt, node);
	phandle = phandle_for(b, 0);
	node = fresh(b, 0, name);
	text(b, node, "compatible", "fixed-clock");
	CELLS(b, node, "#clock-cells", 0);
	CELLS(b, node, "clock-frequency", hz);
	text(b, node, "clock-output-names", name);
	CELLS(b, node, "phandle", phandle);
	return phandle;
}

static void interrupts(struct builder *b, int node, const vdev_t *vdp)
{
	uint32_t value[12];
	unsigned count = 0;

	for (unsigned i = 0; i < 4; i++) {
		const guest_intr_t intr = i == 0 ? vdp->v_intr : vdp->v_intr_more[i - 1];

		if (intr == GUEST_INTR_NONE)
			continue;
		value[count++] = GIC_SPI;
		value[count++] = intr - 32;
		value[count++] = IRQ_LEVEL_HIGH;
	}
	if (count == 0)
		return;
	cells(b, node, "interrupts", value, count);
	CELLS(b, node, "interrupt-parent", b->gic_phandle);
}

int vdev_fdt_node(vdev_t *vdp, int parent, const char *base)
{
	struct builder *b = building;
	char *path = b->vdev[1 + b->current].path;
	int node;

	if (snprintf(path, sizeof(b->vdev[0].path), "/%s@%" PRIx64, base, vdp->v_block.location) >=
	    (int)sizeof(b->vdev[0].path))
		fail(b, -FDT_ERR_BADVALUE, "a node's name is too long:", base);
	node = fresh(b, parent, path + 1);
	reg(b, node, (const uint64_t[][2]){{vdp->v_block.location, vdp->v_block.length}}, 1);
	interrupts(b, node, vdp);
	if (b->vdev[1 + b->current].phandle != 0)
		CELLS(b, node, "phandle", b->vdev[1 + b->current].phandle);
	return outcome(b, node);
}

int vdev_fdt_bytes(int node, const char *property, const void *value, size_t count)
{
	bytes(building, node, property, value, count);
	return outcome(building, 0);
}

int vdev_fdt_cells(int node, const char *property, const uint32_t *value, unsigned count)
{
	if (count > CELLS_MAX)
		fail(building, -FDT_ERR_BADVALUE, "too many cells for", property);
	cells(building, node, property, value, count);
	return outcome(building, 0);
}

int vdev_fdt_string(int node, const char *property, const char *value)
{
	text(building, node, property, value);
	return outcome(building, 0);
}

int vdev_fdt_alias(vdev_t *vdp, const char *base)
{
	(void)vdp;
	building->vdev[1 + building->current].alias = base;
	return 0;
}

/* Nodes are put in front of their siblings, hence the countdown: readers meet the first vdev first. */
static void add_vdevs(struct builder *b)
{
	building = b;
	for (b->current = b->in->describe != NULL ? b->in->config->vdev_count : 0; b->current-- > 0;)
		b->in->describe(b->current, 0);
	building = NULL;
}

/* The number of the alias of vdev `index`: how many before it have the same one. */
static unsigned alias_number(const struct builder *b, unsigned index)
{
	unsigned number = 0;

	for (unsigned i = 1; i < index; i++)
		number += b->vdev[i].alias != NULL && strcmp(b->vdev[i].alias, b->vdev[index].alias) == 0;
	return number;
}

static void add_aliases(struct builder *b)
{
	char alias[32];

	for (unsigned i = 1; i < VDEV_MAX; i++) {
		if (b->vdev[i].alias == NULL)
			continue;
		snprintf(alias, sizeof(alias), "%.24s%u", b->vdev[i].alias, alias_number(b, i));
		text(b, kept(b, "aliases"), alias, b->vdev[i].path);
	}
}

static bool has_serial(const struct builder *b)
{
	for (unsigned i = 1; i < VDEV_MAX; i++)
		if (b->vdev[i].alias != NULL && strcmp(b->vdev[i].alias, "serial") == 0)
			return true;
	return false;
}

/* linux,initrd-start and -end may have one or two cells; two always hold them. */
static void address(struct builder *b, int node, const char *property, uint64_t value)
{
	CELLS(b, node, property, (uint32_t)(value >> 32), (uint32_t)value);
}

static void add_seeds(struct builder *b, int chosen)
{
	const uint8_t *key = b->in->seed_key;
	uint64_t seed[1 + SEED_WORDS];

	if (key == NULL)
		return;
	for (unsigned i = 0; i < 1 + SEED_WORDS; i++)
		seed[i] = siphash(key, i);
	bytes(b, chosen, "kaslr-seed", seed, sizeof(seed[0]));
	bytes(b, chosen, "rng-seed", seed + 1, sizeof(seed) - sizeof(seed[0]));
}

static void add_chosen(struct builder *b)
{
	const struct qvm_config *config = b->in->config;
	int node = kept(b, "chosen");

	if (config->cmdline != NULL)
		text(b, node, "bootargs", config->cmdline);
	if (has_serial(b) && b->error >= 0 && fdt_getprop(b->fdt, node, "stdout-path", NULL) == NULL)
		text(b, node, "stdout-path", "serial0:115200n8");
	if (b->in->initrd_end != 0) {
		address(b, node, "linux,initrd-start", b->in->initrd_start);
		address(b, node, "linux,initrd-end", b->in->initrd_end);
	}
	add_seeds(b, node);
}

size_t guest_fdt_room(const struct guest_fdt *in)
{
	return in->user_bytes + GUEST_FDT_EXTRA + (in->config->cmdline != NULL ? strlen(in->config->cmdline) : 0);
}

bool guest_fdt_build(struct guest_fdt *in, void *buffer, size_t room)
{
	struct builder b = {.in = in};

	if (in->user_bytes > GUEST_FDT_MAX || room > 2 * GUEST_FDT_MAX) {
		fail(&b, -FDT_ERR_NOSPACE, "a tree may have 2 MiB", "");
		return false;
	}
	b.vdev[0].name = in->config->gic.name;
	for (unsigned i = 0; i < in->config->vdev_count; i++)
		b.vdev[1 + i].name = in->config->vdevs[i].name;
	open_tree(&b, buffer, room);
	take_placeholders(&b);
	if (b.error >= 0)
		remove_replaced(&b);
	b.gic_phandle = phandle_for(&b, b.vdev[0].phandle);
	/* Nodes are put in front of their siblings: the last one added comes first. */
	add_vdevs(&b);
	add_gic(&b);
	add_timer(&b);
	add_firmware(&b);
	add_cpus(&b);
	add_memory(&b);
	add_aliases(&b);
	add_chosen(&b);
	add_root(&b);
	if (b.error >= 0)
		check(&b, fdt_pack(buffer), "pack");
	if (b.error >= 0 && fdt_totalsize(buffer) > GUEST_FDT_MAX)
		fail(&b, -FDT_ERR_NOSPACE, "it has become longer than 2 MiB", "");
	return b.error >= 0;
}
