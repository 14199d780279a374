# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Changes one thing at a time in the plain rules, and looks if a test notices.

What to change is mutmut's: its operators, and what it leaves out (docstrings, types,
log lines). Its runner is not used: it leaves out functions with a decorator, which here
are the caches and properties, keeps a second copy of each function that all calls go
through, and collects tests by pytest for each mutant. Here all is imported once; each
mutant is a fork in which one function has other code, and runs only the tests that pass
there, of those that import the file, the quick ones first, until one fails.

Code outside functions (tables, constants, patterns) is data and is not changed.
"""

import argparse
import difflib
import gc
import hashlib
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
#: Of a mutant that hangs: seconds of the processor beyond ten times what its tests
#: take; and seconds of the clock, after which nobody knows: the machine may be busy.
PATIENCE, LONGEST = 2, 300
#: Test files that are too slow to be run for each mutant.
SLOW = {"test_contract_telnyx", "test_contract_twilio"}


@dataclass(frozen=True)
class Mutant:
    """A function with one change: lines before and after, and where they are."""

    file: str
    function: str
    was: str
    became: str
    lines: range = field(compare=False, repr=False)
    source: str = field(compare=False, repr=False)

    def plant(self, module):
        """Give the function its changed code, wherever it is referred to."""
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
        else:  # it calls super() no more
            setattr(owner, name, changed)


def _unwrap(function):
    if isinstance(function, property):
        return function.fget
    if isinstance(function, staticmethod | classmethod):
        return function.__func__
    return getattr(function, "__wrapped__", function)


class Changes(MutationVisitor):
    """Mutmut's changes, also of functions with a decorator (a cache, a property)."""

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
        """Return the lines of the statement that a node is part of."""
        lines = self.get_metadata(PositionProvider, node)
        while not isinstance(node, cst.BaseStatement | cst.BaseSmallStatement):
            if isinstance(node, cst.IndentedBlock):
                break
            is_default = isinstance(node, cst.Parameters)
            node = self.get_metadata(ParentNodeProvider, node)
            if is_default:  # no test passes it, but what it is a default for
                lines = self.get_metadata(PositionProvider, node)
                break
        if isinstance(node, cst.BaseSmallStatement):
            lines = self.get_metadata(PositionProvider, node)
        return range(lines.start.line, lines.end.line + 1)

    def _get_owner(self, function):
        """Return the name of the class that a function is a method of, if it is."""
        while function and not isinstance(function, cst.ClassDef | cst.Module):
            function = self.get_metadata(ParentNodeProvider, function)
        return function.name.value if isinstance(function, cst.ClassDef) else None


def make_mutants(path):
    """Return all mutants of a file.

    :param str path: below the checkout
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
            # Some operators come to the same.
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
    # In the place of the original, so that what fails is found.
    source = after if not owner else f"class {owner}:\n{textwrap.indent(after, '    ')}"
    lines = mutation.lines
    if isinstance(mutation.original_node, cst.Param) or lines.start == place.start.line:
        lines = range(place.start.line, place.end.line + 1)
    return Mutant(
        path, f"{owner}.{name}" if owner else name, was, became, lines, source
    )


class Watch(unittest.TestResult):
    """Which lines each test passes, and how long it takes."""

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
        self.lines, self.before = set(), set()
        self.passed, self.times = {}, {}
        events = sys.monitoring.events.LINE
        sys.monitoring.use_tool_id(self.TOOL, "mutation")
        sys.monitoring.register_callback(self.TOOL, events, self.record)
        sys.monitoring.set_events(self.TOOL, events)

    def record(self, code, line):
        """Note a line, once for each test."""
        if path := self.files.get(code.co_filename):
            self.lines.add((path, line))
        return sys.monitoring.DISABLE

    def take(self):
        """Return the lines since the last time."""
        lines, self.lines = self.lines, set()
        sys.monitoring.restart_events()
        return lines

    def startTest(self, test):
        """Begin with cold caches: what they spare is passed as well."""
        super().startTest(test)
        self.before |= self.take()
        for cache in self.caches:
            cache.cache_clear()
        self.began = time.process_time()

    def stopTest(self, test):
        """Note what the test has passed."""
        super().stopTest(test)
        self.times[test.id()] = time.process_time() - self.began
        self.passed[test.id()] = self.take()

    def watch(self, tests):
        """Run the tests of a class, and return what of it can be kept."""
        self.before, began = set(), time.process_time()
        run(tests, self)
        names = [test.id() for test in tests]
        failed = {test.id() for test, _text in self.errors + self.failures}
        taken = sum(self.times.get(it, 0) for it in names)
        setup = max(0, time.process_time() - began - taken) / len(names)
        return {
            it: (
                self.times.get(it, 0) + setup,
                self.passed.get(it, set()) | self.before,
            )
            for it in names
            if it not in failed
        }


class Passed:
    """Which tests pass each line, and how long each takes; kept until files change."""

    def __init__(self, path, modules):
        self.path, self.modules = path, modules
        self.digests = {it: _digest(module) for it, module in modules.items()}
        self.kept = pickle.loads(path.read_bytes()) if path.exists() else {}

    def find(self, tests):
        """Return the time of each test that passes, and the tests by line."""
        classes = defaultdict(list)
        for test in tests:
            classes[type(test)].append(test)
        found, missing = {}, {}
        for owner, own in classes.items():
            key = f"{owner.__module__}.{owner.__name__}"
            digest = _digest(sys.modules[owner.__module__])
            kept = self.kept.get(key)
            is_whole = kept and len(kept[2]) == len(own)
            if is_whole and (digest, self.get_digests(kept[2])) == kept[:2]:
                found[key] = kept
            else:
                missing[key] = (digest, own)
        if missing:
            found |= self.watch(missing)
            self.path.write_bytes(pickle.dumps(self.kept | found))
        times, by_line = {}, defaultdict(set)
        for *_digests, passed in found.values():
            for test, (taken, lines) in passed.items():
                times[test] = taken
                for line in lines:
                    by_line[line].add(test)
        if out := {test.id() for test in tests} - set(times):
            print("Left out, since they fail now:", *sorted(out), file=sys.stderr)
        return times, by_line

    def get_digests(self, passed):
        """Return what the measured files that some tests pass are now."""
        files = {path for _taken, lines in passed.values() for path, _line in lines}
        return {path: self.digests.get(path) for path in files}

    def watch(self, missing):
        """Run tests, in a fork: no cache and no thread of theirs may be left here."""
        print(f"Watching the tests of {len(missing)} classes", file=sys.stderr)
        reader, writer = os.pipe()
        if not os.fork():
            watch = Watch(self.modules)
            passed = {key: watch.watch(own) for key, (_digest, own) in missing.items()}
            with os.fdopen(writer, "wb") as stream:
                pickle.dump(passed, stream)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            passed = pickle.load(stream)
        os.wait()
        return {
            key: (digest, self.get_digests(passed[key]), passed[key])
            for key, (digest, _own) in missing.items()
        }


def _digest(module):
    return hashlib.sha256(Path(module.__file__).read_bytes()).hexdigest()


class Trial:
    """Tries mutants, some at a time."""

    def __init__(self, jobs, folder, files):
        self.jobs = jobs
        self.modules = import_measured()
        #: The tests that hold each file: what passes there by the way does not count.
        self.holders = {it: find_test_files(it) - SLOW for it in files}
        names = set().union(*self.holders.values())
        self.tests = {test.id(): test for test in load_tests(names)}
        self.running, self.results = {}, {}
        passed = Passed(folder / "passed.pickle", self.modules)
        self.times, self.by_line = passed.find(list(self.tests.values()))
        gc.freeze()

    def try_all(self, mutants):
        """Find out what becomes of each mutant."""
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
        """Return tests that pass where a mutant differs, by class, the quick first."""
        holders = self.holders[mutant.file]
        passing = set().union(*(self.by_line[mutant.file, it] for it in mutant.lines))
        names = {it for it in passing if it.split(".")[-3] in holders}
        quickest = {}
        for name in names:
            owner = name.rpartition(".")[0]
            quickest[owner] = min(quickest.get(owner, 1e9), self.times[name])
        return sorted(
            names,
            key=lambda it: (
                (quickest[it.rpartition(".")[0]], it.rpartition(".")[0])
                + (self.times[it], it)
            ),
        )

    def try_one(self, mutant, names):
        """Run tests on a mutant, in a process of its own that ends here."""
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
        except BaseException:
            killed = 1
        finally:
            os._exit(killed)

    def wait(self):
        """Take note of one that has ended. One that hangs is killed by a signal."""
        pid, status = os.wait()
        mutant = self.running.pop(pid)
        is_stuck = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        found = STUCK if is_stuck else KILLED if status else SURVIVED
        self.results[mutant] = found


def main():
    """Try mutants, and keep what became of them."""
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
    trial = Trial(options.jobs, options.folder, files)
    results = read_results(store)
    for path in files:
        began = time.monotonic()
        known = {key: results.pop(key) for key in list(results) if key[0] == path}
        mutants = {_key(it): it for it in make_mutants(path)}
        kept = dict.fromkeys((it for it in mutants if known.get(it) == KILLED), KILLED)
        if not options.again:
            kept = {}
        wanted = [it for key, it in mutants.items() if key not in kept]
        found = {_key(it): result for it, result in trial.try_all(wanted).items()}
        results |= kept | found
        write_results(store, results)
        took = time.monotonic() - began
        counts = dict(Counter(found.values()))
        print(f"{path}: {len(wanted)} in {took:.0f} s: {counts}", flush=True)


def show(results, path):
    """Print what no test noticed in a file."""
    for (file, function, was, became), result in results.items():
        if file == path and result != KILLED:
            print(f"{function} ({result})", *_mark("-", was), *_mark("+", became))


def _mark(sign, lines):
    return [f"\n  {sign} {line}" for line in lines.splitlines()]


def _key(mutant):
    return mutant.file, mutant.function, mutant.was, mutant.became


def read_results(path):
    """Return what became of the mutants, by file, function and change."""
    if not path.exists():
        return {}
    return {tuple(key): result for *key, result in json.loads(path.read_text())}


def write_results(path, results):
    """Keep what became of the mutants."""
    rows = [[*key, result] for key, result in results.items()]
    path.write_text(json.dumps(rows, indent=0, ensure_ascii=False))


if __name__ == "__main__":
    main()
