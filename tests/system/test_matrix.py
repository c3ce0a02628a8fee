# SPDX-License-Identifier: Apache-2.0
"""examples/two-linux on every CPU model, number of CPUs, size of memory and board that is promised."""

import re

import pytest

import boards
from harness import Board, Guest, make_archive

pytestmark = pytest.mark.matrix


def both_guests_boot(**board_options):
    with Board(make_archive("two-linux"), **board_options) as board:
        board.prompt()
        for name in ("linux1", "linux2"):
            with Guest(board, name) as guest:
                assert guest.number("nproc") == 2
                guest.run("sleep 1")


@pytest.mark.parametrize("cpus", [1, 2, 4, 8])
def test_any_number_of_cpus_works(cpus):
    both_guests_boot(cpus=cpus)


@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a72", "neoverse-n1", "max"])
def test_every_cpu_model_works(cpu):
    both_guests_boot(cpu=cpu)


@pytest.mark.parametrize("ram", ["1536M", "2G", "4G", "8G"])
def test_every_memory_size_works(ram):
    both_guests_boot(ram=ram)


@pytest.mark.parametrize("board", boards.others())
def test_other_boards_work(board):
    both_guests_boot(board=board)


def test_too_little_memory_is_refused():
    """With 1 GiB nothing starts, and the message says how many bytes are missing."""
    with Board(make_archive("two-linux"), ram="1G") as board:
        match = board.expect(r"[^\r\n]*\b(\d{6,}) bytes[^\r\n]*\r", what="a message that names bytes")
        assert re.search(r"memory|RAM", match.group(0)), f"not about memory: {match.group(0)}"
