"""A JavaScript module's functions for NumPy's arrays in float64, in one process of Node."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from symback.codegen.calls import Calls
from symback.codegen.flat_calls import FlatCalls, source_of
from symback.errors import Unsupported, clip

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
    node = _Node(module)
    return node.calls(lambda name: f"export function {_NAMES.get(name, name)}(" in node.text)


_NAMES = {"value_and_grad": "valueAndGradient", "init_params": "initParams"}


class _Node(FlatCalls):
    """A process of Node that has the module, and answers one call a line."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.text = source_of(module, ".mjs")
        self._command = [module._library(), "server.mjs", (self.folder / "module.mjs").as_uri()]
        (self.folder / "module.mjs").write_text(self.text, encoding="utf-8")
        (self.folder / "server.mjs").write_text(_SERVER, encoding="utf-8")

    def started(self) -> subprocess.Popen[Any]:
        pipe = subprocess.PIPE
        return subprocess.Popen(self._command, cwd=self.folder, stdin=pipe, stdout=pipe, text=True)

    def ask(self, name: str, given: Sequence[Any], sizes: Mapping[str, int]) -> Any:
        found = self._call(_NAMES.get(name, name), *map(_argument, given), dict(sizes))
        if name == "value_and_grad":
            return found["value"][0], found["gradient"]
        return (found["params"], found["inputs"]) if name == "backward" else found

    def _call(self, name: str, *given: Any) -> Any:
        to, results = self.pipes()
        try:
            to.write(json.dumps({"call": name, "given": given}) + "\n")
            to.flush()
            answer = results.readline()
        except OSError:
            answer = ""
        if not answer:
            self.end()
            raise Unsupported(f"Node.js ended in {name}; run the module with node to see why")
        found = json.loads(answer)
        if "error" in found:
            raise ValueError(clip(found["error"], 200))
        return _unpacked(found["result"])


def _packed(value: Any) -> dict[str, Any]:
    numbers = np.ascontiguousarray(value, dtype="<f8")
    return {"bytes": base64.b64encode(numbers.tobytes()).decode(), "number": np.ndim(value) == 0}


def _argument(value: Any) -> Any:
    """Parameters or samples as an object, an array as its bytes."""
    if not hasattr(value, "_asdict"):
        return _packed(value)
    return {name: _packed(v) for name, v in value._asdict().items() if v is not None}


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict) and "bytes" in value:
        return np.frombuffer(base64.b64decode(value["bytes"]), dtype="<f8").copy()
    if isinstance(value, dict):
        return {name: _unpacked(part) for name, part in value.items()}
    return value


__all__ = ["javascript_calls"]
