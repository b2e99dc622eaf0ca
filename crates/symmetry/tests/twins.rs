//! Twins, checked by brute force over all swaps.

mod common;

use common::Rng;
use common::*;
use constinit_symmetry::{
    Comparison, Difference, EqualityPolicy, Findings, ParamView, Partition, Symmetry, TwinsCheck,
    twins, twins_with,
};
use proptest::prelude::*;

const PALETTE: [f64; 4] = [1.0, -1.0, 0.5, 2.0];
const TRAPS: [f64; 9] =
    [0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324, f64::MAX];

fn equal(policy: &EqualityPolicy, a: f64, b: f64) -> bool {
    match policy.comparison() {
        Comparison::Bits => a.to_bits() == b.to_bits() && !a.is_nan(),
        _ => a == b,
    }
}

/// Whether swapping u and v changes no parameter. Entries that do not move need not be equal to themselves (NaN).
fn swappable(net: &Net, space: usize, (u, v): (usize, usize), policy: &EqualityPolicy) -> bool {
    let mut to: Vec<usize> = (0..net.units(space)).collect();
    to.swap(u, v);
    (0..net.params.len()).all(|number| {
        let places: Vec<f64> = (0..net.params[number].data.len()).map(|i| i as f64).collect();
        let mut numbered = net.clone();
        numbered.params[number].data = places;
        let moved = numbered.permuted(number, space, &to);
        let data = &net.params[number].data;
        let touches = |flat: usize| {
            let index = unflatten(flat, &net.params[number].shape);
            index.iter().zip(net.axes(number)).any(|(i, axis)| {
                axis.is_some_and(|(s, inner)| s == space && (i / inner == u || i / inner == v))
            })
        };
        moved
            .iter()
            .enumerate()
            .all(|(flat, &from)| !touches(flat) || equal(policy, data[flat], data[from as usize]))
    })
}

fn check_against_swaps(net: &Net, policy: &EqualityPolicy) -> Symmetry {
    let found = twins_with(&net.spec, &net.views(), policy).unwrap();
    for (number, space) in found.spaces().iter().enumerate() {
        let units = net.units(number);
        assert_eq!(space.partition().units(), units);
        for u in 0..units {
            for v in 0..u {
                assert_eq!(
                    alike(space, u, v),
                    swappable(net, number, (u, v), policy),
                    "units {v} and {u} of {} under {policy:?} in {net:?}",
                    space.name()
                );
            }
        }
    }
    check_witnesses(net, &found);
    found
}

fn check_witnesses(net: &Net, found: &Symmetry) {
    for (number, space) in found.spaces().iter().enumerate() {
        let firsts: Vec<_> = space.partition().representatives().collect();
        assert_eq!(space.witnesses().len(), firsts.len().saturating_sub(1));
        for (witness, first) in space.witnesses().zip(firsts.iter().skip(1)) {
            let [u, v] = witness.units();
            assert!(u < v && v == *first && firsts.contains(&u));
            let Difference::Entries(entries) = witness.difference() else {
                panic!("sums of twins")
            };
            let param = &net.params[witness.param().get()];
            assert_eq!(param.path, witness.parameter());
            let [a, b] = entries.map(|entry| param.data[entry]);
            assert!(!equal(found.policy(), a, b), "a witness without a difference: {witness:?}");
            assert_eq!([a, b].map(f64::to_bits), witness.values().map(f64::to_bits));
            // The swap maps the two entries to each other, and each belongs to its unit.
            let axes = net.axes(witness.param().get());
            let [at_u, at_v] = entries.map(|entry| unflatten(entry, &param.shape));
            for ((i, j), axis) in at_u.iter().zip(&at_v).zip(axes) {
                match axis {
                    Some((s, inner)) if s == number => {
                        let swap = |x: usize| {
                            if x == u.get() {
                                v.get()
                            } else if x == v.get() {
                                u.get()
                            } else {
                                x
                            }
                        };
                        assert_eq!((swap(i / inner), i % inner), (j / inner, j % inner));
                    }
                    _ => assert_eq!(i, j),
                }
            }
            assert_ne!(at_u, at_v);
        }
    }
}

/// Checks known twins in the numbers of a network, passed in portions of random size.
fn checked(rng: &mut Rng, check: &TwinsCheck, net: &Net) -> Option<Vec<Option<Findings>>> {
    let mut pass = check.pass();
    for number in shuffle(rng, net.params.len()) {
        let Param { path, shape, data } = &net.params[number];
        let id = net.spec.param_id(path).unwrap();
        let row: usize = shape[1..].iter().product();
        let mut next = 0;
        while next < shape[0] {
            let rows = rng.between(1, shape[0] - next);
            let portion = &data[next * row..][..rows * row];
            let shape = [&[rows], &shape[1..]].concat();
            // Some frameworks store the last axis first.
            let turned: Vec<f64> =
                (0..rows * row).map(|k| portion[k % rows * row + k / rows]).collect();
            let view = match shape[..] {
                [_, _] if rng.chance(3) => ParamView::strided(path, &shape, &[1, rows], &turned),
                _ => ParamView::new(path, &shape, portion),
            };
            if !pass.rows(id, &view.unwrap()).unwrap() {
                return None;
            }
            next += rows;
        }
    }
    pass.end().unwrap()
}

/// The same check, as a device would make it: it compares each entry with the one that it must repeat. None if any
/// differs.
fn checked_condensed(check: &TwinsCheck, net: &Net) -> Option<Vec<Option<Findings>>> {
    let mut pass = check.pass();
    for Param { path, shape, data } in &net.params {
        let id = net.spec.param_id(path).unwrap();
        let along = check.repeated(id);
        assert_eq!(along.len(), shape.len());
        let of = |axis: usize, i: usize| along[axis].as_ref().map_or(i, |repeats| repeats[i]);
        let (mut first, mut repeats) = (Vec::new(), true);
        for flat in 0..data.len() {
            let index = unflatten(flat, shape);
            let target: Vec<usize> = index.iter().enumerate().map(|(a, i)| of(a, *i)).collect();
            let at = target.iter().zip(shape).fold(0, |at, (i, len)| at * len + i);
            if at == flat {
                first.push(data[flat]);
            }
            repeats &= data[at].to_bits() == data[flat].to_bits();
        }
        if !repeats {
            return None;
        }
        let left = |(axis, len): (usize, &usize)| (0..*len).filter(|i| of(axis, *i) == *i).count();
        let condensed: Vec<usize> = shape.iter().enumerate().map(left).collect();
        let view = ParamView::new(path, &condensed, &first).unwrap();
        pass.condensed(id, &view).unwrap();
        // A second call is an error.
        assert!(pass.condensed(id, &view).is_err());
    }
    pass.end().unwrap()
}

#[test]
fn known_twins_hold_exactly_where_they_are_found_again() {
    let (mut held, mut cut) = (0, 0);
    for seed in 0..6000 {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 12);
        let mut labels = plant(rng, &net);
        let few = rng.between(1, 3);
        labels.iter_mut().flatten().for_each(|label| *label %= few);
        let palette = if rng.chance(2) { &PALETTE[..] } else { &TRAPS };
        fill_by_labels(rng, &mut net, &labels, palette);
        let times = rng.below(2);
        disturb(rng, &mut net, times, &PALETTE);
        let known = twins(&net.spec, &net.views()).unwrap();
        let Some(check) = TwinsCheck::new(&known) else { continue };
        for _ in 0..3 {
            // All numbers change, and in some cases some of them independently.
            let times = rng.below(3);
            if rng.chance(3) {
                fill_by_labels(rng, &mut net, &labels, palette);
            }
            disturb(rng, &mut net, times, palette);
            let now = twins(&net.spec, &net.views()).unwrap();
            let same = known.refines(&now) && now.refines(&known);
            let found = checked(rng, &check, &net);
            assert_eq!(checked_condensed(&check, &net), found, "{net:?}");
            let any_nan = net.params.iter().flat_map(|param| &param.data).any(|x| x.is_nan());
            assert!(found.is_none() || same, "{net:?}");
            assert!(found.is_some() || !same || any_nan, "{net:?}");
            match found {
                Some(found) => {
                    let all: Vec<_> = now.spaces().iter().map(|s| s.findings().cloned()).collect();
                    assert_eq!(found, all, "{net:?}");
                    held += 1;
                }
                None => cut += 1,
            }
        }
    }
    assert!(held > 1000 && cut > 1000, "{held} held, {cut} did not");
}

#[test]
fn a_check_is_of_all_rows_of_the_parameters() {
    let rng = &mut Rng(1);
    let mut net = architecture(rng, 12);
    let labels: Vec<Vec<usize>> =
        net.spec.spaces().iter().map(|space| vec![0; space.units()]).collect();
    fill_by_labels(rng, &mut net, &labels, &PALETTE);
    let check = TwinsCheck::new(&twins(&net.spec, &net.views()).unwrap()).unwrap();
    let error = check.pass().end().unwrap_err().to_string();
    assert!(error.contains(&net.params[0].path), "{error}");
    let mut pass = check.pass();
    let id = net.spec.param_id(&net.params[0].path).unwrap();
    assert!(pass.rows(id, &net.views()[0]).unwrap());
    let error = pass.rows(id, &net.views()[0]).unwrap_err().to_string();
    assert!(error.contains(&net.params[0].path), "{error}");
    // A check works only for twins, bit for bit.
    let by_value = twins_with(&net.spec, &net.views(), &EqualityPolicy::value()).unwrap();
    assert!(TwinsCheck::new(&by_value).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn found_by_trying_all_swaps(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 6);
        let labels = plant(rng, &net);
        let palette = if rng.chance(2) { &PALETTE[..] } else { &TRAPS };
        fill_by_labels(rng, &mut net, &labels, palette);
        let times = rng.below(4);
        disturb(rng, &mut net, times, palette);
        let bits = check_against_swaps(&net, &EqualityPolicy::bits());
        let value = check_against_swaps(&net, &EqualityPolicy::value());
        prop_assert!(bits.refines(&value));
    }

    #[test]
    fn planted_classes_are_found(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 40);
        let labels = plant(rng, &net);
        // A different number for every combination of labels: in a space that some parameter has, only units of planted
        // classes can be equal.
        let palette: Vec<f64> = (0..1 << 12).map(|i| 1.0 + i as f64 / 4096.0).collect();
        fill_by_labels(rng, &mut net, &labels, &palette);
        let found = twins(&net.spec, &net.views()).unwrap();
        for (number, (space, labels)) in found.spaces().iter().zip(&labels).enumerate() {
            let planted = Partition::from_labels(labels).unwrap();
            prop_assert!(planted.refines(space.partition()));
            let entries = (0..net.params.len())
                .filter(|&p| net.axes(p).iter().flatten().any(|&(s, _)| s == number))
                .map(|p| net.params[p].data.len())
                .sum::<usize>();
            if entries > 30 * net.units(number) {
                prop_assert_eq!(space.partition(), &planted);
            }
        }
    }

    #[test]
    fn independent_of_the_order_of_units(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 12);
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, &TRAPS);
        disturb(rng, &mut net, 2, &TRAPS);
        let policies = [
            EqualityPolicy::bits(),
            EqualityPolicy::value(),
            EqualityPolicy::within(0.25).unwrap(),
            EqualityPolicy::bits().up_to_sign(),
        ];
        for policy in policies {
            let before = twins_with(&net.spec, &net.views(), &policy).unwrap();
            for space in 0..net.spec.spaces().len() {
                let to = shuffle(rng, net.units(space));
                let turned = net.permute(space, &to);
                let after = twins_with(&turned.spec, &turned.views(), &policy).unwrap();
                let (before, after) = (&before.spaces()[space], &after.spaces()[space]);
                for u in 0..to.len() {
                    for v in 0..u {
                        prop_assert_eq!(alike(before, u, v), alike(after, to[u], to[v]));
                    }
                }
                let mut moved: Vec<usize> = before.nans().iter().map(|n| to[n.unit.get()]).collect();
                moved.sort_unstable();
                let seen: Vec<usize> = after.nans().iter().map(|n| n.unit.get()).collect();
                prop_assert_eq!(moved, seen);
                prop_assert_eq!(before.largest_spread(), after.largest_spread());
            }
        }
    }
}
