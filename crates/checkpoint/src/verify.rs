//! Checks that two networks compute the same, without the engine's own arithmetic on blocks.
//!
//! For every parameter W and random numbers x[j] on its input axes that are equal within classes, the sums of each unit
//! before and now are compared:
//!
//! ```text
//! Σ_j W[i][j] x[j]   and   Σ_j' W'[i'][j'] x'[j']      x'[j'] is the number of the class of j', i' the class of i
//! ```
//!
//! For a chain of linear layers, the whole forward pass is compared, too: with the functions between the layers if they
//! are known, otherwise with ReLU. Units with equal sums have equal outputs whatever the function.

use std::collections::HashMap;

use constinit_records::inspection::OutputCheck;
use constinit_symmetry::dynamics::ActivationFunction;
use constinit_symmetry::text::number;
use constinit_symmetry::{
    Activation, AxesSpec, Elements, ParamView, Role, SpecParam, Symmetry, UnitIndex,
};

use crate::chain::Chain;

/// How many random inputs go through a chain.
const INPUTS: usize = 64;

/// The result of comparing the sums of all parameters.
pub(crate) struct Sums {
    /// The largest difference, as a share of the sum of the magnitudes.
    pub largest: f64,
    /// The first parameter whose difference is more than rounding to its type explains.
    pub place: Option<String>,
}

/// Compares the sums of all parameters. If `spec` has other sizes than the spec of the classes, `now` has one unit for
/// each class; if it is the same spec, `now` has the same units.
pub(crate) fn sums(
    classes: &Symmetry,
    before: &[ParamView<'_>],
    spec: &AxesSpec,
    now: &[ParamView<'_>],
) -> Sums {
    let merged = classes.spec() != spec;
    let mut all = Sums { largest: 0.0, place: None };
    for old in before {
        let of = |spec: &AxesSpec| Some(spec.params()[spec.param_id(old.path())?.get()].clone());
        let new = now.iter().find(|new| new.path() == old.path());
        let (Some(old_axes), Some(new_axes), Some(new)) = (of(classes.spec()), of(spec), new)
        else {
            all.place.get_or_insert(old.path().into());
            continue;
        };
        let kept = if merged { Units::Merged } else { Units::Own };
        let old_sums = taken_in(old, &old_axes, classes, kept);
        let new_sums =
            taken_in(new, &new_axes, classes, if merged { Units::Are } else { Units::Own });
        let by_place: HashMap<usize, f64> =
            new_sums.into_iter().map(|(place, [sum, _])| (place, sum)).collect();
        let shares = old_sums.iter().map(|(place, [sum, size])| {
            let difference = by_place.get(place).map_or(f64::INFINITY, |other| (sum - other).abs());
            match difference / size {
                _ if difference == 0.0 => 0.0,
                share if share.is_nan() => f64::INFINITY,
                share => share,
            }
        });
        let largest = shares.fold(0.0, f64::max);
        all.largest = all.largest.max(largest);
        if largest > rounding(old) {
            all.place.get_or_insert(old.path().into());
        }
    }
    all
}

/// How much rounding every entry once may change a sum, as a share of the magnitudes in it.
pub(crate) fn rounding(view: &ParamView<'_>) -> f64 {
    match view.elements() {
        // The sums of this check are not more exact.
        Elements::F64(_) => 1e3 * f64::EPSILON,
        Elements::F32(_) => f64::from(f32::EPSILON),
        Elements::F16(_) => 2.0_f64.powi(-10),
        _ => 2.0_f64.powi(-7),
    }
}

/// How the units of a parameter are related to classes.
#[derive(Clone, Copy, PartialEq)]
enum Units {
    /// They are units, and sums are compared by class.
    Merged,
    /// They are units, and sums are compared by unit.
    Own,
    /// They are the classes.
    Are,
}

/// The sums of a parameter over random numbers on its input axes, with the sums of magnitudes. Each has its place on
/// the other axes; under [`Units::Merged`] all units of a class have the same place.
fn taken_in(
    view: &ParamView<'_>,
    param: &SpecParam,
    classes: &Symmetry,
    units: Units,
) -> Vec<(usize, [f64; 2])> {
    // For every index of every axis: the number of its random number, and its place.
    let axes: Vec<Vec<[usize; 2]>> = param
        .axes()
        .iter()
        .zip(view.shape())
        .map(|(axis, &len)| {
            let inner = axis.axis.inner();
            let count = len / axis.axis.entries().max(1);
            let partition = axis.axis.space().map(|id| classes.spaces()[id.get()].partition());
            let of_index = |index: usize| match partition {
                Some(partition) if count > 0 => {
                    let (block, unit, k) =
                        (index / inner / count, index / inner % count, index % inner);
                    let class = UnitIndex::new(unit).and_then(|unit| partition.class_of(unit));
                    let class = match units {
                        Units::Are => unit,
                        _ => class.map_or(unit, |class| class.get()),
                    };
                    let random = (block * partition.len() + class) * inner + k;
                    [random, if units == Units::Own { index } else { random }]
                }
                _ => [index; 2],
            };
            (0..len).map(of_index).collect()
        })
        .collect();
    // How many places each axis has: under `Units::Merged`, as many as in the smaller network.
    let places: Vec<usize> = axes
        .iter()
        .map(|axis| axis.iter().map(|[_, place]| place + 1).max().unwrap_or(1))
        .collect();
    let is_input = |axis: usize| param.axes()[axis].role == Role::Input;
    let mut sums: HashMap<usize, (usize, [f64; 2])> = HashMap::new();
    let mut index = vec![0; view.shape().len()];
    for _ in 0..view.entries() {
        let (mut own, mut place, mut random) = (0, 0, 1.0);
        for (axis, &at) in index.iter().enumerate() {
            let [number, standing] = axes[axis][at];
            if is_input(axis) {
                random *= draw(axis as u64, number as u64);
            } else {
                own = own * view.shape()[axis] + at;
                place = place * places[axis] + standing;
            }
        }
        let term = view.get(&index).unwrap_or(f64::NAN) * random;
        let (_, [sum, size]) = sums.entry(own).or_insert((place, [0.0; 2]));
        *sum += term;
        *size += term.abs();
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < view.shape()[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    sums.into_values().collect()
}

/// A number between -1 and 1 that depends only on the arguments.
pub(crate) fn draw(stream: u64, number: u64) -> f64 {
    let mut z = (stream << 48 ^ number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Sends random inputs through a chain of linear layers, before and now. `functions` are those after all layers but the
/// last; missing ones are ReLU. An error if an output differs by more than the rounding of every entry of every layer
/// explains, or by more than a change of every entry by the share `changed` explains.
pub(crate) fn outputs(
    chain: &Chain,
    functions: &[Activation],
    changed: f64,
    before: &[ParamView<'_>],
    now: &[ParamView<'_>],
) -> Result<OutputCheck, String> {
    let eps = before.iter().map(rounding).fold(changed, f64::max);
    let mut found = OutputCheck { inputs: INPUTS, largest: 0.0, difference: 0.0 };
    for input in 0..INPUTS {
        let random = |at: usize| draw(input as u64 + 1, at as u64);
        let [old, new] = [before, now].map(|views| forward(chain, functions, views, random));
        let (Some(old), Some(new)) = (old, new) else {
            return Err("its layers no longer follow each other".into());
        };
        if old.len() != new.len() {
            return Err(format!("{} outputs became {}", old.len(), new.len()));
        }
        for (&[a, size], &[b, new_size]) in old.iter().zip(&new) {
            found.largest = found.largest.max(a.abs());
            let difference = (a - b).abs();
            let allowed = 4.0 * chain.layers.len() as f64 * eps * size.max(new_size);
            // If the original overflows, nothing can be compared.
            if size.is_finite() && (difference.is_nan() || difference > allowed) {
                return Err(format!("an output of {} became {}", number(a, 6), number(b, 6)));
            }
            found.difference =
                if difference.is_nan() { f64::NAN } else { found.difference.max(difference) };
        }
    }
    Ok(found)
}

/// The outputs for one input, in double precision, each with the sum of the magnitudes of its terms.
fn forward(
    chain: &Chain,
    functions: &[Activation],
    views: &[ParamView<'_>],
    input: impl Fn(usize) -> f64,
) -> Option<Vec<[f64; 2]>> {
    let view = |path: &str| views.iter().find(|view| view.path() == path);
    let (mut x, last) = (Vec::new(), chain.layers.len() - 1);
    for (number, (weight, bias)) in chain.layers.iter().enumerate() {
        let weight = view(weight)?;
        let &[a, b] = weight.shape() else { return None };
        let [outputs, inputs] = if chain.inputs_first { [b, a] } else { [a, b] };
        if number == 0 {
            x = (0..inputs).map(|at| [input(at), input(at).abs()]).collect();
        }
        if x.len() != inputs {
            return None;
        }
        let bias = match bias {
            Some(path) => Some(view(path)?),
            None => None,
        };
        let y = (0..outputs).map(|i| {
            let entry = |j| weight.get(&if chain.inputs_first { [j, i] } else { [i, j] });
            let mut y = bias.map_or(Some(0.0), |bias| bias.get(&[i]))?;
            let mut size = y.abs();
            for (j, [x, x_size]) in x.iter().enumerate() {
                let entry = entry(j)?;
                y += entry * x;
                size += entry.abs() * x_size;
            }
            if number == last {
                return Some([y, size]);
            }
            let y = functions.get(number).copied().unwrap_or_default().value(&y);
            // The sigmoid of 0 is not 0.
            Some([y, size.max(y.abs())])
        });
        x = y.collect::<Option<_>>()?;
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_symmetry::{collapse, forward_lumpable, layers};

    #[test]
    fn another_number_is_another_function() {
        let params = [
            ParamView::new("l1.weight", &[3, 1], &[1.0_f32, 2.0, 1.0]).unwrap(),
            ParamView::new("l2.weight", &[2, 3], &[3.0_f32, 4.0, 5.0, 6.0, 7.0, 8.0]).unwrap(),
        ];
        let spec = AxesSpec::builder()
            .space("h", 3)
            .layer(layers::dense("l1", "", "h").without_bias())
            .layer(layers::dense("l2", "h", "").without_bias())
            .build(params.iter().map(ParamView::signature))
            .unwrap();
        let classes = forward_lumpable(&spec, &params, &[]).unwrap();
        let small = collapse(&classes, &params).unwrap();
        let now: Vec<ParamView<'_>> = small.params().iter().map(|param| param.view()).collect();
        let fine = sums(&classes, &params, small.spec(), &now);
        assert!(fine.largest < 1e-15 && fine.place.is_none(), "{}", fine.largest);
        let weights = |name: &str| (format!("{name}.weight"), None);
        let chain = Chain { layers: ["l1", "l2"].map(weights).into(), inputs_first: false };
        assert!(outputs(&chain, &[], 0.0, &params, &now).unwrap().difference < 1e-14);

        // The first sum should be 8.
        let wrong = [
            now[0].clone(),
            ParamView::new("l2.weight", &[2, 2], &[8.5_f32, 4.0, 14.0, 7.0]).unwrap(),
        ];
        let found = sums(&classes, &params, small.spec(), &wrong);
        assert_eq!(found.place.as_deref(), Some("l2.weight"));
        let problem = outputs(&chain, &[], 0.0, &params, &wrong).unwrap_err();
        assert!(problem.starts_with("an output of "), "{problem}");
    }
}
