"""An optimiser's update for people and programs: text, LaTeX, Markdown, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any

from sympy import Expr

from symback.autodiff.updates import GRADIENT, NEXT, THETA, Update, UpdateSetting
from symback.codegen.numpy.update import ordered, printer_of
from symback.derivation.text.normal import ascii_words, folded
from symback.operations.signs import GREEK
from symback.printing.circuit_text import NotationPrinter
from symback.printing.latex import LatexPrinter, name_in_latex
from symback.printing.printer import Printer
from symback.printing.text import AsciiPrinter, TextPrinter

WIDTH = 96
SCHEMA = "symback-update/1"


def to_text(update: Update, *, ascii: bool = False) -> str:
    """Title, source, formulas line by line, the closed form, and what each name is.

    Step t leads from θ_t to θ_{t+1}, with the gradient of a batch of b samples. In ASCII the names
    are those of the generated module.

    >>> import symback as sb
    >>> print(to_text(sb.update("momentum")), end="")
    Momentum, the heavy ball
    B. T. Polyak (1964): Some Methods of Speeding up the Convergence of Iteration Methods. As in
    PyTorch: eta multiplies the whole momentum, so that a new eta acts at once; for a constant eta
    it is the form of Sutskever et al. (2013), whose v is -eta*m.
    <BLANKLINE>
    One step
      g_t = (1/b)·Σ ∇l(θ_t, x_i, y_i), i = 1, …, b
      m_{t+1} = μ·m_t + g_t
      θ_{t+1} = θ_t − η_t·m_{t+1}
    <BLANKLINE>
    Closed form
      θ_{t+1} = θ_t − η_t·(μ·m_t + g_t)
    <BLANKLINE>
    Of each parameter
      θ_t      theta       the parameter
      g_t      g           its gradient
      m_t      m           the momentum: exponentially decaying sum of the gradients so far
      m_{t+1}  m_next      m after the step; it starts at 0
      θ_{t+1}  theta_next  the parameter after the step
    <BLANKLINE>
    Shared by all
      η_t  eta  the learning rate; 0 ≤ eta
      μ    mu   how much of the momentum is kept; 0 ≤ mu < 1; 0.9 by default
    """
    printer = _text_printer(update, ascii)
    lines = _lines(update, printer)
    of_batch = "(1/b)*sum of the gradients of l, i = 1 to b" if ascii else OF_BATCH
    closed = folded(
        f"{_sign(printer, str(update.circuit.output.name))} = ", printer.print(update.closed)
    )
    sections = [
        ("One step", [f"{_sign(printer, GRADIENT)} = {of_batch}", *lines]),
        ("Closed form", [] if closed == lines else closed),
        ("Of each parameter", _table(printer, _of_each(update))),
        ("Shared by all", _table(printer, [(s.name, _sentence(s)) for s in ordered(update)])),
    ]
    rule = update.rule
    parts = [
        "\n".join([rule.title, *wrap(f"{rule.source}. {rule.form}", WIDTH, break_on_hyphens=False)])
    ]
    parts += ["\n".join([title, *(f"  {row}" for row in rows)]) for title, rows in sections if rows]
    text = "\n\n".join(parts) + "\n"
    return ascii_words(text) if ascii else text


def step_in_text(update: Update) -> list[str]:
    """The formulas of one step, line by line.

    >>> import symback as sb
    >>> step_in_text(sb.update("rmsprop"))
    ['v_{t+1} = ρ·v_t + (1 − ρ)·g_t²', 'θ_{t+1} = θ_t − η_t·g_t/(√v_{t+1} + ε)']
    """
    return _lines(update, _text_printer(update))


def _text_printer(update: Update, ascii: bool = False) -> Printer:
    printer = printer_of(AsciiPrinter if ascii else TextPrinter, update)
    printer.signs = {} if ascii else _signs(update, sign_in_text, "(t + 1)")
    return printer


def _lines(update: Update, printer: Printer) -> list[str]:
    return [f"{_sign(printer, n.name)} = {printer.print(n.formula)}" for n in update.nodes]


OF_BATCH = "(1/b)·Σ ∇l(θ_t, x_i, y_i), i = 1, …, b"
"""The gradient that a step is given: that of the mean loss of a batch."""
OF_BATCH_LATEX = r"\frac{1}{b} \sum_{i=1}^{b} \nabla l(\theta_t, x_i, y_i)"
_LETTERS = {name.rstrip("_"): letter for letter, name in reversed(GREEK.items())}


def _signs(update: Update, sign: Callable[[str, str], str], step: str) -> dict[str, str]:
    """How names are written: with the step's number where they change from step to step.

    `step` is the name t of the rules, which count from 1.
    """
    state = [THETA, GRADIENT, *update.rule.state]
    signs = {name: sign(name, "t") for name in [*state, "eta"]}
    signs |= {f"{name}{NEXT}": sign(name, "t+1") for name in state}
    others = [n.name for n in update.nodes] + [s.name for s in update.rule.settings]
    signs |= {name: sign(name, "") for name in others if name not in signs}
    return signs | {"t": step}


def sign_in_text(name: str, step: str = "") -> str:
    """A name of a rule as its formulas have it: β1 for beta1, θ_{t+1} for theta at step t+1."""
    stem = name.rstrip("0123456789")
    letter = _LETTERS.get(stem, stem) + name[len(stem) :]
    return f"{letter}_{{{step}}}" if len(step) > 1 else f"{letter}_{step}" if step else letter


def _in_latex(name: str, step: str) -> str:
    stem, hat, _ = name.partition("_hat")
    if hat:
        return rf"\hat{{{name_in_latex(stem)}}}_{{t+1}}"
    return f"{name_in_latex(name)}_{{{step}}}" if step else name_in_latex(name)


def _sign(printer: Printer, name: str) -> str:
    return printer.signs.get(name, name)


def _table(printer: Printer, rows: Sequence[tuple[str, str]]) -> list[str]:
    """Sign, name in generated code and meaning of each."""
    width = max(len(name) for name, _ in rows)
    signs = max(len(_sign(printer, name)) for name, _ in rows) if printer.signs else 0
    shown = [f"{_sign(printer, name):{signs}}  " if signs else "" for name, _ in rows]
    return [
        f"{sign}{name:{width}}  {meaning}"
        for sign, (name, meaning) in zip(shown, rows, strict=True)
    ]


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
    """The gradient of the batch, then line by line as a program has it."""
    printer = printer_of(LatexPrinter, update)
    printer.signs = _signs(update, _in_latex, "t+1")
    return [
        rf"{printer.signs[GRADIENT]} &= {OF_BATCH_LATEX}",
        *(f"{printer.signs[n.name]} &= {printer.print(n.formula)}" for n in update.nodes),
    ]


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
