// Functions of numbers that are written by hand: relu, which the other targets have no kernel of,
// what the language has no word for, and what takes any number of operands. All others are
// translated from the kernels for NumPy.

// relu(z) = z where z > 0, else 0; NaN stays NaN.
function _relu(z) {
  return z > 0 || z !== z ? z : 0;
}

// The nearest whole number; of two that are as near, the even one.
function _round(z) {
  const upper = Math.round(z);
  return upper - z === 0.5 && upper % 2 !== 0 ? upper - 1 : upper;
}

// u − v·floor(u/v), which has the sign of v.
function _mod(u, v) {
  const rest = u % v;
  return rest !== 0 && rest < 0 !== v < 0 ? rest + v : rest;
}

// Σ c_k·tᵏ, lowest coefficient first.
function _polynomial(t, coefficients) {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) {
    sum = sum * t + coefficients[k];
  }
  return sum;
}

// log(w1·exp(u1) + w2·exp(u2) + …), weights of any sign: the largest term is taken out.
function _logwsumexp(...operands) {
  const weights = operands.filter((_, i) => i % 2 === 0);
  const exponents = operands.filter((_, i) => i % 2 === 1);
  /** @type {(value: (w: number, x: number, i: number) => number) => number} */
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
