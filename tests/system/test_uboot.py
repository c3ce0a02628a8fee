# SPDX-License-Identifier: Apache-2.0
"""Debian's U-Boot, unmodified: as the board's firmware that starts Bulkhead."""

import re

import pytest

from harness import BUILD, Board, Guest, make_archive

UBOOT = BUILD / "guests/u-boot.bin"
UBOOT_PROMPT = r"\n=> "


def uboot_command(board, line, expect=UBOOT_PROMPT, timeout=20):
    """Types a command at U-Boot's prompt and returns what it prints."""
    board.send(line + "\r")
    board.expect(re.escape(line) + r"[^\n]*\n", timeout, f"the echo of `{line}`")
    board.expect(expect, timeout, f"the end of `{line}`")
    return board.seen.replace("\r", "")


@pytest.mark.parametrize("system, cpus", [("hello", 1), ("hello", 4), ("two-linux", 4)])
def test_started_by_uboot(system, cpus):
    """U-Boot loads Image and archive and starts them by `booti`: the same system comes up as with QEMU's own loader."""
    archive = make_archive(system)
    with Board(archive, cpus=cpus, extra=("-bios", str(UBOOT))) as board:
        board.expect(r"Hit any key to stop autoboot", 60)
        board.send("\r")
        board.expect(UBOOT_PROMPT, 20, "U-Boot's prompt")
        uboot_command(board, "qfw load ${kernel_addr_r} ${ramdisk_addr_r}", timeout=60)
        uboot_command(board, "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}",
                      rf"Bulkhead: {cpus} CPU", 60)
        board.prompt()
        if system == "two-linux":
            with Guest(board, "linux1") as guest:
                assert guest.run("hostname") == "linux1"
        else:
            board.open_console("hello")
            board.expect(r"hello: done", 60)
