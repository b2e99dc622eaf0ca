//! The structure of every initialiser: exact if it is not random, with stated confidence if it is.

use constinit_core::init::{
    Distribution, Fan, Init, InitPlan, InitRule, Nonlinearity, ParameterAxes, RngKey,
};
use constinit_core::{Entries, FloatType, perceptron_axes};
use constinit_symmetry::{ParamView, Symmetry, equitable, twins};

const MATRIX: ParameterAxes = ParameterAxes::LINEAR_WEIGHT;
const CONV: ParameterAxes = ParameterAxes::CONV_WEIGHT;

fn draw() -> RngKey {
    RngKey::new(5, "weight")
}

fn matrix(init: &Init, inputs: usize, outputs: usize) -> Vec<Vec<f64>> {
    let values = init.values(&[inputs, outputs], MATRIX, &draw()).unwrap();
    (0..outputs).map(|o| (0..inputs).map(|i| values[i * outputs + o]).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn blocks_average_their_inputs() {
    let found = matrix(&Init::BlockAverage { blocks: 2, gain: 1.0 }, 5, 4);
    let (third, half) = (1.0 / 3.0, 0.5);
    assert_eq!(found[0], [third, third, third, 0.0, 0.0]);
    assert_eq!(found[1], found[0]);
    assert_eq!(found[2], [0.0, 0.0, 0.0, half, half]);
    assert_eq!(found[3], found[2]);
    // The average is also over kernel positions.
    let init = Init::BlockAverage { blocks: 1, gain: 2.0 };
    assert_eq!(init.values(&[2, 3, 2, 2], CONV, &draw()).unwrap(), [2.0 / 12.0; 24]);
}

#[test]
fn each_unit_s_weights_are_those_of_the_one_before_moved_on() {
    let init = Init::Circulant { values: vec![1.0, 2.0, 4.0] };
    assert_eq!(matrix(&init, 3, 3), [[1.0, 2.0, 4.0], [4.0, 1.0, 2.0], [2.0, 4.0, 1.0]]);
    let message = |shape: &[usize]| init.values(shape, MATRIX, &draw()).unwrap_err().to_string();
    assert!(message(&[3, 2]).ends_with("it is not square: 2 outputs, 3 inputs"));
    assert!(message(&[4, 4]).ends_with("3 values for 4 inputs"));
}

/// Equal sums and no twins, as the statement on equitable partitions says.
#[test]
fn circulant_units_are_equitable_and_no_twins() {
    let plan = InitPlan::new(0)
        .rule(InitRule::glob("1.weight", Init::Circulant { values: vec![0.5, -1.0, 3.0] }))
        .rule(InitRule::any(Init::constant(0.25)));
    let shapes = [("0.weight", [2, 3]), ("1.weight", [3, 3]), ("2.weight", [3, 1])];
    let spec =
        perceptron_axes(&shapes.each_ref().map(|(path, shape)| (*path, &shape[..]))).unwrap();
    let values = plan.values(&spec).unwrap();
    let entries: Vec<Vec<f64>> = values.iter().map(Entries::doubles).collect();
    let views: Vec<ParamView<'_>> = shapes
        .iter()
        .zip(&entries)
        .map(|((path, shape), entries)| ParamView::new(path, shape, entries).unwrap())
        .collect();
    let widths =
        |found: Symmetry| ["hidden1", "hidden2"].map(|s| found.effective_width(s).unwrap());
    assert_eq!(widths(twins(&spec, &views).unwrap()), [3, 3]);
    assert_eq!(widths(equitable(&spec, &views).unwrap()), [1, 1]);
    assert_eq!(plan.predict(&spec).unwrap().spaces[0].classes.len(), 3);
}

#[test]
fn hadamard_s_matrix() {
    let found = matrix(&Init::Hadamard { gain: 1.0 }, 4, 4);
    assert_eq!(
        found,
        [
            [0.5, 0.5, 0.5, 0.5],
            [0.5, -0.5, 0.5, -0.5],
            [0.5, 0.5, -0.5, -0.5],
            [0.5, -0.5, -0.5, 0.5]
        ]
    );
    for a in 0..4 {
        for b in 0..4 {
            assert_eq!(dot(&found[a], &found[b]), f64::from(u8::from(a == b)));
        }
    }
}

#[test]
fn zero_one_is_partial_identity_or_hadamard() {
    assert_eq!(matrix(&Init::ZeroOne, 3, 2), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
    assert_eq!(matrix(&Init::ZeroOne, 2, 2), [[1.0, 0.0], [0.0, 1.0]]);
    // m = 2: the factor is 2^(-1/2).
    let c = 0.5_f64.sqrt();
    let found = matrix(&Init::ZeroOne, 2, 3);
    for (row, signs) in found.iter().zip([[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]) {
        for (value, sign) in row.iter().zip(signs) {
            assert!((value - sign * c).abs() < 1e-15, "{found:?}");
        }
    }
    // Only at the centre of a kernel.
    let conv = Init::ZeroOne.values(&[2, 2, 3], CONV, &draw()).unwrap();
    assert_eq!(conv, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn waves_have_the_variance_of_the_formula() {
    let (inputs, outputs) = (12, 7);
    let found = matrix(&Init::Sinusoidal, inputs, outputs);
    let all: Vec<f64> = found.concat();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (all.len() as f64 - 1.0);
    assert!((variance - 2.0 / 19.0).abs() < 1e-12, "{variance}");
    // Zero crossings and ratios of the wave of unit 0: sin(2 pi (j / 12 + 1 / 7)).
    let wave = |j: f64| (std::f64::consts::TAU * (j / 12.0 + 1.0 / 7.0)).sin();
    for j in 0..inputs {
        assert!((found[0][j] / found[0][0] - wave(j as f64) / wave(0.0)).abs() < 1e-12);
    }
}

#[test]
fn waves_that_vanish_are_refused() {
    // sin of multiples of pi: nothing to scale.
    for shape in [[1, 1], [1, 2], [2, 1], [2, 2]] {
        let text = Init::Sinusoidal.values(&shape, MATRIX, &draw()).unwrap_err().to_string();
        assert!(text.contains("waves") && text.contains(&format!("{shape:?}")), "{text}");
    }
    assert!(Init::Sinusoidal.values(&[2, 3], MATRIX, &draw()).is_ok());
}

#[test]
fn orthogonal_kernels_are_orthonormal() {
    for init in [Init::Orthogonal { gain: 2.0 }, Init::DeltaOrthogonal { gain: 2.0 }] {
        let values = init.values(&[12, 3, 3, 3], CONV, &draw()).unwrap();
        // 12 outputs times 27 others: rows are orthonormal; delta: 12 times 3 at the centre, columns are.
        let rows: Vec<&[f64]> = values.chunks(27).collect();
        let delta = matches!(init, Init::DeltaOrthogonal { .. });
        let vectors: Vec<Vec<f64>> = if delta {
            assert!(
                rows.iter().all(|row| row.iter().enumerate().all(|(n, v)| n % 9 == 4 || *v == 0.0))
            );
            (0..3).map(|i| rows.iter().map(|row| row[i * 9 + 4]).collect()).collect()
        } else {
            rows.iter().map(|row| row.to_vec()).collect()
        };
        for (a, u) in vectors.iter().enumerate() {
            for (b, v) in vectors.iter().enumerate() {
                let wanted = if a == b { 4.0 } else { 0.0 };
                assert!((dot(u, v) - wanted).abs() < 1e-6, "{init:?}");
            }
        }
    }
    let gates = Init::BlockOrthogonal { output_blocks: 4, input_blocks: 1, gain: 1.0 };
    let found = matrix(&gates, 5, 20);
    for gate in found.chunks(5) {
        for (a, u) in gate.iter().enumerate() {
            for (b, v) in gate.iter().enumerate() {
                assert!((dot(u, v) - f64::from(u8::from(a == b))).abs() < 1e-6);
            }
        }
    }
    assert_ne!(found[0], found[5], "every block is drawn");
}

#[test]
fn variances_are_as_asked() {
    let (inputs, outputs) = (400, 250);
    let n = (inputs * outputs) as f64;
    for fan in [Fan::FanIn, Fan::FanOut, Fan::FanAvg, Fan::FanGeoAvg] {
        for distribution in
            [Distribution::Normal, Distribution::TruncatedNormal, Distribution::Uniform]
        {
            let init = Init::VarianceScaling { scale: 3.0, fan, distribution };
            let all = matrix(&init, inputs, outputs).concat();
            let per = match fan {
                Fan::FanIn => 400.0,
                Fan::FanOut => 250.0,
                Fan::FanAvg => 325.0,
                Fan::FanGeoAvg => 100_000.0_f64.sqrt(),
            };
            let wanted: f64 = 3.0 / per;
            let mean = all.iter().sum::<f64>() / n;
            let variance = all.iter().map(|v| v * v).sum::<f64>() / n;
            // Five standard errors; the fourth moment of a normal distribution is the largest of the three.
            assert!(mean.abs() < 5.0 * (wanted / n).sqrt(), "{init:?}: mean {mean}");
            assert!(
                (variance / wanted - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
                "{init:?}: {variance}"
            );
            let most = all.iter().fold(0.0_f64, |most, v| most.max(v.abs())) / wanted.sqrt();
            match distribution {
                Distribution::Normal => assert!(most > 3.5),
                Distribution::TruncatedNormal => assert!(most <= 2.0 / 0.879_625 && most > 2.2),
                Distribution::Uniform => assert!(most <= 3.0_f64.sqrt() && most > 1.72),
            }
        }
    }
}

#[test]
fn named_cases_are_variances_by_fan() {
    let kaiming = |nonlinearity, fan| Init::Kaiming {
        nonlinearity,
        fan,
        distribution: Distribution::TruncatedNormal,
    };
    let n = 100_000.0;
    for (init, wanted) in [
        (Init::Lecun { distribution: Distribution::TruncatedNormal }, 1.0 / 400.0),
        (Init::Lecun { distribution: Distribution::Uniform }, 1.0 / 400.0),
        (Init::Xavier { gain: 2.0, distribution: Distribution::TruncatedNormal }, 8.0 / 650.0),
        (kaiming(Nonlinearity::Tanh, Fan::FanIn), 25.0 / 9.0 / 400.0),
        (kaiming(Nonlinearity::Selu, Fan::FanOut), 9.0 / 16.0 / 250.0),
        (Init::normal(0.0, 0.25), 0.0625),
        (Init::uniform(-3.0, 3.0), 3.0),
    ] {
        let all = matrix(&init, 400, 250).concat();
        let mean = all.iter().sum::<f64>() / n;
        let variance = all.iter().map(|v| v * v).sum::<f64>() / n;
        let wanted: f64 = wanted;
        // Five standard errors, as above.
        assert!(mean.abs() < 5.0 * (wanted / n).sqrt(), "{init:?}: mean {mean}");
        assert!((variance / wanted - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{init:?}: {variance}");
    }
}

/// One initialiser of each kind.
fn all() -> Vec<Init> {
    let text = include_str!("data/inits.toml");
    #[derive(serde::Deserialize)]
    struct All {
        init: Vec<Init>,
    }
    toml::from_str::<All>(text).unwrap().init
}

#[test]
fn all_are_written_down_and_read() {
    for init in all() {
        let text = serde_json::to_string(&init).unwrap();
        assert!(text.starts_with(&format!("{{\"type\":\"{}\"", init.name())), "{text}");
        assert_eq!(serde_json::from_str::<Init>(&text).unwrap(), init);
    }
}

#[test]
fn all_fill_in_either_precision_any_rank_and_nothing() {
    let identity = |init: &Init| matches!(init, Init::Identity { .. });
    let needs_more = ["circulant", "file", "per-input", "per-output"];
    for init in all().iter().filter(|init| !needs_more.contains(&init.name())) {
        for (shape, axes) in [(&[4, 6][..], MATRIX), (&[6, 4, 3, 2], CONV), (&[8, 4, 3], CONV)] {
            if identity(init) {
                assert!(init.values(shape, axes, &draw()).is_err());
                continue;
            }
            let wide = init.values(shape, axes, &draw()).unwrap_or_else(|e| panic!("{e}"));
            let narrow = init.entries(shape, axes, &draw(), FloatType::F32).unwrap();
            let rounded: Vec<f32> = wide.iter().map(|value| *value as f32).collect();
            assert_eq!(narrow, Entries::F32(rounded), "{init:?}");
            // The same seed gives the same values; another seed gives others if they are random.
            assert_eq!(init.values(shape, axes, &draw()).unwrap(), wide, "{init:?}");
            let other = init.values(shape, axes, &RngKey::new(6, "weight")).unwrap();
            let random = matches!(
                init.name(),
                "delta-orthogonal"
                    | "orthogonal"
                    | "block-orthogonal"
                    | "sparse"
                    | "uniform"
                    | "normal"
                    | "truncated-normal"
                    | "variance-scaling"
                    | "lecun"
                    | "xavier"
                    | "kaiming"
                    | "burn"
                    | "sum"
                    | "symmetrised"
            );
            assert_eq!(other != wide, random, "{init:?}");
        }
        for shape in [[0, 3], [3, 0], [0, 0]] {
            assert_eq!(init.values(&shape, MATRIX, &draw()).unwrap(), [0.0; 0], "{init:?}");
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let nan = f64::NAN;
    for init in [
        Init::constant(nan),
        Init::constant(f64::INFINITY),
        Init::InputRamp { start: 0.0, step: nan },
        Init::OutputRamp { start: nan, step: 0.0 },
        Init::PerInput { values: vec![0.0, nan, 0.0] },
        Init::BlockAverage { blocks: 1, gain: nan },
        Init::Circulant { values: vec![0.0, nan, 0.0] },
        Init::Identity { gain: nan },
        Init::PartialIdentity { gain: nan },
        Init::DeltaOrthogonal { gain: nan },
        Init::Orthogonal { gain: nan },
        Init::Hadamard { gain: nan },
        Init::Ones.scaled(nan),
        Init::normal(nan, 1.0),
        Init::normal(0.0, f64::INFINITY),
        Init::uniform(-f64::MAX, f64::MAX),
        Init::TruncatedNormal { mean: 0.0, std: nan, low: 0.0, high: 1.0 },
        Init::Xavier { gain: nan, distribution: Distribution::Normal },
        Init::VarianceScaling {
            scale: f64::INFINITY,
            fan: Fan::FanIn,
            distribution: Distribution::Uniform,
        },
    ] {
        assert!(init.values(&[3, 3], MATRIX, &draw()).is_err(), "{init:?}");
    }
}

#[test]
fn compositions_are_sums_products_and_classes() {
    let noise = Init::normal(0.0, 0.1);
    let sum = matrix(&Init::constant(2.0).plus(noise.clone()), 3, 4).concat();
    assert!(sum.iter().all(|v| (v - 2.0).abs() < 1.0 && *v != 2.0));
    // Each term draws different numbers.
    let twice = matrix(&noise.clone().plus(noise.clone()), 3, 4).concat();
    let once = matrix(&noise.clone().scaled(2.0), 3, 4).concat();
    assert_ne!(twice, once);
    let alone = matrix(&noise, 3, 4).concat();
    assert!(once.iter().zip(&alone).all(|(a, b)| (a - 2.0 * b).abs() < 1e-15));
    let classes = matrix(&noise.clone().symmetrised(2), 3, 5);
    assert_eq!([&classes[1], &classes[2], &classes[4]], [&classes[0], &classes[0], &classes[3]]);
    assert_ne!(classes[0], classes[3]);
    let inputs = matrix(&noise.symmetrised_inputs(1), 3, 5);
    assert!(inputs.iter().all(|row| row[1] == row[0] && row[2] == row[0]));
    assert_ne!(inputs[0], inputs[1]);
}

#[test]
fn what_cannot_fill_says_why() {
    let refused = |init: Init, shape: &[usize], axes| {
        init.values(shape, axes, &draw()).unwrap_err().to_string()
    };
    for (init, shape, axes, why) in [
        (
            Init::Identity { gain: 1.0 },
            &[3, 2][..],
            MATRIX,
            "it is not square: 2 outputs, 3 inputs",
        ),
        (
            Init::Dirac { groups: 2 },
            &[3, 2, 3],
            CONV,
            "3 outputs cannot be divided into 2 groups of equal size",
        ),
        (
            Init::DeltaOrthogonal { gain: 1.0 },
            &[2, 3, 3],
            CONV,
            "it has fewer outputs (2) than inputs (3)",
        ),
        (Init::Orthogonal { gain: 1.0 }, &[4], ParameterAxes::VECTOR, "it has no input axis"),
        (Init::Sparse { sparsity: 1.5, std: 1.0 }, &[3, 2], MATRIX, "its sparsity is 1.5"),
        (Init::normal(0.0, -1.0), &[3], ParameterAxes::VECTOR, "its std is -1"),
        (
            Init::uniform(1.0, 0.0),
            &[3],
            ParameterAxes::VECTOR,
            "there is no uniform distribution from 1 to 0",
        ),
        (Init::Ones.symmetrised(4), &[5, 3], MATRIX, "4 classes of outputs, but 1 to 3 fit"),
        (Init::BlockAverage { blocks: 0, gain: 1.0 }, &[5, 3], MATRIX, "0 blocks, but 1 to 3 fit"),
        (
            Init::Lecun { distribution: Distribution::Normal },
            &[3],
            ParameterAxes::VECTOR,
            "it has no fan-in and no fan-out to scale by",
        ),
    ] {
        let text = refused(init, shape, axes);
        assert!(text.ends_with(why), "{text}");
        assert!(text.contains(&format!("{shape:?}")), "{text}");
    }
}

#[test]
fn every_initialiser_is_written_down_and_read() {
    let file = r#"{"type":"file","path":"w.safetensors","tensor":"fc.weight","output_first":true}"#;
    for text in [
        r#"{"type":"block-average","blocks":2,"gain":1.0}"#,
        r#"{"type":"kaiming","nonlinearity":{"leaky-relu":{"slope":0.1}},"fan":"fan-out","distribution":"truncated-normal"}"#,
        r#"{"type":"zero-one"}"#,
        r#"{"type":"circulant","values":[1.0,2.0]}"#,
        r#"{"type":"symmetrised","outputs":4,"of":{"type":"normal","mean":0.0,"std":1.0}}"#,
        r#"{"type":"sum","of":[{"type":"constant","value":0.5},{"type":"scaled","gain":0.01,"of":{"type":"uniform","low":-1.0,"high":1.0}}]}"#,
        file,
    ] {
        let init: Init = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&init).unwrap(), text);
    }
    let short: Init = serde_json::from_str(r#"{"type":"kaiming"}"#).unwrap();
    let he = Init::Kaiming {
        nonlinearity: Default::default(),
        fan: Fan::FanIn,
        distribution: Distribution::Normal,
    };
    assert_eq!(short, he);
    assert!(serde_json::to_string(&Init::function("f", |_| 0.0)).is_err());
    assert!(serde_json::from_str::<Init>(r#"{"type":"orthogonal","gian":1.0}"#).is_err());
}

#[test]
fn a_file_fills_in_pytorch_s_orientation_or_in_burn_s() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let numbers: Vec<u8> = (0..6_u8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
    let view = |shape: &[usize]| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), &numbers)
            .unwrap()
    };
    let tensors = [("torch", view(&[2, 3])), ("burn", view(&[3, 2]))];
    std::fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
    let file = |tensor: &str, output_first| Init::File {
        path: path.clone(),
        tensor: tensor.into(),
        output_first,
    };
    let fill = |init: Init| init.values(&[3, 2], MATRIX, &draw());
    assert_eq!(fill(file("torch", true)).unwrap(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(fill(file("burn", false)).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let text = fill(file("burn", true)).unwrap_err().to_string();
    assert!(text.contains("tensor burn has shape [3, 2], not [2, 3]"), "{text}");
    assert!(fill(file("absent", true)).unwrap_err().to_string().contains("absent"));
}

#[test]
fn what_is_random_is_what_another_seed_changes() {
    let mut filled = 0;
    for init in all() {
        let drawn = |seed| init.values(&[2, 2], MATRIX, &RngKey::new(seed, "weight"));
        let (Ok(one), Ok(other)) = (drawn(1), drawn(2)) else { continue };
        filled += 1;
        assert_eq!(one != other, init.is_random(), "{}", init.name());
    }
    // All but files and initialisers that need a kernel.
    assert!(filled >= 27, "{filled}");
}
