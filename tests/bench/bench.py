#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Bulkhead costs, in instructions, beside the bare machine and Xen (docs/performance.md):

    bench.py table    all systems on both CPU models, as a table and in build/bench.json; 1 if something that must
                      hold does not
    bench.py quick    the same, only Bulkhead on the first CPU model
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
from rows import CPUS, FIRST_CPU, GUEST_ROWS, NOT_OURS, OTHER_CPU_MARGIN, PAIR_ROWS, QUICK_ROWS, ROWS, SYSTEMS

RECORD = pathlib.Path(__file__).with_name("record.json")


def say(text=""):
    print(text, flush=True)


def bulkhead_rows(cpu):
    """All rows of Bulkhead on a CPU model: three boots."""
    measured = {**machines.bulkhead(cpu), **machines.kernel(cpu), "boot_first_instruction": machines.bulkhead_boot(cpu)}
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
    values = results.get((system, cpu), {}).get(row.id)
    return values.median if values else None


def best_peer(results, row):
    """The least of what is recorded of the others and what was measured of Xen in this run."""
    recorded = [row.peer] if row.peer else []
    measured = median(results, "xen", FIRST_CPU, row)
    return min(recorded + ([(measured, "Xen, this run")] if measured else []), default=None)


def print_table(results, rows):
    """Returns whether everything holds that must."""
    columns = list(results)
    heads = [system if cpu == FIRST_CPU else f"{system} a72" for system, cpu in columns]
    widths = [max(9, len(head)) for head in heads]
    say()
    say(f"{'instructions, median':24}" + "".join(f"{head:>{width + 1}}" for head, width in zip(heads, widths)) +
        f"  {'least*':>8} {'must':>9} {'aim':>8}  {'best peer':26}")
    good = True
    for row in rows:
        cells = [median(results, system, cpu, row) for system, cpu in columns]
        ours = median(results, "bulkhead", FIRST_CPU, row)
        peer = best_peer(results, row)
        if peer and ours:
            beside = f"{peer[0]} {peer[1]}{'' if 'run' in peer[1] else '*'}: {ours / peer[0]:.2f}"
        else:
            beside = ""
        said = compare.verdict(row, ours, median(results, "bulkhead", CPUS[1], row), OTHER_CPU_MARGIN)
        good = good and not said.startswith("FAIL")
        say(f"{row.id:24}" + "".join(f"{'-' if cell is None else cell:>{width + 1}}"
                                     for cell, width in zip(cells, widths)) +
            f"  {row.least or '-':>8} {row.must or '-':>9} {row.aim or '-':>8}  {beside:26} {said}")
    say("* not of this run: as recorded in docs/performance.md, which also says what each row is")
    return good


def finish(results, rows):
    write_json(results)
    good = print_table(results, rows)
    say("bench: every row holds" if good else "bench: FAILED, some rows are not what must hold")
    return good


def table():
    results = {(system, cpu): measure(system, cpu) for cpu in CPUS for system in SYSTEMS}
    ours = results["bulkhead", FIRST_CPU]
    say("bench: measuring the longest stretch with interrupts off")
    ours.update(whole.longest(say))
    whole.report(say, ours["boot_first_instruction"].median)
    return finish(results, ROWS)


def quick():
    return finish({("bulkhead", FIRST_CPU): measure("bulkhead", FIRST_CPU)}, QUICK_ROWS)


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
