#!/bin/sh
# PyTorch 2.13.0: torch.sign(NaN) is 0, where NumPy and JAX give NaN, so that a lost number looks like a found one.
#
# Seen: torch 0.0, numpy nan
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6
"$folder/venv/bin/pip" install -q torch==2.13.0
cat > "$folder/seen.py" <<'PROGRAM'
import numpy as np
import torch

found = float(torch.sign(torch.tensor(float("nan"))))
print(f"torch {torch.__version__} {found}, numpy {np.__version__} {np.sign(np.nan)}")
assert found == 0.0 and np.isnan(np.sign(np.nan)), "this has changed"
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py"
