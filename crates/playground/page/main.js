// The page: one network, its settings, the actions on it, and its views.
import { $ } from "./dom.js";
import { short } from "./charts.js";
import { complain, controls } from "./controls.js";
import { carriedEngine } from "./engine.js";
import { distinctTable, drawApart, drawLoss, drawUnits, newHistory, record, restartUnits } from "./history.js";
import { drawing, layerName } from "./network.js";
import { pytorch } from "./pytorch.js";
import { DEFAULTS, examples, fromHash, Mistake, toHash, toml } from "./state.js";
import { tour, TOUR } from "./tour.js";

// Available immediately; the engine is unpacked after the first picture, or by the first call.
window.constinit = { run: (toml) => carriedEngine().run(toml) };

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
/** Milliseconds that a frame may train for. */
const BUDGET = 9;
/** Steps in one request to the engine, while an address is opened or a number of steps is requested. */
const PORTION = 2000;

let state = structuredClone(DEFAULTS), shown = null, data = null, first = null, history = newHistory();
let valid = false, playing = false, due = 0, last = 0, cap = 8, drawn = 0, pictures = 0, told = 0, cursor = "", changedAt = "";

const parse = (text, key) => carriedEngine().ask({ do: "rows", text, key }).rows;
const net = drawing({ canvas: $("edges"), svg: $("nodes"), choose: chooseUnit, pick: pickWeight });

/** Opens the chosen network, and shows mistakes next to their fields. Returns whether there is a network. */
function open(replayed) {
  for (const field of ["x", "y", "data", "break"]) complain(field, null);
  let found;
  try {
    data = examples(state, parse);
    found = carriedEngine().ask({ do: "open", toml: toml(state, data), quotient: state.quotient });
  } catch (error) {
    complain(error instanceof Mistake ? error.field : "data", error.message.replace(/^configuration: /, ""));
    pause();
    enable(false);
    tell("The settings do not give a network: correct the marked field. The drawing still shows the previous network.");
    return false;
  }
  const events = replayed ? state.events : [], until = replayed ? state.step : 0;
  history = newHistory();
  state.events = [];
  shown = found;
  first = { layers: found.layers, dims: found.dims };
  restartUnits(history, 0, found.values);
  $("forecast").textContent = "";
  const failed = events.find((event) => {
    forward(Math.min(event.at, until) - shown.step);
    return !perform(event);
  });
  const why = $("error-break").textContent;
  forward(until - shown.step);
  state.step = shown.step;
  fillUnits();
  if (failed) complain("break", `The address contains a change that cannot be made: ${why}`);
  enable(true);
  redraw();
  return true;
}

/** Enables the controls if the chosen network can be trained. */
function enable(can) {
  valid = can;
  for (const id of ["play", "step", "as-toml", "as-pytorch"]) $(id).disabled = !can;
  const alone = can && !state.quotient && shown.spaces.length > 0;
  for (const id of ["do-noise", "do-widen", "do-collapse", "do-edit", "drop"]) $(id).disabled = !alone;
}

/** Takes that many steps, in portions. */
function forward(steps) {
  for (let left = steps; left > 0 && !shown.ended; left -= PORTION) advance(Math.min(left, PORTION));
}

function advance(steps) {
  const answer = carriedEngine().ask({ do: "advance", steps });
  record(history, answer.history);
  shown = answer;
  state.step = shown.step;
}

/** Applies new choices: the network restarts. */
function change(patch) {
  state = { ...state, ...patch, events: [], step: 0 };
  open();
  show(state);
  keepAddress();
  if (valid) tell(`Restarted: ${summary()}`);
}

/** Performs an event, and remembers it. Returns whether it could be done. */
function perform(event) {
  const { at: _, said: __, put: ___, ...request } = event;
  const before = shown;
  try {
    complain("break", null);
    shown = { ...carriedEngine().ask(request) };
  } catch (error) {
    complain("break", error.message);
    return false;
  }
  const done = { ...request, at: before.step, ...described(request) };
  state.events.push(done);
  history.changes.push(before.step);
  if (shown.dims.join() !== before.dims.join()) {
    restartUnits(history, shown.step, shown.values);
    fillUnits();
  }
  if (request.do === "noise") forecast(request.layer);
  return true;
}

/** An event in words, and the numbers that it set. */
function described({ do: kind, layer, unit, output, input, value, std, share }) {
  const parameter = (name) => `linear${layer + 1}.${name}`;
  if (kind === "noise") {
    const { weight, bias } = shown.layers[layer], reads = shown.dims[layer];
    const put = [[layer, "weight", unit, weight.slice(unit * reads, (unit + 1) * reads)]];
    if (bias) put.push([layer, "bias", unit, bias[unit]]);
    return { said: `noise of ${std} on unit ${unit} of hidden${layer + 1}`, put };
  }
  if (kind === "set") {
    const place = input === null ? `${output}` : `${output}, ${input}`, name = input === null ? "bias" : "weight";
    return { said: `${parameter(name)}[${place}] = ${value}`, put: [[layer, name, place, value]] };
  }
  if (kind === "widen") return { said: `unit ${unit} of hidden${layer + 1} split in two` };
  if (kind === "dropout") return { said: `dropout of ${share}` };
  return { said: "units that compute the same collapsed into one" };
}

/** Shows the forecast for the twins of a hidden layer, counted from 0, from the present state. */
function forecast(layer) {
  const found = carriedEngine().ask({ do: "forecast" }).forecast.find(({ space }) => space === `hidden${layer + 1}`);
  history.forecast = null;
  $("forecast").textContent = "";
  if (!found) return;
  if (found.factor !== null) history.forecast = { from: shown.step, start: found.apart, factor: found.factor };
  $("forecast").textContent = `Forecast at step ${shown.step} for ${found.space}, whose units differ by ${short(found.apart)} of their size: ${found.sentence}.`;
}

/** Performs an event of the user, now. */
function act(event) {
  if (!valid || !perform(event)) return;
  redraw();
  fillValue();
  keepAddress();
  tell(`${state.events[state.events.length - 1].said}. ${summary()}`);
}

const page = {
  reset() {
    change({ drop: Number($("drop").value) });
  },
  steps(count) {
    forward(count);
    afterSteps();
  },
  setBy: ({ layer, output, input }, by) => {
    const { weight, bias } = shown.layers[layer];
    const held = input === null ? bias[output] : weight[output * shown.dims[layer] + input];
    act({ do: "set", layer, output, input, value: Number((held + by).toPrecision(12)) });
  },
  nudgeAfter(steps, std) {
    if (state.events.length) open();
    forward(steps - shown.step);
    act({ do: "noise", layer: 0, unit: 0, std, seed: 1 });
    play();
  },
  collapse: () => $("do-collapse").click(),
  widen: () => act({ do: "widen", layer: 0, unit: 0 }),
  tourStep: () => state.tour,
};

function play() {
  if (playing || !valid) return;
  if (shown.ended) {
    tell(`The training has ended: ${shown.ended}. Go back to the start, or choose a smaller rate.`);
    return;
  }
  playing = true;
  [due, last, told] = [0, performance.now(), performance.now()];
  $("play").setAttribute("aria-pressed", "true");
  $("play").setAttribute("aria-label", "Pause");
  requestAnimationFrame(frame);
}

function pause() {
  if (!playing) return;
  playing = false;
  $("play").setAttribute("aria-pressed", "false");
  $("play").setAttribute("aria-label", "Play");
  afterSteps();
}

function afterSteps() {
  redraw();
  fillValue();
  keepAddress();
  tell(summary());
}

/** One frame: takes as many steps as are due, and no more than there is time for. */
function frame(now) {
  if (!playing) return;
  due = Math.min(due + ((now - last) / 1000) * Number($("speed").value), 4 * cap + 60);
  last = now;
  const steps = Math.min(Math.floor(due), Math.ceil(cap));
  if (steps > 0) {
    const began = performance.now();
    advance(steps);
    const spent = performance.now() - began;
    cap = Math.max(1, Math.min(400, cap * Math.min(2, Math.max(0.5, BUDGET / Math.max(spent, 0.1)))));
    due -= steps;
    // With reduced motion, the page draws twice per second.
    if (!calm.matches || now - drawn > 500) {
      drawn = now;
      redraw(!calm.matches);
    }
    if (now - told > 5000) {
      told = now;
      tell(summary());
    }
    if (shown.ended) {
      pause();
      tell(`The training has ended: ${shown.ended}.`);
      return;
    }
  }
  requestAnimationFrame(frame);
}

function summary() {
  const layers = shown.spaces.map((space) => `${space.name} ${space.classes.length} units, ${space.distinct} distinct`);
  const lit = shown.properties.filter(({ holds }) => holds).map(({ name }) => name);
  const held = lit.length ? `${lit.join(", ")} ${lit.length === 1 ? "holds" : "hold"}` : "none of P1 to P4 holds";
  return `Step ${shown.step}, loss ${short(shown.loss ?? shown.outcome?.loss)}. ${[...layers, held].join("; ")}.`;
}

function tell(text) {
  $("status").textContent = text;
}

/** Draws everything; with `quick`, the charts only every fourth time. */
function redraw(quick) {
  if (!shown) return;
  net.draw(shown);
  $("at-step").textContent = shown.step;
  $("at-loss").textContent = short(shown.loss ?? shown.outcome?.loss);
  const units = shown.spaces.map(({ classes, distinct }) => [distinct, classes.length]);
  $("at-distinct").textContent = units.map(([distinct, all]) => `${distinct}/${all}`).join(" ");
  drawLights();
  drawVerdict();
  pictures += 1;
  if (quick === true && pictures % 4) return;
  drawLoss($("chart-loss"), $("legend-loss"), history, shown);
  drawUnits($("chart-units"), history, shown);
  drawApart($("apart-panel"), $("chart-apart"), $("legend-apart"), history, shown);
  distinctTable($("distinct").tBodies[0], shown);
  const { trained, parameters } = shown;
  $("trained").textContent = trained === parameters ? `${parameters} numbers are trained.` : `${trained} of ${parameters} numbers are trained, one for each block of equal numbers.`;
}

const MEANINGS = {
  P1: "units of the first hidden layer have the same incoming weights",
  P2: "the bias of each hidden layer is one number",
  P3: "every later weight is one number",
  P4: "the bias of the outputs is one number",
};

function drawLights() {
  const list = $("lights");
  if (!list.children.length) {
    for (const name of Object.keys(MEANINGS)) {
      const item = document.createElement("li");
      item.innerHTML = `<b>${name}<span class="state"></span></b>${MEANINGS[name]}`;
      list.append(item);
    }
  }
  shown.properties.forEach(({ holds, deviation }, number) => {
    const item = list.children[number];
    item.className = `light ${holds === null ? "none" : holds ? "on" : "out"}`;
    const text = holds === null ? "no bias" : holds ? "holds" : `off by ${short(deviation)}`;
    const place = item.querySelector(".state");
    if (place.textContent !== text) place.textContent = text;
  });
}

function drawVerdict() {
  const text = shown.sentences.join("\n");
  if (text === cursor) return;
  cursor = text;
  $("verdict").replaceChildren(...shown.sentences.map((sentence) => {
    const item = document.createElement("li");
    item.textContent = sentence;
    return item;
  }));
  $("verdict-word").textContent = shown.verdict;
  $("verdict-word").className = `word ${shown.verdict}`;
}

function keepAddress() {
  const hash = toHash(withoutNumbers(state));
  if (hash === changedAt) return;
  changedAt = hash;
  window.history.replaceState(null, "", `#${hash}`);
}

/** The state with events as an address has them. */
const withoutNumbers = (full) => ({ ...full, events: full.events.map(({ said: _, put: __, ...event }) => event) });

// Units and weights by name.

function fillUnits() {
  const names = shown.spaces.flatMap((space, layer) => space.classes.map((_, unit) => new Option(`${space.name}, unit ${unit}`, `${layer + 1},${unit}`)));
  const held = $("unit").value;
  $("unit").replaceChildren(...names);
  if (names.some(({ value }) => value === held)) $("unit").value = held;
  $("edit-layer").replaceChildren(...shown.layers.map((_, layer) => new Option(`linear${layer + 1}`, layer)));
  fillEdit();
  complain("break", state.quotient ? "The quotient is trained, so a single unit cannot be changed. Switch the quotient off first." : null);
}

function fillEdit() {
  const layer = Number($("edit-layer").value), count = shown.dims.length;
  const options = (at) => Array.from({ length: shown.dims[at] }, (_, unit) => new Option(`${layerName(at, count)} ${unit}`, unit));
  const from = options(layer);
  if (shown.layers[layer].bias) from.push(new Option("bias", "bias"));
  $("edit-from").replaceChildren(...from);
  $("edit-to").replaceChildren(...options(layer + 1));
  fillValue();
}

function weightOf({ layer, output, input }) {
  const { weight, bias } = shown.layers[layer];
  return input === null ? bias[output] : weight[output * shown.dims[layer] + input];
}

function edited() {
  const from = $("edit-from").value;
  return { layer: Number($("edit-layer").value), output: Number($("edit-to").value), input: from === "bias" ? null : Number(from) };
}

const fillValue = () => {
  $("edit-value").value = Number(weightOf(edited()).toPrecision(6));
};

function chooseUnit(layer, unit) {
  $("unit").value = `${layer},${unit}`;
  const space = shown.spaces[layer - 1];
  const same = space.classes.flatMap((label, other) => (label === space.classes[unit] && other !== unit ? [other] : []));
  const like = same.length ? `equal to ${same.join(", ")}` : "different from all others";
  tell(`${space.name}, unit ${unit}: ${like}${space.dead[unit] ? "; dead, no example reaches it" : ""}.`);
}

let picked = null;

function pickWeight(found, [x, y]) {
  picked = found;
  const { layer, output, input } = found, count = shown.dims.length;
  $("weight-name").textContent = `linear${layer + 1}.weight[${output}, ${input}], from ${layerName(layer, count)} ${input} to ${layerName(layer + 1, count)} ${output}`;
  $("weight-value").value = Number(weightOf(found).toPrecision(6));
  complain("weight", null);
  const form = $("weight-form"), box = $("drawing").getBoundingClientRect();
  form.hidden = false;
  form.style.left = `${Math.max(0, Math.min(x + 8, box.width - 252))}px`;
  form.style.top = `${Math.max(0, Math.min(y + 8, box.height - 110))}px`;
  $("weight-value").focus();
  $("weight-value").select();
}

function setWeight(place, input, field) {
  const value = Number(input.value.replace(",", "."));
  if (input.value.trim() === "" || !Number.isFinite(value)) {
    complain(field, `${input.value || "nothing"}: a number is needed`);
    input.setAttribute("aria-invalid", "true");
    return false;
  }
  complain(field, null);
  input.removeAttribute("aria-invalid");
  act({ do: "set", ...place, value });
  return true;
}

function exported(about, text) {
  $("export").hidden = false;
  $("export-about").textContent = about;
  $("export-text").value = text;
  $("export-text").focus();
  $("export-text").select();
  $("export-text").scrollTop = 0;
}

function wholeToml() {
  const by = state.events.filter(({ do: kind }) => kind === "set" || kind === "widen" || kind === "collapse");
  const notes = by.map(({ at, said }) => `# Done by hand after step ${at}, and not in this file: ${said}.\n`);
  if (state.quotient) notes.push("# Train the quotient: constinit run --quotient\n");
  return notes.join("") + carriedEngine().ask({ do: "toml" }).toml;
}

/** Goes to a step of the tour, counted from 1; 0 ends the tour. */
function goTo(number) {
  pause();
  if (number > 0) {
    state = { ...structuredClone(DEFAULTS), ...structuredClone(TOUR[number - 1].state), tour: number };
    open();
    show(state);
    tell(summary());
  } else state.tour = 0;
  showTour(number, true);
  keepAddress();
}

const show = controls(change);
const showTour = tour(page, goTo);

$("play").addEventListener("click", () => (playing ? pause() : play()));
$("step").addEventListener("click", () => {
  pause();
  if (valid) page.steps(1);
});
$("reset").addEventListener("click", () => {
  pause();
  page.reset();
});
$("unit").addEventListener("change", ({ target }) => net.mark(...target.value.split(",").map(Number)));
$("do-noise").addEventListener("click", () => {
  const [layer, unit] = $("unit").value.split(",").map(Number);
  act({ do: "noise", layer: layer - 1, unit, std: Number($("noise").value), seed: state.events.length + 1 });
});
$("do-widen").addEventListener("click", () => {
  const [layer, unit] = $("unit").value.split(",").map(Number);
  act({ do: "widen", layer: layer - 1, unit });
});
$("do-collapse").addEventListener("click", () => {
  const before = shown.dims.join();
  act({ do: "collapse" });
  if (shown.dims.join() === before) {
    state.events.pop();
    history.changes.pop();
    tell("No two units compute the same: there is nothing to collapse.");
    keepAddress();
  }
});
$("drop").addEventListener("change", ({ target }) => {
  const share = Number(target.value);
  if (shown.step === 0 && !state.events.length) change({ drop: share });
  else act({ do: "dropout", share });
});
$("drop").addEventListener("input", ({ target }) => {
  $("drop-out").textContent = target.value;
});
$("edit-layer").addEventListener("change", fillEdit);
for (const id of ["edit-from", "edit-to"]) $(id).addEventListener("change", fillValue);
$("do-edit").addEventListener("click", () => setWeight(edited(), $("edit-value"), "edit"));
$("weight-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (setWeight(picked, $("weight-value"), "weight")) closeWeight();
});
const closeWeight = () => {
  $("weight-form").hidden = true;
  $("drawing").focus({ preventScroll: true });
};
$("weight-close").addEventListener("click", closeWeight);
$("weight-form").addEventListener("keydown", ({ key }) => key === "Escape" && closeWeight());
$("choices").addEventListener("submit", (event) => event.preventDefault());
$("as-link").addEventListener("click", () => {
  keepAddress();
  exported("This address opens the page in this state.", window.location.href);
});
$("as-toml").addEventListener("click", () => exported("The run configuration: constinit run --config run.toml", wholeToml()));
$("as-pytorch").addEventListener("click", () => exported("A cell for a notebook with PyTorch.", pytorch(state, data, first.dims, first.layers, state.events)));
$("export-close").addEventListener("click", () => {
  $("export").hidden = true;
});
$("export-copy").addEventListener("click", () => {
  $("export-text").select();
  const copied = navigator.clipboard ? navigator.clipboard.writeText($("export-text").value) : Promise.reject();
  copied.then(() => tell("Copied."), () => tell(document.execCommand("copy") ? "Copied." : "Press Ctrl+C to copy."));
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const id = { p: "play", s: "step", r: "reset", n: "do-noise" }[event.key.toLowerCase()];
  if (!id) return;
  event.preventDefault();
  $(id).click();
});
window.addEventListener("hashchange", () => {
  if (window.location.hash.slice(1) !== changedAt) fromAddress();
});
new ResizeObserver(() => redraw()).observe($("drawing"));
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());

function fromAddress() {
  pause();
  state = fromHash(window.location.hash);
  show(state);
  open(true);
  show(state);
  showTour(state.tour, false);
  if (valid) tell(summary());
  keepAddress();
}

let begun = false;

function begin() {
  if (begun) return;
  begun = true;
  fromAddress();
  document.documentElement.dataset.ready = "";
}

requestAnimationFrame(() => setTimeout(begin));
// A page that is not visible gets no frames.
setTimeout(begin, 300);
