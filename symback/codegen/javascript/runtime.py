"""A JavaScript module's functions for NumPy's arrays in float64, in one process of Node."""

from __future__ import annotations

import base64
import inspect
import json
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symback.codegen.calls import Calls
from symback.codegen.javascript.module import fixed_names
from symback.errors import Unsupported, clip
from symback.language.parse import circuit as parse

_SERVER = """
import { createInterface } from "node:readline";
const m = await import(process.argv[2]);
const read = (v) => {
  if (v === null || typeof v !== "object") return v === null ? undefined : v;
  if (typeof v.bytes === "string") {
    const bytes = Uint8Array.from(Buffer.from(v.bytes, "base64"));
    const numbers = new Float64Array(bytes.buffer);
    return v.number ? numbers[0] : numbers;
  }
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, read(x)]));
};
const write = (v) => {
  if (v === undefined) return null;
  const numbers = typeof v === "number" ? Float64Array.of(v) : v;
  if (numbers instanceof Float64Array) {
    const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    return { bytes: bytes.toString("base64") };
  }
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, write(x)]));
};
for await (const line of createInterface({ input: process.stdin })) {
  const { call, given } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ result: write(m[call](...given.map(read))) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.message) }));
  }
}
"""


def javascript_calls(module: ModuleType) -> Calls:
    """What the functions of the module beside a Python file give."""
    return _Node(module).calls()


class _Node:
    """A process of Node that has the module, and answers one call a line."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._circuit = parse(module.SOURCE)
        self._fixed = fixed_names(self._circuit)
        self._given = {name: int(size) for size, name in self._fixed.items()}
        self._folder = tempfile.TemporaryDirectory(prefix="symback_")
        folder = Path(self._folder.name)
        beside = str(Path(module.__file__).with_suffix(".mjs"))
        self._text = module.__loader__.get_data(beside).decode()
        (folder / "module.mjs").write_text(self._text, encoding="utf-8")
        (folder / "server.mjs").write_text(_SERVER, encoding="utf-8")
        command = [module._library(), "server.mjs", (folder / "module.mjs").as_uri()]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        weakref.finalize(self, _ended, self._process, self._folder)

    def calls(self) -> Calls:
        """What the functions that the module exports give."""
        moves, trains, curves = (
            f"export function {name}(" in self._text
            for name in ("backward", "valueAndGradient", "hessp")
        )
        return Calls(
            self._forward,
            self._backward,
            self._value_and_grad if trains else None,
            self._jvp if moves else None,
            self._hessp if curves else None,
            self._initial() if self._circuit.params else None,
        )

    def _forward(self, params: Any, inputs: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        found = self._call("forward", _object(params), _object(inputs), sizes)
        return self._output(found, inputs, sizes)

    def _backward(self, params: Any, inputs: Any, output_bar: Any) -> tuple[Any, Any]:
        sizes = self._sizes_of(params, inputs)
        shape = (*self._batch(inputs), *self._shape(self._circuit.output.shape, sizes))
        seed = _packed(np.broadcast_to(output_bar, shape or (1,)))
        found = self._call("backward", _object(params), _object(inputs), seed, sizes)
        bars = [
            None if name not in found["inputs"] else np.reshape(found["inputs"][name], np.shape(v))
            for name, v in inputs._asdict().items()
        ]
        return self._like(params, found["params"]), tuple(bars)

    def _value_and_grad(self, params: Any, inputs: Any) -> tuple[Any, Any]:
        sizes = self._sizes_of(params, inputs)
        found = self._call("valueAndGradient", _object(params), _object(inputs), sizes)
        return found["value"][0], self._like(params, found["gradient"])

    def _jvp(self, params: Any, inputs: Any, param_dots: Any, input_dots: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        moving = {n.name for n in self._circuit.inputs}
        dots = {k: v for k, v in _object(input_dots).items() if k in moving and v is not None}
        given = _object(params), _object(inputs), _object(param_dots), dots
        return self._output(self._call("jvp", *given, sizes), inputs, sizes)

    def _hessp(self, params: Any, inputs: Any, dots: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        found = self._call("hessp", _object(params), _object(inputs), _object(dots), sizes)
        return self._like(params, found)

    def _initial(self) -> Callable[..., Any]:
        """init_params, with the sizes that it needs."""
        params = self._circuit.params
        names = dict.fromkeys(str(s) for p in params for n in p.shape for s in n.free_symbols)

        def init_params(**sizes: int) -> Any:
            found = self._call("initParams", sizes)
            shapes = {p.name: self._shape(p.shape, self._given | sizes) for p in params}
            return self._module.Params(*(np.reshape(found[k], v)[()] for k, v in shapes.items()))

        parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
        init_params.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return init_params

    # -- arguments and results --------------------------------------------------------------------

    def _call(self, name: str, *given: Any) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise Unsupported("internal: Node has no pipes")
        try:
            process.stdin.write(json.dumps({"call": name, "given": given}) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            raise Unsupported(f"Node.js ended in {name}; run the module with node to see why")
        found = json.loads(answer)
        if "error" in found:
            raise ValueError(clip(found["error"], 200))
        return _unpacked(found["result"])

    def _sizes_of(self, params: Any, inputs: Any) -> dict[str, int]:
        """The sizes that the arguments have, by the names that the module gives them."""
        values = {**params._asdict(), **inputs._asdict()}
        found: dict[str, int] = {}
        for leaf in self._circuit.leaves:
            value = values.get(leaf.name)
            if value is None or not leaf.shape:
                continue
            for size, length in zip(leaf.shape, np.shape(value)[-len(leaf.shape) :], strict=True):
                name = self._fixed.get(size) or (str(size) if size.is_Symbol else "")
                if name:
                    found[name] = length
        return found

    def _shape(self, shape: Sequence[Any], sizes: dict[str, int]) -> tuple[int, ...]:
        known = {s: sizes[str(s)] for size in shape for s in size.free_symbols}
        named = (sizes.get(self._fixed.get(size, "")) for size in shape)
        return tuple(
            int(size.xreplace(known)) if given is None else int(given)
            for size, given in zip(shape, named, strict=True)
        )

    def _batch(self, inputs: Any) -> tuple[int, ...]:
        """The number of samples, nothing for one without an axis."""
        for leaf in (*self._circuit.inputs, *self._circuit.targets):
            value = getattr(inputs, leaf.name)
            if value is not None:
                return tuple(np.shape(value)[: np.ndim(value) - len(leaf.shape)])
        return ()

    def _output(self, numbers: Any, inputs: Any, sizes: dict[str, int]) -> Any:
        shape = self._shape(self._circuit.output.shape, sizes)
        return np.reshape(numbers, (*self._batch(inputs), *shape))[()]

    def _like(self, params: Any, found: dict[str, Any]) -> Any:
        return tuple(
            np.reshape(found[name], np.shape(value))[()] for name, value in params._asdict().items()
        )


def _packed(value: Any) -> dict[str, Any]:
    numbers = np.ascontiguousarray(value, dtype="<f8")
    return {"bytes": base64.b64encode(numbers.tobytes()).decode(), "number": np.ndim(value) == 0}


def _object(values: Any) -> dict[str, Any]:
    found = values._asdict().items()
    return {name: None if value is None else _packed(value) for name, value in found}


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict) and "bytes" in value:
        return np.frombuffer(base64.b64decode(value["bytes"]), dtype="<f8").copy()
    if isinstance(value, dict):
        return {name: _unpacked(part) for name, part in value.items()}
    return value


def _ended(process: subprocess.Popen[str], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    folder.cleanup()


__all__ = ["javascript_calls"]
