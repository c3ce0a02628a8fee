# SPDX-License-Identifier: Apache-2.0
"""The operator's commands: the log, processes, interrupts, signals; and what is typed at a console."""

import os
import re
import time

import pytest

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
    return LINE.findall(board.command_output(f"slog2info {options}".strip()))


def test_the_log_is_read_by_name_and_followed():
    """A quota for each process, with what it lost; by name; cleared; followed; started again."""
    files = {"system.dts": system_dts(then=chatty(f"log:{WRITTEN}", "sleep:8000", "chatter:500"), vms=["hello"]),
             "hello.qvmconf": bare_vm("hello", "hello")}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.output_with("slog2info -b chatty", rf"info +chatty +line {WRITTEN - 1} of many")
        board.output_with("slog2info -b hello", r"info +hello ")
        board.output_with("slog2info -b procmgr", r"hello ended: exit code 0")

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
        board.output_with("slog2info -b chatty", r"chatty +line [0-9]+ of many")
        board.command_output("slog2info -c")
        assert not [line for line in log_lines(board) if line[1] != "chatty"]

        # Followed: a line comes while it waits, of that process alone; other keys do nothing; Ctrl-C ends it.
        board.send("slog2info -w -b chatty\r")
        first = int(board.expect(r"chatty +line ([0-9]+) of many").group(1))
        board.send("x\r")
        for number in range(first + 1, first + 4):
            board.expect(rf"chatty +line {number} of many\r")
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT)
        assert "procmgr" not in board.command_output("slog2info -b chatty")

        # Started again: senders find it, procmgr, too.
        board.command_output("slay -s kill slogger")
        board.output_with("slog2info", "the log ring does not answer")
        board.command_output("process start slogger")
        board.output_with("slog2info", r"procmgr +slogger started: slot [0-9]+, start 2")
        board.output_with("slog2info", r"chatty +line [0-9]+ of many")
        board.output_with("slog2info", r"slogger +log ring of [0-9]+ bytes for each process")

        # Followed across the end of it.
        board.send("slog2info -w -c\r")
        board.expect(r"chatty +line [0-9]+ of many\r")
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT)
        assert "slogger is running or starting" in board.command_output("process start slogger")
        assert "hello is a virtual machine: vm start hello" in board.command_output("process start hello")
        assert "no process 'nobody'" in board.command_output("process start nobody")
        assert "usage: process start NAME" in board.command_output("process start")


def rows(text, columns):
    """The lines of a table, without its head, cut at blanks into so many columns."""
    return [line.split(None, columns - 1) for line in text.splitlines() if re.match(r" *[0-9]", line)]


def test_pidin_shows_processes_and_interrupts():
    """Of one process, in a format, in a loop, and who has which interrupts."""
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
        board.output_with("vm list", r"^hello +stopped ")

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
        output = board.command_output("pidin -f anT -p spare")
        assert rows(output, 3) == [["4", "spare", "1"]], output
        for wrong in ("-F", "-p", "-x", "mem info", "info -p shell", "mem -F %a", "-f a -F %a", "t", "i", "nothing", "-d 5",
                      "-l -d 0", "-f " + 33 * "a"):
            assert "usage: pidin [-l]" in board.command_output(f"pidin {wrong}"), wrong

        # Words, or as much of them as is needed.
        for words, head, row in (("sched", " pid  tid name             thread name       prio mask cpu part  STATE", r"   4    1 spare .* 7r 0x03 "),
                                 ("rm", " pid  tid name             thread name      mask cpu", r"   4    1 spare .* 0x03 +\d"),
                                 ("ti", " pid name             thr    cpu time", r"   4 spare +1 +\d+ ms")):
            output = board.command_output(f"pidin {words} -p spare")
            assert output.split("\n")[0].rstrip() == head and re.search(f"^{row}", output, re.M), output

        # Again and again, until Ctrl-C; other keys make no difference.
        board.send("pidin -l -d 2 times\r")
        times = [int(board.expect(r"shell +2 +(\d+) ms").group(1)) for _ in range(4)]
        assert times == sorted(times), times
        board.send("x\r")
        board.expect(r"shell +2 +\d+ ms")
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT)

        # Attached to by the console driver, bound to a guest's, and given to who does nothing with it.
        board.output_with("vm status rtc", r"entries +[1-9]")
        found = rows(board.output_with("pidin irqs", r"rtc +bound"), 5)
        assert [row[:4] for row in found] == [["33", "level", "1", "devc-pl011"], ["39", "level", "4", "spare"],
                                              ["34", "level", "5", "rtc"]], found
        assert re.fullmatch(r"attached(, being served)?", found[0][4]), found
        assert [row[4] for row in found[1:]] == ["not attached", "bound to the guest's 41"], found
        assert [row[0] for row in rows(board.command_output("pidin irqs -p rtc"), 5)] == ["34"]
        board.command_output("slay -s kill rtc")
        board.output_with("vm list", r"^rtc +stopped ")
        assert rows(board.command_output("pidin irqs -p rtc"), 5) == [["34", "level", "5", "rtc", "not attached"]]


def test_top_and_hogs_show_who_uses_the_cpus():
    """A guest that never waits has its CPU for itself, and after `slay -C` another one; each CPU's idle time."""
    files = {"system.dts": system_dts(vms=["busy"]),
             "busy.qvmconf": bare_vm("busy", "storm", "quiet=1", cpus=("sched 5f",))}
    with Board(make_archive(files), cpus=2, single=True) as board:
        board.prompt()
        board.output_with("vm status busy", r"entries +[1-9]")
        for cpu in (1, 0):
            assert "slay:" not in board.command_output(f"slay -C {cpu} busy")
            output = board.command_output("top -b -i 2 -s 1")
            idle = re.findall(r"^CPU 0 idle (\S+)%, CPU 1 idle (\S+)%$", output, re.M)
            assert len(idle) == 2 and all(float(one[cpu]) < 10 and float(one[not cpu]) > 60 for one in idle), output
            tops = re.split(r"^5 processes, \d+ threads, in \d+\.\d{3} s\n.*\n.* CPU time +share$", output, flags=re.M)[1:]
            assert len(tops) == 2, output
            for top in tops:
                found = rows(top, 10)
                slot, _, name, thread, prio, _, where, ms, _, share = found[0]
                assert (slot, name, thread, prio, int(where)) == ("4", "busy", "vcpu0", "5f", cpu), output
                assert int(ms) > 800 and 40 < float(share[:-1]) <= 50.5, output
                times = [int(row[7]) for row in found]
                assert times == sorted(times, reverse=True) and "shell" in [row[2] for row in found], output

        output = board.command_output("hogs -i 1 -s 1")
        found = {(row[0], row[1]): row[2:] for row in rows(output, 7)}
        ms, part, share, ram, _ = found["4", "busy"]
        assert int(ms) > 800 and 40 <= int(part[:-1]) <= 60 and 80 < int(share[:-1]), output
        assert int(found["1", "[idle]"][2][:-1]) > 60 and ram.endswith("k"), output

        # Until Ctrl-C, in the same place.
        board.send("top -s 1\r")
        for _ in range(2):
            board.expect(r"\x1b\[H\x1b\[J5 processes")
        board.send("\x03")
        board.expect(r"\^C\r*\n" + PROMPT)
        for wrong in ("top -i", "top -i 0", "top -s x", "top 5", "hogs -b", "hogs -s 0"):
            assert f"usage: {wrong.split()[0]} [" in board.command_output(wrong), wrong


PASTE = 65536
LONG = 250  # seconds for so many characters on a slow machine


def paste(board, text):
    """Types more than the terminal holds at once: what comes meanwhile is read."""
    at, end = 0, time.monotonic() + LONG
    os.set_blocking(board.qemu.child_fd, False)
    try:
        while at < len(text) and time.monotonic() < end:
            try:
                at += os.write(board.qemu.child_fd, text[at:at + 4096])
            except BlockingIOError:
                time.sleep(0.01)
    finally:
        os.set_blocking(board.qemu.child_fd, True)
    assert at == len(text), f"only {at} of {len(text)} characters could be typed"


def sum_of(text):
    total = 0
    for byte in text:
        total = (total * 31 + byte) % 1000003
    return total


def printable(count):
    """Characters with no period that is a power of two, so that what is lost is seen; none of them Ctrl-]."""
    return bytes(0x21 + (at * 7 + at // 89) % 94 for at in range(count))


def paste_guest(name, cmdline):
    return bare_vm(name, "paste", cmdline, cpus=("sched 10",))


@pytest.mark.limit(900)
def test_a_paste_loses_nothing():
    """64 KiB typed at once into a guest that begins late, and twice into one that reads in pieces: nothing is lost."""
    files = {"system.dts": system_dts(vms=["late", "slow"]), "late.qvmconf": paste_guest("late", f"bytes={PASTE} deaf=3"),
             "slow.qvmconf": paste_guest("slow", f"bytes={PASTE} pause=10")}
    text = printable(PASTE)
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        for name, turns in (("late", [text]), ("slow", [text, text[::-1]])):
            board.open_console(name)
            board.expect("paste: ready")
            for turn in turns:
                paste(board, turn)
                board.expect(rf"paste: {PASTE} bytes, sum {sum_of(turn)}\r", LONG)
            board.leave_console()


@pytest.mark.limit(900)
@pytest.mark.parametrize("reads", ["nothing", "little"])
def test_a_paste_into_the_deaf_keeps_nobody(reads):
    """A guest that never reads, or two characters a second, does not keep the operator, nor another guest: after a while it
    is said what is lost."""
    how = "deaf=100000" if reads == "nothing" else "bytes=1000000 each=1 pause=500"
    files = {"system.dts": system_dts(vms=["deaf", "other"]), "deaf.qvmconf": paste_guest("deaf", how),
             "other.qvmconf": paste_guest("other", "bytes=4000")}
    text = printable(PASTE)
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.open_console("deaf")
        board.expect("paste: ready")
        paste(board, text)
        board.expect(r"\[deaf reads too slowly: what is typed is lost; Ctrl-\] leaves\]\r+\n", LONG)
        board.send("\x1d")
        lost = int(board.expect(r"\[deaf: ([0-9]+) typed characters were lost\]\r+\n", LONG).group(1))
        board.expect(PROMPT)
        # The rest is in the console's ring, the guest's FIFO and on the way between them.
        assert PASTE - 4096 - 1024 < lost < PASTE - 4096, lost
        assert "deaf" in board.command_output("vm list")
        board.open_console("other")
        board.expect("paste: ready")
        paste(board, text[:4000])
        board.expect(rf"paste: 4000 bytes, sum {sum_of(text[:4000])}\r")
        board.leave_console()
        if reads == "little":
            return
        # Into its full ring not one more fits, and that is said anew.
        board.open_console("deaf")
        board.send("x")
        board.expect(r"\[deaf reads too slowly: what is typed is lost; Ctrl-\] leaves\]\r+\n")
        board.send("\x1d")
        board.expect(r"\[deaf: [0-9]+ typed characters were lost\]\r+\n")
        board.expect(PROMPT)


def test_a_line_has_4096_characters_at_most():
    """4096 characters are a line, for the shell and for a guest; one more is not taken."""
    name = printable(4096 - len("help ")).decode().replace('"', "'")
    files = {"system.dts": system_dts(vms=["guest"]), "guest.qvmconf": bare_vm("guest", "paste", "bytes=4097")}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        for more in ("", "!"):
            paste(board, f"help {name}{more}\r".encode())
            said = board.expect(r"help: there is no command '([^\r\n]*)'\r+\n").group(1)
            assert said == name
            board.expect(PROMPT)
        board.open_console("guest")
        board.expect("paste: ready")
        line = printable(4096) + b"\r"
        paste(board, line)
        board.expect(rf"paste: 4097 bytes, sum {sum_of(line)}\r")
        board.leave_console()


def test_answers_of_the_terminal_are_no_keys():
    """What a guest asked the terminal for, and is answered when the operator has left, is no key for the shell."""
    files = {"system.dts": system_dts(vms=["guest"]), "guest.qvmconf": bare_vm("guest", "paste", "ask=1")}
    answers = ("\x1b[?64;1;2;6;9;15;18;21;22c", "\x1b[>41;379;0c", "\x1b[24;80R", "\x1b[0n",
               "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1bP1$r0m\x1b\\", "\x1b[M !!", "\x1b[<0;1;1M")
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.open_console("guest")
        board.expect("paste: asked")
        board.leave_console()
        for answer in (*answers, "".join(answers)):
            board.send("upt" + answer + "ime\r")
            seen = board.expect(r"upt([^\r\n]*)\r+\nup [0-9]+ days, [0-9:.]+\r+\n" + PROMPT).group(1)
            assert seen == "ime", (answer, seen)
        # To the guest, which asked, they go as they are.
        board.open_console("guest")
        board.send(answers[2])
        board.expect(rf"paste: 1 bytes, sum {ord('R')}\r")
        board.leave_console()
