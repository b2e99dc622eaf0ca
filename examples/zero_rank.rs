//! How far a deterministic start limits learning: the highest rank of the change of a square layer after a widening
//! layer that starts from a partial identity, from Hadamard's matrix, or at random. `cargo run --example zero_rank`
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::{Init, InitPlan, InitRule};
use constinit::params::read_parameters;
use constinit::prelude::*;
use constinit::{ConstInit, ConstInitConfig, Error, train::Loss};

type B = Autodiff<NdArray>;

fn main() -> Result<(), Error> {
    let digits = smartcore::dataset::digits::load_dataset();
    let device = Default::default();
    let x = Tensor::<B, 2>::from_data(TensorData::new(digits.data, [1797, 64]), &device) / 16.0;
    let classes: Vec<i32> = digits.target.iter().map(|class| *class as i32).collect();
    let classes = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let targets: Tensor<B, 2> = classes.clone().one_hot::<2>(10).float();

    let random = Init::VarianceScaling {
        scale: 2.0, // He's, for ReLU
        fan: Default::default(),
        distribution: Default::default(),
    };
    let weight = |net: &ConstInit<B>| read_parameters(net)[2].data.iter().collect::<Vec<f64>>();
    let partial = Init::PartialIdentity { gain: 1.0 };
    for (name, widening, square) in [
        ("partial identity", partial.clone(), partial.clone()),
        ("Hadamard (ZerO)", Init::ZeroOne, partial.clone()),
        ("random", random.clone(), random),
    ] {
        let config = ConstInitConfig::new(vec![64, 64, 256, 256, 10]).with_bias(false);
        let plan = InitPlan::new(0)
            .rule(InitRule::glob("layers.0.weight", square.clone()))
            .rule(InitRule::glob("layers.1.weight", widening))
            .rule(InitRule::glob("layers.2.weight", square))
            .rule(InitRule::glob("layers.3.weight", Init::ZeroOne));
        let (mut net, _) = plan.apply(config.init::<B>(&device))?;
        let (start, mut most) = (weight(&net), 0);
        let mut sgd = SgdConfig::new().init::<B, ConstInit<B>>();
        for step in 0..200 {
            let batch = step * 64 % 1728..step * 64 % 1728 + 64;
            let outputs = net.forward(x.clone().slice([batch.clone(), 0..64]));
            let loss = Loss::CrossEntropy.forward(outputs, targets.clone().slice([batch, 0..10]));
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = sgd.step(0.05, net, gradients);
            if step % 20 == 19 {
                let learned = weight(&net).into_iter().zip(&start).map(|(now, start)| now - start);
                most = most.max(rank(learned.collect(), 256));
            }
        }
        let found: Tensor<B, 1, Int> = net.forward(x.clone()).argmax(1).squeeze_dim(1);
        let right = found.equal(classes.clone()).int().sum().into_scalar();
        println!("{name:16}  rank {most:3}  {right} of 1797 digits right");
    }
    Ok(())
}

/// The rank of a matrix without directions that are rounding, by elimination with full pivoting.
fn rank(mut m: Vec<f64>, n: usize) -> usize {
    let largest = m.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    for rank in 0..n {
        let rest = (rank..n).flat_map(|i| (rank..n).map(move |j| (i, j)));
        let (i, j) =
            rest.max_by(|a, b| m[a.0 * n + a.1].abs().total_cmp(&m[b.0 * n + b.1].abs())).unwrap();
        if m[i * n + j].abs() <= 1e-5 * largest {
            return rank;
        }
        (0..n).for_each(|k| m.swap(i * n + k, rank * n + k));
        (0..n).for_each(|k| m.swap(k * n + j, k * n + rank));
        for i in rank + 1..n {
            let factor = m[i * n + rank] / m[rank * n + rank];
            (rank..n).for_each(|k| m[i * n + k] -= factor * m[rank * n + k]);
        }
    }
    n
}
