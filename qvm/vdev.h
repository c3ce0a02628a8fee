/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's virtual devices: instances of the types that were registered, and their life. What a vdev sees of this is
 * in include/qvm/.
 */
#pragma once

#include "qvm/mmio.h"
#include <qvm/guest.h>
#include <qvmconf.h>

struct vdev_instance {
	vdev_t vdev; /* first: call-backs get a pointer to this */
	const struct qvm_vdev *config;
	uint32_t accesses;                                                                        /* acc_sizes */
	struct vdev_value (*reg_read)(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size); /* its factory's */
	bool (*reg_write)(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);
	int timer;       /* the kernel's, or 0 */
	bool configured; /* GUEST_CONFIGURED has been sent */
	struct vdev_window {
		struct vdev_instance *owner;
		uint64_t start, bytes; /* bytes 0: there is none */
	} window;                      /* gasp_window() */
};

/* vdev_factory.c: the registered type of that name, or null. */
struct vdev_factory *vdev_factory_of(const char *type);

/* How many types there are, and the one that was registered last; a module's constructors change both. */
struct vdev_factory *vdev_factory_newest(unsigned *count);

/*
 * From the configuration to instances that have a place: OPTIONS_START to ASSIGN. All mistakes end the process
 * with the line of the configuration.
 */
void vdev_make_all(void);
unsigned vdev_intids(unsigned least);           /* INTIDs that the gic must have for them */
void vdev_add_regions(void);                    /* vdev_access.c: their registers, into the VM's table */
void vdev_describe(unsigned index, int parent); /* GEN_FDT; index as in the configuration */
void vdev_configured(void);
void vdev_starting(void);

/* While the guest runs. */
void vdev_status(void);
bool vdev_button(void); /* did one of them press a button? */

/* It cannot go on: the VM ends. `error` is a positive errno value. */
_Noreturn void vdev_fail(const struct vdev_instance *v, const char *what, int error);
