/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, registers of the UART and of the GIC: all that there are, in each size that is allowed. */
#include "patterns.h"

#define UART_IMSC 0x38
#define UART_TXIM 0x20
#define UART_ICR  0x44
#define QUIESCE   10 /* microseconds in which what was written to the UART goes on its way */

static uint64_t time_load(uint64_t address, unsigned int size)
{
	switch (size) {
	case 1: return TIME_ACCESS("ldrb %w2, [%3]", address, 0);
	case 2: return TIME_ACCESS("ldrh %w2, [%3]", address, 0);
	case 4: return TIME_ACCESS("ldr %w2, [%3]", address, 0);
	default: return TIME_ACCESS("ldr %2, [%3]", address, 0);
	}
}

static uint64_t time_store(uint64_t address, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1: return TIME_ACCESS("strb %w2, [%3]", address, value);
	case 2: return TIME_ACCESS("strh %w2, [%3]", address, value);
	case 4: return TIME_ACCESS("str %w2, [%3]", address, value);
	default: return TIME_ACCESS("str %2, [%3]", address, value);
	}
}

/* ---- PSCI and the calling convention: everything that only asks, and what there is not ---- */

static const struct {
	uint32_t function;
	uint32_t argument;
} queries[] = {
    {0x84000000, 0}, /* PSCI_VERSION */
    {0x84000004, 0}, /* AFFINITY_INFO, SMC32: this one, one that is off, none */
    {0xc4000004, 0}, /* AFFINITY_INFO, SMC64 */
    {0xc4000004, 1},          {0xc4000004, 7},          {0x84000006, 0}, /* MIGRATE_INFO_TYPE */
    {0x8400000a, 0x84000000}, /* PSCI_FEATURES of what there is first, last, and not */
    {0x8400000a, 0xc4000001}, {0x8400000a, 0xc4000003}, {0x8400000a, 0x8400000a}, {0x8400000a, 0xc4000012},
    {0x8400000a, 0x80000000}, {0x8400000a, 0xc400000e}, {0x80000000, 0}, /* SMCCC_VERSION */
    {0x80000001, 0x80000000}, /* SMCCC_ARCH_FEATURES of itself, the workarounds, SOC_ID, what there is not */
    {0x80000001, 0x80000001}, {0x80000001, 0x80000002}, {0x80000001, 0x80008000}, {0x80000001, 0x80007fff},
    {0x80000001, 0x80003fff}, {0x80008000, 0},                           /* the workarounds */
    {0x80007fff, 0},          {0x80003fff, 0},          {0x80000002, 0}, /* SOC_ID, TRNG_VERSION, stolen time: what
									    Linux asks and does not get */
    {0x84000050, 0},          {0xc5000020, 0},          {0x8600ff01, 0},
};

void measure_calls_swept(void)
{
	for (unsigned int i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		MEASURE_ONE(queries[i].function, TIME_CALL("hvc", queries[i].function, queries[i].argument, 0, 0));
	results_worst("hvc_psci.hvc");
	for (unsigned int i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		MEASURE_ONE(queries[i].function, TIME_CALL("smc", queries[i].function, queries[i].argument, 0, 0));
	results_worst("hvc_psci.smc");
}

/* ---- the UART ---- */

static const uint16_t uart_registers[] = {0x00, 0x04, 0x18,  0x20,  0x24,  0x28,  0x2c,  0x30,  0x34,  0x38, 0x3c,
					  0x40, 0x48, 0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc};

static void sweep_uart(unsigned int size, const char *id)
{
	for (unsigned int i = 0; i < sizeof(uart_registers) / sizeof(uart_registers[0]); i++) {
		if (uart_registers[i] % size == 0)
			MEASURE_ONE(uart_registers[i], time_load(board.uart + uart_registers[i], size));
	}
	results_worst(id);
}

/* One space, after all before have gone: somebody must be woken who takes it further. */
static uint64_t time_uart_first(unsigned int size)
{
	spin(QUIESCE);
	return time_store(board.uart + UART_DR, size, ' ');
}

/* One that follows another. */
static uint64_t time_uart_next(unsigned int size)
{
	time_uart_first(1);
	return time_store(board.uart + UART_DR, size, ' ');
}

/* With the interrupt of the transmitter enabled, as drivers have it: each character raises it anew. */
static uint64_t time_uart_raising(void)
{
	time_uart_first(1);
	write32(board.uart + UART_ICR, ~0u);
	return time_store(board.uart + UART_DR, 1, ' ');
}

#define MEASURE_WRITES(size, id_next, id_first)           \
	do {                                              \
		MEASURE_ONE(size, time_uart_next(size));  \
		results_worst(id_next);                   \
		MEASURE_ONE(size, time_uart_first(size)); \
		results_worst(id_first);                  \
	} while (0)

void measure_uart(void)
{
	sweep_uart(1, "uart_read.8");
	sweep_uart(2, "uart_read.16");
	sweep_uart(4, "uart_read.32");
	line_begin();
	MEASURE_WRITES(1, "uart_write_dr.8", "uart_write_first.8");
	MEASURE_WRITES(2, "uart_write_dr.16", "uart_write_first.16");
	MEASURE_WRITES(4, "uart_write_dr.32", "uart_write_first.32");
	write32(board.uart + UART_IMSC, UART_TXIM);
	MEASURE_ONE(0, time_uart_raising());
	results_worst("uart_write_dr.raising");
	write32(board.uart + UART_IMSC, 0);
	line_end();
}

/* A PL011 has no such access: qvm logs the first, for which it uses FP registers, which it then has open. */
void measure_uart_wide(void)
{
	sweep_uart(8, "uart_read.64");
	line_begin();
	MEASURE_WRITES(8, "uart_write_dr.64", "uart_write_first.64");
	line_end();
}

/* ---- the GIC ---- */

#define WORDS 4 /* bits of `sizes`: bytes of an access */
#define BYTES 1
#define WIDE  8

struct gic_register {
	uint32_t offset, sizes;
};

static const struct gic_register distributor[] = {
    {0x0000, WORDS}, {0x0004, WORDS},         {0x0008, WORDS}, {0x000c, WORDS}, {0x0010, WORDS}, {0x0084, WORDS},
    {0x00a0, WORDS}, {0x0104, WORDS},         {0x0120, WORDS}, {0x0184, WORDS}, {0x01a0, WORDS}, {0x0204, WORDS},
    {0x0220, WORDS}, {0x0284, WORDS},         {0x02a0, WORDS}, {0x0304, WORDS}, {0x0320, WORDS}, {0x0384, WORDS},
    {0x03a0, WORDS}, {0x0420, WORDS | BYTES}, {0x051c, WORDS}, {0x051f, BYTES}, {0x0820, WORDS}, {0x0c08, WORDS},
    {0x0c44, WORDS}, {0x0d04, WORDS},         {0x0e08, WORDS}, {0x6100, WORDS}, {0x6104, WORDS}, {0x6100, WIDE},
    {0x68f8, WIDE},  {0xffd0, WORDS},         {0xffe8, WORDS}, {0xfffc, WORDS}, /* 0x0080: RES0 with affinity routing */
    {0x0080, WORDS}, {0x0400, WORDS},
};

static const struct gic_register constants[] = {
    {0x0000, WORDS}, {0x0004, WORDS}, {0x0008, WORDS | WIDE}, {0x000c, WORDS},  {0x0010, WORDS},
    {0xffd0, WORDS}, {0xffe8, WORDS}, {0xfffc, WORDS},        {0x1ffe8, WORDS},
};

static const struct gic_register private_state[] = {
    {0x00014, WORDS}, {0x10080, WORDS}, {0x10100, WORDS}, {0x10180, WORDS}, {0x10200, WORDS},
    {0x10280, WORDS}, {0x10300, WORDS}, {0x10380, WORDS}, {0x10400, WORDS}, {0x10410, WORDS | BYTES},
    {0x1041f, BYTES}, {0x10c00, WORDS}, {0x10c04, WORDS}, {0x10d00, WORDS}, {0x10e00, WORDS},
};

static void sweep_gic(uint64_t frame, const struct gic_register *registers, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int size = 1; size <= WIDE; size *= 2) {
			if (registers[i].sizes & size)
				MEASURE_ONE(registers[i].offset, time_load(frame + registers[i].offset, size));
		}
	}
}

#define SWEEP(frame, registers) sweep_gic(frame, registers, sizeof(registers) / sizeof((registers)[0]))

/* Writes, each after one that takes it back. INTID 20 is a private interrupt of nobody. */
static const struct gic_write {
	uint32_t offset, value, undo_offset, undo_value;
} writes[] = {
    {0x10100, 1u << 20, 0x10180, 1u << 20}, /* GICR_ISENABLER0 */
    {0x10100, 0, 0x10180, 0},
    {0x10180, 1u << 20, 0x10100, 1u << 20}, /* GICR_ICENABLER0 */
    {0x10180, 0, 0x10100, 0},
    {0x10414, 0xb0b0b0b0, 0x10414, 0xa0a0a0a0}, /* GICR_IPRIORITYR5 */
    {0x10080, ~(1u << 20), 0x10080, ~0u},       /* GICR_IGROUPR0 */
    {0x10c04, 2u << 8, 0x10c04, 0},             /* GICR_ICFGR1 */
    {0x10200, 1u << 20, 0x10280, 1u << 20},     /* GICR_ISPENDR0 */
    {0x10280, 1u << 20, 0x10200, 1u << 20},     /* GICR_ICPENDR0 */
    {0x10300, 1u << 20, 0x10380, 1u << 20},     /* GICR_ISACTIVER0 */
    {0x10380, 1u << 20, 0x10300, 1u << 20},     /* GICR_ICACTIVER0 */
};

static uint64_t time_undone(uint64_t frame, const struct gic_write *w)
{
	write32(frame + w->undo_offset, w->undo_value);
	return time_write(frame + w->offset, w->value);
}

/* The first and the last word of them. */
static void measure_enabling(void)
{
	static const struct gic_write enables[] = {
	    {GICD_ISENABLER + 4, 1u << 9, GICD_ICENABLER + 4, 1u << 9},
	    {GICD_ISENABLER + 32, 1u << 31, GICD_ICENABLER + 32, 1u << 31},
	};

	for (unsigned int i = 0; i < sizeof(enables) / sizeof(enables[0]); i++)
		MEASURE_ONE(enables[i].offset, time_undone(board.gicd, &enables[i]));
	results_worst("gicd_isenabler_write.enables");
	for (unsigned int i = 0; i < sizeof(enables) / sizeof(enables[0]); i++)
		MEASURE_ONE(enables[i].offset, time_write(board.gicd + enables[i].offset, enables[i].value));
	results_worst("gicd_isenabler_write.again");
	for (unsigned int i = 0; i < sizeof(enables) / sizeof(enables[0]); i++)
		write32(board.gicd + enables[i].undo_offset, enables[i].undo_value);
}

void measure_gic(void)
{
	SWEEP(board.gicd, distributor);
	results_worst("gic_read.gicd");
	SWEEP(board.gicr, constants);
	results_worst("gic_read.gicr");
	SWEEP(board.gicr, private_state);
	results_worst("gicr_read");
	measure_enabling();
	for (unsigned int i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		MEASURE_ONE(writes[i].offset, time_undone(board.gicr, &writes[i]));
	results_worst("gicr_write");
}
