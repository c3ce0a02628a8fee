/* SPDX-License-Identifier: Apache-2.0 */
/* `vdev` and the options of each virtual device. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>

#define VDEV_NAME_MAX 31
#define SPI_FIRST     32
#define SPI_LAST      1019 /* Arm IHI 0069, 2.2.1: shared peripheral interrupts */

static const char *const vdevs[] = {
    "gic",          "pl011",          "8259",           "hpet",      "ioapic",     "mc146818",     "pci-dummy",
    "pckeyboard",   "progress",       "ser8250",        "shmem",     "smmu",       "timer8254",    "trace",
    "virtio-blk",   "virtio-console", "virtio-entropy", "virtio-fs", "virtio-gpu", "virtio-input", "virtio-net",
    "virtio-vsock", "wdt-ib700",      "wdt-sp805",      "xhci",
};

#define VDEVS      (sizeof(vdevs) / sizeof(vdevs[0]))
#define VDEVS_HERE 2

static struct qvm_pl011 *current_pl011(struct qc_reader *r)
{
	return &r->config->pl011[r->config->pl011_count - 1];
}

/* An address as the whole argument. */
static bool address(struct qc_reader *r, const struct qc_option *option, uint64_t multiple, uint64_t *value)
{
	const char *text = qc_argument(r, option);
	uint64_t read;

	if (!text)
		return false;
	if (strncmp(text, "mem:", 4) == 0)
		text += 4;
	if (!qc_address(text, strlen(text), &read)) {
		qc_mistake(r, &r->word_place, "'%.64s' is not an address in memory: write it as 0x1c090000", text);
		return false;
	}
	if (read % multiple || read >= QVM_IPA_LIMIT) {
		qc_mistake(r, &r->word_place,
			   "address 0x%" PRIx64 " of '%s' is not a multiple of 0x%" PRIx64 " below 0x%llx", read,
			   option->name, multiple, QVM_IPA_LIMIT);
		return false;
	}
	*value = read;
	return true;
}

static const char *vdev_name(struct qc_reader *r, const struct qc_option *option)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *text = qc_argument(r, option);

	if (!text)
		return NULL;
	if (r->word_bytes == 0 || r->word_bytes > VDEV_NAME_MAX || strspn(text, allowed) != r->word_bytes) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' cannot name a vdev: use 1 to 31 letters, digits, '_', '-' or '.'", text);
		return NULL;
	}
	return qc_keep(r, text);
}

static void gic_version(struct qc_reader *r, const struct qc_option *option)
{
	const char *text = qc_argument(r, option);

	if (text && strcmp(text, "3") != 0)
		qc_mistake(r, &r->option_place, "Unsupported GIC version: %.16s", text);
}

static void gic_gicd(struct qc_reader *r, const struct qc_option *option)
{
	address(r, option, 0x10000, &r->config->gic.gicd);
}

static void gic_gicr(struct qc_reader *r, const struct qc_option *option)
{
	address(r, option, 0x10000, &r->config->gic.gicr);
}

static void gic_name(struct qc_reader *r, const struct qc_option *option)
{
	const char *name = vdev_name(r, option);

	if (name && r->config->pl011_count)
		qc_mistake(r, &r->option_place,
			   "'vdev gic' gets its name too late: put it before the vdevs that name it");
	if (name)
		r->config->gic.name = name;
}

static void pl011_loc(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_pl011 *uart = current_pl011(r);
	uint64_t loc;

	/* A wrong one counts as given: that it is missing would be one message too many. */
	uart->loc = address(r, option, QVM_PAGE, &loc) ? loc : QVM_IPA_LIMIT;
}

static void pl011_intr(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_pl011 *uart = current_pl011(r);
	const char *pic = r->config->gic.name, *text = qc_argument(r, option), *colon;
	size_t bytes = strlen(pic);
	uint64_t intid;

	uart->intr = SPI_LAST + 1; /* given, but wrong */
	if (!text)
		return;
	colon = strchr(text, ':');
	if (!colon) {
		qc_mistake(r, &r->word_place, "'%.64s' names no interrupt controller: write %s:N", text, pic);
	} else if ((size_t)(colon - text) != bytes || memcmp(text, pic, bytes) != 0) {
		qc_mistake(r, &r->word_place,
			   "no interrupt controller '%.*s' is known here; write %s:N, or put a 'vdev gic' "
			   "with that name before this",
			   (int)(colon - text > 31 ? 31 : colon - text), text, pic);
	} else if (!qc_number(colon + 1, strlen(colon + 1), &intid) || intid < SPI_FIRST || intid > SPI_LAST) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' is not a shared peripheral interrupt: write %s:N with N from 32 to "
			   "1019",
			   text, pic);
	} else {
		uart->intr = (uint32_t)intid;
	}
}

/* The console that a hostdev names, kept; or NULL after a report. */
static const char *console_name(struct qc_reader *r, const char *device)
{
	static const char prefix[] = "/dev/console/";
	const size_t head = sizeof(prefix) - 1;

	if (strcmp(device, "-") == 0)
		return r->config->name;
	if (device[0] == '|') {
		qc_mistake(r, &r->word_place, "a pipe to a command is not supported yet; use /dev/console/NAME");
	} else if (strncmp(device, prefix, head) != 0 || device[head] == '\0' || strchr(device + head, '/') ||
		   strlen(device + head) > VDEV_NAME_MAX) {
		qc_mistake(r, &r->word_place,
			   "'%.64s' is not a console: write /dev/console/NAME, or - for the one named "
			   "like the VM",
			   device);
	} else {
		return qc_keep(r, device + head);
	}
	return NULL;
}

static void pl011_hostdev(struct qc_reader *r, const struct qc_option *option)
{
	struct qvm_pl011 *uart = current_pl011(r);
	const char *text = qc_argument(r, option), *name;
	char direction = text ? text[0] : '\0';

	if (!text)
		return;
	name = console_name(r, direction == '<' || direction == '>' ? text + 1 : text);
	if (direction != '>')
		uart->input = name ? name : "";
	if (direction != '<')
		uart->output = name ? name : "";
}

static void pl011_name(struct qc_reader *r, const struct qc_option *option)
{
	const char *name = vdev_name(r, option);

	if (name)
		current_pl011(r)->name = name;
}

const struct qc_option qc_gic_options[] = {
    {"version", "3", gic_version, 0, 0, NULL},
    {"loc", "the address of the distributor", gic_gicd, 0, 0, NULL},
    {"gicd", "the address of the distributor", gic_gicd, 0, 0, NULL},
    {"gicr", "the address of the redistributors", gic_gicr, 0, 0, NULL},
    {"name", "a name", gic_name, 0, 0, NULL},
    {"gicc", NULL, NULL, 1, 0, NULL},
    {"its", NULL, NULL, 1, 0, NULL},
    {"its-prealloc", NULL, NULL, 1, 0, NULL},
    {"num-lpis", NULL, NULL, 1, 0, NULL},
    {"msi", NULL, NULL, 1, 0, NULL},
    {"host-gicd", NULL, NULL, 1, 0, NULL},
    {"host-gich", NULL, NULL, 1, 0, NULL},
    {"host-gicr", NULL, NULL, 1, 0, NULL},
    {"host-gicv", NULL, NULL, 1, 0, NULL},
    {"hostvector", NULL, NULL, 1, 0, NULL},
    {"log", NULL, NULL, 2, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

const struct qc_option qc_pl011_options[] = {
    {"loc", "an address", pl011_loc, 0, 0, NULL},
    {"intr", "controller:number, as in gic:37", pl011_intr, 0, 0, NULL},
    {"hostdev", "[<|>]/dev/console/NAME", pl011_hostdev, 0, 0, NULL},
    {"name", "a name", pl011_name, 0, 0, NULL},
    {"batch", NULL, NULL, 1, 0, NULL},
    {"delayed", NULL, NULL, 1, 0, NULL},
    {"sched", NULL, NULL, 1, 0, NULL},
    {"log", NULL, NULL, 2, 0, NULL},
    {NULL, NULL, NULL, 0, 0, NULL},
};

/* The full forms `vdev-pl011` and `vdev-pl011.so` are the same as `pl011`. */
static void strip(struct qc_reader *r)
{
	if (strncmp(r->word, "vdev-", 5) == 0) {
		r->word += 5;
		r->word_bytes -= 5;
	}
	if (r->word_bytes > 3 && strcmp(r->word + r->word_bytes - 3, ".so") == 0) {
		r->word_bytes -= 3;
		r->word[r->word_bytes] = '\0';
	}
}

static void begin_gic(struct qc_reader *r)
{
	if (r->gic_given) {
		qc_mistake(r, &r->option_place, "a second 'vdev gic': a VM has one; write its options at the first");
		return;
	}
	r->gic_given = true;
	r->context = QC_GIC;
}

static void begin_pl011(struct qc_reader *r)
{
	struct qvm_config *c = r->config;

	if (c->pl011_count == QVM_PL011_MAX) {
		qc_mistake(r, &r->option_place, "more than %d 'vdev pl011'", QVM_PL011_MAX);
		return;
	}
	c->pl011[c->pl011_count++] = (struct qvm_pl011){.loc = UINT64_MAX, .place = r->option_place};
	r->context = QC_PL011;
}

void qc_vdev(struct qc_reader *r, const struct qc_option *option)
{
	unsigned i = 0;

	r->context = QC_REFUSED; /* until it is seen to be right */
	if (!qc_argument(r, option))
		return;
	strip(r);
	while (i < VDEVS && strcmp(r->word, vdevs[i]) != 0)
		i++;
	if (i == 0)
		begin_gic(r);
	else if (i == 1)
		begin_pl011(r);
	else if (i < VDEVS)
		qc_mistake(r, &r->option_place, "'vdev %s' is not supported yet", vdevs[i]);
	else
		qc_unknown(r, "vdev", vdevs, qc_nearest(r->word, vdevs, VDEVS) ? VDEVS : VDEVS_HERE);
}
