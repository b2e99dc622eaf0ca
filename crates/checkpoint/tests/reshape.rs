//! Rewriting checkpoints: the same function, to a new file or not at all.

mod common;

use common::{file, sample};
use constinit_checkpoint::{Checkpoint, CheckpointError, Destination, break_file, collapse_file};
use constinit_symmetry::AxesFile;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::HashMap;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const AXES: &str = r#"
    [axes]
    "fc1.weight" = ["h", ""]
    "fc1.bias"   = ["h"]
    "fc2.weight" = ["", "h"]
    "fc2.bias"   = [""]
    "scale"      = []
"#;

fn axes(text: &str) -> AxesFile {
    toml::from_str(text).unwrap()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Units 0 and 2 of four are twins; unit 3 only computes what they do. With an integer tensor and a text.
fn original(folder: &TempDir) -> Checkpoint {
    let fc1 = bytes(&[1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 1.0, 2.0]);
    let (b1, fc2, b2) = (bytes(&[0.5; 4]), bytes(&[7.0, 8.0, 7.0, -3.5]), bytes(&[0.25]));
    let (scale, steps) = (bytes(&[2.0]), 12_i64.to_le_bytes());
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).unwrap();
    let tensors = [
        ("fc1.weight", view(Dtype::F32, &[4, 2], &fc1)),
        ("fc1.bias", view(Dtype::F32, &[4], &b1)),
        ("fc2.weight", view(Dtype::F32, &[1, 4], &fc2)),
        ("fc2.bias", view(Dtype::F32, &[1], &b2)),
        ("scale", view(Dtype::F32, &[], &scale)),
        ("steps", view(Dtype::I64, &[1], &steps)),
    ];
    let texts = HashMap::from([("origin".to_owned(), "a test".to_owned())]);
    let path = file(folder, "m.safetensors", serialize(tensors, Some(texts)).unwrap());
    Checkpoint::open(&path).unwrap()
}

/// The tensors that the reference reader of the format finds.
fn numbers(file: &[u8], name: &str) -> (Vec<usize>, Vec<f32>) {
    let read = SafeTensors::deserialize(file).unwrap();
    let tensor = read.tensor(name).unwrap();
    let numbers = tensor.data().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()));
    (tensor.shape().to_vec(), numbers.collect())
}

#[test]
fn collapsing() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("small.safetensors");
    let report = collapse_file(&original(&folder), &axes(AXES), &out).unwrap();
    assert_eq!(report.entries, [18, 10]);
    assert_eq!((report.spaces[0].before, report.spaces[0].now), (4, 2));
    assert!(report.largest_sum_difference < 1e-15);
    let file = std::fs::read(&out).unwrap();
    assert_eq!(numbers(&file, "fc1.weight"), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(numbers(&file, "fc2.weight"), (vec![1, 2], vec![10.5, 8.0]));
    let read = SafeTensors::deserialize(&file).unwrap();
    assert_eq!(read.tensor("steps").unwrap().data(), 12_i64.to_le_bytes());
    let (_, header) = SafeTensors::read_metadata(&file).unwrap();
    assert_eq!(header.metadata().as_ref().unwrap()["origin"], "a test");
    // Without a chain, the forward pass is unknown.
    assert_eq!(report.outputs, None);
}

#[test]
fn breaking() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("broken.safetensors");
    let report = break_file(&original(&folder), &axes(AXES), &out, 0.5, 7).unwrap();
    assert_eq!((report.spaces[0].twins_before, report.spaces[0].twins_now), (3, 4));
    let file = std::fs::read(&out).unwrap();
    let (_, fc2) = numbers(&file, "fc2.weight");
    assert!(fc2[0] != fc2[2] && fc2[0] + fc2[2] == 14.0, "{fc2:?}");
    assert_eq!((fc2[1], fc2[3]), (8.0, -3.5));
    assert_eq!(numbers(&file, "fc1.weight").1[..2], [1.0, 2.0]);
}

/// The chain of the axes with one more tensor of eight-bit integers.
fn with_integers(folder: &TempDir, name: &str, shape: &[usize]) -> Checkpoint {
    let chain = common::chain();
    let chain = SafeTensors::deserialize(&chain).unwrap();
    let integers = vec![1; shape.iter().product()];
    let view = TensorView::new(Dtype::I8, shape.to_vec(), &integers).unwrap();
    let tensors = chain.tensors().into_iter().chain([("q".to_owned(), view)]);
    Checkpoint::open(&file(folder, name, serialize(tensors, None).unwrap())).unwrap()
}

#[test]
fn what_is_of_another_type_could_read_units_that_are_merged() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out.safetensors");
    let text = AXES.replace("\"scale\"      = []", "");
    let with = |q: &str| axes(&format!("{text}\n\"q\" = {q}"));
    let reader = with_integers(&folder, "reader", &[5, 3]);
    for reshape in [
        |c: &Checkpoint, axes: &AxesFile, out: &Path| collapse_file(c, axes, out),
        |c: &Checkpoint, axes: &AxesFile, out: &Path| break_file(c, axes, out, 0.5, 7),
    ] {
        let refused = |axes: &AxesFile, saying: &str| {
            let error = reshape(&reader, axes, &out).unwrap_err().to_string();
            assert!(error.contains(saying) && !out.exists(), "{error}");
        };
        refused(&axes(&text), "does not name `q`");
        refused(&with("[\"\", \"h\"]"), "`q` is I8, whose numbers are not added");
        refused(&with("[\"\"]"), "the axes file has 1 axes for `q` [5, 3]");
        assert!(reshape(&reader, &with("[\"\", \"\"]"), &out).is_ok());
        std::fs::remove_file(&out).unwrap();
    }
    // A tensor with one entry per axis has no units.
    let counter = with_integers(&folder, "counter", &[1, 1]);
    assert!(collapse_file(&counter, &axes(&text), &out).is_ok());
}

#[test]
fn what_is_not_finite_is_not_blamed_on_the_disk() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out.safetensors");
    let text = AXES.replace("\"scale\"      = []", "");
    for (outgoing, saying) in [
        ([f32::NAN, 8.0, f32::INFINITY], "`fc2.weight` has 2 entries that are not finite; sums"),
        (
            [f32::MAX, 8.0, f32::MAX],
            "entry 0 of the smaller `fc2.weight` is a sum of finite numbers",
        ),
    ] {
        let fc1 = bytes(&[1.0, 2.0, 3.0, 4.0, 1.0, 2.0]);
        let (b1, fc2, b2) = (bytes(&[0.5; 3]), bytes(&outgoing), bytes(&[0.0]));
        let view =
            |shape: &[usize], data| TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap();
        let tensors = [
            ("fc1.weight", view(&[3, 2], &fc1)),
            ("fc1.bias", view(&[3], &b1)),
            ("fc2.weight", view(&[1, 3], &fc2)),
            ("fc2.bias", view(&[1], &b2)),
        ];
        let path = file(&folder, "m.safetensors", serialize(tensors, None).unwrap());
        let original = Checkpoint::open(&path).unwrap();
        let error = collapse_file(&original, &axes(&text), &out).unwrap_err().to_string();
        assert!(error.contains(saying), "{error}");
        assert!(!out.exists());
    }
}

#[test]
fn who_stops_finds_nothing_left() {
    let folder = tempdir().unwrap();
    let original = original(&folder);
    let out = folder.path().join("out");
    // Stops at the first call, then at the second, and so on, until there is no further call.
    let mut asked = 0;
    let stopped = (0_usize..).find(|&after| {
        let left = std::cell::Cell::new(after);
        let stop = || left.replace(left.get().saturating_sub(1)) == 0;
        let written = collapse_file(&original, &axes(AXES), Destination::from(&out).unless(&stop));
        asked = after;
        match written {
            Err(CheckpointError::Stopped { .. }) => {
                assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
                false
            }
            other => other.is_ok(),
        }
    });
    assert!(stopped.is_some() && asked > 10 && out.exists(), "{asked}");
}

#[test]
fn names_as_long_as_they_may_be() {
    let folder = tempdir().unwrap();
    let out = folder.path().join(format!("{}ü", "x".repeat(253)));
    collapse_file(&original(&folder), &axes(AXES), &out).unwrap();
    assert!(out.exists());
    let nowhere = folder.path().join("nowhere/new");
    let error = collapse_file(&original(&folder), &axes(AXES), &nowhere).unwrap_err().to_string();
    assert!(error.ends_with("nowhere: entity not found"), "{error}");
}

#[test]
fn a_chain_is_sent_numbers_through() {
    let folder = tempdir().unwrap();
    let path = file(&folder, "chain.safetensors", common::chain());
    let out = folder.path().join("out.safetensors");
    let axes = axes(&AXES.replace("\"scale\"      = []", ""));
    let report = collapse_file(&Checkpoint::open(&path).unwrap(), &axes, &out).unwrap();
    let outputs = report.outputs.unwrap();
    assert!(outputs.largest > 1.0 && outputs.difference <= 1e-12 * outputs.largest, "{outputs:?}");
}

/// 3 -> 8 -> 8 -> 2 as Burn stores it, `weight[input][output]`. Units 0 and 1 of the first space have equal incoming
/// weights, and so have units 2 and 3 of the second. All biases are the same number, so only the matrices distinguish
/// units.
fn inputs_first(folder: &TempDir, biases: bool) -> Checkpoint {
    let entry = |layer: usize, i: usize, j: usize| {
        let j = if (layer, j) == (1, 1) { 0 } else { j };
        let j = if (layer, j) == (2, 3) { 2 } else { j };
        ((7 * layer + 5 * i + 3 * j + i * j) % 11) as f32 - 5.0
    };
    let sizes = [3, 8, 8, 2];
    let data: Vec<[Vec<u8>; 2]> = (1..4)
        .map(|layer| {
            let [inputs, outputs] = [sizes[layer - 1], sizes[layer]];
            let weight: Vec<f32> =
                (0..inputs * outputs).map(|at| entry(layer, at / outputs, at % outputs)).collect();
            [bytes(&weight), bytes(&vec![0.5; outputs])]
        })
        .collect();
    let view = |shape: Vec<usize>, data| TensorView::new(Dtype::F32, shape, data).unwrap();
    let tensors = data.iter().enumerate().flat_map(|(at, [weight, bias])| {
        let weight = view(vec![sizes[at], sizes[at + 1]], weight);
        let bias = biases.then(|| view(vec![sizes[at + 1]], bias));
        let bias = bias.map(|bias| (format!("fc{}.bias", at + 1), bias));
        [Some((format!("fc{}.weight", at + 1), weight)), bias].into_iter().flatten()
    });
    let path = file(folder, "burn.safetensors", serialize(tensors, None).unwrap());
    Checkpoint::open(&path).unwrap()
}

/// The network of such a file, computed from its definition: y[j] = b[j] + sum over i of x[i] W[i][j], ReLU in between.
fn forward_inputs_first(file: &[u8], biases: bool, input: &[f32]) -> Vec<f32> {
    let mut x = input.to_vec();
    for layer in 1..4 {
        let (shape, weight) = numbers(file, &format!("fc{layer}.weight"));
        assert_eq!(shape[0], x.len());
        let bias =
            if biases { numbers(file, &format!("fc{layer}.bias")).1 } else { vec![0.0; shape[1]] };
        x = (0..shape[1])
            .map(|j| bias[j] + (0..shape[0]).map(|i| x[i] * weight[i * shape[1] + j]).sum::<f32>())
            .map(|y| if layer < 3 { y.max(0.0) } else { y })
            .collect();
    }
    x
}

#[test]
fn a_square_matrix_between_matrices_that_have_inputs_first() {
    for biases in [true, false] {
        let folder = tempdir().unwrap();
        let original = inputs_first(&folder, biases);
        let out = folder.path().join("out.safetensors");
        let mut text = String::from(
            r#"
            [axes]
            "fc1.weight" = ["", "a"]
            "fc2.weight" = ["a", "b"]
            "fc3.weight" = ["b", ""]
            "#,
        );
        if biases {
            text += "\"fc1.bias\" = [\"a\"]\n\"fc2.bias\" = [\"b\"]\n\"fc3.bias\" = [\"\"]";
        }
        let report = collapse_file(&original, &axes(&text), &out).unwrap();
        assert!(report.outputs.is_some());
        let widths = report.spaces.iter().map(|space| (space.before, space.now));
        assert_eq!(widths.collect::<Vec<_>>(), [(8, 7), (8, 7)]);
        let [before, now] = [original.path(), &out].map(|path| std::fs::read(path).unwrap());
        for input in [[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0], [2.0, -8.0, -0.25]] {
            // Small integers and halves: no sum is rounded.
            let outputs = forward_inputs_first(&before, biases, &input);
            assert_eq!(forward_inputs_first(&now, biases, &input), outputs);
            assert!(outputs.iter().any(|y| y.abs() > 1.0), "{outputs:?}");
        }
    }
}

#[test]
fn an_orientation_that_is_guessed_is_said() {
    let folder = tempdir().unwrap();
    let notes = |name: &str, biases: &[(&str, usize)]| {
        let weight = bytes(&[1.0; 16]);
        let view = |shape: Vec<usize>| {
            let len = 4 * shape.iter().product::<usize>();
            TensorView::new(Dtype::F32, shape, &weight[..len]).unwrap()
        };
        let mut tensors = vec![("a.weight", view(vec![4, 4])), ("b.weight", view(vec![4, 4]))];
        let mut text =
            String::from("[axes]\n\"a.weight\" = [\"h\", \"\"]\n\"b.weight\" = [\"\", \"h\"]\n");
        for &(bias, units) in biases {
            tensors.push((bias, view(vec![units])));
            text += &format!("\"{bias}\" = [\"\"]\n");
        }
        if !biases.is_empty() {
            tensors.push(("c.weight", view(vec![2, 4])));
            text += "\"c.weight\" = [\"\", \"\"]\n";
        }
        let path = file(&folder, name, serialize(tensors, None).unwrap());
        let out = folder.path().join(format!("{name}.out"));
        collapse_file(&Checkpoint::open(&path).unwrap(), &axes(&text), &out).unwrap().notes
    };
    let guessed = notes("guessed.safetensors", &[]);
    assert!(
        guessed.len() == 1 && guessed[0].contains("axis of `a.weight` and 1 more is"),
        "{guessed:?}"
    );
    // The bias of another matrix decides.
    assert_eq!(notes("told.safetensors", &[("c.bias", 2)]), [""; 0]);
}

#[test]
fn nothing_is_overwritten_and_nothing_left_behind() {
    let folder = tempdir().unwrap();
    let original = original(&folder);
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let before = std::fs::read(original.path()).unwrap();
    for taken in ["m.safetensors", "other"] {
        std::fs::write(folder.path().join("other"), "mine").unwrap();
        let error = collapse_file(&original, &axes(AXES), &folder.path().join(taken)).unwrap_err();
        assert!(matches!(error, CheckpointError::Exists { .. }), "{error}");
    }
    let out = folder.path().join("new");
    let partial = AXES.replace("\"fc2.bias\"   = [\"\"]", "");
    let error = collapse_file(&original, &axes(&partial), &out).unwrap_err().to_string();
    assert!(error.contains("does not name `fc2.bias`"), "{error}");
    assert!(break_file(&original, &axes(AXES), &out, f64::NAN, 0).is_err());
    let nowhere = folder.path().join("nowhere/new");
    assert!(collapse_file(&original, &axes(AXES), &nowhere).is_err());
    assert_eq!(names(folder.path()), ["m.safetensors", "other"]);
    assert_eq!(std::fs::read(original.path()).unwrap(), before);

    let pytorch = Checkpoint::open(&sample("chain.pt")).unwrap();
    let axes = axes(&AXES.replace("\"scale\"      = []", ""));
    let error = collapse_file(&pytorch, &axes, &out).unwrap_err().to_string();
    assert!(error.contains("only safetensors files can be rewritten"), "{error}");
    assert_eq!(names(folder.path()), ["m.safetensors", "other"]);
}

/// A disk of 4 KiB. Needs the right to mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    use std::process::Command;
    let folder = tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4k", "tmpfs"])
        .arg(&disk)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln!("not tested: a full disk, since this user may not mount one");
        return;
    }
    let fc1 = bytes(&vec![1.0; 2048]);
    let view = TensorView::new(Dtype::F32, vec![1024, 2], &fc1).unwrap();
    let path = file(&folder, "m.safetensors", serialize([("w", view)], None).unwrap());
    let axes = axes("[axes]\n\"w\" = [\"\", \"\"]");
    let original = Checkpoint::open(&path).unwrap();
    let error = collapse_file(&original, &axes, &disk.join("new.safetensors")).unwrap_err();
    let left = std::fs::read_dir(&disk).unwrap().count();
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(left, 0);
}
