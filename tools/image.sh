#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the boot archive of a system directory with what this tree has built:
#   tools/image.sh DIR ARCHIVE [OPTION]...   options of `bulkhead image`
# It contains all processes, and the guests' images and test programs that the directory's files name. It is
# signed with KEY; if the directory has a file `certified`, that is the list of the certified components.
set -eu
export LC_ALL=C
shopt -s nullglob

top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}
system=$1
archive=$2
shift 2

files=()
for file in "$build"/bin/*; do
	# procmgr is part of the kernel's Image.
	[ "$(basename "$file")" = procmgr ] || files+=(-f "$file")
done
for file in "$build"/vdevs/vdev-*.so; do
	# The certified variants are for those who name them: with -f, or in the directory.
	[ "${file%-safety.so}" = "$file" ] && files+=(-f "$file")
done
for file in "$build"/guests/*.elf "$build"/guests/*.img "$build"/guests/Image "$build"/guests/initramfs.cpio.gz \
	"$build"/guests/u-boot.bin "$build"/tests/*; do
	if [ -f "$file" ] && grep -qwF -- "$(basename "$file")" "$system"/*.dts "$system"/*.qvmconf /dev/null; then
		files+=(-f "$file")
	fi
done
mkdir -p "$(dirname "$archive")"
# Device trees of guests, for `fdt load`.
for source in "$system"/*.dts; do
	tree=$archive.$(basename "$source" .dts).dtb
	[ "$(basename "$source")" = system.dts ] || dtc -q -o "$tree" "$source"
	[ ! -f "$tree" ] || files+=(-f "$tree=$(basename "$source" .dts).dtb")
done
if [ -f "$system/certified" ]; then
	files+=(--certified "$system/certified")
fi
exec "$build/bulkhead" image "$system" "${files[@]}" --readonly "$build/kernel/Image.readonly" \
	--key "${KEY:-$build/keys/development.key}" "$@" -o "$archive"
