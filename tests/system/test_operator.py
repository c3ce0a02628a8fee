# SPDX-License-Identifier: Apache-2.0
"""The operator's commands: the log, processes, interrupts, signals; and what is typed at a console."""

import re

from harness import PROMPT, Board, bare_vm, make_archive, system_dts

WRITTEN = 3000
LINE = re.compile(r"^ *[0-9]+\.[0-9]{3} ([a-z]+) +([a-z0-9-]+) +(.*)$", re.M)


def chatty(*orders):
    """A process that writes into the log."""
    args = ", ".join(f'"{order}"' for order in orders)
    return f"""
        chatty {{ program = "operator"; args = {args}; priority = <9>; abilities = "log"; connect = "slogger"; }};
"""


def log_lines(board, options=""):
    """What `slog2info` prints: severity, process, text."""
    return LINE.findall(board.command_output(f"slog2info {options}".strip(), 60))


def test_log():
    """A quota for each process, with what it lost; by name; cleared; followed; started again."""
    files = {"system.dts": system_dts(then=chatty(f"log:{WRITTEN}", "sleep:8000", "chatter:500"), vms=["hello"]),
             "hello.qvmconf": bare_vm("hello", "hello")}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.output_with("slog2info -b chatty", rf"info +chatty +line {WRITTEN - 1} of many", 60)
        board.output_with("slog2info -b hello", r"info +hello ", 60)

        # Its own old lines made room, which is counted; those of others are all there.
        lines = log_lines(board)
        own = [text for severity, name, text in lines if name == "chatty" and severity == "info"]
        lost = [int(re.fullmatch(r"([0-9]+) lines before this one", text).group(1)) for severity, _, text in lines
                if severity == "lost"]
        assert len(lost) == 1 and lost[0] + len(own) >= WRITTEN, (lost, len(own))
        assert own[0] == f"line {lost[0]} of many" and len(own) > 200, own[0]
        assert ("info", "procmgr", "devc-pl011 started: slot 1, start 1") in lines
        assert ("info", "procmgr", "system started") in lines
        assert any(name == "slogger" for _, name, _ in lines)

        assert {name for _, name, _ in log_lines(board, "-b procmgr")} == {"procmgr"}
        assert {name for _, name, _ in log_lines(board, "-b chatty")} == {"chatty"}
        assert "the log has no line of nobody\n" in board.command_output("slog2info -b nobody")
        assert "the log has no line of nobody\n" in board.command_output("slog2info -c -b nobody")
        for wrong in ("-b", "-x", "chatty", "-b " + 32 * "x"):
            assert "usage: slog2info" in board.command_output(f"slog2info {wrong}"), wrong

        # Cleared: of one, of all. What it lost is forgotten with it.
        assert not LINE.search(board.command_output("slog2info -c -b chatty"))
        lines = log_lines(board)
        assert ("info", "procmgr", "system started") in lines
        assert not [line for line in lines if line[0] == "lost"]
        board.output_with("slog2info -b chatty", r"chatty +line [0-9]+ of many", 30)
        board.command_output("slog2info -c")
        assert not [line for line in log_lines(board) if line[1] != "chatty"]

        # Followed: a line comes while it waits, of that process alone; other keys do nothing; Ctrl-C ends it.
        board.send("slog2info -w -b chatty\r")
        first = int(board.expect(r"chatty +line ([0-9]+) of many", 20).group(1))
        board.send("x\r")
        for number in range(first + 1, first + 4):
            board.expect(rf"chatty +line {number} of many\r", 20)
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT, 20)
        assert "procmgr" not in board.command_output("slog2info -b chatty")

        # Started again: senders find it, procmgr, too.
        board.command_output("slay -s kill slogger")
        board.output_with("slog2info", "the log ring does not answer", 20)
        board.command_output("process start slogger")
        board.output_with("slog2info", r"procmgr +slogger started: slot [0-9]+, start 2", 20)
        board.output_with("slog2info", r"chatty +line [0-9]+ of many", 20)
        board.output_with("slog2info", r"slogger +log ring of [0-9]+ bytes for each process", 20)

        # Followed across the end of it.
        board.send("slog2info -w -c\r")
        board.expect(r"chatty +line [0-9]+ of many\r", 20)
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT, 20)
        assert "slogger is running, or about to" in board.command_output("process start slogger")
        assert "hello is a virtual machine: vm start hello" in board.command_output("process start hello")
        assert "no process 'nobody'" in board.command_output("process start nobody")
        assert "usage: process start NAME" in board.command_output("process start")


def rows(text, columns):
    """The lines of a table, without its head, cut at blanks into so many columns."""
    return [line.split(None, columns - 1) for line in text.splitlines() if re.match(r" *[0-9]", line)]


def test_pidin():
    """Of one process, in a format, and who has which interrupts."""
    spare = """
        spare { program = "operator"; args = "sleep:1"; priority = <7>; devices = "/pl061@9030000"; };
"""
    vm = ("rtc", 'devices = "/pl031@9010000";')
    more = "pass loc mem:0x9010000,0x1000,rwn\npass intr gic:41=34"
    files = {"system.dts": system_dts(then=spare, vms=[vm, "hello"]),
             "rtc.qvmconf": bare_vm("rtc", "ticks", "seconds=600", more=more),
             "hello.qvmconf": bare_vm("hello", "hello")}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.output_with("vm list", r"^hello +stopped ", 60)

        # By name and by slot; what does not run has no row; what does not exist is told.
        short = rows(board.command_output("pidin -p shell"), 6)
        assert len(short) >= 2 and {(row[0], row[2]) for row in short} == {("3", "shell")}, short
        assert [row[1] for row in short] == [str(tid) for tid in range(1, len(short) + 1)]
        assert rows(board.command_output("pidin -p 3"), 6)[0][2] == "shell"
        assert {row[0] for row in rows(board.command_output("pidin threads -p rtc"), 4)} == {"5"}
        assert [row[1] for row in rows(board.command_output("pidin mem -p spare"), 3)] == ["spare"]
        assert rows(board.command_output("pidin -p hello"), 2) == []
        assert "there is no process 'nobody'" in board.command_output("pidin -p nobody")

        # A format with nothing of a thread has a row for each process.
        output = board.command_output('pidin -F "%a %n %T"')
        assert re.match(r" pid name             thr\n", output), output
        assert [row[:2] for row in rows(output, 3)] == [["0", "procmgr"], ["1", "devc-pl011"], ["2", "slogger"], ["3", "shell"],
                                                        ["4", "spare"], ["5", "rtc"]], output
        output = board.command_output('pidin -p spare -F "%N=%p<%J>%2i %%"')
        assert re.search(r"^spare +=   7r<(RECEIVE|SYNC|READY) +>0x03 %$", output, re.M), output
        assert "%z is unknown; known:\n  %a  process" in board.command_output("pidin -F %a%z")
        assert "a quotation mark is not closed" in board.command_output('pidin -F "%a %b')
        for wrong in ("-F", "-p", "-x", "mem info", "info -p shell", "mem -F %a"):
            assert "usage: pidin [-p NAME|SLOT]" in board.command_output(f"pidin {wrong}"), wrong

        # Attached to by the console driver, bound to a guest's, and given to who does nothing with it.
        board.output_with("vm status rtc", r"entries +[1-9]", 30)
        found = rows(board.output_with("pidin irqs", r"rtc +bound", 30), 5)
        assert [row[:4] for row in found] == [["33", "level", "1", "devc-pl011"], ["39", "level", "4", "spare"],
                                              ["34", "level", "5", "rtc"]], found
        assert re.fullmatch(r"attached(, being served)?", found[0][4]), found
        assert [row[4] for row in found[1:]] == ["not attached", "bound to the guest's 41"], found
        assert [row[0] for row in rows(board.command_output("pidin irqs -p rtc"), 5)] == ["34"]
        board.command_output("slay -s kill rtc")
        board.output_with("vm list", r"^rtc +stopped ", 20)
        assert rows(board.command_output("pidin irqs -p rtc"), 5) == [["34", "level", "5", "rtc", "not attached"]]
