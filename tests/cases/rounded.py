"""Numbers at 50 digits with a bound of what rounding may do to them: running error analysis.

A `Rounded` follows a formula as mathematics writes it; every operation adds the rounding of one
operation in floating point to the bound that its operands bring along.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath

WORK = mpmath.mp.clone()
WORK.dps = 50
DOUBLE, SINGLE = WORK.mpf(2) ** -53, WORK.mpf(2) ** -24


@dataclass(frozen=True)
class Rounded:
    """A value, how far off a computed one may be, and the unit of the arithmetic it is made in."""

    value: mpmath.mpf
    error: mpmath.mpf
    unit: mpmath.mpf

    @classmethod
    def of(cls, number, unit=DOUBLE):
        """A number that the machine holds exactly."""
        return cls(WORK.mpf(float(number)), WORK.mpf(0), unit)

    def _made(self, value, error, unit):
        return Rounded(value, error + unit * abs(value), unit)

    def _pair(self, other):
        """The operands in one arithmetic: a double that a float meets is rounded to float."""
        other = other if isinstance(other, Rounded) else Rounded.of(other, self.unit)
        unit = max(self.unit, other.unit)
        a, b = (
            x if x.unit == unit else Rounded(x.value, x.error + unit * abs(x.value), unit)
            for x in (self, other)
        )
        return a, b, unit

    def __add__(self, other):
        a, b, unit = self._pair(other)
        return self._made(a.value + b.value, a.error + b.error, unit)

    def __mul__(self, other):
        a, b, unit = self._pair(other)
        error = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
        return self._made(a.value * b.value, error, unit)

    def __truediv__(self, other):
        a, b, unit = self._pair(other)
        value = a.value / b.value
        return self._made(value, (a.error + abs(value) * b.error) / (abs(b.value) - b.error), unit)

    def __neg__(self):
        return Rounded(-self.value, self.error, self.unit)

    def __sub__(self, other):
        return self + -(other if isinstance(other, Rounded) else Rounded.of(other, self.unit))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return -self + other

    def __pow__(self, exponent):
        """A whole power, as a library computes it: within one unit in the last place."""
        assert not self.error
        value = self.value**exponent
        return self._made(value, self.unit * abs(value), self.unit)

    def sqrt(self):
        value = WORK.sqrt(self.value)
        off = value - WORK.sqrt(self.value - self.error)
        return self._made(value, off, self.unit)
