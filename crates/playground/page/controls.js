// The fields that define a network.
import { $ } from "./dom.js";
import { DATA } from "./data.js";
import { ACTIVATIONS, LOSSES, OPTIMIZERS, READ, STARTS } from "./state.js";


const options = (select, names) => {
  select.replaceChildren(...Object.entries(names).map(([value, name]) => new Option(name, value)));
};

/** Shows an error next to a field, or removes it. */
export function complain(field, message) {
  const place = $(`error-${field}`), input = $(field);
  if (place) place.textContent = message ?? "";
  if (input && "setCustomValidity" in input) {
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

const NUMBERS = {
  w: "a number from -1000000 to 1000000", b: "a number from -1000000 to 1000000",
  rate: "a number from 0 to 1000000", seed: "a whole number, 0 or more",
};

/** Fills the fields once, and calls `change(patch)` for every choice. */
export function controls(change) {
  options($("data"), Object.fromEntries(Object.entries(DATA).map(([key, kind]) => [key, kind.name])));
  options($("loss"), LOSSES);
  options($("act"), Object.fromEntries(ACTIVATIONS.map((name) => [name, name])));
  options($("start"), STARTS);
  options($("opt"), Object.fromEntries(Object.entries(OPTIMIZERS).map(([key, { name }]) => [key, name])));

  $("data").addEventListener("change", ({ target }) => change({ data: target.value, loss: DATA[target.value].loss }));
  for (const key of ["loss", "act", "start", "opt"]) {
    $(key).addEventListener("change", ({ target }) => change({ [key]: target.value }));
  }
  for (const key of ["alike", "bias", "quotient"]) {
    $(key).addEventListener("change", ({ target }) => change({ [key]: target.checked }));
  }
  for (const key of Object.keys(NUMBERS)) {
    $(key).addEventListener("change", ({ target }) => {
      const value = READ[key](target.value.replace(",", "."));
      complain(key, value === undefined ? `${target.value || "nothing"}: ${NUMBERS[key]} is needed` : null);
      if (value !== undefined) change({ [key]: value });
    });
  }
  for (const key of ["w", "b"]) {
    $(`${key}-slide`).addEventListener("input", ({ target }) => {
      complain(key, null);
      change({ [key]: Number(target.value) });
    });
  }
  $("rate-slide").addEventListener("input", ({ target }) => {
    complain("rate", null);
    change({ rate: Number((10 ** Number(target.value)).toPrecision(2)) });
  });
  for (const key of ["x", "y"]) {
    $(key).addEventListener("change", ({ target }) => change({ [key]: target.value }));
  }
  $("layers").addEventListener("change", ({ target }) => {
    const count = Number(target.value), sizes = readSizes();
    while (sizes.length < count) sizes.push(sizes[sizes.length - 1] ?? 8);
    change({ hidden: sizes.slice(0, count) });
  });

  function readSizes() {
    return [...$("sizes").querySelectorAll("input")].map((input) => Number(input.value));
  }

  function sizeFields(hidden) {
    const box = $("sizes");
    if (box.children.length !== hidden.length) {
      box.replaceChildren(...hidden.map((_, layer) => {
        const label = document.createElement("label");
        label.textContent = `hidden${layer + 1}`;
        const input = document.createElement("input");
        Object.assign(input, { type: "number", min: 1, max: 32, step: 1, id: `size${layer + 1}` });
        input.setAttribute("aria-describedby", "error-hidden");
        input.addEventListener("change", () => {
          const sizes = READ.hidden(readSizes().join(","));
          input.toggleAttribute("aria-invalid", !sizes);
          if (!sizes) input.setAttribute("aria-invalid", "true");
          complain("hidden", sizes ? null : `${input.value || "nothing"}: a layer has from 1 to 32 units`);
          if (sizes) change({ hidden: sizes });
        });
        label.append(input);
        return label;
      }));
    }
    hidden.forEach((size, layer) => {
      const input = box.children[layer].querySelector("input");
      if (document.activeElement !== input || Number(input.value) !== size) input.value = size;
    });
  }

  /** Shows a state in the fields. */
  return function show(state) {
    for (const key of ["data", "loss", "act", "start", "opt"]) $(key).value = state[key];
    for (const key of ["alike", "bias", "quotient"]) $(key).checked = state[key];
    for (const key of ["w", "b", "rate", "seed"]) $(key).value = state[key];
    for (const key of ["x", "y"]) if ($(key).value !== state[key]) $(key).value = state[key];
    for (const key of ["w", "b"]) $(`${key}-slide`).value = state[key];
    $("rate-slide").value = Math.log10(state.rate || 1e-4);
    $("layers").value = state.hidden.length;
    sizeFields(state.hidden);
    const kind = DATA[state.data];
    $("data-about").textContent = kind.about;
    $("own-rows").hidden = !kind.own;
    $("alike-row").hidden = Boolean(kind.own || kind.dataset);
    const values = state.start === "constant" || state.start === "ramp";
    $("start-values").hidden = !values;
    $("seed-row").hidden = state.start !== "random" && state.drop === 0;
    $("drop").value = state.drop;
    $("drop-out").textContent = state.drop;
  };
}
