"""Hostile input: whatever a stranger types ends in one SymbackError, at once, with no trace."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

import symback as sb
from symback import errors
from symback.cli.main import cli
from symback.training import train_from_file
from tests.cases import hostile_corpus as corpus
from tests.cases.one_in import one_in
from tests.cases.watch import nothing_done

SOON = 1.0  # seconds of CPU, of which most is the start of the parser
TEXTS = [*corpus.CODE, *corpus.TEXTS.strip("\n").split("\n"), *corpus.LOOPS]


@pytest.fixture(autouse=True, scope="module")
def everything_is_loaded():
    """What libraries import late is imported."""
    sb.circuit("x: input[3]; W: param[2, 3]\nf = sum(W @ x)")
    sb.circuit("f = max(x, 1/3, sqrt(2))*where(x > 1/2 & x < 3, exp(x), log(3))")
    CliRunner().invoke(cli, ["derive", "f = w*x", "--at", "q=1", "--wrt", "q"])
    CliRunner().invoke(cli, ["derive", "f = w*x", "--wrt"])


@pytest.fixture(autouse=True)
def nothing_happens(tmp_path, monkeypatch):
    """The folder is empty and no warning is given."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def assert_refused(run, seconds=SOON, watched=True):
    """A SymbackError of at most 200 characters, soon, and nothing done."""
    start = time.process_time()
    with pytest.raises(errors.SymbackError) as caught:
        if watched:
            with nothing_done():
                run()
        else:
            run()
    spent = time.process_time() - start
    message = str(caught.value)
    assert 0 < len(message) <= 200
    assert all(c.isprintable() or c == "\n" for c in message)
    assert message.count("\n") in (0, 2)
    assert caught.value.__cause__ is None
    assert spent < seconds
    return caught.value


# -- circuit text ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", one_in(2, TEXTS))
def test_text_is_refused(text):
    assert_refused(lambda: sb.circuit(text))


@pytest.mark.parametrize("text", corpus.CODE)
def test_code_is_refused_with_its_place(text):
    error = assert_refused(lambda: sb.circuit(text))
    assert error.line is not None and error.column is not None
    for frame in ("f = x + {}", "f = sin({})", "g(u) = {}\nf = g(x)", "w: param = {}\nf = w*x"):
        assert_refused(lambda frame=frame: sb.circuit(frame.format(text)))
    assert_refused(lambda: sb.circuit("f = w*x", loss=text))
    assert_refused(lambda: sb.circuit("f = w*x", params=[text]))


@pytest.mark.parametrize("name", corpus.CHARACTERS)
def test_characters_that_hide_are_refused_with_their_place(name):
    error = assert_refused(lambda: sb.circuit(corpus.CHARACTERS[name]))
    assert error.line is not None and error.column is not None


def test_hidden_characters_are_found_where_they_are():
    error = assert_refused(lambda: sb.circuit("f = x\n# and\ng = f  # \u202e"))
    assert (error.line, error.column) == (3, 10)


@pytest.mark.parametrize("number", corpus.NUMBERS)
def test_bad_numbers_are_refused(number):
    for frame in ("{}", "f = x + {}", "w: param = {}\nf = w*x"):
        assert_refused(lambda frame=frame: sb.circuit(frame.format(number)))


@pytest.mark.parametrize(("number", "value"), corpus.GOOD_NUMBERS.items())
def test_good_numbers_are_accepted(number, value):
    assert sb.circuit(f"f = x*{number}").output.expr == sp.Symbol("x", real=True) * value


@pytest.mark.parametrize("name", one_in(2, corpus.SIZE))
def test_size_is_refused_in_bounded_time(name):
    assert_refused(lambda: sb.circuit(corpus.SIZE[name]), seconds=3)


@pytest.mark.parametrize("text", corpus.UNEXPANDED)
def test_large_powers_are_accepted_unexpanded(text):
    start = time.process_time()
    c = sb.circuit(text)
    assert sb.circuit(str(c)) == c
    assert len(c.gradient()) == len(c.leaves)
    assert len(c.generate()) < 50_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize("text", corpus.GRAMMAR)
def test_broken_grammar_is_refused(text):
    assert_refused(lambda: sb.circuit(text))


@pytest.mark.parametrize(("text", "same"), corpus.PRECEDENCE.items())
def test_precedence_is_accepted(text, same):
    assert sb.circuit(text).output.expr == sb.circuit(same).output.expr


@pytest.mark.parametrize("text", corpus.DOMAIN)
def test_constants_outside_their_domain_are_refused(text):
    error = assert_refused(lambda: sb.circuit(text))
    assert isinstance(error, errors.DomainError)


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", corpus.BAD_NAMES)
def test_bad_names_are_refused(name):
    for frame in ("{}: input\nf = x*{}", "{} = 2*x\nf = {} + 1", "f = x\n{}: param"):
        assert_refused(lambda frame=frame: sb.circuit(frame.replace("{}", name)))
    x = sp.Symbol("x")
    if name != "":
        assert_refused(lambda: sb.Circuit.from_sympy(sp.Symbol(name) * x))
        assert_refused(lambda: sb.Circuit.from_sympy([(sp.Symbol(name), 2 * x)]))
    assert_refused(lambda: sb.Circuit.from_sympy(2 * x, name=name))
    assert_refused(lambda: sb.Circuit.from_sympy({name: 2 * x}))


@pytest.mark.parametrize("name", ["rng", "vector", "len", "float", "np", "__class__", "lambda"])
def test_sizes_have_names_that_the_module_leaves_free(name):
    assert_refused(lambda: sb.circuit(f"x: input[{name}]\nf = sum(x)"))
    matrix = sp.MatrixSymbol("A", sp.Symbol(name), 2)
    assert_refused(lambda: sb.Circuit.from_sympy(sp.Trace(matrix.T * matrix)))


@pytest.mark.parametrize("name", corpus.GOOD_NAMES)
def test_good_names_are_accepted(name):
    symbol, q = sp.symbols([name, "q"])
    typed = sb.circuit(f"f = {name}*q", loss=None)
    given_ = sb.Circuit.from_sympy(symbol * q, loss=None)
    assert typed.output.expr == given_.output.expr
    assert {n.name for n in typed.leaves} == {name, "q"}
    module = sb.circuit(f"{name} = 3*q", loss=None).compile()
    assert module.forward(module.Params(), module.Inputs(2.0))[0] == 6.0


BUILTINS = "list zip range dict tuple int str type print n b l rows sys index count".split()
NAMED = {
    "an array": "{name}: input[d]; w: param[d]\nf = mean(tanh(w*{name}))",
    "a size": "x: input[{name}]; w: param[{name}]\nf = mean(tanh(w*x))",
}


@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("name", BUILTINS)
def test_names_of_python_are_nodes_without_harm(name, what):
    """What a name covers in a function of the module, that function must not need."""
    circuit = sb.circuit(NAMED[what].format(name=name), loss=None)
    module = circuit.compile()
    params = module.init_params(np.random.default_rng(0), **{str(circuit.size_names[0]): 3})
    inputs = module.Inputs(np.ones((4, 3)))
    assert module.sgd(params, inputs, learning_rate=0.1)[1].shape == (1,)
    assert np.isfinite(module.value_and_grad(params, inputs)[0])


@pytest.mark.parametrize("name", ["sum", "abs"])
def test_names_of_operations_are_refused_for_arrays(name):
    assert_refused(lambda: sb.circuit(NAMED["an array"].format(name=name), loss=None))


@pytest.mark.parametrize(
    "run",
    [
        lambda c, n: c.partial(n),
        lambda c, n: c.partial("f", n),
        lambda c, n: c.gradient(n),
        lambda c, n: c.gradient()[n],
        lambda c, n: c[n],
        lambda c, n: c.generate(target=n),
        lambda c, n: c.draw(of=n),
        lambda c, n: c.partial("w").at(**{n: 1.0}).to_text(),
    ],
)
@pytest.mark.parametrize("name", corpus.NODES)
def test_names_given_to_methods_are_checked(run, name):
    circuit = sb.circuit("f = w*x")
    assert_refused(lambda: run(circuit, name))


# -- SymPy and options -------------------------------------------------------------------------


@pytest.mark.parametrize("name", corpus.SYMPY)
def test_sympy_is_refused(name):
    expr = corpus.SYMPY[name]()
    assert_refused(lambda: sb.Circuit.from_sympy(expr))


@pytest.mark.parametrize("name", corpus.SYMPY_SIZE)
def test_large_expressions_are_refused_in_bounded_time(name):
    expr = corpus.SYMPY_SIZE[name]()
    assert_refused(lambda: sb.Circuit.from_sympy(expr), seconds=2)


@pytest.mark.parametrize("value", corpus.NO_TEXTS)
def test_what_is_not_text_is_refused(value):
    assert_refused(lambda: sb.circuit(value))


@pytest.mark.parametrize("option", ["params", "inputs"])
@pytest.mark.parametrize("names", corpus.NAMES_GIVEN)
def test_options_list_names_of_the_circuit(names, option):
    x, w = sp.symbols("x w")
    assert_refused(lambda: sb.circuit("f = w*x", **{option: names}))
    assert_refused(lambda: sb.Circuit.from_sympy(w * x, **{option: names}))


@pytest.mark.parametrize("loss", corpus.LOSSES)
def test_the_loss_is_one_formula(loss):
    assert_refused(lambda: sb.circuit("f = w*x", loss=loss))


def test_a_role_is_given_once():
    assert_refused(lambda: sb.circuit("f = w*x", params=["w"], inputs=["w"]))
    x, w = sp.symbols("x w")
    assert_refused(lambda: sb.Circuit.from_sympy(w * x, params=["w"], inputs=["w"]))


# -- command line ------------------------------------------------------------------------------


def assert_exits(arguments, stdin=None):
    """Exit code 2 and a message, no traceback, no output."""
    result = CliRunner().invoke(cli, arguments, input=stdin, catch_exceptions=True)
    assert result.exit_code == 2, (result.exit_code, result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


@pytest.mark.parametrize("value", corpus.AT)
def test_values_of_at_are_numbers(value):
    with nothing_done():  # x alone, also as nan or inf, determines nothing here
        assert_exits(["derive", "f = sin(w*x)", "--at", value])


def test_a_leaf_has_one_number():
    assert "twice" in assert_exits(["derive", "f = w*x", "--at", "x=1", "--at", "x=2"])


# no name is none too many, and space around a name is nothing
NAMES = ("--wrt", "--of", "--params", "--loss")
HARMLESS = {("--params", ""), *((option, "x\n") for option in NAMES)}
NAMING = [(o, n) for o in NAMES for n in corpus.NODES]


@pytest.mark.parametrize(("option", "name"), [pair for pair in NAMING if pair not in HARMLESS])
def test_options_that_name_nodes_are_checked(option, name):
    with nothing_done():
        assert_exits(["derive", "f = w*x", option, name])


@pytest.mark.parametrize("value", corpus.MAPPED)
def test_columns_are_mapped_by_name(value, tmp_path):
    Path("data.csv").write_text("x,y\n1,2\n2,4\n3,6\n")
    assert_exits(["train", "f = w*x", "--data", "data.csv", "--quiet", "--map", value])
    assert sorted(os.listdir()) == ["data.csv"]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/", "pipe", "nowhere.circuit"])
def test_circuits_are_read_from_files_that_end(path):
    os.mkfifo("pipe")
    assert_exits(["derive", path])


def test_standard_input_is_text():
    assert "UTF-8" in assert_exits(["derive", "-"], stdin=b"\xff\xfe")
    assert_exits(["derive", "-"], stdin="f = __import__('os')")


# -- templates, data and parameters ------------------------------------------------------------


@pytest.mark.parametrize("name", corpus.TEMPLATES)
def test_templates_print_and_do_nothing_else(name):
    folder = Path("mine", "numpy")
    folder.mkdir(parents=True)
    (folder / "train.py.jinja").write_text(corpus.TEMPLATES[name])
    circuit = sb.circuit("f = w*x")
    error = assert_refused(lambda: circuit.generate(template="mine"), seconds=3, watched=False)
    assert isinstance(error, errors.FileRefused)
    assert os.listdir() == ["mine"]


def test_includes_that_double_end():
    folder = Path("mine", "numpy")
    folder.mkdir(parents=True)
    (folder / "train.py.jinja").write_text("{% include 'numpy/a0' %}")
    for i in range(40):
        (folder / f"a{i}").write_text(f"{{% include 'numpy/a{i + 1}' %}}" * 2)
    (folder / "a40").write_text("")
    circuit = sb.circuit("f = w*x")
    assert_refused(lambda: circuit.generate(template="mine"), seconds=3, watched=False)


def test_symbacks_own_templates_are_harmless_by_that_rule(tmp_path):
    """A copy of every template, changed by whoever copied it, renders the same bytes."""
    from symback.codegen.render import templates_folder

    folder = Path("mine", "numpy")
    folder.mkdir(parents=True)
    assert any((templates_folder() / "numpy").iterdir())
    for template in (templates_folder() / "numpy").iterdir():
        (folder / template.name).write_text(template.read_text())
    for text in ("f = x1 - sigma(w3*x3)", "x: input[d]; W: param[k, d]\nf = sum(W @ x)"):
        circuit = sb.circuit(text)
        assert circuit.generate(template="mine") == circuit.generate()


@pytest.mark.parametrize("folder", ["nowhere", "a\0b", "/dev/null", "a\nb"])
def test_template_folders_are_folders(folder):
    circuit = sb.circuit("f = w*x")
    assert_refused(lambda: circuit.generate(template=folder), watched=False)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", ".", "nowhere.csv", "a\0b", ""])
def test_data_are_read_from_tables(path):
    circuit = sb.circuit("f = w*x")
    assert_refused(lambda: train_from_file(circuit, path, quiet=True), watched=False)


def test_hostile_text_is_not_echoed_raw():
    for text in ("x \x1b[31m", "x \u202e y", "x \x07"):
        message = str(assert_refused(lambda text=text: sb.circuit(text)))
        assert all(c.isprintable() or c == "\n" for c in message)
