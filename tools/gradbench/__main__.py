"""Answer the messages of a GradBench eval: a JSON object a line in, one a line out.

    python -m tools.gradbench [--target numpy]

GradBench starts it as any tool: gradbench run --eval … --tool "python -m tools.gradbench".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from tools.gradbench.protocol import Tool


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.gradbench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--target", choices=("c", "numpy"), default="c", help="what computes")
    tool = Tool(parser.parse_args(arguments).target)
    for line in sys.stdin:
        try:
            message = json.loads(line)
            print(json.dumps(tool.response(message)), flush=True)
        except (ValueError, KeyError, TypeError) as error:
            print(f"not a message of GradBench: {line.strip():.80} ({error})", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(130)
