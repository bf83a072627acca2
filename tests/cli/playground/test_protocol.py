"""What the playground answers is what the library and the command line give, refusals included."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import symback as sb
from symback.cli.main import cli
from symback.cli.playground.protocol import ASKS, EXAMPLES, LONGEST_TEXT, MOST_NODES, answer
from symback.errors import SymbackError
from tests.cases import hostile_corpus as corpus
from tests.cases.one_in import one_in
from tests.cases.watch import nothing_done

IN_LATEX = r"f = \frac{1}{x}"  # refused as text; the playground reads both
TEXTS = [text for text in corpus.TEXTS.strip("\n").split("\n") if text != IN_LATEX]
HOSTILE = [*corpus.CODE, *TEXTS, *corpus.GRAMMAR]
L6B = EXAMPLES["L6b: multiple paths"]


@pytest.mark.parametrize("name", one_in(3, EXAMPLES, 1))
def test_derivations_are_those_of_the_command_line(name):
    text = EXAMPLES[name]
    asked = answer({"ask": "derive", "text": text})
    printed = CliRunner().invoke(cli, ["derive", text, "--of", asked["of"]])
    assert asked["text"].rstrip() == printed.stdout.rstrip()
    assert asked["verified"]
    json.dumps(asked)


def test_roles_that_were_inferred_are_named():
    found = answer({"ask": "derive", "text": "f = w*x"})
    assert found["inferred"] == {"w": "param", "x": "input"}
    assert answer({"ask": "derive", "text": "f = wx + b"})["warnings"]


def test_a_text_with_a_backslash_is_read_as_latex():
    for latex, text in ((r"\sigma(w x)", "f = σ(w*x)"), (r"f = \frac{1}{x}", "f = 1/x")):
        found = answer({"ask": "derive", "text": latex})
        assert found.pop("notation") == "latex"
        same = answer({"ask": "derive", "text": text})
        assert same.pop("notation") == "text" and found == same


def test_options_are_those_of_the_command_line():
    options = {"of": "x2", "wrt": "w3, x3", "view": "accumulation", "at": {"x3": 0.5}}
    options["at"] |= {"x4": -1.0, "w3": 2.0, "w4": 0.25}
    at = [word for name, x in options["at"].items() for word in ("--at", f"{name}={x}")]
    arguments = ["derive", L6B, "--of", "x2", "--wrt", "w3", "--wrt", "x3"]
    printed = CliRunner().invoke(cli, [*arguments, "--view", "accumulation", *at])
    found = answer({"ask": "derive", "text": L6B, **options})
    assert found["text"].rstrip() == printed.stdout.rstrip()


@pytest.mark.parametrize("language", answer({"ask": "hello"})["languages"])
def test_code_is_that_of_the_library(language):
    found = answer({"ask": "code", "text": L6B, "language": language})
    assert found == {"code": sb.circuit(L6B).code(language)}


@pytest.mark.parametrize("name", ["L5: activation", "Network of arrays"])
def test_code_is_of_the_node_that_is_derived(name):
    text = EXAMPLES[name]
    of = answer({"ask": "derive", "text": text})["of"]
    assert answer({"ask": "code", "text": text}) == {"code": sb.circuit(text).code(of=of)}


def test_pages_pictures_modules_and_verdicts_are_those_of_the_library():
    circuit = sb.circuit(L6B)
    assert answer({"ask": "page", "text": L6B})["html"] == circuit.derive().to_html()
    assert answer({"ask": "picture", "text": L6B})["svg"] == circuit.draw()
    assert answer({"ask": "module", "text": L6B})["code"] == circuit.generate()
    found = answer({"ask": "check", "text": L6B})
    assert found["passed"] and found["report"] == str(circuit.check())


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", one_in(10, HOSTILE))
def test_hostile_texts_are_refused_as_in_the_library(text):
    notation = "latex" if "\\" in text else "text"
    with pytest.raises(SymbackError) as refused:
        sb.circuit(text, notation=notation)
    with nothing_done():
        found = answer({"ask": "derive", "text": text})
    error = refused.value
    assert found == {
        "error": {"message": str(error), "line": error.line, "column": error.column},
    }


@pytest.mark.parametrize("ask", [n for n, a in ASKS.items() if a.options and n != "derive"])
def test_every_kind_of_request_refuses_them(ask):
    options = {"data": "x\n1\n"} if ask == "descent" else {}
    for text in HOSTILE[::25]:
        assert answer({"ask": ask, "text": text, **options}).keys() == {"error"}


@pytest.mark.parametrize("option", ["of", "wrt", "view", "language", "target"])
def test_hostile_options_are_refused(option):
    ask = next(n for n, a in ASKS.items() if option in a.options)
    for text in corpus.CODE[:12]:
        found = answer({"ask": ask, "text": "f = w*x", option: text})
        assert len(found["error"]["message"]) <= 200


REQUESTS = [
    (None, "a request is a JSON object"),
    (["derive"], "a request is a JSON object"),
    ({}, "'ask' is one of hello, derive, "),
    ({"ask": ["derive"]}, "'ask' is one of "),
    ({"ask": "eval", "text": "1"}, "'ask' is one of "),
    ({"ask": "derive", "text": "f = x", "path": "/etc/passwd"}, "'derive' takes no 'path'"),
    ({"ask": "derive", "text": 1}, "'text' is not a str"),
    ({"ask": "derive"}, "'derive' needs 'text'"),
    ({"ask": "descent", "text": "f = w*x"}, "'descent' needs 'data'"),
    ({"ask": "derive", "text": "x" * (LONGEST_TEXT + 1)}, "'text' has more than 20000 characters"),
    ({"ask": "derive", "text": "f = x", "at": {"q": 1}}, "'q' is not an input or parameter"),
    ({"ask": "derive", "text": "f = x", "at": {"x": "a"}}, "'x' takes a number, not 'a'"),
    ({"ask": "page", "text": "f = x", "view": "gates"}, "'view' is one of paths, accumulation"),
    ({"ask": "code", "text": "f = x", "language": "../c"}, "no language '../c'"),
    ({"ask": "module", "text": "f = x", "target": "/tmp"}, "no target '/tmp'"),
]


@pytest.mark.parametrize(("request_", "says"), REQUESTS)
def test_requests_outside_the_protocol_are_refused(request_, says):
    assert says in answer(request_)["error"]["message"]


def test_a_circuit_too_large_to_be_shown_is_refused():
    lines = [f"v{i} = v{i - 1} + x" for i in range(1, MOST_NODES + 1)]
    found = answer({"ask": "derive", "text": "\n".join(["v0 = x*x", *lines])})
    assert found["error"]["message"].endswith(
        f"the playground shows {MOST_NODES}; use symback derive"
    )


# -- data ----------------------------------------------------------------------------------------

LINE = EXAMPLES["Line"]
TABLES = [
    ("", "the table is empty"),
    ("x,y\n", "the table has no rows"),
    ("x,y,x\n1,2,3\n", "line 1: two columns are named 'x'"),
    ("x,z\n1,2\n", "the table has no column 'y'"),
    ("x,y\n1,2\n3\n", "line 3 has 1 fields, the header 2"),
    ("x,y\n1,nan\n", "line 2, column y: 'nan' is not a number"),
    ("x,y\n1,1e999\n", "line 2, column y: '1e999' is not a number"),
    ("x,y\n1,0x10\n", "line 2, column y: '0x10' is not a number"),
    ('x,y\n1,"2\n', "line 2: unexpected end of data"),
]


@pytest.mark.parametrize(("table", "says"), TABLES)
def test_tables_are_read_strictly(table, says):
    assert says in answer({"ask": "descent", "text": LINE, "data": table})["error"]["message"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("f = x", "has no parameters"),
        ("x: input[d]; w: param[d]\nl: loss = sum((w*x)**2)", "a size has a name"),
        ("x: input[2]; w: param[2]\nf = w*x", "'f' is an array"),
    ],
)
def test_what_cannot_descend_is_said(text, says):
    assert says in answer({"ask": "descent", "text": text, "data": "x\n1\n"})["error"]["message"]


def test_a_page_of_descent_has_the_rows_that_were_pasted():
    table = answer({"ask": "table", "text": LINE})["data"]
    html = answer({"ask": "descent", "text": LINE, "data": table})["html"]
    data = json.loads(html.partition('id="page-data">')[2].partition("</script>")[0])
    rows = [tuple(map(float, row.split(","))) for row in table.splitlines()[1:]]
    assert list(zip(data["columns"]["x"], data["columns"]["y"], strict=True)) == rows
    assert data["start"] == {"w": 0.0, "b": 0.0}


@pytest.mark.slow
def test_protocol_needs_no_numpy():
    run = (
        "import sys; sys.modules['numpy'] = None\n"
        "from symback.cli.playground.protocol import answer, EXAMPLES\n"
        "for text in list(EXAMPLES.values())[4::3]:\n"
        "    for ask in ('derive', 'page', 'picture'):\n"
        "        assert 'error' not in answer({'ask': ask, 'text': text}), (ask, text)\n"
        "arrays = EXAMPLES['Network of arrays']\n"
        "assert 'html' in answer({'ask': 'page', 'text': arrays})\n"
        "assert 'html' in answer({'ask': 'see', 'what': 'tangent', 'text': arrays})\n"
        "text = EXAMPLES['Line']\n"
        "table = answer({'ask': 'table', 'text': text})['data']\n"
        "assert 'html' in answer({'ask': 'descent', 'text': text, 'data': table})\n"
        "for language in ('numpy', 'c', 'javascript'):\n"
        "    assert 'code' in answer({'ask': 'code', 'text': text, 'language': language})\n"
        "print(answer({'ask': 'check', 'text': text})['error']['message'])\n"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("this needs numpy, which a browser lacks")
