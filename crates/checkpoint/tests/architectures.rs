//! Axes from names and shapes, for the networks that `scripts/check-architectures` made and permuted, and the findings
//! on these axes.

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use common::file;
use constinit_checkpoint::{
    AxesChoice, AxesSource, Checkpoint, FileInspection, FoundAxes, InspectOptions, break_file,
    collapse_file, infer_axes, inspect,
};
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde::Deserialize;
use tempfile::{TempDir, tempdir};

/// A network as the script saw it. The script had checked the axes: it permuted the units, and the outputs stayed the
/// same.
#[derive(Deserialize)]
struct Fixture {
    name: String,
    architecture: String,
    config: Option<serde_json::Value>,
    tensors: BTreeMap<String, Vec<usize>>,
    spaces: BTreeMap<String, usize>,
    kept: Vec<String>,
}

fn fixtures() -> Vec<Fixture> {
    serde_json::from_str(include_str!("data/architectures.json")).unwrap()
}

/// A file with these tensors, which use no space on the disk.
fn empty(path: &Path, tensors: &BTreeMap<String, Vec<usize>>) -> Checkpoint {
    let mut end = 0;
    let entry = |(name, shape): (&String, &Vec<usize>)| {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let dtype = if name.ends_with("num_batches_tracked") { "I32" } else { "F32" };
        let entry =
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        (name.clone(), entry)
    };
    let header: serde_json::Map<String, serde_json::Value> = tensors.iter().map(entry).collect();
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = File::create(path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(&header).unwrap();
    file.set_len((8 + header.len() + end) as u64).unwrap();
    Checkpoint::open(path).unwrap()
}

fn found(folder: &TempDir, fixture: &Fixture) -> Option<FoundAxes> {
    if let Some(config) = &fixture.config {
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    }
    let checkpoint = empty(&folder.path().join("m.safetensors"), &fixture.tensors);
    infer_axes(&checkpoint, AxesChoice::Inferred).unwrap()
}

#[test]
fn every_network_of_the_script_has_its_spaces() {
    for fixture in fixtures() {
        let folder = tempdir().unwrap();
        let found = found(&folder, &fixture).unwrap();
        assert_eq!(found.architecture.as_ref(), Some(&fixture.architecture), "{}", fixture.name);
        assert_eq!(found.source, AxesSource::Architecture);
        assert_eq!(found.file.spaces, fixture.spaces, "{}", fixture.name);
        assert_eq!(found.file.kept, fixture.kept, "{}", fixture.name);
        assert!(fixture.tensors.keys().all(|path| found.file.axes.contains_key(path)));
    }
}

#[test]
fn wrappers_before_and_within_names_do_not_matter() {
    let wrapped: [fn(&str) -> String; 4] = [
        |name: &str| format!("module.{name}"),
        |name: &str| format!("_orig_mod.{name}"),
        |name: &str| format!("base_model.model.{name}"),
        |name: &str| name.replacen("layers.0.", "layers.0._orig_mod.", 1),
    ];
    let all = fixtures();
    let fixture = all.iter().find(|fixture| fixture.name == "llama").unwrap();
    for wrap in wrapped {
        let tensors = fixture.tensors.iter().map(|(name, shape)| (wrap(name), shape.clone()));
        let folder = tempdir().unwrap();
        let config = fixture.config.as_ref().unwrap().to_string();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let checkpoint = empty(&folder.path().join("m.safetensors"), &tensors.collect());
        let found = infer_axes(&checkpoint, AxesChoice::Inferred).unwrap().unwrap();
        let units: Vec<&usize> = found.file.spaces.values().collect();
        assert_eq!(units, fixture.spaces.values().collect::<Vec<_>>());
    }
}

#[test]
fn a_tensor_that_may_stand_on_a_space_costs_it() {
    let all = fixtures();
    let mut fixture = all.into_iter().find(|fixture| fixture.name == "llama").unwrap();
    let names = |fixture: &Fixture| {
        let folder = tempdir().unwrap();
        let found = found(&folder, fixture).unwrap();
        (found.file.spaces.into_keys().collect::<Vec<_>>(), found.notes)
    };
    let (before, _) = names(&fixture);
    assert!(before.contains(&"model.residual".to_owned()));
    // The state of an optimizer has the shape of its parameter.
    fixture.tensors.insert("optimizer.state.0.exp_avg".into(), vec![24, 16]);
    assert_eq!(names(&fixture).0, before);
    // As wide as the stream: an adapter could read it.
    fixture.tensors.insert("adapter.down".into(), vec![2, 16]);
    let (after, notes) = names(&fixture);
    assert!(!after.contains(&"model.residual".to_owned()));
    assert_eq!(after.len(), before.len() - 1);
    assert!(
        notes.iter().any(|note| note.contains("`adapter.down` may range over it")),
        "{notes:?}"
    );
    // As wide as the hidden layer, but elsewhere.
    fixture.tensors.insert("model.layers.0.mlp.gate".into(), vec![24]);
    let (after, notes) = names(&fixture);
    assert!(!after.contains(&"model.layers.0.mlp".to_owned()), "{notes:?}");
    assert!(after.contains(&"model.layers.1.mlp".to_owned()));
}

#[test]
fn heads_need_a_configuration_or_a_shape_that_tells_them() {
    let all = fixtures();
    let mut fixture = all.into_iter().find(|fixture| fixture.name == "llama").unwrap();
    fixture.config = None;
    let folder = tempdir().unwrap();
    let found = found(&folder, &fixture).unwrap();
    assert!(!found.file.spaces.keys().any(|name| name.contains("self_attn")));
    assert!(found.file.spaces.contains_key("model.layers.0.mlp"));
    assert!(found.notes.iter().any(|note| note.contains("config.json")), "{:?}", found.notes);
}

/// Numbers that differ everywhere.
fn numbers(seed: usize, len: usize) -> Vec<f32> {
    (0..len).map(|at| ((at * 7919 + seed * 104_729) % 65_521) as f32 / 65_521.0 - 0.5).collect()
}

struct Network(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Network {
    /// One layer of a gated network; with `whole`, also the layers around it.
    fn gated(whole: bool) -> Self {
        let mut network = Self(BTreeMap::new());
        let layer = "model.layers.0";
        network.add(&format!("{layer}.mlp.gate_proj.weight"), vec![24, 16]);
        network.add(&format!("{layer}.mlp.up_proj.weight"), vec![24, 16]);
        network.add(&format!("{layer}.mlp.down_proj.weight"), vec![16, 24]);
        if whole {
            for (name, rows) in [("q", 16), ("k", 8), ("v", 8), ("o", 16)] {
                network.add(&format!("{layer}.self_attn.{name}_proj.weight"), vec![rows, 16]);
            }
            network.add("model.embed_tokens.weight", vec![20, 16]);
            network.add("lm_head.weight", vec![20, 16]);
            network.add("model.norm.weight", vec![16]);
        }
        // Units 2 and 9 are twins, 3 and 11 have equal incoming weights, 5 and 6 only in half of the parameters;
        // nothing reads 20.
        for name in ["gate_proj", "up_proj"] {
            let weight = network.of(&format!("{layer}.mlp.{name}.weight"));
            weight.copy_within(2 * 16..3 * 16, 9 * 16);
            weight.copy_within(3 * 16..4 * 16, 11 * 16);
        }
        network.of(&format!("{layer}.mlp.gate_proj.weight")).copy_within(5 * 16..6 * 16, 6 * 16);
        let down = network.of(&format!("{layer}.mlp.down_proj.weight"));
        for row in 0..16 {
            down[row * 24 + 9] = down[row * 24 + 2];
            down[row * 24 + 20] = 0.0;
        }
        network
    }

    fn add(&mut self, name: &str, shape: Vec<usize>) {
        let len = shape.iter().product();
        let seed = self.0.len() + 1;
        self.0.insert(name.to_owned(), (shape, numbers(seed, len)));
    }

    fn of(&mut self, name: &str) -> &mut Vec<f32> {
        &mut self.0.get_mut(name).unwrap().1
    }

    fn save(&self, folder: &TempDir) -> Checkpoint {
        let bytes: Vec<Vec<u8>> = self
            .0
            .values()
            .map(|(_, numbers)| numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
            .collect();
        let views = self.0.iter().zip(&bytes).map(|((name, (shape, _)), bytes)| {
            (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
        });
        let bytes = serialize(views, None).unwrap();
        Checkpoint::open(&file(folder, "m.safetensors", bytes)).unwrap()
    }
}

fn inspected(checkpoint: &Checkpoint) -> FileInspection {
    inspect(checkpoint, &InspectOptions::default()).unwrap()
}

#[test]
fn whole_units_of_a_gated_network_are_told_without_an_axes_file() {
    for whole in [false, true] {
        let folder = tempdir().unwrap();
        let report = inspected(&Network::gated(whole).save(&folder));
        let spaces = report.spaces.unwrap();
        let mlp = spaces.iter().find(|space| space.name == "model.layers.0.mlp").unwrap();
        assert_eq!((mlp.units, mlp.twins, mlp.forward), (24, 23, Some(22)));
        assert!(mlp.classes.contains(&vec![2, 9]));
        assert_eq!((&mlp.no_incoming[..], &mlp.no_outgoing[..]), (&[][..], &[20][..]));
        // Two units fewer, each with a row in two matrices and a column in the third.
        let saves = mlp.saves.unwrap();
        assert_eq!((saves.entries, saves.bytes), (2 * 3 * 16, 2 * 3 * 16 * 4));
        let names: Vec<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
        let expected: &[&str] =
            if whole { &["model.layers.0.mlp", "model.residual"] } else { &["model.layers.0.mlp"] };
        assert_eq!(names, expected);
    }
}

#[test]
fn collapse_and_break_need_no_axes_file_and_keep_the_stream() {
    let folder = tempdir().unwrap();
    let mut network = Network::gated(true);
    // Two equal entries of the stream: a norm counts them, so they stay.
    let names: Vec<String> = network.0.keys().cloned().collect();
    for name in names {
        let (shape, _) = network.0[&name].clone();
        let of = network.of(&name);
        match shape[..] {
            [16] => of[1] = of[0],
            [rows, 16] => (0..rows).for_each(|row| of[row * 16 + 1] = of[row * 16]),
            _ => {}
        }
        if name.ends_with("down_proj.weight") || name.ends_with("o_proj.weight") {
            let columns = shape[1];
            of.copy_within(0..columns, columns);
        }
    }
    let checkpoint = network.save(&folder);
    let spaces = inspected(&checkpoint).spaces.unwrap();
    let stream = spaces.iter().find(|space| space.name == "model.residual").unwrap();
    assert_eq!((stream.units, stream.twins, stream.saves), (16, 15, None));
    let axes = infer_axes(&checkpoint, AxesChoice::Inferred).unwrap().unwrap().file;
    let out = |name: &str| folder.path().join(name);
    let collapsed = collapse_file(&checkpoint, &axes, &*out("small.safetensors")).unwrap();
    let now = |name: &str| collapsed.spaces.iter().find(|space| space.name == name).unwrap().now;
    assert_eq!((now("model.layers.0.mlp"), now("model.residual")), (22, 16));
    assert!(collapsed.notes.is_empty(), "{:?}", collapsed.notes);
    let broken = break_file(&checkpoint, &axes, &*out("broken.safetensors"), 0.01, 7).unwrap();
    let mlp = broken.spaces.iter().find(|space| space.name == "model.layers.0.mlp").unwrap();
    assert_eq!((mlp.twins_before, mlp.twins_now), (23, 24));
}

#[test]
fn written_axes_say_the_same_when_they_are_read() {
    let folder = tempdir().unwrap();
    let checkpoint = Network::gated(true).save(&folder);
    let found = infer_axes(&checkpoint, AxesChoice::Inferred).unwrap().unwrap();
    let text = toml::to_string(&found.file).unwrap();
    let read = toml::from_str(&text).unwrap();
    assert_eq!(found.file, read);
    let options = InspectOptions { axes: AxesChoice::Given(&read), ..InspectOptions::default() };
    let again = inspect(&checkpoint, &options).unwrap();
    assert_eq!(again.spaces, inspected(&checkpoint).spaces);
    assert_eq!(again.axes, Some(AxesSource::Given));
}

#[test]
fn an_architecture_is_asked_for_by_name_or_not_at_all() {
    let folder = tempdir().unwrap();
    let checkpoint = Network::gated(false).save(&folder);
    let by = |choice| infer_axes(&checkpoint, choice);
    let mlp = by(AxesChoice::Architecture("mlp")).unwrap().unwrap();
    assert_eq!(mlp.architecture.as_deref(), Some("mlp"));
    assert!(by(AxesChoice::Unknown).unwrap().is_none());
    let wrong = by(AxesChoice::Architecture("resnet")).unwrap_err().to_string();
    assert!(wrong.contains("its names and shapes are not those of resnet"), "{wrong}");
    let unknown = by(AxesChoice::Architecture("lama")).unwrap_err().to_string();
    assert!(unknown.contains("`lama` is not a known architecture"), "{unknown}");
}
