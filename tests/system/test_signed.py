# SPDX-License-Identifier: Apache-2.0
"""Nothing of the boot archive is used unless it is what was signed, by the key that procmgr was built with."""
import hashlib
import os
import pathlib
import subprocess
import sys

import pytest

from debugger import Debugger, debugger_port
from harness import BUILD, PROMPT, TOP, Board, archive_files, example, make_archive, refused, resign

sys.path.insert(0, str(TOP / "tools/path"))

import kernel_path  # noqa: E402

KEY = pathlib.Path(os.environ.get("KEY", BUILD / "keys/development.key"))
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # what stands before an Ed25519 seed (RFC 8410)


def changed(archive, name, at):
    """The archive with one bit of a file changed."""
    data = bytearray(archive.read_bytes())
    start, size = archive_files(data)[name]
    assert size > 0
    data[start + at % size] ^= 0x10
    archive.write_bytes(data)
    return archive


# Each kind of file, at its first, its last and some other byte.
@pytest.mark.parametrize("name, at", [("system.dtb", 60), ("hello.qvmconf", 10), ("hello.elf", -1), ("qvm", 50000),
                                      ("shell", 3000), ("slogger", -1), ("devc-pl011", 0), ("vdev-pl011.so", 5000)])
def test_a_changed_file_stops_the_system(name, at):
    refused(changed(make_archive("hello"), name, at), rf"{name}:? differs from the one that was signed")


@pytest.mark.parametrize("name, at", [("MANIFEST", 0), ("MANIFEST", 200), ("MANIFEST", -1), ("MANIFEST.sig", 0),
                                      ("MANIFEST.sig", -1)])
def test_a_wrong_signature_stops_the_system(name, at):
    refused(changed(make_archive("hello"), name, at), "MANIFEST.sig is no signature of MANIFEST by the key")


def test_another_key_stops_the_system(tmp_path):
    subprocess.run([BUILD / "bulkhead", "keygen", tmp_path / "other"], check=True, timeout=120)
    refused(resign(make_archive("hello"), tmp_path / "other.key"), "MANIFEST.sig is no signature of MANIFEST by the key")


def with_files(archive, files):
    """The archive with more files, after all others."""
    data = archive.read_bytes()
    at = data.rindex(b"TRAILER!!!\0") - 110
    more = b""
    for name, content in files.items():
        numbers = [1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        head = ("070701" + "".join(f"{n:08X}" for n in numbers) + name + "\0").encode()
        more += head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
    archive.write_bytes(data[:at] + more + data[at:])
    return archive


def test_a_manifest_of_version_1_stops_the_system(tmp_path):
    """The right key has signed it, and its hashes are right."""
    archive = make_archive("hello")
    data = archive.read_bytes()
    found = {name: data[at:at + size] for name, (at, size) in archive_files(data).items()}
    old = "bulkhead-manifest 1\n" + "".join(f"{hashlib.sha512(found[name]).hexdigest()} - {name}\n"
                                            for name in sorted(found) if name[0] != "." and name[:8] != "MANIFEST")
    (tmp_path / "old").write_text(old)
    (tmp_path / "der").write_bytes(PKCS8 + bytes.fromhex(KEY.read_text().split()[1]))
    subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", tmp_path / "der", "-keyform", "DER", "-rawin", "-in",
                    tmp_path / "old", "-out", tmp_path / "signature"], check=True, timeout=120)
    archive.write_bytes(data.replace(b"MANIFEST", b"manifest"))
    with_files(archive, {"MANIFEST": old.encode(), "MANIFEST.sig": (tmp_path / "signature").read_bytes()})
    refused(archive, "cannot be trusted: this is a manifest of version 1, which has SHA-512: sign the archive anew, "
                     "with the `bulkhead sign` of this version")


@pytest.mark.parametrize("cpu, cpus, lacking", [("cortex-a53", 1, False), ("cortex-a53", 2, True)])
def test_files_are_hashed_with_and_without_instructions(cpu, cpus, lacking):
    """No model of QEMU lacks them: the debugger tells the kernel that one of the CPUs does."""
    path, options = debugger_port(f"sha256-{cpu}-{cpus}")
    with Board(make_archive("hello"), cpu=cpu, cpus=cpus, extra=(*options, "-S"), single=True) as board:
        debugger = Debugger(path)
        debugger.stops_at(kernel_path.symbol("process_start_first"))
        at = kernel_path.symbol("lacks_sha256")
        assert debugger.reads(at)[0] == 0
        if lacking:
            debugger.writes(at, b"\1")
        debugger.ask("c", answers=False)
        board.prompt()
        board.output_with("vm list", r"^hello +stopped +1  off, exit 0 ")


@pytest.mark.parametrize("name", ["MANIFEST", "MANIFEST.sig"])
def test_an_unsigned_archive_stops_the_system(name):
    archive = make_archive("hello")
    data = archive.read_bytes()
    start, _ = archive_files(data)[name]
    at = data.rindex(name.encode() + b"\0", 0, start)
    archive.write_bytes(data[:at] + b"m" + data[at + 1:])
    refused(archive, "cannot be trusted: it is not signed")


def test_a_file_that_is_not_listed_stops_the_system():
    """A configuration of the name that the description asks for, but another file was signed."""
    archive = make_archive("hello")
    data = archive.read_bytes()
    at = data.index(b"hello.qvmconf\0", archive_files(data)["system.dtb"][0] + 1024)
    archive.write_bytes(data[:at] + b"j" + data[at + 1:])
    resign(archive)
    data = archive.read_bytes()
    at = data.index(b"jello.qvmconf\0")
    archive.write_bytes(data[:at] + b"h" + data[at + 1:])
    refused(archive, r"hello.qvmconf is not in the signed MANIFEST")


def starts(archive, wrong):
    """All the same: the guest runs to its end. `bulkhead verify`, which looks at everything, says what is wrong."""
    done = subprocess.run([BUILD / "bulkhead", "verify", archive, "--public", KEY.with_suffix(".pub")], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 65 and wrong in done.stderr, (done.returncode, done.stdout, done.stderr)
    with Board(archive) as board:
        board.prompt()
        board.output_with("vm list", r"^hello +stopped +1  off, exit 0 ")


# A program that no process of the description names, and what only `-f` brought.
@pytest.mark.parametrize("name", ["shmem-server", "spare"])
def test_a_changed_file_that_nobody_uses_is_ignored(name, tmp_path):
    (tmp_path / "spare").write_bytes(b"spare" * 1000)
    archive = make_archive("hello", options=["-f", tmp_path / "spare"])
    starts(changed(archive, name, 3000), "the file is not the one that was signed")


def test_an_archive_without_its_trailer_starts():
    """It ends after the last file."""
    archive = make_archive("hello")
    data = archive.read_bytes()
    end = data.rindex(b"TRAILER!!!\0") - 110
    assert data[end:end + 6] == b"070701"
    archive.write_bytes(data[:end])
    starts(archive, "the archive is damaged after its last file")


@pytest.mark.parametrize("safety, message", [
    ("none", r"vdev-pl011-safety.so:? is not in the signed MANIFEST"),
    ("warn", r"vdev-pl011-safety.so:? is not in the signed MANIFEST"),
    ("required", r"vdev pl011 is not a safety variant: is not in the signed MANIFEST")])
def test_an_unlisted_safety_variant_stops_the_system(safety, message):
    """It is not passed over for the plain one beside it, which is listed and good."""
    files = example("hello")
    files["hello.qvmconf"] = files["hello.qvmconf"].replace(b"vdev pl011", f"safety {safety}\nvdev pl011".encode())
    # Signed under another name.
    archive = make_archive(files, options=["-f", f"{BUILD}/vdevs/vdev-pl011-safety.so=xdev-pl011-safety.so"])
    data = archive.read_bytes()
    start, _ = archive_files(data)["xdev-pl011-safety.so"]
    assert "vdev-pl011.so" in archive_files(data)
    at = data.rindex(b"xdev-pl011-safety.so\0", 0, start)
    archive.write_bytes(data[:at] + b"v" + data[at + 1:])
    if safety != "required":
        refused(archive, message)
        return
    with Board(archive) as board:
        board.expect(message)
        board.expect("global design safe state")
        board.expect_nothing(rf"{PROMPT}|started: slot|panic", 3, may_end=True)
