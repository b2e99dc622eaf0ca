//! A plan fills the same module with the same bits on Burn 0.21 and on Burn 0.22.

use burn_flex::Flex;
use constinit_core::init::{Distribution, Fan, Init, InitPlan, InitReport, InitRule};
use proptest::prelude::*;

/// Layers of every kind that has parameters of several axes, by the constructors that both versions share.
macro_rules! layers {
    ($burn:ident, $device:expr $(, $backend:ty)?) => {{
        use $burn::nn::conv::{Conv1dConfig, Conv2dConfig, ConvTranspose2dConfig};
        use $burn::nn::{BatchNormConfig, EmbeddingConfig, LayerNormConfig, LinearConfig, LstmConfig};
        let device = $device;
        (
            LinearConfig::new(5, 8).init$(::<$backend>)?(&device),
            LinearConfig::new(8, 8).with_bias(false).init$(::<$backend>)?(&device),
            Conv2dConfig::new([4, 6], [3, 3]).init$(::<$backend>)?(&device),
            ConvTranspose2dConfig::new([6, 4], [2, 2]).init$(::<$backend>)?(&device),
            Conv1dConfig::new(3, 6, 5).init$(::<$backend>)?(&device),
            EmbeddingConfig::new(9, 4).init$(::<$backend>)?(&device),
            (LayerNormConfig::new(8).init$(::<$backend>)?(&device), BatchNormConfig::new(6).init$(::<$backend>)?(&device)),
            LstmConfig::new(4, 6, true).init$(::<$backend>)?(&device),
        )
    }};
}

type Filled = (Vec<String>, Vec<Vec<u32>>, InitReport);

/// The paths and bits of all parameters on Burn 0.21, and the report.
fn on_21(plan: &InitPlan) -> Result<Filled, String> {
    use constinit::params::{parameter_paths, read_parameters};
    use constinit::prelude::*;
    let module = layers!(burn21, Default::default(), Flex);
    let (module, report) = plan.apply(module).map_err(|error| error.to_string())?;
    let bits = |data: burn21::tensor::TensorData| {
        data.as_slice::<f32>().unwrap().iter().map(|entry| entry.to_bits()).collect()
    };
    let read = read_parameters(&module).into_iter().map(|parameter| bits(parameter.data));
    Ok((parameter_paths(&module), read.collect(), report))
}

/// The same on Burn 0.22.
fn on_22(plan: &InitPlan) -> Result<Filled, String> {
    use constinit_burn22::params::{parameter_paths, read_parameters};
    use constinit_burn22::prelude::*;
    let module = layers!(burn22, burn22::tensor::Device::flex());
    let (module, report) = plan.apply(module).map_err(|error| error.to_string())?;
    let bits = |data: burn22::tensor::TensorData| {
        data.as_slice::<f32>().unwrap().iter().map(|entry| entry.to_bits()).collect()
    };
    Ok((parameter_paths(&module), read_parameters(&module).into_iter().map(bits).collect(), report))
}

fn initialiser() -> impl Strategy<Value = Init> {
    let number = -2.0..2.0_f64;
    prop_oneof![
        number.clone().prop_map(Init::constant),
        Just(Init::Zeros),
        (number.clone(), number.clone()).prop_map(|(start, step)| Init::OutputRamp { start, step }),
        (number.clone(), 0.1..2.0_f64).prop_map(|(mean, std)| Init::normal(mean, std)),
        (number.clone(), 0.1..2.0_f64).prop_map(|(mean, std)| {
            let (low, high) = (mean - 2.0 * std, mean + 2.0 * std);
            Init::TruncatedNormal { mean, std, low, high }
        }),
        (number.clone(), 0.1..2.0_f64).prop_map(|(low, width)| Init::uniform(low, low + width)),
        (0.5..2.0_f64).prop_map(|scale| Init::VarianceScaling {
            scale,
            fan: Fan::FanAvg,
            distribution: Distribution::Normal,
        }),
        Just(Init::Kaiming {
            nonlinearity: Default::default(),
            fan: Fan::FanIn,
            distribution: Distribution::Uniform,
        }),
        (0.5..2.0_f64).prop_map(|gain| Init::Orthogonal { gain }),
        Just(Init::normal(0.0, 1.0).symmetrised(2)),
        number.prop_map(|value| Init::normal(0.0, 1.0).symmetrised(2).plus(Init::constant(value))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_bits_are_the_same(seed in any::<u64>(), weights in initialiser(), vectors in initialiser()) {
        let plan = InitPlan::new(seed)
            .rule(InitRule::any(Init::normal(0.0, 0.5)).of_module("Embedding"))
            .rule(InitRule::any(weights).of_rank(2))
            .rule(InitRule::regex(r"\.(weight|gamma)$", Init::Kaiming {
                nonlinearity: Default::default(),
                fan: Fan::FanOut,
                distribution: Distribution::TruncatedNormal,
            }).of_rank(4))
            .rule(InitRule::any(vectors).of_rank(1))
            .keeping_others();
        match (on_21(&plan), on_22(&plan)) {
            (Ok((paths, bits, report)), Ok((paths_22, bits_22, report_22))) => {
                prop_assert_eq!(&paths, &paths_22);
                // The convolution of one dimension is left as its framework drew it.
                let drawn = report.rows.iter().filter(|row| row.rule.is_some()).count();
                prop_assert!(drawn > 20, "{drawn}");
                let statistics = |path: &str| path.contains("running");
                for ((path, bits), bits_22) in paths_22.iter().zip(bits).zip(bits_22) {
                    let kept = report.rows.iter().any(|row| row.path == *path && row.rule.is_none());
                    prop_assert!(kept || statistics(path) || bits == bits_22, "{path}");
                }
                let filled = |report: InitReport| {
                    report.rows.into_iter().filter(|row| row.rule.is_some()).collect::<Vec<_>>()
                };
                prop_assert_eq!(filled(report), filled(report_22));
            }
            (old, new) => prop_assert_eq!(old, new, "one of them refused"),
        }
    }
}

/// Both versions refuse what does not fit with the same message.
#[test]
fn refusals_are_the_same() {
    for plan in [
        InitPlan::new(0).rule(InitRule::glob("**.weight", Init::Ones)),
        InitPlan::new(0).rule(InitRule::any(Init::Orthogonal { gain: 1.0 })),
        InitPlan::new(0).rule(InitRule::glob("nothing", Init::Ones)).keeping_others(),
        InitPlan::new(0).rule(InitRule::any(Init::constant(1e300))),
    ] {
        let [old, new] = [on_21(&plan), on_22(&plan)].map(|filled| filled.unwrap_err());
        assert_eq!(old, new);
    }
}

#[test]
fn the_network_of_the_text_starts_alike() {
    use constinit::ConstInitConfig as Old;
    use constinit_burn22::ConstInitConfig as New;
    let old = Old::new(vec![3, 2, 4]).init::<Flex>(&Default::default()).parameters_text();
    let new = New::new(vec![3, 2, 4]).init(&burn22::tensor::Device::flex()).parameters_text();
    assert_eq!(old, new);
}
