# SPDX-License-Identifier: Apache-2.0
"""What tests of the host tool share: the tool, files for the example hello, and a reader of archives."""
import pathlib
import subprocess

import run

PAGE = 4096
VDEV = "vdev-pl011.so"
PROGRAMS = ("devc-pl011", "slogger", "shell", "qvm", "hello.elf")
HELLO = run.TOP / "examples" / "hello"
VDEVS = pathlib.Path(run.TOOL).parent / "vdevs"


def bulkhead(*words):
    return subprocess.run([run.TOOL, *map(str, words)], capture_output=True, text=True, timeout=120)


def make_programs(folder):
    """A file for each program; returns the options that name them."""
    options = []
    for name in PROGRAMS:
        path = folder / name
        path.write_bytes(run.GUEST if name == "hello.elf" else run.program(name))
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


def make_key(folder, name):
    assert bulkhead("keygen", folder / name).returncode == 0
    return folder / f"{name}.key", folder / f"{name}.pub"


def content_of(archive):
    return {name: data for name, _, data in entries(archive.read_bytes())}
