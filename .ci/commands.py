"""The commands of the README, read from the README, so that what CI runs is what a newcomer types.

A command is one line in a fence of its own, directly under a marker that names it:

    <!-- command: tests -->
    ```sh
    the command
    ```

`python3 .ci/commands.py tests` prints it. Needs nothing but Python.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
MARKER = re.compile(r"<!-- command: (.+) -->")


def commands(text: str) -> dict[str, str]:
    """Every marked command of a Markdown text, by its name; ValueError names a broken block."""
    lines = text.splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        marker = MARKER.fullmatch(line.rstrip())
        if marker is None:
            continue
        name = marker[1]
        block = [line.rstrip() for line in lines[number : number + 3]]
        if len(block) < 3 or block[0] != "```sh" or not block[1].strip() or block[2] != "```":
            raise ValueError(
                f"line {number}: command {name!r} needs a ```sh fence of exactly one line below it"
            )
        if block[1].endswith("\\"):
            raise ValueError(f"line {number}: command {name!r} must not end in a backslash")
        if name in found:
            raise ValueError(f"line {number}: command {name!r} is marked twice")
        found[name] = block[1]
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: commands.py NAME", file=sys.stderr)
        return 2
    try:
        found = commands(README.read_text(encoding="utf-8"))
    except ValueError as error:
        print(f"README.md, {error}", file=sys.stderr)
        return 1
    name = arguments[0]
    if name not in found:
        names = ", ".join(found) or "none"
        print(f"README.md has no line '<!-- command: {name} -->'; marked: {names}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(f"{found[name]}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
