"""Jacobians and Hessians as bare functions: products with unit vectors, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symback.circuits.circuit import Circuit
from symback.circuits.names import fresh_name
from symback.circuits.requirements import index_leaves
from symback.codegen.bare.body import MOST_NUMBERS, WORK, BareBody, BareLanguage, BareValue
from symback.codegen.bare.body import bare_body as body_of
from symback.codegen.bare.functions import DEFAULT, FUNCTIONS, BareFunction, bare_functions
from symback.codegen.bare.text import in_lines
from symback.codegen.lines import freed
from symback.errors import NameRefused, Unsupported, clip, nearest

MATRICES = {"jacobian": ("value", "vjp"), "hessian": ("hessp",)}
"""By name, the functions that each one calls; the last of them gives products."""


@dataclass(frozen=True, slots=True)
class BareMatrix:
    """A function that calls another one with each unit vector.

    A Jacobian has an array for each leaf, whose first axes are those of the node; a Hessian is one
    matrix over the entries of all leaves.
    """

    name: str
    out: str  # the name of the matrix; empty for an array a leaf
    returns: str
    product: BareFunction
    value: str = ""  # the function whose entries the unit vectors are of; else of leaves

    @property
    def called(self) -> BareFunction:
        """What comments on the function are made of."""
        return replace(self.product, name=self.name, returns=self.returns)

    @property
    def arguments(self) -> list[str]:
        """The names of its leaves."""
        return [leaf.name for leaf in self.product.leaves]


BareParts = Sequence[BareFunction | BareMatrix]
"""Functions in the order in which one calls those before it."""


def bare_parts(
    circuit: Circuit,
    only: Sequence[str] = (),
    *,
    of: str | None = None,
    wrt: Sequence[str] = (),
    name: str | None = None,
) -> list[BareFunction | BareMatrix]:
    """The functions that were asked for, loops kept, and those that they call."""
    known = [*FUNCTIONS, *MATRICES]
    for kind in only:
        if kind not in known:
            hint = nearest(kind, known) or f"; choose from {', '.join(known)}"
            raise Unsupported(f"no function '{clip(kind, 40)}' of bare code{hint}")
    asked, node = [*(only or DEFAULT)], circuit[of or circuit.output.name]
    matrices = [kind for kind in MATRICES if kind in asked]
    is_number = "jacobian" in matrices and not node.shape
    if is_number:
        matrices.remove("jacobian")  # which is its gradient
    wanted = [kind for kind in asked if kind in FUNCTIONS]
    wanted += [kind for matrix in matrices for kind in MATRICES[matrix]]
    found: list[BareFunction | BareMatrix] = []
    if wanted:
        found += bare_functions(circuit, wanted, of=of, wrt=wrt, name=name, keep_loops=True)
    if is_number:
        (row,) = bare_functions(circuit, ["gradient"], of=of, wrt=wrt, name=name, keep_loops=True)
        found.append(replace(row, name=f"{name or node.name}_jacobian", out="jacobian"))
    return found + [_matrix(kind, found) for kind in matrices]


def _matrix(kind: str, found: Sequence[BareFunction | BareMatrix]) -> BareMatrix:
    by_kind = {f.name: f for f in found if isinstance(f, BareFunction)}
    called = [f for f in by_kind.values() if f.name.endswith(f"_{MATRICES[kind][-1]}")]
    product = called[-1]
    stem = product.name.removesuffix(f"_{MATRICES[kind][-1]}")
    taken = {*product.arguments, *map(str, product.lowered.circuit.size_names)}
    if clash := taken & {product.name, stem} if kind == "jacobian" else taken & {product.name}:
        raise NameRefused(
            f"'{min(clash)}' is a leaf and a function that {stem}_{kind} calls; "
            "name the functions with --name (name=…)"
        )
    if kind == "jacobian":
        partials = product.returns.partition(", each times")[0]
        returns = f"{partials}: an array for each, whose first axes are those of the value"
        return BareMatrix(f"{stem}_{kind}", "", returns, product, stem)
    leaves = ", ".join(_moving(product))
    returns = f"the Hessian: a row and a column for each entry of {leaves}"
    return BareMatrix(f"{stem}_{kind}", fresh_name([kind], taken), returns, product)


def _moving(product: BareFunction) -> list[str]:
    """The leaves whose tangents a product takes."""
    names, circuit = product.lowered.names, product.lowered.circuit
    by_dot = {names.tangent(leaf.name): leaf.name for leaf in circuit.leaves}
    return [by_dot[dot] for dot in product.vectors]


# -- in languages of loops -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatrixPart:
    """What one call takes of the unit vector, or gives to the results."""

    value: BareValue
    place: str  # the first of its numbers in the unit vector, or in a row

    @property
    def is_number(self) -> bool:
        """Whether it is one number."""
        return self.value.at != "" or not self.value.count


@dataclass(frozen=True, slots=True)
class MatrixBody:
    """A function that calls another one in a loop over unit vectors."""

    body: BareBody  # what it takes and gives
    inner: BareBody  # the same of what it calls
    count: str  # how many unit vectors there are, or the name for that
    starts: Sequence[tuple[str, str]]  # names for places and counts, and their code
    unit: str  # the name of the vector
    entry: str  # the name of the index of its 1
    vectors: Sequence[MatrixPart]  # by what it is given as
    results: Sequence[MatrixPart]  # by where a row has them
    owns: bool  # whether the vector is an array of the function, not of `work`

    @property
    def whole(self) -> bool:
        """Whether a call takes the unit vector as one array."""
        return len(self.vectors) == 1 and not self.vectors[0].is_number


def matrix_body(matrix: BareMatrix, language: BareLanguage) -> MatrixBody:
    """What the loop of a matrix consists of.

    Raises Unsupported for an operation without loops.
    """
    inner = body_of(matrix.product, language)
    leaves = inner.arguments[: len(matrix.product.leaves)]
    dots = inner.arguments[len(leaves) :]
    taken = {v.name for v in (*inner.arguments, *inner.results)} | {*inner.sizes, matrix.out, WORK}
    taken |= language.taken
    unit, entry = (fresh_name([word], taken) for word in ("unit", "entry"))
    counts = [freed(dot.count or "1") for dot in dots]
    starts, places, count = _named_places(counts, taken)
    total = _total(counts)
    vectors = [MatrixPart(dot, place) for dot, place in zip(dots, places, strict=True)]
    at = places if matrix.out else ["0"] * len(inner.results)
    results = [MatrixPart(r, place) for r, place in zip(inner.results, at, strict=True)]
    if matrix.out:
        given = [BareValue(matrix.out, f"{factor(count)} * {factor(count)}")]
    else:
        given = [
            BareValue(r.name, count if _one(r) else f"{factor(count)} * {factor(r.count)}")
            for r in inner.results
        ]
    owns = language.makes_arrays or (count.isdecimal() and int(count) <= MOST_NUMBERS)
    work = " + ".join(filter(None, ["" if owns else total, inner.work]))
    body = BareBody(leaves, inner.sizes, inner.size_names, given, work, [])
    return MatrixBody(body, inner, count, starts, unit, entry, vectors, results, owns)


def _named_places(
    counts: Sequence[str], taken: set[str]
) -> tuple[list[tuple[str, str]], list[str], str]:
    """Names for sums of counts with their code, where each part begins, and the sum of all.

    A sum has a name where it has more than one term.
    """
    starts: list[tuple[str, str]] = []
    places, at = [], "0"
    for k, count in enumerate(counts):
        places.append(at)
        at = _total([*([] if at == "0" else [at]), count])
        if " + " in at:
            last = k == len(counts) - 1
            name = fresh_name(
                ["entries" if last else f"start{k + 1}"], taken | {n for n, _ in starts}
            )
            starts.append((name, at))
            at = name
    return starts, places, at


def _one(value: BareValue) -> bool:
    return value.at != "" or not value.count


def _total(counts: Sequence[str]) -> str:
    """The code for a sum of counts, each once."""
    known = sum(int(count) for count in counts if count.isdecimal())
    times = Counter(count for count in counts if not count.isdecimal())
    named = [count if n == 1 else f"{n} * {count}" for count, n in times.items()]
    return " + ".join([*named, *([str(known)] if known or not named else [])])


def factor(count: str) -> str:
    """A count as a factor of a product."""
    return f"({count})" if " + " in count or " - " in count else count


def offset(index: str, count: str, place: str = "0") -> str:
    """The code for a place in row `index` of rows of `count` numbers."""
    start = index if count == "1" else f"{index} * {factor(count)}"
    return start if place == "0" else f"{start} + {place}"


# -- in Python -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatrixWords:
    """How a library of arrays says what the functions need; {} stands for arguments."""

    array: str  # of an argument
    units: str  # unit vectors: {count} of them, {like} are arrays of the wanted type
    one: str  # what {row} gives for each of {units}, where that is an array
    several: str  # the same where it is a tuple of these
    joined: str  # the function that puts arrays one behind the other


def python_matrix(matrix: BareMatrix, words: MatrixWords) -> list[str]:
    """The lines of a function, without its first line and docstring."""
    product, names = matrix.product, matrix.arguments
    taken = {*product.arguments, product.name, matrix.value}
    local = ("value", "row", "unit", "units", "rows", "part")
    value, row, unit, units, rows, part = (fresh_name([name], taken) for name in local)
    given = ", ".join(names)
    several = len(product.program.results) > 1
    indices = index_leaves(product.lowered.circuit)
    like = {"like": given, "first": next(name for name in names if name not in indices)}
    called = f"{product.name}("
    head = [f"{name} = {words.array.format(name)}" for name in names]
    if not matrix.value:
        return [*head, *_hessian(product, words, several, like)]
    form = words.several if several else words.one
    shaped = f"{part}.reshape({value}.shape + {part}.shape[1:])"
    vector = f"{unit}.reshape({value}.shape)"
    return [
        *head,
        *in_lines(f"{value} = {matrix.value}(", names, ")", depth=4),
        f"{units} = {words.units.format(count=f'math.prod({value}.shape)', **like)}",
        "",
        f"def {row}({unit}):",
        *(f"    {line}" for line in in_lines(f"return {called}", [*names, vector], ")", depth=8)),
        "",
        f"{rows if several else part} = {form.format(row=row, units=units)}",
        f"return tuple({shaped} for {part} in {rows})" if several else f"return {shaped}",
    ]


def _hessian(
    product: BareFunction, words: MatrixWords, several: bool, like: Mapping[str, str]
) -> list[str]:
    leaves = [leaf.name for leaf in product.leaves]
    taken = {*product.arguments, product.name}
    local = ("row", "unit", "units", "shapes", "dots", "shape", "start", "end", "parts", "part")
    row, unit, units, shapes, dots, shape, start, end, parts, part = (
        fresh_name([name], taken) for name in local
    )
    count = f"sum(map(math.prod, {shapes}))"
    moving = [f"{name}.shape" for name in _moving(product)]
    joined = f"{words.joined}([{part}.reshape(-1) for {part} in {parts}])"
    return [
        *in_lines(f"{shapes} = [", moving, "]", depth=4),
        f"{units} = {words.units.format(count=count, **like)}",
        "",
        f"def {row}({unit}):",
        f"    {dots}, {end} = [], 0",
        f"    for {shape} in {shapes}:",
        f"        {start}, {end} = {end}, {end} + math.prod({shape})",
        f"        {dots}.append({unit}[{start}:{end}].reshape({shape}))",
        *(
            f"    {line}"
            for line in in_lines(f"{parts} = {product.name}(", [*leaves, f"*{dots}"], ")", depth=8)
        ),
        f"    return {joined if several else f'{parts}.reshape(-1)'}",
        "",
        f"return {words.one.format(row=row, units=units)}",
    ]


__all__ = [
    "MATRICES",
    "BareMatrix",
    "BareParts",
    "MatrixBody",
    "MatrixPart",
    "MatrixWords",
    "bare_parts",
    "factor",
    "matrix_body",
    "offset",
    "python_matrix",
]
