//! Tolerance, sign and scale, checked by brute force; and the findings besides the classes.

mod common;

use common::Rng;
use common::*;
use constinit_symmetry::{
    AxesSpec, EqualityPolicy, ParamView, Role, SearchError, SymmetryError, UnitIndex, input,
    output, twins, twins_with, unknown_role,
};
use proptest::prelude::*;

const NONZERO: [f64; 5] = [1.0, -1.0, 0.5, -0.5, 3.0];

fn recurrent(net: &Net) -> bool {
    (0..net.params.len()).any(|param| {
        let axes = net.axes(param);
        (0..net.spec.spaces().len())
            .any(|space| axes.iter().flatten().filter(|&&(s, _)| s == space).count() > 1)
    })
}

/// The entries of a unit, position by position, over all parameters, with the role of its axis.
fn entries(net: &Net, space: usize, unit: usize) -> Vec<(f64, Role)> {
    let mut all = Vec::new();
    for (number, param) in net.params.iter().enumerate() {
        for (axis, of) in net.axes(number).iter().enumerate() {
            let Some((s, inner)) = of else { continue };
            if *s == space {
                let role = net.spec.params()[number].axes()[axis].role;
                let of_unit = |flat: &usize| unflatten(*flat, &param.shape)[axis] / inner == unit;
                all.extend(
                    (0..param.data.len()).filter(of_unit).map(|flat| (param.data[flat], role)),
                );
            }
        }
    }
    all
}

/// The coarsest partition without gaps: cut at gaps, entry by entry, until nothing changes.
fn cut_at_gaps(net: &Net, space: usize, tolerance: f64) -> Vec<Vec<usize>> {
    let of: Vec<Vec<f64>> = (0..net.units(space))
        .map(|u| entries(net, space, u).into_iter().map(|(x, _)| x).collect())
        .collect();
    let mut classes: Vec<Vec<usize>> = vec![(0..of.len()).collect()];
    loop {
        let before = classes.len();
        let positions = of.first().map_or(0, Vec::len);
        for position in (0..positions).collect::<Vec<_>>() {
            classes = classes
                .into_iter()
                .flat_map(|mut class| {
                    class.sort_by(|&u, &v| of[u][position].total_cmp(&of[v][position]));
                    let near =
                        |&u: &usize, &v: &usize| of[v][position] - of[u][position] <= tolerance;
                    class.chunk_by(near).map(<[usize]>::to_vec).collect::<Vec<_>>()
                })
                .collect();
        }
        if classes.len() == before {
            classes.iter_mut().for_each(|class| class.sort_unstable());
            classes.retain(|class| !class.is_empty());
            classes.sort();
            return classes;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn tolerance_is_the_coarsest_partition_without_gaps(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 10);
        prop_assume!(!recurrent(&net));
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, &[0.0, 1.0]);
        for param in &mut net.params {
            param.data.iter_mut().for_each(|x| *x += rng.below(4) as f64 / 16.0);
        }
        let tolerance = rng.pick(&[0.0, 1.0 / 16.0, 2.0 / 16.0]);
        let found = twins_with(&net.spec, &net.views(), &EqualityPolicy::within(tolerance).unwrap()).unwrap();
        for (number, space) in found.spaces().iter().enumerate() {
            let expected = cut_at_gaps(&net, number, tolerance);
            let classes: Vec<Vec<usize>> =
                space.partition().classes().map(|c| c.iter().map(|u| u.get()).collect()).collect();
            prop_assert_eq!(&classes, &expected, "{:?}", net);
            for (class, label) in expected.iter().zip(space.partition().representatives()) {
                let of: Vec<_> = class.iter().map(|&u| entries(&net, number, u)).collect();
                let spread = of
                    .iter()
                    .flat_map(|a| of.iter().flat_map(move |b| a.iter().zip(b).map(|(x, y)| (x.0 - y.0).abs())))
                    .fold(0.0, f64::max);
                let id = space.partition().class_of(label).unwrap();
                prop_assert_eq!(space.spread(id), spread);
            }
            prop_assert_eq!(space.witnesses().len() + 1, classes.len().max(1));
        }
    }

    #[test]
    fn no_tolerance_is_equality_of_values(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 8);
        let labels = plant(rng, &net);
        let palette = [0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324];
        fill_by_labels(rng, &mut net, &labels, &palette);
        disturb(rng, &mut net, 2, &palette);
        let zero = twins_with(&net.spec, &net.views(), &EqualityPolicy::within(0.0).unwrap()).unwrap();
        let value = twins_with(&net.spec, &net.views(), &EqualityPolicy::value()).unwrap();
        for (a, b) in zero.spaces().iter().zip(value.spaces()) {
            prop_assert_eq!(a.partition(), b.partition());
            prop_assert_eq!(a.largest_spread(), 0.0);
        }
    }

    /// Units u and v are equal up to sign if the swap, with or without negating both, changes nothing.
    #[test]
    fn sign_by_trying_both(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 6);
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, &NONZERO);
        let flips: Vec<Vec<f64>> = net
            .spec
            .spaces()
            .iter()
            .map(|space| (0..space.units()).map(|_| rng.pick(&[1.0, -1.0])).collect())
            .collect();
        for number in 0..net.params.len() {
            let axes = net.axes(number);
            let shape = net.params[number].shape.clone();
            for (flat, x) in net.params[number].data.iter_mut().enumerate() {
                for (i, axis) in unflatten(flat, &shape).iter().zip(&axes) {
                    if let Some((s, inner)) = axis {
                        *x *= flips[*s][i / inner];
                    }
                }
            }
        }
        disturb(rng, &mut net, 1, &NONZERO);
        for policy in [EqualityPolicy::bits().up_to_sign(), EqualityPolicy::value().up_to_sign()] {
            let found = twins_with(&net.spec, &net.views(), &policy).unwrap();
            for (space, result) in found.spaces().iter().enumerate() {
                for u in 0..net.units(space) {
                    for v in 0..u {
                        let works = |sign| signed_swap_changes_nothing(&net, space, (u, v), sign);
                        let stands = !entries(&net, space, u).is_empty();
                        let expected = works(1.0) || (stands && works(-1.0));
                        prop_assert_eq!(alike(result, u, v), expected, "{} {} in {:?}", u, v, net);
                    }
                }
            }
        }
    }

    #[test]
    fn scaled_units_are_found(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 8);
        prop_assume!(!recurrent(&net));
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, &NONZERO);
        let policy = EqualityPolicy::value().up_to_positive_scale();
        let before = twins_with(&net.spec, &net.views(), &policy).unwrap();
        for (space, result) in before.spaces().iter().enumerate() {
            for u in 0..net.units(space) {
                for v in 0..u {
                    let expected = proportional(&entries(&net, space, u), &entries(&net, space, v));
                    prop_assert_eq!(alike(result, u, v), expected, "{} {} in {:?}", u, v, net);
                }
            }
        }
        // Powers of two scale without rounding.
        let scaled = scale_units(rng, &net);
        let after = twins_with(&scaled.spec, &scaled.views(), &policy).unwrap();
        for (number, (a, b)) in before.spaces().iter().zip(after.spaces()).enumerate() {
            // Without incoming entries, the factor is 1.
            let incoming = |u| entries(&net, number, u).iter().any(|(_, role)| *role == Role::Output);
            if (0..net.units(number)).all(incoming) {
                prop_assert_eq!(a.partition(), b.partition());
            }
        }
    }

    #[test]
    fn silent_units_by_definition(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 8);
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, &[0.0, 1.0, 0.0, -0.0]);
        if rng.chance(2) {
            net.params.iter_mut().filter(|_| rng.chance(2)).for_each(|p| p.data.fill(0.0));
        }
        for policy in [EqualityPolicy::bits(), EqualityPolicy::value(), EqualityPolicy::within(0.5).unwrap()] {
            let found = twins_with(&net.spec, &net.views(), &policy).unwrap();
            for (space, result) in found.spaces().iter().enumerate() {
                let findings = result.findings().unwrap();
                for u in 0..net.units(space) {
                    let sides = sides(&net, space, u);
                    let zero = |side: &Option<Vec<f64>>| side.as_ref().is_some_and(|e| e.iter().all(|x| *x == 0.0));
                    let own_zero = sides[1].as_ref().is_none_or(|e| e.iter().all(|x| *x == 0.0));
                    let lists = [findings.no_incoming(), findings.constant(), findings.no_outgoing()];
                    let listed = lists.map(|l| l.contains(&UnitIndex::new(u).unwrap()));
                    let incoming = zero(&sides[0]);
                    prop_assert_eq!(
                        listed,
                        [incoming && own_zero, incoming && !own_zero, zero(&sides[2])],
                        "unit {} of space {} in {:?}", u, space, net
                    );
                }
            }
        }
    }
}

/// The incoming weights, own entries and outgoing weights of a unit; `None` if the space has no such parameter.
fn sides(net: &Net, space: usize, unit: usize) -> [Option<Vec<f64>>; 3] {
    let mut sides = [None, None, None];
    for (number, param) in net.params.iter().enumerate() {
        for (axis, of) in net.axes(number).iter().enumerate() {
            let Some((s, inner)) = of else { continue };
            if *s == space {
                let side = match net.spec.params()[number].axes()[axis].role {
                    Role::Output if param.shape.len() == 1 => 1,
                    Role::Output => 0,
                    _ => 2,
                };
                let of_unit = |flat: &usize| unflatten(*flat, &param.shape)[axis] / inner == unit;
                let list = (0..param.data.len()).filter(of_unit).map(|flat| param.data[flat]);
                sides[side].get_or_insert_with(Vec::new).extend(list);
            }
        }
    }
    sides
}

fn signed_swap_changes_nothing(net: &Net, space: usize, (u, v): (usize, usize), sign: f64) -> bool {
    let mut to: Vec<usize> = (0..net.units(space)).collect();
    to.swap(u, v);
    (0..net.params.len()).all(|number| {
        let axes = net.axes(number);
        let moved = net.permuted(number, space, &to);
        let Param { shape, data, .. } = &net.params[number];
        moved.iter().enumerate().all(|(flat, x)| {
            let times = unflatten(flat, shape)
                .iter()
                .zip(&axes)
                .filter(|(i, axis)| {
                    axis.is_some_and(|(s, inner)| s == space && [u, v].contains(&(*i / inner)))
                })
                .count();
            x * sign.powi(times as i32) == data[flat]
        })
    })
}

fn proportional(a: &[(f64, Role)], b: &[(f64, Role)]) -> bool {
    let incoming = |list: &[(f64, Role)]| {
        list.iter().find(|(_, role)| *role == Role::Output).map(|(x, _)| x.abs())
    };
    let (s, t) = (incoming(a).unwrap_or(1.0), incoming(b).unwrap_or(1.0));
    a.iter().zip(b).all(|(&(x, role), &(y, _))| match role {
        Role::Output => x / s == y / t,
        _ => x * s == y * t,
    })
}

fn scale_units(rng: &mut Rng, net: &Net) -> Net {
    let mut scaled = net.clone();
    let factors: Vec<Vec<f64>> = net
        .spec
        .spaces()
        .iter()
        .map(|space| (0..space.units()).map(|_| rng.pick(&[1.0, 2.0, 0.25, 1024.0])).collect())
        .collect();
    for (number, param) in scaled.params.iter_mut().enumerate() {
        let axes = net.axes(number);
        for (flat, x) in param.data.iter_mut().enumerate() {
            for (axis, (i, of)) in unflatten(flat, &param.shape).iter().zip(&axes).enumerate() {
                if let Some((s, inner)) = of {
                    let factor = factors[*s][i / inner];
                    let incoming = net.spec.params()[number].axes()[axis].role == Role::Output;
                    *x *= if incoming { factor } else { 1.0 / factor };
                }
            }
        }
    }
    scaled
}

/// In f32, exact ratios are distinguished from close ones: 1/3 is not 0.33333334.
#[test]
fn ratios_of_f32_are_exact() {
    let one_third = 1.0_f32 / 3.0;
    let weight = [1.0_f32, 3.0, 2.0, 6.0, one_third, 1.0, 0.1, 0.3];
    let views = [ParamView::new("w", &[4, 2], &weight).unwrap()];
    let spec = AxesSpec::builder()
        .space("h", 4)
        .param("w", [output("h"), input("")])
        .build(views.iter().map(ParamView::signature))
        .unwrap();
    let found = twins_with(&spec, &views, &EqualityPolicy::bits().up_to_positive_scale()).unwrap();
    let h = found.space("h").unwrap();
    assert!(alike(h, 0, 1) && !alike(h, 0, 2) && !alike(h, 0, 3));
}

#[test]
fn questions_that_need_roles_say_so() {
    let weight = [1.0_f32; 4];
    let views = [ParamView::new("w", &[2, 2], &weight).unwrap()];
    let spec = AxesSpec::builder()
        .space("h", 2)
        .param("w", [unknown_role("h"), unknown_role("")])
        .build(views.iter().map(ParamView::signature))
        .unwrap();
    assert!(twins(&spec, &views).unwrap().space("h").unwrap().findings().is_none());
    let error =
        twins_with(&spec, &views, &EqualityPolicy::bits().up_to_positive_scale()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "axis 0 of `w` ranges over `h` with unknown role; a comparison up to positive scale needs to know whether it \
         is an output or an input axis"
    );
    let error = constinit_symmetry::forward_lumpable(&spec, &views, &[]).unwrap_err();
    assert!(matches!(error, SymmetryError::UnknownRole { .. }));
    let spec = AxesSpec::builder()
        .space("h", 2)
        .param("w", [output("h"), input("h")])
        .build(views.iter().map(ParamView::signature))
        .unwrap();
    let error =
        twins_with(&spec, &views, &EqualityPolicy::bits().up_to_positive_scale()).unwrap_err();
    assert!(matches!(error, SymmetryError::Search(SearchError::ScaleOnTwoAxes { .. })));
}

/// A recurrent weight within a tolerance: near swaps are linked, and the spread is the largest change by a swap.
#[test]
fn tolerance_on_two_axes() {
    let mut weight = [0.0_f64; 16];
    (0..4).for_each(|u| weight[5 * u] = 1.0);
    weight[1] = 0.01;
    weight[15] = 1.5;
    let views = [ParamView::new("rnn.weight", &[4, 4], &weight).unwrap()];
    let spec = AxesSpec::builder()
        .space("h", 4)
        .param("rnn.weight", [output("h"), input("h")])
        .build(views.iter().map(ParamView::signature))
        .unwrap();
    let width = |tolerance| {
        let found = twins_with(&spec, &views, &EqualityPolicy::within(tolerance).unwrap()).unwrap();
        let h = found.space("h").unwrap();
        (h.effective_width(), h.largest_spread())
    };
    assert_eq!(width(0.0), (4, 0.0));
    assert_eq!(width(0.02), (2, 0.01));
    assert_eq!(width(0.6), (1, 0.5));
}
