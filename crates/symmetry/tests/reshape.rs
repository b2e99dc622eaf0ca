//! Merging, splitting and separating units: the function stays the same, and splitting can be undone.

mod common;

use common::{Net, Param, Rng, architecture, disturb, fill_by_labels, plant, unflatten};
use constinit_symmetry::{
    AxesSpec, NamedAxis, Obstacle, OwnedElements, OwnedParam, ParamView, ParameterError, Partition,
    Role, Shares, SurgeryError, Symmetry, SymmetryError, break_symmetry, collapse, equitable,
    forward_lumpable, input, layers, output, quotient, twins, unknown_role, widen,
};
use half::{bf16, f16};
use num_rational::BigRational;
use num_traits::Zero;

fn views(params: &[OwnedParam]) -> Vec<ParamView<'_>> {
    params.iter().map(OwnedParam::view).collect()
}

/// The network in another type of numbers.
fn owned<T>(net: &Net, number: impl Fn(f64) -> T) -> Vec<OwnedParam>
where
    for<'a> &'a Vec<T>: Into<constinit_symmetry::Elements<'a>>,
{
    net.params
        .iter()
        .map(|param| {
            let data: Vec<T> = param.data.iter().map(|&x| number(x)).collect();
            OwnedParam::from(&ParamView::new(&param.path, &param.shape, &data).unwrap())
        })
        .collect()
}

fn in_every_type(net: &Net) -> [Vec<OwnedParam>; 4] {
    [
        owned(net, |x| x),
        owned(net, |x| x as f32),
        owned(net, f16::from_f64),
        owned(net, bf16::from_f64),
    ]
}

fn assert_same(found: &[OwnedParam], expected: &[OwnedParam], case: u64) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.view().signature(), expected.view().signature(), "case {case}");
        let bits = |param: &OwnedParam| -> Vec<u64> {
            param.view().to_f64().iter().map(|x| x.to_bits()).collect()
        };
        assert_eq!(bits(found), bits(expected), "case {case}: {}", found.path());
        assert_eq!(
            std::mem::discriminant(found.elements()),
            std::mem::discriminant(expected.elements())
        );
    }
}

/// A chain of dense layers with a bias each: weights `[output][input]`.
struct Chain {
    widths: Vec<usize>,
    spec: AxesSpec,
    params: Vec<OwnedParam>,
}

fn spec_of_chain(widths: &[usize]) -> AxesSpec {
    let name = |k: usize| {
        if k == 0 || k == widths.len() - 1 { String::new() } else { format!("h{k}") }
    };
    let mut builder = AxesSpec::builder();
    let mut shapes = Vec::new();
    for k in 1..widths.len() {
        if k + 1 < widths.len() {
            builder = builder.space(name(k), widths[k]);
        }
        builder = builder.layer(layers::dense(&format!("l{k}"), name(k - 1), name(k)));
        shapes.push((format!("l{k}.weight"), vec![widths[k], widths[k - 1]]));
        shapes.push((format!("l{k}.bias"), vec![widths[k]]));
    }
    builder.build(shapes.iter().map(|(path, shape)| (path.as_str(), &shape[..]))).unwrap()
}

/// `incoming`: how many different units each hidden layer has by its incoming weights and biases.
fn chain(rng: &mut Rng, single: bool) -> Chain {
    let layers = rng.between(2, 4);
    let widths: Vec<usize> = (0..=layers).map(|_| rng.between(1, 9)).collect();
    let spec = spec_of_chain(&widths);
    let mut params = Vec::new();
    for (k, pair) in widths.windows(2).enumerate() {
        let kinds = rng.between(1, 4);
        let kind: Vec<usize> = (0..pair[1]).map(|_| rng.below(kinds)).collect();
        let last = k + 1 == layers;
        let of_kind = rng.uniform(kinds * pair[0]);
        let own = rng.uniform(pair[0] * pair[1]);
        let entry = |i: usize, j: usize| match last {
            true => own[i * pair[0] + j],
            false => of_kind[kind[i] * pair[0] + j],
        };
        let weight: Vec<f64> = (0..pair[1])
            .flat_map(|i| (0..pair[0]).map(move |j| (i, j)))
            .map(|(i, j)| entry(i, j))
            .collect();
        let bias_of_kind = rng.uniform(kinds);
        let bias: Vec<f64> = kind.iter().map(|&kind| bias_of_kind[kind]).collect();
        for (name, shape, data) in
            [("weight", &[pair[1], pair[0]][..], weight), ("bias", &[pair[1]], bias)]
        {
            let path = format!("l{}.{name}", k + 1);
            params.push(if single {
                let data: Vec<f32> = data.iter().map(|&x| x as f32).collect();
                OwnedParam::from(&ParamView::new(&path, shape, &data).unwrap())
            } else {
                OwnedParam::from(&ParamView::new(&path, shape, &data).unwrap())
            });
        }
    }
    Chain { widths, spec, params }
}

/// The outputs of a chain in plain loops, in f64.
fn forward(params: &[OwnedParam], x: &[f64]) -> Vec<f64> {
    let mut a = x.to_vec();
    for (k, pair) in params.chunks(2).enumerate() {
        let (weight, bias) = (pair[0].view().to_f64(), pair[1].view().to_f64());
        let z = bias.iter().enumerate().map(|(i, b)| {
            let terms = a.iter().enumerate().map(|(j, a)| weight[i * a_len(&pair[0]) + j] * a);
            b + terms.sum::<f64>()
        });
        let last = 2 * (k + 1) == params.len();
        a = z.map(|z| if last { z } else { z.tanh() }).collect();
    }
    a
}

fn a_len(weight: &OwnedParam) -> usize {
    weight.shape()[1]
}

/// The same, with every operation rounded to single precision.
fn forward_single(params: &[OwnedParam], x: &[f64]) -> Vec<f64> {
    let mut a: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    for (k, pair) in params.chunks(2).enumerate() {
        let (weight, bias) = (pair[0].view().to_f64(), pair[1].view().to_f64());
        let inputs = a.len();
        let z = bias.iter().enumerate().map(|(i, b)| {
            let row = &weight[i * inputs..][..inputs];
            row.iter().zip(&a).fold(*b as f32, |z, (w, a)| z + *w as f32 * a)
        });
        let last = 2 * (k + 1) == params.len();
        a = z.map(|z| if last { z } else { z.tanh() }).collect();
    }
    a.into_iter().map(f64::from).collect()
}

/// The largest difference of outputs over a few random inputs, relative to the largest output.
fn difference(
    rng: &mut Rng,
    a: &[OwnedParam],
    b: &[OwnedParam],
    inputs: usize,
    single: bool,
) -> f64 {
    let run = if single { forward_single } else { forward };
    let mut worst = 0.0_f64;
    for _ in 0..5 {
        let x = rng.uniform(inputs);
        let (y, z) = (run(a, &x), run(b, &x));
        assert_eq!(y.len(), z.len());
        let largest = y.iter().fold(1.0_f64, |m, y| m.max(y.abs()));
        worst = y.iter().zip(&z).fold(worst, |w, (y, z)| w.max((y - z).abs() / largest));
    }
    worst
}

#[test]
fn the_function_is_kept_in_plain_loops() {
    let mut merged_somewhere = 0;
    for case in 0..200 {
        let mut rng = Rng(case);
        let single = case % 2 == 1;
        let bound = if single { 1e-6 } else { 1e-13 };
        let Chain { widths, spec, params } = chain(&mut rng, single);
        let all = views(&params);
        let classes = forward_lumpable(&spec, &all, &[]).unwrap();

        let small = collapse(&classes, &all).unwrap();
        merged_somewhere += usize::from(!small.is_identity());
        assert!(difference(&mut rng, &params, small.params(), widths[0], single) < bound);

        let copies: Vec<(String, Vec<usize>)> = spec
            .spaces()
            .iter()
            .map(|s| (s.name().into(), (0..s.units()).map(|_| rng.between(1, 5)).collect()))
            .collect();
        let copies: Vec<(&str, &[usize])> =
            copies.iter().map(|(name, copies)| (name.as_str(), &copies[..])).collect();
        for shares in [Shares::Exact, Shares::Equal] {
            let wide = widen(&spec, &all, &copies, shares).unwrap();
            assert!(difference(&mut rng, &params, wide.params(), widths[0], single) < bound);
        }

        let broken = break_symmetry(&classes, &all, 0.5, case).unwrap();
        assert!(broken.largest_change() <= 0.5 || classes.spaces().is_empty());
        let off = difference(&mut rng, &params, broken.params(), widths[0], single);
        assert!(off < bound, "{off}");

        let equal = equitable(&spec, &all).unwrap();
        let means = quotient(&equal, &all).unwrap().collapsed().unwrap();
        assert!(difference(&mut rng, &params, &means, widths[0], single) < bound);
    }
    assert!(merged_somewhere > 100);
}

#[test]
fn a_recurrence_with_a_diagonal_is_merged() {
    // h' = tanh(u x + W h): all rows of W sum to 1, with another value on the diagonal.
    let run = |u: &[f64], w: &[f64], read: &[f64]| {
        let n = u.len();
        let mut h = vec![0.0; n];
        for x in [0.5, -1.0, 0.25] {
            h = (0..n)
                .map(|i| (u[i] * x + (0..n).map(|j| w[i * n + j] * h[j]).sum::<f64>()).tanh())
                .collect();
        }
        read.iter().zip(&h).map(|(r, h)| r * h).sum::<f64>()
    };
    let (u, w, read) = ([0.5; 2], [0.75, 0.25, 0.25, 0.75], [1.0, 3.0]);
    let spec = AxesSpec::builder()
        .space("h", 2)
        .layer(layers::recurrent("rnn", "", "h"))
        .layer(layers::dense("head", "h", "").without_bias())
        .build([
            ("rnn.weight_ih", &[2, 1][..]),
            ("rnn.weight_hh", &[2, 2]),
            ("rnn.bias_ih", &[2]),
            ("rnn.bias_hh", &[2]),
            ("head.weight", &[1, 2]),
        ])
        .unwrap();
    let zeros = [0.0; 2];
    let params = [
        ParamView::new("rnn.weight_ih", &[2, 1], &u).unwrap(),
        ParamView::new("rnn.weight_hh", &[2, 2], &w).unwrap(),
        ParamView::new("rnn.bias_ih", &[2], &zeros).unwrap(),
        ParamView::new("rnn.bias_hh", &[2], &zeros).unwrap(),
        ParamView::new("head.weight", &[1, 2], &read).unwrap(),
    ];
    let small = collapse(&forward_lumpable(&spec, &params, &[]).unwrap(), &params).unwrap();
    let data: Vec<Vec<f64>> = small.params().iter().map(|p| p.view().to_f64()).collect();
    assert_eq!((&data[0][..], &data[1][..], &data[4][..]), (&[0.5][..], &[1.0][..], &[4.0][..]));
    assert!((run(&u, &w, &read) - run(&data[0], &data[1], &data[4])).abs() < 1e-15);
    // Split again, into 3: every recurrent entry becomes 9, three to a row.
    let wide = widen(small.spec(), &views(small.params()), &[("h", &[3])], Shares::Exact).unwrap();
    let data: Vec<Vec<f64>> = wide.params().iter().map(|p| p.view().to_f64()).collect();
    assert_eq!((data[0].len(), data[1].len(), data[4].len()), (3, 9, 3));
    assert!((run(&u, &w, &read) - run(&data[0], &data[1], &data[4])).abs() < 1e-15);
}

#[test]
fn what_was_split_merges_to_what_it_was_in_every_type() {
    for case in 0..200 {
        let mut rng = Rng(3000 + case);
        let mut net = architecture(&mut rng, 5);
        // Numbers of many sizes.
        for param in &mut net.params {
            param.data = rng.uniform(param.data.len());
            for x in &mut param.data {
                *x *= 2f64.powi(rng.between(0, 40) as i32 - 30);
            }
        }
        for params in in_every_type(&net) {
            // `collapse` would also merge units that were equal before.
            let before = forward_lumpable(&net.spec, &views(&params), &[]).unwrap();
            if before.spaces().iter().any(|space| !space.partition().is_discrete()) {
                continue;
            }
            let copies: Vec<(String, Vec<usize>)> = net
                .spec
                .spaces()
                .iter()
                .filter_map(|space| {
                    let chosen = rng.below(3) > 0;
                    let copies = (0..space.units()).map(|_| rng.between(1, 7)).collect();
                    chosen.then(|| (space.name().into(), copies))
                })
                .collect();
            let copies: Vec<(&str, &[usize])> =
                copies.iter().map(|(name, copies)| (name.as_str(), &copies[..])).collect();
            let wide = widen(&net.spec, &views(&params), &copies, Shares::Exact).unwrap();
            let classes = forward_lumpable(wide.spec(), &views(wide.params()), &[]).unwrap();
            for space in classes.spaces() {
                let origin = Partition::from_labels(wide.origin(space.name()).unwrap()).unwrap();
                assert_eq!(*space.partition(), origin, "case {case}: {}", space.name());
            }
            let back = collapse(&classes, &views(wide.params())).unwrap();
            assert_same(back.params(), &params, case);
            assert_eq!(*back.spec(), net.spec);

            // Copies with equal shares are twins, and merge to the entries up to rounding.
            let equal = widen(&net.spec, &views(&params), &copies, Shares::Equal).unwrap();
            let classes = twins(equal.spec(), &views(equal.params())).unwrap();
            for space in classes.spaces() {
                let origin = Partition::from_labels(equal.origin(space.name()).unwrap()).unwrap();
                assert!(origin.refines(space.partition()), "case {case}: {}", space.name());
            }
        }
    }
}

#[test]
fn shares_are_exact_at_the_ends_of_every_type() {
    fn check<T: Copy>(numbers: &[T], value: impl Fn(T) -> f64)
    where
        for<'a> &'a [T]: Into<constinit_symmetry::Elements<'a>>,
    {
        let spec = AxesSpec::builder()
            .space("h", 1)
            .param("q", [input("h")])
            .build([("q", &[1][..])])
            .unwrap();
        for &number in numbers {
            for copies in [1, 2, 3, 5, 7, 10, 64, 257, 1000, 5000] {
                let number = [number];
                let view = [ParamView::new("q", &[1], &number[..]).unwrap()];
                let wide = widen(&spec, &view, &[("h", &[copies])], Shares::Exact).unwrap();
                let shares = wide.params()[0].view().to_f64();
                let exact = |x: f64| BigRational::from_float(x).unwrap();
                let sum = shares.iter().fold(BigRational::zero(), |sum, &x| sum + exact(x));
                assert_eq!(sum, exact(value(number[0])), "{} in {copies}", value(number[0]));
                let bits: Vec<u64> = match wide.params()[0].elements() {
                    OwnedElements::F32(x) => x.iter().map(|x| x.to_bits().into()).collect(),
                    OwnedElements::F64(x) => x.iter().map(|x| x.to_bits()).collect(),
                    OwnedElements::F16(x) => x.iter().map(|x| x.to_bits().into()).collect(),
                    OwnedElements::Bf16(x) => x.iter().map(|x| x.to_bits().into()).collect(),
                    other => panic!("{other:?}"),
                };
                let (low, high) = (bits.iter().min().unwrap(), bits.iter().max().unwrap());
                assert!(high - low <= 1, "at most one ulp");
            }
        }
    }
    check(
        &[f64::MAX, -0.1, 1.0, f64::MIN_POSITIVE, 5e-324, 3.0 * 5e-324, 1.0 - f64::EPSILON / 2.0],
        |x| x,
    );
    check(
        &[f32::MAX, -0.1, 1.0, f32::MIN_POSITIVE, 1e-45, 7e-45, 1.0 - f32::EPSILON / 2.0],
        f64::from,
    );
    check(
        &[f16::MAX, f16::from_f64(-0.1), f16::ONE, f16::from_bits(1), f16::from_bits(7)],
        f64::from,
    );
    check(
        &[bf16::MAX, bf16::from_f64(-0.1), bf16::ONE, bf16::from_bits(1), bf16::from_bits(0x3f7f)],
        f64::from,
    );
}

#[test]
fn a_network_without_symmetry_collapses_to_itself() {
    let mut found = 0;
    for case in 0..100 {
        let mut rng = Rng(4000 + case);
        let mut net = architecture(&mut rng, 5);
        for param in &mut net.params {
            param.data = rng.uniform(param.data.len());
        }
        for params in in_every_type(&net) {
            let classes = forward_lumpable(&net.spec, &views(&params), &[]).unwrap();
            if classes.spaces().iter().all(|space| space.partition().is_discrete()) {
                found += 1;
                let same = collapse(&classes, &views(&params)).unwrap();
                assert!(same.is_identity());
                assert_eq!(same.entries()[0], same.entries()[1]);
                assert_same(same.params(), &params, case);
                assert_eq!(*same.spec(), net.spec);
            }
        }
    }
    assert!(found > 100, "{found}");
}

/// Whether the sums along inputs agree within classes, by the definition.
fn is_lumpable(net: &Net, classes: &Symmetry) -> bool {
    let label =
        |space: usize, unit: usize| classes.spaces()[space].partition().labels()[unit].get();
    (0..net.params.len()).all(|number| {
        let axes = net.axes(number);
        let Param { shape, data, .. } = &net.params[number];
        let of_spec = net.spec.params()[number].axes();
        let mut sums = std::collections::BTreeMap::<Vec<usize>, f64>::new();
        for (flat, x) in data.iter().enumerate() {
            let index = unflatten(flat, shape);
            let key = index.iter().zip(&axes).zip(of_spec).map(|((i, axis), of_spec)| match axis {
                Some((s, inner)) if of_spec.role == Role::Input => {
                    label(*s, i / inner) * inner + i % inner
                }
                _ => *i,
            });
            *sums.entry(key.collect()).or_default() += x;
        }
        let mut of_class = std::collections::BTreeMap::<Vec<usize>, f64>::new();
        sums.iter().all(|(key, sum)| {
            let key = key.iter().zip(&axes).zip(of_spec).map(|((i, axis), of_spec)| match axis {
                Some((s, inner)) if of_spec.role == Role::Output => {
                    label(*s, i / inner) * inner + i % inner
                }
                _ => *i,
            });
            *of_class.entry(key.collect()).or_insert(*sum) == *sum
        })
    })
}

#[test]
fn classes_are_refused_exactly_where_they_cannot_be_merged() {
    let (mut refused, mut merged) = (0, 0);
    for case in 0..600 {
        let mut rng = Rng(5000 + case);
        let mut net = architecture(&mut rng, 4);
        let labels = plant(&mut rng, &net);
        fill_by_labels(&mut rng, &mut net, &labels, &[1.0, 2.0]);
        let classes = forward_lumpable(&net.spec, &net.views(), &[]).unwrap();
        disturb(&mut rng, &mut net, 1, &[1.0, 2.0]);
        let lumpable = is_lumpable(&net, &classes);
        let views = net.views();
        let found = collapse(&classes, &views);
        assert_eq!(found.is_ok(), lumpable, "case {case}");
        assert_eq!(break_symmetry(&classes, &views, 0.1, 0).is_ok(), lumpable, "case {case}");
        match found {
            Ok(small) => {
                merged += usize::from(!small.is_identity());
                let units: usize = small.spec().spaces().iter().map(|space| space.units()).sum();
                let all: usize = net.spec.spaces().iter().map(|space| space.units()).sum();
                assert_eq!(units + small.units_merged(), all);
            }
            Err(error) => {
                refused += 1;
                assert!(
                    matches!(error, SymmetryError::Surgery(SurgeryError::SumsDiffer { .. })),
                    "{error}"
                );
            }
        }
    }
    assert!(refused > 50 && merged > 100, "{refused} {merged}");
}

#[test]
fn the_refusal_to_merge_names_the_pair_and_the_block() {
    let shapes: [(&str, &[usize]); 2] = [("l1.weight", &[3, 1]), ("l2.weight", &[2, 3])];
    let spec = AxesSpec::builder()
        .space("a", 3)
        .space("b", 2)
        .layer(layers::dense("l1", "", "a").without_bias())
        .layer(layers::dense("l2", "a", "b").without_bias())
        .build(shapes)
        .unwrap();
    let of = |first: &[f32; 3], second: &[f32; 6]| -> Vec<OwnedParam> {
        [(shapes[0], &first[..]), (shapes[1], &second[..])]
            .map(|((path, shape), data)| {
                OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
            })
            .into()
    };
    let good = of(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 3.0, 2.0, 1.0]);
    let classes = forward_lumpable(&spec, &views(&good), &[]).unwrap();
    assert_eq!(collapse(&classes, &views(&good)).unwrap().units_merged(), 3);
    let bias = of(&[1.0, 1.0, 1.5], &[1.0, 2.0, 3.0, 3.0, 2.0, 1.0]);
    assert_eq!(
        collapse(&classes, &views(&bias)).unwrap_err().to_string(),
        "units 0 and 2 of `a` are in one class, but `l1.weight` gives them 1 and 1.5: a difference of -0.5"
    );
    let sums = of(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 3.0, 2.0, 1.25]);
    let message = "units 0 and 1 of `b` are in one class, but `l2.weight` gives them 6 and 6.25 over class 0 of `a` \
                   (units 0, 1, 2): a difference of -0.25";
    assert_eq!(collapse(&classes, &views(&sums)).unwrap_err().to_string(), message);
    assert_eq!(break_symmetry(&classes, &views(&sums), 1.0, 0).unwrap_err().to_string(), message);
}

#[test]
fn breaking_keeps_every_sum_and_tells_all_units_apart_that_are_read() {
    let mut broken_classes = 0;
    for case in 0..150 {
        let mut rng = Rng(6000 + case);
        let mut net = architecture(&mut rng, 6);
        let labels = plant(&mut rng, &net);
        // Also zeros: units without outgoing weights.
        fill_by_labels(&mut rng, &mut net, &labels, &[0.0, 1.0, -0.7]);
        for params in in_every_type(&net) {
            let classes = match case % 2 {
                0 => twins(&net.spec, &views(&params)).unwrap(),
                _ => forward_lumpable(&net.spec, &views(&params), &[]).unwrap(),
            };
            let broken = break_symmetry(&classes, &views(&params), 0.3, case).unwrap();
            broken_classes += broken.separated();
            assert_eq!(broken, break_symmetry(&classes, &views(&params), 0.3, case).unwrap());
            for (number, (before, after)) in params.iter().zip(broken.params()).enumerate() {
                let axes = net.axes(number);
                let of_spec = net.spec.params()[number].axes();
                let reads = of_spec
                    .iter()
                    .any(|axis| axis.role == Role::Input && axis.axis.space().is_some());
                if !reads {
                    assert_same(std::slice::from_ref(after), std::slice::from_ref(before), case);
                }
                // Exact sums over the classes of each input axis in turn.
                let exact = |x: f64| BigRational::from_float(x).unwrap();
                let values = [before.view().to_f64(), after.view().to_f64()];
                let mut sums = std::collections::BTreeMap::<Vec<usize>, BigRational>::new();
                for (flat, (old, new)) in values[0].iter().zip(&values[1]).enumerate() {
                    // An entry of a parameter that reads three spaces changes three times.
                    assert!((old - new).abs() <= 0.9001);
                    let change = exact(*new) - exact(*old);
                    let index = unflatten(flat, before.shape());
                    let key = index.iter().zip(&axes).zip(of_spec);
                    let key = key.map(|((i, axis), of_spec)| match axis {
                        Some((s, inner)) if of_spec.role == Role::Input => {
                            let labels = classes.spaces()[*s].partition().labels();
                            labels[i / inner].get() * inner + i % inner
                        }
                        _ => *i,
                    });
                    let sum = sums.entry(key.collect()).or_insert_with(BigRational::zero);
                    *sum += change;
                }
                assert!(sums.values().all(BigRational::is_zero), "case {case}: {}", before.path());
            }
            let now = twins(&net.spec, &views(broken.params())).unwrap();
            for (space, now) in classes.spaces().iter().zip(now.spaces()) {
                let reports: Vec<_> =
                    broken.inseparable().iter().filter(|i| i.space == space.name()).collect();
                let is_read = net.spec.params().iter().any(|param| {
                    let reads = |axis: &constinit_symmetry::RoleAxis| {
                        axis.role == Role::Input && axis.axis.space() == Some(&space.id())
                    };
                    param.axes().iter().any(reads) && !param.shape().contains(&0)
                });
                if is_read {
                    assert!(reports.is_empty(), "case {case}: {reports:?}");
                    assert!(now.partition().is_discrete());
                } else {
                    assert!(
                        reports
                            .iter()
                            .all(|i| { matches!(i.reason, Obstacle::Unread | Obstacle::NoRoom) })
                    );
                    let several =
                        space.partition().classes().filter(|units| units.len() > 1).count();
                    assert_eq!(reports.len(), several);
                }
            }
        }
    }
    assert!(broken_classes > 300, "{broken_classes}");
}

#[test]
fn what_cannot_be_told_apart_is_reported() {
    let shapes: [(&str, &[usize]); 2] = [("w", &[4, 1]), ("q", &[1, 4])];
    let [w, q] = [[1.0_f32; 4], [0.5; 4]];
    let params = [
        ParamView::new("w", shapes[0].1, &w).unwrap(),
        ParamView::new("q", shapes[1].1, &q).unwrap(),
    ];
    let with = |reader| {
        AxesSpec::builder()
            .space("h", 4)
            .param("w", [output("h"), input("")])
            .param("q", [output(""), reader])
            .build(shapes)
            .unwrap()
    };
    let reasons = |spec: &AxesSpec, scale: f64| {
        let broken = break_symmetry(&twins(spec, &params).unwrap(), &params, scale, 1).unwrap();
        let kept = broken.inseparable().iter();
        (broken.separated(), kept.map(|kept| (kept.units.len(), kept.reason)).collect::<Vec<_>>())
    };
    assert_eq!(reasons(&with(input("h")), 0.1), (1, vec![]));
    assert_eq!(reasons(&with(unknown_role("h")), 0.1), (0, vec![(4, Obstacle::UnknownRole)]));
    assert_eq!(reasons(&with(output("h")), 0.1), (0, vec![(4, Obstacle::Unread)]));
    // Half a unit in the last place of 0.5 is 2^-25.
    assert_eq!(reasons(&with(input("h")), 2f64.powi(-27)), (0, vec![(4, Obstacle::NoRoom)]));
    assert_eq!(reasons(&with(input("h")), 0.0), (0, vec![(4, Obstacle::NoRoom)]));
    assert_eq!(Obstacle::Unread.to_string(), "no parameter reads the space");
    let classes = twins(&with(input("h")), &params).unwrap();
    for scale in [f64::NAN, f64::INFINITY, -1.0] {
        let error = break_symmetry(&classes, &params, scale, 0).unwrap_err();
        assert!(matches!(error, SymmetryError::Surgery(SurgeryError::BadScale { .. })), "{error}");
    }
    // Outgoing weights of 0 are no obstacle: afterwards they are not 0, and still sum to 0.
    let zeros = [ParamView::new("q", shapes[1].1, &[0.0_f32; 4]).unwrap()];
    let silent = [params[0].clone(), zeros[0].clone()];
    let broken = break_symmetry(&classes, &silent, 0.1, 0).unwrap();
    let outgoing = broken.params()[1].view().to_f64();
    assert_eq!((broken.separated(), outgoing.iter().sum::<f64>()), (1, 0.0));
    assert!(outgoing.iter().all(|&q| q != 0.0));
    // Infinite weights stay, and do not become NaN.
    let infinite = [params[0].clone(), ParamView::new("q", &[1, 4], &[f32::INFINITY; 4]).unwrap()];
    let broken = break_symmetry(&classes, &infinite, 0.1, 0).unwrap();
    assert_eq!(broken.inseparable()[0].reason, Obstacle::NoRoom);
    assert_eq!(broken.params()[1].elements(), &OwnedElements::F32(vec![f32::INFINITY; 4]));
}

/// Two inputs with equal weights may still be different inputs: a change of these weights would change the function.
#[test]
fn inputs_that_are_no_fixed_space_are_left_alone() {
    let params = [
        ParamView::new("l1.weight", &[2, 2], &[1.0_f32; 4]).unwrap(),
        ParamView::new("l2.weight", &[1, 2], &[3.0_f32; 2]).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("in", 2)
        .space("hidden", 2)
        .layer(layers::dense("l1", "in", "hidden").without_bias())
        .layer(layers::dense("l2", "hidden", "").without_bias())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let broken = break_symmetry(&twins(&spec, &params).unwrap(), &params, 0.25, 1).unwrap();
    assert_eq!(broken.params()[0].elements(), &OwnedElements::F32(vec![1.0; 4]));
    assert_eq!(broken.separated(), 1);
    let [kept] = broken.inseparable() else { panic!("{broken:?}") };
    assert_eq!((kept.space.as_str(), kept.reason), ("in", Obstacle::Unproduced));
    assert!(broken.to_string().starts_with("1 class separated by changes of at most "));
    assert!(broken.to_string().contains("; 2 units of in: no parameter produces the space"));
    // Equal sums over inputs do not count either: these two units of `hidden` compute different numbers.
    let crossed = [
        ParamView::new("l1.weight", &[2, 2], &[1.0_f32, 2.0, 2.0, 1.0]).unwrap(),
        params[1].clone(),
    ];
    let classes = equitable(&spec, &crossed).unwrap();
    assert_eq!(classes.effective_width("hidden"), Some(1));
    let refused = break_symmetry(&classes, &crossed, 0.25, 1).unwrap_err();
    assert!(
        matches!(refused, SymmetryError::Surgery(SurgeryError::SumsDiffer { .. })),
        "{refused}"
    );
}

/// Half-precision numbers near 1 have a distance of 2^-10. If the scale is smaller, no amount may be rounded up to
/// that.
#[test]
fn no_weight_changes_by_more_than_the_scale() {
    let ones = [f16::ONE; 2];
    let params = [
        ParamView::new("l1.weight", &[2, 1], &ones).unwrap(),
        ParamView::new("l2.weight", &[1, 2], &ones).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("h", 2)
        .layer(layers::dense("l1", "", "h").without_bias())
        .layer(layers::dense("l2", "h", "").without_bias())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let classes = twins(&spec, &params).unwrap();
    for seed in 0..20 {
        for scale in [0.9, 1.0, 1.1, 3.7].map(|steps| steps * 2f64.powi(-10)) {
            let broken = break_symmetry(&classes, &params, scale, seed).unwrap();
            assert!(broken.largest_change() <= scale, "{scale} {broken:?}");
            assert_eq!(broken.separated() == 0, scale < 2f64.powi(-10), "{scale} {broken:?}");
        }
    }
}

/// The absolute changes of the outgoing weights, smallest first, and whether as many weights gain as lose.
fn amounts(weights: &[f64], scale: f64, seed: u64) -> (Vec<f64>, bool) {
    let units = weights.len();
    let incoming = vec![1.0; units];
    let params = [
        ParamView::new("l1.weight", &[units, 1], &incoming).unwrap(),
        ParamView::new("l2.weight", &[1, units], weights).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("hidden", units)
        .layer(layers::dense("l1", "", "hidden").without_bias())
        .layer(layers::dense("l2", "hidden", "").without_bias())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let classes = forward_lumpable(&spec, &params, &[]).unwrap();
    let broken = break_symmetry(&classes, &params, scale, seed).unwrap();
    let after = broken.params()[1].view().to_f64();
    let changes: Vec<f64> =
        after.iter().zip(weights).map(|(after, before)| after - before).collect();
    let gains = changes.iter().filter(|change| **change > 0.0).count();
    let losses = changes.iter().filter(|change| **change < 0.0).count();
    let mut sizes: Vec<f64> =
        changes.into_iter().map(f64::abs).filter(|size| *size > 0.0).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    (sizes, gains == losses)
}

/// The meaning of a scale: of n pairs, the k-th smallest amount is between `(k - 1/2) scale / n` and `k scale / n`.
/// With weights of zero, every amount is possible, and none is halved.
#[test]
fn each_pair_s_amount_lies_in_the_upper_half_of_its_stretch_of_the_scale() {
    for (units, scale) in [(2, 1.0), (3, 0.5), (8, 0.25), (9, 3.0), (64, 1e-6)] {
        let pairs = units / 2;
        let mut spread = Vec::new();
        for seed in 0..20 {
            let (sizes, balanced) = amounts(&vec![0.0; units], scale, seed);
            assert!(balanced && sizes.len() == 2 * pairs, "{units} units: {sizes:?}");
            for (place, pair) in sizes.chunks(2).enumerate() {
                assert_eq!(pair[0].to_bits(), pair[1].to_bits(), "one gains what the other loses");
                let stretch = pair[0] * pairs as f64 / scale - place as f64;
                assert!((0.5 - 1e-12..1.0 + 1e-12).contains(&stretch), "{units} units: {stretch}");
                spread.push(stretch);
            }
        }
        // The amounts cover the whole upper half.
        let least = spread.iter().copied().fold(1.0, f64::min);
        let most = spread.iter().copied().fold(0.5, f64::max);
        assert!(least < 0.6 && most > 0.9, "{units} units: {least} to {most}");
    }
}

/// Weights that are larger than the scale change by the amount, rounded to their last place. The amount is not halved
/// if a number of that size exists.
#[test]
fn an_amount_is_rounded_and_not_halved_where_the_weights_have_room() {
    for seed in 0..20 {
        let (free, _) = amounts(&[0.0, 0.0], 0.125, seed);
        // Equal numbers below a power of two: one grows and the other shrinks in one binade.
        let (sizes, balanced) = amounts(&[1.5, 1.5], 0.125, seed);
        assert!(balanced && sizes.len() == 2);
        assert!((sizes[0] - free[0]).abs() <= f64::EPSILON, "seed {seed}: {sizes:?} for {free:?}");
    }
}

#[test]
fn a_sum_that_its_type_cannot_hold_is_refused() {
    let ones = vec![f16::ONE; 70_000];
    let params = [
        ParamView::new("l1.weight", &[70_000, 1], &ones).unwrap(),
        ParamView::new("l2.weight", &[1, 70_000], &ones).unwrap(),
    ];
    let spec = AxesSpec::builder()
        .space("h", 70_000)
        .layer(layers::dense("l1", "", "h").without_bias())
        .layer(layers::dense("l2", "h", "").without_bias())
        .build(params.iter().map(ParamView::signature))
        .unwrap();
    let classes = twins(&spec, &params).unwrap();
    let small = collapse(&classes, &params).map(|_| ());
    let trained = quotient(&classes, &params).unwrap().collapsed().map(|_| ());
    for refused in [small, trained] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "entry 0 of the smaller `l2.weight` is a sum of finite numbers that its number type cannot represent"
        );
    }
    // Infinite sums stay infinite.
    let infinite = vec![f16::INFINITY; 70_000];
    let params = [params[0].clone(), ParamView::new("l2.weight", &[1, 70_000], &infinite).unwrap()];
    let small = collapse(&classes, &params).unwrap();
    assert_eq!(small.params()[1].elements(), &OwnedElements::F16(vec![f16::INFINITY]));
}

#[test]
fn units_are_paired_anew_for_each_place() {
    let (first, second) = (vec![0.5; 3], vec![0.25; 60]);
    let shapes: [(&str, &[usize]); 2] = [("l1.weight", &[3, 1]), ("l2.weight", &[20, 3])];
    let spec = AxesSpec::builder()
        .space("h", 3)
        .layer(layers::dense("l1", "", "h").without_bias())
        .layer(layers::dense("l2", "h", "").without_bias())
        .build(shapes)
        .unwrap();
    let params = [
        ParamView::new("l1.weight", &[3, 1], &first).unwrap(),
        ParamView::new("l2.weight", &[20, 3], &second).unwrap(),
    ];
    let broken = break_symmetry(&twins(&spec, &params).unwrap(), &params, 0.1, 5).unwrap();
    let now = broken.params()[1].view().to_f64();
    for unit in 0..3 {
        let changes: Vec<f64> = now.iter().skip(unit).step_by(3).map(|q| q - 0.25).collect();
        assert!(changes.iter().any(|c| *c > 0.0), "unit {unit}: {changes:?}");
        assert!(changes.iter().any(|c| *c < 0.0), "unit {unit}: {changes:?}");
        assert!(changes.contains(&0.0), "unit {unit}: {changes:?}");
        assert!(changes.iter().all(|c| *c == 0.0 || (0.05..=0.1).contains(&c.abs())));
    }
    // Other seeds and other paths change other numbers.
    let other = break_symmetry(&twins(&spec, &params).unwrap(), &params, 0.1, 6).unwrap();
    assert_ne!(other.params()[1], broken.params()[1]);
}

/// If it is unknown whether a parameter reads a space, sums over its classes prove nothing.
#[test]
fn sums_over_a_space_of_unknown_role_do_not_count() {
    let shapes: [(&str, &[usize]); 3] = [("p", &[2]), ("w", &[2, 2]), ("q", &[1, 2])];
    let with = |role: fn(&'static str) -> constinit_symmetry::RoleAxis<String>| {
        AxesSpec::builder()
            .space("a", 2)
            .space("s", 2)
            .param("p", [output("s")])
            .param("w", [output("a"), role("s")])
            .param("q", [output(""), input("a")])
            .build(shapes)
            .unwrap()
    };
    let params = [
        ParamView::new("p", shapes[0].1, &[1.0, 1.0]).unwrap(),
        ParamView::new("w", shapes[1].1, &[1.0, 2.0, 2.0, 1.0]).unwrap(),
        ParamView::new("q", shapes[2].1, &[1.0, 1.0]).unwrap(),
    ];
    let broken = |spec: &AxesSpec| {
        let classes = equitable(spec, &params).unwrap();
        assert_eq!(classes.effective_width("a"), Some(1));
        break_symmetry(&classes, &params, 0.1, 0)
    };
    assert!(broken(&with(input)).is_ok());
    assert!(matches!(
        broken(&with(unknown_role)),
        Err(SymmetryError::Surgery(SurgeryError::SumsDiffer { .. }))
    ));
}

/// Training separates the units that were changed, and only those: the gradients of their incoming weights differ.
#[test]
fn gradients_differ_after_the_change() {
    use constinit_symmetry::dynamics::{Activation, DenseLayer, Loss, Perceptron, gradients};
    let mut rng = Rng(8);
    let first = vec![0.5; 8]; // 4 hidden units, 2 inputs
    let second = vec![0.25; 12]; // 3 outputs
    let shapes: [(&str, &[usize]); 2] = [("l1.weight", &[4, 2]), ("l2.weight", &[3, 4])];
    let spec = AxesSpec::builder()
        .space("h", 4)
        .layer(layers::dense("l1", "", "h").without_bias())
        .layer(layers::dense("l2", "h", "").without_bias())
        .build(shapes)
        .unwrap();
    let params = [
        ParamView::new("l1.weight", &[4, 2], &first).unwrap(),
        ParamView::new("l2.weight", &[3, 4], &second).unwrap(),
    ];
    let broken = break_symmetry(&twins(&spec, &params).unwrap(), &params, 0.1, 3).unwrap();
    let (x, t) = (rng.uniform(10), rng.uniform(15));
    let rows = |second: &[f64]| -> Vec<Vec<f64>> {
        let layer = |weight: &[f64]| DenseLayer { weight: weight.to_vec(), bias: None };
        let net = Perceptron::new(&[2, 4, 3], vec![layer(&first), layer(second)]).unwrap();
        let found = gradients(&net, &Activation::Tanh, &Loss::Mse, &x, &t).unwrap().1;
        found[..8].chunks(2).map(<[f64]>::to_vec).collect()
    };
    let before = rows(&second);
    assert!(before.iter().all(|row| *row == before[0]));
    let changed = broken.params()[1].view().to_f64();
    let after = rows(&changed);
    // The rows differ by M (e_u - e_v), with M = sum over examples of a'(z) x g^T and g = dloss/dy.
    for u in 0..4 {
        for v in 0..u {
            let mut expected = [0.0; 2];
            for (x, t) in x.chunks(2).zip(t.chunks(3)) {
                let a = (0.5 * (x[0] + x[1])).tanh();
                for k in 0..3 {
                    let g = 2.0 * (4.0 * 0.25 * a - t[k]) / 15.0;
                    let apart = changed[k * 4 + u] - changed[k * 4 + v];
                    expected
                        .iter_mut()
                        .zip(x)
                        .for_each(|(e, x)| *e += (1.0 - a * a) * x * g * apart);
                }
            }
            for (k, expected) in expected.iter().enumerate() {
                assert!((after[u][k] - after[v][k] - expected).abs() < 1e-15);
            }
        }
    }
    for (i, a) in after.iter().enumerate() {
        assert!(after[..i].iter().all(|b| (a[0] - b[0]).abs() > 1e-6), "{after:?}");
    }
}

#[test]
fn what_cannot_be_split_is_refused() {
    let spec = AxesSpec::builder()
        .space("h", 2)
        .fixed_space("x", 2)
        .space("u", 2)
        .param("w", [output("h"), input("x")])
        .param("v", [unknown_role("u")])
        .build([("w", &[2, 2][..]), ("v", &[2])])
        .unwrap();
    let data = [1.0_f32; 4];
    let params = [
        ParamView::new("w", &[2, 2], &data).unwrap(),
        ParamView::new("v", &[2], &data[..2]).unwrap(),
    ];
    let message = |copies: &[(&str, &[usize])]| {
        widen(&spec, &params, copies, Shares::Exact).unwrap_err().to_string()
    };
    assert_eq!(
        message(&[("g", &[1, 1])]),
        "the list of spaces to widen names space `g`, which is not declared; did you mean `h`?"
    );
    assert_eq!(message(&[("x", &[1, 2])]), "space `x` is fixed, so its units cannot be split");
    let needs = "space `h` has 2 units and needs a number of copies, at least 1, for each";
    assert_eq!(message(&[("h", &[1])]), format!("{needs}: 1 were given"));
    assert_eq!(
        message(&[("h", &[1, 0])]),
        format!("{needs}: 2 were given, and unit 1 was given 0")
    );
    assert_eq!(
        message(&[("h", &[1, 1]), ("h", &[1, 1])]),
        "space `h` is declared twice: as number 0 and as number 1"
    );
    assert!(
        message(&[("u", &[1, 2])]).starts_with("axis 0 of `v` ranges over `u` with unknown role")
    );
    assert!(matches!(
        widen(&spec, &params, &[("h", &[usize::MAX, 1])], Shares::Exact),
        Err(SymmetryError::TooManyUnits { .. })
    ));
    assert!(matches!(
        widen(&spec, &params[..1], &[], Shares::Exact),
        Err(SymmetryError::Parameter(ParameterError::MissingParameter { .. }))
    ));
    let same = widen(&spec, &params, &[], Shares::Exact).unwrap();
    assert_eq!((same.spec(), same.origin("h")), (&spec, Some(&[0, 1][..])));
}

#[test]
fn stacked_gates_and_flattened_axes_are_split_and_merged() {
    // An LSTM, and a head that reads two numbers of each unit.
    let spec = AxesSpec::builder()
        .space("h", 2)
        .layer(layers::gated("lstm", "", "h", 4))
        .param("head", [output(""), input(NamedAxis::flattened("h", 2))])
        .build([
            ("lstm.weight_ih", &[8, 3][..]),
            ("lstm.weight_hh", &[8, 2]),
            ("lstm.bias_ih", &[8]),
            ("lstm.bias_hh", &[8]),
            ("head", &[1, 4]),
        ])
        .unwrap();
    let mut rng = Rng(17);
    let params: Vec<OwnedParam> = spec
        .params()
        .iter()
        .map(|param| {
            let data = rng.uniform(param.shape().iter().product());
            OwnedParam::from(&ParamView::new(param.path(), param.shape(), &data).unwrap())
        })
        .collect();
    let wide = widen(&spec, &views(&params), &[("h", &[2, 1])], Shares::Exact).unwrap();
    assert_eq!(wide.params()[1].shape(), [12, 3]);
    // Rows of a gate: unit 0 twice, unit 1. The recurrent columns of unit 0 are halved.
    let (before, after) = (params[1].view().to_f64(), wide.params()[1].view().to_f64());
    for gate in 0..4 {
        for (row, unit) in [0, 0, 1].into_iter().enumerate() {
            let [a, b] = [before[(gate * 2 + unit) * 2], before[(gate * 2 + unit) * 2 + 1]];
            assert_eq!(after[(gate * 3 + row) * 3..][..3], [a / 2.0, a / 2.0, b]);
        }
    }
    let (before, after) = (params[4].view().to_f64(), wide.params()[4].view().to_f64());
    let half = |k: usize| before[k] / 2.0;
    assert_eq!(after, [half(0), half(1), half(0), half(1), before[2], before[3]]);
    let classes = twins(wide.spec(), &views(wide.params())).unwrap();
    assert_same(collapse(&classes, &views(wide.params())).unwrap().params(), &params, 0);
    let small = quotient(&classes, &views(wide.params())).unwrap();
    assert_same(&small.collapsed().unwrap(), &params, 0);
}
