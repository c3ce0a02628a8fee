# SPDX-License-Identifier: Apache-2.0
"""The host tool by itself: the archives that it writes, and that it writes none when something is wrong."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import time

import pytest

import run

EX_USAGE = 64
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


def test_image(tmp_path):
    options = make_programs(tmp_path)
    extra = tmp_path / "notes"
    extra.write_text("more")
    out = tmp_path / "out.cpio"
    done = bulkhead("image", HELLO, *options, "-f", f"{extra}=readme", "-o", out)
    assert done.returncode == 0, done.stderr
    files = [entry for entry in entries(out.read_bytes()) if entry[0] != ".pad"]
    assert [name for name, _, _ in files] == ["system.dtb", "devc-pl011", "slogger", "shell", "qvm", "hello.qvmconf",
                                              "hello.elf", VDEV, "readme", "MANIFEST"]
    assert all(offset % PAGE == 0 for _, offset, _ in files), files
    content = {name: data for name, _, data in files}
    assert content["readme"] == b"more"
    assert content["qvm"] == run.program("qvm")
    assert content["hello.qvmconf"] == (HELLO / "hello.qvmconf").read_bytes()
    assert "the archive is not signed" in done.stderr
    assert content["system.dtb"][:4] == b"\xd0\x0d\xfe\xed"
    listed = subprocess.run(["cpio", "-t", "--quiet"], stdin=out.open("rb"), capture_output=True, text=True, check=True)
    assert "hello.elf" in listed.stdout.splitlines()


def test_image_repeats(tmp_path):
    options = make_programs(tmp_path)
    for out in ("one", "two"):
        assert bulkhead("image", HELLO, *options, "-o", tmp_path / out).returncode == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def make_key(folder, name):
    assert bulkhead("keygen", folder / name).returncode == 0
    return folder / f"{name}.key", folder / f"{name}.pub"


def content_of(archive):
    return {name: data for name, _, data in entries(archive.read_bytes())}


def test_keys(tmp_path):
    key, public = make_key(tmp_path, "one")
    assert key.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"ed25519-secret-key [0-9a-f]{64}\n", key.read_text())
    assert re.fullmatch(r"ed25519-public-key [0-9a-f]{64}\n", public.read_text())
    before = key.read_text()
    done = bulkhead("keygen", tmp_path / "one")
    assert done.returncode == run.EX_CONFIG
    assert "one.key: File exists" in done.stderr
    assert key.read_text() == before
    (tmp_path / "two.pub").write_text("somebody else's")
    done = bulkhead("keygen", tmp_path / "two")
    assert done.returncode == run.EX_CONFIG
    assert "two.pub: File exists" in done.stderr
    assert not (tmp_path / "two.key").exists()


def test_signed_image(tmp_path):
    """Signed twice: the same bytes. The manifest is what sha512sum says, in order of the names."""
    options = make_programs(tmp_path)
    key, public = make_key(tmp_path, "one")
    kernel, certified = tmp_path / "Image.readonly", tmp_path / "certified"
    kernel.write_text("kernel")
    certified.write_text("# reviewed\nqvm # both\n\n  @kernel\n")
    for out in ("one", "two"):
        done = bulkhead("image", HELLO, *options, "--key", key, "--readonly", kernel, "--certified", certified,
                        "--manifest", tmp_path / "manifest", "-o", tmp_path / out)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    content = content_of(tmp_path / "one")
    assert content["MANIFEST"] == (tmp_path / "manifest").read_bytes()
    lines = content["MANIFEST"].decode().splitlines()
    assert lines[0] == "bulkhead-manifest 1"
    listed = [line.split(" ") for line in lines[1:]]
    assert [name for _, _, name in listed] == sorted(["@kernel", "system.dtb", "hello.qvmconf", *PROGRAMS, VDEV])
    assert [name for _, flags, name in listed if flags == "certified"] == ["@kernel", "qvm"]
    content["@kernel"] = b"kernel"
    assert all(digest == hashlib.sha512(content[name]).hexdigest() for digest, _, name in listed)
    assert bulkhead("verify", tmp_path / "one", "--public", public, "--readonly", kernel).returncode == 0


def test_signed_elsewhere(tmp_path):
    """The secret key never comes near: manifest out, signature in. What signs is another program."""
    options = make_programs(tmp_path)
    pem, public, out = tmp_path / "key.pem", tmp_path / "key.pub", tmp_path / "out.cpio"
    openssl = ("openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
    public.write_text(subprocess.run(openssl, check=True, capture_output=True).stdout[-32:].hex() + "\n")
    assert bulkhead("image", HELLO, *options, "--manifest", tmp_path / "m", "-o", out).returncode == 0
    subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", pem, "-rawin", "-in", tmp_path / "m", "-out",
                    tmp_path / "s"], check=True)
    assert bulkhead("verify", out, "--public", public).returncode == run.EX_CONFIG
    assert bulkhead("sign", out, "--signature", tmp_path / "s").returncode == 0
    assert bulkhead("verify", out, "--public", public).returncode == 0
    done = bulkhead("image", HELLO, *options, "--signature", tmp_path / "s", "-o", tmp_path / "again.cpio")
    assert done.returncode == 0
    assert (tmp_path / "again.cpio").read_bytes() == out.read_bytes()


def test_verify(tmp_path):
    options = make_programs(tmp_path)
    key, public = make_key(tmp_path, "one")
    other = make_key(tmp_path, "other")
    kernel, out = tmp_path / "Image.readonly", tmp_path / "out.cpio"
    kernel.write_text("kernel")
    assert bulkhead("image", HELLO, *options, "--key", key, "--readonly", kernel, "-o", out).returncode == 0
    good = out.read_bytes()

    def refused(text, *words):
        done = bulkhead("verify", out, "--public", public, *words)
        assert done.returncode == run.EX_CONFIG
        assert text in done.stderr

    for name, offset, _ in entries(good):
        if name == ".pad":
            continue
        out.write_bytes(good[:offset] + bytes([good[offset] ^ 1]) + good[offset + 1:])
        refused("no signature" if name.startswith("MANIFEST") else f"{name}: the file is not the one that was signed")
    out.write_bytes(good)
    kernel.write_text("Kernel")
    refused("@kernel: the file is not the one", "--readonly", kernel)
    refused("No such file", "--readonly", tmp_path / "nothing")
    for name, text in (("slipped-in", "slipped-in: the manifest does not list this file"),
                       ("qvm", "qvm: the archive has this file twice")):
        out.write_bytes(with_entry(good, name, b"more"))
        refused(text)
    out.write_bytes(good)
    assert bulkhead("sign", out, "--key", other[0]).returncode == 0
    refused("no signature")
    refused("no signature", "--readonly", kernel)
    assert bulkhead("sign", out, "--key", key).returncode == 0
    refused("the manifest has no kernel", "--readonly", kernel)
    assert bulkhead("verify", out, "--public", public).returncode == 0
    public.write_text("12")
    refused("64 hexadecimal digits and nothing else")


def with_entry(archive, name, data):
    """The archive with one more file, after all others."""
    numbers = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = ("070701" + "".join(f"{n:08X}" for n in numbers) + name + "\0").encode()
    entry = head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    at = archive.index(b"TRAILER!!!") - 110
    return archive[:at] + entry + archive[at:]


def test_nothing_is_written(tmp_path):
    """Neither archive nor manifest, if one of them cannot be, or if there is a mistake that only the whole plan shows."""
    options = make_programs(tmp_path)
    (tmp_path / "key").write_text("no key")
    clash = pathlib.Path(__file__).parent / "system" / "owner-region-anywhere-two-processes"
    before = sorted(tmp_path.iterdir())
    out, manifest, nowhere = tmp_path / "out.cpio", tmp_path / "manifest", tmp_path / "nowhere" / "file"
    for words, text in (
            ((clash, "-f", f"{tmp_path / 'qvm'}=one", "-f", f"{tmp_path / 'qvm'}=two", "-o", out, "--manifest", manifest),
             "each thing has one owner"),
            ((HELLO, *options, "-o", out, "--manifest", manifest, "--key", tmp_path / "key"), "64 hexadecimal digits"),
            ((HELLO, *options, "-o", nowhere, "--manifest", manifest), f"{nowhere}: No such file or directory"),
            ((HELLO, *options, "-o", out, "--manifest", nowhere), f"{nowhere}: No such file or directory"),
            ((HELLO, *options, "-o", tmp_path), f"{tmp_path}: Is a directory")):
        done = bulkhead("image", *words)
        assert (done.returncode, done.stdout) == (run.EX_CONFIG, "")
        assert text in done.stderr
        assert sorted(tmp_path.iterdir()) == before


def test_what_is_no_file_stays(tmp_path):
    options = make_programs(tmp_path)
    device = tmp_path / "device"
    device.symlink_to("/dev/null")
    assert bulkhead("image", HELLO, *options, "-o", device, "--manifest", device).returncode == 0
    assert device.is_symlink()
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([run.TOOL, "map", HELLO], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (run.EX_CONFIG, "bulkhead: standard output cannot be written\n")


@pytest.mark.parametrize("name, text", [
    ("MANIFEST", "the archive itself uses this name"), (".pad", "the archive itself uses this name"),
    ("TRAILER!!!", "the archive itself uses this name"), ("./MANIFEST.sig", "the archive itself uses this name"),
    ("", "1 to 255 characters"), ("a b", "no blanks"), ("a\nb", "no blanks"), ("x" * 256, "1 to 255 characters"),
    ("./shell", "has a file './shell' already")])
def test_names_of_files(tmp_path, name, text):
    options = make_programs(tmp_path)
    done = bulkhead("image", HELLO, "-f", tmp_path / "shell", *options, "-f", f"{tmp_path / 'qvm'}={name}", "-o",
                    tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    assert text in done.stderr
    assert not (tmp_path / "out.cpio").exists()


def test_missing_include(tmp_path):
    (tmp_path / "system.dts").write_text('/dts-v1/;\n/include/ "nothing.dtsi"\n')
    done = bulkhead("check", tmp_path)
    assert done.returncode == run.EX_CONFIG
    assert re.fullmatch(r"[^\n]*/system\.dts: dtc: [^\n]*nothing\.dtsi[^\n]*\n", done.stderr), done.stderr


def test_wrong_input(tmp_path):
    """One message each, which says what is wrong with the input, not with what was not read."""
    for path, text in ((tmp_path / "nothing", "No such file or directory"),
                       (HELLO / "system.dts", "a system is checked as a whole: give its directory"),
                       (tmp_path, "a system directory has a file system.dts")):
        done = bulkhead("check", path)
        assert done.returncode == run.EX_CONFIG
        assert re.fullmatch(rf"[^\n]*{text}\n", done.stderr), done.stderr


def test_wrong_signing(tmp_path):
    options = make_programs(tmp_path)
    out, certified, signature = tmp_path / "out.cpio", tmp_path / "certified", tmp_path / "signature"
    certified.write_text("qvm\nqwm\n")
    signature.write_bytes(b"x" * 63)
    for words, text in ((("--certified", certified), "certified:2] 'qwm' is neither a file of the archive nor"),
                        (("--signature", signature), "an Ed25519 signature has 64 bytes"),
                        (("--key", signature), "a secret key's file has the word ed25519-secret-key"),
                        (("--key", tmp_path / "nothing"), "nothing: No such file")):
        done = bulkhead("image", HELLO, *options, *words, "-o", out)
        assert done.returncode == run.EX_CONFIG
        assert text in done.stderr
        assert not out.exists()
    out.write_text("not an archive")
    done = bulkhead("sign", out, "--signature", signature)
    assert done.returncode == run.EX_CONFIG
    assert "this is no archive" in done.stderr
    assert out.read_text() == "not an archive"


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
    assert "[hello.qvmconf:9] hello.elf: no room in ram for 0x1000001 bytes: give the VM more" in done.stderr
    assert not (tmp_path / "out.cpio").exists()


@pytest.mark.parametrize("name, change, text", [
    ("shell", {"flags": 7}, "a segment is both writable and executable"),
    ("shell", {"memory": PAGE + 1}, "a segment that is not writable has more bytes in memory than in the file"),
    ("shell", {"flags": 4}, "its entry point is not in an executable segment"),
    ("qvm", None, "not a 64-bit little-endian ELF file"),
])
def test_program_is_checked(tmp_path, name, change, text):
    """What procmgr would refuse when it is too late."""
    options = make_programs(tmp_path)
    (tmp_path / name).write_bytes(run.program(name, **change) if change else b"#!/bin/sh\n" * 100)
    done = bulkhead("image", HELLO, *options, "-o", tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    where = r"\[system\.dts:39\] /vms" if name == "qvm" else rf"\[system\.dts:32\] /processes/{name}"
    assert re.fullmatch(rf"{where}: program '{name}': {text}\n", done.stderr), done.stderr
    assert not (tmp_path / "out.cpio").exists()


def two_segments(name, memory):
    """A program with a second segment, that can be written."""
    both = bytearray(run.program(name))
    struct.pack_into("<H", both, 56, 2)
    struct.pack_into("<Q", both, 24, 176)
    struct.pack_into("<IIQQQQQQ", both, 120, 1, 6, 0, PAGE, 0, 0, memory, PAGE)
    both[176:176 + len(name)] = name.encode()
    return bytes(both)


@pytest.mark.parametrize("name, given", [("shell", 0x100000), ("qvm", 0x200000)])
def test_memory_of_a_program(tmp_path, name, given):
    """Its writable pages, those of qvm's vdevs, stack and heap must fit into its `memory`: else nothing would start."""
    options = make_programs(tmp_path)
    vdev = subprocess.run(["readelf", "-lW", tmp_path / VDEV], capture_output=True, text=True, check=True).stdout
    load = re.findall(r"LOAD +\w+ (\w+) \w+ \w+ (\w+) RW ", vdev)
    pages = sum(-(-(int(at, 16) % PAGE + int(size, 16)) // PAGE) for at, size in load) if name == "qvm" else 0
    room = given - 0x20000 - pages * PAGE
    for more, status in ((0, 0), (1, run.EX_CONFIG)):
        (tmp_path / name).write_bytes(two_segments(name, room + more))
        done = bulkhead("image", HELLO, *options, "-o", tmp_path / f"{status}.cpio")
        assert done.returncode == status, done.stderr
    assert f"program '{name}' needs at least {given + PAGE} bytes of memory, it is given {given}" in done.stderr
    assert not (tmp_path / f"{run.EX_CONFIG}.cpio").exists()


def test_certified_qvm_in_the_folder(tmp_path):
    options = make_programs(tmp_path)
    folder = tmp_path / "system"
    shutil.copytree(HELLO, folder)
    (folder / "qvm-safety").write_bytes(run.program("certified"))
    out = tmp_path / "out.cpio"
    assert bulkhead("image", folder, *options, "-o", out).returncode == 0
    assert content_of(out)["qvm-safety"] == run.program("certified")
    (folder / "qvm-safety").write_text("no program")
    assert "program 'qvm-safety': " in bulkhead("image", folder, *options, "-o", out).stderr


def test_vdev_that_cannot_be_read(tmp_path):
    """A certified variant that is misspelled on the command line, or is no file, is not replaced by the plain one."""
    options = make_programs(tmp_path)
    out = tmp_path / "out.cpio"
    done = bulkhead("image", HELLO, *options, "-f", tmp_path / "nothing/vdev-pl011-safety.so", "-o", out)
    assert (done.returncode, out.exists()) == (run.EX_CONFIG, False)
    assert "vdev-pl011-safety.so: No such file or directory" in done.stderr
    (tmp_path / "more" / "vdev-pl011-safety.so").mkdir(parents=True)
    done = bulkhead("image", HELLO, *options, "--path", tmp_path / "more", "-o", out)
    assert (done.returncode, out.exists()) == (run.EX_CONFIG, False)
    assert "vdev-pl011-safety.so: Is a directory" in done.stderr


def test_vm_without_configuration(tmp_path):
    options = make_programs(tmp_path)
    (tmp_path / "system.dts").write_text(
        re.sub("config = .*;", "", (HELLO / "system.dts").read_text()))
    done = bulkhead("image", tmp_path, *options, "-o", tmp_path / "out.cpio")
    assert (done.returncode, (tmp_path / "out.cpio").exists()) == (run.EX_CONFIG, False)
    assert "'config' is missing" in done.stderr


def test_files_that_args_name(tmp_path):
    """They come from the system's folder, and lie in the archive beside the VM's own file."""
    folder, out = tmp_path / "system", tmp_path / "out.cpio"
    shutil.copytree(HELLO, folder)
    source = (folder / "system.dts").read_text()
    (folder / "system.dts").write_text(source.replace("autostart;", 'autostart; args = "@more.qvmconf";'))
    (folder / "more.qvmconf").write_text("rom 64K\n")
    done = bulkhead("image", folder, *make_programs(tmp_path), "-o", out)
    assert done.returncode == 0, done.stderr
    kept = {name: data for name, _, data in entries(out.read_bytes())}
    assert kept["more.qvmconf"] == b"rom 64K\n"
    assert kept["hello.qvmconf"] == (HELLO / "hello.qvmconf").read_bytes()


def test_json_names_both_sides(tmp_path):
    path = tmp_path / "vm.qvmconf"
    path.write_text("ram 0x80000000,16M\nload a\nram 0x80000000,1M\n")
    said = json.loads(bulkhead("check", path, "--json").stdout)["messages"]
    assert [(one["line"], one["others"]) for one in said] == [(3, [{"file": "vm.qvmconf", "line": 1}])]


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


def make_example_files(folder):
    """What the examples name, as far as it is not built here: the words that say where it is."""
    files = run.make_files(folder)
    for name in PROGRAMS:
        (files / name).write_bytes(run.GUEST if name == "hello.elf" else run.program(name))
    for name in ("Image", "u-boot.bin", "initramfs.cpio.gz"):
        (files / name).write_bytes(run.GUEST)
    done = subprocess.run(["dtc", "-q", "-O", "dtb", "-o", files / "uboot.dtb"], input=b"/dts-v1/; / { };", check=True)
    assert done.returncode == 0
    return ["--path", files, "--path", run.VDEVS]


@pytest.mark.parametrize("name", ["hello", "two-linux", "uboot"])
def test_examples(name, tmp_path):
    files = make_example_files(tmp_path)
    done = bulkhead("check", run.TOP / "examples" / name, "--board", run.compile_board(tmp_path), *files)
    if name == "two-linux":  # needs more RAM than that board has
        assert done.returncode == run.EX_CONFIG
        assert [line for line in done.stderr.splitlines() if "bytes are missing" not in line] == []
    else:
        assert (done.returncode, done.stderr) == (0, "")
    done = bulkhead("check", run.TOP / "examples" / name, *files)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [(), ("check",), ("frob", "x"), ("check", "x", "y"), ("check", "x", "--borad", "y"),
                                   ("check", "x", "--board"), ("image", "x"), ("check", "x", "-o", "y"),
                                   ("map",), ("map", "x", "--no-check"), ("run", "x", "--plan"),
                                   ("check", "x", "--key", "y"), ("verify", "x"), ("sign", "x"),
                                   ("keygen", "x", "--readonly", "y"), ("verify", "x", "--public", "y", "--key", "z"),
                                   ("check", "x", "--memory", "0x80000000,2G"),
                                   ("check", "x", "--board", "y", "--memory", "2G"),
                                   ("check", "x", "--board", "y", "--memory", "0x80000000,"),
                                   ("map", "x", "--board", "y", "--memory", "0x80000000,2X"),
                                   ("image", "x", "-o", "z", "--board", "y", "--memory", "0xffffffffffffffff,2"),
                                   ("image", "x", "-o", "y", "--key", "a", "--signature", "b")])
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


@pytest.mark.parametrize("command", ["check", "image", "run", "map", "keygen", "sign", "verify"])
def test_help_by_its_word(command):
    done = bulkhead("help", command)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", bulkhead(command, "--help").stdout)
    assert done.stdout.startswith(f"usage: bulkhead {command} ")


def test_help_alone_and_version():
    done = bulkhead("help")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", bulkhead("--help").stdout)
    for words in (("help", "frob"), ("help", "check", "image"), ("--version", "x")):
        done = bulkhead(*words)
        assert (done.returncode, done.stdout) == (EX_USAGE, ""), words
        assert re.search(r"; see bulkhead (\w+ )?--help\n$", done.stderr)
    assert "unknown command frob" in bulkhead("help", "frob").stderr
    version = re.search(r'^#define VERSION "(.+)"$', (run.TOP / "tools/bulkhead/arguments.h").read_text(), re.M).group(1)
    done = bulkhead("--version")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"bulkhead {version}\n")


def test_json(tmp_path):
    """Both sides of a clash, for machines."""
    folder = pathlib.Path(__file__).parent / "system" / "owner-device-two-vms"
    files = ["--path", run.make_files(tmp_path)]
    done = bulkhead("check", folder, "--board", run.compile_board(tmp_path), "--json", *files)
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr, said["status"]) == (run.EX_CONFIG, "", run.EX_CONFIG)
    line, = said["messages"]
    assert (line["file"], line["others"][0]["file"]) == ("system.dts", "system.dts")
    assert line["line"] > line["others"][0]["line"] > 1
    good = json.loads(bulkhead("map", HELLO, "--json").stdout)
    assert (good["status"], good["messages"], good["map"][0]) == (0, [], "access matrix:")


def test_without_checks(tmp_path):
    """For tests of the target: the archive is written whatever clashes in it."""
    folder = pathlib.Path(__file__).parent / "system" / "owner-region-anywhere-two-processes"
    files = ["-f", f"{__file__}=one", "-f", f"{__file__}=two"]
    assert bulkhead("image", folder, *files, "-o", tmp_path / "no").returncode == run.EX_CONFIG
    assert not (tmp_path / "no").exists()
    assert bulkhead("image", folder, *files, "--no-check", "-o", tmp_path / "yes").returncode == 0


def only_regular(words, text):
    done = subprocess.run([run.TOOL, *map(str, words)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == run.EX_CONFIG
    assert text in done.stderr, done.stderr


def test_only_regular_files(tmp_path):
    """What waits for a writer, or has no end, is not read; of a file that is too long nothing is."""
    options = make_programs(tmp_path)
    pipe, folder = tmp_path / "pipe", tmp_path / "system"
    os.mkfifo(pipe)
    out = ("-o", tmp_path / "out.cpio")
    for path in (pipe, "/dev/zero"):
        only_regular(("check", HELLO, *options, "--board", path), f"{path}: this is no regular file")
        only_regular(("image", HELLO, *options, "-f", f"{path}=more", *out), f"{path}: this is no regular file")
        only_regular(("image", HELLO, *options, "--key", path, *out), f"{path}: this is no regular file")
        only_regular(("sign", path, "--key", path), f"{path}: this is no regular file")
    only_regular(("check", pipe), "it is no regular file")
    folder.mkdir()
    for name in ("system.dts", "hello.qvmconf", "hello.elf"):
        shutil.copytree(HELLO, folder, dirs_exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        only_regular(("check", folder, *options[:-4], *options[-2:]), "no regular file")
        (folder / name).unlink()
    with (tmp_path / "long.qvmconf").open("wb") as config:
        config.truncate(1 << 40)
    only_regular(("check", tmp_path / "long.qvmconf"), "it is longer than 256 KiB")
    assert not (tmp_path / "out.cpio").exists()


def processes_with(text):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path.parent.name] if text in path.read_bytes() else []
        except OSError:
            pass
    return found


def first_line(stream, start):
    said = []
    for line in stream:
        said.append(line)
        if line.startswith(start):
            return line
    raise AssertionError(f"no line begins with {start!r}: {said}")


def wait_for(what):
    for _ in range(600):
        if what():
            return
        time.sleep(0.1)
    raise AssertionError("not within 60 s")


@pytest.mark.parametrize("words, text", [
    (("--board", "raspi4b"), "there is no board 'raspi4b'; the boards are: qemu-virt xlnx-versal-virt"),
    (("--board", "../boards/qemu-virt"), "there is no board '../boards/qemu-virt'; the boards are: qemu-virt xlnx-versal-virt"),
    (("--cpus", "9"), "--cpus 9: board qemu-virt can have 1 to 8 CPUs"),
    (("--cpus", "0"), "--cpus 0: board qemu-virt can have 1 to 8 CPUs"),
    (("--cpus", "2x"), "--cpus 2x: board qemu-virt can have 1 to 8 CPUs"),
    (("--board", "xlnx-versal-virt", "--cpus", "4"), "--cpus 4: board xlnx-versal-virt has 2 CPUs"),
    (("--board", "xlnx-versal-virt", "--cpu", "max"),
     "--cpu max: the CPUs of board xlnx-versal-virt are of the model cortex-a72")])
def test_run_on_a_board_that_is_not_there(words, text):
    done = bulkhead("run", HELLO, *words)
    assert (done.returncode, done.stderr) == (run.EX_CONFIG, text + "\n")


@pytest.mark.parametrize("command", ["run", "check"])
def test_help_lists_the_boards(command):
    done = bulkhead(command, "--help")
    assert "\nBoards that come with this tool: qemu-virt xlnx-versal-virt\n" in done.stdout


def test_check_takes_a_board_by_its_name(tmp_path):
    """What the versal has not: the UART of `virt`."""
    folder = tmp_path / "system"
    shutil.copytree(HELLO, folder)
    text = (folder / "system.dts").read_text().replace('devices = "stdout"', 'devices = "/pl011@9000000"')
    (folder / "system.dts").write_text(text)
    for board, found in (("qemu-virt", False), ("xlnx-versal-virt", True)):
        done = bulkhead("check", folder, "--board", board)
        assert ("/pl011@9000000" in done.stderr) == found, done.stderr
    done = bulkhead("check", folder, "--board", "raspi4b")
    assert (done.returncode, done.stderr) == (
        run.EX_CONFIG, "there is no board 'raspi4b'; the boards are: qemu-virt xlnx-versal-virt\n")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_run_leaves_nothing(tmp_path, end):
    """Neither the folder for what was made on the way, nor what was started: QEMU, here a script that waits."""
    build = pathlib.Path(run.TOOL).parent
    if not (build / "bin" / "qvm").exists() or not (build / "guests" / "hello.elf").exists():
        pytest.skip("the programs of the system are not built")
    (tmp_path / "Image").write_text("none")
    qemu, mark = tmp_path / "qemu-system-aarch64", f"300.{os.getpid()}{int(end)}"
    qemu.write_text(f"#!/bin/sh\ncase \"$*\" in *dumpdtb=*)\n  file=${{2##*dumpdtb=}}\n  cp {build}/boards/qemu-virt.dtb "
                    f"$file; exit 0;; esac\necho \"started $*\"; exec sleep {mark}\n")
    qemu.chmod(0o755)
    tool = subprocess.Popen([run.TOOL, "run", HELLO, "--kernel", tmp_path / "Image"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                            # A shell's background job, as a test run may be one, ignores SIGINT.
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    said = first_line(tool.stdout, "started ")
    folder = pathlib.Path(re.search(r"-initrd (\S+)", said).group(1)).parent
    assert folder.name.startswith("bulkhead-") and folder.is_dir()
    wait_for(lambda: processes_with(mark.encode()))
    tool.send_signal(end)
    tool.wait(timeout=120)
    wait_for(lambda: not folder.exists() and not processes_with(mark.encode()))


def test_messages_are_in_order(tmp_path):
    """By file, as they are first named, and by line, whichever check found them; for machines, too."""
    path = tmp_path / "vm.qvmconf"
    path.write_text("ram 0x80000000,16M\nvdev pl011 loc 0x80000000\nram 0x80000000,1M\nset nothing on\n")
    for words in ((), ("--json",)):
        done = bulkhead("check", path, *words)
        lines = [one["line"] for one in json.loads(done.stdout)["messages"]] if words else \
            [int(line.split(":")[1].split("]")[0]) for line in done.stderr.splitlines()]
        assert lines == sorted(lines) and len(set(lines)) >= 3, done.stderr
