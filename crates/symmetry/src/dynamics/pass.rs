//! One forward and one backward pass, in memory that the next pass uses again.

use super::scalar::{add_scaled, dot};
use super::{ActivationFunction, LossFunction, Perceptron, Scalar};
use crate::shape_error::ShapeError;

/// What a pass computed for each example, and the sum of its gradients.
#[derive(Clone, Debug)]
pub(crate) struct Pass<S> {
    /// For every layer: `z[example][output]`.
    before: Vec<Vec<S>>,
    /// For every hidden layer: `a(z)`.
    after: Vec<Vec<S>>,
    /// The same times class sizes, if these are not all 1.
    weighted: Vec<Vec<S>>,
    /// For every layer: `dloss/dz` of one unit of each class, `[example][output]`.
    slopes: Vec<Vec<S>>,
    sizes: Vec<Sizes<S>>,
    /// The factors of the signals of every hidden layer, `[example][unit]`; an empty list leaves the signals as they
    /// are.
    masks: Vec<Vec<S>>,
    /// In the order of the network's numbers.
    pub gradients: Vec<S>,
    /// One example's slopes times class sizes.
    scaled: Vec<S>,
    /// One example's slopes with regard to the units that a layer reads.
    back: Vec<S>,
}

#[derive(Clone, Debug)]
struct Sizes<S> {
    numbers: Vec<S>,
    all_one: bool,
}

impl<S: Scalar> Pass<S> {
    pub fn new(network: &Perceptron<S>) -> Self {
        let layers = network.layers();
        let empty = |count: usize| vec![Vec::new(); count];
        let sizes = (1..=layers).map(|space| {
            let sizes = network.class_sizes(space);
            Sizes {
                numbers: sizes.iter().map(|&size| S::count(size)).collect(),
                all_one: sizes.iter().all(|&size| size == 1),
            }
        });
        Self {
            before: empty(layers),
            after: empty(layers - 1),
            weighted: empty(layers - 1),
            slopes: empty(layers),
            sizes: sizes.collect(),
            masks: empty(layers - 1),
            gradients: vec![S::zero(); network.numbers().len()],
            scaled: Vec::new(),
            back: Vec::new(),
        }
    }

    /// From now on, multiplies the signals of each hidden layer by these numbers, `[example][unit]`. The signals of a
    /// layer with an empty list stay.
    pub fn set_masks(&mut self, masks: &[Vec<S>]) {
        for (mask, given) in self.masks.iter_mut().zip(masks) {
            mask.clone_from(given);
        }
    }

    /// `z` of a layer, `[example][output]`.
    pub fn before(&self, layer: usize) -> &[S] {
        &self.before[layer]
    }

    /// `dloss/dz` of one unit of each class, `[example][output]`.
    pub fn slopes(&self, layer: usize) -> &[S] {
        &self.slopes[layer]
    }

    /// The inputs of a layer: `[example][input]`.
    pub fn read<'p>(&'p self, layer: usize, inputs: &'p [S]) -> &'p [S] {
        if layer == 0 { inputs } else { &self.after[layer - 1] }
    }

    /// The inputs of a layer times the class sizes of the units that it reads.
    fn read_weighted<'p>(&'p self, layer: usize, inputs: &'p [S]) -> &'p [S] {
        if layer == 0 || self.sizes[layer - 1].all_one {
            self.read(layer, inputs)
        } else {
            &self.weighted[layer - 1]
        }
    }

    /// Computes all `z`; returns the number of examples.
    pub fn forward(
        &mut self,
        network: &Perceptron<S>,
        activation: &impl ActivationFunction<S>,
        inputs: &[S],
    ) -> Result<usize, ShapeError> {
        let widths = network.widths();
        let examples = examples("inputs", inputs.len(), widths[0])?;
        for layer in 0..network.layers() {
            let (reads, makes) = (widths[layer], widths[layer + 1]);
            let weight = network.weight(layer);
            let bias = network.bias(layer);
            let mut before = std::mem::take(&mut self.before[layer]);
            before.clear();
            let read = self.read_weighted(layer, inputs);
            for example in 0..examples {
                let x = &read[example * reads..][..reads];
                for unit in 0..makes {
                    let mut z = dot(&weight[unit * reads..][..reads], x);
                    if let Some(bias) = bias {
                        z += &bias[unit];
                    }
                    before.push(z);
                }
            }
            self.before[layer] = before;
            if layer + 1 < network.layers() {
                let after = &mut self.after[layer];
                after.clear();
                after.extend(self.before[layer].iter().map(|z| activation.value(z)));
                for (a, m) in after.iter_mut().zip(&self.masks[layer]) {
                    *a *= m;
                }
                let sizes = &self.sizes[layer];
                if !sizes.all_one {
                    let weighted = &mut self.weighted[layer];
                    weighted.clear();
                    let sizes = sizes.numbers.iter().cycle();
                    weighted.extend(after.iter().zip(sizes).map(|(a, n)| a.clone() * n));
                }
            }
        }
        Ok(examples)
    }

    /// Computes loss and [gradients](Self::gradients): of one entry of each block, as the full network has them.
    pub fn gradients(
        &mut self,
        network: &Perceptron<S>,
        activation: &impl ActivationFunction<S>,
        loss: &impl LossFunction<S>,
        inputs: &[S],
        targets: &[S],
    ) -> Result<S, ShapeError> {
        let count = self.forward(network, activation, inputs)?;
        let last = network.layers() - 1;
        let outputs = network.widths()[last + 1];
        if examples("targets", targets.len(), outputs)? != count {
            let (entries, width) = (targets.len(), outputs);
            return Err(ShapeError::Examples { what: "targets", entries, width, examples: count });
        }
        for number in &mut self.gradients {
            number.set_zero();
        }
        let terms = S::one() / S::count(loss.terms(count, network.lifted_outputs()));
        let sum = self.loss(loss, last, outputs, targets, &terms);
        for layer in (0..=last).rev() {
            self.backward(network, activation, layer, inputs);
        }
        Ok(sum * terms)
    }

    fn loss(
        &mut self,
        loss: &impl LossFunction<S>,
        last: usize,
        outputs: usize,
        targets: &[S],
        terms: &S,
    ) -> S {
        let slopes = &mut self.slopes[last];
        slopes.clear();
        slopes.resize(targets.len(), S::zero());
        let sizes = &self.sizes[last].numbers;
        let examples = self.before[last].chunks(outputs).zip(targets.chunks(outputs));
        let mut sum = S::zero();
        for ((y, t), slopes) in examples.zip(slopes.chunks_mut(outputs)) {
            sum += loss.example(y, t, sizes, slopes);
        }
        for slope in slopes {
            *slope *= terms;
        }
        sum
    }

    /// Adds up the gradients of a layer and hands its slopes to the layer before it.
    fn backward(
        &mut self,
        network: &Perceptron<S>,
        activation: &impl ActivationFunction<S>,
        layer: usize,
        inputs: &[S],
    ) {
        let (reads, makes) = (network.widths()[layer], network.widths()[layer + 1]);
        let weight = network.weight(layer);
        let (weights_at, bias_at) = (network.weight_range(layer), network.bias_range(layer));
        let slopes = std::mem::take(&mut self.slopes[layer]);
        let mut gradients = std::mem::take(&mut self.gradients);
        let read = self.read(layer, inputs);
        for (slopes, x) in slopes.chunks(makes).zip(read.chunks(reads)) {
            let rows = gradients[weights_at.clone()].chunks_mut(reads);
            for (slope, row) in slopes.iter().zip(rows) {
                add_scaled(row, slope, x);
            }
            if let Some(at) = &bias_at {
                for (sum, slope) in gradients[at.clone()].iter_mut().zip(slopes) {
                    *sum += slope;
                }
            }
        }
        self.gradients = gradients;
        if layer > 0 {
            let mut earlier = std::mem::take(&mut self.slopes[layer - 1]);
            earlier.clear();
            let before = self.before[layer - 1].chunks(reads);
            for (slopes, z) in slopes.chunks(makes).zip(before) {
                self.scaled.clear();
                self.scaled.extend(
                    slopes.iter().zip(&self.sizes[layer].numbers).map(|(s, n)| s.clone() * n),
                );
                self.back.clear();
                self.back.resize(reads, S::zero());
                for (slope, row) in self.scaled.iter().zip(weight.chunks(reads)) {
                    add_scaled(&mut self.back, slope, row);
                }
                earlier.extend(z.iter().zip(&self.back).map(|(z, b)| activation.slope(z) * b));
            }
            for (slope, m) in earlier.iter_mut().zip(&self.masks[layer - 1]) {
                *slope *= m;
            }
            self.slopes[layer - 1] = earlier;
        }
        self.slopes[layer] = slopes;
    }
}

/// The number of examples of this width in a slice.
fn examples(what: &'static str, entries: usize, width: usize) -> Result<usize, ShapeError> {
    let examples = entries.checked_div(width).unwrap_or(0);
    if examples == 0 || examples * width != entries {
        return Err(ShapeError::Examples { what, entries, width, examples });
    }
    Ok(examples)
}
