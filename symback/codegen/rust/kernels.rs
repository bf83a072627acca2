// Functions that are written by hand: what the language has no word for, or computes with fewer
// digits (findings/rust_inverse_hyperbolics.sh), what takes any number of operands, functions of whole
// rows, and those of kernels.c by which compilers make vector code of loops. All others are
// translated from the kernels for NumPy.

// z where z > 0, else 0; NaN stays NaN.
fn _relu(z: f64) -> f64 {
    if z > 0.0 || z.is_nan() { z } else { 0.0 }
}

// 1, -1 or 0; NaN stays NaN.
fn _sign(z: f64) -> f64 {
    if z > 0.0 {
        1.0
    } else if z < 0.0 {
        -1.0
    } else {
        z
    }
}

// The smaller of two numbers, NaN where there is one.
fn _min(u: f64, v: f64) -> f64 {
    if u < v || u.is_nan() { u } else { v }
}

// The larger of two numbers, NaN where there is one.
fn _max(u: f64, v: f64) -> f64 {
    if u > v || u.is_nan() { u } else { v }
}

// u - v*floor(u/v), which has the sign of v.
fn _mod(u: f64, v: f64) -> f64 {
    let rest = u % v;
    if rest != 0.0 && (rest < 0.0) != (v < 0.0) { rest + v } else { rest }
}

// asinh(z), also of numbers whose double overflows.
fn _asinh(z: f64) -> f64 {
    let x = z.abs();
    let value = if x > 1e8 {
        x.ln() + core::f64::consts::LN_2
    } else {
        (x + x * x / (1.0 + x.hypot(1.0))).ln_1p()
    };
    value.copysign(z)
}

// acosh(z) with all digits near 1, also of numbers whose double overflows.
fn _acosh(z: f64) -> f64 {
    if z > 1e8 {
        return z.ln() + core::f64::consts::LN_2;
    }
    let t = z - 1.0;
    if t < 0.0 { f64::NAN } else { (t + (t * (2.0 + t)).sqrt()).ln_1p() }
}

// atanh(z), on both sides of 0 alike.
fn _atanh(z: f64) -> f64 {
    let x = z.abs();
    let rest = if x < 0.5 { 2.0 * x + 2.0 * x * x / (1.0 - x) } else { 2.0 * x / (1.0 - x) };
    (0.5 * rest.ln_1p()).copysign(z)
}

// A whole number from data as an index; what is none ends the program, as an index outside does.
fn _index(number: f64) -> usize {
    let place = number as usize;
    assert!(place as f64 == number, "{} is not an index", number);
    place
}

// The sum of c_k*t^k, lowest coefficient first.
fn _polynomial(t: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c)
}

// log(w1*exp(u1) + w2*exp(u2) + ...), weights of any sign: the largest term is taken out.
fn _logwsumexp(operands: &[f64]) -> f64 {
    let size = |k: usize| operands[2 * k].abs().ln() + operands[2 * k + 1];
    let count = operands.len() / 2;
    let mut place = 0;
    for k in 1..count {
        if size(k) > size(place) {
            place = k;
        }
    }
    let w = operands[2 * place];
    let u = if operands[2 * place + 1].is_finite() { operands[2 * place + 1] } else { 0.0 };
    let mut rest = 0.0;
    let mut others = 0.0;
    let mut sum = 0.0;
    let mut excess = 0.0;
    let mut near_one = true;
    for k in 0..count {
        let (v, x) = (operands[2 * k], operands[2 * k + 1]);
        sum += v;
        excess += v * x.exp_m1();
        near_one = near_one && x.abs() < 0.5;
        if k != place {
            others += v;
            rest += v * (x - u).exp();
        }
    }
    if near_one {
        // p and 1 - p, which was rounded
        let kept = if w != 1.0 && sum == 1.0 { 1.0 - w } else { others };
        let moved = excess + (w - 1.0 + kept);
        if moved.abs() < 0.5 {
            return moved.ln_1p();
        }
    }
    let outer = if size(place) == f64::INFINITY { f64::INFINITY } else { u };
    if w > 0.0 && rest.abs() < 0.5 * w {
        outer + (w.ln() + (rest / w).ln_1p())
    } else {
        outer + (w + rest).ln()
    }
}

// The dot products of the rows of a matrix with v, each of n numbers.
fn _dots(rows: &[f64], v: &[f64], to: &mut [f64], count: usize, n: usize) {
    for row in 0..count {
        to[row] = rows[row * n..(row + 1) * n].iter().zip(&v[..n]).map(|(a, b)| a * b).sum();
    }
}

// What brings numbers back into the range of squares, by a sum of theirs; 1 where all are in it.
fn _scale_of_squares(sum: f64) -> f64 {
    if sum > 1e300 {
        2.409919865102884e-181
    } else if sum < 1e-280 {
        4.149515568880993e180
    } else {
        1.0
    }
}

// The largest of n numbers, NaN where there is one.
fn _largest(z: &[f64], n: usize) -> f64 {
    z[1..n].iter().fold(z[0], |largest, &value| _max(largest, value))
}

// z - shift, and 0 where they are equal, also where both are infinite.
fn _below(z: f64, shift: f64) -> f64 {
    if z == shift { 0.0 } else { z - shift }
}

// The sum of exp(z - shift) over n numbers.
fn _sum_of_exp(z: &[f64], shift: f64, n: usize) -> f64 {
    z[..n].iter().map(|&value| _below(value, shift).exp()).sum()
}

// exp(z) over the sum of exp(z), shifted by the largest, so that exp can't overflow.
fn _softmax(z: &[f64], to: &mut [f64], n: usize) {
    let shift = _largest(z, n);
    let sum = _sum_of_exp(z, shift, n);
    for i in 0..n {
        to[i] = _below(z[i], shift).exp() / sum;
    }
}

// z - log of the sum of exp(z).
fn _log_softmax(z: &[f64], to: &mut [f64], n: usize) {
    let shift = _largest(z, n);
    let rest = _sum_of_exp(z, shift, n).ln();
    for i in 0..n {
        to[i] = _below(z[i], shift) - rest;
    }
}

// log of the sum of exp(z).
fn _logsumexp(z: &[f64], n: usize) -> f64 {
    let shift = _largest(z, n);
    _sum_of_exp(z, shift, n).ln() + shift
}

// Minus the sum of t*log_softmax(z), where a t of 0 leaves out an infinite log.
fn _cross_entropy(z: &[f64], t: &[f64], n: usize) -> f64 {
    let shift = _largest(z, n);
    let rest = _sum_of_exp(z, shift, n).ln();
    let mut sum = 0.0;
    for i in 0..n {
        sum -= if t[i] == 0.0 { 0.0 } else { t[i] * (_below(z[i], shift) - rest) };
    }
    sum
}

// -log_softmax(z)[t], t being the index of a class; NaN where it is none.
fn _sparse_cross_entropy(z: &[f64], t: f64, n: usize) -> f64 {
    let shift = _largest(z, n);
    let rest = _sum_of_exp(z, shift, n).ln();
    (0..n).find(|&i| i as f64 == t).map_or(f64::NAN, |i| rest - _below(z[i], shift))
}

// 1/sqrt(variance + 1e-5).
fn _rsqrt_variance(z: &[f64], n: usize) -> f64 {
    let mean = z[..n].iter().sum::<f64>() / n as f64;
    let squares: f64 = z[..n].iter().map(|value| (value - mean) * (value - mean)).sum();
    1.0 / (squares / n as f64 + 1e-5).sqrt()
}

// (z - mean)/sqrt(variance + 1e-5).
fn _layer_norm(z: &[f64], to: &mut [f64], n: usize) {
    let rate = _rsqrt_variance(z, n);
    let mean = z[..n].iter().sum::<f64>() / n as f64;
    for i in 0..n {
        to[i] = (z[i] - mean) * rate;
    }
}

// log(exp(u) + exp(v)), from the larger one.
fn _logaddexp(u: f64, v: f64) -> f64 {
    if u == v {
        return u + core::f64::consts::LN_2;
    }
    _max(u, v) + (-(u - v).abs()).exp().ln_1p()
}

// a*b + c, rounded once where the processor does that fast.
fn _fma(a: f64, b: f64, c: f64) -> f64 {
    if cfg!(target_feature = "fma") { f64::mul_add(a, b, c) } else { a * b + c }
}

// exp(r) - 1 for |r| <= log(2)/2, as r + r^2/2 + r^3*p(r).
fn _expm1_part(r: f64) -> f64 {
    let r2 = r * r;
    let r4 = r2 * r2;
    let p01 = _fma(0.16666666666666669, r, 0.5);
    let p23 = _fma(0.008333333333330063, r, 0.041666666666666664);
    let p45 = _fma(0.00019841269863042963, r, 0.0013888888888886554);
    let p67 = _fma(2.7557268476553695e-06, r, 2.4801587317136892e-05);
    let p89 = _fma(2.5100377619606372e-08, r, 2.75572829813734e-07);
    let low = _fma(p23, r2, p01);
    let middle = _fma(p67, r2, p45);
    let high = _fma(2.091123100592285e-09, r2, p89);
    let p = _fma(_fma(high, r4, middle), r4, low);
    _fma(p, r2, r)
}

// 2^k, where the last bits of a number are those of k + 1023.
fn _power_of_two(shifted: f64) -> f64 {
    f64::from_bits(shifted.to_bits() << 52)
}

// z - k*log(2) for whole |k| < 2000: the first product is exact, the second small.
fn _rest(z: f64, k: f64) -> f64 {
    _fma(k, -1.9082149292705877e-10, _fma(k, -0.6931471803691238, z))
}

// exp(z) for z <= 0: 2^k*exp(r) with z = k*log(2) + r, the power in two factors.
fn _exp_low(z: f64) -> f64 {
    let shift = 6755399441056767.0; // 1.5*2^52 + 1023: what is added to it is rounded
    let x = if z < -746.0 { -746.0 } else { z };
    let shifted = _fma(x, 1.4426950408889634, shift);
    let part = _expm1_part(_rest(x, shifted - shift));
    let most = if shifted < shift - 1000.0 { shift - 1000.0 } else { shifted };
    let other = (shifted - most) + shift;
    (1.0 + part) * _power_of_two(most) * _power_of_two(other)
}

// exp(z) - 1 for z <= 1.5: 2^k*(exp(r) - 1) + (2^k - 1).
fn _expm1_low(z: f64) -> f64 {
    let shift = 6755399441056767.0;
    let x = if z < -746.0 { -746.0 } else { z };
    let shifted = _fma(x, 1.4426950408889634, shift);
    let part = _expm1_part(_rest(x, shifted - shift));
    let most = if shifted < shift - 1000.0 { shift - 1000.0 } else { shifted };
    let power = _power_of_two(most);
    _fma(part, power, power - 1.0)
}

// The logistic function 1/(1 + exp(-z)), within 3.6 ULP.
fn _sigma(z: f64) -> f64 {
    let e = _exp_low(-z.abs());
    let inverse = 1.0 / _fma(e, 2.0 + e, 1.0);
    (if z < 0.0 { e * inverse } else { inverse }) * (1.0 + e)
}

// Its slope e/(1 + e)^2 with e = exp(-|z|), within 2.8 ULP.
fn _sigma_slope(z: f64) -> f64 {
    let e = _exp_low(-z.abs());
    e * (1.0 / _fma(e, 2.0 + e, 1.0))
}

// tanh(z), within 3.6 ULP: -m/(2 + m) with m = exp(-2|z|) - 1, and the sign of z.
fn _tanh(z: f64) -> f64 {
    let m = _expm1_low(-2.0 * z.abs());
    let e = _exp_low(-2.0 * z.abs());
    (m * (2.0 + m) * (1.0 / _fma(e, 2.0 + e, 1.0))).copysign(z)
}

// Its slope 4e/(1 + e)^2 with e = exp(-2|z|), within 2.8 ULP.
fn _tanh_slope(z: f64) -> f64 {
    let e = _exp_low(-2.0 * z.abs());
    4.0 * e * (1.0 / _fma(e, 2.0 + e, 1.0))
}
