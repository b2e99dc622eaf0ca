//! Writes what a project on Burn 0.22 saves, for the tests of `constinit-checkpoint`:
//! `cargo run -p constinit-burn-agreement --example burn22_files crates/checkpoint/tests/data`
//!
//! - `burn22.bpk`, `burn22.safetensors`: the chain of `make.py`, in which units 0 and 2 of `fc1` are equal
//! - `burn22_adam.bpk`: the state of its Adam optimizer after one step

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Tensor, TensorData};
use burn22 as burn;
use std::path::PathBuf;

#[derive(Module, Debug)]
struct Net {
    fc1: Linear,
    fc2: Linear,
}

fn linear([inputs, outputs]: [usize; 2], weight: &[f32], bias: &[f32], device: &Device) -> Linear {
    let mut layer = LinearConfig::new(inputs, outputs).init(device);
    let weight = TensorData::new(weight.to_vec(), [inputs, outputs]);
    layer.weight = Param::from_tensor(Tensor::from_data(weight, device));
    layer.bias = Some(Param::from_tensor(Tensor::from_data(bias, device)));
    layer
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: burn22_files FOLDER")?);
    let device = Device::flex().autodiff();
    let net = Net {
        fc1: linear([2, 3], &[1.0, 3.0, 1.0, 2.0, 4.0, 2.0], &[0.5; 3], &device),
        fc2: linear([3, 1], &[7.0, 8.0, 7.0], &[0.0], &device),
    };
    net.clone().save_file(folder.join("burn22.bpk"))?;
    net.save_into(
        &mut SafetensorsStore::from_file(folder.join("burn22.safetensors")).overwrite(true),
    )?;

    let x = Tensor::<2>::from_data([[1.0, -0.5]], &device);
    let y = net.fc2.forward(net.fc1.forward(x));
    let gradients = GradientsParams::from_grads(y.square().mean().backward(), &net);
    let mut adam = AdamConfig::new().init();
    adam.step(0.01, net, gradients);
    adam.save(folder.join("burn22_adam.bpk"))?;
    Ok(())
}
