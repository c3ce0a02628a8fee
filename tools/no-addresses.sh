#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails if objects hold absolute addresses that a linker would have to fill in: such a program cannot be moved.
#   tools/no-addresses.sh READELF OBJECT...
set -eu

"$1" -rW "${@:2}" | awk '
	/^File: /              { file = $2 }
	/^Relocation section / { loaded = $3 !~ /debug|eh_frame/ }
	loaded && /R_AARCH64_ABS64/ { print file ": the address of " $5 " is in its data"; found = 1 }
	END { exit found }' >&2
