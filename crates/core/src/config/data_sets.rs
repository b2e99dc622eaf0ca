//! The data sets inside the program, as `data_sets/` has them: one example per line, its target last.

use super::Dataset;
use super::data::{Examples, Matrix};

/// The examples of a data set: the inputs and the target in each line of its file.
pub fn built_in(name: Dataset) -> Examples {
    let text = match name {
        Dataset::Iris => include_str!("data_sets/iris.csv"),
        Dataset::BreastCancer => include_str!("data_sets/breast_cancer.csv"),
        Dataset::Digits => include_str!("data_sets/digits.csv"),
        Dataset::Diabetes => include_str!("data_sets/diabetes.csv"),
    };
    let number = |text: &str| text.parse::<f64>().expect("the files hold numbers");
    let [mut inputs, mut targets] = [Vec::new(), Vec::new()];
    for line in text.lines() {
        let (input, target) = line.rsplit_once(',').expect("a target is last");
        inputs.extend(input.split(',').map(number));
        targets.push(number(target));
    }
    let rows = targets.len();
    let matrix = |values: Vec<f64>| Matrix { rows, columns: values.len() / rows, values };
    Examples { inputs: matrix(inputs), targets: matrix(targets) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smartcore::dataset::{Dataset as Known, breast_cancer, diabetes, digits, iris};

    fn known<Y: Copy + Into<f64>>(set: Known<f32, Y>) -> Examples {
        let matrix = |columns, values| Matrix { rows: set.num_samples, columns, values };
        Examples {
            inputs: matrix(set.num_features, set.data.iter().copied().map(f64::from).collect()),
            targets: matrix(1, set.target.iter().copied().map(Into::into).collect()),
        }
    }

    /// In single precision, which is what smartcore has.
    fn single(name: Dataset) -> Examples {
        let Examples { mut inputs, mut targets } = built_in(name);
        for value in inputs.values.iter_mut().chain(&mut targets.values) {
            *value = f64::from(*value as f32);
        }
        Examples { inputs, targets }
    }

    #[test]
    fn every_number_is_that_of_smartcore() {
        assert_eq!(single(Dataset::Iris), known(iris::load_dataset()));
        assert_eq!(single(Dataset::BreastCancer), known(breast_cancer::load_dataset()));
        assert_eq!(single(Dataset::Digits), known(digits::load_dataset()));
        assert_eq!(single(Dataset::Diabetes), known(diabetes::load_dataset()));
    }

    #[test]
    fn shapes_and_classes_are_what_names_promise() {
        for (name, rows, columns, classes) in [
            (Dataset::Iris, 150, 4, Some(3)),
            (Dataset::BreastCancer, 569, 30, Some(2)),
            (Dataset::Digits, 1797, 64, Some(10)),
            (Dataset::Diabetes, 442, 10, None),
        ] {
            let Examples { inputs, targets } = built_in(name);
            assert_eq!((inputs.rows, inputs.columns), (rows, columns));
            assert_eq!((targets.rows, targets.columns), (rows, 1));
            assert_eq!(inputs.values.len(), rows * columns);
            let largest = targets.values.iter().copied().fold(0.0, f64::max);
            if let Some(classes) = classes {
                assert_eq!(largest, f64::from(classes) - 1.0, "{name:?}");
            }
        }
    }
}
