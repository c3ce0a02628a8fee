# SPDX-License-Identifier: Apache-2.0
"""examples/hello: a bare-metal guest that measures what leaving it costs."""

import re

import pytest

from harness import Board, make_archive

ROWS = ("HVC to qvm and back", "MMIO read handled in qvm", "SGI to self", "virtual timer expiry to the vector")
# The counter then counts instructions on any CPU model.
COUNTING = "neoverse-n1,cntfrq=1000000000"


def rows(last, **board_options):
    """What the guest prints up to its line `last`: row -> (min, median, max, unit)."""
    with Board(make_archive("hello"), **board_options) as board:
        board.prompt()
        board.open_console("hello")
        board.expect(r"hello: virtual CPU 0 is up", 60)
        board.expect(f"hello: {last}", 120)
        text = board.seen
        if "FAILED" in text:
            board.fail("the guest says FAILED")
    found = re.findall(r"hello: ([^:\r\n]+): min (\d+) median (\d+) max (\d+) ([^\r\n]+)", text)
    return {name: (int(low), int(median), int(high), unit.strip()) for name, low, median, high, unit in found}


def test_all_rows():
    seen = rows("done", cpus=2)
    assert set(ROWS) <= set(seen), f"missing: {set(ROWS) - set(seen)}"
    for name, (low, median, high, _unit) in seen.items():
        assert 0 < low <= median <= high, f"{name}: {low} {median} {high}"


@pytest.mark.limit(300)
def test_instructions_repeat():
    """On a machine that counts instructions two runs cost the same. What is typed to open the console comes at another
    time in each run, so it is the least and the median that must be equal."""
    first, second = (rows("virtual CPU 1 is up", cpus=1, cpu=COUNTING, icount=True) for _ in range(2))
    assert set(ROWS) <= set(first), f"missing: {set(ROWS) - set(first)}"
    assert all(row[3] == "instructions" for row in first.values()), f"not counted in instructions: {first}"
    for name in ROWS:
        assert first[name][:2] == second[name][:2], f"{name}: {first[name]} and {second[name]}"
