# SPDX-License-Identifier: Apache-2.0
"""The benchmark's own judgement: what it reads from a console, what it says about the record, about a row, a spread."""

import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/bench"))

import compare  # noqa: E402
import machines  # noqa: E402
from rows import Measured, Row, one, worst  # noqa: E402

VERSIONS = {"compiler": "gcc 12.2.0", "qemu": "10.0.2", "machine": "virt-10.0"}
RECORD = {"versions": VERSIONS, "medians": {"uart_read": 200, "sgi_self": 100}}


def against_record(versions=None, **medians):
    good, lines = compare.with_record(RECORD, versions or VERSIONS, {"uart_read": 200, "sgi_self": 100, **medians})
    return good, "\n".join(lines)


def test_rows_are_read_from_a_console():
    text = ("noise\r\nbench: uart_read min 1 median 22 p99 333 max 4444\r\n"
            "(XEN) DOM1: bench: sgi_self min 5 median 6 p99 7 max 8\r\nbench: torn min 5 median 6 p99\r\nbench: done\r\n")
    assert machines.parse_rows(text) == {"uart_read": Measured(1, 22, 333, 4444), "sgi_self": Measured(5, 6, 7, 8)}


def test_rows_of_several_operations_and_states_are_read_from_a_console():
    text = ("bench: uart_read.8 min 1 median 22 p99 333 max 4444 at 0x40\r\n"
            "bench: uart_read@sctlr_a min 5 median 6 p99 7 max 8\r\n")
    assert machines.parse_rows(text) == {"uart_read.8": Measured(1, 22, 333, 4444, "0x40"),
                                         "uart_read@sctlr_a": Measured(5, 6, 7, 8)}


def test_of_several_operations_behind_a_row_the_worst_counts():
    measured = {"uart_read": one(227), "uart_read.8": one(505), "uart_read.64": one(400), "uart_read_more": one(900),
                "uart_read@mde": one(901), "sgi_self": one(902)}
    assert worst(measured, "uart_read") == ("uart_read.8", one(505))
    assert worst(measured, "sgi_self") == ("sgi_self", one(902))
    assert worst(measured, "idreg_read") is None


def test_an_image_of_the_size_of_linux_has_an_arm64_header(tmp_path, monkeypatch):
    small = bytes(16) + (4096).to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4)
    (tmp_path / "bench.img").write_bytes(small)
    monkeypatch.setattr(machines, "GUEST", tmp_path / "bench.img")
    image = machines.linux_sized()
    assert len(image) == int.from_bytes(image[16:24], "little") == 33 << 20
    assert image[:16] == small[:16] and image[24:64] == small[24:]
    assert image == machines.linux_sized()


def test_an_entry_is_read_from_a_console():
    assert machines.parse_entry("x\r\nbench: entry cntvct 12 cntpct 345\r\n") == (12, 345)
    with pytest.raises(machines.Failed):
        machines.parse_entry("bench: done\r\n")


def test_an_unchanged_record_passes():
    assert against_record() == (True, "")


def test_five_percent_more_fails_and_says_what_to_do():
    good, text = against_record(uart_read=210)
    assert not good
    assert "uart_read: grew from 200 to 210 (+5.0%)" in text
    assert "make bench-record" in text and "commit message" in text
    assert "sgi_self" not in text


@pytest.mark.parametrize("median", [202, 204, 196])
def test_up_to_two_percent_passes(median):
    assert against_record(uart_read=median) == (True, "")


def test_one_more_than_two_percent_fails():
    assert not against_record(uart_read=205)[0]


def test_a_shrunken_row_passes_with_a_hint():
    good, text = against_record(uart_read=150)
    assert good
    assert "uart_read: shrank from 200 to 150 (-25.0%): `make bench-record`" in text


def test_a_missing_row_fails():
    good, lines = compare.with_record(RECORD, VERSIONS, {"uart_read": 200})
    assert not good
    assert lines[0] == "sgi_self: in the record, but not measured"


def test_a_new_row_passes_with_a_hint():
    good, text = against_record(mem_map=431)
    assert good
    assert "mem_map: not in the record" in text


@pytest.mark.parametrize("key", list(VERSIONS))
def test_other_versions_are_not_compared(key):
    good, text = against_record(versions={**VERSIONS, key: "other"}, uart_read=9999)
    assert good
    assert text == f"not comparable: {key} was {VERSIONS[key]!r}, is 'other'"


def test_the_spread_over_configurations_is_shown():
    runs = {"1 CPU": {"uart_read": 100, "sgi_self": 100},
            "8 CPUs": {"uart_read": 103, "sgi_self": 104, "sgi_oneway": 7}}
    result = compare.spread(runs)
    assert result["uart_read"] == (100, "1 CPU", 103, "8 CPUs", True)
    assert result["sgi_self"] == (100, "1 CPU", 104, "8 CPUs", False)
    assert result["sgi_oneway"] == (7, "8 CPUs", 7, "8 CPUs", True)


@pytest.mark.parametrize("median, other, expected", [
    (200, None, "PASS"), (201, None, "FAIL"), (None, None, "FAIL: not measured"), (200, 220, "PASS"),
    (200, 221, "FAIL on the other CPU")])
def test_a_bound_gives_a_verdict(median, other, expected):
    assert compare.verdict(Row("x", None, None, 200, 100), median, other, 1.1) == expected


def test_without_a_bound_there_is_no_verdict():
    assert compare.verdict(Row("x", None, None, None, None), 5) == ""
