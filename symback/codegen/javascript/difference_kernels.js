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

// 1/a - 1/b = (b - a)/x/y where y is the smaller of the two and x the larger.
function _invdiff(a, b) {
  if (Math.abs(b - a) === Infinity) return 1 / a - 1 / b;
  return Math.abs(a) > Math.abs(b) ? (b - a) / a / b : (b - a) / b / a;
}

// ((1 + r)ⁿ - 1)/r, and n for r = 0.
function _pow1prel(r, n) {
  return Math.abs(r) < 1e-290 ? n : _pow1pm1(r, n) / r;
}

// Its derivative by r.
function _pow1prel_slope(r, n) {
  if (r > -0.9 && r < 5) {
    const over = _log1prel(r);
    const z = n * over * r;
    const first = (n * n * _exprel_slope(z) * over) / (1 + r);
    return first + n * _exprel(z) * _log1prel_slope(r);
  }
  return (n * Math.pow(1 + r, n - 1) - _pow1pm1(r, n) / r) / r;
}

// 1/(exp(z) - 1) - 1/z, and -1/2 at 0: (langevin(z/2) - 1)/2 below 2.
function _inv_expm1sub(z) {
  return Math.abs(z) < 2 ? 0.5 * _langevin(0.5 * z) - 0.5 : _inv_expm1(z) - 1 / z;
}

// (√(b² - 4·a·c) - b)/(2·a), which is -2·c/(b + √(b² - 4·a·c)) for b > 0.
function _quadroot(a, b, c) {
  const root = Math.sqrt(b * b - 4 * a * c);
  return b > 0 ? (-2 * c) / (b + root) : (root - b) / (2 * a);
}

// k·(exp(-m·t) - exp(-k·t))/(k - m), and k·t·exp(-k·t) for k = m.
function _bateman(k, m, t) {
  return k * _expdivdiff(-m, -k, t);
}

// Its derivative by k, of the two products where k and m are close, else of the quotient.
function _bateman_slope(k, m, t) {
  const whole = _expdivdiff(-m, -k, t);
  if (k === m || Math.abs(k - m) < 0.5 * Math.max(Math.abs(k), Math.abs(m))) {
    return whole - k * t * t * _expdivdiff2(-k * t, -m * t);
  }
  return (k * t * Math.exp(-k * t) - m * whole) / (k - m);
}
