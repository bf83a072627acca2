// Kernels of differences of one function at two places: for one float64 what difference_kernels.py
// of the NumPy target explains.

// σ(a) - σ(b) = (1 - exp(b - a))·σ(a)·σ(-b) for a > b.
function _sigmadiff(a, b) {
  if (a === b) return 0;
  const large = Math.max(a, b);
  const small = Math.min(a, b);
  const apart = Math.expm1(small - large) * Math.exp(Math.min(large, 0) - Math.max(small, 0));
  const below = (1 + Math.exp(-Math.abs(large))) * (1 + Math.exp(-Math.abs(small)));
  return ((a > b ? -1 : 1) * apart) / below;
}

// erf(a) - erf(b), of erfc where both are beyond 1/2 on one side.
function _erfdiff(a, b) {
  if (a > 0.5 && b > 0.5) return _erfc(b) - _erfc(a);
  return a < -0.5 && b < -0.5 ? _erfc(-a) - _erfc(-b) : _erf(a) - _erf(b);
}

// 1/a - 1/b, and (b - a)/a/b where the two are close.
function _invdiff(a, b) {
  return Math.abs(b - a) < 0.5 * Math.abs(a) ? (b - a) / a / b : 1 / a - 1 / b;
}
