// Run by Node.js when the folder is made: what the browser imports is compiled once, not by every reader.

import { readFileSync, writeFileSync } from "node:fs";
import { loadPyodide } from "./pyodide/pyodide.mjs";

const PLACE = "/lib/packages";
const COMPILE = `
import sys
sys.path.insert(0, "${PLACE}")
import pathlib, py_compile, zipfile
from symback.cli.playground.protocol import EXAMPLES, answer

asks = ${JSON.stringify(process.argv.slice(2))}
answers = [(ask, name, answer({"ask": ask, "text": text})) for name, text in EXAMPLES.items() for ask in asks]
root = pathlib.Path("${PLACE}")
files = sorted(pathlib.Path(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None))
with zipfile.ZipFile("/compiled.zip", "w") as packed:
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(root):
            py_compile.compile(path, "/module.pyc", doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            packed.write("/module.pyc", path.relative_to(root).as_posix())
failed = [(name, found) for ask, name, found in answers if ask == "check" and not found.get("passed")]
next((f"the check of {name}: " + found.get("error", {}).get("message", "failed") for name, found in failed), "")
`;

const python = await loadPyodide({ indexURL: "./pyodide/" });
for (const name of ["packages.zip", "flint.zip"]) {
  python.unpackArchive(new Uint8Array(readFileSync(name)).buffer, "zip", { extractDir: PLACE });
}
const failed = python.runPython(COMPILE);
if (failed) {
  console.error(failed);
  process.exit(1);
}
writeFileSync("compiled.zip", python.FS.readFile("/compiled.zip"));
