#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the device tree blob that QEMU makes for a board of this folder: boards/tree.sh BOARD FILE [CPUS [MEMORY]]
set -eu
export LC_ALL=C
conf=$(dirname "$0")/$1/board.conf
file=$2

value() {
	sed -n "s/^$1[[:blank:]]\{1,\}//p" "$conf"
}

cpus=$(value cpus)
cpus=${3:-${cpus%% *}}
memory=${4:-$(value memory)}
# If it is given a kernel, whatever file that is, QEMU is the board's firmware, and only then is PSCI in the tree of some boards.
# The second UART, for streams, is in the tree of `virt` only if something is connected.
set -- -kernel "$0" -display none -serial null -serial null
machine=
for word in $(value qemu); do
	case $word in
	CPU) word=$(value cpu) ;;
	CPUS) word=$cpus ;;
	MEMORY) word=$memory ;;
	esac
	[ "$machine" != -M ] || word=$word,dumpdtb=$file
	machine=$word
	set -- "$@" "$word"
done
exec qemu-system-aarch64 "$@" 2>/dev/null
