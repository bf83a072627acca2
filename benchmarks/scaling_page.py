"""docs/scaling.md: what was measured, and what it plans for many workers."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import numpy as np

from benchmarks.page import Table, shown, three_digits
from benchmarks.scaling_model import (
    BATCHES,
    LOCAL,
    LOCAL_BATCH,
    LOCAL_SIZE,
    TASKS,
    WORKERS,
    Cell,
    Found,
    Model,
    compute,
    fitted,
    worst_error,
)

PLANNED = (10, 100, 1000)
GOAL = 0.8  # of a worker's time that is to be spent on gradients


def versions() -> str:
    from symback import __version__

    known = (f"{name} {version(name)}" for name in ("numpy", "distributed"))
    return ", ".join((f"Python {platform.python_version()}", f"symback {__version__}", *known))


def count(number: float) -> str:
    return f"{number:,.0f}"


def steps_table(found: Found) -> Table:
    head = ("parameters", "rows a worker", "here", *(
        f"{place}, {workers}" for place in ("processes", "Dask") for workers in WORKERS
    ), "efficiency of 2: processes", "Dask")  # fmt: skip
    rows = []
    for size, batch in sorted({(c.size, c.batch) for c in found.steps}):
        alone = compute(found, size, batch)
        times = {
            (place, w): found.steps[Cell(place, w, size, batch)]
            for place in ("processes", "Dask")
            for w in WORKERS
        }
        efficiency = (f"{alone / times[place, 2]:.0%}" for place in ("processes", "Dask"))
        rows.append(
            (count(size), count(batch), shown(alone), *map(shown, times.values()), *efficiency)
        )
    return Table(head, tuple(rows))


def empty_table(found: Found) -> Table:
    sizes = sorted({size for _, _, size in found.empty})
    head = ("tasks", *(f"{place}, {count(s)}" for place in ("processes", "Dask") for s in sizes))
    rows = []
    for tasks in TASKS[1:]:
        cells = [found.empty.get((p, tasks, s)) for p in ("processes", "Dask") for s in sizes]
        rows.append((str(tasks), *("–" if t is None else shown(t) for t in cells)))
    return Table(head, tuple(rows))


def model_table(found: Found, models: dict[str, Model]) -> Table:
    rows = [
        (
            place,
            shown(model.fixed),
            shown(model.task),
            f"{three_digits(model.byte * 1e9)} ns",
            f"{worst_error(found, place, model):.0%}",
        )
        for place, model in models.items()
    ]
    return Table(("", "a, a step", "r, a worker", "c, a byte", "farthest off"), tuple(rows))


def local_table(found: Found, models: dict[str, Model]) -> Table:
    """Measured and foretold: the check of the model that it was not fitted to."""
    rows = []
    for place, model in models.items():
        for k in LOCAL:
            plan = compute(found, LOCAL_SIZE, LOCAL_BATCH) + model(2, LOCAL_SIZE) / k
            rows.append((place, str(k), shown(found.local[place, k]), shown(plan)))
    return Table(("", "k", "measured, a step", "model"), tuple(rows))


def plan_table(found: Found, model: Model) -> Table:
    head = ("parameters", "rows a worker", "workers", "a step", "efficiency", "rows a second",
            f"k for {GOAL:.0%}")  # fmt: skip
    rows = []
    for size, batch in sorted({(c.size, c.batch) for c in found.steps}):
        if batch == BATCHES[size][0]:
            continue
        alone = compute(found, size, batch)
        for workers in PLANNED:
            spent = alone + model(workers, size)
            rows.append(
                (
                    count(size),
                    count(batch),
                    count(workers),
                    shown(spent),
                    f"{alone / spent:.2%}",
                    f"{float(f'{workers * batch / spent:.2g}'):,.0f}",
                    count(local_for(alone, model(workers, size))),
                )
            )
    return Table(head, tuple(rows))


def local_for(alone: float, communication: float) -> int:
    """The least k with alone/(alone + communication/k) ≥ GOAL."""
    return max(1, int(np.ceil(communication * GOAL / (alone * (1 - GOAL)))))


def where_it_stops(found: Found, model: Model) -> Table:
    """For a fixed batch: the W with the shortest step, W* = √(t₁B/(r + 16cn)), and its gain."""
    rows = []
    for size in sorted({c.size for c in found.steps}):
        batch = BATCHES[size][-1]
        row = compute(found, size, batch) / batch
        for total in (batch, 100 * batch):
            best = max(1.0, float(np.sqrt(row * total / model.each(size))))
            spent = row * total / best + model.fixed + best * model.each(size)
            gain = row * total / spent
            verdict = f"{three_digits(gain)} times" if gain > 1 else "one process is faster"
            rows.append(
                (count(size), count(total), shown(row * total), count(best), shown(spent), verdict)
            )
    head = ("parameters", "batch", "one process", "best W", "its step", "gain")
    return Table(head, tuple(rows))


TEXT = """\
# Training on many workers

`{command}` writes this page. It was measured on {cores} cores of one machine, which the workers
share with the process of the run and with Dask's scheduler; each has one thread of BLAS. There
is no network in it: bytes go through the loopback interface. **The tables called measured were
measured so; every figure for more than 2 workers is worked out from these by the model
below.** {versions}.

The rows are divided into `shards`. Each shard computes the gradient of its share of a mini-batch,
and the means of the shards are added in their order, so that results do not depend on the workers.
The parameters depend on the data, the settings, the seed and the number of shards;
not on the number of workers, their speed, or the loss of one. They do depend on
the kind of processor and the version of NumPy, as sums of floating-point numbers do.

```sh
symback train net.circuit --data rows.npy --workers 4 -o out           # processes of this machine
symback train net.circuit --data rows.npy --dask --workers 4 -o out    # a Dask cluster, here
symback train net.circuit --data /shared/rows.npy -o out \\
    --scheduler tcp://10.0.0.1:8786 --shards 64 --local-steps 20       # the cluster there
```

Every worker reads its shards from the file, so that the path has to be the same everywhere, and a
CSV file is parsed by each: for many workers keep rows as .npy or Parquet. Workers need the same
version of symback, one thread each (`dask worker ADDRESS --nthreads 1`), and are up to twice as
fast where glibc may keep the memory of freed arrays, against Dask's default: start them with
MALLOC_TRIM_THRESHOLD_=268435456 MALLOC_MMAP_THRESHOLD_=33554432. Dask runs whatever reaches its
ports: keep schedulers in a closed network, or give them TLS. A cluster of this machine listens
on 127.0.0.1 alone.

## Weak scaling, measured

Softmax regression, float64; the rows of each worker's share of a batch stay the same. The
efficiency of two workers is the time of a gradient in one process without any workers ("here"),
divided by the time of a step: 100 % would be communication at no cost.

{steps}

## A step's communication, measured

Steps whose gradients are zeros, on 2 workers: the time left is that of sending θ to every task and
adding the results. More tasks than workers stand for more workers: they take the scheduler and the
leading process as much time, but 2 workers make them one after the other, so that the cost of a
task is an upper bound.

{empty}

The model is t(W) = compute(rows of a worker) + a + r·W + c·W·16n for n parameters: 8 bytes for each
number of θ, and 8 for each of the gradient. Its a, r and c by least squares, and how far it is
off at most, in the table above:

{models}

It was not fitted to local steps, so they test it: with k of them a step costs compute + (a + r·W +
c·W·16n)/k, here with 2 workers, {local_size} parameters and {local_batch} rows. What is measured
is longer: the optimiser updates θ at each step and is sent with each call, and 2 workers share 2
cores with the process of the run.

{local}

## Predictions for 10, 100, 1,000 workers

Not measured: the model, with Dask's figures. The last column is the number k of local steps from
which on workers spend {goal:.0%} of their time on gradients.

{plan}

## Where synchronous steps stop paying

With a batch of B rows in all and t₁ seconds a row, t(W) = t₁·B/W + a + (r + 16c·n)·W is least at
W* = √(t₁·B/(r + 16c·n)). More workers than that make every step slower. On Dask:

{stops}

{verdict}

## Recommendations

In this order, because each costs more than the one before:

1. **One process.** While a gradient takes less than a = {fixed}, no number of workers helps.
   The C target and threads (`on_executor(ThreadPoolExecutor(n))`) cost no communication between
   processes.
2. **Processes, not Dask, on one machine.** A step costs {process_fixed} there instead of {fixed}.
3. **Larger batches.** Computation grows with the rows, communication does not: ten times the rows a
   worker are ten times the computation for the same a + (r + 16c·n)·W. Raise the learning rate with
   care; a larger batch has less noise, and beyond some size no fewer steps are needed.
4. **Local steps.** k steps alone divide all communication by k. The parameters then differ
   from those of synchronous steps, the more so the larger k and the more the shards differ:
   shuffle the file once before it is parted, and compare the validation loss. With as many steps
   as an epoch has, shards are averaged once an epoch; a larger k changes nothing.

{worked}

## What the model leaves out

- The network. At 10 Gbit/s a byte takes 0.8 ns, less than the {byte} ns that packing, copying and
  adding take here; at 1 Gbit/s it takes 8 ns, and c should be taken as that.
- Latency of a real network, 0.1 ms within a rack: small beside a.
- Waiting for the slowest: a synchronous step lasts as long as the longest of W gradients. Local
  steps wait once in k.
- A tree. All gradients go to one process, which adds them in the order of the shards: that is the
  term c·W·16n. A tree would make it logarithmic and give other last bits than one process.
- Reading the data, which happens once, and saving.
"""


def verdict(found: Found, model: Model) -> str:
    """From how many parameters on bytes cost more than tasks, and what 1,000 workers cost."""
    even = model.task / (16 * model.byte) if model.byte else float("inf")
    n = 1_000_000
    return (
        f"Up to about {count(float(f'{even:.2g}'))} parameters the cost of a worker is its task; "
        f"beyond, its bytes. 1,000 workers cost {shown(model(1000, 100))} a step with 100 "
        f"parameters and {shown(model(1000, n))} with {count(n)}, whatever they compute."
    )


def worked_example(found: Found, model: Model) -> str:
    """Figures for one case: the largest batch of the middle size."""
    size, workers = 10_000, 1000
    batch = BATCHES[size][-1]
    alone, cost = compute(found, size, batch), model(workers, size)
    k = local_for(alone, cost)
    larger = int(np.ceil(GOAL / (1 - GOAL) * cost / alone))
    return (
        f"Worked through for {count(size)} parameters, {count(workers)} workers and "
        f"{count(batch)} rows each: a gradient takes {shown(alone)}, communication "
        f"{shown(cost)}, so that a worker spends {alone / (alone + cost):.1%} of its time on "
        f"gradients. For {GOAL:.0%} by batches alone, one of {count(larger * batch)} rows a worker "
        f"is needed, {count(larger * batch * workers)} in all; by local steps alone, "
        f"k = {count(k)}; or both: {count(10 * batch)} rows and "
        f"k = {count(local_for(10 * alone, cost))}. At k = {count(k)} "
        f"a step takes {shown(alone + cost / k)}, and {count(workers)} workers do "
        f"{three_digits(workers * alone / (alone + cost / k))} times the rows of one process, if "
        "the shards' parameters may drift apart for so long."
    )


def page(found: Found, command: str) -> str:
    models = {place: fitted(found, place) for place in ("processes", "Dask")}
    dask = models["Dask"]
    return TEXT.format(
        command=command,
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        versions=versions(),
        steps=steps_table(found),
        empty=empty_table(found),
        models=model_table(found, models),
        local=local_table(found, models),
        local_size=count(LOCAL_SIZE),
        local_batch=count(LOCAL_BATCH),
        plan=plan_table(found, dask),
        stops=where_it_stops(found, dask),
        goal=GOAL,
        verdict=verdict(found, dask),
        fixed=shown(dask.fixed),
        process_fixed=shown(models["processes"].fixed),
        byte=three_digits(dask.byte * 1e9),
        worked=worked_example(found, dask),
    )
