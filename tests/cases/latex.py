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
    "z-score": (
        r"z = \frac{x - \mu}{\sigma}",
        "z = (x - mu)/sigma",
    ),
    "t statistic": (
        r"t = \frac{\bar{x} - \mu_0}{s / \sqrt{n}}",
        "t = (x_bar - mu0)/(s/sqrt(n))",
    ),
    "Gaussian with given parameters": (
        r"f(x;\mu,\sigma) = "
        r"\frac{1}{\sigma\sqrt{2\pi}}\,e^{-\tfrac{1}{2}\left(\tfrac{x-\mu}{\sigma}\right)^{2}}",
        "f = 1/(sigma*sqrt(2*pi))*exp(-(1/2)*((x - mu)/sigma)**2)",
    ),
    "Laplace": (
        r"f(x \mid \mu, b) = \frac{1}{2b} \exp\left( -\frac{|x-\mu|}{b} \right)",
        "f = 1/(2*b)*exp(-abs(x - mu)/b)",
    ),
    "gamma density": (
        r"f(x) = \frac{\beta^\alpha}{\Gamma(\alpha)} x^{\alpha-1} e^{-\beta x}",
        "f = beta**alpha/gamma(alpha)*x**(alpha - 1)*exp(-beta*x)",
    ),
    "Student's t": (
        r"f(t) = "
        r"\frac{\Gamma\left(\frac{\nu+1}{2}\right)}"
        r"{\sqrt{\nu\pi}\,\Gamma\left(\frac{\nu}{2}\right)} "
        r"\left(1+\frac{t^2}{\nu}\right)^{-\frac{\nu+1}{2}}",
        "f = gamma((nu + 1)/2)/(sqrt(nu*pi)*gamma(nu/2))*(1 + t**2/nu)**(-(nu + 1)/2)",
    ),
    "beta density": (
        r"f(x)=\frac{x^{\alpha-1}(1-x)^{\beta-1}}{\mathrm{B}(\alpha,\beta)}",
        "f = x**(alpha - 1)*(1 - x)**(beta - 1)/euler_beta(alpha, beta)",
    ),
    "binomial probability": (
        r"P(X=k)=\binom{n}{k}p^k(1-p)^{n-k}",
        "P = binomial(n, k)*p**k*(1 - p)**(n - k)",
    ),
    "sample variance": (
        r"v = \frac{1}{n-1}\sum_{i=1}^{3}(x_i-\bar{x})^2",
        "v = 1/(n - 1)*((x1 - x_bar)**2 + (x2 - x_bar)**2 + (x3 - x_bar)**2)",
    ),
    "entropy in bits": (
        r"H = -\sum_{i=1}^{2} p_i \log_2 p_i",
        "H = -(p1*log2(p1) + p2*log2(p2))",
    ),
    "normal distribution": (
        r"F(x) = \Phi\left(\frac{x-\mu}{\sigma}\right)",
        "F = ndtr((x - mu)/sigma)",
    ),
    "normal quantile": (
        r"x = \mu + \sigma \Phi^{-1}(p)",
        "x = mu + sigma*ndtri(p)",
    ),
    "normal distribution by erf": (
        r"F = "
        r"\frac{1}{2}\left[1+\operatorname{erf}\left(\frac{x-\mu}{\sigma\sqrt{2}}\right)\right]",
        "F = (1/2)*(1 + erf((x - mu)/(sigma*sqrt(2))))",
    ),
    "Coulomb": (
        r"F = \frac{1}{4\pi\varepsilon_0}\frac{q_1 q_2}{r^2}",
        "F = 1/(4*pi*epsilon0)*(q1*q2/r**2)",
    ),
    "de Broglie": (
        r"\lambda = \frac{h}{m v}",
        "lambda_ = h/(m*v)",
    ),
    "escape velocity": (
        r"v_{\mathrm{esc}} = \sqrt{\frac{2GM}{r}}",
        "v_esc = sqrt(2*G*M/r)",
    ),
    "length contraction": (
        r"L = L_0 \sqrt{1 - \left(\frac{v}{c}\right)^2}",
        "L = L0*sqrt(1 - (v/c)**2)",
    ),
    "single slit": (
        r"I = I_0 \left[\frac{\sin\alpha}{\alpha}\right]^2",
        "I = I0*(sin(alpha)/alpha)**2",
    ),
    "wave packet": (
        r"\psi = \left(\frac{2a}{\pi}\right)^{1/4} e^{-a x^2}",
        "psi = (2*a/pi)**(1/4)*exp(-a*x**2)",
    ),
    "Fermi": (
        r"n = \frac{1}{\mathrm{e}^{(E-\mu)/(k_B T)} + 1}",
        "n = 1/(exp((E - mu)/(k_B*T)) + 1)",
    ),
    "drum": (
        r"u = \mathrm{J}_2(k r) \cos(2\varphi)",
        "u = besselj(2, k*r)*cos(2*phi)",
    ),
    "modified Bessel functions": (
        r"f = \mathrm{I}_{0}(x)\,\mathrm{K}_1(x) + \mathrm{Y}_0(x)",
        "f = besseli(0, x)*besselk(1, x) + bessely(0, x)",
    ),
    "chi-squared": (
        r"p = \mathrm{Q}\left(2, \frac{x}{2}\right) + \mathrm{P}(1, x)",
        "p = gammaincc(2, x/2) + gammainc(1, x)",
    ),
    "incomplete beta": (
        r"p = \mathrm{I}_{x}(2, 3)",
        "p = betainc(2, 3, x)",
    ),
    "Lambert": (
        r"y = \mathrm{W}_{0}(x) + \mathrm{W}_{-1}(u)",
        "y = lambertw(x) + lambertwm1(u)",
    ),
    "polygamma": (
        r"y = \psi^{(0)}(x) + \psi^{(1)}(x) + \psi^{(3)}\left(x\right)",
        "y = digamma(x) + trigamma(x) + polygamma(3, x)",
    ),
    "log-gamma": (
        r"y = \ln\Gamma(x) + \ln\mathrm{B}(u, v)",
        "y = loggamma(x) + betaln(u, v)",
    ),
    "van der Waals": (
        r"\left(P + \frac{a n^2}{V^2}\right)(V - nb)",
        "f = (P + a*n**2/V**2)*(V - n*b)",
    ),
    "rate law": (
        r"r = k[\mathrm{A}]^m[\mathrm{B}]^n",
        "r = k*A**m*B**n",
    ),
    "half-life": (
        r"N(t) = N_0 \left(\tfrac12\right)^{t/t_{1/2}}",
        "N = N0*(1/2)**(t/t_1_2)",
    ),
    "inhibition": (
        r"v = "
        r"\frac{V_{\max}[\mathrm{S}]}{K_{\mathrm{M}}\left(1+\dfrac{[\mathrm{I}]}{K_{\mathrm{i}}}\right)+[\mathrm{S}]}",
        "v = V_max*S/(K_M*(1 + I/K_i) + S)",
    ),
    "leaky unit": (
        r"f(x) = \begin{cases} x & \text{if } x > 0, \\ \alpha(e^{x} - 1) & \text{if } x \le "
        r"0. \end{cases}",
        "f = where(x > 0, x, alpha*(exp(x) - 1))",
    ),
    "pair of sums": (
        r"E = \sum_{i=1}^{2}\sum_{j=1}^{2} w_{ij} s_i s_j",
        "E = (w11*s1*s1 + w12*s1*s2) + (w21*s2*s1 + w22*s2*s2)",
    ),
    "present value": (
        r"\mathrm{PV} = \sum_{t=0}^{2} \frac{C_t}{(1+r)^t}",
        "PV = C0/(1 + r)**0 + C1/(1 + r)**1 + C2/(1 + r)**2",
    ),
    "call price": (
        r"C = S_0 \Phi(d_1) - K e^{-rT} \Phi(d_2)",
        "C = S0*ndtr(d1) - K*exp(-r*T)*ndtr(d2)",
    ),
    "annuity": (
        r"M = P\,\frac{r(1+r)^n}{(1+r)^n-1}",
        "M = P*(r*(1 + r)**n/((1 + r)**n - 1))",
    ),
    "powers of ten": (
        r"y = 3 \times 10^{8}\, x + 1{,}000 z",
        "y = 3*10**8*x + 1000*z",
    ),
    "accents with scripts": (
        r"y = \alpha_{\mathrm{max}} + \hat{\theta}_{1} + \tilde{\gamma}^{2}",
        "y = alpha_max + theta_hat_1 + gamma_tilde**2",
    ),
    "logarithms to bases": (
        r"y = \log_{10} x + \log_2(z) + \log_b u",
        "y = log10(x) + log2(z) + log(u, b)",
    ),
    "brackets in brackets": (
        r"f = \left\{ x + \left[ y \cdot (z + 1) \right] \right\}",
        "f = x + y*(z + 1)",
    ),
    "tower": (
        r"f = x^{y^{z}}",
        "f = x**(y**z)",
    ),
    "bars in bars": (
        r"y = |x| + |y_1 - |z|| + \left\vert u \right\vert",
        "y = abs(x) + abs(y1 - abs(z)) + abs(u)",
    ),
    "norms": (
        r"w \in \mathbb{R}^{3} \\ f = \lVert w \rVert_1 + \|w\|_\infty + \left\Vert w "
        r"\right\Vert_2^2",
        "w: param[3]; f = sum(abs(w)) + max(abs(w)) + norm(w)**2",
    ),
    "Frobenius": (
        r"A \in \mathbb{R}^{3\times 3} \\ f = \|A\|_F^2",
        "A: input[3, 3]; f = norm(A)**2",
    ),
    "trace": (
        r"W \in \mathbb{R}^{3\times 3} \\ f = \operatorname{tr}(W^\top W) + \det(W)",
        "W: param[3, 3]; f = trace(W.T @ W) + det(W)",
    ),
    "entries of a vector": (
        r"x \in \mathbb{R}^3 \\ f = \sum_{i=1}^{3} x_i^2",
        "x: input[3]; f = x[0]**2 + x[1]**2 + x[2]**2",
    ),
    "entries of a matrix": (
        r"A \in \mathbb{R}^{2\times 2} \\ f = \sum_{i=1}^{2} A_{ii} + A_{12}",
        "A: input[2, 2]; f = (A[0, 0] + A[1, 1]) + A[0, 1]",
    ),
    "entries of a layer": (
        r"W \in \mathbb{R}^{2\times 3} \\ x \in \mathbb{R}^3 \\ h = \tanh(Wx) \\ f = h_1 - h_2",
        "W: param[2, 3]; x: input[3]; h = tanh(W @ x); f = h[0] - h[1]",
    ),
    "inner product": (
        r"a \in \mathbb{R}^3 \\ b \in \mathbb{R}^3 \\ f = \langle a, b \rangle",
        "a: input[3]; b: param[3]; f = dot(a, b)",
    ),
    "rotation": (
        r"x \in \mathbb{R}^2 \\ f = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & "
        r"\cos\theta \end{pmatrix} x",
        "x: input[2]; theta: param; f = [[cos(theta), -sin(theta)], [sin(theta), cos(theta)]] @ x",
    ),
    "column": (
        r"f = \begin{bmatrix} x y \\ x + y \end{bmatrix}",
        "f = [x*y, x + y]",
    ),
    "hats on letters with subscripts": (
        r"L = \sum_{i=1}^{2} (y_i - \hat y_i)^2 + \bar x_1",
        "L = (y1 - y_hat_1)**2 + (y2 - y_hat_2)**2 + x_bar_1",
    ),
    "exponents before subscripts": (
        r"y = x^2_1 + \sigma^{2}_{f} + \sum^{2}_{i=1} a_i",
        "y = x1**2 + sigma_f**2 + (a1 + a2)",
    ),
    "functions in words": (
        r"y = \text{sigmoid}(x) + \operatorname{ReLU}(z) + \mathrm{erf}\,u",
        "y = sigmoid(x) + relu(z) + erf(u)",
    ),
    "transposed by a letter": (
        r"A \in \mathbb{R}^{2\times2} \\ x \in \mathbb{R}^2 \\ "
        r"y = \mathbf x^{\mathsf T} A \mathbf{x}",
        "A: input[2, 2]; x: input[2]; y = x.T @ A @ x",
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
    r"P = \psi(x)": r"a product or a function",
    r"P = f(x + 1)": r"a product or a function",
    r"u = \mathrm{net}(x + 1)": r"a product or a function",
    r"p = \varphi(1 - x)": r"a product or a function",
    r"y = J_0(x)": r"for Bessel's function \mathrm{J}_0(…)",
    r"y = J_1(k x)": r"for Bessel's function \mathrm{J}_1(…)",
    r"y = I_0(x)": r"for Bessel's function \mathrm{I}_0(…)",
    r"y = \operatorname{Li}_2(x)": r"a product or a function",
    r"f = \mathbb{E}[X]": r"a mean or probability is not known",
    r"f = \mathrm{Var}(X + Y)": r"a product or a function",
    r"f = \mathbf{1}_{x>0}": r"write an indicator function by cases",
    r"y = e^{i\omega t}": r"the imaginary unit",
    r"y = e^{-j x}": r"the imaginary unit",
    r"E = E^0 - x": r"E^0 is 1; is it a name? Write E_0",
    r"PV = x": r"\mathrm{PV}",
    r"R^2 = 1 - x": r"left of '=' stands one name",
    r"E(x) = 1 + E(y)": r"'E' calls itself",
    r"y = \lg x": r"to base 10 or 2",
    r"y = x \bmod 3": r"\operatorname{mod}(x, y)",
    r"f \equiv a + b": r"write = to define a node",
    r"f = {a \over b}": r"\frac{a}{b}",
    r"f = \underbrace{a + b}_{c}": r"without braces below it",
    r"f = \frac{\mathrm{d}}{\mathrm{d}x} x^2": r"without d/dx",
    r"f = \frac{d y}{d x}": r"without d/dx",
    r"f = \frac{\mathrm{d}^2 y}{\mathrm{d} x^2}": r"without d/dx",
    r"f = \frac{d^{2}}{dx^2} x": r"without d/dx",
    r"f = x \, \mathrm{d}y": r"is \mathrm{d} y a differential or a product",
    r"f = w \operatorname{d}\theta": r"or \mathrm{d} \cdot theta",
    r"f = x\%": r"as 0.05",
    r"f = \langle x \rangle": r"a mean is not known",
    r"f = \lVert x \rVert_3": r"a norm is that of",
    r"f = \begin{pmatrix} x & y \\ z \end{pmatrix}": r"of one length",
    r"f = \begin{array} x \end{array}": r"cases and pmatrix are",
    r"A \in \mathbb{R}^{2\times 2} \\ f = \lVert A \rVert_2": r"the norm of a matrix",
    r"x \in \mathbb{R}^{2} \\ f = x_0": r"an entry, which count from 1",
    r"x \in \mathbb{R}^{2} \\ f = x_3": r"outside [2]",
    r"f = \mathrm{I}_x(a)": r"a product or a function",
    r"f = \lim_{x \to 0} x": "limits are not known",
    r"f = \oint x": "integrals are not known",
    r"f = {n \choose k}": r"\binom{n}{k}",
    r"f = u \otimes v": r"\operatorname{kron}(a, b) of matrices",
    r"f = 20^{\circ} x": "degrees as radians",
    r"f = x^\star": "no meaning here",
}
