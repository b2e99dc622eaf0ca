//! A perceptron's parameters as a network of classes in closed form.

use crate::config::RunConfig;
use crate::failure::Failure;
use crate::plan;
use constinit::init::{Init, ParameterAxes, RngKey};
use constinit_symmetry::dynamics::{DenseLayer, Perceptron};
use constinit_symmetry::{
    AxesSpec, Invariant, OwnedParam, ParamView, Preservation, Quotient, Symmetry, equitable, keeps,
    quotient, twins,
};

/// The parameters of a network, in the order of its axes.
pub struct Parameters {
    pub spec: AxesSpec,
    values: Vec<Vec<f64>>,
}

impl Parameters {
    /// The parameters that the rules make, in the precision of the backends.
    fn by_rules(config: &RunConfig) -> Result<Self, Failure> {
        let spec = plan::spec(config)?;
        let values = plan::plan(config).values(&spec).map_err(plan::usage)?;
        Ok(Self { spec, values: values.into_iter().map(|data| data.doubles()).collect() })
    }

    /// Parameters with these values, in the order of the axes.
    pub fn new(
        config: &RunConfig,
        values: impl Iterator<Item = Vec<f64>>,
    ) -> Result<Self, Failure> {
        Ok(Self { spec: plan::spec(config)?, values: values.collect() })
    }

    fn views(&self) -> Result<Vec<ParamView<'_>>, Failure> {
        let params = self.spec.params().iter().zip(&self.values);
        let views =
            params.map(|(param, values)| ParamView::new(param.path(), param.shape(), values));
        views.collect::<Result<_, _>>().map_err(Failure::usage)
    }

    pub fn twins(&self) -> Result<Symmetry, Failure> {
        twins(&self.spec, &self.views()?).map_err(Failure::usage)
    }

    fn equitable(&self) -> Result<Symmetry, Failure> {
        equitable(&self.spec, &self.views()?).map_err(Failure::usage)
    }

    fn quotient(&self, classes: &Symmetry) -> Result<Quotient, Failure> {
        quotient(classes, &self.views()?).map_err(Failure::usage)
    }

    /// The network of these classes.
    pub fn network(&self, classes: &Symmetry) -> Result<Perceptron<f64>, Failure> {
        network(&self.quotient(classes)?)
    }
}

/// What a run trains in closed form.
pub struct Start {
    /// One unit for each class that the optimizer keeps.
    pub network: Perceptron<f64>,
    /// Entries of the full network.
    pub entries: usize,
    /// How many classes of twins each hidden layer has.
    pub twins: Vec<usize>,
    /// How to lift the network of classes to the full one; None if each hidden layer is one class, which it then stays.
    quotient: Option<Quotient>,
}

impl Start {
    pub fn new(config: &RunConfig) -> Result<Self, Failure> {
        if config.is_constant() { Self::constant(config) } else { Self::by_rules(config) }
    }

    /// The units of a hidden layer are equal, whatever the constants are. So the network of classes is the network of
    /// the same constants with one unit in each hidden layer.
    fn constant(config: &RunConfig) -> Result<Self, Failure> {
        let model = &config.model;
        let (dims, layers) = (&model.layer_dims, model.layer_dims.len() - 1);
        let is_hidden = |space: usize| 0 < space && space < layers;
        let width = |space: usize| if is_hidden(space) { 1 } else { dims[space] };
        let entry = |value: f64| f64::from(value as f32);
        let made =
            |init: &Init, shape: &[usize], axes| init.values(shape, axes, &RngKey::default());
        let mut all = Vec::with_capacity(layers);
        let starts = model.layer_inits();
        for (layer, start) in starts.iter().enumerate() {
            let [reads, makes] = [width(layer), width(layer + 1)];
            let weight = made(&start.weight, &[reads, makes], ParameterAxes::LINEAR_WEIGHT)?;
            let of_output = |output| weight.iter().skip(output).step_by(makes);
            let bias = match model.bias {
                true => Some(made(&start.bias, &[makes], ParameterAxes::VECTOR)?),
                false => None,
            };
            all.push(DenseLayer {
                weight: (0..makes).flat_map(of_output).map(|value| entry(*value)).collect(),
                bias: bias.map(|bias| bias.into_iter().map(entry).collect()),
            });
        }
        let widths: Vec<usize> = (0..=layers).map(width).collect();
        let sizes = |space: usize| match is_hidden(space) {
            true => vec![dims[space]],
            false => vec![1; dims[space]],
        };
        let sizes: Vec<Vec<usize>> = (1..=layers).map(sizes).collect();
        let network = Perceptron::new(&widths, all).and_then(|all| all.with_class_sizes(&sizes));
        let entries = dims.windows(2).map(|pair| (pair[0] + usize::from(model.bias)) * pair[1]);
        Ok(Self {
            network: network.map_err(Failure::usage)?,
            entries: entries.sum(),
            twins: vec![1; layers - 1],
            quotient: None,
        })
    }

    fn by_rules(config: &RunConfig) -> Result<Self, Failure> {
        let start = Parameters::by_rules(config)?;
        let twins = start.twins()?;
        let facts = config.training.optimizer.facts();
        let quotient = match keeps(Invariant::Equitable, facts.optimizer(), facts.decay()) {
            Preservation::Kept => start.quotient(&start.equitable()?)?,
            Preservation::Broken => start.quotient(&twins)?,
        };
        Ok(Self {
            network: network(&quotient)?,
            entries: start.values.iter().map(Vec::len).sum(),
            twins: counts(&twins),
            quotient: Some(quotient),
        })
    }

    /// How many classes of twins each hidden layer has after training made this network from the network of classes.
    pub fn twins_after(&self, trained: &Perceptron<f64>) -> Result<Vec<usize>, Failure> {
        let Some(quotient) = &self.quotient else { return Ok(self.twins.clone()) };
        let chain = quotient.chain().map_err(Failure::usage)?;
        let means = quotient.means_of_perceptron(&chain, trained, |number| *number);
        let means = means.map_err(Failure::usage)?;
        let views: Vec<ParamView<'_>> = means.iter().map(OwnedParam::view).collect();
        // Units of a class differ only in their deviations. Without deviations, the classes are the classes of twins.
        let found = if quotient.has_deviations() {
            let lifted = quotient.lift(&views).map_err(Failure::usage)?;
            let views: Vec<ParamView<'_>> = lifted.iter().map(OwnedParam::view).collect();
            twins(quotient.classes().spec(), &views)
        } else {
            twins(quotient.spec(), &views)
        };
        Ok(counts(&found.map_err(Failure::usage)?))
    }
}

/// The network of the classes of a quotient.
fn network(quotient: &Quotient) -> Result<Perceptron<f64>, Failure> {
    let chain = quotient.chain().map_err(Failure::usage)?;
    quotient.perceptron(&chain, |mean| mean).map_err(Failure::usage)
}

/// The number of classes of each space.
pub fn counts(classes: &Symmetry) -> Vec<usize> {
    classes.spaces().iter().map(|space| space.partition().len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Configurations with optimizers that keep equitable classes, and with others.
    fn config() -> impl Strategy<Value = RunConfig> {
        let number = prop_oneof![-3.0..3.0_f64, Just(-0.0), Just(3.4e38), Just(-1.0)];
        let dims = prop::collection::vec(1..5_usize, 3..6);
        let optimizer = prop::sample::select(vec!["sgd", "adam", "lion"]);
        let start = prop::sample::select(vec!["ramp", "constant", "zeros"]);
        (dims, number, -2.0..2.0_f64, any::<bool>(), (optimizer, start), any::<bool>()).prop_map(
            |(dims, w, b, bias, (optimizer, start), decays)| {
                let decay = if decays { ", weight_decay = 0.1" } else { "" };
                let text = format!(
                    "[model]\nlayer_dims = {dims:?}\nbias = {bias}\nstart = {start:?}\ninit_w = {w:?}\ninit_b = {b:?}\n[data]\n\
                     [training]\noptimizer = {{ type = \"{optimizer}\", learning_rate = 0.1{decay} }}\n"
                );
                RunConfig::parse(&text, "run.toml").unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn constants_start_as_the_classes_that_are_found_in_them(config in config()) {
            let [known, found] = [Start::constant(&config), Start::by_rules(&config)];
            let (known, found) = (known.unwrap(), found.unwrap());
            let bits = |start: &Start| -> Vec<u64> {
                start.network.numbers().iter().map(|number| number.to_bits()).collect()
            };
            prop_assert_eq!(bits(&known), bits(&found));
            prop_assert_eq!(&known.network, &found.network);
            prop_assert_eq!((known.entries, &known.twins), (found.entries, &found.twins));
            // Any trained numbers.
            let mut trained = known.network.clone();
            let numbers = trained.numbers_mut().iter_mut();
            numbers.enumerate().for_each(|(k, number)| *number += k as f64);
            let after = |start: &Start| start.twins_after(&trained).unwrap();
            prop_assert_eq!(after(&known), after(&found));
        }
    }
}
