/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_sysconf share: a good system, a good board, and steps to write others. */
#pragma once

#include "lib/sysconf/internal.h"
#include "sysconf.h"
#include "unit.h"
#include <bulkhead.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 8192

extern uint8_t system_dtb[ROOM], board_dtb[ROOM];
extern struct sys_config config; /* what was read last */
extern struct sys_claims claims;
extern char said[8192]; /* messages of the last call, one in a line */

/* Writing a tree: every step must succeed. */
void begin(uint8_t *dtb);
void end(uint8_t *dtb);
void open_node(uint8_t *dtb, const char *name);
void close_node(uint8_t *dtb);
void text(uint8_t *dtb, const char *property, const char *value);
void list(uint8_t *dtb, const char *property, const char *values); /* with '|' between the strings */
void cells(uint8_t *dtb, const char *property, unsigned count, const uint32_t *values);
#define CELLS(dtb, property, ...) \
	cells(dtb, property, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (const uint32_t[]){__VA_ARGS__})
void cell_counts(uint8_t *dtb, uint32_t address, uint32_t size);
void write_system(void);
void write_board(void);
void write_serial(uint8_t *d, const char *name, uint32_t address, uint32_t spi, uint32_t flags);
void write_cpus(uint8_t *d);
void write_memory(uint8_t *d);

/* How many mistakes there are. */
unsigned read_system(size_t bytes);
unsigned check_system(const struct sys_board *board, const struct sys_vm_needs *needs);
/* The good ones, without a mistake. */
void read_good(void);
void board_good(struct sys_board *board);

int description_tests(void);
int board_tests(void);
int partition_tests(void);
