// The rate of an enzyme, fitted by Gauss and Newton's method: the Jacobian is the C module's.

#include "enzyme.h"

#include <cmath>
#include <cstdio>
#include <vector>

int main()
{
    const std::vector<double> concentration{0.02, 0.02, 0.06, 0.06, 0.11, 0.11,
                                            0.22, 0.22, 0.56, 0.56, 1.1, 1.1};
    const std::vector<double> rate{76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200};
    const std::size_t count = rate.size();
    std::vector<double> v(count), kept(count), by_vmax(count), by_k(count);
    const enzyme_inputs inputs{concentration.data(), rate.data()};
    const enzyme_cache cache{kept.data()};
    const enzyme_rows rows{by_vmax.data(), by_k.data()};
    enzyme_params params{200.0, 0.06};
    for (int step = 0; step < 30; ++step) {
        enzyme_params grad;
        const double loss = enzyme_value_and_grad(&params, &inputs, count, &grad);
        std::printf("%d: loss %.6f, Vmax = %.5f, K = %.8f\n", step, loss, params.Vmax, params.K);
        if (std::abs(grad.Vmax) < 1e-9 && std::abs(grad.K) < 1e-6) {
            break;
        }
        enzyme_forward(&params, &inputs, count, v.data(), &cache);
        enzyme_jacobian(&params, &inputs, count, &rows);
        double a = 0, b = 0, c = 0, r = 0, s = 0; // JᵀJ and Jᵀ·residuals
        for (std::size_t i = 0; i < count; ++i) {
            const double away = rate[i] - v[i];
            a += by_vmax[i] * by_vmax[i];
            b += by_vmax[i] * by_k[i];
            c += by_k[i] * by_k[i];
            r += by_vmax[i] * away;
            s += by_k[i] * away;
        }
        const double det = a * c - b * b;
        params.Vmax += (c * r - b * s) / det;
        params.K += (a * s - b * r) / det;
    }
    return 0;
}
