//! The README's figures: six hidden units that start as three, in a loop of one's own that leaves the folder of a run for
//! `constinit report`. Without dropout twins stay one; with dropout from step 61 on they diverge at that step. And the phase
//! diagram of `docs/figures/phase.toml`.
//!
//! `scripts/figures` draws docs/figures again by this.
#![cfg(feature = "ndarray")]

mod program;

use burn::nn::DropoutConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{Int, Tensor, backend::Backend};
use burn_autodiff::Autodiff;
use burn_ndarray::NdArray;
use constinit::init::Init;
use constinit::prelude::*;
use constinit::probe::{ProbedOptimizer, SymmetryProbe};
use constinit::{Activation, ConstInit, ConstInitConfig, LayerInit};
use program::Folder;
use serde_json::{Value, json};
use std::path::Path;

type B = Autodiff<NdArray>;
const UNITS: usize = 6;
const STEPS: usize = 150;

#[test]
fn the_readme_s_figures_are_what_happens() {
    for (name, dropout, lines, mark) in
        [("held", 0.0, 3, None), ("broken", 0.3, 9, Some(" diverge, step 61</text>"))]
    {
        let folder = Folder::new();
        run(&folder.join("run"), dropout);
        folder.run(&["report", "run", "--format", "svg", "--figure", "units-hidden1"]).ok();
        let drawn = std::fs::read_to_string(folder.join("run/figures/units-hidden1.svg")).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/figures/{name}.svg"));
        if std::env::var_os("CONSTINIT_DRAW").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        // Three classes until step 61, and six units from then on. Numbers may differ in their last digits on other machines, and so may the lines by a pixel.
        for svg in [drawn, std::fs::read_to_string(&path).unwrap()] {
            assert_eq!(svg.matches("class=\"line trace").count(), lines, "{name}");
            assert_eq!(
                svg.matches("class=\"alarm\"").count(),
                usize::from(mark.is_some()),
                "{name}"
            );
            assert!(mark.is_none_or(|mark| svg.contains(mark)), "{name}");
        }
    }
}

#[test]
fn the_phase_diagram_is_that_of_its_sweep() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures");
    let config = docs.join("phase.toml");
    let folder = Folder::new();
    folder.run(&["sweep", "--config", config.to_str().unwrap(), "--out", "sweep"]).ok();
    folder.run(&["report", "sweep", "--format", "svg", "--figure", "phase-final-loss"]).ok();
    let drawn = folder.join("sweep/figures/phase-final-loss.svg");
    let drawn = std::fs::read_to_string(drawn).unwrap();
    if std::env::var_os("CONSTINIT_DRAW").is_some() {
        std::fs::write(docs.join("phase.svg"), &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(docs.join("phase.svg")).unwrap();
    // A number that differs in its last digits may have the next colour, and chaos differs in all of them.
    let size = |svg: &str| svg.len() as f64;
    assert!(size(&kept) > 10_000.0 && (size(&drawn) / size(&kept) - 1.0).abs() < 0.05);
    for label in ["model.init_w", "learning_rate"] {
        assert!(drawn.contains(label) && kept.contains(label), "{label}");
    }
}

/// Trains on iris, and writes the folder.
fn run(folder: &Path, dropout: f64) {
    let (iris, device) = (smartcore::dataset::iris::load_dataset(), Default::default());
    B::seed(&device, 1);
    let x = Tensor::<B, 1>::from_data(&iris.data[..], &device).reshape([150, 4]);
    let classes: Vec<i32> = iris.target.iter().map(|class| *class as i32).collect();
    let y = Tensor::<B, 1, Int>::from_data(&classes[..], &device);
    let normal = || Init::normal(0.0, 0.5);
    let starts = [
        LayerInit { weight: normal().symmetrised(3), bias: normal().symmetrised(3) },
        LayerInit { weight: normal().symmetrised_inputs(3), bias: Init::Zeros },
    ];
    let config = ConstInitConfig::new(vec![4, UNITS, 3]).with_activation(Activation::Tanh);
    let mut net: ConstInit<B> = config.try_init_with(&starts, &device).unwrap();
    let probe = SymmetryProbe::new(net.axes().unwrap()).reporting(|_| {});
    let mut adam = ProbedOptimizer::new(AdamConfig::new().init(), probe);

    let (mut losses, mut units) = (vec![Value::Null], vec![state(0, &net)]);
    for step in 1..=STEPS {
        let mut hidden = net.activation.forward(net.layers[0].forward(x.clone()));
        if step > 60 {
            hidden = DropoutConfig::new(dropout).init().forward(hidden);
        }
        let outputs = net.layers[1].forward(hidden);
        let loss = CrossEntropyLossConfig::new().init(&device).forward(outputs, y.clone());
        losses.push(json!(loss.clone().into_scalar()));
        net = adam.step(0.02, net.clone(), GradientsParams::from_grads(loss.backward(), &net));
        units.push(state(step, &net));
    }

    let start = json!({"event": "start", "schema": 1, "backend": "ndarray"});
    let mut readings = vec![start];
    let probe = adam.probe();
    for (reading, loss) in probe.readings().iter().zip(losses) {
        let of = &reading.spaces[0];
        let space =
            json!({"name": "hidden1", "units": of.units, "twins": of.twins, "spread": of.spread()});
        readings.push(
            json!({"event": "reading", "step": reading.step, "loss": loss, "spaces": [space]}),
        );
    }
    let found = probe.first_break().map(|b| {
        json!({"step": b.step, "since": b.since, "space": b.space, "units": b.units, "parameter": b.parameter,
            "difference": b.difference, "ulps": b.ulps, "cause": b.cause.to_string()})
    });
    let verdict = if found.is_some() { "broken" } else { "held" };
    readings.push(json!({"event": "end", "step": STEPS, "verdict": verdict, "first_break": found}));
    let value = "the mean of its incoming weights, its bias and its outgoing weights";
    units.insert(0, json!({"event": "start", "schema": 1, "value": value}));
    let text = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in [
        ("config.toml", format!("# dropout = {dropout} from step 61 on\n")),
        ("readings.jsonl", text(&readings)),
        ("units.jsonl", text(&units)),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// The class of each hidden unit, and the mean of what is its own for each class.
fn state(step: usize, net: &ConstInit<B>) -> Value {
    let [first, bias, second] = [
        net.layers[0].weight.val().into_data(),
        net.layers[0].bias.as_ref().expect("a bias").val().into_data(),
        net.layers[1].weight.val().into_data(),
    ]
    .map(|data| data.to_vec::<f32>().expect("single precision"));
    let mut distinct: Vec<Vec<f32>> = Vec::new();
    let class = |unit: usize| {
        let incoming = first.iter().skip(unit).step_by(UNITS);
        let outgoing = second.iter().skip(3 * unit).take(3);
        let own: Vec<f32> = incoming.chain([&bias[unit]]).chain(outgoing).copied().collect();
        distinct.iter().position(|known| *known == own).unwrap_or_else(|| {
            distinct.push(own);
            distinct.len() - 1
        })
    };
    let classes: Vec<usize> = (0..UNITS).map(class).collect();
    let values: Vec<f32> =
        distinct.iter().map(|own| own.iter().sum::<f32>() / own.len() as f32).collect();
    json!({"event": "units", "step": step, "spaces": [{"name": "hidden1", "classes": classes, "values": values}]})
}
