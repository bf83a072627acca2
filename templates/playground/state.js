// What the address holds: a link shares an example.

const NAMES = ["text", "of", "wrt", "view", "tab", "language", "data", "see", "page"];
const LONGEST = 100000; // characters; browsers refuse much longer addresses

// The state in an address, or none.
export function read(hash = location.hash) {
  const found = new URLSearchParams(hash.slice(1));
  const state = {};
  for (const name of NAMES) if (found.has(name)) state[name] = found.get(name);
  return state;
}

let addressing;
let addressed = 0;

// Writes the state into the address; browsers refuse very many changes in a short time.
export function write(state) {
  clearTimeout(addressing);
  const address = () => {
    addressed = performance.now();
    const hash = hashOf(state);
    if (hash.length < LONGEST) history.replaceState(null, "", hash);
  };
  if (performance.now() - addressed > 100) address(); else addressing = setTimeout(address, 100);
}

export function hashOf(state) {
  const found = new URLSearchParams();
  for (const name of NAMES) if (state[name]) found.set(name, state[name]);
  return `#${found}`;
}
