/* SPDX-License-Identifier: Apache-2.0 */
/* For the thread sanitizer: threads, the mutex and waiting on words with those of the host. All words share a
 * condition. */
#pragma once

#include "unit.h"
#include <bulkhead/thread.h>
#include <pthread.h>

extern pthread_mutex_t stub_mutex; /* every mutex of the module under test */
extern pthread_mutex_t stub_lock;  /* held where a word is compared */
extern pthread_cond_t stub_changed;

/* Starts a thread that is never joined. */
bool stub_thread(void (*entry)(void *), void *arg);
