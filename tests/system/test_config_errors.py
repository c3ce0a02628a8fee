# SPDX-License-Identifier: Apache-2.0
"""A configuration that is wrong only on the target: procmgr checks it again, says [file:line], and starts nothing.

The host tool would refuse to build such an archive. So a good one is built, then changed, and signed again.
"""

import pathlib
import re

import pytest

from harness import Board, make_archive, refused, resign, system_dts

CASES = pathlib.Path(__file__).resolve().parent.parent / "negative"


def spoil(archive, old, new):
    """Replaces one text of linux1's configuration in the archive by another of the same length."""
    assert len(old) == len(new)
    data = archive.read_bytes()
    start = data.index(b"system linux1")
    place = data.index(old, start)
    assert place - start < 4096, f"{old!r} is not in linux1's configuration"
    return resign(spoilt_copy(archive, data[:place] + new + data[place + len(old):]))


def spoilt_copy(archive, data):
    spoilt = archive.with_suffix(".spoilt.cpio")
    spoilt.write_bytes(data)
    return spoilt


@pytest.mark.parametrize("old, new", [(b"\nram ", b"\nrim "), (b"\nload ", b"\nlode ")])
def test_unknown_option(old, new):
    word = new.strip().decode()
    refused(spoil(make_archive("two-linux"), old, new), rf"\[linux1\.qvmconf:\d+\][^\r\n]*\b{word}\b[^\n]*\n")


def test_damaged_archive():
    """An archive without its beginning."""
    archive = make_archive("two-linux")
    refused(spoilt_copy(archive, b"\0" * 4096 + archive.read_bytes()[4096:]), r"archive[^\n]*\n")


def sample():
    """Every 13th wrong configuration of the host's tests, and what must be said about it."""
    for path in sorted(CASES.glob("*.qvmconf"))[::13]:
        text = path.read_bytes()
        said = re.findall(rb"# expect: (.*)", text)
        if len(text) < 2000 and all(len(line) < 150 for line in said):
            yield path.name.encode(), text, said


def test_sample_of_the_hosts_cases():
    """All VMs of one system: procmgr says of each what the host tool says."""
    cases = list(sample())[:12]
    good = {f"v{i}": b"ram 0x80000000,256K\nload hello.elf\n# v%d " % i for i in range(len(cases))}
    files = {f"{vm}.qvmconf": good[vm].ljust(len(text) + 64, b"x")
             for vm, (_, text, _) in zip(good, cases)}
    archive = make_archive({"system.dts": system_dts(vms=[(vm, "memory = <0x200000>;") for vm in good]), **files})
    data = archive.read_bytes()
    for vm, (_, text, _) in zip(good, cases):
        start, length = data.index(good[vm]), len(files[f"{vm}.qvmconf"])
        data = data[:start] + text.ljust(length) + data[start + length:]
    with Board(resign(spoilt_copy(archive, data))) as board:
        board.expect(r"system not started: \d+ mistake", 60)
        for vm, (name, _, said) in zip(good, cases):
            for line in said:
                wanted = line.replace(b"[" + name, b"[" + vm.encode() + b".qvmconf").decode()
                assert wanted in board.seen, f"{name.decode()}: {wanted}"
