# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measure which lines and branches of the plain rules their tests cover."""

import argparse
import unittest
from pathlib import Path

import coverage
from plain_tests import FOLDERS, ROOT, import_measured, load_tests, prepare, run


def main():
    """Run all tests of the tools under coverage, and save what they cover."""
    parser = argparse.ArgumentParser(prog="bin/quality coverage")
    parser.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    measured = coverage.Coverage(
        data_file=str(options.folder / "plain.coverage"),
        branch=True,
        source=[str(ROOT / folder) for folder in FOLDERS],
        config_file=False,
    )
    measured.erase()
    with measured.collect():
        prepare()
        tests = load_tests()
        import_measured()
        result = run(tests, unittest.TestResult())
    measured.save()
    for test, text in result.errors + result.failures:
        print(f"Failed: {test.id()}\n{text}")


if __name__ == "__main__":
    main()
