/* SPDX-License-Identifier: Apache-2.0 */
#include "qvm/vdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qvm/gasp.h>

#include "qvm/map.h"
#include "qvm/vdev_event.h"
#include "qvm/vm.h"

#define EXTRA_MAX    (1u << 20)
#define WINDOW_ALIGN (2ull << 20) /* so that it may be mapped in blocks */
#define SIZES        (1u << 1 | 1u << 2 | 1u << 4 | 1u << 8)
#define FLAGS        (VFF_VDEV_MEM | VFF_INTR_NONPCI | VFF_MUTEX | VFF_BUTTON)

_Static_assert(2 * QVM_VDEVS_MAX + 2 <= MMIO_REGION_MAX, "each may have a window, and the gic has two more");
_Static_assert(1 + sizeof(((vdev_t *)0)->v_intr_more) / sizeof(guest_intr_t) == QVM_VDEV_INTRS_MAX, "all have a place");

static struct vdev_factory *factories; /* the newest first */
static unsigned factory_count;

static const char *wrong_factory(const struct vdev_factory *f, unsigned abi)
{
	if (abi != QVM_VDEV_ABI)
		return "it was built for another version of the vdev ABI";
	if (f->control == NULL)
		return "its factory has no control function";
	if ((f->factory_flags & ~(unsigned)FLAGS) != 0 || f->pic != NULL)
		return "its factory asks for what is not supported";
	if ((f->acc_sizes & ~SIZES) != 0)
		return "its factory names access sizes that do not exist";
	if (f->extra_space > EXTRA_MAX)
		return "its factory wants more than 1 MiB for each instance";
	return f->safety > VDEV_SAFETY_SELECTED ? "its factory has a safety that does not exist" : NULL;
}

int vdev_register_factory(struct vdev_factory *factory, unsigned abi)
{
	const char *wrong = wrong_factory(factory, abi);

	if (wrong != NULL) {
		vm_logf(SLOG_ERROR, "a vdev is not registered: %s", wrong);
		return EINVAL;
	}
	factory->next = factories;
	factories = factory;
	factory_count++;
	return 0;
}

struct vdev_factory *vdev_newest(unsigned *count)
{
	*count = factory_count;
	return factories;
}

struct vdev_factory *vdev_factory_of(const char *type)
{
	struct vdev_factory *f = factories;

	while (f != NULL && (f->name == NULL || strcmp(f->name, type) != 0))
		f = f->next;
	return f;
}

/* ---- making instances ---- */

static void tell(struct vdev_instance *v, vdev_ctrl_options_t ctrl, const char *what)
{
	const int result = v->vdev.v_factory->control(&v->vdev, ctrl, NULL);

	if (result != 0)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s: %s: %s", v->config->type, what,
			  strerror(result));
}

/* The index of an option in the factory's list, or -1. */
static int option_index(const struct vdev_factory *f, const char *name)
{
	for (int i = 0; f->option_list != NULL && f->option_list[i] != NULL; i++) {
		const char *listed = f->option_list[i];

		if (strcmp(listed[0] == QVM_OPTION_NO_ARG_PREFIX[0] ? listed + 1 : listed, name) == 0)
			return i;
	}
	return -1;
}

static void give_option(struct vdev_instance *v, const struct qvm_vdev_option *option)
{
	const struct vdev_factory *f = v->vdev.v_factory;
	const int index = option_index(f, option->name);
	int result;

	if (index < 0)
		vm_refuse(VM_EXIT_CONFIG, &option->place, "vdev %s has no option '%s'", v->config->type, option->name);
	vm.place = &option->place;
	result = f->control(&v->vdev, VDEV_CTRL_FIRST_OPTIDX + (unsigned)index, option->value);
	if (result != 0)
		vm_refuse(VM_EXIT_CONFIG, &option->place, "vdev %s: '%s %s': %s", v->config->type, option->name,
			  option->value != NULL ? option->value : "", strerror(result));
	vm.place = &v->config->place;
}

static void fill(struct vdev_instance *v, const struct qvm_vdev *config, const struct vdev_factory *f)
{
	v->config = config;
	v->accesses = f->acc_sizes;
	v->vdev = (vdev_t){
	    .v_factory = f,
	    .v_block = {.qst_type = (f->factory_flags & VFF_VDEV_MEM) ? QST_MEMORY : QST_NONE,
			.location = config->loc_given ? config->loc : QSL_NO_LOCATION,
			.length = config->bytes},
	    .v_sched = config->priority,
	    .v_name = config->name != NULL ? config->name : config->type,
	};
	for (unsigned i = 0; i < config->intr_count; i++)
		*(i == 0 ? &v->vdev.v_intr : &v->vdev.v_intr_more[i - 1]) = config->intr[i];
	if (f->factory_flags & VFF_MUTEX)
		mutex_init(&v->vdev.v_mtx);
}

static const struct vdev_factory *factory_for(const struct qvm_vdev *config)
{
	const struct vdev_factory *f = vdev_factory_of(config->type);

	if (f != NULL)
		return f;
	vm_refuse(VM_EXIT_CONFIG, &config->place, "there is no vdev '%s'", config->type);
}

static void make(struct vdev_instance *v, const struct qvm_vdev *config)
{
	const struct vdev_factory *f = factory_for(config);

	fill(v, config, f);
	if (f->extra_space != 0) {
		v->vdev.v_device = calloc(1, f->extra_space);
		if (v->vdev.v_device == NULL)
			vm_refuse(VM_EXIT_NO_MEMORY, &config->place, "no memory for vdev %s", config->type);
	}
	if ((f->pulse != NULL || f->timer != NULL) && vdev_event_open() < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &config->place, "no channel for vdev %s", config->type);
	vm.vdev_count++;
	vm.place = &config->place;
	tell(v, VDEV_CTRL_OPTIONS_START, "cannot be made");
	for (unsigned i = 0; i < config->option_count; i++)
		give_option(v, &vm.config.vdev_options[config->option_first + i]);
	tell(v, VDEV_CTRL_OPTIONS_END, "its options do not go together");
}

static guest_intr_t interrupt(const struct vdev_instance *v, unsigned index)
{
	return index == 0 ? v->vdev.v_intr : v->vdev.v_intr_more[index - 1];
}

/* The reader has checked what was written; this is about what ASSIGN has chosen. */
static void check_place(const struct vdev_instance *v)
{
	const struct qvm_state_block *block = &v->vdev.v_block;

	if (block->location == QSL_NO_LOCATION)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s needs 'loc', the address of its registers",
			  v->config->type);
	if (block->qst_type != QST_MEMORY || block->location % QVM_PAGE != 0 || block->length % QVM_PAGE != 0 ||
	    block->length == 0 || block->location >= QVM_IPA_LIMIT || block->length > QVM_IPA_LIMIT - block->location)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s cannot lie at 0x%llx", v->config->type,
			  (unsigned long long)block->location);
	if ((v->vdev.v_factory->factory_flags & VFF_INTR_NONPCI) && v->vdev.v_intr == GUEST_INTR_NONE)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s needs 'intr'", v->config->type);
	for (unsigned i = 0; i < QVM_VDEV_INTRS_MAX; i++)
		if (interrupt(v, i) != GUEST_INTR_NONE &&
		    (interrupt(v, i) < QVM_SPI_FIRST || interrupt(v, i) > QVM_SPI_LAST))
			vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s has chosen interrupt %u", v->config->type,
				  (unsigned)interrupt(v, i));
}

void vdev_make_all(void)
{
	for (unsigned i = 0; i < vm.config.vdev_count; i++)
		make(&vm.vdev[i], &vm.config.vdevs[i]);
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		vm.place = &vm.vdev[i].config->place;
		tell(&vm.vdev[i], VDEV_CTRL_ASSIGN, "no place for it");
		check_place(&vm.vdev[i]);
	}
}

unsigned vdev_intids(unsigned least)
{
	for (unsigned i = 0; i < vm.vdev_count; i++)
		for (unsigned n = 0; n < QVM_VDEV_INTRS_MAX; n++)
			if (interrupt(&vm.vdev[i], n) >= least)
				least = interrupt(&vm.vdev[i], n) + 1;
	return least;
}

/* ---- accesses ---- */

static inline bool allowed(const struct vdev_instance *v, unsigned size)
{
	return (v->accesses >> size & 1) != 0;
}

static struct vdev_value direct_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct vdev_instance *v = device;

	if (!allowed(v, size))
		return (struct vdev_value){0};
	return v->vdev.v_factory->reg_read(&v->vdev, vcpu, ipa - v->vdev.v_block.location, size);
}

static bool direct_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct vdev_instance *v = device;

	return allowed(v, size) &&
	       v->vdev.v_factory->reg_write(&v->vdev, vcpu, ipa - v->vdev.v_block.location, size, value);
}

struct guest_cpu {
	unsigned index;
	bool store; /* the guest writes: the operand can be fetched */
	unsigned size;
	uint64_t value;
};

static bool own_operand(const struct guest_cpu *gcp, const struct qvm_state_block *opnd, unsigned count, size_t length)
{
	return count == 1 && opnd->qst_type == QST_REGISTER && opnd->length == gcp->size && length <= 8;
}

int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		   void *buffer, size_t length)
{
	if (flags != GXF_NONE || !gcp->store || !own_operand(gcp, opnd, count, length))
		return EINVAL;
	memcpy(buffer, &gcp->value, length);
	return 0;
}

int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *opnd, unsigned count,
		    const void *buffer, size_t length)
{
	if (flags != GXF_NONE || gcp->store || !own_operand(gcp, opnd, count, length))
		return EINVAL;
	gcp->value = 0;
	memcpy(&gcp->value, buffer, length);
	gcp->value &= ~0ull >> (64 - 8 * gcp->size);
	return 0;
}

vdev_ref_status_t guest_cpu_to_vrs(int error)
{
	return error == 0 ? VRS_NORMAL : error == EFAULT ? VRS_BUS_ERROR : VRS_ERRNO + (unsigned)error;
}

unsigned guest_cpu_index(const struct guest_cpu *gcp)
{
	return gcp->index;
}

static _Noreturn void broken(const struct vdev_instance *v, const char *what, int error)
{
	vm_logf(SLOG_FATAL, "vdev %s: %s: %s", v->vdev.v_name, what, strerror(error));
	vm_end(VM_EXIT_VDEV, CAUSE_ERROR);
}

/* True: done. VRS_BUS_ERROR, and what has no call-back: false. */
static bool refer(struct vdev_instance *v, uint64_t ipa, struct guest_cpu *cpu)
{
	const struct vdev_factory *f = v->vdev.v_factory;
	const struct qvm_state_block vopnd = {QST_MEMORY, ipa - v->vdev.v_block.location, cpu->size};
	const struct qvm_state_block oopnd = {QST_REGISTER, 0, cpu->size};
	vdev_ref_status_t status = VRS_BUS_ERROR;

	if (allowed(v, cpu->size) && (cpu->store ? f->vwrite : f->vread) != NULL)
		status = (cpu->store ? f->vwrite : f->vread)(&v->vdev, 0, &vopnd, &oopnd, cpu);
	if (status >= VRS_ERRNO)
		broken(v, cpu->store ? "a write" : "a read", (int)(status - VRS_ERRNO));
	return status == VRS_NORMAL;
}

static struct vdev_value operand_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	struct guest_cpu cpu = {.index = vcpu, .size = size};
	const bool done = refer(device, ipa, &cpu);

	return (struct vdev_value){cpu.value, done};
}

static bool operand_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	struct guest_cpu cpu = {.index = vcpu, .store = true, .size = size, .value = value};

	return refer(device, ipa, &cpu);
}

static struct vdev_value window_read(void *device, unsigned vcpu, uint64_t ipa, unsigned size)
{
	const struct vdev_window *w = device;
	vdev_t *vdev = &w->owner->vdev;

	if (!allowed(w->owner, size) || vdev->v_factory->reg_read == NULL)
		return (struct vdev_value){0};
	return vdev->v_factory->reg_read(vdev, vcpu, vdev->v_block.length + (ipa - w->start), size);
}

static bool window_write(void *device, unsigned vcpu, uint64_t ipa, unsigned size, uint64_t value)
{
	const struct vdev_window *w = device;
	vdev_t *vdev = &w->owner->vdev;

	return allowed(w->owner, size) && vdev->v_factory->reg_write != NULL &&
	       vdev->v_factory->reg_write(vdev, vcpu, vdev->v_block.length + (ipa - w->start), size, value);
}

static void stay_behind(uint64_t *end, uint64_t start, uint64_t bytes)
{
	if (start + bytes > *end)
		*end = start + bytes;
}

/* Behind everything that the configuration places, and what it reserves. */
static uint64_t first_free(void)
{
	const struct qvm_config *c = &vm.config;
	uint64_t end = arch_interrupts_end();

	for (unsigned i = 0; i < c->mem_count; i++)
		stay_behind(&end, c->mem[i].start, c->mem[i].bytes);
	for (unsigned i = 0; i < c->pass_count; i++)
		stay_behind(&end, c->passes[i].start, c->passes[i].bytes);
	for (unsigned i = 0; i < c->reserve_count; i++)
		stay_behind(&end, c->reserves[i].start, c->reserves[i].bytes);
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		if (vm.vdev[i].vdev.v_block.location != QSL_NO_LOCATION)
			stay_behind(&end, vm.vdev[i].vdev.v_block.location, vm.vdev[i].vdev.v_block.length);
		stay_behind(&end, vm.vdev[i].window.start, vm.vdev[i].window.bytes);
	}
	return end;
}

int gasp_window(vdev_t *vdp, uint64_t bytes, uint64_t *address)
{
	struct vdev_instance *v = (struct vdev_instance *)(void *)vdp;
	const uint64_t start = (first_free() + WINDOW_ALIGN - 1) & ~(WINDOW_ALIGN - 1);

	/* The table is made behind ASSIGN, and never added to later. */
	if (v->window.bytes != 0 || bytes == 0 || bytes % QVM_PAGE != 0 || vm.mmio.count != 0)
		return -EINVAL;
	if (bytes > QVM_IPA_LIMIT || start > QVM_IPA_LIMIT - bytes)
		return -ENOMEM;
	v->window = (struct vdev_window){.owner = v, .start = start, .bytes = bytes};
	*address = start;
	return 0;
}

void vdev_add_regions(void)
{
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		struct vdev_instance *v = &vm.vdev[i];
		const struct vdev_factory *f = v->vdev.v_factory;
		const struct mmio_region region = {
		    .start = v->vdev.v_block.location,
		    .bytes = v->vdev.v_block.length,
		    .read = f->reg_read != NULL ? direct_read : operand_read,
		    .write = f->reg_write != NULL ? direct_write : operand_write,
		    .device = v,
		};

		map_registers(&v->config->place, &region);
		if (v->window.bytes != 0)
			map_registers(&v->config->place, &(struct mmio_region){.start = v->window.start,
									       .bytes = v->window.bytes,
									       .read = window_read,
									       .write = window_write,
									       .device = &v->window});
	}
}

/* ---- life ---- */

void vdev_describe(unsigned index, int parent)
{
	struct vdev_instance *v = &vm.vdev[index];
	int result;

	vm.place = &v->config->place;
	/* The control function's argument is a string or, here, a number. */
	result = v->vdev.v_factory->control(&v->vdev, VDEV_CTRL_GEN_FDT, (const char *)(intptr_t)parent);
	if (result != 0)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s: its device tree: %s", v->config->type,
			  strerror(result));
}

void vdev_configured(void)
{
	if (vdev_event_start() < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, NULL, "no thread for the vdevs' timers and pulses");
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		vm.place = &vm.vdev[i].config->place;
		vm.vdev[i].configured = true;
		tell(&vm.vdev[i], VDEV_CTRL_GUEST_CONFIGURED, "cannot start");
	}
}

void vdev_starting(void)
{
	vm.place = NULL;
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		struct vdev_instance *v = &vm.vdev[i];
		const int result = v->vdev.v_factory->control(&v->vdev, VDEV_CTRL_GUEST_STARTING, NULL);

		if (result != 0)
			broken(v, "cannot start", result);
	}
}

void vdev_status(void)
{
	for (unsigned i = 0; i < vm.vdev_count; i++)
		if (vm.vdev[i].config->status)
			vm.vdev[i].vdev.v_factory->control(&vm.vdev[i].vdev, VDEV_CTRL_STATUS, NULL);
}

bool vdev_button(void)
{
	bool pressed = false;

	for (unsigned i = 0; i < vm.vdev_count; i++) {
		struct vdev_instance *v = &vm.vdev[i];

		if (v->vdev.v_factory->factory_flags & VFF_BUTTON)
			pressed |= v->vdev.v_factory->control(&v->vdev, VDEV_CTRL_BUTTON, NULL) == 0;
	}
	return pressed;
}
