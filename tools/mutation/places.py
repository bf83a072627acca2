"""Which definitions of which files hold mathematics."""

from __future__ import annotations

from collections.abc import Callable

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
    types = ("Numbering", "Guard", "Definitions", "Curvatures", "Tangent")
    return not place.startswith("__all__") and place not in types


def _of_rewriting(place: str) -> bool:
    return _all(place) and place not in ("Power", "See", "Matcher", "MOST_TERMS", "SHORT")


def _of_edges(place: str) -> bool:
    """What an edge is; any search for the points on it serves that finds them."""
    return place.split("[")[0] in ("_DOMAINS", "_KINKS", "edges_of", "_numbers")


def _of_sides(place: str) -> bool:
    """Not how small a step and how long a number is: any small and long enough serve."""
    return _all(place) and place not in ("STEPS", "BITS", "SMALL", "ALIKE")


_FAMILIES = ("exponentials", "powers", "trigonometric", "hyperbolic", "normal", "choices")
_FAMILIES += ("activations", "quotients", "entropies", "shares", "remainders")
ELEMENTWISE = [
    f"symback/operations/elementwise/{name}.py" for name in ("__init__", "row", *_FAMILIES)
]
_SPECIAL = ("exponentials", "powers", "hyperbolic", "normal", "differences", "entropies")
_KERNELS = ("array", "exponential", "special", "difference", "entropy", "remainder")
_RULES = ("rules", "matching", "sums", "logs", "quotients", "exponentials", "logistic", "inverses")

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
    **{f"symback/operations/special/{n}.py": _of_operations for n in (*_SPECIAL, "remainders")},
    "symback/operations/edges.py": _of_operations,
    "symback/operations/definitions.py": _all,
    "symback/autodiff/reads.py": _all,
    "symback/operations/jvp.py": _all,
    "symback/operations/number_slopes.py": _all,
    "symback/autodiff/tangents.py": _all,
    "symback/autodiff/curvatures.py": _all,
    "symback/truth/edges.py": _of_edges,
    "symback/truth/sides.py": _of_sides,
    **{f"symback/codegen/numpy/{name}_kernels.py": _all for name in _KERNELS},
    **{f"symback/stable/{name}.py": _of_rewriting for name in (*_RULES, "differences", "ratios")},
    "symback/stable/rewrite.py": _of_rewriting,
    "symback/stable/proof.py": _of_rewriting,
    "symback/stable/array_proof.py": _of_rewriting,
}
"""Files whose mutants that mean the same are not all listed: those that survive are to be read."""

PLACES = {**FILES, **ON_REQUEST}
