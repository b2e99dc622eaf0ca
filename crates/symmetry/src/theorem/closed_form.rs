//! The gradients of a two-layer perceptron that has the four properties, written out.
//!
//! With N₁ hidden units and N₂ outputs, all equal,
//!
//! ```text
//! o1 = Σⱼ c1[j] x[j] + d1      oa = a(o1)      o2 = N₁ c2 oa + d2
//! ```
//!
//! and with g = dloss/dy, one number for all outputs because loss *and targets* treat them equally,
//!
//! ```text
//! dloss/dW1[i][j] = N₂ g c2 a'(o1) x[j]     dloss/db1[i] = N₂ g c2 a'(o1)
//! dloss/dW2[i][j] = g oa                    dloss/db2[i] = g
//! ```
//!
//! summed over the examples. (Some texts write N₂ in o2. The sum runs over the *hidden* units, so N₁ is correct; if N₁
//! ≠ N₂, the other formula is wrong.)

use crate::dynamics::{ActivationFunction, DenseLayer, LossFunction, Perceptron, Scalar};
use crate::shape_error::ShapeError;
use std::slice::from_ref;

/// A two-layer perceptron with the properties P1 to P4: five constants and two widths.
///
/// ```
/// use constinit_symmetry::dynamics::{Mse, Relu};
/// use constinit_symmetry::theorem::ConstantPerceptron;
///
/// let net = ConstantPerceptron { c1: vec![1.0, 2.0, 3.0], d1: 0.5, c2: 1.0, d2: 0.5, hidden: 2, outputs: 4 };
/// let signals = net.signals(&Relu, &[1.0, 0.0, 0.0]);
/// assert_eq!((signals.o1, signals.oa, signals.o2), (1.5, 1.5, 3.5));
///
/// let gradients = net.gradients(&Relu, &Mse, &[1.0, 0.0, 0.0], &[1.0])?;
/// // g = 2 (3.5 - 1) / 4
/// assert_eq!((gradients.c1[0], gradients.d1, gradients.c2, gradients.d2), (5.0, 5.0, 1.875, 1.25));
/// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantPerceptron<S> {
    /// First weight: `c1[j]` from input `j` to every hidden unit.
    pub c1: Vec<S>,
    /// First bias.
    pub d1: S,
    /// Second weight.
    pub c2: S,
    /// Second bias.
    pub d2: S,
    /// Number of hidden units, N₁.
    pub hidden: usize,
    /// Number of outputs, N₂.
    pub outputs: usize,
}

/// What every unit of a layer computes for one example.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantSignals<S> {
    /// Hidden units before the activation.
    pub o1: S,
    /// Hidden units after it.
    pub oa: S,
    /// Outputs.
    pub o2: S,
}

/// The derivative of the loss with regard to *one entry* of each parameter: all equal entries have the same derivative.
#[derive(Clone, Debug, PartialEq)]
pub struct ConstantGradients<S> {
    /// Of the first weight, for each input.
    pub c1: Vec<S>,
    /// Of the first bias.
    pub d1: S,
    /// Of the second weight.
    pub c2: S,
    /// Of the second bias.
    pub d2: S,
}

impl<S: Scalar> ConstantPerceptron<S> {
    /// The signals of the network for one example.
    ///
    /// Additional inputs are ignored, and missing inputs count as 0.
    pub fn signals(
        &self,
        activation: &impl ActivationFunction<S>,
        example: &[S],
    ) -> ConstantSignals<S> {
        let mut o1 = self.d1.clone();
        for (c, x) in self.c1.iter().zip(example) {
            o1 += c.clone() * x;
        }
        let oa = activation.value(&o1);
        let o2 = S::count(self.hidden) * &self.c2 * &oa + &self.d2;
        ConstantSignals { o1, oa, o2 }
    }

    /// The gradients of a batch, by the formulas.
    ///
    /// # Shapes
    ///
    /// - inputs: `[examples, inputs]`
    /// - targets: `[examples]`, one number for all outputs
    ///
    /// # Errors
    ///
    /// [`ShapeError::Examples`] if inputs or targets do not fit the network or each other.
    pub fn gradients(
        &self,
        activation: &impl ActivationFunction<S>,
        loss: &impl LossFunction<S>,
        inputs: &[S],
        targets: &[S],
    ) -> Result<ConstantGradients<S>, ShapeError> {
        let (width, examples) = (self.c1.len(), targets.len());
        if examples == 0 || width == 0 || inputs.len() != examples * width {
            let entries = inputs.len();
            return Err(ShapeError::Examples { what: "inputs", entries, width, examples });
        }
        let zero = S::zero;
        let mut sum =
            ConstantGradients { c1: vec![zero(); width], d1: zero(), c2: zero(), d2: zero() };
        let outputs = S::count(self.outputs);
        for (x, target) in inputs.chunks(width).zip(targets) {
            let ConstantSignals { o1, oa, o2 } = self.signals(activation, x);
            let mut g = [zero()];
            loss.example(&[o2], from_ref(target), from_ref(&outputs), &mut g);
            let [g] = g;
            let inner = outputs.clone() * &g * &self.c2 * activation.slope(&o1);
            for (sum, x) in sum.c1.iter_mut().zip(x) {
                *sum += inner.clone() * x;
            }
            sum.d1 += inner;
            sum.c2 += g.clone() * oa;
            sum.d2 += g;
        }
        let terms = S::count(loss.terms(examples, self.outputs));
        for number in sum.c1.iter_mut().chain([&mut sum.d1, &mut sum.c2, &mut sum.d2]) {
            *number /= &terms;
        }
        Ok(sum)
    }

    /// The same network with all its units.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if there are no inputs, hidden units or outputs.
    pub fn full(&self) -> Result<Perceptron<S>, ShapeError> {
        let widths = [self.c1.len(), self.hidden, self.outputs];
        let first = std::iter::repeat_n(&self.c1, self.hidden).flatten().cloned().collect();
        let second = vec![self.c2.clone(); self.hidden * self.outputs];
        Perceptron::new(
            &widths,
            vec![
                DenseLayer { weight: first, bias: Some(vec![self.d1.clone(); self.hidden]) },
                DenseLayer { weight: second, bias: Some(vec![self.d2.clone(); self.outputs]) },
            ],
        )
    }

    /// The same network with one unit for all hidden units, and one for all outputs.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if there are no inputs, hidden units or outputs.
    pub fn quotient(&self) -> Result<Perceptron<S>, ShapeError> {
        let layers = vec![
            DenseLayer { weight: self.c1.clone(), bias: Some(vec![self.d1.clone()]) },
            DenseLayer { weight: vec![self.c2.clone()], bias: Some(vec![self.d2.clone()]) },
        ];
        Perceptron::new(&[self.c1.len(), 1, 1], layers)?
            .with_class_sizes(&[vec![self.hidden], vec![self.outputs]])
    }
}
