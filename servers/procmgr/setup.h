/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the system description and all that it names, and fixes what each slot gets. */
#pragma once

/* Returns the number of mistakes, all of them printed: nothing may be started if there is one. Called once. */
unsigned setup_slots(void);

/* Prints who owns what: the whole reach of every process, as it was proved before the start. */
void setup_print_matrix(void);
