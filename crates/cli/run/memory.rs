//! Whether a run fits into memory. This is checked before the run starts: if memory runs out in the middle of a run,
//! allocators and drivers end the program.

use crate::backend_name::{BackendName, Limits};
use crate::config::RunConfig;
use crate::failure::Failure;
use constinit::linear_name;
use constinit_core::hidden_name;

/// Every backend of the program computes in single precision.
const ENTRY: u128 = size_of::<f32>() as u128;

/// Tensors of the size of a batch that a unit takes while the gradient is computed: the input and the output of the
/// activation, and the gradients of both. Measured as peak memory: 3 on flex, 4 on ndarray.
const ACTIVATIONS: u128 = 4;

/// The same for dropout: a mask, and the masked activations.
const DROPOUT: u128 = 2;

/// Copies of the full parameters if a quotient is trained, at the start and whenever it is lifted: on the device, read
/// back, kept for deviations, lifted, and a reading.
const LIFTED: u128 = 5;

/// What a run needs, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Needs {
    /// The largest tensor, by name.
    largest: (String, u128),
    total: u128,
}

/// Refuses a run of `examples` that the backend has no memory for. The memory of the quotient itself depends on its
/// classes, which are not known yet. It is little compared with the full parameters.
pub fn check(
    config: &RunConfig,
    examples: usize,
    quotient: bool,
    backend: BackendName,
    limits: Limits,
) -> Result<(), Failure> {
    let needs = Needs::of(config, examples, quotient);
    let dims = &config.model.layer_dims;
    let (name, size) = &needs.largest;
    if let Some(most) = limits.largest_tensor.filter(|most| *size > u128::from(*most)) {
        return Err(Failure::usage(format!(
            "model.layer_dims = {dims:?}: {name} takes {}, but a buffer of backend {} holds at \
             most {}",
            bytes(*size),
            backend.as_str(),
            bytes(most.into())
        )));
    }
    if let Some(free) = limits.memory.filter(|free| needs.total > u128::from(*free)) {
        return Err(Failure::usage(format!(
            "model.layer_dims = {dims:?}: the run does not fit into memory: it needs about {} ({name} alone {}), but \
             {} are free",
            bytes(needs.total),
            bytes(*size),
            bytes(free.into())
        )));
    }
    Ok(())
}

impl Needs {
    fn of(config: &RunConfig, examples: usize, quotient: bool) -> Self {
        let dims = &config.model.layer_dims;
        let bias = u128::from(config.model.bias);
        // A forecast takes gradients of the full network on all examples.
        let forecast = config.probe.forecast.is_some();
        let batch = config.data.batch_size.filter(|_| !forecast).unwrap_or(examples);
        let batch = batch.min(examples) as u128;
        let mut tensors: Vec<(String, u128)> = Vec::new();
        let mut parameters = 0;
        for (number, pair) in dims.windows(2).enumerate() {
            let (inputs, outputs) = (pair[0] as u128, pair[1] as u128);
            parameters += (inputs + bias) * outputs;
            let weight = format!("{} [{outputs}, {inputs}]", linear_name(number, "weight"));
            tensors.push((weight, inputs * outputs * ENTRY));
        }
        let widths = dims.iter().enumerate();
        let ends = |number: usize| number == 0 || number + 1 == dims.len();
        for (number, width) in widths.filter(|(number, _)| !quotient || forecast || ends(*number)) {
            let name = match number {
                0 => "the batch of inputs".to_owned(),
                last if last + 1 == dims.len() => "the batch of outputs".to_owned(),
                hidden => format!("the batch of {}", hidden_name(hidden - 1)),
            };
            let size = batch * *width as u128;
            tensors.push((format!("{name} [{batch}, {width}]"), size * ENTRY));
        }
        let hidden: u128 = dims[1..].iter().map(|width| *width as u128).sum();
        let data = (dims[0] + dims[dims.len() - 1]) as u128 * examples as u128;
        let state = config.training.optimizer.state_tensors() as u128;
        let dropout = if config.model.dropout.is_some() { DROPOUT } else { 0 };
        let gradient = parameters * (1 + state) + (ACTIVATIONS + dropout) * batch * hidden;
        // The parameter before and after, its gradient, and a reading.
        let update = parameters * (4 + state);
        // The examples are kept as doubles, too.
        let training = match (quotient, forecast) {
            (false, _) => gradient.max(update),
            (true, false) => LIFTED * parameters,
            (true, true) => LIFTED * parameters + ACTIVATIONS * batch * hidden,
        };
        let total = (training + 3 * data) * ENTRY;
        // The first of the largest tensors.
        let largest = tensors.into_iter().rev().max_by_key(|(_, size)| *size).unwrap_or_default();
        Self { largest, total }
    }
}

/// A number of bytes for people.
fn bytes(number: u128) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.into_iter().find(|(_, size)| number >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", number as f64 / size as f64),
        None => format!("{number} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(optimizer: &str) -> RunConfig {
        let text = format!(
            "[model]\nlayer_dims = [10, 1000, 2]\n[data]\ninputs = [[1]]\ntargets = [[2]]\n\
             [training]\noptimizer = {{ type = \"{optimizer}\" }}\n"
        );
        RunConfig::parse(&text, "run.toml").unwrap()
    }

    #[test]
    fn needs_are_counted() {
        // 11 * 1000 + 1001 * 2 parameters, without state of SGD and with two of Adam; 5 or 50
        // examples of 1002 units and of 12 inputs and targets.
        let sgd = Needs::of(&config("sgd"), 5, false);
        assert_eq!(sgd.total, 4 * (13_002 * 4 + 180));
        assert_eq!(sgd.largest, ("linear1.weight [1000, 10]".to_owned(), 40_000));
        assert_eq!(Needs::of(&config("adam"), 5, false).total, 4 * (13_002 * 6 + 180));
        let many = Needs::of(&config("sgd"), 50, false);
        assert_eq!(many.total, 4 * (13_002 + 4 * 50_100 + 1800));
        assert_eq!(many.largest, ("the batch of hidden1 [50, 1000]".to_owned(), 200_000));
        // A quotient never has the activations of all units.
        let quotient = Needs::of(&config("adam"), 50, true);
        assert_eq!(quotient.total, 4 * (13_002 * 5 + 1800));
        assert_eq!(quotient.largest, ("linear1.weight [1000, 10]".to_owned(), 40_000));
        // Forecasts need the activations of all units, on all examples.
        let mut config = config("adam");
        config.probe.forecast = Some(7);
        config.data.batch_size = Some(5);
        let quotient = Needs::of(&config, 50, true);
        assert_eq!(quotient.total, 4 * (13_002 * 5 + 4 * 50_100 + 1800));
        assert_eq!(quotient.largest, ("the batch of hidden1 [50, 1000]".to_owned(), 200_000));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let check = |limits| {
            check(&config("sgd"), 5, false, BackendName::Wgpu, limits)
                .map_err(|error| error.to_string())
        };
        let none = Limits { largest_tensor: None, memory: None };
        assert_eq!(check(none), Ok(()));
        assert_eq!(check(Limits { largest_tensor: Some(40_000), ..none }), Ok(()));
        assert_eq!(
            check(Limits { largest_tensor: Some(39_999), ..none }).unwrap_err(),
            "model.layer_dims = [10, 1000, 2]: linear1.weight [1000, 10] takes 40.0 kB, but a \
             buffer of backend wgpu holds at most 40.0 kB"
        );
        let error = check(Limits { memory: Some(100_000), ..none }).unwrap_err();
        assert!(error.contains("about 208.8 kB (linear1.weight [1000, 10] alone"), "{error}");
    }
}
