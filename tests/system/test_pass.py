# SPDX-License-Identifier: Apache-2.0
"""Devices of the board that belong to a guest: QEMU's real-time clock (PL031), whose alarm is interrupt 34."""

import json
import re
import subprocess
import time

import pytest

import boards
from harness import BUILD, Board, Guest, bare_vm, example, make_archive, system_dts

DEVICE = 'devices = "/pl031@9010000";'
PASS = "pass loc mem:0x9010000,0x1000,rwn\npass intr gic:34"
CPUS = ("sched 10", "sched 10")
# What qvm cannot know of the device; the gic of this tree stands for the guest's.
LINUX_DTS = """/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    vgic: gic { qvm,vdev = "gic"; };
    clock: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };
    rtc@9010000 {
        compatible = "arm,pl031", "arm,primecell";
        reg = <0 0x9010000 0 0x1000>;
        interrupt-parent = <&vgic>;
        interrupts = <0 2 4>;
        clocks = <&clock>;
        clock-names = "apb_pclk";
    };
};
"""


def rtc_archive(cmdline="", passes=PASS, cpus=CPUS, device=DEVICE, then="", others=()):
    """guests/rtc with the clock, and the same guest as `others`, with what is to be said of each."""
    files = {"system.dts": system_dts(vms=[("rtc", device), *(name for name, _ in others)], then=then),
             "rtc.qvmconf": bare_vm("rtc", "rtc", cmdline, cpus=cpus, more=passes)}
    for name, more in others:
        files[f"{name}.qvmconf"] = bare_vm(name, "rtc", cpus=("sched 10",), more=more)
    return make_archive(files)


def verdict(board, name="rtc"):
    board.open_console(name)
    if board.expect(r"rtc: (done|FAILED|none)\r").group(1) != "done":
        board.fail("the guest does not say that all is well")
    seen = board.seen
    board.leave_console()
    return seen


@pytest.mark.parametrize("cpus", [1, 4])
def test_each_alarm_interrupts_once(cpus):
    """Held until it is enabled, one for each alarm on any virtual CPU, and again at once while the line is high."""
    with Board(rtc_archive(), cpus=cpus) as board:
        board.prompt()
        seen = verdict(board)
    assert "rtc: taken 1007" in seen


def test_the_guests_number_may_be_another_one():
    """The guest's number need not be the host's, nor its address."""
    passes = "pass loc mem:0x1c170000,0x1000,rwn=0x9010000\npass intr gic:47=34"
    with Board(rtc_archive("rtc=0x1c170000 intid=47", passes)) as board:
        board.prompt()
        verdict(board)


def test_moving_loses_no_passed_interrupt():
    """The virtual CPUs go from CPU to CPU all the time, with the interrupt pending, active and neither."""
    mover = """
        mover { program = "mover"; args = "rtc", "apart"; priority = <24>; abilities = "xsched", "log";
                connect = "slogger"; };
"""
    with Board(rtc_archive("alarms=5 storm=30000", then=mover), cpus=4) as board:
        board.prompt()
        verdict(board)
        log = board.output_with("slog2info", r"mover ended: exit code 0\b")
        moves = re.search(r"mover: (\d+) moves of 2 virtual CPUs", log)
        assert moves and int(moves.group(1)) > 200, f"the mover did not do its work: {log}"


def test_the_next_start_finds_the_device_quiet():
    """A guest that never completes an interrupt starves itself; the next start finds nothing of that."""
    with Board(rtc_archive("alarms=1 storm=10 stuck=1", cpus=("sched 10",)), cpus=2) as board:
        board.prompt()
        for _ in range(3):
            verdict(board)
            assert "rtc" in board.command_output("pidin")
            board.command_output("slay rtc")
            board.output_with("vm list", r"^rtc +stopped")
            board.command_output("vm start rtc")


def test_only_the_owner_has_it():
    """Another VM finds nothing at the address, and its policy decides what that means."""
    others = (("ignores", "unsupported reference ignore"), ("fails", "unsupported reference fail"))
    with Board(rtc_archive("alarms=1", others=others)) as board:
        board.prompt()
        board.open_console("ignores")
        board.expect(r"rtc: none")
        board.leave_console()
        board.open_console("fails")
        board.expect(r"guest: exception")
        board.leave_console()
        verdict(board)


@pytest.mark.parametrize("letters, ends", [("rn", "rtc: FAILED"), ("rne", "guest: exception"), ("wn", "rtc: none"),
                                           ("wne", "guest: exception")])
def test_rights_are_what_the_letters_allow(letters, ends):
    """What the letters do not allow is refused: as `unsupported` says, or with an exception."""
    passes = f"unsupported reference ignore\npass loc mem:0x9010000,0x1000,{letters}\npass intr gic:34"
    with Board(rtc_archive("patience=2", passes, cpus=("sched 10",)), cpus=2) as board:
        board.prompt()
        board.open_console("rtc")
        board.expect(ends)


def test_registers_are_no_memory():
    """What only the target knows: these pages are a device's. The message says where they were asked for."""
    with Board(rtc_archive(passes="pass loc mem:0x9010000,0x1000,rwcn"), cpus=2) as board:
        board.prompt()
        board.output_with("vm list", r"^rtc +stopped.*exit 65")
        log = board.command_output("slog2info")
    assert re.search(r"\[rtc\.qvmconf:\d+\] these are registers of a device", log), log


def test_linux_has_a_clock(tmp_path):
    """Debian's kernel, with a device tree of the user's that refers to the generated gic."""
    (tmp_path / "rtc.dts").write_text(LINUX_DTS)
    subprocess.run(["dtc", "-q", "-o", tmp_path / "rtc.dtb", tmp_path / "rtc.dts"], check=True, timeout=120)
    files = example("two-linux")
    config = files["linux1.qvmconf"].decode() + f"\nfdt load rtc.dtb\n{PASS}\n"
    files = {"system.dts": system_dts(vms=[("linux1", DEVICE)]), "linux1.qvmconf": config,
             "rtc.dtb": (tmp_path / "rtc.dtb").read_bytes()}
    with Board(make_archive(files)) as board:
        board.prompt()
        for _ in range(2):
            with Guest(board, "linux1") as guest:
                assert guest.run("cat /sys/class/rtc/rtc0/name").startswith("rtc-pl031")
                # QEMU's clock is the host's.
                assert abs(guest.number("cat /sys/class/rtc/rtc0/since_epoch") - time.time()) < 120
                guest.run("hwclock -u -f /dev/rtc0")
                # It is read at once, as it is gone when the alarm has come.
                alarm = guest.run("echo +4 > /sys/class/rtc/rtc0/wakealarm; cat /sys/class/rtc/rtc0/wakealarm")
                assert abs(int(alarm) - time.time()) < 120
                guest.run("while [ -n \"$(cat /sys/class/rtc/rtc0/wakealarm)\" ]; do sleep 1; done")
                counts = guest.run("grep rtc-pl031 /proc/interrupts")
                assert sum(int(n) for n in counts.split(":")[1].split()[:2]) == 1, counts
            board.command_output("slay linux1")
            board.output_with("vm list", r"^linux1 +stopped")
            board.command_output("vm start linux1")


def carveout(archive, tmp_path, **options):
    """A board whose firmware reserves 64 MiB at 0xb0000000."""
    command = Board(archive, **options).command
    board_dtb = tmp_path / "board.dtb"
    dump = boards.with_machine(command, lambda machine: f"{machine},dumpdtb={board_dtb}")
    subprocess.run(dump, check=True, timeout=120, stdin=subprocess.DEVNULL, capture_output=True)
    tree = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", board_dtb], check=True, timeout=120,
                          capture_output=True, text=True).stdout
    (tmp_path / "board.dts").write_text(tree + """
/ {
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        carveout@b0000000 { reg = <0 0xb0000000 0 0x4000000>; };
    };
};
""")
    subprocess.run(["dtc", "-q", "-o", board_dtb, tmp_path / "board.dts"], check=True, timeout=120)
    return ["-dtb", str(board_dtb)]


def test_memory_that_firmware_reserves(tmp_path):
    """A guest runs in memory of /reserved-memory, and has no other."""
    files = {"system.dts": system_dts(vms=[("hello", 'regions = "carveout";')]),
             "hello.qvmconf": bare_vm("hello", "hello").replace(
                 "ram 0x80000000,16M", "pass loc 0x80000000,0x1000000,rwcxm=0xb0000000")}
    archive = make_archive(files)
    with Board(archive, cpus=2, extra=carveout(archive, tmp_path, cpus=2)) as board:
        board.prompt()
        for _ in range(2):
            board.open_console("hello")
            board.expect(r"hello: virtual CPU 1 is up")
            board.leave_console()
            board.output_with("vm list", r"^hello +stopped +.*off, exit 0")
            board.command_output("vm start hello")


TREE = """/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    nowhere@7000000 { compatible = "example,nowhere"; example,text = "passed"; reg = <0 0x7000000 0 0x1000>; };
};
"""


def blobs(tmp_path):
    """What lies in the reserved memory before the board starts: an initramfs, a device tree, and data after them."""
    (tmp_path / "tree.dts").write_text(TREE)
    subprocess.run(["dtc", "-q", "-o", tmp_path / "tree.dtb", tmp_path / "tree.dts"], check=True, timeout=120)
    (tmp_path / "data").write_bytes(b"data of nobody!!" * 256)
    initramfs = BUILD / "guests/initramfs.cpio.gz"
    for file, address in ((initramfs, 0xb0000000), (tmp_path / "tree.dtb", 0xb3000000), (tmp_path / "data", 0xb3010000)):
        yield from ("-device", f"loader,file={file},addr={address:#x},force-raw=on")


# The RAM disk is memory below all other, and there is room for the kernel, but that one must not go there.
BLOBS = """initrd pass loc 0x70000000,0x3000000,m=0xb0000000
fdt pass loc 0xa8000000,0x10000,rc=0xb3000000
data pass loc 0xac000000,0x1000,rc=0xb3010000
"""


def test_blobs_are_found_in_memory(tmp_path):
    """Debian's kernel with an initial RAM disk, a device tree and data that are not in the archive."""
    files = example("two-linux")
    config = files["linux1.qvmconf"].decode().replace("initrd load initramfs.cpio.gz\n", BLOBS)
    files = {"system.dts": system_dts(vms=[("linux1", 'regions = "carveout";')]), "linux1.qvmconf": config}
    archive = make_archive(files)
    with Board(archive, extra=[*carveout(archive, tmp_path), *blobs(tmp_path)]) as board:
        board.prompt()
        with Guest(board, "linux1") as guest:
            assert guest.run("cat /proc/device-tree/nowhere@7000000/example,text | tr -d '\\0'") == "passed"
            assert guest.run("ls -d /proc/device-tree/serial@1c090000 | wc -l") == "1"
            assert int(guest.run("devmem 0xac000004 32"), 16) == int.from_bytes(b" of ", "little")
        env = json.loads(board.command_output("cat /dev/qvm/linux1/env"))
        assert len(env["pass"]) == 3 and env["vcpus"][0]["unsupported"] == 0, env


def test_a_blob_that_is_no_tree_is_refused():
    """What lies there is seen only at the start: here, zeros."""
    frame = "memory { frame { start = <0x60000000>; bytes = <0x100000>; }; };"
    dts = system_dts(vms=[("hello", 'regions = "frame";')]).replace("vms {", frame + " vms {", 1)
    config = bare_vm("hello", "hello", more="fdt pass loc 0x98000000,0x10000,rc=0x60000000")
    with Board(make_archive({"system.dts": dts, "hello.qvmconf": config}), cpus=2) as board:
        board.expect(r"hello ended: exit code 65, cause error, its guest has not begun: \[hello.qvmconf:\d+\] "
                     "what is passed as `fdt` is no device tree")
