/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_qvmconf share: two files, a host with a few types of vdevs, and what the reader says. */
#pragma once

#include "qvmconf.h"
#include "unit.h"
#include "vdevoption.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUEST "ram 0x80000000,16M load a "

extern struct world {
	const char *text[2]; /* of the files a.qvmconf and b.qvmconf */
	size_t bytes[2];     /* 0: as long as the string */
	char said[16384];
	unsigned messages;
} world;
extern struct qvm_config config; /* what was read last */
extern const struct qvmconf_host host;

int read_words(int argc, const char *const *argv);
int read_text(const char *text);        /* one file */
struct qvmconf_consoles consoles(void); /* of the first vdev */

void good(const char *text);                  /* it is read without a message */
void bad(const char *text, const char *said); /* it is refused with these */
void understood(const char *text);            /* it is right, but something of it may not be supported yet */

int text_tests(void);
int option_tests(void);
int vdev_tests(void);
