# SPDX-License-Identifier: Apache-2.0
"""What a VM loads: `check` and `image` say of each file what the target's loader would say, and unpack packed kernels."""
import bz2
import gzip
import lzma
import re
import struct
import subprocess
import tarfile

import pytest

import run

MIB = 1 << 20
VDEVS = run.pathlib.Path(run.TOOL).parent / "vdevs"
CODE = bytes.fromhex("1f2003d5 ffffff17")


def image(size=MIB, text_offset=0, flags=0xA, magic=0x644D5241):
    """An arm64 Image of two pages."""
    header = struct.pack("<IIQQQQQQII", 0x14000010, 0, text_offset, size, flags, 0, 0, 0, magic, 0)
    return header + b"kernel" * 1354 + b"end!"


def elf(kind=2, machine=183, bits=2, order=1, address=0x80000000):
    """A guest's program with one segment."""
    byte = "<" if order == 1 else ">"
    ident = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    head = struct.pack(byte + "HHIQQQIHHHHHH", kind, machine, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return ident + head + struct.pack(byte + "IIQQQQQQ", 1, 5, 120, address, address, 8, 8, 8) + CODE


def zstd(data):
    """A frame that holds the data as they are (RFC 8878, 3.1.1)."""
    blocks = [data[at:at + 0x10000] for at in range(0, len(data), 0x10000)]
    frame = struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data))
    for number, block in enumerate(blocks):
        frame += struct.pack("<I", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return frame


def zboot(packed, kind, offset=64, size=None, tail=b""):
    """An EFI zboot kernel."""
    head = b"MZ\0\0zimg" + struct.pack("<II", offset, len(packed) if size is None else size) + bytes(8) + kind.ljust(32, b"\0")
    return head + bytes(64 - len(head)) + packed + tail


def compiled(source, *options):
    return subprocess.run(["dtc", "-q", "-O", "dtb", *options], input=source.encode(), capture_output=True, check=True).stdout


def fit(folder):
    (folder / "one.its").write_text('/dts-v1/; / { images { k { data = [00]; }; }; configurations { default = "k"; }; };')
    return compiled((folder / "one.its").read_text())


def tar(folder):
    (folder / "member").write_bytes(CODE)
    with tarfile.open(folder / "member.tar", "w") as archive:
        archive.add(folder / "member", "member")
    return (folder / "member.tar").read_bytes()


def system(folder, files, lines, memory="ram 0x80000000,16M"):
    """A system with one VM, and the words that name it."""
    (folder / "qvm").write_bytes(run.program("qvm"))
    (folder / "system.dts").write_text('/dts-v1/;\n/ {\n\tcompatible = "bulkhead,system";\n'
                                       '\tvms { a { config = "a.qvmconf"; }; };\n};\n')
    (folder / "a.qvmconf").write_text("\n".join(["system a", memory, *lines, ""]))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder), "--path", str(VDEVS)]


def both(folder, files, lines, **more):
    """The messages of `check`, which are those of `image`; nothing is written if there are any."""
    words = system(folder, files, lines, **more)
    check = subprocess.run([run.TOOL, "check", *words], capture_output=True, text=True, timeout=120)
    out = folder / "out.cpio"
    made = subprocess.run([run.TOOL, "image", *words, "-o", str(out)], capture_output=True, text=True, timeout=120)
    said = [line for line in made.stderr.splitlines() if "is not signed" not in line]
    assert (check.returncode, check.stderr.splitlines()) == (made.returncode, said)
    assert out.exists() == (made.returncode == 0)
    assert check.returncode == (run.EX_CONFIG if said else 0)
    return said, check.stdout


FORMATS = {
    "xz": (lambda _: lzma.compress(image()), "compressed by xz; unpack it first"),
    "lzma": (lambda _: lzma.compress(image(), lzma.FORMAT_ALONE), "compressed by lzma; unpack"),
    "bzip2": (lambda _: bz2.compress(image()), "compressed by bzip2; unpack it first"),
    "zstd": (lambda _: zstd(image()), "compressed by zstd; unpack it first"),
    "lz4": (lambda _: b"\x02\x21\x4c\x18" + CODE * 99, "compressed by lz4"),
    "uimage": (lambda _: b"\x27\x05\x19\x56" + CODE * 99, "a U-Boot uImage; load what it was made of"),
    "fit": (fit, "a FIT image; load its kernel"),
    "android": (lambda _: b"ANDROID!" + CODE * 99, "an Android boot image; load its kernel"),
    "cpio": (lambda _: b"070701" + b"0" * 200, "a cpio archive; load a kernel here; a RAM disk"),
    "tar": (tar, "a tar archive; unpack"),
    "script": (lambda _: b"#!/bin/sh\nexit 0\n", "a script; load a program here"),
    "pe": (lambda _: b"MZ" + bytes(62) + CODE, "an EFI or Windows program (PE); load a plain Image"),
    "riscv": (lambda _: image(magic=0)[:48] + b"RISCV\0\0\0" + b"RSC\5" + bytes(64), "a RISC-V kernel; a guest is an AArch64"),
    "arm": (lambda _: bytes(36) + b"\x18\x28\x6f\x01" + bytes(64), "the zImage of a 32-bit Arm kernel; a guest is"),
    "x86": (lambda _: bytes(0x202) + b"HdrS" + bytes(64), "the bzImage of an x86 kernel; a guest is"),
    "elf-x86": (lambda _: elf(machine=62), "is for x86-64 (e_machine 62), and a guest is an AArch64 machine"),
    "elf-arm": (lambda _: elf(machine=40, bits=1), "is for 32-bit Arm (e_machine 40)"),
    "elf-big": (lambda _: elf(order=2), "is big-endian: only 64-bit little-endian"),
    "elf-object": (lambda _: elf(kind=1), "is a relocatable object or a module: link it to fixed addresses"),
    "elf-pie": (lambda _: elf(kind=3), "is position-independent (PIE) or a shared object: link it to fixed addresses"),
    "elf-cut": (lambda _: elf()[:100], "program headers lie beyond its end"),
    "image-big": (lambda _: image(flags=0xB), "the Image is big-endian"),
    "image-in-xz": (lambda _: gzip.compress(lzma.compress(image())), "compressed by xz; unpack it first"),
    "empty": (lambda _: b"", "the file is empty"),
    "lfs": (lambda _: b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS; fetch"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_cannot_run_is_refused(tmp_path, name):
    make, text = FORMATS[name]
    said, _ = both(tmp_path, {"k": make(tmp_path)}, ["load k"])
    assert len(said) == 1 and said[0].startswith("[a.qvmconf:3] k: ") and text in said[0], said


def test_only_the_first_must_run(tmp_path):
    files = {"Image": image(), "k": lzma.compress(b"data"), "g": gzip.compress(b"data")}
    assert both(tmp_path, files, ["data load 0x80f00000,k", "load Image", "load k", "load g", "initrd load k"])[0] == []
    assert b"070701" in (tmp_path / "out.cpio").read_bytes() and files["g"] in (tmp_path / "out.cpio").read_bytes()


RAM = "0x[0-9a-f]+-0x[0-9a-f]+"
PLACES = {
    "small": (["load Image"], "ram 0x80000000,1M", r"3\] Image: no room in ram for the Image: it needs 0x200000 bytes .*"),
    "no-offset": (["load 0x80080000,Image"], None, r"3\] Image: the Image must lie at a multiple of 2 MiB plus 0x0: .*"),
    "odd": (["load 0x80200001,Image"], None, r"3\] Image: the Image must lie at a multiple of 2 MiB plus 0x0: .*"),
    "end": (["load 0x80e00000,Image", "load 0x80fffffc,code"], None, r"4\] code: 0x8 bytes at 0x80fffffc do not lie in one .*"),
    "bss": (["load Image", "initrd load 0x80100000,code"], None, rf"4\] code: {RAM} overlaps what was loaded to {RAM}: .*"),
    "kernels": (["load Image", "load 0x80000000,code"], None, rf"4\] code: {RAM} overlaps what was loaded to {RAM}: .*"),
    "initrd": (["load Image", "initrd load 0x80400000,code", "data load 0x80400004,code"], None,
               rf"5\] code: {RAM} overlaps what was loaded to {RAM}: .*"),
    "fdt": (["load Image", "fdt load 0x80000000,tree"], None, rf"4\] {RAM} overlaps what was loaded to {RAM}: .*"),
    "fdt-end": (["load Image", "fdt load 0x80fffff8,tree"], None, r"4\] 0x[0-9a-f]+ bytes at 0x80fffff8 do not lie .*"),
    "raw-odd": (["load 0x80000002,code"], None, r"3\] code: the guest would start at 0x80000002, which is not a multiple of 4"),
    "elf-outside": (["load elf"], "ram 0x90000000,1M", r"3\] elf: 0x8 bytes at 0x80000000 do not lie in one ram or rom area: .*"),
    "elf-address": (["load 0x80000000,elf"], None, r"3\] elf: an ELF file carries its addresses itself: load it without one"),
    "two-fit": (["load Image", "initrd load big"], "ram 0x80000000,2M", r"4\] big: no room in ram for 0x200001 bytes: .*"),
    "no-room-for-fdt": (["load Image", "data load 0x80200000,page"], "ram 0x80000000,0x201000",
                        r"VM a: no room in ram for the device tree of 0x[0-9a-f]+ bytes: give the VM more"),
    "data-only": (["load tree"], None, r"3\] nothing to start: no loaded file is a program"),
    "missing": (["load nothing"], None, r"3\] 'load' names the file 'nothing', which is not there; put it into .*"),
    "missing-tree": (["load Image", "fdt load tree.dtb"], None, r"4\] 'load' names the file 'tree.dtb', which is not there; "
                     r"compile it: dtc -O dtb -o (.*)/tree.dtb \1/tree.dts"),
    "missing-initrd": (["load Image", "initrd load none"], None, r"4\] 'load' names the file 'none', which is not there; .*"),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_file_without_room_is_refused(tmp_path, name):
    lines, memory, text = PLACES[name]
    files = {"Image": image(2 * MIB), "code": CODE, "elf": elf(), "big": bytes(2 * MIB + 1), "page": bytes(4096),
             "tree": compiled("/dts-v1/; / { };")}
    (tmp_path / "tree.dts").write_text("/dts-v1/; / { };")
    said, _ = both(tmp_path, files, lines, **({"memory": memory} if memory else {}))
    assert len(said) == 1 and re.fullmatch(text if text.startswith("VM") else r"\[a\.qvmconf:" + text, said[0]), said


def test_a_file_that_fits_exactly_is_taken(tmp_path):
    files = {"Image": image(2 * MIB), "page": bytes(4096), "code": CODE}
    lines = ["load Image", "data load 0x80200000,page", "initrd load code"]
    assert both(tmp_path, files, lines, memory="ram 0x80000000,0x205000")[0] == []


TREES = {
    "nocells": (lambda _: compiled("/dts-v1/; / { };"), None),
    "overlay": (lambda _: compiled('/dts-v1/; /plugin/; / { fragment@0 { target-path = "/"; __overlay__ { x = <1>; }; }; };', "-@"),
                "device tree: what was loaded is an overlay: apply it to its base tree"),
    "source": (lambda _: b"// mine\n/dts-v1/;\n/ { };\n", "tree: this is device tree source: compile it with dtc"),
    "gzip": (lambda _: gzip.compress(compiled("/dts-v1/; / { };")), "tree: this is no device tree blob, but compressed by gzip"),
    "fit": (fit, "tree: this is no device tree blob, but a FIT image"),
    "cut": (lambda _: compiled("/dts-v1/; / { a { }; };")[:-4], "device tree: what was loaded is damaged, or not all of it is there"),
    "long": (lambda _: compiled("/dts-v1/; / { };") + bytes(2 * MIB), "tree: the device tree is longer than 2 MiB"),
    "other": (lambda _: CODE, "tree: this is no device tree blob (made by dtc)"),
    "empty": (lambda _: b"", "tree: the file is empty"),
    "cells": (lambda _: compiled("/dts-v1/; / { #address-cells = <3>; #size-cells = <2>; };"), "one or two address and size cells"),
    "one-cell": (lambda _: compiled("/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; };"), None),
    "placeholder": (lambda _: compiled('/dts-v1/; / { n { qvm,vdev = "uart"; }; };'), "names a vdev that this VM does not have: uart"),
}


@pytest.mark.parametrize("name", TREES)
def test_a_wrong_tree_is_refused(tmp_path, name):
    make, text = TREES[name]
    said, _ = both(tmp_path, {"Image": image(), "tree": make(tmp_path)}, ["load Image", "fdt load tree"])
    if text is None:
        assert said == []
    else:
        assert len(said) == 1 and said[0].startswith("[a.qvmconf:4] ") and text in said[0], said


def archived(folder, name):
    listed = subprocess.run(["cpio", "-i", "--quiet", "--to-stdout", name], stdin=(folder / "out.cpio").open("rb"),
                            capture_output=True, check=True)
    return listed.stdout


LONG = image() + bytes(range(256)) * 1024
PACKED = {
    "gzip": (lambda: gzip.compress(LONG), LONG),
    "gzip-members": (lambda: gzip.compress(LONG[:5000]) + gzip.compress(LONG[5000:]), LONG),
    "gzip-padded": (lambda: gzip.compress(LONG) + bytes(511), LONG),
    "gzip-elf": (lambda: gzip.compress(elf()), elf()),
    "zboot-gzip": (lambda: zboot(gzip.compress(LONG), b"gzip"), LONG),
    "zboot-zstd": (lambda: zboot(zstd(LONG), b"zstd", tail=bytes(77)), LONG),
    "zboot-zstd-length": (lambda: zboot(zstd(LONG) + struct.pack("<I", len(LONG)), b"zstd22"), LONG),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_kernel_is_unpacked(tmp_path, name):
    make, content = PACKED[name]
    said, printed = both(tmp_path, {"vmlinuz": make()}, ["load vmlinuz"])
    assert said == []
    assert re.match(rf"\[a\.qvmconf:3\] 'load': 'vmlinuz' \((gzip|EFI zboot)\) is unpacked: {len(content)} bytes\n", printed)
    assert archived(tmp_path, "vmlinuz") == content


DAMAGED = {
    "gzip-cut": (lambda: gzip.compress(LONG)[:-20], r"\(gzip\) cannot be unpacked: it is cut off; .*"),
    "gzip-header-only": (lambda: gzip.compress(LONG)[:10], r"\(gzip\) cannot be unpacked: it is cut off; .*"),
    "gzip-sum": (lambda: gzip.compress(LONG)[:-8] + bytes(8), r"\(gzip\) cannot be unpacked: incorrect data check; .*"),
    "gzip-noise": (lambda: b"\x1f\x8b\x08\0" + b"noise" * 999, r"\(gzip\) cannot be unpacked: .*"),
    "gzip-and-tree": (lambda: gzip.compress(LONG) + compiled("/dts-v1/; / { };"), r".* other data follow the packed kernel .*"),
    "zboot-outside": (lambda: zboot(b"", b"gzip", offset=0), r"\(EFI zboot\) cannot be .*places the packed kernel outside the file; .*"),
    "zboot-longer": (lambda: zboot(gzip.compress(LONG), b"gzip", size=1 << 30), r".*places the packed kernel outside the file; .*"),
    "zboot-wraps": (lambda: zboot(gzip.compress(LONG), b"gzip", size=0xFFFFFFFF), r".*places the packed kernel outside the file; .*"),
    "zboot-not-gzip": (lambda: zboot(zstd(LONG), b"gzip"), r".*it is packed by 'gzip'.*"),
    "zboot-lzma": (lambda: zboot(lzma.compress(LONG), b"xzkern"), r".*it is packed by 'xzkern'; only gzip and zstd .*"),
    "zboot-zstd-cut": (lambda: zboot(zstd(LONG)[:-9], b"zstd"), r"\(EFI zboot\) cannot be unpacked: it is cut off; .*"),
    "zboot-zstd-noise": (lambda: zboot(b"noise" * 99, b"zstd"), r"\(EFI zboot\) cannot be unpacked: .*"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_package_is_refused(tmp_path, name):
    make, text = DAMAGED[name]
    said, _ = both(tmp_path, {"vmlinuz": make()}, ["load vmlinuz"])
    assert len(said) == 1 and re.fullmatch(r"\[a\.qvmconf:3\] 'load': 'vmlinuz' " + text, said[0]), said


def test_a_file_wanted_packed_and_unpacked_is_refused(tmp_path):
    """What is unpacked for one is not there as it was for another."""
    files = {"vmlinuz": gzip.compress(image())}
    said, _ = both(tmp_path, files, ["load vmlinuz", "data load vmlinuz"])
    assert len(said) == 1 and said[0].startswith("[a.qvmconf:4] 'load': 'vmlinuz' was unpacked for another 'load'"), said
    said, _ = both(tmp_path, files, ["data load vmlinuz", "load vmlinuz"])
    assert len(said) == 1 and "another 'load' needs it packed" in said[0], said


def test_one_configuration_is_checked_by_itself(tmp_path):
    """Its files may be elsewhere; those that are there are checked."""
    system(tmp_path, {"k": lzma.compress(image())}, ["load nothing", "initrd load nothing"])
    path = tmp_path / "a.qvmconf"
    assert subprocess.run([run.TOOL, "check", path], capture_output=True, check=False).returncode == 0
    path.write_text(path.read_text().replace("\nload nothing", "\nload k"))
    done = subprocess.run([run.TOOL, "check", path], capture_output=True, text=True, check=False)
    assert done.returncode == run.EX_CONFIG
    assert re.fullmatch(r"\[a\.qvmconf:3\] k: .*compressed by xz.*\n", done.stderr)


def test_unpacked_has_an_end(tmp_path):
    """A small file that becomes a huge one."""
    repeated = struct.pack("<IBB", 0xFD2FB528, 0, 0x38) + (struct.pack("<I", (1 << 17) << 3 | 2)[:3] + b"k") * (1 << 14)
    said, _ = both(tmp_path, {"vmlinuz": zboot(repeated, b"zstd")}, ["load vmlinuz"])
    assert len(said) == 1 and "its contents are longer than 512 MiB" in said[0], said
