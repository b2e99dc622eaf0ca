//! A few entries of each unit that distinguish all units, if such entries exist.
//!
//! In a forward-lumpable partition the units of a class have equal biases, and equal weights from every input that is
//! alone in its class. So if the units of a space differ in these, *every* kind of class has only single units in that
//! space, and the rest of the parameters need not be read:
//!
//! 1. one vector, or a weight from fixed inputs, settles a space if it distinguishes the units of the space;
//! 2. then a weight from a settled space may settle another space, since its inputs are alone in their classes, too.
//!
//! The spaces are ordered so that each depends on earlier ones only: a cycle of spaces proves nothing.

use super::WatchedStep;
use crate::Error;
use constinit_symmetry::{
    AxesSpec, Axis, EqualityPolicy, OwnedParam, ParamId, ParamView, Role, RoleAxis, SpecParam,
    UnitSpace, twins_with,
};
use std::ops::Range;

/// Entries that are read of each unit in each parameter.
const ENTRIES: usize = 4;

/// Entries along each axis of a parameter.
type Cut = Vec<Range<usize>>;

/// Which entries to read.
pub(super) struct Sketch {
    /// The axes of the entries; None if they cannot distinguish the units of every space.
    axes: Option<AxesSpec>,
    /// The parameters of the whole spec, and the entries to read of each.
    ids: Vec<ParamId>,
    cuts: Vec<Option<Cut>>,
}

impl Sketch {
    /// Plans a sketch of a module with these axes.
    pub fn new(axes: &AxesSpec) -> Self {
        let order = settling_order(axes);
        let place = |space: usize| order.iter().position(|known| *known == space);
        let mut cuts: Vec<Option<(usize, Cut)>> = vec![None; axes.params().len()];
        for (param, cut) in axes.params().iter().zip(&mut cuts) {
            // The parameter may settle the space that comes last in the order.
            let last = open_axes(axes, param).max_by_key(|(_, space)| place(*space));
            if let Some((along, space)) =
                last.filter(|(along, space)| settles(axes, param, *along, *space))
            {
                let before = |(_, other): (usize, usize)| place(other) < place(space);
                let known = open_axes(axes, param).filter(|(axis, _)| *axis != along).all(before);
                if known && place(space).is_some() {
                    *cut = Some((along, ranges(param, along)));
                }
            }
        }
        let complete = order.len() == axes.spaces().iter().filter(|space| is_open(space)).count();
        let sketched = complete.then(|| sketched_axes(axes, &cuts)).flatten();
        let ids = axes.params().iter().filter_map(|param| axes.param_id(param.path())).collect();
        let cuts = cuts.into_iter().map(|cut| cut.map(|(_, ranges)| ranges)).collect();
        Self { axes: sketched, ids, cuts }
    }

    /// Whether the sketch of a module distinguishes the units of every space.
    pub fn proves_discrete(&self, seen: &dyn WatchedStep) -> Result<bool, Error> {
        let Some(axes) = &self.axes else { return Ok(false) };
        // The parameters of the sketch are in the order of the spec.
        let read = seen.entries(&self.wanted())?;
        let views: Vec<ParamView<'_>> = read.iter().map(OwnedParam::view).collect();
        // By value, as sums are compared: zeros with different signs are equal.
        let found = twins_with(axes, &views, &EqualityPolicy::value())?;
        Ok(found.spaces().iter().all(|space| space.partition().is_discrete()))
    }

    fn wanted(&self) -> Vec<(ParamId, &[Range<usize>])> {
        let cuts = self.ids.iter().zip(&self.cuts);
        cuts.filter_map(|(id, cut)| Some((*id, cut.as_deref()?))).collect()
    }
}

/// Whether a space has units to distinguish.
fn is_open(space: &UnitSpace) -> bool {
    !space.is_fixed() && space.units() > 1
}

/// The axes of a parameter with units to distinguish, and their spaces.
fn open_axes<'a>(
    axes: &'a AxesSpec,
    param: &'a SpecParam,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let spaces = param.axes().iter().enumerate();
    spaces
        .filter_map(|(along, axis)| Some((along, axis.axis.space()?.get())))
        .filter(|(_, space)| is_open(&axes.spaces()[*space]))
}

/// Whether a parameter produces the units of a space along one axis and has the space on no other.
fn settles(axes: &AxesSpec, param: &SpecParam, along: usize, space: usize) -> bool {
    let alone = open_axes(axes, param).filter(|(_, other)| *other == space).count() == 1;
    alone && param.axes()[along].role == Role::Output
}

/// An order of spaces in which each can be settled by parameters whose other spaces come before it. Of the spaces that
/// can be settled next, the one with the fewest parameters that still wait comes first. Spaces that only wait for each
/// other are left out.
fn settling_order(axes: &AxesSpec) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    loop {
        let mut best: Option<(usize, usize)> = None;
        for (space, _) in axes.spaces().iter().enumerate().filter(|(_, space)| is_open(space)) {
            if order.contains(&space) {
                continue;
            }
            let (mut usable, mut waiting) = (0, 0);
            for param in axes.params() {
                let along = open_axes(axes, param).find(|(_, other)| *other == space);
                let Some((along, _)) =
                    along.filter(|(along, _)| settles(axes, param, *along, space))
                else {
                    continue;
                };
                let mut others = open_axes(axes, param).filter(|(axis, _)| *axis != along);
                if others.all(|(_, other)| order.contains(&other)) {
                    usable += 1;
                } else {
                    waiting += 1;
                }
            }
            if usable > 0 && best.is_none_or(|(_, least)| waiting < least) {
                best = Some((space, waiting));
            }
        }
        match best {
            Some((space, _)) => order.push(space),
            None => return order,
        }
    }
}

/// A few entries of each unit along one axis.
fn ranges(param: &SpecParam, along: usize) -> Vec<Range<usize>> {
    let mut left = (ENTRIES / param.axes()[along].axis.inner()).max(1);
    let sizes = param.shape().iter().enumerate();
    sizes
        .map(|(position, size)| {
            if position == along {
                return 0..*size;
            }
            let taken = (*size).min(left);
            left = (left / taken.max(1)).max(1);
            0..taken
        })
        .collect()
}

/// The axes of the entries that are read: one space per parameter, all other axes fixed.
fn sketched_axes(axes: &AxesSpec, cuts: &[Option<(usize, Cut)>]) -> Option<AxesSpec> {
    let taken: Vec<_> = axes
        .params()
        .iter()
        .zip(cuts)
        .filter_map(|(param, cut)| {
            let (along, ranges) = cut.as_ref()?;
            let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
            let named = (0..shape.len()).map(|position| {
                let axis = &param.axes()[position];
                if position == *along { by_name(axes, axis) } else { fixed(axis.role) }
            });
            Some((param.path(), named.collect(), shape))
        })
        .collect();
    written(axes.spaces().iter().cloned(), taken).ok()
}

/// The axes of the parameters that belong to some spaces, with all other axes fixed.
///
/// # Errors
///
/// [`Error::Axes`] if no space is left.
pub(super) fn restricted(
    axes: &AxesSpec,
    wanted: impl Fn(&UnitSpace) -> bool,
) -> Result<AxesSpec, Error> {
    let keep: Vec<bool> = axes.spaces().iter().map(wanted).collect();
    if !keep.contains(&true) {
        let names: Vec<&str> = axes.spaces().iter().map(UnitSpace::name).collect();
        let reason = format!("no space to watch is selected; the spaces are {}", names.join(", "));
        return Err(Error::Axes { reason });
    }
    let taken = axes
        .params()
        .iter()
        .filter_map(|param| {
            let kept = |axis: &RoleAxis| axis.axis.space().is_some_and(|space| keep[space.get()]);
            param.axes().iter().any(kept).then(|| {
                let named = param
                    .axes()
                    .iter()
                    .map(|axis| if kept(axis) { by_name(axes, axis) } else { fixed(axis.role) });
                (param.path(), named.collect(), param.shape().to_vec())
            })
        })
        .collect();
    let spaces = axes.spaces().iter().zip(&keep).filter(|(_, keep)| **keep);
    written(spaces.map(|(space, _)| space.clone()), taken)
}

type Written<'a> = (&'a str, Vec<RoleAxis<String>>, Vec<usize>);

fn written<'a>(
    spaces: impl Iterator<Item = UnitSpace>,
    params: Vec<Written<'a>>,
) -> Result<AxesSpec, Error> {
    let mut builder = AxesSpec::builder();
    for space in spaces {
        builder = builder.unit_space(space);
    }
    for (path, axes, _) in &params {
        builder = builder.param(*path, axes.iter().cloned());
    }
    Ok(builder.build(params.iter().map(|(path, _, shape)| (*path, shape.as_slice())))?)
}

fn fixed(role: Role) -> RoleAxis<String> {
    RoleAxis { axis: Axis::Fixed, role }
}

fn by_name(axes: &AxesSpec, axis: &RoleAxis) -> RoleAxis<String> {
    let named = match axes.named(&axis.axis) {
        Axis::Fixed => Axis::Fixed,
        Axis::Space(space) => Axis::Space(space.to_owned()),
        Axis::Flattened { space, outer, inner } => {
            Axis::Flattened { space: space.to_owned(), outer, inner }
        }
    };
    RoleAxis { axis: named, role: axis.role }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::{Init, ParameterAxes, RngKey};
    use crate::perceptron_axes;
    use constinit_symmetry::{input, output};

    /// Parameters on the host, by path and shape.
    struct Host(Vec<(String, Vec<usize>, Vec<f64>)>);

    impl Host {
        fn perceptron(dims: &[usize], bias: bool, init: &Init) -> Self {
            let mut all = Vec::new();
            for (layer, pair) in dims.windows(2).enumerate() {
                let mut add = |name: &str, shape: &[usize]| {
                    let path = format!("{layer}.{name}");
                    let key = RngKey::new(1, path.as_str());
                    let axes = ParameterAxes::UNKNOWN;
                    all.push((path, shape.to_vec(), init.values(shape, axes, &key).unwrap()));
                };
                add("weight", pair);
                if bias {
                    add("bias", &pair[1..]);
                }
            }
            Self(all)
        }

        fn proves_discrete(&self) -> bool {
            let shapes: Vec<_> =
                self.0.iter().map(|(p, s, _)| (p.as_str(), s.as_slice())).collect();
            Sketch::new(&perceptron_axes(&shapes).unwrap()).proves_discrete(self).unwrap()
        }
    }

    impl WatchedStep for Host {
        fn step(&self) -> usize {
            0
        }
        fn loss(&self) -> Option<f64> {
            None
        }
        fn parameters(&self) -> Result<Vec<ParamView<'_>>, Error> {
            let views = self.0.iter().map(|(path, shape, data)| ParamView::new(path, shape, data));
            Ok(views.collect::<Result<_, _>>()?)
        }
        fn parameters_before(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
            Ok(None)
        }
        fn gradients(&self) -> Result<Option<Vec<ParamView<'_>>>, Error> {
            Ok(None)
        }
        fn largest_gradient(&self) -> f64 {
            0.0
        }
        fn is_running(&self, _: ParamId) -> bool {
            false
        }
        fn entries(&self, wanted: &[(ParamId, &[Range<usize>])]) -> Result<Vec<OwnedParam>, Error> {
            let cut = |(id, ranges): &(ParamId, &[Range<usize>])| {
                let (path, shape, data) = &self.0[id.get()];
                let inside = |offset: usize| {
                    let mut rest = offset;
                    let mut inside = true;
                    for (size, range) in shape.iter().zip(*ranges).rev() {
                        inside &= range.contains(&(rest % size));
                        rest /= size;
                    }
                    inside
                };
                let data: Vec<f64> =
                    (0..data.len()).filter(|offset| inside(*offset)).map(|o| data[o]).collect();
                let shape: Vec<usize> = ranges.iter().map(|range| range.len()).collect();
                Ok(OwnedParam::from(&ParamView::new(path, &shape, &data)?))
            };
            wanted.iter().map(cut).collect()
        }
    }

    #[test]
    fn a_few_entries_are_enough_where_units_differ_and_prove_nothing_where_they_do_not() {
        let dims = [3, 50, 40, 2];
        for bias in [true, false] {
            assert!(Host::perceptron(&dims, bias, &Init::uniform(-1.0, 1.0)).proves_discrete());
            assert!(!Host::perceptron(&dims, bias, &Init::Ones).proves_discrete());
        }
    }

    #[test]
    fn zeros_of_unlike_sign_are_one_number() {
        let mut net = Host::perceptron(&[1, 2, 1], true, &Init::Zeros);
        net.0[1].2 = vec![0.0, -0.0];
        assert!(!net.proves_discrete());
        net.0[1].2 = vec![0.0, 1.0];
        assert!(net.proves_discrete());
    }

    #[test]
    fn a_cycle_of_spaces_proves_nothing_of_itself() {
        // Each space could be settled only by a weight from the other one.
        let axes = AxesSpec::builder()
            .space("a", 2)
            .space("b", 2)
            .param("ab", [input("a"), output("b")])
            .param("ba", [input("b"), output("a")])
            .build([("ab", &[2, 2][..]), ("ba", &[2, 2])])
            .unwrap();
        assert!(Sketch::new(&axes).axes.is_none());
    }

    #[test]
    fn outgoing_weights_settle_nothing() {
        let axes = AxesSpec::builder()
            .space("a", 2)
            .param("out", [input("a"), output("")])
            .build([("out", &[2, 2][..])])
            .unwrap();
        assert!(Sketch::new(&axes).axes.is_none());
    }
}
