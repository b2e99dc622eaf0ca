//! Writing checkpoints with as few units as their activations allow.

use constinit_checkpoint::{
    AxesChoice, Checkpoint, CheckpointError, GoneReason, InspectOptions, Reshaped, infer_axes,
    inspect, reduce_file,
};
use constinit_symmetry::{Activation, Activations, AxesFile, ReduceOptions};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

type Tensor<'t> = (&'t str, &'t [usize], &'t [f64]);

fn write(folder: &TempDir, name: &str, tensors: &[Tensor<'_>], double: bool) -> PathBuf {
    let bytes = |numbers: &[f64]| -> Vec<u8> {
        if double {
            return numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        }
        numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect()
    };
    let data: Vec<Vec<u8>> = tensors.iter().map(|(_, _, numbers)| bytes(numbers)).collect();
    let dtype = if double { Dtype::F64 } else { Dtype::F32 };
    let views = tensors.iter().zip(&data).map(|((name, shape, _), data)| {
        (*name, TensorView::new(dtype, shape.to_vec(), data).unwrap())
    });
    let path = folder.path().join(name);
    std::fs::write(&path, serialize(views, None).unwrap()).unwrap();
    path
}

/// A network 1-6-2: unit 1 is 0, 3 is the opposite of 2, 4 has no incoming weights, 5 no outgoing ones.
const REDUCIBLE: [Tensor<'_>; 4] = [
    ("linear1.weight", &[6, 1], &[0.5, 0.5, 1.25, -1.25, 0.0, 2.0]),
    ("linear1.bias", &[6], &[0.25, 0.25, -0.75, 0.75, 0.5, 1.0]),
    ("linear2.weight", &[2, 6], &[1.0, 2.0, 3.0, 4.0, 5.0, 0.0, -1.0, -2.0, -3.0, 4.5, 6.0, 0.0]),
    ("linear2.bias", &[2], &[0.125, -0.125]),
];

fn numbers(path: &Path, name: &str) -> (Vec<usize>, Vec<f64>) {
    let bytes = std::fs::read(path).unwrap();
    let read = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = read.tensor(name).unwrap();
    let numbers = match tensor.dtype() {
        Dtype::F64 => {
            tensor.data().chunks(8).map(|x| f64::from_le_bytes(x.try_into().unwrap())).collect()
        }
        _ => tensor
            .data()
            .chunks(4)
            .map(|x| f32::from_le_bytes(x.try_into().unwrap()).into())
            .collect(),
    };
    (tensor.shape().to_vec(), numbers)
}

fn reduced(
    path: &Path,
    activations: &Activations,
    out: &Path,
) -> Result<Reshaped, CheckpointError> {
    let checkpoint = Checkpoint::open(path).unwrap();
    let axes = infer_axes(&checkpoint, AxesChoice::Inferred).unwrap().expect("a chain");
    assert!(axes.architecture.is_none());
    reduce_file(&checkpoint, &axes.file, activations, &ReduceOptions::default(), out)
}

#[test]
fn a_tanh_network_of_six_units_is_one_of_two() {
    for double in [false, true] {
        let folder = tempdir().unwrap();
        let path = write(&folder, "m.safetensors", &REDUCIBLE, double);
        let out = folder.path().join("small.safetensors");
        let report = reduced(&path, &Activation::Tanh.into(), &out).unwrap();
        assert_eq!(report.entries, [6 + 6 + 12 + 2, 2 + 2 + 4 + 2]);
        assert_eq!(report.bytes, Some([26, 10].map(|n| n * if double { 8 } else { 4 })));
        let space = &report.spaces[0];
        assert_eq!((space.before, space.now, space.activation.as_deref()), (6, 2, Some("tanh")));
        let gone: Vec<(usize, GoneReason, Option<usize>, Option<f64>)> =
            space.gone.iter().map(|gone| (gone.unit, gone.why, gone.into, gone.factor)).collect();
        assert_eq!(
            gone,
            [
                (1, GoneReason::Merged, Some(0), Some(1.0)),
                (3, GoneReason::Merged, Some(2), Some(-1.0)),
                (4, GoneReason::Constant, None, None),
                (5, GoneReason::Unread, None, None),
            ]
        );
        assert!(report.minimality.unwrap().starts_with("minimal: "));
        let check = report.outputs.unwrap();
        assert!(check.difference <= if double { 1e-14 } else { 1e-5 }, "{check:?}");
        assert_eq!(numbers(&out, "linear1.weight"), (vec![2, 1], vec![0.5, 1.25]));
        assert_eq!(numbers(&out, "linear2.weight"), (vec![2, 2], vec![3.0, -1.0, -3.0, -7.5]));
        let (shape, bias) = numbers(&out, "linear2.bias");
        let expected = [0.125 + 5.0 * 0.5_f64.tanh(), -0.125 + 6.0 * 0.5_f64.tanh()];
        let near = bias.iter().zip(expected).all(|(x, y)| (x - y).abs() <= 1e-6);
        assert!(shape == [2] && near, "{bias:?}");
        let again = reduced(&path, &Activation::Tanh.into(), &out).unwrap_err();
        assert!(matches!(again, CheckpointError::Exists { .. }));
    }
}

#[test]
fn an_unknown_activation_is_named_and_what_needs_none_is_done() {
    let folder = tempdir().unwrap();
    let path = write(&folder, "m.safetensors", &REDUCIBLE, false);
    let out = folder.path().join("small.safetensors");
    let report = reduced(&path, &Activations::none(), &out).unwrap();
    assert_eq!((report.spaces[0].now, report.spaces[0].gone.len()), (4, 2));
    assert!(report.spaces[0].untried[0].starts_with("its activation is not given"));
    let unknown = Activations::none().with("hiden1", Activation::Tanh);
    let out = folder.path().join("other.safetensors");
    let error = reduced(&path, &unknown, &out).unwrap_err().to_string();
    assert!(error.contains("did you mean `hidden1`?") && !out.exists(), "{error}");
}

#[test]
fn a_network_that_is_constant_is_written_without_hidden_units() {
    let folder = tempdir().unwrap();
    let tensors: [Tensor<'_>; 4] = [
        ("l1.weight", &[2, 3], &[0.0; 6]),
        ("l1.bias", &[2], &[0.5, -1.0]),
        ("l2.weight", &[1, 2], &[2.0, 3.0]),
        ("l2.bias", &[1], &[1.0]),
    ];
    let path = write(&folder, "m.safetensors", &tensors, true);
    let out = folder.path().join("small.safetensors");
    let report = reduced(&path, &Activation::Relu.into(), &out).unwrap();
    assert_eq!(report.spaces[0].now, 0);
    assert_eq!(numbers(&out, "l1.weight"), (vec![0, 3], vec![]));
    assert_eq!(numbers(&out, "l2.bias"), (vec![1], vec![2.0]));
}

/// Gates are not a chain: the sums of each parameter are checked.
#[test]
fn what_is_no_chain_is_checked_by_its_sums() {
    let folder = tempdir().unwrap();
    let tensors: [Tensor<'_>; 4] = [
        ("gate.weight", &[3, 2], &[1.0, 2.0, 1.0, 2.0, 5.0, 6.0]),
        ("up.weight", &[3, 2], &[3.0, 4.0, 3.0, 4.0, 7.0, 8.0]),
        ("down.weight", &[2, 3], &[0.5, 0.25, 0.0, -1.0, 2.0, 0.0]),
        ("down.bias", &[2], &[1.0, 1.0]),
    ];
    let path = write(&folder, "m.safetensors", &tensors, false);
    let axes: AxesFile = toml::from_str(
        "[axes]\n\"gate.weight\" = [\"mlp\", \"\"]\n\"up.weight\" = [\"mlp\", \"\"]\n\
         \"down.weight\" = [\"\", \"mlp\"]\n\"down.bias\" = [\"\"]\n",
    )
    .unwrap();
    let out = folder.path().join("small.safetensors");
    let checkpoint = Checkpoint::open(&path).unwrap();
    let options = ReduceOptions::default();
    let report = reduce_file(&checkpoint, &axes, &Activation::Silu.into(), &options, &out).unwrap();
    assert_eq!((report.spaces[0].now, report.outputs), (1, None));
    assert_eq!(report.largest_sum_difference, 0.0);
    assert!(report.spaces[0].untried[0].contains("both produce its units"));
}

#[test]
fn an_inspection_says_how_many_units_are_needed() {
    let folder = tempdir().unwrap();
    let path = write(&folder, "m.safetensors", &REDUCIBLE, false);
    let needed = |activation: Option<Activation>| {
        let of = |_: &str| activation;
        let options = InspectOptions { activation: &of, ..InspectOptions::default() };
        let report = inspect(&Checkpoint::open(&path).unwrap(), &options).unwrap();
        report.spaces.unwrap()[0].needed.clone().map(|needed| (needed.activation, needed.units))
    };
    assert_eq!(needed(Some(Activation::Tanh)), Some(("tanh".to_owned(), 2)));
    assert_eq!(needed(Some(Activation::Gelu)), Some(("gelu".to_owned(), 3)));
    assert_eq!(needed(None), None);
}
