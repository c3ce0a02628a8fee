/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interrupt controller with support for virtual interrupts: all that a driver provides. Its distributor is that of
 * GICv2 and later, which irqchip.c handles. A driver is NAME.c, and NAME.h with what is so short that it must be
 * inline: one function NAME_... for each line of the two lists. GICv3 is the only one so far.
 *
 * EL2 has no call through a pointer. With several drivers IRQCHIP_CALL is a branch on a variable that boot/board.c sets
 * from the device tree: (irqchip_version == 2 ? gicv2_##name arguments : gicv3_##name arguments). IRQCHIP_PROTOTYPE
 * declares the functions of each.
 */
#pragma once

#include "arch.h"
#include "gicv3.h"

#define IRQCHIP_CALL(name, arguments)                     gicv3_##name arguments
#define IRQCHIP_PROTOTYPE(type, name, parameters, unused) type gicv3_##name parameters;

/* clang-format off */
/* X(type, name, parameters, arguments): arch_NAME(), described in arch.h. */
#define IRQCHIP_ARCH(X) \
	X(uint32_t, irq_ack, (void), ()) \
	X(void, irq_drop, (uint32_t intid), (intid)) \
	X(void, irq_deactivate, (uint32_t intid), (intid)) \
	X(void, irq_route, (uint32_t spi, unsigned cpu), (spi, cpu)) \
	X(unsigned, vcpu_lr_count, (void), ())

/* The same: irqchip_NAME(). All but the first three lines are about the CPU that calls. */
#define IRQCHIP_OWN(X) \
	X(void, init, (void), ()) /* by the first CPU */ \
	X(paddr_t, frame, (uint32_t intid), (intid)) /* the distributor's registers of an interrupt, or of this CPU's */ \
	X(void, settle, (uint32_t intid), (intid)) /* waits until what was written there has its effect */ \
	X(const char *, refusal, (void), ()) /* MMU off: why the CPU's interface cannot be used, or NULL */ \
	X(void, cpu_init, (unsigned cpu), (cpu)) /* by each; sets its sgi_target */ \
	X(void, shut, (void), ()) /* no interrupt is signalled any more */ \
	X(void, send_sgi, (uint64_t sgi_target, unsigned intid), (sgi_target, intid)) \
	/* List registers: images are in the format of lr.h. */ \
	X(uint64_t, lr_read, (unsigned n), (n)) \
	X(void, lr_write, (unsigned n, uint64_t image), (n, image)) \
	X(uint32_t, lr_empty, (void), ()) /* a bit for each that is neither pending nor active */ \
	X(void, virtual_control, (uint64_t control), (control)) /* ARCH_VGIC_* */ \
	X(unsigned, eoicount, (void), ()) /* interrupts without an image that were ended since virtual_control */ \
	X(uint32_t, virtual_running, (void), ()) /* a bit for each priority at which the guest runs a handler */ \
	X(uint64_t, vmcr, (void), ()) /* the guest's CPU interface, ARCH_VMCR_* */ \
	X(void, virtual_save, (struct irqchip_state *to), (to)) \
	X(void, virtual_load, (const struct irqchip_state *from), (from))
#define X(type, name, params, args) \
	static inline __attribute__((always_inline)) type irqchip_##name params { return IRQCHIP_CALL(name, args); }
/* clang-format on */

IRQCHIP_ARCH(IRQCHIP_PROTOTYPE)
IRQCHIP_OWN(IRQCHIP_PROTOTYPE)
IRQCHIP_OWN(X)
#undef X

/* What irqchip.c provides. INTIDs from SPI_FIRST on are shared by the CPUs. */
#define SPI_FIRST 32u
void irqchip_set_active(uint32_t ppi, bool active); /* of this CPU */
/* For drivers: all interrupts of a frame disabled, inactive, of group 1, of one priority, and level-sensitive. */
void irqchip_reset_shared(void);
void irqchip_reset_private(void); /* and the kernel's own are enabled */
