/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to SchedCtl(): what is asked about partitions, and the table of all commands. */
#pragma once

#include "aps.h"

/* Carries out a command. Returns the status of the reply. */
int aps_answer(struct aps_request *r);
