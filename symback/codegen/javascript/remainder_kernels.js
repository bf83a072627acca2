// Kernels of h(z) - z and h(z)/z: for one float64 what remainder_kernels.py of the NumPy target
// explains.

// (log(1 + x) - x)/x² for -0.6 ≤ x ≤ 1.
function _log1p_rest(x) {
  const r = 1 / (2 + x);
  const square = (r * x) * (r * x);
  let series = 0;
  for (let k = 24; k > 0; k--) {
    series = 1 / (2 * k + 1) + square * series;
  }
  return 2 * r * r * r * x * series - r;
}

// log(1 + z) - z, within 3 ULP.
function _log1pmx(z) {
  return z > -0.6 && z < 1 ? z * z * _log1p_rest(z) : Math.log1p(z) - z;
}

// log(1 + z)/z, and 1 at 0, within 2 ULP.
function _log1prel(z) {
  return z === 0 ? 1 : Math.log1p(z) / z;
}

// Its slope, and -1/2 at 0, within 4.5 ULP.
function _log1prel_slope(z) {
  if (z > -0.5 && z < 0.25) {
    return -1 / (1 + z) - _log1p_rest(z);
  }
  if (z > -0.5 && z < 1.5) {
    return _log1p_rest(-z / (1 + z)) / ((1 + z) * (1 + z));
  }
  return (1 / (1 + z) - Math.log1p(z) / z) / z;
}

// exp(z) - 1 - z, within 3 ULP.
function _expm1mx(z) {
  if (z < -2) {
    return Math.expm1(z) - z;
  }
  if (z < 0) {
    return z * z * _exp_rest(-z);
  }
  return _scaled_exp(z, z * (z * _exp_start(z)));
}

// 6·(z - sin(z))/z³ for |z| ≤ 3.
function _sin_rest(z) {
  const square = z * z;
  let series = 1;
  for (let k = 15; k > 1; k--) {
    series = 1 - square / (2 * k * (2 * k + 1)) * series;
  }
  return series;
}

// sin(z) - z, within 2.5 ULP.
function _sinmx(z) {
  return Math.abs(z) < 2 ? z * z * z / -6 * _sin_rest(z) : Math.sin(z) - z;
}

// sinh(z) - z, within 3 ULP.
function _sinhmx(z) {
  return Math.abs(z) < 3 ? z * z * z / 6 * _sinh_rest(z) : Math.sinh(z) - z;
}

// 3·(sin(z) - z·cos(z))/z³ for the sign -1, 3·(z·cosh(z) - sinh(z))/z³ for 1; |z| ≤ 2.
function _sine_rest(z, sign) {
  const square = sign * z * z;
  let series = 1;
  for (let k = 12; k > 0; k--) {
    series = 1 + square / (2 * k * (2 * k + 3)) * series;
  }
  return series;
}

// tan(z) - z, within 4 ULP.
function _tanmx(z) {
  if (Math.abs(z) < 1.2) {
    return z * z * z / 3 * _sine_rest(z, -1) / Math.cos(z);
  }
  return Math.tan(z) - z;
}

// tan(z)/z, and 1 at 0, within 2 ULP.
function _tanc(z) {
  return z === 0 ? 1 : Math.tan(z) / z;
}

// Its slope, and 0 at 0, within 4 ULP.
function _tanc_slope(z) {
  if (Math.abs(z) < 1.5) {
    return z / 1.5 * _sin_rest(2 * z) / (Math.cos(z) * Math.cos(z));
  }
  return (1 + Math.tan(z) * Math.tan(z) - Math.tan(z) / z) / z;
}

// tanh(z) - z, within 4 ULP.
function _tanhmx(z) {
  if (Math.abs(z) < 1.5) {
    return z * z * z / -3 * _sine_rest(z, 1) / Math.cosh(z);
  }
  return Math.tanh(z) - z;
}

// (z - atan(z))/z³ for |z| ≤ 1.4.
function _atan_rest(z) {
  const q = 1 / (1 + Math.sqrt(1 + z * z));
  const square = (q * z) * (q * z);
  let series = 0;
  for (let k = 29; k > 0; k--) {
    series = 1 / (2 * k + 1) - square * series;
  }
  return q * q + 2 * q * q * q * series;
}

// atan(z) - z, within 5 ULP.
function _atanmx(z) {
  return Math.abs(z) < 1.4 ? -z * z * z * _atan_rest(z) : Math.atan(z) - z;
}

// atan(z)/z, and 1 at 0, within 2 ULP.
function _atanc(z) {
  return z === 0 ? 1 : Math.atan(z) / z;
}

// Its slope, and 0 at 0, within 4 ULP.
function _atanc_slope(z) {
  if (Math.abs(z) < 1.2) {
    return z * (_atan_rest(z) - 1 / (1 + z * z));
  }
  return (1 / (1 + z * z) - Math.atan(z) / z) / z;
}

// (atanh(z) - z)/z³, the argument halved once.
function _atanh_half(z) {
  const q = 1 / (1 + Math.sqrt((1 - z) * (1 + z)));
  const square = (q * z) * (q * z);
  let series = 0;
  for (let k = 24; k > 0; k--) {
    series = 1 / (2 * k + 1) + square * series;
  }
  return q * q + 2 * q * q * q * series;
}

// The same for |z| ≤ 0.9, the argument halved twice.
function _atanh_rest(z) {
  const q = 1 / (1 + Math.sqrt((1 - z) * (1 + z)));
  return q * q + 2 * q * q * q * _atanh_half(q * z);
}

// atanh(z) - z, within 5.5 ULP.
function _atanhmx(z) {
  return Math.abs(z) < 0.9 ? z * z * z * _atanh_rest(z) : Math.atanh(z) - z;
}

// atanh(z)/z, and 1 at 0, within 2 ULP.
function _atanhc(z) {
  return z === 0 ? 1 : Math.atanh(z) / z;
}

// Its slope, and 0 at 0, within 4.5 ULP.
function _atanhc_slope(z) {
  const first = 1 / ((1 - z) * (1 + z));
  if (Math.abs(z) < 0.9) {
    return z * (first - _atanh_rest(z));
  }
  return (first - Math.atanh(z) / z) / z;
}

// (asin(s) - s)/s³ for s² = square ≤ 0.19; that of asinh for a negative square.
function _asin_series(square) {
  let series = 1;
  for (let k = 23; k > 0; k--) {
    const odd = (2 * k + 1);
    series = 1 + square * (odd * odd / ((2 * k + 2) * (2 * k + 3))) * series;
  }
  return series / 6;
}

// (asin(z) - z)/z³ for the sign -1, (z - asinh(z))/z³ for 1 and |z| ≤ 2.5.
function _asin_rest(z, sign) {
  const p = 0.5 / (1 + Math.sqrt((sign < 0) ? (1 - z) * (1 + z) : 1 + z * z));
  const r = 0.5 / (1 + Math.sqrt(1 + sign * p * z * z));
  const t = r * p * z * z;
  const rest = 1 / (1 + Math.sqrt(1 + sign * t)) + _asin_series(-sign * t);
  return 2 * p * Math.sqrt(p) * (2 * r + 2 * r * Math.sqrt(r) * rest);
}

// asin(z) - z, within 5.5 ULP.
function _asinmx(z) {
  return z * z * z * _asin_rest(z, -1);
}

// asin(z)/z, and 1 at 0, within 2 ULP.
function _asinc(z) {
  return z === 0 ? 1 : Math.asin(z) / z;
}

// Its slope, and 0 at 0, within 5.5 ULP.
function _asinc_slope(z) {
  const root = Math.sqrt((1 - z) * (1 + z));
  return z * (1 / (root * (1 + root)) - _asin_rest(z, -1));
}

// asinh(z) - z, within 5.5 ULP.
function _asinhmx(z) {
  return Math.abs(z) < 2.5 ? -z * z * z * _asin_rest(z, 1) : Math.asinh(z) - z;
}

// asinh(z)/z, and 1 at 0, within 2 ULP.
function _asinhc(z) {
  return z === 0 ? 1 : Math.asinh(z) / z;
}

// Its slope, and 0 at 0, within 6.5 ULP.
function _asinhc_slope(z) {
  if (Math.abs(z) < 2.5) {
    const root = Math.sqrt(1 + z * z);
    return z * (_asin_rest(z, 1) - 1 / (root * (root + 1)));
  }
  return (1 / Math.hypot(1, z) - Math.asinh(z) / z) / z;
}
