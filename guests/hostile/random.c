/* SPDX-License-Identifier: Apache-2.0 */
/* The generator, where to strike, and which instruction words not to run. */
#include "hostile.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Starts of pages around which the machine's own things lie: firmware, devices, kernel, other owners' memory. */
static const uint64_t interesting[] = {
    0x00000000, 0x08000000,   0x08010000, 0x08080000, 0x080a0000, 0x09000000, 0x09010000,          0x09020000,
    0x09030000, 0x09040000,   0x09050000, 0x09060000, 0x0a000000, 0x0e000000, 0x10000000,          0x1c08f000,
    0x1c091000, 0x3eff0000,   0x40000000, 0x40080000, 0x40200000, 0x40400000, 0x47fff000,          0x48000000,
    0x50000000, 0x7ffff000,   0xbffff000, 0xc0000000, 0xfffff000, 1ull << 32, 1ull << 33,          1ull << 36,
    1ull << 38, 0x4010000000, 1ull << 39, 1ull << 40, 1ull << 44, 1ull << 47, (1ull << 48) - 4096, 1ull << 48,
    1ull << 52, 1ull << 55,   ~0xfffull,
};

uint64_t random_next(struct attacker *a)
{
	uint64_t r = a->random;

	r ^= r >> 12;
	r ^= r << 25;
	r ^= r >> 27;
	a->random = r;
	return r * 0x2545f4914f6cdd1dull;
}

/* Near a page boundary, or somewhere in the page, with any alignment. */
static uint64_t offset(struct attacker *a)
{
	static const int16_t edges[] = {0, -1, -2, -4, -8, -15, -16, -64, 1, 4, 8, 0xff8, 0xffc, 0xffd, 0xfff, 0xff1};
	uint64_t r = random_next(a);

	return r & 1 ? (uint64_t)(int64_t)edges[r >> 8 & 15] : r >> 16 & 0xfff;
}

/* The attacker's own memory: destroying that would end the test, and needs no hypervisor to hold it. */
static bool is_own(uint64_t address)
{
	return address >= (uint64_t)image_start && address < (uint64_t)image_end + 0x10000;
}

static uint64_t own_frame(struct attacker *a)
{
	uint64_t r = random_next(a), aligned = r >> 32 & 3 ? ~3ull : ~0ull;

	if ((r & 3) == 0)
		return board.uart + (r >> 8 & 0xfff & aligned);
	if ((r & 3) == 1)
		return board.gicr + (r >> 8 & 0x7ffff & aligned);
	return board.gicd + (r >> 8 & 0xffff & aligned);
}

static uint64_t try_address(struct attacker *a, bool own_frames)
{
	uint64_t r = random_next(a);

	switch (r & 7) {
	case 0: return random_next(a) & ((1ull << 48) - 1);
	case 1: return random_next(a) >> (r >> 8 & 63);
	case 2: return (1ull << (12 + (r >> 8) % 36)) + offset(a);
	case 3:
	case 4:
		if (own_frames)
			return own_frame(a);
		break;
	default: break;
	}
	return interesting[(r >> 8) % ARRAY_SIZE(interesting)] + offset(a);
}

uint64_t random_address(struct attacker *a, bool own_frames)
{
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t address = try_address(a, own_frames);

		/* An access may begin up to one large offset before what it reaches. */
		if (!is_own(address) && !is_own(address + 0x8000))
			return address;
	}
	return 1ull << 47;
}

/* Immediate branches that leave the scratch page would run this guest's own code with wrong registers. */
static bool branch_is_safe(uint32_t word)
{
	int64_t offset;

	if ((word & 0x7c000000) == 0x14000000)
		offset = (int64_t)((uint64_t)word << 38) >> 36;
	else if ((word & 0xff000000) == 0x54000000 || (word & 0x7e000000) == 0x34000000)
		offset = (int64_t)((uint64_t)(word >> 5) << 45) >> 43;
	else if ((word & 0x7e000000) == 0x36000000)
		offset = (int64_t)((uint64_t)(word >> 5) << 50) >> 48;
	else
		return true;
	return offset > -2048 && offset < 2044;
}

/*
 * MSR and SYS: without its vectors and with a wrong SCTLR_EL1 (VBAR_EL1, SCTLR_EL1, and with the MMU on also TTBR0_EL1,
 * TCR_EL1, MAIR_EL1 and their extensions) the guest is lost, and only the guest. Encodings: Arm ARM D17.2.
 */
static bool sysreg_is_safe(uint32_t word, bool mmu)
{
	uint32_t op1 = word >> 16 & 7, crn = word >> 12 & 15, crm = word >> 8 & 15, op2 = word >> 5 & 7;

	if ((word & 0xfff80000) != 0xd5180000 || op1 != 0)
		return true;
	if (crn == 12 && crm == 0 && op2 == 0)
		return false;
	if (crn == 1 && crm == 0 && (op2 == 0 || op2 == 3))
		return false;
	return !mmu || !((crn == 2 && crm == 0 && op2 != 1) || (crn == 10 && (crm == 2 || crm == 3)));
}

bool word_is_safe(uint32_t word, bool mmu)
{
	/* HLT #0xf000 is a request to the emulator itself where semihosting is on. */
	if (word == 0xd45e0000)
		return false;
	/* FEAT_MOPS copies and fills in one instruction as much as a random register says, from anywhere into the
	 * image. */
	if ((word & 0x3b200c00) == 0x19000400)
		return false;
	return branch_is_safe(word) && sysreg_is_safe(word, mmu);
}

static bool overlap(uint64_t first, uint64_t last, uint64_t start, uint64_t bytes)
{
	return first < start + bytes && last >= start;
}

/*
 * The reach of a memory instruction around its base register: LDRAA goes from -4096 to 4088, only the unsigned
 * offset of LDR and STR, 12 bits of at most 16 bytes each, goes further (Arm ARM C4.1.66). What is set up again costs
 * many exits, so this is not estimated higher than needed.
 */
uint32_t word_gic_parts(uint32_t word, uint64_t base)
{
	bool unsigned_offset = (word & 0x3b000000) == 0x39000000;
	uint64_t first = base - 4096, last = base + 4096 + (unsigned_offset ? (word >> 10 & 0xfff) * 16 : 0);
	uint32_t parts = 0;

	if (!overlap(first, last, board.gicd, board.gicr + CPU_LIMIT * GICR_STRIDE - board.gicd))
		return 0;
	if (overlap(first, last, board.gicd, 4))
		parts |= GIC_DISTRIBUTOR;
	for (unsigned int cpu = 0; cpu < CPU_LIMIT; cpu++) {
		uint64_t frame = board.gicr + cpu * GICR_STRIDE;

		if (overlap(first, last, frame, 0x100) || overlap(first, last, frame + GICR_SGI_FRAME, 0x1000))
			parts |= 1u << cpu;
	}
	return parts;
}
