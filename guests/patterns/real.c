/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same few rows in each of the states that guests are really in. The first state is that of guests/bench; in all
 * others EL1 is as Linux has it: the MMU and the caches on.
 */
#include "patterns.h"

#define AWAY      40 /* microseconds in which another VM of this CPU certainly runs */
#define FOLLOWING 4  /* characters */

static enum state {
	CLEAN,
	LINUX,
	ALIGN,
	MASKS,
	DEBUG,
	VDEVS,
	PENDING_8,
	PENDING_30,
	IN_FLIGHT_8,
	IN_FLIGHT_30,
	FP, /* from here on in all: it does not end */
	OTHER_VM,
	EVERYTHING,
	STATES
} state;

static const char *const state_names[STATES] = {"clean",     "linux",     "sctlr_a",    "sctlr_uma",   "mde",
						"two_vdevs", "pending_8", "pending_30", "in_flight_8", "in_flight_30",
						"fp",        "other_vm",  "everything"};

enum row {
	HVC_QVM,
	VERSION,
	READ_UART,
	WRITE_UART,
	READ_TYPER,
	ENABLE,
	READ_ID,
	SGI_SELF,
	VTIMER,
	VTIMER_WFI,
	SGI_1,
	SGI_2,
	SGI_3,
	ROUND_TRIP,
	SGI_WFI,
	ROWS
};

static const char *const row_names[ROWS] = {"hvc_qvm",         "psci_version",         "uart_read",     "uart_write_dr",
					    "gicd_typer_read", "gicd_isenabler_write", "idreg_read",    "sgi_self",
					    "vtimer_running",  "vtimer_wfi",           "sgi_oneway",    "sgi_oneway_2",
					    "sgi_oneway_3",    "sgi_roundtrip",        "sgi_oneway_wfi"};

static bool is(enum state one)
{
	return state == one || (state == EVERYTHING && one != OTHER_VM);
}

/* Before each sample. */
static void set_scene(void)
{
	if (state == OTHER_VM) {
		uint64_t count = records[0].count;

		timer_set(now() + microseconds(AWAY));
		while (records[0].count == count)
			wfi();
	}
	if (is(VDEVS) && second)
		read32(second + UART_FR);
	if (is(FP) || state == OTHER_VM)
		fp_use();
}

static uint64_t time_round_trip(void)
{
	uint64_t took;

	records[1].reply = sgi_word(0);
	set_scene();
	took = time_sgi(sgi_word(1), &records[0]);
	records[1].reply = 0;
	return took;
}

static uint64_t time_enabling(void)
{
	write32(board.gicd + GICD_ICENABLER + 4, 1u << 9);
	set_scene();
	return time_write(board.gicd + GICD_ISENABLER + 4, 1u << 9);
}

/* The least of a few characters that follow another, which another CPU takes to the console driver in one of them. */
static uint64_t time_uart(void)
{
	uint64_t least = UINT64_MAX;

	spin(SETTLE);
	set_scene();
	write32(board.uart + UART_DR, ' ');
	for (unsigned int i = 0; i < FOLLOWING; i++) {
		uint64_t took;

		if (is(VDEVS) && second)
			read32(second + UART_FR);
		took = TIME_ACCESS("strb %w2, [%3]", board.uart + UART_DR, ' ');
		if (took < least)
			least = took;
	}
	return least;
}

static uint64_t time_row(enum row row)
{
	if (row == ENABLE)
		return time_enabling();
	if (row == WRITE_UART)
		return time_uart();
	if (row == ROUND_TRIP)
		return time_round_trip();
	spin(row == SGI_WFI ? SETTLE : 0);
	set_scene();
	switch (row) {
	case HVC_QVM: return time_hvc(HVC_UNKNOWN);
	case VERSION: return time_hvc(PSCI_VERSION);
	case READ_UART: return time_read(board.uart + UART_FR);
	case READ_TYPER: return time_read(board.gicd + GICD_TYPER);
	case READ_ID: return time_id_register();
	case SGI_SELF: return time_sgi(sgi_word(0), &records[0]);
	case VTIMER: return time_timer(&records[0], false);
	case VTIMER_WFI: return time_timer(&records[0], true);
	case SGI_1: return time_sgi_to(1);
	case SGI_2: return time_sgi_to(2);
	case SGI_3: return time_sgi_to(3);
	default: return time_sgi(sgi_word(1), &records[1]);
	}
}

static void measure_row(enum row row)
{
	/* Those that spin but are not measured would be counted, too. */
	peers_set(row >= SGI_1 && row <= ROUND_TRIP ? PEER_SPINS : PEER_WAITS);
	for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++)
		results_keep(i, time_row(row));
	results_state(row_names[row], state_names[state]);
}

static void measure_state(enum state one)
{
	uint64_t sctlr = READ_REG("sctlr_el1"), mdscr = READ_REG("mdscr_el1");

	state = one;
	if (is(IN_FLIGHT_30) || one == IN_FLIGHT_8)
		spis_begin(SPIS_IN_FLIGHT, one == IN_FLIGHT_8 ? 8 : 30);
	if (one == PENDING_8 || one == PENDING_30)
		spis_begin(SPIS_PENDING, one == PENDING_8 ? 8 : 30);
	WRITE_REG("mdscr_el1", mdscr | (is(DEBUG) ? MDSCR_MDE : 0));
	sctlr_write(sctlr | (is(ALIGN) ? SCTLR_A : 0) | (is(MASKS) ? SCTLR_UMA : 0));
	line_begin();
	for (enum row row = 0; row < ROWS; row++)
		measure_row(row);
	line_end();
	WRITE_REG("mdscr_el1", mdscr);
	sctlr_write(sctlr);
	spis_end();
}

void measure_real(bool other_vm)
{
	if (!peers_start(VCPUS - 1, false))
		return;
	if (!other_vm)
		measure_state(CLEAN);
	peers_set(PEER_ENDS);
	mmu_build();
	mmu_enable();
	if (!peers_start(VCPUS - 1, true))
		return;
	for (enum state one = LINUX; one < STATES; one++) {
		if ((one == OTHER_VM) == other_vm)
			measure_state(one);
	}
	peers_set(PEER_ENDS);
}
