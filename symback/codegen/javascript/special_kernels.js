// Kernels of the functions of symback.operations.special: for one float64 what special_kernels.py
// of the NumPy target explains.

// (exp(-d) - 1 + d)/d² for d ≥ 0; below 2 exp(-d)/2 times a series of positive terms.
function _exp_rest(d) {
  if (d >= 2) return (Math.exp(-d) / d + (1 - 1 / d)) / d;
  let series = 1;
  for (let k = 24; k >= 0; k--) series = 1 + ((k + 2) / ((k + 1) * (k + 3))) * d * series;
  return 0.5 * Math.exp(-d) * series;
}

// (1 - exp(-d)·(1 + d))/d² for d ≥ 0; below 2 exp(-d)·Σ dᵏ/(k + 2)!.
function _exp_start(d) {
  const end = Math.min(d, 800);
  if (d >= 2) return (1 - Math.exp(-end) * (1 + end)) / d / d;
  let series = 0;
  for (let k = 24; k >= 0; k--) series = (1 + d * series) / (k + 2);
  return Math.exp(-d) * series;
}

// exp(m)·factor, where exp(m) may overflow and the product does not.
function _scaled_exp(m, factor) {
  if (m <= 700) return Math.exp(m) * factor;
  const half = Math.exp(0.5 * m);
  return factor * half * half;
}

// (exp(z) - 1)/z for z ≤ 0, and 1 at 0.
function _expm1_over(z) {
  return z === 0 ? 1 : Math.expm1(z) / Math.max(z, -1e300);
}

// (exp(z) - 1)/z, and 1 at 0.
function _exprel(z) {
  return _scaled_exp(Math.max(z, 0), _expm1_over(-Math.abs(z)));
}

// Its slope.
function _exprel_slope(z) {
  return z < 0 ? _exp_start(-z) : _scaled_exp(z, _exp_rest(z));
}

// z/(exp(z) - 1), and 1 at 0.
function _inv_exprel(z) {
  return Math.exp(-Math.max(z, 0)) / _expm1_over(-Math.abs(z));
}

// Its slope.
function _inv_exprel_slope(z) {
  const end = Math.max(z, -800);
  if (z < -2) return -(1 - Math.exp(end) * (1 - end)) / Math.expm1(end) ** 2;
  const below = _expm1_over(-Math.abs(z));
  const above = z < 0 ? _exp_start(-z) : Math.exp(-z) * _exp_rest(z);
  return -(above / below) / below;
}

// (exp(k·u) - 1)/k, and u for k = 0.
function _expm1over(k, u) {
  return u * _exprel(k * u);
}

// x/(exp(r·x) - 1), and 1/r for x = 0.
function _overexpm1(x, r) {
  return _inv_exprel(r * x) / r;
}

// Its derivative by x.
function _overexpm1_slope(x, r) {
  return _inv_exprel_slope(r * x);
}

// 1/(exp(z) - 1).
function _inv_expm1(z) {
  return z < 0 ? 1 / Math.expm1(z) : Math.exp(-z) / -Math.expm1(-z);
}

// 1/(a + b·exp(u)).
function _inv_add_exp(a, b, u) {
  const e = Math.exp(-Math.abs(u));
  if (u > 0) return b === 0 ? 1 / a : e / (a * e + b);
  return 1 / (a + b * e);
}

// a/(a + b·exp(u)).
function _expshare(a, b, u) {
  const e = Math.exp(-Math.abs(u));
  if (b === 0 && a !== 0) return 1;
  return u > 0 ? (a * e) / (a * e + b) : a / (a + b * e);
}

// exp(a) - exp(b).
function _expdiff(a, b) {
  if (a === b) return 0;
  return a > b ? _scaled_exp(a, -Math.expm1(b - a)) : _scaled_exp(b, Math.expm1(a - b));
}

// (exp(a·t) - exp(b·t))/(a - b), and t·exp(a·t) for a = b.
function _expdivdiff(a, b, t) {
  const d = Math.abs(a - b) * Math.abs(t);
  return _scaled_exp(Math.max(a * t, b * t), t * _expm1_over(-d));
}

// The derivative of (exp(a) - exp(b))/(a - b) by a.
function _expdivdiff2(a, b) {
  const d = Math.abs(a - b);
  return a < b ? _scaled_exp(b, _exp_start(d)) : _scaled_exp(a, _exp_rest(d));
}

// exp(a + b·exp(u)), also where exp(u) overflows and the value is 0.
function _expexp(a, b, u) {
  return Math.exp(a + b * Math.exp(Math.min(u, 709)));
}

// exp(b·exp(u)) - 1.
function _expm1exp(b, u) {
  return Math.expm1(b * Math.exp(Math.min(u, 709)));
}

// log(w1·exp(u1) + w2·exp(u2) + …), weights of any sign: the largest term is taken out.
function _logwsumexp(...operands) {
  const weights = operands.filter((_, i) => i % 2 === 0);
  const exponents = operands.filter((_, i) => i % 2 === 1);
  const add = (value) => weights.reduce((sum, w, i) => sum + value(w, exponents[i], i), 0);
  const sizes = weights.map((w, i) => Math.log(Math.abs(w)) + exponents[i]);
  const place = Math.max(sizes.indexOf(Math.max(...sizes)), 0);
  const w = weights[place];
  const u = Number.isFinite(exponents[place]) ? exponents[place] : 0;
  if (exponents.every((x) => Math.abs(x) < 0.5)) {
    const shares = w !== 1 && add((v) => v) === 1; // p and 1 - p, which was rounded
    const others = shares ? 1 - w : add((v, _, i) => (i === place ? 0 : v));
    const excess = add((v, x) => v * Math.expm1(x)) + (w - 1 + others);
    if (Math.abs(excess) < 0.5) return Math.log1p(excess);
  }
  const rest = add((v, x, i) => (i === place ? 0 : v * Math.exp(x - u)));
  const near = w > 0 && Math.abs(rest) < 0.5 * w;
  const outer = sizes[place] === Infinity ? Infinity : u;
  return outer + (near ? Math.log(w) + Math.log1p(rest / w) : Math.log(w + rest));
}

// xᵏ - 1, through the log where it is small.
function _powm1(x, k) {
  const z = x > 0 ? k * Math.log(x) : 1;
  return Math.abs(z) < 1 ? Math.expm1(z) : Math.pow(x, k) - 1;
}

// (1 + x)ᵏ - 1, through the log where it or x is small.
function _pow1pm1(x, k) {
  const z = x > -1 ? k * Math.log1p(x) : 1;
  return Math.abs(z) < 1 || Math.abs(x) < 0.5 ? Math.expm1(z) : Math.pow(1 + x, k) - 1;
}

// (1 + x)ᵏ, through the log where x is small.
function _pow1p(x, k) {
  return Math.abs(x) < 0.5 ? Math.exp(k * Math.log1p(x)) : Math.pow(1 + x, k);
}

// (xᵏ - 1)/k, and log(x) for k = 0.
function _boxcox(x, k) {
  const z = x > 0 ? k * Math.log(x) : 1;
  if (Math.abs(z) < 1) return Math.log(x) * _exprel(z);
  return k === 0 ? Math.log(x) : (Math.pow(x, k) - 1) / k;
}

// Its derivative by k.
function _boxcox_slope(x, k) {
  const log = Math.log(x);
  const z = k * log;
  if (Math.abs(z) < 2) return log * log * _exprel_slope(z);
  if (x === 0 && k > 0) return 1 / k / k;
  return (Math.pow(x, k) * (z - 1) + 1) / k / k;
}

// 6·(sinh(z) - z)/z³ for |z| ≤ 3, a series.
function _sinh_rest(z) {
  let series = 1;
  for (let k = 15; k > 1; k--) series = 1 + ((z * z) / (2 * k * (2 * k + 1))) * series;
  return series;
}

// log(sinh(z)/z), and 0 at 0.
function _log_sinhc(z) {
  const x = Math.abs(z);
  if (x < 3) return Math.log1p(((x * x) / 6) * _sinh_rest(x));
  return x === Infinity ? x : x - (Math.log(x) + Math.LN2) + Math.log1p(-Math.exp(-2 * x));
}

// coth(z) - 1/z, and 0 at 0.
function _langevin(z) {
  const x = Math.abs(z);
  if (x >= 3) return Math.sign(z) * (1 / Math.tanh(x) - 1 / x);
  let above = 1;
  for (let k = 15; k > 0; k--) above = 1 + ((x * x) / (2 * k * (2 * k + 3))) * above;
  return ((z / 3) * above) / (1 + ((x * x) / 6) * _sinh_rest(x));
}

// Its slope.
function _langevin_slope(z) {
  const x = Math.abs(z);
  if (x >= 3) return 1 / x / x - (x > 300 ? 0 : 1 / Math.sinh(x) ** 2);
  const rest = _sinh_rest(x);
  const quotient = 1 + ((x * x) / 6) * rest;
  return (rest * (quotient + 1)) / (6 * quotient * quotient);
}

// tanh(z)/z, and 1 at 0.
function _tanhc(z) {
  return z === 0 ? 1 : Math.tanh(z) / z;
}

// Its slope.
function _tanhc_slope(z) {
  const x = Math.abs(z);
  if (x < 1.5) return ((z / -1.5) * _sinh_rest(2 * x)) / Math.cosh(x) ** 2;
  return (-Math.sign(z) * (Math.tanh(x) / x - _tanh_slope(x))) / x;
}

// acos(w)/√(1 - w²), and 1 at 1.
function _acosc(w) {
  if (!(w > 0.5 && w <= 1)) return Math.acos(w) / Math.sqrt((1 - w) * (1 + w));
  let series = 1;
  for (let k = 30; k >= 0; k--) series = 1 + ((k + 1) / (k + 1.5)) * 0.5 * (1 - w) * series;
  return series;
}

// Its slope.
function _acosc_slope(w) {
  const below = (1 - w) * (1 + w);
  if (!(w > 0.5 && w <= 1)) return ((w * Math.acos(w)) / Math.sqrt(below) - 1) / below;
  let series = 1;
  for (let k = 33; k >= 0; k--) {
    series = 1 + ((k + 2) / (k + 1)) * ((k + 2) / (k + 2.5)) * 0.5 * (1 - w) * series;
  }
  return series / -3;
}

// √(a² + c²) - a.
function _hypotsub(a, c) {
  const root = Math.hypot(a, c);
  return a > 0 ? c * (c / (root + a)) : root - a;
}

// √(b² + d) - b.
function _sqrtsub(b, d) {
  const root = Math.sqrt(b * b + d);
  return b > 0 ? d / (root + b) : root - b;
}

// 1 - (2·first - 1)·t·(1 - (2·first + 1)·t·(…)) with t = 1/(2x²), for x ≥ 28.
function _gaussian_series(x, first) {
  const t = 0.5 / x / x;
  let series = 1;
  for (let k = first + 8; k >= first; k--) series = 1 - (2 * k - 1) * t * series;
  return series;
}

// exp(rate·x²), rate 1 or -1/2: with h = x rounded to 1/512, h² is exact and the rest small.
function _exp_square(x, rate) {
  const h = Math.round(x * 512) / 512;
  return Math.exp(rate * (h * h)) * Math.exp(rate * ((x - h) * (x + h)));
}

// exp(z²)·erfc(z).
function _erfcx(z) {
  const x = Math.abs(z);
  const near = (41.08073330714607 * (_tail(Math.SQRT2 * x) + 0.015625)) / (0.6187184335382291 + x);
  const value = x < 28 ? near : (0.5641895835477563 / x) * _gaussian_series(x, 1);
  return z < 0 ? 2 * _exp_square(Math.min(x, 40), 1) - value : value;
}

// Its slope.
function _erfcx_slope(z) {
  if (z < 0) return 2 * z * _erfcx(z) - 1.1283791670955126;
  if (z >= 28) return (-0.5641895835477563 / z / z) * _gaussian_series(z, 2);
  const y = Math.SQRT2 * z;
  const above = _polynomial(y / (y + 5.5) - 0.46285882114615007, [
    1.2481838547782675, -0.520474704735554, -0.49353415450083565,
    2.798139451859103, -5.6252117582210746, 6.600021061350322,
    -2.8736606856787485, -6.022721279639374, 15.934219909519067,
    -19.860019883374296, 13.960561343101519, -2.345142711138877,
    -5.751901808386042, 5.04100683534146, 0.5301260294103807,
    -3.1906600549447033, 0.8589232116609983, 1.7165246965089735,
    -0.9134695851761474, -0.9570108239151827, 0.6291502426281729,
    0.5652144183806298, -0.26329675610991754, -0.25342857008523156,
  ]);
  return (-1.1283791670955126 * above) / (0.875 + y) ** 2;
}

// log(erfc(z)).
function _log_erfc(z) {
  return z > 0.5 ? Math.log(_erfcx(z)) - z * z : Math.log1p(-_erf(z));
}

// log Φ(z).
function _log_ndtr(z) {
  const x = 0.7071067811865476 * z;
  if (z < -0.5) return Math.log(0.5 * _erfcx(-x)) - 0.5 * z * z;
  if (z > 0) return Math.log1p(-0.5 * _exp_square(Math.min(z, 40), -0.5) * _erfcx(x));
  return Math.log1p(-0.5 * _erfc(x));
}
