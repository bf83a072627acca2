"""A small convolutional network on the handwritten digits of scikit-learn."""

from pathlib import Path

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit('the data need scikit-learn: pip install "symback[examples]"') from None

CIRCUIT = Path(__file__).with_name("network.circuit")
EPOCHS, BETWEEN = 10, 2  # BETWEEN epochs a line is printed


def main():
    rng = np.random.default_rng(0)
    module = sb.circuit(CIRCUIT.read_text(encoding="utf-8")).compile()
    pixels, digits = load_digits(return_X_y=True)
    train, test = np.split(rng.permutation(len(digits)), [1347])  # three quarters to train
    pixels = pixels.reshape(-1, 1, 8, 8) / 8 - 1  # from -1 to 1
    samples = module.Inputs(x=pixels[train], t=np.eye(10)[digits[train]])
    params = module.init_params(rng)
    for epoch in range(BETWEEN, EPOCHS + 1, BETWEEN):
        params, _ = module.sgd(
            params, samples, learning_rate=0.1, epochs=BETWEEN, batch_size=32, rng=rng
        )
        loss, _ = module.value_and_grad(params, samples)
        z, _ = module.forward(params, module.Inputs(x=pixels[test]))
        accuracy = np.mean(z.argmax(axis=1) == digits[test])
        print(f"epoch {epoch:2}: loss {loss:.4f}, test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
