// The history of a training, step by step, and its charts.
import { chart, range, short } from "./charts.js";
import { layerName, marks } from "./network.js";

/** The most steps that are kept; if there are more, every second one is removed. */
const KEPT = 20000;
/** Steps that a chart of many lines shows, about as many as it has pixels. */
const SHOWN = 400;

/** Evenly chosen elements of a list, with its last element. */
function some(list) {
  const every = Math.ceil(list.length / SHOWN);
  return every <= 1 ? list : list.filter((_, n) => n % every === 0 || n === list.length - 1);
}

export function newHistory() {
  return { steps: [], loss: [], random: [], values: [], valuesAt: [], apart: [], changes: [], forecast: null };
}

/** Adds the rows that the engine gave for its steps. */
export function record(history, rows) {
  for (const [step, loss, random, values, apart] of rows) {
    history.steps.push(step);
    history.loss.push(loss);
    history.random.push(random);
    history.valuesAt.push(step);
    history.values.push(values);
    history.apart.push(apart);
  }
  if (history.steps.length <= KEPT) return;
  const half = (list) => list.filter((_, n) => n % 2 === 0);
  for (const key of ["steps", "loss", "random", "apart", "values", "valuesAt"]) history[key] = half(history[key]);
}

/** The network has other units from here on. */
export function restartUnits(history, step, values) {
  history.values = [values];
  history.valuesAt = [step];
  history.apart = history.apart.map(() => []);
}

const span = (steps) => [steps[0] ?? 0, Math.max((steps[0] ?? 0) + 10, steps[steps.length - 1] ?? 0)];

export function drawLoss(canvas, legend, history, state) {
  const { baseline } = state;
  const lines = [
    { xs: history.steps, ys: history.random, colour: "off", dash: [5, 4], width: 1.6 },
    { xs: history.steps, ys: history.loss, colour: "accent", width: 2.4 },
  ];
  let [, high] = range([...history.loss, ...history.random, baseline]);
  // A loss that grows without bound must not flatten the other lines.
  const calm = Math.max(baseline ?? 0, history.random[0] ?? 0, ...history.loss.slice(-1).map((loss) => loss ?? 0)) * 4;
  if (calm > 0 && high > calm) high = calm;
  const rules = baseline === null ? [] : [{ at: baseline, name: "c3", dash: [2, 3] }];
  const marked = history.changes.map((at) => ({ at, name: "bad" }));
  chart(canvas, { lines, x: span(history.steps), y: [0, high || 1], rules, marks: marked });
  const last = (list) => short(list[list.length - 1]);
  legend.replaceChildren(
    item(`this network ${last(history.loss)}`, "accent", "solid"),
    ...(history.random.some((loss) => loss !== null) ? [item(`a random start ${last(history.random)}`, "off", "dashed")] : []),
    ...(baseline === null ? [] : [item(`best constant answer ${short(baseline)}`, "c3", "dotted")]),
  );
  canvas.setAttribute("aria-label", `Loss over ${state.step} steps: now ${last(history.loss)}; a random start has ${last(history.random)}, the best constant answer ${short(baseline)}.`);
}

const item = (text, name, dash) => {
  const made = document.createElement("span");
  made.textContent = text;
  made.style.setProperty("--key", `var(--${name})`);
  made.style.setProperty("--dash", dash);
  return made;
};

/** A chart for each hidden layer, with a line for each unit. */
export function drawUnits(root, history, state) {
  while (root.children.length > state.spaces.length) root.lastChild.remove();
  while (root.children.length < state.spaces.length) {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    root.append(canvas);
  }
  state.spaces.forEach((space, number) => {
    const canvas = root.children[number];
    const found = marks(space.classes);
    const rows = some(history.values).map((values) => values[number] ?? []), steps = some(history.valuesAt);
    const lines = found.map((mark, unit) => ({
      xs: steps, ys: rows.map((values) => values[unit] ?? null), colour: mark.colour,
      width: mark.size > 1 ? 3 : found.length > 12 ? 1 : 1.6, first: mark.size > 1 ? 0 : 1,
    }));
    lines.sort((a, b) => b.first - a.first);
    chart(canvas, { lines, x: span(history.valuesAt), y: range(rows.flat()), marks: history.changes.map((at) => ({ at, name: "bad" })) });
    const name = layerName(number + 1, state.dims.length);
    canvas.setAttribute("aria-label", `${name}: the trajectories of ${space.classes.length} units, of which ${space.distinct} ${space.distinct === 1 ? "is" : "are"} distinct.`);
  });
}

/** The difference between units that began equal, on a logarithmic scale, with the forecast. */
export function drawApart(panel, canvas, legend, history, state) {
  const rows = some(history.apart), steps = some(history.steps);
  const layers = state.spaces.map((_, number) => rows.map((apart) => apart[number] ?? null));
  const seen = layers.flat().filter((apart) => apart !== null && apart > 0);
  panel.hidden = seen.length === 0;
  if (panel.hidden) return;
  const lines = layers.map((ys, number) => ({ xs: steps, ys, colour: `c${number}`, width: 2.2 }));
  const { forecast } = history, x = span(history.steps);
  if (forecast) {
    const xs = [], ys = [];
    for (let n = 0; n <= 100; n += 1) {
      const step = forecast.from + ((x[1] - forecast.from) * n) / 100;
      const value = forecast.start * forecast.factor ** (step - forecast.from);
      xs.push(step);
      ys.push(value <= 1 ? value : null);
    }
    lines.push({ xs, ys, colour: "soft", dash: [4, 4], width: 1.5 });
  }
  const low = Math.min(...seen, 1e-3), high = Math.max(...seen, 2e-2);
  chart(canvas, { lines, x, y: [low / 2, high * 2], log: true, rules: [{ at: 0.01, name: "c3", dash: [2, 3] }], marks: history.changes.map((at) => ({ at, name: "bad" })) });
  legend.replaceChildren(
    ...layers.map((_, number) => item(layerName(number + 1, state.dims.length), `c${number}`, "solid")),
    ...(forecast ? [item("forecast", "soft", "dashed")] : []), item("1 %: escaped", "c3", "dotted"),
  );
  canvas.setAttribute("aria-label", `Difference between units that began equal: ${layers.map((ys, n) => `${layerName(n + 1, state.dims.length)} ${short(ys[ys.length - 1])}`).join(", ")} of their size.`);
}

export function distinctTable(body, state) {
  const rows = state.spaces.map((space, number) => {
    const row = document.createElement("tr");
    const units = space.classes.length, dead = space.dead.filter(Boolean).length;
    row.innerHTML = `<td>${layerName(number + 1, state.dims.length)}</td><td>${units}</td><td><span class="bar" style="width:${Math.round((60 * space.distinct) / units)}px"></span>${space.distinct}</td><td>${dead}</td>`;
    return row;
  });
  body.replaceChildren(...rows);
}
