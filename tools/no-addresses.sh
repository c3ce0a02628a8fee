#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails if objects hold absolute addresses that a linker would have to fill in: such a program cannot be moved.
#   tools/no-addresses.sh READELF OBJECT...
# The English output of readelf is parsed; an object is refused if it says nothing about relocations.
set -eu
export LC_ALL=C
readelf=$1
shift

refuse() { echo "tools/no-addresses.sh: $1" >&2; exit 1; }

[ $# -gt 0 ] || refuse "no object is named"
for object; do
	relocations=$("$readelf" -rW "$object") || refuse "$object: $readelf -r failed"
	printf '%s\n' "$relocations" | awk -v file="$object" '
		/^There are no relocations/ { known = 1 }
		/^Relocation section /      { known = 1; loaded = $3 !~ /debug|eh_frame/ }
		loaded && /R_AARCH64_ABS64/ { print file ": the address of " $5 " is in its data"; found = 1 }
		END {
			if (!known) print file ": readelf names neither relocations nor their absence"
			exit found || !known
		}' >&2 || exit 1
done
