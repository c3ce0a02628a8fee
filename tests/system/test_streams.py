# SPDX-License-Identifier: Apache-2.0
"""Streams of bytes from the target to the host (docs/frames.md), by tests/el0/streamer.c."""

import re
import subprocess

import pexpect
import pytest

from harness import BUILD, PATIENCE, PROMPT, Board, make_archive, running_test, system_dts

# The second UART of each board.
UARTS = {"qemu-virt": "/pl011@9040000", "xlnx-versal-virt": "/uart@ff010000"}
MIB = 1 << 20


def content(count):
    return bytes((n * n >> 8 ^ n * 7) & 255 for n in range(count))


def streamer(name, *args, priority=8):
    return f"""
        {name} {{ program = "streamer"; args = {", ".join(f'"{arg}"' for arg in args)}; priority = <{priority}>;
                  connect = "devc-pl011", "slogger"; }};
"""


def description(*streamers, second=UARTS["qemu-virt"]):
    devices = f'devices = "stdout", "{second}"' if second else 'devices = "stdout"'
    return system_dts(then="".join(streamers)).replace('devices = "stdout"', devices)


def archive(*streamers, **options):
    return make_archive({"system.dts": description(*streamers, **options)})


def receive(line, folder, *options):
    done = subprocess.run([BUILD / "bulkhead", "receive", line, "--receive", folder, *options], capture_output=True, text=True,
                          timeout=120)
    return done.returncode, sorted(re.sub(f"{folder}/", "", done.stdout).splitlines()), done.stderr.splitlines()


def wait_for(board, names):
    """The last lines of streamers, which are in the log."""
    for name in names:
        board.output_with("slog2info", rf"\b{name}\b.*streamer: done")


def test_a_second_uart_carries_streams(tmp_path):
    """Two at once, one of more than a MiB, while the console answers; then one whose sender goes away, and one of a name
    that is another's."""
    line = BUILD / "logs" / f"{running_test()}.line"
    size, other = MIB + 12345, 123456
    image = archive(streamer("one", f"open:one:{size}", f"write:{size}", "close"),
                    streamer("two", "open:two:0", f"write:{other}", "close"),
                    streamer("three", "open:three:0", "write:5000", "exit"),
                    streamer("four", "open:one:0"))
    with Board(image, cpus=2, extra=("-serial", f"file:{line}")) as board:
        board.prompt()
        wait_for(board, ("one", "two", "four"))
        log = board.output_with("slog2info", r"three ended: exit code 0")
        assert re.search(r"four\b.*streamer: open:one:0: -1\b", log), log
        assert "5339" not in board.log_path.read_text(errors="replace")
    assert receive(line, tmp_path) == (65, [f"stream one: one, {size} bytes, complete", f"stream two: two, {other} bytes, complete"],
                                       [f"stream three, {tmp_path}/three: its sender went away; 5000 bytes are there"])
    assert (tmp_path / "one").read_bytes() == content(size)
    assert (tmp_path / "two").read_bytes() == content(other)
    assert (tmp_path / "three").read_bytes() == content(5000)


def test_without_a_second_uart_the_console_carries_streams(tmp_path):
    """Prompt and commands are as ever; the frames are found in what the terminal got."""
    size = 300000
    image = archive(streamer("one", "sleep:500", f"open:one:{size}", f"write:{size}", "close"), second=None)
    with Board(image, cpus=2) as board:
        board.prompt()
        board.expect(r"\x1b\]5339;[A-Za-z0-9+/=]*\x07")
        board.send("slog2info\r")
        board.expect(r"\x1b\]5339;AQMA[A-Za-z0-9+/=]*\x07", what="the frame that ends the stream")
        answered = board.seen
        wait_for(board, ("one",))
    assert receive(board.log_path, tmp_path, "--console") == (0, [f"stream one: one, {size} bytes, complete"], [])
    assert (tmp_path / "one").read_bytes() == content(size)
    assert "slog2info\r" in re.sub(r"\x1b\]5339;[A-Za-z0-9+/=]*\x07", "", answered), "no echo during the stream"


@pytest.mark.parametrize("board, second", [*UARTS.items(), ("qemu-virt", None)])
def test_run_receives_streams(board, second, tmp_path):
    """From either line, while the terminal is the console's; what is lost or broken is its exit status."""
    size = 50000
    (tmp_path / "system.dts").write_text(description(
        streamer("one", f"open:one:{size}", f"write:{size}", "close"), streamer("two", "open:two:0", "write:10", "exit"),
        second=second))
    command = ["run", str(tmp_path), "--path", str(BUILD / "tests"), "--board", board, "--cpus", "2", "--receive", f"one={tmp_path}/first"]
    (tmp_path / "all").mkdir()
    for options, status in ((["--receive", f"{tmp_path}/all"], 65), ([], 0)):
        with open(BUILD / "logs" / f"{running_test()}.log", "w", encoding="utf-8", newline="") as log:
            tool = pexpect.spawn(str(BUILD / "bulkhead"), [*command, *options], encoding="utf-8", timeout=PATIENCE, logfile=log)
            try:
                tool.expect(rf"stream one: {tmp_path}/first, {size} bytes, complete")
                tool.send("\r")
                tool.expect(PROMPT)
                tool.send("shutdown\r")
                tool.expect(pexpect.EOF)
                tool.wait()
            finally:
                tool.close(force=True)
        assert tool.exitstatus == status, tool.before
        assert (tmp_path / "first").read_bytes() == content(size)
        assert ("its sender went away" in tool.before) == (status == 65), tool.before
    assert (tmp_path / "all" / "two").read_bytes() == content(10)
