# SPDX-License-Identifier: Apache-2.0
"""examples/hello: a bare-metal guest with two virtual CPUs that switches itself off."""

import pytest

import boards
from harness import Board, make_archive

LINES = ("virtual CPU 0 is up", "virtual CPU 1 is up", "the timer has ticked", "done")


def hello_runs(**board_options):
    """All that it says comes, in order; then the VM has ended by its own will."""
    with Board(make_archive("hello"), **board_options) as board:
        board.prompt()
        board.open_console("hello")
        for line in LINES:
            board.expect(f"hello: {line}\r*\n")
        board.leave_console()
        board.output_with("vm list", r"\bhello\b.*\boff\b")
        board.send("shutdown\r")
        board.expect_end()


@pytest.mark.parametrize("cpus", [1, 2])
def test_hello_runs_and_ends(cpus):
    hello_runs(cpus=cpus)


@pytest.mark.parametrize("board", boards.others())
def test_hello_runs_on_another_board(board):
    hello_runs(board=board)
