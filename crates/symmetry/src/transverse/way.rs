//! Computes how a state moves while a difference between twins grows.

use super::transverse;
use crate::dynamics::{ActivationFunction, LossFunction, Perceptron, gradients};
use crate::forecast::{Motion, sharpest};
use crate::shape_error::ShapeError;

/// The way of a state: the straight line on which it would move until the end of a forecast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way<'a> {
    /// The hidden layer of the twins, counted from 1, and the unit or class in it.
    pub place: [usize; 2],
    /// An eigenvector of the lowest curvature between the twins, of length 1.
    pub direction: &'a [f64],
    /// The length of the way, as a multiple of the force: [`Forecast::ahead`](crate::forecast::Forecast::ahead).
    pub ahead: f64,
    /// The coupled decay w of the force: gradient + w parameters.
    pub weight_decay: f64,
    /// Steps done in this state.
    pub step: usize,
}

impl Way<'_> {
    /// How the state of a network moves on this way under the loss of a batch.
    ///
    /// # Shapes
    ///
    /// - inputs: `[examples, inputs]`
    /// - targets: `[examples, outputs]`
    ///
    /// # Errors
    ///
    /// As [`transverse`], and [`ShapeError::Unit`] if the direction does not have the dimension of its curvature.
    ///
    /// # Complexity
    ///
    /// That of 19 gradients, and of three curvatures between the twins.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_symmetry::dynamics::{Activation, DenseLayer, Mse, Perceptron};
    /// use constinit_symmetry::Way;
    ///
    /// // y = 2 q w x for linear units, with w = q = 0.5, x = 1, t = 1: the gradients are g q = -0.5 for each number.
    /// let half = || DenseLayer { weight: vec![0.5, 0.5], bias: None };
    /// let net = Perceptron::new(&[1, 2, 1], vec![half(), half()])?;
    /// let way = Way { place: [1, 0], direction: &[0.6, 0.8], ahead: 0.2, weight_decay: 0.0, step: 0 };
    /// let motion = way.motion(&net, &Activation::Identity, &Mse, &[1.0], &[1.0])?;
    /// assert!((motion.force - 1.0).abs() < 1e-12);
    /// // The curvature is 2 · 0.6 · 0.8 g: g = 2 (2 · 0.55² - 1) after half of the way.
    /// assert!((motion.half - 0.96 * -0.79).abs() < 1e-12);
    /// assert!((motion.whole - 0.96 * -0.56).abs() < 1e-12);
    /// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
    /// ```
    pub fn motion(
        &self,
        network: &Perceptron<f64>,
        activation: &impl ActivationFunction<f64>,
        loss: &impl LossFunction<f64>,
        inputs: &[f64],
        targets: &[f64],
    ) -> Result<Motion, ShapeError> {
        let [layer, unit] = self.place;
        let gradient = |network: &Perceptron<f64>| {
            gradients(network, activation, loss, inputs, targets).map(|(_, gradients)| gradients)
        };
        let moved = |by: f64, force: &[f64]| {
            let mut moved = network.clone();
            moved.numbers_mut().iter_mut().zip(force).for_each(|(p, force)| *p -= by * force);
            moved
        };
        let curvature = |network: &Perceptron<f64>| {
            let h = transverse(network, activation, loss, layer, unit, inputs, targets)?;
            if h.dimension() != self.direction.len() {
                return Err(ShapeError::Unit { layer, unit });
            }
            Ok(h.apply(self.direction).iter().zip(self.direction).map(|(h, v)| h * v).sum::<f64>())
        };
        let mut force = gradient(network)?;
        for (force, number) in force.iter_mut().zip(network.numbers()) {
            *force += self.weight_decay * number;
        }
        // Each entry is multiplied by the root of the number of entries that it represents, so lengths are those of the
        // full network.
        let roots: Vec<f64> = entries(network).iter().map(|count| count.sqrt()).collect();
        let scaled = |entries: &[f64]| -> Vec<f64> {
            entries.iter().zip(&roots).map(|(entry, root)| entry * root).collect()
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let length = |v: &[f64]| product(v, v).sqrt();
        let numbers = scaled(network.numbers());
        // Central differences, with a step of ε^(1/3) times the length of the parameters.
        let step = f64::EPSILON.cbrt() * length(&numbers).max(1.0);
        let bent = |along: &[f64]| -> Result<Vec<f64>, ShapeError> {
            let along: Vec<f64> =
                along.iter().zip(&roots).map(|(entry, root)| entry / root).collect();
            let [forth, back] = [-step, step].map(|by| gradient(&moved(by, &along)));
            let slopes = forth?.into_iter().zip(back?);
            Ok(scaled(
                &slopes.map(|(forth, back)| (forth - back) / (2.0 * step)).collect::<Vec<_>>(),
            ))
        };
        let pull = scaled(&force);
        let strength = length(&pull);
        // Of length 1, or 0.
        let unit = |v: &[f64]| -> Vec<f64> {
            let by = if length(v) > 0.0 { length(v).recip() } else { 0.0 };
            v.iter().map(|entry| by * entry).collect()
        };
        let (towards, away) = (unit(&pull), unit(&numbers));
        let along = product(&towards, &bent(&towards)?);
        let start = towards.iter().zip(&away).map(|(f, p)| f + p).collect();
        let sharpest = sharpest(start, bent)?;
        let [tenth, half, whole] =
            [0.1, 0.5, 1.0].map(|share| curvature(&moved(share * self.ahead, &force)));
        Ok(Motion {
            step: self.step,
            force: strength,
            along,
            sharpest,
            ahead: self.ahead,
            size: size(network, self.place),
            tenth: tenth?,
            half: half?,
            whole: whole?,
        })
    }
}

/// The root of the sum of squares of a unit's incoming weights, bias and outgoing weights.
fn size(network: &Perceptron<f64>, [layer, unit]: [usize; 2]) -> f64 {
    let sizes = |space: usize| network.class_sizes(space).iter().map(|&size| size as f64);
    let reads = network.widths()[layer - 1];
    let counts: Vec<f64> = match layer {
        1 => vec![1.0; reads],
        _ => sizes(layer - 1).collect(),
    };
    let incoming = network.weight(layer - 1)[unit * reads..][..reads].iter().zip(counts);
    let outgoing = network.weight(layer).iter().skip(unit).step_by(network.widths()[layer]);
    let squares = incoming.map(|(w, n)| n * w * w);
    let squares = squares.chain(outgoing.zip(sizes(layer + 1)).map(|(w, n)| n * w * w));
    let bias = network.bias(layer - 1).map_or(0.0, |bias| bias[unit] * bias[unit]);
    (squares.sum::<f64>() + bias).sqrt()
}

/// For each number, the number of entries of the full network that it represents.
fn entries(network: &Perceptron<f64>) -> Vec<f64> {
    let mut counts = vec![1.0; network.numbers().len()];
    for layer in 0..network.layers() {
        let (reads, units) = (network.widths()[layer], network.class_sizes(layer + 1));
        let read: Vec<f64> = match layer {
            0 => vec![1.0; reads],
            _ => network.class_sizes(layer).iter().map(|&size| size as f64).collect(),
        };
        let weights = counts[network.weight_range(layer)].chunks_mut(reads);
        for (row, &unit) in weights.zip(units) {
            row.iter_mut().zip(&read).for_each(|(count, read)| *count = unit as f64 * read);
        }
        if let Some(range) = network.bias_range(layer) {
            counts[range].iter_mut().zip(units).for_each(|(count, &unit)| *count = unit as f64);
        }
    }
    counts
}
