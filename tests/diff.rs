//! `constinit diff`: the changes between two steps, and the check with `--deny`.
#![cfg(feature = "ndarray")]

use crate::program::Folder;
use crate::program::matrices::matrices;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::json;

#[test]
fn what_happened_between_two_steps() {
    let folder = Folder::new();
    let matrix = |numbers: [f32; 6]| [("w", [6, 1], numbers.to_vec()), ("same", [1, 1], vec![1.0])];
    matrices(&folder, "a.safetensors", &matrix([1.0, 1.0, 2.0, 2.0, 3.0, 4.0]));
    matrices(&folder, "b.safetensors", &matrix([1.0, 1.5, 2.5, 2.5, 5.0, 5.0]));
    let report = &folder.run(&["diff", "a.safetensors", "b.safetensors", "--json"]).ok().json()[0];
    let w = &report["parameters"][1];
    assert_eq!(w["split"], json!([{"units": [0, 1], "into": 2, "spread": 0.5}]), "{report}");
    assert_eq!(w["merged"], json!([{"units": [4, 5], "from": 2}]));
    assert_eq!((&w["kept"], &w["largest_change"], &w["at"]), (&json!(1), &json!(2.0), &json!(4)));
    assert_eq!((&w["classes_before"], &w["classes_after"]), (&json!(4), &json!(4)));
    let text = folder.run(&["diff", "a.safetensors", "b.safetensors"]).ok().stdout;
    assert!(text.contains("w: units 0, 1: 2 distinct now, by up to 0.5\n"), "{text}");
    assert!(text.contains("w: units 4, 5: 2 distinct before\n"), "{text}");
    assert!(
        text.starts_with(
            "a.safetensors -> b.safetensors\n1 class became equal; 1 class diverged; 1 class kept\n"
        ),
        "{text}"
    );
    // Within the tolerance, they did not diverge.
    let near = ["diff", "a.safetensors", "b.safetensors", "--tolerance", "0.6", "--json"];
    let w = &folder.run(&near).ok().json()[0]["parameters"][1];
    assert_eq!(w["drifted"], json!([{"units": [0, 1], "spread": 0.5}]));
    folder.run(&["diff", "a.safetensors", "nowhere"]).refused(2, "nowhere: No such file");
    let none = ["diff", "a.safetensors", "b.safetensors", "--only", "v", "--skip", "x"];
    folder.run(&none).refused(2, "--only v --skip x: no parameter has a matching name");
    // Numbers of another type.
    let bytes: Vec<u8> =
        [1.0_f64, 1.0, 2.0, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F64, vec![6, 1], &bytes).unwrap();
    serialize_to_file([("w", view)], None, &folder.join("wide.safetensors")).unwrap();
    let retyped = ["diff", "a.safetensors", "wide.safetensors", "--only", "w"];
    let text = folder.run(&retyped).ok().stdout;
    assert!(text.contains("F32 became F64"), "{text}");
    let json = folder.run(&[&retyped[..], &["--json"]].concat()).ok().json();
    assert_eq!(json[0]["parameters"][0]["types"], json!(["F32", "F64"]));
    let view = TensorView::new(Dtype::I8, vec![6, 1], &bytes[..6]).unwrap();
    serialize_to_file([("w", view)], None, &folder.join("small.safetensors")).unwrap();
    let text = folder.run(&["diff", "a.safetensors", "small.safetensors"]).ok().stdout;
    assert!(text.contains("changed type\n  w: F32 became I8\n"), "{text}");
    assert!(text.contains("only before\n  same\n"), "{text}");
}

#[test]
fn a_diff_is_a_lint_between_two_steps() {
    let folder = Folder::new();
    let save = |name: &str, w: [f32; 6], b: f32| {
        matrices(&folder, name, &[("w", [3, 2], w.to_vec()), ("b", [1, 1], vec![b])]);
    };
    save("a.safetensors", [1.0, 2.0, 0.0, 0.0, 3.0, 4.0], 1.0);
    save("same.safetensors", [1.0, 2.0, 0.0, 0.0, 3.0, 4.0], 1.0);
    save("zero.safetensors", [0.0, 0.0, 5.0, 6.0, 3.0, 4.0], 1.0);
    save("nan.safetensors", [1.0, 2.0, 0.0, 0.0, 3.0, f32::NAN], f32::INFINITY);
    save("equal.safetensors", [1.0, 2.0, 1.0, 2.0, 3.0, 4.0], 1.0);
    let diff = |after: &str, more: &[&str]| {
        folder.run(&[&["diff", "a.safetensors", after], more].concat())
    };
    let same = diff("same.safetensors", &["--deny", "twins,zero,non-finite"]).ok();
    assert_eq!(same.stdout, "a.safetensors -> same.safetensors\nidentical\n");
    assert_eq!(diff("same.safetensors", &["--json"]).ok().json()[0]["identical"], true);
    let zero = diff("zero.safetensors", &["--deny", "zero"]);
    let zero = zero.refused(1, "zero.safetensors: units became zero in w");
    assert!(zero.stdout.contains("became zero\n  w: unit 0\n"), "{}", zero.stdout);
    assert!(!zero.stdout.contains("identical"), "{}", zero.stdout);
    // A unit that was zero before is no regression, and a change that is not denied passes.
    folder.run(&["diff", "zero.safetensors", "zero.safetensors", "--deny", "zero"]).ok();
    diff("zero.safetensors", &["--deny", "twins"]).ok();
    let nan = diff("nan.safetensors", &["--deny", "non-finite"]);
    let nan = nan.refused(1, "nan.safetensors: entries became non-finite in b and 1 more");
    assert!(nan.stdout.contains("w: 1 entry in unit 2: entry 5\n"), "{}", nan.stdout);
    let w = &diff("nan.safetensors", &["--json"]).ok().json()[0]["parameters"][1];
    assert_eq!(
        (&w["became_non_finite"], &w["became_non_finite_units"], &w["became_non_finite_entry"]),
        (&json!(1), &json!([2]), &json!(5))
    );
    let equal = diff("equal.safetensors", &["--deny", "twins", "--quiet"]);
    assert_eq!((equal.code, equal.stderr.as_str()), (Some(1), ""));
    assert_eq!(equal.stdout, "1 class became equal\n");
    // A parameter that cannot be compared never passes, unless --skip excludes it.
    matrices(
        &folder,
        "other.safetensors",
        &[("w", [2, 2], vec![1.0; 4]), ("b", [1, 1], vec![1.0])],
    );
    let shape = diff("other.safetensors", &["--deny", "zero"]);
    let shape = shape.refused(2, "--deny: w changed shape (--skip leaves them out by name)");
    assert!(
        shape.stdout.contains("changed shape\n  w: [3, 2] became [2, 2]\n"),
        "{}",
        shape.stdout
    );
    diff("other.safetensors", &["--deny", "zero", "--skip", "^w$"]).ok();
    matrices(&folder, "fewer.safetensors", &[("b", [1, 1], vec![1.0])]);
    diff("fewer.safetensors", &["--deny", "zero"]).refused(2, "w is only in the first checkpoint");
}

#[test]
fn tensors_of_every_type_count_when_two_files_are_said_to_be_identical() {
    let folder = Folder::new();
    let save = |name: &str, id: u8, kind: Dtype| {
        let weight = TensorView::new(Dtype::F32, vec![1, 1], &[0, 0, 128, 63]).unwrap();
        let ids = [id];
        let ids = TensorView::new(kind, vec![1], &ids).unwrap();
        serialize_to_file([("w", weight), ("ids", ids)], None, &folder.join(name)).unwrap();
    };
    save("a", 1, Dtype::U8);
    save("same", 1, Dtype::U8);
    save("other", 2, Dtype::U8);
    save("kind", 1, Dtype::I8);
    let diff = |after: &str| folder.run(&["diff", "a", after]).ok().stdout;
    assert!(diff("same").ends_with("\nidentical\n"), "{}", diff("same"));
    for other in ["other", "kind"] {
        assert!(!diff(other).contains("identical"), "{}", diff(other));
    }
}
