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

bool guest_gic_read(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t *value)
{
	struct vdev_value data = {0};

	if (lies_in(ipa, size, g->config.gicd, QVM_GICD_BYTES))
		data = guest_gic_read_dist(g, vcpu, ipa, size);
	else if (lies_in(ipa, size, g->config.gicr, g->config.vcpus * QVM_GICR_BYTES))
		data = guest_gic_read_redist(g, vcpu, ipa, size);
	*value = data.value;
	return data.done;
}

bool guest_gic_write(struct guest_gic *g, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	if (lies_in(ipa, size, g->config.gicd, QVM_GICD_BYTES))
		return guest_gic_write_dist(g, vcpu, ipa, size, value);
	if (lies_in(ipa, size, g->config.gicr, g->config.vcpus * QVM_GICR_BYTES))
		return guest_gic_write_redist(g, vcpu, ipa, size, value);
	return false;
}
