# SPDX-License-Identifier: Apache-2.0
"""A configuration that is wrong only on the target: qvm checks it again, says [file:line], and starts no guest.

The host tool would refuse to build such an archive. So a good one is built, and then changed.
"""

import pytest

from harness import PROMPT, Board, Guest, make_archive


def spoil(archive, old, new):
    """Replaces one text of linux1's configuration in the archive by another of the same length."""
    assert len(old) == len(new)
    data = archive.read_bytes()
    start = data.index(b"system linux1")
    place = data.index(old, start)
    assert place - start < 4096, f"{old!r} is not in linux1's configuration"
    return spoilt_copy(archive, data[:place] + new + data[place + len(old):])


def spoilt_copy(archive, data):
    spoilt = archive.with_suffix(".spoilt.cpio")
    spoilt.write_bytes(data)
    return spoilt


@pytest.mark.parametrize("old, new", [(b"\nram ", b"\nrim "), (b"\nload ", b"\nlode ")])
def test_unknown_option(old, new):
    archive = spoil(make_archive("two-linux"), old, new)
    with Board(archive) as board:
        board.expect(r"\[[^\]\s]+\.qvmconf:\d+\][^\r\n]+", 60, "a message that begins with [file:line]")
        text = board.qemu.match.group(0)
        assert new.strip().decode() in text, f"the message does not name what is wrong: {text}"


def test_the_other_guest_still_runs():
    """The mistake of one guest is not the other's."""
    archive = spoil(make_archive("two-linux"), b"\nram ", b"\nrim ")
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux2") as guest:
            assert guest.number("nproc") == 2


def test_damaged_archive():
    """An archive without its magic number: a message and no start, not a crash."""
    archive = make_archive("two-linux")
    with Board(spoilt_copy(archive, b"\0" * 4096 + archive.read_bytes()[4096:])) as board:
        board.expect(r"archive[^\r\n]*", 30, "a message about the archive")
        board.expect_nothing(rf"{PROMPT}|[Pp]anic", 5)
