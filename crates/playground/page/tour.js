// The guided tour: seven steps, each a sentence or two and a state that one may change.
import { $ } from "./dom.js";

/** The weight, or the bias, whose change puts one of the four properties out. */
const PUT_OUT = [
  ["P1", { layer: 0, output: 1, input: 0 }], ["P2", { layer: 0, output: 1, input: null }],
  ["P3", { layer: 1, output: 2, input: 1 }], ["P4", { layer: 1, output: 2, input: null }],
];

export const TOUR = [
  {
    title: "Zeros: nothing tells the units apart",
    body: "Every weight and every bias starts at 0. The units of the hidden layer compute the same, are corrected alike, and here not even a weight moves: only the biases of the outputs learn, up to the best constant answer. Press play.",
    state: { data: "line", alike: false, hidden: [8], act: "tanh", start: "zeros", loss: "mse", opt: "sgd", rate: 0.1 },
  },
  {
    title: "Another constant: eight units, one distinct",
    body: "With 0.2 in the place of 0 the weights move, but all eight units move as one: one colour, one line among the trajectories. The network learns what a single unit can. The dashed line is the loss of the same network from a random start: play on until it leaves.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
  },
  {
    title: "Why they stay so: four properties",
    body: "The theorem names four properties of the weights and biases, P1 to P4. Where all four hold and the targets of the outputs are alike, a step of gradient descent keeps all four. Put one out with a single number, then take a step: which of the others go out with it?",
    state: { data: "text", alike: true, hidden: [2], act: "tanh", start: "ramp", w: 0.1, b: 0.1, loss: "mse", opt: "sgd", rate: 0.1 },
    actions: [
      ...PUT_OUT.map(([name, place]) => ({ name: `Put ${name} out`, run: (page) => page.setBy(place, 0.3) })),
      { name: "Light all again", run: (page) => page.reset() },
    ],
  },
  {
    title: "Unequal targets: the outputs diverge, the units do not",
    body: "Now each output has a target of its own. P3 and P4, which speak of the outputs, go out with the first step. The hidden units stay one all the same: each output treats them alike.",
    state: { data: "text", alike: false, hidden: [4, 4], act: "tanh", start: "constant", w: 0.3, b: 0.1, loss: "mse", opt: "sgd", rate: 0.1 },
    actions: [{ name: "One step", run: (page) => page.steps(1) }],
  },
  {
    title: "Adam does not help",
    body: "Adam gives every weight a step size of its own, but a step size that is made of its gradients: equal gradients give equal steps. It comes sooner to what one unit can do, and no further. Try the other optimizers, too.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "adam", rate: 0.02 },
  },
  {
    title: "One nudge, and the escape",
    body: "Train for a while, then add noise of one millionth to one unit. Where the loss curves down between twins, the difference grows by a factor each step: the forecast says how soon it reaches 1 %. Watch the measured distance follow it, and the loss leave the line of one unit.",
    state: { data: "xor", alike: false, hidden: [6], act: "tanh", start: "constant", w: 0.5, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
    actions: [{ name: "Train 1200 steps, then nudge unit 0", run: (page) => page.nudgeAfter(1200, 1e-6) }],
  },
  {
    title: "What one unit is worth",
    body: "Eight equal units are one unit whose outgoing weight counts eight times. Collapse them: the loss stays to its last digits, with an eighth of the hidden units. A start that breaks the tie would have used them all.",
    state: { data: "spirals", hidden: [8], act: "tanh", start: "constant", w: 0.2, b: 0, loss: "mse", opt: "sgd", rate: 0.5 },
    actions: [
      { name: "Train 200 steps", run: (page) => page.steps(200) },
      { name: "Collapse", run: (page) => page.collapse() },
      { name: "Split it in two again", run: (page) => page.widen() },
    ],
  },
];


/** The card of the tour; `go(number)` is asked for a step from 1, or 0 for the end. */
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
