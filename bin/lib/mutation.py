# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Mutation testing of the pure rules: change one thing at a time, and run the tests.

The mutations are mutmut's: its operators and exclusions (docstrings, types, log lines).
Its runner is not used: it skips functions with a decorator (here caches and
properties), routes all calls through a second copy of each function, and collects tests
with pytest for each mutant. Here everything is imported once; each mutant is a fork in
which one function has changed code. It runs only tests that execute the changed lines,
from the test files that import the file, the fastest first, until one fails.

Code outside functions (tables, constants, patterns) is data and is not changed.
"""

import argparse
import difflib
import gc
import json
import os
import pickle
import signal
import sys
import textwrap
import time
import unittest
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines
from plain_tests import (
    ROOT,
    find_test_files,
    get_measured_files,
    import_measured,
    load_tests,
    prepare,
    run,
)

KILLED, SURVIVED, UNSEEN, STUCK = "killed", "survived", "unseen", "stuck"
#: Limits for a mutant that hangs: seconds of CPU time beyond ten times what its tests
#: take; and seconds of wall time, after which it is unknown: the machine may be busy.
PATIENCE, LONGEST = 2, 300
#: Test files that are too slow to run for each mutant.
SLOW = {"test_contract_telnyx", "test_contract_twilio"}


@dataclass(frozen=True)
class Mutant:
    """A function with one change: the lines before and after, and their position."""

    file: str
    function: str
    was: str
    became: str
    lines: range = field(compare=False, repr=False)
    source: str = field(compare=False, repr=False)

    def plant(self, module):
        """Change the function's code in place, so that all references see it."""
        *owners, name = self.function.split(".")
        owner = module
        for part in owners:
            owner = vars(owner)[part]
        scope = dict(vars(module))
        exec(compile(self.source, module.__file__, "exec"), scope)
        changed = vars(scope[owners[0]])[name] if owners else scope[name]
        function = _unwrap(vars(owner)[name])
        if len(function.__code__.co_freevars) == len(changed.__code__.co_freevars):
            function.__code__ = changed.__code__
            function.__defaults__ = changed.__defaults__
            function.__kwdefaults__ = changed.__kwdefaults__
        else:  # it no longer calls super()
            setattr(owner, name, changed)


def _unwrap(function):
    if isinstance(function, property):
        return function.fget
    if isinstance(function, staticmethod | classmethod):
        return function.__func__
    return getattr(function, "__wrapped__", function)


class Changes(MutationVisitor):
    """Mutmut's mutations, also of functions with a decorator (a cache, a property)."""

    METADATA_DEPENDENCIES = (*MutationVisitor.METADATA_DEPENDENCIES, ParentNodeProvider)

    def _skip_node_and_children(self, node):
        if isinstance(node, cst.FunctionDef):
            return False
        return super()._skip_node_and_children(node)

    def _create_mutations(self, node):
        known = len(self.mutations)
        super()._create_mutations(node)
        for mutation in self.mutations[known:]:
            mutation.lines = self._get_lines(node)
            mutation.owner = self._get_owner(mutation.contained_by_top_level_function)

    def _get_lines(self, node):
        """Return the lines of the statement that contains a node."""
        lines = self.get_metadata(PositionProvider, node)
        while not isinstance(node, cst.BaseStatement | cst.BaseSmallStatement):
            if isinstance(node, cst.IndentedBlock):
                break
            is_default = isinstance(node, cst.Parameters)
            node = self.get_metadata(ParentNodeProvider, node)
            if is_default:  # no test executes its line, but those of the function
                lines = self.get_metadata(PositionProvider, node)
                break
        if isinstance(node, cst.BaseSmallStatement):
            lines = self.get_metadata(PositionProvider, node)
        return range(lines.start.line, lines.end.line + 1)

    def _get_owner(self, function):
        """Return the name of a method's class, None for other functions."""
        while function and not isinstance(function, cst.ClassDef | cst.Module):
            function = self.get_metadata(ParentNodeProvider, function)
        return function.name.value if isinstance(function, cst.ClassDef) else None


def make_mutants(path):
    """Return all mutants of a file.

    :param str path: relative to the checkout
    """
    source = (ROOT / path).read_text()
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = Changes(mutation_operators, get_ignored_lines(path, source, wrapper))
    module = wrapper.visit(visitor)
    positions = wrapper.resolve(PositionProvider)
    mutants = {}
    for mutation in visitor.mutations:
        function = mutation.contained_by_top_level_function
        if isinstance(function, cst.FunctionDef):
            mutant = _make_mutant(path, module, mutation, positions[function])
            # Several operators may give the same mutant.
            mutants.setdefault(mutant)
    return list(mutants)


def _make_mutant(path, module, mutation, place):
    function = mutation.contained_by_top_level_function.with_changes(decorators=[])
    changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
    before, after = (module.code_for_node(it).strip("\n") for it in (function, changed))
    difference = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    was, became = (
        "\n".join(it[2:].strip() for it in difference if it.startswith(sign))
        for sign in ("- ", "+ ")
    )
    name, owner = function.name.value, mutation.owner
    # With the original's nesting, so that ``plant`` finds the changed function.
    source = after if not owner else f"class {owner}:\n{textwrap.indent(after, '    ')}"
    lines = mutation.lines
    if isinstance(mutation.original_node, cst.Param) or lines.start == place.start.line:
        lines = range(place.start.line, place.end.line + 1)
    return Mutant(
        path, f"{owner}.{name}" if owner else name, was, became, lines, source
    )


class Watch(unittest.TestResult):
    """Record which lines each test executes, and how long it takes."""

    TOOL = sys.monitoring.PROFILER_ID

    def __init__(self, modules):
        super().__init__()
        self.files = {module.__file__: path for path, module in modules.items()}
        self.caches = [
            it
            for module in modules.values()
            for it in vars(module).values()
            if hasattr(it, "cache_clear")
        ]
        self.lines, self.before, self.passed = set(), set(), {}
        events = sys.monitoring.events.LINE
        sys.monitoring.use_tool_id(self.TOOL, "mutation")
        sys.monitoring.register_callback(self.TOOL, events, self.record)
        sys.monitoring.set_events(self.TOOL, events)

    def record(self, code, line):
        """Record a line, once for each test."""
        if path := self.files.get(code.co_filename):
            self.lines.add((path, line))
        return sys.monitoring.DISABLE

    def take(self):
        """Return the lines recorded since the last call."""
        lines, self.lines = self.lines, set()
        sys.monitoring.restart_events()
        return lines

    def startTest(self, test):
        """Begin with cold caches, so that the code behind them is executed too."""
        super().startTest(test)
        self.before |= self.take()
        for cache in self.caches:
            cache.cache_clear()
        self.began = time.process_time()

    def stopTest(self, test):
        """Record the lines that the test has executed."""
        super().stopTest(test)
        taken = time.process_time() - self.began
        self.passed[test.id()] = (taken, self.take())

    def watch(self, tests):
        """Run the tests of a class.

        :return: ``{test id: (seconds, lines)}``, without the tests that failed
        """
        self.passed, self.before, began = {}, set(), time.process_time()
        run(tests, self)
        for test, _text in self.errors + self.failures:
            self.passed.pop(test.id(), None)
        spent = sum(taken for taken, _lines in self.passed.values())
        setup = max(0, time.process_time() - began - spent) / len(tests)
        return {
            name: (taken + setup, lines | self.before)
            for name, (taken, lines) in self.passed.items()
        }


def watch_all(tests, modules):
    """Return the time of each test that passes, and the tests by line.

    They run in a fork, so that their caches and threads do not remain here.
    """
    classes = defaultdict(list)
    for test in tests:
        classes[type(test)].append(test)
    print(f"Watching the tests of {len(classes)} classes", file=sys.stderr)
    reader, writer = os.pipe()
    if not os.fork():
        watch, passed = Watch(modules), {}
        for own in classes.values():
            passed |= watch.watch(own)
        with os.fdopen(writer, "wb") as stream:
            pickle.dump(passed, stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        passed = pickle.load(stream)
    os.wait()
    if out := {test.id() for test in tests} - set(passed):
        print("Left out, since they fail now:", *sorted(out), file=sys.stderr)
    by_line = defaultdict(set)
    for test, (_taken, lines) in passed.items():
        for line in lines:
            by_line[line].add(test)
    return {test: taken for test, (taken, _lines) in passed.items()}, by_line


class Trial:
    """Try mutants, several at a time."""

    def __init__(self, jobs, files):
        self.jobs = jobs
        self.modules = import_measured()
        #: The test files of each file; tests that execute it in passing do not count.
        self.holders = {it: find_test_files(it) - SLOW for it in files}
        names = set().union(*self.holders.values())
        self.tests = {test.id(): test for test in load_tests(names)}
        self.running = {}
        self.times, self.by_line = watch_all(self.tests.values(), self.modules)
        gc.freeze()

    def try_all(self, mutants):
        """Return the result of each mutant."""
        self.results = {}
        for mutant in mutants:
            tests = self.choose_tests(mutant)
            if not tests:
                self.results[mutant] = UNSEEN
                continue
            while len(self.running) >= self.jobs:
                self.wait()
            pid = os.fork()
            if not pid:
                self.try_one(mutant, tests)
            self.running[pid] = mutant
        while self.running:
            self.wait()
        return self.results

    def choose_tests(self, mutant):
        """Return the tests of a mutant's changed lines, by class, the fastest first."""
        holders = self.holders[mutant.file]
        passing = set().union(*(self.by_line[mutant.file, it] for it in mutant.lines))
        classes = defaultdict(list)
        for name in sorted(passing, key=self.times.get):
            *_folders, file, owner, _test = name.split(".")
            if file in holders:
                classes[file, owner].append(name)
        # A class is entered with its fastest test, so that they are in order as well.
        return list(chain.from_iterable(classes.values()))

    def try_one(self, mutant, names):
        """Run tests on a mutant in its own process, which ends here."""
        killed = 1
        try:
            limit = PATIENCE + 10 * sum(map(self.times.get, names))
            signal.setitimer(signal.ITIMER_PROF, limit)
            signal.alarm(LONGEST)
            mutant.plant(self.modules[mutant.file])
            result = unittest.TestResult()
            result.failfast = True
            run([self.tests[it] for it in names], result)
            killed = int(not result.wasSuccessful())
        finally:
            os._exit(killed)

    def wait(self):
        """Wait until a mutant ends, and record its result; signals end hanging ones."""
        pid, status = os.wait()
        mutant = self.running.pop(pid)
        is_stuck = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        self.results[mutant] = STUCK if is_stuck else KILLED if status else SURVIVED


def main():
    """Try mutants, and store their results."""
    parser = argparse.ArgumentParser(prog="bin/quality mutation")
    parser.add_argument("--only", action="append", help="a file: tools/segments.py")
    parser.add_argument(
        "--again", action="store_true", help="only those that no test noticed last time"
    )
    parser.add_argument("--show", help="a file: what no test noticed, not tried anew")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    store = options.folder / "mutants.json"
    if options.show:
        return show(read_results(store), options.show)
    prepare()
    files = options.only or get_measured_files()
    if unknown := set(files) - set(get_measured_files()):
        parser.error(f"no such file: {', '.join(sorted(unknown))}")
    trial = Trial(options.jobs, files)
    results = read_results(store)
    for path in files:
        began = time.monotonic()
        mutants = {_key(it): it for it in make_mutants(path)}
        kept = {it for it in mutants if options.again and results.get(it) == KILLED}
        wanted = [it for key, it in mutants.items() if key not in kept]
        found = {_key(it): result for it, result in trial.try_all(wanted).items()}
        others = [key for key in results if key[0] != path or key in kept]
        results = {key: results[key] for key in others} | found
        rows = [[*key, result] for key, result in results.items()]
        store.write_text(json.dumps(rows, indent=0, ensure_ascii=False))
        took = time.monotonic() - began
        counts = dict(Counter(found.values()))
        print(f"{path}: {len(wanted)} in {took:.0f} s: {counts}", flush=True)


def show(results, path):
    """Print the mutants of a file that no test noticed."""
    for (file, function, was, became), result in results.items():
        if file == path and result != KILLED:
            print(f"{function} ({result})", *_mark("-", was), *_mark("+", became))


def _mark(sign, lines):
    return [f"\n  {sign} {line}" for line in lines.splitlines()]


def _key(mutant):
    return mutant.file, mutant.function, mutant.was, mutant.became


def read_results(path):
    """Return the mutants' stored results by file, function and change."""
    if not path.exists():
        return {}
    return {tuple(key): result for *key, result in json.loads(path.read_text())}


if __name__ == "__main__":
    main()
