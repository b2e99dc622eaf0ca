//! From a recording to a spec.

use super::Traced;
use super::capture::{Capture, CaptureDevice, Failure, Log, Session};
use crate::Error;
use crate::params::{column_layout, column_layout_error};
use burn::backend::Autodiff;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};
use burn::tensor::{BasicOps, Bool, Float, Int, Tensor};
use burn_ir::TensorIr;
use constinit_core::axes::{Recording, TracedParameter, solve};
use constinit_core::module::Walk;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A module with its inputs and outputs: the closure of [`trace`] returns this.
///
/// Declare everything that comes from outside as an input, and everything that is used outside as an output. A tensor
/// of zeros that is not an input counts as always zero.
#[derive(Clone, Debug)]
#[must_use]
pub struct Trace {
    parameters: Vec<(String, ParamId, TensorIr)>,
    /// Tensors with data of the module that are not float parameters.
    constants: Vec<TensorIr>,
    /// The module's first weight of `LinearLayout::Col`.
    column_layout: Option<String>,
    /// Whether it ran on a backend that computes gradients.
    with_gradients: bool,
    inputs: Vec<TensorIr>,
    outputs: Vec<TensorIr>,
}

/// Backends that record: [`Capture`], and automatic differentiation around it. A model on the
/// latter does what it does in training.
pub trait RecordingBackend: Backend {
    #[doc(hidden)]
    fn float(tensor: FloatTensor<Self>) -> TensorIr;
    #[doc(hidden)]
    fn int(tensor: IntTensor<Self>) -> TensorIr;
    #[doc(hidden)]
    fn bool(tensor: BoolTensor<Self>) -> TensorIr;
}

macro_rules! recording {
    ($backend:ty, $inner:expr) => {
        impl RecordingBackend for $backend {
            fn float(tensor: FloatTensor<Self>) -> TensorIr {
                $inner(tensor).into_ir()
            }
            fn int(tensor: IntTensor<Self>) -> TensorIr {
                tensor.into_ir()
            }
            fn bool(tensor: BoolTensor<Self>) -> TensorIr {
                tensor.into_ir()
            }
        }
    };
}

recording!(Capture, std::convert::identity);
recording!(Autodiff<Capture>, <Self as AutodiffBackend>::inner);

/// Kinds of tensors that can be inputs and outputs of a trace: float, integer and boolean.
pub trait TracedKind<B: RecordingBackend>: BasicOps<B> {
    #[doc(hidden)]
    fn recorded(primitive: Self::Primitive) -> TensorIr;
}

impl<B: RecordingBackend> TracedKind<B> for Float {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::float(primitive.tensor())
    }
}

impl<B: RecordingBackend> TracedKind<B> for Int {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::int(primitive)
    }
}

impl<B: RecordingBackend> TracedKind<B> for Bool {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::bool(primitive)
    }
}

fn recorded<B: RecordingBackend, const D: usize, K: TracedKind<B>>(
    tensor: Tensor<B, D, K>,
) -> TensorIr {
    K::recorded(tensor.into_primitive())
}

impl Trace {
    /// Starts with the parameters of a module.
    ///
    /// On `Autodiff<Capture>` the module does what it does in training: dropout is recorded, see
    /// [`Traced::stochastic`].
    ///
    /// A clone of a module that was made before its parameters were used has other parameters: pass the one that ran.
    pub fn of<B: RecordingBackend, M: Module<B>>(module: &M) -> Self {
        let mut visitor = Parameters { walk: Walk::default(), trace: Self::empty() };
        module.visit(&mut visitor);
        let with_gradients = B::ad_enabled(&B::Device::default());
        Self { column_layout: column_layout(module), with_gradients, ..visitor.trace }
    }

    fn empty() -> Self {
        Self {
            parameters: Vec::new(),
            constants: Vec::new(),
            column_layout: None,
            with_gradients: false,
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    }

    /// Declares an input of the model. Its axes have a meaning outside the model, so they are fixed.
    pub fn input<B, const D: usize, K>(mut self, tensor: Tensor<B, D, K>) -> Self
    where
        B: RecordingBackend,
        K: TracedKind<B>,
    {
        self.inputs.push(recorded(tensor));
        self
    }

    /// Declares a result of the model that is used. Its axes have a meaning outside the model, so they are fixed.
    pub fn output<B, const D: usize, K>(mut self, tensor: Tensor<B, D, K>) -> Self
    where
        B: RecordingBackend,
        K: TracedKind<B>,
    {
        self.outputs.push(recorded(tensor));
        self
    }
}

struct Parameters {
    walk: Walk,
    trace: Trace,
}

impl<B: RecordingBackend> ModuleVisitor<B> for Parameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.trace.parameters.push((self.walk.path(), param.id, recorded(param.val())));
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<B, D, Int>>) {
        self.trace.constants.push(recorded(param.val()));
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<B, D, Bool>>) {
        self.trace.constants.push(recorded(param.val()));
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.walk.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.walk.exit();
    }
}

/// Finds which axes of a module's parameters share a space, by running it once on the recording
/// backend; see the [module](super).
///
/// The closure makes the model on the given device, runs it, and declares inputs and outputs. Any sizes of batches and
/// sequences will do; sizes that no layer has are best.
///
/// ```
/// use burn::tensor::Tensor;
/// use constinit::ConstInitConfig;
/// use constinit::axes::{Capture, Trace, trace};
///
/// let traced = trace(|device| {
///     let model = ConstInitConfig::new(vec![3, 5, 4]).init::<Capture>(device);
///     let x = Tensor::<Capture, 2>::zeros([7, 3], device);
///     let y = model.forward(x.clone());
///     Trace::of(&model).input(x).output(y)
/// })?;
/// let spaces = traced.axes.spaces();
/// assert_eq!((spaces[0].name(), spaces[0].units(), spaces.len()), ("layers.0", 5, 1));
/// assert!(traced.without_rule.is_empty());
/// # Ok::<(), constinit::Error>(())
/// ```
///
/// # Errors
///
/// - [`Error::TraceRead`] if the model reads the data of a tensor: sorting does, and so does code that branches on a
///   value;
/// - [`Error::TraceForeign`] if a tensor comes from another device or trace;
/// - [`Error::TraceIncomplete`] without an input or an output, or if 65,535 other traces are running;
/// - [`Error::ColumnLayout`] if a linear layer is of `LinearLayout::Col`;
/// - [`Error::Symmetry`] if two parameters have the same path.
///
/// # Panics
///
/// If the closure panics for another reason.
pub fn trace(run: impl FnOnce(&CaptureDevice) -> Trace) -> Result<Traced, Error> {
    let session = Session::start().ok_or(Error::TraceIncomplete { missing: "a free device" })?;
    // Burn panics if data is read that is not there; the log shows the cause.
    let trace = catch_unwind(AssertUnwindSafe(|| run(session.device())));
    let log = session.take();
    if let Some(failure) = &log.failure {
        return Err(match failure.clone() {
            Failure::Read(shape) => Error::TraceRead { shape },
            Failure::Foreign(shape) => Error::TraceForeign { shape: Some(shape) },
        });
    }
    match trace {
        Ok(trace) => solve(&trace.recording(log)?),
        Err(panic) => resume_unwind(panic),
    }
}

impl Trace {
    /// The recording of the declared tensors, all of which must have been made on the device of this trace.
    fn recording(self, mut log: Log) -> Result<Recording, Error> {
        if let Some(path) = self.column_layout {
            return Err(column_layout_error(path));
        }
        let operations = std::mem::take(&mut log.operations);
        let known = |tensor: &TensorIr| {
            log.tensor(tensor)
                .ok_or_else(|| Error::TraceForeign { shape: Some(tensor.shape.to_vec()) })
        };
        let all = |tensors: Vec<TensorIr>| tensors.iter().map(known).collect::<Result<_, _>>();
        let parameter = |(path, id, tensor): (String, ParamId, TensorIr)| {
            Ok(TracedParameter { path, tie: id.val(), tensor: known(&tensor)? })
        };
        let parameters =
            self.parameters.into_iter().map(parameter).collect::<Result<_, Error>>()?;
        let (constants, inputs, outputs) =
            (all(self.constants)?, all(self.inputs)?, all(self.outputs)?);
        let with_gradients = self.with_gradients;
        Ok(Recording { operations, parameters, constants, inputs, outputs, with_gradients })
    }
}
