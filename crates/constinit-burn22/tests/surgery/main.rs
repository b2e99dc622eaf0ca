//! Surgery in doubles: functions stay the same, quotients train as the full module does, and operations that are
//! impossible are refused.

mod functions;
mod modules;
mod quotients;
mod refusals;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, DeviceConfig, FloatDType, Tensor, TensorData};
use constinit_burn22::params::{parameter_paths, read_parameters, write_parameters};
use constinit_burn22::{Activation, ConstInit, ConstInitConfig, Error};
use constinit_symmetry::layers::Layer;
use constinit_symmetry::{AxesSpec, Axis, Role};
use std::sync::Once;

/// Flex with doubles as its float type, which must be set before the first tensor.
fn device() -> Device {
    static DOUBLES: Once = Once::new();
    DOUBLES.call_once(|| {
        let doubles = DeviceConfig::default().float_dtype(FloatDType::F64);
        Device::flex().configure(doubles).unwrap();
    });
    Device::flex()
}

/// For training.
fn autodiff() -> Device {
    device().autodiff()
}

/// A multiple of 1/64 between -1 and 1, so that sums of a few are exact.
fn dyadic(key: &[usize]) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in key {
        state = (state ^ *part as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        state = state.wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 32;
    }
    (state % 129) as f64 / 64.0 - 1.0
}

fn inputs(rows: usize, columns: usize, seed: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f64> = (0..rows * columns).map(|entry| dyadic(&[seed, 77, entry])).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// How entries depend on classes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Classes {
    /// Entries are equal within a block.
    Twins,
    /// In addition, a pattern whose sums vanish.
    Equitable,
    /// Outgoing entries are all different.
    Forward,
}

/// A module with random parameters whose units are in the given classes.
fn imposed<M: Module>(
    module: M,
    spec: &AxesSpec,
    classes: &[Vec<usize>],
    how: Classes,
    seed: usize,
) -> M {
    let mut written = Vec::new();
    for (number, param) in spec.params().iter().enumerate() {
        let shape = param.shape();
        let entries: usize = shape.iter().product();
        let sign = |space: usize, unit: usize| {
            let first: Vec<usize> = (0..classes[space].len())
                .filter(|u| classes[space][*u] == classes[space][unit])
                .collect();
            match first[..] {
                [a, _, ..] if a == unit => 1.0,
                [_, b, ..] if b == unit => -1.0,
                _ => 0.0,
            }
        };
        let value = |entry: usize| {
            let mut key = vec![seed, number];
            let (mut rest, mut signs) = (entry, Vec::new());
            for (axis, size) in param.axes().iter().zip(shape).rev() {
                let index = rest % size;
                rest /= size;
                let unit = |space: usize, unit: usize| match (how, axis.role) {
                    (Classes::Forward, Role::Input) => unit,
                    _ => classes[space][unit],
                };
                match axis.axis {
                    Axis::Fixed => key.push(index),
                    Axis::Space(space) => {
                        key.push(unit(space.get(), index));
                        signs.push(sign(space.get(), index));
                    }
                    Axis::Flattened { space, inner, .. } => {
                        let units = classes[space.get()].len();
                        key.extend([index % inner, unit(space.get(), index / inner % units)]);
                        key.push(index / inner / units);
                    }
                }
            }
            let value = dyadic(&key);
            match how {
                _ if param.path().ends_with("running_var") => value.abs() + 0.5,
                Classes::Equitable if signs.len() == 2 => value + signs[0] * signs[1] / 4.0,
                _ => value,
            }
        };
        let data = TensorData::new((0..entries).map(value).collect::<Vec<f64>>(), shape.to_vec());
        written.push((param.path(), data));
    }
    write_parameters(module, written).unwrap()
}

/// Classes at random, as many as units or fewer.
fn random_classes(spec: &AxesSpec, seed: usize) -> Vec<Vec<usize>> {
    let of = |(number, units): (usize, usize)| {
        let class = |unit: usize| ((dyadic(&[seed, number, unit, 5]) + 1.0) * 32.0) as usize % 3;
        (0..units).map(class).collect()
    };
    spec.spaces().iter().map(|space| space.units()).enumerate().map(of).collect()
}

fn mlp(dims: &[usize], activation: Activation, device: &Device) -> (ConstInit, AxesSpec) {
    let net = ConstInitConfig::new(dims.to_vec()).with_activation(activation).init(device);
    let spec = net.axes().unwrap();
    (net, spec)
}

/// A spec that is declared by hand.
fn declared<M: Module>(
    net: &M,
    spaces: &[(&str, usize)],
    layers: impl IntoIterator<Item = Layer>,
) -> AxesSpec {
    let parameters = read_parameters(net);
    let shapes = parameters.iter().map(|data| &data.shape()[..]);
    let paths = parameter_paths(net);
    let builder = AxesSpec::builder();
    let builder =
        spaces.iter().fold(builder, |builder, (name, units)| builder.space(*name, *units));
    let builder = layers.into_iter().fold(builder, |builder, layer| builder.layer(layer));
    builder.build(paths.iter().map(String::as_str).zip(shapes)).unwrap()
}

fn values<const D: usize>(y: Tensor<D>) -> Vec<f64> {
    y.into_data().try_into_vec().unwrap()
}

/// The id of each float parameter, in visiting order.
fn ids<M: Module>(module: &M) -> Vec<ParamId> {
    #[derive(Default)]
    struct Ids(Vec<ParamId>);
    impl ModuleVisitor for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.id);
        }
    }
    let mut ids = Ids::default();
    module.visit(&mut ids);
    ids.0
}

/// The parameters, with the statistics of batch norms after the last pass.
fn all_parameters<M: Module>(module: &M) -> Vec<f64> {
    read_parameters(&module.valid()).iter().flat_map(|data| data.iter::<f64>()).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn assert_close(a: &[f64], b: &[f64], within: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = a.iter().fold(1e-3_f64, |s, v| s.max(v.abs()));
    let off = a.iter().zip(b).fold(0.0_f64, |d, (a, b)| d.max((a - b).abs())) / scale;
    assert!(off <= within, "{what}: off by {off:e}");
}

fn message<T>(result: Result<T, Error>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}
