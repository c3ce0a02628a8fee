/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU interface's registers (IHI 0069, 12.2): 64 bits is the only size, and each CPU has its own. */
#include "conform.h"

#define ONES      0xffull     /* above it are no fields that can be written */
#define UNDEFINED 0x02000000u /* ESR_EL1: EC 0, IL */

struct icc {
	const char *name;
	uint64_t (*read)(void);
	void (*write)(uint64_t value);
	bool known;                 /* what follows is what the architecture says */
	uint64_t reset, ones, zero; /* after reset, after all ones were written, after zero was */
};

#define ACCESS(reg)                                   \
	static uint64_t read_##reg(void)              \
	{                                             \
		return READ_REG("icc_" #reg "_el1");  \
	}                                             \
	static void write_##reg(uint64_t value)       \
	{                                             \
		WRITE_REG("icc_" #reg "_el1", value); \
		isb();                                \
	}

ACCESS(pmr)
ACCESS(bpr0)
ACCESS(bpr1)
ACCESS(ctlr)
ACCESS(sre)
ACCESS(igrpen0)
ACCESS(igrpen1)
ACCESS(ap0r0)
ACCESS(ap0r1)
ACCESS(ap0r2)
ACCESS(ap0r3)
ACCESS(ap1r0)
ACCESS(ap1r1)
ACCESS(ap1r2)
ACCESS(ap1r3)

#define ROW(reg, ...)                                      \
	{                                                  \
#reg, read_##reg, write_##reg, __VA_ARGS__ \
	}

/* Both can be read and written. Of the priorities, five bits are there. */
static const struct icc both[] = {
    ROW(pmr, true, 0, 0xf8, 0),  ROW(bpr0, true, 2, 7, 2),     ROW(bpr1, false, 0, 0, 0),
    ROW(ctlr, false, 0, 0, 0),   ROW(sre, true, 7, 7, 7),      ROW(igrpen0, true, 0, 1, 0),
    ROW(igrpen1, true, 0, 1, 0), ROW(ap0r0, true, 0, 0xff, 0), ROW(ap1r0, true, 0, 0xff, 0),
};
/* With five bits of priority there is one register of active priorities for each group; the others are Undefined. */
static const struct icc absent[] = {
    ROW(ap0r1, 0, 0, 0, 0), ROW(ap0r2, 0, 0, 0, 0), ROW(ap0r3, 0, 0, 0, 0),
    ROW(ap1r1, 0, 0, 0, 0), ROW(ap1r2, 0, 0, 0, 0), ROW(ap1r3, 0, 0, 0, 0),
};

#define READ_ONLY(reg)                               \
	static uint64_t read_##reg(void)             \
	{                                            \
		return READ_REG("icc_" #reg "_el1"); \
	}                                            \
	static void write_##reg(uint64_t value)      \
	{                                            \
		WRITE_REG(CODE_##reg, value);        \
	}
#define WRITE_ONLY(reg)                               \
	static uint64_t read_##reg(void)              \
	{                                             \
		return READ_REG(CODE_##reg);          \
	}                                             \
	static void write_##reg(uint64_t value)       \
	{                                             \
		WRITE_REG("icc_" #reg "_el1", value); \
		isb();                                \
	}

/* The assembler knows only the allowed direction by name. */
#define CODE_rpr    "s3_0_c12_c11_3"
#define CODE_hppir0 "s3_0_c12_c8_2"
#define CODE_hppir1 "s3_0_c12_c12_2"
#define CODE_iar0   "s3_0_c12_c8_0"
#define CODE_iar1   "s3_0_c12_c12_0"
#define CODE_eoir0  "s3_0_c12_c8_1"
#define CODE_eoir1  "s3_0_c12_c12_1"
#define CODE_dir    "s3_0_c12_c11_1"
#define CODE_sgi1r  "s3_0_c12_c11_5"
#define CODE_asgi1r "s3_0_c12_c11_6"
#define CODE_sgi0r  "s3_0_c12_c11_7"

READ_ONLY(rpr)
READ_ONLY(hppir0)
READ_ONLY(hppir1)
READ_ONLY(iar0)
READ_ONLY(iar1)
WRITE_ONLY(eoir0)
WRITE_ONLY(eoir1)
WRITE_ONLY(dir)
WRITE_ONLY(sgi1r)
WRITE_ONLY(asgi1r)
WRITE_ONLY(sgi0r)

/* While nothing is pending. Idle is the lowest priority with all eight bits (IHI 0069, 4.8.6). */
static const struct icc read_only[] = {
    ROW(rpr, true, 0xff, 0, 0),  ROW(hppir0, true, 1023, 0, 0), ROW(hppir1, true, 1023, 0, 0),
    ROW(iar0, true, 1023, 0, 0), ROW(iar1, true, 1023, 0, 0),
};
/* What is written ends or sends nothing: INTID 1023 is spurious, and the list of targets is empty. */
static const struct icc write_only[] = {
    ROW(eoir0, true, 0, 1023, 0), ROW(eoir1, true, 0, 1023, 0), ROW(dir, true, 0, 1023, 0),
    ROW(sgi1r, true, 0, 0, 0),    ROW(asgi1r, true, 0, 0, 0),   ROW(sgi0r, true, 0, 0, 0),
};

#define for_rows(r, rows) for (const struct icc *r = (rows); (r) < (rows) + sizeof(rows) / sizeof((rows)[0]); (r)++)

static void tell(const struct icc *r, uint64_t value, uint64_t right)
{
	if (r->known)
		found_right(value, right);
	else
		found(value);
}

void reset_icc(void)
{
	for_rows(r, both) if (CHECK("icc", r->name, "reset")) tell(r, r->read(), r->reset);
	for_rows(r, read_only) if (CHECK("icc", r->name, "reset")) tell(r, r->read(), r->reset);
}

static uint64_t read_other(uint64_t row, uint64_t unused)
{
	(void)unused;
	return ((const struct icc *)row)->read();
}

static void check_both(const struct icc *r)
{
	uint64_t before = r->read(), theirs = other(read_other, (uint64_t)r, 0);

	if (CHECK("icc", r->name, "ones")) {
		r->write(ONES);
		tell(r, r->read(), r->ones);
	}
	if (CHECK("icc", r->name, "ones_other_cpu"))
		found_right(other(read_other, (uint64_t)r, 0) == theirs, 1);
	if (CHECK("icc", r->name, "zero")) {
		r->write(0);
		tell(r, r->read(), r->zero);
	}
	if (CHECK("icc", r->name, "zero_other_cpu"))
		found_right(other(read_other, (uint64_t)r, 0) == theirs, 1);
	r->write(before);
}

/* Each register, read and written, with other values and from other exception levels than it is made for. */
void check_icc(void)
{
	for_rows(r, both) check_both(r);
	for_rows(r, absent)
	{
		if (CHECK("icc", r->name, "read"))
			found_fault(r->read(), UNDEFINED);
		if (CHECK("icc", r->name, "write")) {
			r->write(0);
			found_fault(0, UNDEFINED);
		}
	}
	for_rows(r, read_only)
	{
		if (CHECK("icc", r->name, "read"))
			found_right(r->read(), r->reset);
		if (CHECK("icc", r->name, "write")) {
			r->write(0);
			found_fault(0, UNDEFINED);
		}
		if (CHECK("icc", r->name, "other_cpu"))
			found_right(other(read_other, (uint64_t)r, 0), r->reset);
	}
	for_rows(r, write_only)
	{
		if (CHECK("icc", r->name, "read"))
			found_fault(r->read(), UNDEFINED);
		if (CHECK("icc", r->name, "write")) {
			r->write(r->ones);
			found_right(READ_REG("icc_hppir1_el1"), 1023);
		}
	}
	gic_clean();
}
