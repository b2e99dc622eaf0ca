//! Units of every type: compared by bits, zero by the type's own zero, not finite by its definition.

mod common;

use common::file;
use constinit_checkpoint::{
    AxesChoice, Checkpoint, DType, FileInspection, InspectOptions, ParameterInspection, diff,
    inspect,
};
use constinit_symmetry::EqualityPolicy;
use tempfile::tempdir;

/// A safetensors file of these tensors: name, type, shape, bytes.
fn tensors(of: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut head, mut body) = (serde_json::Map::new(), Vec::new());
    for (name, dtype, shape, bytes) in of {
        let offsets = [body.len(), body.len() + bytes.len()];
        let facts = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        head.insert((*name).to_owned(), facts);
        body.extend(bytes);
    }
    let head = serde_json::to_vec(&head).unwrap();
    [&(head.len() as u64).to_le_bytes()[..], &head, &body].concat()
}

fn looked(of: &[(&str, &str, &[usize], Vec<u8>)], policy: EqualityPolicy) -> FileInspection {
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", tensors(of));
    let options = InspectOptions { policy, ..InspectOptions::default() };
    inspect(&Checkpoint::open(&path).unwrap(), &options).unwrap()
}

fn row(report: &FileInspection) -> &ParameterInspection {
    &report.parameters[0]
}

/// Five units of eight entries with this many bits. Units 1 and 3 are equal, and all entries of unit 2 are `zero`. The
/// others have the bits 1 to 7, which are neither a zero nor a NaN of any type.
fn five(bits: usize, zero: u64) -> Vec<u8> {
    let entry = |unit: usize, k: usize| -> u64 {
        match unit {
            2 => zero,
            3 => (1 + k as u64) % 7 + 1,
            _ => (unit as u64 + k as u64) % 7 + 1,
        }
    };
    let mut packed = vec![0_u8; 5 * 8 * bits / 8];
    for number in 0..40 {
        let value = entry(number / 8, number % 8);
        for bit in (0..bits.min(64)).filter(|bit| value >> bit & 1 == 1) {
            packed[(number * bits + bit) / 8] |= 1 << ((number * bits + bit) % 8);
        }
    }
    packed
}

#[test]
fn units_of_every_type_are_compared() {
    let quantised = [DType::QI8, DType::QU8, DType::QI32];
    for &dtype in DType::ALL.iter().filter(|dtype| !quantised.contains(dtype)) {
        let bytes = five(dtype.bits(), 0);
        let report = looked(&[("w", dtype.name(), &[5, 8], bytes)], EqualityPolicy::bits());
        let found = row(&report);
        assert_eq!(found.alike, [[1, 3]], "{dtype}");
        assert_eq!((found.units, found.classes, found.dtype.as_str()), (5, 4, dtype.name()));
        // A power of two is never zero.
        let zero = if dtype == DType::F8E8M0 { vec![] } else { vec![2] };
        assert_eq!((&found.zero, found.zero_units), (&zero, zero.len()), "{dtype}");
        assert_eq!((found.non_finite, report.non_finite), (Some(0), Some(0)), "{dtype}");
        assert!(report.skipped.is_empty(), "{dtype}");
    }
}

#[test]
fn both_zeros_of_a_type_are_zero_and_differ() {
    for (dtype, sign) in [
        ("F16", 0x8000_u64),
        ("BF16", 0x8000),
        ("F32", 0x8000_0000),
        ("F64", 1 << 63),
        ("F8_E4M3", 0x80),
        ("F8_E5M2", 0x80),
        ("F6_E2M3", 0x20),
        ("F6_E3M2", 0x20),
        ("F4", 0x8),
        ("C64", 1 << 63),
    ] {
        let bits = DType::from_name(dtype).unwrap().bits();
        let report = looked(&[("w", dtype, &[5, 8], five(bits, sign))], EqualityPolicy::bits());
        assert_eq!(row(&report).zero, [2], "{dtype}");
    }
    // For the integers this is a number, for the floats of eight bits NaN.
    for (dtype, finite) in
        [("I8", true), ("U8", true), ("F8_E4M3FNUZ", false), ("F8_E5M2FNUZ", false)]
    {
        let report = looked(&[("w", dtype, &[5, 8], five(8, 0x80))], EqualityPolicy::bits());
        assert!(row(&report).zero.is_empty(), "{dtype}");
        assert_eq!(report.non_finite, Some(if finite { 0 } else { 8 }), "{dtype}");
    }
}

#[test]
fn entries_that_are_not_finite_are_named_by_type() {
    for (dtype, bytes, expected) in [
        ("F8_E4M3", [0x7f_u8, 0xff, 0x7e], 2),
        ("F8_E5M2", [0x7c, 0xfd, 0x7b], 2),
        ("F8_E8M0", [0xff, 0xfe, 0x00], 1),
        ("F8_E4M3FNUZ", [0x80, 0xff, 0x7f], 1),
        ("F8_E5M2FNUZ", [0x80, 0xff, 0x7f], 1),
        ("I8", [0x80, 0xff, 0x7f], 0),
        ("BOOL", [0x80, 0xff, 0x7f], 0),
    ] {
        let mut all = vec![1_u8; 9];
        all[3..6].copy_from_slice(&bytes);
        let report = looked(&[("w", dtype, &[3, 3], all)], EqualityPolicy::bits());
        let found = row(&report);
        assert_eq!((found.non_finite, report.non_finite), (Some(expected), Some(expected)));
        let (units, entry) = if expected > 0 { (vec![1], Some(3)) } else { (vec![], None) };
        assert_eq!((&found.non_finite_units, found.non_finite_entry), (&units, entry), "{dtype}");
    }
    // Either part of a complex number; the entry counts once.
    let numbers = [1.0, 2.0, f32::NAN, f32::INFINITY, 3.0, f32::NEG_INFINITY, 4.0, 5.0];
    let bytes = numbers.map(f32::to_le_bytes).concat();
    let report = looked(&[("w", "C64", &[2, 2], bytes)], EqualityPolicy::bits());
    let found = row(&report);
    assert_eq!((found.non_finite, found.non_finite_entry), (Some(2), Some(1)));
    assert_eq!(found.non_finite_units, [0, 1]);
}

#[test]
fn a_unit_with_a_nan_is_alike_to_none_whatever_its_bits() {
    let nan = vec![0x7f_u8, 1, 0x7f, 1, 5, 1, 5, 1];
    let f8 = looked(&[("w", "F8_E4M3", &[4, 2], nan.clone())], EqualityPolicy::bits());
    assert_eq!(row(&f8).alike, [[2, 3]]);
    let wide: Vec<u8> = [f32::NAN, f32::NAN, 2.0, 2.0].map(f32::to_le_bytes).concat();
    let f32s = looked(&[("w", "F32", &[4, 1], wide.clone())], EqualityPolicy::bits());
    assert_eq!(row(&f32s).alike, [[2, 3]]);
    // With the same numbers in two types, and between two checkpoints.
    let folder = tempdir().unwrap();
    let path = file(&folder, "m.safetensors", tensors(&[("w", "F8_E4M3", &[4, 2], nan)]));
    let both = [Checkpoint::open(&path).unwrap(), Checkpoint::open(&path).unwrap()];
    let report = diff(&both[0], &both[1], &EqualityPolicy::bits(), &|_| true, &|_| {}).unwrap();
    let w = &report.parameters[0];
    assert_eq!((w.classes_before, w.classes_after, w.kept), (Some(3), Some(3), 1));
    assert_eq!(w.largest_change, Some(0.0));
}

#[test]
fn a_tolerance_speaks_of_floats_alone() {
    let policy = EqualityPolicy::within(2.0).unwrap();
    // 1.0, 1.125 and 16 of F8_E4M3; 1, 2 and 9 as integers.
    let f8 = looked(&[("w", "F8_E4M3", &[3, 1], vec![0x38, 0x39, 0x58])], policy);
    assert_eq!((row(&f8).alike.clone(), row(&f8).spread), (vec![vec![0, 1]], Some(0.125)));
    let i8 = looked(&[("w", "I8", &[3, 1], vec![1, 2, 9])], policy);
    assert_eq!((row(&i8).classes, row(&i8).zero_units), (3, 0));
    // A weight of integers with a bias of floats, and a weight of floats with a bias of integers: each is compared by
    // its own rule.
    let floats = [1.0_f32, 1.5, 9.0].map(f32::to_le_bytes).concat();
    let weight = ("w.weight", "I8", &[3_usize, 1][..], vec![4, 4, 4]);
    let bias = ("w.bias", "F32", &[3_usize][..], floats.clone());
    assert_eq!(row(&looked(&[weight, bias], policy)).alike, [[0, 1]]);
    let weight = ("w.weight", "F32", &[3_usize, 1][..], floats);
    let bias = ("w.bias", "I8", &[3_usize][..], vec![4, 5, 5]);
    assert_eq!(row(&looked(&[weight, bias], policy)).classes, 3);
}

#[test]
fn a_bias_of_another_type_distinguishes_units() {
    let alike = [1.0_f32, 2.0].map(f32::to_le_bytes).concat().repeat(4);
    for dtype in ["F8_E4M3", "U8", "BOOL", "I64", "F64", "C64"] {
        let size = DType::from_name(dtype).unwrap().bits() / 8;
        let bias: Vec<u8> =
            (1..=4_u8).flat_map(|k| [vec![k], vec![0; size - 1]].concat()).collect();
        let second = [7.0_f32; 8].map(f32::to_le_bytes).concat();
        let report = looked(
            &[
                ("linear1.weight", "F32", &[4, 2], alike.clone()),
                ("linear1.bias", dtype, &[4], bias),
                ("linear2.weight", "F32", &[2, 4], second),
            ],
            EqualityPolicy::bits(),
        );
        let linear1 = row(&report);
        assert_eq!((linear1.classes, linear1.bias.as_deref()), (4, Some("linear1.bias")));
        // A space does not report twins that the bias distinguishes.
        let spaces = report.spaces.iter().flatten();
        assert!(spaces.into_iter().all(|space| space.twins == space.units), "{dtype}");
    }
}

#[test]
fn a_chain_is_not_claimed_beside_a_tensor_of_another_type() {
    let floats = |count: usize| 1.0_f32.to_le_bytes().repeat(count);
    let [first, second] = [("l1.weight", [3, 2]), ("l2.weight", [4, 3])];
    let whole =
        [(first.0, "F32", &first.1[..], floats(6)), (second.0, "F32", &second.1[..], floats(12))];
    let chain = looked(&whole, EqualityPolicy::bits());
    assert_eq!(chain.spaces.map(|spaces| spaces.len()), Some(1));
    // A tensor of any type could read the same units. A single number could not.
    for (shape, spaces) in [(&[2_usize, 3][..], None), (&[6][..], None), (&[1][..], Some(1))] {
        let bytes = vec![1; shape.iter().product()];
        let mut all = whole.to_vec();
        all.push(("other", "I8", shape, bytes));
        let report = looked(&all, EqualityPolicy::bits());
        assert_eq!(report.spaces.map(|spaces| spaces.len()), spaces, "{shape:?}");
    }
}

#[test]
fn a_space_is_not_claimed_where_a_bias_is_only_compared_by_rows() {
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let bias = |dtype: &'static str| {
        let bias = if dtype == "F32" { bytes(&[1.0, 2.0]) } else { vec![1, 2] };
        ("in.bias", dtype, &[2_usize][..], bias)
    };
    let axes: constinit_symmetry::AxesFile =
        toml::from_str("[axes]\n\"in.weight\" = [\"h\", \"\"]\n\"out.weight\" = [\"\", \"h\"]\n")
            .unwrap();
    for (dtype, spaces) in [("F32", 1), ("U8", 0)] {
        let all = [
            ("in.weight", "F32", &[2_usize, 1][..], bytes(&[1.0, 1.0])),
            bias(dtype),
            ("out.weight", "F32", &[1, 2], bytes(&[3.0, 3.0])),
        ];
        let folder = tempdir().unwrap();
        let path = file(&folder, "m.safetensors", tensors(&all));
        let options =
            InspectOptions { axes: AxesChoice::Given(&axes), ..InspectOptions::default() };
        let report = inspect(&Checkpoint::open(&path).unwrap(), &options).unwrap();
        assert_eq!(report.spaces.as_ref().map(Vec::len), Some(spaces), "{dtype}");
        assert_eq!(row(&report).classes, 2);
        assert_eq!(row(&report).space.is_some(), spaces == 1);
        assert!(
            report.notes.iter().any(|note| note.contains("`in.bias` are not added"))
                == (spaces == 0)
        );
    }
}

#[test]
fn packed_units_that_begin_within_a_byte_are_named() {
    let report = looked(
        &[
            ("a.weight", "F4", &[2, 3], vec![0x11, 0x11, 0x11]),
            ("b.weight", "F4", &[2, 4], vec![0x11; 4]),
            ("c.weight", "F6_E2M3", &[4, 2, 1], vec![0; 6]),
            ("d.weight", "U4", &[1, 4], vec![1, 2]),
        ],
        EqualityPolicy::bits(),
    );
    let rows: Vec<(&str, usize)> =
        report.parameters.iter().map(|p| (p.path.as_str(), p.classes)).collect();
    assert_eq!(rows, [("b.weight", 1), ("d.weight", 1)]);
    let skipped: Vec<(&str, &[String])> =
        report.skipped.iter().map(|s| (s.path.as_str(), &s.findings[..])).collect();
    let findings = ["twins".to_owned(), "zero".to_owned()];
    assert_eq!(skipped, [("a.weight", &findings[..]), ("c.weight", &findings[..])]);
    // These types have no NaN.
    assert_eq!(report.non_finite, Some(0));
    assert!(report.skipped[0].why.contains("do not begin at whole bytes"));
}

#[test]
fn a_type_that_is_not_known_is_named_and_hides_what_it_may() {
    let floats = [1.0_f32, 2.0].map(f32::to_le_bytes).concat();
    let report = looked(
        &[("new", "F3_NEW", &[2, 2], vec![1, 2]), ("w", "F32", &[2, 1], floats)],
        EqualityPolicy::bits(),
    );
    let new = &report.skipped[0];
    assert_eq!((new.path.as_str(), new.dtype.as_str()), ("new", "F3_NEW"));
    assert_eq!(new.findings, ["twins", "zero", "non-finite"]);
    assert_eq!((report.non_finite, row(&report).non_finite), (None, Some(0)));
}

#[test]
fn what_became_of_integers_between_two_checkpoints() {
    let folder = tempdir().unwrap();
    let of = |name: &str, dtype: &str, numbers: [i64; 3]| {
        let size = DType::from_name(dtype).unwrap().bits() / 8;
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()[..size].to_vec()).collect();
        let path = file(&folder, name, tensors(&[("w", dtype, &[3, 1], bytes)]));
        Checkpoint::open(&path).unwrap()
    };
    let a = of("a.safetensors", "I64", [1 << 40, 1 << 40, -3]);
    let b = of("b.safetensors", "I64", [1 << 40, -3, -3]);
    let bits = EqualityPolicy::bits();
    let w = &diff(&a, &b, &bits, &|_| true, &|_| {}).unwrap().parameters[0];
    assert_eq!((w.largest_change, w.at), (Some(2.0_f64.powi(40) + 3.0), Some(1)));
    assert_eq!((w.split.len(), w.merged.len()), (1, 1));
    let complex = |name: &str, numbers: [f32; 4]| {
        let bytes = numbers.map(f32::to_le_bytes).concat();
        let path = file(&folder, name, tensors(&[("w", "C64", &[2, 1], bytes)]));
        Checkpoint::open(&path).unwrap()
    };
    let [was, is] = [("d", [1.0, 2.0, 1.0, 2.0]), ("e", [1.0, 2.0, 1.0, -3.5])]
        .map(|(name, numbers)| complex(&format!("{name}.safetensors"), numbers));
    let w = &diff(&was, &is, &bits, &|_| true, &|_| {}).unwrap().parameters[0];
    assert_eq!((w.largest_change, w.at), (Some(5.5), Some(1)));
    assert_eq!(w.split[0].spread, Some(5.5));
    let narrow = of("c.safetensors", "I8", [5, 5, -3]);
    let report = diff(&b, &narrow, &bits, &|_| true, &|_| {}).unwrap();
    let w = &report.parameters[0];
    assert_eq!(w.types, Some(["I64".into(), "I8".into()]));
    assert_eq!((w.largest_change, report.unread.len()), (Some(2.0_f64.powi(40) - 5.0), 0));
}
