"""How many threads BLAS takes: the last bits of a product of matrices depend on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def threads() -> int:
    """How many threads BLAS may take in this process."""
    found = (int(known["num_threads"]) for known in _libraries().info() if _is_blas(known))
    return max(found, default=1)


def limit_threads(count: int) -> Callable[[], None]:
    """BLAS takes so many threads from now on, in the whole process; what is returned ends that."""
    limit: Callable[[], None] = (
        _libraries().limit(limits=count, user_api="blas").restore_original_limits
    )
    return limit


def threads_for(shards: int, numbers: bool) -> int:
    """How many threads BLAS takes for each of so many shards, wherever they are.

    Several shards take one each, so that the bits do not depend on the cores of a worker: what
    runs side by side are the shards. One alone takes what this process has, unless its parameters
    are numbers: sums over a block are too short to be shared, and threads that wait for each other
    on a busy machine take ten times as long.
    """
    return 1 if shards > 1 or numbers else threads()


def _is_blas(known: dict[str, Any]) -> bool:
    return bool(known["user_api"] == "blas")
