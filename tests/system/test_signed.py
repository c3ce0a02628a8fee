# SPDX-License-Identifier: Apache-2.0
"""Nothing of the boot archive is used unless it is what was signed, by the key that procmgr was built with."""
import subprocess

import pytest

from harness import BUILD, archive_files, make_archive, refused, resign


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
def test_changed_file(name, at):
    refused(changed(make_archive("hello"), name, at), rf"{name}:? differs from the one that was signed")


@pytest.mark.parametrize("name, at", [("MANIFEST", 0), ("MANIFEST", 200), ("MANIFEST", -1), ("MANIFEST.sig", 0),
                                      ("MANIFEST.sig", -1)])
def test_wrong_signature(name, at):
    refused(changed(make_archive("hello"), name, at), "MANIFEST.sig is no signature of MANIFEST by the key")


def test_other_key(tmp_path):
    subprocess.run([BUILD / "bulkhead", "keygen", tmp_path / "other"], check=True, timeout=120)
    refused(resign(make_archive("hello"), tmp_path / "other.key"), "MANIFEST.sig is no signature of MANIFEST by the key")


@pytest.mark.parametrize("name", ["MANIFEST", "MANIFEST.sig"])
def test_not_signed(name):
    archive = make_archive("hello")
    data = archive.read_bytes()
    start, _ = archive_files(data)[name]
    at = data.rindex(name.encode() + b"\0", 0, start)
    archive.write_bytes(data[:at] + b"m" + data[at + 1:])
    refused(archive, "cannot be trusted: it is not signed")


def test_file_that_is_not_listed():
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
