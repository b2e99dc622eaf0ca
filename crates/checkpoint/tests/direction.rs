//! Which axis of a parameter is the output: when it is known, when it must be given, and that nothing is merged on a
//! guess.

mod common;

use common::file;
use constinit_checkpoint::{
    AxesChoice, Checkpoint, FileInspection, InspectOptions, break_file, collapse_file, inspect,
    twin_places,
};
use constinit_symmetry::AxesFile;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use std::collections::BTreeMap;
use tempfile::{TempDir, tempdir};

type Tensors = BTreeMap<&'static str, (Vec<usize>, Vec<f32>)>;

fn written(folder: &TempDir, tensors: &Tensors) -> Checkpoint {
    let bytes: Vec<Vec<u8>> = tensors
        .values()
        .map(|(_, numbers)| numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, (shape, _)), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    Checkpoint::open(&file(folder, "m.safetensors", serialize(views, None).unwrap())).unwrap()
}

/// The tensors of a file, read by the reference reader of its format.
fn read(path: &std::path::Path, like: &Tensors) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let found = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: &str| {
        let tensor = found.tensor(name).unwrap();
        let numbers = tensor.data().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()));
        (tensor.shape().to_vec(), numbers.collect())
    };
    like.keys().map(|&name| (name, numbers(name))).collect()
}

/// Distinct numbers that are small enough for exact sums: eighths between -2 and 2.
fn numbers(seed: usize, len: usize) -> Vec<f32> {
    let number = |at: usize| ((at * 7 + seed * 5 + at * at * (seed + 3)) % 33) as f32 / 8.0 - 2.0;
    (0..len).map(number).collect()
}

/// `y[i] = b[i] + Σ w[i][j] x[j]`, or with `w[j][i]`.
fn layer(
    tensors: &Tensors,
    name: &str,
    bias: Option<&str>,
    inputs_first: bool,
    x: &[f64],
) -> Vec<f64> {
    let (shape, w) = &tensors[name];
    let outputs = shape[usize::from(inputs_first)];
    assert_eq!(shape[usize::from(!inputs_first)], x.len());
    let entry = |i: usize, j: usize| {
        f64::from(w[if inputs_first { j * shape[1] + i } else { i * shape[1] + j }])
    };
    let sum = |i: usize| x.iter().enumerate().map(|(j, x)| entry(i, j) * x).sum::<f64>();
    let bias = |i: usize| bias.map_or(0.0, |name| f64::from(tensors[name].1[i]));
    (0..outputs).map(|i| sum(i) + bias(i)).collect()
}

fn relu(x: Vec<f64>) -> Vec<f64> {
    x.into_iter().map(|x| x.max(0.0)).collect()
}

fn axes(text: &str) -> AxesFile {
    toml::from_str(text).unwrap()
}

/// The report of `inspect` on a checkpoint with these axes.
fn inspected(checkpoint: &Checkpoint, axes: &AxesFile) -> FileInspection {
    inspect(
        checkpoint,
        &InspectOptions { axes: AxesChoice::Given(axes), ..InspectOptions::default() },
    )
    .unwrap()
}

#[test]
fn a_square_transposed_convolution_is_told_by_its_bias() {
    let folder = tempdir().unwrap();
    // Units 0 and 1 of each space have equal incoming weights.
    let mut c = numbers(1, 12);
    c.copy_within(0..3, 3);
    let mut d = numbers(2, 16);
    (0..4).for_each(|j| d[4 * j + 1] = d[4 * j]);
    let tensors: Tensors = [
        ("c.weight", (vec![4, 3, 1, 1], c)),
        ("c.bias", (vec![4], vec![0.5, 0.5, 0.25, -0.5])),
        ("d.weight", (vec![4, 4, 1, 1], d)),
        ("d.bias", (vec![4], vec![0.0; 4])),
        ("e.weight", (vec![2, 4, 1, 1], numbers(3, 8))),
        ("e.bias", (vec![2], vec![1.0, 2.0])),
    ]
    .into();
    let text = "[axes]\n\"c.weight\" = [\"h1\", \"\", \"\", \"\"]\n\"c.bias\" = [\"h1\"]\n\
                \"d.weight\" = [\"h1\", \"h2\", \"\", \"\"]\n\"d.bias\" = [\"h2\"]\n\
                \"e.weight\" = [\"\", \"h2\", \"\", \"\"]\n\"e.bias\" = [\"\"]\n";
    let outputs = |tensors: &Tensors| -> Vec<f64> {
        let of = |x: [f64; 3]| {
            let h1 = relu(layer(tensors, "c.weight", Some("c.bias"), false, &x));
            let h2 = relu(layer(tensors, "d.weight", Some("d.bias"), true, &h1));
            layer(tensors, "e.weight", Some("e.bias"), false, &h2)
        };
        [[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0], [4.0, -2.0, 0.25]].into_iter().flat_map(of).collect()
    };
    let checkpoint = written(&folder, &tensors);
    let small = folder.path().join("small");
    let report = collapse_file(&checkpoint, &axes(text), &small).unwrap();
    let widths: Vec<_> = report.spaces.iter().map(|space| (space.before, space.now)).collect();
    assert_eq!(widths, [(4, 3), (4, 3)]);
    assert_eq!(outputs(&read(&small, &tensors)), outputs(&tensors));
    let broken = folder.path().join("broken");
    let report = break_file(&checkpoint, &axes(text), &broken, 0.25, 7).unwrap();
    assert_eq!(report.spaces.iter().map(|space| space.twins_now).collect::<Vec<_>>(), [4, 4]);
    let differences = outputs(&read(&broken, &tensors)).into_iter().zip(outputs(&tensors));
    assert!(differences.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-5);
}

#[test]
fn a_gain_alone_produces_no_units() {
    let folder = tempdir().unwrap();
    let mut emb = numbers(1, 40);
    (0..10).for_each(|row| emb[4 * row + 3] = emb[4 * row]);
    let tensors: Tensors = [
        ("emb.weight", (vec![10, 4], emb)),
        ("gain.weight", (vec![4], vec![1.0; 4])),
        ("gain.bias", (vec![4], vec![0.0; 4])),
        ("fc.weight", (vec![3, 4], numbers(2, 12))),
        ("fc.bias", (vec![3], numbers(3, 3))),
    ]
    .into();
    let text = "[axes]\n\"emb.weight\" = [\"\", \"d\"]\n\"gain.weight\" = [\"d\"]\n\"gain.bias\" = [\"d\"]\n\
                \"fc.weight\" = [\"\", \"d\"]\n\"fc.bias\" = [\"\"]\n";
    let checkpoint = written(&folder, &tensors);
    let out = folder.path().join("out");
    let error = collapse_file(&checkpoint, &axes(text), &out).unwrap_err().to_string();
    assert!(error.contains("which axis of `emb.weight` is the output"), "{error}");
    assert!(!out.exists());
    // Without the parameter that could produce the space, the error names the space.
    let alone: Tensors =
        tensors.clone().into_iter().filter(|(name, _)| *name != "emb.weight").collect();
    let other = tempdir().unwrap();
    let fewer = axes(&text.replace("\"emb.weight\" = [\"\", \"d\"]\n", ""));
    let error = collapse_file(&written(&other, &alone), &fewer, &out).unwrap_err().to_string();
    assert!(error.contains("`d`") && !out.exists(), "{error}");
    let told = axes(&format!("{text}[orientation]\n\"emb.weight\" = \"input-first\"\n"));
    let forward = |axes: &AxesFile| inspected(&checkpoint, axes).spaces.unwrap()[0].forward;
    assert_eq!((forward(&axes(text)), forward(&told)), (None, Some(3)));
    let report = collapse_file(&checkpoint, &told, &out).unwrap();
    assert_eq!((report.spaces[0].before, report.spaces[0].now), (4, 3));
    let outputs = |tensors: &Tensors| -> Vec<f64> {
        let (shape, rows) = &tensors["emb.weight"];
        let of = |row: usize| {
            let row: Vec<f64> =
                rows[row * shape[1]..][..shape[1]].iter().map(|&x| x.into()).collect();
            layer(tensors, "fc.weight", Some("fc.bias"), false, &relu(row))
        };
        (0..10).flat_map(of).collect()
    };
    assert_eq!(outputs(&read(&out, &tensors)), outputs(&tensors));
}

#[test]
fn what_is_undecided_is_asked_for_before_units_are_merged() {
    let folder = tempdir().unwrap();
    // A residual stream `d`: what a block adds starts as zero, so only the embedding distinguishes its units.
    let tensors: Tensors = [
        ("emb.weight", (vec![5, 4], numbers(1, 20))),
        ("up.weight", (vec![6, 4], numbers(2, 24))),
        ("down.weight", (vec![4, 6], vec![0.0; 24])),
        ("head.weight", (vec![5, 4], numbers(3, 20))),
    ]
    .into();
    let text = "[axes]\n\"emb.weight\" = [\"\", \"d\"]\n\"up.weight\" = [\"h\", \"d\"]\n\
                \"down.weight\" = [\"d\", \"h\"]\n\"head.weight\" = [\"\", \"d\"]\n";
    let checkpoint = written(&folder, &tensors);
    let out = folder.path().join("out");
    let error = collapse_file(&checkpoint, &axes(text), &out).unwrap_err().to_string();
    assert!(error.contains("which axis of `emb.weight` is the output"), "{error}");
    assert!(!out.exists());
    let report = inspected(&checkpoint, &axes(text));
    assert!(report.notes.iter().any(|note| note.contains("[orientation]")), "{:?}", report.notes);
    assert!(report.spaces.unwrap().iter().all(|space| space.forward.is_none()));
    let told = axes(&format!(
        "{text}[orientation]\n\"emb.weight\" = \"input-first\"\n\"head.weight\" = \"output-first\"\n"
    ));
    let report = collapse_file(&checkpoint, &told, &out).unwrap();
    let widths: Vec<_> = report.spaces.iter().map(|space| (space.before, space.now)).collect();
    assert_eq!(widths, [(4, 4), (6, 6)]);
    assert_eq!(read(&out, &tensors), tensors);
    let unknown = axes(&format!("{text}[orientation]\n\"ebm.weight\" = \"input-first\"\n"));
    let error = collapse_file(&checkpoint, &unknown, &folder.path().join("new")).unwrap_err();
    assert!(error.to_string().contains("`ebm.weight`"), "{error}");
}

#[test]
fn rows_that_are_no_units_of_a_space_are_looked_at_by_themselves() {
    let folder = tempdir().unwrap();
    // Two heads of two rows each: rows 0 and 1 are equal, and the heads are not.
    let tensors: Tensors = [
        ("q.weight", (vec![4, 1], vec![1.0, 1.0, 2.0, 3.0])),
        ("p.weight", (vec![1, 2], vec![1.0, 1.0])),
        ("z.weight", (vec![0, 3], vec![])),
    ]
    .into();
    let checkpoint = written(&folder, &tensors);
    let twins = |text: &str| -> Vec<String> {
        twin_places(&inspected(&checkpoint, &axes(text))).map(str::to_owned).collect()
    };
    let heads = "[axes]\n\"q.weight\" = [\"heads*2\", \"\"]\n\"z.weight\" = [\"\", \"\"]\n";
    assert_eq!(twins(heads), ["q.weight"]);
    let rows = "[axes]\n\"q.weight\" = [\"rows\", \"\"]\n";
    assert_eq!(twins(rows), ["rows"]);
    // The members of a fixed space are not compared.
    assert_eq!(twins(&format!("fixed = [\"rows\"]\n{rows}")), ["q.weight"]);
}
