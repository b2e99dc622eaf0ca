//! Wrong user input: the program refuses each with a message and its exit code, and never panics.

use crate::program::{Folder, Ran, fast_backends};

const DATA: &str = "[data]\ninputs = [[1, 2], [3, 4]]\ntargets = [[1], [2]]\n";
const MODEL: &str = "[model]\nlayer_dims = [2, 3, 1]\n";

fn refuse(config: &str, words: &str) {
    let folder = Folder::new();
    folder.write("run.toml", config);
    folder.run(&["run", "--config", "run.toml", "--out", "out"]).refused(2, words);
    assert!(!folder.join("out").exists(), "nothing was made for a run that cannot start");
}

#[test]
fn unknown_keys() {
    refuse(&format!("{MODEL}{DATA}[training]\nstpes = 3\n"), "did you mean `steps`?");
    refuse(&format!("{MODEL}activaton = \"tanh\"\n{DATA}"), "did you mean `activation`?");
    refuse(&format!("{MODEL}activation = \"ReLU\"\n{DATA}"), "did you mean `relu`?");
    let optimizer = |text: &str| format!("{MODEL}{DATA}[training]\noptimizer = {{ {text} }}\n");
    refuse(&optimizer("type = \"adam\", lr = 0.1"), "did you mean `learning_rate`?");
    refuse(&optimizer("type = \"sophia\", learning_rate = 0.1"), "unknown variant `sophia`");
}

#[test]
fn wrong_types() {
    refuse(&format!("{MODEL}{DATA}[training]\nsteps = \"many\"\n"), "expected usize");
    refuse(&format!("{MODEL}bias = 1\n{DATA}"), "expected a boolean");
    refuse(&format!("{MODEL}[data]\ninputs = 3\ntargets = [[1]]\n"), "expected rows of numbers");
    refuse("[model\n", "TOML parse error at line 1");
    refuse(DATA, "missing field `model`");
}

#[test]
fn layers_too_few_or_empty() {
    for (dims, words) in [
        ("[]", "fewer than 2 numbers"),
        ("[2]", "fewer than 2 numbers"),
        ("[2, 0, 1]", "size number 1, counted from 0, is 0"),
        ("[2, 9000000000000, 1]", "do not fit into memory"),
        ("[2, -3, 1]", "invalid value: integer `-3`"),
    ] {
        refuse(&format!("[model]\nlayer_dims = {dims}\n{DATA}"), words);
    }
}

#[test]
fn networks_and_batches_that_no_memory_holds() {
    let run = |dims: &str, training: &str| {
        let data = "[data]\ndataset = \"digits\"\n";
        format!("[model]\nlayer_dims = {dims}\n{data}[training]\n{training}\n")
    };
    let loss = "loss = \"cross-entropy\"";
    for (dims, words) in [
        (
            "[64, 2000000, 2000000, 10]",
            "do not fit into memory; the largest weight is that of layer 2",
        ),
        // The parameters are 2.4 GB, the activations of 1797 examples 57 GB per tensor.
        ("[64, 8000000, 10]", "the batch of hidden1 [1797, 8000000] alone 57.5 GB"),
    ] {
        let folder = Folder::new();
        folder.write("run.toml", &run(dims, loss));
        let backend = fast_backends()[0];
        let args = ["run", "--config", "run.toml", "--backend", backend, "--out", "out"];
        folder.run(&args).refused(2, words);
        assert!(!folder.join("out").exists());
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn tensors_that_no_buffer_of_the_adapter_holds() {
    let folder = Folder::new();
    let data = "[data]\ninputs = [[1]]\ntargets = [[1]]\n";
    folder.write("run.toml", &format!("[model]\nlayer_dims = [1, 900000000, 1]\n{data}"));
    let ran = folder.run(&["run", "--config", "run.toml", "--backend", "wgpu"]);
    let ran = ran.refused(2, "linear1.weight [900000000, 1] takes 3.6 GB");
    assert!(ran.stderr.contains("a buffer of backend wgpu holds at most"), "{}", ran.stderr);
}

#[test]
fn data_that_is_ragged_or_no_number() {
    let data = |inputs: &str| format!("{MODEL}[data]\ninputs = {inputs}\ntargets = [[1], [2]]\n");
    refuse(&data("[[1, 2], [3]]"), "data.inputs, row 2: 1 numbers, but the first row has 2");
    refuse(&data("[[1, 2], [3, \"x\"]]"), "invalid type: string \"x\", expected f64");
    refuse(&data("[[1, 2], [3, nan]]"), "data.inputs, row 2, column 2: NaN is not finite");
    refuse(&data("[[1, 2], [3, -inf]]"), "data.inputs, row 2, column 2: -inf is not finite");
}

#[test]
fn csv_files_with_the_place_of_what_is_wrong() {
    let config = format!("{MODEL}[data]\ninputs = \"x.csv\"\ntargets = [[1], [2]]\n");
    for (csv, words) in [
        ("a,b\n1,2\n3\n", "x.csv: line 3: 1 numbers, but the first row has 2"),
        ("1,2\n3,four\n", "x.csv: line 2, column 2: \"four\" is not a number"),
        ("a,b\r\n\r\n1,2\r\n3,four\r\n", "x.csv: line 4, column 2: \"four\" is not a number"),
        ("1,2\r3,four\r", "x.csv: line 2, column 2: \"four\" is not a number"),
        ("\u{feff}1,2\n3,four\n", "x.csv: line 2, column 2: \"four\" is not a number"),
        ("1,2\n3,NaN\n", "x.csv: line 2, column 2: NaN is not finite"),
        ("1,2\n\n3,inf\n", "x.csv: line 3, column 2: inf is not finite"),
        ("1,2\n3,1e400\n", "x.csv: line 2, column 2: 1e400 is too large"),
        ("1,2\n3,1e300\n", "is beyond the largest number of single precision"),
        ("1,2\n3,\"4\n5,6\n7,8\n9,10\n11,12\n13,14\n", "column 2: \"4\\n5,6"),
        ("a,b\n", "no numbers"),
        ("", "no numbers"),
    ] {
        let folder = Folder::new();
        folder.write("x.csv", csv);
        folder.write("run.toml", &config);
        folder.run(&["run", "--config", "run.toml"]).refused(2, words);
    }
    refuse(&config, "x.csv");
    let folder = Folder::new();
    std::fs::write(folder.join("x.csv"), [b'1', b',', 0xff, b'\n']).unwrap();
    folder.write("run.toml", &config);
    let words = "x.csv: not UTF-8 text: byte 2 is invalid";
    folder.run(&["run", "--config", "run.toml"]).refused(2, words);
}

#[test]
fn shapes_that_do_not_match() {
    refuse(
        &format!("[model]\nlayer_dims = [3, 3, 1]\n{DATA}"),
        "data.inputs has 2 columns, but model.layer_dims = [3, 3, 1] starts with 3",
    );
    refuse(
        &format!("[model]\nlayer_dims = [2, 3, 4]\n{DATA}"),
        "data.targets has 1 columns, but model.layer_dims = [2, 3, 4] ends with 4",
    );
    refuse(
        &format!("{MODEL}[data]\ninputs = [[1, 2]]\ntargets = [[1], [2]]\n"),
        "data.inputs has 1 rows, data.targets has 2",
    );
}

#[test]
fn numbers_out_of_range() {
    let training = |line: &str| format!("{MODEL}{DATA}[training]\n{line}\n");
    refuse(
        &training("optimizer = { type = \"sgd\", learning_rate = -0.1 }"),
        "training.optimizer.learning_rate = -0.1: must be a finite number, 0 or more",
    );
    refuse(&training("optimizer = { type = \"adam\", betas = [0.9, 2] }"), "betas = 2");
    let nearly_one = "optimizer = { type = \"adam\", betas = [0.9999999999, 0.9] }";
    refuse(&training(nearly_one), "betas = 0.9999999999");
    refuse(&training("optimizer = { type = \"sgd\", weight_decay = 1e39 }"), "weight_decay");
    refuse(&format!("{MODEL}init_w = 1e39\n{DATA}"), "model.init_w");
    refuse(&training("optimizer = { type = \"adam\", lr = 1 }"), "unknown field `lr`");
    refuse(&training("optimizer = { type = \"sophia\" }"), "unknown variant `sophia`");
    refuse(&training("clip_norm = -1"), "training.clip_norm = -1");
    refuse(&training("clip_norm = 1\nclip_value = 1"), "remove one");
    refuse(&format!("{MODEL}init_w = nan\n{DATA}"), "model.init_w = NaN is not finite");
    refuse(&format!("{MODEL}{DATA}batch_size = 0\n"), "data.batch_size = 0");
}

#[test]
fn missing_files_and_bad_usage() {
    let folder = Folder::new();
    folder.run(&["run", "--config", "nowhere.toml"]).refused(2, "nowhere.toml: No such file");
    folder.run(&["run", "--preset", "notebok"]).refused(2, "notebook");
    folder.run(&["run", "--backend", "cuda"]).refused(2, "possible values");
    folder.run(&["run", "--config", "a", "--preset", "notebook"]).refused(2, "cannot be used with");
    folder.run(&["--json", "run", "--preset", "notebook"]).refused(2, "cannot be used with");
    folder.run(&["train"]).refused(2, "unrecognized subcommand");
    folder.run(&["run", "--resume", "nowhere"]).refused(2, "no run to resume");
}

#[test]
fn folders_that_are_not_empty_or_cannot_be_written() {
    let folder = Folder::new();
    folder.write("taken", "mine");
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::create_dir(folder.join("full")).unwrap();
    folder.write("full/mine.txt", "mine");
    folder.run(&["--out", &path("full")]).refused(2, "the folder is not empty");
    assert_eq!(std::fs::read_dir(folder.join("full")).unwrap().count(), 1);
    folder.run(&["--out", &path("taken")]).refused(2, "taken");
    folder.run(&["--out", &path("taken/below")]).refused(2, "taken/below");
    assert_eq!(std::fs::read_to_string(folder.join("taken")).unwrap(), "mine");
    std::fs::create_dir(folder.join("empty")).unwrap();
    folder.run(&["--out", &path("empty")]).ok();
}

#[test]
fn a_run_that_diverges_names_step_and_parameter_and_keeps_what_it_has() {
    let folder = Folder::new();
    let sgd = "[training]\nsteps = 90\noptimizer = { type = \"sgd\", learning_rate = 10 }\n";
    folder.write("run.toml", &format!("{MODEL}activation = \"identity\"\n{DATA}{sgd}"));
    let ran = folder.run(&["run", "--config", "run.toml", "--out", "out"]);
    let ran = ran.refused(3, "the run diverged: ");
    assert!(ran.stderr.contains("step ") && ran.stderr.contains("linear"), "{}", ran.stderr);
    let readings = std::fs::read_to_string(folder.join("out/readings.jsonl")).unwrap();
    let last = readings.lines().last().unwrap();
    assert!(readings.lines().count() > 3, "{readings}");
    assert!(last.contains("\"ended\":\"diverged\""), "{last}");
    assert!(folder.join("out/model.safetensors").is_file());
    assert!(folder.join("out/config.toml").is_file());
}

#[test]
fn standard_output_that_is_full_or_closed() {
    use std::process::Stdio;
    let folder = Folder::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.program(&[]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    Ran::from(output).refused(2, "standard output: No space left");

    let mut child =
        folder.program(&["--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.stderr, "");
}

#[test]
#[cfg(feature = "wgpu")]
fn no_adapter_is_said_with_the_two_ways_out() {
    let folder = Folder::new();
    for args in [&["--backend", "wgpu"][..], &["run", "--out", "out", "--backend", "wgpu"]] {
        let mut program = folder.program(args);
        program.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        let ran = Ran::from(program.output().unwrap()).refused(2, "no adapter found");
        assert!(ran.stderr.contains("--backend ndarray"), "{}", ran.stderr);
        assert!(ran.stderr.contains("mesa-vulkan-drivers"), "{}", ran.stderr);
    }
    assert!(!folder.join("out").exists());
}

#[test]
#[cfg(not(feature = "wgpu"))]
fn a_backend_that_is_not_compiled_in_is_said() {
    Folder::new().run(&["--backend", "wgpu"]).refused(2, "build with `--features wgpu`");
}

#[test]
fn rules_that_do_not_meet_the_network() {
    let rules = |rules: &str| format!("{MODEL}{DATA}{rules}");
    let zeros = "init = { type = \"zeros\" }";
    refuse(
        &rules(&format!("[[init]]\npath = \"linear3.weight\"\n{zeros}\n")),
        "rule 1 (linear3.weight -> zeros): it matches no parameter of linear1.weight, linear1.bias, linear2.weight",
    );
    refuse(
        &rules(&format!("[[init]]\n{zeros}\n[[init]]\npath = \"*.bias\"\n{zeros}\n")),
        "rule 2 (*.bias -> zeros): earlier rules fill every parameter that it matches",
    );
    refuse(
        &rules("[[init]]\npath = \"linear1.weight\"\ninit = { type = \"identity\" }\n"),
        "rule 1 (linear1.weight -> identity) for linear1.weight: initialiser identity cannot fill a parameter of shape \
         [2, 3]: it is not square: 3 outputs, 2 inputs",
    );
    refuse(
        &rules("[[init]]\ninit = { type = \"file\", path = \"no.safetensors\", tensor = \"w\" }\n"),
        "no.safetensors: No such file or directory",
    );
    refuse(
        &rules("[[init]]\npath = \"*\"\ninit = { type = \"sparce\" }\n"),
        "unknown variant `sparce`",
    );
    refuse(
        &rules("[[init]]\npath = \"*\"\ninit = { type = \"sparce\" }\n"),
        "did you mean `sparse`?",
    );
    refuse(&rules(&format!("[[init]]\nregex = \"(\"\n{zeros}\n")), "unclosed group");
    refuse(
        &rules(&format!("[[init]]\nmodule = \"Conv2d\"\n{zeros}\n")),
        "rule 1 (Conv2d -> zeros): the network has no module of type Conv2d; all are of type Linear",
    );
    let weight =
        |init: &str| rules(&format!("[[init]]\npath = \"linear1.weight\"\ninit = {init}\n"));
    refuse(&weight("{ type = \"per-input\", values = [1, 2, 3] }"), "3 values for 2 inputs");
    refuse(&weight("{ type = \"normal\", std = -1.0 }"), "its std is -1");
    refuse(&weight("{ type = \"constant\", value = nan }"), "its value is NaN");
    refuse(
        &weight("{ type = \"constant\", value = 1e300 }"),
        "1e300 is too large for single precision",
    );
    refuse(&weight("{ type = \"normal\", std = 1.0, sdt = 1.0 }"), "unknown field `sdt`");
    refuse(&weight("{ type = \"normal\" }"), "missing field `std`");
}
