# SPDX-License-Identifier: Apache-2.0
"""The seals: what a subverted qvm and a subverted procmgr get out of the kernel after them."""

import re
import time

from harness import PATIENCE, Board, bare_vm, make_archive, system_dts

# A server that nobody of the VM may talk to, in slot 4.
KSERVER = """
        kserver { program = "kbench"; args = "server"; priority = <20>; memory = <0x100000>;
                  kernel-memory = <0x100000>; abilities = "public", "log"; };
"""


def verdict(board, program, since=0, timeout=PATIENCE):
    """The program's count of checks in the log, after so many earlier ones; what failed is shown."""
    end = time.monotonic() + timeout
    while True:
        log = board.command_output("slog2info")
        found = re.findall(rf"{program}: (\d+) passed, (\d+) failed", log)
        if len(found) > since:
            break
        if time.monotonic() > end:
            board.fail(f"no verdict of {program}")
        time.sleep(0.5)
    if found[since][1] != "0":
        board.fail(f"{program}: {found[since]}")
    return int(found[since][0])


def vcpu_threads(board):
    """Slot, tid, priority with policy, and run mask of the threads of virtual CPUs, by name."""
    found = re.findall(r"^ *(\d+) +(\d+) (vcpu\d) +(\d+[rf]) +\S+ +\d+  0x(\w+)", board.command_output("pidin threads"),
                       re.MULTILINE)
    return {name: (slot, tid, prio, int(mask, 16)) for slot, tid, name, prio, mask in found}


def test_a_subverted_procmgr_gains_nothing():
    """Nothing is gained by it, and a guest that runs meanwhile notices nothing."""
    system = system_dts(then=KSERVER.replace("memory =", "runmask = <1>; memory =", 1), vms=("ticks",))
    archive = make_archive({"system.dts": system, "ticks.qvmconf": bare_vm("ticks", "ticks", "seconds=10")})
    with Board(archive, cpus=2, kernel="first/roguemgr.Image") as board:
        board.prompt()
        checks = verdict(board, "roguemgr")
        assert checks > 7000, f"only {checks} checks"
        board.open_console("ticks")
        if board.expect(r"ticks: (done|FAILED)").group(1) != "done":
            board.fail("the guest says FAILED")
        board.leave_console()
        output = board.command_output("pidin")
        for name in ("procmgr", "devc-pl011", "slogger", "shell", "kserver"):
            if not re.search(rf"\b{name}\b", output):
                board.fail(f"`pidin` does not show {name}")


def test_a_subverted_qvm_gains_nothing():
    """Nothing is gained by it; the operator reschedules its virtual CPUs; the next one of its slot starts from nothing."""
    system = system_dts(then=KSERVER, vms=[("rogue", "runmask = <1>;")])
    archive = make_archive({"system.dts": system, "rogue.qvmconf": bare_vm("rogue", "hello")},
                           replaced={"qvm": "tests/rogueqvm"})
    with Board(archive, cpus=2) as board:
        board.prompt()
        checks = verdict(board, "rogueqvm")
        assert checks > 2000, f"only {checks} checks"
        assert "the screen  [2J??2J is not cleared" in board.command_output("slog2info")
        slot, tid, prio, mask = vcpu_threads(board)["vcpu0"]
        assert (prio, mask) == ("10r", 1)
        assert "slay:" not in board.command_output(f"slay -P 15f -R 1 -T {tid} {slot}")
        assert vcpu_threads(board)["vcpu0"][2:] == ("15f", 1)
        for beyond in ("-P 21", "-P 15 -R 2", "-C 0 -C 1"):
            assert "allows less" in board.command_output(f"slay {beyond} -T {tid} {slot}"), f"accepted: {beyond}"
        # Another name does not hide a virtual CPU from the operator, nor does it play tricks on the terminal.
        output = board.command_output("pidin threads")
        tid = re.search(r" (\d+) \?\[2Jrogue ", output).group(1)
        assert "\x1b" not in output
        assert "slay:" not in board.command_output(f"slay -P 15f -R 1 -T {tid} {slot}")
        assert re.search(rf" {tid} \?\[2Jrogue +15f ", board.command_output("pidin threads"))
        board.command_output("slay -s KILL rogue")
        board.command_output("vm start rogue")
        assert verdict(board, "rogueqvm", since=1) == checks
