/* SPDX-License-Identifier: Apache-2.0 */
/* What the virtual devices of VMs name outside of their VM: consoles, shared memory, and devices of other VMs. */
#include "glob.h"
#include "internal.h"
#include "vdevoption.h"
#include <inttypes.h>
#include <string.h>

/* ---- consoles: each has one VM ---- */

static const struct sys_console *find_console(const struct sys_vm_needs *needs, const char *name)
{
	for (unsigned i = 0; i < needs->console_count; i++) {
		if (strcmp(needs->consoles[i].name, name) == 0)
			return &needs->consoles[i];
	}
	return NULL;
}

static void add_console(struct sys_vm_needs *needs, const char *name, struct qvm_place place)
{
	struct sys_console *console = &needs->consoles[needs->console_count];

	if (!name || find_console(needs, name) || needs->console_count > SYS_CONSOLES_MAX)
		return;
	strncpy(console->name, name, sizeof(console->name) - 1);
	console->place = place;
	needs->console_count++;
}

/* Does it use the server of shared memory? Its type says so, or an option that names shared memory is given. */
static bool uses_shared_memory(const struct qvm_config *config, const struct qvm_vdev *vdev)
{
	const struct qvm_vdev_option *options = &config->vdev_options[vdev->option_first];

	for (unsigned i = 0; i < vdev->option_count; i++) {
		if (options[i].kind == VDEV_KIND_REGION || options[i].kind == VDEV_KIND_PATTERN)
			return true;
	}
	return vdev->needs & VDEV_NEEDS_SHMEM;
}

void sys_add_peers(struct sys_vm_needs *needs, const struct qvm_config *config, const struct qvm_vdev *vdev,
		   struct qvm_place place)
{
	const struct qvmconf_consoles consoles = qvmconf_consoles(config, vdev);

	if (uses_shared_memory(config, vdev))
		sys_need_service(needs, SYS_SHMEM, "vdev", vdev->type, place);
	if (consoles.input || consoles.output)
		sys_need_service(needs, SYS_CONSOLE, "vdev", vdev->type, place);
	add_console(needs, consoles.input, place);
	add_console(needs, consoles.output, place);
}

/* The owner of that name, or -1. */
static int find_owner(const struct sys_config *config, const char *name)
{
	for (unsigned owner = 0; owner < sys_owner_count(config); owner++) {
		if (strcmp(sys_owner_at(config, owner)->name, name) == 0)
			return (int)owner;
	}
	return -1;
}

/* Who else has the console: the process or VM of that name, whether it opens it or not; else the first VM that names
 * it. -1: nobody. */
static int rival_of(const struct sys_config *config, unsigned v, const struct sys_vm_needs *needs, const char *name)
{
	int owner = find_owner(config, name);

	for (unsigned other = 0; owner < 0 && other < v; other++) {
		if (find_console(&needs[other], name))
			owner = (int)(config->process_count + other);
	}
	return owner == (int)(config->process_count + v) ? -1 : owner;
}

void sys_check_consoles(const struct sys_config *config, unsigned v, const struct sys_vm_needs *needs,
			struct sys_report *report)
{
	for (unsigned i = 0; i < needs[v].console_count; i++) {
		const struct sys_console *late = &needs[v].consoles[i], *early = NULL;
		const int rival = rival_of(config, v, needs, late->name);
		struct sys_place place;
		char where[SYS_WHERE_MAX];

		if (i == SYS_CONSOLES_MAX)
			sys_mistake_at(report, &late->place,
				       "console '%s' is one too many for /vms/%s: the console driver gives each VM %d; "
				       "leave one out",
				       late->name, config->vms[v].own.name, SYS_CONSOLES_MAX);
		if (rival < 0)
			continue;
		place = sys_owner_place(config, (unsigned)rival, NULL);
		if (rival >= (int)config->process_count)
			early = find_console(&needs[(unsigned)rival - config->process_count], late->name);
		if (early)
			sys_mistake_at(report, &late->place,
				       "console '%s' belongs to /vms/%s [%.64s:%u] already; name another", late->name,
				       place.name, early->place.file, (unsigned)early->place.line);
		else
			sys_mistake_at(report, &late->place, "console '%s' belongs to /%s/%s%s; name another",
				       late->name, place.folder, place.name, sys_where(report, &place, where));
	}
}

/* ---- shared memory ---- */

/* As the server chooses: the first pool of the VM with a pattern that matches. */
static const struct sys_pool *pool_for(const struct sys_config *config, uint32_t vm, const char *name)
{
	for (unsigned i = 0; i < config->pool_count; i++) {
		const struct sys_pool *pool = &config->pools[i];

		if (!(pool->vms & vm))
			continue;
		if (pool->pattern_count == 0)
			return pool;
		for (unsigned j = 0; j < pool->pattern_count; j++) {
			if (glob_match(pool->patterns[j], name))
				return pool;
		}
	}
	return NULL;
}

static bool is_made(const struct sys_sharing *sharing, unsigned pool, const char *name)
{
	for (unsigned i = 0; i < sharing->count; i++) {
		if (sharing->made[i].pool == pool && strcmp(sharing->made[i].name, name) == 0)
			return true;
	}
	return false;
}

_Static_assert(GLOB_NAME_BYTES == PROTO_NAME, "a message holds any name");

/* Adds a region to a pool. A region of that name exists once: its first creator decides how long it is. */
static void add_region(const struct sys_config *config, unsigned p, const struct qvm_place *place,
		       const char name[GLOB_NAME_BYTES], uint64_t bytes, struct sys_sharing *sharing,
		       struct sys_report *report)
{
	const struct sys_pool *pool = &config->pools[p];
	const unsigned most = SHM_REGIONS_MAX / config->pool_count;

	if (is_made(sharing, p, name))
		return;
	if (sharing->of_pool[p] == most) {
		sys_mistake_at(report, place,
			       "'%s' is one region too many for /shared-memory/%s: each of %u pools has room for %u; "
			       "leave one out",
			       name, pool->name, config->pool_count, most);
		return;
	}
	if (bytes > pool->bytes - sharing->bytes[p]) {
		sys_mistake_at(report, place,
			       "'%s' needs 0x%" PRIx64 " bytes, but /shared-memory/%s has only 0x%" PRIx64
			       " of its 0x%" PRIx64 " bytes left; make the pool larger",
			       name, bytes, pool->name, pool->bytes - sharing->bytes[p], pool->bytes);
		return;
	}
	memcpy(sharing->made[sharing->count].name, name, PROTO_NAME);
	sharing->made[sharing->count++].pool = p;
	sharing->of_pool[p]++;
	sharing->bytes[p] += bytes;
}

static void check_create(const struct sys_config *config, unsigned v, const struct qvm_vdev_option *option,
			 struct sys_sharing *sharing, struct sys_report *report)
{
	char name[GLOB_NAME_BYTES] = {0};
	struct vdev_region create;
	const struct sys_pool *pool;

	if (vdev_region(option->value, &create))
		return;
	memcpy(name, create.name, create.name_bytes);
	pool = pool_for(config, 1u << v, name);
	if (!pool)
		sys_mistake_at(report, &option->place,
			       "no pool in /shared-memory takes the name '%s' from /vms/%s; give it one", name,
			       config->vms[v].own.name);
	else if (create.bytes > pool->bytes)
		sys_mistake_at(report, &option->place,
			       "'%s' needs 0x%" PRIx64 " bytes, but /shared-memory/%s has only 0x%" PRIx64
			       "; make the pool larger",
			       name, create.bytes, pool->name, pool->bytes);
	else
		add_region(config, (unsigned)(pool - config->pools), &option->place, name, create.bytes, sharing,
			   report);
}

/* The regions that a vdev creates; *creates counts those of its VM. */
static void check_creates(const struct sys_config *config, unsigned v, const struct qvm_config *guest,
			  const struct qvm_vdev *vdev, unsigned *creates, struct sys_sharing *sharing,
			  struct sys_report *report)
{
	for (unsigned i = 0; i < vdev->option_count; i++) {
		const struct qvm_vdev_option *option = &guest->vdev_options[vdev->option_first + i];

		if (option->kind != VDEV_KIND_REGION)
			continue;
		check_create(config, v, option, sharing, report);
		if (++*creates == SHM_OF_SLOT + 1)
			sys_mistake_at(report, &option->place,
				       "'%s' is one too many for /vms/%s: each VM may create %d regions of shared "
				       "memory; leave one out",
				       option->name, config->vms[v].own.name, SHM_OF_SLOT);
	}
}

/* ---- devices of other VMs ---- */

static bool has_vm(const struct sys_config *config, const char *name, size_t bytes)
{
	for (unsigned v = 0; v < config->vm_count; v++) {
		if (strlen(config->vms[v].own.name) == bytes && memcmp(config->vms[v].own.name, name, bytes) == 0)
			return true;
	}
	return false;
}

static void check_peers(const struct sys_config *config, const struct qvm_config *guest, struct sys_report *report)
{
	for (unsigned i = 0; i < guest->vdev_option_count; i++) {
		const struct qvm_vdev_option *option = &guest->vdev_options[i];
		struct vdev_peer peer;

		if (option->kind == VDEV_KIND_PEER && !vdev_peer(option->value, &peer) &&
		    !has_vm(config, peer.vm, peer.vm_bytes))
			sys_mistake_at(report, &option->place, "%s: '%s' names a VM that is not in /vms", option->name,
				       option->value);
	}
}

void sys_check_sharing(const struct sys_config *config, unsigned v, const struct qvm_config *guest,
		       struct sys_sharing *sharing, struct sys_report *report)
{
	unsigned creates = 0;
	uint32_t vms = 0;

	check_peers(config, guest, report);
	for (unsigned i = 0; i < config->pool_count; i++)
		vms |= config->pools[i].vms;
	for (unsigned i = 0; i < guest->vdev_count; i++) {
		const struct qvm_vdev *vdev = &guest->vdevs[i];

		if (!uses_shared_memory(guest, vdev))
			continue;
		if (vms & 1u << v)
			check_creates(config, v, guest, vdev, &creates, sharing, report);
		else
			sys_mistake_at(report, &vdev->place,
				       "'vdev %s' needs shared memory, but no pool in /shared-memory names /vms/%s; "
				       "add it to the 'vms' of one",
				       vdev->type, config->vms[v].own.name);
	}
}
