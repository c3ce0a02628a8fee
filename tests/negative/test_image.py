# SPDX-License-Identifier: Apache-2.0
"""Archives that the host tool writes, and that it writes none when something is wrong."""
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

import run
from tool import HELLO, PAGE, PROGRAMS, VDEV, VDEVS, bulkhead, content_of, entries, make_programs


def test_an_image_has_all_files_at_pages(tmp_path):
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


def test_the_same_input_makes_the_same_image(tmp_path):
    options = make_programs(tmp_path)
    for out in ("one", "two"):
        assert bulkhead("image", HELLO, *options, "-o", tmp_path / out).returncode == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_nothing_is_written_after_a_mistake(tmp_path):
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
    ("MANIFEST", "the archive uses this name itself; give the file another one"), (".pad", "the archive uses this name itself; give the file another one"),
    ("TRAILER!!!", "the archive uses this name itself; give the file another one"), ("./MANIFEST.sig", "the archive uses this name itself; give the file another one"),
    ("", "1 to 255 characters"), ("a b", "no blanks"), ("a\nb", "no blanks"), ("x" * 256, "1 to 255 characters"),
    ("./shell", "has a file './shell' already")])
def test_a_wrong_name_of_a_file_is_refused(tmp_path, name, text):
    options = make_programs(tmp_path)
    done = bulkhead("image", HELLO, "-f", tmp_path / "shell", *options, "-f", f"{tmp_path / 'qvm'}={name}", "-o",
                    tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    assert text in done.stderr
    assert not (tmp_path / "out.cpio").exists()


@pytest.mark.parametrize("missing", [*PROGRAMS, VDEV])
def test_a_missing_file_leaves_the_old_image(tmp_path, missing):
    options = make_programs(tmp_path)
    at = options.index(tmp_path / missing)
    out = tmp_path / "out.cpio"
    out.write_text("as before")
    done = bulkhead("image", HELLO, *options[:at - 1], *options[at + 1:], "-o", out)
    assert done.returncode == run.EX_CONFIG
    assert f"names the file '{missing}', which is not there" in done.stderr
    assert out.read_text() == "as before"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((*PROGRAMS, VDEV, "out.cpio"))


def test_a_file_too_long_for_its_guest_is_refused(tmp_path):
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
def test_a_program_that_cannot_run_is_refused(tmp_path, name, change, text):
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


@pytest.mark.parametrize("name, given", [("shell", 0x100000), ("qvm", 0x80000)])
def test_a_program_must_fit_into_its_memory(tmp_path, name, given):
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
    assert f"program '{name}' needs at least {given + PAGE} bytes of memory, but 'memory' gives it {given}" in done.stderr
    assert not (tmp_path / f"{run.EX_CONFIG}.cpio").exists()


def test_a_certified_qvm_in_the_folder_is_taken(tmp_path):
    options = make_programs(tmp_path)
    folder = tmp_path / "system"
    shutil.copytree(HELLO, folder)
    (folder / "qvm-safety").write_bytes(run.program("certified"))
    out = tmp_path / "out.cpio"
    assert bulkhead("image", folder, *options, "-o", out).returncode == 0
    assert content_of(out)["qvm-safety"] == run.program("certified")
    (folder / "qvm-safety").write_text("no program")
    assert "program 'qvm-safety': " in bulkhead("image", folder, *options, "-o", out).stderr


def test_a_vdev_that_cannot_be_read_is_not_replaced(tmp_path):
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


def test_a_vm_needs_a_configuration(tmp_path):
    options = make_programs(tmp_path)
    (tmp_path / "system.dts").write_text(
        re.sub("config = .*;", "", (HELLO / "system.dts").read_text()))
    done = bulkhead("image", tmp_path, *options, "-o", tmp_path / "out.cpio")
    assert (done.returncode, (tmp_path / "out.cpio").exists()) == (run.EX_CONFIG, False)
    assert "'config' is missing" in done.stderr


def test_files_that_args_name_are_in_the_image(tmp_path):
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


def test_a_name_is_there_once(tmp_path):
    options = make_programs(tmp_path)
    done = bulkhead("image", HELLO, *options, "-f", f"{tmp_path / 'shell'}=system.dtb", "-o", tmp_path / "out.cpio")
    assert done.returncode == run.EX_CONFIG
    assert "the archive has a file 'system.dtb' already" in done.stderr


def test_a_certified_variant_comes_first(tmp_path):
    """The plain one is left out then, as is a vdev that no VM has."""
    options = make_programs(tmp_path)
    for name in ("vdev-pl011-safety.so", "vdev-other.so"):
        options += ["-f", VDEVS / f"{VDEV}={name}" if "other" in name else VDEVS / name]
    out = tmp_path / "out.cpio"
    done = bulkhead("image", HELLO, *options, "-o", out)
    assert done.returncode == 0, done.stderr
    assert [name for name, _, _ in entries(out.read_bytes()) if name.startswith("vdev")] == ["vdev-pl011-safety.so"]


def test_an_image_without_checks_is_written(tmp_path):
    """For tests of the target: the archive is written whatever clashes in it."""
    folder = pathlib.Path(__file__).parent / "system" / "owner-region-anywhere-two-processes"
    files = ["-f", f"{__file__}=one", "-f", f"{__file__}=two"]
    assert bulkhead("image", folder, *files, "-o", tmp_path / "no").returncode == run.EX_CONFIG
    assert not (tmp_path / "no").exists()
    assert bulkhead("image", folder, *files, "--no-check", "-o", tmp_path / "yes").returncode == 0
