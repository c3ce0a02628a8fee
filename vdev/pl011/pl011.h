/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm PrimeCell UART (PL011) r1p5, as its Technical Reference Manual (Arm DDI 0183G) describes it: a pure state
 * machine.
 *
 * No line is clocked: a transmitted byte leaves at once, or as soon as the back end has room. There is no DMA
 * (UARTDMACR is only kept), no IrDA, and the modem lines are always asserted. Not thread-safe: the caller holds the
 * VM's lock, except for pl011_flags(). The operations are called with it held, and must not call back into this device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PL011_BYTES 0x1000u
#define PL011_FR    0x018u /* UARTFR */
#define PL011_FIFO  32u    /* r1p5 */

struct pl011_ops {
	/* False: the back end is full. The byte stays in the FIFO until pl011_tx_ready(). */
	bool (*tx)(void *ctx, uint8_t byte);
	/* UARTINTR, called only when it changes. */
	void (*set_irq)(void *ctx, bool level);
};

struct pl011_fifo {
	uint8_t data[PL011_FIFO];
	uint8_t head, count;
};

struct pl011 {
	const struct pl011_ops *ops;
	void *ctx;
	struct pl011_fifo rx, tx;
	uint32_t fr; /* UARTFR, kept up to date since guests poll it: see pl011_flags() */
	uint32_t ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
	uint8_t rsr;  /* UARTRSR: of all errors, only overrun can happen */
	bool overrun; /* a character was lost since the last one was read */
	bool irq;     /* what set_irq was told last */
	bool stalled; /* the back end has refused a byte */
};

/* Registers as firmware leaves them. A reset keeps what the device is connected to. */
void pl011_init(struct pl011 *u, const struct pl011_ops *ops, void *ctx);
void pl011_reset(struct pl011 *u);

/* False: not within the page, size not 1, 2 or 4, or offset not a multiple of 4. Reserved registers are RAZ/WI. */
bool pl011_read(struct pl011 *u, uint64_t offset, unsigned size, uint64_t *value);
bool pl011_write(struct pl011 *u, uint64_t offset, unsigned size, uint64_t value);

/* UARTFR, read as a word: the one access that needs no lock. False: it is another one. */
static inline bool pl011_flags(const struct pl011 *u, uint64_t offset, unsigned size, uint64_t *value)
{
	if (offset != PL011_FR || size != 4)
		return false;
	*value = __atomic_load_n(&u->fr, __ATOMIC_RELAXED);
	return true;
}

/*
 * A byte for the guest. False: not taken, because the FIFO is full or the receiver is off. Keep it until
 * pl011_rx_room() says how many go in; that changes only by accesses of the guest, so look after each of them if
 * something waits.
 */
bool pl011_receive(struct pl011 *u, uint8_t byte);
unsigned pl011_rx_room(const struct pl011 *u);

/* The back end has room again. */
void pl011_tx_ready(struct pl011 *u);
