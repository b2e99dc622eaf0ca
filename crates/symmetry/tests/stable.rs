//! Equitable and forward-lumpable partitions, checked by brute force over all set partitions.

mod common;

use std::collections::BTreeMap;

use common::Rng;
use common::*;
use constinit_symmetry::{
    AxesSpec, EqualityPolicy, Partition, Role, SearchError, Symmetry, SymmetryError, SymmetryKind,
    equitable, forward_lumpable, twins, twins_with, unknown_role,
};
use proptest::prelude::*;

/// Sums of these are exact in f64, so the naive sums below are right.
const SMALL: [f64; 3] = [1.0, 2.0, -1.0];
const TWO: [f64; 2] = [0.5, 1.0];

/// All set partitions of n units as labels.
fn set_partitions(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for _ in 0..n {
        all = all
            .into_iter()
            .flat_map(|labels: Vec<usize>| {
                let next = labels.iter().max().map_or(0, |m| m + 1);
                (0..=next).map(move |l| labels.iter().copied().chain([l]).collect())
            })
            .collect();
    }
    all
}

/// The sums of a unit along one axis, for every combination of classes and fixed indices of the other axes.
fn sums(
    net: &Net,
    param: usize,
    target: usize,
    unit: usize,
    labels: &[Vec<usize>],
) -> BTreeMap<Vec<usize>, f64> {
    let axes = net.axes(param);
    let mut sums = BTreeMap::new();
    for (flat, &x) in net.params[param].data.iter().enumerate() {
        let index = unflatten(flat, &net.params[param].shape);
        let (_, inner) = axes[target].unwrap();
        if index[target] / inner != unit {
            continue;
        }
        let key = index
            .iter()
            .zip(&axes)
            .enumerate()
            .flat_map(|(number, (i, axis))| match axis {
                Some((_, inner)) if number == target => [0, i % inner],
                Some((s, inner)) => [labels[*s][i / inner], i % inner],
                None => [0, *i],
            })
            .collect();
        *sums.entry(key).or_insert(0.0) += x;
    }
    sums
}

fn stable(net: &Net, labels: &[Vec<usize>], forward: bool) -> bool {
    (0..net.params.len()).all(|param| {
        net.axes(param).iter().enumerate().all(|(target, axis)| {
            let Some((space, _)) = axis else { return true };
            if forward && net.spec.params()[param].axes()[target].role != Role::Output {
                return true;
            }
            let of: Vec<_> =
                (0..net.units(*space)).map(|u| sums(net, param, target, u, labels)).collect();
            let labels = &labels[*space];
            (0..labels.len()).all(|u| (0..u).all(|v| labels[u] != labels[v] || of[u] == of[v]))
        })
    })
}

fn finer(fine: &[usize], coarse: &[usize]) -> bool {
    (0..fine.len()).all(|u| (0..u).all(|v| fine[u] != fine[v] || coarse[u] == coarse[v]))
}

fn labels_of(found: &Symmetry) -> Vec<Vec<usize>> {
    found
        .spaces()
        .iter()
        .map(|s| s.partition().labels().iter().map(|c| c.get()).collect())
        .collect()
}

fn check_coarsest(net: &Net, found: &Symmetry, forward: bool) {
    let labels = labels_of(found);
    assert!(stable(net, &labels, forward), "not stable: {labels:?} in {net:?}");
    let mut tuples: Vec<Vec<Vec<usize>>> = vec![vec![]];
    for space in net.spec.spaces() {
        let all = if space.is_fixed() {
            vec![(0..space.units()).collect()]
        } else {
            set_partitions(space.units())
        };
        tuples = tuples
            .into_iter()
            .flat_map(|t| {
                all.iter()
                    .map(move |p| t.iter().cloned().chain([p.clone()]).collect())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    for tuple in tuples {
        if !tuple.iter().zip(&labels).all(|(fine, coarse)| finer(fine, coarse)) {
            assert!(
                !stable(net, &tuple, forward),
                "{tuple:?} is coarser than {labels:?} in {net:?}"
            );
        }
    }
}

/// A network that is small enough to try all partitions of all its spaces.
///
/// Two spaces of 6 units have 203² pairs of partitions.
fn tiny(rng: &mut Rng) -> Net {
    let tuples = if rng.chance(60) { 203 * 203 } else { 1500 };
    loop {
        let net = architecture(rng, 6);
        let number: usize =
            net.spec.spaces().iter().map(|s| set_partitions(s.units()).len()).product();
        if number <= tuples {
            return net;
        }
    }
}

fn fill(rng: &mut Rng, net: &mut Net) {
    let palette = if rng.chance(2) { &SMALL[..] } else { &TWO };
    let labels = plant(rng, net);
    fill_by_labels(rng, net, &labels, palette);
    let times = rng.below(8);
    deviate(rng, net, &labels, times);
    let times = rng.below(3) * rng.below(2);
    disturb(rng, net, times, palette);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    #[test]
    fn coarsest_of_all_partitions(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = tiny(rng);
        fill(rng, &mut net);
        check_coarsest(&net, &equitable(&net.spec, &net.views()).unwrap(), false);
    }

    #[test]
    fn coarsest_forward_of_all_partitions(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = tiny(rng);
        fill(rng, &mut net);
        match forward_lumpable(&net.spec, &net.views(), &[]) {
            Ok(found) => check_coarsest(&net, &found, true),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_kind_refines_the_next(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 20);
        let palette = [0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1, 1e300];
        let palette = if rng.chance(2) { &SMALL[..] } else { &palette };
        let labels = plant(rng, &net);
        fill_by_labels(rng, &mut net, &labels, palette);
        let times = rng.below(30);
        deviate(rng, &mut net, &labels, times);
        let times = rng.below(4) * rng.below(2);
        disturb(rng, &mut net, times, palette);
        let bits = twins(&net.spec, &net.views()).unwrap();
        let value = twins_with(&net.spec, &net.views(), &EqualityPolicy::value()).unwrap();
        let equitable = equitable(&net.spec, &net.views()).unwrap();
        let forward = forward_lumpable(&net.spec, &net.views(), &[]).unwrap();
        prop_assert_eq!(
            [bits.kind(), equitable.kind(), forward.kind()],
            [SymmetryKind::Twins, SymmetryKind::Equitable, SymmetryKind::ForwardLumpable]
        );
        prop_assert!(bits.refines(&value));
        prop_assert!(value.refines(&equitable), "{:?}", net);
        prop_assert!(equitable.refines(&forward));
        for space in equitable.spaces() {
            let twin = value.space(space.name()).unwrap().partition();
            for (number, class) in space.partition().classes().enumerate() {
                let all = class.iter().all(|&u| twin.alike(u, class[0]));
                prop_assert_eq!(space.is_twin_class(space.partition().labels()[class[0].get()]), all);
                let _ = number;
            }
            prop_assert_eq!(space.witnesses().len() + 1, space.partition().len().max(1));
        }
    }

    #[test]
    fn independent_of_the_order_of_units(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = architecture(rng, 10);
        fill(rng, &mut net);
        let before = equitable(&net.spec, &net.views()).unwrap();
        let forward = forward_lumpable(&net.spec, &net.views(), &[]).unwrap();
        for space in 0..net.spec.spaces().len() {
            let to = shuffle(rng, net.units(space));
            let turned = net.permute(space, &to);
            for (before, after) in [
                (&before, equitable(&turned.spec, &turned.views()).unwrap()),
                (&forward, forward_lumpable(&turned.spec, &turned.views(), &[]).unwrap()),
            ] {
                for (number, (before, after)) in before.spaces().iter().zip(after.spaces()).enumerate() {
                    if number == space {
                        for u in 0..to.len() {
                            for v in 0..u {
                                prop_assert_eq!(alike(before, u, v), alike(after, to[u], to[v]));
                            }
                        }
                    } else {
                        prop_assert_eq!(before.partition(), after.partition());
                    }
                }
            }
        }
    }
}

/// Two parameters with three axes and two with two axes, over any of three spaces; all numbers are 0.
fn tensors(rng: &mut Rng) -> Net {
    let names = ["a", "b", "c"];
    let sizes: Vec<usize> = names.iter().map(|_| rng.between(1, 4)).collect();
    let mut spec = AxesSpec::builder();
    for (name, units) in names.iter().zip(&sizes) {
        spec = spec.space(*name, *units);
    }
    let mut params = Vec::new();
    for (number, rank) in [3, 3, 2, 2].into_iter().enumerate() {
        let axes: Vec<usize> = (0..rank).map(|_| rng.below(3)).collect();
        let path = format!("p{number}");
        spec = spec.param(path.as_str(), axes.iter().map(|&space| unknown_role(names[space])));
        let shape: Vec<usize> = axes.iter().map(|&space| sizes[space]).collect();
        params.push(Param { path, data: vec![0.0; shape.iter().product()], shape });
    }
    let spec = spec.build(params.iter().map(|p| (p.path.as_str(), &p.shape[..]))).unwrap();
    Net { spec, params }
}

/// Fills [`tensors`] with numbers that depend on labels, adds deviations whose sums over classes vanish, and sometimes
/// changes entries.
fn fill_tensors(rng: &mut Rng, net: &mut Net) {
    let labels = plant(rng, net);
    fill_by_labels(rng, net, &labels, &SMALL);
    for number in 0..net.params.len() {
        let axes = net.axes(number);
        let shape = net.params[number].shape.clone();
        for _ in 0..rng.below(4) {
            let pairs: Vec<[usize; 2]> = axes
                .iter()
                .map(|axis| {
                    let labels = &labels[axis.unwrap().0];
                    let u = rng.below(labels.len());
                    let alike: Vec<usize> =
                        (0..labels.len()).filter(|&v| labels[v] == labels[u]).collect();
                    [u, rng.pick(&alike)]
                })
                .collect();
            for corner in 0..1_usize << shape.len() {
                let chosen = |axis: usize| corner >> axis & 1;
                let index: Vec<usize> =
                    (0..shape.len()).map(|axis| pairs[axis][chosen(axis)]).collect();
                let sign = if corner.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
                net.params[number].data[flatten(&index, &shape)] += sign;
            }
        }
    }
    let times = rng.below(3) * rng.below(2);
    disturb(rng, net, times, &SMALL);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn coarsest_of_all_partitions_where_parameters_have_three_axes(seed: u64) {
        let rng = &mut Rng(seed);
        let mut net = tensors(rng);
        fill_tensors(rng, &mut net);
        check_coarsest(&net, &equitable(&net.spec, &net.views()).unwrap(), false);
    }
}

#[test]
fn random_parameters_of_three_axes_have_classes_that_are_not_twins() {
    let found = (0..1200).filter(|&seed| {
        let rng = &mut Rng(seed);
        let mut net = tensors(rng);
        fill_tensors(rng, &mut net);
        let twins = twins(&net.spec, &net.views()).unwrap();
        !equitable(&net.spec, &net.views()).unwrap().refines(&twins)
    });
    let found = found.count();
    assert!(found >= 40, "{found}");
}

/// The tests above are meaningful only if classes occur that are not twins.
#[test]
fn random_networks_have_classes_that_are_not_twins() {
    let (mut equitable_only, mut forward_only) = (0, 0);
    for seed in 0..1200 {
        let rng = &mut Rng(seed);
        let mut net = tiny(rng);
        fill(rng, &mut net);
        let twins = twins(&net.spec, &net.views()).unwrap();
        let equitable = equitable(&net.spec, &net.views()).unwrap();
        let forward = forward_lumpable(&net.spec, &net.views(), &[]).unwrap();
        equitable_only += usize::from(!equitable.refines(&twins));
        forward_only += usize::from(!forward.refines(&equitable));
    }
    assert!(equitable_only >= 40 && forward_only >= 60, "{equitable_only} {forward_only}");
}

#[test]
fn a_forward_pass_starts_from_the_input_partition() {
    use constinit_symmetry::{AxesSpec, ParamView, layers};
    // Unit 0 reads inputs 0 and 1 with the weights 1 and 2, unit 1 with 2 and 1: they are equal if the two inputs are.
    let weight = [1.0_f64, 2.0, 5.0, 2.0, 1.0, 5.0];
    let views = [ParamView::new("l.weight", &[2, 3], &weight).unwrap()];
    let build = |fixed: bool| {
        let spec = AxesSpec::builder().space("h", 2);
        let spec = if fixed { spec.fixed_space("x", 3) } else { spec.space("x", 3) };
        spec.layer(layers::dense("l", "x", "h").without_bias())
            .build(views.iter().map(ParamView::signature))
            .unwrap()
    };
    let width = |spec: &AxesSpec, labels: &[usize]| {
        let partition = Partition::from_labels(labels).unwrap();
        let found = forward_lumpable(spec, &views, &[("x", partition.clone())]).unwrap();
        assert_eq!(found.space("x").unwrap().partition(), &partition);
        found.effective_width("h").unwrap()
    };
    for spec in [build(false), build(true)] {
        assert_eq!(width(&spec, &[0, 0, 1]), 1);
        assert_eq!(width(&spec, &[0, 0, 0]), 1);
        assert_eq!(width(&spec, &[0, 1, 1]), 2);
        assert_eq!(width(&spec, &[0, 1, 2]), 2);
    }
    assert_eq!(forward_lumpable(&build(true), &views, &[]).unwrap().effective_width("h"), Some(2));
    let error = forward_lumpable(&build(false), &views, &[]).unwrap_err();
    assert_eq!(
        error,
        SymmetryError::Search(SearchError::MissingInputPartition { space: "x".into() })
    );
    let short = [("x", Partition::discrete(2).unwrap())];
    let error = forward_lumpable(&build(true), &views, &short).unwrap_err();
    assert!(matches!(
        error,
        SymmetryError::Search(SearchError::InputPartitionSize { units: 3, found: 2, .. })
    ));
    let other = [("y", Partition::discrete(2).unwrap())];
    assert!(matches!(
        forward_lumpable(&build(true), &views, &other),
        Err(SymmetryError::Search(SearchError::UnknownInputSpace { .. }))
    ));
}
