# SPDX-License-Identifier: Apache-2.0
"""The operator's orders to a VM, what they say, and where its virtual CPUs are."""

import json
import re
import time

import pytest

from harness import PATIENCE, PROMPT, Board, bare_vm, make_archive, system_dts

NOWHERE = 0x50000004
LONGEST = "abcdefghijklmnopqrstuvwxyz-1234"


def files_of(vms, then=""):
    """VMs: name -> guest program, its command line, CPUs, lines of its configuration."""
    files = {"system.dts": system_dts(then=then, vms=list(vms))}
    for name, (program, cmdline, cpus, more) in vms.items():
        files[f"{name}.qvmconf"] = bare_vm(name, program, cmdline, cpus=cpus, more=more)
    return files


TICKS = ("ticks", "seconds=100000", ("sched 10", "sched 10"), "")


def env(board, name):
    return json.loads(board.command_output(f"cat /dev/qvm/{name}/env"))


def spent(board, name):
    """What its virtual CPUs have done so far."""
    return [(vcpu["entries"], vcpu["time_ns"]) for vcpu in env(board, name)["vcpus"]]


def starts(board, name):
    return int(re.search(rf"^{name} +\w+ +(\d+)", board.command_output("vm list"), re.M).group(1))


def said(board, line, words):
    output = board.command_output(line)
    assert re.fullmatch(words, output.strip()), f"{line}: {output!r}"


def lives(board, name):
    """Its guest gets on."""
    before = spent(board, name)
    end = time.monotonic() + PATIENCE
    while any(now[1] <= was[1] for now, was in zip(spent(board, name), before)):
        assert time.monotonic() < end, f"{name} stands still"
        time.sleep(0.2)


def test_a_start_says_what_came_of_it():
    """Running, ended, refused, and why; and what it waits for meanwhile, until Ctrl-C."""
    vms = {"good": TICKS, "dry": ("probe", "", (), "dryrun"), "bad": ("probe", "", (), "load hello.elf"),
           "late": ("probe", "idle=1", (), ""), LONGEST: ("hello", "", ("", ""), "")}
    system = files_of(vms, 'never { program = "operator"; args = "never"; priority = <20>; abilities = "public"; ready; };')
    dts = system["system.dts"].replace("autostart;", "")
    system["system.dts"] = re.sub(r'("late\.qvmconf".*?connect = "devc-pl011", "slogger")', r'\1, "never"', dts, flags=re.S)
    with Board(make_archive(system, options=["--no-check"]), cpus=2) as board:
        board.prompt()
        said(board, "vm start good", "good is running")
        said(board, "vm start good", "vm: cannot start 'good': it is running already")
        said(board, "vm start dry", "dry has ended: off, exit 0")
        said(board, "vm start bad", r"bad was refused: \[bad.qvmconf:\d+\] hello.elf: [^\n]*overlaps[^\n]*")
        said(board, "vm start nobody", "vm: there is no virtual machine 'nobody'")
        said(board, f"vm start {LONGEST}", rf"{LONGEST} (is running|has ended: off, exit 0)")
        board.send("vm start late\r")
        board.expect(r"late waits for: process never is not ready\r*\n")
        board.send("\x03")
        board.expect(r"\^C; the start goes on; `vm status late` shows its progress\r*\n")
        board.expect(PROMPT)
        said(board, "vm start late", "vm: cannot start 'late': it is starting already")
        said(board, "vm pause late", "vm: cannot pause 'late': its guest has not begun")
        # What was typed meanwhile is not lost.
        board.output_with("vm status late", "^late: stopped")
        board.send("vm start late\r")
        board.expect(r"late waits for: ")
        board.send("uptime\r")
        board.expect(r"late was refused: process never is not ready\r*\n")
        board.expect(r"up 0 days, ")
        board.expect(PROMPT)
        board.output_with("vm status late", "^late: stopped")
        # The columns of the list hold for the longest name.
        lines = [line for line in board.command_output("vm list").split("\n") if line.strip()]
        column = lines[0].index("STATE")
        assert len(lines) == 1 + len(vms) and column > len(LONGEST), lines
        for line in lines[1:]:
            assert line[column - 1] == " " and re.match(r"(stopped|running) ", line[column:]), lines


def test_a_paused_guest_stands_still():
    """The guest stands still, nobody else does, and it goes on where it was."""
    vms = {"vm": TICKS, "other": TICKS}
    with Board(make_archive(files_of(vms)), cpus=2) as board:
        board.prompt()
        for name in vms:
            board.output_with(f"vm status {name}", r"entries +[1-9]")
        said(board, "vm resume vm", "vm: cannot resume 'vm': it is not paused")
        said(board, "vm pause nobody", "vm: there is no virtual machine 'nobody'")
        said(board, "vm pause vm", "")
        said(board, "vm pause vm", "vm: cannot pause 'vm': it is paused already")
        said(board, "vm start vm", "vm: cannot start 'vm': it is paused; `vm resume` continues it")
        board.output_with("vm list", r"^vm +paused +1 ")
        status = board.command_output("vm status vm")
        places = re.findall(r"^  vcpu (\d)      paused, PC 0x([0-9a-f]+)$", status, re.M)
        assert [index for index, _ in places] == ["0", "1"], status
        before = spent(board, "vm")
        lives(board, "other")
        time.sleep(2)
        assert spent(board, "vm") == before and env(board, "vm")["state"] == "paused"
        assert board.command_output("vm status vm") == status
        board.command_output("slay -s USR1 vm")
        board.output_with("slog2info", rf"info +vm +vCPU 1: on, PC 0x{places[1][1]}, ")
        said(board, "vm resume vm", "")
        said(board, "vm resume vm", "vm: cannot resume 'vm': it is not paused")
        lives(board, "vm")
        assert re.search(r"^vm +running +1 ", board.command_output("vm list"), re.M)


@pytest.mark.parametrize("order, state, starts_then, end", [
    ("vm stop vm", "stopped", 1, "signal, exit 0"), ("vm destroy vm", "stopped", 1, "killed"),
    ("slay -s QUIT vm", "stopped", 1, "signal, exit 3"), ("vm reset vm", "running", 2, "reset, exit 0"),
    ("vm restart vm", "running", 2, "signal, exit 0")])
@pytest.mark.parametrize("paused", [True, False])
def test_each_end_is_seen_and_the_next_life_is_clean(order, state, starts_then, end, paused):
    """Each end of one that runs, and of one that is paused; the next life is not."""
    with Board(make_archive(files_of({"vm": TICKS})), cpus=2) as board:
        board.prompt()
        board.output_with("vm status vm", r"entries +[1-9]")
        if paused:
            said(board, "vm pause vm", "")
        said(board, order, "vm is running" if state == "running" else "")
        board.output_with("vm list", rf"^vm +{state} +{starts_then} +{end} ")
        if state == "stopped":
            for verb in ("stop", "restart", "reset", "destroy", "pause", "resume"):
                said(board, f"vm {verb} vm", f"vm: cannot {verb} 'vm': it is not running")
            assert board.command_output("ls /dev/qvm").strip() == ""
            said(board, "vm start vm", "vm is running")
        lives(board, "vm")


def test_a_paused_vm_ends_at_a_shutdown():
    """It ends like any other."""
    with Board(make_archive(files_of({"vm": TICKS})), cpus=2) as board:
        board.prompt()
        board.output_with("vm status vm", r"entries +[1-9]")
        said(board, "vm pause vm", "")
        board.send("shutdown\r")
        board.expect_end()


def test_status_says_where_the_virtual_cpus_are():
    """Those that wait, that are off, that run, and that another keeps off its CPU; consoles; what the VM does not have,
    counted, and the last of it."""
    vms = {"waits": ("probe", f"peek={NOWHERE:#x} register=1 idle=1", ("runmask 0", "runmask 1"),
                     "vdev pl011 loc 0x1c100000 intr gic:40 name more hostdev /dev/console/more"),
           "runs": ("probe", "idle=1", ("runmask 1",), "set exit-on-halt off"),
           "above": ("probe", "idle=1", ("sched 20 runmask 1",), "set exit-on-halt off")}
    files = files_of(vms)
    files["system.dts"] = re.sub(r'("above\.qvmconf".*?)autostart; ', r"\1", files["system.dts"], flags=re.S)
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        # Its tree names the first of its ports for the console.
        for name, console in (("waits", "more"), ("runs", "runs")):
            board.output_with("vm list", rf"^{name} +running")
            board.open_console(console)
            board.expect("probe: done")
            board.leave_console()
        text = board.output_with("vm status waits", r"^  vcpu 0      in WFI")
        assert re.search(r"^  consoles    (more waits|waits more)$", text, re.M), text
        assert re.search(r"^  unsupported 2$", text, re.M), text
        assert re.search(r"^  vcpu 0      in WFI, last on CPU 0, PC 0x8008[0-9a-f]+, unsupported 2, last read of the system "
                         r"register S3_3_C9_C12_0$", text, re.M), text
        assert re.search(r"^  vcpu 1      off$", text, re.M), text
        text = board.output_with("vm status runs", r"^  vcpu 0      (running on|waits for) CPU 1, PC 0x8008[0-9a-f]+$")
        assert re.search(r"^  consoles    runs$", text, re.M) and re.search(r"^  unsupported 0$", text, re.M), text
        both = board.command_output("vm status")
        assert re.search(r"^waits: running$", both, re.M) and re.search(r"^runs: running$", both, re.M)
        # Without exit-on-halt WFI keeps the CPU. One that is more important takes it; when that one has gone, it goes on.
        said(board, "vm start above", "above is running")
        board.open_console("above")
        board.expect("probe: done")
        board.leave_console()
        board.output_with("vm status above", r"^  vcpu 0      running on CPU 1, PC 0x8008[0-9a-f]+$")
        board.output_with("vm status runs", r"^  vcpu 0      waits for CPU 1, PC 0x8008[0-9a-f]+$")
        before = spent(board, "runs")
        board.output_with("vm status runs", r"^  vcpu 0      waits for CPU 1, PC 0x8008[0-9a-f]+$")
        assert spent(board, "runs") == before
        board.command_output("vm destroy above")
        board.output_with("vm status runs", r"^  vcpu 0      running on CPU 1, PC 0x8008[0-9a-f]+$")
        board.command_output("vm destroy runs")
        text = board.output_with("vm status runs", "^runs: stopped")
        assert "unsupported" not in text and not re.search(r"vcpu \d", text) and re.search(r"^  consoles    runs$", text, re.M)


def test_the_console_command_says_what_is_wrong():
    """What is wrong comes first, with different words; the end of the VM is seen; Ctrl-] twice reaches the guest once."""
    vms = {"short": ("hello", "", ("", ""), ""), "vm": ("probe", "keys=5", (), ""),
           "other": ("probe", "", (), "")}
    system = files_of(vms)
    system["system.dts"] = system["system.dts"].replace("autostart;", "")
    system["other.qvmconf"] = system["other.qvmconf"].replace("console/other", "console/extra")
    with Board(make_archive(system), cpus=2) as board:
        board.prompt()
        for name, words in (("nobody", "there is no console 'nobody', and no virtual machine"),
                            ("vm", "'vm' is a console of virtual machine 'vm', which is not running; `vm start` starts it"),
                            ("extra", "'extra' is a console of virtual machine 'other', which is not running; `vm start` starts it"),
                            ("other", "virtual machine 'other' has no console 'other'; it has: extra"),
                            ("x" * 40, f"there is no console '{'x' * 40}', and no virtual machine")):
            said(board, f"console {name}", f"console: {re.escape(words)}")
        board.command_output("vm start short")
        board.output_with("vm list", r"^short +stopped")
        # What it has shown is still there.
        board.send("console short\r")
        board.expect(r"console of short, whose VM is not running; Ctrl-\] leaves it\r*\n")
        board.expect(r"hello: done\r*\n")
        board.expect(r"\[short: closed by the end of its VM\]")
        board.leave_console()
        board.command_output("vm start vm")
        board.send("console vm\r")
        board.expect(r"console of vm; Ctrl-\] leaves it\r*\n")
        board.expect("probe: listens")
        board.send("a\x1d\x1d\x1d\x1dbc")
        keys = []
        for _ in range(5):
            keys.append(chr(int(board.expect(r"probe: key 0x(\w+) exception").group(1), 16)))
        assert keys == ["a", "\x1d", "\x1d", "b", "c"]
        board.expect("probe: done")
        # It ends while somebody looks.
        board.expect(r"\[vm: closed by the end of its VM\]")
        # With the next key, at once: that is the shell's.
        board.send("\x1duptime\r")
        board.expect(r"up 0 days, ")
        board.prompt()
