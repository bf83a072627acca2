// symback inside the browser: Python in a worker, so that the page never waits for it.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const PACKAGES = ["packages.zip", "flint.zip"];
const PLACE = "/lib/packages";
const START = `
import sys
sys.path.insert(0, "${PLACE}")
import json
from symback.cli.playground.protocol import answer

def answered(text):
    return json.dumps(answer(json.loads(text)))

answered
`;

let python;
let answered;
let numpy; // the promise that it is there, once a check was asked for

async function load(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name} can't be loaded (${response.status})`);
  return response.arrayBuffer();
}

async function start() {
  const say = (says) => postMessage({ says });
  say("loading Python…");
  const packages = PACKAGES.map(load);
  python = await loadPyodide({ indexURL: new URL("pyodide/", import.meta.url).href });
  say("loading symback…");
  for (const archive of packages) python.unpackArchive(await archive, "zip", { extractDir: PLACE });
  say("starting symback…");
  answered = python.runPython(START);
}

// NumPy, which checks need, where the folder has it.
async function loadNumpy() {
  const { numpy: name } = await (await fetch(new URL("engine.json", import.meta.url))).json();
  if (!name) return;
  python.unpackArchive(await load(name), "zip", { extractDir: PLACE });
  python.runPython("import importlib; importlib.invalidate_caches()");
}

const refusal = (message) => ({ error: { message, line: null, column: null } });

// A fault of the machine below Python, such as no room for calls, ends this worker: the page starts another.
function reply({ id, request }) {
  let answer;
  try {
    answer = JSON.parse(answered(JSON.stringify(request)));
  } catch (error) {
    postMessage({ id, answer: refusal("the circuit is too large or nested too deep for the browser"), ends: String(error) });
    return;
  }
  postMessage({ id, answer });
}

const started = start().then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ fails: error.message.trim().split("\n").pop() }),
);

addEventListener("message", async ({ data }) => {
  if (data.request === undefined) return;
  await started;
  try {
    if (data.request.ask === "check") await (numpy ??= loadNumpy());
  } catch (error) {
    numpy = undefined; // the next check tries again
    postMessage({ id: data.id, answer: refusal(`NumPy is missing: ${error.message}; check again`) });
    return;
  }
  reply(data);
});
