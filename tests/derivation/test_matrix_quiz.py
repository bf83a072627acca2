"""Practice on entries of Jacobians and Hessians: right answers, and mistakes that are named."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.derivation.practice.session import practise
from symback.errors import CircuitError, UnknownName, Unsupported

TEXT = "f = exp(w*x)*b + sin(w)"
ARM = "q1: param; q2: param; x: output = cos(q1) + cos(q1 + q2)/2; y: output = sin(q1); loss: none"


def hessian_quiz(**options):
    options = {"level": 3, **options}
    return sb.circuit(TEXT, loss=None).derive(wrt=["w", "b"], order=2).quiz(**options)


ANSWERS = [
    (1, "x**2*exp(w*x)*b - sin(w)", "(1) right"),
    (1, "b*x^2 exp(w x) - sin(w)", "(1) right"),
    (1, "sin(w) - x**2*exp(w*x)*b", "the sign is wrong; how does ∂f/∂w change when w grows?"),
    (1, "x*exp(w*x)*b + cos(w)", "that is ∂f/∂w, the first partial"),
    (2, "x*exp(w*x)", "(2) right"),
    (2, "2*x*exp(w*x)", "that is twice the entry"),
    (2, "x*exp(w*x)/2", "that is half of the entry"),
    (3, "0", "(3) right"),
    (3, "1", "that does not equal ∂²f/∂b²"),
]


@pytest.mark.parametrize(("number", "answer", "said"), ANSWERS)
def test_entries_of_a_hessian(number, answer, said):
    grade = hessian_quiz().answer(number, answer)
    assert said in str(grade) and grade.right == ("right" in said)


def test_terms_of_one_kind_alone_are_named():
    """∂²f/∂x² of f = u², u = x³: 2·(3x²)² is the curvature of f, 2u·6x the slope of f."""
    found = sb.circuit("u = x**3, f = u**2", loss=None).derive(wrt="x", order=2).quiz()
    assert found.answer(1, "30*x**4").right
    for part in ("18*x**4", "12*x**4"):
        assert "terms are missing" in str(found.answer(1, part))


def test_entries_of_a_jacobian_name_the_edge():
    circuit = sb.circuit(ARM.replace("; ", "\n"))
    found = circuit.derive(jacobian=True).quiz(level=3)
    assert [str(q) for q in found.questions][:2] == ["(1) ∂x/∂q1 =", "(2) ∂x/∂q2 ="]
    assert found.answer(1, "-sin(q1) - sin(q1 + q2)/2").right
    wrong = found.answer(2, "sin(q1 + q2)/2")
    assert wrong.edge == ("x_3", "x_2") and "the sign is wrong" in str(wrong)
    assert found.answer(4, "0").right


def test_entries_of_arrays():
    circuit = sb.circuit("x: input[2]; w: param[2]\nf = dot(w, x)**2\nloss: none")
    found = circuit.derive("f", "w", order=2).quiz(level=3)
    assert found.answer(2, "2*x_0*x_1").right and not found.answer(2, "x_0*x_1").right


def test_levels_blank_more_and_hide_the_answers():
    texts = [str(hessian_quiz(level=level)) for level in (1, 2, 3)]
    assert [text.count("______") for text in texts] == [1, 2, 3]
    assert "∂²f/∂w∂b = (2) ______" in texts[2] and "x·exp" not in texts[2]
    assert hessian_quiz().to_text(ascii=True).isascii()
    assert hessian_quiz(level=1).text == hessian_quiz(level=1).text
    other = hessian_quiz().variant("partials", 1, 5, 1)
    assert len(other.questions) == 1


def test_solutions_are_answers():
    found = hessian_quiz()
    answers = {q.number: found.solution(q.number) for q in found.questions}
    assert found.grade(answers).passed
    lines = iter([found.solution(1), "oops(", ""])
    marks = practise(found, lambda prompt: next(lines, None), lambda text: None)
    assert marks.right == 1


def test_what_is_refused():
    with pytest.raises(CircuitError, match="no quiz 'rules' of a matrix"):
        hessian_quiz(kind="rules")
    with pytest.raises(CircuitError, match="at least one blank"):
        hessian_quiz(blanks=0)
    with pytest.raises(UnknownName, match="no node 'q'"):
        hessian_quiz().answer(1, "q")
    arrays = sb.circuit("x: input[n]; w: param[n]\nf = dot(w, x)**2\nloss: none")
    with pytest.raises(Unsupported, match="declare shapes in numbers"):
        arrays.derive("f", order=2).quiz()


def test_the_command_asks_for_entries():
    options = ["quiz", "f = w1*(1 - exp(-w2*x))", "--params", "w1,w2", "--level", "3"]
    found = CliRunner().invoke(cli, [*options, "--hessian"], input="0\nx*exp(-w2*x)\n1\n")
    assert "(1) right" in found.output and "2 of 3 right" in found.output
    found = CliRunner().invoke(cli, [*options, "--jacobian"], input="1 - exp(-w2*x)\n")
    assert "(1) right" in found.output and "1 of 2 right" in found.output
