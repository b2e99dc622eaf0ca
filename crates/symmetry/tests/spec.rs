//! Wrong specs, each with the message that names both places, and correct specs of every kind.

use constinit_symmetry::{
    AxesSpec, EqualityPolicy, NamedAxis, ParamView, ParameterError, SymmetryError, equitable,
    forward_lumpable, input, layers, output, twins, twins_with, unknown_role,
};
use proptest::prelude::*;

const SHAPES: [(&str, &[usize]); 3] =
    [("linear1.weight", &[2, 3]), ("linear1.bias", &[2]), ("linear2.weight", &[4, 2])];

fn dense() -> constinit_symmetry::AxesSpecBuilder {
    AxesSpec::builder()
        .layer(layers::dense("linear1", "", "hidden1"))
        .layer(layers::dense("linear2", "hidden1", "").without_bias())
}

fn message(result: Result<AxesSpec, SymmetryError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn sizes_that_disagree_name_both_places() {
    assert_eq!(
        message(dense().space("hidden1", 3).build(SHAPES)),
        "space `hidden1` has 3 units by its declaration, but axis 0 of `linear1.weight` has size 2"
    );
    let mut shapes = SHAPES;
    shapes[2].1 = &[4, 5];
    assert_eq!(
        message(dense().infer_spaces().build(shapes)),
        "space `hidden1` has 2 units by axis 0 of `linear1.weight`, but axis 1 of `linear2.weight` has size 5"
    );
    let flattened = AxesSpec::builder()
        .space("c", 3)
        .param("w", [output(""), input(NamedAxis::flattened("c", 4))])
        .build([("w", &[2, 13][..])]);
    assert_eq!(
        message(flattened),
        "space `c` has 3 units by its declaration, but axis 1 of `w` has size 13 with 4 entries per unit"
    );
    let inferred = AxesSpec::builder()
        .infer_spaces()
        .param("w", [output(""), input(NamedAxis::flattened("c", 4))])
        .build([("w", &[2, 13][..])]);
    assert_eq!(
        message(inferred),
        "axis 1 of `w` has size 13, which is not a multiple of the 4 entries that a unit of `c` has there"
    );
}

#[test]
fn names_that_are_unknown_or_twice() {
    assert_eq!(
        message(dense().space("hiden1", 2).build(SHAPES)),
        "axis 0 of `linear1.weight` names space `hidden1`, which is not declared; did you mean `hiden1`?"
    );
    assert_eq!(
        message(dense().space("hidden1", 2).space("hidden1", 2).build(SHAPES)),
        "space `hidden1` is declared twice: as number 0 and as number 1"
    );
    assert_eq!(
        message(
            dense().space("hidden1", 2).param("linear1.bias", [output("hidden1")]).build(SHAPES)
        ),
        "parameter `linear1.bias` occurs twice in the spec: at positions 1 and 3"
    );
    let twice = SHAPES.into_iter().chain([SHAPES[1]]);
    assert_eq!(
        message(dense().space("hidden1", 2).build(twice)),
        "parameter `linear1.bias` occurs twice in the parameters: at positions 1 and 3"
    );
    assert_eq!(
        message(dense().space("hidden1", 2).space("", 2).build(SHAPES)),
        "space number 1 has no name; the empty name means a fixed axis"
    );
}

#[test]
fn parameters_that_are_missing_or_too_many() {
    assert_eq!(
        message(
            dense()
                .space("hidden1", 2)
                .build(SHAPES.into_iter().chain([("linear2.bias", &[4][..])]))
        ),
        "parameter `linear2.bias` is not covered by the spec; did you mean `linear1.bias`?"
    );
    assert_eq!(
        message(dense().space("hidden1", 2).build([SHAPES[0], SHAPES[2]])),
        "the spec has axes for `linear1.bias`, but the network has no such parameter"
    );
    let mut shapes = SHAPES;
    shapes[1].1 = &[2, 1];
    assert_eq!(
        message(dense().space("hidden1", 2).build(shapes)),
        "the spec gives `linear1.bias` 1 axes, but its shape is [2, 1]"
    );
    let mut shapes = SHAPES;
    shapes[0].1 = &[2, usize::MAX];
    assert!(matches!(
        dense().space("hidden1", 2).build(shapes),
        Err(SymmetryError::Parameter(ParameterError::ShapeOverflow { .. }))
    ));
    assert!(matches!(
        AxesSpec::builder().space("h", usize::MAX).build([]),
        Err(SymmetryError::TooManyUnits { .. })
    ));
}

#[test]
fn parameters_that_are_not_those_of_the_spec() {
    let spec = dense().space("hidden1", 2).build(SHAPES).unwrap();
    let weight = [0.0_f32; 6];
    let (bias, wide) = ([0.0_f32; 2], [0.0_f32; 8]);
    let views = [
        ParamView::new("linear1.weight", &[2, 3], &weight).unwrap(),
        ParamView::new("linear1.bias", &[2], &bias).unwrap(),
        ParamView::new("linear2.weight", &[4, 2], &wide).unwrap(),
    ];
    assert!(twins(&spec, &views).is_ok());
    let reversed: Vec<_> = views.iter().rev().cloned().collect();
    assert_eq!(twins(&spec, &views), twins(&spec, &reversed));
    assert_eq!(
        twins(&spec, &views[..2]).unwrap_err().to_string(),
        "parameter `linear2.weight` is in the spec but not among the given parameters"
    );
    let mut other = views.clone();
    other[0] = ParamView::new("linear1.weight", &[3, 2], &weight).unwrap();
    assert_eq!(
        equitable(&spec, &other).unwrap_err().to_string(),
        "parameter `linear1.weight` has shape [3, 2], but the spec was built for [2, 3]"
    );
    other[0] = ParamView::new("linear1.weights", &[2, 3], &weight).unwrap();
    assert_eq!(
        forward_lumpable(&spec, &other, &[]).unwrap_err().to_string(),
        "parameter `linear1.weights` is not covered by the spec; did you mean `linear1.weight`?"
    );
    other[0] = views[1].clone();
    assert!(matches!(
        twins(&spec, &other),
        Err(SymmetryError::Parameter(ParameterError::DuplicateParameter { .. }))
    ));
}

#[cfg(feature = "serde")]
#[test]
fn the_file_form() {
    use constinit_symmetry::{AxesFile, Orientation, Role};
    let text = r#"
        fixed = ["pixels"]
        [axes]
        "conv.weight" = ["channels", "", "", ""]
        "head.weight" = ["", "channels*4"]
        "head.bias" = ["classes"]
        "skip.weight" = ["classes", "pixels"]
        [spaces]
        channels = 8
        classes = 2
        pixels = 5
    "#;
    let file: AxesFile = toml::from_str(text).unwrap();
    let shapes = [
        ("conv.weight", &[8, 3, 3, 3][..]),
        ("head.weight", &[2, 32]),
        ("head.bias", &[2]),
        ("skip.weight", &[2, 5]),
    ];
    let spec = file.clone().into_builder(Orientation::OutputFirst).build(shapes).unwrap();
    assert_eq!(
        spec.spaces().iter().map(|s| s.is_fixed()).collect::<Vec<_>>(),
        [false, false, true]
    );
    let roles = |spec: &AxesSpec, path: &str| -> Vec<Role> {
        let id = spec.param_id(path).unwrap();
        spec.params()[id.get()].axes().iter().map(|axis| axis.role).collect()
    };
    assert_eq!(roles(&spec, "head.weight"), [Role::Output, Role::Input]);
    let turned = file.clone().into_builder(Orientation::InputFirst).build(shapes).unwrap();
    assert_eq!(roles(&turned, "head.weight"), [Role::Input, Role::Output]);
    let unknown = file.into_builder(Orientation::Unknown).build(shapes).unwrap();
    assert_eq!(roles(&unknown, "head.weight"), [Role::Unknown; 2]);
    assert_eq!(roles(&unknown, "head.bias"), [Role::Output]);
    assert!(toml::from_str::<AxesFile>("[axes]\n[axis]").is_err());
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..5, 1 => Just(usize::MAX), 1 => Just(1 << 32), 1 => Just(1 << 40)]
}

fn axis() -> impl Strategy<Value = (u8, usize, u8)> {
    (0u8..4, size(), 0u8..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Any input gives an error or a consistent result.
    #[test]
    fn no_spec_and_no_view_panics(
        spaces in prop::collection::vec((0u8..4, size()), 0..4),
        params in prop::collection::vec(
            (0u8..3, prop::collection::vec((axis(), size(), 0usize..4), 0..4), prop::option::of(0usize..40)),
            0..4,
        ),
        infer: bool,
        pool in prop::collection::vec(prop_oneof![
            Just(0.0f32), Just(-0.0), Just(1.0), Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY),
            Just(f32::MAX), Just(f32::MIN_POSITIVE / 2.0),
        ], 64),
        tolerance in prop_oneof![Just(0.0), Just(0.5), Just(f64::MAX)],
    ) {
        let names = ["", "a", "b", "c"];
        let paths = ["p", "q", "r"];
        let mut builder = AxesSpec::builder();
        if infer {
            builder = builder.infer_spaces();
        }
        for (name, units) in spaces {
            builder = builder.space(names[name as usize], units);
        }
        let mut views = Vec::new();
        let mut shapes = Vec::new();
        for (path, axes, length) in &params {
            let path = paths[*path as usize];
            let shape: Vec<usize> = axes.iter().map(|(_, size, _)| *size).collect();
            let strides: Vec<usize> = axes.iter().map(|(_, _, stride)| *stride).collect();
            let data = &pool[..length.unwrap_or(64)];
            let view = ParamView::strided(path, &shape, &strides, data);
            let entries = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s)).filter(|&n| n <= 64);
            let contiguous = entries.and_then(|n| ParamView::new(path, &shape, &pool[..n]).ok());
            // A broadcast view may have more entries than any machine could read.
            let walkable = entries.is_some();
            if let Some(view) = view.ok().filter(|_| walkable).or(contiguous) {
                views.push(view);
            }
            builder = builder.param(path, axes.iter().map(|&((name, inner, role), _, _)| {
                let name = names[name as usize];
                let axis = if inner < 4 && !name.is_empty() { NamedAxis::flattened(name, inner) } else { name.into() };
                match role {
                    0 => output(axis),
                    1 => input(axis),
                    _ => unknown_role(axis),
                }
            }).collect::<Vec<_>>());
            shapes.push((path, shape));
        }
        let Ok(spec) = builder.build(shapes.iter().map(|(p, s)| (*p, s.as_slice()))) else { return Ok(()) };
        prop_assume!(spec.spaces().iter().all(|space| space.units() < 1000));
        let Ok(fine) = twins(&spec, &views) else { return Ok(()) };
        let value = twins_with(&spec, &views, &EqualityPolicy::value()).unwrap();
        let equal = equitable(&spec, &views).unwrap();
        prop_assert!(fine.refines(&value) && value.refines(&equal));
        let forward = forward_lumpable(&spec, &views, &[]);
        prop_assert!(forward.is_err() || equal.refines(&forward.unwrap()));
        let within = twins_with(&spec, &views, &EqualityPolicy::within(tolerance).unwrap()).unwrap();
        prop_assert!(value.refines(&within));
        let sign = twins_with(&spec, &views, &EqualityPolicy::bits().up_to_sign()).unwrap();
        prop_assert!(fine.refines(&sign));
        let _ = twins_with(&spec, &views, &EqualityPolicy::value().up_to_positive_scale());
        for found in [fine, value, equal, within, sign] {
            for space in found.spaces() {
                prop_assert!(space.witnesses().all(|w| w.units()[0] < w.units()[1]));
            }
        }
    }
}
