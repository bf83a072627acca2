"""Functions that a module has on request, beside those of every module."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from symback.errors import Unsupported, clip, nearest

ON_REQUEST: dict[str, tuple[str, ...]] = {
    "jvp": (),
    "hessp": (),
    "residuals": (),
    "jacobian": (),
    "hessian": (),
    "covariance": ("residuals", "jacobian"),
    "bind": (),
    "per_sample": (),
    "sparsity": (),
}
"""By name, in the order in which modules have them: the others that each one calls."""

WITHOUT_LOOPS = frozenset(ON_REQUEST) - {"jvp", "hessp"}
"""Those that NumPy and C modules have of loops that are written out only."""


def requested(asked: str | Iterable[str], offered: Collection[str], target: str) -> tuple[str, ...]:
    """The functions that were asked for and those that they call, in the order of the table.

    >>> requested("covariance", ON_REQUEST, "numpy")
    ('residuals', 'jacobian', 'covariance')
    """
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in ON_REQUEST:
            hint = nearest(str(name), ON_REQUEST) or f"; choose from {', '.join(ON_REQUEST)}"
            raise Unsupported(f"no function '{clip(str(name), 40)}' can be added{hint}")
        if name not in offered:
            known = ", ".join(n for n in ON_REQUEST if n in offered)
            hint = f"; it has {known}" if known else ""
            raise Unsupported(f"the target '{target}' has no function '{name}'{hint}")
    if "sparsity" in names and not {*names} & {*PATTERNS, "covariance"}:
        raise Unsupported(
            f"sparsity is that of other functions; ask for {' or '.join(PATTERNS)} too"
        )
    wanted = {*names, *(other for name in names for other in ON_REQUEST[name])}
    return tuple(name for name in ON_REQUEST if name in wanted)


PATTERNS = {"jacobian": "params_jvp", "hessian": "hessp"}
"""Functions that may give sparse results, and those whose lines show what entries these have."""


def lowered_names(on_request: Collection[str], by: Mapping[str, str] | None = None) -> list[str]:
    """What is lowered for functions on request, `by` the names of those that they are made of.

    >>> lowered_names(("hessian", "covariance", "sparsity"))
    ['hessian', 'covariance', 'sparsity', 'hessp']
    """
    patterns = [PATTERNS[name] for name in on_request if name in PATTERNS]
    found = [(by or {}).get(name, name) for name in on_request]
    return [*dict.fromkeys([*found, *(patterns if "sparsity" in on_request else [])])]


__all__ = ["ON_REQUEST", "PATTERNS", "WITHOUT_LOOPS", "lowered_names", "requested"]
