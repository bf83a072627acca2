"""A run of training for tests that kill it: small chunks, so that rows are shuffled in windows.

Arguments: circuit text, data file, folder, settings as JSON, and "resume" to go on.
"""

import json
import sys

from symback import circuit
from symback.training import train_from_file
from symback.training.feed import batches

if __name__ == "__main__":
    text, data, folder, settings, *more = sys.argv[1:]
    batches.WHOLE, batches.CHUNK, batches.WINDOW = 1 << 12, 1 << 10, 4
    print("started", flush=True)
    result = train_from_file(
        circuit(text),
        data,
        output=folder,
        resume="resume" in more,
        quiet=True,
        **json.loads(settings),
    )
    sys.exit(130 if result.interrupted else 0)
