"""Pages and files of Jacobians and Hessians: the reader's names alone, and every number there is.

Arrays of fixed sizes are written out over their entries; what else the circuit of entries has, such
as a node that stacks its outputs, is not shown to the reader.
"""

import json
import math
import re
import shutil
import subprocess

import pytest

import symback as sb
from symback.codegen.javascript.printer import module
from symback.derivation.numbers.links import reaching
from symback.derivation.page.html import page_text
from symback.derivation.page.matrix import matrix_programs
from symback.derivation.starts import start
from symback.derivation.walks import joined
from tests.cases.derivation_formats import FORMATS

NODE = shutil.which("node")
CASES = {
    **{
        f"layer of {n}": (f"x: input[{n}]; W: param[2, {n}]; h: output = tanh(W @ x)", {})
        for n in (1, 2, 3)
    },
    "layer by its input": ("x: input[2]; W: param[1, 2]; h: output = sigma(W @ x)", {"wrt": "x"}),
    "two of arrays": (
        "x: input[2]; w: param[2]; h: output = tanh(w*x); s: output = sum(h**2)",
        {"wrt": ["w"]},
    ),
    "an inner node and a later one": (
        "w: param; x: input; b: param; u = tanh(w*x + b); v = u**2; f: output = v*sigma(u)",
        {"of": ["u", "f"]},
    ),
    "outputs that no other reads": (
        "w: param; x: input; f: output = tanh(w*x); g: output = exp(w)",
        {},
    ),
    "entries of a list": ("w: param; x: input; f: output = [tanh(w*x), w**2, x]", {}),
    **{
        f"curvature of {n}": (
            f"x: input[{n}]; w: param[{n}]; E: output = sum(tanh(w*x)**2)",
            {"order": 2},
        )
        for n in (1, 3)
    },
    "curvature of a number": ("w: param; x: input; f = tanh(w*x) + w*x**2", {"order": 2}),
}
RUNNER = """
function run(rows, names) {
  for (const row of rows) names.set(row.name, row.value(...row.from.map((n) => names.get(n))));
  return names;
}
"""


def derived(name):
    text, options = CASES[name]
    options = options if "order" in options else {"jacobian": True, **options}
    return sb.circuit(text.replace("; ", "\n"), loss=None).derive(**options)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_shown_that_the_reader_has_not_written(name):
    derivation = derived(name)
    known = {node.name for node in derivation.circuit.leaves}
    nodes = reaching(joined(derivation.walks).circuit, *derivation.row_names)
    boxes = re.findall(r'data-node="([^"]*)"', derivation.to_html())
    assert boxes == [node.name for node in nodes]
    text = derivation.circuit.source if hasattr(derivation.circuit, "source") else ""
    for form in (text, derivation.to_text(), derivation.to_markdown(), derivation.to_latex(),
                 derivation.to_json(), derivation.to_html()):  # fmt: skip
        assert not re.search(r"weighted|\boutputs\b", form)
    assert known >= {*derivation.wrt}


@pytest.mark.parametrize("name", CASES)
def test_the_circuit_beside_the_steps_is_one_that_can_be_read(name):
    derivation = derived(name)
    again = sb.circuit(json.loads(derivation.to_json())["circuit"])
    assert {*derivation.wrt, *derivation.row_names} <= {*map(str, again.nodes), "f_0", "f_1"}


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", CASES)
def test_the_rows_of_the_page_compute_all_that_it_shows(tmp_path, name):
    """Values, the gradient of the first row, local partials and all entries, in Node.js."""
    derivation = derived(name)
    at = start(derivation).values
    printed = matrix_programs(derivation)
    lines = [RUNNER, *module(printed.tables), f"const at = {json.dumps(at)};"]
    lines.append("const v = run(FORWARD, new Map(Object.entries(at)));")
    lines.append(f"run(BACKWARD, v.set({json.dumps(printed.seed)}, 1)); run(ENTRIES, v);")
    lines.append("const found = [...v].map(([name, x]) => [name, x ?? NaN]);")
    lines.append("console.log(JSON.stringify([found, run(LOCAL, v).size]));")
    script = tmp_path / "page.js"
    script.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True)
    found = dict(json.loads(done.stdout)[0])
    assert all(isinstance(x, int | float) and math.isfinite(x) for x in found.values()), found
    values, partials = derivation.at(**at).evaluated()
    for node, value in values.items():
        assert found[node] == pytest.approx(value, rel=1e-12, abs=0.0)
    for left, value in partials.items():
        assert found[" ".join(("whole", *left))] == pytest.approx(value, rel=1e-12, abs=1e-15)
        if len(left) == 2 and left[0] == derivation.row_names[0]:
            adjoint = found.get(printed.adjoints.get(left[1]), 0.0)
            assert adjoint == pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", CASES)
def test_the_table_and_the_picture_have_numbers_before_any_script(name):
    derivation = derived(name)
    page = page_text(derivation)
    for row in page.rows:
        assert row.still[0] != "—"
        assert (row.still[1] != "—") == bool(row.partial) == (row.name in derivation.wrt)
    rows = derivation.row_names
    entries = {(row.of or rows[0], row.name): row.still[1] for row in page.rows if row.partial}
    assert entries.keys() == {(of, name) for of in rows for name in derivation.wrt}
    if derivation.rows:
        partials = derivation.at(**start(derivation).values).evaluated()[1]
        for left, text in entries.items():
            number = float(text.replace("−", "-"))
            assert number == pytest.approx(partials.get(left, 0.0), rel=1e-3, abs=1e-15), left
    numbers = re.findall(r'data-slot="([^"]*)"[^>]*>([^<]*)<', page.picture)
    assert numbers and all(text != "—" for _, text in numbers), numbers
    kinds = {slot.split(" ")[0] for slot, _ in numbers}
    several = len(derivation.row_names) > 1
    assert kinds <= ({"value", "local"} if several else {"value", "adjoint", "contribution"})


LONG = "w: param; b: param; x: input; u = w*x + w*b; f = u/sqrt(1 + w**2*exp(-b*x))*log(1 + u**2)*b"


@pytest.fixture(scope="module")
def long_and_short():
    texts = LONG, LONG.partition("f =")[0] + "f = u**2*b"
    return [sb.circuit(text.replace("; ", "\n"), loss=None).derive(order=2) for text in texts]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_the_entries_that_are_not_written_out(name, long_and_short):
    long, short = long_and_short
    missing = [left for left in long.asked if left not in long.closed]
    assert missing and not [left for left in short.asked if left not in short.closed]
    said = FORMATS[name](long)
    assert said.count("is not written out") == len(missing) == said.count("hessian()")
    assert "not written out" not in FORMATS[name](short)


def test_what_is_said_of_an_entry_that_is_not_written_out_holds(long_and_short):
    long, _ = long_and_short
    with pytest.raises(sb.SymbackError, match="is not written out"):
        _ = long.matrix
    at = {"w": 0.5, "b": 1.5, "x": -0.25}
    partials = long.at(**at).evaluated()[1]
    formulas = sb.circuit(LONG.replace("; ", "\n"), loss=None).hessian(expand=True)
    formulas = formulas.subs({symbol: at[symbol.name] for symbol in formulas.free_symbols})
    for of, a, b in long.asked:
        found = formulas[long.wrt.index(a), long.wrt.index(b)]
        assert float(found) == pytest.approx(partials[of, a, b], rel=1e-9)
