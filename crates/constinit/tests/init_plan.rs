//! Plans: which rule fills which parameter, what stays, and that predictions come true.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear,
    LinearConfig,
};
use burn::tensor::activation::tanh;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use constinit::axes::{Capture, Trace, trace};
use constinit::init::{Init, InitPlan, InitRule, ParameterAxes, RngKey, from_burn};
use constinit::params::{parameter_paths, read_parameters};
use constinit::prelude::*;
use constinit::{ConstInit, ConstInitConfig};
use constinit_symmetry::{AxesSpec, Optimizer, ParamView, TrainingFacts, input, output, twins};
use proptest::prelude::*;

type B = NdArray;

#[derive(Module, Debug)]
struct Net<B: Backend> {
    embedding: Embedding<B>,
    conv: Conv2d<B>,
    norm: LayerNorm<B>,
    fc: Linear<B>,
    free: Param<Tensor<B, 2>>,
}

fn net<B: Backend>() -> Net<B> {
    let device = Default::default();
    Net {
        embedding: EmbeddingConfig::new(7, 4).init(&device),
        conv: Conv2dConfig::new([2, 6], [3, 3]).init(&device),
        norm: LayerNormConfig::new(4).init(&device),
        fc: LinearConfig::new(4, 3).init(&device),
        free: Param::from_tensor(Tensor::from_data(
            [[1.0, 2.0, 1.0, 2.0, 1.0], [2.0, 1.0, 2.0, 1.0, 2.0]],
            &device,
        )),
    }
}

fn values<B: Backend, M: Module<B>>(module: &M, path: &str) -> Vec<f64> {
    let number = parameter_paths(module).iter().position(|own| own == path).unwrap();
    read_parameters(module).swap_remove(number).data.iter::<f64>().collect()
}

fn plan() -> InitPlan {
    InitPlan::new(3)
        .rule(InitRule::regex(r"^fc\.weight$", Init::Orthogonal { gain: 1.0 }))
        .rule(InitRule::glob(
            "*.bias",
            Init::Kaiming {
                nonlinearity: Default::default(),
                fan: Default::default(),
                distribution: Default::default(),
            },
        ))
        .rule(InitRule::any(Init::Dirac { groups: 1 }).of_rank(4))
        .rule(InitRule::any(Init::constant(0.25)).of_module("LayerNorm"))
        .rule(InitRule::glob("embedding.*", Init::OutputRamp { start: 0.0, step: 1.0 }))
        .rule(InitRule::glob("**", Init::uniform(-1.0, 1.0)))
}

#[test]
fn the_first_rule_that_matches_fills() {
    let (filled, report) = plan().apply(net::<B>()).unwrap();
    let rules: Vec<(&str, Option<usize>)> =
        report.rows.iter().map(|row| (row.path.as_str(), row.rule)).collect();
    assert_eq!(
        rules,
        [
            ("embedding.weight", Some(4)),
            ("conv.weight", Some(2)),
            ("conv.bias", Some(1)),
            ("norm.gamma", Some(3)),
            ("norm.beta", Some(3)),
            ("fc.weight", Some(0)),
            ("fc.bias", Some(1)),
            ("free", Some(5)),
        ]
    );
    // Features are the outputs of an embedding.
    assert_eq!(values(&filled, "embedding.weight")[..5], [0.0, 1.0, 2.0, 3.0, 0.0]);
    let dirac = values(&filled, "conv.weight");
    assert_eq!(dirac.iter().filter(|v| **v == 1.0).count(), 2);
    assert_eq!((dirac[4], dirac[18 + 9 + 4]), (1.0, 1.0));
    // The bias of a convolution is scaled by the fans of its weight.
    assert_eq!(report.rows[2].fans, Some([18, 54]));
    let text = report.to_string();
    assert!(text.lines().next().unwrap().starts_with("parameter"), "{text}");
    assert!(
        text.contains(
            "embedding.weight  5     output-ramp  [7, 4]        7, 4         1.5         1.11803"
        ),
        "{text}"
    );
}

#[test]
fn what_does_not_meet_is_refused() {
    let message = |plan: &InitPlan| plan.apply(net::<B>()).unwrap_err().to_string();
    let mut short = plan();
    short.rules.pop();
    assert_eq!(message(&short), "no rule matches parameter free");
    let (kept, report) = short.clone().keeping_others().apply(net::<B>()).unwrap();
    assert_eq!(values(&kept, "free"), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    assert_eq!((report.rows[7].rule, report.rows[7].initialiser.as_str()), (None, "kept"));
    // Parameters that stay have moments, too.
    assert_eq!((report.rows[7].mean, report.rows[7].std), (1.5, 0.5));

    let misspelt = plan().rule(InitRule::glob("fcc.*", Init::Zeros));
    let text = message(&misspelt);
    assert!(
        text.starts_with(
            "rule 7 (fcc.* -> zeros): it matches no parameter of embedding.weight, conv"
        ),
        "{text}"
    );
    let shadowed = plan().rule(InitRule::glob("fc.bias", Init::Zeros));
    assert_eq!(
        message(&shadowed),
        "rule 7 (fc.bias -> zeros): earlier rules fill every parameter that it matches"
    );
    assert!(shadowed.with_spare_rules().apply(net::<B>()).is_ok());

    let impossible = InitPlan::new(0)
        .rule(InitRule::glob("free", Init::Xavier { gain: 1.0, distribution: Default::default() }));
    assert_eq!(
        message(&impossible.keeping_others()),
        "rule 1 (free -> xavier) for free: initialiser xavier cannot fill a parameter of shape [2, 5]: \
         it has no fan-in and no fan-out to scale by"
    );
    let broken = InitPlan::new(0).rule(InitRule::regex("fc.(", Init::Zeros));
    assert!(message(&broken).starts_with("rule 1 (/fc.(/ -> zeros): regex parse error"));
}

#[test]
fn ids_and_the_need_of_gradients_stay() {
    type A = Autodiff<B>;
    let mut before = net::<A>();
    before.fc = before.fc.no_grad();
    let ids: Vec<_> = read_parameters(&before).into_iter().map(|p| p.id).collect();
    let (after, _) = plan().apply(before).unwrap();
    assert_eq!(read_parameters(&after).into_iter().map(|p| p.id).collect::<Vec<_>>(), ids);
    assert!(!after.fc.weight.is_require_grad() && after.conv.weight.is_require_grad());
}

#[test]
fn numbers_belong_to_seed_and_path() {
    let (one, _) = plan().apply(net::<B>()).unwrap();
    // Another backend, and another rule before it.
    let (other, _) = InitPlan::new(3)
        .rule(InitRule::glob("free", Init::uniform(-1.0, 1.0)))
        .keeping_others()
        .apply(net::<Flex>())
        .unwrap();
    assert_eq!(values(&one, "free"), values(&other, "free"));
    let reseeded = InitPlan { seed: 4, ..plan() };
    assert_ne!(values(&reseeded.apply(net::<B>()).unwrap().0, "free"), values(&one, "free"));
    let drawn = Init::uniform(-1.0, 1.0)
        .values(&[2, 5], ParameterAxes::UNKNOWN, &RngKey::new(3, "free"))
        .unwrap();
    assert!(values(&one, "free").iter().zip(drawn).all(|(a, b)| *a == f64::from(b as f32)));
}

#[test]
fn written_down_and_read() {
    let text = r#"
        seed = 7
        [[init]]
        path = "layers.*.bias"
        init = { type = "zeros" }
        [[init]]
        rank = 2
        init = { type = "symmetrised", outputs = 2, of = { type = "normal", std = 1.0 } }
    "#;
    let plan: InitPlan = toml::from_str(text).unwrap();
    assert_eq!(
        plan,
        InitPlan::new(7)
            .rule(InitRule::glob("layers.*.bias", Init::Zeros))
            .rule(InitRule::any(Init::normal(0.0, 1.0).symmetrised(2)).of_rank(2))
    );
    assert_eq!(toml::from_str::<InitPlan>(&toml::to_string(&plan).unwrap()).unwrap(), plan);
    assert!(toml::from_str::<InitPlan>("sed = 7").is_err());
}

#[test]
fn a_prediction_says_what_training_keeps() {
    let net = ConstInitConfig::new(vec![784, 512, 10]).init::<B>(&Default::default());
    let plan = InitPlan::new(0)
        .rule(InitRule::glob("**.bias", Init::Zeros))
        .rule(InitRule::glob("**", Init::constant(0.1)));
    let predicted = plan.predict(&net.axes().unwrap()).unwrap();
    assert!(predicted.generated.is_empty());
    let adam = TrainingFacts::new(Optimizer::Adam);
    assert_eq!(
        predicted.clone().under(&adam).to_string(),
        "hidden1: 512 units, 1 class, kept by Adam\n"
    );
    let dropped = predicted.under(&adam.with_dropout("hidden1"));
    assert_eq!(dropped.to_string(), "hidden1: 512 units, 1 class, broken by dropout\n");
}

#[test]
fn twins_of_a_recurrent_space_need_more_than_equal_labels() {
    // The recurrent weight is the identity: swapping any two units changes nothing.
    let recurrent = |init: Init| {
        let spec = AxesSpec::builder()
            .space("h", 4)
            .param("read", [input(""), output("h")])
            .param("again", [input("h"), output("h")])
            .build([("read", &[2, 4][..]), ("again", &[4, 4])])
            .unwrap();
        let plan = InitPlan::new(0)
            .rule(InitRule::glob("read", Init::Ones))
            .rule(InitRule::glob("again", init));
        plan.predict(&spec).unwrap().spaces[0].classes.len()
    };
    assert_eq!(recurrent(Init::Identity { gain: 1.0 }), 1);
    assert_eq!(recurrent(Init::constant(0.5)), 1);
    assert_eq!(recurrent(Init::OutputRamp { start: 0.0, step: 1.0 }), 4);
    // Units 0 and 1 have equal outgoing weights, and so do 2 and 3, but all units have equal incoming weights.
    let sent = Init::PerInput { values: vec![1.0, 1.0, 2.0, 2.0] };
    assert_eq!(recurrent(sent), 2);
    assert_eq!(recurrent(Init::constant(1.0).plus(Init::Identity { gain: 0.5 })), 1);
}

fn init(units: usize) -> impl Strategy<Value = Init> {
    let number = prop::sample::select(vec![0.0, 0.5, 1.0]);
    let leaf = prop_oneof![
        3 => number.clone().prop_map(Init::constant),
        1 => Just(Init::OutputRamp { start: 0.0, step: 1.0 }),
        1 => Just(Init::normal(0.0, 1.0)),
        1 => prop::collection::vec(number.clone(), units)
            .prop_map(|values| Init::PerOutput { values }),
        1 => Just(Init::PartialIdentity { gain: 1.0 }),
    ];
    leaf.prop_recursive(2, 4, 2, move |inner| {
        prop_oneof![
            (inner.clone(), 1..=units.min(3)).prop_map(|(init, n)| init.symmetrised(n)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.plus(b)),
            (inner, prop::sample::select(vec![0.0, 2.0])).prop_map(|(a, g)| a.scaled(g)),
        ]
    })
}

proptest! {
    #[test]
    fn predictions_come_true(
        (dims, inits) in (1..4_usize, 1..5_usize, 1..5_usize).prop_flat_map(|(a, b, c)| {
            let of = |units| (init(units), init(units), 0..3_usize);
            (Just([a, b, c, 2]), (of(b), of(c), of(2)))
        }),
    ) {
        let weight_and_bias = [inits.0, inits.1, inits.2];
        let net: ConstInit<B> = ConstInitConfig::new(dims.to_vec()).init(&Default::default());
        let mut plan = InitPlan::new(1);
        for (number, (weight, bias, reads)) in weight_and_bias.into_iter().enumerate() {
            // Inputs in classes, so that later layers keep what earlier ones make.
            let weight = if reads > 0 && dims[number] >= reads {
                weight.symmetrised_inputs(reads)
            } else {
                weight
            };
            plan = plan
                .rule(InitRule::glob(format!("layers.{number}.weight"), weight))
                .rule(InitRule::glob(format!("layers.{number}.bias"), bias));
        }
        let spec = net.axes().unwrap();
        let Ok((filled, _)) = plan.apply(net) else {
            // A bias has no input axis for an identity.
            prop_assert!(plan.predict(&spec).is_err());
            return Ok(());
        };
        let parameters = read_parameters(&filled);
        let views: Vec<ParamView<'_>> = spec
            .params()
            .iter()
            .zip(&parameters)
            .map(|(param, read)| ParamView::new(param.path(), param.shape(), read.data.as_slice::<f32>().unwrap()).unwrap())
            .collect();
        let found = twins(&spec, &views).unwrap();
        let predicted = plan.predict(&spec).unwrap();
        for (found, predicted) in found.spaces().iter().zip(&predicted.spaces) {
            prop_assert_eq!(found.partition(), &predicted.classes, "{:?}", plan);
        }
    }
}

#[test]
fn burn_s_own_fill_by_path_and_seed_too() {
    let xavier = burn::module::Initializer::XavierUniform { gain: 1.0 };
    let plan =
        InitPlan::new(0).rule(InitRule::glob("fc.weight", from_burn(&xavier))).keeping_others();
    let (filled, report) = plan.apply(net::<B>()).unwrap();
    assert_eq!(report.rows[5].initialiser, "burn");
    let bound = (6.0_f64 / 7.0).sqrt();
    assert!(values(&filled, "fc.weight").iter().all(|v| v.abs() <= bound && *v != 0.0));
    let (other, _) = plan.apply(net::<Flex>()).unwrap();
    assert_eq!(values(&other, "fc.weight"), values(&filled, "fc.weight"));
}

#[test]
fn the_element_type_stays() {
    // A module of two precisions, as mixed-precision training has.
    let mut before = net::<B>();
    before.fc.weight = before.fc.weight.map(|weight| weight.cast(DType::F64));
    let third = Init::constant(1.0 / 3.0);
    let plan = InitPlan::new(0).rule(InitRule::any(third.clone()));
    let (after, report) = plan.apply(before).unwrap();
    let (wide, narrow) = (after.fc.weight.val(), after.fc.bias.as_ref().unwrap().val());
    assert_eq!((wide.dtype(), narrow.dtype()), (DType::F64, DType::F32));
    assert_eq!(wide.into_data().as_slice::<f64>().unwrap(), [1.0 / 3.0; 12]);
    // All entries are equal, exactly.
    assert_eq!((report.rows[5].mean, report.rows[5].std), (1.0 / 3.0, 0.0));
    assert_eq!((report.rows[6].mean, report.rows[6].std), (f64::from(1.0_f32 / 3.0), 0.0));

    let weight = net::<B>().fc.weight.map(|weight| weight.cast(DType::F64));
    let weight = third.apply(weight, ParameterAxes::LINEAR_WEIGHT, &RngKey::default()).unwrap();
    assert_eq!(weight.val().into_data().as_slice::<f64>().unwrap(), [1.0 / 3.0; 12]);
}

#[derive(Module, Debug)]
struct Cnn<B: Backend> {
    conv: Conv2d<B>,
    norm: BatchNorm<B>,
    back: ConvTranspose2d<B>,
    fc: Linear<B>,
}

impl<B: Backend> Cnn<B> {
    fn new(device: &B::Device) -> Self {
        Self {
            conv: Conv2dConfig::new([2, 6], [3, 3]).init(device),
            norm: BatchNormConfig::new(6).init(device),
            back: ConvTranspose2dConfig::new([6, 4], [2, 2]).init(device),
            fc: LinearConfig::new(4 * 3 * 3, 3).init(device),
        }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = tanh(self.norm.forward(self.conv.forward(x)));
        self.fc.forward(tanh(self.back.forward(x)).flatten(1, 3))
    }
}

#[test]
fn running_statistics_are_no_parameters() {
    let plan = InitPlan::new(1).rule(InitRule::any(Init::constant(0.5)));
    let (filled, report) = plan.apply(Cnn::<B>::new(&Default::default())).unwrap();
    let paths: Vec<&str> = report.rows.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "conv.weight",
            "conv.bias",
            "norm.gamma",
            "norm.beta",
            "back.weight",
            "back.bias",
            "fc.weight",
            "fc.bias"
        ]
    );
    assert_eq!(values(&filled, "norm.running_mean"), [0.0; 6]);
    assert_eq!(values(&filled, "norm.running_var"), [1.0; 6]);
    // Nor does a plan need a rule for them.
    let plan = InitPlan::new(1)
        .rule(InitRule::regex("weight|bias", Init::Zeros))
        .rule(InitRule::any(Init::Ones).of_module("BatchNorm"));
    assert!(plan.apply(Cnn::<B>::new(&Default::default())).is_ok());
}

#[test]
fn predictions_for_a_module_come_true() {
    let traced = trace(|device| {
        let net = Cnn::<Capture>::new(device);
        let x = Tensor::<Capture, 4>::zeros([2, 2, 4, 4], device);
        let y = net.forward(x.clone());
        Trace::of(&net).input(x).output(y)
    })
    .unwrap();
    let module = || Cnn::<B>::new(&Default::default());
    let twins_of = |plan: &InitPlan| -> Vec<(String, usize)> {
        let module = module();
        let predicted = plan.predict_for(&module, &traced.axes).unwrap();
        let (filled, report) = plan.apply(module).unwrap();
        let (paths, read) = (parameter_paths(&filled), read_parameters(&filled));
        let views: Vec<ParamView<'_>> = traced
            .axes
            .params()
            .iter()
            .map(|param| {
                let place = paths.iter().position(|path| path == param.path()).unwrap();
                let entries = read[place].data.as_slice::<f32>().unwrap();
                ParamView::new(param.path(), param.shape(), entries).unwrap()
            })
            .collect();
        let found = twins(&traced.axes, &views).unwrap();
        for (found, predicted) in found.spaces().iter().zip(&predicted.spaces) {
            assert_eq!(found.partition(), &predicted.classes, "{plan:?}");
        }
        // The predicted report equals the report after filling, except for rounding.
        for row in &predicted.parameters.rows {
            let Some(made) = report.rows.iter().find(|made| made.path == row.path) else {
                assert!(row.path.starts_with("norm.running"));
                continue;
            };
            assert_eq!((row.rule, &row.shape, row.fans), (made.rule, &made.shape, made.fans));
            let apart = (row.mean - made.mean).abs().max((row.std - made.std).abs());
            assert!(apart < 1e-6, "{row:?} {made:?}");
        }
        let spaces = predicted.spaces.iter();
        spaces.map(|space| (space.name.clone(), space.classes.len())).collect()
    };
    let classes = |plan: InitPlan| {
        twins_of(&plan).into_iter().map(|(_, count)| count).collect::<Vec<usize>>()
    };
    assert_eq!(classes(InitPlan::new(0).rule(InitRule::any(Init::constant(0.5)))), [1, 1]);
    let by_module = InitPlan::new(0)
        .rule(InitRule::any(Init::normal(0.0, 1.0).symmetrised(3)).of_module("Conv2d"))
        .rule(InitRule::glob("back.weight", Init::constant(0.1)))
        .rule(InitRule::glob("back.bias", Init::PerOutput { values: vec![1.0, 2.0, 1.0, 2.0] }))
        .rule(
            InitRule::any(Init::InputRamp { start: 0.0, step: 1.0 }).of_module("Linear").of_rank(2),
        )
        .keeping_others();
    assert_eq!(classes(by_module), [3, 4]);
    let twos = InitPlan::new(0)
        .rule(InitRule::glob("back.bias", Init::PerOutput { values: vec![1.0, 2.0, 1.0, 2.0] }))
        .rule(InitRule::any(Init::constant(0.1)));
    assert_eq!(classes(twos), [1, 2]);
    // A module that is kept has its present entries, which are random.
    let kept = InitPlan::new(0).rule(InitRule::glob("fc.bias", Init::Zeros)).keeping_others();
    assert_eq!(classes(kept), [6, 4]);
}

#[test]
fn what_is_alike_by_construction_needs_no_memory() {
    // 10^12 weights.
    let units = 1_000_000;
    let spec = AxesSpec::builder()
        .space("a", units)
        .space("b", units)
        .param("read", [input(""), output("a")])
        .param("between", [input("a"), output("b")])
        .param("write", [input("b"), output("")])
        .build([("read", &[1, units][..]), ("between", &[units, units]), ("write", &[units, 1])])
        .unwrap();
    let blocks = Init::BlockAverage { blocks: 4, gain: 1.0 };
    let plan = InitPlan::new(0)
        .rule(InitRule::glob("read", Init::constant(1.0).plus(Init::constant(2.0)).symmetrised(5)))
        .rule(InitRule::glob("between", blocks.plus(Init::constant(1.0)).scaled(2.0)))
        .rule(InitRule::glob("write", Init::Ones));
    let predicted = plan.predict(&spec).unwrap();
    assert_eq!(predicted.to_string(), "a: 1000000 units, 4 classes\nb: 1000000 units, 4 classes\n");
    assert!(predicted.generated.is_empty());
    // A quarter of the entries is 2 (1 + 1 / 250000), the others are 2.
    let row = &predicted.parameters.rows[1];
    let (mean, std) = (2.0 + 2.0 / 1e6, 2.0 / 250_000.0 * (0.25_f64 * 0.75).sqrt());
    assert!((row.mean - mean).abs() < 1e-12 && (row.std - std).abs() < 1e-12, "{row:?}");
}

#[test]
fn entries_that_are_not_finite_are_refused() {
    let net = || ConstInitConfig::new(vec![2, 3, 1]).init::<B>(&Default::default());
    let plan = InitPlan::new(0).rule(InitRule::glob("layers.0.weight", Init::constant(1e300)));
    let plan = plan.rule(InitRule::any(Init::Zeros));
    let text = plan.apply(net()).unwrap_err().to_string();
    assert_eq!(
        text,
        "rule 1 (layers.0.weight -> constant) for layers.0.weight: initialiser constant cannot fill \
         a parameter of shape [2, 3]: its entry 0 is inf as F32"
    );
    let text = plan.predict(&net().axes().unwrap()).unwrap_err().to_string();
    assert!(text.ends_with("an entry is inf in single precision"), "{text}");
}
