//! From a recording to a spec.

use super::graph::{Graph, TracedParameter};
use super::operation::{Operation, OperationKind, TensorId, TensorRef};
use super::spaces::{Found, found};
use super::union::{Cause, Part};
use super::{ParameterAxis, Traced, WithoutRule, rules};
use crate::Error;
use std::collections::{HashMap, HashSet};

/// What a framework recorded of one run of a model.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// The operations, in order.
    pub operations: Vec<Operation>,
    /// The float parameters, by path.
    pub parameters: Vec<TracedParameter>,
    /// Tensors with data of the model that are not float parameters.
    pub constants: Vec<TensorRef>,
    /// What the model was given.
    pub inputs: Vec<TensorRef>,
    /// The results of the model that its caller uses.
    pub outputs: Vec<TensorRef>,
    /// Whether it ran with gradients.
    pub with_gradients: bool,
}

/// Finds which axes of the parameters share a space.
///
/// # Errors
///
/// [`Error::TraceIncomplete`] without an input or an output; [`Error::Symmetry`] if two parameters have the same path.
///
/// # Examples
///
/// ```
/// use constinit_core::axes::{
///     Operation, OperationKind, Recording, TensorId, TensorRef, TracedParameter, solve,
/// };
///
/// let tensor = |id: u64, shape: &[usize]| TensorRef { id: TensorId(id), shape: shape.to_vec() };
/// let [x, v, h, w, y] = [
///     tensor(0, &[7, 3]), tensor(1, &[3, 5]), tensor(2, &[7, 5]), tensor(3, &[5, 4]), tensor(4, &[7, 4]),
/// ];
/// let product = |x: &TensorRef, y: &TensorRef, out: &TensorRef| Operation {
///     kind: OperationKind::Matmul,
///     inputs: vec![x.clone(), y.clone()],
///     outputs: vec![out.clone()],
/// };
/// let parameter = |path: &str, tensor: &TensorRef| TracedParameter {
///     path: path.into(),
///     tie: tensor.id.0,
///     tensor: tensor.clone(),
/// };
/// let traced = solve(&Recording {
///     operations: vec![product(&x, &v, &h), product(&h, &w, &y)],
///     parameters: vec![parameter("first.weight", &v), parameter("second.weight", &w)],
///     inputs: vec![x],
///     outputs: vec![y],
///     ..Recording::default()
/// })?;
/// let spaces = traced.axes.spaces();
/// assert_eq!((spaces[0].name(), spaces[0].units(), spaces.len()), ("first", 5, 1));
/// # Ok::<(), constinit_core::Error>(())
/// ```
pub fn solve(recording: &Recording) -> Result<Traced, Error> {
    // Without inputs or outputs, every axis would seem free.
    for (tensors, missing) in [(&recording.inputs, "an input"), (&recording.outputs, "an output")] {
        if tensors.is_empty() {
            return Err(Error::TraceIncomplete { missing });
        }
    }
    let operations = recording.operations.as_slice();
    let mut graph = Graph::new(rules::shifts(operations, &recording.outputs));
    let mut first: HashMap<u64, &TensorRef> = HashMap::new();
    for parameter in &recording.parameters {
        graph.parameter(&parameter.tensor);
        // Tied parameters are one parameter, even if their copies were drawn one by one.
        let tensor = *first.entry(parameter.tie).or_insert(&parameter.tensor);
        graph.unite_but(tensor, &parameter.tensor, &[]);
    }
    recording.inputs.iter().for_each(|tensor| graph.input(tensor));
    let mut used: HashSet<TensorId> = HashSet::new();
    let mut unknown: Vec<(String, Vec<Part>)> = Vec::new();
    for operation in operations {
        graph.follow(operation);
        let kept: Vec<TensorRef> =
            operation.outputs.iter().filter(|tensor| graph.is_parameter(tensor)).cloned().collect();
        // The operation that filled a parameter does not matter: training gives the parameter other entries.
        if kept.iter().any(|tensor| !graph.is_computed(tensor)) {
            operation.outputs.iter().for_each(|tensor| {
                if !graph.is_parameter(tensor) {
                    graph.fix_all(tensor, Cause::Rule);
                }
            });
            continue;
        }
        used.extend(operation.inputs.iter().map(|tensor| tensor.id));
        // What the run itself wrote to a parameter does matter: batch norm does this in training.
        for tensor in &kept {
            used.insert(tensor.id);
            graph.all_output(tensor);
        }
        if !rules::apply(&mut graph, operation) {
            let tensors = operation.inputs.iter().chain(operation.outputs.iter());
            let parts = tensors.flat_map(|tensor| graph.long_axes(tensor)).collect();
            unknown.push((name(operation), parts));
        }
    }
    for tensor in recording.inputs.iter().chain(&recording.outputs).chain(&recording.constants) {
        graph.fix_all(tensor, Cause::Rule);
    }
    for parameter in &recording.parameters {
        if !used.contains(&parameter.tensor.id) {
            graph.fix_all(&parameter.tensor, Cause::Rule);
        }
    }
    let without_rule = without_rule(&recording.parameters, &mut graph, unknown);
    let Found { axes, stochastic, width_dependent } = found(&mut graph, &recording.parameters)?;
    let tensors = recording.parameters.iter().map(|parameter| &parameter.tensor);
    let entrywise = rules::entrywise(&mut graph, tensors, operations);
    let entrywise = recording.parameters.iter().filter(|p| entrywise.contains(&p.tensor.id));
    let entrywise = entrywise.map(|parameter| parameter.path.clone()).collect();
    let with_gradients = recording.with_gradients;
    Ok(Traced { axes, stochastic, with_gradients, entrywise, width_dependent, without_rule })
}

/// The operations without a rule, and the axes that are fixed only because of them.
fn without_rule(
    parameters: &[TracedParameter],
    graph: &mut Graph,
    unknown: Vec<(String, Vec<Part>)>,
) -> Vec<WithoutRule> {
    let mut axes_of: HashMap<Part, Vec<ParameterAxis>> = HashMap::new();
    for parameter in parameters {
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
/// The name of an operation without a rule.
fn name(operation: &Operation) -> String {
    match &operation.kind {
        OperationKind::Unknown { name } => name.clone(),
        kind => format!("{kind:?}"),
    }
}
