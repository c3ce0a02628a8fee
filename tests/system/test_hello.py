# SPDX-License-Identifier: Apache-2.0
"""examples/hello: a bare-metal guest with two virtual CPUs that switches itself off."""

import pytest

from harness import Board, make_archive

LINES = ("virtual CPU 0 is up", "virtual CPU 1 is up", "the timer has ticked", "done")


@pytest.mark.parametrize("cpus", [1, 2])
def test_hello(cpus):
    """All that it says comes, in order; then the VM has ended by its own will."""
    with Board(make_archive("hello"), cpus=cpus) as board:
        board.prompt()
        board.open_console("hello")
        for line in LINES:
            board.expect(f"hello: {line}\r*\n")
        board.leave_console()
        board.output_with("vm list", r"\bhello\b.*\boff\b")
