//! Converts the quotient of a plain chain of dense layers to a [`Perceptron`], which trains in closed form, and back.

use crate::axes::{Axis, Role, SpecParam, nearest};
use crate::dynamics::{DenseLayer, Perceptron, Scalar};
use crate::error::{SpecError, SurgeryError, SymmetryError};
use crate::owned::{OwnedElements, OwnedParam};
use crate::quotient::Quotient;
use crate::shape_error::ShapeError;
use crate::space::ParamId;

/// One dense layer of a chain, by the paths of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLayer<'n> {
    /// The path of a parameter with two axes: one of role output and one of role input, in any order.
    pub weight: &'n str,
    /// The path of a parameter with one axis, which is the output axis of the weight.
    pub bias: Option<&'n str>,
}

/// A layer, found in the spec.
struct Found {
    weight: ParamId,
    bias: Option<ParamId>,
    /// Whether the weight is `[input][output]`.
    input_first: bool,
}

impl Quotient {
    /// The dense layers of a network that is a chain, inferred from its axes. The first layer reads a space that no
    /// layer produces, and each other layer reads the space that the layer before it produces. The paths of a weight
    /// and its bias differ only in their last part.
    ///
    /// # Errors
    ///
    /// [`SurgeryError::NotAChain`] with the first parameter that is not part of a chain.
    pub fn chain(&self) -> Result<Vec<ChainLayer<'_>>, SymmetryError> {
        let spec = self.spec();
        let weights: Vec<&SpecParam> =
            spec.params().iter().filter(|param| param.axes().len() == 2).collect();
        let axis = |param: &'_ SpecParam, role| {
            param
                .axes()
                .iter()
                .find(|axis| axis.role == role)
                .and_then(|axis| axis.axis.space().copied())
        };
        let made = |space| weights.iter().any(|param| axis(param, Role::Output) == Some(space));
        let mut next = weights
            .iter()
            .find(|param| axis(param, Role::Input).is_none_or(|space| !made(space)))
            .copied();
        let stem = |path: &str| path.rsplit_once('.').map_or("", |(stem, _)| stem).to_owned();
        let mut layers: Vec<ChainLayer<'_>> = Vec::new();
        while let Some(weight) = next {
            let bias = spec
                .params()
                .iter()
                .find(|param| param.axes().len() == 1 && stem(param.path()) == stem(weight.path()));
            layers.push(ChainLayer { weight: weight.path(), bias: bias.map(SpecParam::path) });
            next = axis(weight, Role::Output).and_then(|space| {
                let reads = |param: &&&SpecParam| {
                    axis(param, Role::Input) == Some(space)
                        && !layers.iter().any(|layer| layer.weight == param.path())
                };
                weights.iter().find(reads).copied()
            });
        }
        self.find(&layers)?;
        Ok(layers)
    }

    /// The network of classes, with the block means as weights and biases and with the sizes of the classes. `number`
    /// converts a mean to a scalar.
    ///
    /// # Errors
    ///
    /// [`SurgeryError::NotAChain`] if the layers are not a chain of all parameters, if an axis is flattened or of
    /// unknown role, or if inputs are merged; [`SpecError::UnknownParameter`] for a path that is not in the spec.
    ///
    /// # Examples
    ///
    /// ```
    /// use constinit_symmetry::dynamics::{Mse, Relu, Sgd, Training};
    /// use constinit_symmetry::{AxesSpec, OwnedParam, ParamView, layers, quotient, twins};
    ///
    /// // One input, a thousand equal hidden units, one output.
    /// let (first, second) = (vec![1.0_f64; 1000], vec![0.001_f64; 1000]);
    /// let params = [
    ///     ParamView::new("l1.weight", &[1000, 1], &first)?,
    ///     ParamView::new("l2.weight", &[1, 1000], &second)?,
    /// ];
    /// let spec = AxesSpec::builder()
    ///     .space("hidden", 1000)
    ///     .layer(layers::dense("l1", "", "hidden").without_bias())
    ///     .layer(layers::dense("l2", "hidden", "").without_bias())
    ///     .build(params.iter().map(ParamView::signature))?;
    ///
    /// let small = quotient(&twins(&spec, &params)?, &params)?;
    /// let chain = small.chain()?;
    /// let network = small.perceptron(&chain, |x| x)?;
    /// assert_eq!((network.widths(), network.class_sizes(1)), (&[1, 1, 1][..], &[1000][..]));
    ///
    /// let mut training = Training::new(network, Relu, Mse, Sgd::new(0.0005));
    /// training.step(&[1.0], &[3.0])?; // the output is 1, so its slope is -4
    /// let means = small.means_of_perceptron(&chain, training.network(), |x| *x)?;
    /// let full = small.lift(&means.iter().map(OwnedParam::view).collect::<Vec<_>>())?;
    /// assert_eq!(full[1].view().to_f64(), [0.001 + 0.0005 * 4.0; 1000]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn perceptron<S: Scalar>(
        &self,
        layers: &[ChainLayer<'_>],
        number: impl Fn(f64) -> S,
    ) -> Result<Perceptron<S>, SymmetryError> {
        let found = self.find(layers)?;
        let mut widths = Vec::new();
        let mut sizes = Vec::new();
        let mut made = Vec::new();
        for layer in &found {
            let weight = &self.params()[layer.weight.get()];
            let (output, input) = if layer.input_first { (1, 0) } else { (0, 1) };
            let (outputs, inputs) = (weight.shape()[output], weight.shape()[input]);
            if widths.is_empty() {
                if weight.axes()[input].sizes().iter().any(|&size| size > 1) {
                    return Err(not_a_chain(
                        weight.path(),
                        "reads inputs of which several are in one class",
                    ));
                }
                widths.push(inputs);
            }
            widths.push(outputs);
            sizes.push(weight.axes()[output].sizes().to_vec());
            let entry = |i: usize, j: usize| match layer.input_first {
                true => weight.means()[j * outputs + i],
                false => weight.means()[i * inputs + j],
            };
            let entries = (0..outputs).flat_map(|i| (0..inputs).map(move |j| (i, j)));
            made.push(DenseLayer {
                weight: entries.map(|(i, j)| number(entry(i, j))).collect(),
                bias: layer.bias.map(|bias| {
                    self.params()[bias.get()].means().iter().map(|&mean| number(mean)).collect()
                }),
            });
        }
        let refused = |error: ShapeError| {
            let path = layers.last().map_or("", |layer| layer.weight);
            not_a_chain(path, &format!("does not fit a network: {error}"))
        };
        let network = Perceptron::new(&widths, made).map_err(refused)?;
        network.with_class_sizes(&sizes).map_err(refused)
    }

    /// The parameters of a network of classes as block means, in the order of the spec, ready to be
    /// [lifted](Quotient::lift).
    ///
    /// # Errors
    ///
    /// As [`perceptron`](Self::perceptron), and [`SurgeryError::NotAChain`] for a network with other widths or biases.
    pub fn means_of_perceptron<S: Scalar>(
        &self,
        layers: &[ChainLayer<'_>],
        network: &Perceptron<S>,
        value: impl Fn(&S) -> f64,
    ) -> Result<Vec<OwnedParam>, SymmetryError> {
        let found = self.find(layers)?;
        let mut means: Vec<Vec<f64>> = vec![Vec::new(); self.params().len()];
        let fits = network.layers() == found.len()
            && found.iter().enumerate().all(|(number, layer)| {
                let mut shape = self.params()[layer.weight.get()].shape().to_vec();
                if layer.input_first {
                    shape.reverse();
                }
                shape == [network.widths()[number + 1], network.widths()[number]]
                    && layer.bias.is_some() == network.bias(number).is_some()
            });
        if !fits {
            let path = layers.first().map_or("", |layer| layer.weight);
            return Err(not_a_chain(
                path,
                "is the first layer of a chain that differs from the network in widths or biases",
            ));
        }
        for (number, layer) in found.iter().enumerate() {
            let weight = network.weight(number);
            let (inputs, outputs) = (network.widths()[number], network.widths()[number + 1]);
            means[layer.weight.get()] = match layer.input_first {
                false => weight.iter().map(&value).collect(),
                true => (0..inputs)
                    .flat_map(|j| (0..outputs).map(move |i| i * inputs + j))
                    .map(|at| value(&weight[at]))
                    .collect(),
            };
            if let (Some(id), Some(bias)) = (layer.bias, network.bias(number)) {
                means[id.get()] = bias.iter().map(&value).collect();
            }
        }
        let named = self.params().iter().zip(means);
        Ok(named
            .map(|(param, means)| {
                OwnedParam::new(param.path(), param.shape(), OwnedElements::F64(means))
            })
            .collect())
    }

    /// The layers in the spec, checked.
    fn find(&self, layers: &[ChainLayer<'_>]) -> Result<Vec<Found>, SymmetryError> {
        let spec = self.spec();
        let mut used = vec![false; spec.params().len()];
        let mut id_of = |path: &str| {
            let id = spec.param_id(path).ok_or_else(|| {
                SymmetryError::Spec(SpecError::UnknownParameter {
                    parameter: path.into(),
                    nearest: nearest(path, spec.params().iter().map(SpecParam::path)),
                })
            })?;
            match std::mem::replace(&mut used[id.get()], true) {
                true => Err(not_a_chain(path, "is in the chain twice")),
                false => Ok(id),
            }
        };
        let mut found = Vec::with_capacity(layers.len());
        let mut before: Option<&Axis> = None;
        for layer in layers {
            let weight = id_of(layer.weight)?;
            let bias = layer.bias.map(&mut id_of).transpose()?;
            let input_first = input_first(spec.param(weight))?;
            let axes = spec.param(weight).axes();
            let (output, input) = if input_first { (1, 0) } else { (0, 1) };
            if let Some(before) = before
                && (axes[input].axis != *before || *before == Axis::Fixed)
            {
                let reason = "does not read the space that the layer before it produces";
                return Err(not_a_chain(layer.weight, reason));
            }
            before = Some(&axes[output].axis);
            if let Some(bias) = bias.map(|id| spec.param(id))
                && !(bias.axes().len() == 1
                    && bias.axes()[0].axis == axes[output].axis
                    && bias.shape()[0] == spec.param(weight).shape()[output])
            {
                let reason = format!("is not a bias of the outputs of `{}`", layer.weight);
                return Err(not_a_chain(bias.path(), &reason));
            }
            found.push(Found { weight, bias, input_first });
        }
        match used.iter().position(|used| !used) {
            Some(left) => Err(not_a_chain(spec.params()[left].path(), "is not part of the chain")),
            None => Ok(found),
        }
    }
}

/// Whether a weight is stored as `[input][output]`.
fn input_first(param: &SpecParam) -> Result<bool, SymmetryError> {
    let roles: Vec<Role> = param.axes().iter().map(|axis| axis.role).collect();
    if param.axes().iter().any(|axis| matches!(axis.axis, Axis::Flattened { .. })) {
        return Err(not_a_chain(param.path(), "has an axis with several entries per unit"));
    }
    match roles[..] {
        [Role::Output, Role::Input] => Ok(false),
        [Role::Input, Role::Output] => Ok(true),
        _ => Err(not_a_chain(
            param.path(),
            "is not a matrix with one output axis and one input axis",
        )),
    }
}

fn not_a_chain(parameter: &str, reason: &str) -> SymmetryError {
    SymmetryError::Surgery(SurgeryError::NotAChain {
        parameter: parameter.into(),
        reason: reason.into(),
    })
}
