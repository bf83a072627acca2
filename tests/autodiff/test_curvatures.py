"""Second local partials of gates of several operands, whose partials read the gate's own value."""

import mpmath as mp
import pytest

import symback as sb
from symback.errors import Unsupported

GATES = {
    "f = hypot(x, y)": lambda x, y: mp.hypot(x, y),
    "f = x**y": lambda x, y: x**y,
    "f = x/y": lambda x, y: x / y,
    "f = logaddexp(x, y)": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "f = atan2(x, y)": lambda x, y: mp.atan2(x, y),
    "f = x*exp(y)": lambda x, y: x * mp.exp(y),
    "f = (exp(x*y) - 1)/y": lambda x, y: mp.expm1(x * y) / y,
    "f = x/(x + y)": lambda x, y: x / (x + y),
    "f = x*y**2/(1 + x)": lambda x, y: x * y**2 / (1 + x),
    "f = betaln(x, y)": lambda x, y: mp.log(mp.beta(x, y)),
}


@pytest.mark.parametrize("text", GATES)
def test_second_partials_of_two_operands(text):
    """Each of x and y by each, where slopes by x and by y differ."""
    at = {"x": 0.75, "y": 1.25}
    derivation = sb.circuit(text, loss=None).derive(wrt=["x", "y"], order=2)
    found = derivation.at(**at).evaluated()[1]
    with mp.workdps(30):
        point = tuple(map(mp.mpf, at.values()))
        for (p, q), order in {("x", "x"): (2, 0), ("x", "y"): (1, 1), ("y", "y"): (0, 2)}.items():
            expected = mp.diff(GATES[text], point, order)
            assert found["f", p, q] == pytest.approx(float(expected), rel=1e-12, abs=1e-30)


def test_curvatures_stand_in_the_order_of_the_operands():
    text = str(sb.circuit("f = z*y*x", inputs=["z", "y", "x"], loss=None).derive(order=2))
    part = text[text.index("Curvatures") :].splitlines()
    pairs = [line.split("f → ")[1].split("  ")[0] for line in part if "f → " in line]
    assert pairs == ["z, y", "z, x", "y, x"]


def test_stated_derivatives_have_second_ones_where_they_are_numbers():
    """u² with the stated slope 3 has the curvature 0; with the stated slope u² it has no step."""
    circuit = sb.circuit("h(u) = u**2; h'(u) = 3; f = w*h(x)", loss=None)
    found = circuit.derive(wrt=["w", "x"], order=2).at(w=2, x=5).evaluated()[1]
    assert (found["f", "w", "x"], found["f", "x", "x"]) == (3, 0)
    for text in ("h(u) = u**2; h'(u) = u**2; f = w*h(x)", "h(u) = 2; h'(u) = u**2; f = w*h(x)"):
        with pytest.raises(Unsupported, match="is stated, not derived"):
            sb.circuit(text, loss=None).derive(wrt=["w", "x"], order=2)
