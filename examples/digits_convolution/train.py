"""A small convolutional network on the handwritten digits of scikit-learn."""

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit('the data need scikit-learn: pip install "symback[examples]"') from None

CIRCUIT = """
# Two layers of 3 x 3 filters, a maximum over 2 x 2 pixels after each.
x: input[1, 8, 8]
t: target[10]  # 1 for the class, 0 for the others
K1: param[8, 1, 3, 3]
b1: param[8, 1, 1]
K2: param[16, 8, 3, 3]
b2: param[16, 1, 1]
W: param[10, 64]
b: param[10]

h1 = max_pool(relu(conv2d(x, K1, padding=1) + b1), 2)
h2 = max_pool(relu(conv2d(h1, K2, padding=1) + b2), 2)
z: output = W @ ravel(h2) + b
E: loss = cross_entropy(z, t)
"""
EPOCHS, BETWEEN = 10, 2  # BETWEEN epochs a line is printed


def main():
    rng = np.random.default_rng(0)
    module = sb.circuit(CIRCUIT).compile()
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
