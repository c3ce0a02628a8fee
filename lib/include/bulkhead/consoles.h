/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the console driver, devc-pl011, has for those that it serves. The driver and the checks of a system description
 * count with the same numbers.
 */
#pragma once

#define CONSOLES_MAX   32 /* that of the shell among them */
#define CONSOLE_SHARE  8  /* most consoles of one process, so that none takes all */
#define CONSOLE_SHELL  "shell"
#define CONSOLE_INPUT  4096u  /* bytes kept of what is typed, and of what is printed: powers of two */
#define CONSOLE_OUTPUT 65536u /* allocated when a console is opened for the first time */

/* The heap that the driver needs for so many consoles: their rings, and what the allocator adds. */
#define CONSOLES_OVERHEAD   4096u
#define CONSOLES_HEAP(many) ((many) * (CONSOLE_INPUT + CONSOLE_OUTPUT) + CONSOLES_OVERHEAD)
