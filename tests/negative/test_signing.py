# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures, and what verify finds."""
import hashlib
import re
import subprocess

import run
from tool import HELLO, PROGRAMS, VDEV, bulkhead, content_of, entries, make_key, make_programs


def test_a_key_is_never_overwritten(tmp_path):
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


def test_a_signed_image_repeats_and_lists_each_file(tmp_path):
    """Signed twice: the same bytes. The manifest is what sha256sum says, in order of the names."""
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
    assert lines[0] == "bulkhead-manifest 2"
    listed = [line.split(" ") for line in lines[1:]]
    assert [name for _, _, name in listed] == sorted(["@kernel", "system.dtb", "hello.qvmconf", *PROGRAMS, VDEV])
    assert [name for _, flags, name in listed if flags == "certified"] == ["@kernel", "qvm"]
    content["@kernel"] = b"kernel"
    assert all(digest == hashlib.sha256(content[name]).hexdigest() for digest, _, name in listed)
    assert bulkhead("verify", tmp_path / "one", "--public", public, "--readonly", kernel).returncode == 0


def test_another_program_may_sign(tmp_path):
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


def test_a_changed_file_is_found(tmp_path):
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
        refused("not a signature" if name.startswith("MANIFEST") else f"{name}: the file is not the one that was signed")
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
    refused("not a signature")
    refused("not a signature", "--readonly", kernel)
    assert bulkhead("sign", out, "--key", key).returncode == 0
    refused("the manifest does not list the kernel; sign the archive with --readonly", "--readonly", kernel)
    assert bulkhead("verify", out, "--public", public).returncode == 0
    public.write_text("12")
    refused("64 hexadecimal digits after its first word, and nothing else")


def test_a_manifest_of_version_1_is_refused_by_name(tmp_path):
    """Its signature is good, and so are its hashes: it is of the version before. Signed anew it is accepted."""
    options = make_programs(tmp_path)
    out, pem, public = tmp_path / "out.cpio", tmp_path / "key.pem", tmp_path / "key.pub"
    key, new_public = make_key(tmp_path, "new")
    assert bulkhead("image", HELLO, *options, "-o", out).returncode == 0
    unsigned = out.read_bytes().replace(b"MANIFEST", b"manifest")  # an ordinary file now
    lines = [f"{hashlib.sha512(data).hexdigest()} - {name}\n" for name, _, data in sorted(entries(unsigned))
             if name != ".pad"]
    old = "".join(["bulkhead-manifest 1\n", *lines])
    (tmp_path / "old").write_text(old)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
    subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", pem, "-rawin", "-in", tmp_path / "old", "-out",
                    tmp_path / "s"], check=True)
    signed = with_entry(with_entry(unsigned, "MANIFEST", old.encode()), "MANIFEST.sig", (tmp_path / "s").read_bytes())
    out.write_bytes(signed)
    public.write_text(subprocess.run(["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"], check=True,
                                     capture_output=True).stdout[-32:].hex() + "\n")
    done = bulkhead("verify", out, "--public", public)
    assert done.returncode == run.EX_CONFIG
    assert ("MANIFEST:1: this is a manifest of version 1, which has SHA-512: sign the archive anew, with the "
            "`bulkhead sign` of this version") in done.stderr
    # An old signature is none of the new manifest.
    assert bulkhead("sign", out, "--signature", tmp_path / "s").returncode == 0
    assert content_of(out)["MANIFEST"].startswith(b"bulkhead-manifest 2\n")
    done = bulkhead("verify", out, "--public", public)
    assert done.returncode == run.EX_CONFIG
    assert "MANIFEST.sig: this is not a signature of MANIFEST by that key" in done.stderr
    assert bulkhead("sign", out, "--key", key).returncode == 0
    assert bulkhead("verify", out, "--public", new_public).returncode == 0


def with_entry(archive, name, data):
    """The archive with one more file, after all others."""
    numbers = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = ("070701" + "".join(f"{n:08X}" for n in numbers) + name + "\0").encode()
    entry = head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    at = archive.index(b"TRAILER!!!") - 110
    return archive[:at] + entry + archive[at:]


def test_a_wrong_key_or_signature_is_refused(tmp_path):
    options = make_programs(tmp_path)
    out, certified, signature = tmp_path / "out.cpio", tmp_path / "certified", tmp_path / "signature"
    certified.write_text("qvm\nqwm\n")
    signature.write_bytes(b"x" * 63)
    for words, text in ((("--certified", certified), "certified:2] 'qwm' is not a file of the archive"),
                        (("--signature", signature), "this is not an Ed25519 signature, which has 64 bytes"),
                        (("--key", signature), "a secret key's file has the word ed25519-secret-key"),
                        (("--key", tmp_path / "nothing"), "nothing: No such file")):
        done = bulkhead("image", HELLO, *options, *words, "-o", out)
        assert done.returncode == run.EX_CONFIG
        assert text in done.stderr
        assert not out.exists()
    out.write_text("not an archive")
    done = bulkhead("sign", out, "--signature", signature)
    assert done.returncode == run.EX_CONFIG
    assert "this is not a boot archive" in done.stderr
    assert out.read_text() == "not an archive"
