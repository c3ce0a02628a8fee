/* SPDX-License-Identifier: Apache-2.0 */
/* aps show: budgets of partitions, and what they use of them. */
#pragma once

#include <stdbool.h>

/* argv[0] is "show". False: it is not used like that. */
bool aps_show(int argc, char **argv);
