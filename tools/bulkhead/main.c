/* SPDX-License-Identifier: Apache-2.0 */
/* bulkhead: the tool for the machine on which a system is put together. */
#include "arguments.h"
#include "board.h"
#include "guest.h"
#include "image.h"
#include "message.h"
#include "plan.h"
#include "receive.h"
#include "run.h"
#include "sign.h"
#include "unpack.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void report_vm(const char *what, const struct qvm_config *c, bool plan)
{
	if (plan)
		plan_print(c);
	message_good("%s: VM %s, %u CPU%s, %llu KiB of memory: no mistakes\n", what, c->name, c->cpu_count,
		     c->cpu_count == 1 ? "" : "s", (unsigned long long)qvmconf_memory_bytes(c) / 1024);
}

static bool is_directory(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* --board names a file, or a board that comes with this tool. */
static unsigned read_board(struct system *s, const struct arguments *a)
{
	char path[4200];
	const char *tree;

	s->memory = a->ranges;
	s->memory_count = a->range_count;
	if (!a->board)
		return 0;
	if (strchr(a->board, '/') || access(a->board, R_OK) == 0)
		return system_read_board(s, a->board);
	tree = board_file(a->home, a->board, ".dtb", path, sizeof(path));
	if (tree)
		return system_read_board(s, tree);
	board_unknown(a->home, a->board);
	return ++s->mistakes;
}

/* Finds a file for a configuration that is checked without a system. A missing file is no mistake there.
 */
static bool find_beside(void *context, const struct qvm_load *load, bool start, struct guest_file *file)
{
	struct system *s = context;
	struct file *more = &s->more_files[s->more_count];
	char buffer[4096];
	const char *path = vdevs_locate(&s->vdevs, load->path, buffer, sizeof(buffer));

	if (!path || !vdevs_may_read(&s->vdevs, path) || s->more_count == SYSTEM_MORE_MAX ||
	    file_read(path, FILE_DATA_MAX, more) != NULL)
		return false;
	s->more_count++;
	*file = (struct guest_file){more->data, more->bytes};
	/* `image` would unpack a packed kernel, so that it cannot be checked as it is. */
	return !start || !unpack_kind(more->data, more->bytes);
}

static int check_file(struct system *s, const char *path, bool plan)
{
	static char directory[4096];
	const char *slash = strrchr(path, '/');

	if (strcmp(slash ? slash + 1 : path, "system.dts") == 0) {
		message("%s: a system is checked as a whole: give its directory", path);
		return EXIT_MISTAKE;
	}
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	s->vdevs.directory = directory;
	if (system_read_vm(s, path, NULL, &s->vms[0], &s->conf_files[0]))
		return EXIT_MISTAKE;
	if (guest_check(&s->vms[0], find_beside, s, true))
		return EXIT_MISTAKE;
	report_vm(path, &s->vms[0], plan);
	return EXIT_GOOD;
}

static int command_check(struct system *s, const struct arguments *a)
{
	if (read_board(s, a))
		return EXIT_MISTAKE;
	if (access(a->input, R_OK) != 0) {
		message("%s: %s", a->input, strerror(errno));
		return EXIT_MISTAKE;
	}
	if (!is_directory(a->input))
		return check_file(s, a->input, a->plan);
	system_read(s, a->input);
	if (s->read)
		s->mistakes += image_check(s, a);
	if (!s->read || system_check(s, 0))
		return EXIT_MISTAKE;
	for (unsigned i = 0; i < s->config.vm_count; i++)
		report_vm(s->config.vms[i].config, &s->vms[i], a->plan);
	message_good("%s: %u processes, %u VMs, %llu KiB of RAM: no mistakes\n", a->input, s->config.process_count,
		     s->config.vm_count, (unsigned long long)sys_memory_bytes(&s->config, s->needs) / 1024);
	return EXIT_GOOD;
}

static int command_map(struct system *s, const struct arguments *a)
{
	if (read_board(s, a))
		return EXIT_MISTAKE;
	system_read(s, a->input);
	if (!s->read || system_check(s, 0))
		return EXIT_MISTAKE;
	system_map(s);
	return EXIT_GOOD;
}

static int command_image(struct system *s, const struct arguments *a)
{
	if (read_board(s, a))
		return EXIT_MISTAKE;
	system_read(s, a->input);
	return s->read && image_build(s, a) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static int command_run(struct system *s, const struct arguments *a)
{
	return run_system(s, a) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static int command_receive(struct system *s, const struct arguments *a)
{
	(void)s;
	return receive_line(a) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static int command_keygen(struct system *s, const struct arguments *a)
{
	(void)s;
	return sign_keygen(a->input) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static int command_sign(struct system *s, const struct arguments *a)
{
	(void)s;
	if (!a->signing.key && !a->signing.signature) {
		message("bulkhead: give --key KEY or --signature FILE; see bulkhead sign --help");
		return EXIT_USAGE;
	}
	return image_sign(a) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static int command_verify(struct system *s, const struct arguments *a)
{
	(void)s;
	return sign_verify(a->input, a->public_key, a->signing.kernel) == 0 ? EXIT_GOOD : EXIT_MISTAKE;
}

static const struct command commands[] = {
    {"check", OPTION_BOARD | OPTION_JSON | OPTION_FILES | OPTION_PLAN, command_check,
     "usage: bulkhead check DIR|FILE.qvmconf [-f PATH[=NAME]]... [--path DIR]... [--board BOARD]\n"
     "                     [--memory START,SIZE]... [--json] [--plan]\n"
     "\n"
     "Reads a system directory (system.dts and the .qvmconf files that it names), or one VM's\n"
     "configuration, and reports every mistake with file and line: what clashes with what, and\n"
     "how to fix it. Files vdev-NAME.so of types that the tool does not know are found as by image.\n"
     "With a board, it also checks that the board has what is assigned.\n"},
    {"image", OPTION_BOARD | OPTION_JSON | OPTION_FILES | OPTION_OUTPUT | OPTION_NO_CHECK | OPTION_SIGN, command_image,
     "usage: bulkhead image DIR [-f PATH[=NAME]]... [--path DIR]... [--board BOARD] [--json]\n"
     "                     [--memory START,SIZE]...\n"
     "                     [--key KEY | --signature FILE] [--manifest FILE] [--certified FILE]\n"
     "                     [--readonly FILE] -o ARCHIVE\n"
     "\n"
     "Checks a system directory and writes the boot archive: the compiled system description, the\n"
     "configurations, and each program and guest image that they name. These are taken from the files\n"
     "given with -f, else from DIR, else from the folders of --path. Other files given with -f are\n"
     "added. Nothing is written if there is a mistake.\n"},
    {"run", OPTION_JSON | OPTION_FILES | OPTION_MACHINE | OPTION_SIGN | OPTION_RECEIVE, command_run,
     "usage: bulkhead run DIR [-f PATH[=NAME]]... [--path DIR]... [--kernel IMAGE] [--board BOARD]\n"
     "                   [--cpus N] [--cpu MODEL] [--memory SIZE] [--key KEY]\n"
     "                   [--receive STREAM=FILE|DIR]...\n"
     "\n"
     "Checks a system directory against a board of QEMU, makes its archive, and boots it in QEMU on\n"
     "this terminal (leave with Ctrl-a x). The Image and the programs are those beside this tool,\n"
     "unless options name others. The board has a second UART. With --receive, streams that come over\n"
     "it, or over the console's line, are written to files, as by receive.\n"},
    {"receive", OPTION_JSON | OPTION_RECEIVE | OPTION_LINE, command_receive,
     "usage: bulkhead receive LINE [--receive STREAM=FILE|DIR]... [--console] [--baud N] [--json]\n"
     "\n"
     "Takes streams of bytes, as traces and dumps, out of the frames that come over a serial line, and\n"
     "writes each to a file: the one that is given for it, else one of its name in DIR, by default in\n"
     "this folder; the second one of a name to FILE.2. LINE is a serial port, or a file or pipe with\n"
     "what came over one; it ends there, or with Ctrl-C. What was lost is reported, and zero in the file.\n"},
    {"map", OPTION_BOARD | OPTION_JSON | OPTION_FILES, command_map,
     "usage: bulkhead map DIR [-f PATH[=NAME]]... [--path DIR]... [--board BOARD] [--json]\n"
     "                   [--memory START,SIZE]...\n"
     "\n"
     "Checks a system directory, and prints the access matrix: who has which memory, device,\n"
     "interrupt, CPUs, priorities and abilities, and who may connect to whom. Each thing has one line, and\n"
     "the order never changes, so that two outputs can be compared with diff. The addresses of memory\n"
     "without a fixed place are known only on the target, which prints them in the same matrix.\n"},
    {"keygen", OPTION_JSON, command_keygen,
     "usage: bulkhead keygen NAME\n"
     "\n"
     "Makes a pair of keys: NAME.key, to be kept secret, and NAME.pub, for procmgr.\n"},
    {"sign", OPTION_JSON | OPTION_SIGN, command_sign,
     "usage: bulkhead sign ARCHIVE --key KEY | --signature FILE [--manifest FILE] [--certified FILE]\n"
     "                     [--readonly FILE]\n"
     "\n"
     "Signs an archive again. What is in its files is not checked.\n"},
    {"verify", OPTION_JSON | OPTION_VERIFY, command_verify,
     "usage: bulkhead verify ARCHIVE --public KEY [--readonly FILE]\n"
     "\n"
     "Checks the archive's signature and all its files, as procmgr does, and that it has no\n"
     "other files.\n"},
    {NULL, 0, NULL, NULL},
};

int main(int argc, char **argv)
{
	static struct arguments a;
	struct system *s;
	int status = arguments_parse(&a, commands, argc, argv);

	if (!a.command) {
		message_finish(status);
		return status;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return EXIT_MISTAKE;
	s->vdevs.extras = a.extras;
	s->vdevs.extra_count = a.extra_count;
	s->vdevs.paths = a.paths;
	s->vdevs.path_count = a.path_count;
	status = a.command->run(s, &a);
	message_finish(status);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "bulkhead: standard output cannot be written\n");
		status = EXIT_MISTAKE;
	}
	system_free(s);
	return status;
}
