#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Bulkhead costs, in instructions, beside the bare machine and Xen (docs/performance.md):

    bench.py table    all systems on neoverse-n1 and the CPU models in $MODELS, or cortex-a72, as a table and in
                      build/bench.json; 1 if something that must hold does not
    bench.py quick    the same, only Bulkhead on neoverse-n1, and on the CPU models in $MODELS
    bench.py real     a few rows of Bulkhead in the states that guests are really in, side by side
    bench.py check    the same rows against tests/bench/record.json; 1 if one has grown
    bench.py record   writes tests/bench/record.json
    bench.py scale    the guest's rows with 1 to 8 CPUs and with 1 and 8 VMs; 1 if they differ
"""

import json
import pathlib
import sys

import compare
import machines
import whole
from rows import (CHOSEN, CPUS, FIRST_CPU, GUEST_ROWS, NOT_OURS, OTHER_CPU_MARGIN, PAIR_ROWS, QUICK_ROWS, REAL_ROWS, ROWS,
                  STATES, SYSTEMS, worst)

RECORD = pathlib.Path(__file__).with_name("record.json")


def say(text=""):
    print(text, flush=True)


def bulkhead_rows(cpu):
    """All rows of Bulkhead on a CPU model that do not take minutes."""
    measured = {**machines.bulkhead(cpu), **machines.operations(cpu), **machines.real(cpu), **machines.kernel(cpu),
                "boot_first_instruction": machines.bulkhead_boot(cpu), "boot_linux_image": machines.boot_linux_sized(cpu),
                "restart_512M": machines.restart(cpu, "512M")}
    return {row: values for row, values in measured.items() if row not in NOT_OURS}


def xen_rows(cpu):
    """Nothing, if Xen is not there or does not run: that is no fault of this tree."""
    if not machines.xen_image():
        say("bench: there is no Xen to measure beside: `tools/setup.sh bench` could not fetch it")
        return {}
    try:
        return machines.xen(cpu)
    except machines.Failed as error:
        say(f"bench: Xen is missing from the table: {error}")
        return {}


def measure(system, cpu):
    say(f"bench: measuring {system} on {cpu}")
    return {"bare": machines.bare, "bulkhead": bulkhead_rows, "xen": xen_rows}[system](cpu)


def write_json(results):
    """`results`: (system, cpu) -> row id -> Measured."""
    objects = [{"operation": row, "system": system, "cpu": cpu, **values._asdict()}
               for (system, cpu), measured in results.items() for row, values in measured.items()]
    path = machines.BUILD / "bench.json"
    path.write_text(json.dumps(objects, indent=1) + "\n")
    say(f"bench: all of it is in {path}")


def median(results, system, cpu, row):
    found = worst(results.get((system, cpu), {}), row.id)
    return found[1].median if found else None


def which(measured, row):
    """The operation that is the worst of those of a row, where there are several."""
    found = worst(measured, row.id)
    if not found or not (found[1].at or "." in found[0]):
        return ""
    return " ".join(word for word in (found[0].partition(".")[2], found[1].at) if word)


def best_peer(results, row):
    """The least of what is recorded of the others and what was measured of Xen in this run."""
    recorded = [row.peer] if row.peer else []
    measured = median(results, "xen", FIRST_CPU, row)
    return min(recorded + ([(measured, "Xen, this run")] if measured else []), default=None)


def print_table(results, rows):
    """Returns whether everything holds that must."""
    columns = list(results)
    heads = [system if cpu == FIRST_CPU else f"{system} {cpu.split('-')[-1]}" for system, cpu in columns]
    widths = [max(9, len(head)) for head in heads]
    say()
    say(f"{'instructions, median':24}" + "".join(f"{head:>{width + 1}}" for head, width in zip(heads, widths)) +
        f"  {'least*':>8} {'must':>9} {'aim':>9}  {'best peer':26}")
    good = True
    for row in rows:
        cells = [median(results, system, cpu, row) for system, cpu in columns]
        ours = median(results, "bulkhead", FIRST_CPU, row)
        peer = best_peer(results, row)
        plain = results.get(("bulkhead", FIRST_CPU), {}).get(row.id)  # the very operation that was measured of the others
        if peer and ours:
            beside = f"{peer[0]} {peer[1]}{'' if 'run' in peer[1] else '*'}: {(plain.median if plain else ours) / peer[0]:.2f}"
        else:
            beside = ""
        others = [median(results, "bulkhead", cpu, row) for cpu in CPUS if cpu != FIRST_CPU]
        most = max((other for other in others if other is not None), default=None)
        said = compare.verdict(row, ours, most, OTHER_CPU_MARGIN)
        good = good and not said.startswith("FAIL")
        say(f"{row.id:24}" + "".join(f"{'-' if cell is None else cell:>{width + 1}}"
                                     for cell, width in zip(cells, widths)) +
            f"  {row.least or '-':>8} {row.must or '-':>9} {row.aim or '-':>9}  {beside:26} {said:5} "
            f"{which(results.get(('bulkhead', FIRST_CPU), {}), row)}".rstrip())
    say("* not of this run: as recorded in docs/performance.md, which also says what each row is")
    return good


def print_real(measured):
    """Rows beside columns: the same operations in each state."""
    say()
    say(f"{'instructions, median':22}" + "".join(f"{head:>8}" for head in STATES.values()))
    for row in REAL_ROWS:
        cells = [measured.get(f"{row}@{state}") for state in STATES]
        say(f"{row:22}" + "".join(f"{cell.median if cell else '-':>8}" for cell in cells))


def finish(results, rows):
    write_json(results)
    print_real(results["bulkhead", FIRST_CPU])
    good = print_table(results, rows)
    say("bench: every row holds" if good else "bench: FAILED, some rows are not what must hold")
    return good


def table():
    results = {(system, cpu): measure(system, cpu) for cpu in CPUS for system in SYSTEMS}
    ours = results["bulkhead", FIRST_CPU]
    say("bench: measuring what takes minutes")
    ours.update({**whole.longest(say), **whole.restart_rows(ours["restart_512M"]), **whole.linux_rows(say)})
    whole.report(say, ours["boot_first_instruction"].median)
    return finish(results, [row for row in ROWS if row.id != "linux_verbose" or row.id in ours])


def quick():
    return finish({("bulkhead", cpu): measure("bulkhead", cpu) for cpu in (CPUS if CHOSEN else [FIRST_CPU])}, QUICK_ROWS)


def real():
    print_real(machines.real(FIRST_CPU))
    return True


def medians_now():
    return {row: values.median for row, values in bulkhead_rows(FIRST_CPU).items()}


def check():
    if not RECORD.exists():
        say(f"bench: there is no {RECORD}: `make bench-record` writes it")
        return False
    good, lines = compare.with_record(json.loads(RECORD.read_text()), machines.versions(), medians_now())
    for line in lines:
        say(line)
    say("bench: no row has grown" if good else "bench: FAILED")
    return good


def record():
    RECORD.write_text(json.dumps({"versions": machines.versions(), "cpu": FIRST_CPU, "medians": medians_now()},
                                 indent=1) + "\n")
    say(f"bench: {RECORD} is written")
    return True


def scale():
    """Two-CPU rows from 2 CPUs on. The other CPUs and VMs are in WFI."""
    runs = {}
    for cpus in (1, 2, 4, 8):
        for vms in (1, 8):
            say(f"bench: {cpus} CPUs, {vms} VMs")
            runs[f"{cpus} CPUs, {vms} VMs"] = {row: values.median for row, values in
                                               machines.bulkhead(FIRST_CPU, cpus, vms - 1).items()}
    good = True
    result = compare.spread(runs)
    for row in GUEST_ROWS + PAIR_ROWS:
        if row.id not in result:
            say(f"{row.id:24} not measured")
            good = False
            continue
        least, least_at, most, most_at, same = result[row.id]
        good = good and same
        say(f"{row.id:24} {least:>6} ({least_at}) to {most:>6} ({most_at}), {most / least - 1:+.1%}"
            f"{'' if same else '  FAIL'}")
    say(f"bench: {'the same' if good else 'FAILED, not the same'} within {compare.SPREAD:.0%}")
    return good


COMMANDS = {
    "table": table,
    "quick": quick,
    "real": real,
    "check": check,
    "record": record,
    "scale": scale,
}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        return 0 if COMMANDS[arguments[0]]() else 1
    except machines.Failed as error:
        print(f"bench: FAILED: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
