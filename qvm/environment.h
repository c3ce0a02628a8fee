/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <qvmconf.h>

/* Lets the reader of the configuration know variables, memory regions and clusters. */
void environment_use(struct qvmconf_host *host);
