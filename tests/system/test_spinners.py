# SPDX-License-Identifier: Apache-2.0
"""Threads that never wait, on each CPU: what procmgr has to say of failures is heard all the same, or counted."""

import re

import pytest

from harness import Board, make_archive, system_dts

CPUS = 2
FOREVER = 100000000  # ms


def spinners(priority, ms=FOREVER):
    return "".join(f"""
        spin{cpu} {{ program = "operator"; args = "spin:{ms}"; priority = <{priority}>; runmask = <{1 << cpu}>; }};
""" for cpu in range(CPUS))


def failing(name, priority, limit, delay=10):
    return f"""
        {name} {{ program = "operator"; args = "exit:3"; priority = <{priority}>; restart = "on-failure";
                  restart-limit = <{limit}>; restart-delay = <{delay}>; }};
"""


def system(processes):
    return {"system.dts": f'/dts-v1/; / {{ compatible = "bulkhead,system"; processes {{ {processes} }}; }};'}


@pytest.mark.parametrize("priority", [10, 199])
def test_failures_are_heard_on_the_kernels_console(priority):
    """Up to the priority of what writes them, 200: none is missing, and they are in order."""
    with Board(make_archive(system(spinners(priority) + failing("bad", priority + 1, 3))), cpus=CPUS) as board:
        for restart in (1, 2, 3):
            board.expect(rf"procmgr: bad started: slot 3, start {restart}\r")
            board.expect(r"procmgr: bad ended: exit code 3\r")
            board.expect(rf"procmgr: bad: restarting in {10 << (restart - 1)} ms \(restart {restart} of 3\)\r")
        board.expect(r"procmgr: bad: restart limit reached \(3 in a row\); not restarting\r")
        assert "lines were lost" not in board.seen


def test_failures_are_heard_in_the_log_ring():
    """As it was found: spinners of the least priority, a log ring, and the operator's prompt."""
    with Board(make_archive({"system.dts": system_dts(then=spinners(10) + failing("bad", 11, 3))}), cpus=CPUS) as board:
        board.prompt()
        log = board.output_with("slog2info", r"bad: restart limit reached \(3 in a row\); not restarting$")
        assert len(re.findall(r"bad ended: exit code 3$", log, re.M)) == 4, log
        assert "lines were lost" not in log


MANY, LIMIT = 8, 9


def test_above_them_lines_wait_and_are_counted():
    """A spinner above 200 silences what writes the lines. When it rests, each line that there was is printed, or counted as
    lost; a quarter of the room is kept for failures."""
    bad = "".join(failing(f"bad{i}", 251, LIMIT, 1) for i in range(MANY))
    with Board(make_archive(system(spinners(250, 6000) + bad)), cpus=CPUS) as board:
        board.expect(r"access matrix:")
        board.expect(r"safety none, design safe state ends with a halt\r")
        seen = ""
        made = MANY * (3 * LIMIT + 3) + CPUS + 1

        def counted():
            lost = sum(int(n) for n in re.findall(r"procmgr: (\d+) lines were lost\r", seen))
            lines = re.findall(r"procmgr: (?:\w+ (?:started: slot \d+, start \d+|ended: exit code \d+)|\w+: restart(?:ing in| limit)"
                               r"[^\r\n]*|system started)\r", seen)
            return lost, len(lines)

        while sum(counted()) < made:
            board.expect(r"procmgr: [^\r\n]*\r", what=f"{made} lines; lost and seen are {counted()}")
            seen += board.seen + board.qemu.after
        board.expect_nothing(r"procmgr: ", 2)
    lost, lines = counted()
    assert lost + lines == made, (lost, lines, made)
    # So there was something to test.
    assert lost > 0, lines
