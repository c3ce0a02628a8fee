/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead check --plan`. */
#pragma once

#include <qvmconf.h>

/* Prints on standard output what a VM's configuration comes to: one line for each thing that the VM gets, the same text
 * for the same configuration. */
void plan_print(const struct qvm_config *config);
