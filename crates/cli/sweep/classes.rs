//! A perceptron's parameters as a network of classes in closed form.

use crate::config::RunConfig;
use crate::failure::Failure;
use crate::plan;
use constinit::init::{Init, ParameterAxes, RngKey};
use constinit::train::OptimizerConfig;
use constinit_symmetry::dynamics::Perceptron;
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
    /// As they are before training, in the precision of the backends.
    pub fn at_start(config: &RunConfig) -> Result<Self, Failure> {
        let spec = plan::spec(config)?;
        let values = match config.init.is_empty() {
            true => constants(config, &spec)?,
            false => by_plan(config, &spec)?,
        };
        Ok(Self { spec, values })
    }

    /// Of these values, in the order of the axes.
    pub fn new(
        config: &RunConfig,
        values: impl Iterator<Item = Vec<f64>>,
    ) -> Result<Self, Failure> {
        Ok(Self { spec: plan::spec(config)?, values: values.collect() })
    }

    pub fn entries(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
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

    /// The classes that an optimizer keeps: equitable ones where it does, else twins.
    pub fn kept_classes(&self, optimizer: &OptimizerConfig) -> Result<Symmetry, Failure> {
        let facts = optimizer.facts();
        match keeps(Invariant::Equitable, facts.optimizer(), facts.decay()) {
            Preservation::Kept => equitable(&self.spec, &self.views()?).map_err(Failure::usage),
            Preservation::Broken => self.twins(),
        }
    }

    /// The network of these classes.
    pub fn collapsed(&self, classes: &Symmetry) -> Result<Classes, Failure> {
        let quotient = quotient(classes, &self.views()?).map_err(Failure::usage)?;
        let chain = quotient.chain().map_err(Failure::usage)?;
        let network = quotient.perceptron(&chain, |mean| mean).map_err(Failure::usage)?;
        Ok(Classes { quotient, network })
    }
}

/// A network of classes.
pub struct Classes {
    pub quotient: Quotient,
    pub network: Perceptron<f64>,
}

impl Classes {
    /// How many classes of twins each hidden layer has once the network of classes has become this one.
    pub fn twins_after(&self, trained: &Perceptron<f64>) -> Result<Vec<usize>, Failure> {
        let chain = self.quotient.chain().map_err(Failure::usage)?;
        let means = self.quotient.means_of_perceptron(&chain, trained, |number| *number);
        let means = means.map_err(Failure::usage)?;
        let views: Vec<ParamView<'_>> = means.iter().map(OwnedParam::view).collect();
        // Units of a class differ in nothing but their deviations; without, classes tell all of them.
        let found = if self.quotient.has_deviations() {
            let lifted = self.quotient.lift(&views).map_err(Failure::usage)?;
            let views: Vec<ParamView<'_>> = lifted.iter().map(OwnedParam::view).collect();
            twins(self.quotient.classes().spec(), &views)
        } else {
            twins(self.quotient.spec(), &views)
        };
        Ok(counts(&found.map_err(Failure::usage)?))
    }
}

/// The number of classes of each space.
pub fn counts(classes: &Symmetry) -> Vec<usize> {
    classes.spaces().iter().map(|space| space.partition().len()).collect()
}

/// The constants that a network without rules starts from.
fn constants(config: &RunConfig, spec: &AxesSpec) -> Result<Vec<Vec<f64>>, Failure> {
    let draw = RngKey::default();
    let mut made = Vec::with_capacity(spec.params().len());
    let mut shapes = spec.params().iter().map(|param| param.shape());
    for layer in config.model.network().constants() {
        let mut fill = |init: &Init, axes| -> Result<(), Failure> {
            let shape = shapes.next().unwrap_or(&[]);
            let values = init.values(shape, axes, &draw)?;
            made.push(values.into_iter().map(|value| f64::from(value as f32)).collect());
            Ok(())
        };
        fill(&layer.weight, ParameterAxes::LINEAR_WEIGHT)?;
        if config.model.bias {
            fill(&layer.bias, ParameterAxes::VECTOR)?;
        }
    }
    Ok(made)
}

fn by_plan(config: &RunConfig, spec: &AxesSpec) -> Result<Vec<Vec<f64>>, Failure> {
    let values = plan::plan(config).values(spec).map_err(plan::usage)?;
    Ok(values.into_iter().map(|data| data.doubles()).collect())
}
