//! From a run of a module to a spec.

use super::copy::{Original, Parameters, copied};
use super::translate::{self, tensor};
use super::{Traced, session};
use crate::Error;
use burn::backend::ir::OperationIr;
use burn::backend::{BackendTensor, DispatchTensorKind};
use burn::module::Module;
use burn::tensor::kind::Basic;
use burn::tensor::{CapturedGraph, Device, Tensor};
use constinit_core::axes::{Operation, Recording, TensorId, TensorRef, TracedParameter, solve};
use std::collections::HashSet;

/// A tensor: the number of a tensor of a recording, or no number for a tensor from elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    number: Option<u64>,
    shape: Vec<usize>,
}

impl Handle {
    pub(super) fn of<const D: usize, K: Basic>(tensor: Tensor<D, K>) -> Self {
        let shape = tensor.shape().to_vec();
        let kind = match tensor.into_dispatch().kind {
            DispatchTensorKind::Autodiff(kind) => *kind,
            kind => kind,
        };
        let id = match kind {
            DispatchTensorKind::Capture(BackendTensor::Float(tensor)) => Some(tensor.id()),
            DispatchTensorKind::Capture(BackendTensor::Int(tensor)) => Some(tensor.id()),
            DispatchTensorKind::Capture(BackendTensor::Bool(tensor)) => Some(tensor.id()),
            DispatchTensorKind::Capture(BackendTensor::Autodiff(tensor)) => {
                Some(tensor.into_primitive().id())
            }
            _ => None,
        };
        Self { number: id.map(|id| id.value()), shape }
    }

    /// The tensor, if it is one of these.
    fn among(self, known: &HashSet<u64>) -> Result<TensorRef, Error> {
        match self.number.filter(|number| known.contains(number)) {
            Some(number) => Ok(TensorRef { id: TensorId(number), shape: self.shape }),
            None => Err(Error::TraceForeign { shape: Some(self.shape) }),
        }
    }
}

/// The inputs and outputs of a module: the closure of [`trace`] returns this.
///
/// Declare everything that comes from outside as an input, and everything that is used outside as an output. A tensor
/// of zeros that is not an input counts as always zero.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Trace {
    inputs: Vec<Handle>,
    outputs: Vec<Handle>,
}

impl Trace {
    /// Starts without inputs and outputs; a trace needs at least one of each.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares an input of the model: a float, integer or boolean tensor. Its axes have a meaning outside the model,
    /// so they are fixed.
    pub fn input<const D: usize, K: Basic>(mut self, tensor: Tensor<D, K>) -> Self {
        self.inputs.push(Handle::of(tensor));
        self
    }

    /// Declares a result of the model that is used: a float, integer or boolean tensor. Its axes have a meaning outside
    /// the model, so they are fixed.
    pub fn output<const D: usize, K: Basic>(mut self, tensor: Tensor<D, K>) -> Self {
        self.outputs.push(Handle::of(tensor));
        self
    }
}

/// Finds which axes of a module's parameters share a space, by running a copy of it once on Burn's capture device; see
/// the [module](super).
///
/// The closure gets the copy and the device. It runs the copy, with tensors that it makes on the device, and declares
/// inputs and outputs. Any sizes of batches and sequences will do; sizes that no layer has are best.
///
/// A module in training mode, whose parameters are on a device with automatic differentiation, does in the closure what
/// it does in training; trace [`module.valid()`](Module::valid) for inference. The module itself stays as it is, except
/// for two effects that every use has: values of parameters that were not drawn yet are drawn, and updates that a batch
/// norm holds back enter its running statistics. The cost is that of recording the operations, not of computing them;
/// entries of parameters are not copied.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use constinit_burn22::ConstInitConfig;
/// use constinit_burn22::axes::{Trace, trace};
///
/// let net = ConstInitConfig::new(vec![3, 5, 4]).init(&Device::flex());
/// let traced = trace(&net, |net, device| {
///     let x = Tensor::<2>::zeros([7, 3], device);
///     Trace::new().input(x.clone()).output(net.forward(x))
/// })?;
/// let spaces = traced.axes.spaces();
/// assert_eq!((spaces[0].name(), spaces[0].units(), spaces.len()), ("layers.0", 5, 1));
/// assert!(traced.without_rule.is_empty());
/// # Ok::<(), constinit_burn22::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::TraceRead`] if the model reads the entries of a parameter or of a computed tensor, for example to branch
///   on a value;
/// - [`Error::TraceForeign`] if a tensor comes from another device or trace, such as one in a field with
///   `#[module(skip)]`;
/// - [`Error::TraceRefused`] if Burn does not record the model: a batch norm that runs twice in training mode, a
///   backward pass, a tensor that leaves automatic differentiation;
/// - [`Error::TraceIncomplete`] without an input or an output;
/// - [`Error::Symmetry`] if two parameters have the same path.
///
/// # Panics
///
/// If the closure panics for another reason.
pub fn trace<M: Module>(
    module: &M,
    run: impl FnOnce(&M, &Device) -> Trace,
) -> Result<Traced, Error> {
    let original = Original::of(module);
    let devices = module.devices();
    let ((parameters, trace), graph) = session::recorded(devices.first(), |device| {
        let (copy, parameters) = copied(module, &original, device);
        let device = device.clone();
        let device = if original.is_training() { device.autodiff() } else { device };
        (parameters, run(&copy, &device))
    })?;
    solve(&recording(parameters, trace, &graph, original.is_training())?)
}

/// The recording of the declared tensors, all of which must have been made on the device of this trace.
fn recording(
    parameters: Parameters,
    trace: Trace,
    graph: &CapturedGraph,
    with_gradients: bool,
) -> Result<Recording, Error> {
    // Burn records no operation for data that is moved to the device. This makes one for each tensor of data.
    let data = graph.values.iter().map(|(id, data)| Operation {
        kind: translate::constant(data),
        inputs: Vec::new(),
        outputs: vec![TensorRef { id: TensorId(id.value()), shape: data.shape().to_vec() }],
    });
    let computed = graph.graph.operations.iter();
    let computed = computed.filter(|operation| !matches!(operation, OperationIr::Init(_)));
    let computed = computed.map(|operation| Operation {
        kind: translate::kind(operation),
        inputs: operation.inputs().map(tensor).collect(),
        outputs: operation.outputs().map(tensor).collect(),
    });
    let operations: Vec<Operation> = data.chain(computed).collect();
    let made = operations.iter().flat_map(|operation| &operation.outputs);
    let known: HashSet<u64> = made.map(|tensor| tensor.id.0).collect();
    let all = |handles: Vec<Handle>| -> Result<Vec<TensorRef>, Error> {
        handles.into_iter().map(|handle| handle.among(&known)).collect()
    };
    let floats = parameters.floats.into_iter().map(|(path, id, handle)| {
        Ok(TracedParameter { path, tie: id.val(), tensor: handle.among(&known)? })
    });
    Ok(Recording {
        parameters: floats.collect::<Result<_, Error>>()?,
        constants: all(parameters.constants)?,
        inputs: all(trace.inputs)?,
        outputs: all(trace.outputs)?,
        operations,
        with_gradients,
    })
}
