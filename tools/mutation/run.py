"""Mutants judged side by side, each in a process of its own.

The functions of a mutant take the place of those that are loaded; where its file does more on
import than to define functions, the process imports a copy of symback that has the mutant.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tools.mutation.battery import BATTERIES
from tools.mutation.cases import Case
from tools.mutation.planting import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("symback", "templates", "tests", "examples", "benchmarks", "docs")
PASTED = ("symback/codegen/numpy/array_kernels.py",)
"""Files whose text is pasted into modules: what is loaded of them counts for nothing."""

KEPT = {"_parser", "_environment", "_latex_environment", "samples", "jacobians"}
KEPT |= {"true_value", "true_values", "with_names"}
"""Caches of what no mutant changes."""

PATIENCE = 8.0  # seconds for one case, and
SLOWER = 20  # times as long as it takes without a mutant
LOADING = 60  # seconds for the import of a mutant
MEMORY = 6 * 2**30
MOST_RECENT = 6

Place = str | int
"""A line of a file, or the name of a function that is pasted from it."""

Reached = dict[str, set[Place]]
"""The places that a case comes by, by file."""

Loaded = dict[CodeType, list[FunctionType]]


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the case that killed it, or none."""

    mutant: Mutant
    killer: str  # "" where it survived
    reason: str
    seconds: float


@dataclass
class Slot:
    """A copy of the package, and the process that judges a mutant in it."""

    path: Path
    pid: int = 0
    reader: int = -1
    mutant: Mutant | None = None
    start: float = 0.0
    answer: bytearray = field(default_factory=bytearray)


class Judges:
    """Judges the mutants of one file after the other."""

    def __init__(self, scratch: Path, jobs: int = 2, root: Path = ROOT) -> None:
        self.frozen = scratch / "frozen"
        ignore = shutil.ignore_patterns("*.ipynb", "data")
        for name in COPIED:
            shutil.copytree(root / name, self.frozen / name, ignore=ignore)
        self._slots = [Slot(scratch / f"slot{i}") for i in range(jobs)]
        for slot in self._slots:
            shutil.copytree(self.frozen, slot.path)
        self._killers: dict[str, list[str]] = defaultdict(list)
        self._seconds: dict[str, float] = {}
        self._reached: dict[str, Reached] = {}  # by case
        self._cases: list[Case] = []
        self._failed: list[str] = []
        self._battery: object = None
        self._loaded: Loaded = {}

    def __enter__(self) -> Judges:
        self._before = list(sys.path), sys.dont_write_bytecode
        sys.path[:0] = [str(self.frozen)]
        sys.dont_write_bytecode = True
        return self

    def __exit__(self, *error: object) -> None:
        sys.path[:], sys.dont_write_bytecode = self._before
        gc.unfreeze()

    def text(self, file: str) -> str:
        return (self.frozen / file).read_text(encoding="utf-8")

    def load(self, file: str, chosen: Callable[[Case], bool] = lambda case: True) -> list[str]:
        """Take a file's battery; the cases that the file as it is fails, which must be none.

        Files that share a battery in turn run it once.
        """
        names = _functions_of(self.text(file)) if file in PASTED else None
        battery = BATTERIES[file], chosen, names and file
        if battery != self._battery:
            self._battery = battery
            self._run_cases(filter(chosen, BATTERIES[file]()), file, names)
        gc.collect()
        self._loaded = _loaded(file)
        gc.freeze()  # what is shared with the mutants stays so
        return self._failed

    def _run_cases(self, cases: Iterable[Case], file: str, names: set[str] | None) -> None:
        self._cases, self._seconds, self._reached, self._failed = [], {}, {}, []
        for one in cases:
            forget()
            begun = time.perf_counter()
            try:
                self._reached[one.name] = _reached(one, file, names)
            except Exception as error:
                self._failed.append(f"{one.name}: {type(error).__name__}: {error}"[:300])
                continue
            self._seconds[one.name] = time.perf_counter() - begun
            self._cases.append(one)

    def judge(self, mutants: Sequence[Mutant]) -> Iterator[Verdict]:
        """A verdict for each mutant, as they come."""
        waiting = list(reversed(mutants))
        while waiting or any(s.mutant for s in self._slots):
            for slot in self._slots:
                if waiting and slot.mutant is None:
                    self._start(slot, waiting.pop())
            busy = {s.reader: s for s in self._slots if s.mutant}
            ready, _, _ = select.select(list(busy), [], [])
            for reader in ready:
                part = os.read(reader, 2**16)
                busy[reader].answer += part
                if not part:
                    yield self._end(busy[reader])

    def _start(self, slot: Slot, mutant: Mutant) -> None:
        reader, writer = os.pipe()
        slot.mutant, slot.start, slot.reader = mutant, time.perf_counter(), reader
        slot.answer = bytearray()
        slot.pid = os.fork()
        if slot.pid:
            os.close(writer)
            return
        try:
            answer = self._in_child(slot, mutant)
        except BaseException as error:  # an error of the tool itself
            answer = {"killer": "tool", "reason": repr(error)}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)

    def _end(self, slot: Slot) -> Verdict:
        os.close(slot.reader)
        os.waitpid(slot.pid, 0)
        mutant, text = slot.mutant, slot.answer.decode()
        assert mutant is not None
        answer = json.loads(text) if text else {"killer": "time", "reason": "no answer in time"}
        if answer["killer"] == "tool":
            raise RuntimeError(f"{mutant}: {answer['reason']}")
        shutil.copy2(self.frozen / mutant.file, slot.path / mutant.file)
        slot.mutant = None
        recent = self._killers[mutant.place]
        if answer["killer"] in self._seconds:
            others = [name for name in recent if name != answer["killer"]]
            recent[:] = [answer["killer"], *others][:MOST_RECENT]
        seconds = time.perf_counter() - slot.start
        return Verdict(mutant, answer["killer"], answer["reason"], seconds)

    # -- in the process of a mutant ----------------------------------------------------------

    def _in_child(self, slot: Slot, mutant: Mutant) -> dict[str, str]:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, whatever it is at
        signal.alarm(LOADING)
        try:
            reached = self._load(slot, mutant)
        except Exception as error:
            return {"killer": "import", "reason": repr(error)[:300]}
        for one in self._ordered(mutant, reached):
            signal.setitimer(signal.ITIMER_REAL, PATIENCE + SLOWER * self._seconds[one.name])
            try:
                one()
            except BaseException as error:  # pytest's own failures are no Exception
                return {"killer": one.name, "reason": f"{type(error).__name__}: {error}"[:300]}
        return {"killer": "", "reason": ""}

    def _load(self, slot: Slot, mutant: Mutant) -> set[Place]:
        """Make the mutant the symback that cases see; the places in which it differs, if all
        that differs is in functions.
        """
        original = self.text(mutant.file)
        if mutant.file in PASTED:
            _import(slot, mutant)
            return _changed_by_name(original, mutant.text)
        pairs = list(_pairs(_compiled(original), _compiled(mutant.text)))
        if not _put_in_place(self._loaded, pairs):
            _import(slot, mutant)
            return set()
        forget()
        return changed_lines(original, mutant.text)

    def _ordered(self, mutant: Mutant, reached: set[Place]) -> list[Case]:
        """Of the cases that reach the mutant: what killed its neighbours, then what is about the
        same operation, then the quickest."""
        recent = self._killers[mutant.place]

        def rank(one: Case) -> tuple[int, int, float]:
            place = recent.index(one.name) if one.name in recent else len(recent)
            return place, -len(one.words & mutant.words), self._seconds[one.name]

        cases = [
            c
            for c in self._cases
            if not reached or c.reads or reached & self._reached[c.name].get(mutant.file, set())
        ]
        return sorted(cases, key=rank)


# -- putting a mutant in place -------------------------------------------------------------------


def _compiled(text: str) -> CodeType:
    return compile(text, "", "exec", dont_inherit=True)


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions in which two files differ, those inside them as well; the file's own code
    where it differs in more.
    """
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    rest = [[c for c in code.co_consts if not isinstance(c, CodeType)] for code in (old, new)]
    same = len(inner[0]) == len(inner[1]) and repr(rest[0]) == repr(rest[1])
    is_function = old.co_flags & CO_NEWLOCALS
    if is_function or not same or (old.co_code, old.co_names) != (new.co_code, new.co_names):
        yield old, new
    if same or is_function:
        for one, two in zip(*inner, strict=False):
            if one != two:
                yield from _pairs(one, two)


def _loaded(file: str) -> Loaded:
    """The functions of a file that are loaded, by their code."""
    name = file.removesuffix(".py").replace("/", ".")
    importlib.import_module(name)
    loaded: Loaded = defaultdict(list)
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and found.__module__ == name:
            loaded[found.__code__].append(found)
    return loaded


def _put_in_place(loaded: Loaded, pairs: list[tuple[CodeType, CodeType]]) -> bool:
    """Give loaded functions the mutant's code; whether that is all that the mutant changes.

    A function inside another is loaded where the outer one has returned it.
    """
    live = [(f, new) for old, new in pairs for f in loaded.get(old, [])]
    outermost = [old for old, _ in pairs if not any(_holds(o, old) for o, _ in pairs)]
    if not all(loaded.get(old) for old in outermost) or not all(_fits(f, c) for f, c in live):
        return False
    for function, code in live:
        function.__code__ = code
    return True


def _holds(outer: CodeType, inner: CodeType) -> bool:
    codes = [c for c in outer.co_consts if isinstance(c, CodeType)]
    return inner in codes or any(_holds(c, inner) for c in codes)


def _fits(function: FunctionType, code: CodeType) -> bool:
    return len(function.__code__.co_freevars) == len(code.co_freevars)


def _import(slot: Slot, mutant: Mutant) -> None:
    """Import the slot's copy of symback and of the tests, with the mutant."""
    path = slot.path / mutant.file
    path.write_text(mutant.text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)
    for loaded in list(sys.modules):
        if loaded.split(".")[0] in ("symback", "tests"):
            del sys.modules[loaded]
    sys.path[:0] = [str(slot.path)]
    importlib.invalidate_caches()
    module = importlib.import_module(mutant.file.removesuffix(".py").replace("/", "."))
    assert Path(str(module.__file__)).is_relative_to(slot.path)


def forget() -> None:
    """Empty the caches of SymPy, of symback and of the tests."""
    from sympy.core.cache import clear_cache

    clear_cache()
    for name, module in list(sys.modules.items()):
        if name.startswith(("symback", "test_", "array_", "tests.")):
            for key, value in vars(module).items():
                if hasattr(value, "cache_clear") and key not in KEPT:
                    value.cache_clear()


# -- what a case reaches -------------------------------------------------------------------------


def _functions_of(text: str) -> set[str]:
    return {c.co_name for c in _compiled(text).co_consts if isinstance(c, CodeType)}


def _changed_by_name(old: str, new: str) -> set[Place]:
    return {one.co_name for one, _ in _pairs(_compiled(old), _compiled(new))}


def changed_lines(old: str, new: str) -> set[Place]:
    """The lines of the statements in which two files of as many lines differ.

    Of one with others inside, its head: a constant of many lines is computed on its first one.
    """
    pairs = zip(old.splitlines(), new.splitlines(), strict=True)
    changed = {i for i, (one, two) in enumerate(pairs, 1) if one != two}
    around = [
        node
        for node in ast.walk(ast.parse(old))
        if isinstance(node, ast.stmt)
        and node.lineno <= min(changed, default=0) <= (node.end_lineno or 0)
    ]
    found: set[Place] = {*changed}
    for statement in around[-1:]:  # the innermost
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno
        found.update(range(statement.lineno, max(statement.lineno, last or 0) + 1))
    return found


def _reached(one: Case, file: str, names: set[str] | None) -> Reached:
    """Run a case; the lines that it comes by of the files that share the battery, by `names` the
    functions that are pasted.
    """
    codes: dict[int, CodeType] = {}
    lines: dict[int, set[Place]] = {}
    followed = {f for f, battery in BATTERIES.items() if battery is BATTERIES[file]}

    def note(frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        if id(code) not in codes:
            codes[id(code)] = code
            if names is None and _file_of(code) in followed:
                lines[id(code)] = set()
        return note_line if id(code) in lines else None

    def note_line(frame: Any, event: str, _: Any) -> Any:
        lines[id(frame.f_code)].add(frame.f_lineno)
        return note_line

    sys.settrace(note)
    try:
        one()
    finally:
        sys.settrace(None)
    if names is not None:
        pasted = (c for c in codes.values() if "/symback/" not in c.co_filename)
        return {file: {c.co_name for c in pasted if c.co_name in names}}
    found: Reached = defaultdict(set)
    for key, seen in lines.items():
        found[_file_of(codes[key])] |= seen
    return found


def _file_of(code: CodeType) -> str:
    return f"symback/{code.co_filename.rpartition('/symback/')[2]}"
