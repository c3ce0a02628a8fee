#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if a static, position-independent program has relocations other than adding its base:
#   tools/relative-only.sh READELF FILE
# The English output of readelf is parsed; a program is refused if a word is not found.
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
