//! The rate of an enzyme, fitted by Newton's method: gradient and H·v are those of the module.

#[allow(dead_code)]
mod enzyme;

use enzyme::{hessp, value_and_grad, Error, Inputs, Params};

const CONCENTRATION: [f64; 12] =
    [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1];
const RATE: [f64; 12] =
    [76.0, 47.0, 97.0, 107.0, 123.0, 139.0, 159.0, 152.0, 191.0, 201.0, 207.0, 200.0];

fn main() -> Result<(), Error> {
    let inputs = Inputs { concentration: &CONCENTRATION, rate: &RATE };
    let mut params = Params { Vmax: 200.0, K: 0.06 };
    for step in 0.. {
        let mut grad = Params::default();
        let loss = value_and_grad(&params, &inputs, &mut grad)?;
        println!("{step}: loss {loss:.6}, Vmax = {:.5}, K = {:.8}", params.Vmax, params.K);
        if grad.Vmax.abs() < 1e-9 && grad.K.abs() < 1e-6 {
            break;
        }
        let (mut first, mut second) = (Params::default(), Params::default());
        hessp(&params, &inputs, &Params { Vmax: 1.0, K: 0.0 }, &mut first)?;
        hessp(&params, &inputs, &Params { Vmax: 0.0, K: 1.0 }, &mut second)?;
        let det = first.Vmax * second.K - first.K * second.Vmax;
        params.Vmax -= (second.K * grad.Vmax - second.Vmax * grad.K) / det;
        params.K -= (first.Vmax * grad.K - first.K * grad.Vmax) / det;
    }
    Ok(())
}
