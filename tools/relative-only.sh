#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if a static, position-independent program needs more at its start than its base added to addresses:
#   tools/relative-only.sh READELF FILE
# What readelf says is read by its English words; a program of which one of them is not found is refused.
set -eu
export LC_ALL=C
readelf=$1
file=$2

refuse() { echo "tools/relative-only.sh: $file: $1" >&2; exit 1; }

header=$("$readelf" -hW "$file") || refuse "$readelf -h failed"
case $header in
*'DYN ('*) ;;
*) refuse "it is not position-independent" ;;
esac
relocations=$("$readelf" -rW "$file") || refuse "$readelf -r failed"
case $relocations in
*'Relocation section '* | *'There are no relocations'*) ;;
*) refuse "$readelf names neither relocations nor their absence" ;;
esac
found=$(printf '%s\n' "$relocations" | awk '/R_AARCH64_/ && $3 != "R_AARCH64_RELATIVE"')
[ -z "$found" ] || refuse "relocations that lib/sys/relocate.c does not know:
$found"
