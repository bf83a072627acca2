"""Write the modules in generated/ anew from their circuits, and the tables of the grammar's parser.

--check only reports what is stale.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

from lark.grammar import Rule
from lark.lexer import TerminalDef

import symback as sb
from symback.codegen.files import write
from symback.codegen.generate import render_files
from symback.language.parser import GRAMMAR, TABLES, fresh, made_from, text_of

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "generated"
IN_C = ("l5_activation", "digits_network")
"""Circuits that are kept in C as well."""
IN_FRAMEWORKS = ("l5_activation", "digits_network", "gaussian_mixture")
"""Circuits that are kept for JAX and PyTorch as well."""
IN_FLAT = ("l5_activation", "digits_network")
"""Circuits that are kept in JavaScript and Rust as well."""
OTHERS = (
    "lecture",
    "diabetes",
    "ryegrass",
    "challenger",
    "robertson",
    "two_link_arm",
    "kalman_filter",
    "digits_convolution",
    "enzyme_states",
    "nile",
)
"""Folders of examples without a module of their name."""
UPDATES = ("adam",)
"""Update rules that are kept, in NumPy and C."""


def circuits() -> dict[str, Path]:
    """The circuit file of every generated module, by the module's name."""
    lecture = {path.stem: path for path in (ROOT / "examples" / "lecture").glob("*.circuit")}
    return {
        **dict(sorted(lecture.items())),
        **{
            path.parent.name: path
            for path in sorted((ROOT / "examples").glob("*/*.circuit"))
            if path.parent.name not in OTHERS
        },
    }


def texts() -> dict[Path, str]:
    """The text of every module by its path."""
    known = {
        name: sb.circuit(path.read_text(encoding="utf-8")) for name, path in circuits().items()
    }
    found = {GENERATED / f"{name}.py": circuit.generate() for name, circuit in known.items()}
    for name in IN_C:
        for end, text in render_files(known[name], target="c", stem=name).items():
            found[GENERATED / "c" / f"{name}{end}"] = text
    for target in ("jax", "torch"):
        for name in IN_FRAMEWORKS:
            found[GENERATED / target / f"{name}.py"] = known[name].generate(target=target)
    for target, name in product(("javascript", "rust"), IN_FLAT):
        for end, text in render_files(known[name], target=target, stem=name).items():
            found[GENERATED / target / f"{name}{end}"] = text
    for name in UPDATES:
        update = sb.update(name)
        found[GENERATED / "updates" / f"{name}.py"] = update.generate()
        for end, text in render_files(update, target="c", stem=name).items():
            found[GENERATED / "c" / f"{name}{end}"] = text
    return found


def tables() -> str:
    """The tables of the parser; Lark numbers states and rules by chance, so they are numbered here.

    A state gets its number when it is first reached from the start.
    """
    grammar = text_of(GRAMMAR)
    data, memo = fresh(grammar, None, None).memo_serialize([TerminalDef, Rule])
    rules = sorted(memo, key=lambda n: json.dumps(memo[n], sort_keys=True))

    def renumbered(part: Any) -> Any:
        if isinstance(part, list | tuple):
            return [renumbered(p) for p in part]
        if not isinstance(part, dict):
            return part
        return {k: rules.index(v) if k == "@" else renumbered(v) for k, v in part.items()}

    table = data["parser"]["parser"]
    states, tokens = table["states"], table["tokens"]
    reached = [*table["start_states"].values()]
    for state in reached:  # it grows
        of_state = sorted(states[state], key=tokens.get)
        ways = [to for reduces, to in map(states[state].get, of_state) if not reduces]
        reached += [to for to in dict.fromkeys(ways) if to not in reached]
    names = sorted(tokens.values())
    data["parser"]["parser"] = {
        "tokens": dict(enumerate(names)),
        "states": {
            n: {
                names.index(tokens[token]): [reduces, to if reduces else reached.index(to)]
                for token, (reduces, to) in sorted(
                    states[state].items(), key=lambda a: tokens[a[0]]
                )
            }
            for n, state in enumerate(reached)
        },
        **{
            end: {k: reached.index(s) for k, s in table[end].items()}
            for end in ("start_states", "end_states")
        },
    }
    found = {
        "made_from": made_from(grammar),
        "data": renumbered(data),
        "memo": {n: memo[old] for n, old in enumerate(rules)},
    }
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n"


def main() -> int:
    stale = []
    for path, text in {**texts(), ROOT / "symback" / "language" / TABLES: tables()}.items():
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.name)
        elif write(text, path, force=True):
            print(f"wrote {path.relative_to(ROOT)}")
    for name in stale:
        print(f"{name} is out of date")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
