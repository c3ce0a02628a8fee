/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of up to BOOT_RAM_MAX ranges of RAM: whole pages, ascending, of which none touches another. Also with the MMU
 * off. */
#pragma once

#include "bulkhead.h"
#include "types.h"

/* Its whole pages; joined with what they touch. What finds no room is left out, with a line. */
void ranges_add(struct range *list, unsigned *count, struct range added);
/* All pages of which it has a part. */
void ranges_remove(struct range *list, unsigned *count, struct range removed);
