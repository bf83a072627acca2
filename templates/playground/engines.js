// Who answers: a server, or symback itself in a worker of this browser. Both take the same requests.

const BUSY = 503;
const TRIES = 8;
const LONGEST = 30000; // milliseconds that a request may take in the browser

const refusal = (message) => ({ error: { message, line: null, column: null } });
const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

// The engine that the folder names; `say` is called with what is being loaded.
export async function open(say) {
  const offer = await (await fetch("engine.json")).json();
  const engine = offer.engine === "server" ? new Server() : new Browser(say);
  await engine.ready;
  return { offer, ask: (request) => engine.ask(request) };
}

class Server {
  async ask(request) {
    const body = JSON.stringify(request);
    const headers = { "Content-Type": "application/json" };
    for (let i = 1; ; i += 1) {
      let response;
      try {
        response = await fetch("answer", { method: "POST", headers, body });
      } catch {
        return refusal("the server does not answer; is symback serve still running?");
      }
      if (response.status !== BUSY || i === TRIES) return response.json();
      await pause(100 * 2 ** i * Math.random());
    }
  }
}

class Browser {
  constructor(say) {
    this.say = say;
    this.waiting = new Map();
    this.count = 0;
    this.start();
  }

  start() {
    this.worker = new Worker("worker.js", { type: "module" });
    this.ready = new Promise((done, fail) => {
      this.worker.onmessage = ({ data }) => {
        if (data.says) this.say(data.says);
        if (data.fails) fail(new Error(data.fails));
        if (data.ready) done();
        if (data.answer) this.answered(data.id, data.answer);
        if (data.ends) this.stop(data.ends);
      };
      this.worker.onerror = (event) => fail(new Error(event.message || "worker.js can't be loaded"));
    });
  }

  answered(id, answer) {
    const { done, timer } = this.waiting.get(id) ?? {};
    clearTimeout(timer);
    this.waiting.delete(id);
    done?.(answer);
  }

  async ask(request) {
    await this.ready;
    this.count += 1;
    const id = this.count;
    return new Promise((done) => {
      const timer = setTimeout(() => this.stop(), LONGEST);
      this.waiting.set(id, { done, timer });
      this.worker.postMessage({ id, request });
    });
  }

  // A request that takes too long takes its worker with it, and all that wait behind it.
  stop(why = `it took more than ${LONGEST / 1000} s`) {
    this.worker.terminate();
    for (const id of [...this.waiting.keys()]) {
      this.answered(id, refusal(`stopped: ${why}; try a smaller circuit`));
    }
    this.start();
  }
}
