/* SPDX-License-Identifier: Apache-2.0 */
/* bulkhead: the tool for the machine on which a system is put together. */
#include "image.h"
#include "plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_GOOD    0
#define EXIT_USAGE   64
#define EXIT_MISTAKE 65

static const char help[] = "usage: bulkhead check DIR|FILE.qvmconf [-f PATH[=NAME]]... [--board BOARD.dtb] [--plan]\n"
			   "       bulkhead image DIR [-f PATH[=NAME]]... [--board BOARD.dtb] -o ARCHIVE\n"
			   "       bulkhead --help\n"
			   "\n"
			   "check   reads a system directory (system.dts and the .qvmconf files that it names), or\n"
			   "        one VM's configuration, and reports every mistake with file and line.\n"
			   "        The files vdev-NAME.so of types that it does not know are taken as by image.\n"
			   "image   checks a system directory, and writes the boot archive: the compiled system\n"
			   "        description, the configurations, and each program and guest image that they\n"
			   "        name. These are taken from the files given with -f, else from DIR. Other files\n"
			   "        given with -f are added, but for files vdev-NAME.so that no VM needs. Nothing\n"
			   "        is written if there is a mistake.\n"
			   "\n"
			   "-f PATH[=NAME]  a file for the archive; without NAME it is called as the file is\n"
			   "--board FILE    the board's device tree blob: memory, CPUs and devices are checked too\n"
			   "--plan          also prints what each VM gets, one line for each thing\n"
			   "-o ARCHIVE      the file to write: a cpio archive (newc), with each file's data on a page\n"
			   "\n"
			   "Exit status: 0 all is well, 64 wrong use of this command, 65 a mistake in the input.\n";

struct arguments {
	const char *command, *input, *board, *output;
	bool plan;
	struct extra_file extras[IMAGE_FILES_MAX];
	unsigned extra_count;
};

static int usage(const char *text, const char *word)
{
	fprintf(stderr, "bulkhead: %s%s; see bulkhead --help\n", text, word);
	return EXIT_USAGE;
}

static int add_extra(struct arguments *a, char *text)
{
	char *equals = strrchr(text, '='), *slash;

	if (a->extra_count == IMAGE_FILES_MAX)
		return usage("too many files with -f", "");
	if (equals)
		*equals = '\0';
	slash = strrchr(text, '/');
	a->extras[a->extra_count++] = (struct extra_file){
	    .path = text,
	    .name = equals  ? equals + 1
		    : slash ? slash + 1
			    : text,
	};
	return EXIT_GOOD;
}

/* Where the value of an option goes; NULL: it is none that takes a value. */
static const char **value_of(struct arguments *a, const char *option, const char **extra)
{
	if (strcmp(option, "--board") == 0)
		return &a->board;
	if (strcmp(option, "-o") == 0)
		return &a->output;
	return strcmp(option, "-f") == 0 ? extra : NULL;
}

static int parse(struct arguments *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *extra = NULL, **value = value_of(a, argv[i], &extra);

		if (value) {
			if (i + 1 == argc)
				return usage("a value must follow ", argv[i]);
			*value = argv[++i];
			if (extra && add_extra(a, argv[i]) != EXIT_GOOD)
				return EXIT_USAGE;
		} else if (strcmp(argv[i], "--plan") == 0) {
			a->plan = true;
		} else if (argv[i][0] == '-') {
			return usage("unknown option ", argv[i]);
		} else if (!a->command) {
			a->command = argv[i];
		} else if (!a->input) {
			a->input = argv[i];
		} else {
			return usage("one word too many: ", argv[i]);
		}
	}
	if (!a->command || !a->input)
		return usage(a->command ? "no input was given" : "no command was given", "");
	return EXIT_GOOD;
}

static void describe(const char *what, const struct qvm_config *c, bool plan)
{
	if (plan)
		plan_print(c);
	printf("%s: VM %s, %u CPU%s, %llu KiB of memory: no mistakes\n", what, c->name, c->cpu_count,
	       c->cpu_count == 1 ? "" : "s", (unsigned long long)qvmconf_memory_bytes(c) / 1024);
}

static int check_file(struct system *s, const char *path, bool plan)
{
	static char directory[4096];
	const char *slash = strrchr(path, '/');

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	s->vdevs.directory = directory;
	if (system_read_vm(s, path, &s->vms[0], &s->conf_files[0]))
		return EXIT_MISTAKE;
	describe(path, &s->vms[0], plan);
	return EXIT_GOOD;
}

static int check_directory(struct system *s, const char *path, bool plan)
{
	if (system_read(s, path) || system_check(s, 0))
		return EXIT_MISTAKE;
	for (unsigned i = 0; i < s->config.vm_count; i++)
		describe(s->config.vms[i].config, &s->vms[i], plan);
	printf("%s: %u processes, %u VMs, %llu KiB of RAM: no mistakes\n", path, s->config.process_count,
	       s->config.vm_count, (unsigned long long)sys_memory_bytes(&s->config, s->needs) / 1024);
	return EXIT_GOOD;
}

static bool is_directory(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int run(struct system *s, struct arguments *a)
{
	bool image = strcmp(a->command, "image") == 0;

	if (!image && strcmp(a->command, "check") != 0)
		return usage("unknown command ", a->command);
	if (image && !a->output)
		return usage("image needs -o ARCHIVE", "");
	if (!image && a->output)
		return usage("check does not take -o", "");
	if (image && a->plan)
		return usage("image takes no --plan", "");
	s->vdevs.extras = a->extras;
	s->vdevs.extra_count = a->extra_count;
	if (a->board && system_read_board(s, a->board))
		return EXIT_MISTAKE;
	if (!image)
		return is_directory(a->input) ? check_directory(s, a->input, a->plan)
					      : check_file(s, a->input, a->plan);
	if (system_read(s, a->input) || image_build(s, a->output) != 0)
		return EXIT_MISTAKE;
	return EXIT_GOOD;
}

int main(int argc, char **argv)
{
	struct arguments a = {0};
	struct system *s;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(help, stdout);
			return EXIT_GOOD;
		}
	}
	status = parse(&a, argc, argv);
	if (status != EXIT_GOOD)
		return status;
	s = calloc(1, sizeof(*s));
	if (!s)
		return usage("no memory", "");
	status = run(s, &a);
	system_free(s);
	return status;
}
