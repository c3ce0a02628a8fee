/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests access all the time in the distributor's frame: words that are read out of the image of their block, and
 * banks of one bit for each interrupt that are written by the block's number. The rest is in gic_registers.c.
 */
#include "qvm/arch/aarch64/gic_frames.h"
#include "likely.h"
#include "qvm/arch/aarch64/spi.h"

/* get_word(), as a register has it: the compiler would extend what an atomic load has extended already. */
static inline uint64_t get_register(const uint32_t *word)
{
#ifdef __aarch64__
	uint64_t value;

	__asm__ volatile("ldr %w0, %1" : "=r"(value) : "m"(*word));
	return value;
#else
	return get_word(word);
#endif
}

struct vdev_value guest_gic_read_dist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size)
{
	const struct guest_gic *g = gic;
	size_t offset = dist_offset(ipa), image = g->image_of[offset / BLOCK_BYTES];
	struct vdev_value data;

	if (likely((offset % 4 == 0) & (size == 4) & (image != 0))) {
		data.value = get_register(&g->word[image * GUEST_GIC_WORDS | offset % BLOCK_BYTES / 4]);
		data.done = true;
	} else {
		data = gic_registers_read(gic, vcpu, ipa, size);
	}
	return data;
}

bool guest_gic_write_dist(void *gic, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	static void (*const write[])(struct guest_gic *, unsigned, uint32_t) = {
	    spi_set_group,     spi_enable,     spi_disable,      spi_set_pending,
	    spi_clear_pending, spi_set_active, spi_clear_active,
	};
	struct guest_gic *g = gic;
	uint32_t offset = dist_offset(ipa);
	unsigned bank = offset / BLOCK_BYTES - BLOCK_IGROUPR;

	(void)vcpu;
	if (unlikely(!is_access(offset, size)))
		return false;
	mutex_lock(g->config.lock);
	if (bank < sizeof(write) / sizeof(write[0]) && size == 4)
		write[bank](g, offset % BLOCK_BYTES / 4, (uint32_t)value);
	else
		gic_registers_write(g, offset, size, value);
	mutex_unlock(g->config.lock);
	return true;
}
