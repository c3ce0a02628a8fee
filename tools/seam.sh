#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The seam of the architecture: files outside the arch folders include no header of theirs, and name no register of the
# processor or of its interrupt controller. Only three headers, the doors, may include them.
#
#     tools/seam.sh FOLDER...
#
# Prints each line that breaks this, and fails if there is one. Tests and guests may name registers that they check.
set -eu
export LC_ALL=C

DOORS='^(kernel/include/arch|abi/bulkhead|qvm/arch)\.h:'
INCLUDES='^[^:]*:[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*["<]([^">]*/)?arch/'
NAMES='(^|[^A-Za-z0-9_])((ICC|ICH|GICD|GICR|VREG)_[A-Z0-9]|sysreg_)'

[ $# -gt 0 ] || { echo "usage: $0 FOLDER..." >&2; exit 2; }
outside=$(find "$@" -type f \( -name '*.[chS]' -o -name '*.def' \) ! -path '*/arch/*' | sort)
[ -n "$outside" ] || { echo "$0: no files in $*" >&2; exit 2; }
found=$({ grep -nE '#[[:space:]]*include' /dev/null $outside | grep -E "$INCLUDES" | grep -vE "$DOORS"
	grep -nE "$NAMES" /dev/null $outside; } || true)
[ -z "$found" ] && exit
echo "The architecture is named outside its folders; move this there (docs/architecture.md, \"The rooms\"):" >&2
echo "$found" >&2
exit 1
