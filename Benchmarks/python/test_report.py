"""Tests of report.py. Run by make lint: python3 Benchmarks/python/test_report.py"""

from __future__ import annotations

import json
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

import report


class ReportTests(unittest.TestCase):
    def test_ratio_of_seconds_is_above_1_if_ours_is_faster(self) -> None:
        found = report.entry("step", "eager", [1.0, 3.0, 2.0], [3.0, 6.0, 5.0])
        self.assertEqual((found["ours"], found["theirs"], found["unit"]), (2, 5, "s"))
        self.assertEqual(found["ratio"], 2.5)
        self.assertEqual((found["low"], found["high"], found["rounds"]), (2, 3, 3))

    def test_ratio_of_rates_is_above_1_if_ours_is_faster(self) -> None:
        found = report.entry("clips", "eager", [0.5], [1.0], "clips/s", 9)
        self.assertEqual((found["ours"], found["theirs"], found["ratio"]), (18, 9, 2))

    def test_ratio_of_processor_seconds_is_above_1_if_ours_needs_fewer(self) -> None:
        found = report.entry("step", "eager", [1.0], [1.0], processor=([1.0, 2.0, 3.0], [8.0, 6.0, 4.0]))
        self.assertEqual((found["ratio"], found["processor_ratio"]), (1, 3))

    def test_results_are_a_list_of_entries(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "results.json")
            report.write_results(path, [report.entry("a", "b", [1.0], [2.0], "MiB")])
            (read,) = json.loads(path.read_text())
        self.assertLessEqual({"job", "opponent", "ours", "theirs", "unit", "ratio"}, read.keys())

    def test_history_grows_and_its_last_line_appears_in_the_table(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "history.jsonl")
            self.assertEqual(report.last_recorded(path), {})
            for theirs in (2.0, 4.0):
                report.append_history(path, {"version": "1"}, [report.entry("a", "b", [1.0], [theirs])])
            earlier = report.last_recorded(path)
        self.assertEqual(earlier, {"version": "1", "ratios": {"a": {"b": 4.0}}})
        lines = report.table([report.entry("a", "b", [1.0], [3.0])], earlier).splitlines()
        self.assertEqual(lines[1].split(), ["a", "b", "1.00", "3.00", "s", "3.00", "3.00", "to", "3.00", "4.00"])

    def test_plot_is_xml_with_a_bar_for_each_entry(self) -> None:
        entries = [report.entry("a", name, [1.0], [2.0]) for name in ("x < y", "z")]
        drawn = xml.etree.ElementTree.fromstring(report.plot(entries, "a & b"))
        self.assertEqual(len(drawn.findall("{*}rect")), 3)


if __name__ == "__main__":
    unittest.main()
