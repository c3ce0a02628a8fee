/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of shared memory: it brings the virtual machines together that share a region, and tells each of them what
 * the others do. It takes no arguments; the pools are those of the system description.
 */
#include "bulkhead/client.h"
#include "bulkhead/kernel.h"
#include "bulkhead/process.h"
#include "registry.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct shm shm;

static void reply_client(void *context, int64_t rcvid, int status, const struct shm_msg *msg)
{
	(void)context;
	MsgReply_r(rcvid, status, msg, msg ? sizeof(*msg) : 0);
}

static bool send_event(void *context, uint32_t scoid, uint32_t handle)
{
	(void)context;
	return MsgDeliverEvent_r(scoid, -1, SHM_CHANGED, handle) >= 0;
}

static uint32_t life_of(void *context, uint32_t slot)
{
	static uint32_t first; /* slot of the first VM: the others follow */
	struct pm_vm vm;

	(void)context;
	if (first == 0 && pm_request(PM_VM_INFO, NULL, 0, 0, &vm, sizeof(vm)) >= 0)
		first = vm.slot;
	if (pm_request(PM_VM_INFO, NULL, slot - first, 0, &vm, sizeof(vm)) < 0)
		return 0;
	return vm.state == VM_RUNNING || vm.state == VM_PAUSED ? vm.starts : 0;
}

static const struct shm_ops operations = {.reply = reply_client, .event = send_event, .life = life_of};

static bool read_pools(void)
{
	for (uint32_t i = 0;; i++) {
		struct pm_pool pool;
		int result = pm_request(PM_POOL_INFO, NULL, i, 0, &pool, sizeof(pool));

		if (result == -ESRCH)
			return true;
		if (result < 0 || !shm_pool_add(&shm, &pool)) {
			printf("shmem-server: pool %u: %s\n", (unsigned)i,
			       result < 0 ? strerror(-result) : "one too many");
			return false;
		}
	}
}

static _Noreturn void serve_channel(int chid)
{
	for (;;) {
		union {
			struct shm_msg msg;
			struct pulse pulse;
		} m;
		struct msg_info info;
		int64_t rcvid = MsgReceive_r(chid, &m, sizeof(m), &info);

		if (rcvid > 0)
			shm_message(&shm, rcvid, info.slot, info.scoid, &m.msg, info.bytes);
		else if (rcvid == 0 && m.pulse.code == PULSE_CODE_DISCONNECT)
			shm_forget(&shm, (uint32_t)m.pulse.value);
		else if (rcvid == 0 && m.pulse.code == PULSE_CODE_UNBLOCK)
			shm_unblock(&shm, (int64_t)m.pulse.value);
	}
}

int main(void)
{
	int chid = ChannelCreate_r(CHF_DISCONNECT | CHF_UNBLOCK), status;

	shm.ops = &operations;
	if (chid < 0 || !read_pools())
		return EXIT_FAILURE;
	shm_begin(&shm);
	status = name_attach("shmem", chid);
	if (status < 0) {
		printf("shmem-server: name: %s\n", strerror(-status));
		return EXIT_FAILURE;
	}
	pm_ready();
	serve_channel(chid);
}
