//! `constinit collapse` and `inspect` with activations: the units that a function needs.
#![cfg(feature = "ndarray")]

use crate::program::Folder;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize_to_file};

/// A network 1-6-1: unit 1 is 0, 3 is the opposite of 2, 4 has no incoming weights, 5 no outgoing ones.
fn reducible(folder: &Folder, name: &str) {
    let tensors = [
        ("linear1.weight", vec![6, 1], vec![0.5_f32, 0.5, 1.25, -1.25, 0.0, 2.0]),
        ("linear1.bias", vec![6], vec![0.25, 0.25, -0.75, 0.75, 0.5, 1.0]),
        ("linear2.weight", vec![1, 6], vec![1.0, 2.0, 3.0, 4.0, 5.0, 0.0]),
        ("linear2.bias", vec![1], vec![0.125]),
    ];
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, numbers)| numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, None, &folder.join(name)).unwrap();
}

fn shape(folder: &Folder, name: &str, tensor: &str) -> Vec<usize> {
    let bytes = std::fs::read(folder.join(name)).unwrap();
    SafeTensors::deserialize(&bytes).unwrap().tensor(tensor).unwrap().shape().to_vec()
}

#[test]
fn a_collapse_by_an_activation_says_what_became_of_each_unit() {
    let folder = Folder::new();
    reducible(&folder, "m.safetensors");
    let collapse = |activation: &str, out: &str| {
        folder.run(&["collapse", "m.safetensors", "--activation", activation, "--out", out])
    };
    let text = collapse("tanh", "small.safetensors").ok().stdout;
    for line in [
        "19 numbers were read, 7 written",
        "hidden1: unit 1 merges into 0\n",
        "hidden1: unit 3 merges into 2 with sign -1\n",
        "hidden1: unit 4 is 0.462117 for every input and folds into the next bias\n",
        "hidden1: unit 5 has no outgoing weights and is removed\n",
        "6 units were read, 2 written; the parameters had 76 bytes, now 28\n",
        "minimal: no network with one hidden layer of this activation and fewer units computes the same",
        "outputs for 64 random inputs, tanh between layers",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(shape(&folder, "small.safetensors", "linear2.weight"), [1, 2]);
    // A minimal network stays unchanged, also if the option names its space.
    let again = folder.run(&[
        "collapse",
        "small.safetensors",
        "--activation",
        "hidden1=tanh",
        "--out",
        "again.safetensors",
    ]);
    let again = again.ok().stdout;
    assert!(again.starts_with("nothing to merge: "), "{again}");
    assert!(again.contains("\nminimal: ") && !folder.join("again.safetensors").exists());
    let relu = collapse("relu", "relu.safetensors").ok().stdout;
    assert!(relu.contains("no reduction of these kinds is left"), "{relu}");
    collapse("swish", "x").refused(
        2,
        "--activation swish: unknown activation; the activations are relu, tanh, sigmoid",
    );
    collapse("hidden2=tanh", "x").refused(2, "did you mean `hidden1`?");
    assert!(!folder.join("x").exists());
    let bad =
        ["collapse", "m.safetensors", "--activation", "relu", "--out", "x", "--factor-tolerance"];
    folder
        .run(&[&bad[..], &["-1"]].concat())
        .refused(2, "--factor-tolerance: -1 is not a tolerance");
}

#[test]
fn an_inspection_says_how_many_units_an_activation_needs() {
    let folder = Folder::new();
    reducible(&folder, "m.safetensors");
    let inspect = |options: &[&str]| folder.run(&[&["inspect", "m.safetensors"], options].concat());
    let text = inspect(&["--activation", "tanh"]).ok().stdout;
    assert!(text.contains("hidden1: 6 units, 2 needed for tanh"), "{text}");
    let markdown = inspect(&["--activation", "hidden1=relu", "--markdown"]).ok().stdout;
    assert!(markdown.contains("- hidden1: 6 units, 3 needed for relu"), "{markdown}");
    let unknown = inspect(&["--activation", "tanh,hidden2=relu"]).ok().stdout;
    assert!(unknown.contains("--activation: there is no space `hidden2`"), "{unknown}");
    assert!(!inspect(&[]).ok().stdout.contains("needed"));
}

#[test]
fn the_configuration_of_a_run_tells_the_activation() {
    let folder = Folder::new();
    folder.write(
        "c.toml",
        "[model]\nlayer_dims = [3, 8, 4]\nactivation = \"tanh\"\ninit_w = 0.1\n[data]\ninputs = [[0.5, -1.0, 2.0]]\n\
         targets = [[1.0, 1.0, 1.0, 1.0]]\n[training]\nsteps = 5\n",
    );
    folder.run(&["run", "--config", "c.toml", "--out", "run1"]).ok();
    let model = "run1/model.safetensors";
    let text = folder.run(&["inspect", model]).ok().stdout;
    assert!(text.contains("hidden1: 8 units, 1 needed for tanh"), "{text}");
    let text = folder.run(&["collapse", model, "--out", "small.safetensors"]).ok().stdout;
    assert!(text.contains("note: tanh between layers, from run1/config.toml"), "{text}");
    assert_eq!(shape(&folder, "small.safetensors", "linear1.weight"), [1, 3]);
    // Without an activation, it merges only equal units.
    let plain = folder
        .run(&["collapse", model, "--activation", "none", "--out", "plain.safetensors"])
        .ok()
        .stdout;
    assert!(plain.contains("ReLU between layers") && !plain.contains("minimal"), "{plain}");
}
