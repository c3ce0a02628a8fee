/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a device tree source: see lines.h. */
#include "lines.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 256
#define DEPTH_MAX  64

struct position {
	char *path; /* of a node, or of a node, ':' and a property */
	char *at;   /* "system.dts:12" */
};

struct source_lines {
	struct position *positions;
	size_t count;
};

static char *copy_text(const char *text, size_t bytes)
{
	char *new = malloc(bytes + 1);

	if (new) {
		memcpy(new, text, bytes);
		new[bytes] = '\0';
	}
	return new;
}

/* Takes the last place of the list in the comment: it is the one whose value counts. */
static bool add_position(struct source_lines *lines, const char *path, const char *comment)
{
	const char *end = strstr(comment, " */"), *at = comment;
	struct position *more = realloc(lines->positions, (lines->count + 1) * sizeof(*more));

	if (!more)
		return false;
	lines->positions = more;
	if (!end)
		return true;
	for (const char *comma = at; (comma = strstr(comma, ", ")) != NULL && comma < end; comma += 2)
		at = comma + 2;
	more += lines->count;
	*more = (struct position){copy_text(path, strlen(path)), copy_text(at, (size_t)(end - at))};
	lines->count++;
	return more->path && more->at;
}

/* Where a line's comment begins, at the last place that looks so: strings come before it. */
static const char *comment_of(char *line)
{
	char *found = NULL;

	for (char *at = line; (at = strstr(at, "/* ")) != NULL; at++)
		found = at;
	if (!found)
		return "";
	*found = '\0';
	return found + 3;
}

/* The name in front of a brace or an equals sign, without labels. */
static char *name_of(char *line)
{
	char *name = line + strspn(line, "\t "), *colon;

	while ((colon = strstr(name, ": ")) != NULL)
		name = colon + 2;
	name[strcspn(name, " ;=")] = '\0';
	return name;
}

struct walk {
	struct source_lines *lines;
	char path[PATH_BYTES];
	size_t ends[DEPTH_MAX]; /* of the paths of the nodes above */
	unsigned depth;
};

static bool enter(struct walk *w, char *line, const char *comment)
{
	const char *name = name_of(line);
	size_t used = strlen(w->path);

	if (w->depth == DEPTH_MAX || used + strlen(name) + 2 > PATH_BYTES)
		return false;
	w->ends[w->depth++] = used;
	if (strcmp(name, "/") != 0)
		snprintf(w->path + used, PATH_BYTES - used, "/%s", name);
	return add_position(w->lines, w->path, comment);
}

static bool property(struct walk *w, char *line, const char *comment)
{
	char path[2 * PATH_BYTES];
	char *equals = strchr(line, '=');

	if (equals)
		*equals = '\0';
	snprintf(path, sizeof(path), "%s:%s", w->path, name_of(line));
	return add_position(w->lines, path, comment);
}

static bool read_line(struct walk *w, char *line)
{
	const char *comment = comment_of(line);
	size_t bytes = strlen(line);

	while (bytes && strchr(" \t", line[bytes - 1]))
		line[--bytes] = '\0';
	if (bytes && line[bytes - 1] == '{')
		return enter(w, line, comment);
	if (strcmp(line + strspn(line, "\t "), "};") == 0) {
		if (w->depth)
			w->path[w->ends[--w->depth]] = '\0';
		return true;
	}
	return w->depth == 0 || bytes == 0 || line[bytes - 1] != ';' || property(w, line, comment);
}

struct source_lines *lines_read(const char *annotated)
{
	struct walk w = {.lines = calloc(1, sizeof(*w.lines))};
	char *text = copy_text(annotated, strlen(annotated)), *next = text;
	bool good = w.lines && text;

	for (char *line; good && (line = strsep(&next, "\n")) != NULL;)
		good = read_line(&w, line);
	free(text);
	if (good)
		return w.lines;
	lines_free(w.lines);
	return NULL;
}

static bool find_position(const struct source_lines *lines, const char *path, char *text, size_t bytes)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (strcmp(lines->positions[i].path, path) == 0)
			return snprintf(text, bytes, "%s", lines->positions[i].at) < (int)bytes;
	}
	return false;
}

bool lines_find(const struct source_lines *lines, const struct sys_place *place, char *text, size_t bytes)
{
	char node[PATH_BYTES], path[2 * PATH_BYTES];

	snprintf(node, sizeof(node), "%s%.100s%s%.100s", *place->folder ? "/" : "", place->folder,
		 *place->name ? "/" : "", place->name);
	snprintf(path, sizeof(path), "%s:%.100s", node, place->property ? place->property : "");
	if (place->property && find_position(lines, path, text, bytes))
		return true;
	for (char *slash; !find_position(lines, node, text, bytes); *slash = '\0') {
		slash = strrchr(node, '/');
		if (!slash)
			return false;
	}
	return true;
}

void lines_free(struct source_lines *lines)
{
	for (size_t i = 0; lines && i < lines->count; i++) {
		free(lines->positions[i].path);
		free(lines->positions[i].at);
	}
	if (lines)
		free(lines->positions);
	free(lines);
}
