"""What a module's functions give where they take flat arrays in a process of their own."""

from __future__ import annotations

import atexit
import inspect
import subprocess
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symback.codegen.bare.modules import fixed_names
from symback.codegen.calls import Calls
from symback.errors import Unsupported
from symback.language.parse import circuit as parse

MOST_RUNNING = 8
"""Programs that wait for calls at a time; a call starts one again that has been ended."""
RUNNING: list[FlatCalls] = []


class FlatCalls(ABC):
    """A module whose functions take arrays row by row, one sample behind the other.

    Its program runs in a folder of its own, from the first call on.
    """

    def __init__(self, module: Any) -> None:
        temporary = tempfile.TemporaryDirectory(prefix="symback_")
        weakref.finalize(self, temporary.cleanup)
        self.folder = Path(temporary.name)
        self.process: subprocess.Popen[Any] | None = None
        self.module = module
        self.circuit = parse(module.SOURCE)
        self.fixed = fixed_names(self.circuit)
        self.given = {name: int(size) for size, name in self.fixed.items()}

    @abstractmethod
    def ask(self, name: str, given: Sequence[Any], sizes: Mapping[str, int]) -> Any:
        """What the function of that name in `Calls` gives.

        `forward`, `jvp`, `jacobian` and `hessian` give one array, `value_and_grad` a number and
        arrays by name, `backward` two mappings, and the others arrays by name.
        """

    @abstractmethod
    def started(self) -> subprocess.Popen[Any]:
        """The program, which reads calls and writes results."""

    def pipes(self) -> tuple[Any, Any]:
        """Where calls go to, and where results come from."""
        if self.process is None:
            while len(RUNNING) >= MOST_RUNNING:
                RUNNING[0].end()
            self.process = self.started()
            RUNNING.append(self)
        if self.process.stdin is None or self.process.stdout is None:
            raise Unsupported("internal: the program has no pipes")
        return self.process.stdin, self.process.stdout

    def end(self) -> None:
        """Ends the program, until the next call."""
        process, self.process = self.process, None
        if self in RUNNING:
            RUNNING.remove(self)
        if process is not None:
            process.kill()
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                pipe.close()

    def calls(self, has: Callable[[str], bool]) -> Calls:
        """What the functions give, those that the module `has`."""
        return Calls(
            self._forward,
            self._backward,
            self._value_and_grad if has("value_and_grad") else None,
            self._jvp if has("jvp") else None,
            self._hessp if has("hessp") else None,
            self._initial() if self.circuit.params else None,
            jacobian=self._jacobian if has("jacobian") else None,
            hessian=self._hessian if has("hessian") else None,
        )

    def _forward(self, params: Any, inputs: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        return self._output(self.ask("forward", (params, inputs), sizes), inputs, sizes)

    def _backward(self, params: Any, inputs: Any, output_bar: Any) -> tuple[Any, Any]:
        sizes = self._sizes_of(params, inputs)
        shape = (*self._batch(inputs), *self._shape(self.circuit.output.shape, sizes))
        seed = np.broadcast_to(output_bar, shape or (1,))
        of_params, of_inputs = self.ask("backward", (params, inputs, seed), sizes)
        bars = [
            None if name not in of_inputs else np.reshape(of_inputs[name], np.shape(v))
            for name, v in inputs._asdict().items()
        ]
        return self._like(params, of_params), tuple(bars)

    def _value_and_grad(self, params: Any, inputs: Any) -> tuple[Any, Any]:
        sizes = self._sizes_of(params, inputs)
        value, gradient = self.ask("value_and_grad", (params, inputs), sizes)
        return value, self._like(params, gradient)

    def _jvp(self, params: Any, inputs: Any, param_dots: Any, input_dots: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        moving = {n.name for n in self.circuit.inputs}
        dots = {k: v for k, v in input_dots._asdict().items() if k in moving and v is not None}
        still = dict.fromkeys(inputs._fields)
        moved = type(inputs)(**{**still, **dots})
        found = self.ask("jvp", (params, inputs, param_dots, moved), sizes)
        return self._output(found, inputs, sizes)

    def _hessp(self, params: Any, inputs: Any, dots: Any) -> Any:
        sizes = self._sizes_of(params, inputs)
        return self._like(params, self.ask("hessp", (params, inputs, dots), sizes))

    def _jacobian(self, params: Any, inputs: Any) -> Any:
        return self._matrix("jacobian", params, inputs)

    def _hessian(self, params: Any, inputs: Any) -> Any:
        return self._matrix("hessian", params, inputs)

    def _matrix(self, name: str, params: Any, inputs: Any) -> Any:
        """A matrix with a column for each number of the parameters."""
        found = self.ask(name, (params, inputs), self._sizes_of(params, inputs))
        return np.reshape(found, (-1, sum(map(np.size, params))))

    def _initial(self) -> Callable[..., Any]:
        """init_params, with the sizes that it needs."""
        params = self.circuit.params
        names = dict.fromkeys(str(s) for p in params for n in p.shape for s in n.free_symbols)

        def init_params(**sizes: int) -> Any:
            known = self.given | sizes
            found = self.ask("init_params", (), known)
            shapes = {p.name: self._shape(p.shape, known) for p in params}
            return self.module.Params(*(np.reshape(found[k], v)[()] for k, v in shapes.items()))

        parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
        init_params.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return init_params

    # -- shapes -----------------------------------------------------------------------------------

    def _sizes_of(self, params: Any, inputs: Any) -> dict[str, int]:
        """The sizes that the arguments have, by the names that the module gives them."""
        values = {**params._asdict(), **inputs._asdict()}
        found: dict[str, int] = {}
        for leaf in self.circuit.leaves:
            value = values.get(leaf.name)
            if value is None or not leaf.shape:
                continue
            for size, length in zip(leaf.shape, np.shape(value)[-len(leaf.shape) :], strict=True):
                name = self.fixed.get(size) or (str(size) if size.is_Symbol else "")
                if name:
                    found[name] = length
        return found

    def _shape(self, shape: Sequence[Any], sizes: Mapping[str, int]) -> tuple[int, ...]:
        known = {s: sizes[str(s)] for size in shape for s in size.free_symbols}
        named = (sizes.get(self.fixed.get(size, "")) for size in shape)
        return tuple(
            int(size.xreplace(known)) if given is None else int(given)
            for size, given in zip(shape, named, strict=True)
        )

    def _batch(self, inputs: Any) -> tuple[int, ...]:
        """The number of samples; nothing for one without an axis, or where none is read."""
        below = {self.circuit.output.name}
        for node in reversed(self.circuit.nodes):
            below.update(node.operands if node.name in below else ())
        for leaf in (*self.circuit.inputs, *self.circuit.targets):
            value = getattr(inputs, leaf.name)
            if value is not None and leaf.name in below:
                return tuple(np.shape(value)[: np.ndim(value) - len(leaf.shape)])
        return ()

    def _output(self, numbers: Any, inputs: Any, sizes: Mapping[str, int]) -> Any:
        shape = self._shape(self.circuit.output.shape, sizes)
        return np.reshape(numbers, (*self._batch(inputs), *shape))[()]

    def _like(self, params: Any, found: Mapping[str, Any]) -> Any:
        return tuple(
            np.reshape(found[name], np.shape(value))[()] for name, value in params._asdict().items()
        )


def source_of(module: Any, ending: str) -> str:
    """The text of the file beside a Python file that has the module itself."""
    beside = str(Path(module.__file__).with_suffix(ending))
    text: str = module.__loader__.get_data(beside).decode()
    return text


@atexit.register
def _end_all() -> None:
    for running in list(RUNNING):
        running.end()


__all__ = ["FlatCalls", "source_of"]
