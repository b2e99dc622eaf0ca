//! From a recording to a spec.

use super::capture::{Capture, CaptureDevice, Failure, Log, Session};
use super::graph::Graph;
use super::spaces::{Found, found};
use super::union::{Cause, Part};
use super::{ParameterAxis, Traced, WithoutRule, rules};
use crate::Error;
use crate::params::{Walk, column_layout};
use burn::backend::Autodiff;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{BoolTensor, FloatTensor, IntTensor};
use burn::tensor::{BasicOps, Bool, Float, Int, Tensor};
use burn_ir::{OperationIr, TensorId, TensorIr};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A module, what it was given and what came out: what the closure of [`trace`] returns.
///
/// Everything that comes from outside has to be declared as an input, and everything that
/// is used outside as an output. A tensor of zeros that is not an input is taken for one that
/// is always zero.
#[derive(Clone, Debug)]
#[must_use]
pub struct Trace {
    pub(super) parameters: Vec<TracedParameter>,
    /// What holds data of the module that is not a float parameter.
    constants: Vec<TensorIr>,
    /// The module's first weight of `LinearLayout::Col`.
    column_layout: Option<String>,
    /// Whether it ran on a backend that computes gradients.
    with_gradients: bool,
    inputs: Vec<TensorIr>,
    outputs: Vec<TensorIr>,
}

/// A float parameter of the traced module.
#[derive(Clone, Debug)]
pub(super) struct TracedParameter {
    pub(super) path: String,
    id: ParamId,
    pub(super) tensor: TensorIr,
}

/// Backends that record: [`Capture`], and automatic differentiation around it. A model on the
/// latter does what it does in training.
pub trait Recording: Backend {
    #[doc(hidden)]
    fn float(tensor: FloatTensor<Self>) -> TensorIr;
    #[doc(hidden)]
    fn int(tensor: IntTensor<Self>) -> TensorIr;
    #[doc(hidden)]
    fn bool(tensor: BoolTensor<Self>) -> TensorIr;
}

macro_rules! recording {
    ($backend:ty, $inner:expr) => {
        impl Recording for $backend {
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
pub trait TracedKind<B: Recording>: BasicOps<B> {
    #[doc(hidden)]
    fn recorded(primitive: Self::Primitive) -> TensorIr;
}

impl<B: Recording> TracedKind<B> for Float {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::float(primitive.tensor())
    }
}

impl<B: Recording> TracedKind<B> for Int {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::int(primitive)
    }
}

impl<B: Recording> TracedKind<B> for Bool {
    fn recorded(primitive: Self::Primitive) -> TensorIr {
        B::bool(primitive)
    }
}

fn recorded<B: Recording, const D: usize, K: TracedKind<B>>(tensor: Tensor<B, D, K>) -> TensorIr {
    K::recorded(tensor.into_primitive())
}

impl Trace {
    /// Starts with the parameters of a module.
    ///
    /// On `Autodiff<Capture>` the module does what it does in training: dropout is seen, see
    /// [`Traced::drawn`].
    ///
    /// A clone of a module that was made before its parameters were used has other parameters:
    /// give the one that ran.
    pub fn of<B: Recording, M: Module<B>>(module: &M) -> Self {
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

    /// Declares what the model was given. Its axes mean something outside and are fixed.
    pub fn input<B, const D: usize, K>(mut self, tensor: Tensor<B, D, K>) -> Self
    where
        B: Recording,
        K: TracedKind<B>,
    {
        self.inputs.push(recorded(tensor));
        self
    }

    /// Declares what is used of the model's results. Its axes mean something outside and are fixed.
    pub fn output<B, const D: usize, K>(mut self, tensor: Tensor<B, D, K>) -> Self
    where
        B: Recording,
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

impl<B: Recording> ModuleVisitor<B> for Parameters {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let (path, id, tensor) = (self.walk.path(), param.id, recorded(param.val()));
        self.trace.parameters.push(TracedParameter { path, id, tensor });
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
/// The closure makes the model on the given device, runs it, and says what went in and out. Sizes
/// of batches and sequences are free to choose; best are sizes that no layer has.
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
/// - [`Error::TraceRead`] where the model reads the data of a tensor: sorting does, and so does
///   whatever decides by a value;
/// - [`Error::TraceForeign`] where a tensor comes from another device or trace;
/// - [`Error::TraceIncomplete`] without an input or an output;
/// - [`Error::ColumnLayout`] where a linear layer is of `LinearLayout::Col`;
/// - [`Error::Symmetry`] where two parameters have one path.
///
/// # Panics
///
/// Where the closure panics for a reason of its own.
pub fn trace(run: impl FnOnce(&CaptureDevice) -> Trace) -> Result<Traced, Error> {
    let session = Session::start().ok_or(Error::TraceIncomplete { missing: "a free device" })?;
    // Burn panics where data that is not there is read; the log knows better what happened.
    let trace = catch_unwind(AssertUnwindSafe(|| run(session.device())));
    let log = session.take();
    if let Some(failure) = &log.failure {
        return Err(match failure.clone() {
            Failure::Read(shape) => Error::TraceRead { shape },
            Failure::Foreign(shape) => Error::TraceForeign { shape },
        });
    }
    match trace {
        Ok(trace) => trace.check(&log)?.solve(&log.operations),
        Err(panic) => resume_unwind(panic),
    }
}

impl Trace {
    /// Whether all that is declared was made on the device of this trace, and can be trained.
    fn check(self, log: &Log) -> Result<Self, Error> {
        if let Some(path) = self.column_layout {
            return Err(Error::ColumnLayout { path });
        }
        let parameters = self.parameters.iter().map(|parameter| &parameter.tensor);
        let mut all = parameters.chain(&self.constants).chain(&self.inputs).chain(&self.outputs);
        if let Some(foreign) = all.find(|tensor| !log.knows(tensor.id)) {
            return Err(Error::TraceForeign { shape: foreign.shape.to_vec() });
        }
        // Without them, every axis would look free.
        for (tensors, missing) in [(&self.inputs, "an input"), (&self.outputs, "an output")] {
            if tensors.is_empty() {
                return Err(Error::TraceIncomplete { missing });
            }
        }
        Ok(self)
    }

    fn solve(self, operations: &[OperationIr]) -> Result<Traced, Error> {
        let mut graph = Graph::new(rules::shifts(operations));
        let mut first: HashMap<ParamId, &TensorIr> = HashMap::new();
        for parameter in &self.parameters {
            graph.parameter(&parameter.tensor);
            // A tied parameter is one, also where its copies were drawn one by one.
            let tensor = *first.entry(parameter.id).or_insert(&parameter.tensor);
            graph.unite_but(tensor, &parameter.tensor, &[]);
        }
        self.inputs.iter().for_each(|tensor| graph.input(tensor));
        let mut used: HashSet<TensorId> = HashSet::new();
        let mut unknown: Vec<(String, Vec<Part>)> = Vec::new();
        for operation in operations {
            graph.follow(operation);
            let kept: Vec<TensorIr> =
                operation.outputs().filter(|tensor| graph.is_parameter(tensor)).cloned().collect();
            // What filled a parameter does not matter: its entries will be others.
            if kept.iter().any(|tensor| !graph.is_computed(tensor)) {
                operation.outputs().for_each(|tensor| {
                    if !graph.is_parameter(tensor) {
                        graph.fix_all(tensor, Cause::Rule);
                    }
                });
                continue;
            }
            used.extend(operation.inputs().map(|tensor| tensor.id));
            // What the run itself left in a parameter, as a batch norm does in training, does.
            for tensor in &kept {
                used.insert(tensor.id);
                graph.all_output(tensor);
            }
            if !rules::apply(&mut graph, operation) {
                let tensors = operation.inputs().chain(operation.outputs());
                let parts = tensors.flat_map(|tensor| graph.long_axes(tensor)).collect();
                unknown.push((name(operation), parts));
            }
        }
        for tensor in self.inputs.iter().chain(&self.outputs).chain(&self.constants) {
            graph.fix_all(tensor, Cause::Rule);
        }
        for parameter in &self.parameters {
            if !used.contains(&parameter.tensor.id) {
                graph.fix_all(&parameter.tensor, Cause::Rule);
            }
        }
        let without_rule = self.without_rule(&mut graph, unknown);
        let Found { axes, drawn, counted } = found(&mut graph, &self.parameters)?;
        let tensors = self.parameters.iter().map(|parameter| &parameter.tensor);
        let entrywise = rules::entrywise(&mut graph, tensors, operations);
        let entrywise = self.parameters.iter().filter(|p| entrywise.contains(&p.tensor.id));
        let entrywise = entrywise.map(|parameter| parameter.path.clone()).collect();
        let with_gradients = self.with_gradients;
        Ok(Traced { axes, drawn, with_gradients, entrywise, counted, without_rule })
    }

    /// The operations without a rule, and the axes that nothing else would have fixed.
    fn without_rule(
        &self,
        graph: &mut Graph,
        unknown: Vec<(String, Vec<Part>)>,
    ) -> Vec<WithoutRule> {
        let mut axes_of: HashMap<Part, Vec<ParameterAxis>> = HashMap::new();
        for parameter in &self.parameters {
            for (axis, part) in graph.axes(&parameter.tensor).into_iter().enumerate() {
                let factors = part.map(|part| graph.parts.factors(part)).unwrap_or_default();
                for factor in factors {
                    if !graph.parts.is_fixed_by(factor, Cause::Rule) {
                        let axis = ParameterAxis { path: parameter.path.clone(), axis };
                        axes_of.entry(factor).or_default().push(axis);
                    }
                }
            }
        }
        let mut found: Vec<WithoutRule> = Vec::new();
        for (operation, parts) in unknown {
            let place = match found.iter().position(|known| known.operation == operation) {
                Some(place) => place,
                None => {
                    found.push(WithoutRule { operation, fixed: Vec::new() });
                    found.len() - 1
                }
            };
            for part in parts {
                for factor in graph.parts.factors(part) {
                    for axis in axes_of.get(&factor).into_iter().flatten() {
                        if !found[place].fixed.contains(axis) {
                            found[place].fixed.push(axis.clone());
                        }
                    }
                }
            }
        }
        found
    }
}

/// The name of an operation, as Burn's intermediate representation has it.
fn name(operation: &OperationIr) -> String {
    if let OperationIr::Custom(custom) = operation {
        return custom.id.clone();
    }
    // `Module(Rfft(RfftOpIr { .. }))`, `NumericFloat(F32, Add(BinaryOpIr { .. }))`
    let text = format!("{operation:?}");
    let head = text.split(" {").next().unwrap_or_default();
    let names: Vec<&str> = head.split('(').collect();
    let name = names.len().checked_sub(2).map_or(head, |place| names[place]);
    name.rsplit(", ").next().unwrap_or(name).to_owned()
}
