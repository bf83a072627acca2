"""An optimiser's update for people and programs: text, LaTeX, Markdown, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from sympy import Expr

from symback.autodiff.updates import GRADIENT, NEXT, THETA, Update, UpdateSetting
from symback.codegen.numpy.update import ordered, printer_of
from symback.derivation.text.normal import ascii_words, folded
from symback.printing.circuit_text import NotationPrinter
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.text import AsciiPrinter, TextPrinter

WIDTH = 96
SCHEMA = "symback-update/1"


def to_text(update: Update, *, ascii: bool = False) -> str:
    """Title, source, formulas line by line, the closed form, and what each name is.

    >>> import symback as sb
    >>> print(to_text(sb.update("momentum")), end="")
    Momentum, the heavy ball
    B. T. Polyak (1964): Some Methods of Speeding up the Convergence of Iteration Methods. As in
    PyTorch: eta multiplies the whole momentum, so that a new eta acts at once; for a constant eta
    it is the form of Sutskever et al. (2013), whose v is -eta*m.
    <BLANKLINE>
    One step
      m_next = mu·m + g
      theta_next = theta − eta·m_next
    <BLANKLINE>
    Closed form
      theta_next = theta − eta·(mu·m + g)
    <BLANKLINE>
    Of each parameter
      theta       the parameter
      g           its gradient
      m           the momentum: the gradients so far, old ones fading
      m_next      m after the step; it starts at 0
      theta_next  the parameter after the step
    <BLANKLINE>
    Shared by all
      eta  the step width; 0 ≤ eta
      mu   how much of the momentum is kept; 0 ≤ mu < 1; 0.9 by default
    """
    printer = printer_of(AsciiPrinter if ascii else TextPrinter, update)
    lines = [f"{node.name} = {printer.print(node.formula)}" for node in update.nodes]
    closed = folded(f"{update.circuit.output} = ", printer.print(update.closed))
    sections = [
        ("One step", lines),
        ("Closed form", closed),
        ("Of each parameter", _table(_of_each(update))),
        ("Shared by all", _table([(s.name, _sentence(s)) for s in ordered(update)])),
    ]
    rule = update.rule
    parts = [
        "\n".join([rule.title, *wrap(f"{rule.source}. {rule.form}", WIDTH, break_on_hyphens=False)])
    ]
    parts += ["\n".join([title, *(f"  {row}" for row in rows)]) for title, rows in sections]
    text = "\n\n".join(parts) + "\n"
    return ascii_words(text) if ascii else text


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"{name:{width}}  {meaning}" for name, meaning in rows]


def _of_each(update: Update) -> list[tuple[str, str]]:
    """What each parameter has: names and what they are."""
    state = update.rule.state
    return [
        (THETA, "the parameter"),
        (GRADIENT, "its gradient"),
        *state.items(),
        *((f"{name}{NEXT}", f"{name} after the step; it starts at 0") for name in state),
        (f"{THETA}{NEXT}", "the parameter after the step"),
    ]


def _sentence(setting: UpdateSetting) -> str:
    default = "" if setting.default is None else f"; {setting.default!r} by default"
    return f"{setting.meaning}; {setting.range}{default}"


def to_latex(update: Update) -> str:
    """One align* environment, to be used with the package amsmath."""
    body = " \\\\\n".join(f"  {row}" for row in _rows(update))
    return f"% {update.rule.title}\n\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def to_markdown(update: Update) -> str:
    """A heading, the displayed formulas and two lists, as notebooks and web pages render them."""
    body = " \\\\\n".join(_rows(update))
    each = [f"- `{name}`: {meaning}" for name, meaning in _of_each(update)]
    shared = [f"- `{s.name}`: {_sentence(s)}" for s in ordered(update)]
    parts = [
        f"**{update.rule.title}**",
        f"{update.rule.source}. {update.rule.form}",
        f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$",
        "Of each parameter:",
        "\n".join(each),
        "Shared by all:",
        "\n".join(shared),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(update: Update) -> list[str]:
    printer = printer_of(LatexPrinter, update)
    return [f"{name_in_latex(n.name)} &= {printer.print(n.formula)}" for n in update.nodes]


def to_json(update: Update) -> str:
    """The rule for other programs; expressions in circuit text and in print."""
    notation, text = printer_of(NotationPrinter, update), printer_of(TextPrinter, update)

    def both(expr: Expr) -> dict[str, str]:
        return {"text": notation.print(expr), "print": text.print(expr)}

    content: dict[str, Any] = {
        "schema": SCHEMA,
        "name": update.name,
        "title": update.rule.title,
        "source": update.rule.source,
        "form": update.rule.form,
        "circuit": update.text,
        "steps": [{"node": n.name, **both(n.formula)} for n in update.nodes],
        "closed": both(update.closed),
        "state": [
            {"name": name, "next": f"{name}{NEXT}", "initial": 0.0, "meaning": meaning}
            for name, meaning in update.rule.state.items()
        ],
        "settings": [
            {"name": s.name, "meaning": s.meaning, "default": s.default, "range": s.range}
            for s in ordered(update)
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
