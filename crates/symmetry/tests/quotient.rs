//! Quotients: exact block means, lifting, errors, and training that takes the full network's path.

mod common;

use common::{Net, Param, Rng, architecture, deviate, disturb, fill_by_labels, plant, unflatten};
use constinit_symmetry::dynamics::{
    Activation, AdaGrad, Adam, DenseLayer, Lion, Loss, Mse, Perceptron, Relu, RmsProp, Sgd,
    Training, UpdateRule,
};
use constinit_symmetry::{
    AxesSpec, ChainLayer, ElementType, OwnedElements, OwnedParam, ParamView, ParameterError,
    Quotient, Role, SurgeryError, Symmetry, SymmetryError, equitable, forward_lumpable, input,
    layers, output, quotient, twins, unknown_role,
};
use num_rational::BigRational;

fn views(params: &[OwnedParam]) -> Vec<ParamView<'_>> {
    params.iter().map(OwnedParam::view).collect()
}

fn means(quotient: &Quotient) -> Vec<ParamView<'_>> {
    quotient.params().iter().map(|param| param.view()).collect()
}

/// Asserts equality bit for bit, whatever the type.
fn assert_same(found: &[OwnedParam], expected: &[ParamView<'_>], case: u64) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!((found.path(), found.shape()), expected.signature(), "case {case}");
        let bits = |view: &ParamView<'_>| -> Vec<u64> {
            view.to_f64().iter().map(|x| x.to_bits()).collect()
        };
        assert_eq!(bits(&found.view()), bits(expected), "case {case}: {}", found.path());
    }
}

/// Whether sums over blocks agree within classes, by the definition: for output axes only (`forward`), or for all axes.
fn sums_agree(net: &Net, classes: &Symmetry, forward: bool) -> bool {
    let label =
        |space: usize, unit: usize| classes.spaces()[space].partition().labels()[unit].get();
    (0..net.params.len()).all(|number| {
        let axes = net.axes(number);
        let Param { shape, data, .. } = &net.params[number];
        let roles: Vec<Role> =
            net.spec.params()[number].axes().iter().map(|axis| axis.role).collect();
        let targets = (0..axes.len())
            .filter(|&axis| axes[axis].is_some() && !(forward && roles[axis] != Role::Output));
        targets.into_iter().all(|target| {
            let (space, inner) = axes[target].unwrap();
            let mut sums = std::collections::BTreeMap::<(usize, Vec<usize>), Vec<f64>>::new();
            let mut units: std::collections::BTreeMap<
                usize,
                std::collections::BTreeMap<Vec<usize>, f64>,
            > = Default::default();
            for (flat, x) in data.iter().enumerate() {
                let index = unflatten(flat, shape);
                let key = index.iter().zip(&axes).enumerate().map(|(axis, (i, of))| match of {
                    None => *i,
                    Some((_, inner)) if axis == target => i % inner,
                    Some((s, inner)) => label(*s, i / inner) * inner + i % inner,
                });
                *units
                    .entry(index[target] / inner)
                    .or_default()
                    .entry(key.collect())
                    .or_default() += x;
            }
            for (unit, of_unit) in units {
                for (key, sum) in of_unit {
                    sums.entry((label(space, unit), key)).or_default().push(sum);
                }
            }
            sums.values().all(|sums| sums.iter().all(|sum| *sum == sums[0]))
        })
    })
}

#[test]
fn lifting_the_means_gives_the_parameters_back() {
    let mut deviating = 0;
    for case in 0..300 {
        let mut rng = Rng(case);
        let mut net = architecture(&mut rng, 5);
        let labels = plant(&mut rng, &net);
        fill_by_labels(&mut rng, &mut net, &labels, &[1.0, -2.0, 0.5, 3.0]);
        deviate(&mut rng, &mut net, &labels, 4);
        let views = net.views();
        for classes in [twins(&net.spec, &views).unwrap(), equitable(&net.spec, &views).unwrap()] {
            let small = quotient(&classes, &views).unwrap();
            deviating += usize::from(small.has_deviations());
            assert_same(&small.lift(&means(&small)).unwrap(), &views, case);
            for (space, classes) in small.spec().spaces().iter().zip(classes.spaces()) {
                assert_eq!(space.units(), classes.effective_width());
            }
            // Every mean is that of its block, whatever the order of the entries.
            for (number, param) in small.params().iter().enumerate() {
                let axes = net.axes(number);
                let mut blocks = vec![(0.0, 0.0); param.means().len()];
                for (flat, x) in net.params[number].data.iter().enumerate() {
                    let index = unflatten(flat, &net.params[number].shape);
                    let of_axis = |(i, axis): (&usize, &Option<(usize, usize)>)| match axis {
                        None => *i,
                        Some((s, inner)) => {
                            let labels = classes.spaces()[*s].partition().labels();
                            labels[i / inner].get() * inner + i % inner
                        }
                    };
                    let index: Vec<usize> = index.iter().zip(&axes).map(of_axis).collect();
                    let block = &mut blocks[common::flatten(&index, param.shape())];
                    *block = (block.0 + x, block.1 + 1.0);
                }
                for (entry, (sum, count)) in blocks.iter().enumerate() {
                    assert_eq!(param.means()[entry], sum / count, "case {case}");
                    let of_role = |role| param.multiplicity(role, entry);
                    assert_eq!((of_role(Role::Input) * of_role(Role::Output)) as f64, *count);
                }
            }
        }
    }
    assert!(deviating > 50, "{deviating} quotients with deviations");
}

#[test]
fn a_partition_is_refused_exactly_where_it_is_not_equitable() {
    let (mut refused, mut kept) = (0, 0);
    for case in 0..600 {
        let mut rng = Rng(1000 + case);
        let mut net = architecture(&mut rng, 4);
        let labels = plant(&mut rng, &net);
        fill_by_labels(&mut rng, &mut net, &labels, &[1.0, 2.0]);
        let classes = match case % 2 {
            0 => equitable(&net.spec, &net.views()).unwrap(),
            _ => forward_lumpable(&net.spec, &net.views(), &[]).unwrap(),
        };
        disturb(&mut rng, &mut net, 1, &[1.0, 2.0]);
        let found = quotient(&classes, &net.views());
        assert_eq!(found.is_ok(), sums_agree(&net, &classes, false), "case {case}: {found:?}");
        match found {
            Ok(_) => kept += 1,
            Err(SymmetryError::Surgery(SurgeryError::SumsDiffer {
                space,
                units,
                sums,
                difference,
                ..
            })) => {
                refused += 1;
                let partition = classes.space(&space).unwrap().partition();
                let unit = |u: usize| constinit_symmetry::UnitIndex::new(u).unwrap();
                assert!(units[0] < units[1] && partition.alike(unit(units[0]), unit(units[1])));
                assert!(difference != 0.0 && sums[0] - sums[1] == difference);
            }
            Err(other) => panic!("case {case}: {other}"),
        }
    }
    assert!(refused > 100 && kept > 100, "{refused} {kept}");
}

#[test]
fn the_refusal_names_the_pair_and_the_block() {
    let shape = [4, 3];
    let spec = AxesSpec::builder()
        .space("a", 4)
        .space("b", 3)
        .param("w", [output("a"), input("b")])
        .build([("w", &shape[..])])
        .unwrap();
    let mut w = [1.0_f32; 12];
    let classes = twins(&spec, &[ParamView::new("w", &shape, &w).unwrap()]).unwrap();
    w[7] = 1.5; // unit 2 of a, unit 1 of b
    let error = quotient(&classes, &[ParamView::new("w", &shape, &w).unwrap()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "units 0 and 2 of `a` are in one class, but `w` gives them 3 and 3.5 over class 0 of `b` (units 0, 1, 2): \
         a difference of -0.5"
    );
    // A difference counts even if the sums, rounded to f64, do not show it.
    let mut w = [1.0_f64; 12];
    w[7] = 1.0 + f64::EPSILON;
    w[6] = 2f64.powi(60);
    w[0] = 2f64.powi(60);
    let ones = [1.0_f64; 12];
    let classes = twins(&spec, &[ParamView::new("w", &shape, &ones).unwrap()]).unwrap();
    let SymmetryError::Surgery(SurgeryError::SumsDiffer { units, sums, difference, .. }) =
        quotient(&classes, &[ParamView::new("w", &shape, &w).unwrap()]).unwrap_err()
    else {
        panic!("another error")
    };
    // Units 0 and 1 are compared first, and differ by a large amount.
    assert_eq!((units, sums[1]), ([0, 1], 3.0));
    w[3..6].copy_from_slice(&[2f64.powi(60), 1.0, 1.0]);
    let SymmetryError::Surgery(SurgeryError::SumsDiffer {
        units: pair,
        sums: both,
        difference: apart,
        ..
    }) = quotient(&classes, &[ParamView::new("w", &shape, &w).unwrap()]).unwrap_err()
    else {
        panic!("another error")
    };
    assert_eq!((pair, both[0] == both[1], apart), ([0, 2], true, -f64::EPSILON));
    assert!(difference > 1e17);
}

#[test]
fn numbers_that_are_none() {
    let shape = [2, 2];
    let spec = AxesSpec::builder()
        .space("a", 2)
        .space("b", 2)
        .param("w", [output("a"), input("b")])
        .build([("w", &shape[..])])
        .unwrap();
    let of = |w: &[f64; 4], classes: Option<&Symmetry>| {
        let view = [ParamView::new("w", &shape, w).unwrap()];
        let found = equitable(&spec, &view).unwrap();
        quotient(classes.unwrap_or(&found), &view)
    };
    let inf = f64::INFINITY;
    // A block of equal infinities has a mean; a block with an infinity only on the diagonal has none.
    assert_eq!(of(&[inf; 4], None).unwrap().params()[0].means(), [inf]);
    let error = of(&[inf, 1.0, 1.0, inf], None).unwrap_err();
    assert_eq!(error.to_string(), "entry 0 of `w` is inf, so its block has no mean");
    let one = equitable(&spec, &[ParamView::new("w", &shape, &[1.0_f64; 4]).unwrap()]).unwrap();
    assert!(matches!(
        of(&[f64::NAN, 1.0, 1.0, 1.0], Some(&one)),
        Err(SymmetryError::Surgery(SurgeryError::SumsDiffer { .. }))
    ));
    // A sum that overflows has a mean that does not.
    let huge = of(&[f64::MAX, f64::MAX / 2.0, f64::MAX / 2.0, f64::MAX], None).unwrap();
    assert_eq!(huge.params()[0].means(), [f64::MAX * 0.75]);
    // 0.0 and -0.0 are equal, and lifting returns them unchanged.
    let zeros = [0.0, -0.0, -0.0, 0.0];
    let small = of(&zeros, None).unwrap();
    let view = [ParamView::new("w", &shape, &zeros).unwrap()];
    assert_same(&small.lift(&means(&small)).unwrap(), &view, 0);
    assert_eq!(small.spec().spaces()[0].units(), 1);
}

#[test]
fn every_type_keeps_its_numbers() {
    use half::{bf16, f16};
    let spec = AxesSpec::builder()
        .space("h", 3)
        .param("w", [output("h"), input("")])
        .param("q", [output(""), input("h")])
        .build([("w", &[3, 2][..]), ("q", &[1, 3])])
        .unwrap();
    fn check<'a, T>(spec: &AxesSpec, w: &'a [T; 6], q: &'a [T; 3], element_type: ElementType)
    where
        &'a [T; 6]: Into<constinit_symmetry::Elements<'a>>,
        &'a [T; 3]: Into<constinit_symmetry::Elements<'a>>,
    {
        let views =
            [ParamView::new("w", &[3, 2], w).unwrap(), ParamView::new("q", &[1, 3], q).unwrap()];
        let small = quotient(&twins(spec, &views).unwrap(), &views).unwrap();
        assert!(!small.has_deviations());
        assert!(small.params().iter().all(|param| param.element_type() == element_type));
        assert_same(&small.lift(&means(&small)).unwrap(), &views, 0);
        // 3 · q is rounded once.
        let collapsed = small.collapsed().unwrap();
        assert_eq!(collapsed[1].view().elements().element_type(), element_type);
        let exact = 3.0 * small.params()[1].means()[0];
        let found = collapsed[1].view().to_f64()[0];
        let places = match element_type {
            ElementType::F64 => 53,
            ElementType::F32 => 24,
            ElementType::F16 => 11,
            _ => 8,
        };
        assert!((found - exact).abs() <= exact.abs() * 2f64.powi(-places));
    }
    let x = [0.1, 0.7, 0.1, 0.7, 0.1, 0.7];
    let q = [0.3; 3];
    check(&spec, &x, &q, ElementType::F64);
    check(&spec, &x.map(|x| x as f32), &q.map(|x| x as f32), ElementType::F32);
    check(&spec, &x.map(f16::from_f64), &q.map(f16::from_f64), ElementType::F16);
    check(&spec, &x.map(bf16::from_f64), &q.map(bf16::from_f64), ElementType::Bf16);
}

#[test]
fn collapsed_parameters_lead_back_to_means() {
    for case in 0..100 {
        let mut rng = Rng(2000 + case);
        let mut net = architecture(&mut rng, 5);
        let labels = plant(&mut rng, &net);
        fill_by_labels(&mut rng, &mut net, &labels, &[0.75, -0.5, 2.0]);
        let small = quotient(&twins(&net.spec, &net.views()).unwrap(), &net.views()).unwrap();
        // Numbers with few bits times small counts are exact, and so is the division.
        let collapsed = small.collapsed().unwrap();
        let found = small.means_of(&views(&collapsed)).unwrap();
        assert_same(&found, &means(&small), case);
    }
    let spec = AxesSpec::builder()
        .space("h", 2)
        .param("w", [unknown_role("h")])
        .build([("w", &[2][..])])
        .unwrap();
    let view = [ParamView::new("w", &[2], &[1.0_f32, 1.0]).unwrap()];
    let small = quotient(&twins(&spec, &view).unwrap(), &view).unwrap();
    let message = "axis 0 of `w` ranges over `h` with unknown role; a collapsed network needs to know whether it is an \
                   output or an input axis";
    assert_eq!(small.collapsed().unwrap_err().to_string(), message);
    assert_eq!(small.means_of(&means(&small)).unwrap_err().to_string(), message);
}

/// A chain of dense layers with planted classes of these sizes, in random order; inputs are fixed. All numbers are
/// multiples of 2⁻²⁴, so sums of a few thousand are exact in any order.
fn chain(
    rng: &mut Rng,
    inputs: usize,
    sizes: &[Vec<usize>],
    deviations: usize,
) -> (Net, Vec<Vec<usize>>) {
    let labels: Vec<Vec<usize>> = sizes
        .iter()
        .map(|sizes| {
            let sorted: Vec<usize> = sizes
                .iter()
                .enumerate()
                .flat_map(|(class, &size)| std::iter::repeat_n(class, size))
                .collect();
            let order = common::shuffle(rng, sorted.len());
            order.iter().map(|&at| sorted[at]).collect()
        })
        .collect();
    let mut builder = AxesSpec::builder();
    let mut params = Vec::new();
    let name = |k: usize| if k == 0 { String::new() } else { format!("h{k}") };
    for (k, made) in labels.iter().enumerate() {
        builder = builder.space(name(k + 1), made.len());
        let mut layer = layers::dense(&format!("l{}", k + 1), name(k), name(k + 1));
        let bias = rng.chance(3);
        if !bias {
            layer = layer.without_bias();
        }
        let turned = rng.chance(2);
        if turned {
            layer = layer.input_first();
        }
        builder = builder.layer(layer);
        let read = if k == 0 { (0..inputs).collect() } else { labels[k - 1].clone() };
        let classes_read = if k == 0 { inputs } else { sizes[k - 1].len() };
        let rough = |x: f64| (x * 2f64.powi(24)).round() * 2f64.powi(-24);
        // Scaled so that pre-activations stay near 1.
        let of_class: Vec<f64> = rng.uniform(sizes[k].len() * classes_read);
        let entry = |i: usize, j: usize| {
            let size = if k == 0 { 1 } else { sizes[k - 1][read[j]] };
            rough(of_class[made[i] * classes_read + read[j]] / size as f64)
        };
        let (shape, data) = if turned {
            let data = (0..read.len()).flat_map(|j| (0..made.len()).map(move |i| (i, j)));
            (vec![read.len(), made.len()], data.map(|(i, j)| entry(i, j)).collect())
        } else {
            let data = (0..made.len()).flat_map(|i| (0..read.len()).map(move |j| (i, j)));
            (vec![made.len(), read.len()], data.map(|(i, j)| entry(i, j)).collect())
        };
        params.push(Param { path: format!("l{}.weight", k + 1), shape, data });
        if bias {
            let of_class = rng.uniform(sizes[k].len());
            let data = made.iter().map(|&class| rough(of_class[class])).collect();
            params.push(Param { path: format!("l{}.bias", k + 1), shape: vec![made.len()], data });
        }
    }
    let shapes: Vec<(String, Vec<usize>)> =
        params.iter().map(|p| (p.path.clone(), p.shape.clone())).collect();
    let spec = builder.build(shapes.iter().map(|(p, s)| (p.as_str(), s.as_slice()))).unwrap();
    let mut net = Net { spec, params };
    let scale = 2f64.powi(-6);
    let before: Vec<Vec<f64>> = net.params.iter().map(|param| param.data.clone()).collect();
    deviate(rng, &mut net, &labels, deviations);
    for (param, before) in net.params.iter_mut().zip(&before) {
        for (x, before) in param.data.iter_mut().zip(before) {
            *x = before + (*x - before).round() * scale;
        }
    }
    (net, labels)
}

/// The layers of the full network, in its own parameters' order.
fn full_perceptron<S: constinit_symmetry::dynamics::Scalar>(
    net: &Net,
    layers: &[ChainLayer<'_>],
    number: impl Fn(f64) -> S,
) -> Perceptron<S> {
    let param = |path: &str| net.params.iter().find(|param| param.path == path).unwrap();
    let mut widths = Vec::new();
    let made = layers.iter().map(|layer| {
        let weight = param(layer.weight);
        let axes = net.spec.params()[net.spec.param_id(layer.weight).unwrap().get()].axes();
        let turned = axes[0].role == Role::Input;
        let (outputs, inputs) = match turned {
            true => (weight.shape[1], weight.shape[0]),
            false => (weight.shape[0], weight.shape[1]),
        };
        if widths.is_empty() {
            widths.push(inputs);
        }
        widths.push(outputs);
        let at =
            |i: usize, j: usize| weight.data[if turned { j * outputs + i } else { i * inputs + j }];
        let entries = (0..outputs).flat_map(|i| (0..inputs).map(move |j| (i, j)));
        DenseLayer {
            weight: entries.map(|(i, j)| number(at(i, j))).collect(),
            bias: layer.bias.map(|path| param(path).data.iter().map(|&x| number(x)).collect()),
        }
    });
    let made: Vec<DenseLayer<S>> = made.collect();
    Perceptron::new(&widths, made).unwrap()
}

struct Boxed(Box<dyn UpdateRule<f64>>);

impl UpdateRule<f64> for Boxed {
    fn step(&mut self, parameters: &mut [f64], gradients: &[f64]) {
        self.0.step(parameters, gradients);
    }
}

/// Makes a rule. The steps of adaptive rules are about a thousandth of the given scale.
type MakeRule = fn(f64) -> Box<dyn UpdateRule<f64>>;

fn set<R>(mut rule: R, change: impl FnOnce(&mut R)) -> Box<R> {
    change(&mut rule);
    Box::new(rule)
}

/// Rules, and whether the certificate keeps classes that are not twins under them.
fn rules() -> Vec<(&'static str, bool, MakeRule)> {
    vec![
        ("sgd", true, |_| Box::new(Sgd::new(0.05))),
        ("sgd with decay", true, |_| Box::new(Sgd::new(0.05).with_decay(0.02))),
        ("momentum, decay", true, |_| Box::new(Sgd::new(0.02).with_momentum(0.9).with_decay(0.01))),
        ("nesterov", true, |_| set(Sgd::new(0.02).with_momentum(0.9), |r| r.nesterov = true)),
        ("adam", true, |scale| Box::new(Adam::new(1e-3 * scale))),
        ("amsgrad", true, |scale| set(Adam::new(1e-3 * scale), |r| r.amsgrad = true)),
        ("adamw", true, |scale| set(Adam::new(1e-3 * scale), |r| r.decoupled = 0.01)),
        ("adam, coupled decay", false, |scale| set(Adam::new(1e-3 * scale), |r| r.coupled = 0.01)),
        ("rmsprop", true, |scale| Box::new(RmsProp::new(1e-3 * scale))),
        ("rmsprop, decay", false, |scale| set(RmsProp::new(1e-3 * scale), |r| r.decay = 0.01)),
        ("adagrad", true, |scale| set(AdaGrad::new(1e-2 * scale), |r| r.rate_decay = 0.01)),
        ("lion", true, |scale| Box::new(Lion::new(1e-3 * scale))),
        ("lion, decoupled decay", true, |scale| {
            set(Lion::new(1e-3 * scale), |r| r.decoupled = 0.01)
        }),
        ("lion, coupled decay", false, |scale| set(Lion::new(1e-3 * scale), |r| r.coupled = 0.01)),
        ("adagrad, decay", false, |scale| set(AdaGrad::new(1e-2 * scale), |r| r.decay = 0.01)),
    ]
}

/// The result of applying a rule to the number 1 with gradients of 0.
fn left_of_one(mut rule: Box<dyn UpdateRule<f64>>, steps: usize) -> f64 {
    let mut one = [1.0];
    (0..steps).for_each(|_| rule.step(&mut one, &[0.0]));
    one[0]
}

#[test]
fn training_the_quotient_and_lifting_is_training_the_network() {
    const STEPS: usize = 200;
    let architectures: [&[&[usize]]; 4] = [
        &[&[1000], &[1, 2]],
        &[&[1, 40, 7], &[3, 1], &[1, 1]],
        &[&[2, 2], &[150, 1], &[5], &[2, 3]],
        &[&[1, 1, 1], &[6], &[1, 9], &[2, 2], &[1]],
    ];
    let mut worst = 0.0_f64;
    for (name, any_classes, rule) in rules() {
        for (case, sizes) in architectures.iter().enumerate() {
            let mut rng = Rng(77 + case as u64);
            let sizes: Vec<Vec<usize>> = sizes.iter().map(|&sizes| sizes.into()).collect();
            let deviations = if any_classes { 30 } else { 0 };
            let (net, labels) = chain(&mut rng, 3, &sizes, deviations);
            let views = net.views();
            let small = quotient(&equitable(&net.spec, &views).unwrap(), &views).unwrap();
            let layers = small.chain().unwrap();
            let few = small.perceptron(&layers, |x| x).unwrap();
            let all = full_perceptron(&net, &layers, |x| x);
            for (space, sizes) in sizes.iter().enumerate() {
                let mut found = few.class_sizes(space + 1).to_vec();
                let mut planted = sizes.clone();
                found.sort_unstable();
                planted.sort_unstable();
                assert_eq!(found, planted, "{name}, architecture {case}");
            }
            let x = rng.uniform(6 * 3);
            // One target for each class of outputs: for the full network by the planted classes, for the quotient in
            // the order of its classes.
            let last = labels.last().unwrap();
            let outputs = small.classes().spaces().last().unwrap().partition();
            let by_label: Vec<f64> = rng.uniform(6 * sizes.last().unwrap().len());
            let target = |n: usize, unit: usize| {
                by_label[n * sizes.last().unwrap().len() + last[unit]].abs()
            };
            let t_all: Vec<f64> = (0..6)
                .flat_map(|n| (0..last.len()).map(move |u| (n, u)))
                .map(|(n, u)| target(n, u))
                .collect();
            let t_few: Vec<f64> = (0..6)
                .flat_map(|n| outputs.representatives().map(move |u| (n, u.get())))
                .map(|(n, u)| target(n, u))
                .collect();
            let function =
                [Activation::Tanh, Activation::Gelu, Activation::Silu, Activation::Softplus][case];
            // Adaptive rules move every entry equally far, so an output that reads a thousand entries moves a thousand
            // times as far. With longer steps it would oscillate and amplify rounding.
            let largest = sizes.iter().flatten().copied().max().unwrap();
            let rule = || rule(2.0 / largest as f64);
            let loss = Loss::ALL[case % 3];
            let mut few = Training::new(few, function, loss, Boxed(rule()));
            let mut all = Training::new(all, function, loss, Boxed(rule()));
            for step in 0..STEPS {
                let (a, b) = (few.step(&x, &t_few).unwrap(), all.step(&x, &t_all).unwrap());
                assert!((a - b).abs() < 1e-10 * a.abs().max(1.0), "{name} {case} {step}: {a} {b}");
            }
            let factor = if any_classes { left_of_one(rule(), STEPS) } else { 1.0 };
            let trained = small.means_of_perceptron(&layers, few.network(), |x| *x).unwrap();
            let lifted = small.lift_scaled(&self::views(&trained), |_| factor).unwrap();
            let lifted: Vec<Param> = lifted
                .iter()
                .map(|p| Param {
                    path: p.path().into(),
                    shape: p.shape().into(),
                    data: p.view().to_f64(),
                })
                .collect();
            let lifted = full_perceptron(&Net { params: lifted, ..net.clone() }, &layers, |x| x);
            let moved = full_perceptron(&net, &layers, |x| x);
            let mut far = 0.0_f64;
            for ((a, b), start) in
                lifted.numbers().iter().zip(all.network().numbers()).zip(moved.numbers())
            {
                assert!((a - b).abs() < 1e-10, "{name}, architecture {case}: {a} {b}");
                worst = worst.max((a - b).abs());
                far = far.max((b - start).abs());
            }
            assert!(far > 2e-4, "{name}, architecture {case} went nowhere: {far}");
        }
    }
    println!("largest difference of a parameter after {STEPS} steps: {worst:e}");
}

#[test]
fn in_fractions_there_is_no_difference() {
    for case in 0..6 {
        let mut rng = Rng(99 + case);
        let sizes = [vec![2, 1], vec![3], vec![1, 2]];
        // Class sizes for which the means are exact floats.
        let (mut net, _) = chain(&mut rng, 2, &sizes, 0);
        for param in &mut net.params {
            param.data.iter_mut().for_each(|x| *x = (*x * 16.0).round() / 16.0);
        }
        let views = net.views();
        let small = quotient(&twins(&net.spec, &views).unwrap(), &views).unwrap();
        let layers = small.chain().unwrap();
        let exact = |x: f64| BigRational::from_float(x).unwrap();
        let rule = Sgd::new(exact(0.125)).with_momentum(exact(0.5)).with_decay(exact(0.0625));
        let few = small.perceptron(&layers, exact).unwrap();
        let all = full_perceptron(&net, &layers, exact);
        let x: Vec<BigRational> = [0.5, -1.0, 0.25, 0.75].map(exact).into();
        let outputs = small.classes().spaces().last().unwrap().partition();
        let target = |n: usize, class: usize| exact((n + 2 * class) as f64 * 0.5);
        let targets = |units: &mut dyn Iterator<Item = usize>| -> Vec<BigRational> {
            let units: Vec<usize> = units.collect();
            (0..2).flat_map(|n| units.iter().map(move |&class| target(n, class))).collect()
        };
        let t_few = targets(&mut (0..outputs.len()));
        let t_all = targets(&mut outputs.labels().iter().map(|class| class.get()));
        let mut few = Training::new(few, Relu, Mse, rule.clone());
        let mut all = Training::new(all, Relu, Mse, rule);
        for _ in 0..3 {
            assert_eq!(few.step(&x, &t_few).unwrap(), all.step(&x, &t_all).unwrap());
        }
        // Compares entry by entry, by the classes of the units.
        let class = |space: usize, unit: usize| match space {
            0 => unit,
            _ => small.classes().spaces()[space - 1].partition().labels()[unit].get(),
        };
        for l in 0..layers.len() {
            let (wide, narrow) = (all.network().widths(), few.network().widths());
            for (at, entry) in all.network().weight(l).iter().enumerate() {
                let (i, j) = (at / wide[l], at % wide[l]);
                let block = class(l + 1, i) * narrow[l] + class(l, j);
                assert_eq!(*entry, few.network().weight(l)[block], "case {case}");
            }
            if let (Some(all), Some(few)) = (all.network().bias(l), few.network().bias(l)) {
                for (unit, entry) in all.iter().enumerate() {
                    assert_eq!(*entry, few[class(l + 1, unit)]);
                }
            }
        }
    }
}

/// An Elman network, h' = tanh(U x + W h), in plain loops: the loss after a few inputs.
fn recurrent_loss(u: &[f64], w: &[f64], read: &[f64], xs: &[f64]) -> f64 {
    let n = u.len();
    let mut h = vec![0.0; n];
    for x in xs {
        h = (0..n)
            .map(|i| (u[i] * x + (0..n).map(|j| w[i * n + j] * h[j]).sum::<f64>()).tanh())
            .collect();
    }
    let y: f64 = read.iter().zip(&h).map(|(r, h)| r * h).sum();
    (y - 0.3) * (y - 0.3)
}

/// The diagonal of a recurrent weight has another value, but the same gradient: one number per block is enough.
#[test]
fn a_recurrent_block_moves_as_one_with_its_diagonal() {
    let n = 3;
    let (u, read, xs) = (vec![0.7; n], vec![-0.4; n], [0.5, -1.0, 0.8, 0.3]);
    let w: Vec<f64> = (0..n * n).map(|at| if at % (n + 1) == 0 { 0.75 } else { 0.125 }).collect();
    let slope = |at: usize| {
        let moved = |by: f64| {
            let mut w = w.clone();
            w[at] += by;
            recurrent_loss(&u, &w, &read, &xs)
        };
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    };
    assert!(slope(0).abs() > 1e-3);
    assert!((1..n * n).all(|at| (slope(at) - slope(0)).abs() < 1e-9));

    let spec = AxesSpec::builder()
        .space("h", n)
        .param("u", [output("h"), input("")])
        .param("w", [output("h"), input("h")])
        .param("read", [output(""), input("h")])
        .build([("u", &[n, 1][..]), ("w", &[n, n]), ("read", &[1, n])])
        .unwrap();
    let view = |w: &'_ [f64]| -> Vec<OwnedParam> {
        [("u", &[n, 1][..], &u[..]), ("w", &[n, n], w), ("read", &[1, n], &read)]
            .map(|(path, shape, data)| {
                OwnedParam::from(&ParamView::new(path, shape, data).unwrap())
            })
            .into()
    };
    let full = view(&w);
    let found = twins(&spec, &views(&full)).unwrap();
    assert_eq!(found.spaces()[0].effective_width(), 1);
    let small = quotient(&found, &views(&full)).unwrap();
    assert_eq!(small.params()[1].means(), [(0.75 + 2.0 * 0.125) / 3.0]);
    assert!(small.params()[1].has_deviations() && !small.params()[0].has_deviations());
    assert_same(&small.lift(&means(&small)).unwrap(), &views(&full), 0);

    // The collapsed network is the same function: one unit with W' = 3 w.
    let one: Vec<Vec<f64>> = small.collapsed().unwrap().iter().map(|p| p.view().to_f64()).collect();
    let loss = recurrent_loss(&one[0], &one[1], &one[2], &xs);
    assert!((loss - recurrent_loss(&u, &w, &read, &xs)).abs() < 1e-15);
    // Its derivative with regard to W' is 3 times that of an entry.
    let slope_of_one = {
        let moved = |by: f64| recurrent_loss(&one[0], &[one[1][0] + by], &one[2], &xs);
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    };
    let multiplicity = small.params()[1].multiplicity(Role::Output, 0) as f64;
    assert!((slope_of_one / multiplicity - slope(0)).abs() < 1e-9);
}

#[test]
fn a_chain_is_found_in_any_order_of_parameters_and_others_are_refused() {
    let shapes: [(&str, &[usize]); 5] = [
        ("net.10.bias", &[2]),
        ("net.10.weight", &[2, 4]),
        ("net.2.weight", &[4, 3]),
        ("net.9.bias", &[4]),
        ("net.9.weight", &[4, 4]),
    ];
    let data: Vec<Vec<f32>> =
        shapes.iter().map(|(_, shape)| vec![0.5; shape.iter().product()]).collect();
    let params: Vec<ParamView<'_>> = shapes
        .iter()
        .zip(&data)
        .map(|((path, shape), data)| ParamView::new(path, shape, data).unwrap())
        .collect();
    let build = |layers: [layers::Layer; 3]| {
        let spec = AxesSpec::builder().space("a", 4).space("b", 4);
        let spec = layers.into_iter().fold(spec, |spec, layer| spec.layer(layer));
        spec.build(params.iter().map(ParamView::signature)).unwrap()
    };
    let of = |spec: &AxesSpec| quotient(&twins(spec, &params).unwrap(), &params).unwrap();
    let small = of(&build([
        layers::dense("net.2", "", "a").without_bias(),
        layers::dense("net.9", "a", "b"),
        layers::dense("net.10", "b", ""),
    ]));
    let layer = |weight, bias| ChainLayer { weight, bias };
    let chain = [
        layer("net.2.weight", None),
        layer("net.9.weight", Some("net.9.bias")),
        layer("net.10.weight", Some("net.10.bias")),
    ];
    assert_eq!(small.chain().unwrap(), chain);
    let network = small.perceptron(&chain, |x| x).unwrap();
    assert_eq!((network.widths(), network.class_sizes(2)), (&[3, 1, 1, 2][..], &[4][..]));

    let message =
        |layers: &[ChainLayer<'_>]| small.perceptron(layers, |x| x).unwrap_err().to_string();
    assert_eq!(
        message(&chain[..2]),
        "not a chain of dense layers: `net.10.bias` is not part of the chain"
    );
    assert_eq!(
        message(&[chain[0], chain[2], chain[1]]),
        "not a chain of dense layers: `net.10.weight` does not read the space that the layer before it produces"
    );
    assert_eq!(
        message(&[chain[0], layer("net.9.weight", Some("net.10.bias"))]),
        "not a chain of dense layers: `net.10.bias` is not a bias of the outputs of `net.9.weight`"
    );
    assert_eq!(
        message(&[chain[0], layer("net.9.weihgt", None)]),
        "the spec has axes for `net.9.weihgt`, but the network has no such parameter; did you mean `net.9.weight`?"
    );
    assert_eq!(
        message(&[layer("net.10.bias", None)]),
        "not a chain of dense layers: `net.10.bias` is not a matrix with one output axis and one input axis"
    );
    assert_eq!(
        message(&[chain[0], chain[0]]),
        "not a chain of dense layers: `net.2.weight` is in the chain twice"
    );
    let other =
        Perceptron::new(&[3, 1], vec![DenseLayer { weight: vec![0.0; 3], bias: None }]).unwrap();
    assert!(matches!(
        small.means_of_perceptron(&chain, &other, |x| *x),
        Err(SymmetryError::Surgery(SurgeryError::NotAChain { .. }))
    ));
    // A network in which two layers read the first one.
    let fork = of(&build([
        layers::dense("net.2", "", "a").without_bias(),
        layers::dense("net.9", "a", "b"),
        layers::dense("net.10", "a", ""),
    ]));
    assert!(matches!(fork.chain(), Err(SymmetryError::Surgery(SurgeryError::NotAChain { .. }))));
    // A network whose inputs are one class.
    let spec = AxesSpec::builder()
        .space("x", 2)
        .layer(layers::dense("l", "x", "").without_bias())
        .build([("l.weight", &[1, 2][..])])
        .unwrap();
    let view = [ParamView::new("l.weight", &[1, 2], &[1.0_f32; 2]).unwrap()];
    let small = quotient(&twins(&spec, &view).unwrap(), &view).unwrap();
    let layers = small.chain().unwrap();
    assert_eq!(
        small.perceptron(&layers, |x| x).unwrap_err().to_string(),
        "not a chain of dense layers: `l.weight` reads inputs of which several are in one class"
    );
}

#[test]
fn what_is_not_the_network_is_refused() {
    let spec = AxesSpec::builder()
        .space("h", 2)
        .param("w", [output("h")])
        .build([("w", &[2][..])])
        .unwrap();
    let view = [ParamView::new("w", &[2], &[1.0_f32, 1.0]).unwrap()];
    let classes = twins(&spec, &view).unwrap();
    assert!(matches!(
        quotient(&classes, &[]),
        Err(SymmetryError::Parameter(ParameterError::MissingParameter { .. }))
    ));
    let small = quotient(&classes, &view).unwrap();
    assert!(matches!(
        small.lift(&view),
        Err(SymmetryError::Parameter(ParameterError::ShapeMismatch { .. }))
    ));
    assert!(matches!(
        small.lift(&[]),
        Err(SymmetryError::Parameter(ParameterError::MissingParameter { .. }))
    ));
    let half = [ParamView::new("w", &[1], &[3.0_f32]).unwrap()];
    assert_eq!(small.lift(&half).unwrap()[0].elements(), &OwnedElements::F32(vec![3.0, 3.0]));
    assert_eq!(small.class_sizes("h"), Some(vec![2]));
    assert_eq!(small.class_sizes("g"), None);
}
