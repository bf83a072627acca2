"""Three normal distributions find the three species of scikit-learn's iris, unnamed."""

from pathlib import Path

import numpy as np

import symback as sb

try:
    from sklearn.datasets import load_iris
except ImportError:
    raise SystemExit('the data need scikit-learn: pip install "symback[examples]"') from None

CIRCUIT = Path(__file__).with_name("mixture.circuit")
EPOCHS, BETWEEN = 200, 40  # BETWEEN epochs a line is printed


def main():
    rng = np.random.default_rng(0)
    module = sb.circuit(CIRCUIT.read_text(encoding="utf-8")).compile()
    flowers, species = load_iris(return_X_y=True)
    train, test = np.split(rng.permutation(len(flowers)), [112])  # three quarters to train
    scaled = (flowers - flowers[train].mean(axis=0)) / flowers[train].std(axis=0)
    samples, held_out = module.Inputs(x=scaled[train]), module.Inputs(x=scaled[test])
    params = module.init_params(rng, d=4, k=3)
    for epoch in range(BETWEEN, EPOCHS + 1, BETWEEN):
        params, _ = module.sgd(
            params, samples, learning_rate=2 / epoch, epochs=BETWEEN, batch_size=16, rng=rng
        )
        loss, _ = module.value_and_grad(params, samples)
        test_loss, _ = module.value_and_grad(params, held_out)
        print(f"epoch {epoch:3}: loss {loss:.4f}, test loss {test_loss:.4f}")
    responsibilities, _ = module.forward(params, module.Inputs(x=scaled))
    component = responsibilities.argmax(axis=1)
    print("flowers of each species (row) in each component (column)")
    print(np.array([np.bincount(component[species == s], minlength=3) for s in range(3)]))


if __name__ == "__main__":
    main()
