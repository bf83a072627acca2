"""The kept tables of the parser are those of the grammar, and read what the grammar reads."""

import json
from pathlib import Path

import lark
import pytest
from lark.exceptions import UnexpectedInput

from symback.language import parser
from symback.language.explain import explain
from symback.language.syntax import CircuitLayout, CircuitReader
from symback.language.terms import Refused
from tools.regenerate import tables

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "symback" / "language" / parser.TABLES
TEXTS = [p.read_text(encoding="utf-8") for p in sorted(ROOT.glob("examples/**/*.circuit"))]
WRONG = [
    "f = (x",
    "x: input[",
    "f = x +",
    "f = |x",
    "f = x y z(",
    "relu'(0",
    "for t in",
    "f = 3 $ x",
]


def test_the_tables_are_of_this_grammar():
    made_with, grammar = json.loads(KEPT.read_text(encoding="utf-8"))["made_from"]
    assert grammar == parser.made_from(parser.text_of(parser.GRAMMAR))[1]
    if made_with != f"lark {lark.__version__}":
        pytest.skip(f"the tables are of {made_with}")
    assert KEPT.read_text(encoding="utf-8") == tables()


def read(made, text):
    try:
        return made.parse(text)
    except Refused as error:
        return error.message, error.at
    except UnexpectedInput as error:
        return explain(text, error)


def test_both_roads_read_the_same():
    made = parser.fresh(parser.text_of(parser.GRAMMAR), CircuitReader(), CircuitLayout())
    kept = parser.parser(CircuitReader(), CircuitLayout())
    assert len(TEXTS) > 20
    for text in [*TEXTS, *WRONG]:
        assert repr(read(kept, text)) == repr(read(made, text))


def test_another_grammar_or_lark_has_tables_of_its_own(monkeypatch):
    monkeypatch.setattr(parser, "made_from", lambda grammar: ["another"])
    assert parser.parser(CircuitReader(), CircuitLayout()).source_path != "<deserialized>"
    monkeypatch.undo()
    assert parser.parser(CircuitReader(), CircuitLayout()).source_path == "<deserialized>"
