"""Programs: the check, and passes that keep meaning on random circuits."""

import random

import mpmath as mp
import pytest

import symback as sb
from symback.autodiff.gates import split_number
from symback.autodiff.lower import lower, optimised
from symback.autodiff.passes import FUSED_PASSES, PASSES
from symback.autodiff.passes.drop_dead import drop_dead
from symback.autodiff.passes.fold_copies import fold_copies
from symback.autodiff.passes.inline_sums import inline_sums
from symback.autodiff.passes.share_common import share_common
from symback.circuits.program import Assign, Program, batch_sum, operations, varies
from symback.errors import SymbackError
from symback.operations.expressions import real_symbol
from tests.cases.independent import DIGITS, circuit_value, close, run, value
from tests.cases.one_in import one_in
from tests.cases.sample_circuits import ALL, sample

a, b, c, d = map(real_symbol, "abcd")

EVERY_PASS = (drop_dead, share_common, fold_copies, inline_sums)

# functions without a pole or an end of their domain, for random circuits
SMOOTH = ("sin", "cos", "tanh", "atan", "asinh", "sigma", "softplus", "erf", "silu", "gelu")


@pytest.fixture(autouse=True)
def high_precision():
    with mp.workdps(DIGITS):
        yield


def program(*lines, arguments=(a, b), results=None):
    made = tuple(Assign(target, expr) for target, expr in lines)
    return Program(arguments, made, results or (made[-1].target,), frozenset())


# -- the check -----------------------------------------------------------------------------------

WRONG = {
    "used before it is defined": (program((c, a + d), (d, b)), "uses d"),
    "used and never defined": (program((c, a * d)), "uses d"),
    "used in its own line": (program((c, c + 1)), "uses c"),
    "assigned twice": (program((c, a), (c, b)), "assigns twice"),
    "an argument assigned": (program((a, b)), "assigns twice"),
    "a result not assigned": (program((c, a), results=(d,)), "result"),
}


@pytest.mark.parametrize("name", WRONG)
def test_check_refuses(name):
    wrong, words = WRONG[name]
    with pytest.raises(SymbackError, match=words):
        wrong.check()


def test_check_passes_a_right_program_through():
    right = program((c, a + b), (d, c * a))
    assert right.check() is right


def test_str_reads_like_code():
    assert (
        str(program((c, a + b), (d, c * a))) == "(a, b):\n    c = a + b\n    d = a*c\n    return d"
    )


def test_operations_are_counted_by_hand():
    cases = {
        a: 0,
        a + b: 1,
        a + b + c: 2,
        a * b * c: 2,
        -a * b: 1,
        a - b: 1,
        a - b * c: 2,
        a - b / c: 2,
        a / b: 1,
        1 / a: 1,
        a / b**2: 2,
        a**2: 1,
        2 * a: 1,
        (a - b) ** 2 / 2: 3,
        batch_sum(a * b): 1,
    }
    assert {expr: operations(expr) for expr in cases} == cases


def test_what_varies():
    assert varies(a * b, {a}) and not varies(b, {a}) and not varies(batch_sum(a), {a})


# -- the passes, line by line --------------------------------------------------------------------


def names_of(circuit_text="f = a*b"):
    return lower(sb.circuit(circuit_text, loss=None)).names


def test_drop_dead_keeps_what_results_need():
    kept = drop_dead(program((c, a), (d, b), results=(d,)), names_of())
    assert [str(line) for line in kept.lines] == ["d = b"]


def test_share_common_names_what_occurs_twice():
    shared = share_common(program((c, (a + b) ** 3 + b), (d, a * (a + b) * 2)), names_of())
    assert [str(line) for line in shared.lines] == [
        "c_part = a + b",
        "c = b + c_part**3",
        "d = 2*a*c_part",
    ]


def test_share_common_leaves_no_part_that_is_read_once():
    """Where the whole right-hand side is shared, its inner part needs no name."""
    shared = share_common(program((c, (a + b) ** 3), (d, 2 * (a + b) ** 3 * a)), names_of())
    assert [str(line) for line in shared.lines] == ["c = (a + b)**3", "d = 2*a*c"]


def test_share_common_lets_a_later_line_serve():
    """l = (f - y)²/2, f_bar = f - y becomes f_bar = f - y, l = f_bar²/2."""
    shared = share_common(
        program((c, (a - b) ** 2 / 2), (d, a - b), results=(c, d)), names_of()
    ).check()
    assert [str(line) for line in shared.lines] == ["d = a - b", "c = d**2/2"]


# -- meaning -------------------------------------------------------------------------------------


def random_circuit(seed):
    """Named nodes over random earlier ones, with functions, products, powers and choices."""
    rng = random.Random(seed)
    names = [f"x{i}" for i in range(rng.randint(1, 3))] + [
        f"w{i}" for i in range(rng.randint(1, 3))
    ]
    leaves = list(names)
    lines = []
    for i in range(rng.randint(1, 7)):
        lines.append(f"v{i} = {random_term(rng, names, rng.randint(1, 4))}")
        names.append(f"v{i}")
    last = " + ".join(rng.sample(leaves, len(leaves)))
    lines.append(f"out: output = {' + '.join(n for n in names if n[0] == 'v')} - sin({last})")
    return sb.circuit("\n".join(lines))


def random_term(rng, names, depth):
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(names) if rng.random() < 0.85 else rng.choice(["2", "0.5", "pi", "1/3"])
    one = random_term(rng, names, depth - 1)
    two = random_term(rng, names, depth - 1)
    return rng.choice(
        [
            f"({one} + {two})",
            f"({one} - {two})",
            f"{one} + {two}*{rng.choice(names)}",
            f"({one})*({two})",
            f"({one})/(1 + ({two})**2)",
            f"({one})**{rng.choice([2, 3, 4])}",
            f"(1 + ({one})**2)**(-1.5)",
            f"sqrt(1 + ({one})**2)",
            f"{rng.choice(SMOOTH)}({one})",
            f"-{rng.choice(SMOOTH)}({one} + {two})",
            f"max({one}, {two})",
            f"abs({one})",
            f"where({rng.choice(names)} > sin({rng.choice(names)}), {one}, ({two})**2)",
        ]
    )


def random_point(circuit, seed):
    """Short numbers; none is 0, where the conditions of random circuits switch."""
    rng = random.Random(seed)
    return {n.name: mp.mpf(rng.randint(-300, 300) or 301) / 128 for n in circuit.leaves}


def arguments(program, point, lowered):
    """The point with the seed and the cache of forward, for the arguments of any program."""
    forward = dict(point)
    for line in lowered.program("forward").lines:
        forward[line.target.name] = value(line.expr, forward)
    full = {**forward, lowered.seed.name: mp.mpf("-1.25")}
    return {s.name: full[s.name] for s in program.arguments}


def programs(lowered):
    return (
        (lowered.program("forward"), PASSES),
        (lowered.program("backward"), PASSES),
        (lowered.program("objective"), FUSED_PASSES),
    )


def assert_passes_keep_meaning(circuit, point):
    lowered = lower(circuit)
    for before, passes in programs(lowered):
        at = arguments(before, point, lowered)
        expected = run(before, at)
        after = before
        for step in (*passes, *EVERY_PASS):
            after = step(after, lowered.names).check()
            assert after.results == before.results
            found = run(after, at)
            for name, number in expected.items():
                assert close(found[name], number, 40), (step.__name__, name, str(after))


def assert_gradient_is_the_slope(circuit, point):
    """The programs against central differences of the circuit as typed, at 60 digits."""
    lowered = lower(circuit)
    forward = run(
        lowered.program("forward"),
        arguments(lowered.program("forward"), point, lowered),
    )
    output, objective = circuit.output.name, circuit.objective.name
    assert close(forward[output], circuit_value(circuit, output, point), 40)
    bars = run(
        lowered.program("backward"),
        arguments(lowered.program("backward"), point, lowered),
    )
    fused = run(
        lowered.program("objective"),
        arguments(lowered.program("objective"), point, lowered),
    )
    assert close(
        fused[lowered.program("objective").results[0].name],
        circuit_value(circuit, objective, point),
        40,
    )
    h = mp.mpf(10) ** -20
    for leaf in (*circuit.params, *circuit.inputs):
        name = lowered.names.adjoint(leaf.name).name

        def slope(of, leaf=leaf):
            up, down = ({**point, leaf.name: point[leaf.name] + s * h} for s in (1, -1))
            return (circuit_value(circuit, of, up) - circuit_value(circuit, of, down)) / (2 * h)

        assert abs(bars[name] - mp.mpf("-1.25") * slope(output)) < 1e-18 * (1 + abs(bars[name])), (
            name
        )
        if name in fused:
            assert abs(fused[name] - slope(objective)) < 1e-18 * (1 + abs(fused[name])), name


MANY = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(1000, 1400)]


@pytest.mark.parametrize("seed", one_in(2, [*range(25), *MANY]))
def test_passes_keep_meaning_on_random_circuits(seed):
    circuit = random_circuit(seed)
    point = random_point(circuit, seed)
    assert_passes_keep_meaning(circuit, point)
    assert_gradient_is_the_slope(circuit, point)


@pytest.mark.parametrize("name", one_in(3, ALL))
def test_passes_keep_meaning(name):
    circuit = sample(name)
    point = {n.name: mp.mpf(9 + 4 * i) / (16 + i) for i, n in enumerate(circuit.leaves)}
    values = [circuit_value(circuit, n.name, point) for n in circuit.computed]
    if any(isinstance(v, mp.mpc) for v in values):
        point = {n: 1 + v for n, v in point.items()}
    assert_passes_keep_meaning(circuit, point)


# -- contributions that cancel -------------------------------------------------------------------

CANCELLING = {
    "inner node": "v = w*x\nu = x2 + v\nf = u - v",
    "below it": "p = relu(x2)\nv = w*p\nu = x + v\nf = u - v + w*x",
    "twice": "v = w*x\ns = v*v\nu = x2 + s\nf = u - s",
    "in a sum": "v = min(x, w*x1)\nu = x2 + v\ng = u - v\nf = g + w\nloss: none",
    "arrays": "x: input[n]\nW: param[n, n]\nv = W @ x\nu = x + v\nf = sum(u - v)",
}


@pytest.mark.parametrize("name", CANCELLING)
def test_an_adjoint_that_cancels_is_an_exact_zero_of_its_shape(name):
    report = sb.circuit(CANCELLING[name]).check()
    assert report.passed, str(report)


def test_a_jacobian_has_no_product_with_one_and_no_negation_of_a_product():
    circuit = sb.circuit("f = b1*exp(-b2*x) + b3*exp(-((x - b4)/b5)**2)")
    made = optimised(lower(circuit, ["jacobian"])).program("jacobian")
    for line in made.lines:
        number, rest = split_number(line.expr)
        assert rest != 1
        assert number != -1 or not rest.is_Symbol
    assert [str(line) for line in made.lines if line.target.name == "b1_bar"] == ["b1_bar = f_2"]
