// Functions of one number that JavaScript lacks or computes badly, for the target `javascript`.
// Each is a port of the function of that name in kernels.py, where the formulas and their errors
// are explained; here they take one float64. A kernel may call others of this file.

// σ(z) = 1/(1 + exp(-z)).
function _sigma(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

// The share of exp(a) in exp(a) + exp(b); 1/2 where they are equal, also where both are infinite.
function _exp_share(a, b) {
  return _sigma(a === b ? 0 : a - b);
}

// σ'(z) = e/(1 + e)² with e = exp(-|z|).
function _sigma_slope(z) {
  const e = Math.exp(-Math.abs(z));
  return e / (1 + e * (2 + e));
}

// tanh'(z) = 4e/(1 + e)² with e = exp(-2|z|).
function _tanh_slope(z) {
  const e = Math.exp(-2 * Math.abs(z));
  return 4 * e / (1 + e * (2 + e));
}

// log(1 + exp(z)).
function _softplus(z) {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

// log σ(z) = -softplus(-z).
function _logsigmoid(z) {
  return -_softplus(-z);
}

// relu(z) = z where z > 0, else 0; NaN stays NaN.
function _relu(z) {
  return z > 0 || z !== z ? z : 0;
}

// v, and infinity where v is 0: what is divided by it is 0 there.
function _nonzero(v) {
  return v === 0 ? Infinity : v;
}

// v, and 1 where v is 0.
function _nonvanishing(v) {
  return v === 0 ? 1 : v;
}

// a/b, and 0 where a is 0.
function _zero_over(a, b) {
  return a / (a === 0 ? 1 : b);
}

// b·a^(b−1), and 0 where b is 0; for a subnormal a, whose 1/a overflows, b·a^b/a.
function _power_slope(a, b) {
  const slope = b * Math.pow(a, b === 0 ? 0 : b - 1);
  const tiny = Math.abs(slope) === Infinity && a !== 0 && Number.isFinite(a);
  return tiny ? (b * Math.pow(a, b)) / a : slope;
}

// The same for a ≥ 0, and 0 also where a is 0 and 0 < b < 1.
function _root_slope(a, b) {
  return a === 0 && b >= 0 && b < 1 ? 0 : _power_slope(a, b);
}

// v·log(a), and 0 where v is 0.
function _power_log(v, a) {
  return v * Math.log(v === 0 ? 1 : a);
}

// silu(z) = z·σ(z).
function _silu(z) {
  const e = Math.exp(-Math.abs(z));
  return z * (z >= 0 ? 1 : e) / (1 + e);
}

// silu'(z) = σ(z)(1 + zσ(-z)), to all digits also next to its zero.
function _silu_slope(z) {
  const n = -Math.abs(z);
  if (n < -700) return z < 0 ? (1 + z) * Math.exp(z) : 1;
  const d = n + 1.2784645427610737;
  const above = 0.27846454276107385 * Math.expm1(d) + 1.3995343912896686e-16 + d;
  const slope = 0.5 * above / (1 + Math.cosh(n));
  return z < 0 ? slope : 1 - slope;
}

// erf(z) = 2/√π ∫₀ᶻ exp(-t²) dt, through erf(x)² = 1 - exp(-x²·g(x²)) with a smooth g.
function _erf(z) {
  const x = Math.max(Math.min(z, 6), -6);
  const size = Math.max(Math.abs(x), 1e-140);
  const s = size * size;
  const g = _polynomial(s / (s + 8) - 0.5, [
    1.1217298496438473, -0.2614460885503889, 0.11286893656395189,
    -0.056686060908160724, -0.1818979667327605, 0.23063690572992993,
    -0.031818111224996344, -0.7659812037745444, 0.23582941176179759,
    1.3288759708067037, -1.0611248353992708, -3.8679332044559085,
    -2.311138760235794, 3.3240997770315954, 11.982841914082847,
    7.635979828350864, -42.196164080307305, -110.97473053619389,
    -91.07316596817287, 45.35158584161119, 159.4277389438282,
    141.82351663472684, 58.654114644795555, 9.503250489739372,
  ]);
  return Math.sqrt(-Math.expm1(-s * g)) * (x / size);
}

// erfc(z) = 2Φ(-√2·z), through gelu(-x) = -x·Φ(-x).
function _erfc(z) {
  if (z === 0) return 1;
  const x = Math.SQRT2 * Math.abs(z);
  const tail = (-2 * _gelu(-x)) / x;
  return z < 0 ? 2 - tail : tail;
}

// sin(z)/z, and 1 at 0.
function _sinc(z) {
  return z === 0 ? 1 : Math.sin(z) / z;
}

// sinc'(z) = (cos(z) - sinc(z))/z; the series of Taylor where the two are nearly equal.
function _sinc_slope(z) {
  if (Math.abs(z) >= 2) return (Math.cos(z) - Math.sin(z) / z) / z;
  let series = 1;
  for (let k = 12; k > 0; k--) series = 1 - ((z * z) / ((2 * k + 3) * 2 * k)) * series;
  return (-z / 3) * series;
}

// log(1 + z²).
function _log1psq(z) {
  const x = Math.abs(z);
  return x > 1 ? 2 * Math.log(x) + Math.log1p(1 / x / x) : Math.log1p(x * x);
}

// 2z/(1 + z²).
function _log1psq_slope(z) {
  return Math.abs(z) > 1 ? 2 / (z + 1 / z) : (2 * z) / (1 + z * z);
}

// log(cosh(z)); below 1 through the series of Taylor of cosh(z) - 1.
function _logcosh(z) {
  const x = Math.abs(z);
  if (x > 1) return x - Math.LN2 + Math.log1p(Math.exp(-2 * x));
  let series = 1;
  for (let k = 9; k > 0; k--) series = 1 + ((x * x) / ((2 * k + 1) * (2 * k + 2))) * series;
  return Math.log1p(0.5 * x * x * series);
}

// gelu(z) = z·Φ(z) = max(z, 0) - |z|·Φ(-|z|).
function _gelu(z) {
  const x = Math.min(Math.abs(z), 40);
  const [e, m] = _gaussian(x);
  const w = 0.015625 + _tail(x);
  return Math.max(z, 0) - w * (1 + m) * (e * (x / (0.875 + x)));
}

// gelu'(z) = Φ(z) + z·φ(z) = φ(z)·(x0 + z)·K(-z) for z < 0, else 1 - gelu'(-z).
function _gelu_slope(z) {
  const x = Math.min(Math.abs(z), 40);
  const [e, m] = _gaussian(x);
  const w = 0.015625 + _slope_tail(x);
  const slope = w * (1 + m) * (e * (0.7517915246935645 - x - 1.4956759177009883e-17));
  return z < 0 ? slope : 1 - slope;
}

// exp(shift - x²/2) as e·(1 + m): x is split, so that the square is exact.
function _gaussian(x) {
  const h = Math.round(x * 512) / 512;
  const m = 0.5 * (h - x) * (h + x) - 0.0001749796694417636;
  return [Math.exp(3.369140625 - 0.5 * h * h), Math.expm1(m)];
}

// c·F(x) - 1/64, where Φ(-x) = φ(x)·F(x)/(7/8 + x).
function _tail(x) {
  return _polynomial(x / (x + 5.5) - 0.46285882114615007, [
    0.0, -0.005151255622958841, 0.002544856923507817,
    0.0062054977495094275, -0.022192283302951293, 0.04219719883288985,
    -0.05811989351026588, 0.060665293930441865, -0.046188841645893215,
    0.021265853297725946, 0.0006062706078947431, -0.00913467173416728,
    0.005223648666211658, 0.0015095321358787695, -0.0031802518573841847,
    0.00039349457839491756, 0.0015554216498220182, -0.0005734111736659294,
    -0.0007686454666656526, 0.00040320998230168863, 0.00038963285003277263,
    -0.00019470684710475215, -0.00014848657300165082, 3.8018997996592154e-05,
  ]);
}

// c·K(x) - 1/64, where gelu'(-x) = φ(x)·(x0 - x)·K(x).
function _slope_tail(x) {
  return _polynomial(x / (x + 5.5) - 0.46285882114615007, [
    0.0, -0.006441713401803126, 0.009432965199663029,
    -0.012220653318091993, 0.013815611532691617, -0.013345406575477116,
    0.010625518493685687, -0.006479094182266088, 0.002434386127465324,
    0.00014031048199369535, -0.0008615393512706349, 0.0004244737075909573,
    0.00012021876498922165, -0.00021987331779352908, 2.5219913012450562e-05,
    9.190808519997494e-05, -3.3395240821883615e-05, -4.0142043478596445e-05,
    2.3036401895141672e-05, 2.1611233724718263e-05, -1.4618756407607942e-05,
    -1.5639055305808778e-05, 7.177563135069572e-06, 9.67923370511828e-06,
  ]);
}

// Σ c_k·tᵏ, lowest coefficient first.
function _polynomial(t, coefficients) {
  return coefficients.reduceRight((sum, c) => sum * t + c, 0);
}
