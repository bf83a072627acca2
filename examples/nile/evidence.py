"""The flow of the Nile at Aswan, 1871 to 1970, by the Gaussian process of largest evidence."""

import numpy as np
from scipy.optimize import minimize

import symback as sb

CIRCUIT = """
# The evidence of a Gaussian process for the volumes of n years: level, share of what varies slowly,
# years that it takes, share of noise. Parameters are logarithms: any number will do.
x: input[n]
y: input[n]
level: param = 9
slow: param = 0
years: param = 2
noise: param = 0

D = x[:, None] - x[None, :]
K = exp(2*slow)*exp(-D**2/(2*exp(2*years))) + exp(2*noise)*eye(n)
L = cholesky(K)
u = solve_triangular(L, y - level)
l: loss = dot(u, u)/2 + sum(log(diag(L))) + n*log(2*pi)/2
"""
VOLUMES = """
1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140
1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 831
726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 759 781 865 845 944
984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749 838 1050 918 986 797
923 975 815 1020 906 901 1170 912 746 919 718 714 740
"""  # 10⁸ m³ a year


def main():
    volumes = np.array(VOLUMES.split(), float) / 100
    years = np.arange(1871.0, 1971.0)
    circuit = sb.circuit(CIRCUIT)
    module = circuit.compile()
    inputs = module.Inputs(years[None], volumes[None])
    start = module.ravel(module.init_params())
    found = minimize(module.objective, start, args=(inputs,), jac=True, method="BFGS")
    level, slow, span, noise = found.x
    print(f"log evidence {-found.fun:.4f}")
    print(f"level {100 * level:.1f}, noise {100 * np.exp(noise):.1f}")
    print(f"what varies slowly {100 * np.exp(slow):.1f}, in {np.exp(span):.1f} years")
    kernel = np.exp(2 * slow - (years[:, None] - years) ** 2 / (2 * np.exp(2 * span)))
    weights = np.linalg.solve(kernel + np.exp(2 * noise) * np.eye(100), volumes - level)
    for year in (1880, 1920, 1960):
        print(f"{year}: {100 * (level + kernel[year - 1871] @ weights):.0f}")


if __name__ == "__main__":
    main()
