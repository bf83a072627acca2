// Run by Node.js when the folder is made: what the browser imports is compiled once, not by every reader.

import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "./pyodide/pyodide.mjs";

const PLACE = "/lib/packages";
const COMPILE = `
import sys
sys.path.insert(0, "${PLACE}")
import pathlib, py_compile, zipfile
from symback.cli.playground.protocol import EXAMPLES, answer

for text in EXAMPLES.values():
    for ask in ("derive", "page", "code"):
        answer({"ask": ask, "text": text})
root = pathlib.Path("${PLACE}")
files = sorted(pathlib.Path(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None))
with zipfile.ZipFile("/compiled.zip", "w") as packed:
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(root):
            py_compile.compile(path, "/module.pyc", doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            packed.write("/module.pyc", path.relative_to(root).as_posix())
`;

const python = await loadPyodide({ indexURL: "./pyodide/" });
for (const name of ["packages.zip", "flint.zip"]) {
  python.unpackArchive(new Uint8Array(readFileSync(name)).buffer, "zip", { extractDir: PLACE });
}
python.runPython(COMPILE);
writeFileSync("compiled.zip", python.FS.readFile("/compiled.zip"));
