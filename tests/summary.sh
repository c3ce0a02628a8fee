#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Adds up what the suites counted:
#   tests/summary.sh BUILD SUITE...
# A suite that left no counts did not run to its end: that is one failure.
set -u
export LC_ALL=C

build=$1
shift
passed=0
failed=0
for suite in "$@"; do
	if read -r good bad <"$build/results/$suite"; then
		passed=$((passed + good))
		failed=$((failed + bad))
	else
		echo "$suite did not run to its end"
		failed=$((failed + 1))
	fi
done 2>/dev/null
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
