/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the rest: the C library's <sched.h>, which <pthread.h> needs, and the kernel's declare one name twice. */
#include <pthread.h>
#include <stdlib.h>

void host_threads(unsigned count, void (*run)(unsigned cpu));

struct start {
	pthread_t thread;
	unsigned cpu;
	void (*run)(unsigned cpu);
};

static void *start(void *arg)
{
	const struct start *s = arg;

	s->run(s->cpu);
	return NULL;
}

void host_threads(unsigned count, void (*run)(unsigned cpu))
{
	struct start *all = calloc(count, sizeof(*all));

	for (unsigned i = 0; i < count; i++) {
		all[i] = (struct start){.cpu = i, .run = run};
		if (pthread_create(&all[i].thread, NULL, start, &all[i]))
			abort();
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(all[i].thread, NULL);
	free(all);
}
