"""Everything that goes along axes, over every set of axes, at every rank, by every target."""

import numpy as np
import pytest

import symback as sb
from tests.cases.array_cases import ALONG_AXES
from tests.cases.array_judge import (
    arguments,
    assert_near,
    circuit,
    jacobians,
    pulled_back,
    samples,
    varies,
)
from tests.cases.one_in import one_in
from tests.cases.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", one_in(150, ALONG_AXES), ids=lambda c: c.id)
def test_values_gradients_and_tangents(case, target):
    rows = samples(case)
    assert sb.circuit(circuit(case).source) == circuit(case)
    module = circuit(case).compile(target=target, functions=("jvp",))
    params, inputs = arguments(module, case, rows)
    z, _ = module.forward(params, inputs)
    expected = [case.plain(row) for row in rows]
    assert_near(z, np.stack(expected) if varies(case) else expected[0], "z", 1e-12)

    value, bars = module.value_and_grad(params, inputs)
    assert_near(value, np.mean([case.plain_loss(row) for row in rows]), "the loss", 1e-12)
    adjoints = [
        pulled_back(case, shift, 2 * (z_of_row - row["y"]) / np.size(z_of_row))
        for shift, (row, z_of_row) in enumerate(zip(rows, expected, strict=True))
    ]
    for name, bar in zip(bars._fields, bars, strict=True):
        assert_near(bar, np.mean([a[name] for a in adjoints], axis=0), name)

    rng = np.random.default_rng(5)
    dots = {name: rng.normal(size=case.shape(name)) for name in case.open}
    along = module.Params(*(dots[n] for n in module.Params._fields))
    across = {
        n: np.broadcast_to(dots[n], np.shape(getattr(inputs, n)))
        for n in case.open
        if n not in module.Params._fields
    }
    moved = module.jvp(params, inputs, along, module.Inputs(**across, y=None))
    of_first = jacobians(case, 0)
    wanted = sum(np.tensordot(dots[n], of_first[n], dots[n].ndim) for n in case.open)
    assert_near(np.asarray(moved)[0] if varies(case) else moved, wanted, "J·v")

    narrow = arguments(module, case, rows, np.float32)
    value32, bars32 = module.value_and_grad(*narrow)
    assert {np.asarray(bar).dtype.name for bar in bars32} <= {"float32"}
    assert_near(value32, value, "the loss in float32", 1e-4)
