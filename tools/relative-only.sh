#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if a static, position-independent program needs more at its start than its base added to addresses:
#   tools/relative-only.sh READELF FILE
set -eu
readelf=$1
file=$2
case $("$readelf" -hW "$file") in
*'DYN ('*) ;;
*) echo "$file: it is not position-independent" >&2; exit 1 ;;
esac
found=$("$readelf" -rW "$file" | awk '/R_AARCH64_/ && $3 != "R_AARCH64_RELATIVE"')
if [ -n "$found" ]; then
	printf '%s: relocations that lib/sys/relocate.c does not know:\n%s\n' "$file" "$found" >&2
	exit 1
fi
