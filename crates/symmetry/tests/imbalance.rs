//! Imbalances, checked against their definition on random architectures.

mod common;

use common::{Net, Rng};
use constinit_symmetry::{Symmetry, equitable, imbalances};
use std::collections::HashMap;

/// The imbalances by the definition: the sums of every unit, with their places as keys.
fn by_definition(net: &Net, found: &Symmetry) -> Vec<f64> {
    let label = |space: usize, unit: usize| found.spaces()[space].partition().labels()[unit].get();
    let mut widest = vec![0.0_f64; found.spaces().len()];
    for (number, param) in net.params.iter().enumerate() {
        let axes = net.axes(number);
        for (along, axis) in axes.iter().enumerate() {
            let Some((space, inner)) = *axis else { continue };
            let mut sums: HashMap<(usize, Vec<usize>), f64> = HashMap::new();
            for (flat, x) in param.data.iter().enumerate() {
                let index = common::unflatten(flat, &param.shape);
                let unit = index[along] / inner;
                let place = index.iter().zip(&axes).enumerate().map(|(k, (&i, axis))| match axis {
                    _ if k == along => i % inner,
                    Some((space, inner)) => label(*space, i / inner) * 1000 + i % inner,
                    None => i,
                });
                *sums.entry((unit, place.collect())).or_default() += x;
            }
            for ((u, place), a) in &sums {
                for v in 0..net.units(space) {
                    if label(space, v) == label(space, *u) {
                        let b = sums[&(v, place.clone())];
                        widest[space] = widest[space].max((a - b).abs());
                    }
                }
            }
        }
    }
    widest
}

#[test]
fn equitable_classes_have_none_and_disturbed_ones_what_the_definition_says() {
    let mut rng = Rng(41);
    // Multiples of 1/4: their sums are exact.
    let palette = [-1.0, -0.25, 0.0, 0.5, 0.75, 2.0];
    let mut disturbed = 0;
    for _ in 0..300 {
        let mut net = common::architecture(&mut rng, 5);
        let labels = common::plant(&mut rng, &net);
        common::fill_by_labels(&mut rng, &mut net, &labels, &palette);
        common::deviate(&mut rng, &mut net, &labels, 6);
        let found = equitable(&net.spec, &net.views()).unwrap();
        assert!(imbalances(&found, &net.views()).unwrap().iter().all(|x| *x == 0.0));
        common::disturb(&mut rng, &mut net, 3, &palette);
        let after = imbalances(&found, &net.views()).unwrap();
        assert_eq!(after, by_definition(&net, &found));
        disturbed += usize::from(after.iter().any(|x| *x > 0.0));
    }
    assert!(disturbed > 50, "{disturbed}");
}

#[test]
fn a_sum_that_is_no_number_is_infinitely_far() {
    let mut rng = Rng(42);
    let mut net = common::architecture(&mut rng, 4);
    while net.units(0) < 2 {
        net = common::architecture(&mut rng, 4);
    }
    let found = equitable(&net.spec, &net.views()).unwrap();
    let first = net.axes(0).iter().position(Option::is_some);
    assert!(first.is_some() && !net.params[0].data.is_empty());
    net.params[0].data[0] = f64::NAN;
    let space = net.axes(0)[first.unwrap()].unwrap().0;
    assert_eq!(imbalances(&found, &net.views()).unwrap()[space], f64::INFINITY);
}
