/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's serial port and the consoles of the console driver behind it.
 *
 * Output: the device puts bytes into a ring, under the VM's lock; a writer thread sends them, many in one message. A
 * full ring makes the device hold back, so no character is lost. Input: a reader thread asks for what is typed only
 * when the device has taken all before, so the console driver holds the rest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <bulkhead/client.h>
#include <vdevconf.h>

#include "vdev/pl011.h"

#define SERIAL_RING 4096u /* a power of two */

struct serial {
	const struct qvm_vdev *config;
	struct pl011_consoles consoles;
	struct pl011 uart;
	struct console input, output;
	/* Written by the device at `head`, by the writer thread at `tail`; both only grow. */
	uint32_t head, tail;
	uint32_t writer_sleeps; /* word: 1 while the writer waits for output */
	uint32_t reader_waits;  /* word: 1 while the reader waits for room in the device */
	uint8_t ring[SERIAL_RING];
};

/* Connects to the consoles and makes the device. Waits for the console driver. */
void serial_open(struct serial *s, const struct qvm_vdev *config);
void serial_start(struct serial *s); /* its threads */

/* Waits until all output is with the console driver, at most until `deadline` of ClockTime(). */
void serial_drain(const struct serial *s, uint64_t deadline);
void serial_report(const struct serial *s);

/* The guest's accesses, as struct mmio_region has them. */
struct mmio_data serial_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size);
bool serial_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value);
