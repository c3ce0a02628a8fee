#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the device tree blob of the board that the tests and examples run on: boards/qemu-virt.sh FILE [CPUS [MEMORY]]
set -eu
export LC_ALL=C
exec qemu-system-aarch64 -M "virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3,dumpdtb=$1" -cpu neoverse-n1 \
	-smp "${2:-4}" -m "${3:-2G}" -nic none -display none 2>/dev/null
