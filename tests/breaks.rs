//! `[model] dropout` and `[[break]]`: their effect on training, and the reports about them before training and at a
//! break.

use crate::program::config::{Config, config};
use crate::program::{Folder, Ran, backends, fast_backends};
use constinit_core::train::SeededDropout;
use safetensors::SafeTensors;
use serde_json::Value;
use std::collections::BTreeMap;

/// Six hidden units, three distinct at the start, and three, one distinct, on iris.
fn twins() -> Config {
    let symmetrised = |of: &str| {
        format!(
            "init = {{ type = \"symmetrised\", {of}, of = {{ type = \"normal\", std = 0.5 }} }}"
        )
    };
    let rules = format!(
        "[[init]]\npath = \"linear1.*\"\n{}\n[[init]]\npath = \"linear2.weight\"\n{}\n\
         [[init]]\npath = \"linear3.weight\"\ninit = {{ type = \"constant\", value = 0.5 }}\n\
         [[init]]\npath = \"linear*.bias\"\ninit = {{ type = \"constant\", value = 0.25 }}\n",
        symmetrised("outputs = 3"),
        symmetrised("inputs = 3, outputs = 1"),
    );
    let config = config([4, 6, 3, 3]).activation("tanh").dataset("iris").loss("cross-entropy");
    let config = config.optimizer("type = \"adam\", learning_rate = 0.02").with(&rules);
    config.with("training.seed = 1").steps(12)
}

const DROPOUT: &str = "model.dropout = { hidden1 = 0.3 }\nmodel.dropout_from = 9";

fn a_break(kind: &str, step: usize, space: &str, more: &str) -> String {
    format!("[[break]]\nkind = \"{kind}\"\nstep = {step}\nspace = \"{space}\"\n{more}\n")
}

/// Runs a configuration on a backend, and saves the results in a folder of this name.
fn run(folder: &Folder, name: &str, config: Config, backend: &str) -> Ran {
    folder.write_config(&format!("{name}.toml"), config);
    let file = format!("{name}.toml");
    let args = ["run", "--config", &file, "--json", "--backend", backend, "--out", name];
    folder.run(&args).ok()
}

fn read(folder: &Folder, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap()
}

/// The lines after the first, which has the configuration.
fn readings(folder: &Folder, run: &str) -> Vec<String> {
    let text = String::from_utf8(read(folder, &format!("{run}/readings.jsonl"))).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

type Parameters = BTreeMap<String, Vec<f32>>;

/// The parameters that a run saves, weights as `[output][input]`.
fn parameters(folder: &Folder, run: &str) -> Parameters {
    let bytes = read(folder, &format!("{run}/model.safetensors"));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |data: &[u8]| -> Vec<f32> {
        data.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    file.tensors().into_iter().map(|(name, view)| (name, numbers(view.data()))).collect()
}

/// The classes of twins of a hidden layer at each reading.
fn classes(ran: &Ran, layer: usize) -> Vec<u64> {
    let readings = ran.json().into_iter().filter(|line| line["event"] == "reading");
    readings.map(|line| line["spaces"][layer]["twins"].as_u64().unwrap()).collect()
}

fn end(ran: &Ran) -> Value {
    ran.json().pop().unwrap()
}

fn predicted(folder: &Folder, name: &str) -> String {
    let text = folder.run(&["predict", "--config", &format!("{name}.toml")]).ok().stdout;
    text.rsplit_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn a_share_of_nothing_trains_as_no_share_does() {
    for backend in backends() {
        let folder = Folder::new();
        run(&folder, "plain", twins(), backend);
        for (name, dropout) in [
            ("all", "model.dropout = 0"),
            ("named", "model.dropout = { hidden2 = 0.0 }\nmodel.dropout_from = 3"),
        ] {
            run(&folder, name, twins().with(dropout), backend);
            assert_eq!(readings(&folder, name), readings(&folder, "plain"), "{backend}");
            for file in ["units.jsonl", "model.safetensors"] {
                let [found, plain] =
                    [name, "plain"].map(|run| read(&folder, &format!("{run}/{file}")));
                assert!(found == plain, "{backend}: {name}/{file}");
            }
        }
    }
}

#[test]
fn dropout_breaks_at_its_first_step_and_is_named_before_and_after() {
    for backend in backends() {
        let folder = Folder::new();
        run(&folder, "plain", twins(), backend);
        let ran = run(&folder, "dropout", twins().with(DROPOUT), backend);
        assert_eq!(classes(&ran, 0), [3, 3, 3, 3, 3, 3, 3, 3, 3, 6, 6, 6, 6], "{backend}");
        // Nothing else affects these twins: each unit of the next layer reads the same activations.
        assert_eq!(classes(&ran, 1), [1; 13], "{backend}");
        // Until then, the training is the same.
        let [found, plain] = ["dropout", "plain"].map(|name| readings(&folder, name));
        assert_eq!(found[1..9], plain[1..9], "{backend}");
        let end = end(&ran);
        assert_eq!(end["verdict"], "broken");
        let found = &end["first_break"];
        assert_eq!((&found["step"], &found["since"]), (&9.into(), &8.into()), "{found}");
        assert_eq!(
            (&found["space"], &found["gradients_agreed"]),
            (&"hidden1".into(), &false.into())
        );
        assert_eq!(
            found["cause"],
            "Cause: dropout of 0.3 on hidden1 from step 9 drops one unit of the class and not the other."
        );
        let certificate = &ran.json()[1]["certificate"];
        assert_eq!(
            certificate[0],
            "hidden1: 6 units, 3 distinct. Adam would keep equal units equal, but dropout of 0.3 on hidden1 from step 9 will break the symmetry."
        );
        assert!(
            certificate[1]
                .as_str()
                .unwrap()
                .contains("Adam with no decay will keep equal units equal")
        );
        assert_eq!(
            predicted(&folder, "dropout"),
            "hidden1: 6 units, 3 classes, broken by dropout of 0.3 on hidden1 from step 9\n\
             hidden2: 3 units, 1 class, kept by Adam\n"
        );
    }
}

#[test]
fn of_two_known_changes_the_one_that_acts_is_the_cause() {
    let folder = Folder::new();
    let noise = a_break("noise", 4, "hidden1", "std = 0.1");
    let ran = run(&folder, "both", twins().with(DROPOUT).with(&noise), fast_backends()[0]);
    let found = &end(&ran)["first_break"];
    assert_eq!(found["step"], 4);
    assert_eq!(
        found["cause"],
        "Cause: noise of standard deviation 0.1 on hidden1 at step 4 adds a different number to each weight and bias."
    );
    assert!(predicted(&folder, "both").starts_with(
        "hidden1: 6 units, 3 classes, broken by dropout of 0.3 on hidden1 from step 9 and noise of standard deviation \
         0.1 on hidden1 at step 4\n"
    ));
}

#[test]
fn with_one_example_a_step_units_differ_once_a_mask_does() {
    let share = 0.05;
    let masks = SeededDropout::new(share, 1, "hidden1").unwrap();
    let expected = (3..).find(|step| masks.mask(*step, 2)[0] != masks.mask(*step, 2)[1]).unwrap();
    assert!((5..100).contains(&expected), "another seed would test more: {expected}");
    let folder = Folder::new();
    let one =
        config([4, 2, 3]).activation("tanh").init_w(0.1).dataset("iris").loss("cross-entropy");
    let one =
        one.with(&format!("model.dropout = {share}\nmodel.dropout_from = 3\ndata.batch_size = 1"));
    let one = one.with("data.shuffle_seed = 2\ntraining.seed = 1").steps(expected + 1);
    let ran = run(&folder, "one", one, fast_backends()[0]);
    let found = &end(&ran)["first_break"];
    assert_eq!(found["step"].as_u64(), Some(expected as u64));
    assert!(
        found["cause"].as_str().unwrap().contains("dropout of 0.05 on hidden1 from step 3 drops")
    );
}

/// A network of two inputs, three tanh units and one output in plain loops, in doubles: `[w1, b1, w2, b2]`, weights as
/// `[output][input]`.
struct Plain([Vec<f64>; 4]);

impl Plain {
    /// One step of gradient descent on the mean squared error; the loss before it.
    fn step(&mut self, inputs: &[[f64; 2]], targets: &[f64], mask: &[f64], rate: f64) -> f64 {
        let [w1, b1, w2, b2] = &self.0;
        let mut gradients = [vec![0.0; 6], vec![0.0; 3], vec![0.0; 3], vec![0.0; 1]];
        let mut loss = 0.0;
        for (example, (x, target)) in inputs.iter().zip(targets).enumerate() {
            let of =
                |unit: usize| (w1[2 * unit] * x[0] + w1[2 * unit + 1] * x[1] + b1[unit]).tanh();
            let drop = |unit: usize| mask[3 * example + unit];
            let output = (0..3).map(|unit| w2[unit] * of(unit) * drop(unit)).sum::<f64>() + b2[0];
            let count = inputs.len() as f64;
            loss += (output - target).powi(2) / count;
            let slope = 2.0 * (output - target) / count;
            gradients[3][0] += slope;
            for unit in 0..3 {
                gradients[2][unit] += slope * of(unit) * drop(unit);
                let back = slope * w2[unit] * drop(unit) * (1.0 - of(unit).powi(2));
                gradients[1][unit] += back;
                (0..2).for_each(|input| gradients[0][2 * unit + input] += back * x[input]);
            }
        }
        for (parameter, gradient) in self.0.iter_mut().zip(&gradients) {
            parameter.iter_mut().zip(gradient).for_each(|(p, g)| *p -= rate * g);
        }
        loss
    }
}

#[test]
fn a_training_with_dropout_is_that_of_plain_loops() {
    let (inputs, targets) =
        ([[0.5, -1.0], [1.5, 2.0], [-0.25, 0.75], [1.0, 0.0]], [1.0, -1.0, 0.5, 0.25]);
    let rule = "[[init]]\ninit = { type = \"normal\", std = 0.7 }\n";
    let config = config([2, 3, 1])
        .activation("tanh")
        .data(&format!("{inputs:?}"), &format!("{:?}", targets.map(|t| [t])));
    let config =
        config.with("model.dropout = 0.4\nmodel.dropout_from = 4\ntraining.seed = 9").with(rule);
    let config = config.optimizer("type = \"sgd\", learning_rate = 0.2");
    let names = ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"];
    let doubles =
        |all: &Parameters| names.map(|name| all[name].iter().map(|x| f64::from(*x)).collect());
    let masks = SeededDropout::new(0.4, 9, "hidden1").unwrap();
    for backend in backends() {
        let folder = Folder::new();
        run(&folder, "start", config.clone().without("model", "dropout_from").steps(0), backend);
        let mut plain = Plain(doubles(&parameters(&folder, "start")));
        let ran = run(&folder, "run", config.clone().steps(10), backend);
        for line in ran.json().iter().filter(|line| line["event"] == "reading").skip(1) {
            let step = line["step"].as_u64().unwrap() as usize;
            let mask = if step < 4 { vec![1.0; 12] } else { masks.mask(step, 12) };
            let loss = plain.step(&inputs, &targets, &mask, 0.2);
            let found = line["loss"].as_f64().unwrap();
            assert!(
                (found - loss).abs() < 1e-5 * loss.max(1.0),
                "{backend}, step {step}: {found} {loss}"
            );
        }
        // The outcome describes the network without dropout.
        let outcome = end(&ran)["outcome"]["loss"].as_f64().unwrap();
        let loss = Plain(plain.0.clone()).step(&inputs, &targets, &[1.0; 12], 0.0);
        assert!((outcome - loss).abs() < 1e-5 * loss.max(1.0), "{backend}: {outcome} {loss}");
        let found: [Vec<f64>; 4] = doubles(&parameters(&folder, "run"));
        for (found, plain) in found.iter().flatten().zip(plain.0.iter().flatten()) {
            assert!((found - plain).abs() < 1e-5, "{backend}: {found} {plain}");
        }
    }
}

#[test]
fn threads_do_not_change_what_is_dropped() {
    let folder = Folder::new();
    // The mask has more entries than one block of random numbers.
    let wide = twins().with("model.layer_dims = [4, 600, 3, 3]\nmodel.dropout = 0.5").steps(2);
    let wide = wide.with("model.dropout_from = 1");
    folder.write_config("run.toml", wide);
    let backend = fast_backends()[0];
    for threads in ["1", "3"] {
        let args = ["run", "--config", "run.toml", "--backend", backend, "--out", threads];
        let output = folder.program(&args).env("RAYON_NUM_THREADS", threads).output().unwrap();
        Ran::from(output).ok();
    }
    for file in ["readings.jsonl", "model.safetensors"] {
        let [one, three] = ["1", "3"].map(|run| read(&folder, &format!("{run}/{file}")));
        assert!(one == three, "{file}");
    }
}

/// A rate so small that no parameter moves: only the change makes a difference after a step.
fn still() -> Config {
    twins().optimizer("type = \"sgd\", learning_rate = 1e-30")
}

#[test]
fn zero_sum_changes_leave_sums_and_outputs_and_separate_all_units() {
    for backend in backends() {
        let folder = Folder::new();
        run(&folder, "plain", twins(), backend);
        let change = a_break("zero-sum", 5, "hidden1", "scale = 0.25");
        let ran = run(&folder, "broken", twins().with(&change), backend);
        assert_eq!(classes(&ran, 0), [3, 3, 3, 3, 3, 6, 6, 6, 6, 6, 6, 6, 6], "{backend}");
        // The outgoing weights of one layer are the incoming ones of the next.
        assert_eq!(classes(&ran, 1), [1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3], "{backend}");
        let [found, plain] = ["broken", "plain"].map(|name| readings(&folder, name));
        assert_eq!(found[1..5], plain[1..5], "{backend}");
        let loss =
            |line: &str| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap();
        let [changed, whole] = [&found[5], &plain[5]].map(|line| loss(line));
        assert!((changed - whole).abs() <= 4e-6 * whole, "{backend}: {changed} {whole}");
        assert!((loss(&found[8]) - loss(&plain[8])).abs() > 1e-5, "{backend}: the slopes differ");
        let first = &end(&ran)["first_break"];
        assert_eq!((&first["step"], &first["since"]), (&5.into(), &4.into()));
        let cause = "zero-sum changes of up to 0.25 to the outgoing weights of hidden1 at step 5";
        assert_eq!(
            first["cause"],
            format!("Cause: {cause} change each weight by a different amount.")
        );
        assert_eq!(
            predicted(&folder, "broken"),
            format!(
                "hidden1: 6 units, 3 classes, broken by {cause}\nhidden2: 3 units, 1 class, broken by {cause}\n"
            )
        );
    }
    let folder = Folder::new();
    let backend = fast_backends()[0];
    run(&folder, "before", still().steps(0), backend);
    let change = a_break("zero_sum", 1, "hidden1", "scale = 0.25");
    run(&folder, "after", still().steps(1).with(&change), backend);
    let [before, after] = ["before", "after"].map(|name| parameters(&folder, name));
    for (name, values) in &before {
        if name != "linear2.weight" {
            assert_eq!(values, &after[name], "{name}");
        }
    }
    let [before, after] = [&before["linear2.weight"], &after["linear2.weight"]];
    for (before, after) in before.chunks(6).zip(after.chunks(6)) {
        // Units of one class have equal activations, so they have equal weights before the change.
        let mut weights: Vec<f32> = before.to_vec();
        weights.sort_by(f32::total_cmp);
        weights.dedup();
        assert_eq!(weights.len(), 3);
        for class in weights {
            let of_class = |numbers: &[f32]| -> Vec<f64> {
                let pairs = numbers.iter().zip(before).filter(|(_, before)| **before == class);
                pairs.map(|(number, _)| f64::from(*number)).collect()
            };
            let (old, new) = (of_class(before), of_class(after));
            assert_eq!(old.len(), 2);
            assert_eq!(old.iter().sum::<f64>(), new.iter().sum::<f64>(), "exactly, in doubles");
            assert!(new[0] != new[1] && (new[0] - old[0]).abs() <= 0.25, "{old:?} {new:?}");
        }
    }
}

#[test]
fn noise_changes_the_units_that_are_named_by_numbers_of_its_seed() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    let noise = |more: &str| {
        still().steps(1).with(&a_break("noise", 1, "hidden2", &format!("std = 0.5\n{more}")))
    };
    run(&folder, "before", still().steps(0), backend);
    run(&folder, "one", noise("units = [1]"), backend);
    run(&folder, "again", noise("units = [1]\nseed = 1"), backend);
    run(&folder, "other", noise("units = [1]\nseed = 2"), backend);
    run(&folder, "all", noise(""), backend);
    let [before, one, again, other, all] =
        ["before", "one", "again", "other", "all"].map(|name| parameters(&folder, name));
    assert_eq!(one, again, "without a seed, that of the training");
    assert_ne!(one, other);
    let changed = |after: &Parameters| -> Vec<(String, usize)> {
        let pairs = before.iter().flat_map(|(name, old)| {
            let new = &after[name];
            (0..old.len())
                .filter(move |at| old[*at].to_bits() != new[*at].to_bits())
                .map(move |at| (name.clone(), at))
        });
        pairs.collect()
    };
    // Unit 1 of three reads six units, and has a bias.
    let weights = |units: &[usize]| -> Vec<(String, usize)> {
        let bias = units.iter().map(|unit| ("linear2.bias".to_owned(), *unit));
        let weight = units
            .iter()
            .flat_map(|unit| (6 * unit..6 * unit + 6).map(|at| ("linear2.weight".to_owned(), at)));
        bias.chain(weight).collect()
    };
    assert_eq!(changed(&one), weights(&[1]));
    assert_eq!(changed(&all), weights(&[0, 1, 2]));
    // The noise of a unit does not depend on which other units get noise.
    assert_eq!(one["linear2.weight"][6..12], all["linear2.weight"][6..12]);
    // 21 numbers of standard deviation 0.5: one in two million is beyond 2.5.
    let size = |name: &str| {
        all[name].iter().zip(&before[name]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!((0.1..2.5).contains(&size("linear2.weight")), "{}", size("linear2.weight"));
}

#[test]
fn noise_on_some_units_breaks_their_classes_alone() {
    let folder = Folder::new();
    let noise = a_break("noise", 3, "hidden1", "std = 0.1\nunits = [0]");
    let ran = run(&folder, "run", twins().with(&noise), fast_backends()[0]);
    // One of three pairs.
    assert_eq!(classes(&ran, 0), [3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
    assert_eq!(classes(&ran, 1), [1; 13]);
    assert!(end(&ran)["first_break"]["units"].as_array().unwrap().contains(&0.into()));
    // The program reports nothing about a unit that equals no other.
    let alone = "[[init]]\npath = \"linear*.weight\"\ninit = { type = \"normal\", std = 0.5 }\n";
    let alone = config([4, 3, 3]).dataset("iris").loss("cross-entropy").with(alone).with(&noise);
    folder.write_config("alone.toml", alone);
    assert_eq!(predicted(&folder, "alone"), "hidden1: 3 units, 3 classes\n");
}

#[test]
fn what_finds_nothing_to_change_says_so() {
    let folder = Folder::new();
    let late = a_break("zero-sum", 10, "hidden1", "scale = 0.1");
    folder.write_config("run.toml", twins().with(DROPOUT).with(&late));
    let said = |backend: &str| {
        folder.run(&["run", "--config", "run.toml", "--backend", backend]).ok().stdout
    };
    let nothing = "step 10, [[break]] number 1: no two units of hidden1 compute the same number, so there is nothing \
                   to change";
    let text = said(fast_backends()[0]);
    assert!(text.contains(nothing), "{text}");
    folder.write_config("run.toml", twins().with(&late));
    let text = said(fast_backends()[0]);
    let three = "the outgoing weights of 3 of 3 classes of hidden1 differ from now on, by changes of at most 0.1";
    assert!(text.contains(three), "{text}");
}

#[test]
fn a_quotient_is_refused_with_the_reason() {
    let folder = Folder::new();
    let refused = |name: &str, more: &str, words: &str| {
        folder.write_config(name, twins().with(more));
        let ran =
            folder.run(&["run", "--config", name, "--quotient", "--out", "out"]).refused(2, words);
        assert!(ran.stderr.contains("run without --quotient to train in full"), "{}", ran.stderr);
        assert!(!folder.join("out").exists());
    };
    let reason = "The 2 units of class 0 of hidden1 are twins, but dropout of 0.3 on hidden1 from step 9 can separate \
                  them;";
    refused("dropout.toml", DROPOUT, reason);
    let change = a_break("zero-sum", 5, "hidden1", "scale = 0.25");
    refused(
        "sums.toml",
        &change,
        "zero-sum changes of up to 0.25 to the outgoing weights of hidden1 at step 5",
    );
    // Also if nothing distinguishes the units of a class.
    let noise = a_break("noise", 5, "hidden1", "std = 0.25\nunits = [0]");
    let first = "[[init]]\npath = \"linear1.weight\"\ninit = { type = \"normal\", std = 0.5 }\n";
    let rest = "[[init]]\nregex = \".\"\ninit = { type = \"constant\", value = 0.5 }\n";
    let config = config([4, 6, 3, 3]).dataset("iris").loss("cross-entropy").with(first).with(rest);
    folder.write_config("alone.toml", config.with(&noise));
    folder
        .run(&["run", "--config", "alone.toml", "--quotient"])
        .refused(2, "noise of standard deviation 0.25 on unit 0 of hidden1 at step 5");
}

#[test]
fn a_sweep_trains_on_the_backend_what_has_no_closed_form() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    let change = a_break("noise", 11, "hidden2", "std = 0.1");
    for (name, sweep, more) in [
        ("dropout", "model.dropout = [0.0, 0.3]", "model.dropout_from = 9"),
        ("noise", "break.0.std = [0.1, 0.2]", change.as_str()),
    ] {
        folder
            .write(&format!("{name}.toml"), &format!("{}\n[sweep]\n{sweep}\n", twins().with(more)));
        let file = format!("{name}.toml");
        folder.run(&["sweep", "--config", &file, "--out", name, "--backend", backend]).ok();
        let table = rows(&folder, name);
        for (index, row) in table.iter().enumerate() {
            let closed = name == "dropout" && index == 0;
            assert_eq!(row["engine"], if closed { "quotient" } else { "burn" }, "{row:?}");
            if closed {
                continue;
            }
            let why = match name {
                "dropout" => "no closed form: dropout of 0.3 on hidden1 from step 9",
                _ => [
                    "no closed form: noise of standard deviation 0.1",
                    "no closed form: noise of standard deviation 0.2",
                ][index],
            };
            assert!(row["why_burn"].starts_with(why), "{row:?}");
            let args = [
                "run",
                "--config",
                &file,
                "--index",
                &index.to_string(),
                "--json",
                "--backend",
                backend,
            ];
            let alone = folder.run(&args).ok();
            let (lines, end) = (alone.json(), end(&alone));
            let last = lines.iter().rfind(|line| line["event"] == "reading").unwrap();
            assert_eq!(row["final_loss"].parse::<f64>().ok(), last["loss"].as_f64());
            assert_eq!(row["first_break"], end["first_break"]["step"].to_string());
        }
    }
}

/// The rows of a sweep's table, as text by column.
fn rows(folder: &Folder, sweep: &str) -> Vec<BTreeMap<String, String>> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let file = std::fs::File::open(folder.join(&format!("{sweep}/results.parquet"))).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let cells = |row: parquet::record::Row| {
        let text = |field: &parquet::record::Field| field.to_string().trim_matches('"').to_owned();
        row.get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn forecasts_are_about_the_network_without_dropout() {
    let folder = Folder::new();
    let backend = fast_backends()[0];
    let forecast = twins().with("probe.forecast = 4");
    let plain = run(&folder, "plain", forecast.clone(), backend);
    let dropped = run(&folder, "dropout", forecast.with(DROPOUT), backend);
    let forecasts = |ran: &Ran| -> Vec<Value> {
        ran.json()
            .into_iter()
            .filter(|line| line["event"] == "forecast" && line["step"].as_u64() < Some(9))
            .collect()
    };
    assert_eq!(forecasts(&plain).len(), 3);
    assert_eq!(forecasts(&plain), forecasts(&dropped));
}
