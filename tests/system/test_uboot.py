# SPDX-License-Identifier: Apache-2.0
"""Debian's U-Boot, unmodified: as the board's firmware that starts Bulkhead, and as a guest."""

import re

import pytest

from harness import BUILD, Board, Guest, make_archive

UBOOT = BUILD / "guests/u-boot.bin"
UBOOT_PROMPT = "=> "


def uboot_command(board, line, expect=UBOOT_PROMPT):
    """Types a command at U-Boot's prompt and returns what it prints."""
    board.send(line + "\r")
    board.expect(re.escape(line) + r"[^\n]*\n", what=f"the echo of `{line}`")
    board.expect(expect, what=f"the end of `{line}`")
    return board.seen.replace("\r", "")


@pytest.mark.parametrize("system, cpus", [("hello", 1), ("hello", 4), ("two-linux", 4)])
def test_u_boot_starts_the_system(system, cpus):
    """U-Boot loads Image and archive and starts them by `booti`: the same system comes up as with QEMU's own loader."""
    archive = make_archive(system)
    with Board(archive, cpus=cpus, extra=("-bios", str(UBOOT))) as board:
        board.expect(r"Hit any key to stop autoboot")
        board.send("\r")
        board.expect(UBOOT_PROMPT, what="U-Boot's prompt")
        uboot_command(board, "qfw load ${kernel_addr_r} ${ramdisk_addr_r}")
        uboot_command(board, "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}",
                      rf"Bulkhead: {cpus} CPU")
        board.prompt()
        if system == "two-linux":
            with Guest(board, "linux1") as guest:
                assert guest.run("hostname") == "linux1"
        else:
            board.open_console("hello")
            board.expect(r"hello: done")


@pytest.mark.parametrize("command, end", [("poweroff", "off, exit 0"), ("reset", "reset, exit 0")])
def test_u_boot_runs_as_a_guest(command, end):
    """examples/uboot: to the prompt, commands work, and the VM ends by U-Boot's own will."""
    with Board(make_archive("uboot"), cpus=2) as board:
        board.prompt()
        board.open_console("uboot")
        board.expect(r"Hit any key to stop autoboot")
        board.send("\r")
        board.expect(UBOOT_PROMPT, what="U-Boot's prompt")
        assert re.search(r"^U-Boot 20\d\d\.\d\d", uboot_command(board, "version"), re.MULTILINE)
        info = uboot_command(board, "bdinfo")
        assert re.search(r"start\s+= 0x0000000040000000\n.*size\s+= 0x0000000008000000\n", info), info
        # The device tree's magic, where the configuration wants the tree; and RAM can be written.
        assert "40000000: edfe0dd0" in uboot_command(board, "md 40000000 4")
        uboot_command(board, "mw 44000000 12345678 4")
        assert "44000000: 12345678 12345678 12345678 12345678" in uboot_command(board, "md 44000000 4")
        assert "serial@9000000" in uboot_command(board, "fdt addr ${fdtcontroladdr}; fdt print /aliases")
        uboot_command(board, "sleep 1")
        board.send(command + "\r")
        board.leave_console()
        board.output_with("vm list", rf"^uboot +stopped .*{end}")
