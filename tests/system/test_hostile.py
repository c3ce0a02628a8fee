# SPDX-License-Identifier: Apache-2.0
"""guests/hostile attacks on two virtual CPUs; a guest beside it that counts its interrupts must not notice."""

import re
import time

import pytest

from harness import PATIENCE, Board, bare_vm, make_archive, system_dts

TYPES = ("reference", "instruction", "register")
NEIGHBOUR = 'seconds=10'


def configuration(policy, seed, steps, mmu):
    policies = "\n".join(f"unsupported {kind} {policy}" for kind in TYPES)
    return make_archive({
        "system.dts": system_dts(vms=("hostile", "ticks")),
        "hostile.qvmconf": bare_vm("hostile", "hostile", f"seed={seed} steps={steps} mmu={mmu}", more=policies),
        # The neighbour comes first: how much a guest may take is for the configuration to say, not part of the attack.
        "ticks.qvmconf": bare_vm("ticks", "ticks", NEIGHBOUR, cpus=("sched 15", "sched 15")),
    })


def state(board, name):
    """The state of a VM and how it ended last."""
    line = re.search(rf"^{name} +(\w+) +\d+  (\S+(?: \S+)*)", board.command_output("vm list"), re.MULTILINE)
    if not line:
        board.fail(f"`vm list` does not show {name}")
    return line.group(1), line.group(2)


def ended_well(board, name, timeout=PATIENCE):
    end = time.monotonic() + timeout
    while (now := state(board, name))[0] in ("running", "ending"):
        if time.monotonic() > end:
            board.fail(f"{name} still runs")
        time.sleep(0.3)
    if now != ("stopped", "off, exit 0"):
        board.fail(f"{name} ended otherwise than by switching itself off: {now}")


def neighbour_is_whole(board):
    """One run of the neighbour, from its first line to its end."""
    board.open_console("ticks")
    board.expect(r"ticks: virtual CPUs 2")
    if board.expect(r"ticks: (done|FAILED)").group(1) != "done":
        board.fail("the guest beside has lost interrupts")
    board.leave_console()
    ended_well(board, "ticks")


def outcomes(board, steps):
    """The last line of the attacker: how often which outcome was met."""
    board.open_console("hostile")
    line = board.expect(r"hostile: (done|FAILED)([^\r\n]*)\r")
    if line.group(1) != "done" or "FAILED" in board.seen:
        board.fail("the attacker lost control of itself")
    total = int(re.match(r" (\d+) steps", line.group(2)).group(1))
    if total != 2 * steps:
        board.fail(f"{total} steps, not {2 * steps}")
    board.leave_console()
    return total, {name: int(count) for name, count in re.findall(r"([a-z]+) (\d+)(?= |$)", line.group(2))}


def attack(policy, mmu, seed, steps):
    """The neighbour runs again and again for as long as the attack lasts, and once more after it."""
    with Board(configuration(policy, seed, steps, mmu), cpus=2, single=True) as board:
        board.prompt()
        board.output_with("vm list", r"^hostile +running")
        attacking = True
        while attacking:
            attacking = state(board, "hostile")[0] == "running"
            neighbour_is_whole(board)
            board.command_output("vm start ticks")
        ended_well(board, "hostile")
        total, seen = outcomes(board, steps)
        # Where nothing is, and for what does not exist: exceptions by `fail`, by `ignore` the step just goes on.
        share = seen["data"] / total if policy == "fail" else seen["ok"] / total
        if share < (0.2 if policy == "fail" else 0.3):
            board.fail(f"`unsupported ... {policy}` is not seen in {seen}")
        output = board.command_output("pidin")
        for name in ("procmgr", "devc-pl011", "slogger", "shell", "ticks"):
            if not re.search(rf"\b{name}\b", output):
                board.fail(f"`pidin` does not show {name}")


# Together one million steps, on two virtual CPUs each, and ten million.
VARIANTS = [("fail", 0, 1), ("ignore", 0, 2), ("fail", 1, 3), ("ignore", 1, 4)]


@pytest.mark.parametrize("policy, mmu, seed", VARIANTS)
def test_a_million_steps_hurt_nobody_else(policy, mmu, seed):
    attack(policy, mmu, seed, 125000)


@pytest.mark.soak
@pytest.mark.parametrize("policy, mmu, seed", VARIANTS)
@pytest.mark.limit(3600)
def test_ten_million_steps_hurt_nobody_else(policy, mmu, seed):
    attack(policy, mmu, 10 + seed, 1250000)
