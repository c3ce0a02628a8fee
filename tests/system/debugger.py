# SPDX-License-Identifier: Apache-2.0
"""A client of QEMU's debugger port."""

import re
import socket
import time

from harness import BUILD


def debugger_port(name):
    """Where the port is, and the options of QEMU that open it."""
    path = BUILD / f"path/{name}.gdb"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    return path, ("-gdb", f"unix:{path},server=on,wait=off")


class Debugger:
    """QEMU's debugger port, as far as tests need it. It needs the board's option -gdb: see debugger_port()."""

    def __init__(self, path):
        self.port = socket.socket(socket.AF_UNIX)
        self.port.settimeout(60)
        end = time.monotonic() + 20
        while not path.exists() and time.monotonic() < end:  # QEMU is starting
            time.sleep(0.05)
        self.port.connect(str(path))

    def ask(self, text, answers=True):
        self.port.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        if answers:
            return self.answer()

    def answer(self):
        data = b""
        while not data.count(b"#") or len(data) < data.index(b"#") + 3:
            data += self.port.recv(4096)
        self.port.sendall(b"+")
        return data[data.index(b"$") + 1:data.index(b"#")].decode()

    def stops_at(self, at):
        """Lets the CPUs run until one of them gets to that address. Returns which one, from 1."""
        assert self.ask(f"Z0,{at:x},4") == "OK"
        stop = self.ask("c")
        assert self.ask(f"z0,{at:x},4") == "OK"
        return int(re.fullmatch(r"T05thread:(?:p01\.)?([0-9a-f]+);", stop).group(1), 16)

    def steps(self, cpu):
        """This CPU executes one instruction, and no other one."""
        assert self.ask(f"vCont;s:{cpu:x}").startswith("T05")

    def reads(self, at):
        """Four bytes at an address, as the CPU that has stopped sees it; None if nothing is mapped there."""
        answer = self.ask(f"m{at:x},4")
        return None if answer.startswith("E") else bytes.fromhex(answer)

    def writes(self, at, data):
        """These bytes to an address, as the CPU that has stopped sees it."""
        assert self.ask(f"M{at:x},{len(data):x}:{data.hex()}") == "OK"

    def halts(self):
        """All CPUs stand still."""
        self.port.sendall(b"\x03")
        assert self.answer().startswith("T")

    def goes_on(self):
        self.ask("c", answers=False)

    def physical(self, at, data=None, count=1):
        """Words of 32 bits at a physical address; with `data` they are written."""
        assert self.ask("Qqemu.PhyMemMode:1") == "OK"
        if data is None:
            data = bytes.fromhex(self.ask(f"m{at:x},{4 * count:x}"))
        else:
            self.writes(at, data)
        assert self.ask("Qqemu.PhyMemMode:0") == "OK"
        return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]

    def leads_astray(self, at):
        """Whoever gets to that address goes on where there is nothing."""
        assert self.ask(f"Z0,{at:x},4") == "OK"
        self.ask("c", answers=False)

    def is_astray(self, at):
        assert self.answer().startswith("T05")
        assert self.ask(f"z0,{at:x},4") == "OK"
        assert self.ask(f"P20={(0x10).to_bytes(8, 'little').hex()}") == "OK"
        self.ask("c", answers=False)
