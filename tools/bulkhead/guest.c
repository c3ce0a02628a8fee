/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a guest on trial, as qvm does: see guest.h. */
#include "guest.h"
#include "message.h"
#include "qvm/fdt.h"
#include "qvm/load.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

struct guest {
	const struct qvm_config *config;
	struct guest_memory memory;
	struct loader loader;
	unsigned mistakes;
};

static void mistake(struct guest *g, const struct qvm_place *place, const char *file, const char *text)
{
	if (place)
		message("[%s:%u] %s%s%s", place->file, (unsigned)place->line, file, *file ? ": " : "", text);
	else
		message("VM %s: %s", g->config->name, text);
	g->mistakes++;
}

static bool is_memory(const struct qvm_pass *pass)
{
	return (pass->attributes & QVM_PASS_M) || pass->blob != QVM_LOAD_ANY;
}

/* In the same order as on the target. The window is NULL: nothing is written. */
static void add_memory(struct guest *g)
{
	for (unsigned i = 0; i < g->config->mem_count; i++) {
		const struct qvm_mem *mem = &g->config->mem[i];
		const char *wrong = guest_memory_add(&g->memory, mem->start, mem->bytes, mem->kind == QVM_ROM);

		if (wrong)
			mistake(g, &mem->place, "", wrong);
	}
	for (unsigned i = 0; i < g->config->pass_count; i++) {
		const struct qvm_pass *pass = &g->config->passes[i];
		const char *wrong = is_memory(pass) ? guest_memory_add(&g->memory, pass->start, pass->bytes,
								       !(pass->attributes & QVM_PASS_M))
						    : NULL;

		if (wrong)
			mistake(g, &pass->place, "", wrong);
	}
}

/* Marks memory that is passed as used: blobs before any file is loaded, the rest after all files. */
static void take_passed(struct guest *g, bool blobs)
{
	for (unsigned i = 0; i < g->config->pass_count; i++) {
		const struct qvm_pass *pass = &g->config->passes[i];

		if (!is_memory(pass) || (pass->blob != QVM_LOAD_ANY) != blobs)
			continue;
		if (!loader_take(&g->loader, pass->start, pass->bytes) && blobs)
			mistake(g, &pass->place, "", g->loader.problem);
		if (pass->blob == QVM_LOAD_INITRD)
			g->loader.initrd_end = pass->start + pass->bytes;
	}
}

static void add_files(struct guest *g, guest_find *find, void *context, bool *all)
{
	for (unsigned i = 0; i < g->config->load_count; i++) {
		const struct qvm_load *load = &g->config->loads[i];
		struct guest_file file;

		if (!find(context, load, load->type == QVM_LOAD_ANY && !g->loader.began, &file)) {
			g->loader.began |= load->type == QVM_LOAD_ANY;
			*all = false;
		} else if (!loader_add_file(&g->loader, load, file.data, file.bytes)) {
			mistake(g, &load->place, load->path, g->loader.problem);
		}
	}
}

static bool is_fdt_passed(const struct qvm_config *config)
{
	for (unsigned i = 0; i < config->pass_count; i++) {
		if (config->passes[i].blob == QVM_LOAD_FDT)
			return true;
	}
	return false;
}

/* Without the nodes of vdevs, which only the target adds: some hundred bytes less than there. */
static void add_fdt(struct guest *g)
{
	static const uint8_t key[16] = {1};
	struct guest_fdt in = {.config = g->config,
			       .memory = &g->memory,
			       .user_bytes = g->loader.fdt_bytes,
			       .initrd_start = g->loader.initrd_start,
			       .initrd_end = g->loader.initrd_end,
			       .seed_key = key};
	uint64_t ipa;
	size_t room;
	void *user, *tree;

	user = malloc(in.user_bytes ? in.user_bytes : 1);
	if (user && g->loader.fdt)
		in.user = memcpy(user, g->loader.fdt, in.user_bytes);
	room = guest_fdt_room(&in);
	tree = user ? malloc(room) : NULL;
	if (!tree)
		mistake(g, NULL, "", "no memory for its device tree");
	else if (!guest_fdt_build(&in, tree, room))
		mistake(g, g->loader.fdt_place, "", in.problem);
	else if (!loader_place_fdt(&g->loader, fdt_totalsize(tree), &ipa))
		mistake(g, g->loader.fdt_place, "", g->loader.problem);
	free(tree);
	free(user);
}

unsigned guest_check(const struct qvm_config *config, guest_find *find, void *context, bool partly)
{
	struct guest *g = calloc(1, sizeof(*g));
	unsigned mistakes;
	bool all = true;

	if (!g)
		return 1;
	g->config = config;
	add_memory(g);
	loader_init(&g->loader, &g->memory);
	take_passed(g, true);
	add_files(g, find, context, &all);
	take_passed(g, false);
	if (all && g->mistakes == 0 && !g->loader.bootable)
		mistake(g, config->load_count ? &config->loads[0].place : NULL, "",
			"nothing to start: no loaded file is a program");
	/* A tree that is passed is seen on the target only. */
	if (g->mistakes == 0 && !is_fdt_passed(config) && (all || !partly || g->loader.fdt))
		add_fdt(g);
	mistakes = g->mistakes;
	free(g);
	return mistakes;
}
