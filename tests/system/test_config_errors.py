# SPDX-License-Identifier: Apache-2.0
"""A configuration that is wrong only on the target: procmgr checks it again, says [file:line], and starts nothing.

The host tool would refuse to build such an archive. So a good one is built, then changed, and signed again.
"""

import functools
import gzip
import lzma
import pathlib
import re
import subprocess

import pytest

from harness import BUILD, Board, Guest, make_archive, refused, resign, system_dts

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
def test_an_unknown_option_stops_the_system(old, new):
    word = new.strip().decode()
    refused(spoil(make_archive("two-linux"), old, new), rf"\[linux1\.qvmconf:\d+\][^\r\n]*\b{word}\b[^\n]*\n")


def test_a_damaged_archive_stops_the_system():
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


def test_the_target_says_what_the_host_says():
    """All VMs of one system: procmgr says of each what the host tool says."""
    cases = list(sample())[:12]
    good = {f"v{i}": b"ram 0x80000000,1M\nload hello.elf\n# v%d " % i for i in range(len(cases))}
    files = {f"{vm}.qvmconf": good[vm].ljust(len(text) + 64, b"x")
             for vm, (_, text, _) in zip(good, cases)}
    archive = make_archive({"system.dts": system_dts(vms=[(vm, "memory = <0x200000>;") for vm in good]), **files})
    data = archive.read_bytes()
    for vm, (_, text, _) in zip(good, cases):
        start, length = data.index(good[vm]), len(files[f"{vm}.qvmconf"])
        data = data[:start] + text.ljust(length) + data[start + length:]
    with Board(resign(spoilt_copy(archive, data))) as board:
        board.expect(r"system not started: \d+ mistake")
        for vm, (name, _, said) in zip(good, cases):
            for line in said:
                wanted = line.replace(b"[" + name, b"[" + vm.encode() + b".qvmconf").decode()
                assert wanted in board.seen, f"{name.decode()}: {wanted}"


def kernels():
    """VMs whose files only the target sees, and what it says of each."""
    image = (BUILD / "guests/Image").read_bytes()[:1 << 20]
    tree = "/dts-v1/; / { n { qvm,vdev = \"none\"; }; };"
    dtc = ["dtc", "-q", "-O", "dtb"]
    overlay = b'/dts-v1/; /plugin/; / { fragment@0 { target-path = "/"; __overlay__ { x = <1>; }; }; };'
    run = functools.partial(subprocess.run, capture_output=True, check=True)
    return {
        "xz": (lzma.compress(image), None, r"\[xz.qvmconf:3\] xz.bin: [^\n]*compressed by xz; unpack it first"),
        "gz": (gzip.compress(image), None, r"\[gz.qvmconf:3\] gz.bin: [^\n]*compressed by gzip; unpack it first, or let"),
        "pie": ((BUILD / "bin/qvm").read_bytes(), None, r"\[pie.qvmconf:3\] pie.bin: [^\n]*position-independent \(PIE\)"),
        "small": (image, None, r"\[small.qvmconf:3\] small.bin: no room in ram for the Image: it needs 0x"),
        "text": (image[:64], tree.encode(), r"\[text.qvmconf:4\] text.tree: this is device tree source: compile it"),
        "over": (image[:64], run([*dtc, "-@"], input=overlay).stdout, r"\[over.qvmconf:4\] device tree: [^\n]*is an overlay"),
        "hole": (image[:64], run(dtc, input=tree.encode()).stdout, r"\[hole.qvmconf:4\] device tree: [^\n]*does not have: none"),
    }


def test_a_guest_that_cannot_run_is_refused():
    """What the host tool finds, the target refuses by itself: with file, line and cause, and nothing else is disturbed."""
    files, vms = {}, kernels()
    for name, (kernel, tree, _) in vms.items():
        files[f"{name}.bin"] = kernel
        ram = "1M" if name == "small" else "64M"
        files[f"{name}.qvmconf"] = f"system {name}\nram 0x80000000,{ram}\nload {name}.bin\n"
        if tree:
            files[f"{name}.tree"] = tree
            files[f"{name}.qvmconf"] += f"fdt load {name}.tree\n"
    files["nocells.dts"] = "/dts-v1/;\n/ { };\n"
    files["nocells.qvmconf"] = ("system nocells\nram 0x80000000,256M\nload Image\ninitrd load initramfs.cpio.gz\n"
                                "fdt load nocells.dtb\ncmdline console=ttyAMA0\nvdev pl011 loc 0x1c090000 intr gic:37\n")
    files["system.dts"] = system_dts(vms=[*vms, "nocells"])
    with Board(make_archive(files, options=["--no-check"])) as board:
        board.prompt()
        for name, (_, _, text) in vms.items():
            board.output_with(f"vm status {name}", text)
        with Guest(board, "nocells") as guest:
            assert guest.number("awk '/MemTotal/ { print $2 }' /proc/meminfo") > 200000
            assert guest.run("od -An -tx1 /proc/device-tree/'#address-cells' /proc/device-tree/'#size-cells'") \
                == "00 00 00 02 00 00 00 02"
