/* SPDX-License-Identifier: Apache-2.0 */
/* What of the guest's tree is this VM's own and of no architecture: memory, /chosen, aliases. */
#include "qvm/fdt.h"
#include "qvm/arch.h"
#include "qvm/fdt_tree.h"
#include "siphash.h"
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define SEED_WORDS 8u /* 64 bytes: what Linux asks of rng-seed (drivers/of/fdt.c) */

static void add_root(struct tree *t)
{
	tree_text(t, 0, "model", "QVM-v8A");
	if (!t->in->user)
		tree_text(t, 0, "compatible", "linux,dummy-virt");
	TREE_CELLS(t, 0, "interrupt-parent", t->controller_phandle);
}

static void add_memory(struct tree *t)
{
	char name[32];

	for (unsigned i = 0; i < t->in->memory->count; i++) {
		const struct guest_range *r = &t->in->memory->range[i];
		int node;

		if (r->rom)
			continue;
		snprintf(name, sizeof(name), "memory@%" PRIx64, r->ipa);
		node = tree_new_node(t, 0, name);
		tree_text(t, node, "device_type", "memory");
		tree_reg(t, node, (const uint64_t[][2]){{r->ipa, r->bytes}}, 1);
	}
}

/* The number of the alias of vdev `index`: how many before it have the same one. */
static unsigned alias_number(const struct tree *t, unsigned index)
{
	unsigned number = 0;

	for (unsigned i = 1; i < index; i++)
		number += t->vdev[i].alias && strcmp(t->vdev[i].alias, t->vdev[index].alias) == 0;
	return number;
}

static void add_aliases(struct tree *t)
{
	char alias[32];

	for (unsigned i = 1; i < TREE_VDEVS; i++) {
		if (!t->vdev[i].alias)
			continue;
		snprintf(alias, sizeof(alias), "%.24s%u", t->vdev[i].alias, alias_number(t, i));
		tree_text(t, tree_keep_node(t, "aliases"), alias, t->vdev[i].path);
	}
}

static bool has_serial(const struct tree *t)
{
	for (unsigned i = 1; i < TREE_VDEVS; i++)
		if (t->vdev[i].alias && strcmp(t->vdev[i].alias, "serial") == 0)
			return true;
	return false;
}

/* linux,initrd-start and -end may have one or two cells; two always hold them. */
static void add_address(struct tree *t, int node, const char *property, uint64_t value)
{
	TREE_CELLS(t, node, property, (uint32_t)(value >> 32), (uint32_t)value);
}

static void add_seeds(struct tree *t, int chosen)
{
	const uint8_t *key = t->in->seed_key;
	uint64_t seed[1 + SEED_WORDS];

	if (!key)
		return;
	for (unsigned i = 0; i < 1 + SEED_WORDS; i++)
		seed[i] = siphash(key, i);
	tree_bytes(t, chosen, "kaslr-seed", seed, sizeof(seed[0]));
	tree_bytes(t, chosen, "rng-seed", seed + 1, sizeof(seed) - sizeof(seed[0]));
}

static void add_chosen(struct tree *t)
{
	const struct qvm_config *config = t->in->config;
	int node = tree_keep_node(t, "chosen");

	if (config->cmdline)
		tree_text(t, node, "bootargs", config->cmdline);
	if (has_serial(t) && t->error >= 0 && fdt_getprop(t->fdt, node, "stdout-path", NULL) == NULL)
		tree_text(t, node, "stdout-path", "serial0:115200n8");
	if (t->in->initrd_end != 0) {
		add_address(t, node, "linux,initrd-start", t->in->initrd_start);
		add_address(t, node, "linux,initrd-end", t->in->initrd_end);
	}
	add_seeds(t, node);
}

size_t guest_fdt_room(const struct guest_fdt *in)
{
	return in->user_bytes + GUEST_FDT_EXTRA + (in->config->cmdline ? strlen(in->config->cmdline) : 0);
}

bool guest_fdt_build(struct guest_fdt *in, void *buffer, size_t room)
{
	struct tree t = {.in = in};

	if (in->user_bytes > GUEST_FDT_MAX || room > 2 * GUEST_FDT_MAX) {
		tree_fail(&t, -FDT_ERR_NOSPACE, "a tree may have 2 MiB", "");
		return false;
	}
	t.vdev[0].name = arch_fdt_controller(&t);
	for (unsigned i = 0; i < in->config->vdev_count; i++)
		t.vdev[1 + i].name = in->config->vdevs[i].name;
	tree_open(&t, buffer, room);
	t.controller_phandle = tree_phandle(&t, t.vdev[0].phandle);
	/* Nodes are put in front of their siblings: the last one added comes first. */
	tree_add_vdevs(&t);
	arch_fdt_add(&t);
	add_memory(&t);
	add_aliases(&t);
	add_chosen(&t);
	add_root(&t);
	if (t.error >= 0)
		tree_check(&t, fdt_pack(buffer), "pack");
	if (t.error >= 0 && fdt_totalsize(buffer) > GUEST_FDT_MAX)
		tree_fail(&t, -FDT_ERR_NOSPACE, "the finished tree is longer than 2 MiB", "");
	return t.error >= 0;
}
