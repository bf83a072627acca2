"""A number that is not finite is explained: the formula that makes it of finite ones is named."""

import pytest

import symback as sb

AT = [
    ("f = 1/x", {"x": 0}, "f = 1/x has no finite value at x = 0"),
    ("f = log(x)*y", {"x": -1, "y": 2}, "f_1 = log(x) has no finite value at x = −1"),
    ("f = sqrt(x)", {"x": 0}, "∂f/∂x = 1/(2·f) has no finite value at x = 0"),
    ("f = exp(x)", {"x": 1000}, "f = exp(x) has no finite value at x = 1000"),
    ("f = x/y + z", {"x": 0, "y": 0, "z": 1}, "f_1 = x/y has no finite value at x = 0, y = 0"),
    ("f = x**y", {"x": -2, "y": 0.5}, "f = x^y has no finite value at x = −2, y = 0.5"),
    ("g = exp(f), f = 1/(x - 1)", {"x": 1}, "f = 1/f_1 has no finite value at f_1 = 0"),
]


@pytest.mark.parametrize(("text", "at", "says"), AT)
@pytest.mark.parametrize("view", ["paths", "accumulation"])
def test_the_formula_is_named(text, at, says, view):
    shown = sb.circuit(text).derive(view=view).at(**at).to_text()
    assert shown.splitlines()[-1] == f"  {says}"


@pytest.mark.parametrize(
    ("text", "at"), [("f = 1/x", {"x": float("nan")}), ("f = w*x", {"w": 1, "x": 2})]
)
def test_what_is_given_and_what_is_finite_need_no_reason(text, at):
    assert "no finite value" not in sb.circuit(text).derive().at(**at).to_text()
