/* SPDX-License-Identifier: Apache-2.0 */
/* The language: characters, numbers, quotes, variables, files and the command line. */
#include "world.h"

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

/* Of which random text is made. */
static const char *const fragments[] = {
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

/* Whatever is read, the reader ends, reports or accepts, and stays within its bounds (the sanitizers watch). */
static void random_text_stays_within_bounds(void **state)
{
	static char text[512];
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		size_t used = 0;

		for (unsigned i = 0; i < 30; i++) {
			seed = seed * 1103515245u + 12345u;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
						 fragments[(seed >> 8) % (sizeof(fragments) / sizeof(fragments[0]))]);
			if (used >= sizeof(text))
				break;
		}
		if (read_text(text) == 0)
			assert_int_equal(world.messages, 0);
		else
			assert_true(world.messages > 0);
	}
}

int text_tests(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_have_multipliers),
	    cmocka_unit_test(wrong_numbers_are_refused),
	    cmocka_unit_test(quotes_and_escapes_are_read),
	    cmocka_unit_test(variables_are_substituted),
	    cmocka_unit_test(a_wrong_encoding_is_one_message),
	    cmocka_unit_test(each_look_alike_is_named_once),
	    cmocka_unit_test(words_of_the_command_line_are_read_in_order),
	    cmocka_unit_test(an_argument_stands_in_the_file_of_its_option),
	    cmocka_unit_test(limits_hold_to_the_last_byte),
	    cmocka_unit_test(control_characters_are_refused),
	    cmocka_unit_test(random_text_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
