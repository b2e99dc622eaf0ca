// The engine: WebAssembly that answers JSON with JSON.
import { unlzma } from "./lzma.js";

/** The bytes of base64. */
export function fromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let n = 0; n < bytes.length; n += 1) bytes[n] = characters.charCodeAt(n);
  return bytes;
}

/** Starts a new engine from the bytes of its module. */
export function startEngine(wasm) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
  const text = (request) => {
    const bytes = new TextEncoder().encode(request);
    const at = exports.constinit_input(bytes.length);
    // Memory may move when it grows, so views are made anew.
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    const length = exports.constinit_call();
    return new TextDecoder().decode(new Uint8Array(exports.memory.buffer, exports.constinit_output(), length));
  };
  return {
    /** The answer to a request; throws an error if the engine refuses. */
    ask(request) {
      const answer = JSON.parse(text(JSON.stringify(request)));
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    /** Runs a configuration, TOML, and returns its readings as JSON. */
    run: (toml) => text(JSON.stringify({ do: "run", toml: String(toml) })),
  };
}

let carried = null;

/** The engine that is embedded in the page, unpacked at the first call. */
export function carriedEngine() {
  if (!carried) {
    const packed = document.getElementById("engine");
    carried = startEngine(unlzma(fromBase64(packed.textContent.trim()), Number(packed.dataset.size)));
  }
  return carried;
}
