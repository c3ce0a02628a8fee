# SPDX-License-Identifier: Apache-2.0
"""The plugins of this folder: what they need to know about the kernel, and their reports."""

import collections
import os
import re
import subprocess

from harness import BUILD, TOP

# The English output of tools is parsed.
os.environ["LC_ALL"] = "C"

KERNEL = BUILD / "kernel/kernel.elf"
# The counter then counts instructions on any CPU model.
COUNTING = "neoverse-n1,cntfrq=1000000000"

# What the first instruction of a function means to stretch.c.
POLL, TAKE, IDLE = "arch_irq_pending", "irq_take", "arch_cpu_idle"
CAUSES = ("timer_expire_one", "irq_fire", "arch_vcpu_irq_timer", "arch_vcpu_irq_maintenance", "vcpu_trap", "vcpu_requests",
          "process_fault", "thread_destroy", "arch_fpu_trap", "trap_vcpu")

Cause = collections.namedtuple("Cause", "name is_call longest times total went_on functions run")


def kernel_functions(kernel=KERNEL):
    """Addresses and names of the kernel's text, ascending; of several names at one place the last."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", "-n", kernel], capture_output=True, text=True, check=True).stdout
    found = {}
    for address, kind, name in re.findall(r"^([0-9a-f]+) (\w) (\S+)$", lines, re.MULTILINE):
        if kind in "tT" and not name.startswith("$"):
            # What the compiler made of a whole function keeps its name; .part and .cold are something else.
            found[int(address, 16)] = re.sub(r"(\.(isra|constprop|lto_priv)\.\d+)+$", "", name)
        if name == "__text_end":
            end = int(address, 16)
    return {address: name for address, name in found.items() if address < end} | {end: "end"}


def write_symbols(path, kernel=KERNEL):
    """The file of symbols for stretch.c. A kernel without a function that the measurement needs is refused."""
    functions = kernel_functions(kernel)
    missing = {POLL, TAKE, IDLE, *CAUSES, *(f"call_{name}" for name in all_calls())} - set(functions.values())
    if missing:
        raise SystemExit(f"the kernel has no function {', '.join(sorted(missing))}: inlined, or renamed?")
    events = {POLL: "p", TAKE: "i", IDLE: "w", **{name: "n" for name in CAUSES}}
    path.parent.mkdir(parents=True, exist_ok=True)
    calls = {f"call_{name}" for name in all_calls()}
    path.write_text("".join(f"{address:x} {'c' if name in calls else events.get(name, '-')} {name}\n"
                            for address, name in functions.items()))


def all_calls():
    """The names in abi/calls.def."""
    return re.findall(r"^call \d+ (\w+)", (TOP / "abi/calls.def").read_text(), re.MULTILINE)


def symbol(name, kernel=KERNEL):
    """Its address."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", kernel], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}(?:\.\w+\.\d+)*$", lines, re.MULTILINE).group(1), 16)


def read_report(path, run):
    """What stretch.c wrote: instructions of the boot, stretches, their instructions, the causes by name, and of other
    locks than the kernel's the longest hold, how many, and the function that ended it."""
    boot, stretches, total, causes, locks = 0, 0, 0, {}, {}
    for line in path.read_text().splitlines():
        kind, *fields = line.split()
        if kind == "boot":
            boot = int(fields[0])
        elif kind == "stretches":
            stretches, total = map(int, fields)
        elif kind == "lock":
            locks[fields[0]] = (int(fields[1]), int(fields[2]), fields[3])
        elif kind == "cause":
            name, event, longest, times, all_of_it, went_on = fields
            causes[name] = Cause(name, event == "c", int(longest), int(times), int(all_of_it), went_on == "1", {}, run)
            functions = causes[name].functions
        else:
            functions[fields[0]] = int(fields[1])
    return boot, stretches, total, causes, locks
