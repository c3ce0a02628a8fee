/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arm PrimeCell UART (PL011) r1p5, as its Technical Reference Manual (Arm DDI 0183G) describes it: a pure state
 * machine.
 *
 * No line is clocked: a transmitted byte leaves at once, or as soon as the back end has room. There is no DMA
 * (UARTDMACR is only kept), no IrDA, and the modem lines are always asserted. Not thread-safe: the caller holds the
 * device's lock, except for pl011_peek(). The operations are called with it held, and must not call back into this
 * device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PL011_BYTES 0x1000u
#define PL011_FIFO  32u /* r1p5 */

#define PL011_DR 0x000u /* offset of UARTDR */

/*
 * Registers as pl011_index() counts them (section 3.2, register summary): the identification, at the end of the page,
 * comes first.
 */
enum pl011_register {
	UARTDR = 8,
	UARTRSR, /* written: UARTECR */
	UARTFR = UARTDR + 0x018 / 4,
	UARTILPR = UARTDR + 0x020 / 4,
	UARTIBRD,
	UARTFBRD,
	UARTLCR_H,
	UARTCR,
	UARTIFLS,
	UARTIMSC,
	UARTRIS,
	UARTMIS,
	UARTICR,
	UARTDMACR,
	PL011_REGISTERS
};

#define PL011_FR_RXFE (1u << 4)
#define PL011_INT_TX  (1u << 5)
#define PL011_WAITS   (~0u) /* bit 31, which no register has */

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
	/*
	 * What a load of each shows. Of the errors in UARTRSR only overrun can happen. UARTDR is 0, or PL011_WAITS:
	 * there is a character.
	 */
	uint32_t reg[PL011_REGISTERS];
	const struct pl011_ops *ops;
	void *ctx;
	struct pl011_fifo rx, tx;
	bool overrun; /* a character was lost since the last one was read */
	bool irq;     /* what UARTINTR is */
	bool stalled; /* the back end has refused a byte */
	bool passes;  /* a character may go past the FIFO, which is empty: tell pl011_passed() */
};

/* Registers as firmware leaves them. A reset keeps what the device is connected to. */
void pl011_init(struct pl011 *u, const struct pl011_ops *ops, void *ctx);
void pl011_reset(struct pl011 *u);

/* False: not within the page, size not 1, 2 or 4, or offset not a multiple of 4. Reserved registers are RAZ/WI. */
bool pl011_read(struct pl011 *u, uint64_t offset, unsigned size, uint64_t *value);
bool pl011_write(struct pl011 *u, uint64_t offset, unsigned size, uint64_t value);

/* The register at an offset below PL011_BYTES. PL011_REGISTERS or more: a reserved one; huge: it is not aligned. */
static inline uint64_t pl011_index(uint64_t offset)
{
	const uint64_t top = (offset << 52) + (UARTDR * 4ull << 52);

	return top >> 54 | top << 10;
}

/*
 * A load that changes nothing, which needs no lock: all but that of a character. All of the register, for the caller
 * to cut; negative: pl011_read() must do it.
 */
static inline int64_t pl011_peek(const struct pl011 *u, uint64_t offset)
{
	const uint64_t index = pl011_index(offset);

	if (index >= PL011_REGISTERS)
		return index < PL011_BYTES / 4 ? 0 : -1;
	return (int32_t)__atomic_load_n(&u->reg[index], __ATOMIC_ACQUIRE);
}

/* Others may be reading it: pl011_peek(). Whoever sees that a character has come also sees that UARTDR has it. */
static inline void pl011_set(struct pl011 *u, enum pl011_register number, uint32_t value)
{
	__atomic_store_n(&u->reg[number], value, __ATOMIC_RELEASE);
}

/*
 * With `passes`: a character was written and has gone. What remains of it is the interrupt. True: UARTINTR rises, which
 * set_irq is not told.
 */
static inline bool pl011_passed(struct pl011 *u)
{
	const uint32_t status = u->reg[UARTRIS] | PL011_INT_TX, shown = status & u->reg[UARTIMSC];

	if (status == u->reg[UARTRIS])
		return false;
	__atomic_store_n(&u->reg[UARTRIS], status, __ATOMIC_RELAXED); /* UARTMIS after it releases both */
	pl011_set(u, UARTMIS, shown);
	if (shown == 0 || u->irq)
		return false;
	u->irq = true;
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
