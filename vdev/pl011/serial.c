/* SPDX-License-Identifier: Apache-2.0 */
/* An instance of `vdev pl011` and its consoles: see serial.h. */
#include "vdev/pl011/serial.h"
#include <errno.h>
#include <string.h>

#define VDEV_OPTIONS "vdev/pl011/options.def"
#include <qvm/guest.h>
#include <qvm/vdev-describe.h>
#include <qvm/vdev-fdt.h>

#define CLOCK_HZ    24000000u
#define DRAIN_NS    1000000000ull
#define GIVE_WAY_NS 1000u
#define MESSAGE_MAX 512u /* of hostdev_write() */

static uint32_t fill_of(const struct serial *s)
{
	if (!s->output_path)
		return 0;
	return __atomic_load_n(&s->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE);
}

/* Is there room in the ring, as far as it has been sent by now? What nobody wants is dropped. */
static __attribute__((noinline)) bool make_room(struct serial *s)
{
	if (!s->output_path)
		__atomic_store_n(&s->tail, s->head, __ATOMIC_RELAXED);
	s->limit = __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE) + SERIAL_RING;
	return s->head != s->limit;
}

/* With the lock held. Only the first byte after a pause costs a kernel call. */
static inline bool send_one(struct serial *s, uint8_t byte)
{
	const uint32_t head = s->head; /* changed here only */

	if (head == s->limit && !make_room(s))
		return false;
	s->ring[head % SERIAL_RING] = byte;
	__atomic_store_n(&s->head, head + 1, __ATOMIC_SEQ_CST);
	/* Either the writer sees the new head before it sleeps, or this sees that it sleeps: both are SEQ_CST. */
	if (__atomic_load_n(&s->writer_sleeps, __ATOMIC_SEQ_CST) != 0) {
		__atomic_store_n(&s->writer_sleeps, 0, __ATOMIC_SEQ_CST);
		word_wake(&s->writer_sleeps, 1);
	}
	return true;
}

static bool send_byte(void *ctx, uint8_t byte)
{
	return send_one(ctx, byte);
}

static void set_irq(void *ctx, bool level)
{
	const struct serial *s = ctx;

	guest_line_set(&s->line, level);
}

static const struct pl011_ops operations = {.tx = send_byte, .set_irq = set_irq};

static void wait_for_output(struct serial *s)
{
	while (fill_of(s) == 0) {
		__atomic_store_n(&s->writer_sleeps, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&s->head, __ATOMIC_SEQ_CST) != s->tail)
			break;
		word_wait(&s->writer_sleeps, 1, 0);
	}
	__atomic_store_n(&s->writer_sleeps, 0, __ATOMIC_SEQ_CST);
}

static void writer(void *arg)
{
	struct serial *s = arg;

	for (;;) {
		uint32_t bytes, at;

		wait_for_output(s);
		at = s->tail % SERIAL_RING;
		bytes = fill_of(s);
		if (bytes > MESSAGE_MAX)
			bytes = MESSAGE_MAX;
		if (bytes > SERIAL_RING - at)
			bytes = SERIAL_RING - at;
		hostdev_write(&s->output, s->ring + at, bytes);
		__atomic_store_n(&s->tail, s->tail + bytes, __ATOMIC_RELEASE);
		mutex_lock(&s->vdev->v_mtx);
		pl011_tx_ready(&s->uart);
		mutex_unlock(&s->vdev->v_mtx);
	}
}

/* Gives one byte to the device, or says that it must wait until the guest has made room. */
static bool offer_byte(struct serial *s, uint8_t byte)
{
	bool taken;

	mutex_lock(&s->vdev->v_mtx);
	taken = pl011_receive(&s->uart, byte);
	if (!taken)
		__atomic_store_n(&s->reader_waits, 1, __ATOMIC_RELEASE);
	mutex_unlock(&s->vdev->v_mtx);
	return taken;
}

static void reader(void *arg)
{
	struct serial *s = arg;
	uint8_t text[64];

	for (;;) {
		const size_t bytes = hostdev_read(&s->input, text, sizeof(text));

		for (size_t i = 0; i < bytes;) {
			if (offer_byte(s, text[i]))
				i++;
			else
				word_wait(&s->reader_waits, 1, 0);
		}
	}
}

/* After each access: the guest may have read from the FIFO or enabled its receiver. */
static void wake_reader(struct serial *s)
{
	if (s->reader_waits != 0 && pl011_rx_room(&s->uart) > 0) {
		__atomic_store_n(&s->reader_waits, 0, __ATOMIC_RELEASE);
		word_wake(&s->reader_waits, 1);
	}
}

/* Negative: there is no such access. */
static __attribute__((noinline)) int64_t read_locked(struct serial *s, uint64_t offset, unsigned size)
{
	uint64_t value;
	bool good;

	mutex_lock(&s->vdev->v_mtx);
	good = pl011_read(&s->uart, offset, size, &value);
	wake_reader(s);
	mutex_unlock(&s->vdev->v_mtx);
	return good ? (int64_t)value : -1;
}

static struct vdev_value reg_read(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size)
{
	struct serial *s = vdp->v_device;
	int64_t value = pl011_peek(&s->uart, offset);

	(void)cpu;
	if (value < 0)
		value = read_locked(s, offset, size);
	return (struct vdev_value){(uint64_t)value, value >= 0};
}

/*
 * When the ring has just become full, the guest will wait for room, and the writer may be waiting for this CPU: a guest
 * that polls would keep it for all of its time slice.
 */
static __attribute__((noinline)) bool write_locked(struct serial *s, uint64_t offset, unsigned size, uint64_t value)
{
	bool good, full;

	mutex_lock(&s->vdev->v_mtx);
	full = s->uart.stalled;
	good = pl011_write(&s->uart, offset, size, value);
	full = s->uart.stalled && !full;
	wake_reader(s);
	mutex_unlock(&s->vdev->v_mtx);
	if (full)
		thread_sleep(GIVE_WAY_NS);
	return good;
}

/* A character: mostly it goes past the device's FIFO. */
static bool write_character(vdev_t *vdp, uint8_t byte)
{
	struct serial *s;

	mutex_lock(&vdp->v_mtx);
	s = vdp->v_device;
	if (s->uart.passes && send_one(s, byte)) {
		if (pl011_passed(&s->uart))
			guest_line_set(&s->line, true);
		mutex_unlock(&vdp->v_mtx);
		return true;
	}
	mutex_unlock(&vdp->v_mtx);
	return write_locked(s, PL011_DR, 1, byte);
}

static bool reg_write(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
	(void)cpu;
	if (offset != PL011_DR)
		return write_locked(vdp->v_device, offset, size, value);
	return write_character(vdp, (uint8_t)value);
}

/* `hostdev [<|>]DEVICE`: without a sign both directions; for each the last one counts. */
static int take_hostdev(struct serial *s, const char *text)
{
	const char direction = text[0], *path = direction == '<' || direction == '>' ? text + 1 : text;

	if (direction != '>')
		s->input_path = path;
	if (direction != '<')
		s->output_path = path;
	return 0;
}

/* What of the system was too small. */
static const char *reason_text(int result)
{
	switch (-result) {
	case ENOMEM: return "devc-pl011 has no memory for one more; raise its 'memory'";
	case ENOSPC: return "devc-pl011 has as many as it can have, or this VM has its 8";
	case EPERM: return "it belongs to another process or VM";
	case EBUSY: return "another process has it open";
	default: return strerror(-result);
	}
}

static int open_one(const struct serial *s, struct hostdev *dev, const char *path)
{
	const int result = path ? hostdev_open(dev, path) : 0;

	if (result < 0)
		vdev_logf(QL_QVM_ERROR, s->vdev, "cannot open the console %s: %s", path, reason_text(result));
	return -result;
}

static int open_all(struct serial *s)
{
	const int result = open_one(s, &s->output, s->output_path);

	return result != 0 ? result : open_one(s, &s->input, s->input_path);
}

static int start_threads(struct serial *s)
{
	int result = 0;

	if (s->output_path)
		result = vdev_thread_create(s->vdev, writer, s, 0, "out");
	if (result >= 0 && s->input_path)
		result = vdev_thread_create(s->vdev, reader, s, 0, "in");
	return result < 0 ? -result : 0;
}

static int describe_node(struct serial *s, int parent)
{
	const uint32_t clock = vdev_fdt_clock(CLOCK_HZ);
	const int node = vdev_fdt_node(s->vdev, parent, "serial");

	vdev_fdt_bytes(node, "compatible", "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell"));
	vdev_fdt_cells(node, "clocks", (const uint32_t[]){clock, clock}, 2);
	vdev_fdt_bytes(node, "clock-names", "uartclk\0apb_pclk", sizeof("uartclk\0apb_pclk"));
	vdev_fdt_alias(s->vdev, "serial");
	return 0;
}

/* Waits until all output is with the console driver; all instances together at most a second. */
static void drain_output(const struct serial *s)
{
	static uint64_t deadline;

	if (deadline == 0)
		deadline = guest_clock_ns() + DRAIN_NS;
	while (fill_of(s) != 0 && guest_clock_ns() < deadline)
		thread_sleep(1000000);
}

static void report_state(const struct serial *s)
{
	vdev_logf(QL_QVM_INFO, s->vdev, "pl011 at 0x%llx: input %s, output %s, %u bytes to be sent",
		  (unsigned long long)s->vdev->v_block.location, s->input_path ? s->input_path : "none",
		  s->output_path ? s->output_path : "none", (unsigned)fill_of(s));
}

static int serial_control(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg)
{
	struct serial *s = vdp->v_device;

	switch ((unsigned)ctrl) {
	case VDEV_CTRL_OPTIONS_START:
		s->vdev = vdp;
		pl011_init(&s->uart, &operations, s);
		return 0;
	case VDEV_CTRL_FIRST_OPTIDX + OPTION_HOSTDEV: return take_hostdev(s, arg);
	case VDEV_CTRL_OPTIONS_END: return open_all(s);
	case VDEV_CTRL_GEN_FDT: return describe_node(s, (int)(intptr_t)arg);
	case VDEV_CTRL_GUEST_CONFIGURED: s->line = guest_line_of(vdp->v_intr); return start_threads(s);
	case VDEV_CTRL_STATUS: report_state(s); return 0;
	case VDEV_CTRL_TERMINATE: drain_output(s); return 0;
	default: return 0;
	}
}

static struct vdev_factory factory = {
    .control = serial_control,
    .reg_read = reg_read,
    .reg_write = reg_write,
    .factory_flags = VFF_VDEV_MEM | VFF_INTR_NONPCI | VFF_MUTEX,
    .acc_sizes = 1u << 1 | 1u << 2 | 1u << 4,
    .extra_space = sizeof(struct serial),
    .safety = VDEV_SAFETY_BUILT,
};

static __attribute__((constructor)) void register_factory(void)
{
	vdev_register_factory(&factory, QVM_VDEV_ABI);
}
