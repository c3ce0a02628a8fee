/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of a process: the variables of its `env`. A qvm reads its configuration without the system
 * description. The name, the memory regions and the clusters that it needs of that come as further variables, with
 * names that `env` cannot have.
 */
#include "env.h"
#include <stdio.h>

static void add_variable(struct slot *slot, const char *text)
{
	if (slot->env_count < SLOT_ENV_MAX)
		slot->env[slot->env_count++] = text;
}

/* One that is made here; all of them fit: see SLOT_ENV_MAX. */
static char *next_text(struct slot *slot)
{
	char *text = slot->env_made[slot->env_made_count++];

	add_variable(slot, text);
	return text;
}

static void add_region(struct slot *slot, const struct sys_owner *own, const char *name)
{
	uint64_t start, bytes;

	if (sys_asinfo(&config, own, &board, name, &start, &bytes))
		snprintf(next_text(slot), SLOT_ENV_BYTES, ASINFO_VARIABLE "%.31s=%llx,%llx", name,
			 (unsigned long long)start, (unsigned long long)bytes);
}

void env_fill(struct slot *slot, const struct sys_owner *own)
{
	for (unsigned i = 0; i < own->env_count; i++)
		add_variable(slot, own->env[i]);
	if (slot->kind != SLOT_VM)
		return;
	snprintf(next_text(slot), SLOT_ENV_BYTES, NAME_VARIABLE "=%.31s", own->name);
	for (unsigned i = 0; i < own->region_count; i++)
		add_region(slot, own, own->regions[i]);
	for (unsigned i = 0; i < config.cluster_count; i++)
		snprintf(next_text(slot), SLOT_ENV_BYTES, CLUSTER_VARIABLE "%.31s=%x", config.clusters[i].name,
			 (unsigned)config.clusters[i].cpus);
}
