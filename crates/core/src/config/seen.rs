//! Examples as a step of a run sees them: in the precision of the backends, with the shift of the step.

use super::RunConfig;
use super::data::Examples;

/// A number of an example as a step sees it.
pub fn seen(value: f64, shift: f64) -> f64 {
    f64::from(value as f32 + shift as f32)
}

/// The shift of the examples at the last of `steps` steps; before the first step, the shift of the first.
pub fn last_shift(shift_per_step: f64, steps: usize) -> f64 {
    shift_per_step * steps.saturating_sub(1) as f64
}

/// Inputs and targets of all examples as the last of `steps` steps saw them.
pub fn last_seen(config: &RunConfig, examples: &Examples, steps: usize) -> [Vec<f64>; 2] {
    let shift = last_shift(config.data.shift_per_step, steps);
    let matrices = [&examples.inputs, &examples.targets];
    matrices.map(|matrix| matrix.values.iter().map(|value| seen(*value, shift)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::NOTEBOOK;
    use super::*;
    use std::path::Path;

    #[test]
    fn the_last_step_saw_one_shift_less_than_there_are_steps() {
        let config = RunConfig::parse(NOTEBOOK, "notebook").unwrap();
        let (examples, _) = Examples::read(&config, Path::new("")).unwrap();
        let [_, before] = last_seen(&config, &examples, 0);
        let [_, first] = last_seen(&config, &examples, 1);
        let [inputs, last] = last_seen(&config, &examples, 50);
        assert_eq!((&before, &first), (&vec![1.0; 16], &vec![1.0; 16]));
        assert_eq!(last, [50.0; 16]);
        assert_eq!(inputs[0], f64::from(-0.6458_f32 + 49.0));
    }
}
