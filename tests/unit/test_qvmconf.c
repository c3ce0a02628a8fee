/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/qvmconf lib/glob.c tests/unit/qvmconf */
/* The reader of VM configurations, in a world of two files. */
#include "qvmconf/world.h"

struct world world;
struct qvm_config config;

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

static bool world_partition(void *context, const char *name, uint32_t *id, char names[QVM_NAMES_BYTES])
{
	(void)context;
	*id = 3;
	strcpy(names, "System, a");
	return strcmp(name, "a") == 0;
}

const struct qvmconf_host host = {.vdev = world_vdev,
				  .cluster = world_cluster,
				  .partition = world_partition,
				  .context = &world,
				  .read = world_read,
				  .env = world_env,
				  .asinfo = world_asinfo,
				  .message = world_message};

int read_words(int argc, const char *const *argv)
{
	world.said[0] = '\0';
	world.messages = 0;
	return qvmconf_read(&config, argc, argv, &host);
}

int read_text(const char *text)
{
	static const char *const words[] = {"@dir/a.qvmconf"};

	world.text[0] = text;
	world.bytes[0] = 0;
	return read_words(1, words);
}

struct qvmconf_consoles consoles(void)
{
	return qvmconf_consoles(&config, &config.vdevs[0]);
}

void good(const char *text)
{
	int status = read_text(text);

	assert_string_equal(world.said, "");
	assert_int_equal(status, 0);
}

void bad(const char *text, const char *said)
{
	assert_int_equal(read_text(text), VM_EXIT_CONFIG);
	assert_string_equal(world.said, said);
}

void understood(const char *text)
{
	int status = read_text(text);

	for (char *line = strtok(world.said, "\n"); line; line = strtok(NULL, "\n"))
		assert_non_null(strstr(line, "not supported yet"));
	assert_true(status == 0 || world.messages > 0);
}

int main(void)
{
	return text_tests() + option_tests() + vdev_tests();
}
