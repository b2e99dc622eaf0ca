//! From classes of axes to named spaces.

use super::graph::Graph;
use super::trace::TracedParameter;
use super::union::{Cause, Part};
use crate::Error;
use constinit_symmetry::{AxesSpec, Axis, NamedAxis, Role, RoleAxis};
use std::collections::{HashMap, HashSet};

/// A class that is a space, and where it stands first.
struct Space {
    class: Part,
    parameter: usize,
    axis: usize,
    made_there: bool,
}

/// The spec that the graph shows.
///
/// # Errors
///
/// Where two parameters have one path.
pub(super) fn spec(graph: &mut Graph, parameters: &[TracedParameter]) -> Result<AxesSpec, Error> {
    fix_inner_units(graph, parameters);
    let mut spaces = find(graph, parameters);
    // A stable order that does not depend on which tensors came first.
    spaces.sort_by_key(|space| (space.parameter, space.axis));
    let names = names(&spaces, parameters);

    let mut builder = AxesSpec::builder();
    for space in &spaces {
        builder = builder.space(names[&space.class].as_str(), graph.parts.size(space.class));
    }
    for parameter in parameters {
        let axes: Vec<RoleAxis<String>> = (0..parameter.tensor.shape.len())
            .map(|axis| RoleAxis {
                axis: named(graph, parameter, axis, &names),
                role: graph.role_of(&parameter.tensor, axis),
            })
            .collect();
        builder = builder.param(parameter.path.as_str(), axes);
    }
    let shapes = parameters.iter().map(|p| (p.path.as_str(), &p.tensor.shape[..]));
    Ok(builder.build(shapes)?)
}

fn factors(graph: &mut Graph, parameter: &TracedParameter, axis: usize) -> Vec<Part> {
    let part = graph.axes(&parameter.tensor)[axis];
    part.map(|part| graph.parts.factors(part)).unwrap_or_default()
}

/// A spec says of an axis that units come first and an inner index second: units that vary fastest
/// cannot be said, so that they are none.
fn fix_inner_units(graph: &mut Graph, parameters: &[TracedParameter]) {
    for parameter in parameters {
        for axis in 0..parameter.tensor.shape.len() {
            for inner in factors(graph, parameter, axis).into_iter().skip(1) {
                graph.parts.fix(inner, Cause::Rule);
            }
        }
    }
}

/// All spaces; each where it is first produced, or else where it first stands.
fn find(graph: &mut Graph, parameters: &[TracedParameter]) -> Vec<Space> {
    let mut spaces: Vec<Space> = Vec::new();
    let mut places: HashMap<Part, usize> = HashMap::new();
    for (number, parameter) in parameters.iter().enumerate() {
        for axis in 0..parameter.tensor.shape.len() {
            let Some(&class) = factors(graph, parameter, axis).first() else { continue };
            if graph.parts.is_fixed(class) {
                continue;
            }
            let made_there = graph.role_of(&parameter.tensor, axis) == Role::Output;
            let space = Space { class, parameter: number, axis, made_there };
            match places.get(&class) {
                None => {
                    places.insert(class, spaces.len());
                    spaces.push(space);
                }
                Some(&place) if made_there && !spaces[place].made_there => spaces[place] = space,
                Some(_) => {}
            }
        }
    }
    spaces
}

/// `fc1` for the space of `fc1.weight`; where that is taken `fc1.weight`, and then `fc1.weight.1`
/// for axis 1.
fn names(spaces: &[Space], parameters: &[TracedParameter]) -> HashMap<Part, String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut names = HashMap::new();
    for space in spaces {
        let path = &parameters[space.parameter].path;
        let module = path.rsplit_once('.').map_or(path.as_str(), |(module, _)| module);
        let numbered = (0..).map(|count| match count {
            0 => format!("{path}.{}", space.axis),
            count => format!("{path}.{}.{count}", space.axis),
        });
        let tried = [module, path].into_iter().filter(|name| !name.is_empty());
        let name = tried
            .map(str::to_owned)
            .chain(numbered)
            .find(|name| !taken.contains(name))
            .expect("numbers do not run out");
        taken.insert(name.clone());
        names.insert(space.class, name);
    }
    names
}

fn named(
    graph: &mut Graph,
    parameter: &TracedParameter,
    axis: usize,
    names: &HashMap<Part, String>,
) -> NamedAxis {
    let factors = factors(graph, parameter, axis);
    let Some((leading, inner)) = factors.split_first() else { return Axis::Fixed };
    let Some(name) = names.get(leading) else { return Axis::Fixed };
    match inner.iter().map(|part| graph.parts.size(*part)).product() {
        1 => Axis::Space(name.clone()),
        inner => Axis::Flattened { space: name.clone(), inner },
    }
}
