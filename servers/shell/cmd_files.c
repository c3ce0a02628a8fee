/* SPDX-License-Identifier: Apache-2.0 */
/* ls and cat: /dev/qvm has a folder for each VM whose qvm lives, with one file, env. */
#include "bulkhead.h"
#include "command.h"
#include "text.h"
#include "vm_status.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROOT "/dev/qvm"

/* The name in ROOT/NAME or ROOT/NAME/`file`; false: the path is not of that form. */
static bool vm_of_path(const char *path, const char *file, char name[PROTO_NAME])
{
	const size_t root = sizeof(ROOT) - 1;
	size_t length;

	if (strncmp(path, ROOT "/", root + 1) != 0)
		return false;
	path += root + 1;
	length = strcspn(path, "/");
	if (length == 0 || length >= PROTO_NAME || strcmp(path + length, file) != 0)
		return false;
	memcpy(name, path, length);
	name[length] = 0;
	return true;
}

/* Prints the name of each, or of that one. */
static bool list_vms(const char *only)
{
	struct pm_vm vm;
	bool found = false;

	for (unsigned i = 0; i < VM_INDEX_MAX && vm_by_index(i, &vm) >= 0; i++) {
		vm.name[PROTO_NAME - 1] = 0;
		if (vm.state == VM_STOPPED || vm.state == VM_ENDING || (only && strcmp(vm.name, only) != 0))
			continue;
		found = true;
		printf("%s\n", only ? "env" : vm.name);
	}
	return found;
}

bool cmd_ls(int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : ROOT;
	char name[PROTO_NAME];

	if (argc > 2)
		return false;
	if (strcmp(path, ROOT) == 0 || strcmp(path, ROOT "/") == 0)
		list_vms(NULL);
	else if (!vm_of_path(path, "", name) || !list_vms(name))
		printf("ls: %s: no such file\n", path);
	return true;
}

bool cmd_cat(int argc, char **argv)
{
	static char text[PROTO_ENV];
	char name[PROTO_NAME];

	if (argc != 2)
		return false;
	int bytes = vm_of_path(argv[1], "/env", name) ? pm_request(PM_ENV, name, 0, 0, text, sizeof(text)) : -ESRCH;

	if (bytes == -ESRCH || bytes == -ENOENT)
		printf("cat: %s: no such file\n", argv[1]);
	else if (bytes == -EAGAIN)
		printf("cat: %s: its guest has not begun\n", argv[1]);
	else if (bytes < 0)
		printf("cat: %s: %s\n", argv[1], text_of_status(bytes));
	for (int i = 0; i < bytes && i < (int)sizeof(text); i++)
		putchar(text[i] == '\n' ? '\n' : text_printable(text[i]));
	return true;
}
