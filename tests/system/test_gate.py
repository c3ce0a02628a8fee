# SPDX-License-Identifier: Apache-2.0
"""A guest begins only when everything that its VM names has answered.

Each test takes one thing away. The kernel's own count says that the guest was never entered, and the operator is told why.
"""

import re
import subprocess

import pytest

from harness import BUILD, PROMPT, Board, bare_vm, make_archive, refused, system_dts

SLOGGER = """
        slogger { program = "slogger"; priority = <28>; abilities = "public", "log"; ready; };
"""
CONSOLE = r"\[hello\.qvmconf:\d+\] the console driver, for console hello"


def files(then="", vm="", more="", servers=None):
    """One VM, hello."""
    dts = system_dts(then=then, vms=[("hello", vm)])
    if servers is not None:
        dts = re.sub(r"processes \{.*\};\s*vms", lambda _: f"processes {{ {servers} }}; vms", dts, flags=re.DOTALL)
        dts = re.sub(r'connect = "devc-pl011", "slogger";(?=\s*autostart)', 'connect = "slogger";', dts)
    config = bare_vm("hello", "hello", more=more)
    return {"system.dts": dts, "hello.qvmconf": config}


def status(board):
    """`vm status hello` as a dict."""
    lines = board.command_output("vm status hello").split("\n")
    return {key: value for key, value in re.findall(r"^ {0,2}(hello:|[a-z]+(?: [a-z]+)?) +(.*)$", "\n".join(lines), re.M)}


def begin(board):
    """The start goes on, and nobody waits for its result."""
    board.send("vm start hello\r")
    board.expect(r"hello waits for: ")
    board.send("\x03")
    board.expect(r"\^C; the start goes on; ")
    board.expect(PROMPT)


def expect_refused(board, reason, code=64):
    """The operator's console says it, and `vm status` keeps it."""
    board.expect(rf"hello ended: exit code {code}, cause error, its guest has not begun: {reason}\r")
    board.expect(PROMPT)
    board.output_with("vm status hello", r"^hello: stopped")
    now = status(board)
    assert now["entries"].startswith("0 "), now
    assert re.fullmatch(reason, now["refused"]) and re.fullmatch(f"error, exit {code}", now["last end"]), now


def test_entries_are_counted():
    """The other side: a guest that runs was entered, and the count stays after its end."""
    with Board(make_archive(files()), cpus=2) as board:
        board.prompt()
        board.open_console("hello")
        board.expect("hello: done")
        board.leave_console()
        now = status(board)
        assert int(now["entries"].split()[0]) > 10, now
        assert "waits for" not in now and "refused" not in now


def test_without_a_console_driver_the_kernel_prints():
    """Where nobody could be one, nothing starts. Where somebody could and is not, the kernel's console is all there is."""
    refused(make_archive(files(servers=SLOGGER), options=["--no-check"]),
            r"\[hello\.qvmconf:\d+\] 'vdev pl011' of /vms/hello needs the console driver, but no process of the system is one")
    other = """
        none { program = "operator"; args = "sleep:60000"; priority = <26>; abilities = "public", "log"; serves = "console"; };
"""
    archive = files(servers=SLOGGER + other)
    archive["system.dts"] = re.sub(r'connect = "slogger";(?=\s*autostart)', 'connect = "slogger", "none";', archive["system.dts"])
    with Board(make_archive(archive), cpus=2) as board:
        board.expect(rf"hello waits: {CONSOLE}")
        board.expect(rf"hello ended: exit code 64, cause error, its guest has not begun: {CONSOLE}")


def test_a_dead_console_driver_gives_the_console_back():
    """It ran and was killed: the kernel's console comes back to say so."""
    operator = """
        shell { program = "operator"; args = "kill:devc-pl011", "start:hello", "sleep:5000", "show:hello", "sleep:12000",
                "show:hello"; priority = <26>; abilities = "log"; };
"""
    devc = """
        devc-pl011 { program = "devc-pl011"; priority = <30>; abilities = "public", "log"; devices = "stdout"; ready; };
"""
    archive = files(servers=devc + SLOGGER + operator)
    archive["system.dts"] = re.sub(r'connect = "slogger";\s*autostart;', 'connect = "slogger", "devc-pl011";',
                                   archive["system.dts"])
    with Board(make_archive(archive), cpus=2) as board:
        board.expect(r"devc-pl011 ended: killed")
        board.expect(r"operator: start hello: 0\r")
        board.expect(rf"hello waits: {CONSOLE}")
        board.expect(rf"operator: hello is starting, 0 entries, exit code 0: {CONSOLE}")
        board.expect(rf"hello ended: exit code 64, cause error, its guest has not begun: {CONSOLE}")
        board.expect(rf"operator: hello is stopped, 0 entries, exit code 64: {CONSOLE}")


@pytest.mark.parametrize("given", ["least", "enough"])
def test_too_little_kernel_memory_is_reported(given):
    """What the checks accept at least does not suffice everywhere: then the start says so. Some pages more do.

    The checks do not count the page tables of a vdev's file: with a second one the least never suffices, wherever it lies."""
    pages = {"least": 24, "enough": 36}[given] * 4096
    archive = files(vm=f"kernel-memory = <{pages}>;", more="vdev more loc 0x1c0a0000 intr gic:38")
    archive["vdev-more.so"] = (BUILD / "vdevs/vdev-pl011.so").read_bytes()
    with Board(make_archive(archive), cpus=2) as board:
        board.prompt()
        if given == "least":
            # Where it is used up depends on random places.
            expect_refused(board, r"[^\r\n]*(Not enough|not enough|memory)[^\r\n]*", code="6[45]")
        else:
            board.open_console("hello")
            board.expect("hello: done")


def test_a_dead_log_ring_holds_up_the_next_start():
    """A process that the VM connects to is killed: the next start waits for it, and is refused."""
    with Board(make_archive(files()), cpus=2) as board:
        board.prompt()
        board.open_console("hello")
        board.expect("hello: done")
        board.leave_console()
        board.command_output("slay -s KILL slogger")
        begin(board)
        # After a second the operator is told; nine seconds later it is refused.
        board.expect(r"hello waits: process slogger is not running\r")
        now = status(board)
        assert (now["hello:"], now["waits for"]) == ("starting", "process slogger is not running"), now
        assert now["entries"].startswith("0 "), now
        expect_refused(board, "process slogger is not running")


def test_a_server_that_is_never_ready_holds_up_its_guest():
    """A process that runs but never says that it is ready. While the VM waits it can be stopped."""
    late = """
        late { program = "operator"; args = "never"; priority = <20>; abilities = "public"; ready; };
"""
    archive = files(then=late)
    archive["system.dts"] = archive["system.dts"].replace('"slogger"; autostart', '"slogger", "late"; autostart')
    with Board(make_archive(archive), cpus=2) as board:
        board.prompt()
        board.expect(r"hello waits: process late is not ready")
        expect_refused(board, "process late is not ready")
        begin(board)
        board.command_output("vm stop hello")
        board.output_with("vm status hello", r"^hello: stopped")
        now = status(board)
        assert now["last end"] == "signal, exit 0", now
        assert now["entries"].startswith("0 "), now


def nothing_starts(board):
    board.expect(r"system not started: 1 mistakes")
    board.expect_nothing(rf"{PROMPT}|started: slot", 5, may_end=True)


def test_a_missing_file_keeps_the_guest_from_starting():
    """The archive is not what the host tool has made: the guest's program has another name."""
    archive = make_archive(files())
    data = archive.read_bytes()
    assert data.count(b"hello.elf\0") == 1
    archive.write_bytes(data.replace(b"hello.elf\0", b"hollo.elf\0"))
    with Board(archive, cpus=2) as board:
        board.expect(r"hello\.qvmconf:\d+:? hello\.elf is not in the boot archive")
        nothing_starts(board)


def test_missing_memory_stops_the_system():
    """Less RAM than the system needs: nothing of it is started, and the missing piece is named."""
    archive = files()
    archive["hello.qvmconf"] = archive["hello.qvmconf"].replace("16M", "512M")
    with Board(make_archive(archive), cpus=2, ram="256M") as board:
        board.expect(r"the system needs \d+ bytes of RAM, the board has \d+: \d+ bytes are missing")
        nothing_starts(board)


def console_files(consoles, pages):
    """VMs with that many consoles between them, at most 8 each, and a console driver with so much memory. The names of
    the VMs, and the files."""
    files, vms, left = {}, [], consoles - 1
    while left:
        here = min(left, 8)
        name = f"vm{len(vms)}"
        lines = [f"vdev pl011 name u{at} loc 0x{0x1d000000 + 0x1000 * at:x} intr gic:{64 + at}"
                 f" hostdev </dev/console/{name}c{at} hostdev >/dev/console/{name}c{at + 1 if at + 1 < here - 1 else at}"
                 for at in range(0, here - 1, 2)]
        files[f"{name}.qvmconf"] = bare_vm(name, "hello", cpus=("sched 10",), more="\n".join(lines))
        vms.append(name)
        left -= here
    dts = system_dts(vms=vms)
    files["system.dts"] = dts.replace('program = "devc-pl011";', f'program = "devc-pl011"; memory = <{pages * 4096}>;')
    return vms, files


def least_pages(consoles):
    """By the driver's program, and what docs/configuration.md says: 64 KiB of stack, 68 KiB for each, a page."""
    segments = subprocess.run(["aarch64-linux-gnu-readelf", "-lW", BUILD / "bin/devc-pl011"], capture_output=True,
                              text=True, check=True).stdout
    data = re.findall(r"LOAD +\w+ (\w+) \w+ \w+ (\w+) RW ", segments)
    assert data
    return sum(-(-(int(at, 16) % 4096 + int(size, 16)) // 4096) for at, size in data) + 16 + 17 * consoles + 1


@pytest.mark.parametrize("consoles", [12, 13, 16, 32])
def test_the_least_memory_serves_every_console(consoles):
    """With what the checks ask for at least, each console of each VM is there; a page less is refused, here and there."""
    pages = least_pages(consoles)
    vms, files = console_files(consoles, pages)
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        for name in vms:
            board.output_with("vm list", rf"^{name} +stopped +1  off, exit 0")
    _, files = console_files(consoles, pages - 1)
    said = (f"needs at least {pages * 4096} bytes of memory for {consoles} consoles, but 'memory' gives it {(pages - 1) * 4096}; "
            "raise it")
    with pytest.raises(AssertionError, match=f"system.dts:[0-9]+] /processes/devc-pl011: program 'devc-pl011' {said}"):
        make_archive(files)
    refused(make_archive(files, options=["--no-check"]), f"devc-pl011: program devc-pl011 {said}")
