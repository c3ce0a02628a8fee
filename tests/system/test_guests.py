# SPDX-License-Identifier: Apache-2.0
"""The other bare-metal guests, in the place of examples/hello's."""

import pytest

from harness import Board, example, make_archive


def hello_replaced_by(guest):
    """examples/hello with another program; its name stays."""
    files = example("hello")
    changed = {name: content.replace(b"hello.elf", guest + b".elf") for name, content in files.items()}
    assert changed != files, "examples/hello names no hello.elf"
    return make_archive(changed)


@pytest.mark.parametrize("cpus", [1, 4])
def test_no_interrupt_is_lost(cpus):
    with Board(hello_replaced_by(b"ticks"), cpus=cpus) as board:
        board.prompt()
        board.open_console("hello")
        if board.expect(r"ticks: (done|FAILED)", 90).group(1) != "done":
            board.fail("the guest says FAILED")


def test_hostile_guest_hurts_only_itself():
    """The guest tries everything; afterwards the operator's prompt answers and lists the guest."""
    with Board(hello_replaced_by(b"hostile")) as board:
        board.prompt()
        board.open_console("hello")
        board.expect(r"hostile: seed", 60)
        board.expect(r"hostile: done", 120)
        if "FAILED" in board.seen:
            board.fail("the guest says FAILED")
        board.leave_console()
        assert "hello" in board.command_output("vm list")
