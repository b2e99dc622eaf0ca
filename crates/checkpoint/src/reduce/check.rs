//! Checks that the weighted sums of a reduced network are those of the original, without the engine's own arithmetic.
//!
//! Each remaining unit gets a random number. Each removed unit gets the number that follows from its fate:
//!
//! ```text
//! merged   x[i] = f x[u] + k        constant   x[i] = k        unread, zero   x[i] = 0
//! ```
//!
//! Then for every parameter and every remaining unit i that it produces, Σ_j W[i][j] x[j] over all units is Σ_j
//! W'[i][j] x[j] over the remaining units, plus the sum of constants. That sum must be what a bias gained, or what a
//! running mean lost.

use constinit_symmetry::{
    AxesSpec, Axis, ParamView, Reduction, Role, RoleAxis, SpecParam, UnitFate, UnitIndex,
};

use crate::verify::{Sums, draw, rounding};

/// Compares the sums of all parameters. `changed` is the largest relative error that factors may have.
pub(super) fn sums(
    spec: &AxesSpec,
    before: &[ParamView<'_>],
    reduced: &Reduction,
    now: &[ParamView<'_>],
    changed: f64,
) -> Sums {
    let values: Vec<Values> = reduced
        .spaces()
        .iter()
        .enumerate()
        .map(|(space, found)| Values::new(space as u64, found.fates(), found.kept()))
        .collect();
    let view =
        |views: &[ParamView<'_>], path: &str| views.iter().position(|view| view.path() == path);
    let mut all = Sums { largest: 0.0, place: None };
    for param in spec.params() {
        let (Some(old), Some(new)) = (view(before, param.path()), view(now, param.path())) else {
            all.place.get_or_insert(param.path().into());
            continue;
        };
        let (old, new) = (&before[old], &now[new]);
        let off = if param.sums() {
            let gains = gains(spec, param, before, now, &values);
            difference(param, (old, new), &values, &gains)
        } else {
            // Biases and gains of remaining units. What was added to them is compared with the sums of their weights.
            let same = new.entries() == kept_entries(param, &values);
            if same { 0.0 } else { f64::INFINITY }
        };
        all.largest = all.largest.max(off);
        if off > rounding(old).max(changed) {
            all.place.get_or_insert(param.path().into());
        }
    }
    all
}

/// The random numbers of a space's units.
struct Values {
    /// The number of each original unit.
    number: Vec<f64>,
    /// The remaining units.
    kept: Vec<usize>,
}

impl Values {
    fn new(space: u64, fates: &[UnitFate], kept: &[UnitIndex]) -> Self {
        // A unit may be merged into one that is itself merged.
        let of = |unit: usize| {
            let (mut at, mut factor, mut constant) = (unit, 1.0, 0.0);
            for _ in 0..=fates.len() {
                match fates[at] {
                    UnitFate::Merged { into, factor: times, constant: plus } => {
                        constant += factor * plus;
                        factor *= times;
                        at = into.get();
                    }
                    UnitFate::Kept => return factor * draw(space + 1, at as u64) + constant,
                    UnitFate::Folded { value } => return factor * value + constant,
                    _ => return constant,
                }
            }
            f64::NAN
        };
        Self {
            number: (0..fates.len()).map(of).collect(),
            kept: kept.iter().map(|unit| unit.get()).collect(),
        }
    }
}

/// How many entries a parameter has for the remaining units.
fn kept_entries(param: &SpecParam, values: &[Values]) -> usize {
    let axes = param.axes().iter().zip(param.shape());
    axes.map(|(axis, &len)| match axis.axis.space() {
        Some(space) => axis.axis.entries() * values[space.get()].kept.len(),
        None => len,
    })
    .product()
}

/// For each output: what the bias of a weight gained or the running mean after it lost, and the magnitude of its entry.
fn gains(
    spec: &AxesSpec,
    param: &SpecParam,
    before: &[ParamView<'_>],
    now: &[ParamView<'_>],
    values: &[Values],
) -> Vec<[f64; 2]> {
    let Some((axis, output)) =
        param.axes().iter().enumerate().find(|(_, axis)| axis.role == Role::Output)
    else {
        return vec![[0.0; 2]];
    };
    let outputs = match output.axis.space() {
        Some(space) => output.axis.entries() * values[space.get()].kept.len(),
        None => param.shape()[axis],
    };
    let mut gains = vec![[0.0; 2]; outputs];
    for own in spec.params().iter().filter(|own| own.axes().len() == 1) {
        let sign = match takes_constants(param, own, output) {
            Some(sign) => sign,
            None => continue,
        };
        let [old, new] = [before, now].map(|views| views.iter().find(|v| v.path() == own.path()));
        let (Some(old), Some(new)) = (old, new) else { continue };
        for (at, [gain, size]) in gains.iter_mut().enumerate() {
            let was = old_index(&output.axis, at, values);
            let [old, new] = [old.get(&[was]), new.get(&[at])].map(|x| x.unwrap_or(f64::NAN));
            *gain += sign * (new - old);
            *size += old.abs().max(new.abs());
        }
    }
    gains
}

/// The sign with which a vector takes constants: 1 for the bias of a weight, -1 for a running mean of the units that
/// the weight produces. `None` for any other vector.
fn takes_constants(weight: &SpecParam, vector: &SpecParam, output: &RoleAxis) -> Option<f64> {
    if vector.axes()[0].axis != output.axis {
        return None;
    }
    let split = |path: &str| {
        let (stem, name) = path.rsplit_once('.').unwrap_or(("", path));
        (stem.to_owned(), name.to_owned())
    };
    let ((stem, name), (own_stem, own_name)) = (split(weight.path()), split(vector.path()));
    let is_bias = own_name == "bias" || own_name == name.replacen("weight", "bias", 1);
    if stem == own_stem && is_bias {
        return Some(1.0);
    }
    (output.axis.space().is_some() && own_name == "running_mean").then_some(-1.0)
}

/// The index along an axis of the original network, from one along the same axis of the reduced network.
fn old_index(axis: &Axis, index: usize, values: &[Values]) -> usize {
    let Some(space) = axis.space() else { return index };
    let Values { number, kept } = &values[space.get()];
    let (inner, units) = (axis.inner(), kept.len());
    let (block, unit, k) = (index / inner / units, index / inner % units, index % inner);
    (block * number.len() + kept[unit]) * inner + k
}

/// The largest difference between the sums of an output, as a share of the magnitudes that are summed.
fn difference(
    param: &SpecParam,
    (old, new): (&ParamView<'_>, &ParamView<'_>),
    values: &[Values],
    gains: &[[f64; 2]],
) -> f64 {
    if new.entries() != kept_entries(param, values) {
        return f64::INFINITY;
    }
    let before = taken_in(param, old, values, |_, index| index);
    let after = taken_in(param, new, values, |axis, index| old_index(axis, index, values));
    let output = param.axes().iter().find(|axis| axis.role == Role::Output);
    let shares = after.iter().zip(gains).enumerate().map(|(at, (now, [gain, own]))| {
        let was = output.map_or(at, |output| old_index(&output.axis, at, values));
        let apart = (before[was][0] - now[0] - gain).abs();
        match apart / (before[was][1].max(now[1]) + own) {
            _ if apart == 0.0 => 0.0,
            share if share.is_nan() => f64::INFINITY,
            share => share,
        }
    });
    shares.fold(0.0, f64::max)
}

/// For each index of the output axis: the sum over all other axes, each entry times the numbers of its input axes, and
/// the sum of magnitudes. All entries of a unit have the same number, since a constant is the same at all of them.
/// `old` gives the index in the original network of an index along an axis.
fn taken_in(
    param: &SpecParam,
    view: &ParamView<'_>,
    values: &[Values],
    old: impl Fn(&Axis, usize) -> usize,
) -> Vec<[f64; 2]> {
    let output = param.axes().iter().position(|axis| axis.role == Role::Output);
    let factors: Vec<Vec<f64>> = param
        .axes()
        .iter()
        .zip(view.shape())
        .enumerate()
        .map(|(number, (RoleAxis { axis, .. }, &len))| {
            let of = |index: usize| match axis.space() {
                _ if Some(number) == output || len == 1 && axis.space().is_none() => 1.0,
                Some(space) => {
                    let numbers = &values[space.get()].number;
                    numbers[old(axis, index) / axis.inner() % numbers.len()]
                }
                None => draw(1000 + number as u64, index as u64),
            };
            (0..len).map(of).collect()
        })
        .collect();
    let mut sums = vec![[0.0; 2]; output.map_or(1, |axis| view.shape()[axis])];
    for (entry, value) in view.to_f64().into_iter().enumerate() {
        let (mut rest, mut term, mut at) = (entry, value, 0);
        for (axis, &len) in view.shape().iter().enumerate().rev() {
            let index = rest % len;
            rest /= len;
            term *= factors[axis][index];
            if Some(axis) == output {
                at = index;
            }
        }
        sums[at][0] += term;
        sums[at][1] += term.abs();
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_symmetry::{Activation, OwnedParam, layers, reduce};

    /// A change of any number of the smaller network is detected.
    #[test]
    fn another_number_is_another_function() {
        let params = [
            ParamView::new("l1.weight", &[4, 1], &[1.0_f32, -1.0, 0.0, 2.0]).unwrap(),
            ParamView::new("l1.bias", &[4], &[0.5_f32, -0.5, 0.25, 1.0]).unwrap(),
            ParamView::new("l2.weight", &[2, 4], &[3.0_f32, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0])
                .unwrap(),
            ParamView::new("l2.bias", &[2], &[0.5_f32, 0.25]).unwrap(),
        ];
        let spec = AxesSpec::builder()
            .space("h", 4)
            .layer(layers::dense("l1", "", "h"))
            .layer(layers::dense("l2", "h", ""))
            .build(params.iter().map(ParamView::signature))
            .unwrap();
        for activation in [Activation::Tanh, Activation::Sigmoid] {
            let small = reduce(&spec, &params, &activation.into()).unwrap();
            let now: Vec<ParamView<'_>> = small.params().iter().map(OwnedParam::view).collect();
            let fine = sums(&spec, &params, &small, &now, 0.0);
            assert!(fine.largest < 1e-7 && fine.place.is_none(), "{}", fine.largest);
            for changed in [0, 2, 3] {
                let mut numbers: Vec<f32> =
                    now[changed].to_f64().iter().map(|&x| x as f32).collect();
                numbers[1] += 0.01;
                let mut wrong = now.clone();
                wrong[changed] =
                    ParamView::new(now[changed].path(), now[changed].shape(), &numbers).unwrap();
                let found = sums(&spec, &params, &small, &wrong, 0.0);
                // An error in a bias is reported for its weight.
                let place = if changed == 0 { "l1.weight" } else { "l2.weight" };
                assert_eq!(found.place.as_deref(), Some(place), "{changed}");
            }
        }
    }
}
