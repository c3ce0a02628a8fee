# SPDX-License-Identifier: Apache-2.0
"""Whose a name is, is fixed before anything starts: a subverted server gets no other's, whatever state that one is in."""

import re

from harness import PROMPT, Board, bare_vm, make_archive, refused, system_dts

EPERM, ESRCH = -1, -3


def system(processes):
    return f'/dts-v1/; / {{ compatible = "bulkhead,system"; processes {{ {processes} }}; }};'


# The thief is slot 1, the server slot 2. The server fails again and again; the client asks all the time who it is.
RESTARTED = system("""
    thief { program = "operator"; args = "take:console", "take:late", "sleep:20", "again"; abilities = "public", "log"; };
    server { program = "operator"; args = "take:console", "sleep:300", "exit:3"; abilities = "public", "log";
             serves = "console"; restart = "on-failure"; restart-limit = <3>; restart-delay = <500>; };
    client { program = "operator"; args = "open:console", "open:late", "sleep:20", "again"; abilities = "log"; };
    late { program = "operator"; args = "sleep:3000", "take:late", "never"; abilities = "public", "log"; };
""")


def test_a_name_of_another_is_never_free():
    """Not before its server starts, not while that runs, is restarted, or has gone for good, nor before it takes it."""
    with Board(make_archive({"system.dts": RESTARTED}), cpus=2) as board:
        board.expect(r"slot 1  serves: thief\r")
        board.expect(r"slot 2  serves: server console\r")
        # procmgr's lines come in pieces, with others between them; those of a process are whole.
        seen = ""

        def until(line):
            nonlocal seen
            board.expect(line)
            seen += board.seen + board.qemu.after

        for _ in range(4):
            until(r"operator: take console: 0\r")
        until(rf"operator: open console: {ESRCH}\r")
        until(r"operator: open late: 4\r")
        for _ in range(3):
            until(r"operator: take console: -?\d+\r")
            until(r"operator: open console: -?\d+\r")
            until(r"operator: take late: -?\d+\r")
    taken = [int(n) for n in re.findall(r"operator: take console: (-?\d+)\r", seen)]
    opened = [int(n) for n in re.findall(r"operator: open console: (-?\d+)\r", seen)]
    late = [int(n) for n in re.findall(r"operator: take late: (-?\d+)\r", seen)]
    # The server's own are the only ones that succeed: once in each life.
    assert set(taken) == {0, EPERM} and taken.count(0) == 4, taken
    assert set(opened) == {2, ESRCH}, opened
    assert set(late) == {0, EPERM} and late.count(0) == 1, late
    assert opened[-1] == ESRCH and taken[-1] == EPERM


THIEF = """
    thief { program = "operator"; args = "take:console", "take:slogger", "take:shmem", "take:hello", "sleep:100", "again";
            abilities = "public", "log"; };
"""


def test_the_console_is_not_the_thiefs():
    """The real one's clients may all connect to the thief, and go to it neither while that lives nor afterwards."""
    dts = system_dts(first=THIEF, vms=(("hello", ""),)).replace('connect = "devc-pl011", "slogger"',
                                                                'connect = "devc-pl011", "slogger", "thief"')
    with Board(make_archive({"system.dts": dts, "hello.qvmconf": bare_vm("hello", "hello")}), cpus=2) as board:
        board.expect(r"slot 1  serves: thief\r")
        board.expect(r"slot 2  serves: devc-pl011 console\r")
        board.prompt()
        board.open_console("hello")
        board.expect("hello: done")
        board.leave_console()
        board.output_with("slog2info", r'thief may not serve the name "console": it belongs to devc-pl011$')
        board.send("slay -s KILL devc-pl011\r")
        for _ in range(3):
            for name in ("console", "slogger", "shmem", "hello"):
                board.expect(rf"operator: take {name}: {EPERM}\r")
                if PROMPT in board.seen:
                    board.fail("somebody serves the shell")


def test_two_claims_of_a_name_are_refused():
    """Refused by the target as by the host tool, before anything starts."""
    two = system("""
        one { program = "operator"; abilities = "public"; serves = "disk", "console"; };
        two { program = "operator"; abilities = "public"; serves = "console"; };
    """)
    refused(make_archive({"system.dts": two}, options=["--no-check"]),
            r'\[system\.dtb\] /processes/two: it serves "console", which belongs to /processes/one already; each name has '
            r"one process, so remove it from one of the two\r")
