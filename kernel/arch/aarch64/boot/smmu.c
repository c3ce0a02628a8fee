/* SPDX-License-Identifier: Apache-2.0 */
/* The SMMUv3 (Arm IHI 0070): closing it at start. Firmware, or reset, may leave it letting every device through. */
#include "arch.h"
#include "arch/aarch64/boot.h"
#include "arch/aarch64/sysreg.h"

#define SMMU_CR0    0x20
#define SMMU_CR0ACK 0x24
#define SMMU_GBPA   0x44

#define GBPA_UPDATE BIT(31)
#define GBPA_ABORT  BIT(20)

/*
 * MMU off. What the SMMU does with a transaction while it is disabled is set first (6.3.14), and then it is disabled:
 * so there is no moment in which it lets anything through.
 */
void smmu_close(void)
{
	paddr_t at = board.devices[BOARD_SMMU].start;

	if (board.devices[BOARD_SMMU].bytes == 0)
		return;
	if (!cpu_wait_mmio(at + SMMU_GBPA, GBPA_UPDATE, 0))
		boot_refuse("the SMMU does not accept a change of GBPA");
	mmio_write32(at + SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT);
	if (!cpu_wait_mmio(at + SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT, GBPA_ABORT))
		boot_refuse("the SMMU does not abort DMA (GBPA)");
	mmio_write32(at + SMMU_CR0, 0);
	if (!cpu_wait_mmio(at + SMMU_CR0ACK, 0x1f, 0))
		boot_refuse("the SMMU cannot be disabled (CR0ACK)");
}
