# SPDX-License-Identifier: Apache-2.0
"""The host tool by itself: its words, help, messages and boards, and what it reads."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import run
from tool import HELLO, PROGRAMS, VDEVS, bulkhead, make_programs

EX_USAGE = 64


def test_a_missing_include_is_named(tmp_path):
    (tmp_path / "system.dts").write_text('/dts-v1/;\n/include/ "nothing.dtsi"\n')
    done = bulkhead("check", tmp_path)
    assert done.returncode == run.EX_CONFIG
    assert re.fullmatch(r"[^\n]*/system\.dts: dtc: [^\n]*nothing\.dtsi[^\n]*\n", done.stderr), done.stderr


def test_wrong_input_is_one_message(tmp_path):
    """One message each, which says what is wrong with the input, not with what was not read."""
    for path, text in ((tmp_path / "nothing", "No such file or directory"),
                       (HELLO / "system.dts", "a system is checked as a whole: give its directory"),
                       (tmp_path, "a system directory has a file system.dts")):
        done = bulkhead("check", path)
        assert done.returncode == run.EX_CONFIG
        assert re.fullmatch(rf"[^\n]*{text}\n", done.stderr), done.stderr


def test_json_names_both_sides(tmp_path):
    path = tmp_path / "vm.qvmconf"
    path.write_text("ram 0x80000000,16M\nload a\nram 0x80000000,1M\n")
    said = json.loads(bulkhead("check", path, "--json").stdout)["messages"]
    assert [(one["line"], one["others"]) for one in said] == [(3, [{"file": "vm.qvmconf", "line": 1}])]


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
def test_the_examples_are_right(name, tmp_path):
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
                                   ("image", "x", "-o", "y", "--key", "a", "--signature", "b"),
                                   ("receive",), ("receive", "x", "--receive", "a/b=c"), ("receive", "x", "--receive", "a="),
                                   ("check", "x", "--console"), ("receive", "x", *["--receive", "y"] * 17)])
def test_wrong_words_show_the_usage(words):
    done = bulkhead(*words)
    assert done.returncode == EX_USAGE
    assert re.search(r"; see bulkhead (\w+ )?--help\n$", done.stderr)


def test_help_names_the_commands():
    done = bulkhead("--help")
    assert done.returncode == 0
    assert "usage: bulkhead COMMAND" in done.stdout


@pytest.mark.parametrize("command", ["check", "image", "run", "map"])
def test_each_command_has_its_help(command):
    done = bulkhead(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: bulkhead {command} DIR")


@pytest.mark.parametrize("command", ["check", "image", "run", "map", "keygen", "sign", "verify", "receive"])
def test_help_takes_a_command(command):
    done = bulkhead("help", command)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", bulkhead(command, "--help").stdout)
    assert done.stdout.startswith(f"usage: bulkhead {command} ")


def test_help_alone_and_version_take_no_words():
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


def test_json_has_both_sides_of_a_clash(tmp_path):
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


def only_regular(words, text):
    done = subprocess.run([run.TOOL, *map(str, words)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == run.EX_CONFIG
    assert text in done.stderr, done.stderr


def test_only_regular_files_are_read(tmp_path):
    """What waits for a writer, or has no end, is not read; of a file that is too long nothing is."""
    options = make_programs(tmp_path)
    pipe, folder = tmp_path / "pipe", tmp_path / "system"
    os.mkfifo(pipe)
    out = ("-o", tmp_path / "out.cpio")
    for path in (pipe, "/dev/zero"):
        only_regular(("check", HELLO, *options, "--board", path), f"{path}: this is not a regular file")
        only_regular(("image", HELLO, *options, "-f", f"{path}=more", *out), f"{path}: this is not a regular file")
        only_regular(("image", HELLO, *options, "--key", path, *out), f"{path}: this is not a regular file")
        only_regular(("sign", path, "--key", path), f"{path}: this is not a regular file")
    only_regular(("check", pipe), "it is not a regular file")
    folder.mkdir()
    for name in ("system.dts", "hello.qvmconf", "hello.elf"):
        shutil.copytree(HELLO, folder, dirs_exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        only_regular(("check", folder, *options[:-4], *options[-2:]), "not a regular file")
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
    (("--board", "xlnx-versal-virt", "--cpus", "4"), "--cpus 4: board xlnx-versal-virt has 2 CPUs; leave the option out"),
    (("--board", "xlnx-versal-virt", "--cpu", "max"),
     "--cpu max: board xlnx-versal-virt has CPUs of the model cortex-a72; leave the option out")])
def test_a_board_that_is_not_there_is_refused(words, text):
    done = bulkhead("run", HELLO, *words)
    assert (done.returncode, done.stderr) == (run.EX_CONFIG, text + "\n")


GOOD_BOARD = "qemu -M virt -cpu CPU -smp CPUS -m MEMORY\ncpu max\ncpus 4 8\nmemory 2G\n"


@pytest.mark.parametrize("text, wrong", [
    (GOOD_BOARD.replace("-M", "-machine"), ":1] the line 'qemu' must name the machine with -M"),
    (GOOD_BOARD.replace("-M virt", "virt -M").replace(" -cpu CPU -smp CPUS -m MEMORY", ""),
     ":1] the line 'qemu' must name the machine with -M"),
    (GOOD_BOARD.replace("-M virt", "-M virt" + " -s" * 24), ":1] a line has at most 32 words"),
    (GOOD_BOARD.replace("cpus 4 8", "cpus 4 8 # at most"), ":3] write cpus and the default number of CPUs, and the highest one if it can be chosen: 1 to 999"),
    (GOOD_BOARD.replace("cpus 4 8", "cpus 4 many"),
     ":3] write cpus and the default number of CPUs, and the highest one if it can be chosen: 1 to 999"),
    (GOOD_BOARD.replace("cpus 4 8", "cpus 9 8"), ":3] write cpus and the default number of CPUs, and the highest one if it can be chosen: 1 to 999"),
    (GOOD_BOARD.replace("cpus 4 8", "cpus"), ":3] write cpus and the default number of CPUs, and the highest one if it can be chosen: 1 to 999"),
    (GOOD_BOARD + "ram 2G\n", ":5] a line must begin with qemu, cpu, cpus or memory"),
    (GOOD_BOARD.replace("memory 2G", "memory 2 G"), ":4] exactly one word must follow cpu and memory"),
    (GOOD_BOARD.replace("memory 2G\n", ""), ": one of the lines qemu, cpu, cpus and memory is missing"),
    ("", ": one of the lines qemu, cpu, cpus and memory is missing")])
def test_a_wrong_description_of_a_board_is_refused(tmp_path, text, wrong):
    shutil.copy(run.TOOL, tmp_path / "bulkhead")
    (tmp_path / "boards").mkdir()
    path = tmp_path / "boards" / "odd.conf"
    path.write_text(text)
    done = subprocess.run([tmp_path / "bulkhead", "run", HELLO, "--board", "odd", "--cpus", "0"], capture_output=True, text=True,
                          check=False)
    where = f"[{path}" if wrong.startswith(":") and "]" in wrong else f"{path}"
    assert (done.returncode, done.stderr) == (run.EX_CONFIG, where + wrong + "\n")


def test_a_description_of_a_board_has_comments_and_blank_lines(tmp_path):
    """They are no mistakes: the one that is left is the number of CPUs on the command line."""
    shutil.copy(run.TOOL, tmp_path / "bulkhead")
    (tmp_path / "boards").mkdir()
    text = "# " + "x " * 40 + "\n\n" + GOOD_BOARD.replace("cpus 4 8", "cpus\t4 8")
    (tmp_path / "boards" / "odd.conf").write_text(text.replace("\n", "\r\n"))
    done = subprocess.run([tmp_path / "bulkhead", "run", HELLO, "--board", "odd", "--cpus", "9"], capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (run.EX_CONFIG, "--cpus 9: board odd can have 1 to 8 CPUs\n")


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
def test_a_killed_run_leaves_nothing(tmp_path, end):
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
