//! From what a module did to the axes of its parameters.

use super::capture::{Capture, CaptureDevice, Channel, Event};
use super::factors::{Axis, Factor};
use super::rules::Tensors;
use crate::Error;
use crate::params::parameter_paths;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor, TensorPrimitive};
use burn_ir::TensorIr;
use constinit_symmetry::{AxesSpec, Axis as NamedAxis, Role, RoleAxis};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a module is and does: its parameters, and the tensors that come in and go out.
#[derive(Debug)]
pub struct Trace {
    parameters: Vec<(String, TensorIr)>,
    inputs: Vec<TensorIr>,
    outputs: Vec<TensorIr>,
}

/// What [`trace`] found.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The spaces and axes of all float parameters, by their paths in the module and as Burn stores them.
    pub axes: AxesSpec,
    /// Operations that no rule is known for; all that they touch is fixed.
    pub without_rule: Vec<String>,
}

/// A tensor on the recording backend: floats, integers or booleans of any rank.
pub trait Recorded {
    /// Its name in the record.
    fn recorded(self) -> TensorIr;
}

impl<const D: usize> Recorded for Tensor<Capture, D> {
    fn recorded(self) -> TensorIr {
        match self.into_primitive() {
            TensorPrimitive::Float(tensor) | TensorPrimitive::QFloat(tensor) => tensor.into_ir(),
        }
    }
}

impl<const D: usize> Recorded for Tensor<Capture, D, Int> {
    fn recorded(self) -> TensorIr {
        self.into_primitive().into_ir()
    }
}

impl<const D: usize> Recorded for Tensor<Capture, D, Bool> {
    fn recorded(self) -> TensorIr {
        self.into_primitive().into_ir()
    }
}

impl Trace {
    /// The trace of a module that has been run.
    pub fn of<M: Module<Capture>>(module: &M) -> Self {
        struct Reader(Vec<TensorIr>);
        impl ModuleVisitor<Capture> for Reader {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Capture, D>>) {
                self.0.push(param.val().recorded());
            }
        }
        let mut reader = Reader(Vec::new());
        module.visit(&mut reader);
        let parameters = parameter_paths(module).into_iter().zip(reader.0).collect();
        Self { parameters, inputs: Vec::new(), outputs: Vec::new() }
    }

    /// Names an input. All inputs must be named: a tensor of zeros that is not is taken for a constant.
    #[must_use]
    pub fn input(mut self, tensor: impl Recorded) -> Self {
        self.inputs.push(tensor.recorded());
        self
    }

    /// Names an output. All that a caller reads must be named.
    #[must_use]
    pub fn output(mut self, tensor: impl Recorded) -> Self {
        self.outputs.push(tensor.recorded());
        self
    }
}

/// Finds the axes of a module by running it once on a backend that records.
///
/// `run` makes the module on the device, runs it on inputs of any one shape, and names inputs and outputs. Sizes should
/// differ from one another where they mean different things; nothing depends on it, but it makes errors readable.
///
/// A space may be found that a hand-written spec would not have, such as the heads of an attention block. What cannot
/// be said of a parameter by [`AxesSpec`] is fixed: of an axis of heads times features the heads stay, and a
/// concatenation of features fixes them.
///
/// # Errors
///
/// [`Error::Axes`] where no input or no output is named, or the module has no float parameters.
///
/// # Examples
///
/// See [the module](super).
pub fn trace(run: impl FnOnce(&CaptureDevice) -> Trace) -> Result<Traced, Error> {
    let device = CaptureDevice::fresh();
    let Trace { parameters, inputs, outputs } = run(&device);
    let events = burn_router::get_client::<Channel>(&device).take_events();
    let refuse = |reason: &str| Err(Error::Axes { reason: reason.to_owned() });
    if parameters.is_empty() {
        return refuse("the module has no float parameters");
    }
    if inputs.is_empty() {
        return refuse(
            "no input was named: end the trace with `Trace::of(&module).input(x).output(y)`",
        );
    }
    if outputs.is_empty() {
        return refuse(
            "no output was named: end the trace with `Trace::of(&module).input(x).output(y)`",
        );
    }

    let mut tensors = Tensors::default();
    let known: Vec<usize> =
        parameters.iter().map(|(_, tensor)| tensors.parameter(tensor.id, &tensor.shape)).collect();
    let named: HashSet<_> = inputs.iter().map(|input| input.id).collect();
    for event in &events {
        match event {
            Event::Operation(operation) => {
                tensors.operation(operation);
                for made in operation.outputs().filter(|made| named.contains(&made.id)) {
                    tensors.fix(made);
                }
            }
            Event::Read(tensor) => {
                tensors.fix(tensor);
                let name = "reading numbers".to_owned();
                if !tensors.without_rule.contains(&name) {
                    tensors.without_rule.push(name);
                }
            }
        }
    }
    inputs.iter().chain(&outputs).for_each(|tensor| tensors.fix(tensor));
    // A parameter that nothing reads says nothing of its axes.
    for number in 0..tensors.parameters.len() {
        if !tensors.parameters[number].used {
            let axes = tensors.parameters[number].axes.clone();
            axes.iter().for_each(|axis| tensors.factors.fix(axis));
        }
    }
    settle(&mut tensors);
    let parameters: Vec<(String, usize)> =
        parameters.into_iter().map(|(path, _)| path).zip(known).collect();
    let axes = spec(&tensors, &parameters)?;
    Ok(Traced { axes, without_rule: tensors.without_rule })
}

/// Fixes what a spec cannot say: it knows a space at the front of an axis and fixed places behind it.
fn settle(tensors: &mut Tensors) {
    loop {
        let mut changed = false;
        for number in 0..tensors.parameters.len() {
            for axis in tensors.parameters[number].axes.clone() {
                let leaves = tensors.factors.leaves(&axis);
                let free: Vec<Factor> = leaves
                    .iter()
                    .copied()
                    .filter(|leaf| !tensors.factors.is_fixed(*leaf))
                    .collect();
                let said = match free.as_slice() {
                    [] => true,
                    [one] => leaves[0] == *one,
                    _ => false,
                };
                if !said {
                    let keep = usize::from(!tensors.factors.is_fixed(leaves[0]));
                    tensors.factors.fix(&leaves[keep..]);
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// The space of an axis, and the places behind it.
fn space_of(tensors: &Tensors, axis: &Axis) -> Option<(Factor, usize)> {
    let leaves = tensors.factors.leaves(axis);
    let first = *leaves.first().filter(|leaf| !tensors.factors.is_fixed(**leaf))?;
    Some((first, tensors.factors.len(&leaves[1..])))
}

fn spec(tensors: &Tensors, parameters: &[(String, usize)]) -> Result<AxesSpec, Error> {
    let names = names(tensors, parameters);
    let mut builder = AxesSpec::builder();
    let mut sizes: Vec<(usize, &String, usize)> = names
        .iter()
        .map(|(space, (order, name))| (*order, name, tensors.factors.size(*space)))
        .collect();
    sizes.sort_unstable();
    for (_, name, size) in sizes {
        builder = builder.space(name.clone(), size);
    }
    for (path, number) in parameters {
        let parameter = &tensors.parameters[*number];
        let axes = parameter.axes.iter().zip(&parameter.roles).map(|(axis, role)| {
            let role = role.unwrap_or(Role::Unknown);
            let axis = match space_of(tensors, axis) {
                None => NamedAxis::Fixed,
                Some((space, 1)) => NamedAxis::Space(names[&space].1.clone()),
                Some((space, inner)) => {
                    NamedAxis::Flattened { space: names[&space].1.clone(), inner }
                }
            };
            RoleAxis { axis, role }
        });
        builder = builder.param(path.clone(), axes);
    }
    let shapes = parameters
        .iter()
        .map(|(path, number)| (path.as_str(), tensors.parameters[*number].shape.as_slice()));
    Ok(builder.build(shapes)?)
}

/// An order and a name for each space: that of the first layer that produces it.
fn names(tensors: &Tensors, parameters: &[(String, usize)]) -> BTreeMap<Factor, (usize, String)> {
    let mut first: HashMap<Factor, (bool, usize)> = HashMap::new();
    let mut order: Vec<Factor> = Vec::new();
    for (place, (_, number)) in parameters.iter().enumerate() {
        let parameter = &tensors.parameters[*number];
        for (axis, produces) in parameter.axes.iter().zip(&parameter.produced) {
            let Some((space, _)) = space_of(tensors, axis) else { continue };
            let produces = *produces;
            let known = first.entry(space).or_insert_with(|| {
                order.push(space);
                (produces, place)
            });
            if produces && !known.0 {
                *known = (true, place);
            }
        }
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = BTreeMap::new();
    for (position, space) in order.into_iter().enumerate() {
        let path = &parameters[first[&space].1].0;
        let layer = path.rsplit_once('.').map_or(path.as_str(), |(layer, _)| layer);
        let numbered = (2..).map(|n| format!("{path}#{n}"));
        let mut wanted = [layer.to_owned(), path.clone()].into_iter().chain(numbered);
        let name = wanted.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(name.clone());
        names.insert(space, (position, name));
    }
    names
}
