//! `constinit inspect`, `merge`, `collapse` and `break` on files that the formats' own libraries wrote.
#![cfg(feature = "ndarray")]

use crate::program::Folder;
use crate::program::matrices::matrices;
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::record::{FullPrecisionSettings, NamedMpkFileRecorder};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_store::{BurnpackStore, ModuleSnapshot};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::{Value, json};

type B = burn_ndarray::NdArray;

#[derive(Module, Debug)]
struct Net<B: Backend> {
    fc1: Linear<B>,
    fc2: Linear<B>,
}

/// Three hidden units, two of them equal.
fn net() -> Net<B> {
    let device = Default::default();
    let linear = |inputs, outputs, weight: Vec<f32>, bias: Vec<f32>| {
        let mut layer: Linear<B> = LinearConfig::new(inputs, outputs).init(&device);
        let weight = TensorData::new(weight, [inputs, outputs]);
        layer.weight = Param::from_tensor(Tensor::from_data(weight, &device));
        layer.bias = Some(Param::from_tensor(Tensor::from_data(bias.as_slice(), &device)));
        layer
    };
    Net {
        fc1: linear(2, 3, vec![1.0, 3.0, 1.0, 2.0, 4.0, 2.0], vec![0.5; 3]),
        fc2: linear(3, 1, vec![7.0, 8.0, 7.0], vec![0.0]),
    }
}

fn hidden() -> Value {
    // One unit fewer means two weights, one bias and one column fewer.
    json!([{"name": "hidden1", "units": 3, "twins": 2, "equitable": 2, "forward": 2, "classes": [[0, 2], [1]],
            "saves": {"entries": 4, "bytes": 16}}])
}

#[test]
fn files_of_burn() {
    let folder = Folder::new();
    let (net, pack) = (net(), folder.join("chain.bpk"));
    net.save_into(&mut BurnpackStore::from_file(pack)).unwrap();
    let recorder = NamedMpkFileRecorder::<FullPrecisionSettings>::new();
    net.save_file(folder.join("chain"), &recorder).unwrap();
    for name in ["chain.bpk", "chain.mpk"] {
        let report = &folder.run(&["inspect", name, "--json"]).ok().json()[0];
        // Burn's orientation, known from the format and from the bias.
        let fc1 = &report["parameters"][0];
        assert_eq!(fc1["path"], "fc1.weight", "{report}");
        assert_eq!((&fc1["shape"], &fc1["axis"]), (&json!([2, 3]), &json!(1)));
        assert_eq!((&fc1["units"], &fc1["classes"]), (&json!(3), &json!(2)));
        assert_eq!((&report["spaces"], &report["axes"]), (&hidden(), &json!("inferred")), "{name}");
    }
}

#[test]
fn the_json_of_the_contract() {
    let folder = Folder::new();
    matrices(
        &folder,
        "m.safetensors",
        &[
            ("b.weight", [1, 3], vec![7.0, 8.0, 7.0]),
            ("a.weight", [3, 2], vec![1.0, 2.0, f32::NAN, 4.0, 1.0, 2.0]),
            ("zero", [2, 2], vec![0.0; 4]),
        ],
    );
    let report = &folder.run(&["inspect", "m.safetensors", "--json"]).ok().json()[0];
    let parameter = |p: usize, more: Value| {
        let mut row = json!({"dtype": "F32", "axis": 0, "zero_units": 0, "constant_units": 0, "non_finite": 0});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(report["parameters"][p], row, "{report}");
    };
    parameter(
        0,
        json!({"path": "a.weight", "shape": [3, 2], "units": 3, "classes": 2, "largest_class": 2,
                        "alike": [[0, 2]], "non_finite": 1, "non_finite_units": [1], "non_finite_entry": 2}),
    );
    parameter(
        1,
        json!({"path": "b.weight", "shape": [1, 3], "units": 1, "classes": 1, "largest_class": 1}),
    );
    parameter(
        2,
        json!({"path": "zero", "shape": [2, 2], "units": 2, "classes": 1, "largest_class": 2,
                        "alike": [[0, 1]], "zero_units": 2, "zero": [0, 1]}),
    );
    assert_eq!(report["parameters"].as_array().unwrap().len(), 3);
    assert_eq!((&report["schema"], &report["file"]), (&json!(1), &json!("m.safetensors")));
    assert_eq!((&report["format"], &report["non_finite"]), (&json!("safetensors"), &json!(1)));
    // A chain of matrices, except for the third.
    assert_eq!(report.get("spaces"), None);
    // Axes for some of them, in the file's own orientation.
    folder
        .write("axes.toml", "[axes]\n\"a.weight\" = [\"h\", \"\"]\n\"b.weight\" = [\"\", \"h\"]\n");
    let with_axes = ["inspect", "m.safetensors", "--axes", "axes.toml", "--json"];
    let report = &folder.run(&with_axes).ok().json()[0];
    assert_eq!(report["spaces"][0]["classes"], json!([[0, 2], [1]]));
    assert_eq!(
        (&report["axes"], &report["notes"]),
        (&json!("given"), &json!(["not in the axes file: zero"]))
    );
    folder.write("wrong.toml", "[axes]\n\"a.wieght\" = [\"h\", \"\"]\n");
    let wrong = ["inspect", "m.safetensors", "--axes", "wrong.toml"];
    folder.run(&wrong).refused(2, "did you mean `a.weight`?");
}

#[test]
fn what_is_denied_ends_with_code_1() {
    let folder = Folder::new();
    let distinct = ("w", [2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    matrices(&folder, "fine.safetensors", std::slice::from_ref(&distinct));
    matrices(&folder, "twins.safetensors", &[distinct.clone(), ("x", [2, 1], vec![1.0, 1.0])]);
    matrices(&folder, "zero.safetensors", &[("z", [2, 1], vec![0.0, 1.0])]);
    matrices(&folder, "nan.safetensors", &[("n", [2, 1], vec![f32::INFINITY, 1.0])]);
    let deny = |file: &str| folder.run(&["inspect", file, "--deny", "twins,zero,non-finite"]);
    deny("fine.safetensors").ok();
    deny("twins.safetensors").refused(1, "twins.safetensors: equal units in x");
    deny("zero.safetensors").refused(1, "zero.safetensors: zero units in z");
    deny("nan.safetensors").refused(1, "nan.safetensors: entries that are not finite in n");
    folder.run(&["inspect", "twins.safetensors", "--deny", "twins", "--skip", "^x$"]).ok();
    folder.run(&["inspect", "twins.safetensors", "--deny", "twins", "--only", "w"]).ok();
    // A check that inspects nothing would always pass.
    for (options, saying) in [
        (["--skip", "."], "--skip .: no parameter"),
        (["--only", "bias"], "--only bias: no parameter"),
    ] {
        let args = [&["inspect", "fine.safetensors", "--deny", "zero"], &options[..]].concat();
        folder.run(&args).refused(2, saying);
    }
    serialize_to_file([] as [(&str, TensorView<'_>); 0], None, &folder.join("empty")).unwrap();
    std::fs::rename(folder.join("empty"), folder.join("empty.safetensors")).unwrap();
    folder.run(&["inspect", "empty.safetensors"]).ok();
    deny("empty.safetensors").refused(2, "--deny: there is no parameter");
    std::fs::remove_file(folder.join("empty.safetensors")).unwrap();
    let vector = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    serialize_to_file([("v", vector)], None, &folder.join("vector")).unwrap();
    std::fs::rename(folder.join("vector"), folder.join("vector.safetensors")).unwrap();
    let deny_of = |what: &str| folder.run(&["inspect", "vector.safetensors", "--deny", what]);
    deny_of("non-finite").ok();
    deny_of("zero,non-finite").refused(2, "--deny: there is no parameter");
    std::fs::remove_file(folder.join("vector.safetensors")).unwrap();
    // A broken file takes precedence, and the other files are still reported.
    folder.write("broken.safetensors", "broken");
    let all = folder.run(&["inspect", ".", "--deny", "twins", "--json"]);
    // One line per file, and a summary.
    assert_eq!(all.stdout.lines().count(), 6, "{}", all.stdout);
    let summary = &all.json()[5]["summary"];
    assert_eq!(
        (&summary["files"], &summary["with_findings"], &summary["unread"]),
        (&json!(5), &json!(3), &json!(1)),
        "{summary}"
    );
    let all = all.refused(2, "1 of 5 checkpoints could not be read");
    assert!(all.stderr.contains("broken.safetensors: a text (\"broken\")"), "{}", all.stderr);
}

/// A file of tensors of any type: name, type, shape, bytes.
fn typed(folder: &Folder, name: &str, of: &[(&str, Dtype, &[usize], Vec<u8>)]) {
    let views = of.iter().map(|(name, dtype, shape, bytes)| {
        (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
    });
    serialize_to_file(views, None, &folder.join(name)).unwrap();
}

#[test]
fn what_is_not_a_float_is_denied_all_the_same() {
    let folder = Folder::new();
    let mut bytes: Vec<u8> = (1..=12).collect();
    bytes[6..8].copy_from_slice(&[1, 2]);
    bytes[2..4].fill(0);
    for (name, dtype) in [("f8", Dtype::F8_E4M3), ("i8", Dtype::I8), ("u8", Dtype::U8)] {
        let scale = 1.0_f32.to_le_bytes().to_vec();
        let all =
            [("w", dtype, &[6_usize, 2][..], bytes.clone()), ("scale", Dtype::F32, &[1], scale)];
        for (file, of) in [("both", &all[..]), ("alone", &all[..1])] {
            let file = format!("{name}_{file}.safetensors");
            typed(&folder, &file, of);
            let deny = |what: &str| folder.run(&["inspect", &file, "--deny", what, "--json"]);
            let report = deny("twins").refused(1, "equal units in w").json();
            assert_eq!(report[0]["parameters"][0]["alike"], json!([[0, 3]]));
            deny("zero").refused(1, "zero units in w");
            deny("non-finite").ok();
        }
    }
}

#[test]
fn what_was_not_inspected_ends_with_code_2() {
    let folder = Folder::new();
    let data =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/checkpoint/tests/data");
    let unread = data.join("unread.pt");
    let unread = unread.to_str().unwrap();
    let deny = |more: &[&str]| folder.run(&[&["inspect", unread, "--deny"], more].concat());
    for what in ["twins", "zero", "non-finite"] {
        deny(&[what])
            .refused(2, &format!("coo.weight (F32) was not inspected for {what}: it is sparse"));
    }
    let all = deny(&["twins,zero,non-finite"]).refused(2, "csr.weight (F32)");
    assert!(
        all.stderr.contains("sp.weight (F32) was not inspected for twins, zero: its bias"),
        "{all:?}"
    );
    deny(&["twins,zero,non-finite", "--only", "^fc"]).ok();
    deny(&["twins,zero,non-finite", "--skip", "coo|csr|meta|array|sp"]).ok();
    deny(&["twins", "--skip", "coo|csr|meta|array"]).refused(2, "sp.weight");
    // Without --deny, the report names what it skipped, and does not say that every entry is finite.
    let text = folder.run(&["inspect", unread]).ok().stdout;
    assert!(text.contains("coo.weight") && !text.contains("every entry is finite"), "{text}");
    let named = folder.run(&["inspect", unread, "--only", "^csr", "--json"]).ok().json();
    assert_eq!(named[0]["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(named[0]["skipped"][0]["findings"], json!(["twins", "zero", "non-finite"]));
    // A tensor without entries has no units.
    let numbers = [1.0_f32, 2.0].map(f32::to_le_bytes).concat();
    let empty = [
        ("cache", Dtype::F32, &[16_usize, 0][..], vec![]),
        ("fc.weight", Dtype::F32, &[2, 1], numbers),
    ];
    typed(&folder, "empty.safetensors", &empty);
    folder.run(&["inspect", "empty.safetensors", "--deny", "twins"]).ok();
}

#[test]
fn the_state_of_an_optimizer_is_inspected_where_it_is_asked_for() {
    let folder = Folder::new();
    let model = ("fc.weight", [2, 1], vec![1.0, 2.0]);
    let moments = ("optimizer.state.0.exp_avg", [2, 1], vec![0.0, 0.0]);
    matrices(&folder, "m.safetensors", &[model, moments.clone()]);
    matrices(&folder, "o.safetensors", &[moments]);
    let run = |args: &[&str]| folder.run(&[args, &["--deny", "twins,zero"]].concat());
    let text = run(&["inspect", "m.safetensors"]).ok().stdout;
    assert!(text.contains("2 units") && text.contains("optimizer.state"), "{text}");
    run(&["inspect", "m.safetensors", "--optimizer-state"]).refused(1, "optimizer.state.0.exp_avg");
    run(&["inspect", "o.safetensors"]).refused(2, "--optimizer-state");
    run(&["inspect", "m.safetensors", "--only", "optimizer"]).refused(2, "--optimizer-state");
    folder.run(&["inspect", "o.safetensors"]).ok();
    let diff = |more: &[&str]| {
        folder.run(&[&["diff", "m.safetensors", "m.safetensors", "--json"], more].concat())
    };
    assert_eq!(diff(&[]).ok().json()[0]["parameters"].as_array().unwrap().len(), 1);
    let both = diff(&["--optimizer-state"]).ok().json();
    assert_eq!(both[0]["parameters"].as_array().unwrap().len(), 2);
    diff(&["--only", "exp_avg"]).refused(2, "--optimizer-state");
}

#[test]
fn what_is_no_checkpoint_is_said_to_be_what_it_is() {
    let folder = Folder::new();
    folder.write(
        "pointer.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123456\n",
    );
    folder.write("page.safetensors", "<!DOCTYPE html><html><head><title>404</title></head></html>");
    let inspect = |file: &str| folder.run(&["inspect", file]);
    inspect("pointer.safetensors").refused(2, "a Git LFS pointer, not the file itself");
    inspect("page.safetensors").refused(2, "an HTML page (\"404\"), not a checkpoint");
}

#[test]
fn a_table_and_markdown() {
    let folder = Folder::new();
    matrices(
        &folder,
        "m.safetensors",
        &[("a\u{1b}[31m", [2, 1], vec![1.0, 1.0]), ("b", [2, 1], vec![0.0, 1.0])],
    );
    let table = folder.run(&["inspect", "m.safetensors"]).ok().stdout;
    assert_eq!(
        table,
        "1 file, 1 with findings; 4 units, 3 distinct\n\n\
         zero units\n  m.safetensors: b: unit 0 is zero\n\n\
         duplicate rows\n  m.safetensors: a\\u{1b}[31m: units 0, 1 are equal\n\n\
         m.safetensors (safetensors): 4 units, 3 distinct; 1 zero; every entry is finite\n"
    );
    let all = folder.run(&["inspect", "m.safetensors", "--all"]).ok().stdout;
    assert_eq!(
        all.strip_prefix(&table).unwrap(),
        "\n\
         parameter    shape   type  units  distinct  largest  zero  constant  not finite\n\
         a\\u{1b}[31m  [2, 1]  F32       2         1        2     0         0           0\n\
         b            [2, 1]  F32       2         2        1     1         0           0\n\n"
    );
    let quiet = folder.run(&["inspect", "m.safetensors", "--quiet", "--deny", "zero"]);
    assert_eq!(quiet.stdout, "1 file, 1 with findings; 4 units, 3 distinct\n");
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(1), ""));
    let markdown =
        folder.run(&["inspect", "m.safetensors", "--markdown", "--tolerance", "1"]).ok().stdout;
    assert!(
        markdown.starts_with("### m.safetensors\n\n4 units, 2 distinct; 4 zero;"),
        "{markdown}"
    );
    assert!(markdown.contains("equal within 1; the largest spread of a class is 1"), "{markdown}");
    folder.run(&["inspect", "m.safetensors", "--tolerance", "-1"]).refused(2, "--tolerance");
    folder.run(&["inspect", "m.safetensors", "--only", "("]).refused(2, "--only");
    let nothing = ["inspect", "m.safetensors", "--deny", "twins", "--only", "wieght"];
    folder.run(&nothing).refused(2, "--only wieght: no parameter");
    let none = ["merge", "none", "--out", "all"];
    folder.run(&none).refused(2, "none: there is no such file or folder");
}

#[test]
fn shards_merged_are_the_whole() {
    let folder = Folder::new();
    let mut map = serde_json::Map::new();
    for shard in 0..3_u8 {
        let name = format!("model-{shard}.safetensors");
        let layer = |k: u8| format!("layers.{}.weight", u32::from(shard) + 3 * u32::from(k));
        let numbers = |k: u8| (0..6).map(|at| f32::from(at / 2 * k)).collect();
        let names: Vec<String> = (0..2).map(layer).collect();
        let of: Vec<_> =
            names.iter().zip(0..).map(|(name, k)| (name.as_str(), [3, 2], numbers(k))).collect();
        matrices(&folder, &name, &of);
        map.extend(names.iter().map(|layer| (layer.clone(), json!(name))));
    }
    let index = json!({"weight_map": map}).to_string();
    folder.write("model.safetensors.index.json", &index);
    matrices(&folder, "other.safetensors", &[("w", [2, 2], vec![1.0; 4])]);
    folder.write("broken.safetensors", "broken");
    let whole = folder.run(&["inspect", ".", "--json"]);
    // Three files and a summary.
    assert_eq!((whole.code, whole.stdout.lines().count()), (Some(2), 4));
    let summary = &whole.json()[3]["summary"];
    assert_eq!((&summary["files"], &summary["unread"]), (&json!(3), &json!(1)));
    for of in [1, 2, 3, 7] {
        let parts: Vec<String> = (1..=of)
            .map(|k| {
                let mut inspect = folder.program(&["inspect", ".", "--json", "--shard", "auto"]);
                inspect.env("JOB_COMPLETION_INDEX", (k - 1).to_string());
                inspect.env("CONSTINIT_SHARDS", of.to_string());
                let name = format!("part{k}.jsonl");
                folder.write(&name, &String::from_utf8(inspect.output().unwrap().stdout).unwrap());
                name
            })
            .collect();
        // In any order.
        let parts: Vec<&str> = parts.iter().rev().map(String::as_str).collect();
        let merged = folder.run(&[&["merge", "--json"], &parts[..]].concat());
        assert_eq!((merged.code, &merged.stdout), (Some(2), &whole.stdout), "{of} parts");
        if of > 1 {
            let fewer = folder.run(&[&["merge"], &parts[1..]].concat());
            // The last of seven machines has no file, and `merge` does not miss it.
            let expected = if of == 7 { "could not be read" } else { "is missing" };
            fewer.refused(2, expected);
            let twice = [&["merge"], &parts[..], &parts[of - 1..]].concat();
            folder.run(&twice).refused(2, "is reported twice");
        }
    }
    folder.run(&["inspect", ".", "--shard", "1/2"]).refused(2, "--json");
    // Shares of different jobs: other options, and other checkpoints.
    let share = |name: &str, args: &[&str]| {
        folder.write(name, &folder.run(&[&["inspect", "--json"], args].concat()).stdout);
    };
    share("one", &["other.safetensors", "model-0.safetensors", "--shard", "1/2"]);
    share("two", &["other.safetensors", "model-0.safetensors", "--shard", "2/2", "--only", "w"]);
    folder.run(&["merge", "one", "two"]).refused(2, "are of two different jobs");
    share("two", &["other.safetensors", "model-1.safetensors", "--shard", "2/2"]);
    folder.run(&["merge", "one", "two"]).refused(2, "are of two different jobs");
    share("two", &["other.safetensors", "model-0.safetensors", "--shard", "2/2"]);
    folder.run(&["merge", "one", "two"]).ok();
}

#[cfg(unix)]
#[test]
fn what_never_ends_is_refused() {
    let folder = Folder::new();
    matrices(&folder, "m.safetensors", &[("w", [2, 1], vec![1.0, 2.0])]);
    let axes = ["inspect", "m.safetensors", "--axes", "/dev/zero"];
    folder.run(&axes).refused(2, "/dev/zero: not an axes file");
    folder.run(&["merge", "/dev/zero"]).refused(2, "/dev/zero: expected value at line 1");
}

#[test]
fn spaces_are_those_of_the_parameters_that_are_inspected() {
    let folder = Folder::new();
    // Units 0 and 1 of `g` have equal incoming weights and different outgoing weights.
    matrices(
        &folder,
        "m.safetensors",
        &[
            ("g.in", [2, 1], vec![1.0, 1.0]),
            ("g.out", [1, 2], vec![1.0, 2.0]),
            ("h.in", [2, 1], vec![1.0, 1.0]),
            ("h.out", [1, 2], vec![3.0, 3.0]),
        ],
    );
    folder.write(
        "axes.toml",
        "[axes]\n\"g.in\" = [\"g\", \"\"]\n\"g.out\" = [\"\", \"g\"]\n\
         \"h.in\" = [\"h\", \"\"]\n\"h.out\" = [\"\", \"h\"]\n",
    );
    let inspect = |more: &[&str]| {
        let args = ["inspect", "m.safetensors", "--axes", "axes.toml", "--json", "--deny", "twins"];
        folder.run(&[&args, more].concat())
    };
    let all = inspect(&[]).refused(1, "m.safetensors: equal units in h");
    let names = |report: &Value| -> Vec<String> {
        let spaces = report["spaces"].as_array().unwrap().iter();
        spaces.map(|space| space["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all.json()[0]), ["g", "h"]);
    assert_eq!(all.json()[0]["parameters"][0]["space"], "g");
    let one = inspect(&["--only", "^g"]).ok();
    assert_eq!(names(&one.json()[0]), ["g"]);
    assert_eq!(one.json()[0]["spaces"][0]["twins"], 2);
    // `inspect` also inspects a space with only one of its parameters.
    inspect(&["--only", "^h.in$"]).refused(1, "equal units in h");
}

#[test]
fn fewer_units_and_units_that_differ() {
    let folder = Folder::new();
    let weights = [
        ("fc1.weight", [3, 2], vec![1.0, 2.0, 3.0, 4.0, 1.0, 2.0]),
        ("fc2.weight", [1, 3], vec![7.0, 8.0, 7.0]),
    ];
    matrices(&folder, "m.safetensors", &weights);
    folder.write(
        "axes.toml",
        "[axes]\n\"fc1.weight\" = [\"h\", \"\"]\n\"fc2.weight\" = [\"\", \"h\"]\n",
    );
    let with_axes = |command: &[&'static str]| {
        folder.run(
            &[command, &["--axes", "axes.toml", "--out"]]
                .concat()
                .into_iter()
                .chain(["out"])
                .collect::<Vec<_>>(),
        )
    };
    let text = with_axes(&["collapse", "m.safetensors"]).ok().stdout;
    assert!(text.contains("9 numbers were read, 6 written"), "{text}");
    assert!(text.contains("outputs for 64 random inputs"), "{text}");
    with_axes(&["collapse", "m.safetensors"]).refused(2, "out exists; nothing is overwritten");
    std::fs::rename(folder.join("out"), folder.join("small.safetensors")).unwrap();
    folder.run(&["inspect", "small.safetensors", "--deny", "twins"]).ok();
    let broken = with_axes(&["break", "m.safetensors", "--scale", "0.5", "--json"]).ok();
    assert_eq!(broken.json()[0]["spaces"][0]["twins_now"], 3, "{}", broken.stdout);
    std::fs::remove_file(folder.join("out")).unwrap();
    // The finding about whole units comes first, findings about rows after it.
    let text = with_axes(&["break", "m.safetensors"]).ok().stdout;
    assert!(
        text.starts_with("out\nh: 3 units, 3 distinct, 2 before\n\nOnly outgoing weights"),
        "{text}"
    );
    std::fs::rename(folder.join("out"), folder.join("broken.safetensors")).unwrap();
    let inspect = ["inspect", "broken.safetensors", "--axes", "axes.toml", "--deny", "twins"];
    let text = folder.run(&inspect).ok().stdout;
    assert!(
        text.contains(
            "fc1.weight: units 0, 2 are equal in these rows only; as whole units they differ"
        ),
        "{text}"
    );
    assert!(
        text.contains("\nbroken.safetensors (safetensors, axes as given): 4 units, 4 distinct; "),
        "{text}"
    );
}

#[test]
fn a_collapse_without_anything_to_merge_writes_nothing() {
    let folder = Folder::new();
    let weights = [
        ("fc1.weight", [3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("fc2.weight", [1, 3], vec![7.0, 8.0, 9.0]),
    ];
    matrices(&folder, "m.safetensors", &weights);
    folder.write(
        "axes.toml",
        "[axes]\n\"fc1.weight\" = [\"h\", \"\"]\n\"fc2.weight\" = [\"\", \"h\"]\n",
    );
    let collapse = |more: &[&str]| {
        let args = ["collapse", "m.safetensors", "--axes", "axes.toml", "--out", "out"];
        folder.run(&[&args, more].concat()).ok()
    };
    let text = collapse(&[]).stdout;
    assert!(text.starts_with("nothing to merge: no two of the 3 units in 1 space"), "{text}");
    let json = &collapse(&["--json"]).json()[0];
    assert_eq!((&json["unchanged"], &json["entries"]), (&json!(true), &json!([9, 9])));
    assert!(!folder.join("out").exists());
    let text = collapse(&["--force"]).stdout;
    assert!(text.contains("9 numbers were read, 9 written"), "{text}");
    let same = folder.run(&["diff", "m.safetensors", "out"]).ok().stdout;
    assert!(same.ends_with("identical\n"), "{same}");
}

#[test]
fn inspect_prints_what_the_guide_shows() {
    // A Fourier transform of windows as a convolution: cosines and sines of 129 frequencies, of which two sines are
    // zero.
    let wave = |channel: usize, n: usize| {
        let k = channel % 129;
        let angle = |k: usize| std::f64::consts::PI * (2 * k * n) as f64 / 256.0;
        let window = 0.5 - 0.5 * angle(1).cos();
        match channel {
            0..129 => (window * angle(k).cos()) as f32,
            _ if k.is_multiple_of(128) => 0.0,
            _ => (-window * angle(k).sin()) as f32,
        }
    };
    let numbers: Vec<f32> = (0..258 * 256).map(|at| wave(at / 256, at % 256)).collect();
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![258, 1, 256], &bytes).unwrap();
    let folder = Folder::new();
    let path = folder.join("silero_vad_16k.safetensors");
    serialize_to_file([("stft_conv.weight", view)], None, &path).unwrap();
    let page = include_str!("../docs/checkpoints.md");
    let start = "$ constinit inspect silero_vad_16k.safetensors --only stft\n";
    let shown = page.split_once(start).unwrap().1.split_once("```").unwrap().0;
    let args = ["inspect", "silero_vad_16k.safetensors", "--only", "stft"];
    assert_eq!(folder.run(&args).ok().stdout.trim_end(), shown.trim_end());
}
