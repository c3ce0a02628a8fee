# SPDX-License-Identifier: Apache-2.0
"""What the host tool reads and writes: files of the system's folders and no others, the right key, no link of somebody else's."""
import json
import os
import pathlib
import stat
import subprocess

import pytest

import run
from tool import HELLO, bulkhead, content_of, make_key, make_programs

OUTSIDE = "it lies outside the system's folders; move it into one, or name its folder with --path"


@pytest.fixture
def system(tmp_path):
    """A system directory, the options for its programs, and a secret beside it that nobody named."""
    folder = tmp_path / "system"
    folder.mkdir()
    for file in HELLO.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("secret")
    return folder, make_programs(programs), tmp_path / "out.cpio"


def configure(folder, line):
    path = folder / "hello.qvmconf"
    path.write_text(path.read_text() + line + "\n")


def refused(system, *texts, more=()):
    folder, options, out = system
    done = bulkhead("image", folder, *options, *more, "-o", out)
    assert done.returncode == run.EX_CONFIG
    assert all(text in done.stderr for text in texts), done.stderr
    assert not out.exists()


@pytest.mark.parametrize("name", ["../elsewhere/secret", "sub/../../elsewhere/secret"])
def test_dots_lead_out(system, name):
    (system[0] / "sub").mkdir()
    configure(system[0], f"data load {name}")
    refused(system, f"'load' names the file '{name}'", OUTSIDE)


@pytest.mark.parametrize("link", ["../elsewhere/secret", "absolute", "chain"])
def test_links_lead_out(system, link):
    folder = system[0]
    target = folder.parent / "elsewhere" / "secret" if link == "absolute" else link
    if link == "chain":
        (folder / "first").symlink_to(folder.parent / "elsewhere")
        target = "first/secret"
    (folder / "data").symlink_to(target)
    configure(folder, "data load data")
    refused(system, "'load' names the file 'data'", OUTSIDE)


def test_links_within_are_files(system):
    """Also from one folder that was named into another, and where the folder itself is a link."""
    folder, options, out = system
    (folder / "real").write_text("within")
    (folder / "data").symlink_to("real")
    (folder / "more").symlink_to("../elsewhere/secret")
    (folder.parent / "named").symlink_to("elsewhere")
    configure(folder, "data load data\ndata load more")
    done = bulkhead("image", folder, *options, "--path", folder.parent / "named", "-o", out)
    assert done.returncode == 0, done.stderr
    assert content_of(out)["data"] == b"within"
    assert content_of(out)["more"] == b"secret"


def test_a_file_of_the_command_line_may_lie_anywhere(system):
    folder, options, out = system
    configure(folder, "data load data")
    done = bulkhead("image", folder, *options, "-f", f"{folder.parent}/elsewhere/secret=data", "-o", out)
    assert done.returncode == 0, done.stderr
    assert content_of(out)["data"] == b"secret"


def test_configurations_lead_out(system):
    folder = system[0]
    (folder / "hello.qvmconf").rename(folder.parent / "elsewhere" / "hello.qvmconf")
    (folder / "hello.qvmconf").symlink_to("../elsewhere/hello.qvmconf")
    refused(system, "/vms/hello: its configuration hello.qvmconf: " + OUTSIDE)


def test_further_configurations_lead_out(system):
    folder = system[0]
    (folder.parent / "elsewhere" / "more.qvmconf").write_text("sched 10\n")
    dts = (folder / "system.dts").read_text()
    for name in ("../elsewhere/more.qvmconf", "link.qvmconf"):
        if name.startswith("link"):
            (folder / name).symlink_to("../elsewhere/more.qvmconf")
        (folder / "system.dts").write_text(dts.replace('config = "hello', f'args = "@{name}"; config = "hello'))
        refused(system, f"cannot read the configuration file '{name}': it lies outside of the system's folders")


@pytest.mark.parametrize("how", ["/include/", "/incbin/", "a blank"])
def test_the_description_leads_out(system, how):
    folder = system[0]
    dts = (folder / "system.dts").read_text()
    other = folder.parent / "elsewhere" / ("a blank" if how == "a blank" else "part.dtsi")
    other.write_text("/ { safety = \"none\"; };\n")
    if how == "/incbin/":
        dts = dts.replace("program = \"shell\";", f'program = "shell"; args = /incbin/("{other}");')
    else:
        dts += f'/include/ "../elsewhere/{other.name}"\n'
    (folder / "system.dts").write_text(dts)
    refused(system, "system.dts: it includes ", f"elsewhere/{other.name}: " + OUTSIDE)


def test_the_description_leads_out_between_decoys(system, monkeypatch):
    """Both parts of a name with a blank are files of the folder, which the name itself leaves by a link."""
    folder = system[0]
    monkeypatch.chdir(folder)
    (folder.parent / "elsewhere" / "part.dtsi").write_text("/ { safety = \"none\"; };\n")
    (folder / "l k").symlink_to("../elsewhere")
    (folder / "k").mkdir()
    for decoy in ("l", "l\\", "k/part.dtsi"):
        (folder / decoy).write_text("")
    (folder / "system.dts").write_text((folder / "system.dts").read_text() + '/include/ "l k/part.dtsi"\n')
    refused(system, "system.dts: it includes ", "l k/part.dtsi: " + OUTSIDE)


@pytest.mark.parametrize("names", [["a part.dtsi"], ["one.dtsi", "a  part .dtsi", "two.dtsi"], ["a\\part.dtsi"]])
def test_the_description_may_include_its_own(system, names):
    folder, options, out = system
    for name in names:
        (folder / name).write_text("/ { safety = \"none\"; };\n")
        (folder / "system.dts").write_text((folder / "system.dts").read_text() + f'/include/ "{name}"\n')
    done = bulkhead("image", folder, *options, "-o", out)
    assert done.returncode == 0, done.stderr


def test_a_vdev_leads_out(system):
    folder, options, out = system
    vdev = next(word for word in options if str(word).endswith("vdev-pl011.so"))
    (folder.parent / "elsewhere" / vdev.name).write_bytes(vdev.read_bytes())
    (folder / vdev.name).symlink_to(f"../elsewhere/{vdev.name}")
    refused((folder, options[:options.index(vdev) - 1], out), "vdev-pl011.so: " + OUTSIDE)


# ---- keys ----


def test_keys_are_told_apart(system, tmp_path):
    folder, options, out = system
    key, public = make_key(tmp_path, "one")
    done = bulkhead("image", folder, *options, "--key", public, "-o", out)
    assert done.returncode == run.EX_CONFIG
    assert "one.pub: this is a public key; the secret one is needed" in done.stderr
    assert not out.exists()
    assert bulkhead("image", folder, *options, "--key", key, "-o", out).returncode == 0
    done = bulkhead("verify", out, "--public", key)
    assert done.returncode == run.EX_CONFIG
    assert "one.key: this is a secret key, which nobody must see; the public one is needed" in done.stderr
    assert bulkhead("verify", out, "--public", public).returncode == 0


def test_digits_alone_are_no_secret_key(system, tmp_path):
    """64 digits alone are no secret key; a public key may be written so, if they are one."""
    folder, options, out = system
    key, public = make_key(tmp_path, "one")
    for file in (key, public):
        file.write_text(file.read_text().split()[1] + "\n")
    done = bulkhead("image", folder, *options, "--key", key, "-o", out)
    assert done.returncode == run.EX_CONFIG
    assert "one.key: a secret key's file has the word ed25519-secret-key" in done.stderr
    assert bulkhead("image", folder, *options, "-o", out).returncode == 0
    assert "not signed" in bulkhead("verify", out, "--public", public).stderr
    public.write_text("02" + "00" * 31 + "\n")
    assert "one.pub: this is not a public key" in bulkhead("verify", out, "--public", public).stderr


@pytest.mark.parametrize("which", ["secret", "bare", "good"])
def test_no_secret_key_is_built_in(tmp_path, which):
    key, public = make_key(tmp_path, "one")
    bare = tmp_path / "bare"
    bare.write_text(key.read_text().split()[1] + "\n")
    given = {"secret": key, "bare": bare, "good": public}[which]
    header = tmp_path / "build" / "keys" / "include" / "public_key.h"
    done = subprocess.run(["make", "-C", run.TOP, f"BUILD={tmp_path / 'build'}", f"PUBLIC_KEY={given}", header],
                          capture_output=True, text=True, timeout=120)
    assert (done.returncode == 0) == (which == "good"), done.stderr
    assert header.exists() == (which == "good")
    if which != "good":
        assert "a public key's file has the word ed25519-public-key, a blank and 64 hexadecimal digits" in done.stderr


# ---- what is written ----


def test_no_prepared_link_is_followed(system):
    folder, options, out = system
    victim = folder.parent / "victim"
    victim.write_text("precious")
    (out.parent / "out.cpio.tmp").symlink_to(victim)
    out.symlink_to(victim)
    assert bulkhead("image", folder, *options, "-o", out).returncode == 0
    assert victim.read_text() == "precious"
    assert not out.is_symlink()
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~current_umask()
    assert sorted(path.name for path in out.parent.glob("out.cpio*")) == ["out.cpio", "out.cpio.tmp"]


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("words", [[], ["nosuch"], ["check"], ["check", "a", "b"], ["check", "a", "--nosuch"],
                                   ["image", "a"], ["check", "nowhere"], ["verify", "a"], ["check", "a", "--plan"]])
def test_json_is_always_json(words):
    done = bulkhead(*words, "--json")
    answer = json.loads(done.stdout)
    assert answer["status"] == done.returncode != 0
    assert len(answer["messages"]) == 1
    assert done.stderr == ""


def test_a_tool_that_dies_is_not_missing(tmp_path, monkeypatch):
    tool = tmp_path / "dtc"
    tool.write_text("#!/bin/sh\nkill -SEGV $$\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    done = bulkhead("check", HELLO)
    assert done.returncode == run.EX_CONFIG
    assert "dtc was ended by signal 11" in done.stderr
    assert "install" not in done.stderr
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    done = bulkhead("check", HELLO)
    assert done.returncode == run.EX_CONFIG
    assert "install the package device-tree-compiler" in done.stderr


def test_another_key_is_built_in(tmp_path):
    """In a build that has been made for one key already."""
    build = tmp_path / "build"
    build.mkdir()
    (build / "sysroot").symlink_to(pathlib.Path(run.TOOL).parent / "sysroot")
    program = build / "procmgr" / "servers/procmgr" / "verify.c.o"
    for name in ("one", "two", "two"):
        public = tmp_path / f"{name}.pub"
        if not public.exists():
            make_key(tmp_path, name)
        subprocess.run(["make", "-C", run.TOP, f"BUILD={build}", f"PUBLIC_KEY={public}", program], check=True,
                       capture_output=True, timeout=120)
        assert bytes.fromhex(public.read_text().split()[1]) in program.read_bytes()
