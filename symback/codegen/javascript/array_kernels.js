// Functions on the n numbers of a row, n > 0, and sums, for code of arrays and modules. What they
// compute is that of array_kernels.py.

// The dot products of the rows of a matrix with v, each of n numbers.
function _dots(rows, v, to, count, n) {
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += rows[row * n + i] * v[i];
    }
    to[row] = sum;
  }
}

// What brings numbers back into the range of squares, by a sum of theirs; 1 where all are in it.
function _scale_of_squares(sum) {
  if (sum > 1e300) {
    return 2.409919865102884e-181;
  }
  return sum < 1e-280 ? 4.149515568880993e180 : 1;
}

// The largest of n numbers, NaN where there is one.
function _largest(z, n) {
  let largest = z[0];
  for (let i = 1; i < n; i++) {
    largest = Math.max(largest, z[i]);
  }
  return largest;
}

// z - shift, and 0 where they are equal, also where both are infinite.
function _below(z, shift) {
  return z === shift ? 0 : z - shift;
}

// The sum of exp(z - shift) over n numbers.
function _sum_of_exp(z, shift, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += Math.exp(_below(z[i], shift));
  }
  return sum;
}

// exp(z)/Σ exp(z), shifted by the largest, so that exp can't overflow.
function _softmax(z, to, n) {
  const shift = _largest(z, n);
  const sum = _sum_of_exp(z, shift, n);
  for (let i = 0; i < n; i++) {
    to[i] = Math.exp(_below(z[i], shift)) / sum;
  }
}

// z - log Σ exp(z).
function _log_softmax(z, to, n) {
  const shift = _largest(z, n);
  const rest = Math.log(_sum_of_exp(z, shift, n));
  for (let i = 0; i < n; i++) {
    to[i] = _below(z[i], shift) - rest;
  }
}

// log Σ exp(z).
function _logsumexp(z, n) {
  const shift = _largest(z, n);
  return Math.log(_sum_of_exp(z, shift, n)) + shift;
}

// -Σ t·log_softmax(z), where a t of 0 leaves out an infinite log.
function _cross_entropy(z, t, n) {
  const shift = _largest(z, n);
  const rest = Math.log(_sum_of_exp(z, shift, n));
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum -= t[i] === 0 ? 0 : t[i] * (_below(z[i], shift) - rest);
  }
  return sum;
}

// -log_softmax(z)[t], t being the index of a class; NaN where it is none.
function _sparse_cross_entropy(z, t, n) {
  const shift = _largest(z, n);
  const rest = Math.log(_sum_of_exp(z, shift, n));
  return Number.isInteger(t) && t >= 0 && t < n ? rest - _below(z[t], shift) : NaN;
}

// The mean of n numbers.
function _mean(z, n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += z[i];
  }
  return sum / n;
}

// 1/√(variance + 1e-5).
function _rsqrt_variance(z, n) {
  const mean = _mean(z, n);
  let squares = 0;
  for (let i = 0; i < n; i++) {
    squares += (z[i] - mean) ** 2;
  }
  return 1 / Math.sqrt(squares / n + 1e-5);
}

// (z - mean)/√(variance + 1e-5).
function _layer_norm(z, to, n) {
  const rate = _rsqrt_variance(z, n);
  const mean = _mean(z, n);
  for (let i = 0; i < n; i++) {
    to[i] = (z[i] - mean) * rate;
  }
}

// Adds to a sum, and to the digits that its roundings have lost.
function _add(total, value) {
  const sum = total[0] + value;
  const isLarger = Math.abs(total[0]) >= Math.abs(value);
  total[1] += isLarger ? total[0] - sum + value : value - sum + total[0];
  total[0] = sum;
}
