/* SPDX-License-Identifier: Apache-2.0 */
/* Signs an archive: see sign.h. */
#include "sign.h"
#include "archive.h"
#include "cpio.h"
#include "file.h"
#include "image.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(crypto_sign_ed25519_BYTES == MANIFEST_SIGNATURE_BYTES, "the manifest has Ed25519 signatures");
_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == MANIFEST_KEY_BYTES, "the manifest has Ed25519 keys");
_Static_assert(crypto_sign_ed25519_SEEDBYTES == MANIFEST_KEY_BYTES, "both key files are equally long");
_Static_assert(crypto_hash_sha256_BYTES == MANIFEST_HASH_BYTES, "the manifest has SHA-256");

static int wrong(const char *path, const char *text)
{
	message("%s: %s", path, text);
	return -1;
}

static int read_or_complain(const char *path, struct file *file)
{
	const char *mistake = file_read(path, FILE_DATA_MAX, file);

	return mistake ? wrong(path, mistake) : 0;
}

/* ---- keys: a word that says which of the two it is, a blank, and its bytes in hexadecimal ---- */

enum key_kind { SECRET_KEY, PUBLIC_KEY };

static const struct {
	const char *suffix, *word;
	int mode;
} key_files[] = {{".key", "ed25519-secret-key", 0600}, {".pub", "ed25519-public-key", 0644}};

#define KEY_TEXT_MAX 128

static int write_key(const char *name, enum key_kind kind, const uint8_t key[MANIFEST_KEY_BYTES])
{
	char path[4096], text[KEY_TEXT_MAX], digits[2 * MANIFEST_KEY_BYTES + 1];
	int fd, bad, bytes;

	if (snprintf(path, sizeof(path), "%s%s", name, key_files[kind].suffix) >= (int)sizeof(path))
		return wrong(name, strerror(ENAMETOOLONG));
	sodium_bin2hex(digits, sizeof(digits), key, MANIFEST_KEY_BYTES);
	bytes = snprintf(text, sizeof(text), "%s %s\n", key_files[kind].word, digits);
	sodium_memzero(digits, sizeof(digits));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, key_files[kind].mode);
	if (fd < 0)
		return wrong(path, strerror(errno));
	bad = write(fd, text, (size_t)bytes) != bytes;
	bad |= close(fd) != 0;
	sodium_memzero(text, sizeof(text));
	if (!bad)
		return 0;
	unlink(path);
	return wrong(path, "the key could not be written");
}

int sign_keygen(const char *name)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], seed[crypto_sign_SEEDBYTES];
	char path[4096];
	int status;

	if (sodium_init() < 0)
		return wrong(name, "this machine provides no random numbers");
	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(public_key, secret, seed);
	status = write_key(name, SECRET_KEY, seed);
	if (status == 0) {
		status = write_key(name, PUBLIC_KEY, public_key);
		/* Beside an older public key it would look like that key's secret one. */
		if (status != 0 && snprintf(path, sizeof(path), "%s.key", name) < (int)sizeof(path))
			unlink(path);
	}
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return status;
}

/* The bytes of a key of that kind; NULL, or what is wrong. A public key from elsewhere may lack the word. */
static const char *parse_key(const char *text, size_t length, enum key_kind kind, uint8_t key[MANIFEST_KEY_BYTES])
{
	const size_t word = strlen(key_files[kind].word);
	const char *end = NULL;
	size_t bytes = 0;
	bool bare = true;

	for (unsigned other = SECRET_KEY; other <= PUBLIC_KEY; other++) {
		if (other != kind && strncmp(text, key_files[other].word, strlen(key_files[other].word)) == 0)
			return kind == SECRET_KEY
				   ? "this is a public key; the secret one is needed"
				   : "this is a secret key, which nobody must see; the public one is needed";
	}
	if (strncmp(text, key_files[kind].word, word) == 0 && text[word] == ' ') {
		bare = false;
		text += word + 1;
		length -= word + 1;
	} else if (kind == SECRET_KEY) {
		return "a secret key's file has the word ed25519-secret-key, a blank, and 64 hexadecimal digits";
	}
	if (sodium_hex2bin(key, MANIFEST_KEY_BYTES, text, length, NULL, &bytes, &end) != 0 ||
	    bytes != MANIFEST_KEY_BYTES || strspn(end, "\r\n") != strlen(end))
		return "a key's file has 64 hexadecimal digits after its first word, and nothing else";
	return bare && !crypto_core_ed25519_is_valid_point(key) ? "this is not a public key" : NULL;
}

static int read_key(const char *path, enum key_kind kind, uint8_t key[MANIFEST_KEY_BYTES])
{
	const char *mistake;
	struct file file;

	if (read_or_complain(path, &file) != 0)
		return -1;
	mistake = parse_key((const char *)file.data, file.bytes, kind, key);
	sodium_memzero(file.data, file.bytes);
	free(file.data);
	return mistake ? wrong(path, mistake) : 0;
}

/* ---- the manifest ---- */

struct listed {
	char name[MANIFEST_NAME_MAX + 1];
	bool certified;
	uint8_t hash[MANIFEST_HASH_BYTES];
};

struct list {
	struct listed *files;
	unsigned count;
};

static int list_add(struct list *list, const char *name, const uint8_t *data, size_t bytes)
{
	struct listed *file = &list->files[list->count];

	name = cpio_plain_name(name);
	if (strlen(name) > MANIFEST_NAME_MAX)
		return wrong(name, "the name is too long for a manifest");
	memcpy(file->name, name, strlen(name) + 1);
	crypto_hash_sha256(file->hash, data, bytes);
	list->count++;
	return 0;
}

static int list_add_file(struct list *list, const char *name, const char *path)
{
	struct file file;
	int status;

	if (read_or_complain(path, &file) != 0)
		return -1;
	status = list_add(list, name, file.data, file.bytes);
	free(file.data);
	return status;
}

static int certify(struct list *list, const char *path, unsigned line, const char *name)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->files[i].name, cpio_plain_name(name)) == 0) {
			list->files[i].certified = true;
			return 0;
		}
	}
	message("[%s:%u] '%s' is not a file of the archive; '%s' is one with --readonly", path, line, name,
		MANIFEST_KERNEL);
	return -1;
}

/* One name a line; blank lines and what follows a '#' do not count. */
static int certify_all(struct list *list, const char *path)
{
	struct file file;
	unsigned number = 0;
	int status = 0;

	if (read_or_complain(path, &file) != 0)
		return -1;
	for (char *text = (char *)file.data, *line; (line = strsep(&text, "\n")) != NULL;) {
		char *name = line + strspn(line, " \t\r");

		number++;
		name[strcspn(name, " \t\r#")] = '\0';
		if (name[0] != '\0' && certify(list, path, number, name) != 0)
			status = -1;
	}
	free(file.data);
	return status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static int print_list(struct list *list, struct sign_result *result)
{
	static struct manifest manifest; /* too long for a stack */
	const char *mistake;
	unsigned line;
	FILE *stream;

	qsort(list->files, list->count, sizeof(*list->files), by_name);
	stream = open_memstream(&result->manifest, &result->manifest_bytes);
	if (!stream)
		return wrong(MANIFEST_FILE, strerror(errno));
	fputs(MANIFEST_TITLE, stream);
	for (unsigned i = 0; i < list->count; i++) {
		char hex[2 * MANIFEST_HASH_BYTES + 1];

		sodium_bin2hex(hex, sizeof(hex), list->files[i].hash, MANIFEST_HASH_BYTES);
		fprintf(stream, "%s %s %s\n", hex, list->files[i].certified ? MANIFEST_CERTIFIED : "-",
			list->files[i].name);
	}
	if (fclose(stream) != 0)
		return wrong(MANIFEST_FILE, strerror(errno));
	/* The same code as on the target, so that the target accepts the manifest. */
	mistake = manifest_read(&manifest, result->manifest, result->manifest_bytes, &line);
	if (!mistake)
		return 0;
	message("%s:%u: %s: '%s'", MANIFEST_FILE, line, mistake,
		line >= 2 && line - 2 < list->count ? list->files[line - 2].name : "");
	return -1;
}

static int make_list(const struct sign_options *options, const struct sign_file *files, unsigned count,
		     struct list *list)
{
	for (unsigned i = 0; i < count; i++)
		if (list_add(list, files[i].name, files[i].data, files[i].bytes) != 0)
			return -1;
	if (options->kernel && list_add_file(list, MANIFEST_KERNEL, options->kernel) != 0)
		return -1;
	return options->certified ? certify_all(list, options->certified) : 0;
}

/* ---- signatures ---- */

static int sign(const char *key, struct sign_result *result)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], seed[crypto_sign_SEEDBYTES];

	if (read_key(key, SECRET_KEY, seed) != 0)
		return -1;
	crypto_sign_seed_keypair(public_key, secret, seed);
	crypto_sign_detached(result->signature, NULL, (const uint8_t *)result->manifest, result->manifest_bytes,
			     secret);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	result->is_signed = 1;
	return 0;
}

static int take_signature(const char *path, struct sign_result *result)
{
	struct file file;
	int status = 0;

	if (read_or_complain(path, &file) != 0)
		return -1;
	if (file.bytes == MANIFEST_SIGNATURE_BYTES)
		memcpy(result->signature, file.data, MANIFEST_SIGNATURE_BYTES);
	else
		status = wrong(path, "this is not an Ed25519 signature, which has 64 bytes");
	free(file.data);
	result->is_signed = status == 0;
	return status;
}

int sign_files(const struct sign_options *options, const struct sign_file *files, unsigned count,
	       struct sign_result *result)
{
	struct list list = {.files = calloc(count + 1, sizeof(struct listed))};
	int status = -1;

	*result = (struct sign_result){.manifest = NULL};
	if (list.files && make_list(options, files, count, &list) == 0 && print_list(&list, result) == 0)
		status = 0;
	free(list.files);
	if (status == 0 && options->key)
		status = sign(options->key, result);
	if (status == 0 && options->signature)
		status = take_signature(options->signature, result);
	return status;
}

/* ---- the check of an archive ---- */

static int check_signature(const struct file *archive, const uint8_t key[MANIFEST_KEY_BYTES], struct cpio_file *text)
{
	struct cpio_file signature;

	if (cpio_find(archive->data, archive->bytes, MANIFEST_FILE, text) != 0 ||
	    cpio_find(archive->data, archive->bytes, MANIFEST_SIGNATURE, &signature) != 0)
		return wrong(MANIFEST_FILE, "the archive is not signed");
	if (signature.bytes != MANIFEST_SIGNATURE_BYTES ||
	    crypto_sign_verify_detached(signature.data, text->data, text->bytes, key) != 0)
		return wrong(MANIFEST_SIGNATURE, "this is not a signature of " MANIFEST_FILE " by that key");
	return 0;
}

static int check_hash(const struct manifest_line *line, const uint8_t *data, size_t bytes)
{
	uint8_t hash[MANIFEST_HASH_BYTES];
	char name[MANIFEST_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)line->name_bytes, line->name);
	crypto_hash_sha256(hash, data, bytes);
	return manifest_hash_is(line, hash) ? 0 : wrong(name, "the file is not the one that was signed");
}

static int check_lines(const struct manifest *manifest, const struct file *archive, const char *kernel)
{
	int status = 0;

	for (unsigned i = 0; i < manifest->count; i++) {
		const struct manifest_line *line = &manifest->lines[i];
		char name[MANIFEST_NAME_MAX + 1];
		struct cpio_file found;
		struct file image;

		snprintf(name, sizeof(name), "%.*s", (int)line->name_bytes, line->name);
		if (strcmp(name, MANIFEST_KERNEL) == 0) {
			if (!kernel)
				continue;
			if (read_or_complain(kernel, &image) != 0)
				return -1;
			status |= check_hash(line, image.data, image.bytes);
			free(image.data);
		} else if (cpio_find(archive->data, archive->bytes, name, &found) != 0) {
			status = wrong(name, "the manifest lists this file, but the archive does not have it");
		} else {
			status |= check_hash(line, found.data, found.bytes);
		}
	}
	return status;
}

/* How many files were checked: @kernel is none of the archive. */
static unsigned checked(const struct manifest *manifest, const char *kernel)
{
	return manifest->count - (!kernel && manifest_find(manifest, MANIFEST_KERNEL));
}

/* Finds files that were not signed: those that the manifest does not list, and second files of one name. */
static int check_rest(const struct manifest *manifest, const struct file *archive)
{
	struct cpio_file file, first;
	size_t offset = 0;
	int next, status = 0;

	while ((next = cpio_next(archive->data, archive->bytes, &offset, &file)) == 1) {
		const char *name = cpio_plain_name(file.name);

		if ((file.mode & CPIO_TYPE) != CPIO_REGULAR || strcmp(name, PAD_NAME) == 0)
			continue;
		if (cpio_find(archive->data, archive->bytes, name, &first) != 0 || first.data != file.data)
			status = wrong(name, "the archive has this file twice");
		else if (strcmp(name, MANIFEST_FILE) != 0 && strcmp(name, MANIFEST_SIGNATURE) != 0 &&
			 !manifest_find(manifest, name))
			status = wrong(name, "the manifest does not list this file");
	}
	return next == 0 ? status : wrong(MANIFEST_FILE, "the archive is damaged after its last file");
}

static int check_archive(const struct file *archive, const uint8_t key[MANIFEST_KEY_BYTES], const char *kernel)
{
	static struct manifest manifest; /* too long for a stack */
	struct cpio_file text;
	const char *mistake;
	unsigned line;

	if (check_signature(archive, key, &text) != 0)
		return -1;
	mistake = manifest_read(&manifest, (const char *)text.data, text.bytes, &line);
	if (mistake) {
		message("%s:%u: %s", MANIFEST_FILE, line, mistake);
		return -1;
	}
	if (kernel && !manifest_find(&manifest, MANIFEST_KERNEL))
		return wrong(MANIFEST_KERNEL,
			     "the manifest does not list the kernel; sign the archive with --readonly");
	if (check_lines(&manifest, archive, kernel) != 0 || check_rest(&manifest, archive) != 0)
		return -1;
	message_good("the signature is good, and so are %u files\n", checked(&manifest, kernel));
	return 0;
}

int sign_verify(const char *archive, const char *public_key, const char *kernel)
{
	uint8_t key[MANIFEST_KEY_BYTES];
	struct file file;
	int status;

	if (read_key(public_key, PUBLIC_KEY, key) != 0 || read_or_complain(archive, &file) != 0)
		return -1;
	status = check_archive(&file, key, kernel);
	free(file.data);
	return status;
}
