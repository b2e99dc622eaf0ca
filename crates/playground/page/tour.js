// The guided tour: seven steps, each with a short text and a state that the user can change.
import { $ } from "./dom.js";

/** For each of the four properties, a weight or a bias whose change breaks only that property. */
const PUT_OUT = [
  ["P1", { layer: 0, output: 1, input: 0 }], ["P2", { layer: 0, output: 1, input: null }],
  ["P3", { layer: 1, output: 2, input: 1 }], ["P4", { layer: 1, output: 2, input: null }],
];

export const TOUR = [
  {
    title: "Zeros: nothing distinguishes the units",
    body: "Every weight and every bias starts at 0. All hidden units compute the same number and get the same gradients, so they stay equal. Here even the weights do not change: only the biases of the outputs learn, up to the best constant answer. Press Play.",
    state: { data: "line", alike: false, hidden: [8], act: "tanh", start: "zeros", loss: "mse", opt: "sgd", rate: 0.1 },
  },
  {
    title: "Another constant: eight units, one distinct",
    body: "With 0.2 instead of 0, the weights change. But all eight units change equally: they have one colour in the drawing and one line in the chart of units. The network learns what a single unit can learn. The dashed line is the loss of the same network from a random start. Let the training run until the dashed line leaves the solid one.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
  },
  {
    title: "Why the units stay equal: four properties",
    body: "The theorem names four properties of the weights and biases, P1 to P4. If all four hold and all outputs have the same targets, a step of gradient descent keeps all four. Break one of them by changing a single number, then take a step. Which of the other properties break, too?",
    state: { data: "text", alike: true, hidden: [2], act: "tanh", start: "ramp", w: 0.1, b: 0.1, loss: "mse", opt: "sgd", rate: 0.1 },
    actions: [
      ...PUT_OUT.map(([name, place]) => ({ name: `Break ${name}`, run: (page) => page.setBy(place, 0.3) })),
      { name: "Restore all four", run: (page) => page.reset() },
    ],
  },
  {
    title: "Unequal targets: the outputs diverge, the units do not",
    body: "Now the outputs have different targets. The first step breaks P3 and P4, which concern the outputs. The hidden units still stay equal: each output has equal weights from all of them.",
    state: { data: "text", alike: false, hidden: [4, 4], act: "tanh", start: "constant", w: 0.3, b: 0.1, loss: "mse", opt: "sgd", rate: 0.1 },
    actions: [{ name: "One step", run: (page) => page.steps(1) }],
  },
  {
    title: "Adam does not help",
    body: "Adam gives every weight its own step size. But it computes this step size from the gradients of the weight, so equal gradients give equal steps. Adam reaches the best loss of a single unit sooner, and gets no further. Try the other optimizers, too.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "adam", rate: 0.02 },
  },
  {
    title: "One nudge, and the escape",
    body: "Train for a while, then add noise of one millionth to one unit. Where the loss curves down between twins, their difference grows by a factor in each step. The forecast says after how many steps it reaches 1 %. Watch the measured difference follow the forecast. Then the loss leaves the line of a single unit.",
    state: { data: "xor", alike: false, hidden: [6], act: "tanh", start: "constant", w: 0.5, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
    actions: [{ name: "Train 1200 steps, then nudge unit 0", run: (page) => page.nudgeAfter(1200, 1e-6) }],
  },
  {
    title: "What one unit is worth",
    body: "Eight equal units compute the same as one unit whose outgoing weight counts eight times. Collapse them: the loss stays the same to its last digits, with one eighth of the hidden units. A start with different units would have used all eight.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
    actions: [
      { name: "Train 200 steps", run: (page) => page.steps(200) },
      { name: "Collapse", run: (page) => page.collapse() },
      { name: "Split it in two again", run: (page) => page.widen() },
    ],
  },
];


/** The card of the tour; `go(number)` is called with a step, counted from 1, or with 0 to end the tour. */
export function tour(page, go) {
  $("tour-start").addEventListener("click", () => go(1));
  $("tour-end").addEventListener("click", () => go(0));
  $("tour-back").addEventListener("click", () => go(Math.max(1, page.tourStep() - 1)));
  $("tour-next").addEventListener("click", () => {
    const next = page.tourStep() + 1;
    go(next > TOUR.length ? 0 : next);
  });
  return function show(number, focus) {
    $("tour-start").hidden = number > 0;
    $("tour-card").hidden = number === 0;
    if (number === 0) {
      if (focus) $("tour-start").focus();
      return;
    }
    const step = TOUR[number - 1];
    $("tour-count").textContent = `Step ${number} of ${TOUR.length}`;
    $("tour-title").textContent = step.title;
    $("tour-body").textContent = step.body;
    $("tour-back").disabled = number === 1;
    $("tour-next").textContent = number === TOUR.length ? "Done" : "Next";
    $("tour-actions").replaceChildren(...(step.actions ?? []).map(({ name, run }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => run(page));
      return button;
    }));
    if (focus) $("tour-title").focus({ preventScroll: true });
  };
}
