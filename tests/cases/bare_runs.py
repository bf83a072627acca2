"""Bare functions of arrays, run in their language: flat arrays in, flat arrays out."""

import ctypes
import json
import re
import shutil
import struct
import subprocess
from functools import partial
from importlib.util import find_spec

import numpy as np

from tests.cases.compilers import COMPILER, STRICT

NODE = shutil.which("node")
RUSTC = shutil.which("rustc")
RUNS = {
    "numpy": True,
    "c": bool(COMPILER),
    "javascript": NODE is not None,
    "rust": RUSTC is not None,
    **{name: find_spec(name) is not None for name in ("jax", "torch")},
}
GUARD = (1.25, -2.5, 3.75)
"""Numbers behind the memory that a function is given, which it must leave alone."""


def flat(value):
    return np.ravel(np.asarray(value, float)).tolist()


def python_function(language, code, name):
    """A function that takes and gives NumPy's arrays in float64, whatever it computes with."""
    namespace = {}
    exec(code, namespace)
    function = namespace[name]
    if language == "jax":
        import jax  # which is not installed everywhere

        def in_jax(*given):
            with jax.enable_x64(True):
                return jax.tree.map(np.asarray, function(*given))

        return in_jax
    if language == "torch":

        def in_torch(*given):
            found = function(*(namespace["torch"].as_tensor(x) for x in given))
            return tuple(map(np.asarray, found)) if isinstance(found, tuple) else np.asarray(found)

        return in_torch
    return function


def of_python(code, name, values, sizes, results, folder, language="numpy"):
    function = python_function(language, code, name)
    arguments = re.search(rf"def {name}\(([^)]*)\)", code)[1].replace(" ", "").split(",")
    found = function(*(np.float64(values[a]) for a in map(str.strip, arguments) if a))
    return [flat(part) for part in (found if isinstance(found, tuple) else [found])]


def of_c(code, name, values, sizes, results, folder):
    (folder / "bare.c").write_text(code, encoding="utf-8")
    command = [COMPILER, *STRICT, "-O1", "-shared", "-fPIC", "bare.c", "-o", f"{name}.so", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    function = getattr(ctypes.CDLL(str(folder / f"{name}.so")), name)
    kind, signature = re.search(rf"^(\w+) {name}\(([^)]*)\)", code, re.M).groups()
    before = code[: code.index(f"{kind} {name}(")].rpartition("/*")[2]
    function.restype = ctypes.c_double if kind == "double" else None
    given, taken, guarded = [], [], None
    for argument in signature.split(","):
        type_, _, called = argument.strip().rpartition(" ")
        if type_ == "size_t":
            given.append(ctypes.c_size_t(sizes[called]))
        elif called == "*work":
            needed = re.search(r"memory for\s+([^.]*?)\s+numbers", before)[1]
            length = int(eval(" ".join(needed.split()), {}, dict(sizes)))
            guarded = (ctypes.c_double * (length + len(GUARD)))(*[0.0] * length, *GUARD)
            given.append(guarded)
        elif type_ == "double" and "*" not in called and "[" not in called:
            given.append(ctypes.c_double(float(values[called])))
        elif type_.startswith("const"):
            numbers = flat(values[called.strip("*")])
            given.append((ctypes.c_double * len(numbers))(*numbers))
        else:
            lengths = [int(called[called.index("[") + 1 : -1])] if "[" in called else None
            taken.append((ctypes.c_double * (lengths or [results[len(taken)]])[0])())
            given.append(taken[-1])
    returned = function(*given)
    assert guarded is None or tuple(guarded[-len(GUARD) :]) == GUARD
    return [[returned]] if kind == "double" else [list(memory) for memory in taken]


def of_javascript(code, name, values, sizes, results, folder):
    signature = re.search(rf"function {name}\(([^)]*)\)", code)[1]
    texts = []
    for argument in map(str.strip, signature.split(",")):
        called = argument.rstrip("$")
        if called in sizes:
            texts.append(str(sizes[called]))
        elif np.ndim(values[called]):
            texts.append(f"new Float64Array({json.dumps(flat(values[called]))})")
        else:
            texts.append(json.dumps(float(values[called])))
    text = (
        f"{code}\nconst result = {name}({', '.join(texts)});\n"
        "const parts = Array.isArray(result) ? result : [result];\n"
        "const numbers = (part) => Array.from(typeof part === 'number' ? [part] : part, String);\n"
        "console.log(JSON.stringify(parts.map(numbers)));"
    )
    done = subprocess.run([NODE, "-"], input=text, capture_output=True, text=True, check=True)
    return [[float(x.replace("Infinity", "inf")) for x in part] for part in json.loads(done.stdout)]


def rust_number(value):
    return f"f64::from_bits({struct.unpack('<Q', struct.pack('<d', float(value)))[0]})"


def rust_output(code, main, folder):
    """What a program of the code and these lines prints; a warning of the compiler is an error."""
    text = f"{code}\nfn main() {{\n{main}\n}}\n"
    (folder / "bare.rs").write_text(text, encoding="utf-8")
    command = [RUSTC, "-D", "warnings", "-A", "dead_code", "-o", "bare", "bare.rs"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    done = subprocess.run([str(folder / "bare")], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.replace("inf", "Infinity"))


def of_rust(code, name, values, sizes, results, folder):
    found = re.search(rf"fn {name}\(([^)]*)\)( -> [^{{]*)? \{{", code)
    before = code[: found.start()].rpartition("\n\n")[2]
    lines, given, taken = [], [], []

    def value_of(called):
        return values[called if called in values else called.removeprefix("v_")]

    for argument in found[1].replace("\n", " ").split(","):
        called, type_ = (part.strip() for part in argument.split(":"))
        if type_ == "usize":
            given.append(str(sizes[called]))
        elif type_ == "f64":
            given.append(rust_number(value_of(called)))
        elif type_ == "&[f64]":
            numbers = ", ".join(map(rust_number, flat(value_of(called))))
            given.append(f"&[{numbers}]")
        elif called == "work":
            needed = " ".join(before.replace("///", " ").split())
            needed = re.search(r"memory for ([^.]*?) numbers", needed)[1]
            given.append(f"&mut vec![0.0; {int(eval(needed, {}, dict(sizes)))}]")
        else:
            taken.append(f"r{len(taken)}")
            start = "0.0" if type_ == "&mut f64" else f"vec![0.0; {results[len(taken) - 1]}]"
            lines.append(f"let mut {taken[-1]} = {start};")
            given.append(f"&mut {taken[-1]}")
    call = f"{name}({', '.join(given)})"
    if taken:
        shown = ", ".join("[{:?}]" if "= 0.0" in line else "{:?}" for line in lines)
        lines += [f"{call};", f'println!("[{shown}]", {", ".join(taken)});']
    else:
        lines.append(f'println!("[[{{:?}}]]", {call});')
    result = rust_output(code, "\n".join(lines), folder)
    return [np.ravel(part).tolist() for part in result]


BY_LANGUAGE = {"numpy": of_python, "c": of_c, "javascript": of_javascript, "rust": of_rust}
BY_LANGUAGE |= {name: partial(of_python, language=name) for name in ("jax", "torch")}


def run_arrays(language, code, name, values, sizes, results, folder):
    """What a function gives, each result as a list of numbers; `results` are their lengths."""
    return BY_LANGUAGE[language](code, name, values, sizes, results, folder)
