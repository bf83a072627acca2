// Kernels of products of a number and a logarithm: for one float64 what entropy_kernels.py of the
// NumPy target explains.

// z·log(z), and 0 at 0.
function _xlogx(z) {
  return z * Math.log(z === 0 ? 1 : z);
}

// (1 + z)·log(1 + z), and 0 at -1.
function _xlogx1p(z) {
  return (1 + z) * Math.log1p(z === -1 ? 0 : z);
}

// xᵏ·log(x), and 0 at 0 for k > 0.
function _powlog(x, k) {
  return x === 0 && k > 0 ? 0 : Math.pow(x, k) * Math.log(x);
}

// x·log(y), and 0 where x is 0.
function _xlogy(x, y) {
  return x === 0 && y === y ? 0 : x * Math.log(y);
}

// x·log(1 + y), and 0 where x is 0.
function _xlog1py(x, y) {
  return x === 0 && y === y ? 0 : x * Math.log1p(y);
}

// log(a/b), also where the two are close, and where a/b is no normal number.
function _log_ratio(a, b) {
  const ratio = a / b;
  if (ratio > 0.5 && ratio < 2) return Math.log1p((a - b) / b);
  if (Math.abs(ratio) <= 1e-300 || Math.abs(ratio) === Infinity) {
    return Math.log(Math.abs(a)) - Math.log(Math.abs(b));
  }
  return Math.log(ratio);
}

// x·log(x/y), and 0 where x is 0.
function _rel_entr(x, y) {
  return x === 0 && y === y ? 0 : x * _log_ratio(x, y);
}

// log(z/(1 - z)), and 2·atanh(2·z - 1) between 1/4 and 3/4.
function _logit(z) {
  return z > 0.25 && z < 0.75 ? 2 * Math.atanh(2 * z - 1) : Math.log(z / (1 - z));
}
