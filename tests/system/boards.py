# SPDX-License-Identifier: Apache-2.0
"""The boards in QEMU, as boards/NAME/board.conf describes them."""

import pathlib

BOARDS = pathlib.Path(__file__).resolve().parents[2] / "boards"
DEFAULT = "qemu-virt"


def describe(board):
    """Key -> words."""
    lines = (line.split() for line in (BOARDS / board / "board.conf").read_text().splitlines())
    return {words[0]: words[1:] for words in lines if words and words[0] != "#"}


def others():
    """All boards but the default."""
    return sorted({file.parent.name for file in BOARDS.glob("*/board.conf")} - {DEFAULT})


def qemu(board=DEFAULT, cpu=None, cpus=None, ram=None):
    """QEMU's command without what it boots. What is None is as the board has it by default."""
    conf = describe(board)
    chosen = {"CPU": cpu, "CPUS": cpus, "MEMORY": ram}
    fixed = [name for name, value in chosen.items() if value and name not in conf["qemu"]]
    assert not fixed, f"board {board} leaves no choice of {fixed}"
    return ["qemu-system-aarch64", *(str(chosen.get(word) or conf[word.lower()][0]) if word in chosen else word
                                     for word in conf["qemu"])]


def with_machine(command, change):
    """The command with what `change` makes of the machine's words, as `virt-10.0,virtualization=on,...`."""
    at = command.index("-M") + 1
    return [*command[:at], change(command[at]), *command[at + 1:]]


def machine(command):
    """QEMU's name of it, with its version."""
    return command[command.index("-M") + 1].split(",")[0]


def bare(command):
    """For a program that runs at EL1, without a hypervisor and what only that needs."""
    return with_machine(command, lambda _: f"{machine(command)},gic-version=3")
