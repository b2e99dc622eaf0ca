//! A flattened axis is the same as three axes: blocks, units, inner index. A parameter of another shape with the same
//! entries has the same classes, witnesses at the same entries, and the same spreads.

use constinit_symmetry::{
    AxesSpec, Axis, EqualityPolicy, NamedAxis, ParamView, Partition, RoleAxis, Symmetry, equitable,
    forward_lumpable, input, layers, output, twins, twins_with,
};
use proptest::prelude::*;

/// What one axis is: its space, blocks, units, inner entries.
#[derive(Clone, Debug)]
struct Flat {
    space: &'static str,
    outer: usize,
    units: usize,
    inner: usize,
}

impl Flat {
    fn size(&self) -> usize {
        self.outer * self.units * self.inner
    }

    fn joined(&self) -> NamedAxis {
        if self.space.is_empty() {
            return Axis::Fixed;
        }
        Axis::Flattened { space: self.space.to_owned(), outer: self.outer, inner: self.inner }
    }

    fn apart(&self) -> [(usize, NamedAxis); 3] {
        [(self.outer, Axis::Fixed), (self.units, self.space.into()), (self.inner, Axis::Fixed)]
    }
}

/// A weight from `read` to `made`, its bias and the weight that reads it, with few different entries.
#[derive(Clone, Debug)]
struct Net {
    read: Flat,
    made: Flat,
    weight: Vec<f64>,
    bias: Vec<f64>,
    head: Vec<f64>,
}

fn net() -> impl Strategy<Value = Net> {
    let flat = |space: &'static str, units: usize| {
        (1..4_usize, 1..4_usize).prop_map(move |(outer, inner)| Flat { space, outer, units, inner })
    };
    let sized = (1..4_usize, 1..5_usize).prop_flat_map(move |(a, b)| (flat("a", a), flat("b", b)));
    sized.prop_flat_map(|(read, made)| {
        let entries =
            |n: usize| prop::collection::vec(prop::sample::select(vec![1.0, 1.0, 2.0]), n);
        let sizes = [made.size() * read.size(), made.size(), 2 * made.size()];
        (entries(sizes[0]), entries(sizes[1]), entries(sizes[2])).prop_map(
            move |(weight, bias, head)| Net {
                read: read.clone(),
                made: made.clone(),
                weight,
                bias,
                head,
            },
        )
    })
}

impl Net {
    /// The spec and the shapes, with flattened axes or with three axes for each.
    fn spec(&self, joined: bool) -> (AxesSpec, [Vec<usize>; 3]) {
        let two = Flat { space: "", outer: 1, units: 2, inner: 1 };
        let made = |flat: &Flat| (flat.clone(), output as fn(NamedAxis) -> RoleAxis<String>);
        let read = |flat: &Flat| (flat.clone(), input as fn(NamedAxis) -> RoleAxis<String>);
        let params = [
            ("weight", vec![made(&self.made), read(&self.read)]),
            ("bias", vec![made(&self.made)]),
            ("head", vec![made(&two), read(&self.made)]),
        ];
        let mut builder =
            AxesSpec::builder().space("a", self.read.units).space("b", self.made.units);
        let mut shapes: [Vec<usize>; 3] = Default::default();
        for (shape, (path, axes)) in shapes.iter_mut().zip(&params) {
            let mut of_param = Vec::new();
            for (flat, role) in axes {
                if joined {
                    shape.push(flat.size());
                    of_param.push(role(flat.joined()));
                } else {
                    for (size, axis) in flat.apart() {
                        shape.push(size);
                        of_param.push(role(axis));
                    }
                }
            }
            builder = builder.param(*path, of_param);
        }
        let named = params.iter().map(|(path, _)| *path).zip(shapes.iter().map(Vec::as_slice));
        (builder.build(named).unwrap(), shapes)
    }

    fn found(
        &self,
        joined: bool,
        find: impl Fn(&AxesSpec, &[ParamView<'_>]) -> Symmetry,
    ) -> String {
        let (spec, shapes) = self.spec(joined);
        let data = [&self.weight, &self.bias, &self.head];
        let views: Vec<ParamView<'_>> = ["weight", "bias", "head"]
            .into_iter()
            .zip(&shapes)
            .zip(data)
            .map(|((path, shape), data)| ParamView::new(path, shape, data).unwrap())
            .collect();
        let found = find(&spec, &views);
        let spaces = found.spaces().iter().map(|space| {
            let classes: Vec<_> = space.partition().classes().map(<[_]>::to_vec).collect();
            format!("{}: {classes:?}\n", space.name())
        });
        spaces.collect()
    }
}

proptest! {
    #[test]
    fn a_flattened_axis_is_three(net in net()) {
        let both = |find: &dyn Fn(&AxesSpec, &[ParamView<'_>]) -> Symmetry| {
            [true, false].map(|joined| net.found(joined, find))
        };
        let [joined, apart] = both(&|spec, views| twins(spec, views).unwrap());
        prop_assert_eq!(joined, apart);
        let [joined, apart] = both(&|spec, views| equitable(spec, views).unwrap());
        prop_assert_eq!(joined, apart);
        let given = [("a", Partition::one_class(net.read.units).unwrap())];
        let [joined, apart] =
            both(&|spec, views| forward_lumpable(spec, views, &given).unwrap());
        prop_assert_eq!(joined, apart);
        let near = EqualityPolicy::within(0.5).unwrap();
        let [joined, apart] = both(&|spec, views| twins_with(spec, views, &near).unwrap());
        prop_assert_eq!(joined, apart);
    }
}

#[test]
fn units_of_stacked_gates_are_found() {
    // An LSTM of 3 hidden units; the first and the last are equal in all four gates.
    let spec = AxesSpec::builder()
        .space("hidden", 3)
        .layer(layers::gated("lstm", "", "hidden", 4))
        .build([
            ("lstm.weight_ih", &[12, 2][..]),
            ("lstm.weight_hh", &[12, 3]),
            ("lstm.bias_ih", &[12]),
            ("lstm.bias_hh", &[12]),
        ])
        .unwrap();
    let of_unit = [5.0, 7.0, 5.0];
    let weight_ih: Vec<f64> = (0..24).map(|i| of_unit[i / 2 % 3] + (i / 6) as f64).collect();
    let weight_hh: Vec<f64> =
        (0..36).map(|i| of_unit[i / 3 % 3] * of_unit[i % 3] + (i / 9) as f64).collect();
    let mut bias: Vec<f64> = (0..12).map(|i| of_unit[i % 3]).collect();
    let find = |bias: &[f64]| {
        let views = [
            ParamView::new("lstm.weight_ih", &[12, 2], &weight_ih).unwrap(),
            ParamView::new("lstm.weight_hh", &[12, 3], &weight_hh).unwrap(),
            ParamView::new("lstm.bias_ih", &[12], bias).unwrap(),
            ParamView::new("lstm.bias_hh", &[12], bias).unwrap(),
        ];
        let found = twins(&spec, &views).unwrap();
        found.spaces()[0].partition().labels().iter().map(|class| class.get()).collect::<Vec<_>>()
    };
    assert_eq!(find(&bias), [0, 1, 0]);
    bias[9] = 4.0; // unit 0 of the last gate
    assert_eq!(find(&bias), [0, 1, 2]);
}
