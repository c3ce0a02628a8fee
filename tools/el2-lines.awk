# SPDX-License-Identifier: Apache-2.0
# Counts code lines of the kernel from the output of `cloc --by-file --csv`: for each folder, for the start (folders named
# boot), and for the rest, which is there at run time. Variables: limit and run_limit; gen, the folder of generated files, whose
# lines are counted apart; short=1: one line only. Fails above a limit, and if nothing was counted.
BEGIN { FS = "," }

$2 != "" && $5 ~ /^[0-9]+$/ {
	if (index($2, gen "/") == 1) {
		generated += $5
		next
	}
	folder = $2
	sub("/[^/]*$", "", folder)
	lines[folder] += $5
	all += $5
	if (folder ~ /\/boot$/)
		start += $5
}

END {
	if (!all) {
		print "cloc counted nothing in the kernel's files" > "/dev/stderr"
		exit 1
	}
	if (!short) {
		for (folder in lines)
			printf "%7d  %s\n", lines[folder], folder | "sort -k 2"
		close("sort -k 2")
	}
	printf "%s%d code lines of at most %d, %d of at most %d once it runs, and %d generated ones\n",
		short ? "  EL2      " : "EL2: ", all, limit, all - start, run_limit, generated
	exit !short && (all > limit || all - start > run_limit)
}
