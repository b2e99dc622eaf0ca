//! Tensors of PyTorch's files, with all layouts in their storage. `data/layouts.py` wrote them.

mod common;

use common::{archive, file, sample, tensor};
use constinit_checkpoint::{
    Checkpoint, DType, FileInspection, InspectOptions, ParameterInspection, TensorRole, diff,
    inspect,
};
use constinit_symmetry::EqualityPolicy;
use tempfile::tempdir;

fn open(name: &str) -> Checkpoint {
    Checkpoint::open(&sample(name)).unwrap()
}

fn looked(checkpoint: &Checkpoint) -> FileInspection {
    inspect(checkpoint, &InspectOptions::default()).unwrap()
}

fn row<'r>(report: &'r FileInspection, path: &str) -> &'r ParameterInspection {
    report.parameters.iter().find(|p| p.path == path).unwrap_or_else(|| panic!("no row {path}"))
}

#[test]
fn every_layout_is_read_as_what_it_is() {
    let (pt, copy) = (open("layouts.pt"), open("layouts.safetensors"));
    assert_eq!(pt.tensors().len(), copy.tensors().len());
    for tensor in pt.tensors() {
        let same = copy.tensor(tensor.path()).unwrap();
        let facts = |p: &constinit_checkpoint::Parameter| (p.shape().to_vec(), p.dtype());
        assert_eq!(facts(tensor), facts(same), "{}", tensor.path());
        assert_eq!(pt.read(tensor).unwrap(), copy.read(same).unwrap(), "{}", tensor.path());
    }
    let report = diff(&pt, &copy, &EqualityPolicy::bits(), &|_| true, &|_| {}).unwrap();
    assert!(report.unread.is_empty() && report.reshaped.is_empty());
    assert!(report.only_before.is_empty() && report.only_after.is_empty());
    for p in &report.parameters {
        assert_eq!((p.largest_change, p.at, &p.types), (Some(0.0), None, &None), "{}", p.path);
        assert!(p.split.is_empty() && p.merged.is_empty(), "{}", p.path);
    }
    let (found, expected) = (looked(&pt), looked(&copy));
    for p in &expected.parameters {
        assert_eq!(row(&found, &p.path), p);
    }
    let rows = row(&found, "rows");
    assert_eq!((rows.units, rows.classes, rows.largest_class), (12, 1, 12));
    assert_eq!((row(&found, "columns").classes, row(&found, "planes").classes), (4, 2));
    assert_eq!(row(&found, "channels_last").alike, [[1, 3]]);
    assert_eq!(
        (row(&found, "int64").alike.clone(), row(&found, "int8").classes),
        (vec![vec![0, 2]], 3)
    );
    // A tensor without entries has no units.
    let empty = row(&found, "empty");
    assert_eq!((empty.units, empty.classes, empty.largest_class), (0, 0, 0));
}

#[test]
fn a_nan_that_is_repeated_is_counted_as_it_is_seen() {
    let folder = tempdir().unwrap();
    let storage = [1.0, f32::NAN].map(f32::to_le_bytes).concat();
    let path = file(&folder, "m.pt", archive(&tensor(0, &[3, 2], &[0, 1]), &storage));
    let report = looked(&Checkpoint::open(&path).unwrap());
    let w = &report.parameters[0];
    assert_eq!((w.units, w.classes), (3, 3));
    assert_eq!((w.non_finite, w.non_finite_entry), (Some(3), Some(1)));
    assert_eq!(w.non_finite_units, [0, 1, 2]);
    // A tensor that repeats one number more often than any real tensor has entries is skipped, and not read.
    let path = file(&folder, "n.pt", archive(&tensor(0, &[1 << 20, 1 << 20], &[0, 0]), &storage));
    let report = looked(&Checkpoint::open(&path).unwrap());
    assert!(report.parameters.is_empty());
    assert!(report.skipped[0].why.contains("repeat the 2 numbers"), "{:?}", report.skipped);
}

#[test]
fn what_has_no_dense_entries_is_named() {
    let report = looked(&open("unread.pt"));
    let names: Vec<&str> = report.parameters.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(names, ["fc.weight"]);
    let skipped: Vec<(&str, &str, usize)> =
        report.skipped.iter().map(|s| (&*s.path, &*s.dtype, s.findings.len())).collect();
    assert_eq!(
        skipped,
        [
            ("array", "F32", 3),
            ("coo.weight", "F32", 3),
            ("csr.weight", "F32", 3),
            ("meta.weight", "F32", 3),
            ("sp.bias", "F32", 1),
            ("sp.weight", "F32", 2),
        ]
    );
    let why = |path: &str| &*report.skipped.iter().find(|s| s.path == path).unwrap().why;
    assert_eq!(why("coo.weight"), "it is sparse");
    assert_eq!(why("sp.weight"), "its bias `sp.bias` was not read");
    // A count of 0 among the tensors that were read is not a count of 0 among all.
    assert_eq!(report.non_finite, None);
    let wanted = |path: &str| path.starts_with("fc");
    let options = InspectOptions { wanted: &wanted, ..InspectOptions::default() };
    let report = inspect(&open("unread.pt"), &options).unwrap();
    assert!(report.skipped.is_empty() && report.non_finite == Some(0));

    let all = open("unread.pt");
    let report = diff(&all, &all, &EqualityPolicy::bits(), &|_| true, &|_| {}).unwrap();
    let coo = "coo.weight (F32 and F32; it is sparse)".to_owned();
    assert!(report.unread.contains(&coo), "{:?}", report.unread);
}

#[test]
fn quantised_integers_stand_for_numbers() {
    let checkpoint = open("quantised.pt");
    let report = looked(&checkpoint);
    for (path, dtype) in [("tensor", DType::QI8), ("unsigned", DType::QU8), ("wide", DType::QI32)] {
        assert_eq!(checkpoint.tensor(path).unwrap().dtype(), dtype);
        let numbers = checkpoint.read(checkpoint.tensor(path).unwrap()).unwrap();
        let values: Vec<f64> = (0..6).map(|at| numbers.get(at).unwrap()).collect();
        assert_eq!(values, [0.5, -1.0, 2.0, 0.0, 0.0, 0.0], "{path}");
        let found = row(&report, path);
        assert_eq!((&found.alike, &found.zero), (&vec![vec![0, 2]], &vec![1]), "{path}");
    }
    // With a scale and a zero point for each channel: other integers, the same numbers.
    let channels = row(&report, "channels");
    assert_eq!((&channels.alike, &channels.zero), (&vec![vec![0, 2]], &vec![1]));
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
}

#[test]
fn the_state_of_an_optimizer_is_set_aside() {
    let checkpoint = open("training.pt");
    let report = looked(&checkpoint);
    let rows: Vec<(&str, TensorRole)> =
        report.parameters.iter().map(|p| (p.path.as_str(), p.role)).collect();
    use TensorRole::{Average, Model, Optimizer};
    let expected = [
        ("model._orig_mod.0.weight", Model),
        ("model._orig_mod.1.weight", Model),
        ("model_ema.0.weight", Average),
        ("model_ema.1.weight", Average),
    ];
    assert_eq!(rows, expected);
    assert_eq!(
        row(&report, "model._orig_mod.1.weight").bias.as_deref(),
        Some("model._orig_mod.1.bias")
    );
    let state = report.optimizer.as_ref().unwrap();
    // Two moments and a step of three parameters, and the scheduler's.
    assert_eq!(state.tensors, 10);
    assert_eq!(state.at, ["lr_schedulers", "optimizer.state"]);
    assert_eq!(state.bytes, 2 * 4 * (24 + 12 + 3) + 3 * 4 + 16);
    assert!(report.notes.iter().any(|note| note.contains("moving averages")), "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("`_orig_mod.`")), "{:?}", report.notes);

    let options = InspectOptions { optimizer_state: true, ..InspectOptions::default() };
    let report = inspect(&checkpoint, &options).unwrap();
    assert_eq!(row(&report, "optimizer.state.0.exp_avg").role, Optimizer);
    assert_eq!(report.parameters.len(), 9);
    // Accelerate writes the state to a separate file, without a prefix.
    assert_eq!(checkpoint.role("optimizer.state.0.step"), Optimizer);
}

#[test]
fn types_of_later_versions_are_told_by_the_tensor() {
    // PyTorch 2: _rebuild_tensor_v3(storage, offset, sizes, strides, False, hooks, torch.float8_e4m3fn), and a storage of bytes.
    let typed = |dtype: &str| {
        let plain = tensor(1, &[2, 2], &[2, 1]);
        let replaced = |bytes: Vec<u8>, old: &[u8], new: &[u8]| -> Vec<u8> {
            let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
            [&bytes[..at], new, &bytes[at + old.len()..]].concat()
        };
        let pickle = replaced(plain, b"_rebuild_tensor_v2", b"_rebuild_tensor_v3");
        let pickle = replaced(pickle, b"torch\nFloatStorage", b"torch.storage\nUntypedStorage");
        let call = pickle.strip_suffix(b"tRs.").unwrap().to_vec();
        [&call[..], b"ctorch\n", dtype.as_bytes(), b"\ntRs."].concat()
    };
    let folder = tempdir().unwrap();
    let open = |dtype: &str, storage: &[u8]| {
        Checkpoint::open(&file(&folder, "m.pt", archive(&typed(dtype), storage))).unwrap()
    };
    for (name, dtype) in [
        ("float8_e4m3fn", DType::F8E4M3),
        ("float8_e5m2", DType::F8E5M2),
        ("float8_e4m3fnuz", DType::F8E4M3Fnuz),
        ("float8_e5m2fnuz", DType::F8E5M2Fnuz),
        ("float4_e2m1fn_x2", DType::F4x2),
        ("uint8", DType::U8),
    ] {
        let checkpoint = open(name, &[9, 0x31, 0x32, 0x31, 0x32]);
        assert_eq!(checkpoint.tensor("w").unwrap().dtype(), dtype);
        assert_eq!(looked(&checkpoint).parameters[0].alike, [[0, 1]], "{name}");
    }
    let wide = [0_u64, 1 << 60, 5, 1 << 60, 6].map(u64::to_le_bytes).concat();
    assert_eq!(looked(&open("uint64", &wide)).parameters[0].classes, 2);
    let new = open("float3_new", &[0; 5]);
    assert_eq!(new.skipped().next(), Some(["w", "float3_new", "its type is not known"]));
}
