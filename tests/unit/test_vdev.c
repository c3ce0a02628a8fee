/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: qvm/arch/aarch64/interrupts.c qvm/arch/aarch64/guest_gic.c qvm/arch/aarch64/spi_line.c */
/* SOURCES: qvm/arch/aarch64/spi.c qvm/arch/aarch64/gic_frames.c qvm/arch/aarch64/gic_registers.c */
/* SOURCES: qvm/end.c qvm/log.c qvm/mmio.c lib/qvmconf lib/glob.c */
/* SOURCES: qvm/vdev.c qvm/vdev_factory.c qvm/vdev_access.c qvm/vdev_api.c qvm/vdev_event.c */
/* SOURCES: tests/unit/stub/kernel.c tests/unit/stub/qvm_kernel.c */
/* The life of a virtual device: what its functions are called with, and what becomes of their results. */
#include "qvm/map.h"
#include "qvm/vdev_event.h"
#include "stub/qvm_kernel.h"
#include <errno.h>
#include <qvm/gasp.h>
#include <stdlib.h>
#include <string.h>

#define LOC 0x10000000ull

struct vm vm;

/* What the device was told, and what it does about it. */
static struct {
	unsigned calls[64], count;
	const char *args[64];
	vdev_t *told[64];
	int fail_at; /* control code */
	int fail_with;
	bool assign, pressed;
	vdev_ref_status_t status;
	struct qvm_state_block vopnd, oopnd;
	uint64_t stored;
	unsigned pulses, timers;
	int pulse_code;
	uint32_t pulse_value;
} dev;

void map_registers(const struct qvm_place *place, const struct mmio_region *region)
{
	(void)place;
	assert_true(mmio_add(&vm.mmio, region));
}

void *guest_memory_ptr(const struct guest_memory *m, uint64_t ipa, uint64_t bytes)
{
	(void)m;
	(void)bytes;
	return (void *)(uintptr_t)ipa;
}

static int control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	dev.told[dev.count] = vdp;
	dev.args[dev.count] = arg;
	dev.calls[dev.count++] = ctrl;
	if (ctrl == VDEV_CTRL_ASSIGN && dev.assign) {
		vdp->v_block.location = LOC + 0x5000;
		vdp->v_intr = 99;
	}
	if (ctrl == VDEV_CTRL_BUTTON)
		return dev.pressed ? 0 : ENOTSUP;
	return (int)ctrl == dev.fail_at ? dev.fail_with : 0;
}

static vdev_ref_status_t vread(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
			       const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	const uint64_t value = 0x1122334455667788;

	assert_int_equal(cookie, 0);
	assert_ptr_equal(vdp, &vm.vdev[0].vdev);
	assert_int_equal(guest_cpu_index(gcp), 3);
	dev.vopnd = *vopnd;
	dev.oopnd = *oopnd;
	assert_int_equal(guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &dev.stored, 8), EINVAL);
	assert_int_equal(guest_cpu_write(gcp, GXF_NONE, vopnd, 1, &value, 8), EINVAL);
	assert_int_equal(guest_cpu_write(gcp, GXF_NONE, oopnd, 2, &value, 8), EINVAL);
	assert_int_equal(guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, 9), EINVAL);
	return dev.status != VRS_NORMAL ? dev.status
					: guest_cpu_to_vrs(guest_cpu_write(gcp, GXF_NONE, oopnd, 1, &value, 8));
}

static vdev_ref_status_t vwrite(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
				const struct qvm_state_block *oopnd, struct guest_cpu *gcp)
{
	(void)vdp;
	(void)cookie;
	dev.vopnd = *vopnd;
	return guest_cpu_to_vrs(guest_cpu_read(gcp, GXF_NONE, oopnd, 1, &dev.stored, 8));
}

static void pulse(vdev_t *vdp, int code, uint32_t value)
{
	assert_ptr_equal(vdp, &vm.vdev[0].vdev);
	dev.pulses++;
	dev.pulse_code = code;
	dev.pulse_value = value;
}

static void timer(vdev_t *vdp)
{
	assert_ptr_equal(vdp, &vm.vdev[0].vdev);
	dev.timers++;
}

static struct vdev_factory factory;

static int set_up(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(&dev, 0, sizeof(dev));
	memset(&k, 0, sizeof(k));
	memset(&core, 0, sizeof(core));
	dev.fail_at = -1;
	k.locks_nest = core.no_sleep = true;
	core.slot = STUB_SLOT;
	core.chid = STUB_CHANNEL;
	core.now = 1234;
	vm.control = STUB_CONTROL;
	factory = (struct vdev_factory){
	    .next = factory.next,
	    .control = control,
	    .vread = vread,
	    .vwrite = vwrite,
	    .pulse = pulse,
	    .timer = timer,
	    .name = "fake",
	    .factory_flags = VFF_VDEV_MEM | VFF_MUTEX | VFF_BUTTON,
	    .acc_sizes = 1u << 2 | 1u << 4,
	    .extra_space = 100,
	};
	vm.config.vdev_count = 1;
	vm.config.vdevs[0] = (struct qvm_vdev){.type = "fake",
					       .loc_given = true,
					       .loc = LOC,
					       .bytes = 0x1000,
					       .intr = {40, 41},
					       .intr_count = 2,
					       .priority = STUB_PRIORITY,
					       .status = true,
					       .option_count = 2,
					       .place = {"a.qvmconf", 7}};
	vm.config.vdev_options[0] = (struct qvm_vdev_option){.name = "quiet", .index = 1, .place = {"a.qvmconf", 8}};
	vm.config.vdev_options[1] = (struct qvm_vdev_option){.name = "rate", .value = "5", .place = {"a.qvmconf", 9}};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < vm.vdev_count; i++)
		free(vm.vdev[i].vdev.v_device);
	return 0;
}

static void make(void)
{
	if (setjmp(core.end) == 0)
		vdev_make_all();
	else
		fail_msg("%s", k.log);
	vdev_add_regions();
}

/* A step of the set-up that is to fail with that message. */
static void expect_refusal(void (*step)(void), const char *text)
{
	if (setjmp(core.end) == 0) {
		step();
		fail_msg("accepted instead of '%s'", text);
	}
	assert_int_equal(k.status & 0xff, VM_EXIT_CONFIG);
	assert_true(strncmp(k.log, text, strlen(text)) == 0);
	assert_string_equal(k.log + strlen(text), "\n");
	tear_down(NULL);
	set_up(NULL);
}

static void control_calls_come_in_order(void **state)
{
	static const unsigned want[] = {
	    VDEV_CTRL_OPTIONS_START, VDEV_CTRL_FIRST_OPTIDX + 1, VDEV_CTRL_FIRST_OPTIDX,     VDEV_CTRL_OPTIONS_END,
	    VDEV_CTRL_ASSIGN,        VDEV_CTRL_GEN_FDT,          VDEV_CTRL_GUEST_CONFIGURED, VDEV_CTRL_GUEST_STARTING,
	    VDEV_CTRL_STATUS,        VDEV_CTRL_BUTTON,           VDEV_CTRL_TERMINATE,
	};

	(void)state;
	make();
	vdev_describe(0, 17);
	vdev_configured();
	vdev_starting();
	vdev_status();
	assert_false(vdev_button());
	if (setjmp(core.end) == 0)
		vm_end(VM_EXIT_NORMAL, CAUSE_OFF);
	vm.ending = 0;
	assert_int_equal(dev.count, sizeof(want) / sizeof(want[0]));
	for (unsigned i = 0; i < dev.count; i++)
		assert_int_equal(dev.calls[i], want[i]);
	assert_null(dev.args[1]);
	assert_string_equal(dev.args[2], "5");
	assert_int_equal((intptr_t)dev.args[5], 17);
	dev.pressed = true;
	assert_true(vdev_button());
	vm.config.vdevs[0].status = false;
	dev.count = 0;
	vdev_status();
	assert_int_equal(dev.count, 0);
}

static void an_instance_has_what_is_configured(void **state)
{
	const vdev_t *v = &vm.vdev[0].vdev;

	(void)state;
	make();
	assert_ptr_equal(v->v_factory, &factory);
	assert_int_equal(v->v_block.qst_type, QST_MEMORY);
	assert_int_equal(v->v_block.location, LOC);
	assert_int_equal(v->v_block.length, 0x1000);
	assert_int_equal(v->v_intr, 40);
	assert_int_equal(v->v_intr_more[0], 41);
	assert_int_equal(v->v_mtx.word, STUB_MUTEX);
	assert_int_equal(v->v_sched, 33);
	assert_string_equal(v->v_name, "fake");
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(((const char *)v->v_device)[i], 0);
	assert_int_equal(vdev_intids(64), 64);
	vm.vdev[0].vdev.v_intr_more[2] = 200;
	assert_int_equal(vdev_intids(64), 201);
}

static void a_device_may_choose_its_place_and_interrupt(void **state)
{
	(void)state;
	vm.config.vdevs[0].loc_given = false;
	expect_refusal(vdev_make_all, "[a.qvmconf:7] vdev fake needs 'loc', the address of its registers");
	vm.config.vdevs[0].loc_given = false;
	dev.assign = true;
	make();
	assert_int_equal(vm.mmio.region[0].start, LOC + 0x5000);
	assert_int_equal(vdev_intids(0), 100);
	tear_down(NULL);
	set_up(NULL);
	factory.factory_flags |= VFF_INTR_NONPCI;
	vm.config.vdevs[0].intr_count = 0;
	expect_refusal(vdev_make_all, "[a.qvmconf:7] vdev fake needs 'intr'");
	vm.config.vdevs[0].loc = LOC + 4;
	expect_refusal(vdev_make_all, "[a.qvmconf:7] vdev fake cannot lie at 0x10000004");
	vm.config.vdevs[0].intr[0] = 1020;
	expect_refusal(vdev_make_all, "[a.qvmconf:7] vdev fake has chosen interrupt 1020");
}

/* More addresses, after everything that has a place; until the table of the VM's devices is made. */
static void a_window_lies_after_everything_else(void **state)
{
	vdev_t *vdp = &vm.vdev[0].vdev;
	const struct mmio_region *window;
	uint64_t address;

	(void)state;
	if (setjmp(core.end) != 0)
		fail_msg("%s", k.log);
	vdev_make_all();
	assert_int_equal(gasp_window(vdp, 0, &address), -EINVAL);
	assert_int_equal(gasp_window(vdp, 0x1001, &address), -EINVAL);
	assert_int_equal(gasp_window(vdp, SPACE_LIMIT, &address), -ENOMEM);
	assert_int_equal(gasp_window(vdp, 0x3000, &address), 0);
	assert_true(address >= LOC + 0x1000);
	assert_int_equal(gasp_window(vdp, 0x3000, &address), -EINVAL);
	vdev_add_regions();
	window = mmio_find(&vm.mmio, address + 0x2ff8, 8);
	assert_non_null(window);
	assert_null(mmio_find(&vm.mmio, address + 0x3000, 4));
	/* The device has vread and vwrite only. */
	assert_false(window->read(window->device, 0, address, 4).done);
	assert_false(window->write(window->device, 0, address, 4, 0));
	/* It would never be reached. */
	vm.vdev[0].window.bytes = 0;
	assert_int_equal(gasp_window(vdp, 0x3000, &address), -EINVAL);
}

static void a_refusal_names_the_line_and_ends_the_vm(void **state)
{
	(void)state;
	vm.config.vdevs[0].type = "other";
	expect_refusal(vdev_make_all, "[a.qvmconf:7] there is no vdev 'other'");
	dev.fail_at = VDEV_CTRL_FIRST_OPTIDX;
	dev.fail_with = EINVAL;
	expect_refusal(vdev_make_all, "[a.qvmconf:9] vdev fake: 'rate 5': Invalid argument");
	dev.fail_at = VDEV_CTRL_OPTIONS_START;
	dev.fail_with = ENOMEM;
	expect_refusal(vdev_make_all, "[a.qvmconf:7] vdev fake: cannot be made: Cannot allocate memory");
	make();
	dev.fail_at = VDEV_CTRL_GUEST_CONFIGURED;
	dev.fail_with = ENODEV;
	expect_refusal(vdev_configured, "[a.qvmconf:7] vdev fake: cannot start: No such device");
	make();
	vdev_configured();
	dev.fail_at = VDEV_CTRL_GUEST_STARTING;
	dev.fail_with = EIO;
	if (setjmp(core.end) == 0)
		vdev_starting();
	assert_int_equal(k.status & 0xff, VM_EXIT_VDEV);
}

static struct vdev_value guest_read(uint64_t offset, unsigned size)
{
	return vm.mmio.region[0].read(vm.mmio.region[0].device, 3, LOC + offset, size);
}

static void accesses_have_sizes_that_the_device_has(void **state)
{
	struct vdev_value got;

	(void)state;
	make();
	got = guest_read(0x10, 4);
	assert_true(got.done);
	assert_int_equal(got.value, 0x55667788); /* cut to the register */
	assert_int_equal(dev.vopnd.location, 0x10);
	assert_int_equal(dev.vopnd.length, 4);
	assert_true(vm.mmio.region[0].write(vm.mmio.region[0].device, 3, LOC + 0xffe, 2, 0xabcd));
	assert_int_equal(dev.stored, 0xabcd);
	assert_int_equal(dev.vopnd.location, 0xffe);
	/* Sizes that the device does not have, what it refuses, and call-backs that it does not have. */
	assert_false(guest_read(0, 1).done);
	assert_false(guest_read(0, 8).done);
	assert_false(vm.mmio.region[0].write(vm.mmio.region[0].device, 3, LOC, 8, 0));
	dev.status = VRS_BUS_ERROR;
	assert_false(guest_read(0, 4).done);
	factory.vread = NULL;
	factory.vwrite = NULL;
	assert_false(guest_read(0, 4).done);
	assert_false(vm.mmio.region[0].write(vm.mmio.region[0].device, 3, LOC, 4, 0));
}

/* A device that cannot go on takes its VM along. */
static void a_broken_device_ends_its_vm(void **state)
{
	(void)state;
	make();
	dev.status = VRS_ERRNO + EIO;
	if (setjmp(core.end) == 0) {
		guest_read(0, 4);
		fail();
	}
	assert_int_equal(k.status & 0xff, VM_EXIT_VDEV);
	assert_non_null(strstr(k.log, "vdev fake: a read: Input/output error"));
	assert_int_equal(guest_cpu_to_vrs(0), VRS_NORMAL);
	assert_int_equal(guest_cpu_to_vrs(EFAULT), VRS_BUS_ERROR);
}

static struct vdev_value reg_read(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size)
{
	assert_ptr_equal(vdp, &vm.vdev[0].vdev);
	return (struct vdev_value){cpu << 16 | offset | size, offset < 0x100};
}

static bool reg_write(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	(void)cpu;
	(void)size;
	assert_ptr_equal(vdp, &vm.vdev[0].vdev);
	dev.stored = value;
	return offset == 8;
}

static void direct_registers_are_read_and_written(void **state)
{
	(void)state;
	factory.reg_read = reg_read;
	factory.reg_write = reg_write;
	make();
	assert_int_equal(guest_read(0x20, 4).value, 3 << 16 | 0x20 | 4);
	assert_false(guest_read(0x100, 4).done);
	assert_false(guest_read(0x20, 1).done);
	assert_true(vm.mmio.region[0].write(vm.mmio.region[0].device, 0, LOC + 8, 4, 5));
	assert_int_equal(dev.stored, 5);
	assert_false(vm.mmio.region[0].write(vm.mmio.region[0].device, 0, LOC + 12, 4, 5));
	assert_false(vm.mmio.region[0].write(vm.mmio.region[0].device, 0, LOC + 8, 8, 5));
}

/* Through the one thread that all of a VM's devices share. */
static void pulses_and_timers_reach_the_device(void **state)
{
	vdev_t *v = &vm.vdev[0].vdev;
	struct vdev_event event;

	(void)state;
	make();
	assert_int_equal(guest_timer_notify(v, 1, 0), -EINVAL); /* too early */
	assert_int_equal(vdev_thread_create(v, NULL, NULL, 0, "x"), -EINVAL);
	vdev_configured();
	assert_int_equal(core.threads, 1);
	assert_true(core.thread[0].stack_bytes >= 8192);
	assert_int_equal(vdev_pulse(v, -9, 300, &event), -EINVAL);
	assert_int_equal(vdev_pulse(v, -9, 0, &event), 0);
	assert_int_equal(vdev_event_send(&event, 0xfffffff0), 0);
	assert_int_equal(core.pulse_priority, 33);
	assert_int_equal(guest_timer_notify(v, 5000, 10), 0);
	assert_int_equal(guest_timer_notify(v, 6000, 10), 0);
	assert_int_equal(k.timers, 1);
	assert_int_equal(k.settime, 6000);
	core.pulse[core.pulses++] = (struct pulse){.code = 64};      /* the timer */
	core.pulse[core.pulses++] = (struct pulse){.code = 64 + 15}; /* no such instance */
	core.pulse[core.pulses++] = (struct pulse){.code = -1};
	if (setjmp(core.end) == 0)
		core.thread[0].entry(NULL);
	assert_int_equal(dev.pulses, 1);
	assert_int_equal(dev.pulse_code, -9);
	assert_int_equal(dev.pulse_value, 0xfffffff0);
	assert_int_equal(dev.timers, 1);
	factory.timer = NULL;
	assert_int_equal(guest_timer_notify(v, 1, 0), -EINVAL);
	factory.pulse = NULL;
	assert_int_equal(vdev_pulse(v, 1, 0, &event), -EINVAL);
}

static void services_reach_the_kernel_and_the_log(void **state)
{
	vdev_t *v = &vm.vdev[0].vdev;

	(void)state;
	make();
	vm.config.cpu_count = 1;
	vm.config.gic = (struct qvm_gic){.gicd = 0x2f000000, .gicr = 0x2f100000};
	arch_interrupts_init(64);
	guest_gic_power(&vm.arch.gic, 0, true);
	vm.arch.gic.control[CONTROL_CTLR] = 3; /* both groups */
	vm.arch.gic.enable[1] = vm.arch.gic.input[1].watched = ~0u;
	guest_intr_set(40, true);
	assert_int_equal(k.line, 40);
	assert_true(k.level);
	guest_intr_set(40, false);
	assert_false(k.level);
	guest_intr_pulse(41);
	assert_int_equal(k.injected, 41);
	assert_int_equal(guest_clock_ns(), 1234);
	assert_ptr_equal(gasp_pointer(0x123, 4), (void *)0x123);
	vdev_logf(QL_QVM_WARNING, v, "%s", "careful");
	assert_non_null(strstr(k.log, "[a.qvmconf:7] fake: careful"));
	/* A thread of a vdev that is configured, while the first thread is busy with another one. */
	vm.vdev[0].configured = true;
	vm.place = &(const struct qvm_place){"a.qvmconf", 20};
	vdev_logf(QL_QVM_WARNING, v, "late");
	assert_non_null(strstr(k.log, "[a.qvmconf:7] fake: late"));
	vm.place = NULL;
	vdev_logf(QL_QVM_WARNING, v, "later");
	assert_null(strstr(k.log, "] fake: later"));
	guest_terminate(GTC_WATCHDOG);
	guest_terminate((guest_termination_cause_t)45);
	guest_terminate((guest_termination_cause_t)31);
	assert_int_equal(core.pulse[0].code, CONTROL_TERMINATE);
	assert_int_equal(core.pulse[0].value, 4);
	assert_int_equal(core.pulse[1].value, 45);
	assert_int_equal(core.pulse[2].value, GTC_VDEV_ERROR);
}

static void a_wrong_factory_is_refused(void **state)
{
	struct vdev_factory bad = factory;

	(void)state;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI + 1), EINVAL);
	bad.control = NULL;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	bad = factory;
	bad.acc_sizes = 1u << 3;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	bad = factory;
	bad.factory_flags = 1u << 30;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	bad = factory;
	bad.pic = &bad;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	bad = factory;
	bad.extra_space = (1u << 20) + 1;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	bad = factory;
	bad.safety = 2;
	assert_int_equal(vdev_register_factory(&bad, QVM_VDEV_ABI), EINVAL);
	assert_ptr_equal(vdev_factory_of("fake"), &factory);
	assert_null(vdev_factory_of("fak"));
}

static int register_once(void **state)
{
	set_up(state);
	return vdev_register_factory(&factory, QVM_VDEV_ABI);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(control_calls_come_in_order),
	    TEST(an_instance_has_what_is_configured),
	    TEST(a_device_may_choose_its_place_and_interrupt),
	    TEST(a_window_lies_after_everything_else),
	    TEST(a_refusal_names_the_line_and_ends_the_vm),
	    TEST(accesses_have_sizes_that_the_device_has),
	    TEST(a_broken_device_ends_its_vm),
	    TEST(direct_registers_are_read_and_written),
	    TEST(services_reach_the_kernel_and_the_log),
	    TEST(a_wrong_factory_is_refused),
	    TEST(pulses_and_timers_reach_the_device),
	};

	return cmocka_run_group_tests(tests, register_once, NULL);
}
