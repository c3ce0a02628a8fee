/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead check --plan`. */
#pragma once

#include <qvmconf.h>

/* Prints on standard output what a VM gets by its configuration: one line for each thing, and always the same text for
 * the same configuration. */
void plan_print(const struct qvm_config *config);
