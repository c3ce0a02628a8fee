# SPDX-License-Identifier: Apache-2.0
"""`bulkhead receive`: streams out of frames (docs/frames.md), which are made here independently of lib/frame.c."""
import base64
import os
import pathlib
import pty
import random
import re
import signal
import struct
import subprocess
import time
import zlib

import pytest
import run

OPEN, DATA, END, BROKEN = 1, 2, 3, 4
CONTENT = random.Random(1).randbytes(5000) + bytes(5000) + b"text" * 1000


def raw(kind, stream, sequence, offset, data=b"", version=1):
    head = struct.pack("<BBHIQH", version, kind, stream, sequence, offset, len(data)) + data
    return head + struct.pack("<I", zlib.crc32(head))


def binary(frame):
    """COBS between zeros."""
    line = b""
    for block in frame.split(b"\0"):
        while len(block) >= 254:
            line, block = line + b"\xff" + block[:254], block[254:]
        line += bytes([len(block) + 1]) + block
    return b"\0" + line + b"\0"


def text(frame):
    return b"\x1b]5339;" + base64.b64encode(frame) + b"\a"


FORMS = {binary: [], text: ["--console"]}


def stream(name, content, number=0, expected=0, piece=512, end=END):
    """The frames of a whole stream."""
    parts = range(0, len(content), piece)
    return [raw(OPEN, number, 0, expected, name.encode()),
            *(raw(DATA, number, 1 + i, at, content[at:at + piece]) for i, at in enumerate(parts)),
            raw(end, number, 1 + len(parts), len(content))]


def receive(folder, line, *options):
    (folder / "line").write_bytes(line)
    return subprocess.run([run.TOOL, "receive", "line", *options], cwd=folder, capture_output=True, timeout=120, text=True)


def said(done):
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.parametrize("form", FORMS)
def test_streams_become_files(form, tmp_path):
    """Mixed with one another and, on the console, with text; the second one of a name has a file of its own."""
    frames = [frame for pair in zip(stream("trace", CONTENT), stream("dump.1", CONTENT[::-1], 1)) for frame in pair]
    frames += stream("trace", b"more", 2, piece=1)
    between = b"" if form == binary else b"linux1: \x1b[1mtext\x1b[0m\r\n"
    done = receive(tmp_path, between.join(map(form, frames)), *FORMS[form])
    assert said(done) == (0, [f"stream trace: ./trace, {len(CONTENT)} bytes, complete",
                              f"stream dump.1: ./dump.1, {len(CONTENT)} bytes, complete",
                              "stream trace: ./trace.2, 4 bytes, complete"], [])
    assert (tmp_path / "trace").read_bytes() == CONTENT
    assert (tmp_path / "dump.1").read_bytes() == CONTENT[::-1]
    assert (tmp_path / "trace.2").read_bytes() == b"more"


def test_files_are_where_they_are_wanted(tmp_path):
    (tmp_path / "more").mkdir()
    line = b"".join(map(binary, [*stream("a", b"1"), *stream("b", b"2", 1), *stream("a", b"3", 2)]))
    assert receive(tmp_path, line, "--receive", "a=x.bin", "--receive", "more").returncode == 0
    assert {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.name != "line"} == {
        "x.bin": b"1", "more/b": b"2", "x.bin.2": b"3"}
    assert said(receive(tmp_path, line, "--receive", "b=y", "--receive", "c=z")) == (
        65, ["stream a: dropped, as no --receive names it", "stream b: y, 1 bytes, complete",
             "stream a: dropped, as no --receive names it"], ["--receive c=z: no such stream came"])


@pytest.mark.parametrize("form", FORMS)
def test_what_is_lost_is_told_and_zero(form, tmp_path):
    """A frame that is damaged in any place, frames that are missing, in the middle and before the end."""
    frames = [bytearray(form(frame)) for frame in stream("trace", CONTENT)]
    frames[3][200] ^= 4
    del frames[-2], frames[10:12]
    done = receive(tmp_path, b"".join(frames), *FORMS[form])
    rest = len(CONTENT) % 512
    assert said(done) == (65, [], [
        f"stream trace, ./trace: 4 frames were lost, {3 * 512 + rest} bytes are missing (zeros in the file); "
        f"{len(CONTENT) - 3 * 512 - rest} bytes are there", "1 frame was damaged and dropped"])
    wanted = bytearray(CONTENT)
    for at, size in ((2 * 512, 512), (9 * 512, 1024), (len(CONTENT) - rest, rest)):
        wanted[at:at + size] = bytes(size)
    assert (tmp_path / "trace").read_bytes() == wanted


def test_each_damaged_byte_is_noticed(tmp_path):
    """Whatever byte is changed or lost, the exit status says it, and a stream that is called complete is right."""
    line = b"".join(map(binary, stream("t", b"one\0two", piece=4)))
    for at in range(1, len(line)):
        for damaged in (line[:at] + bytes([line[at] ^ 1]) + line[at + 1:], line[:at] + line[at + 1:]):
            done = receive(tmp_path, damaged)
            whole = "complete" in done.stdout and (tmp_path / "t").read_bytes() == b"one\0two"
            # Two zeros stand between frames: one may be lost.
            assert done.returncode == (0 if whole and not done.stderr else 65), (at, done)
            assert whole or "complete" not in done.stdout, (at, done)


@pytest.mark.parametrize("seed", range(40))
def test_a_bad_line_makes_no_wrong_file(seed, tmp_path):
    """Bytes are changed, lost and added anywhere: each byte of the file is right, or zero and counted as missing."""
    chance = random.Random(seed)
    form = chance.choice([*FORMS])
    content = chance.randbytes(20000)
    line = bytearray(b"".join(map(form, stream("t", content, chance.randrange(65536)))))
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(line))
        line[at:at + chance.choice([1, 1, 1, 40, 3000])] = chance.randbytes(chance.choice([0, 1, 1, 50]))
    done = receive(tmp_path, line, *FORMS[form])
    got = (tmp_path / "t").read_bytes() if (tmp_path / "t").exists() else b""
    wrong = [n for n, byte in enumerate(got) if byte != content[n]]
    assert not any(got[n] for n in wrong)
    if done.returncode == 0:
        assert got == content
    assert done.returncode in (0, 65) and bool(done.stderr) == (done.returncode == 65)
    for missing in re.findall(r"(\d+) bytes are missing", done.stderr):
        assert len(wrong) <= int(missing)
    if wrong or 0 < len(got) < len(content):
        assert re.search(r"are missing|its end did not come", done.stderr)


@pytest.mark.parametrize("frames, message", [
    (stream("t", b"abc")[:-1], "stream t, ./t: its end did not come; 3 bytes are there"),
    (stream("t", b"abc", end=BROKEN), "stream t, ./t: its sender went away; 3 bytes are there"),
    (stream("t", b"abc")[1:], "2 frames were dropped: the beginning of the stream did not come"),
    ([*stream("t", b"abc")[:-1], *stream("t", b"", 0)], "stream t, ./t: its end did not come; 3 bytes are there"),
    ([*stream("t", b"abc", piece=1)[:-1], raw(DATA, 0, 1, 0, b"b"), raw(END, 0, 4, 3)],
     "1 frame was dropped: the beginning of the stream did not come"),
    ([raw(OPEN, 0, 0, 0, b"t"), raw(DATA, 0, 1, 1, b"x"), raw(END, 0, 1, 0)],
     "1 frame was dropped: the beginning of the stream did not come"),
    ([raw(OPEN, 0, 0, 0, b"t"), raw(DATA, 0, 2, 1 << 60, b"x"), raw(END, 0, 1, 0)],
     "1 frame was dropped: the beginning of the stream did not come"),
    ([*stream("t", b""), raw(OPEN, 1, 0, 0, b"../t")], "1 frame was damaged and dropped"),
    ([*stream("t", b""), raw(OPEN, 1, 0, 0, b"t", version=2)], "1 frame was damaged and dropped"),
])
def test_what_is_wrong_with_a_stream_is_told(frames, message, tmp_path):
    done = receive(tmp_path, b"".join(map(binary, frames)))
    assert (done.returncode, done.stderr.splitlines()) == (65, [message])
    assert sorted(file.name for file in tmp_path.iterdir()) in (["line"], ["line", "t"], ["line", "t", "t.2"])
    assert all(file.stat().st_size < 1000 for file in tmp_path.iterdir())


def test_files_that_cannot_be_written_are_named(tmp_path):
    line = b"".join(map(binary, [*stream("a", b"x" * 600), *stream("b", b"1", 1)]))
    done = receive(tmp_path, line, "--receive", "a=/dev/full", "--receive", "b=none/b")
    assert done.returncode == 65
    assert done.stderr.splitlines() == [
        "/dev/full: No space left on device; stream a is not written from byte 0 on",
        "none/b: No such file or directory; stream b is not written"]
    done = receive(tmp_path, b"", "--baud", "115200")
    assert said(done) == (65, [], ["--baud: line is no serial port"])
    done = subprocess.run([run.TOOL, "receive", "nothing"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert said(done) == (65, [], ["nothing: No such file or directory"])


def test_a_serial_port_is_received_from_until_it_is_interrupted(tmp_path):
    """A pseudo-terminal: nothing is translated. Long transfers show how far they are."""
    master, port = pty.openpty()
    done = subprocess.run([run.TOOL, "receive", os.ttyname(port), "--baud", "7"], capture_output=True, text=True, timeout=120)
    assert said(done) == (65, [], ["--baud 7: no serial port has this speed; try 115200"])
    content = bytes(range(256)) * 16
    tool = subprocess.Popen([run.TOOL, "receive", os.ttyname(port), "--baud", "9600"], cwd=tmp_path, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    try:
        frames = stream("trace", content, expected=len(content))
        end = time.monotonic() + 60
        # It opens the port, and sets it, in its own time.
        while subprocess.run(["stty", "-F", os.ttyname(port)], capture_output=True, text=True,
                             timeout=60).stdout.find("-icanon") < 0 and time.monotonic() < end:
            time.sleep(0.05)
        for frame in frames[:5]:
            os.write(master, binary(frame))
        time.sleep(6)
        for frame in frames[5:]:
            os.write(master, binary(frame))
        while not (file := pathlib.Path(tmp_path / "trace")).exists() or file.stat().st_size < len(content):
            assert time.monotonic() < end
            time.sleep(0.05)
        time.sleep(0.3)
        tool.send_signal(signal.SIGINT)
        out, errors = tool.communicate(timeout=60)
    finally:
        tool.kill()
        os.close(master)
        os.close(port)
    assert (tool.returncode, errors) == (0, "")
    assert re.fullmatch(r"trace: \d KiB of 4, \d+ %\nstream trace: ./trace, 4096 bytes, complete\n", out)
    assert (tmp_path / "trace").read_bytes() == content
