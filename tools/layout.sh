#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lays out an ELF program as a list of segments, in assembly, for the kernel's image (the kernel itself reads no ELF).
# Its pages are mapped where they lie, so nothing else is on them:
#   tools/layout.sh READELF FILE
set -eu
readelf=$1
file=$2
cat <<HEAD
/* Made by tools/layout.sh: address, offset in the file, bytes in the file, bytes in memory, PROT_*. */
	.section .rodata
	.balign 8
	.globl procmgr_segments, procmgr_segment_count, procmgr_entry, procmgr_file, procmgr_file_end
procmgr_segments:
HEAD
"$readelf" -lW "$file" | awk '
	$1 == "LOAD" {
		if ($2 !~ /000$/ || $3 !~ /000$/) {
			print "segments must begin on pages" > "/dev/stderr"
			exit 1
		}
		prot = 0
		for (i = 7; i < NF; i++) {
			if ($i ~ /R/) prot += 1
			if ($i ~ /W/) prot += 2
			if ($i ~ /E/) prot += 4
		}
		printf "\t.quad %s, %s, %s, %s, %d\n", $3, $2, $5, $6, prot
		n++
	}
	END { if (!n) exit 1; printf "procmgr_segment_count:\n\t.quad %d\n", n }'
entry=$("$readelf" -hW "$file" | awk '/Entry point/ { print $NF }')
printf 'procmgr_entry:\n\t.quad %s\n\t.balign 4096\nprocmgr_file:\n\t.incbin "%s"\n' "$entry" "$file"
printf 'procmgr_file_end:\n\t.balign 4096\n'
