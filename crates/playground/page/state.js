// The choices, as the address has them: `#hidden=8&act=tanh&...`.
import { DATA, numberText, rowsText } from "./data.js";

export const DEFAULTS = {
  hidden: [8], act: "tanh", bias: true, start: "constant", w: 0.2, b: 0,
  data: "spirals", alike: false, x: "", y: "", loss: "mse", opt: "sgd", rate: 0.5,
  seed: 0, drop: 0, quotient: false, step: 0, events: [], tour: 0,
};

export const ACTIVATIONS = ["relu", "tanh", "sigmoid", "gelu", "silu", "softplus", "leaky-relu", "elu", "identity"];
export const LOSSES = { mse: "squared error", "cross-entropy": "cross entropy", huber: "Huber" };
export const STARTS = {
  zeros: "zeros", constant: "constant", ramp: "the text's ramp", random: "random",
};
export const OPTIMIZERS = {
  sgd: { name: "SGD", toml: (rate) => `{ type = "sgd", learning_rate = ${rate} }` },
  momentum: { name: "SGD, momentum 0.9", toml: (rate) => `{ type = "sgd", learning_rate = ${rate}, momentum = 0.9 }` },
  adam: { name: "Adam", toml: (rate) => `{ type = "adam", learning_rate = ${rate} }` },
  adamw: { name: "AdamW", toml: (rate) => `{ type = "adamw", learning_rate = ${rate} }` },
  rmsprop: { name: "RMSProp", toml: (rate) => `{ type = "rmsprop", learning_rate = ${rate} }` },
  adagrad: { name: "AdaGrad", toml: (rate) => `{ type = "adagrad", learning_rate = ${rate} }` },
  lion: { name: "Lion", toml: (rate) => `{ type = "lion", learning_rate = ${rate} }` },
};

/** A mistake, with the field that it is in. */
export class Mistake extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

/** The numbers of inputs and outputs, and the rows; `parse` makes rows of pasted text. */
export function examples(state, parse) {
  const kind = DATA[state.data];
  if (kind.dataset) return { dataset: kind.dataset, dims: kind.dims };
  if (!kind.own) {
    const { inputs, targets } = kind.make(state.alike);
    return { inputs, targets, dims: [inputs[0].length, targets[0].length] };
  }
  const rows = (field, name) => {
    if (!state[field].trim()) throw new Mistake(field, `${name}: paste at least one row of numbers`);
    try {
      return parse(state[field], name);
    } catch (error) {
      throw new Mistake(field, error.message);
    }
  };
  const [inputs, targets] = [rows("x", "inputs"), rows("y", "targets")];
  if (inputs.length !== targets.length) {
    throw new Mistake("y", `${inputs.length} rows of inputs, but ${targets.length} of targets`);
  }
  let outputs = targets[0].length;
  if (state.loss === "cross-entropy" && outputs === 1) {
    // Class numbers: one output per class.
    outputs = Math.max(2, ...targets.map(([kind]) => kind + 1));
  }
  return { inputs, targets, dims: [inputs[0].length, outputs] };
}

/** The run configuration of a state, as `constinit run --config` reads it. */
export function toml(state, data) {
  const dims = [data.dims[0], ...state.hidden, data.dims[1]];
  const lines = ["[model]", `layer_dims = [${dims.join(", ")}]`, `activation = "${state.act}"`];
  if (!state.bias) lines.push("bias = false");
  lines.push(`start = "${state.start}"`, `init_w = ${numberText(state.w)}`, `init_b = ${numberText(state.b)}`);
  if (state.drop > 0) lines.push(`dropout = ${state.drop}`);
  lines.push("", "[data]");
  if (data.dataset) lines.push(`dataset = "${data.dataset}"`);
  else lines.push(`inputs = ${rowsText(data.inputs)}`, `targets = ${rowsText(data.targets)}`);
  lines.push(
    "", "[training]", `steps = ${Math.max(1, state.step)}`, `loss = "${state.loss}"`, `seed = ${state.seed}`,
    `optimizer = ${OPTIMIZERS[state.opt].toml(numberText(state.rate))}`, "",
  );
  return lines.join("\n");
}

/** The state as an address has it, without default values. */
export function toHash(state) {
  const parts = [];
  for (const [key, standard] of Object.entries(DEFAULTS)) {
    const value = state[key];
    if (JSON.stringify(value) === JSON.stringify(standard)) continue;
    if ((key === "x" || key === "y") && state.data !== "own") continue;
    const text = key === "hidden" ? value.join(",") : key === "events" ? JSON.stringify(value) : String(value);
    parts.push(`${key}=${encodeURIComponent(text)}`);
  }
  return parts.join("&");
}

/** The state of an address. Values that are missing or invalid are the defaults. */
export function fromHash(hash) {
  const state = structuredClone(DEFAULTS);
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (cut < 0) continue;
    const key = part.slice(0, cut);
    if (!(key in DEFAULTS)) continue;
    try {
      const text = decodeURIComponent(part.slice(cut + 1));
      const value = readValue(key, text);
      if (value !== undefined) state[key] = value;
    } catch {
      // The address may have been cut off.
    }
  }
  return state;
}

const among = (table) => (text) => (text in table ? text : undefined);
const number = (low, high, whole) => (text) => {
  const value = Number(text);
  const fits = text.trim() !== "" && Number.isFinite(value) && value >= low && value <= high;
  return fits && (!whole || Number.isInteger(value)) ? value : undefined;
};
const truth = (text) => (text === "true" ? true : text === "false" ? false : undefined);

export const READ = {
  hidden: (text) => {
    const sizes = text.split(",").map(Number);
    const fits = sizes.length <= 3 && sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= 32);
    return fits ? sizes : undefined;
  },
  act: (text) => (ACTIVATIONS.includes(text) ? text : undefined),
  bias: truth,
  start: among(STARTS),
  w: number(-1e6, 1e6),
  b: number(-1e6, 1e6),
  data: among(DATA),
  alike: truth,
  x: (text) => text,
  y: (text) => text,
  loss: among(LOSSES),
  opt: among(OPTIMIZERS),
  rate: number(0, 1e6),
  seed: number(0, 2 ** 53 - 1, true),
  drop: number(0, 0.95),
  quotient: truth,
  step: number(0, 1e6, true),
  events: (text) => {
    const events = JSON.parse(text);
    return Array.isArray(events) && events.every((event) => event && Number.isInteger(event.at)) ? events : undefined;
  },
  tour: number(0, 7, true),
};

const readValue = (key, text) => READ[key](text);
