// Runs the engine of the page in Node: reads configurations and states as JSON from standard input, and writes the
// results of the page as JSON to standard output.
import { readFileSync } from "node:fs";
import { startEngine } from "../../page/engine.js";
import { pytorch } from "../../page/pytorch.js";
import { DEFAULTS, examples, toml } from "../../page/state.js";

const engine = startEngine(readFileSync(process.argv[2]));
const asked = JSON.parse(readFileSync(0, "utf8"));
const parse = (text, key) => engine.ask({ do: "rows", text, key }).rows;

/** The cell of a state, and the losses of its steps. */
function cell(chosen) {
  const state = { ...DEFAULTS, ...chosen };
  const data = examples(state, parse);
  const first = engine.ask({ do: "open", toml: toml(state, data) });
  const { history } = engine.ask({ do: "advance", steps: state.step });
  return { cell: pytorch(state, data, first.dims, first.layers, []), losses: history.map(([, loss]) => loss) };
}

process.stdout.write(JSON.stringify({
  runs: asked.configurations.map((text) => JSON.parse(engine.run(text))),
  cells: asked.states.map(cell),
}));
