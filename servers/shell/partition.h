/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions as the operator names them, and what the flags and policies are called. */
#pragma once

#include "bulkhead/sched_aps.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITION_WORDS 320 /* bytes of all words of a kind */

/* The id of a partition, by its name or its id. False: there is none, which is told after `command`. */
bool partition_find(const char *command, const char *name, int32_t *id);

/* What is known of a partition, also its name with NUL. Returns 0 or a negative errno. */
int partition_query(int32_t id, struct sched_aps_partition_info *info);

/* Adds the flag, or flags, of a word: `aps modify -s`, `aps modify -S`. False: there is no such word. */
bool partition_parse_security(const char *word, uint32_t *flags);
bool partition_parse_policy(const char *word, uint32_t *flags);

/* The words of the flags that are set, with blanks between; "none" or "normal" if there are none. */
void partition_security_words(uint32_t flags, char words[PARTITION_WORDS]);
void partition_policy_words(uint32_t flags, char words[PARTITION_WORDS]);

/* Hundredths of a percent, of `ns` out of `all_ns`. */
uint32_t partition_share(uint64_t ns, uint64_t all_ns);
