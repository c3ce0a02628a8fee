/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the words of the command line to the VM's configuration. Files come from the boot archive; what the system
 * description says to the configuration, procmgr passes as variables (abi/bulkhead.h).
 */
#include "qvm/config.h"
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/vm.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vdevfile.h>

#define NAME_BYTES 64

static const char *find_variable(void *context, const char *name)
{
	(void)context;
	/* What procmgr adds is no variable of the user's. */
	return strchr(name, '.') ? NULL : getenv(name);
}

static const char *find_passed(const char *kind, const char *name)
{
	char full[NAME_BYTES];

	return snprintf(full, sizeof(full), "%s%s", kind, name) < (int)sizeof(full) ? getenv(full) : NULL;
}

static bool find_asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	const char *text = find_passed(ASINFO_VARIABLE, name);
	char *comma;

	(void)context;
	if (!text)
		return false;
	*start = strtoull(text, &comma, 16);
	if (*comma != ',')
		return false;
	*bytes = strtoull(comma + 1, NULL, 16);
	return true;
}

static bool find_cluster(void *context, const char *name, uint32_t *runmask)
{
	const char *text = find_passed(CLUSTER_VARIABLE, name);

	(void)context;
	if (!text)
		return false;
	*runmask = (uint32_t)strtoul(text, NULL, 16);
	return true;
}

/* procmgr has checked the name, and is asked for the partition when a vCPU is to join it. */
static bool take_partition(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES])
{
	(void)context;
	(void)name;
	names[0] = '\0';
	*id = 0;
	return true;
}

/* A file of the boot archive, found as procmgr found the one that it verified: by the name as it is written. */
int config_find_file(const struct start_args *args, const char *path, struct cpio_file *file)
{
	const void *archive = (const void *)(uintptr_t)args->file_address;

	return args->file_address != 0 && cpio_find(archive, args->file_bytes, path, file) == 0 ? 0 : -ENOENT;
}

static int read_file(void *context, const char *path, const char **text, size_t *bytes)
{
	struct cpio_file file;
	const int result = config_find_file(context, path, &file);

	if (result == 0) {
		*text = (const char *)file.data;
		*bytes = file.bytes;
	}
	return result;
}

/* A type of vdev that only its file knows. */
static bool describe_vdev(void *context, const char *type, struct qvmconf_vdev_file *description)
{
	static struct vdevfile read;
	const struct start_args *args = context;
	struct cpio_file file;

	if (args->file_address == 0 ||
	    vdevfile_find((const void *)(uintptr_t)args->file_address, args->file_bytes, type, &file) != 0 ||
	    vdevfile_read(&read, file.data, file.bytes) != NULL)
		return false;
	*description = (struct qvmconf_vdev_file){.type = read.type};
	return true;
}

static void log_mistake(void *context, const char *line)
{
	(void)context;
	vm_logf(SLOG_FATAL, "%s", line);
}

void config_read(const struct start_args *args)
{
	const struct qvmconf_host host = {
	    .context = (void *)(uintptr_t)args,
	    .name = getenv(NAME_VARIABLE),
	    .read = read_file,
	    .env = find_variable,
	    .asinfo = find_asinfo,
	    .vdev = describe_vdev,
	    .cluster = find_cluster,
	    .partition = take_partition,
	    .message = log_mistake,
	};
	const char *words[sizeof(args->argv) / sizeof(args->argv[0])];
	int count = 0;

	for (uint32_t i = 1; i < args->argc && i < sizeof(args->argv) / sizeof(args->argv[0]); i++)
		words[count++] = (const char *)(uintptr_t)args->argv[i];
	if (qvmconf_read(&vm.config, count, words, &host) != 0) {
		vm.config.cpu_count = 0; /* not to be used, says the reader */
		vm_end(VM_EXIT_CONFIG, CAUSE_ERROR);
	}
	thread_name(vm.config.name);
}
