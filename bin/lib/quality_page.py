# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Write what was measured into ``docs/quality.md``, between its markers.

To add a measure, write a function that yields the lines of a table, and add an entry to
:data:`TABLES` and a pair of markers to the page.
"""

import argparse
import json
import re
import tempfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import coverage
import tomllib
from mutation import KILLED, ROOT, UNSEEN, read_results

PAGE = ROOT / "docs/quality.md"
#: Mutants that no test can notice since they change nothing, with the reason.
EQUIVALENT = ROOT / "tests/tools/equivalent.toml"


def show_coverage(path):
    """Yield the lines of a table about a data file of coverage.py."""
    measured = coverage.Coverage(data_file=str(path), config_file=False)
    measured.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        measured.json_report(outfile=report.name, ignore_errors=True)
        found = json.loads(Path(report.name).read_text())
    rows = [
        (str(Path(name).resolve().relative_to(ROOT)), one["summary"])
        for name, one in found["files"].items()
    ]
    rows = [(name, one) for name, one in sorted(rows) if one["num_statements"]]
    folders = defaultdict(list)
    for name, one in rows:
        folders[str(Path(name).parent)].append(one)
    for folder, own in folders.items():
        rows.append((f"**{folder}/**", {key: _add(own, key) for key in own[0]}))
    yield "| file | lines | reached | branches | taken |"
    yield "|---|---|---|---|---|"
    for name, one in rows:
        lines, branches = one["num_statements"], one["num_branches"]
        reached = _share(one["covered_lines"], lines)
        taken = _share(one["covered_branches"], branches)
        yield _row(name, lines, reached, branches, taken)


def _add(summaries, key):
    if isinstance(summaries[0][key], int):
        return sum(it[key] for it in summaries)
    return None


def show_mutants(path):
    """Yield the lines of the table of mutants and how each ended."""
    reasons = tomllib.loads(EQUIVALENT.read_text()).get("reason", [])
    judged = {tuple(change) for reason in reasons for change in reason["changes"]}
    counts = defaultdict(Counter)
    results = read_results(path)
    tried = {(file, was, became) for file, _function, was, became in results}
    if gone := judged - tried:
        raise SystemExit(f"No such changes any more, see {EQUIVALENT}: {sorted(gone)}")
    for key, result in results.items():
        file, _function, was, became = key
        if result != KILLED and (file, was, became) in judged:
            result = "equivalent"
        for name in (file, f"**{Path(file).parent}/**"):
            counts[name][result] += 1
    yield "| file | changes | noticed | share | no test there | change nothing | left |"
    yield "|---|---|---|---|---|---|---|"
    for name in sorted(counts, key=lambda it: ("**" in it, it)):
        one = counts[name]
        total, killed = one.total(), one[KILLED]
        left = total - killed - one["equivalent"] - one[UNSEEN]
        share = _share(killed, total)
        yield _row(name, total, killed, share, one[UNSEEN], one["equivalent"], left)


def show_fuzz(path):
    """Yield the lines of the table of fuzzed requests to the public addresses."""
    found = json.loads(path.read_text())
    statuses = ", ".join(f"{it}: {count}" for it, count in found["statuses"].items())
    yield "| requests | processor minutes | seeds | answers | most queries of one |"
    yield "|---|---|---|---|---|"
    minutes, most = f"{found['minutes']:.1f}", found["most_queries"]
    yield _row(found["requests"], minutes, found["seeds"], statuses, most)


def _share(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else ""


def _row(*cells):
    return f"| {' | '.join(map(str, cells))} |"


#: By measure: the function that makes its table, and the file that it reads.
TABLES = {
    "coverage": (show_coverage, "plain.coverage"),
    "gate": (show_coverage, "gate.coverage"),
    "mutation": (show_mutants, "mutants.json"),
    "fuzz": (show_fuzz, "fuzz.json"),
}


def main():
    """Rewrite the table of one measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("name", choices=TABLES)
    options = parser.parse_args()
    show, file = TABLES[options.name]
    table = "\n".join(show(options.folder / file))
    begin, end = f"<!-- {options.name} -->", f"<!-- /{options.name} -->"
    new = f"{begin}\nMeasured on {date.today()}.\n\n{table}\n{end}"
    page = PAGE.read_text()
    PAGE.write_text(re.sub(f"{begin}.*{end}", lambda _: new, page, flags=re.DOTALL))


if __name__ == "__main__":
    main()
