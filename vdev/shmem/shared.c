/* SPDX-License-Identifier: Apache-2.0 */
/* The client of shmem-server: see shared.h. */
#include "vdev/shmem/shared.h"
#include <bulkhead/client.h>
#include <bulkhead/kernel.h>
#include <errno.h>
#include <qvm/gasp.h>
#include <range.h>
#include <string.h>

#define THREAD_STACK 8192u
#define POOLS_MAX    8u
#define PAGE         4096u
#define JOIN_NS      2000000000ull
#define POOL_AREA    0x6000000000ull /* where pools lie in this process, 4 GiB for each */
#define POOL_BYTES   (1ull << 32)

struct pool {
	uint32_t region;
	uint64_t bytes;
};

/* What the VM has joined. A handle names an entry for as long as it is joined. */
struct joined {
	bool used;
	uint32_t handle, pages;
	const struct pool *pool;
	uint64_t offset;
	vdev_t *vdev;
};

static struct {
	int chid, coid;
	void (*changed)(vdev_t *vdp, uint32_t handle, uint32_t from, uint32_t attached);
	struct pool pool[POOLS_MAX];
	unsigned pool_count;
	struct mutex lock; /* of `joined` */
	struct joined joined[SHM_CLIENTS];
} shared;

static void find_pools(void)
{
	struct mem_info info;

	for (unsigned i = 0; i < REGION_MAX && shared.pool_count < POOLS_MAX; i++)
		if (MemInfo_r(i, &info) >= 0 && (info.flags & REGION_SHARED))
			shared.pool[shared.pool_count++] = (struct pool){i, info.bytes};
}

uint64_t shared_longest(void)
{
	uint64_t longest = 0;

	if (shared.pool_count == 0)
		find_pools();
	for (unsigned i = 0; i < shared.pool_count; i++)
		if (shared.pool[i].bytes > longest)
			longest = shared.pool[i].bytes;
	return longest;
}

static int ask_server(struct shm_msg *msg)
{
	return MsgSend_r(shared.coid, msg, sizeof(*msg), msg, sizeof(*msg));
}

static bool find_joined(uint32_t handle, struct joined *found)
{
	bool is = false;

	mutex_lock(&shared.lock);
	for (unsigned i = 0; i < SHM_CLIENTS && !is; i++) {
		is = shared.joined[i].used && shared.joined[i].handle == handle;
		if (is)
			*found = shared.joined[i];
	}
	mutex_unlock(&shared.lock);
	return is;
}

static void receive_changes(void *arg)
{
	(void)arg;
	for (;;) {
		struct pulse pulse;
		struct shm_msg msg = {.type = SHM_STATUS};
		struct joined j;

		if (MsgReceive_r(shared.chid, &pulse, sizeof(pulse), NULL) != 0 || pulse.code != SHM_CHANGED)
			continue;
		msg.handle = (uint32_t)pulse.value;
		if (ask_server(&msg) >= 0 && find_joined(msg.handle, &j))
			shared.changed(j.vdev, j.handle, msg.status & 0xffff, msg.status >> 16);
	}
}

static uint8_t *address_of(const struct pool *pool)
{
	return (uint8_t *)(POOL_AREA + (uint64_t)(pool - shared.pool) * POOL_BYTES);
}

/* All pools are mapped here, as new regions must be zeroed. */
static int map_pools(void)
{
	for (unsigned i = 0; i < shared.pool_count; i++) {
		const struct pool *pool = &shared.pool[i];
		int result = pool->bytes > POOL_BYTES ? -ENOMEM
						      : MemMap_r(SPACE_SELF, (uint64_t)(uintptr_t)address_of(pool),
								 pool->region, 0, pool->bytes, PROT_R | PROT_W);

		if (result < 0)
			return result;
	}
	return 0;
}

int shared_open(vdev_t *vdp, void (*changed)(vdev_t *, uint32_t, uint32_t, uint32_t))
{
	int result;

	if (shared.changed)
		return shared.changed == changed ? 0 : -EBUSY;
	shared_longest();
	mutex_init(&shared.lock);
	shared.chid = ChannelCreate_r(CHF_PRIVATE);
	if (shared.chid < 0)
		return shared.chid;
	vm_awaits("the server of shared memory, shmem-server");
	shared.coid = name_open("shmem", PM_WAIT, shared.chid);
	if (shared.coid < 0)
		return shared.coid;
	result = map_pools();
	if (result < 0)
		return result;
	shared.changed = changed;
	result = vdev_thread_create(vdp, receive_changes, NULL, THREAD_STACK, "events");
	return result < 0 ? result : 0;
}

/* Guests may look at it past the caches. */
static int zero_region(const struct joined *j)
{
	struct shm_msg ready = {.type = SHM_READY, .handle = j->handle};
	uint8_t *memory = address_of(j->pool) + j->offset;

	memset(memory, 0, (size_t)j->pages * PAGE);
	gasp_clean(memory, (uint64_t)j->pages * PAGE);
	return ask_server(&ready);
}

static bool keep_joined(const struct joined *j)
{
	bool kept = false;

	mutex_lock(&shared.lock);
	for (unsigned i = 0; i < SHM_CLIENTS && !kept; i++) {
		kept = !shared.joined[i].used;
		if (kept)
			shared.joined[i] = *j;
	}
	mutex_unlock(&shared.lock);
	return kept;
}

/* The server is another process: what it says is checked before it is believed. */
static bool is_plausible(const struct shm_msg *msg)
{
	return msg->pool < shared.pool_count && msg->pages != 0 && msg->index < 2 * SHM_CLIENTS &&
	       msg->offset % PAGE == 0 &&
	       range_holds(0, shared.pool[msg->pool].bytes, msg->offset, (uint64_t)msg->pages * PAGE);
}

int shared_join(vdev_t *vdp, const char *name, uint32_t pages, bool hold, struct shared_region *region)
{
	struct shm_msg msg = {.type = SHM_ATTACH, .pages = pages, .flags = hold ? SHM_HOLD : 0};
	struct joined j = {.used = true, .vdev = vdp};
	const size_t bytes = strlen(name);
	int result;

	if (bytes >= sizeof(msg.name))
		return -EINVAL;
	memcpy(msg.name, name, bytes);
	TimerTimeout_r(TIMEOUT_SEND | TIMEOUT_REPLY, JOIN_NS);
	result = ask_server(&msg);
	if (result < 0)
		return result;
	if (!is_plausible(&msg))
		return -EIO;
	j.handle = msg.handle;
	j.pages = msg.pages;
	j.pool = &shared.pool[msg.pool];
	j.offset = msg.offset;
	result = msg.flags & SHM_ZERO ? zero_region(&j) : 0;
	if (result < 0 || !keep_joined(&j)) {
		shared_leave(j.handle);
		return result < 0 ? result : -EMFILE;
	}
	*region = (struct shared_region){j.handle, j.pages, msg.index, msg.status >> 16};
	return 0;
}

void shared_leave(uint32_t handle)
{
	struct shm_msg msg = {.type = SHM_DETACH, .handle = handle};

	mutex_lock(&shared.lock);
	for (unsigned i = 0; i < SHM_CLIENTS; i++)
		if (shared.joined[i].used && shared.joined[i].handle == handle)
			shared.joined[i].used = false;
	mutex_unlock(&shared.lock);
	ask_server(&msg);
}

int shared_map(uint32_t handle, uint64_t address)
{
	struct joined j;

	if (!find_joined(handle, &j))
		return -EBADF;
	return MemMap_r(SPACE_GUEST, address, j.pool->region, j.offset, (uint64_t)j.pages * PAGE, PROT_R | PROT_W);
}

void shared_unmap(uint32_t handle, uint64_t address)
{
	struct joined j;

	if (find_joined(handle, &j))
		MemUnmap_r(SPACE_GUEST, address, (uint64_t)j.pages * PAGE);
}

void shared_notify(uint32_t handle, uint32_t clients)
{
	struct shm_msg msg = {.type = SHM_NOTIFY, .handle = handle, .status = clients};

	ask_server(&msg);
}
