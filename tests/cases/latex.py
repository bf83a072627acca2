r"""Formulas as textbooks print them, each with circuit text of the same circuit; None: refused."""

FORMULAS = {
    "the lecture's neuron": (
        r"f = x_1 - \sigma(w_3 x_3 + w_4 x_4)",
        "f = x1 - sigma(w3*x3 + w4*x4)",
    ),
    "neuron": (r"y = \sigma\left(\mathbf{w} x + b\right)", "y = sigma(w*x + b)"),
    "Poisson": (
        r"P = \frac{\lambda^k e^{-\lambda}}{k!}",
        "P = lambda_**k*exp(-lambda_)/factorial(k)",
    ),
    "binomial coefficient": (
        r"C = \frac{n!}{k! (n - k)!}",
        "C = factorial(n)/(factorial(k)*factorial(n - k))",
    ),
    "a factorial raised": (r"f = x!^2 + 2y!", "f = factorial(x)**2 + 2*factorial(y)"),
    "logistic": (r"\frac{1}{1+e^{-wx}}", "f = 1/(1 + exp(-w*x))"),
    "logistic growth": (r"f(x) = \frac{L}{1+e^{-k(x-x_0)}}", "f = L/(1 + exp(-k*(x - x0)))"),
    "softmax": (
        r"p_1 = \frac{e^{z_1}}{\sum_{j=1}^{3} e^{z_j}}",
        "p1 = exp(z1)/(exp(z1) + exp(z2) + exp(z3))",
    ),
    "cross-entropy": (
        r"L = -\sum_{i=1}^{3} t_i \log p_i",
        "L = -(t1*log(p1) + t2*log(p2) + t3*log(p3))",
    ),
    "binary cross-entropy": (
        r"L = -y \log \hat y - (1 - y) \log(1 - \hat y)",
        "L = -y*log(y_hat) - (1 - y)*log(1 - y_hat)",
    ),
    "Gaussian density": (
        r"p(x) = \frac{1}{\sqrt{2\pi}\,\sigma} e^{-\frac{(x-\mu)^2}{2\sigma^2}}",
        "p = 1/(sqrt(2*pi)*sigma)*exp(-(x - mu)**2/(2*sigma**2))",
    ),
    "Gaussian density by exp": (
        r"\mathcal N = \frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(x-\mu)^2}{2\sigma^2}\right)",
        "N = 1/sqrt(2*pi*sigma**2)*exp(-(x - mu)**2/(2*sigma**2))",
    ),
    "Michaelis-Menten": (r"v = \frac{V_{\max} S}{K_M + S}", "v = V_max*S/(K_M + S)"),
    "Michaelis-Menten in brackets": (
        r"v = \frac{V_{\mathrm{max}} [S]}{K_{\mathrm{m}} + [S]}",
        "v = V_max*S/(K_m + S)",
    ),
    "Hill": (r"\theta = \frac{L^n}{K_d + L^n}", "theta = L**n/(K_d + L**n)"),
    "Black-Scholes d1": (
        r"d_1 = \frac{\ln\frac{S}{K} + \left(r + \frac{\sigma^2}{2}\right) T}{\sigma\sqrt{T}}",
        "d1 = (log(S/K) + (r + sigma**2/2)*T)/(sigma*sqrt(T))",
    ),
    "Lorentz factor": (
        r"\gamma = \frac{1}{\sqrt{1 - v^2/c^2}}",
        "gamma = 1/sqrt(1 - v**2/c**2)",
    ),
    "Planck's law": (
        r"B = \frac{2 h \nu^3}{c^2} \frac{1}{e^{\frac{h\nu}{k T}} - 1}",
        "B = 2*h*nu**3/c**2*(1/(exp(h*nu/(k*T)) - 1))",
    ),
    "Lennard-Jones": (
        r"V(r) = 4\varepsilon\left[\left(\frac{\sigma}{r}\right)^{12} - "
        r"\left(\frac{\sigma}{r}\right)^{6}\right]",
        "V = 4*epsilon*((sigma/r)**12 - (sigma/r)**6)",
    ),
    "pendulum": (r"T = 2\pi\sqrt{\frac{\ell}{g}}", "T = 2*pi*sqrt(ell/g)"),
    "energy": (r"E = \frac12 m v^2 + m g h", "E = m*v**2/2 + m*g*h"),
    "rest energy": (r"E = mc^2", "E = m*c**2"),
    "Arrhenius": (r"k = A e^{-E_a/(R T)}", "k = A*exp(-E_a/(R*T))"),
    "Arrhenius, ambiguous": (r"k = A e^{-E/RT}", None),
    "oscillation": (r"x = A \sin(\omega t + \varphi)", "x = A*sin(omega*t + phi)"),
    "oscillation without brackets": (
        r"x = A \sin \omega t + B \cos \omega t",
        "x = A*sin(omega*t) + B*cos(omega*t)",
    ),
    "damped": (
        r"x(t) = A e^{-\gamma t} \cos(\omega t - \delta)",
        "x = A*exp(-gamma*t)*cos(omega*t - delta)",
    ),
    "Pythagoras": (
        r"\sin^2\theta + \cos^2\theta \cdot r",
        "f = sin(theta)**2 + cos(theta)**2*r",
    ),
    "roots": (r"\sqrt[3]{x} + \sqrt[n]{y}", "f = x**(1/3) + y**(1/n)"),
    "quadratic": (
        r"x = \frac{-b + \sqrt{b^2 - 4ac}}{2a}",
        "x = (-b + sqrt(b**2 - 4*a*c))/(2*a)",
    ),
    "parabola": (r"$f = a x^2 + b x + c$", "f = a*x**2 + b*x + c"),
    "polynomial": (r"f = \sum_{i=0}^{2} a_i x^i", "f = a0 + a1*x + a2*x**2"),
    "product": (r"f = \prod_{i=1}^{3} (1 + x_i)", "f = (1 + x1)*(1 + x2)*(1 + x3)"),
    "quadratic form": (
        r"f = \sum_{i=1}^{2} \sum_{j=1}^{2} w_{ij} x_i x_j",
        "f = w11*x1*x1 + w12*x1*x2 + w21*x2*x1 + w22*x2*x2",
    ),
    "chain of coupled masses": (
        r"V = \frac{k}{2} \sum_{i=1}^{2} (x_{i+1} - x_i)^2",
        "V = k/2*((x2 - x1)**2 + (x3 - x2)**2)",
    ),
    "logarithms": (
        r"f = \log_2 x + \log_{10} y + \log_b z",
        "f = log2(x) + log10(y) + log(z)/log(b)",
    ),
    "distance": (r"f = |x - y|^2 + \left| x \right|", "f = abs(x - y)**2 + abs(x)"),
    "hinge": (r"f = \max(0, 1 - t y) + \min\{x, y\}", "f = max(0, 1 - t*y) + min(x, y)"),
    "ELU": (
        r"f = \begin{cases} x & \text{if } x > 0 \\ \alpha(e^x - 1) & \text{otherwise} \end{cases}",
        "f = where(x > 0, x, alpha*(exp(x) - 1))",
    ),
    "Huber": (
        r"f = \begin{cases} x^2/2 & |x| \le \delta \\ \delta(|x| - \delta/2) & |x| > \delta "
        r"\end{cases}",
        "f = where(abs(x) <= delta, x**2/2, delta*(abs(x) - delta/2))",
    ),
    "window": (
        r"f = \begin{cases} x, & 0 < x < 1 \\ y, & \text{otherwise.} \end{cases}",
        "f = where(0 < x & x < 1, x, y)",
    ),
    "gravity": (r"F = G \frac{m_1 m_2}{r^2}", "F = G*m1*m2/r**2"),
    "diode": (
        r"I = I_0 \left(e^{\frac{q V}{n k T}} - 1\right)",
        "I = I0*(exp(q*V/(n*k*T)) - 1)",
    ),
    "decay": (r"N(t) = N_0 e^{-\lambda t}", "N = N0*exp(-lambda_*t)"),
    "softplus": (r"f = \ln(1 + e^{x})", "f = log(1 + exp(x))"),
    "fractions": (r"f = \frac{a}{b} \frac{c}{d}", "f = a/b*(c/d)"),
    "constant": (r"f = 6.02 \cdot 10^{23} x", "f = 6.02e23*x"),
    "floor": (r"f = \left\lfloor x \right\rfloor y", "f = floor(x)*y"),
    "words": (r"f = \operatorname{relu}(x) + \mathrm{softplus}(x)", "f = relu(x) + softplus(x)"),
    "own function": (r"g(u) = u^2 \\ f = g(x) + g(y)", "g(u) = u**2; f = g(x) + g(y)"),
    "lines": (
        "\\begin{align*}\n \\mathrm{net}_2 &= w_3 x_3 + w_4 x_4 \\\\ % the net input\n"
        " x_2 &= \\sigma(\\mathrm{net}_2) \\\\\n f &= x_1 - x_2\n\\end{align*}",
        "net2 = w3*x3 + w4*x4; x2 = sigma(net2); f = x1 - x2",
    ),
    "norm": (
        r"x \in \mathbb{R}^{3} \\ f = \lVert x \rVert^2",
        "x: input[3]; f = norm(x)**2",
    ),
    "layer": (
        r"x \in \mathbb{R}^{d} \\ W \in \mathbb{R}^{h \times d} \\ b \in \mathbb{R}^h \\ "
        r"f = \tanh(\mathbf{W}\mathbf{x} + \mathbf{b})",
        "x: input[d]; W: param[h, d]; b: param[h]; f = tanh(W @ x + b)",
    ),
    "form": (
        r"x \in \mathbb{R}^{3} \\ A \in \mathbb{R}^{3\times 3} \\ "
        r"f = \frac12 x^\top A x + x^T A^{-1} x + 2 x \cdot x",
        "x: input[3]; A: input[3, 3]; f = x.T @ A @ x/2 + x.T @ inv(A) @ x + 2*dot(x, x)",
    ),
    "ridge": (
        r"X \in \mathbb{R}^{n \times d}; w \in \mathbb{R}^{d}; y \in \mathbb{R}^{n} \\ "
        r"f = \lVert X w - y \rVert^2 + \lambda \lVert w \rVert_2^2",
        "X: input[n, d]; w: param[d]; y: input[n]; f = norm(X @ w - y)**2 + lambda_*norm(w)**2",
    ),
}  # fmt: skip

AMBIGUOUS = {
    r"f = a/b c": "does / divide",
    r"f = \sin^{-1} x": r"\arcsin, or 1/\sin",
    r"f = x(t)": "a product or a function",
    r"f = sin x": r"\sin or the product s i n",
    r"f = e + x": "Euler's number or a name",
    r"f = m c \Delta T": "one name",
    r"f = x^T y": "the transpose",
    r"f = \sin x (y + 1)": "take the bracket as well",
    r"f = x'": "derivative or part of a name",
    r"f = \pm x": "two formulas",
    r"f = \int x": "integrals are not known",
    r"f = \sum_{i=1}^{n} x_i": "not a constant bound",
    r"f = \sum_i x_i": "constant bounds",
    r"f = x + \ldots": "write every term",
    r"f = \frac{\partial x}{\partial y}": "without ∂",
    r"f = \dot x": "derivative",
    r"f = x_{t+1}": "indices of sums only",
    r"f = x y = z": "'=' a second time",
    r"P V = n R T": "left of '='",
    r"f = x > 0": "cases",
    r"f = \begin{cases} x & x > 0 \\ y & x > 1 \end{cases}": "otherwise",
    r"f = x^23": "one digit only",
    r"f = x^y^z": "a second exponent",
    r"f = x!!": "a double factorial",
    r"f = x^2!": "write brackets",
    r"f = !x": "stands behind what it is of",
    r"f = \lVert x \rVert": "needs arrays",
    r"f = \foo{x}": "can't stand here",
    r"f = \left( x": "missing",
    r"f = x § y": "is not LaTeX",
    r"f = \sigma(x)/\sigma": "both a number and a function",
}
