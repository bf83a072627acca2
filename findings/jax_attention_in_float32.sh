#!/bin/sh
# JAX 0.10.2: jax.nn.dot_product_attention of float64 arrays has the digits of float32.
#
# Query, key and value are float64 under jax_enable_x64, and so is the result; its softmax was taken in float32. The same
# written with jax.nn.softmax agrees with NumPy to the last digits.
#
# Seen: result float64; relative error 1e-08 to 1e-06 by dot_product_attention, below 1e-14 by softmax
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > "$folder/seen.py" <<'PROGRAM'
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
q, k, v = rng.normal(size=(3, 1, 5, 2, 4))
scores = np.einsum("btha,bsha->bhts", q, k) / 2
shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
right = np.einsum("bhts,bsha->btha", shares, v)
whole = jax.nn.dot_product_attention(q, k, v)
parts = jax.numpy.einsum("bhts,bsha->btha", jax.nn.softmax(scores, axis=-1), v)
error, other = (float(np.max(abs(found - right)) / np.max(abs(right))) for found in (whole, parts))
print(f"jax {jax.__version__}: result {whole.dtype}; relative error {error:.0e} by dot_product_attention, {other:.0e} by softmax")
assert whole.dtype == np.float64 and 1e-8 < error < 1e-6 and other < 1e-14, "this has changed"
PROGRAM
"$folder/venv/bin/python" "$folder/seen.py"
