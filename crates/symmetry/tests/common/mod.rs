//! Small random networks, made with the layer helpers, with and without planted classes.

#![allow(dead_code)]

use constinit_symmetry::{AxesSpec, NamedAxis, ParamView, UnitIndex, layers};

/// A reproducible stream of numbers (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    /// Numbers from -1 to 1.
    pub fn uniform(&mut self, count: usize) -> Vec<f64> {
        let mut one = || (self.next() >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0;
        (0..count).map(|_| one()).collect()
    }
}

/// A parameter that owns its numbers.
#[derive(Clone, Debug)]
pub struct Param {
    pub path: String,
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// A network: a spec and its parameters.
#[derive(Clone, Debug)]
pub struct Net {
    pub spec: AxesSpec,
    pub params: Vec<Param>,
}

impl Net {
    pub fn views(&self) -> Vec<ParamView<'_>> {
        self.params.iter().map(|p| ParamView::new(&p.path, &p.shape, &p.data).unwrap()).collect()
    }

    /// For every axis of a parameter: (space number, inner), or `None`.
    pub fn axes(&self, param: usize) -> Vec<Option<(usize, usize)>> {
        let axes = self.spec.params()[param].axes();
        axes.iter().map(|a| a.axis.space().map(|s| (s.get(), a.axis.inner()))).collect()
    }

    /// The parameter with the units of a space renumbered: unit u goes to `to[u]`.
    pub fn permuted(&self, param: usize, space: usize, to: &[usize]) -> Vec<f64> {
        let axes = self.axes(param);
        let Param { shape, data, .. } = &self.params[param];
        let mut image = data.clone();
        for (flat, &number) in data.iter().enumerate() {
            let mut index = unflatten(flat, shape);
            for (axis, i) in axes.iter().zip(&mut index) {
                if let Some((s, inner)) = axis
                    && *s == space
                {
                    *i = to[*i / inner] * inner + *i % inner;
                }
            }
            image[flatten(&index, shape)] = number;
        }
        image
    }

    pub fn permute(&self, space: usize, to: &[usize]) -> Net {
        let mut net = self.clone();
        for (number, param) in net.params.iter_mut().enumerate() {
            param.data = self.permuted(number, space, to);
        }
        net
    }

    pub fn units(&self, space: usize) -> usize {
        self.spec.spaces()[space].units()
    }
}

pub fn unflatten(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &n) in index.iter_mut().zip(shape).rev() {
        *i = flat % n;
        flat /= n;
    }
    index
}

pub fn flatten(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |flat, (i, n)| flat * n + i)
}

/// A random architecture; all numbers are 0. `most` is the largest number of units of a space.
pub fn architecture(rng: &mut Rng, most: usize) -> Net {
    let n = |rng: &mut Rng| if rng.chance(12) { rng.below(2) } else { rng.between(1, most) };
    let fixed = rng.between(1, 3);
    let (a, b, c) = (n(rng), n(rng), n(rng));
    let outputs = if rng.chance(2) { "out" } else { "" };
    let spec = AxesSpec::builder().space("a", a).space("b", b).space("c", c).space("out", fixed);
    let bias = rng.chance(2);
    let turn = |rng: &mut Rng, layer: layers::Layer| {
        if rng.chance(3) { layer.input_first() } else { layer }
    };
    let strip = |layer: layers::Layer| if bias { layer } else { layer.without_bias() };
    let layers: Vec<layers::Layer> = match rng.below(6) {
        0 => vec![
            turn(rng, layers::dense("l1", "", "a")),
            turn(rng, strip(layers::dense("l2", "a", "b"))),
            turn(rng, strip(layers::dense("l3", "b", outputs))),
        ],
        1 => vec![
            strip(layers::conv("conv1", "", "a", 2)),
            layers::norm("norm1", "a"),
            strip(layers::conv("conv2", "a", "b", 1)),
            turn(rng, layers::dense("head", NamedAxis::flattened("b", 2), outputs)),
        ],
        2 => vec![layers::recurrent("rnn", "", "a"), strip(layers::dense("head", "a", outputs))],
        3 => vec![
            layers::embedding("embed", "a"),
            layers::norm("norm1", "a"),
            strip(layers::attention("attn", "a", "b", 2)),
            layers::residual("mlp", "a", "c"),
            turn(rng, layers::dense("head", "a", outputs)),
        ],
        4 => vec![
            strip(layers::conv("point", "", NamedAxis::flattened("a", 2), 0)),
            layers::grouped_conv("group", "a", 3, 1),
            layers::dense("head", NamedAxis::flattened("a", 3), outputs),
        ],
        _ => vec![
            strip(layers::dense("l1", "", "a")),
            layers::vectors("scale", &["gain", "shift"], "a"),
            strip(layers::recurrent("rnn", "a", "b")),
            layers::dense("l2", "b", "c"),
            layers::dense("l3", "c", outputs),
        ],
    };
    let unit_count = |name: &str| match name {
        "a" => a,
        "b" => b,
        "c" => c,
        _ => fixed,
    };
    let mut params = Vec::new();
    let mut builder = spec;
    for layer in layers {
        for (path, axes) in layer.params() {
            let grouped = path == "group.weight";
            let shape: Vec<usize> = axes
                .iter()
                .enumerate()
                .map(|(k, axis)| match axis.axis.space() {
                    Some(name) => unit_count(name) * axis.axis.inner(),
                    None if grouped && k == 1 => 2,
                    None => fixed,
                })
                .collect();
            let data = vec![0.0; shape.iter().product()];
            params.push(Param { path: path.to_owned(), shape, data });
        }
        builder = builder.layer(layer);
    }
    let shapes: Vec<(String, Vec<usize>)> =
        params.iter().map(|p| (p.path.clone(), p.shape.clone())).collect();
    let spec = builder.build(shapes.iter().map(|(p, s)| (p.as_str(), s.as_slice()))).unwrap();
    Net { spec, params }
}

/// Random labels with few classes for every space.
pub fn plant(rng: &mut Rng, net: &Net) -> Vec<Vec<usize>> {
    net.spec
        .spaces()
        .iter()
        .map(|space| {
            let classes = rng.between(1, space.units().max(1));
            (0..space.units()).map(|_| rng.below(classes)).collect()
        })
        .collect()
}

/// Fills every parameter so that units with one label are twins: a number depends only on the labels of its units, on
/// which of these units are the same, and on fixed indices.
pub fn fill_by_labels(rng: &mut Rng, net: &mut Net, labels: &[Vec<usize>], palette: &[f64]) {
    for number in 0..net.params.len() {
        let axes = net.axes(number);
        let salt = rng.next();
        let shape = net.params[number].shape.clone();
        for (flat, x) in net.params[number].data.iter_mut().enumerate() {
            let index = unflatten(flat, &shape);
            let mut key = vec![salt];
            for (i, axis) in index.iter().zip(&axes) {
                match axis {
                    None => key.push(*i as u64),
                    Some((s, inner)) => {
                        key.push((labels[*s][i / inner] * 100 + i % inner) as u64);
                        let same = |(j, other): (&usize, &Option<(usize, usize)>)| {
                            other.is_some_and(|(t, inner_j)| t == *s && j / inner_j == i / inner)
                        };
                        key.push(index.iter().zip(&axes).filter(|&p| same(p)).count() as u64);
                    }
                }
            }
            let mut own = Rng(key.iter().fold(7, |h, k| Rng(h ^ k).next()));
            *x = own.pick(palette);
        }
    }
}

/// Adds deviations whose row sums and column sums over every block of labels are zero: equitable classes stay, twins
/// go.
pub fn deviate(rng: &mut Rng, net: &mut Net, labels: &[Vec<usize>], times: usize) {
    for _ in 0..times {
        let number = rng.below(net.params.len());
        let axes = net.axes(number);
        let spaces: Vec<usize> = (0..axes.len()).filter(|&n| axes[n].is_some()).collect();
        let &[a, b] = &spaces[..] else { continue };
        let shape = net.params[number].shape.clone();
        if shape.contains(&0) {
            continue;
        }
        let mut index: Vec<usize> = shape.iter().map(|&n| rng.below(n)).collect();
        let mut alike = |axis: usize, i: usize| {
            let (space, inner) = axes[axis].unwrap();
            let same: Vec<usize> = (0..labels[space].len())
                .filter(|&u| labels[space][u] == labels[space][i / inner])
                .collect();
            rng.pick(&same) * inner + i % inner
        };
        let rows = [index[a], alike(a, index[a])];
        let columns = [index[b], alike(b, index[b])];
        for (i, j, sign) in [(0, 0, 1.0), (0, 1, -1.0), (1, 0, -1.0), (1, 1, 1.0)] {
            (index[a], index[b]) = (rows[i], columns[j]);
            net.params[number].data[flatten(&index, &shape)] += sign;
        }
    }
}

/// Changes a few random entries.
pub fn disturb(rng: &mut Rng, net: &mut Net, times: usize, palette: &[f64]) {
    for _ in 0..times {
        let number = rng.below(net.params.len());
        let data = &mut net.params[number].data;
        if !data.is_empty() {
            let at = rng.below(data.len());
            data[at] = rng.pick(palette);
        }
    }
}

/// A random renumbering of `0..n`.
pub fn shuffle(rng: &mut Rng, n: usize) -> Vec<usize> {
    let mut to: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        to.swap(i, rng.below(i + 1));
    }
    to
}

/// Whether two units are in one class of a result.
pub fn alike(space: &constinit_symmetry::SpaceSymmetry, u: usize, v: usize) -> bool {
    space.partition().alike(UnitIndex::new(u).unwrap(), UnitIndex::new(v).unwrap())
}
