//! Every claim of a certificate, checked by training a small perceptron in f64.

use constinit_symmetry::{
    AxesSpec, Certificate, Claim, Decay, EqualityPolicy, Invariant, Optimizer, ParamView,
    PlannedBreak, PlannedChange, Symmetry, SymmetryBreaker, TrainingFacts, UnitIndex, Verdict,
    certificate, equitable, forward_lumpable, layers, twins, twins_with,
};

const SIZES: [usize; 4] = [2, 4, 4, 2];
const SPACES: [&str; 4] = ["", "h1", "h2", "out"];
const STEPS: usize = 30;
const RATE: f64 = 0.02;
const DECAY: f64 = 0.1;
/// Far above the effect of rounding in this number of steps, and far below the difference of a broken class.
const KEPT: f64 = 1e-11;
const BROKEN: f64 = 1e-6;

type Matrix = Vec<Vec<f64>>;

/// y = W3 tanh(W2 tanh(W1 x + b1) + b2) + b3.
#[derive(Clone)]
struct Net {
    weights: Vec<Matrix>,
    biases: Vec<Vec<f64>>,
}

fn matrix(out: usize, inp: usize, entry: impl Fn(usize, usize) -> f64) -> Matrix {
    (0..out).map(|i| (0..inp).map(|j| entry(i, j)).collect()).collect()
}

impl Net {
    /// Twins in every space.
    fn of_twins() -> Self {
        Self {
            weights: vec![
                matrix(4, 2, |i, j| [0.3, -0.2][j] + 0.1 * (i / 2) as f64),
                matrix(4, 4, |i, j| [[0.2, -0.4], [0.5, 0.1]][i / 2][j / 2]),
                matrix(2, 4, |_, j| [0.7, -0.3][j / 2]),
            ],
            biases: vec![vec![0.1, 0.1, 0.2, 0.2], vec![0.05, 0.05, -0.1, -0.1], vec![0.2; 2]],
        }
    }

    /// Equitable with one class per space, but without twins or other symmetries: the deviations from a constant have
    /// vanishing sums and no other pattern.
    fn without_twins() -> Self {
        const FIRST: [[f64; 4]; 4] = [
            [3.0, 1.0, -2.0, -2.0],
            [-1.0, -2.0, 4.0, -1.0],
            [-4.0, 3.0, -1.0, 2.0],
            [2.0, -2.0, -1.0, 1.0],
        ];
        const SECOND: [[f64; 4]; 2] = [[3.0, -1.0, -4.0, 2.0], [-3.0, 1.0, 4.0, -2.0]];
        Self {
            weights: vec![
                matrix(4, 2, |_, j| [0.5, -0.25][j]),
                matrix(4, 4, |i, j| 0.25 + FIRST[i][j] / 8.0),
                matrix(2, 4, |i, j| 0.25 + SECOND[i][j] / 8.0),
            ],
            biases: vec![vec![0.125; 4], vec![-0.125; 4], vec![0.25; 2]],
        }
    }

    fn search<T>(&self, search: impl Fn(&AxesSpec, &[ParamView<'_>]) -> T) -> T {
        let names: Vec<[String; 2]> =
            (1..=3).map(|l| [format!("linear{l}.weight"), format!("linear{l}.bias")]).collect();
        let flat: Vec<Vec<f64>> = self.weights.iter().map(|w| w.concat()).collect();
        let mut views = Vec::new();
        let mut spec = AxesSpec::builder();
        for l in 0..3 {
            views.push(ParamView::new(&names[l][0], &[SIZES[l + 1], SIZES[l]], &flat[l]).unwrap());
            views.push(ParamView::new(&names[l][1], &[SIZES[l + 1]], &self.biases[l]).unwrap());
            spec = spec.space(SPACES[l + 1], SIZES[l + 1]).layer(layers::dense(
                &format!("linear{}", l + 1),
                SPACES[l],
                SPACES[l + 1],
            ));
        }
        let spec = spec.build(views.iter().map(ParamView::signature)).unwrap();
        search(&spec, &views)
    }

    /// The gradient of the summed squared error of one batch. `keep[i]` scales the activation of unit i of h1.
    fn gradient(&self, targets: [f64; 2], keep: [f64; 4]) -> Net {
        let mut grad = self.clone();
        grad.weights.iter_mut().flatten().flatten().for_each(|g| *g = 0.0);
        grad.biases.iter_mut().flatten().for_each(|g| *g = 0.0);
        for (n, x) in [[0.5, -1.0], [1.0, 0.25], [-0.75, 0.5], [0.1, 0.9]].into_iter().enumerate() {
            let mut a: Vec<Vec<f64>> = vec![x.to_vec()];
            for l in 0..3 {
                let z = (0..SIZES[l + 1]).map(|i| {
                    self.biases[l][i]
                        + self.weights[l][i].iter().zip(&a[l]).map(|(w, a)| w * a).sum::<f64>()
                });
                a.push(
                    z.enumerate()
                        .map(|(i, z)| match l {
                            0 => z.tanh() * keep[i],
                            1 => z.tanh(),
                            _ => z,
                        })
                        .collect(),
                );
            }
            let mut g: Vec<f64> =
                (0..2).map(|k| 2.0 * (a[3][k] - targets[k] * (1.0 + n as f64 / 4.0))).collect();
            for l in (0..3).rev() {
                for (i, g) in g.iter().enumerate() {
                    grad.biases[l][i] += g;
                    for (weight, a) in grad.weights[l][i].iter_mut().zip(&a[l]) {
                        *weight += g * a;
                    }
                }
                g = (0..SIZES[l])
                    .map(|j| {
                        let back: f64 =
                            (0..SIZES[l + 1]).map(|i| self.weights[l][i][j] * g[i]).sum();
                        match l {
                            1 => back * (keep[j] - a[1][j] * a[1][j] / keep[j].max(1e-300)),
                            _ => back * (1.0 - a[l][j] * a[l][j]),
                        }
                    })
                    .collect();
            }
        }
        grad
    }

    fn numbers(&mut self) -> impl Iterator<Item = &mut f64> {
        self.weights.iter_mut().flatten().flatten().chain(self.biases.iter_mut().flatten())
    }

    /// How much the units of a class violate the claim.
    fn violation(&self, found: &Symmetry, claim: &Claim) -> f64 {
        let classes = |space: usize| -> Vec<Vec<usize>> {
            match found.space(SPACES[space]) {
                Some(s) => {
                    s.partition().classes().map(|c| c.iter().map(|u| u.get()).collect()).collect()
                }
                None => (0..SIZES[space]).map(|u| vec![u]).collect(),
            }
        };
        let space = claim.space().get() + 1;
        let class = &classes(space)[claim.class().get()];
        let sum = |values: Vec<f64>, over: &[Vec<usize>]| -> Vec<f64> {
            match claim.invariant() {
                Some(Invariant::Equitable) => {
                    over.iter().map(|d| d.iter().map(|&j| values[j]).sum()).collect()
                }
                _ => values,
            }
        };
        let profile = |u: usize| {
            let mut all = vec![self.biases[space - 1][u]];
            all.extend(sum(self.weights[space - 1][u].clone(), &classes(space - 1)));
            if let Some(next) = self.weights.get(space) {
                all.extend(sum(next.iter().map(|row| row[u]).collect(), &classes(space + 1)));
            }
            all
        };
        let first = profile(class[0]);
        class
            .iter()
            .flat_map(|&u| {
                profile(u)
                    .into_iter()
                    .zip(first.clone())
                    .map(|(a, b)| (a - b).abs())
                    .collect::<Vec<_>>()
            })
            .fold(0.0, f64::max)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tweak {
    None,
    ClipByNorm,
    ClipByValue,
    Dropout,
    Noise,
    UnitRates,
    State,
    UnequalTargets,
}

const BREAKING: [(Tweak, SymmetryBreaker); 5] = [
    (Tweak::Dropout, SymmetryBreaker::Dropout),
    (Tweak::Noise, SymmetryBreaker::Noise),
    (Tweak::UnitRates, SymmetryBreaker::UnitRates),
    (Tweak::State, SymmetryBreaker::OptimizerState),
    (Tweak::UnequalTargets, SymmetryBreaker::UnequalTargets),
];

fn facts(optimizer: Optimizer, decay: Decay, tweak: Tweak) -> TrainingFacts {
    let facts = TrainingFacts::new(optimizer).with_decay(decay);
    match tweak {
        Tweak::None | Tweak::ClipByNorm | Tweak::ClipByValue => facts,
        Tweak::Dropout => facts.with_dropout("h1"),
        Tweak::Noise => facts.with_noise("h1"),
        Tweak::UnitRates => facts.with_unit_rates("h1"),
        Tweak::State => facts.with_optimizer_state("h1"),
        Tweak::UnequalTargets => facts.with_unequal_targets("out"),
    }
}

/// The number of the network's numbers before the biases.
const MATRIX_ENTRIES: usize = 2 * 4 + 4 * 4 + 4 * 2;

/// Five rounds of X ↦ aX + bXXᵀX + cXXᵀXXᵀX, from the matrix over its norm.
fn orthogonalised(m: &Matrix) -> Matrix {
    let product = |a: &Matrix, b: &Matrix| -> Matrix {
        matrix(a.len(), b[0].len(), |i, j| (0..b.len()).map(|k| a[i][k] * b[k][j]).sum())
    };
    let norm = m.iter().flatten().map(|x| x * x).sum::<f64>().sqrt().max(1e-7);
    let mut x: Matrix = m.iter().map(|row| row.iter().map(|x| x / norm).collect()).collect();
    for _ in 0..5 {
        let turned = matrix(x[0].len(), x.len(), |i, j| x[j][i]);
        let cube = product(&product(&x, &turned), &x);
        let fifth = product(&product(&cube, &turned), &x);
        let entry =
            |i: usize, j: usize| 3.4445 * x[i][j] - 4.775 * cube[i][j] + 2.0315 * fifth[i][j];
        x = matrix(x.len(), x[0].len(), entry);
    }
    x
}

fn train(mut net: Net, optimizer: Optimizer, decay: Decay, tweak: Tweak) -> Net {
    let targets = if tweak == Tweak::UnequalTargets { [0.5, -0.8] } else { [0.5, 0.5] };
    let mut momentum = net.clone();
    momentum.numbers().for_each(|m| *m = 0.0);
    let mut second = momentum.clone();
    let [mut differences, mut previous] = [momentum.clone(), momentum.clone()];
    if tweak == Tweak::State {
        momentum.biases[0] = vec![0.1, 0.4, 0.2, 0.3];
        second.biases[0] = vec![0.1, 0.4, 0.2, 0.3];
    }
    let mut rates = net.clone();
    // The first steps of RMSProp are ten times the learning rate, and long steps amplify rounding.
    let rate = if optimizer == Optimizer::RmsProp { RATE / 10.0 } else { RATE };
    rates.numbers().for_each(|r| *r = rate);
    if tweak == Tweak::UnitRates {
        (0..4).for_each(|i| rates.biases[0][i] *= 1.0 + i as f64 / 4.0);
    }
    for step in 1..=STEPS {
        let keep = match tweak {
            Tweak::Dropout => {
                [0, 1, 2, 3].map(|i| if (step + i) % 4 == 0 { 0.0 } else { 4.0 / 3.0 })
            }
            _ => [1.0; 4],
        };
        let mut grad = net.gradient(targets, keep);
        match tweak {
            Tweak::Noise => {
                (0..4).for_each(|i| grad.biases[0][i] += 0.01 * ((step * (i + 1)) as f64).sin())
            }
            Tweak::ClipByNorm => {
                let norm = grad.numbers().map(|g| *g * *g).sum::<f64>().sqrt();
                grad.numbers().for_each(|g| *g *= (0.5 / norm).min(1.0));
            }
            Tweak::ClipByValue => grad.numbers().for_each(|g| *g = g.clamp(-0.05, 0.05)),
            _ => {}
        }
        let bias_1 = 1.0 - 0.9_f64.powi(step as i32);
        let bias_2 = 1.0 - 0.999_f64.powi(step as i32);
        for ((w, g), rate) in net.numbers().zip(grad.numbers()).zip(rates.numbers()) {
            match decay {
                Decay::None => {}
                Decay::Decoupled => *w *= 1.0 - *rate * DECAY,
                Decay::Coupled => *g += DECAY * *w,
            }
        }
        // Muon: orthogonalised momentum for matrices, Adam for the other parameters.
        let muon = optimizer == Optimizer::Muon;
        let weights = if muon { net.weights.len() } else { 0 };
        for l in 0..weights {
            let entries = momentum.weights[l].iter_mut().flatten();
            for (m, g) in entries.zip(grad.weights[l].iter().flatten()) {
                *m = 0.95 * *m + g;
            }
            let update = orthogonalised(&momentum.weights[l]);
            let (rows, rates) = (net.weights[l].iter_mut(), &rates.weights[l]);
            for ((w, u), rate) in rows.flatten().zip(update.concat()).zip(rates.iter().flatten()) {
                *w -= rate * u;
            }
            grad.weights[l].iter_mut().flatten().for_each(|g| *g = 0.0);
        }
        let moments = momentum.numbers().zip(second.numbers());
        let history = differences.numbers().zip(previous.numbers());
        let state = moments.zip(history).zip(rates.numbers());
        let entries = net.numbers().zip(grad.numbers()).zip(state);
        for ((w, g), (((m, v), (d, before)), rate)) in
            entries.skip(if muon { MATRIX_ENTRIES } else { 0 })
        {
            let g = *g;
            *w -= *rate
                * match optimizer {
                    Optimizer::Sgd => g,
                    Optimizer::SgdMomentum => {
                        *m = 0.9 * *m + g;
                        *m
                    }
                    Optimizer::Adam | Optimizer::AdamW | Optimizer::Muon => {
                        *m = 0.9 * *m + 0.1 * g;
                        *v = 0.999 * *v + 0.001 * g * g;
                        *m / bias_1 / ((*v / bias_2).sqrt() + 1e-8)
                    }
                    Optimizer::RmsProp => {
                        *v = 0.99 * *v + 0.01 * g * g;
                        g / (v.sqrt() + 1e-8)
                    }
                    Optimizer::AdaGrad => {
                        *v += g * g;
                        g / (v.sqrt() + 1e-8)
                    }
                    Optimizer::Adan => {
                        let change = if step == 1 { 0.0 } else { g - *before };
                        *before = g;
                        *m = 0.98 * *m + 0.02 * g;
                        *d = 0.92 * *d + 0.08 * change;
                        *v = 0.99 * *v + 0.01 * (g + 0.92 * change).powi(2);
                        let correct = |beta: f64| 1.0 - beta.powi(step as i32);
                        (*m / correct(0.98) + 0.92 * *d / correct(0.92))
                            / ((*v / correct(0.99)).sqrt() + 1e-8)
                    }
                    Optimizer::Lion => {
                        let step = 0.9 * *m + 0.1 * g;
                        *m = 0.99 * *m + 0.01 * g;
                        f64::from(i8::from(step > 0.0) - i8::from(step < 0.0))
                    }
                    other => unreachable!("{other}"),
                };
        }
    }
    net
}

fn certify(net: &Net, optimizer: Optimizer, decay: Decay, tweak: Tweak) -> (Symmetry, Certificate) {
    let found = net.search(|spec, views| equitable(spec, views).unwrap());
    let certificate = certificate(&found, &facts(optimizer, decay, tweak));
    (found, certificate)
}

fn certified_optimizers() -> impl Iterator<Item = (Optimizer, Decay)> {
    Optimizer::ALL.into_iter().flat_map(|o| Decay::ALL.map(|d| (o, d)))
}

#[test]
fn the_two_networks_are_what_they_are_meant_to_be() {
    let twin = Net::of_twins();
    assert_eq!(
        twin.search(|s, v| SPACES[1..]
            .iter()
            .map(|n| twins(s, v).unwrap().effective_width(n).unwrap())
            .collect::<Vec<_>>()),
        [2, 2, 1]
    );
    let plain = Net::without_twins();
    let [twin_widths, widths] = plain.search(|s, v| {
        [twins(s, v).unwrap(), equitable(s, v).unwrap()].map(|found| {
            SPACES[1..].iter().map(|n| found.effective_width(n).unwrap()).collect::<Vec<_>>()
        })
    });
    assert_eq!((twin_widths, widths), (vec![4, 4, 2], vec![1, 1, 1]));
}

#[test]
fn every_optimizer_and_decay_does_what_is_certified() {
    for net in [Net::of_twins(), Net::without_twins()] {
        for (optimizer, decay) in certified_optimizers() {
            for tweak in [Tweak::None, Tweak::ClipByNorm, Tweak::ClipByValue] {
                let (found, certificate) = certify(&net, optimizer, decay, tweak);
                let trained = train(net.clone(), optimizer, decay, tweak);
                assert!(!certificate.claims().is_empty());
                for claim in certificate.claims() {
                    let violation = trained.violation(&found, claim);
                    let case = format!(
                        "{optimizer}, {decay}, {tweak:?}: {} {violation:e}",
                        claim.sentence()
                    );
                    match claim.verdict() {
                        Verdict::Kept => assert!(violation < KEPT, "{case}"),
                        Verdict::Broken(by) => {
                            assert_eq!(by, &[SymmetryBreaker::CoupledDecay]);
                            assert!(violation > BROKEN, "{case}");
                        }
                        other => panic!("{case}: {other:?}"),
                    }
                    let listed = claim.kept_by().any(|pair| pair == (optimizer, decay));
                    assert_eq!(listed, *claim.verdict() == Verdict::Kept);
                }
            }
        }
    }
}

#[test]
fn every_fact_breaks_what_is_certified() {
    for (twins, net) in [(true, Net::of_twins()), (false, Net::without_twins())] {
        for (tweak, breaker) in BREAKING {
            // AdamW has a momentum, so its state can differ between units. Its decay alone breaks nothing.
            let (optimizer, decay) = (Optimizer::AdamW, Decay::Decoupled);
            let (found, certificate) = certify(&net, optimizer, decay, tweak);
            let trained = train(net.clone(), optimizer, decay, tweak);
            let hit = if tweak == Tweak::UnequalTargets { "out" } else { "h1" };
            let hit = found.spec().space_id(hit).unwrap();
            for claim in certificate.claims() {
                let expected = match (claim.space() == hit, twins) {
                    (true, _) => Verdict::Broken(vec![breaker.clone()]),
                    (false, true) => Verdict::Kept,
                    (false, false) => Verdict::Broken(vec![SymmetryBreaker::Space(hit)]),
                };
                assert_eq!(claim.verdict(), &expected, "{tweak:?}: {}", claim.sentence());
                let violation = trained.violation(&found, claim);
                let fine =
                    if expected == Verdict::Kept { violation < KEPT } else { violation > BROKEN };
                assert!(fine, "{tweak:?}: {} {violation:e}", claim.sentence());
            }
            assert!(!certificate.holds());
        }
    }
}

/// A circulant block has another symmetry, for which the certificate does not search. It keeps the class although the
/// facts break equitable classes in general. So "broken" means that nothing known keeps the class.
#[test]
fn a_symmetry_of_another_kind_may_still_keep_a_class() {
    let mut net = Net::without_twins();
    net.weights[1] = matrix(4, 4, |i, j| [0.5, 0.25, -0.375, 0.125][(4 + j - i) % 4]);
    net.weights[2] = matrix(2, 4, |_, _| 0.25);
    let (found, certificate) = certify(&net, Optimizer::Adam, Decay::Coupled, Tweak::None);
    let trained = train(net, Optimizer::Adam, Decay::Coupled, Tweak::None);
    let claim = &certificate.claims()[0];
    assert!(matches!(claim.verdict(), Verdict::Broken(_)));
    assert!(trained.violation(&found, claim) < KEPT);
}

/// A space, a planned change of it, and a function that makes the same change to a network between two phases of
/// training.
type Planned = (&'static str, PlannedChange, fn(&mut Net));

/// Adds a different number to each incoming weight and the bias of a unit.
fn add_noise(net: &mut Net, layer: usize, unit: usize) {
    net.biases[layer][unit] += 0.03 * (1.0 + unit as f64).sin();
    for (j, weight) in net.weights[layer][unit].iter_mut().enumerate() {
        *weight += 0.05 * (1.0 + (4 * unit + j) as f64).cos();
    }
}

/// Adds an amount to an outgoing weight of each even unit of a layer and subtracts it from that of the next unit, with
/// a different amount for each weight.
fn exchange(net: &mut Net, reader: usize) {
    for (i, row) in net.weights[reader].iter_mut().enumerate() {
        for (k, pair) in row.chunks_mut(2).enumerate() {
            let amount = 0.04 / (1 + 2 * i + k) as f64;
            pair[0] += amount;
            pair[1] -= amount;
        }
    }
}

#[test]
fn a_planned_change_breaks_the_classes_that_the_certificate_says() {
    let unit = UnitIndex::new(0).unwrap();
    let noise = |units| PlannedChange::Noise { std: 0.05, units };
    let planned: [Planned; 5] = [
        ("h1", noise(None), |net| (0..4).for_each(|unit| add_noise(net, 0, unit))),
        ("h2", noise(None), |net| (0..4).for_each(|unit| add_noise(net, 1, unit))),
        ("h2", noise(Some(vec![unit])), |net| add_noise(net, 1, 0)),
        ("h1", PlannedChange::ZeroSum { scale: 0.04 }, |net| exchange(net, 1)),
        ("h2", PlannedChange::ZeroSum { scale: 0.04 }, |net| exchange(net, 2)),
    ];
    for net in [Net::of_twins(), Net::without_twins()] {
        for (space, change, apply) in &planned {
            let found = net.search(|spec, views| equitable(spec, views).unwrap());
            let planned = PlannedBreak::new(found.spec(), space, STEPS + 1, change.clone());
            let facts = TrainingFacts::new(Optimizer::Sgd).with_planned(planned.clone());
            let certificate = certificate(&found, &facts);
            let mut trained = train(net.clone(), Optimizer::Sgd, Decay::None, Tweak::None);
            for claim in certificate.claims() {
                assert!(trained.violation(&found, claim) < KEPT, "before: {}", claim.sentence());
            }
            apply(&mut trained);
            let trained = train(trained, Optimizer::Sgd, Decay::None, Tweak::None);
            for claim in certificate.claims() {
                let violation = trained.violation(&found, claim);
                let case = format!("{} {violation:e}", claim.sentence());
                match claim.verdict() {
                    Verdict::Kept => assert!(violation < KEPT, "{case}"),
                    Verdict::Broken(by) => {
                        assert!(violation > BROKEN, "{case}");
                        let named = by.contains(&SymmetryBreaker::Planned(planned.clone()));
                        assert_eq!(
                            named,
                            claim.sentence().contains(&planned.to_string()),
                            "{case}"
                        );
                    }
                    other => panic!("{other:?}: {case}"),
                }
            }
            assert!(!certificate.holds());
        }
    }
}

#[test]
fn what_is_not_certified() {
    let net = Net::of_twins();
    let facts = TrainingFacts::new(Optimizer::Sgd);
    // Merging h1 of this network is sound, but its columns into h2 differ.
    let mut lumpable = Net::without_twins();
    lumpable.weights[1][0] = vec![0.5, 0.5, -0.5, 0.0];
    let found = lumpable.search(|s, v| forward_lumpable(s, v, &[]).unwrap());
    assert_eq!(found.effective_width("h1"), Some(1));
    let open = certificate(&found, &facts);
    assert!(open.claims().iter().all(|claim| *claim.verdict() == Verdict::Open));
    let up_to_sign =
        net.search(|s, v| twins_with(s, v, &EqualityPolicy::bits().up_to_sign()).unwrap());
    assert!(
        certificate(&up_to_sign, &facts).claims().iter().all(|c| *c.verdict() == Verdict::Open)
    );
}

#[test]
fn sentences_for_people() {
    let net = Net::without_twins();
    let (found, certificate) = certify(&net, Optimizer::Adam, Decay::Coupled, Tweak::Dropout);
    let h1 = found.spec().space_id("h1").unwrap();
    let class = found.space("h1").unwrap().partition().labels()[0];
    assert_eq!(
        certificate.claim(h1, class).unwrap().sentence(),
        "The 4 units of class 0 of h1 have different weights but equal sums over classes, but dropout on h1 and \
         coupled decay, which Adam rescales entry by entry, can separate them."
    );
    assert!(certificate.to_string().lines().count() == 3);
    let misspelt = TrainingFacts::new(Optimizer::Sgd).with_dropout("hidden1");
    let found = net.search(|s, v| twins(s, v).unwrap());
    let certificate = constinit_symmetry::certificate(&found, &misspelt);
    assert_eq!(certificate.unknown_spaces(), ["hidden1"]);
    assert!(certificate.claims().is_empty());
}
