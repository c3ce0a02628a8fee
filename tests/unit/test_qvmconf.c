/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/qvmconf lib/glob.c */
#include "qvmconf.h"
#include "vdevoption.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world {
	const char *text[2]; /* of the files a.qvmconf and b.qvmconf */
	size_t bytes[2];     /* 0: as long as the string */
	char said[16384];
	unsigned messages;
};

static struct world world;
static struct qvm_config config;

static int world_read(void *context, const char *path, const char **text, size_t *bytes)
{
	struct world *w = context;
	int i = strcmp(path, "dir/a.qvmconf") == 0 ? 0 : strcmp(path, "dir/b.qvmconf") == 0 ? 1 : -1;

	if (i < 0 || !w->text[i])
		return -2;
	*text = w->text[i];
	*bytes = w->bytes[i] ? w->bytes[i] : strlen(w->text[i]);
	return 0;
}

static const char *world_env(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "DEVICE") == 0 ? "/dev/console/x" : strcmp(name, "WORDS") == 0 ? "two words" : NULL;
}

static bool world_asinfo(void *context, const char *name, uint64_t *start, uint64_t *bytes)
{
	(void)context;
	*start = 0x90000000;
	*bytes = 0x200000;
	return strcmp(name, "guestmem") == 0;
}

static void world_message(void *context, const char *line)
{
	struct world *w = context;

	assert_null(strchr(line, '\n'));
	w->messages++;
	strncat(w->said, line, sizeof(w->said) - strlen(w->said) - 2);
	strcat(w->said, "\n");
}

#define LIST(options) options, sizeof(options)

static bool world_vdev(void *context, const char *type, struct qvmconf_vdev_file *file)
{
	static const struct {
		const char *name, *options;
		size_t bytes;
	} types[] = {
	    {"probe", LIST("fast\0f\0rate\0n:1:0x100\0allow\0*g\0")},
	    {"thief", LIST("rate\0n:0:9\0safety\0b\0")},
	    {"quiet", LIST("debug\0f\0")},
	    {"mover", LIST("loc\0n:0:9\0")},
	    {"broken", LIST("")},
	    {"needy", LIST("must\0!w:yes:no\0count\0n:1:32=7\0soon\0x\0")},
	};
	size_t used;

	(void)context;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, type) != 0)
			continue;
		*file = (struct qvmconf_vdev_file){.type = {.options = types[i].options, .bytes = 0x2000}};
		if (strcmp(type, "needy") == 0)
			file->type.flags = VDEV_NEEDS_LOC | VDEV_NEEDS_INTR;
		assert_null(vdev_options_check(types[i].options, types[i].bytes, &used));
		assert_int_equal(used, types[i].bytes);
		if (strcmp(type, "broken") == 0)
			file->wrong = "vdev-broken.so: too old";
		return true;
	}
	return false;
}

static bool world_cluster(void *context, const char *name, uint32_t *runmask)
{
	(void)context;
	*runmask = 0x30;
	return strcmp(name, "big") == 0;
}

static const struct qvmconf_host host = {.vdev = world_vdev,
					 .cluster = world_cluster,
					 .context = &world,
					 .read = world_read,
					 .env = world_env,
					 .asinfo = world_asinfo,
					 .message = world_message};

static int read_words(int argc, const char *const *argv)
{
	world.said[0] = '\0';
	world.messages = 0;
	return qvmconf_read(&config, argc, argv, &host);
}

/* Reads one file. */
static int read_text(const char *text)
{
	static const char *const words[] = {"@dir/a.qvmconf"};

	world.text[0] = text;
	world.bytes[0] = 0;
	return read_words(1, words);
}

static struct qvmconf_consoles consoles(void)
{
	return qvmconf_consoles(&config, &config.vdevs[0]);
}

static void good(const char *text)
{
	int status = read_text(text);

	assert_string_equal(world.said, "");
	assert_int_equal(status, 0);
}

static void bad(const char *text, const char *said)
{
	assert_int_equal(read_text(text), VM_EXIT_CONFIG);
	assert_string_equal(world.said, said);
}

/* What is right in itself; what may be said about it is only that something is not built yet. */
static void understood(const char *text)
{
	int status = read_text(text);

	for (char *line = strtok(world.said, "\n"); line; line = strtok(NULL, "\n"))
		assert_non_null(strstr(line, "not supported yet"));
	assert_true(status == 0 || world.messages > 0);
}

#define GUEST "ram 0x80000000,16M load a "

/* Reads one file of `bytes` bytes, which may have NULs. */
static void bad_bytes(const char *text, size_t bytes, const char *said)
{
	static const char *const words[] = {"@dir/a.qvmconf"};

	world.text[0] = text;
	world.bytes[0] = bytes;
	assert_int_equal(read_words(1, words), VM_EXIT_CONFIG);
	assert_string_equal(world.said, said);
}

/* One message for the whole file, and none about what it does not say then. */
static void a_wrong_encoding_is_one_message(void **state)
{
	static const char wide[] = "[a.qvmconf:1] this file is UTF-16 or UTF-32: save it as UTF-8 or ASCII\n";
	static const char feed[] = "[a.qvmconf:1] this file has a carriage return without a line feed: save it with "
				   "the line ends of Unix or Windows\n";

	(void)state;
#define BYTES(text) text, sizeof(text) - 1
	bad_bytes(BYTES("\xff\xfer\0a\0m\0"), wide);
	bad_bytes(BYTES("\xfe\xff\0r\0a\0m"), wide);
	bad_bytes(BYTES("r\0a\0m\0"), wide);
	bad_bytes(BYTES("\0r\0a\0m"), wide);
	bad_bytes(BYTES("\xff\xfe\0\0r\0\0\0"), wide);
	bad_bytes(BYTES("\0\0\xfe\xff\0\0\0r"), wide);
	bad_bytes(BYTES("\0\0\0r\0\0\0a"), wide);
	bad_bytes(BYTES("ram 16M\0"), "[a.qvmconf:1] this file is no text: there is a NUL byte in it\n");
	bad_bytes(BYTES("# all\rram 16M\rload a\r"), feed);
	bad_bytes(BYTES("ram 16M\r\nload a\r\r\n"), feed);
	bad_bytes(BYTES("ram 16M\nload a\r"), feed);
	good("# all\r\nram 0x80000000,16M\r\nload a\r\ncmdline \"a\r\n b \\\r\n c\"\r\n");
	assert_string_equal(config.cmdline, "a\n b   c");
	good("\xef\xbb\xbf" GUEST);
}

/* Each kind of character that looks like another one is named once, and what it was meant for is read. */
static void each_look_alike_is_named_once(void **state)
{
	(void)state;
	bad(GUEST "cmdline 'a b c=1'\nset debg on",
	    "[a.qvmconf:1] a single quote does not join words: use double quotes\n"
	    "[a.qvmconf:2] unknown variable 'debg'; did you mean 'debug'?\n");
	bad(GUEST "cmdline a'\nload 'b c'\n", "[a.qvmconf:1] a single quote does not join words: use double quotes\n");
	bad("ram\u00a00x80000000,16M\u00a0load a cmdline \"x\u00a0y\"",
	    "[a.qvmconf:1] this is a no-break space or another special blank (U+00A0): write a plain blank instead\n");
	bad(GUEST "cmdline \u201ca b\u201d cpu sched \u20118",
	    "[a.qvmconf:1] this is a typographic quote (U+201C), which does not join words: use double quotes\n"
	    "[a.qvmconf:1] this is a typographic hyphen or dash (U+2011): write '-' instead\n");
	bad(GUEST "cmdline \xff",
	    "[a.qvmconf:1] this character (U+00FF) is not ASCII: it may stand only in quotes and in "
	    "comments\n");
	bad(GUEST "cmdline \"a\u200bb\"", "[a.qvmconf:1] here is a character that nobody sees (U+200B): delete it\n");
	good(GUEST "cmdline \"it's \u00e4 \u2019 \u2013 \xff\" # it's\u00a0\u201c");
	assert_string_equal(config.cmdline, "it's \u00e4 \u2019 \u2013 \xff");
}

/* Without `system` the surroundings give the name; a console that is called like the VM has it, too. */
static void the_name_comes_from_the_surroundings(void **state)
{
	static const char *const words[] = {"@dir/a.qvmconf"};
	struct qvmconf_host named = host;

	(void)state;
	named.name = "abcdefghijklmnopqrstuvwxyz-1234";
	world.text[0] = GUEST "vdev pl011 loc 0x1000000 intr gic:40";
	world.bytes[0] = 0;
	assert_int_equal(qvmconf_read(&config, 1, words, &named), 0);
	assert_string_equal(config.name, named.name);
	assert_false(config.name_given);
	assert_string_equal(consoles().input, named.name);
	assert_string_equal(consoles().output, named.name);
	good(GUEST "vdev pl011 loc 0x1000000 intr gic:40");
	assert_string_equal(consoles().output, "qvm-guest");
	good("system abcdefghijklmnopqrstuvwxyz-1234 " GUEST);
	assert_true(config.name_given);
}

static void a_whole_file_is_read(void **state)
{
	(void)state;
	good("# a comment\n"
	     "system linux1\n"
	     "ram 0x80000000,512M\n"
	     "rom 0xf0000000,0x10000 # after a word\n"
	     "cpu sched 20f runmask 0,2\n"
	     "cpu\n"
	     "load 0x80200000,./Image\n"
	     "initrd load initramfs.cpio.gz\n"
	     "fdt load /guest.dtb data load 0xf0000000,blob\n"
	     "cmdline \"console=ttyAMA0 # earlycon\"\n"
	     "vdev gic version 3 gicd 0x2f000000\n"
	     "vdev vdev-pl011.so\n\tloc 0x1c090000\n\tintr gic:37\n\thostdev /dev/console/linux1\n\tname uart\n"
	     "unsupported register ignore unsupported instruction abort\n"
	     "set exit-on-halt no set counter-offset 0 set broadcast-maintenance off\n"
	     "debug dryrun");
	assert_string_equal(config.name, "linux1");
	assert_true(config.name_given);
	assert_int_equal(config.mem_count, 2);
	assert_int_equal(config.mem[0].start, 0x80000000);
	assert_int_equal(config.mem[0].bytes, 512 << 20);
	assert_int_equal(config.mem[1].kind, QVM_ROM);
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[0].priority, 20);
	assert_int_equal(config.cpus[0].policy, QVM_POLICY_FIFO);
	assert_int_equal(config.cpus[0].runmask, 5);
	assert_false(config.cpus[1].sched_given);
	assert_false(config.cpus[1].runmask_given);
	assert_int_equal(config.load_count, 4);
	assert_string_equal(config.loads[0].path, "Image");
	assert_true(config.loads[0].address_given);
	assert_int_equal(config.loads[0].address, 0x80200000);
	assert_int_equal(config.loads[0].place.line, 7);
	assert_string_equal(config.loads[0].place.file, "a.qvmconf");
	assert_int_equal(config.loads[1].type, QVM_LOAD_INITRD);
	assert_int_equal(config.loads[2].type, QVM_LOAD_FDT);
	assert_string_equal(config.loads[2].path, "guest.dtb");
	assert_int_equal(config.loads[3].type, QVM_LOAD_DATA);
	assert_string_equal(config.cmdline, "console=ttyAMA0 # earlycon");
	assert_int_equal(config.vdev_count, 1);
	assert_int_equal(config.vdevs[0].loc, 0x1c090000);
	assert_int_equal(config.vdevs[0].intr[0], 37);
	assert_string_equal(consoles().input, "linux1");
	assert_string_equal(consoles().output, "linux1");
	assert_string_equal(config.vdevs[0].name, "uart");
	assert_int_equal(config.unsupported.register_, QVM_IGNORE);
	assert_int_equal(config.unsupported.instruction, QVM_ABORT);
	assert_int_equal(config.unsupported.reference, QVM_IGNORE);
	assert_false(config.exit_on_halt);
	assert_false(config.broadcast_maintenance);
	assert_int_equal(config.counter_offset, 0);
	assert_true(config.debug);
	assert_true(config.dryrun);
	assert_int_equal(qvmconf_memory_bytes(&config), (512u << 20) + 0x10000);
}

static void what_is_not_said_has_a_default(void **state)
{
	(void)state;
	good(GUEST);
	assert_string_equal(config.name, "qvm-guest");
	assert_false(config.name_given);
	assert_int_equal(config.cpu_count, 1);
	assert_int_equal(config.gic.gicd, 0x2f000000);
	assert_int_equal(config.gic.gicr, 0x2f100000);
	assert_string_equal(config.gic.name, "gic");
	assert_int_equal(config.unsupported.instruction, QVM_FAIL);
	assert_int_equal(config.unsupported.reference, QVM_IGNORE);
	assert_int_equal(config.unsupported.register_, QVM_FAIL);
	assert_true(config.exit_on_halt);
	assert_true(config.broadcast_maintenance);
	assert_true(config.counter_offset == QVM_COUNTER_FROM_ZERO);
	assert_null(config.cmdline);
	assert_int_equal(config.vdev_count, 0);
}

/* Addresses are hexadecimal and lengths decimal by themselves; a multiplier makes both decimal. */
static void numbers_have_multipliers(void **state)
{
	static const struct {
		const char *text;
		uint64_t start, bytes;
	} cases[] = {
	    {"ram 4096M,2048M load a", 4ull << 30, 2ull << 30}, {"ram 80000000,8192 load a", 0x80000000, 8192},
	    {"ram 0d4096,0x1000 load a", 4096, 4096},           {"ram 4K,4k load a", 4096, 4096},
	    {"ram 0x4K,0x1M load a", 0x1000, 1 << 20},          {"ram 0d16m,0d4K load a", 16 << 20, 4096},
	    {"ram 2g,1G load a", 2ull << 30, 1 << 30},          {"ram 0xa0000 load a", 0x80000000, 0xa0000},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		good(cases[i].text);
		assert_true(config.mem[0].start == cases[i].start);
		assert_true(config.mem[0].bytes == cases[i].bytes);
	}
}

static void wrong_numbers_are_refused(void **state)
{
	static const char *const words[] = {
	    "0x", "0d", "", "K", "0xg", "1KK", "-1", "+1", "1.5M", "18446744073709551616", "17179869184G"};
	char text[128], said[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(text, sizeof(text), "ram \"0,%s\" load a", words[i]);
		snprintf(said, sizeof(said),
			 "[a.qvmconf:1] '%s' is not a length: write it as 0x8000000, 134217728 or 128M\n", words[i]);
		bad(text,
		    words[i][0] ? said : "[a.qvmconf:1] a length must follow the comma at once, without a blank\n");
	}
}

static void memory_without_an_address_finds_its_place(void **state)
{
	(void)state;
	good("ram 64K rom 4K ram 0x90000000,4K ram 8K load a");
	assert_int_equal(config.mem[0].start, 0x80000000);
	assert_int_equal(config.mem[1].start, 0x80010000);
	assert_int_equal(config.mem[3].start, 0x90001000);
	assert_true(qvmconf_memory_has(&config, 0x90001000, 8192));
	assert_false(qvmconf_memory_has(&config, 0x90001000, 8193));
	assert_false(qvmconf_memory_has(&config, 0x90002fff, UINT64_MAX));
	assert_false(qvmconf_memory_has(&config, 0x90003000, 1));
}

/* Reservations keep what is placed by itself away, and nothing that has an address. */
static void reservations_keep_floating_memory_away(void **state)
{
	(void)state;
	good("reserve loc 0x80008000,8 loc mem:0x80010000,0x1000 intr 39 intr gic:40\n"
	     "ram 64K ram 0x80010000,4K ram 4K load a");
	assert_int_equal(config.reserve_count, 4);
	assert_int_equal(config.reserves[2].intr, 39);
	assert_int_equal(config.reserves[3].intr, 40);
	assert_int_equal(config.mem[0].start, 0x80011000);
	assert_int_equal(config.mem[1].start, 0x80010000);
	assert_int_equal(config.mem[2].start, 0x80021000);
	/* One reservation moves it into another one that was written before. */
	good("reserve loc 0x80002000,0x1000 reserve loc 0x80000000,0x2000 ram 4K load a");
	assert_int_equal(config.mem[0].start, 0x80003000);
}

static void options_belong_to_their_context(void **state)
{
	(void)state;
	/* What belongs to no context does not close one. */
	good("cpu ram 32m sched 8 load a runmask 3");
	assert_int_equal(config.cpus[0].priority, 8);
	assert_int_equal(config.cpus[0].runmask, 8);
	good(GUEST "cpu sched 8 cpu sched 6");
	assert_int_equal(config.cpus[0].priority, 8);
	assert_int_equal(config.cpus[1].priority, 6);
	/* Repeated: the last one wins. */
	good(GUEST "cpu sched 8 sched 6r cpu");
	assert_int_equal(config.cpu_count, 2);
	assert_int_equal(config.cpus[0].priority, 6);
	assert_int_equal(config.cpus[0].policy, QVM_POLICY_RR);
	assert_false(config.cpus[1].sched_given);
	good(GUEST "cmdline a cmdline b vdev pl011 loc 0x1000000 loc 0x2000000 intr gic:40 intr gic:41 hostdev -");
	assert_string_equal(config.cmdline, "b");
	assert_int_equal(config.vdevs[0].loc, 0x2000000);
	assert_int_equal(config.vdevs[0].intr[0], 41);
}

static void quotes_and_escapes_are_read(void **state)
{
	(void)state;
	good(GUEST "cmdline \"a \\\nb\"");
	assert_string_equal(config.cmdline, "a  b");
	good(GUEST "cmdline \"a\nb\"");
	assert_string_equal(config.cmdline, "a\nb");
	good(GUEST "cmdline a=\"b c\"d#comment");
	assert_string_equal(config.cmdline, "a=b cd");
	good(GUEST "cmdline \"say \\\"yes\\\" \\\\ \\n\"");
	assert_string_equal(config.cmdline, "say \"yes\" \\ \\n");
	good(GUEST "cmdline \"\"");
	assert_string_equal(config.cmdline, "");
	good(GUEST "cmdline \"a \\\r\nb\"\r\ndebug\r\n");
	assert_string_equal(config.cmdline, "a  b");
	/* A line end within quotes counts as a line. */
	bad(GUEST "cmdline \"a\nb\"\nfrob",
	    "[a.qvmconf:3] unknown option 'frob'; choose one of: system, ram, rom, reserve, cpu, "
	    "load, initrd, fdt, data, guest, cmdline, pass, vdev, set, unsupported, logger, safety, dump, dryrun, "
	    "debug\n");
}

static void variables_are_substituted(void **state)
{
	(void)state;
	good("ram $asinfo_start{guestmem},$asinfo_length{guestmem} load a vdev pl011 loc 0x1000000 intr gic:40 "
	     "hostdev >$env{DEVICE} cmdline a=$env{WORDS}$b$");
	assert_int_equal(config.mem[0].start, 0x90000000);
	assert_int_equal(config.mem[0].bytes, 0x200000);
	assert_string_equal(consoles().output, "x");
	assert_null(consoles().input);
	assert_string_equal(config.cmdline, "a=two words$b$");
	good(GUEST "cmdline \"$env{WORDS}\"");
	assert_string_equal(config.cmdline, "two words");
}

static void hostdev_gives_input_and_output(void **state)
{
	(void)state;
	good("system vm1 " GUEST "vdev pl011 loc 0x1000000 intr gic:40 hostdev >-");
	assert_string_equal(consoles().output, "vm1");
	assert_null(consoles().input);
	good(GUEST "vdev pl011 loc 0x1000000 intr gic:40 hostdev </dev/console/in hostdev >/dev/console/out");
	assert_string_equal(consoles().input, "in");
	assert_string_equal(consoles().output, "out");
}

static void the_gic_has_a_name_and_addresses(void **state)
{
	(void)state;
	good(GUEST
	     "vdev gic name gary gicd 0x30000000 gicr 0x30100000 vdev pl011 loc 0x1000000 intr gary:0x28 hostdev -");
	assert_string_equal(config.gic.name, "gary");
	assert_int_equal(config.gic.gicd, 0x30000000);
	assert_int_equal(config.gic.gicr, 0x30100000);
	assert_int_equal(config.vdevs[0].intr[0], 40);
}

static void clusters_and_masks_choose_cpus(void **state)
{
	(void)state;
	good(GUEST "cpu cluster _cpu-3 cpu cluster big sched 7o cpu cluster big runmask 1");
	assert_int_equal(config.cpus[0].runmask, 8);
	assert_int_equal(config.cpus[1].runmask, 0x30);
	assert_int_equal(config.cpus[1].policy, QVM_POLICY_RR);
	assert_int_equal(config.cpus[2].runmask, 2); /* of both, the last one */
}

static void letters_of_pass_are_attributes(void **state)
{
	static const struct {
		const char *letters;
		unsigned attributes;
	} cases[] = {
	    {"r", QVM_PASS_R | QVM_PASS_N},
	    {"rwn", QVM_PASS_R | QVM_PASS_W | QVM_PASS_N},
	    {"rwx-w+c", QVM_PASS_R | QVM_PASS_X | QVM_PASS_C | QVM_PASS_N},
	    {"rwest-s", QVM_PASS_R | QVM_PASS_W | QVM_PASS_E | QVM_PASS_T | QVM_PASS_N},
	    {"m",
	     QVM_PASS_M | QVM_PASS_R | QVM_PASS_W | QVM_PASS_X | QVM_PASS_C | QVM_PASS_S | QVM_PASS_T | QVM_PASS_N},
	    {"m-mst", QVM_PASS_R | QVM_PASS_W | QVM_PASS_X | QVM_PASS_C | QVM_PASS_N},
	};
	char text[128];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), GUEST "pass loc mem:fe204000,4096,%s", cases[i].letters);
		understood(text);
		assert_int_equal(config.pass_count, 1);
		assert_true(config.passes[0].start == 0xfe204000 && config.passes[0].host == 0xfe204000);
		assert_int_equal(config.passes[0].bytes, 4096);
		assert_int_equal(config.passes[0].attributes, cases[i].attributes);
	}
	understood(GUEST "pass loc 0x1000,4k,rw=0x2000 loc 0x2000,4k,r,=$asinfo_start{guestmem} intr gic:44,u=150\n"
			 "initrd pass loc 0x3000,4k,r pass intr gic:144");
	assert_int_equal(config.pass_count, 3);
	assert_int_equal(config.passes[0].host, 0x2000);
	assert_int_equal(config.passes[1].host, 0x90000000);
	assert_int_equal(config.passes[1].blob, QVM_LOAD_ANY);
	assert_int_equal(config.passes[2].blob, QVM_LOAD_INITRD);
	assert_int_equal(config.passes[2].place.line, 2);
	assert_int_equal(config.pass_intr_count, 2);
	assert_int_equal(config.pass_intrs[0].guest, 44);
	assert_int_equal(config.pass_intrs[0].host, 150);
	assert_true(config.pass_intrs[0].unmask);
	assert_int_equal(config.pass_intrs[1].host, 144);
	assert_false(config.pass_intrs[1].unmask);
	/* Memory that is passed is memory. */
	understood("pass loc mem:$asinfo_start{guestmem},$asinfo_length{guestmem},rwcxm load 0x90000000,a ram 4k");
	assert_true(qvmconf_memory_has(&config, 0x90000000, 0x200000));
	assert_int_equal(config.mem[0].start, 0x90200000);
	understood("vdev gic hostvector 100 " GUEST "pass intr gic:44");
	assert_int_equal(config.pass_intrs[0].host, 144);
}

static unsigned dests(uint32_t vdev, enum qvm_log_filter filter)
{
	return qvmconf_log_dests(&config, vdev, filter);
}

static void each_severity_goes_where_the_last_logger_says(void **state)
{
	(void)state;
	good(GUEST);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INFO), QVM_LOG_STDERR);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_DEBUG), 0);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INTERNAL), QVM_LOG_STDERR | QVM_LOG_SLOG);
	understood(GUEST "logger error,warn slog logger warn,debug stdout\n"
			 "vdev pl011 loc 0x1000000 intr gic:40 hostdev - log warning,info slog log info none");
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_ERROR), QVM_LOG_SLOG);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_WARN), QVM_LOG_SLOG | QVM_LOG_STDOUT);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INFO), 0);
	assert_int_equal(dests(QVM_LOGGER_VM, QVM_LOG_INTERNAL), QVM_LOG_SLOG);
	assert_int_equal(dests(0, QVM_LOG_WARN), QVM_LOG_SLOG);
	assert_int_equal(dests(0, QVM_LOG_INFO), QVM_LOG_NONE);
	assert_int_equal(dests(0, QVM_LOG_ERROR), QVM_LOG_SLOG);
}

/* Each `safety` holds for the vdevs after it, the last one for all else. */
static void safety_holds_for_the_vdevs_after_it(void **state)
{
	(void)state;
	understood(GUEST "vdev probe safety warn vdev probe safety required vdev probe");
	assert_int_equal(config.vdev_count, 3);
	assert_int_equal(config.vdevs[0].safety, QVM_SAFETY_DEFAULT);
	assert_int_equal(config.vdevs[1].safety, QVM_SAFETY_WARN);
	assert_int_equal(config.vdevs[2].safety, QVM_SAFETY_REQUIRED);
	assert_int_equal(config.safety, QVM_SAFETY_REQUIRED);
	good(GUEST "safety none");
	assert_int_equal(config.safety, QVM_SAFETY_NONE);
}

/* A type that only its plug-in file describes. */
static void a_plug_in_brings_its_own_type(void **state)
{
	(void)state;
	good(GUEST
	     "vdev vdev-probe.so loc mem:0x1000000 fast rate 1 intr gic:40,gic:41 rate 2 allow a allow b sched 9\n"
	     "set debug off name p");
	assert_string_equal(config.vdevs[0].type, "probe");
	assert_string_equal(config.vdevs[0].name, "p");
	assert_int_equal(config.vdevs[0].bytes, 0x2000);
	assert_int_equal(config.vdevs[0].intr_count, 2);
	assert_int_equal(config.vdevs[0].intr[1], 41);
	assert_int_equal(config.vdevs[0].priority, 9);
	assert_false(config.vdevs[0].status);
	assert_int_equal(config.vdevs[0].option_count, 4);
	assert_string_equal(config.vdev_options[0].name, "fast");
	assert_null(config.vdev_options[0].value);
	assert_string_equal(config.vdev_options[1].value, "2"); /* the last one counts */
	assert_string_equal(config.vdev_options[2].value, "a");
	assert_string_equal(config.vdev_options[3].value, "b"); /* these all do */
	bad(GUEST "vdev probe loc 0x1000000 vdev probe loc 0x1001000\nvdev probe frob",
	    "[a.qvmconf:2] unknown option 'frob'; choose one of: loc, intr, name, sched, log, fast, rate, allow, "
	    "system, "
	    "ram, rom, reserve, cpu, load, initrd, fdt, data, guest, cmdline, pass, vdev, set, unsupported, logger, "
	    "safety, "
	    "dump, "
	    "dryrun, debug\n"
	    "[a.qvmconf:1] vdev probe 0x1001000-0x1002fff overlaps vdev probe 0x1000000-0x1001fff [a.qvmconf:1]; move "
	    "one "
	    "of "
	    "them\n");
}

/* What a plug-in file may not do to a configuration. */
static void a_bad_plug_in_is_refused(void **state)
{
	(void)state;
	bad(GUEST "vdev thief loc 0x1000000 rate 1\nsafety required",
	    "[a.qvmconf:1] vdev thief: its option 'safety' is a word of the language already; it needs another name\n");
	assert_int_equal(config.safety, QVM_SAFETY_REQUIRED);
	bad(GUEST "vdev quiet",
	    "[a.qvmconf:1] vdev quiet: its option 'debug' is a word of the language already; it needs "
	    "another name\n");
	bad(GUEST "vdev mover",
	    "[a.qvmconf:1] vdev mover: its option 'loc' is a word of the language already; it needs "
	    "another name\n");
	bad(GUEST "vdev broken loc 0x1000000 rate 1\nvdev none",
	    "[a.qvmconf:1] vdev broken: vdev-broken.so: too old\n"
	    "[a.qvmconf:2] unknown vdev 'none': there is no file vdev-none.so\n");
	bad(GUEST "vdev vdev-probe-safety.so loc 0x1000000 rate 1",
	    "[a.qvmconf:1] 'vdev probe-safety' names a variant: write 'vdev probe', whose file with -safety is always "
	    "sought first\n");
}

/* What a file describes is checked as what the tree has: values, defaults, what is required. */
static void what_a_file_describes_is_checked(void **state)
{
	(void)state;
	good(GUEST "vdev needy loc 0x1000000 intr gic:40 must yes");
	assert_int_equal(config.vdevs[0].needs, VDEV_NEEDS_LOC | VDEV_NEEDS_INTR);
	assert_int_equal(config.vdevs[0].option_count, 2);
	assert_int_equal(config.vdev_options[1].index, 1);
	assert_string_equal(config.vdev_options[1].value, "7");
	good(GUEST "vdev needy loc 0x1000000 intr gic:40 count 8 must yes must no");
	assert_int_equal(config.vdevs[0].option_count, 2);
	assert_string_equal(config.vdev_options[0].value, "8");
	assert_string_equal(config.vdev_options[1].value, "no");
	bad(GUEST "vdev needy loc 0x1000000 intr gic:40\ncount 33\nsoon 5",
	    "[a.qvmconf:2] '33' is not a number from 1 to 32\n"
	    "[a.qvmconf:3] 'vdev needy soon' is not supported yet\n"
	    "[a.qvmconf:1] 'vdev needy' needs 'must'\n");
	bad(GUEST "vdev needy must maybe", "[a.qvmconf:1] 'maybe' is unknown; write yes or no\n"
					   "[a.qvmconf:1] 'vdev needy' needs 'loc', the address of its registers\n"
					   "[a.qvmconf:1] 'vdev needy' needs 'intr', as in gic:37\n");
	/* What was misspelt is not missing. */
	bad(GUEST "vdev needy loc 0x1000000 intr gic:40 musst yes",
	    "[a.qvmconf:1] unknown option 'musst'; did you mean 'must'?\n");
}

/* The description of the tree is one that a note could hold. A file of that name with another one is refused. */
static void the_trees_description_fits_into_a_note(void **state)
{
	struct vdev_description known, other;
	size_t used;

	(void)state;
	assert_false(qvmconf_vdev_known("probe", &known));
	assert_null(qvmconf_vdev_differs("probe", &known));
	assert_true(qvmconf_vdev_known("shmem", &known));
	assert_null(vdev_options_check(known.options, known.options_bytes, &used));
	assert_int_equal(used, known.options_bytes);
	assert_true(qvmconf_vdev_known("pl011", &known));
	assert_null(vdev_options_check(known.options, known.options_bytes, &used));
	assert_int_equal(used, known.options_bytes);
	other = known;
	other.flags |= VDEV_NOTE_SAFETY;
	assert_null(qvmconf_vdev_differs("pl011", &other));
	other.options = "batch\0x\0";
	other.options_bytes = 9;
	assert_non_null(qvmconf_vdev_differs("pl011", &other));
	other = known;
	other.bytes = 0x2000;
	assert_non_null(qvmconf_vdev_differs("pl011", &other));
}

static void options_of_shmem_are_read(void **state)
{
	struct vdev_region region;

	(void)state;
	assert_null(vdev_region("TEST1,0xf0001", &region));
	assert_int_equal(region.name_bytes, 5);
	assert_int_equal(region.bytes, 0xf1000);
	understood(GUEST "vdev shmem create A,4K create B,8K allow A* deny * loc 0x1000000 intr gic:40");
	assert_int_equal(config.vdevs[0].option_count, 4);
}

static void words_of_the_command_line_are_read_in_order(void **state)
{
	static const char *const words[] = {"@dir/a.qvmconf",  "cpu",     "sched", "9",
					    "@dir/b.qvmconf",  "runmask", "2",     "cmdline",
					    "two \"words\" #", "dryrun"};
	static const char *const last[] = {"ram", "1M", "load", "a", "cmdline"};
	static const char *const none[] = {"@dir/none.qvmconf"};

	(void)state;
	world.text[0] = "system a\n" GUEST;
	world.text[1] = "set exit-on-halt off";
	assert_int_equal(read_words(10, words), 0);
	assert_string_equal(world.said, "");
	assert_string_equal(config.name, "a");
	/* The context of the CPU lasts over the file after it. */
	assert_int_equal(config.cpus[0].priority, 9);
	assert_int_equal(config.cpus[0].runmask, 4);
	assert_false(config.exit_on_halt);
	/* The shell has done its quoting: a word is taken as it stands. */
	assert_string_equal(config.cmdline, "two \"words\" #");
	assert_true(config.dryrun);

	assert_int_equal(read_words(5, last), VM_EXIT_CONFIG);
	assert_string_equal(world.said,
			    "[command line:5] 'cmdline' needs an argument: the guest's command line, in quotes\n");
	assert_int_equal(read_words(1, none), VM_EXIT_CONFIG);
	assert_non_null(strstr(
	    world.said, "[command line:1] cannot read the configuration file 'dir/none.qvmconf': no such file\n"));
	assert_int_equal(read_words(0, none), VM_EXIT_CONFIG);
}

/* An argument stands in the same file as its option. */
static void an_argument_stands_in_the_file_of_its_option(void **state)
{
	static const char *const words[] = {"@dir/a.qvmconf", "@dir/b.qvmconf"};

	(void)state;
	world.text[0] = GUEST "cmdline";
	world.text[1] = "console=ttyAMA0";
	assert_int_equal(read_words(2, words), VM_EXIT_CONFIG);
	assert_string_equal(world.said,
			    "[a.qvmconf:1] 'cmdline' needs an argument: the guest's command line, in quotes\n");
}

static void limits_hold_to_the_last_byte(void **state)
{
	static char text[QVM_FILE_MAX + 100];
	size_t used = (size_t)snprintf(text, sizeof(text), "%scmdline ", GUEST);

	(void)state;
	memset(text + used, 'x', QVM_TOKEN_MAX);
	text[used + QVM_TOKEN_MAX] = '\0';
	good(text);
	assert_int_equal(strlen(config.cmdline), QVM_TOKEN_MAX);
	text[used + QVM_TOKEN_MAX] = 'x';
	text[used + QVM_TOKEN_MAX + 1] = '\0';
	bad(text, "[a.qvmconf:1] this word is longer than 4096 bytes\n");

	/* More text than is kept: each repeated cmdline takes room. */
	used = (size_t)snprintf(text, sizeof(text), "%s", GUEST);
	for (unsigned i = 0; i < 6; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, " cmdline ");
		memset(text + used, 'y', 4000);
		used += 4000;
	}
	text[used] = '\0';
	assert_int_equal(read_text(text), VM_EXIT_CONFIG);
	assert_non_null(strstr(world.said, "longer than 16 KiB together"));

	/* More words, bytes and mistakes than allowed. */
	used = 0;
	for (unsigned i = 0; i <= QVM_TOKENS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "debug ");
	bad(text, "[a.qvmconf:1] the configuration has more than 8192 words\n");
	memset(text, ' ', QVM_FILE_MAX + 1);
	text[QVM_FILE_MAX + 1] = '\0';
	assert_int_equal(read_text(text), VM_EXIT_CONFIG);
	assert_non_null(strstr(world.said, "is longer than 256 KiB"));
	used = 0;
	for (unsigned i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "ram 1\n");
	assert_int_equal(read_text(text), VM_EXIT_CONFIG);
	assert_int_equal(world.messages, QVM_MISTAKES_MAX + 1);
	assert_non_null(strstr(world.said, "[a.qvmconf:50] too many mistakes: the rest is not read"));
}

static void control_characters_are_refused(void **state)
{
	(void)state;
	bad(GUEST "cmdline a\x01"
		  "b",
	    "[a.qvmconf:1] there is a control character in this word: configurations are plain text\n");
	/* A line end in a quoted word does not tear a message in two. */
	bad(GUEST "unsupported register \"a\nb\"",
	    "[a.qvmconf:1] unknown action 'a?b'; choose one of: abort, fail, ignore\n");
}

/* Whatever is read, the reader ends, reports or accepts, and stays within its bounds (the sanitizers watch). */
static void random_text_stays_within_bounds(void **state)
{
	static const char *const parts[] = {
	    "system ",
	    "ram ",
	    "rom ",
	    "cpu ",
	    "load ",
	    "initrd ",
	    "data ",
	    "cmdline ",
	    "vdev ",
	    "set ",
	    "unsupported ",
	    "pass ",
	    "reserve ",
	    "logger ",
	    "sched ",
	    "runmask ",
	    "loc ",
	    "intr ",
	    "hostdev ",
	    "name ",
	    "gic ",
	    "pl011 ",
	    "shmem ",
	    "version ",
	    "0x80000000,",
	    "16M ",
	    "4K,",
	    "gic:37 ",
	    "\"",
	    "\\",
	    "$env{",
	    "}",
	    "$asinfo_start{guestmem}",
	    "@dir/a.qvmconf ",
	    "#",
	    "\n",
	    " ",
	    ",",
	    "-",
	    "register ",
	    "ignore ",
	    "8 ",
	    "0 ",
	    "debug ",
	    "\xff",
	    "counter-offset ",
	};
	static char text[512];
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		size_t used = 0;

		for (unsigned i = 0; i < 30; i++) {
			seed = seed * 1103515245u + 12345u;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
						 parts[(seed >> 8) % (sizeof(parts) / sizeof(parts[0]))]);
			if (used >= sizeof(text))
				break;
		}
		if (read_text(text) == 0)
			assert_int_equal(world.messages, 0);
		else
			assert_true(world.messages > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_file_is_read),
	    cmocka_unit_test(what_is_not_said_has_a_default),
	    cmocka_unit_test(numbers_have_multipliers),
	    cmocka_unit_test(wrong_numbers_are_refused),
	    cmocka_unit_test(memory_without_an_address_finds_its_place),
	    cmocka_unit_test(reservations_keep_floating_memory_away),
	    cmocka_unit_test(options_belong_to_their_context),
	    cmocka_unit_test(clusters_and_masks_choose_cpus),
	    cmocka_unit_test(letters_of_pass_are_attributes),
	    cmocka_unit_test(each_severity_goes_where_the_last_logger_says),
	    cmocka_unit_test(safety_holds_for_the_vdevs_after_it),
	    cmocka_unit_test(a_plug_in_brings_its_own_type),
	    cmocka_unit_test(a_bad_plug_in_is_refused),
	    cmocka_unit_test(what_a_file_describes_is_checked),
	    cmocka_unit_test(the_trees_description_fits_into_a_note),
	    cmocka_unit_test(options_of_shmem_are_read),
	    cmocka_unit_test(quotes_and_escapes_are_read),
	    cmocka_unit_test(variables_are_substituted),
	    cmocka_unit_test(hostdev_gives_input_and_output),
	    cmocka_unit_test(a_wrong_encoding_is_one_message),
	    cmocka_unit_test(each_look_alike_is_named_once),
	    cmocka_unit_test(the_name_comes_from_the_surroundings),
	    cmocka_unit_test(the_gic_has_a_name_and_addresses),
	    cmocka_unit_test(words_of_the_command_line_are_read_in_order),
	    cmocka_unit_test(an_argument_stands_in_the_file_of_its_option),
	    cmocka_unit_test(limits_hold_to_the_last_byte),
	    cmocka_unit_test(control_characters_are_refused),
	    cmocka_unit_test(random_text_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
