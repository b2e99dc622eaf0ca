//! Tests the spaces of a spec by permuting units.
#![allow(dead_code, reason = "each test binary uses a part of this")]

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use constinit_burn22::Error;
use constinit_burn22::axes::{Trace, Traced, trace};
use constinit_burn22::params::{
    parameter_paths, read_parameters, tied_parameters, write_parameters,
};
use constinit_symmetry::{AxesSpec, RoleAxis, SpaceId};

/// Outputs that differ by no more than this, relative to the largest, are the same.
const SAME: f64 = 1e-4;

/// SplitMix64: numbers that look random and are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn data(&mut self, shape: &[usize], low: f64, high: f64) -> TensorData {
        let entries = (0..shape.iter().product()).map(|_| self.uniform(low, high));
        TensorData::new(entries.collect::<Vec<f64>>(), shape)
    }

    pub fn tensor<const D: usize>(&mut self, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(self.data(&shape, -1.0, 1.0), &Device::flex())
    }

    /// A permutation without fixed points.
    fn derangement(&mut self, n: usize) -> Vec<usize> {
        // Sattolo's algorithm: one cycle through all.
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i));
        }
        order
    }
}

/// The parameter with the units along one axis permuted; the axis has `inner` entries per unit.
fn permuted(data: &TensorData, axis: usize, inner: usize, order: &[usize]) -> TensorData {
    let shape = data.shape().to_vec();
    let stride: usize = shape[axis + 1..].iter().product();
    let values = data.as_slice::<f64>().unwrap();
    let new = (0..values.len()).map(|place| {
        let member = place / stride % shape[axis];
        let [block, unit] = [member / inner / order.len(), member / inner % order.len()];
        let from = (block * order.len() + order[unit]) * inner + member % inner;
        values[place - member * stride + from * stride]
    });
    TensorData::new(new.collect::<Vec<f64>>(), shape)
}

fn space_of(axis: &RoleAxis) -> Option<SpaceId> {
    axis.axis.space().copied()
}

/// A model with random values for all parameters, and what it computes.
struct Case<'a, M, F> {
    model: M,
    spec: &'a AxesSpec,
    values: Vec<(String, TensorData)>,
    run: F,
    plain: Vec<f64>,
}

impl<'a, M: Module, F: Fn(&M) -> Tensor<D>, const D: usize> Case<'a, M, F> {
    fn new(model: M, spec: &'a AxesSpec, random: &mut Random, run: F) -> Self {
        let paths = parameter_paths(&model);
        assert_eq!(spec.params().len(), paths.len(), "every parameter is covered");
        // Writing the first path of a tied parameter writes all of its paths.
        let tied = tied_parameters(&model).into_iter();
        let copies: Vec<String> = tied.flat_map(|group| group.into_iter().skip(1)).collect();
        let read = paths.into_iter().zip(read_parameters(&model));
        let values = read.filter(|(path, _)| !copies.contains(path)).map(|(path, read)| {
            let low = if path.ends_with("running_var") { 0.5 } else { -1.0 };
            (path, random.data(read.shape(), low, 1.0))
        });
        let mut case = Self { values: values.collect(), model, spec, run, plain: Vec::new() };
        case.plain = case.outputs(&case.values);
        case
    }

    fn outputs(&self, values: &[(String, TensorData)]) -> Vec<f64> {
        let values = values.iter().map(|(path, data)| (path.as_str(), data.clone()));
        let model = write_parameters(self.model.clone(), values).unwrap();
        (self.run)(&model).into_data().iter::<f64>().collect()
    }

    fn largest(&self) -> f64 {
        self.plain.iter().fold(0.0_f64, |largest, y| largest.max(y.abs()))
    }

    /// How much the function changes, relative to its largest value, if the units of a space are permuted on all of its
    /// axes but one.
    fn moved(&self, space: SpaceId, order: &[usize], left_out: Option<(&str, usize)>) -> f64 {
        let values = self.values.iter().map(|(path, data)| {
            let param = &self.spec.params()[self.spec.param_id(path).unwrap().get()];
            let mut data = data.clone();
            for (number, axis) in param.axes().iter().enumerate() {
                if space_of(axis) == Some(space) && left_out != Some((path, number)) {
                    data = permuted(&data, number, axis.axis.inner(), order);
                }
            }
            (path.clone(), data)
        });
        let new = self.outputs(&values.collect::<Vec<_>>());
        let apart = self.plain.iter().zip(new).map(|(a, b)| (a - b).abs());
        apart.fold(0.0, f64::max) / self.largest()
    }
}

/// Proves for each space of a spec that permuting its units leaves the function of a module as it is, and that leaving
/// out any one axis does not, except for the axes of the parameters named in `idle`.
///
/// All parameters get random values first.
pub fn prove<M: Module, const D: usize>(
    model: M,
    spec: &AxesSpec,
    idle: &[&str],
    run: impl Fn(&M) -> Tensor<D>,
) {
    let mut random = Random::new(17);
    let case = Case::new(model, spec, &mut random, run);
    assert!(case.largest() > 0.0 && case.largest().is_finite(), "the function is constant");
    for space in spec.space_ids() {
        let name = spec.spaces()[space.get()].name();
        let order = random.derangement(spec.spaces()[space.get()].units());
        let moved = case.moved(space, &order, None);
        assert!(moved < SAME, "{name}: permuting its units changes the function by {moved}");
        for (path, _) in case.values.iter().filter(|(path, _)| !idle.contains(&path.as_str())) {
            let param = &spec.params()[spec.param_id(path).unwrap().get()];
            for (number, axis) in param.axes().iter().enumerate() {
                if space_of(axis) == Some(space) {
                    let moved = case.moved(space, &order, Some((path, number)));
                    assert!(moved > SAME, "{name}: axis {number} of {path} does not matter");
                }
            }
        }
    }
}

/// How much permuting the units of each space changes the function; None if there is nothing to compare.
pub fn changes<M: Module, const D: usize>(
    model: M,
    spec: &AxesSpec,
    run: impl Fn(&M) -> Tensor<D>,
) -> Option<Vec<f64>> {
    let mut random = Random::new(23);
    let case = Case::new(model, spec, &mut random, run);
    let changes = spec.space_ids().map(|space| {
        let order = random.derangement(spec.spaces()[space.get()].units());
        case.moved(space, &order, None)
    });
    let largest = case.largest();
    (largest > 1e-6 && largest < 1e9).then(|| changes.collect())
}

/// Traces a model of one input and one output.
pub fn traced<M: Module, const D: usize, const E: usize>(
    model: &M,
    shape: [usize; D],
    run: impl FnOnce(&M, Tensor<D>) -> Tensor<E>,
) -> Result<Traced, Error> {
    trace(model, |model, device| {
        let x = Tensor::zeros(shape, device);
        Trace::new().input(x.clone()).output(run(model, x))
    })
}

/// Name and units of each space.
pub fn spaces(spec: &AxesSpec) -> Vec<(&str, usize)> {
    spec.spaces().iter().map(|space| (space.name(), space.units())).collect()
}

/// The axes of a space: `path.axis`, and `outer*path.axis*inner` if it has more entries per unit.
pub fn axes_of(spec: &AxesSpec, name: &str) -> Vec<String> {
    let space = spec.space_id(name).unwrap();
    let mut found = Vec::new();
    for param in spec.params() {
        for (number, axis) in param.axes().iter().enumerate() {
            if space_of(axis) == Some(space) {
                let inner = match axis.axis.inner() {
                    1 => String::new(),
                    inner => format!("*{inner}"),
                };
                let outer = match axis.axis.outer() {
                    1 => String::new(),
                    outer => format!("{outer}*"),
                };
                found.push(format!("{outer}{}.{number}{inner}", param.path()));
            }
        }
    }
    found
}
