"""A head of attention looks at the rows of scikit-learn's digits."""

from pathlib import Path

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit('the data need scikit-learn: pip install "symback[examples]"') from None

CIRCUIT = Path(__file__).with_name("attention.circuit")
EPOCHS, BETWEEN = 40, 5  # BETWEEN epochs a line is printed


def main():
    rng = np.random.default_rng(0)
    module = sb.circuit(CIRCUIT.read_text(encoding="utf-8")).compile()
    images, digits = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    train, test = np.split(rng.permutation(len(digits)), [1347])  # three quarters to train
    images = (images - images[train].mean(axis=0)) / 8  # from about -1 to 1
    samples = module.Inputs(x=images[train], y=digits[train])
    params = module.init_params(rng, d=8, e=32, s=16, k=10)
    params = params._replace(gain1=np.ones(32), gain2=np.ones(32))
    for epoch in range(BETWEEN, EPOCHS + 1, BETWEEN):
        params, _ = module.sgd(
            params, samples, learning_rate=1 / epoch, epochs=BETWEEN, batch_size=16, rng=rng
        )
        loss, _ = module.value_and_grad(params, samples)
        z, _ = module.forward(params, module.Inputs(x=images[test]))
        accuracy = np.mean(z.argmax(axis=1) == digits[test])
        print(f"epoch {epoch:2}: loss {loss:.4f}, test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
