"""Shards: contiguous ranges of the rows of a feed, and their mini-batches.

A batch is a function of feed, seed, epoch and step alone, so that a resumed run takes the
same rows as an uninterrupted one, and any process can make the batches of a shard. Memory is
bounded: a shard of more than WHOLE bytes is read in chunks, and shuffled in windows of WINDOW
chunks from anywhere in the shard; a smaller one is shuffled as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from symback.errors import DataError
from symback.training.feed.scaling import Moments, Scaling
from symback.training.sources.dtypes import FloatArray

WHOLE = 64 << 20  # bytes of a shard that is held in memory
CHUNK = 2 << 20  # bytes read at a time otherwise
WINDOW = 16  # chunks shuffled together

RowNumbers = npt.NDArray[np.intp]
Columns = dict[str, FloatArray]

SPLIT, DRAW, SHUFFLE = 0, 1, 2  # what a stream of random numbers is for


def stream(seed: int, *purpose: int) -> np.random.Generator:
    """Random numbers for one purpose; equal wherever and whenever they are asked for."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=purpose))


class Readable(Protocol):
    """The part of a feed that a shard uses."""

    @property
    def bytes_per_row(self) -> int: ...

    @property
    def rows(self) -> int: ...

    def read(self, start: int, stop: int) -> Columns: ...


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How rows become batches: what is held out, how many rows a batch has, how inputs scale."""

    seed: int = 0
    validation: float = 0.0
    batch_size: int = 128
    scalings: Mapping[str, Scaling] = field(default_factory=dict)
    constants: Mapping[str, FloatArray] = field(default_factory=dict)  # given once for all rows
    count: str = ""  # the constant that is the number of the rows trained on


class Split(NamedTuple):
    """The two parts of some rows."""

    training: Columns
    held_out: Columns


class _Span(NamedTuple):
    """Shuffled rows first, first + 1, … of an epoch, up to but not with `last`."""

    epoch: int
    first: int
    last: int
    columns: list[FloatArray]
    rows: RowNumbers  # their numbers in the feed


class Shard:
    """Rows `first` to `last` of a feed, and their mini-batches. `number` counts the shards."""

    def __init__(
        self, feed: Readable, first: int, last: int, number: int = 0, plan: BatchPlan | None = None
    ) -> None:
        self.feed, self.first, self.last, self.number = feed, first, last, number
        self.plan = plan or BatchPlan()
        chunk = max(1, CHUNK // feed.bytes_per_row)
        self._chunk = last - first if (last - first) * feed.bytes_per_row <= WHOLE else chunk
        self._starts = range(first, last, max(1, self._chunk))
        sizes = [min(start + self._chunk, last) - start for start in self._starts]
        self._held = [round(self.plan.validation * size) for size in sizes]
        self._kept = [size - held for size, held in zip(sizes, self._held, strict=True)]
        self.rows, self.held = sum(self._kept), sum(self._held)
        self._whole: tuple[Split, RowNumbers] | None = None
        self._span = _Span(-1, 0, 0, [], np.zeros(0, np.intp))

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return -(-self.rows // self.plan.batch_size)

    def batch(self, epoch: int, step: int) -> list[FloatArray]:
        """The columns of batch `step` = 0, 1, … of an epoch; the last one may be smaller."""
        start = step * self.plan.batch_size
        stop = min(start + self.plan.batch_size, self.rows)
        span = self._span
        if span.epoch == epoch and span.first <= start and stop <= span.last:
            start, stop = start - span.first, stop - span.first
            return [column[start:stop] for column in span.columns]
        parts = [
            [column[slice(*part)] for column in span.columns]
            for span, part in self._across(epoch, start, stop)
        ]
        return (
            parts[0] if len(parts) == 1 else [np.concatenate(c) for c in zip(*parts, strict=True)]
        )

    def rows_of(self, epoch: int, step: int) -> RowNumbers:
        """The numbers in the feed of the rows of a batch, in its order."""
        start = step * self.plan.batch_size
        stop = min(start + self.plan.batch_size, self.rows)
        return np.concatenate(
            [span.rows[slice(*part)] for span, part in self._across(epoch, start, stop)]
        )

    def parts(self) -> Iterator[Split]:
        """Training and held-out rows, chunk by chunk in the order of the file, scaled."""
        for number in range(len(self._starts)):
            yield self._read(number)[0]

    def numbered(self, *, held_out: bool) -> Iterator[tuple[Columns, RowNumbers]]:
        """The same rows of one part, with their numbers in the feed."""
        for number, start in enumerate(self._starts):
            split, rows = self._read(number)
            every = np.arange(start, start + self._kept[number] + self._held[number])
            yield (
                (split.held_out, np.setdiff1d(every, rows)) if held_out else (split.training, rows)
            )

    def moments(self, names: Sequence[str]) -> dict[str, Moments]:
        """What the training rows say of the named inputs; reads, and so checks, every row."""
        found: dict[str, Moments] = {}
        for part in self.parts():
            for name in names:
                if len(part.training[name]):
                    more = Moments.of(part.training[name])
                    found[name] = found[name] + more if name in found else more
        return found

    # -- reading -------------------------------------------------------------------------------

    def _read(self, number: int) -> tuple[Split, RowNumbers]:
        """A chunk's two parts, and the numbers of the rows of the training part."""
        if self._whole is not None:
            return self._whole
        start, kept, held = self._starts[number], self._kept[number], self._held[number]
        columns = self.feed.read(start, start + kept + held)
        training, held_out = self._parted(number, kept, held)
        split = Split(
            {n: self._scaled(n, c, training) for n, c in columns.items()} | self._given(training),
            {n: self._scaled(n, c, held_out) for n, c in columns.items()} | self._given(held_out),
        )
        if len(self._starts) == 1:
            self._whole = split, training + start
        return split, training + start

    def _parted(self, number: int, kept: int, held: int) -> tuple[RowNumbers, RowNumbers]:
        """Rows of a chunk for training and those held out, both in the order of the file."""
        if held == 0:
            return np.arange(kept), np.zeros(0, np.intp)
        order = stream(self.plan.seed, SPLIT, self.number, number).permutation(kept + held)
        is_held = np.zeros(kept + held, bool)
        is_held[order[:held]] = True
        return np.flatnonzero(~is_held), np.flatnonzero(is_held)

    def _scaled(self, name: str, column: FloatArray, rows: RowNumbers) -> FloatArray:
        chosen = column if len(rows) == len(column) else column[rows]
        scaling = self.plan.scalings.get(name)
        return chosen if scaling is None else scaling(chosen)

    def _given(self, rows: RowNumbers) -> Columns:
        """What is given once for all rows, repeated for these."""
        given = self.plan.constants.items()
        return {name: np.broadcast_to(v, (len(rows), *v.shape)) for name, v in given}

    # -- shuffling -----------------------------------------------------------------------------

    def _across(self, epoch: int, start: int, stop: int) -> Iterator[tuple[_Span, tuple[int, int]]]:
        """The spans that hold rows start to stop of an epoch, and where in them."""
        while start < stop:
            if not (self._span.epoch == epoch and self._span.first <= start < self._span.last):
                self._span = self._spanning(epoch, start)
            span = self._span
            end = min(stop, span.last)
            yield span, (start - span.first, end - span.first)
            start = end

    def _spanning(self, epoch: int, row: int) -> _Span:
        """The window of shuffled rows that holds this row of the epoch."""
        random = stream(self.plan.seed, SHUFFLE, self.number, epoch)
        chunks = random.permutation(len(self._starts)) if len(self._starts) > 1 else [0]
        first = 0
        for number, start in enumerate(range(0, len(chunks), WINDOW)):
            window = [int(chunk) for chunk in chunks[start : start + WINDOW]]
            last = first + sum(self._kept[chunk] for chunk in window)
            if row < last:
                purpose = (SHUFFLE, self.number, epoch, number)
                random = random if len(chunks) == 1 else stream(self.plan.seed, *purpose)
                return self._shuffled(epoch, first, last, window, random)
            first = last
        raise IndexError(row)  # of the caller: an epoch has no such row

    def _shuffled(
        self, epoch: int, first: int, last: int, window: list[int], random: np.random.Generator
    ) -> _Span:
        self._span = _Span(-1, 0, 0, [], np.zeros(0, np.intp))  # its memory is free again
        reads = [self._read(chunk) for chunk in window]
        order = random.permutation(last - first)
        columns = []
        for name in list(reads[0][0].training):
            pieces = [split.training[name] for split, _ in reads]
            if self._whole is None:  # each column's memory is free once it is shuffled
                for split, _ in reads:
                    del split.training[name]
            joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            columns.append(joined.take(order, axis=0))
        rows = np.concatenate([rows for _, rows in reads])
        return _Span(epoch, first, last, columns, rows.take(order))


def shards(feed: Readable, count: int, plan: BatchPlan) -> list[Shard]:
    """The rows of a feed in `count` shards of equal size, up to one row.

    A batch of b rows is b // count from each shard, one more from the first b % count of them.
    DataError where a shard would have no rows to train on, or none to hold out.
    """
    n, b = feed.rows, plan.batch_size
    if n < count:
        raise DataError(f"{n} rows cannot be parted into {count} shards; take fewer")
    ends = [n * number // count for number in range(count + 1)]
    sizes = [max(1, b // count + (number < b % count)) for number in range(count)]
    found = [
        Shard(feed, first, last, number, _with_size(plan, size))
        for number, (first, last, size) in enumerate(zip(ends, ends[1:], sizes, strict=False))
    ]
    kept, held = sum(shard.rows for shard in found), sum(shard.held for shard in found)
    if plan.count:
        constants = {**plan.constants, plan.count: np.array(kept, np.float64)}
        for shard in found:
            shard.plan = replace(shard.plan, constants=constants)
    share = plan.validation
    if share > 0 and held == 0:
        raise DataError(
            f"a validation share of {share} holds out none of {n} rows; raise it, or use 0"
        )
    if kept == 0 or not all(shard.rows for shard in found):
        rows = f"{n} rows" if count == 1 else f"the rows of a shard, {n} in {count} shards,"
        raise DataError(
            f"a validation share of {share} leaves none of {rows} to train on; lower it"
        )
    return found


def _with_size(plan: BatchPlan, size: int) -> BatchPlan:
    return replace(plan, batch_size=size)
