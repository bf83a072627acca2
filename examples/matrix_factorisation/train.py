"""The digits of scikit-learn as sums of a few parts, beside the best that any parts can do."""

from pathlib import Path

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit('the data need scikit-learn: pip install "symback[examples]"') from None

CIRCUIT = Path(__file__).with_name("factorisation.circuit")
PARTS = 10
STEPS, BETWEEN = 400, 50  # BETWEEN steps a line is printed


def least_loss(table):
    """The minimum by the singular values s: the product keeps the largest, each less 1."""
    s = np.linalg.svd(table, compute_uv=False)
    kept = np.arange(len(s)) < PARTS
    return np.sum(np.where(kept & (s > 1), s - 0.5, s**2 / 2))


def unexplained(table, V):
    """The share of a table's squares that is left over when V is kept and only U is fitted."""
    U = np.linalg.solve(V @ V.T + np.eye(PARTS), V @ table.T).T
    return np.sum((table - U @ V) ** 2) / np.sum(table**2)


def main():
    rng = np.random.default_rng(0)
    module = sb.circuit(CIRCUIT.read_text(encoding="utf-8")).compile()
    pixels, _ = load_digits(return_X_y=True)
    train, test = np.split(pixels[rng.permutation(len(pixels))], [1347])  # three quarters to train
    mean = train.mean(axis=0)
    train, test = (train - mean) / 16, (test - mean) / 16
    samples = module.Inputs(A=train[None])  # a batch of one table
    params = module.init_params(rng, m=len(train), n=64, r=PARTS)
    for step in range(BETWEEN, STEPS + 1, BETWEEN):
        params, losses = module.sgd(params, samples, learning_rate=0.01, epochs=BETWEEN)
        print(f"step {step}: loss {losses[-1]:.2f}, least {least_loss(train):.2f}")
    print(f"left over of new images: {unexplained(test, params.V):.4f}")


if __name__ == "__main__":
    main()
