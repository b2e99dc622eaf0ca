//! `units.jsonl`: which hidden units are equal, and one number per class, at some of the readings.
//!
//! The number of a unit is the mean of all its entries: incoming weights, bias and outgoing weights.
//!
//! ```text
//! mean(u) = (Σ weight_in[u][·] + bias[u] + Σ weight_out[·][u]) / number of these
//! ```
//!
//! The sum has the same order for all units, so the numbers of twins are bitwise equal. Units that differ in any entry
//! have different numbers, except by coincidence. The file has a number for each class, not for each unit, so it stays
//! small if units are equal.

use super::readings::{finite, line_of, write_line};
use crate::config::RunConfig;
use crate::failure::Failure;
use burn::tensor::TensorData;
use constinit::probe::Schedule;
use constinit_records::{UNIT_VALUE, UNITS_SCHEMA, UnitsRecord, UnitsSpace, UnitsStartRecord};
use constinit_symmetry::{AxesSpec, Elements, ParamView, SpaceId, twins};
use std::fs::File;
use std::io::{self, Seek};

/// The largest number of states in a file, without those of first breaks: about as many as a figure has pixels.
const STATES: usize = 512;
/// The largest number of values in a file, unless two states have more.
const NUMBERS: usize = 1_000_000;

/// The first line of the file.
pub fn start_line() -> io::Result<String> {
    line_of(&UnitsStartRecord { schema: UNITS_SCHEMA, value: UNIT_VALUE.to_owned() })
}

/// The file, open for appending.
pub struct UnitsFile(File);

/// The steps whose states are saved, in addition to those of first breaks. They depend only on the configuration, so a
/// run that was killed and resumed saves the same ones.
pub fn schedule(config: &RunConfig) -> Schedule {
    let units: usize = match config.model.layer_dims.as_slice() {
        [_, hidden @ .., _] => hidden.iter().sum(),
        _ => 0,
    };
    let states = (NUMBERS / units.max(1)).clamp(2, STATES);
    let readings = (config.training.steps / config.probe.every).saturating_add(1);
    let every = readings.div_ceil(states).saturating_mul(config.probe.every);
    Schedule::every(every).or(Schedule::at(config.training.steps))
}

impl UnitsFile {
    pub fn new(file: File) -> Self {
        Self(file)
    }

    /// The number of bytes that are written and on the disk.
    pub fn bytes(&mut self) -> io::Result<u64> {
        self.0.sync_data()?;
        self.0.stream_position()
    }

    /// Writes the state after a step: parameters by their paths in the module.
    pub fn keep(
        &mut self,
        step: usize,
        axes: &AxesSpec,
        paths: &[String],
        data: &[&TensorData],
    ) -> Result<(), Failure> {
        self.write(&state(step, axes, paths, data)?)
    }

    fn write(&mut self, state: &UnitsRecord) -> Result<(), Failure> {
        write_line(&mut self.0, state)
            .map_err(|error| Failure::usage(format!("units.jsonl: {error}")))
    }
}

/// The state of all units after a step: parameters by their paths in the module.
pub fn state(
    step: usize,
    axes: &AxesSpec,
    paths: &[String],
    data: &[&TensorData],
) -> Result<UnitsRecord, Failure> {
    let views = paths.iter().zip(data).map(|(path, data)| view(path, data));
    state_of(step, axes, &views.collect::<Result<Vec<_>, Failure>>()?)
}

fn state_of(
    step: usize,
    axes: &AxesSpec,
    params: &[ParamView<'_>],
) -> Result<UnitsRecord, Failure> {
    let classes = twins(axes, params).map_err(Failure::usage)?;
    let space = |id: SpaceId| {
        let partition = classes.spaces()[id.get()].partition();
        let means = means(axes, params, id);
        let labels = || partition.labels().iter().map(|class| class.get()).collect();
        UnitsSpace {
            name: axes.spaces()[id.get()].name().to_owned(),
            classes: (!partition.is_discrete()).then(labels),
            values: partition.representatives().map(|unit| finite(means[unit.get()])).collect(),
        }
    };
    Ok(UnitsRecord { step, spaces: axes.space_ids().map(space).collect() })
}

fn view<'a>(path: &'a str, data: &'a TensorData) -> Result<ParamView<'a>, Failure> {
    // All backends of the program compute in single precision.
    let entries = data.as_slice::<f32>();
    let entries = entries.map_err(|error| Failure::usage(format!("{path}: {error:?}")))?;
    ParamView::new(path, data.shape.as_slice(), entries).map_err(Failure::usage)
}

/// The mean of each unit's entries.
fn means(axes: &AxesSpec, params: &[ParamView<'_>], space: SpaceId) -> Vec<f64> {
    let units = axes.spaces()[space.get()].units();
    let mut sums = vec![0.0; units];
    let mut entries = 0_usize;
    for view in params {
        let Some(param) = axes.param_id(view.path()) else { continue };
        let param = &axes.params()[param.get()];
        let Elements::F32(data) = view.elements() else { continue };
        for (number, axis) in param.axes().iter().enumerate() {
            if axis.axis.space() != Some(&space) || units == 0 {
                continue;
            }
            // Storage is row-major, so every unit adds its entries in the same order.
            let inner: usize = view.shape()[number + 1..].iter().product::<usize>().max(1);
            for of_all in data.chunks(inner * units) {
                for (sum, own) in sums.iter_mut().zip(of_all.chunks(inner)) {
                    own.iter().for_each(|entry| *sum += f64::from(*entry));
                }
            }
            entries += data.len() / units;
        }
    }
    sums.iter().map(|sum| sum / entries as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use constinit_symmetry::layers;

    fn network(first: &[f32; 6]) -> (AxesSpec, Vec<ParamView<'_>>) {
        // Burn's orientation: [input, output].
        let params = vec![
            ParamView::new("a.weight", &[2, 3], first).unwrap(),
            ParamView::new("a.bias", &[3], &[0.5_f32, 0.5, 0.5]).unwrap(),
            ParamView::new("b.weight", &[3, 1], &[4.0_f32, 4.0, 4.0]).unwrap(),
        ];
        let axes = AxesSpec::builder()
            .space("hidden1", 3)
            .layer(layers::dense("a", "", "hidden1").input_first())
            .layer(layers::dense("b", "hidden1", "").input_first().without_bias())
            .build(params.iter().map(ParamView::signature))
            .unwrap();
        (axes, params)
    }

    #[test]
    fn a_class_has_the_mean_of_what_is_its_units_own() {
        let (axes, params) = network(&[1.0, 1.0, 2.0, 0.1, 0.1, 0.3]);
        let space = axes.space_id("hidden1").unwrap();
        let found = means(&axes, &params, space);
        let expected = [(1.0, 0.1_f32), (1.0, 0.1), (2.0, 0.3)]
            .map(|(one, two)| (one + f64::from(two) + 0.5 + 4.0) / 4.0);
        assert_eq!(found, expected);

        let mut file = UnitsFile::new(tempfile::tempfile().unwrap());
        file.write(&state_of(7, &axes, &params).unwrap()).unwrap();
        let (axes, params) = network(&[1.0, 2.0, 3.0, 0.0, 0.0, f32::NAN]);
        file.write(&state_of(8, &axes, &params).unwrap()).unwrap();
        assert_eq!(file.bytes().unwrap(), file.0.metadata().unwrap().len());
        file.0.rewind().unwrap();
        let lines = io::read_to_string(&file.0).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert!(
            lines[0].starts_with(
                "{\"event\":\"units\",\"step\":7,\"spaces\":[{\"name\":\"hidden1\",\"classes\":[0,0,1],\"values\":[1.4"
            ),
            "{}",
            lines[0]
        );
        assert!(lines[1].ends_with("\"values\":[1.375,1.625,null]}]}"), "{}", lines[1]);
    }

    #[test]
    fn long_and_wide_runs_keep_fewer_states() {
        let states = |hidden: usize, steps: usize, every: usize| {
            let text = format!(
                "[model]\nlayer_dims = [1, {hidden}, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n\
                 [training]\nsteps = {steps}\n[probe]\nevery = {every}\n"
            );
            let due = schedule(&RunConfig::parse(&text, "run.toml").unwrap());
            assert!(due.due(0) && due.due(steps));
            (0..=steps)
                .filter(|step| due.due(*step) && (step % every == 0 || *step == steps))
                .count()
        };
        assert_eq!(states(2, 50, 1), 51);
        assert_eq!(states(2, 500, 10), 51);
        assert!((256..=STATES + 1).contains(&states(1000, 10_000, 1)));
        assert!(states(100_000, 10_000, 1) <= 11);
        assert!(states(10_000_000, 100, 1) <= 3);
        let text = "[model]\nlayer_dims = [1, 2, 1]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n";
        let mut endless = RunConfig::parse(text, "run.toml").unwrap();
        endless.training.steps = usize::MAX;
        assert!(schedule(&endless).due(usize::MAX) && !schedule(&endless).due(1));
    }
}
