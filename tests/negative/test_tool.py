# SPDX-License-Identifier: Apache-2.0
"""The host tool by itself: the archives that it writes, and that it writes none when something is wrong."""
import pathlib
import re
import subprocess

import pytest

import run

EX_USAGE = 64
PAGE = 4096
VDEV = "vdev-pl011.so"
PROGRAMS = ("devc-pl011", "slogger", "shell", "qvm", "hello.elf")
HELLO = run.TOP / "examples" / "hello"
VDEVS = pathlib.Path(run.TOOL).parent / "vdevs"


def bulkhead(*words):
    return subprocess.run([run.TOOL, *map(str, words)], capture_output=True, text=True, timeout=60)


def make_programs(folder):
    """A file for each program, with its name as content; returns the options that name them."""
    options = []
    for name in PROGRAMS:
        path = folder / name
        path.write_text(name * 1000)
        options += ["-f", path]
    (folder / VDEV).write_bytes((VDEVS / VDEV).read_bytes())
    return [*options, "-f", folder / VDEV]


def entries(archive):
    """Name, offset of the data and data of each entry of a newc archive."""
    found, at = [], 0
    while True:
        assert archive[at:at + 6] == b"070701"
        numbers = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = numbers[6], numbers[11]
        name = archive[at + 110:at + 110 + name_size - 1].decode()
        data = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found.append((name, data, archive[data:data + size]))
        at = (data + size + 3) & ~3


def test_image(tmp_path):
    options = make_programs(tmp_path)
    extra = tmp_path / "notes"
    extra.write_text("more")
    out = tmp_path / "out.cpio"
    done = bulkhead("image", HELLO, *options, "-f", f"{extra}=readme", "-o", out)
    assert done.returncode == 0, done.stderr
    files = [entry for entry in entries(out.read_bytes()) if entry[0] != ".pad"]
    assert [name for name, _, _ in files] == ["system.dtb", "devc-pl011", "slogger", "shell", "qvm", "hello.qvmconf",
                                              "hello.elf", VDEV, "readme"]
    assert all(offset % PAGE == 0 for _, offset, _ in files), files
    content = {name: data for name, _, data in files}
    assert content["readme"] == b"more"
    assert content["qvm"] == b"qvm" * 1000
    assert content["hello.qvmconf"] == (HELLO / "hello.qvmconf").read_bytes()
    assert content["system.dtb"][:4] == b"\xd0\x0d\xfe\xed"
    listed = subprocess.run(["cpio", "-t", "--quiet"], stdin=out.open("rb"), capture_output=True, text=True, check=True)
    assert "hello.elf" in listed.stdout.splitlines()


def test_image_repeats(tmp_path):
    options = make_programs(tmp_path)
    for out in ("one", "two"):
        assert bulkhead("image", HELLO, *options, "-o", tmp_path / out).returncode == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("missing", [*PROGRAMS, VDEV])
def test_missing_file(tmp_path, missing):
    options = make_programs(tmp_path)
    at = options.index(tmp_path / missing)
    out = tmp_path / "out.cpio"
    out.write_text("as before")
    done = bulkhead("image", HELLO, *options[:at - 1], *options[at + 1:], "-o", out)
    assert done.returncode == run.EX_CONFIG
    assert f"names the file '{missing}', which is not there" in done.stderr
    assert out.read_text() == "as before"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*PROGRAMS, VDEV, "out.cpio"))


def test_file_too_long_for_guest(tmp_path):
    options = make_programs(tmp_path)
    with (tmp_path / "hello.elf").open("wb") as image:
        image.truncate((16 << 20) + 1)
    done = bulkhead("image", HELLO, *options, "-o", tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    assert "[hello.qvmconf:9] 'hello.elf' has 16777217 bytes, which do not fit" in done.stderr
    assert not (tmp_path / "out.cpio").exists()


def test_same_name_twice(tmp_path):
    options = make_programs(tmp_path)
    done = bulkhead("image", HELLO, *options, "-f", f"{tmp_path / 'shell'}=system.dtb", "-o", tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    assert "the archive has a file 'system.dtb' already" in done.stderr


def test_certified_variant_first(tmp_path):
    """The plain one is left out then, as is a vdev that no VM has."""
    options = make_programs(tmp_path)
    for name in ("vdev-pl011-safety.so", "vdev-other.so"):
        options += ["-f", VDEVS / f"{VDEV}={name}" if "other" in name else VDEVS / name]
    out = tmp_path / "out.cpio"
    done = bulkhead("image", HELLO, *options, "-o", out)
    assert done.returncode == 0, done.stderr
    assert [name for name, _, _ in entries(out.read_bytes()) if name.startswith("vdev")] == ["vdev-pl011-safety.so"]


@pytest.mark.parametrize("name", ["hello", "two-linux", "uboot"])
def test_examples(name, tmp_path):
    done = bulkhead("check", run.TOP / "examples" / name, "--board", run.compile_board(tmp_path))
    if name == "two-linux":  # needs more RAM than that board has
        assert done.returncode == run.EX_CONFIG
        assert [line for line in done.stderr.splitlines() if "bytes are missing" not in line] == []
    else:
        assert (done.returncode, done.stderr) == (0, "")
    assert bulkhead("check", run.TOP / "examples" / name).returncode == 0


@pytest.mark.parametrize("words", [(), ("check",), ("frob", "x"), ("check", "x", "y"), ("check", "x", "--borad", "y"),
                                   ("check", "x", "--board"), ("image", "x"), ("check", "x", "-o", "y"),
                                   ("map",), ("map", "x", "--no-check"), ("run", "x", "--board", "y")])
def test_usage(words):
    done = bulkhead(*words)
    assert done.returncode == EX_USAGE
    assert re.search(r"; see bulkhead (\w+ )?--help\n$", done.stderr)


def test_help():
    done = bulkhead("--help")
    assert done.returncode == 0
    assert "usage: bulkhead COMMAND" in done.stdout


@pytest.mark.parametrize("command", ["check", "image", "run", "map"])
def test_help_of_a_command(command):
    done = bulkhead(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: bulkhead {command} DIR")
