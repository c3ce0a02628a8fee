/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles of the console driver, as vdevs use them. */
#include "qvm/vm.h"
#include <errno.h>
#include <qvm/hostdev.h>
#include <string.h>

#define RETRY_NS 10000000ull

static const char prefix[] = "/dev/console/";

int hostdev_open(struct hostdev *dev, const char *path)
{
	const struct qvm_place *place = __atomic_load_n(&vm.place, __ATOMIC_RELAXED);
	struct console console = {0};
	int result;

	dev->name = strcmp(path, "-") == 0 ? vm.config.name : path + sizeof(prefix) - 1;
	if (strcmp(path, "-") != 0 && (strncmp(path, prefix, sizeof(prefix) - 1) != 0 || dev->name[0] == '\0'))
		return -EINVAL;
	if (place)
		vm_awaits("[%s:%u] the console driver, for console %s", place->file, (unsigned)place->line, dev->name);
	/* ESRCH: the driver has ended since it was looked up. */
	while ((result = console_open(&console, dev->name, PM_WAIT)) == -ESRCH)
		thread_sleep(RETRY_NS);
	dev->connection = console.coid;
	dev->id = console.id;
	return result;
}

static struct console console_of(const struct hostdev *dev)
{
	return (struct console){.coid = dev->connection, .id = (uint16_t)dev->id};
}

/* A console driver that was restarted has a new channel. */
static void reopen_console(struct hostdev *dev)
{
	struct console console = {0};

	thread_sleep(RETRY_NS);
	ConnectDetach_r(dev->connection);
	console_open(&console, dev->name, PM_WAIT);
	dev->connection = console.coid;
	dev->id = console.id;
}

void hostdev_write(struct hostdev *dev, const void *data, size_t bytes)
{
	for (;;) {
		const struct console console = console_of(dev);

		if (console_write(&console, data, bytes) >= 0)
			return;
		reopen_console(dev);
	}
}

size_t hostdev_read(struct hostdev *dev, void *data, size_t bytes)
{
	for (;;) {
		const struct console console = console_of(dev);
		const int got = console_read(&console, data, bytes);

		if (got > 0)
			return (size_t)got;
		if (got < 0)
			reopen_console(dev);
	}
}
