"""SymPy expressions with shared parts: all that is done with them grows with the shared graph."""

from __future__ import annotations

import cProfile
import pstats

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback import errors
from symback.cli.main import cli
from tests.cases.one_in import one_in

x, y = sp.symbols("x y", real=True)
A = sp.MatrixSymbol("A", 3, 3)


def levels(count, start=x):
    """e ← e·tanh(e) + sin(e): written out, three times as long a level."""
    e = start
    for _ in range(count):
        product = sp.Mul(e, sp.tanh(e, evaluate=False), evaluate=False)
        e = sp.Add(product, sp.sin(e, evaluate=False), evaluate=False)
    return e


def chosen(count):
    e = x
    for _ in range(count):
        branch = sp.Mul(e, sp.tanh(e, evaluate=False), evaluate=False)
        e = sp.Piecewise((branch, x > y), (sp.sin(e, evaluate=False), True), evaluate=False)
    return e


def largest(count):
    e = x
    for _ in range(count):
        product = sp.Mul(e, y, evaluate=False)
        e = sp.Max(product, sp.sin(e, evaluate=False), evaluate=False)
    return e


def two_names(count):
    a, b = x, y
    for _ in range(count):
        product, sine = sp.Mul(a, b, evaluate=False), sp.sin(b, evaluate=False)
        a, b = sp.Add(product, sine, evaluate=False), sp.tanh(a, evaluate=False)
    return a


SHARED = {
    "levels": levels,
    "in a branch": lambda n: sp.Piecewise((levels(n), x > 0), (y, True)),
    "choices": chosen,
    "several nodes": lambda n: {"u": levels(n), "f": levels(n, sp.Symbol("u")) + y},
}
WORK = {
    "read": lambda expr, c: sb.Circuit.from_sympy(expr, loss=None),
    "text": lambda expr, c: str(c),
    "gradient": lambda expr, c: repr(c.gradient()),
    "derivation": lambda expr, c: str(c.derive()),
    "LaTeX": lambda expr, c: c.derive().to_latex(),
    "JSON": lambda expr, c: c.derive().to_json(),
    "picture": lambda expr, c: c.draw(),
    "module": lambda expr, c: c.generate(),
    "C": lambda expr, c: c.generate(target="c"),
    "typed": lambda expr, c: c.as_typed().generate(),
}
GROWTH = 6.0
"""Times as much for twice as many levels: a picture of few nodes shows more of them. Where a text
is written out, each level takes three times as much: 3**8 for those of 8 and 16 levels.
"""


def calls(work, expr, circuit) -> int:
    profile = cProfile.Profile()
    profile.enable()
    work(expr, circuit)
    profile.disable()
    return sum(row[1] for row in pstats.Stats(profile).stats.values())


@pytest.mark.parametrize("kind", one_in(4, SHARED))
def test_twice_as_many_levels_take_twice_as_many_calls(kind):
    sizes = (8, 16)
    exprs = [SHARED[kind](n) for n in sizes]
    circuits = [sb.Circuit.from_sympy(expr, loss=None) for expr in exprs]
    for name, work in WORK.items():
        counts = [calls(work, e, c) for e, c in zip(exprs, circuits, strict=True)]
        assert counts[1] < GROWTH * counts[0], (name, counts)


@pytest.mark.parametrize("kind", one_in(4, SHARED))
def test_texts_grow_with_the_levels(kind):
    twenty, forty = (sb.Circuit.from_sympy(SHARED[kind](n), loss=None) for n in (20, 40))
    for name, work in WORK.items():
        if name != "read":
            assert len(work(None, forty)) < GROWTH * len(work(None, twenty)), name
    assert sb.circuit(forty.source) == forty


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["levels", "choices"])
def test_modules_of_forty_levels_agree(kind):
    circuit = sb.Circuit.from_sympy(SHARED[kind](40), loss=None)
    assert circuit.check().passed


@pytest.mark.parametrize(
    "command",
    [
        ["derive", "--format", "html"],
        ["derive", "--at", "x=0.5"],
        ["draw", "--at", "x=0.5"],
        ["generate", "-o", "m.py", "--certificate", "c.json"],
    ],
)
def test_the_command_line_prints_no_long_text(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forty.circuit").write_text(sb.Circuit.from_sympy(levels(40), loss=None).source)
    done = CliRunner().invoke(cli, [command[0], "forty.circuit", *command[1:]])
    assert done.exit_code == 0, done.output
    files = [p.read_text() for p in tmp_path.iterdir()]
    assert 1_000 < len(done.output) + sum(map(len, files)) < 2_000_000


@pytest.mark.parametrize(
    "expr",
    [
        largest(9),
        sp.Piecewise((x, sp.Gt(levels(9), y, evaluate=False)), (y, True), evaluate=False),
        two_names(20),
    ],
    ids=["maxima", "in a condition", "two names"],
)
def test_other_shapes_of_sharing_are_read_with_names(expr):
    circuit = sb.Circuit.from_sympy(expr, loss=None)
    assert len(circuit.computed) >= 8 and len(circuit.source) < 4_000
    assert circuit.check().passed


def test_shared_parts_of_matrices_get_names():
    e = A
    for _ in range(6):
        e = sp.HadamardProduct(e, e.applyfunc(sp.tanh)) + e.applyfunc(sp.sin)
    circuit = sb.Circuit.from_sympy(sp.Trace(e), loss=None)
    assert [n.shape for n in circuit.computed if n.name != "f"] == [(3, 3)] * 5
    assert len(circuit.source) < 400
    assert sb.circuit(circuit.source) == circuit
    assert circuit.check().passed


def test_names_of_parts_are_none_of_the_matrices():
    B = sp.MatrixSymbol("f_1", 3, 3)
    e = A
    for _ in range(5):
        e = sp.HadamardProduct(e, e.applyfunc(sp.tanh)) + e.applyfunc(sp.sin)
    circuit = sb.Circuit.from_sympy(sp.Trace(e + B), loss=None)
    assert "f_1" in circuit.leaves and "f_2" in circuit.computed


@pytest.mark.parametrize(
    "expr",
    [
        sp.zeta(levels(60), evaluate=False),
        sp.Mul(levels(60), sp.zoo, evaluate=False),
        sp.Pow(-2, levels(60), evaluate=False),
        sp.Function("q")(levels(7)),  # SymPy walks the tree of these
        sp.MatrixSymbol("B", 3, 3)[levels(7), 0],
        sp.Integral(levels(7), x),
    ],
    ids=["function", "zoo", "power", "applied", "index", "integral"],
)
def test_refusals_print_no_long_part(expr):
    with pytest.raises(errors.SymbackError) as caught:
        sb.Circuit.from_sympy(expr)
    assert len(str(caught.value)) <= 200


ENTRIES = {
    "list": lambda e: [e, sp.Mul(e, y, evaluate=False)],
    "matrix": lambda e: sp.ImmutableDenseMatrix(2, 2, [e, y, e, sp.sin(e, evaluate=False)]),
    "nodes": lambda e: {"u": [e, e], "v": sp.ImmutableDenseMatrix([e, x])},
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_parts_that_entries_of_a_matrix_share_get_names(kind):
    sizes = [len(sb.Circuit.from_sympy(ENTRIES[kind](levels(n))).nodes) for n in (20, 40)]
    assert sizes[1] < 2.2 * sizes[0]
    e = 0.3
    for _ in range(12):
        e = e * np.tanh(e) + np.sin(e)
    wanted = {
        "list": [e, e * 0.7],
        "matrix": [[e, 0.7], [e, np.sin(e)]],
        "nodes": [e, e, e, 0.3],  # one output after the other
    }[kind]
    circuit = sb.Circuit.from_sympy(ENTRIES[kind](levels(12)))
    module = circuit.compile()
    inputs = module.Inputs(**{n: {"x": 0.3, "y": 0.7}[n] for n in module.Inputs._fields})
    found, _ = module.forward(module.Params(), inputs)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
