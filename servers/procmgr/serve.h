/* SPDX-License-Identifier: Apache-2.0 */
/* The service loop. */
#pragma once

_Noreturn void serve(void);
