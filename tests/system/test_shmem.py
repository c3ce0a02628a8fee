# SPDX-License-Identifier: Apache-2.0
"""Guests that share memory: `guests/shmem` joins a region by name, writes counters, and hears of the others' by interrupts."""

import gzip
import lzma
import subprocess

from harness import BUILD, Board, Guest, bare_vm, example, make_archive, refused, system_dts

SHMEM = "vdev shmem\n\tloc 0x1c050000\n\tintr gic:38\n"
SERVER = 'shmem-server { program = "shmem-server"; priority = <15>; abilities = "public"; ready; };'


def shmem_dts(vms, pools, server=SERVER):
    """A system.dts with the server in everybody's reach; `pools`: names, bytes, VMs, and further properties."""
    dts = system_dts(vms=vms, then=server)
    if server:
        dts = dts.replace('connect = "devc-pl011", "slogger"; autostart', 'connect = "devc-pl011", "slogger", '
                          '"shmem-server"; autostart')
    nodes = "".join(f"{name} {{ bytes = <{size:#x}>; vms = {owners}; {more} }};" for name, size, owners, more in pools)
    return dts.rstrip().removesuffix("};") + f"shared-memory {{ {nodes} }}; }};\n"


def shmem_archive(vms, pools, server=SERVER, options=()):
    """`vms`: names, boot arguments, and what is added to `vdev shmem`."""
    dts = shmem_dts([name for name, *_ in vms], pools, server)
    files = {f"{name}.qvmconf": bare_vm(name, "shmem", cmdline, cpus=("sched 10",), more=SHMEM + more)
             for name, cmdline, more in vms}
    return make_archive({"system.dts": dts, **files}, options=options)


def sees(board, name, *patterns):
    """All of it is said on the guest's console, one after the other."""
    board.open_console(name)
    found = [board.expect(pattern) for pattern in patterns]
    board.leave_console()
    return found


def test_notes_go_both_ways_and_over_a_restart():
    """Notes go both ways, with interrupts. One VM ends and comes again: it finds the memory, and is heard."""
    archive = shmem_archive([("one", "", ""), ("two", "", "")], [("pool", 0x10000, '"one", "two"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r", r"shmem: pages 0x2\r", r"note of [01]: \d+\r", r"note of [01]: \d+\r")
        sees(board, "two", r"shmem: creation 0x0\r", r"note of [01]: \d+\r", r"note of [01]: \d+\r")
        board.command_output("vm stop two")
        sees(board, "one", r"shmem: attached 0x[12]\r")
        board.command_output("vm start two")
        index, found = sees(board, "two", r"shmem: index 0x([01])\r", r"shmem: found 0x([0-9a-f]+)\r",
                            r"note of [01]: \d+\r")[:2]
        assert index and int(found.group(1), 16) > 0
        sees(board, "one", r"shmem: attached 0x3\r", r"note of [01]: \d+\r")


def test_who_may_not_gets_another_region():
    """`deny` and `allow`; a VM without a pool in common has a region of its own under the same name."""
    vms = [("one", "", ""), ("denied", "", "\tdeny chat*\n"), ("allowed", "", "\tallow other\n"), ("apart", "", "")]
    archive = shmem_archive(vms, [("pool", 0x10000, '"one", "denied", "allowed"', ""),
                                  ("lonely", 0x10000, '"apart"', 'names = "chat*";')])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r")
        sees(board, "denied", r"shmem: creation 0x1\r")
        sees(board, "allowed", r"shmem: creation 0x1\r")
        sees(board, "apart", r"shmem: creation 0x0\r", r"shmem: index 0x0\r")


def test_what_was_left_reads_as_ones():
    """What a guest has left reads as all ones, and is there for the next one, zero again when nobody was in it."""
    archive = shmem_archive([("one", "leave=1", "")], [("pool", 0x10000, '"one"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: left, status 0xffffffff\r", r"shmem: left, memory 0xffffffff\r", r"shmem: done\r")


def test_a_created_region_stays():
    """`create` keeps a region in being, with its size."""
    archive = shmem_archive([("one", "pages=7", "\tcreate chat0,0x3000\n")], [("pool", 0x10000, '"one"', "")])
    with Board(archive) as board:
        board.prompt()
        sees(board, "one", r"shmem: creation 0x0\r", r"shmem: pages 0x3\r")


def test_without_the_server_nothing_starts():
    """Nothing starts, and the operator is told why."""
    archive = shmem_archive([("one", "", "")], [("pool", 0x10000, '"one"', "")], server="", options=["--no-check"])
    refused(archive, r"\[one.qvmconf:\d+\] 'vdev shmem' of /vms/one needs the server of shared memory")


# Linux has no driver for it: its memory is reached by /dev/mem, and its interrupt is a key of the driver gpio-keys, which
# needs no pin for a key that has an interrupt.
LINUX_DTS = """/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    vgic: gic { qvm,vdev = "gic"; };
    keys {
        compatible = "gpio-keys";
        note { label = "note"; linux,code = <28>; interrupt-parent = <&vgic>; interrupts = <0 6 1>; };
    };
};
"""
FACTORY = 0x1c050000


def kernel_module(name):
    """Debian 12 has them as they are, in /lib; Debian 13 compressed, in /usr/lib."""
    module = next((BUILD / "debs/kernel").rglob(f"lib/modules/*/**/{name}.ko*"))
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def linux_archive(tmp_path):
    """Two of Debian's kernels with two modules of its package, which only this test needs."""
    (tmp_path / "keys.dts").write_text(LINUX_DTS)
    subprocess.run(["dtc", "-q", "-o", tmp_path / "keys.dtb", tmp_path / "keys.dts"], check=True, timeout=120)
    (tmp_path / "lib").mkdir()
    for name in ("evdev", "gpio_keys"):
        (tmp_path / f"lib/{name}.ko").write_bytes(kernel_module(name))
    modules = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=tmp_path, check=True, capture_output=True,
                             timeout=120, input=b"lib\nlib/evdev.ko\nlib/gpio_keys.ko\n").stdout
    # Linux takes archives one after the other.
    initrd = (BUILD / "guests/initramfs.cpio.gz").read_bytes() + gzip.compress(modules, mtime=0)
    files = {"system.dts": shmem_dts(["linux1", "linux2"], [("pool", 0x10000, '"linux1", "linux2"', "")]),
             "keys.dtb": (tmp_path / "keys.dtb").read_bytes(), "keys.cpio.gz": initrd}
    for name in ("linux1", "linux2"):
        config = example("two-linux")[f"{name}.qvmconf"].decode()
        files[f"{name}.qvmconf"] = config.replace("initramfs.cpio.gz", "keys.cpio.gz") + "fdt load keys.dtb\n" + SHMEM
    return make_archive(files)


def join(guest):
    """Joins `chat0`: the address of the control page, and which client it is."""
    guest.run("insmod /lib/evdev.ko; insmod /lib/gpio_keys.ko")
    guest.run(f"devmem {FACTORY + 28} 32 0x74616863; devmem {FACTORY + 32} 32 0x30; devmem {FACTORY + 24} 32 4")
    assert guest.run(f"devmem {FACTORY + 20} 32") == "0x00000000"
    control = int(guest.run(f"devmem {FACTORY + 8} 64"), 16)
    return control, int(guest.run(f"devmem {control + 4:#x} 32"), 16)


def interrupts(guest):
    counts = guest.run("grep note /proc/interrupts").split(":")[1].split()
    return sum(int(count) for count in counts[:2])


def listen(guest, control):
    """From now on a key that is pressed is noticed; what was new so far is old."""
    guest.run("rm -f /tmp/woken; (head -c 24 /dev/input/event0 > /tmp/key; echo > /tmp/woken) & "
              "until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q input/event0; do sleep 1; done")
    guest.run(f"devmem {control:#x} 32")
    return interrupts(guest)


def tell(guest, control, value):
    guest.run(f"devmem {control + 0x1000:#x} 32 {value:#x}; devmem {control + 8:#x} 32 0xffffffff")


def hears(guest, control, before, teller, value):
    """The interrupt has come, has woken a process, and says from whom; the value is there."""
    guest.run("while ! [ -e /tmp/woken ]; do sleep 1; done")
    assert interrupts(guest) > before
    assert int(guest.run(f"devmem {control:#x} 32"), 16) & 0xffff == 1 << teller
    assert int(guest.run(f"devmem {control + 0x1000:#x} 32"), 16) == value


def test_two_linux_share_memory(tmp_path):
    """Data goes both ways between two Debian guests, with interrupts, also after one of them was restarted."""
    with Board(linux_archive(tmp_path)) as board:
        board.prompt()
        with Guest(board, "linux1") as guest:
            one, first = join(guest)
        for start in range(2):
            with Guest(board, "linux2") as guest:
                two, second = join(guest)
                found = int(guest.run(f"devmem {two + 0x1000:#x} 32"), 16)
                assert found == (0x22220000 if start else 0)
                before = listen(guest, two)
            with Guest(board, "linux1") as guest:
                tell(guest, one, 0x11110000 + start)
            with Guest(board, "linux2") as guest:
                hears(guest, two, before, first, 0x11110000 + start)
            with Guest(board, "linux1") as guest:
                before = listen(guest, one)
            with Guest(board, "linux2") as guest:
                tell(guest, two, 0x22220000 + start)
            with Guest(board, "linux1") as guest:
                hears(guest, one, before, second, 0x22220000 + start)
            if start == 0:
                board.command_output("slay linux2")
                board.output_with("vm list", r"^linux2 +stopped")
                board.command_output("vm start linux2")
