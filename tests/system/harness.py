# SPDX-License-Identifier: Apache-2.0
"""Boots a system in QEMU and talks to its serial console.

Everything that is expected has a time limit of its own, PATIENCE unless it takes long even where nothing else runs. A
failure says what was expected, shows the last lines of the console and names the log. QEMU ends with the `with` block,
whatever happened.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pexpect

import boards

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", TOP / "build")).resolve()
PROMPT = r"bulkhead> "
LAST_LINES = 40
PATIENCE = 120  # seconds for what takes one or two by itself: a loaded machine emulates that much more slowly
OPEN_END = re.compile(r"[+*]\)*\Z")


def running_test():
    """The running test's name, fit for a file name."""
    name = os.environ.get("PYTEST_CURRENT_TEST", "board").split(" ")[0].split("::")[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")


def other_build(name, replaced):
    """What was built, with other programs under the names of processes."""
    build = BUILD / "images" / f"{name}.build"
    shutil.rmtree(build, ignore_errors=True)
    (build / "bin").mkdir(parents=True)
    for entry in BUILD.iterdir():
        if entry.name != "bin":
            (build / entry.name).symlink_to(entry)
    for program in (BUILD / "bin").iterdir():
        shutil.copy(BUILD / replaced.get(program.name, f"bin/{program.name}"), build / "bin" / program.name)
    return build


def make_archive(system, name=None, replaced=None, options=()):
    """Builds a boot archive out of an example's name, a folder, or a dict of file names and contents. `replaced`: files
    of the build that go into it in place of processes. `options`: of `bulkhead image`."""
    __tracebackhide__ = True
    name = name or running_test()
    if isinstance(system, dict):
        folder = BUILD / "images" / f"{name}.system"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file, content in system.items():
            (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    else:
        folder = pathlib.Path(system) if os.sep in str(system) else TOP / "examples" / system
    archive = BUILD / "images" / f"{name}.cpio"
    done = subprocess.run([TOP / "tools/image.sh", folder, archive, *options], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, "BUILD": str(other_build(name, replaced) if replaced else BUILD)})
    assert done.returncode == 0, f"no archive from {folder}, exit status {done.returncode}:\n{done.stdout}{done.stderr}"
    return archive


def resign(archive, key=None, readonly=BUILD / "kernel/Image.readonly", more=()):
    """Signs an archive that was changed, which the host tool would never build."""
    key = key or os.environ.get("KEY", BUILD / "keys/development.key")
    subprocess.run([BUILD / "bulkhead", "sign", archive, "--key", key, "--readonly", readonly, *more],
                   check=True, capture_output=True, timeout=120)
    return archive


def archive_files(data):
    """The files of an archive: name -> offset of the data, bytes."""
    found, at = {}, 0
    while True:
        size, name_size = (int(data[at + field:at + field + 8], 16) for field in (54, 94))
        name = data[at + 110:at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (start, size)
        at = (start + size + 3) & ~3


def example(name):
    """The files of an example as a dict, to be changed and given to make_archive()."""
    return {file.name: file.read_bytes() for file in (TOP / "examples" / name).iterdir() if file.is_file()}


SERVERS = """
        devc-pl011 { program = "devc-pl011"; priority = <30>; abilities = "public", "log"; connect = "slogger";
                     devices = "stdout"; ready; };
        slogger { program = "slogger"; priority = <28>; abilities = "public", "log"; ready; };
"""
SHELL = """
        shell { program = "shell"; priority = <26>; connect = "devc-pl011", "slogger"; };
"""
# The two processes of tests/el0/kbench.c, which print rows on the kernel's console.
KBENCH = """
        kserver { program = "kbench"; args = "server"; priority = <20>; memory = <0x100000>;
                  kernel-memory = <0x100000>; abilities = "public", "log"; ready; };
        kclient { program = "kbench"; args = "client"; priority = <20>; max-priority = <21>; memory = <0x100000>;
                  kernel-memory = <0x100000>; abilities = "log"; connect = "kserver";
                  devices = "/pl061@9030000"; ready; };
"""


def system_dts(first="", then="", vms=(), shell=True):
    """A system.dts with console driver, log ring and shell, other processes before and after them, and VMs: names, or
    names and further properties."""
    nodes = ""
    for vm in vms:
        name, properties = (vm, "") if isinstance(vm, str) else vm
        nodes += f"""
        {name} {{ config = "{name}.qvmconf"; priority = <10>; max-priority = <20>;
                  connect = "devc-pl011", "slogger"; autostart; {properties} }};
"""
    return f"""/dts-v1/;
/ {{
    compatible = "bulkhead,system";
    processes {{ {first} {SERVERS} {SHELL if shell else ''} {then} }};
    vms {{ {nodes} }};
}};
"""


def bare_vm(name, program, cmdline="", cpus=("sched 10", "sched 10"), more=""):
    """The configuration of a VM that runs one of the bare-metal guests."""
    lines = [f"system {name}", "ram 0x80000000,16M", *(f"cpu {cpu}" for cpu in cpus), f"load {program}.elf",
             f'cmdline "{cmdline}"', more, "vdev pl011", "\tloc 0x1c090000", "\tintr gic:37",
             f"\thostdev /dev/console/{name}", ""]
    return "\n".join(lines)


class Board:
    """A board in QEMU with our kernel and an archive. What is None is as the board has it by default."""

    def __init__(self, archive, cpus=None, ram=None, cpu=None, extra=(), icount=False, single=None, log=None,
                 kernel="Image", board=boards.DEFAULT):
        """With `single` one thread of the host emulates all CPUs in turns. That is faster where TLBs are flushed often,
        and the rule if the host has fewer CPUs: there a CPU that spins takes the time that the lock's holder needs."""
        if single is None:
            single = icount or int(cpus or boards.describe(board)["cpus"][0]) > (os.cpu_count() or 1)
        self.log_path = BUILD / "logs" / f"{log or running_test()}.log"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        accel = ["-accel", f"tcg,thread={'single' if single else 'multi'}"]
        accel += ["-icount", "shift=0,sleep=off"] if icount else []
        self.command = [*boards.qemu(board, cpu, cpus, ram), *accel, "-display", "none", "-monitor", "none", "-chardev",
                        "stdio,id=serial,signal=off", "-serial", "chardev:serial", "-no-reboot", "-kernel", str(BUILD / kernel), "-initrd", str(archive), *extra]
        self.seen = ""

    def __enter__(self):
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace", newline="")
        self.qemu = pexpect.spawn(self.command[0], self.command[1:], encoding="utf-8", codec_errors="replace",
                                  dimensions=(24, 200))
        self.qemu.logfile_read = self.log
        return self

    def __exit__(self, *_):
        self.qemu.close(force=True)
        self.log.close()

    def tail(self):
        self.log.flush()
        lines = self.log_path.read_bytes().decode(errors="replace").replace("\r", "").split("\n")
        return "\n".join(lines[-LAST_LINES:])

    def fail(self, text):
        __tracebackhide__ = True
        raise AssertionError(f"{text}\n--- last {LAST_LINES} lines of {self.log_path}:\n{self.tail()}\n---")

    def expect(self, pattern, timeout=PATIENCE, what=None):
        """Waits for a regular expression and returns the match. Meanwhile everything before it is passed over. What is
        read may end within a word or a number: the pattern must see what comes after it."""
        __tracebackhide__ = True
        assert not OPEN_END.search(pattern), f"{pattern!r} matches a part of a line of which more may come"
        index = self.qemu.expect([pattern, pexpect.TIMEOUT, pexpect.EOF], timeout=timeout)
        if index == 1:
            self.fail(f"not within {timeout} s: {what or 'a match of ' + repr(pattern)}")
        if index == 2:
            self.qemu.wait()
            self.fail(f"QEMU ended (exit status {self.qemu.exitstatus}) before: {what or repr(pattern)}")
        self.seen = self.qemu.before
        return self.qemu.match

    def expect_nothing(self, pattern, seconds, may_end=False):
        """For so long the pattern must not appear, nor QEMU end."""
        __tracebackhide__ = True
        index = self.qemu.expect([pattern, pexpect.TIMEOUT, pexpect.EOF], timeout=seconds)
        if index == 0:
            self.fail(f"unwanted: {self.qemu.after!r}")
        if index == 2 and not may_end:
            self.fail(f"QEMU ended within {seconds} s")

    def expect_end(self, timeout=PATIENCE):
        """QEMU ends by itself, with exit status 0: the system was switched off."""
        __tracebackhide__ = True
        if self.qemu.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=timeout) == 1:
            self.fail(f"QEMU did not end within {timeout} s")
        self.qemu.wait()
        if self.qemu.exitstatus != 0:
            self.fail(f"QEMU ended with status {self.qemu.exitstatus}")

    def send(self, text):
        self.qemu.send(text)

    def quiet(self, seconds=0.3, timeout=PATIENCE):
        """Waits until nothing was printed for so long: whoever reads the console then waits for what is typed."""
        __tracebackhide__ = True
        end = time.monotonic() + timeout
        while self.qemu.expect([r".+", pexpect.TIMEOUT, pexpect.EOF], timeout=seconds) == 0:
            if time.monotonic() > end:
                self.fail(f"the console does not come to rest within {timeout} s")

    def prompt(self, timeout=PATIENCE):
        """The operator's prompt after start."""
        __tracebackhide__ = True
        self.expect(PROMPT, timeout, "the operator's prompt")

    def command_output(self, line, timeout=PATIENCE):
        """Types a command at the operator's prompt and returns the lines that it prints."""
        __tracebackhide__ = True
        self.send(line + "\r")
        self.expect(re.escape(line) + r"[^\n]*\n", timeout, f"the echo of `{line}`")
        self.expect(PROMPT, timeout, f"the prompt after `{line}`")
        return self.seen.replace("\r", "")

    def output_with(self, line, pattern, timeout=PATIENCE):
        """Types a command again and again until what it prints has the pattern, in one of its lines, and returns that."""
        __tracebackhide__ = True
        end = time.monotonic() + timeout
        while not re.search(pattern, output := self.command_output(line), re.M):
            if time.monotonic() > end:
                self.fail(f"not within {timeout} s in the output of `{line}`: {pattern}; it is:\n{output}")
            time.sleep(0.3)
        return output

    def open_console(self, name, timeout=PATIENCE):
        """From the operator's prompt to a guest's console, as soon as there is one of that name. The console driver greets
        when what is typed goes there."""
        __tracebackhide__ = True
        end = time.monotonic() + timeout
        greeting = rf"(console of {re.escape(name)}(?:, whose VM is not running)?; Ctrl-\] leaves it\r*\n)"
        while True:
            self.send(f"console {name}\r")
            if self.expect(rf"{greeting}|console: [^\n]*\n", what=f"what `console {name}` says").group(1):
                return
            self.expect(PROMPT)
            if time.monotonic() > end:
                self.fail(f"no console {name} within {timeout} s")
            time.sleep(0.5)

    def leave_console(self):
        __tracebackhide__ = True
        self.send("\x1d")
        self.expect(PROMPT, what="the operator's prompt after Ctrl-]")


class Guest:
    """A Linux guest's shell, seen through `console NAME`."""

    marks = 0

    def __init__(self, board, name):
        self.board = board
        self.name = name

    def __enter__(self):
        """From the operator's prompt to the guest's shell: also waits for a guest that is still booting."""
        __tracebackhide__ = True
        self.board.open_console(self.name)
        self.wait_for_shell()
        return self

    def __exit__(self, kind, *_):
        __tracebackhide__ = True
        if kind is None:
            self.board.leave_console()

    def mark(self):
        """A new one each time: the console may show what an earlier boot left. Quotes keep it out of the echo."""
        Guest.marks += 1
        return f"m{Guest.marks}"

    def wait_for_shell(self, timeout=2 * PATIENCE):
        __tracebackhide__ = True
        mark = self.mark()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            # What a booting guest does not read is lost: so again and again. It may lose the first half of a line: so no
            # quotes, of which one alone would begin a text without end.
            self.board.send(f"echo {mark}.$((0))\r")
            index = self.board.qemu.expect([rf"{mark}\.0", pexpect.TIMEOUT, pexpect.EOF], timeout=3)
            if index == 0:
                self.board.quiet()
                return
            if index == 2:
                break
        self.board.fail(f"no shell of guest {self.name} within {timeout} s")

    def run(self, command, timeout=PATIENCE):
        """Runs a command in the guest's shell and returns its output; it must succeed."""
        __tracebackhide__ = True
        mark = self.mark()
        self.board.send(f'echo "<""{mark}>"; {command}; echo "<""{mark}:$?>"\r')
        match = self.board.expect(rf"<{mark}>\r*\n(.*?)<{mark}:(\d+)>", timeout,
                                  f"the end of `{command}` in {self.name}")
        if match.group(2) != "0":
            self.board.fail(f"`{command}` in {self.name} ended with status {match.group(2)}: {match.group(1)}")
        return match.group(1).replace("\r", "").strip()

    def number(self, command, timeout=PATIENCE):
        __tracebackhide__ = True
        output = self.run(command, timeout)
        if not re.fullmatch(r"\d+", output):
            self.board.fail(f"`{command}` in {self.name} printed no number: {output!r}")
        return int(output)


def refused(archive, message):
    """procmgr says what is wrong, and then the end of it all comes: no prompt, no process, no guest."""
    with Board(archive) as board:
        board.expect(message)
        board.expect(r"system not started: \d+ mistake")
        board.expect_nothing(rf"{PROMPT}|started: slot|Linux version|[Pp]anic", 5, may_end=True)
