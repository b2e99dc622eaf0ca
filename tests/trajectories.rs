//! Runs of other configurations against PyTorch in float64; see `data/trajectories.py`.

use crate::program::{Folder, backends, fast_backends};
use safetensors::SafeTensors;

fn check(backend: &str, run: &toml::Table, tolerance: f64) {
    let name = run["name"].as_str().unwrap();
    let numbers = |value: &toml::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|v| v.as_float().unwrap()).collect()
    };
    let close = |found: f64, expected: f64, what: &str| {
        let error = (found - expected).abs() / expected.abs().max(1e-3);
        assert!(error <= tolerance, "{name} on {backend}: {what}: {found} and not {expected}");
    };
    let folder = Folder::new();
    folder.write("run.toml", &toml::to_string(&run["config"]).unwrap());
    let args = ["run", "--config", "run.toml", "--json", "--backend", backend, "--out", "out"];
    let lines = folder.run(&args).ok().json();
    let losses: Vec<f64> = lines.iter().filter_map(|line| line["loss"].as_f64()).collect();
    let expected = numbers(&run["losses"]);
    assert_eq!(losses.len(), expected.len(), "{name}");
    for (step, (found, expected)) in losses.iter().zip(&expected).enumerate() {
        close(*found, *expected, &format!("loss of step {}", step + 1));
    }

    let bytes = std::fs::read(folder.join("out/model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let parameters = run["parameters"].as_array().unwrap();
    assert_eq!(tensors.len(), parameters.len(), "{name}");
    let bias = tensors.names().iter().any(|name| name.ends_with("bias"));
    for (number, expected) in parameters.iter().enumerate() {
        let path = match (bias, number % 2) {
            (true, 0) => format!("linear{}.weight", number / 2 + 1),
            (true, _) => format!("linear{}.bias", number / 2 + 1),
            (false, _) => format!("linear{}.weight", number + 1),
        };
        let tensor = tensors.tensor(&path).unwrap();
        let found = tensor.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        let expected = numbers(expected);
        assert_eq!(found.len(), expected.len(), "{name}: {path}");
        for (entry, (found, expected)) in found.zip(expected).enumerate() {
            close(f64::from(found), expected, &format!("{path}, entry {entry}"));
        }
    }
}

fn runs() -> Vec<toml::Table> {
    let file: toml::Table = include_str!("data/trajectories.toml").parse().unwrap();
    let runs = file["run"].as_array().unwrap();
    runs.iter().map(|run| run.as_table().unwrap().clone()).collect()
}

#[test]
fn losses_and_parameters_follow_pytorch() {
    for backend in fast_backends() {
        for run in runs() {
            check(backend, &run, 1e-4);
        }
    }
}

#[test]
fn the_gpu_follows_too() {
    if backends().contains(&"wgpu") {
        for run in runs().iter().filter(|run| run["name"].as_str() == Some("softplus at 0")) {
            check("wgpu", run, 1e-3);
        }
    }
}
