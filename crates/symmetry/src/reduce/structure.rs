//! How the network computes the units of a space, as far as axes and names show.
//!
//! ```text
//! weight [S, ...], bias [S], norm.* [S]   ->   a(.)   ->   weights [..., S]        one function between one weight and
//!                                                                                  what reads it
//! ```
//!
//! The outputs of several weights on one space may be added (a residual stream) or multiplied (gate and up); axes do
//! not show which. A norm with running statistics scales each unit independently; a norm without them takes a mean over
//! the units.

use crate::axes::{AxesSpec, Axis, Role, SpecParam};
use crate::space::SpaceId;

use super::result::Untried;

/// An axis of a parameter, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub param: usize,
    pub axis: usize,
}

/// A batch norm, by the numbers of its parameters.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    pub stem: String,
    pub gain: Option<usize>,
    pub shift: Option<usize>,
    pub mean: usize,
    pub variance: usize,
}

/// The parameters on a space.
pub(super) struct Structure {
    /// Axes on which parameters read the units.
    pub readers: Vec<Place>,
    pub kind: Kind,
}

pub(super) enum Kind {
    /// No unit may be removed.
    Whole(Untried),
    /// Units are independent of each other, but not each is one function of one sum.
    Units(Untried),
    /// One weight, a bias, a norm, one function.
    Elementwise(Elementwise),
}

pub(super) struct Elementwise {
    pub weight: Place,
    pub bias: Option<usize>,
    pub norm: Option<Norm>,
    /// Whether a unit has values at several places, as a channel does.
    pub is_channel: bool,
}

/// A path without its last name, and the last name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

pub(super) fn structure(spec: &AxesSpec, space: SpaceId) -> Structure {
    let (mut readers, mut writers, mut own, mut vectors) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, param) in spec.params().iter().enumerate() {
        for (axis, on) in
            param.axes().iter().enumerate().filter(|(_, on)| on.axis.space() == Some(&space))
        {
            let place = Place { param: number, axis };
            match on.role {
                Role::Input => readers.push(place),
                Role::Output | Role::Unknown if param.axes().len() == 1 => vectors.push(number),
                Role::Output | Role::Unknown if param.sums() => writers.push(place),
                Role::Output | Role::Unknown => own.push(place),
            }
        }
    }
    let kind = kind(spec, &readers, &writers, &own, &vectors);
    Structure { readers, kind }
}

fn kind(
    spec: &AxesSpec,
    readers: &[Place],
    writers: &[Place],
    own: &[Place],
    vectors: &[usize],
) -> Kind {
    let param = |number: usize| &spec.params()[number];
    let path = |number: usize| param(number).path().to_owned();
    let (Some(first), false) = (writers.first(), readers.is_empty()) else {
        return Kind::Whole(if writers.is_empty() {
            Untried::NotProduced
        } else {
            Untried::NotRead
        });
    };
    let beside = |vector: usize| {
        writers.iter().any(|w| split(param(w.param).path()).0 == split(param(vector).path()).0)
    };
    let (beside, norms): (Vec<usize>, Vec<usize>) =
        vectors.iter().partition(|vector| beside(**vector));
    let norms = match norms_of(spec, &norms) {
        Ok(norms) => norms,
        Err(vector) => return Kind::Whole(Untried::CountsUnits { parameter: path(vector) }),
    };
    let plain =
        |place: &Place| matches!(param(place.param).axes()[place.axis].axis, Axis::Space(_));
    let once = |place: &Place| {
        let on = param(place.param).axes()[place.axis].axis.space();
        param(place.param).axes().iter().filter(|axis| axis.axis.space() == on).count() == 1
    };
    let is_bias = |vector: &usize| split(param(*vector).path()).1.contains("bias");
    let odd_one = own
        .first()
        .map(|place| place.param)
        .or_else(|| beside.iter().copied().find(|vector| !is_bias(vector)))
        .or_else(|| beside.get(1).copied())
        .or_else(|| norms.get(1).map(|norm| norm.mean))
        .or_else(|| {
            readers
                .iter()
                .find(|r| !once(r) || param(r.param).axes()[r.axis].axis.outer() != 1)
                .map(|r| r.param)
        })
        .or_else(|| vectors.iter().copied().find(|v| !plain(&Place { param: *v, axis: 0 })));
    match (writers.get(1), odd_one) {
        (Some(second), _) => Kind::Units(Untried::SeveralWeights {
            parameters: [path(first.param), path(second.param)],
        }),
        (None, _) if !once(first) || !plain(first) => {
            Kind::Units(Untried::NotOneFunction { parameter: path(first.param) })
        }
        (None, Some(odd)) => Kind::Units(Untried::NotOneFunction { parameter: path(odd) }),
        (None, None) => {
            let read_in_places = |place: &Place| {
                let reader = param(place.param);
                reader.axes().len() > 2 || reader.axes()[place.axis].axis.inner() > 1
            };
            Kind::Elementwise(Elementwise {
                weight: *first,
                bias: beside.first().copied(),
                norm: norms.into_iter().next(),
                is_channel: param(first.param).axes().len() > 2
                    || readers.iter().any(read_in_places),
            })
        }
    }
}

/// Groups vectors into batch norms. The error is a vector that belongs to no batch norm.
fn norms_of(spec: &AxesSpec, vectors: &[usize]) -> Result<Vec<Norm>, usize> {
    let mut found: Vec<(&str, [Option<usize>; 4])> = Vec::new();
    for &vector in vectors {
        let (stem, name) = split(spec.params()[vector].path());
        let slot = match name {
            "weight" | "gamma" => 0,
            "bias" | "beta" => 1,
            "running_mean" => 2,
            "running_var" => 3,
            _ => return Err(vector),
        };
        let at = found.iter().position(|(known, _)| *known == stem).unwrap_or(found.len());
        if at == found.len() {
            found.push((stem, [None; 4]));
        }
        found[at].1[slot] = Some(vector);
    }
    let whole = |(stem, [gain, shift, mean, variance]): (&str, [Option<usize>; 4])| match (
        mean, variance,
    ) {
        (Some(mean), Some(variance)) => Ok(Norm { stem: stem.into(), gain, shift, mean, variance }),
        _ => Err(gain.or(shift).or(mean).or(variance).unwrap_or_default()),
    };
    found.into_iter().map(whole).collect()
}

/// A parameter that absorbs a constant added to the output of a weight: its number, and the sign with which it absorbs
/// it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker {
    pub param: usize,
    pub sign: f64,
    /// The output axis of the weight.
    pub axis: usize,
}

/// The bias of a weight, or the running mean of the batch norm behind it: (z + k) - m = z - (m - k).
pub(super) fn taker(spec: &AxesSpec, weight: usize) -> Option<Taker> {
    let param = &spec.params()[weight];
    let mut outputs = param.axes().iter().enumerate().filter(|(_, axis)| axis.role == Role::Output);
    let (Some((axis, output)), None) = (outputs.next(), outputs.next()) else { return None };
    let (stem, name) = split(param.path());
    let fits = |other: &SpecParam| {
        other.axes().len() == 1
            && other.axes()[0].axis == output.axis
            && other.shape()[0] == param.shape()[axis]
    };
    let bias = |other: &&(usize, &SpecParam)| {
        let (own_stem, own_name) = split(other.1.path());
        let beside = own_stem == stem && own_name.contains("bias") && fits(other.1);
        beside && (own_name == "bias" || own_name == name.replacen("weight", "bias", 1))
    };
    if let Some((param, _)) = spec.params().iter().enumerate().find(|other| bias(&other)) {
        return Some(Taker { param, sign: 1.0, axis });
    }
    let space = *output.axis.space()?;
    match structure(spec, space).kind {
        Kind::Elementwise(Elementwise { norm: Some(norm), .. }) => {
            Some(Taker { param: norm.mean, sign: -1.0, axis })
        }
        Kind::Elementwise(_) | Kind::Units(_) | Kind::Whole(_) => None,
    }
}
