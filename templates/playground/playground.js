// The page: what is typed goes to the engine, what it answers is shown.

import { open } from "./engines.js";
import { hashOf, read, write } from "./state.js";

const IDLE = 200; // milliseconds without a key, after which the picture follows
const byId = (id) => document.getElementById(id);
const [text, message, output, frame] = ["text", "message", "output", "frame"].map(byId);
const [of, wrt, view, language, data] = ["of", "wrt", "view", "language", "data"].map(byId);

const state = { text: "", of: "", wrt: "", view: "paths", tab: "derivation", language: "", data: "", page: "", ...read() };
let engine;
let asked = 0; // how often something changed
let answered = 0; // up to which change the derivation is shown
let isAsking = false;
let drawn = ""; // what the frame shows
let isOther = false; // than the derivation's page: descent, or what the tab See shows

// -- derivation, as one types ----------------------------------------------------------------------

const question = (ask, more = {}) => ({ ask, text: state.text, ...more });
const choices = () => ({ of: state.of, wrt: state.wrt, view: state.view });

async function refresh() {
  asked += 1;
  write(state);
  if (isAsking || !engine) return;
  isAsking = true;
  while (answered !== asked) {
    const now = asked;
    await derive(now);
    answered = now;
  }
  isAsking = false;
  draw();
  await showTab();
}

async function derive(now) {
  if (!state.text.trim()) {
    document.body.classList.add("stale");
    output.textContent = "";
    say("Type a circuit, such as f = w·x + b, or choose an example.");
    return;
  }
  const found = await engine.ask(question("derive", { ...choices(), ...slidersWanted() }));
  if (found.error && state.of && now === asked && !text.value.includes(state.of)) { state.of = ""; asked += 1; return; }
  document.body.classList.toggle("stale", Boolean(found.error));
  if (found.error) { say(found.error.message, true); return; }
  say(remarks(found));
  offerNodes(found);
  document.body.dataset.arrays = found.arrays;
  if (state.tab === "derivation") output.textContent = found.text;
  output.dataset.shows = state.tab;
}

function say(words, isError = false) {
  message.textContent = words;
  message.classList.toggle("error", isError);
  text.setAttribute("aria-invalid", String(isError));
}

function remarks(found) {
  const inferred = Object.entries(found.inferred);
  const titles = { param: "parameters", input: "inputs", target: "targets" };
  const parts = Object.entries(titles).map(([role, title]) => [title, inferred.filter(([, r]) => r === role).map(([name]) => name)]);
  const named = parts.filter(([, names]) => names.length).map(([title, names]) => `${title} ${names.join(", ")}`);
  const latex = found.notation === "latex" ? ["read as LaTeX"] : [];
  return [...latex, ...found.warnings, ...(named.length ? [`inferred from names: ${named.join("; ")}`] : [])].join("\n");
}

function offerNodes(found) {
  const names = found.nodes.includes(found.of) ? found.nodes : [found.of, ...found.nodes];
  const options = names.map((name) => new Option(name, name));
  of.replaceChildren(...options);
  of.value = found.of;
}

// The numbers of the sliders, where the derivation is wanted with them.
function slidersWanted() {
  if (!byId("numbers").checked) return {};
  const at = {};
  for (const [name, value] of new URLSearchParams(state.page)) if (name !== "step") at[name] = Number(value);
  return Object.keys(at).length ? { at } : {};
}

// -- picture, sliders, steps, practice: a page of its own in a frame that can't reach this one ------

let drawing;
function draw() {
  clearTimeout(drawing);
  drawing = setTimeout(drawNow, IDLE);
}

async function drawNow() {
  if (isOther || !engine || document.body.classList.contains("stale") || !state.text.trim()) return;
  const request = question("page", choices());
  const key = JSON.stringify(request);
  if (key === drawn) return;
  const now = asked;
  const found = await engine.ask(request);
  if (now !== asked || isOther) return;
  drawn = key;
  if (!found.error) showInFrame(found.html, state.page);
}

let written;
function showInFrame(html, hash) {
  written = html;
  frame.src = "about:blank";
  frame.src = `frame.html#${hash}`;
}

addEventListener("message", ({ source, data: sent }) => {
  if (source !== frame.contentWindow || typeof sent !== "object" || sent === null) return;
  if (sent.ready === true && written !== undefined) {
    source.postMessage(written, "*");
    written = undefined;
  } else if (typeof sent.state === "string" && !isOther) {
    state.page = sent.state;
    write(state);
    if (byId("numbers").checked) refresh();
  }
});

// -- tabs ------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];
if (!tabs.some((tab) => tab.dataset.tab === state.tab)) state.tab = "derivation"; // of a link that names another

async function showTab() {
  for (const tab of tabs) {
    const isShown = tab.dataset.tab === state.tab;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
  }
  byId("panel").setAttribute("aria-labelledby", `tab-${state.tab}`);
  byId("code-options").hidden = state.tab !== "code";
  byId("numbers-option").hidden = state.tab !== "derivation" || document.body.dataset.arrays === "true";
  byId("data-form").hidden = state.tab !== "data";
  byId("see-choices").hidden = state.tab !== "see";
  byId("data-back").hidden = !isOther;
  if (!engine || !state.text.trim() || state.tab === "derivation") return;
  if (state.tab === "code") await fill(question("code", { language: state.language, of: state.of }), "code");
  else if (state.tab === "check") await fill(question("check"), "report", "checking…");
  else output.textContent = "";
}

async function fill(request, part, meanwhile = "") {
  const [now, tab] = [asked, state.tab];
  if (meanwhile) output.textContent = meanwhile;
  const found = await engine.ask(request);
  if (now !== asked || tab !== state.tab) return;
  output.textContent = found.error ? found.error.message : found[part];
  output.classList.toggle("error", Boolean(found.error));
  output.dataset.shows = tab;
}

function choose(tab) {
  state.tab = tab;
  output.classList.remove("error");
  if (tab === "derivation") refresh(); else { write(state); showTab(); }
}

for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    next.focus();
    choose(next.dataset.tab);
  });
}

// -- descent on pasted data ------------------------------------------------------------------------

// A page in place of the derivation's.
async function showOther(request) {
  output.textContent = "";
  const found = await engine.ask(request);
  output.classList.toggle("error", Boolean(found.error));
  output.textContent = found.error ? found.error.message : "";
  if (found.error) return;
  isOther = true;
  byId("data-back").hidden = false;
  showInFrame(found.html, "");
}

byId("data-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.data = data.value;
  write(state);
  showOther(question("descent", { data: state.data }));
});

for (const button of document.querySelectorAll("[data-see]")) {
  button.addEventListener("click", () => {
    state.see = button.dataset.see;
    write(state);
    showOther(question("see", { what: state.see }));
  });
}

byId("data-back").addEventListener("click", () => {
  isOther = false;
  drawn = "";
  state.see = "";
  write(state);
  byId("data-back").hidden = true;
  drawNow();
});

byId("data-example").addEventListener("click", async () => {
  const found = await engine.ask(question("table"));
  output.classList.toggle("error", Boolean(found.error));
  output.textContent = found.error ? found.error.message : "";
  if (!found.error) data.value = found.data;
});

// -- fields ----------------------------------------------------------------------------------------

text.addEventListener("input", () => { [state.text, state.see, isOther] = [text.value, "", false]; byId("example").value = ""; refresh(); });
wrt.addEventListener("input", () => { state.wrt = wrt.value; refresh(); });
for (const [field, name] of [[of, "of"], [view, "view"]]) {
  field.addEventListener("change", () => { state[name] = field.value; refresh(); });
}
language.addEventListener("change", () => { state.language = language.value; write(state); showTab(); });
byId("numbers").addEventListener("change", refresh);

byId("example").addEventListener("change", (event) => {
  const found = engine?.offer.examples[event.target.value];
  if (found === undefined) return;
  Object.assign(state, { text: found, of: "", wrt: "", see: "", page: "" });
  isOther = false;
  fields();
  refresh();
});

byId("share").addEventListener("click", async () => {
  history.replaceState(null, "", hashOf(state));
  try {
    await navigator.clipboard.writeText(location.href);
    byId("share").textContent = "Copied";
  } catch {
    byId("share").textContent = "The link is in the address";
  }
  setTimeout(() => { byId("share").textContent = "Copy link"; }, 2000);
});

addEventListener("hashchange", () => {
  Object.assign(state, { of: "", wrt: "", page: "", ...read() });
  drawn = "";
  fields();
  refresh();
});

function fields() {
  text.value = state.text;
  wrt.value = state.wrt;
  view.value = state.view;
  data.value = state.data;
  if (state.language) language.value = state.language;
}

// -- start -----------------------------------------------------------------------------------------

async function start() {
  fields();
  showTab();
  try {
    engine = await open((words) => { byId("engine").textContent = words; });
  } catch (error) {
    byId("engine").textContent = `the playground can't start: ${error.message}`;
    return;
  }
  const { offer } = engine;
  byId("example").append(...Object.keys(offer.examples).map((name) => new Option(name, name)));
  language.replaceChildren(...offer.languages.map((name) => new Option(name, name)));
  state.language = offer.languages.includes(state.language) ? state.language : offer.languages[0];
  if (!state.text) [state.text] = [Object.values(offer.examples)[6]];
  fields();
  byId("engine").textContent = offer.engine === "server" ? `symback ${offer.version}` : `symback ${offer.version}, in this browser`;
  document.body.dataset.ready = "yes";
  await refresh();
  if (state.tab === "see" && state.see) showOther(question("see", { what: state.see }));
}

start();
