#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The seam of the architecture: files outside the arch folders include no header of theirs, and name no register of the
# processor or of its interrupt controller. Only three headers, the doors, may include them.
# The headers that all architectures share (kernel/include, abi/bulkhead.h) do not even use Arm's words.
#
#     tools/seam.sh FOLDER...
#
# Prints each line that breaks this, and fails if there is one. Tests and guests may name registers that they check.
set -eu
export LC_ALL=C

DOORS='^(kernel/include/arch|abi/bulkhead|qvm/arch)\.h:'
INCLUDES='^[^:]*:[0-9]+:[[:space:]]*#[[:space:]]*include[[:space:]]*["<]([^">]*/)?arch/'
NAMES='(^|[^A-Za-z0-9_])((ICC|ICH|GICD|GICR|VREG)_[A-Z0-9]|sysreg_|(frame\.|f->)x\[)'
CONTEXT='(sp|tpidr)_el0|pc [-+]= 4' # in kernel only: lib/sys, at EL0, is the architecture's

SHARED='^(kernel/include/|abi/bulkhead\.h$)'
# Parts of a name, or words. Not here: INTID, SPI, PPI, SGI, list register, group 0 and 1. They are the words for the
# model of a virtual interrupt controller that qvm, kernel and abi share (kernel/include/vgic.h says why), and ARCH_VMCR_
# and ARCH_LR_ are the names of its codec in gic/lr.h.
WORDS='esr|elr|mpidr|vttbr|ttbr[0-9]*|sctlr|mdscr|cptr|cpacr|hcr|tpidr|cnt[pv][a-z]*|gic[dr]|gicv[0-9]|psci|vmid|el[0-3]|wf[ie]'
WORDS="$WORDS|serror|pstate|[cs]psr|pl011|smmu(v[0-9])?|tlbi|isb|dsb|svc|hvc|smc|ngnre|ipa|stage.?[12]|is(en|act|pend)able[a-z]*|isactiver|x[0-9]+"
WORDS="(^|[^a-z])($WORDS)([^a-z0-9]|\$)"

[ $# -gt 0 ] || { echo "usage: $0 FOLDER..." >&2; exit 2; }
outside=$(find "$@" -type f \( -name '*.[chS]' -o -name '*.def' \) ! -path '*/arch/*' | sort)
[ -n "$outside" ] || { echo "$0: no files in $*" >&2; exit 2; }
found=$({ grep -nE '#[[:space:]]*include' /dev/null $outside | grep -E "$INCLUDES" | grep -vE "$DOORS"
	grep -nE "$NAMES" /dev/null $outside
	echo "$outside" | grep "^kernel/" | xargs -r grep -nE "$CONTEXT" /dev/null
	echo "$outside" | grep -E "$SHARED" | xargs -r grep -niE "$WORDS" /dev/null; } || true)
[ -z "$found" ] && exit
echo "The architecture is named outside its folders; move this there (docs/architecture.md, \"The rooms\"):" >&2
echo "$found" >&2
exit 1
