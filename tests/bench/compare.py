# SPDX-License-Identifier: Apache-2.0
"""Compares measured rows with the record, with each other, and with what must hold. Knows nothing of QEMU."""

from rows import NOT_OURS

GROWTH = 0.02  # a row may grow by this much without the record being changed
SPREAD = 0.03  # and may differ by this much between numbers of CPUs and VMs

HOW_TO_RECORD = """If it has to be: `make bench-record` writes the new counts into tests/bench/record.json. Commit that with the change that
causes it, and say in the commit message why the path became longer."""


def change(before, after):
    return f"{before} to {after} ({(after - before) / before:+.1%})"


def with_record(record, versions, medians):
    """Returns whether the rows pass, and lines that say why. `medians`: row id -> instructions."""
    recorded = record["versions"]
    if recorded != versions:
        different = [f"{key} was {recorded.get(key)!r}, is {versions.get(key)!r}"
                     for key in sorted({*recorded, *versions}) if recorded.get(key) != versions.get(key)]
        return True, ["not comparable: " + "; ".join(different)]
    good, lines = True, []
    for row, before in record["medians"].items():
        after = medians.get(row)
        if after is None:
            good = False
            lines.append(f"{row}: in the record, but not measured")
        elif after > before * (1 + GROWTH):
            good = False
            lines.append(f"{row}: grew from {change(before, after)}")
        elif after < before * (1 - GROWTH):
            lines.append(f"{row}: shrank from {change(before, after)}: `make bench-record` keeps it there")
    lines += [f"{row}: not in the record: `make bench-record` adds it" for row in medians if row not in record["medians"]]
    if not good:
        lines.append(HOW_TO_RECORD)
    return good, lines


def spread(runs):
    """`runs`: name of a configuration -> row id -> median. Returns row id -> (least, where, most, where, good)."""
    result = {}
    for row in dict.fromkeys(row for medians in runs.values() for row in medians):
        seen = [(medians[row], name) for name, medians in runs.items() if row in medians]
        (least, least_at), (most, most_at) = min(seen), max(seen)
        result[row] = (least, least_at, most, most_at, most <= least * (1 + SPREAD))
    return result


def verdict(row, median, other=None, margin=None):
    """PASS or FAIL against what must hold, on the first CPU model and relative to it on the other; '' without one."""
    if row.must is None:
        return ""
    if median is None:
        return "none is" if row.id in NOT_OURS else "FAIL: not measured"
    if median > row.must:
        return "FAIL"
    if other is not None and other > median * margin:
        return "FAIL on the other CPU"
    return "PASS"
