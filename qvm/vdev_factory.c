/* SPDX-License-Identifier: Apache-2.0 */
/* The types of vdevs that modules have registered. */
#include "qvm/log.h"
#include "qvm/vdev.h"
#include "qvm/vm.h"
#include <errno.h>
#include <string.h>

#define EXTRA_MAX (1u << 20)
#define SIZES     (1u << 1 | 1u << 2 | 1u << 4 | 1u << 8)
#define FLAGS     (VFF_VDEV_MEM | VFF_INTR_NONPCI | VFF_MUTEX | VFF_BUTTON)

static struct vdev_factory *factories; /* the newest first */
static unsigned factory_count;

static const char *wrong_factory(const struct vdev_factory *f, unsigned abi)
{
	if (abi != QVM_VDEV_ABI)
		return "it was built for another version of the vdev ABI";
	if (!f->control)
		return "its factory has no control function";
	if ((f->factory_flags & ~(unsigned)FLAGS) != 0 || f->pic)
		return "its factory asks for what is not supported";
	if ((f->acc_sizes & ~SIZES) != 0)
		return "its factory names access sizes that do not exist";
	if (f->extra_space > EXTRA_MAX)
		return "its factory wants more than 1 MiB for each instance";
	return f->safety > VDEV_SAFETY_SELECTED ? "its factory has a safety that does not exist" : NULL;
}

int vdev_register_factory(struct vdev_factory *factory, unsigned abi)
{
	const char *wrong = wrong_factory(factory, abi);

	if (wrong) {
		vm_logf(SLOG_ERROR, "a vdev is not registered: %s", wrong);
		return EINVAL;
	}
	factory->next = factories;
	factories = factory;
	factory_count++;
	return 0;
}

struct vdev_factory *vdev_factory_newest(unsigned *count)
{
	*count = factory_count;
	return factories;
}

struct vdev_factory *vdev_factory_of(const char *type)
{
	struct vdev_factory *f = factories;

	while (f && (!f->name || strcmp(f->name, type) != 0))
		f = f->next;
	return f;
}
