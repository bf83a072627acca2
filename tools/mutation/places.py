"""Which definitions of which files hold mathematics.

Every module of `MATHEMATICS` is either a row of `PLACES` or one of `LEFT_OUT`, with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MATHEMATICS = (
    "symback/autodiff/**/*.py",
    "symback/operations/**/*.py",
    "symback/stable/*.py",
    "symback/truth/*.py",
    "symback/codegen/*/*kernels.py",
)
"""Where the mathematics stands; a new module there has to be entered below."""

NAMES = {"POWER", "BY_HEAD", "SLOPES", "SPELLINGS", "OPS", "Contributions", "Partials", "RULES"}


def _of_operations(place: str) -> bool:
    last = place.split(".")[-1]
    return not (
        place.split("[")[0] in NAMES
        or place in ("postorder", "applied", "_is_plain")  # how SymPy is asked, not what for
        or last in ("nargs", "doit", "_print_elementary", "_numpycode", "of", "eval", "kinks")
        or (place.startswith("Op.") and last != "local_partials")
        or place.startswith("Elementary.")
        or place.endswith("hints")
    )


def _of_rules(place: str) -> bool:
    return place.split("[")[0] not in NAMES


def _all(place: str) -> bool:
    types = ("Numbering", "Guard", "Definitions", "Curvatures", "Tangent", "Multiples")
    return not place.startswith("__all__") and place not in types


def _of_rewriting(place: str) -> bool:
    return _all(place) and place not in ("Power", "See", "Matcher", "MOST_TERMS", "SHORT")


def _of_edges(place: str) -> bool:
    """What an edge is; any search for the points on it serves that finds them."""
    return place.split("[")[0] in ("_DOMAINS", "_KINKS", "edges_of", "_numbers")


def _of_sides(place: str) -> bool:
    """Not how small a step and how long a number is: any small and long enough serve."""
    return _all(place) and place not in ("STEPS", "BITS", "SMALL", "ALIKE")


def modules(pattern: str) -> list[str]:
    """The modules of a pattern that define something."""
    found = sorted(ROOT.glob(pattern))
    return [path.relative_to(ROOT).as_posix() for path in found if _defines(path)]


def _defines(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = [s for s in tree.body if not isinstance(s, ast.Import | ast.ImportFrom)]
    return any(not isinstance(s, ast.Expr) for s in statements)


_GATHERED = (
    "symback/operations/elementwise/stated.py",
    "symback/operations/special/__init__.py",
    "symback/stable/__init__.py",
)


def _judged(pattern: str) -> list[str]:
    return [file for file in modules(pattern) if file not in _GATHERED]


ELEMENTWISE = _judged("symback/operations/elementwise/*.py")
SPECIAL = _judged("symback/operations/special/*.py")
STABLE = _judged("symback/stable/*.py")

FILES: dict[str, Callable[[str], bool]] = {
    "symback/operations/functions.py": _of_operations,
    "symback/operations/nonnegative.py": _all,
    "symback/operations/forms.py": _all,
    "symback/operations/vjp.py": _of_rules,
    "symback/autodiff/partials.py": _all,
    "symback/codegen/numpy/kernels.py": _all,
    "symback/codegen/numpy/edge_kernels.py": _all,
    "symback/codegen/numpy/series_kernels.py": _all,
}
"""A file, and the places in it whose mutants are made: those that mean the same are all listed."""

ON_REQUEST: dict[str, Callable[[str], bool]] = {
    **dict.fromkeys(ELEMENTWISE, _of_operations),
    **dict.fromkeys(SPECIAL, _of_operations),
    "symback/operations/edges.py": _of_operations,
    "symback/operations/steps.py": _of_operations,
    "symback/operations/definitions.py": _all,
    "symback/operations/entries.py": _all,
    "symback/operations/jvp.py": _all,
    "symback/operations/number_slopes.py": _all,
    "symback/operations/polynomials.py": _all,
    "symback/autodiff/closed_forms.py": _all,
    "symback/autodiff/curvatures.py": _all,
    "symback/autodiff/entries_read.py": _all,
    "symback/autodiff/factors.py": _all,
    "symback/autodiff/matrices.py": _all,
    "symback/autodiff/origin_tangents.py": _all,
    "symback/autodiff/origins.py": _all,
    "symback/autodiff/reads.py": _all,
    "symback/autodiff/reverse.py": _all,
    "symback/autodiff/steep.py": _all,
    "symback/autodiff/still.py": _all,
    "symback/autodiff/tangent_terms.py": _all,
    "symback/autodiff/tangents.py": _all,
    "symback/autodiff/updates.py": _all,
    "symback/autodiff/vanishing.py": _all,
    "symback/truth/edges.py": _of_edges,
    "symback/truth/sides.py": _of_sides,
    **{file: _all for file in modules("symback/codegen/numpy/*kernels.py") if file not in FILES},
    **dict.fromkeys(STABLE, _of_rewriting),
}
"""Files whose mutants that mean the same are not all listed: those that survive are to be read."""

PLACES = {**FILES, **ON_REQUEST}

_REASONS: dict[str, tuple[str, ...]] = {
    "tables gathered from files that are judged, and rows of functions whose derivative a circuit "
    "states": _GATHERED,
    "how functions of modules are laid out and programs made shorter; the check of every module "
    "that is generated compares what they compute": (
        *(f"symback/autodiff/{name}.py" for name in ("derivatives", "function", "gates")),
        *(f"symback/autodiff/{name}.py" for name in ("lower", "names", "per_sample", "cost")),
        *modules("symback/autodiff/passes/*.py"),
    ),
    "turns of loops, laid out; their lines are differentiated by files that are judged": (
        "symback/autodiff/loops.py",
        "symback/autodiff/turn_tangents.py",
    ),
    "names, shapes and notation of operations; their mathematics stands in definitions.py, vjp.py "
    "and jvp.py": (
        *modules("symback/operations/arrays/*.py"),
        *(f"symback/operations/{name}.py" for name in ("construction", "expressions", "shapes")),
        *(f"symback/operations/{name}.py" for name in ("matrix_view", "named_products", "signs")),
        *(f"symback/operations/{name}.py" for name in ("properties", "simplify", "stated")),
        *(f"symback/operations/{name}.py" for name in ("subscripts", "textbook")),
    ),
    "what judges: a mutant would be judged by itself. Tests compare it with mpmath and SymPy": (
        *modules("symback/operations/balls/*.py"),
        *(f for f in modules("symback/truth/*.py") if f not in ON_REQUEST),
    ),
    "written for a target that the tool does not run; the tests of the target compare it with "
    "mpmath": tuple(
        file
        for file in modules("symback/codegen/*/*kernels.py")
        if not file.startswith("symback/codegen/numpy/")
    ),
}

LEFT_OUT = {file: reason for reason, files in _REASONS.items() for file in files}
"""Modules of mathematics in which no errors are planted, each with the reason."""
