//! Difficult cases for the refinement: late differences, special floats, extreme sizes, every layout and element type.

mod common;

use common::{Rng, shuffle};
use constinit_symmetry::{
    AxesSpec, Elements, EqualityPolicy, NamedAxis, ParamView, Partition, Symmetry, equitable,
    forward_lumpable, input, output, twins, twins_with,
};
use half::{bf16, f16};

fn spec_for(view: &ParamView<'_>, axis: usize, space: impl Into<NamedAxis>) -> AxesSpec {
    let space = space.into();
    let axes =
        (0..view.shape().len()).map(|n| if n == axis { output(space.clone()) } else { input("") });
    AxesSpec::builder()
        .infer_spaces()
        .param(view.path(), axes.collect::<Vec<_>>())
        .build([view.signature()])
        .unwrap()
}

fn search(view: ParamView<'_>, axis: usize, policy: &EqualityPolicy) -> Symmetry {
    twins_with(&spec_for(&view, axis, "h"), &[view], policy).unwrap()
}

fn widths<'a>(shape: &[usize], axis: usize, elements: impl Into<Elements<'a>>) -> [usize; 2] {
    let view = ParamView::new("w", shape, elements.into()).unwrap();
    [EqualityPolicy::bits(), EqualityPolicy::value()]
        .map(|policy| search(view.clone(), axis, &policy).effective_width("h").unwrap())
}

/// `units` equal rows or columns of `len` entries, with one entry of one unit replaced.
fn one_changed(
    units: usize,
    len: usize,
    (unit, at): (usize, usize),
    x: f32,
    y: f32,
    last: bool,
) -> Vec<f32> {
    let mut data = vec![x; units * len];
    data[if last { at * units + unit } else { unit * len + at }] = y;
    data
}

#[test]
fn one_entry_anywhere_is_seen() {
    let (units, len) = (5, 700);
    for at in [0, 1, 3, 4, 15, 16, 17, 63, 64, 255, 698, 699] {
        for unit in 0..units {
            for last in [false, true] {
                let data = one_changed(units, len, (unit, at), 1.0, 2.0, last);
                let shape = if last { [len, units] } else { [units, len] };
                let axis = usize::from(last);
                let view = ParamView::new("w", &shape, &data).unwrap();
                let found = search(view, axis, &EqualityPolicy::bits());
                let h = found.space("h").unwrap();
                let mut labels = vec![0; units];
                labels[unit] = 1;
                assert_eq!(h.partition(), &Partition::from_labels(&labels).unwrap());
                let witness = h.witnesses().next().unwrap();
                let entry = if last { at * units + unit } else { unit * len + at };
                let side = usize::from(unit != 0);
                let constinit_symmetry::Difference::Entries(entries) = witness.difference() else {
                    panic!("{witness:?}")
                };
                assert_eq!((entries[side], witness.values()[side]), (entry, 2.0));
                assert_eq!(h.witnesses().len(), 1);
            }
        }
    }
}

#[test]
fn float_traps() {
    let tiny = f32::from_bits(1);
    for (x, y, expected) in [
        (0.0, -0.0, [2, 1]),
        (tiny, 0.0, [2, 2]),
        (tiny, -tiny, [2, 2]),
        (tiny, f32::from_bits(2), [2, 2]),
        (f32::INFINITY, f32::MAX, [2, 2]),
        (f32::INFINITY, f32::NEG_INFINITY, [2, 2]),
        (f32::INFINITY, f32::INFINITY, [1, 1]),
        (1.0, f32::NAN, [2, 2]),
        (tiny, tiny, [1, 1]),
    ] {
        for len in [1, 5, 16, 100] {
            for last in [false, true] {
                let shape = if last { [len, 4] } else { [4, len] };
                let data = one_changed(4, len, (2, len - 1), x, y, last);
                assert_eq!(
                    widths(&shape, usize::from(last), &data),
                    expected,
                    "{x} {y} {len} {last}"
                );
                let data: Vec<f64> = data.into_iter().map(f64::from).collect();
                assert_eq!(
                    widths(&shape, usize::from(last), &data),
                    expected,
                    "{x} {y} {len} {last}"
                );
            }
        }
    }
}

#[test]
fn half_precision_traps() {
    let h = |bits: [u16; 6]| bits.map(f16::from_bits);
    assert_eq!(widths(&[6], 0, &h([0, 0x8000, 1, 0x7c00, 0x7c00, 0xfc00])), [5, 4]);
    assert_eq!(widths(&[6], 0, &h([0x7e00; 6])), [6, 6]);
    let b = |bits: [u16; 6]| bits.map(bf16::from_bits);
    assert_eq!(widths(&[6], 0, &b([0, 0x8000, 1, 0x7f80, 0x7f80, 0xff80])), [5, 4]);
    assert_eq!(widths(&[6], 0, &b([0x7fc0, 0x7fc1, 0xffc0, 1, 1, 1])), [4, 4]);
    // A NaN of f16 is a number in bf16.
    assert_eq!(widths(&[2], 0, &[bf16::from_bits(0x7e00); 2]), [1, 1]);
}

#[test]
fn a_nan_makes_its_unit_alone_and_is_reported() {
    for len in [1, 3, 20, 300] {
        for last in [false, true] {
            for payload in [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001)] {
                let mut data = one_changed(6, len, (1, len - 1), 1.0, payload, last);
                let other = if last { (len - 1) * 6 + 4 } else { 4 * len + len - 1 };
                data[other] = payload;
                let shape = if last { [len, 6] } else { [6, len] };
                let view = ParamView::new("w", &shape, &data).unwrap();
                for policy in [
                    EqualityPolicy::bits(),
                    EqualityPolicy::value(),
                    EqualityPolicy::within(9.0).unwrap(),
                    EqualityPolicy::bits().up_to_sign(),
                ] {
                    let found = search(view.clone(), usize::from(last), &policy);
                    let h = found.space("h").unwrap();
                    assert_eq!(
                        h.partition(),
                        &Partition::from_labels(&[0, 1, 0, 0, 2, 0]).unwrap()
                    );
                    let seen: Vec<(usize, bool)> =
                        h.nans().iter().map(|n| (n.unit.get(), data[n.entry].is_nan())).collect();
                    assert_eq!(seen, [(1, true), (4, true)], "{policy:?} {len} {last}");
                }
                // Every unit has a NaN: all are alone, and all are reported.
                let data = vec![payload; 6 * len];
                let view = ParamView::new("w", &shape, &data).unwrap();
                let found = search(view, usize::from(last), &EqualityPolicy::bits());
                assert_eq!(found.space("h").unwrap().nans().len(), 6);
                assert!(found.space("h").unwrap().partition().is_discrete());
            }
        }
    }
}

#[test]
fn a_million_units_of_one_weight() {
    let units = 1_000_000;
    let mut data = vec![0.25_f32; units];
    for axis in 0..2 {
        let shape = if axis == 0 { [units, 1] } else { [1, units] };
        assert_eq!(widths(&shape, axis, &data), [1, 1]);
        let view = ParamView::new("w", &shape, &data).unwrap();
        let spec = spec_for(&view, axis, "h");
        assert_eq!(equitable(&spec, &[view]).unwrap().effective_width("h"), Some(1));
    }
    data[999_999] = 0.5;
    data[500_000] = -0.25;
    assert_eq!(widths(&[units], 0, &data), [3, 3]);
    // All different.
    let data: Vec<f32> = (0..units).map(|u| u as f32).collect();
    assert_eq!(widths(&[units], 0, &data), [units, units]);
    // Pairs of equal units, far apart.
    let data: Vec<f32> = (0..units).map(|u| (u % (units / 2)) as f32).collect();
    assert_eq!(widths(&[units], 0, &data), [units / 2, units / 2]);
}

#[test]
fn nothing_and_one() {
    let none: [f32; 0] = [];
    for (shape, axis, expected) in [([0, 4], 0, 0), ([4, 0], 1, 0), ([3, 0], 0, 1), ([0, 3], 1, 1)]
    {
        assert_eq!(widths(&shape, axis, &none), [expected; 2]);
        let view = ParamView::new("w", &shape, &none).unwrap();
        let spec = spec_for(&view, axis, "h");
        let views = [view];
        assert_eq!(equitable(&spec, &views).unwrap().effective_width("h"), Some(expected));
        assert_eq!(
            forward_lumpable(&spec, &views, &[]).unwrap().effective_width("h"),
            Some(expected)
        );
        let within = twins_with(&spec, &views, &EqualityPolicy::within(1.0).unwrap()).unwrap();
        assert_eq!(within.effective_width("h"), Some(expected));
    }
    assert_eq!(widths(&[1, 3], 0, &[1.0_f32, 2.0, 3.0]), [1, 1]);
    assert_eq!(widths(&[1, 3], 0, &[f32::NAN; 3]), [1, 1]);
    // No parameters, no spaces.
    let spec = AxesSpec::builder().build([]).unwrap();
    assert!(twins(&spec, &[]).unwrap().spaces().is_empty());
    assert!(equitable(&spec, &[]).unwrap().spaces().is_empty());
    // A space that no parameter has: nothing distinguishes its units.
    let spec = AxesSpec::builder().space("h", 3).fixed_space("x", 3).build([]).unwrap();
    let found = twins(&spec, &[]).unwrap();
    assert_eq!((found.effective_width("h"), found.effective_width("x")), (Some(1), Some(3)));
}

/// The same network through every layout: transposed, sliced, broadcast, in every element type.
#[test]
fn every_layout_gives_one_answer() {
    let rng = &mut Rng(7);
    let (units, len) = (40, 33);
    let labels: Vec<usize> = (0..units).map(|_| rng.below(9)).collect();
    let entry = |u: usize, k: usize| {
        ((labels[u] * 31 + k * 7) % 5 + usize::from(k == 32 && labels[u] == 3)) as f32
    };
    let rows: Vec<f32> = (0..units * len).map(|at| entry(at / len, at % len)).collect();
    let columns: Vec<f32> = (0..units * len).map(|at| entry(at % units, at / units)).collect();
    let sparse: Vec<f32> = rows.iter().flat_map(|&x| [x, f32::NAN, f32::NAN]).collect();
    let expected =
        search(ParamView::new("w", &[units, len], &rows).unwrap(), 0, &EqualityPolicy::bits());
    let expected = expected.space("h").unwrap().partition().clone();
    assert!(expected.len() > 3 && expected.len() < 10);
    let doubles: Vec<f64> = rows.iter().map(|&x| x.into()).collect();
    let halves: Vec<f16> = rows.iter().map(|&x| f16::from_f32(x)).collect();
    let brains: Vec<bf16> = rows.iter().map(|&x| bf16::from_f32(x)).collect();
    let views = [
        (ParamView::new("w", &[len, units], &columns).unwrap(), 1),
        (ParamView::strided("w", &[len, units], &[1, len], &rows).unwrap(), 1),
        (ParamView::strided("w", &[units, len], &[1, units], &columns).unwrap(), 0),
        (ParamView::strided("w", &[units, len], &[3 * len, 3], &sparse).unwrap(), 0),
        (ParamView::strided("w", &[len, units], &[3, 3 * len], &sparse).unwrap(), 1),
        (ParamView::strided("w", &[units, 4, len], &[len, 0, 1], &rows).unwrap(), 0),
        (ParamView::new("w", &[units, 3, 11], &rows).unwrap(), 0),
        (ParamView::new("w", &[3, 11, units], &columns).unwrap(), 2),
        (ParamView::new("w", &[units, len], &doubles).unwrap(), 0),
        (ParamView::new("w", &[units, len], &halves).unwrap(), 0),
        (ParamView::new("w", &[units, len], &brains).unwrap(), 0),
    ];
    for (view, axis) in views {
        for policy in
            [EqualityPolicy::bits(), EqualityPolicy::value(), EqualityPolicy::within(0.0).unwrap()]
        {
            let found = search(view.clone(), axis, &policy);
            assert_eq!(found.space("h").unwrap().partition(), &expected, "{:?}", view.strides());
        }
        let found = equitable(&spec_for(&view, axis, "h"), std::slice::from_ref(&view)).unwrap();
        assert_eq!(found.space("h").unwrap().partition(), &expected, "{:?}", view.strides());
    }
}

/// A flattened axis: units are blocks of neighbouring entries.
#[test]
fn flattened_units() {
    let columns = [1.0_f32, 2.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 3.0, 4.0];
    let view = ParamView::new("w", &[2, 6], &columns).unwrap();
    let spec = spec_for(&view, 1, NamedAxis::flattened("h", 2));
    let found = twins(&spec, &[view]).unwrap();
    assert_eq!(found.space("h").unwrap().partition(), &Partition::from_labels(&[0, 1, 0]).unwrap());
}

/// For large recurrent weights the search uses pivots: it must find planted classes.
#[test]
fn wide_recurrent_weights() {
    let rng = &mut Rng(3);
    for (units, classes) in [(100, 1), (100, 7), (150, 90)] {
        let labels: Vec<usize> = (0..units).map(|_| rng.below(classes)).collect();
        let spec = AxesSpec::builder().space("h", units).param("w", [output("h"), input("h")]);
        let spec = spec.build([("w", &[units, units][..])]).unwrap();
        let mut data = vec![0.0_f32; units * units];
        for i in 0..units {
            for j in 0..units {
                // One diagonal value for all units, so only off-diagonal entries distinguish classes.
                data[i * units + j] =
                    if i == j { 9.0 } else { (labels[i] * classes + labels[j]) as f32 };
            }
        }
        let width = |data: &[f32]| {
            let view = ParamView::new("w", &[units, units], data).unwrap();
            twins(&spec, &[view]).unwrap().space("h").unwrap().partition().clone()
        };
        assert_eq!(width(&data), Partition::from_labels(&labels).unwrap());
        // In an identity matrix all units are twins; one entry off the diagonal separates its two units from them.
        let mut identity: Vec<f32> =
            (0..units * units).map(|at| f32::from(at % (units + 1) == 0)).collect();
        assert_eq!(width(&identity).len(), 1);
        let (u, v) = (2, 77);
        identity[u * units + v] = 0.5;
        assert_eq!(width(&identity).len(), 3);
        identity[v * units + u] = 0.5;
        assert_eq!(width(&identity).len(), 2, "u and v are twins of each other");
        // A cyclic shift has no twins.
        let shift: Vec<f32> = (0..units * units)
            .map(|at| f32::from((at / units + 1) % units == at % units))
            .collect();
        assert!(width(&shift).is_discrete());
    }
}

/// Three axes over one space, checked against the definition of a swap.
#[test]
fn three_axes_over_one_space() {
    let n = 4;
    let spec = AxesSpec::builder().space("h", n).param("t", [output("h"), input("h"), input("h")]);
    let spec = spec.build([("t", &[n, n, n][..])]).unwrap();
    for seed in 0..300 {
        let rng = &mut Rng(seed);
        let labels: Vec<usize> = (0..n).map(|_| rng.below(2)).collect();
        let mut data: Vec<f64> = (0..n * n * n)
            .map(|at| {
                let [i, j, k] = [at / 16, at / 4 % 4, at % 4];
                let pattern =
                    usize::from(i == j) + 2 * usize::from(j == k) + 4 * usize::from(i == k);
                ((labels[i] + 2 * labels[j] + 4 * labels[k] + 8 * pattern) % 7) as f64
            })
            .collect();
        if rng.chance(2) {
            data[rng.below(64)] = 5.0;
        }
        let view = ParamView::new("t", &[n, n, n], &data).unwrap();
        let found = twins(&spec, &[view]).unwrap();
        for u in 0..n {
            for v in 0..u {
                let image = |i: usize| {
                    if i == u {
                        v
                    } else if i == v {
                        u
                    } else {
                        i
                    }
                };
                let kept = (0..64).all(|at| {
                    let [i, j, k] = [at / 16, at / 4 % 4, at % 4].map(image);
                    data[at] == data[16 * i + 4 * j + k]
                });
                assert_eq!(common::alike(found.space("h").unwrap(), u, v), kept);
            }
        }
    }
}

/// Classes that differ only late and in pairs, in an order without pattern.
#[test]
fn many_small_classes() {
    let rng = &mut Rng(11);
    let (units, len) = (600, 130);
    let order = shuffle(rng, units);
    let labels: Vec<usize> = order.iter().map(|u| u / 3).collect();
    for last in [false, true] {
        let entry =
            |u: usize, k: usize| if k == 129 - labels[u] % 120 { labels[u] as f32 } else { 1.0 };
        let data: Vec<f32> = (0..units * len)
            .map(|at| if last { entry(at % units, at / units) } else { entry(at / len, at % len) })
            .collect();
        let shape = if last { [len, units] } else { [units, len] };
        let view = ParamView::new("w", &shape, &data).unwrap();
        let found = search(view, usize::from(last), &EqualityPolicy::bits());
        let expected = Partition::from_labels(&labels);
        assert_eq!(found.space("h").unwrap().partition(), &expected.unwrap());
    }
}

/// Units with the same NaN; behind it, some agree with each other and not with the first unit.
#[test]
fn a_nan_before_a_common_difference() {
    for len in [2, 17, 40, 100] {
        for nan in 0..len - 1 {
            let mut data = vec![1.0_f32; 4 * len];
            for unit in 0..4 {
                data[unit * len + nan] = f32::NAN;
                data[unit * len + nan + 1] = if unit == 0 { 1.0 } else { 2.0 };
            }
            let view = ParamView::new("w", &[4, len], &data).unwrap();
            let found = search(view, 0, &EqualityPolicy::bits());
            let h = found.space("h").unwrap();
            assert!(h.partition().is_discrete(), "{len} {nan}");
            let seen: Vec<usize> = h.nans().iter().map(|seen| seen.entry % len).collect();
            assert_eq!(seen, [nan; 4]);
        }
    }
}
