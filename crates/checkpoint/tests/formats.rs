//! Numbers as they were written, from every format. `data/make.py` wrote the samples.

mod common;

use common::{archive, chain, file, safetensors, sample, tensor};
use constinit_checkpoint::{
    Checkpoint, DType, FileInspection, Format, InspectOptions, ParameterValues, discover, inspect,
    totals,
};
use constinit_symmetry::EqualityPolicy;
use tempfile::tempdir;

fn open(name: &str) -> Checkpoint {
    Checkpoint::open(&sample(name)).unwrap()
}

fn numbers(checkpoint: &Checkpoint, path: &str) -> Vec<f64> {
    let numbers = checkpoint.read(checkpoint.parameter(path).unwrap()).unwrap();
    (0..numbers.len()).map(|at| numbers.get(at).unwrap()).collect()
}

fn shape(checkpoint: &Checkpoint, path: &str) -> Vec<usize> {
    checkpoint.parameter(path).unwrap().shape().to_vec()
}

#[test]
fn one_chain_in_every_format() {
    let folder = tempdir().unwrap();
    let safetensors = file(&folder, "chain.safetensors", chain());
    for (path, format) in [
        (safetensors, Format::Safetensors),
        (sample("chain.pt"), Format::PyTorch),
        (sample("legacy.pt"), Format::LegacyPyTorch),
        (sample("chain.bpk"), Format::Burnpack),
        (sample("chain.mpk"), Format::BurnRecord),
    ] {
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.format(), format);
        assert_eq!(checkpoint.parameters().len(), 4, "{format}");
        assert_eq!(numbers(&checkpoint, "fc1.bias"), [0.5; 3]);
        assert_eq!(numbers(&checkpoint, "fc2.weight"), [7.0, 8.0, 7.0]);
        // Burn stores it transposed.
        let (sizes, entries) = match format.inputs_first() {
            true => ([2, 3], [1.0, 3.0, 1.0, 2.0, 4.0, 2.0]),
            false => ([3, 2], [1.0, 2.0, 3.0, 4.0, 1.0, 2.0]),
        };
        assert_eq!(shape(&checkpoint, "fc1.weight"), sizes, "{format}");
        assert_eq!(numbers(&checkpoint, "fc1.weight"), entries, "{format}");
        let report = inspect(&checkpoint, &InspectOptions::default()).unwrap();
        let spaces = report.spaces.as_ref().unwrap();
        assert_eq!(spaces[0].classes, [vec![0, 2], vec![1]], "{format}");
        assert_eq!((spaces[0].twins, spaces[0].equitable, spaces[0].forward), (2, 2, Some(2)));
        assert_eq!((totals(&report).units, totals(&report).classes), (4, 3));
    }
}

/// What a project on Burn 0.22 saves: a module as burnpack and as safetensors, which keeps Burn's orientation, and the
/// state of an optimizer, whose tensors are named after the numbers of parameters.
#[test]
fn files_of_burn_0_22() {
    for (name, format) in
        [("burn22.bpk", Format::Burnpack), ("burn22.safetensors", Format::Safetensors)]
    {
        let checkpoint = open(name);
        assert_eq!((checkpoint.format(), checkpoint.parameters().len()), (format, 4));
        assert_eq!(shape(&checkpoint, "fc1.weight"), [2, 3], "{name}");
        assert_eq!(numbers(&checkpoint, "fc1.weight"), [1.0, 3.0, 1.0, 2.0, 4.0, 2.0], "{name}");
        assert_eq!(numbers(&checkpoint, "fc2.weight"), [7.0, 8.0, 7.0], "{name}");
        let report = inspect(&checkpoint, &InspectOptions::default()).unwrap();
        let spaces = report.spaces.as_ref().unwrap();
        assert_eq!(spaces[0].classes, [vec![0, 2], vec![1]], "{name}");
        assert_eq!((spaces[0].twins, spaces[0].equitable, spaces[0].forward), (2, 2, Some(2)));
    }
    let report = inspect(&open("burn22_adam.bpk"), &InspectOptions::default()).unwrap();
    let state = report.optimizer.unwrap();
    assert_eq!((state.tensors, state.at, report.parameters.len()), (8, vec!["momentum".into()], 0));
    let adam = open("burn22_adam.bpk");
    let moments: Vec<&str> = adam.parameters().iter().map(|p| p.path()).collect();
    assert_eq!(moments.len(), 8, "two moments of four parameters: {moments:?}");
    assert!(moments.iter().all(|path| path.contains(".momentum.moment_")), "{moments:?}");
    assert!(inspect(&adam, &InspectOptions::default()).is_ok());
}

#[test]
fn all_that_a_state_dict_may_hold() {
    let mixed = open("mixed.pt");
    let paths: Vec<&str> = mixed.parameters().iter().map(|p| p.path()).collect();
    // In the order of the dictionary.
    assert_eq!(
        paths,
        [
            "half",
            "brain",
            "turned",
            "column",
            "tied",
            "also_tied",
            "expanded",
            "parameter",
            "list.0",
            "list.1.deep",
            "empty",
            "scalar"
        ]
    );
    assert_eq!(numbers(&mixed, "half"), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(numbers(&mixed, "brain"), [1.0, 2.0, 1.0, -2.0]);
    let turned = (0..12).map(|at| f64::from(at % 3 * 4 + at / 3)).collect::<Vec<_>>();
    assert_eq!(numbers(&mixed, "turned"), turned);
    assert_eq!(numbers(&mixed, "column"), [1.0, 2.0, 5.0, 6.0, 9.0, 10.0]);
    assert_eq!(numbers(&mixed, "tied"), numbers(&mixed, "also_tied"));
    assert_eq!(numbers(&mixed, "list.1.deep"), [1.0, 1.0]);
    assert_eq!(numbers(&mixed, "scalar"), [3.0]);
    assert_eq!((numbers(&mixed, "empty"), shape(&mixed, "empty")), (vec![], vec![0, 4]));
    let types = ["half", "brain", "turned"].map(|path| mixed.parameter(path).unwrap().dtype());
    assert_eq!(types, [DType::F16, DType::Bf16, DType::F64]);
    let others: Vec<&str> = mixed.tensors().iter().map(|p| p.path()).collect();
    assert_eq!(others[7..9], ["count", "flags"]);
    assert_eq!((others.len(), mixed.parameter("count"), mixed.skipped().len()), (14, None, 0));
}

#[test]
fn a_whole_module_has_the_names_of_its_state() {
    let module = open("module.pt");
    let paths: Vec<&str> = module.parameters().iter().map(|p| p.path()).collect();
    assert_eq!(paths, ["0.weight", "0.bias", "2.weight", "2.bias"]);
    assert!(module.notes()[0].contains("not called"), "{:?}", module.notes());
}

#[test]
fn not_everything_is_a_chain() {
    let spaces = |header: &str, bytes: usize| -> Option<Vec<usize>> {
        let folder = tempdir().unwrap();
        let path = file(&folder, "m.safetensors", safetensors(header, bytes));
        let report: FileInspection =
            inspect(&Checkpoint::open(&path).unwrap(), &InspectOptions::default()).unwrap();
        report.spaces.map(|spaces| spaces.iter().map(|space| space.units).collect())
    };
    let layers = |of: &[(&str, [usize; 2])]| {
        let mut end = 0;
        let tensors = of.iter().map(|(name, [a, b])| {
            let start = end;
            end += 4 * a * b;
            format!(
                r#""{name}":{{"dtype":"F32","shape":[{a},{b}],"data_offsets":[{start},{end}]}}"#
            )
        });
        let header = format!("{{{}}}", tensors.collect::<Vec<_>>().join(","));
        spaces(&header, end)
    };
    assert_eq!(layers(&[("a1.weight", [5, 4]), ("a2.weight", [3, 5])]), Some(vec![5]));
    // The other orientation, and numbers that are not in the order of the letters.
    let turned = [("a9.weight", [4, 5]), ("a10.weight", [5, 3])];
    assert_eq!(layers(&turned), Some(vec![5]));
    // Names without numbers: read backwards, it is a chain in the other orientation; a bias decides.
    assert_eq!(layers(&[("z.weight", [5, 4]), ("a.weight", [3, 5])]), None);
    let with_bias = r#"{"z.weight":{"dtype":"F32","shape":[5,4],"data_offsets":[0,80]},
                        "a.weight":{"dtype":"F32","shape":[3,5],"data_offsets":[80,140]},
                        "z.bias":{"dtype":"F32","shape":[5],"data_offsets":[140,160]},
                        "a.bias":{"dtype":"F32","shape":[3],"data_offsets":[160,172]}}"#;
    assert_eq!(spaces(with_bias, 172), Some(vec![5]));
    // Two possible orders, two possible orientations, sizes that do not fit, a single layer, a further tensor.
    assert_eq!(layers(&[("encoder.weight", [5, 4]), ("decoder.weight", [4, 5])]), None);
    assert_eq!(layers(&[("a1.weight", [4, 4]), ("a2.weight", [4, 4])]), None);
    assert_eq!(layers(&[("a1.weight", [5, 4]), ("a2.weight", [3, 6])]), None);
    assert_eq!(layers(&[("a1.weight", [5, 4])]), None);
    assert_eq!(layers(&[("a1.weight", [5, 4]), ("a2.weight", [3, 5]), ("table", [9, 4])]), None);
}

#[test]
fn the_bias_tells_the_axis() {
    // As in a transposed convolution: [input, output, width].
    let header = r#"{"up.weight":{"dtype":"F32","shape":[2,3,2],"data_offsets":[0,48]},
                     "up.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]}}"#;
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", safetensors(header, 60));
    let report = inspect(&Checkpoint::open(&path).unwrap(), &InspectOptions::default()).unwrap();
    let up = &report.parameters[0];
    assert_eq!((up.axis, up.units, up.classes, up.bias.as_deref()), (1, 3, 1, Some("up.bias")));
    assert_eq!((up.zero_units, up.constant_units), (3, 0));
}

#[test]
fn the_shards_of_an_index_are_one_checkpoint() {
    let folder = tempdir().unwrap();
    let tensor = |name: &str| {
        format!(r#"{{"{name}":{{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}}}"#)
    };
    file(&folder, "a.safetensors", safetensors(&tensor("l.10.weight"), 16));
    file(&folder, "b.safetensors", safetensors(&tensor("l.2.weight"), 16));
    let map = r#"{"weight_map":{"l.10.weight":"a.safetensors","l.2.weight":"b.safetensors"}}"#;
    let index = file(&folder, "model.safetensors.index.json", map);
    assert_eq!(discover(folder.path()).unwrap(), std::slice::from_ref(&index));
    let checkpoint = Checkpoint::open(&index).unwrap();
    let paths: Vec<&str> = checkpoint.parameters().iter().map(|p| p.path()).collect();
    assert_eq!(paths, ["l.2.weight", "l.10.weight"]);
    assert_eq!((checkpoint.format(), checkpoint.files().len()), (Format::ShardedSafetensors, 2));
    assert_eq!(numbers(&checkpoint, "l.2.weight"), [0.0; 4]);
}

#[test]
fn what_was_not_counted_is_not_said_to_be_none() {
    let wanted = |path: &str| path != "half";
    let policy = EqualityPolicy::within(4.0).unwrap();
    let questions = InspectOptions { policy, wanted: &wanted, ..InspectOptions::default() };
    let report = inspect(&open("mixed.pt"), &questions).unwrap();
    assert!(report.parameters.iter().all(|p| p.path != "half"));
    let brain = &report.parameters[0];
    assert_eq!((brain.classes, brain.spread, brain.non_finite), (1, Some(4.0), Some(0)));
    let broken = ParameterValues::from(vec![f32::NAN, f32::INFINITY, -1.0]);
    assert_eq!(broken.non_finite(), 2);
    let half = ParameterValues::from(vec![half::f16::NEG_INFINITY, half::f16::MAX]);
    let brain = ParameterValues::from(vec![half::bf16::NAN, half::bf16::MIN]);
    assert_eq!((half.non_finite(), brain.non_finite()), (1, 1));
}

#[test]
fn square_matrices_of_one_size_are_no_chain() {
    let folder = tempdir().unwrap();
    let spaces = |first: [i32; 2]| {
        let call = |sizes: [i32; 2]| {
            let pickle = tensor(0, &sizes, &[sizes[1], 1]);
            // Without the dictionary and the name before the tensor.
            pickle[9..].strip_suffix(b"s.").unwrap().to_vec()
        };
        let mut pickle = b"\x80\x02}".to_vec();
        for (number, sizes) in [first, [4, 4], [4, 4]].into_iter().enumerate() {
            pickle.extend(b"X\x10\x00\x00\x00experts.");
            pickle.extend(format!("{number}.weight").bytes());
            pickle.extend(call(sizes));
            pickle.push(b's');
        }
        pickle.push(b'.');
        let path = file(&folder, "m.pt", archive(&pickle, &[0; 64]));
        let report =
            inspect(&Checkpoint::open(&path).unwrap(), &InspectOptions::default()).unwrap();
        report.spaces.map(|spaces| spaces.len())
    };
    assert_eq!(spaces([4, 4]), None);
    assert_eq!(spaces([4, 2]), Some(2));
}

#[test]
fn one_name_in_two_ways() {
    // {"w": tensor, "a": {"b": tensor}, "a.b": tensor}
    let one = tensor(0, &[2], &[1]);
    let one = one.strip_suffix(b"s.").unwrap();
    let text =
        |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    let [a, b, both] = ["a", "b", "a.b"].map(text);
    let other = tensor(0, &[1], &[1]);
    let other = other[9..].strip_suffix(b"s.").unwrap();
    // The same tensor twice is one; a different tensor is skipped.
    for (second, skipped) in [(&b"h\x07"[..], 0), (other, 1)] {
        let pickle = [one, b"q\x07s", &a, b"}", &b, b"h\x07ss", &both, second, b"s."].concat();
        let folder = tempdir().unwrap();
        let path = file(&folder, "m.pt", archive(&pickle, &[0; 8]));
        let checkpoint = Checkpoint::open(&path).unwrap();
        let paths: Vec<&str> = checkpoint.parameters().iter().map(|p| p.path()).collect();
        assert_eq!(paths, ["w", "a.b"]);
        assert_eq!(checkpoint.skipped().len(), skipped);
        assert!(checkpoint.skipped().all(|[path, _, why]| path == "a.b" && why.contains("name")));
    }
}

#[test]
fn numbers_of_the_other_sign_are_not_read_as_they_are() {
    let plain = tensor(0, &[2], &[1]);
    // PyTorch 2 writes {"neg": True} as the seventh argument of `torch.complex(..).conj().imag`.
    let call = plain.strip_suffix(b"tRs.").unwrap();
    // And {"conj": True} of `torch.conj`.
    let with = |fact: &[u8]| {
        let length = (fact.len() as u32).to_le_bytes();
        [call, b"}X", &length[..], fact, b"\x88stRs."].concat()
    };
    let folder = tempdir().unwrap();
    for (pickle, why) in [
        (plain.clone(), None),
        (with(b"neg"), Some("its numbers are stored with the other sign")),
        (with(b"conj"), Some("its numbers are stored conjugated")),
    ] {
        let path = file(&folder, "m.pt", archive(&pickle, &[0; 8]));
        let checkpoint = Checkpoint::open(&path).unwrap();
        let skipped: Vec<&str> = checkpoint.skipped().map(|[.., why]| why).collect();
        assert_eq!(skipped, why.into_iter().collect::<Vec<_>>());
        assert_eq!(checkpoint.parameters().len(), 1 - skipped.len());
    }
}

#[test]
fn shards_of_pytorch() {
    let folder = tempdir().unwrap();
    let weights = std::fs::read(sample("chain.pt")).unwrap();
    file(&folder, "m-1.bin", &weights);
    file(&folder, "m-2.bin", archive(&tensor(0, &[2], &[1]), &[0; 8]));
    let name = "pytorch_model.bin.index.json";
    let index = |more: &str| {
        let map = format!(r#"{{"weight_map":{{"fc1.weight":"m-1.bin","w":"m-2.bin"{more}}}}}"#);
        file(&folder, name, map)
    };
    let path = index("");
    assert_eq!(discover(folder.path()).unwrap(), std::slice::from_ref(&path));
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!((checkpoint.format(), checkpoint.files().len()), (Format::ShardedPyTorch, 2));
    let paths: Vec<&str> = checkpoint.parameters().iter().map(|p| p.path()).collect();
    assert_eq!(paths, ["fc1.weight", "w"]);
    assert_eq!(numbers(&checkpoint, "fc1.weight"), [1.0, 2.0, 3.0, 4.0, 1.0, 2.0]);
    assert_eq!(numbers(&checkpoint, "w"), [0.0; 2]);

    let error = Checkpoint::open(&index(r#","v":"m-2.bin""#)).unwrap_err().to_string();
    assert!(error.ends_with("m-2.bin has no parameter `v`"), "{error}");
    file(&folder, "m-3.safetensors", chain());
    let error = Checkpoint::open(&index(r#","fc1.bias":"m-3.safetensors""#)).unwrap_err();
    assert!(error.to_string().contains("are of two formats"), "{error}");
    // Integer tensors of a pickle have names, too.
    file(&folder, "m-3.bin", std::fs::read(sample("mixed.pt")).unwrap());
    let checkpoint = Checkpoint::open(&index(r#","count":"m-3.bin","half":"m-3.bin""#)).unwrap();
    assert_eq!((checkpoint.parameters().len(), checkpoint.tensors().len()), (3, 4));
    let error = Checkpoint::open(&index(r#","counts":"m-3.bin""#)).unwrap_err().to_string();
    assert!(error.ends_with("m-3.bin has no parameter `counts`"), "{error}");
}

#[test]
fn a_header_that_begins_like_a_pickle() {
    // A header of 640 bytes begins with the bytes 0x80 and 2.
    let header = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.ckpt", safetensors(&format!("{header:640}"), 4));
    assert_eq!(std::fs::read(&path).unwrap()[..2], [0x80, 2]);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!((checkpoint.format(), checkpoint.parameters().len()), (Format::Safetensors, 1));
}

#[test]
fn windows_that_overlap() {
    let numbers_of = |sizes: &[i32], strides: &[i32]| {
        let folder = tempdir().unwrap();
        let storage = [1.0_f32, 2.0, 3.0, 4.0, 5.0].map(f32::to_le_bytes).concat();
        let path = file(&folder, "m.pt", archive(&tensor(1, sizes, strides), &storage));
        let checkpoint = Checkpoint::open(&path).unwrap();
        numbers(&checkpoint, "w")
    };
    assert_eq!(numbers_of(&[2, 2], &[1, 1]), [2.0, 3.0, 3.0, 4.0]);
    assert_eq!(numbers_of(&[2, 2], &[2, 1]), [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(numbers_of(&[3, 2], &[1, 1]), [2.0, 3.0, 3.0, 4.0, 4.0, 5.0]);
}

#[test]
fn keys_and_texts_that_are_no_names() {
    // {"w": tensor, None: tensor, (): tensor}, and a text of Python 2 that is not UTF-8.
    let one = tensor(0, &[2], &[1]);
    let one = one.strip_suffix(b"s.").unwrap();
    let pickle = [one, b"q\x07sNh\x07s)h\x07sX\x01\x00\x00\x00tU\x01\xffs."].concat();
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.pt", archive(&pickle, &[0; 8]));
    let checkpoint = Checkpoint::open(&path).unwrap();
    let paths: Vec<&str> = checkpoint.parameters().iter().map(|p| p.path()).collect();
    assert_eq!(paths, ["w", "?1", "?2"]);
}
