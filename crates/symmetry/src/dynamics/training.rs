//! Steps of training, and single passes.

use super::{ActivationFunction, LossFunction, Pass, Perceptron, Scalar, UpdateRule};
use crate::shape_error::ShapeError;

/// A network in training. After the first step with the largest batch, steps allocate nothing.
#[derive(Clone, Debug)]
pub struct Training<S, A, L, R> {
    network: Perceptron<S>,
    activation: A,
    loss: L,
    rule: R,
    pass: Pass<S>,
}

impl<S: Scalar, A: ActivationFunction<S>, L: LossFunction<S>, R: UpdateRule<S>>
    Training<S, A, L, R>
{
    /// Training of a network by a rule.
    pub fn new(network: Perceptron<S>, activation: A, loss: L, rule: R) -> Self {
        let pass = Pass::new(&network);
        Self { network, activation, loss, rule, pass }
    }

    /// Makes one step. Returns the loss before it.
    ///
    /// # Shapes
    ///
    /// - inputs: `[examples, inputs]`
    /// - targets: `[examples, outputs]`, one for each class of outputs
    ///
    /// # Errors
    ///
    /// [`ShapeError::Examples`] for slices that are not rows of that width, or that have different numbers of rows. In
    /// that case nothing has changed.
    pub fn step(&mut self, inputs: &[S], targets: &[S]) -> Result<S, ShapeError> {
        let Self { network, activation, loss, rule, pass } = self;
        let value = pass.gradients(network, activation, loss, inputs, targets)?;
        rule.step(network.numbers_mut(), &pass.gradients);
        Ok(value)
    }

    /// Makes one step in which masks multiply the signals of hidden layers, as dropout does. Returns the loss of the
    /// masked network before it.
    ///
    /// # Shapes
    ///
    /// - inputs and targets: as [`Training::step`]
    /// - masks: one per hidden layer, `[examples, units]`, or empty for a layer whose signals stay
    ///
    /// # Errors
    ///
    /// As [`Training::step`], and [`ShapeError::Examples`] for a mask that does not have one number for each unit and
    /// example.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_symmetry::dynamics::{DenseLayer, Identity, Mse, Perceptron, Sgd, Training};
    ///
    /// let layer = |weight: &[f64]| DenseLayer { weight: weight.to_vec(), bias: None };
    /// let net = Perceptron::new(&[1, 2, 1], vec![layer(&[1.0, 1.0]), layer(&[1.0, 1.0])])?;
    /// let mut training = Training::new(net, Identity, Mse, Sgd::new(0.125));
    /// // The second unit is dropped, the first one counts twice: the output is 2, and the target is 1.
    /// let loss = training.masked_step(&[1.0], &[1.0], &[vec![2.0, 0.0]])?;
    /// assert_eq!(loss, 1.0);
    /// assert_eq!(training.network().numbers(), [0.5, 1.0, 0.5, 1.0]);
    /// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
    /// ```
    pub fn masked_step(
        &mut self,
        inputs: &[S],
        targets: &[S],
        masks: &[Vec<S>],
    ) -> Result<S, ShapeError> {
        let widths = self.network.widths();
        let examples = inputs.len() / widths[0];
        for (mask, &width) in masks.iter().zip(&widths[1..]) {
            if !mask.is_empty() && mask.len() != examples * width {
                let entries = mask.len();
                return Err(ShapeError::Examples { what: "masks", entries, width, examples });
            }
        }
        self.pass.set_masks(masks);
        let value = self.step(inputs, targets);
        self.pass.set_masks(&vec![Vec::new(); masks.len()]);
        value
    }

    /// The network in its current state.
    pub fn network(&self) -> &Perceptron<S> {
        &self.network
    }

    /// The network, mutable, to change it between steps.
    pub fn network_mut(&mut self) -> &mut Perceptron<S> {
        &mut self.network
    }

    /// The gradients of the last step, in the order of [`Perceptron::numbers`].
    pub fn gradients(&self) -> &[S] {
        &self.pass.gradients
    }
}

/// The loss of a batch and its gradients with regard to one entry of each block, in the order of
/// [`Perceptron::numbers`].
///
/// # Errors
///
/// As [`Training::step`].
pub fn gradients<S: Scalar>(
    network: &Perceptron<S>,
    activation: &impl ActivationFunction<S>,
    loss: &impl LossFunction<S>,
    inputs: &[S],
    targets: &[S],
) -> Result<(S, Vec<S>), ShapeError> {
    let mut pass = Pass::new(network);
    let value = pass.gradients(network, activation, loss, inputs, targets)?;
    Ok((value, pass.gradients))
}

/// The inputs of the activation of every hidden layer: for each layer `z[example][unit]`, row-major.
///
/// # Errors
///
/// [`ShapeError::Examples`] if the inputs are not whole examples.
///
/// # Examples
///
/// ```
/// use constinit_symmetry::dynamics::{DenseLayer, Perceptron, Relu, before_activations};
///
/// let net = Perceptron::new(
///     &[1, 2, 1],
///     vec![
///         DenseLayer { weight: vec![1.0, -3.0], bias: Some(vec![0.5, 0.0]) },
///         DenseLayer { weight: vec![1.0, 1.0], bias: None },
///     ],
/// )?;
/// assert_eq!(before_activations(&net, &Relu, &[2.0, -1.0])?, [vec![2.5, -6.0, -0.5, 3.0]]);
/// # Ok::<(), constinit_symmetry::theorem::ShapeError>(())
/// ```
pub fn before_activations<S: Scalar>(
    network: &Perceptron<S>,
    activation: &impl ActivationFunction<S>,
    inputs: &[S],
) -> Result<Vec<Vec<S>>, ShapeError> {
    let mut pass = Pass::new(network);
    pass.forward(network, activation, inputs)?;
    Ok((0..network.layers() - 1).map(|layer| pass.before(layer).to_vec()).collect())
}

/// The outputs of a batch, `[example][output]`, one for each class of outputs.
///
/// # Errors
///
/// [`ShapeError::Examples`] if the inputs are not whole examples.
pub fn outputs<S: Scalar>(
    network: &Perceptron<S>,
    activation: &impl ActivationFunction<S>,
    inputs: &[S],
) -> Result<Vec<S>, ShapeError> {
    let mut pass = Pass::new(network);
    pass.forward(network, activation, inputs)?;
    Ok(pass.before(network.layers() - 1).to_vec())
}
