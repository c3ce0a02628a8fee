/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"
#include "boot.h"
#include "bulkhead/thread.h"
#include "log.h"
#include "manifest.h"
#include "progress.h"
#include "verify.h"

#define STACK_BYTES_OF_HASH (16u << 10)

static unsigned threads;
static uint32_t finished;

static void hash_thread(void *arg)
{
	(void)arg;
	while (verify_next())
		;
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
	word_wake(&finished, 1);
}

void hash_begin(void)
{
	size_t done, bytes;
	const unsigned files = verify_count(&done, &bytes);

	while (threads < files && threads < boot->cpus &&
	       thread_create(hash_thread, NULL, STACK_BYTES_OF_HASH, 0, (1u << boot->cpus) - 1, "hash") > 0)
		threads++;
}

static void wait_for_threads(void)
{
	uint32_t seen;

	while ((seen = __atomic_load_n(&finished, __ATOMIC_ACQUIRE)) < threads) {
		size_t done, bytes;

		if (word_wait(&finished, seen, PROGRESS_NS) >= 0)
			continue;
		verify_count(&done, &bytes);
		log_progress("checking files against " MANIFEST_FILE ": %zu of %zu MiB", done >> 20, bytes >> 20);
	}
}

unsigned hash_wait(void)
{
	size_t done, bytes;
	unsigned files = verify_count(&done, &bytes), mistakes = 0;

	wait_for_threads();
	while (verify_next()) /* no thread could be made */
		;
	for (unsigned i = 0; i < files; i++) {
		const char *name;
		int length;
		const char *wrong = verify_result(i, &name, &length);

		if (wrong)
			log_line(SLOG_ERROR, "%.*s %s", length, name, wrong);
		mistakes += wrong != NULL;
	}
	return mistakes;
}
