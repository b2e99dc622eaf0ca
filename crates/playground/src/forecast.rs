//! The forecast for twins: for the largest class that each hidden layer starts with, in closed form.

use crate::engine::{Engine, refused};
use crate::network::{places, unit_numbers, views};
use constinit_core::Error;
use constinit_core::text::number;
use constinit_core::transverse::extreme_curvatures;
use constinit_symmetry::dynamics::Perceptron;
use constinit_symmetry::forecast::{ESCAPED, Forecast};
use constinit_symmetry::{UnitIndex, quotient, transverse, twins};
use serde::Serialize;

/// The forecast for one layer.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    /// The layer's name.
    pub space: String,
    /// The units of its largest class.
    pub units: Vec<usize>,
    /// The difference between the two units that differ most, relative to their size.
    pub apart: f64,
    /// The factor by which a difference grows per step; None if there is no rate.
    pub factor: Option<f64>,
    /// The number of steps in which a difference of the requested size grows to 1 %.
    pub escape_in: Option<f64>,
    /// In words.
    pub sentence: String,
}

/// The forecast for the largest class of several units that each hidden layer of `engine` started with, from the state
/// in `network`. `start` is the relative size of the difference; None means the present difference.
pub fn outlook(
    engine: &Engine,
    network: &Perceptron<f64>,
    [inputs, targets]: [&[f64]; 2],
    start: Option<f64>,
) -> Result<Vec<Outlook>, Error> {
    let mut all = Vec::new();
    for (number, space) in engine.axes().spaces().iter().enumerate() {
        let Some(units) = engine.class_of_start(number) else { continue };
        let (pair, apart) = farthest(network, number + 1, &units);
        let mut found = Outlook {
            space: space.name().to_owned(),
            apart,
            factor: None,
            escape_in: None,
            sentence: String::new(),
            units,
        };
        if apart >= ESCAPED {
            let ([u, v], apart) = (pair, self::number(apart, 3));
            found.sentence = format!("units {u} and {v} differ by {apart} of their size");
        } else {
            let from = start.unwrap_or(apart).max(f64::EPSILON);
            match forecast(engine, network, number + 1, &found.units, [inputs, targets], from) {
                Ok(forecast) => {
                    (found.factor, found.escape_in) = (forecast.factor(), forecast.escape_in());
                    found.sentence = forecast.to_string();
                }
                Err(error) => found.sentence = error.to_string(),
            }
        }
        all.push(found);
    }
    Ok(all)
}

/// The forecast for the units of a layer, counted from 1, after their means made them exact twins.
fn forecast(
    engine: &Engine,
    network: &Perceptron<f64>,
    layer: usize,
    units: &[usize],
    [inputs, targets]: [&[f64]; 2],
    start: f64,
) -> Result<Forecast, Error> {
    let middle = averaged(network, layer, units);
    let params = views(engine.axes(), &middle, middle.numbers())?;
    let classes = twins(engine.axes(), &params)?;
    let small = quotient(&classes, &params)?;
    let trained = small.perceptron(&small.chain()?, |mean| mean)?;
    let partition = classes.spaces()[layer - 1].partition();
    let unit = UnitIndex::new(units[0]).and_then(|unit| partition.class_of(unit));
    let unit = unit.map_or(0, |class| class.get());
    let model = &engine.config().model;
    let (activation, loss) = (model.activation, engine.config().training.loss);
    let curvature =
        transverse(&trained, &activation, &loss, layer, unit, inputs, targets).map_err(refused)?;
    let update = engine.config().training.optimizer.update();
    let mut fastest: Option<Forecast> = None;
    for curvature in extreme_curvatures(&curvature)? {
        let forecast = Forecast::new(curvature, &update)?.escaping(start, ESCAPED);
        let faster = |other: &Forecast| match (forecast.factor(), other.factor()) {
            (Some(ours), Some(theirs)) => ours > theirs,
            // Without a rate, the lowest curvature, which comes first, says more.
            _ => false,
        };
        if fastest.as_ref().is_none_or(faster) {
            fastest = Some(forecast);
        }
    }
    fastest.ok_or_else(|| refused("no curvature"))
}

/// The same network, with the means of their numbers for these units. Equal numbers keep their bits.
fn averaged(network: &Perceptron<f64>, layer: usize, units: &[usize]) -> Perceptron<f64> {
    let mut middle = network.clone();
    let places: Vec<Vec<usize>> = units.iter().map(|unit| places(network, layer, *unit)).collect();
    for entry in 0..places.first().map_or(0, Vec::len) {
        let numbers = || places.iter().map(|places| network.numbers()[places[entry]]);
        let first = network.numbers()[places[0][entry]];
        let rest = numbers().map(|number| number - first).sum::<f64>() / units.len() as f64;
        for places in &places {
            middle.numbers_mut()[places[entry]] = first + rest;
        }
    }
    middle
}

/// The largest relative difference between the units of each hidden layer that began equal; None for a layer whose
/// units all differed.
pub fn apart(engine: &Engine, network: &Perceptron<f64>) -> Vec<Option<f64>> {
    let of_layer = |layer: usize| {
        let units = engine.class_of_start(layer - 1)?;
        Some(farthest(network, layer, &units).1).filter(|apart| apart.is_finite())
    };
    (1..network.layers()).map(of_layer).collect()
}

/// The first unit of the class and the unit that differs most from it, with their difference relative to their size.
fn farthest(network: &Perceptron<f64>, layer: usize, units: &[usize]) -> ([usize; 2], f64) {
    let length = |numbers: &[f64]| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
    let first = unit_numbers(network, layer, units[0]);
    let mut widest = ([units[0], units[1]], 0.0);
    for unit in &units[1..] {
        let other = unit_numbers(network, layer, *unit);
        let pairs = || first.iter().zip(&other);
        let between: Vec<f64> = pairs().map(|(a, b)| a - b).collect();
        let middle: Vec<f64> = pairs().map(|(a, b)| (a + b) / 2.0).collect();
        let size = length(&middle);
        let apart = length(&between) / if size > 0.0 { size } else { 1.0 };
        if apart > widest.1 {
            widest = ([units[0], *unit], apart);
        }
    }
    widest
}
