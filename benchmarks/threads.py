"""Equal threads for all systems; to be called before NumPy or a peer is imported."""

from __future__ import annotations

import os
import sys

VARIABLES = (
    "OMP_NUM_THREADS",  # PyTorch, and libraries built with OpenMP
    "OPENBLAS_NUM_THREADS",  # NumPy
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NPROC",  # the pools of JAX
)
LIBRARIES = ("numpy", "torch", "jax", "numba", "casadi")


def limit(count: int) -> None:
    """Give every library `count` threads, and this process and its children as many cores."""
    early = [name for name in LIBRARIES if name in sys.modules]
    if early:
        raise RuntimeError(f"threads must be limited before {', '.join(early)} is imported")
    for name in VARIABLES:
        os.environ[name] = str(count)
    eigen = "true" if count > 1 else "false"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen}"
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if count > len(cores):
            raise SystemExit(f"--threads {count}: there are {len(cores)} cores")
        os.sched_setaffinity(0, cores[-count:])


def count() -> int:
    """What `limit` set; 1 without it."""
    return int(os.environ.get(VARIABLES[0], 1))
