"""Judge of modules of arrays: values and slopes of array_cases in plain Python."""

import functools

import numpy as np

import symback as sb
from tests.cases.array_cases import BATCH


@functools.cache
def circuit(case):
    return sb.circuit(case.text)


@functools.cache
def samples(case):
    return [case.sample(shift) for shift in range(BATCH)]


@functools.cache
def compiled(case, target="numpy"):
    return circuit(case).compile(target=target)


def arguments(module, case, rows, dtype=float):
    """Params, and Inputs of some samples, or of one without a batch axis; all read-only."""
    one = isinstance(rows, dict)

    def column(name):
        value = rows[name] if one else np.stack([row[name] for row in rows])
        return locked(value, dtype)

    first = rows if one else rows[0]
    params = module.Params(*(locked(first[n], dtype) for n in module.Params._fields))
    return params, module.Inputs(*(column(n) for n in module.Inputs._fields))


def locked(value, dtype):
    value = np.array(value, dtype)
    value.setflags(write=False)
    return value


def varies(case):
    return "input" in case.roles or bool(case.kinds)


@functools.cache
def jacobians(case, shift, h=1e-3):
    """∂z/∂leaf of one sample by central differences of fourth order: leaf's axes, then z's."""
    sample = samples(case)[shift]
    found = {}
    for name in case.open:
        parts = []
        for index in np.ndindex(np.shape(sample[name])):

            def moved(by, name=name, index=index):
                value = np.array(sample[name])
                value[index] += by
                return case.plain({**sample, name: value[()]})

            parts.append((8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h))
        found[name] = np.reshape(parts, np.shape(sample[name]) + np.shape(parts[0]))
    return found


def pulled_back(case, shift, z_bar):
    """The adjoints of all open leaves for that of z, of one sample."""
    return {n: np.tensordot(j, z_bar, np.ndim(z_bar)) for n, j in jacobians(case, shift).items()}


def assert_near(found, expected, what, tolerance=1e-7):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    worst = np.abs(found - expected).max()
    assert worst <= tolerance * max(np.abs(expected).max(), 1e-2), f"{what}: off by {worst:.1e}"
