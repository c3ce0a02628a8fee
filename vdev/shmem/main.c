/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vdev shmem`: memory that guests share, by name. The registers are in device.c, the way to the other VMs in shared.c.
 *
 * An interrupt is raised as long as the status of a region has changed and the guest has not read it.
 */
#include <errno.h>
#include <string.h>

#define VDEV_OPTIONS "vdev/shmem/options.def"
#include "vdev/shmem/device.h"
#include "vdev/shmem/shared.h"
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/vdev-describe.h>
#include <qvm/vdev-fdt.h>

#define CREATES_MAX 16u

struct instance {
	vdev_t *vdev;
	struct shmem shmem;
	const char *create[CREATES_MAX]; /* as written: checked when it was read */
	unsigned create_count;
};

/* ---- what the registers ask for ---- */

static int join_region(void *context, const char *name, uint32_t pages, struct shmem_joined *joined)
{
	struct instance *i = context;
	struct shared_region region;
	int result = shared_join(i->vdev, name, pages, false, &region);

	if (result == 0)
		*joined = (struct shmem_joined){region.handle, region.pages, region.index, region.attached};
	return result;
}

static int map_region(void *context, uint32_t handle, uint64_t address)
{
	(void)context;
	return shared_map(handle, address);
}

static void unmap_region(void *context, uint32_t handle, uint64_t address)
{
	(void)context;
	shared_unmap(handle, address);
}

static void leave_region(void *context, uint32_t handle)
{
	(void)context;
	shared_leave(handle);
}

static void notify_clients(void *context, uint32_t handle, uint32_t clients)
{
	(void)context;
	shared_notify(handle, clients);
}

static void set_line(void *context, bool level)
{
	const struct instance *i = context;

	guest_intr_set(i->vdev->v_intr, level);
}

static const struct shmem_ops operations = {join_region,  map_region,     unmap_region,
					    leave_region, notify_clients, set_line};

/* ---- accesses and news ---- */

static struct vdev_value reg_read(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size)
{
	struct instance *i = vdp->v_device;
	struct vdev_value data = {.done = true};

	(void)cpu;
	mutex_lock(&vdp->v_mtx);
	if (offset < SHMEM_PAGE)
		data.value = shmem_factory_read(&i->shmem, offset, size);
	else
		data.done = shmem_window_read(&i->shmem, offset - SHMEM_PAGE, size, &data.value);
	mutex_unlock(&vdp->v_mtx);
	return data;
}

static bool reg_write(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	struct instance *i = vdp->v_device;
	bool good = true;

	(void)cpu;
	mutex_lock(&vdp->v_mtx);
	if (offset < SHMEM_PAGE)
		shmem_factory_write(&i->shmem, offset, size, value);
	else
		good = shmem_window_write(&i->shmem, offset - SHMEM_PAGE, size, value);
	mutex_unlock(&vdp->v_mtx);
	return good;
}

static void region_changed(vdev_t *vdp, uint32_t handle, uint32_t from, uint32_t attached)
{
	struct instance *i = vdp->v_device;

	mutex_lock(&vdp->v_mtx);
	shmem_changed(&i->shmem, handle, from, attached);
	mutex_unlock(&vdp->v_mtx);
}

/* ---- life ---- */

/* Each window holds a control page and any region of the VM's pools, and begins on a block. */
static int assign_windows(struct instance *i)
{
	const uint64_t block = 2ull << 20;
	const uint64_t longest = shared_longest();

	if (longest == 0) {
		vdev_logf(QL_QVM_ERROR, i->vdev,
			  "this VM has no pool: name it in a node of /shared-memory in system.dts");
		return EINVAL;
	}
	i->shmem.interrupt = i->vdev->v_intr;
	i->shmem.window_bytes = (longest + SHMEM_PAGE + block - 1) & ~(block - 1);
	return -gasp_window(i->vdev, SHMEM_WINDOWS * i->shmem.window_bytes, &i->shmem.windows);
}

/* A region that is made before the guest runs is there for as long as this VM is. */
static int hold_region(struct instance *i, const char *text)
{
	char name[GLOB_NAME_BYTES] = {0};
	struct vdev_region create;
	struct shared_region region;
	int result;

	if (vdev_region(text, &create) != NULL)
		return EINVAL;
	memcpy(name, create.name, create.name_bytes);
	result = shared_join(i->vdev, name, (uint32_t)(create.bytes / SHMEM_PAGE), true, &region);
	if (result < 0)
		vdev_logf(QL_QVM_ERROR, i->vdev, "cannot create %s: %s", name,
			  result == -ENOENT ? "no pool of this VM takes that name" : strerror(-result));
	return -result;
}

static int start_device(struct instance *i)
{
	int result = -shared_open(i->vdev, region_changed);

	if (result != 0)
		vdev_logf(QL_QVM_ERROR, i->vdev, "no connection to shmem-server: %s", strerror(result));
	for (unsigned n = 0; n < i->create_count && result == 0; n++)
		result = hold_region(i, i->create[n]);
	return result;
}

static int describe_node(struct instance *i, int parent)
{
	const int node = vdev_fdt_node(i->vdev, parent, "shmem");
	const uint64_t bytes = SHMEM_WINDOWS * i->shmem.window_bytes;
	const uint32_t windows[4] = {(uint32_t)(i->shmem.windows >> 32), (uint32_t)i->shmem.windows,
				     (uint32_t)(bytes >> 32), (uint32_t)bytes};

	vdev_fdt_string(node, "compatible", "bulkhead,shmem");
	vdev_fdt_cells(node, "bulkhead,windows", windows, 4);
	return 0;
}

static void report_state(struct instance *i)
{
	unsigned used = 0;

	mutex_lock(&i->vdev->v_mtx);
	for (unsigned n = 0; n < SHMEM_WINDOWS; n++)
		used += i->shmem.window[n].used;
	mutex_unlock(&i->vdev->v_mtx);
	vdev_logf(QL_QVM_INFO, i->vdev, "shmem at 0x%llx: in %u regions, %u created, windows at 0x%llx",
		  (unsigned long long)i->vdev->v_block.location, used, i->create_count,
		  (unsigned long long)i->shmem.windows);
}

static int take_create(struct instance *i, const char *text)
{
	if (i->create_count == CREATES_MAX)
		return E2BIG;
	i->create[i->create_count++] = text;
	return 0;
}

static int shmem_control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	struct instance *i = vdp->v_device;

	switch ((unsigned)ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		i->vdev = vdp;
		i->shmem.ops = &operations;
		i->shmem.context = i;
		return 0;
	case VDEV_CTRL_FIRST_OPTIDX + OPTION_CREATE: return take_create(i, arg);
	case VDEV_CTRL_FIRST_OPTIDX + OPTION_ALLOW: return shmem_rule_add(&i->shmem, true, arg) ? 0 : E2BIG;
	case VDEV_CTRL_FIRST_OPTIDX + OPTION_DENY: return shmem_rule_add(&i->shmem, false, arg) ? 0 : E2BIG;
	case VDEV_CTRL_ASSIGN: return assign_windows(i);
	case VDEV_CTRL_GEN_FDT: return describe_node(i, (int)(intptr_t)arg);
	case VDEV_CTRL_GUEST_CONFIGURED: return start_device(i);
	case VDEV_CTRL_STATUS: report_state(i); return 0;
	default: return 0;
	}
}

static struct vdev_factory factory = {
    .control = shmem_control,
    .reg_read = reg_read,
    .reg_write = reg_write,
    .factory_flags = VFF_VDEV_MEM | VFF_INTR_NONPCI | VFF_MUTEX,
    .acc_sizes = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8,
    .extra_space = sizeof(struct instance),
    .safety = VDEV_SAFETY_BUILT,
};

__attribute__((constructor)) static void register_factory(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
