"""Shards: every row once an epoch, and batches that nothing before them alters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symback.errors import DataError
from symback.training.feed import batches
from symback.training.feed.batches import BatchPlan, shards
from symback.training.feed.scaling import Moments, scalings_of


class Rows:
    """A feed whose column tells the number of its row; it counts what is read at a time."""

    bytes_per_row = 16

    def __init__(self, rows):
        self.rows, self.most = rows, 0

    def read(self, start, stop):
        self.most = max(self.most, stop - start)
        return {"x": np.arange(start, stop, dtype=float), "y": -np.arange(start, stop, dtype=float)}


@pytest.fixture(params=["whole", "chunks"])
def _memory(request, monkeypatch):
    """A shard that fits, and one that is read in chunks of 16 rows and shuffled by 64."""
    if request.param == "chunks":
        monkeypatch.setattr(batches, "WHOLE", 16 * 40)
        monkeypatch.setattr(batches, "CHUNK", 16 * 16)
        monkeypatch.setattr(batches, "WINDOW", 4)


def epoch_of(shard, epoch):
    return [shard.batch(epoch, step) for step in range(shard.steps)]


@pytest.mark.usefixtures("_memory")
@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    n=st.integers(2, 400),
    b=st.integers(1, 130),
    count=st.integers(1, 4),
    share=st.sampled_from([0.0, 0.25, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_an_epoch_deals_every_training_row_once(n, b, count, share, seed):
    feed = Rows(n)
    try:
        parts = shards(feed, count, BatchPlan(seed, share, b))
    except DataError as error:
        assert ("cannot be parted into" if n < count else "none of") in str(error)
        return
    kept = [row for s in parts for split in s.parts() for row in split.training["x"].tolist()]
    held = [row for s in parts for split in s.parts() for row in split.held_out["x"].tolist()]
    assert sorted(kept + held) == list(range(n))
    for epoch in (0, 3):
        dealt = [batch for shard in parts for batch in epoch_of(shard, epoch)]
        assert sorted(row for x, _ in dealt for row in x.tolist()) == sorted(kept)
        assert all((x == -y).all() for x, y in dealt)  # rows stay together
    for shard in parts:
        sizes = [len(shard.batch(1, step)[0]) for step in range(shard.steps)]
        assert set(sizes[:-1]) <= {shard.plan.batch_size}
        assert 1 <= sizes[-1] <= shard.plan.batch_size
    if count == 1:
        assert parts[0].plan.batch_size == b


@pytest.mark.usefixtures("_memory")
def test_a_batch_is_the_same_whatever_was_dealt_before():
    (first,) = shards(Rows(333), 1, BatchPlan(7, 0.25, 19))
    (other,) = shards(Rows(333), 1, BatchPlan(7, 0.25, 19))
    wanted = {(e, k): first.batch(e, k)[0].tolist() for e in range(3) for k in range(first.steps)}
    keys = list(wanted)
    np.random.default_rng(0).shuffle(keys)
    for epoch, step in keys:
        assert other.batch(epoch, step)[0].tolist() == wanted[epoch, step]
        assert other.rows_of(epoch, step).tolist() == wanted[epoch, step]
    assert wanted[0, 0] != wanted[1, 0]


def test_rows_are_shuffled_across_chunks_within_bounded_memory(monkeypatch):
    monkeypatch.setattr(batches, "WHOLE", 16 * 100)
    monkeypatch.setattr(batches, "CHUNK", 16 * 100)
    monkeypatch.setattr(batches, "WINDOW", 8)
    feed = Rows(10_000)
    (shard,) = shards(feed, 1, BatchPlan(1, 0.0, 100))
    rows = np.concatenate([x for x, _ in epoch_of(shard, 0)])
    assert feed.most == 100
    assert abs(np.corrcoef(rows, np.arange(10_000))[0, 1]) < 0.3
    window = rows[:800]  # eight chunks from anywhere
    assert len(np.unique(window // 100)) == 8
    assert np.ptp(window) > 3000
    assert abs(np.corrcoef(window[:-1], window[1:])[0, 1]) < 0.2


def test_shards_share_a_batch():
    parts = shards(Rows(103), 4, BatchPlan(0, 0.0, 10))
    assert [shard.plan.batch_size for shard in parts] == [3, 3, 2, 2]
    assert [shard.rows for shard in parts] == [25, 26, 26, 26]
    assert parts[0].batch(0, 0)[0].tolist() != parts[1].batch(0, 0)[0].tolist()
    with pytest.raises(DataError, match="3 rows cannot be parted into 4 shards"):
        shards(Rows(3), 4, BatchPlan())


def test_moments_of_chunks_are_those_of_the_training_rows(monkeypatch):
    monkeypatch.setattr(batches, "WHOLE", 16 * 10)
    monkeypatch.setattr(batches, "CHUNK", 16 * 10)
    (shard,) = shards(Rows(1000), 1, BatchPlan(2, 0.3))
    kept = np.concatenate([split.training["x"] for split in shard.parts()])
    found = shard.moments(["x"])["x"]
    whole = Moments.of(kept)
    assert found.n == len(kept) == 700
    assert found.mean == pytest.approx(whole.mean, rel=1e-13, abs=0)
    assert found.deviation == pytest.approx(whole.deviation, rel=1e-13, abs=0)
    assert (found.lowest, found.highest) == (kept.min(), kept.max())
    scalings, _ = scalings_of({"x": found})
    (scaled,) = shards(Rows(1000), 1, BatchPlan(2, 0.3, 128, scalings))
    x = np.concatenate([x for x, _ in epoch_of(scaled, 0)])
    assert x.mean() == pytest.approx(0, abs=1e-13) and x.std() == pytest.approx(1, rel=1e-13, abs=0)
