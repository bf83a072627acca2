"""Text that people bring from Python, spreadsheets and books: the message says what to write."""

import pytest

import symback as sb
from symback import errors

x6 = "x: input[6]\n"
W = "W: param[4, 3]; i: input\n"
SAID = [
    # choices and conditions
    ("f = a if c > 0 else b", "where(c, a, b)"),
    ("f = (x if x > 0 else 0) + 1", "where(c, a, b)"),
    ("f = if x > 0 then x else 0", "where(c, a, b)"),
    ("f = x > 0 ? x : 0", "where(condition, a, b) for c ? a : b"),
    ("f = where(x > 0 and y > 0, x, y)", "write a & b"),
    ("f = where(x > 0 or y > 0, x, y)", "write a | b"),
    ("f = where(not x > 0, x, y)", "opposite comparison"),
    ("f = where(not (x > 0), x, y)", "opposite comparison"),
    ("f = where(!(x > 0), x, y)", "opposite comparison"),
    ("f = where(~(x > 0), x, y)", "opposite comparison"),
    ("f = where(x > 0 && y > 0, x, y)", "write one &"),
    ("f = where(x > 0 || y > 0, x, y)", "write one |"),
    ("f = where(logical_and(x > 0, y > 0), x, y)", "write a & b"),
    ("f = where(x = 0, 1, x)", "write == to compare"),
    ("f = where(x is 0, 1, x)", "write == to compare"),
    ("f = x and y", "write a & b, inside where(condition, a, b)"),
    ("f = where x > 0, x, y", "write where(…)"),
    ("f = x ≠ 0", "write !="),
    # what is not finite
    ("f = where(m > 0, z, -inf)", "'inf' can't stand in a formula: write a large number"),
    ("f = where(m > 0, z, -np.inf)", "'inf' can't stand in a formula: write a large number"),
    ("f = where(m > 0, z, -oo)", "'oo' can't stand in a formula: write a large number"),
    ("f = where(m > 0, z, -∞)", "∞ can't stand in a formula: write a large number"),
    ("f = where(m > 0, z, nan)", "'nan' can't stand in a formula"),
    # brackets
    ("f = exp[x]", "'exp' is a function; write exp(…)"),
    ("f = 2*sin[x + 1]", "'sin' is a function; write sin(…)"),
    (x6 + "f = sum[x]", "'sum' is a function; write sum(…)"),
    ("g(u) = u**2; f = g[x]", "'g' is a function; write g(…)"),
    ("f = exp{x}", "use ( in place of '{'"),
    ("f = sin x", "operator is missing before 'x'; write sin(x)"),
    (x6 + "f = sum(median(x, (2, 3)))", "operands stand one by one"),
    (x6 + "f = sum((x, x))", "operands stand one by one"),
    ("f = max((x, y))", "operands stand one by one"),
    ("f = max([x, y)", "a '[' is not closed"),
    ("f = [x, y", "a '[' is not closed"),
    ("f = []", "an empty list"),
    # indices
    (x6 + "f = sum(x[0:4:2:1])", "start:stop:step"),
    (W + "f = sum(W[::2:2, 1])", "start:stop:step"),
    (W + "f = sum(W[i, :])", "an index from data stands alone and first: write W[i][j] for"),
    (W + "f = sum(W[...][..., ...])", "... stands once in an index"),
    ("f = x[0]", "declare an array: x: input[3]"),
    (W + "f = sum(sum(W, dims=1))", "is not an option of sum; it has axis"),
    # code
    ("f = np.exp(x)", "write exp(…) without 'np.'"),
    ("f = math.exp(x)", "write exp(…) without 'math.'"),
    ("f = Math.exp(x)", "write exp(…) without 'Math.'"),
    (x6 + "f = x.sum()", "write sum(x) for x.sum()"),
    ("f = sum(lambda x: x)", "a function is one line"),
    ("def f(x): return x", "a function is one line"),
    ("f = sum(x for x in y)", "a loop is a line of its own"),
    ("for i in range(3): h = x", "its block stands on the lines below"),
    ("for i in 1:3", "for t in range(1, 9):"),
    ("import numpy", "a circuit has formulas only"),
    ("x: input(3)", "a shape stands in [ ]"),
    ("f = 1_000*x", "write 1000"),
    ("f = x // 2", "write / for a quotient"),
    (W + "f = sum(W')", "write W.T for the transpose"),
    ("f = sum((x + y)')", "write .T for the transpose"),
    ("f = relu'(0)", "a formula cannot contain the derivative relu'; a line of its own states one"),
    ("f = σ'(x)*x", "a formula cannot contain the derivative σ'; a line of its own states one"),
    ("f = sum(tanh')", "a formula cannot contain the derivative tanh'"),
    ("f = exp''(x)", "a formula cannot contain the derivative exp'"),
    ("f = g'(2)", "as relu'(0) = 1; write g.T for the transpose"),
    (W + "f = sum(W^T)", "write x.T for the transpose"),
    # signs of books
    ("f = √x", "write sqrt(u)"),
    ("f = x ÷ 2", "write / for ÷"),
    ("f = ∂y/∂x", "without ∂"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), SAID)
def test_the_message_says_what_to_write(text, words):
    with pytest.raises(errors.SymbackError) as caught:
        sb.circuit(text)
    message = str(caught.value)
    assert words in message.splitlines()[0], message
    assert caught.value.line is not None and len(message) <= 200


WITHOUT_AN_OPERAND = (
    ("f = sigma(w*x + )", "an operand is missing before ')'", 17),
    ("f = sin(-)", "an operand is missing before ')'", 10),
    ("f = max(w, )", "an operand is missing before ')'", 12),
    ("f = a*(b - c*(d + ))", "an operand is missing before ')'", 19),
    ("f = ((a+)", "an operand is missing before ')'", 9),
    ("f = where(a < b, c, )", "an operand is missing before ')'", 21),
    ("f = [a, b + ]", "an operand is missing before ']'", 13),
    ("f = x[1 + ]", "an operand is missing before ']'", 11),
    ("f = |a + |", "an operand is missing between two '|'", 11),
    ("f = |a + | + b", "an operand is missing between two '|'", 15),
    ("f = |a| +", "the expression is incomplete", 10),
    ("f = a + b)", "')' without '('", 10),
    ("f = a + )", "')' without '('", 9),
    ("f = (a + ])", "']' without '['", 10),
    ("f = x[1)", "a '[' is not closed", 8),
    ("f = x[1:4]", "'x' is not defined; define it, or declare an array: x: input[3]", 5),
    ("f = a + x[...]", "'x' is not defined; define it, or declare an array: x: input[3]", 9),
)


@pytest.mark.parametrize(("text", "words", "column"), WITHOUT_AN_OPERAND)
def test_a_missing_operand_is_no_missing_bracket(text, words, column):
    with pytest.raises(errors.SymbackError) as caught:
        sb.circuit(text)
    assert str(caught.value).startswith(f"line 1, column {column}: {words}\n")


@pytest.mark.parametrize("word", ["le", "gt", "equal", "less"])
def test_names_of_comparisons_may_be_names(word):
    assert sb.circuit(f"f = 2*{word}").inputs == (word,)


def test_a_number_with_a_negative_exponent_is_told_from_the_name_behind_it():
    with pytest.raises(errors.CircuitSyntaxError, match=r"write 2\.5e-3\*w_1\n"):
        sb.circuit("f = 2.5e-3w_1")
