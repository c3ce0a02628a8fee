/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before everything else in what a process is built of (mk/processes.mk). Hidden also holds for declarations
 * of what is defined elsewhere, which -fvisibility=hidden does not touch: the compiler then takes addresses relative to
 * the program counter, and no global offset table is read.
 */
#pragma GCC visibility push(hidden)
