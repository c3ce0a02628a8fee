/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"
#include "unit.h"

struct mutex gic_lock;

void mutex_lock(struct mutex *m)
{
	assert_int_equal(m->word, 0);
	m->word = 1;
}

void mutex_unlock(struct mutex *m)
{
	assert_int_equal(m->word, 1);
	m->word = 0;
}

static bool lies_in(uint64_t ipa, unsigned size, uint64_t start, uint64_t bytes)
{
	return ipa - start <= bytes - size;
}

/* As the kernel finishes an access. False: there is no request. */
static bool finish(struct guest_gic *g, unsigned vcpu, uint32_t *now)
{
	struct arch_request *r = &g->request[vcpu];
	const bool wanted = r->wanted;

	r->wanted = 0;
	if (wanted)
		assert_int_equal(
		    g->ops->vcpu_private(g->ctx, vcpu, (unsigned)r->which, (uint32_t)r->value, (uint32_t)r->mask, now),
		    0);
	return wanted;
}

bool guest_gic_read(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t *value)
{
	struct vdev_value data = {0};
	uint32_t now = 0;

	if (lies_in(ipa, size, g->config.gicd, QVM_GICD_BYTES))
		data = guest_gic_read_dist(g, vcpu, ipa, size);
	else if (lies_in(ipa, size, g->config.gicr, g->config.vcpus * QVM_GICR_BYTES))
		data = guest_gic_read_redist(g, vcpu, ipa, size);
	if (!data.done && finish(g, vcpu, &now)) {
		data.value = now >> (ipa % 4 * 8) & (0xffffffff >> (32 - 8 * size));
		data.done = true;
	}
	*value = data.value;
	return data.done;
}

bool guest_gic_write(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	uint32_t now;

	if (lies_in(ipa, size, g->config.gicd, QVM_GICD_BYTES))
		return guest_gic_write_dist(g, vcpu, ipa, size, value);
	if (lies_in(ipa, size, g->config.gicr, g->config.vcpus * QVM_GICR_BYTES))
		return guest_gic_write_redist(g, vcpu, ipa, size, value) || finish(g, vcpu, &now);
	return false;
}
