// The same training as a cell of a PyTorch notebook.
import { numberText, rowsText } from "./data.js";

const ACTIVATION = {
  relu: "nn.ReLU()", tanh: "nn.Tanh()", sigmoid: "nn.Sigmoid()", gelu: "nn.GELU()", silu: "nn.SiLU()",
  softplus: "nn.Softplus()", "leaky-relu": "nn.LeakyReLU(0.01)", elu: "nn.ELU()", identity: "nn.Identity()",
};

const OPTIMIZER = {
  sgd: (rate) => `torch.optim.SGD(net.parameters(), lr=${rate})`,
  momentum: (rate) => `torch.optim.SGD(net.parameters(), lr=${rate}, momentum=0.9)`,
  adam: (rate) => `torch.optim.Adam(net.parameters(), lr=${rate})`,
  adamw: (rate) => `torch.optim.AdamW(net.parameters(), lr=${rate}, weight_decay=0.01)`,
  rmsprop: (rate) => `torch.optim.RMSprop(net.parameters(), lr=${rate}, alpha=0.99)`,
  adagrad: (rate) => `torch.optim.Adagrad(net.parameters(), lr=${rate})`,
  lion: (rate) => `Lion(net.parameters(), lr=${rate})`,
};

// torch has no Lion.
const LION = `
class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p -= group["lr"] * torch.sign(0.9 * m + 0.1 * p.grad)
                m.mul_(0.99).add_(p.grad, alpha=0.01)
`;

const matrix = (flat, columns) => {
  const rows = [];
  for (let at = 0; at < flat.length; at += columns) rows.push(flat.slice(at, at + columns));
  return rowsText(rows);
};
const vector = (values) => `[${values.map(numberText).join(", ")}]`;

/** The lines that set every parameter to its start. */
function starts(state, dims, layers) {
  const lines = [];
  dims.slice(1).forEach((makes, layer) => {
    const name = `linears[${layer}]`;
    if (state.start === "random") {
      const { weight, bias } = layers[layer];
      lines.push(`    ${name}.weight.copy_(torch.tensor(${matrix(weight, dims[layer])}))`);
      if (bias) lines.push(`    ${name}.bias.copy_(torch.tensor(${vector(bias)}))`);
      return;
    }
    const [w, b] = state.start === "zeros" ? [0, 0] : [state.w, state.b];
    if (state.start === "ramp" && layer === 0) {
      lines.push(`    ${name}.weight.copy_(${numberText(w)} + torch.arange(${dims[0]}.0).expand(${makes}, -1))`);
    } else lines.push(`    ${name}.weight.fill_(${numberText(w)})`);
    if (state.bias) lines.push(`    ${name}.bias.fill_(${numberText(b)})`);
  });
  return lines;
}

/** The lines inside the loop for changes made by hand: each sets the resulting numbers. */
function edits(events, left) {
  const lines = [];
  for (const event of events) {
    if (event.put) {
      lines.push(`    if step == ${event.at}:  # ${event.said}`, "        with torch.no_grad():");
      for (const [layer, name, place, value] of event.put) {
        const put = Array.isArray(value) ? `torch.tensor(${vector(value)})` : numberText(value);
        lines.push(`            linears[${layer}].${name}[${place}] = ${put}`);
      }
    } else left.push(`step ${event.at}: ${event.said}`);
  }
  return lines;
}

/**
 * The cell: `layers` are the parameters before training, `data` the examples with rows of numbers, `events` the changes
 * made by hand. A comment in the cell names what it cannot do.
 */
export function pytorch(state, data, dims, layers, events) {
  const left = [];
  const inside = edits(events, left);
  if (state.drop > 0) left.push(`dropout of ${state.drop}: PyTorch draws other masks`);
  if (state.quotient) left.push("the quotient: the cell trains the full network, whose numbers are the same");
  const rate = numberText(state.rate);
  const linear = (_, layer) =>
    `nn.Linear(${dims[layer]}, ${dims[layer + 1]}${state.bias ? "" : ", bias=False"})`;
  const linears = dims.slice(1).map(linear);
  const load = data.dataset
    ? ["from sklearn.datasets import load_iris", "x, classes = map(torch.tensor, load_iris(return_X_y=True))",
      "y = nn.functional.one_hot(classes, 3).double()"]
    : [`x = torch.tensor(${rowsText(data.inputs)})`,
      state.loss === "cross-entropy" && data.targets[0].length === 1
        ? `y = nn.functional.one_hot(torch.tensor(${JSON.stringify(data.targets.map(([kind]) => kind))}), ${dims[dims.length - 1]}).double()`
        : `y = torch.tensor(${rowsText(data.targets)})`];
  const loss = { mse: "nn.MSELoss()", "cross-entropy": "nn.CrossEntropyLoss()", huber: "nn.HuberLoss()" }[state.loss];
  return [
    ...left.map((what) => `# Not in this cell: ${what}.`),
    "import torch",
    "from torch import nn",
    "",
    "torch.set_default_dtype(torch.float64)",
    ...load,
    `linears = nn.ModuleList([${linears.join(", ")}])`,
    `activation = ${ACTIVATION[state.act]}`,
    "",
    "def net(x):",
    "    for linear in linears[:-1]:",
    "        x = activation(linear(x))",
    "    return linears[-1](x)",
    "",
    "net.parameters = linears.parameters",
    "with torch.no_grad():",
    ...starts(state, dims, layers),
    ...(state.opt === "lion" ? LION.trimEnd().split("\n") : []),
    "",
    `optimizer = ${OPTIMIZER[state.opt](rate)}`,
    `loss_fn = ${loss}`,
    `for step in range(${Math.max(1, state.step)}):`,
    ...inside,
    "    optimizer.zero_grad()",
    "    loss = loss_fn(net(x), y)",
    "    loss.backward()",
    "    optimizer.step()",
    "    print(step + 1, loss.item())",
    "distinct = [len(torch.unique(torch.cat([a.weight, b.weight.T], 1), dim=0)) for a, b in zip(linears, linears[1:])]",
    'print("distinct hidden units:", distinct)',
    "",
  ].join("\n");
}
