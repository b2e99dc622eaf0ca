//! From classes of axes to named spaces.

use super::graph::{Graph, TracedParameter};
use super::operation::Draws;
use super::union::{Cause, Part};
use super::{StochasticSpaces, WidthDependence};
use crate::Error;
use constinit_symmetry::{AxesSpec, Axis, NamedAxis, RoleAxis};
use std::collections::{HashMap, HashSet};

/// A class that is a space, and the axis from which it gets its name.
struct Space {
    class: Part,
    parameter: usize,
    axis: usize,
    made_there: bool,
}

/// What the graph shows of spaces.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) axes: AxesSpec,
    pub(super) stochastic: StochasticSpaces,
    pub(super) width_dependent: Vec<WidthDependence>,
}

/// The spaces that the graph shows.
///
/// # Errors
///
/// If two parameters have the same path.
pub(super) fn found(graph: &mut Graph, parameters: &[TracedParameter]) -> Result<Found, Error> {
    fix_further_units(graph, parameters);
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
    let axes = builder.build(shapes)?;
    let mut disturbed = |draws| {
        let spaces = spaces.iter().filter(|s| graph.parts.is_disturbed_by(s.class, draws));
        spaces.map(|space| names[&space.class].clone()).collect()
    };
    let stochastic =
        StochasticSpaces { dropout: disturbed(Draws::Dropout), noise: disturbed(Draws::Noise) };
    let width_dependent = width_dependent(graph, &spaces, &names);
    Ok(Found { axes, stochastic, width_dependent })
}

/// The spaces whose number of units affects what the model computes, each with every cause.
fn width_dependent(
    graph: &mut Graph,
    spaces: &[Space],
    names: &HashMap<Part, String>,
) -> Vec<WidthDependence> {
    let counts: Vec<_> = std::mem::take(&mut graph.counted)
        .into_iter()
        .flat_map(|(part, counting)| {
            graph.parts.factors(part).into_iter().map(move |factor| (factor, counting))
        })
        .collect();
    let mut found: Vec<WidthDependence> = Vec::new();
    for space in spaces {
        for (_, counting) in counts.iter().filter(|(part, _)| *part == space.class) {
            let counted = WidthDependence { space: names[&space.class].clone(), cause: *counting };
            if !found.contains(&counted) {
                found.push(counted);
            }
        }
    }
    found
}

fn factors(graph: &mut Graph, parameter: &TracedParameter, axis: usize) -> Vec<Part> {
    let part = graph.axes(&parameter.tensor)[axis];
    part.map(|part| graph.parts.factors(part)).unwrap_or_default()
}

/// A spec has one space per axis. If an axis has several, this keeps the outermost one that some parameter produces, or
/// the outermost of all if no parameter produces one of them (copies, for example, are only read).
fn fix_further_units(graph: &mut Graph, parameters: &[TracedParameter]) {
    let axes: Vec<(usize, usize)> = (0..parameters.len())
        .flat_map(|number| {
            (0..parameters[number].tensor.shape.len()).map(move |axis| (number, axis))
        })
        .collect();
    let free = |graph: &mut Graph, (number, axis): (usize, usize)| -> Vec<Part> {
        let factors = factors(graph, &parameters[number], axis);
        factors.into_iter().filter(|part| !graph.parts.is_fixed(*part)).collect()
    };
    let produced = axes.iter().filter(|(n, axis)| graph.produces(&parameters[*n].tensor, *axis));
    let produced: Vec<(usize, usize)> = produced.copied().collect();
    let produced: HashSet<Part> =
        produced.into_iter().flat_map(|place| free(graph, place)).collect();
    for place in axes {
        let found = free(graph, place);
        let kept = found.iter().position(|class| produced.contains(class)).unwrap_or(0);
        for (number, class) in found.into_iter().enumerate() {
            if number != kept {
                graph.parts.fix(class, Cause::Rule);
            }
        }
    }
}

/// The class along an axis that is a space.
fn unit_class(graph: &mut Graph, parameter: &TracedParameter, axis: usize) -> Option<Part> {
    factors(graph, parameter, axis).into_iter().find(|part| !graph.parts.is_fixed(*part))
}

/// All spaces, each at the first axis that produces it, or at its first axis if none does.
fn find(graph: &mut Graph, parameters: &[TracedParameter]) -> Vec<Space> {
    let mut spaces: Vec<Space> = Vec::new();
    let mut places: HashMap<Part, usize> = HashMap::new();
    for (number, parameter) in parameters.iter().enumerate() {
        for axis in 0..parameter.tensor.shape.len() {
            let Some(class) = unit_class(graph, parameter, axis) else { continue };
            let made_there = graph.produces(&parameter.tensor, axis);
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

/// `fc1` for the space of `fc1.weight`; if that name is taken, `fc1.weight`; then `fc1.weight.1` for axis 1.
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
    let Some(place) = factors.iter().position(|part| names.contains_key(part)) else {
        return Axis::Fixed;
    };
    let space = names[&factors[place]].clone();
    let mut size = |parts: &[Part]| parts.iter().map(|part| graph.parts.size(*part)).product();
    match [size(&factors[..place]), size(&factors[place + 1..])] {
        [1, 1] => Axis::Space(space),
        [outer, inner] => Axis::Flattened { space, outer, inner },
    }
}
