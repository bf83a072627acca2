"""Write the modules in generated/ anew from their circuits; --check only reports what is stale."""

from __future__ import annotations

import sys
from pathlib import Path

import symback as sb
from symback.codegen.files import write
from symback.codegen.generate import render_files

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "generated"
IN_C = ("l5_activation", "digits_network")
"""Circuits that are kept in C as well."""
OTHERS = (
    "lecture",
    "diabetes",
    "ryegrass",
    "challenger",
    "robertson",
    "two_link_arm",
    "kalman_filter",
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
    for name in UPDATES:
        update = sb.update(name)
        found[GENERATED / "updates" / f"{name}.py"] = update.generate()
        for end, text in render_files(update, target="c", stem=name).items():
            found[GENERATED / "c" / f"{name}{end}"] = text
    return found


def main() -> int:
    stale = []
    for path, text in texts().items():
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
