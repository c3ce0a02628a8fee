/* SPDX-License-Identifier: Apache-2.0 */
/* Arm PL011 UART, see pl011.h. Section numbers are those of Arm DDI 0183G. */
#include "vdev/pl011/pl011.h"
#include <string.h>

#define DR_OE  (1u << 11)
#define RSR_OE (1u << 3)

#define FR_CTS  (1u << 0)
#define FR_DSR  (1u << 1)
#define FR_DCD  (1u << 2)
#define FR_BUSY (1u << 3)
#define FR_RXFE PL011_FR_RXFE
#define FR_TXFF (1u << 5)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)
#define FR_RI   (1u << 8)

#define LCR_H_FEN (1u << 4)

#define CR_UARTEN   (1u << 0)
#define CR_LBE      (1u << 7)
#define CR_TXE      (1u << 8)
#define CR_RXE      (1u << 9)
#define CR_DTR      (1u << 10)
#define CR_RTS      (1u << 11)
#define CR_OUT1     (1u << 12)
#define CR_OUT2     (1u << 13)
#define CR_WRITABLE 0xff87u

#define INT_RI  (1u << 0)
#define INT_CTS (1u << 1)
#define INT_DCD (1u << 2)
#define INT_DSR (1u << 3)
#define INT_RX  (1u << 4)
#define INT_TX  PL011_INT_TX
#define INT_RT  (1u << 6)
#define INT_OE  (1u << 10)
#define INT_ALL 0x7ffu

/* Section 3.3.14 on: part 011, designer Arm, revision 3 (r1p5: FIFOs of 32); then the PrimeCell identification. */
static const uint8_t identification[UARTDR] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static void raise_status(struct pl011 *u, uint32_t interrupts)
{
	pl011_set(u, UARTRIS, u->reg[UARTRIS] | interrupts);
}

static void clear_status(struct pl011 *u, uint32_t interrupts)
{
	pl011_set(u, UARTRIS, u->reg[UARTRIS] & ~interrupts);
}

static bool fifo_put(struct pl011_fifo *f, unsigned limit, uint8_t data)
{
	if (f->count >= limit)
		return false;
	f->data[(f->head + f->count) % PL011_FIFO] = data;
	f->count++;
	return true;
}

static uint8_t fifo_take(struct pl011_fifo *f)
{
	uint8_t data = f->data[f->head];

	f->head = (f->head + 1) % PL011_FIFO;
	f->count--;
	return data;
}

/* Without FEN a FIFO is a register for one character. What it holds when FEN changes stays in it. */
static unsigned fifo_depth(const struct pl011 *u)
{
	return u->reg[UARTLCR_H] & LCR_H_FEN ? PL011_FIFO : 1;
}

/* Fill level of UARTIFLS: 1/8, 1/4, 1/2, 3/4, 7/8; reserved values are taken as the last. */
static unsigned fifo_level(unsigned select)
{
	static const uint8_t levels[] = {4, 8, 16, 24, 28};

	return levels[select < 4 ? select : 4];
}

static unsigned rx_level(const struct pl011 *u)
{
	return u->reg[UARTLCR_H] & LCR_H_FEN ? fifo_level((u->reg[UARTIFLS] >> 3) & 7) : 1;
}

static unsigned tx_level(const struct pl011 *u)
{
	return u->reg[UARTLCR_H] & LCR_H_FEN ? fifo_level(u->reg[UARTIFLS] & 7) : 0;
}

/* The modem inputs: always asserted, but that in loopback the outputs are connected to them (UARTCR, bit LBE). */
static uint32_t modem_lines(const struct pl011 *u)
{
	uint32_t lines = 0;

	if (!(u->reg[UARTCR] & CR_LBE))
		return FR_CTS | FR_DSR | FR_DCD;
	if (u->reg[UARTCR] & CR_RTS)
		lines |= FR_CTS;
	if (u->reg[UARTCR] & CR_DTR)
		lines |= FR_DSR;
	if (u->reg[UARTCR] & CR_OUT1)
		lines |= FR_DCD;
	if (u->reg[UARTCR] & CR_OUT2)
		lines |= FR_RI;
	return lines;
}

static uint32_t flag_register(const struct pl011 *u)
{
	uint32_t fr = modem_lines(u);

	/* BUSY is set as soon as the transmit FIFO is not empty, whether or not the UART is enabled. */
	fr |= u->tx.count == 0 ? FR_TXFE : FR_BUSY;
	if (u->tx.count >= fifo_depth(u))
		fr |= FR_TXFF;
	if (u->rx.count == 0)
		fr |= FR_RXFE;
	if (u->rx.count >= fifo_depth(u))
		fr |= FR_RXFF;
	return fr;
}

static void update_line(struct pl011 *u)
{
	uint32_t mis = u->reg[UARTRIS] & u->reg[UARTIMSC];
	bool irq = mis != 0;

	pl011_set(u, UARTMIS, mis);
	if (irq == u->irq)
		return;
	u->irq = irq;
	u->ops->set_irq(u->ctx, irq);
}

/* After each change: what the outside sees of the state. */
static void update_outputs(struct pl011 *u)
{
	const uint32_t enabled = CR_UARTEN | CR_TXE;

	u->passes = u->tx.count == 0 && !u->stalled && (u->reg[UARTCR] & (enabled | CR_LBE)) == enabled;
	pl011_set(u, UARTFR, flag_register(u));
	update_line(u);
}

/* A character has arrived. If there is no room it is lost, and the FIFO stays as it is (UARTRSR, bit OE). */
static void rx_put(struct pl011 *u, uint8_t byte)
{
	if (!fifo_put(&u->rx, fifo_depth(u), byte)) {
		u->overrun = true;
		pl011_set(u, UARTRSR, RSR_OE);
		raise_status(u, INT_OE);
		return;
	}
	pl011_set(u, UARTDR, PL011_WAITS);
	/*
	 * The receive timeout is due after 32 bit periods without a character. Here, characters that come together come
	 * at one moment of the guest's time, so the period is over at once.
	 */
	if (u->reg[UARTLCR_H] & LCR_H_FEN)
		raise_status(u, INT_RT);
	if (u->rx.count >= rx_level(u))
		raise_status(u, INT_RX);
}

static uint32_t read_data(struct pl011 *u)
{
	uint32_t data;

	if (u->rx.count == 0)
		return 0;
	data = fifo_take(&u->rx);
	if (u->overrun)
		data |= DR_OE;
	u->overrun = false;
	if (u->rx.count < rx_level(u))
		clear_status(u, INT_RX);
	if (u->rx.count == 0) {
		clear_status(u, INT_RT);
		pl011_set(u, UARTDR, 0);
	}
	return data;
}

/* Sends what can be sent: to the back end, or in loopback to the own receiver. At most one FIFO full. */
static void transmit_fifo(struct pl011 *u)
{
	if ((u->reg[UARTCR] & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE))
		return;
	while (u->tx.count > 0) {
		uint8_t byte = u->tx.data[u->tx.head];

		if (u->reg[UARTCR] & CR_LBE) {
			if (u->reg[UARTCR] & CR_RXE)
				rx_put(u, byte);
		} else if (u->stalled || !u->ops->tx(u->ctx, byte)) {
			u->stalled = true;
			break;
		}
		fifo_take(&u->tx);
		/*
		 * UARTTXINTR is set by the transition to the trigger level, not by the level (UARTTXINTR in
		 * section 2.8): never before something was written. Every character counts as such a transition, as if
		 * more had been waiting.
		 */
		if (u->tx.count <= tx_level(u))
			raise_status(u, INT_TX);
	}
}

static void write_data(struct pl011 *u, uint8_t byte)
{
	if (!fifo_put(&u->tx, fifo_depth(u), byte))
		return;
	if (u->tx.count > tx_level(u))
		clear_status(u, INT_TX);
	transmit_fifo(u);
}

static void write_control(struct pl011 *u, uint32_t value)
{
	uint32_t changed = modem_lines(u);

	pl011_set(u, UARTCR, value & CR_WRITABLE);
	changed ^= modem_lines(u);
	if (changed & FR_CTS)
		raise_status(u, INT_CTS);
	if (changed & FR_DSR)
		raise_status(u, INT_DSR);
	if (changed & FR_DCD)
		raise_status(u, INT_DCD);
	if (changed & FR_RI)
		raise_status(u, INT_RI);
	transmit_fifo(u);
}

static void write_register(struct pl011 *u, uint64_t index, uint32_t value)
{
	switch (index) {
	case UARTDR: write_data(u, (uint8_t)value); break;
	case UARTRSR: pl011_set(u, UARTRSR, 0); break;
	case UARTILPR: pl011_set(u, UARTILPR, value & 0xff); break;
	case UARTIBRD: pl011_set(u, UARTIBRD, value & 0xffff); break;
	case UARTFBRD: pl011_set(u, UARTFBRD, value & 0x3f); break;
	case UARTLCR_H: pl011_set(u, UARTLCR_H, value & 0xff); break;
	case UARTCR: write_control(u, value); break;
	case UARTIFLS: pl011_set(u, UARTIFLS, value & 0x3f); break;
	case UARTIMSC: pl011_set(u, UARTIMSC, value & INT_ALL); break;
	case UARTICR: clear_status(u, value); break;
	case UARTDMACR: pl011_set(u, UARTDMACR, value & 7); break;
	default: break;
	}
}

static bool access_ok(uint64_t offset, unsigned size)
{
	return offset < PL011_BYTES && offset % 4 == 0 && (size == 1 || size == 2 || size == 4);
}

bool pl011_read(struct pl011 *u, uint64_t offset, unsigned size, uint64_t *value)
{
	const uint32_t mask = 0xffffffffu >> ((32 - 8 * size) & 31);
	int64_t seen;

	if (!access_ok(offset, size))
		return false;
	seen = pl011_peek(u, offset);
	if (seen >= 0) {
		*value = (uint64_t)seen & mask;
		return true;
	}
	*value = read_data(u) & mask;
	update_outputs(u);
	return true;
}

bool pl011_write(struct pl011 *u, uint64_t offset, unsigned size, uint64_t value)
{
	if (!access_ok(offset, size))
		return false;
	write_register(u, pl011_index(offset), (uint32_t)value & (0xffffffffu >> (32 - 8 * size)));
	update_outputs(u);
	return true;
}

unsigned pl011_rx_room(const struct pl011 *u)
{
	if ((u->reg[UARTCR] & (CR_UARTEN | CR_RXE | CR_LBE)) != (CR_UARTEN | CR_RXE) || u->rx.count >= fifo_depth(u))
		return 0;
	return fifo_depth(u) - u->rx.count;
}

bool pl011_receive(struct pl011 *u, uint8_t byte)
{
	if (pl011_rx_room(u) == 0)
		return false;
	rx_put(u, byte);
	update_outputs(u);
	return true;
}

void pl011_tx_ready(struct pl011 *u)
{
	u->stalled = false;
	transmit_fifo(u);
	update_outputs(u);
}

void pl011_reset(struct pl011 *u)
{
	const struct pl011_ops *ops = u->ops;
	void *ctx = u->ctx;
	bool irq = u->irq, stalled = u->stalled;

	memset(u, 0, sizeof(*u));
	u->ops = ops;
	u->ctx = ctx;
	u->irq = irq;
	for (unsigned i = 0; i < UARTDR; i++)
		u->reg[i] = identification[i];
	u->stalled = stalled; /* a state of the back end, which was not reset */
	pl011_set(u, UARTIFLS, 0x12);
	/*
	 * As firmware leaves it, not as hardware does: a guest has no firmware before it, and early consoles (Linux's
	 * earlycon among them) write to UARTDR without having enabled anything.
	 */
	pl011_set(u, UARTCR, CR_UARTEN | CR_TXE | CR_RXE);
	update_outputs(u);
}

void pl011_init(struct pl011 *u, const struct pl011_ops *ops, void *ctx)
{
	memset(u, 0, sizeof(*u));
	u->ops = ops;
	u->ctx = ctx;
	pl011_reset(u);
}
