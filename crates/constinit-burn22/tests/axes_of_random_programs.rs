//! Random programs: every answer of a trace must be true, and the same with gradients, with which Burn records norms,
//! softmax and padding as other operations.
//!
//! In double precision, and so in a separate process: Burn keeps one float type per device.

#[path = "axes/proof.rs"]
mod proof;

use burn::module::{Module, Param};
use burn::nn::LayerNormConfig;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::module::{batch_norm, conv_transpose1d, conv1d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use constinit_burn22::axes::Traced;
use proof::{Random, changes, traced};
use std::fmt::Debug;

/// Small sizes that often coincide, or divide each other.
const SIZES: [usize; 5] = [1, 2, 3, 4, 6];
const INPUT: [usize; 3] = [2, 3, 4];
/// Larger tensors are not of interest.
const LARGEST: usize = 400;

#[derive(Module, Debug)]
struct Parameters {
    vectors: Vec<Param<Tensor<1>>>,
    matrices: Vec<Param<Tensor<2>>>,
    kernels: Vec<Param<Tensor<3>>>,
}

#[derive(Clone, Debug)]
enum Step {
    Tanh,
    Bias { vector: usize },
    Linear { matrix: usize },
    LinearTransposed { matrix: usize },
    Conv { kernel: usize, groups: usize },
    ConvTransposed { kernel: usize, groups: usize },
    Swap(usize, usize),
    Reshape([usize; 3]),
    Centre(usize),
    Softmax(usize),
    LogSoftmax(usize),
    LayerNorm { vector: usize },
    BatchNorm { vector: usize },
    Pad(usize),
    Sort(usize),
    SumAll,
    Reduce(usize),
    ReduceMax(usize),
    Gram,
    Keep,
    Add,
    Repeat(usize, usize),
    Cat(usize),
    CatKept(usize),
    Slice(usize, usize, usize),
    Assign(usize),
    Flip(usize),
    CumSum(usize),
    Select(usize, Vec<i64>),
    Mask,
    ArgMax(usize),
}

struct Program {
    steps: Vec<Step>,
    vectors: Vec<usize>,
    matrices: Vec<[usize; 2]>,
    kernels: Vec<[usize; 3]>,
}

impl Program {
    /// A program whose steps fit each other.
    fn random(random: &mut Random, length: usize) -> Self {
        let mut program =
            Self { steps: Vec::new(), vectors: vec![], matrices: vec![], kernels: vec![] };
        let mut shape = INPUT;
        let mut kept: Option<[usize; 3]> = None;
        // The input's own axes are fixed: the first steps must make new axes.
        let mut forced = vec![6, 4];
        while program.steps.len() < length {
            let axis = random.below(3);
            let size = SIZES[random.below(SIZES.len())];
            let pick = forced.pop().unwrap_or_else(|| random.below(34));
            let step = match pick {
                0 => Step::Tanh,
                1 => {
                    program.vectors.push(shape[2]);
                    Step::Bias { vector: program.vectors.len() - 1 }
                }
                2..=4 => {
                    // Often an existing matrix.
                    let known = program.matrices.iter().position(|m| m[0] == shape[2]);
                    let matrix = match known {
                        Some(matrix) if random.below(2) == 0 => matrix,
                        _ => {
                            program.matrices.push([shape[2], size]);
                            program.matrices.len() - 1
                        }
                    };
                    shape[2] = program.matrices[matrix][1];
                    Step::Linear { matrix }
                }
                5 => {
                    let known = program.matrices.iter().position(|m| m[1] == shape[2]);
                    let Some(matrix) = known else { continue };
                    shape[2] = program.matrices[matrix][0];
                    Step::LinearTransposed { matrix }
                }
                6 | 7 => {
                    let groups = [1, 2, 3][random.below(3)];
                    if !shape[1].is_multiple_of(groups) || !size.is_multiple_of(groups) {
                        continue;
                    }
                    program.kernels.push([size, shape[1] / groups, 1]);
                    shape[1] = size;
                    Step::Conv { kernel: program.kernels.len() - 1, groups }
                }
                8 => {
                    let groups = [1, 2, 3][random.below(3)];
                    if !shape[1].is_multiple_of(groups) {
                        continue;
                    }
                    program.kernels.push([shape[1], size, 1]);
                    shape[1] = size * groups;
                    Step::ConvTransposed { kernel: program.kernels.len() - 1, groups }
                }
                9 | 10 => {
                    shape.swap(axis, (axis + 1) % 3);
                    Step::Swap(axis, (axis + 1) % 3)
                }
                11..=13 => {
                    let entries: usize = shape.iter().product();
                    let divisors =
                        |n: usize| (1..=n).filter(|d| n.is_multiple_of(*d)).collect::<Vec<_>>();
                    let some = divisors(entries);
                    let first = some[random.below(some.len())];
                    let some = divisors(entries / first);
                    let second = some[random.below(some.len())];
                    shape = [first, second, entries / first / second];
                    Step::Reshape(shape)
                }
                14 => Step::Centre(axis),
                15 => match random.below(2) {
                    0 => Step::Softmax(axis),
                    _ => Step::LogSoftmax(axis),
                },
                16 => {
                    shape[axis] = 1;
                    Step::Reduce(axis)
                }
                17 => {
                    shape[axis] = 1;
                    Step::ReduceMax(axis)
                }
                18 => {
                    shape[2] = shape[1];
                    Step::Gram
                }
                19 => {
                    kept = Some(shape);
                    Step::Keep
                }
                20 | 21 => {
                    let Some(kept) = kept else { continue };
                    let fits = |(a, b): (&usize, &usize)| a == b || *a == 1 || *b == 1;
                    if !kept.iter().zip(&shape).all(fits) {
                        continue;
                    }
                    shape = std::array::from_fn(|i| shape[i].max(kept[i]));
                    Step::Add
                }
                22 => {
                    shape[axis] *= 2;
                    Step::Repeat(axis, 2)
                }
                23 => {
                    shape[axis] *= 2;
                    Step::Cat(axis)
                }
                24 => {
                    let Some(kept) = kept else { continue };
                    if (0..3).any(|i| i != axis && kept[i] != shape[i]) {
                        continue;
                    }
                    shape[axis] += kept[axis];
                    Step::CatKept(axis)
                }
                25 => {
                    let start = random.below(shape[axis]);
                    let end = start + 1 + random.below(shape[axis] - start);
                    shape[axis] = end - start;
                    Step::Slice(axis, start, end)
                }
                26 => Step::Assign(axis),
                27 => Step::Flip(axis),
                28 => match random.below(5) {
                    0 => Step::CumSum(axis),
                    1 => Step::Mask,
                    2 => Step::Sort(axis),
                    3 => Step::SumAll,
                    _ => Step::ArgMax(axis),
                },
                29 | 30 => {
                    program.vectors.push(shape[2]);
                    Step::LayerNorm { vector: program.vectors.len() - 1 }
                }
                31 => {
                    program.vectors.push(shape[1]);
                    Step::BatchNorm { vector: program.vectors.len() - 1 }
                }
                32 => {
                    shape[axis] += 1;
                    Step::Pad(axis)
                }
                _ => {
                    let indices: Vec<i64> =
                        (0..size).map(|_| random.below(shape[axis]) as i64).collect();
                    shape[axis] = size;
                    Step::Select(axis, indices)
                }
            };
            program.steps.push(step);
            if shape.iter().product::<usize>() > LARGEST {
                program.steps.push(Step::Reduce(0));
                shape[0] = 1;
                if shape.iter().product::<usize>() > LARGEST {
                    program.steps.push(Step::Reduce(1));
                    shape[1] = 1;
                }
            }
        }
        // One more matrix reads the result, so that its last axes can be units.
        program.matrices.push([shape[2], 2]);
        program.steps.push(Step::Linear { matrix: program.matrices.len() - 1 });
        program.kernels.push([2, shape[1], 1]);
        program.steps.push(Step::Conv { kernel: program.kernels.len() - 1, groups: 1 });
        program
    }

    fn parameters(&self) -> Parameters {
        fn zeros<const D: usize>(shapes: &[[usize; D]]) -> Vec<Param<Tensor<D>>> {
            let zeros = |shape: &[usize; D]| Tensor::zeros(*shape, &Device::flex());
            shapes.iter().map(|shape| Param::from_tensor(zeros(shape))).collect()
        }
        let vectors: Vec<[usize; 1]> = self.vectors.iter().map(|n| [*n]).collect();
        Parameters {
            vectors: zeros(&vectors),
            matrices: zeros(&self.matrices),
            kernels: zeros(&self.kernels),
        }
    }

    fn run(&self, parameters: &Parameters, x: Tensor<3>) -> Tensor<3> {
        let mut kept = x.clone();
        let vector = |number: &usize| parameters.vectors[*number].val();
        self.steps.iter().fold(x, |x, step| {
            let dims = x.dims();
            let device = x.device();
            match step {
                Step::Tanh => x.tanh(),
                Step::Bias { vector: number } => x + vector(number).unsqueeze(),
                Step::Linear { matrix } => {
                    burn::tensor::module::linear(x, parameters.matrices[*matrix].val(), None)
                }
                Step::LinearTransposed { matrix } => {
                    x.matmul(parameters.matrices[*matrix].val().transpose().unsqueeze())
                }
                Step::Conv { kernel, groups } => {
                    let options = ConvOptions::new([1], [0], [1], *groups);
                    conv1d(x, parameters.kernels[*kernel].val(), None, options)
                }
                Step::ConvTransposed { kernel, groups } => {
                    let options = ConvTransposeOptions::new([1], [0], [0], [1], *groups);
                    conv_transpose1d(x, parameters.kernels[*kernel].val(), None, options)
                }
                Step::Swap(a, b) => x.swap_dims(*a, *b),
                Step::Reshape(shape) => x.reshape(*shape),
                Step::Centre(axis) => x.clone() - x.mean_dim(*axis),
                Step::Softmax(axis) => softmax(x, *axis).mul_scalar(3.0),
                Step::LogSoftmax(axis) => log_softmax(x, *axis),
                Step::LayerNorm { vector: number } => {
                    // Burn has no function for it: its layer takes any gain.
                    let mut norm = LayerNormConfig::new(dims[2]).with_bias(false).init(&device);
                    norm.gamma = parameters.vectors[*number].clone();
                    norm.forward(x)
                }
                Step::BatchNorm { vector: number } => {
                    let [gain, bias, mean] = [(); 3].map(|()| vector(number));
                    let variance = vector(number).square().add_scalar(0.5);
                    batch_norm(x, gain, bias, mean, variance, 1e-5)
                }
                Step::Pad(axis) => {
                    let mut padding = [(0, 0); 3];
                    padding[*axis] = (1, 0);
                    x.pad(padding, 0.25)
                }
                Step::Sort(axis) => x.sort(*axis),
                Step::SumAll => x.clone() * x.sum_dims(&[0, 2]),
                Step::Reduce(axis) => x.sum_dim(*axis),
                Step::ReduceMax(axis) => x.max_dim(*axis),
                Step::Gram => x.clone().matmul(x.swap_dims(1, 2)),
                Step::Keep => {
                    kept = x.clone();
                    x
                }
                Step::Add => x + kept.clone(),
                Step::Repeat(axis, times) => x.repeat_dim(*axis, *times),
                Step::Cat(axis) => Tensor::cat(vec![x.clone(), x.tanh()], *axis),
                Step::CatKept(axis) => Tensor::cat(vec![x, kept.clone()], *axis),
                Step::Slice(axis, start, end) => {
                    let mut ranges = dims.map(|size| 0..size);
                    ranges[*axis] = *start..*end;
                    x.slice(ranges)
                }
                Step::Assign(axis) => {
                    let mut ranges = dims.map(|size| 0..size);
                    ranges[*axis] = 0..1;
                    x.clone().slice_assign(ranges, x.sum_dim(*axis))
                }
                Step::Flip(axis) => x.flip([*axis as isize]),
                Step::CumSum(axis) => x.cumsum(*axis),
                Step::Select(axis, indices) => {
                    let indices = TensorData::from(&indices[..]);
                    x.select(*axis, Tensor::<1, Int>::from_data(indices, &device))
                }
                Step::Mask => x.clone().mask_where(x.clone().lower_elem(0.1), x.mul_scalar(0.3)),
                Step::ArgMax(axis) => x.clone() * x.argmax(*axis).float().add_scalar(1.0),
            }
        })
    }
}

/// What a trace says, except for the sides of axes without units.
fn told(traced: &Traced) -> impl PartialEq + Debug + '_ {
    let axes = traced.axes.params().iter().flat_map(|param| param.axes());
    let roles = axes.map(|axis| (&axis.axis, axis.axis.space().map(|_| axis.role)));
    let roles: Vec<_> = roles.collect();
    (traced.axes.spaces(), roles, &traced.entrywise, &traced.width_dependent)
}

#[test]
fn what_is_found_in_random_programs_is_true() {
    Device::flex().configure(FloatDType::F64).unwrap();
    let (mut with_spaces, mut compared) = (0, 0);
    let programs = std::env::var("CONSTINIT_PROGRAMS").map_or(3000, |n| n.parse().unwrap());
    for seed in 0..programs {
        let mut random = Random::new(seed);
        let length = 3 + random.below(7);
        let program = Program::random(&mut random, length);
        let parameters = program.parameters();
        let run = |parameters: &Parameters, x| program.run(parameters, x);
        let traced = |parameters: &Parameters| traced(parameters, INPUT, run).unwrap();
        let [found, trained] = [traced(&parameters), traced(&parameters.clone().train())];
        assert_eq!(found.without_rule, []);
        assert_eq!(told(&trained), told(&found), "seed {seed}: {:?}", program.steps);
        if found.axes.spaces().is_empty() {
            continue;
        }
        with_spaces += 1;
        let x = random.tensor(INPUT);
        let changes = changes(parameters, &found.axes, |parameters| run(parameters, x.clone()));
        let Some(changes) = changes else { continue };
        compared += 1;
        for (space, change) in found.axes.spaces().iter().zip(changes) {
            assert!(
                change < 1e-6,
                "seed {seed}: {space:?} changes the function by {change}: {:?}\n{:?}",
                program.steps,
                found.axes
            );
        }
    }
    assert!(with_spaces > programs / 3, "{with_spaces} of {programs} programs have spaces");
    assert!(compared > with_spaces / 2, "{compared} of {with_spaces} could be compared");
}
