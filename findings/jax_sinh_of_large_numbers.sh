#!/bin/sh
# JAX 0.10.2 on a CPU, float64: jnp.sinh and jnp.cosh lose digits as |x| grows, 1e-13 relative at 700, hundreds of
# units in the last place; NumPy's are within one.
#
# Seen: the relative error of jnp.sinh(700.0) is above 2e-14, that of np.sinh(700.0) below 3e-16
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6 mpmath==1.3.0
cat > "$folder/seen.py" <<'PROGRAM'
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
from mpmath import mp, mpf

mp.dps = 50


def error(found, right):
    return float(abs(mpf(float(found)) - right) / right)


for name in ("sinh", "cosh"):
    right = getattr(mp, name)(700)
    mine, other = error(getattr(jnp, name)(700.0), right), error(getattr(np, name)(700.0), right)
    print(f"{name}(700): jax {jax.__version__} {mine:.1e}, numpy {np.__version__} {other:.1e}")
    assert mine > 2e-14 and other < 3e-16, "this has changed"
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py"
