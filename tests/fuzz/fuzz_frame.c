/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: lib/frame.c */
/* SEEDS: tests/fuzz/frame/% */
/*
 * The reader of frames, in both forms. Whatever came before, the next frame is found; what is found is sent again, and
 * found again as it was.
 */
#include <frame.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void must(bool true_)
{
	if (!true_)
		abort();
}

static bool is_same(const struct frame *a, const struct frame *b)
{
	return a->kind == b->kind && a->stream == b->stream && a->bytes == b->bytes && a->sequence == b->sequence &&
	       a->offset == b->offset && memcmp(a->data, b->data, a->bytes) == 0;
}

/* To a reader that has seen the line so far. */
static void send_frame(struct frame_reader *r, const struct frame *f)
{
	struct frame_writer w;
	struct frame found;
	unsigned count = 0;
	int byte;

	frame_start(&w, r->form, f);
	while ((byte = frame_take_byte(&w)) >= 0)
		count += frame_give_byte(r, (uint8_t)byte, &found);
	/* The zero that begins this one may end another one. */
	must(count >= 1 && is_same(&found, f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct frame own = {FRAME_DATA, 7,     (uint16_t)(bytes < FRAME_DATA_MAX ? bytes : FRAME_DATA_MAX),
				  1,          bytes, data};

	for (unsigned form = FRAME_BINARY; form <= FRAME_TEXT; form++) {
		struct frame_reader r = {.form = (enum frame_form)form}, again = {.form = (enum frame_form)form};
		struct frame found;

		for (size_t i = 0; i < bytes; i++) {
			if (!frame_give_byte(&r, data[i], &found))
				continue;
			must(found.bytes <= FRAME_DATA_MAX);
			send_frame(&again, &found);
		}
		must(r.damaged <= bytes);
		if (bytes)
			send_frame(&r, &own);
	}
	return 0;
}
