// The data sets of the page.

const round = (value) => Math.round(value * 1e4) / 1e4;

/** The input of the text's notebook, which its print-out does not show. */
const TEXT = [
  [-0.6458, 1.85521, -0.86579],
  [-0.21671, 1.64937, -0.50319],
  [1.60665, 0.17145, 2.02105],
  [0.595, -0.05833, -0.90252],
];

/** Points of two spirals, one class each. */
function spirals(points) {
  const inputs = [], classes = [];
  for (let n = 0; n < points; n += 1) {
    for (const arm of [0, 1]) {
      const radius = (n + 1) / points, angle = 4.2 * radius + arm * Math.PI;
      inputs.push([round(radius * Math.cos(angle)), round(radius * Math.sin(angle))]);
      classes.push(arm);
    }
  }
  return { inputs, classes };
}

/** A row of targets with the same number for each output. */
const alikeRow = (value, outputs) => new Array(outputs).fill(value);

/**
 * The data sets: each has a name, a description, and `make(alike)`, which gives inputs and targets. `dataset` names a data
 * set that the program has built in, and `dims` has its numbers of inputs and outputs.
 */
export const DATA = {
  text: {
    name: "The text's",
    about: "4 examples of 3 inputs, recovered from the print-out of the text's notebook, and 4 outputs. If all outputs have the same target, it is 1.",
    loss: "mse",
    make: (alike) => ({
      inputs: TEXT,
      targets: TEXT.map(() => (alike ? alikeRow(1, 4) : [1, 0.5, -0.5, -1])),
    }),
  },
  iris: {
    name: "Iris",
    about: "150 flowers of 3 kinds, with 4 lengths each. The targets of the outputs differ: each output stands for one kind.",
    dataset: "iris",
    dims: [4, 3],
    loss: "cross-entropy",
  },
  xor: {
    name: "XOR",
    about: "4 examples of 2 inputs: is exactly one of them 1? No single unit can compute that.",
    loss: "mse",
    make: (alike) => {
      const inputs = [[0, 0], [0, 1], [1, 0], [1, 1]];
      return { inputs, targets: inputs.map(([a, b]) => [a ^ b, alike ? a ^ b : 1 - (a ^ b)]) };
    },
  },
  spirals: {
    name: "Two spirals",
    about: "60 points of two spirals: which spiral is a point on?",
    loss: "mse",
    make: (alike) => {
      const { inputs, classes } = spirals(30);
      return { inputs, targets: classes.map((arm) => [arm, alike ? arm : 1 - arm]) };
    },
  },
  line: {
    name: "A line",
    about: "9 points of the line y = 2x + 1, for two outputs.",
    loss: "mse",
    make: (alike) => {
      const inputs = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1].map((x) => [x]);
      return { inputs, targets: inputs.map(([x]) => [2 * x + 1, alike ? 2 * x + 1 : 1 - x]) };
    },
  },
  own: {
    name: "Own numbers",
    about: "One row per example, as in a CSV file, and as many rows of targets as of inputs.",
    loss: "mse",
    own: true,
  },
};

/** Rows as TOML and as Python write them. */
export const rowsText = (rows) => `[${rows.map((row) => `[${row.map(numberText).join(", ")}]`).join(", ")}]`;

/** A number as text, with a point or an exponent, that is read back as the same number. */
export function numberText(value) {
  const text = String(value);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}
