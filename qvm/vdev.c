/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an instance: from the options to its place, and what it is told until the VM ends. */
#include "qvm/vdev.h"
#include "qvm/end.h"
#include "qvm/log.h"
#include "qvm/map.h"
#include "qvm/vdev_event.h"
#include "qvm/vm.h"
#include <errno.h>
#include <qvm/gasp.h>
#include <range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_ALIGN (2ull << 20) /* so that it may be mapped in blocks */

_Static_assert(1 + sizeof(((vdev_t *)0)->v_intr_more) / sizeof(guest_intr_t) == QVM_VDEV_INTRS_MAX, "all have a place");

_Noreturn void vdev_fail(const struct vdev_instance *v, const char *what, int error)
{
	vm_logf(SLOG_FATAL, "vdev %s: %s: %s", v->vdev.v_name, what, strerror(error));
	vm_end(VM_EXIT_VDEV, CAUSE_ERROR);
}

static void tell_vdev(struct vdev_instance *v, vdev_ctrl_options_t ctrl, const char *what)
{
	const int result = v->vdev.v_factory->control(&v->vdev, ctrl, NULL);

	if (result != 0)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s: %s: %s", v->config->type, what,
			  strerror(result));
}

static void give_option(struct vdev_instance *v, const struct qvm_vdev_option *option)
{
	const struct vdev_factory *f = v->vdev.v_factory;
	int result;

	vm.place = &option->place;
	result = f->control(&v->vdev, VDEV_CTRL_FIRST_OPTIDX + option->index, option->value);
	if (result != 0)
		vm_refuse(VM_EXIT_CONFIG, &option->place, "vdev %s: '%s %s': %s", v->config->type, option->name,
			  option->value ? option->value : "", strerror(result));
	vm.place = &v->config->place;
}

static void fill_instance(struct vdev_instance *v, const struct qvm_vdev *config, const struct vdev_factory *f)
{
	v->config = config;
	v->accesses = f->acc_sizes;
	v->reg_read = f->reg_read;
	v->reg_write = f->reg_write;
	v->vdev = (vdev_t){
	    .v_factory = f,
	    .v_block = {.qst_type = (f->factory_flags & VFF_VDEV_MEM) ? QST_MEMORY : QST_NONE,
			.location = config->loc_given ? config->loc : QSL_NO_LOCATION,
			.length = config->bytes},
	    .v_sched = config->priority,
	    .v_name = config->name ? config->name : config->type,
	};
	for (unsigned i = 0; i < config->intr_count; i++)
		*(i == 0 ? &v->vdev.v_intr : &v->vdev.v_intr_more[i - 1]) = config->intr[i];
	if (f->factory_flags & VFF_MUTEX)
		mutex_init(&v->vdev.v_mtx);
}

static const struct vdev_factory *factory_for(const struct qvm_vdev *config)
{
	const struct vdev_factory *f = vdev_factory_of(config->type);

	if (f)
		return f;
	vm_refuse(VM_EXIT_CONFIG, &config->place, "there is no vdev '%s'", config->type);
}

static void make_instance(struct vdev_instance *v, const struct qvm_vdev *config)
{
	const struct vdev_factory *f = factory_for(config);

	fill_instance(v, config, f);
	if (f->extra_space != 0) {
		v->vdev.v_device = calloc(1, f->extra_space);
		if (!v->vdev.v_device)
			vm_refuse(VM_EXIT_NO_MEMORY, &config->place, "no memory for vdev %s", config->type);
	}
	if ((f->pulse || f->timer) && vdev_event_open() < 0)
		vm_refuse(VM_EXIT_NO_MEMORY, &config->place, "no channel for vdev %s", config->type);
	vm.vdev_count++;
	vm.place = &config->place;
	tell_vdev(v, VDEV_CTRL_OPTIONS_START, "cannot be made");
	for (unsigned i = 0; i < config->option_count; i++)
		give_option(v, &vm.config.vdev_options[config->option_first + i]);
	tell_vdev(v, VDEV_CTRL_OPTIONS_END, "its options do not go together");
}

static guest_intr_t interrupt_of(const struct vdev_instance *v, unsigned index)
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
	    block->length == 0 || block->location >= SPACE_LIMIT || block->length > SPACE_LIMIT - block->location)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s cannot lie at 0x%llx", v->config->type,
			  (unsigned long long)block->location);
	if ((v->vdev.v_factory->factory_flags & VFF_INTR_NONPCI) && v->vdev.v_intr == GUEST_INTR_NONE)
		vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s needs 'intr'", v->config->type);
	for (unsigned i = 0; i < QVM_VDEV_INTRS_MAX; i++)
		if (interrupt_of(v, i) != GUEST_INTR_NONE &&
		    (interrupt_of(v, i) < QVM_SPI_FIRST || interrupt_of(v, i) > QVM_SPI_LAST))
			vm_refuse(VM_EXIT_CONFIG, &v->config->place, "vdev %s has chosen interrupt %u", v->config->type,
				  (unsigned)interrupt_of(v, i));
}

void vdev_make_all(void)
{
	for (unsigned i = 0; i < vm.config.vdev_count; i++)
		make_instance(&vm.vdev[i], &vm.config.vdevs[i]);
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		vm.place = &vm.vdev[i].config->place;
		tell_vdev(&vm.vdev[i], VDEV_CTRL_ASSIGN, "no place for it");
		check_place(&vm.vdev[i]);
	}
}

unsigned vdev_intids(unsigned least)
{
	for (unsigned i = 0; i < vm.vdev_count; i++)
		for (unsigned n = 0; n < QVM_VDEV_INTRS_MAX; n++)
			if (interrupt_of(&vm.vdev[i], n) >= least)
				least = interrupt_of(&vm.vdev[i], n) + 1;
	return least;
}

static void extend_end(uint64_t *end, uint64_t start, uint64_t bytes)
{
	if (start + bytes > *end)
		*end = start + bytes;
}

/* After everything that the configuration places, and what it reserves. */
static uint64_t first_free(void)
{
	const struct qvm_config *c = &vm.config;
	uint64_t end = arch_interrupts_end();

	for (unsigned i = 0; i < c->mem_count; i++)
		extend_end(&end, c->mem[i].start, c->mem[i].bytes);
	for (unsigned i = 0; i < c->pass_count; i++)
		extend_end(&end, c->passes[i].start, c->passes[i].bytes);
	for (unsigned i = 0; i < c->reserve_count; i++)
		extend_end(&end, c->reserves[i].start, c->reserves[i].bytes);
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		if (vm.vdev[i].vdev.v_block.location != QSL_NO_LOCATION)
			extend_end(&end, vm.vdev[i].vdev.v_block.location, vm.vdev[i].vdev.v_block.length);
		extend_end(&end, vm.vdev[i].window.start, vm.vdev[i].window.bytes);
	}
	return end;
}

int gasp_window(vdev_t *vdp, uint64_t bytes, uint64_t *address)
{
	struct vdev_instance *v = (struct vdev_instance *)(void *)vdp;
	const uint64_t start = (first_free() + WINDOW_ALIGN - 1) & ~(WINDOW_ALIGN - 1);

	/* The table is made after ASSIGN, and never added to later. */
	if (v->window.bytes != 0 || bytes == 0 || bytes % QVM_PAGE != 0 || vm.mmio.count != 0)
		return -EINVAL;
	if (!range_holds(0, SPACE_LIMIT, start, bytes))
		return -ENOMEM;
	v->window = (struct vdev_window){.owner = v, .start = start, .bytes = bytes};
	*address = start;
	return 0;
}

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
		tell_vdev(&vm.vdev[i], VDEV_CTRL_GUEST_CONFIGURED, "cannot start");
	}
}

void vdev_starting(void)
{
	vm.place = NULL;
	for (unsigned i = 0; i < vm.vdev_count; i++) {
		struct vdev_instance *v = &vm.vdev[i];
		const int result = v->vdev.v_factory->control(&v->vdev, VDEV_CTRL_GUEST_STARTING, NULL);

		if (result != 0)
			vdev_fail(v, "cannot start", result);
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
