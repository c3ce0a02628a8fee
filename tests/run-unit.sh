#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs unit tests and counts their cases:
#   tests/run-unit.sh BUILD PROGRAM...
# A program that ends with an error although all its cases passed (a sanitizer's report, a crash) is one failure more.
# The counts go into BUILD/results/unit, for tests/summary.sh.
set -u
export LC_ALL=C

export BUILD=$1 # some tests read files that were built
build=$1
shift
mkdir -p "$build/logs" "$build/results"
passed=0
failed=0
for program in "$@"; do
	log=$build/logs/$(basename "$program").log
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$program" >"$log" 2>&1
	status=$?
	good=$(grep -cE '^ok [0-9]+' "$log")
	# cmocka calls what was skipped "not ok", too.
	bad=$(grep -E '^not ok [0-9]+' "$log" | grep -cv '# SKIP')
	skipped=$(grep -cE '^not ok [0-9]+ # SKIP' "$log")
	if [ "$((good + bad + skipped))" -eq 0 ] && [ "$status" -eq 0 ]; then
		echo "$program ran no test case"
		bad=1
	elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	fi
	if [ "$bad" -ne 0 ]; then
		echo "FAILED: $program (exit status $status); the end of $log:"
		tail -n 40 "$log"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
done
if [ "$((passed + failed))" -eq 0 ]; then
	echo "there is no unit test"
	failed=1
fi
echo "$passed $failed" >"$build/results/unit"
echo "unit: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
