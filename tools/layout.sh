#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lays out an ELF program as a list of segments, in assembly, for the kernel's image (the kernel itself reads no ELF).
# Its pages are mapped where they lie, so it shares none with other data:
#   tools/layout.sh READELF FILE
# The English output of readelf is parsed; a program is refused if a word is not found.
set -eu
export LC_ALL=C
readelf=$1
file=$2

refuse() { echo "tools/layout.sh: $file: $1" >&2; exit 1; }

header=$("$readelf" -hW "$file") || refuse "$readelf -h failed"
entry=$(printf '%s\n' "$header" | sed -n 's/^ *Entry point address: *\(0x[0-9a-f]\{1,16\}\)$/\1/p')
[ -n "$entry" ] || refuse "$readelf names no entry point"

headers=$("$readelf" -lW "$file") || refuse "$readelf -l failed"
segments=$(printf '%s\n' "$headers" | awk '
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
	END { if (n) printf "procmgr_segment_count:\n\t.quad %d", n }') || refuse "it cannot be laid out"
[ -n "$segments" ] || refuse "$readelf names no segment to load"

cat <<TEXT
/* Made by tools/layout.sh: address, offset in the file, bytes in the file, bytes in memory, PROT_*. */
	.section .rodata
	.balign 8
	.globl procmgr_segments, procmgr_segment_count, procmgr_entry, procmgr_file
procmgr_segments:
$segments
procmgr_entry:
	.quad $entry
	.balign 4096
procmgr_file:
	.incbin "$file"
	.balign 4096
TEXT
