//! How entries depend on the output and on the input, found without making the entries.

use super::report::moments;
use crate::init::block_average::block;
use crate::init::compose::first_of_class;
use crate::init::form::Form;
use crate::init::layout::Layout;
use crate::init::{Init, RngKey};
use std::collections::HashMap;

/// How entries depend on the place along an axis.
#[derive(Clone)]
pub(super) enum Along {
    /// Not at all.
    Same,
    /// Entries at places with the same label are equal.
    By(Vec<u64>),
    /// They may differ everywhere.
    Each,
}

impl Along {
    pub fn label(&self, place: usize) -> u64 {
        match self {
            Self::Same => 0,
            Self::By(labels) => labels[place],
            Self::Each => place as u64,
        }
    }

    /// Places are equal if they are equal in both.
    fn and(self, other: Self, places: usize) -> Self {
        match (self, other) {
            (Self::Same, only) | (only, Self::Same) => only,
            (Self::Each, _) | (_, Self::Each) => Self::Each,
            (one, two) => {
                let mut numbers = HashMap::new();
                let labels = (0..places).map(|place| {
                    let next = numbers.len() as u64;
                    *numbers.entry((one.label(place), two.label(place))).or_insert(next)
                });
                Self::By(labels.collect())
            }
        }
    }

    /// The first place of each label, and how many places have it.
    fn classes(&self, places: usize) -> Vec<(usize, f64)> {
        let mut numbers = HashMap::new();
        let mut classes: Vec<(usize, f64)> = Vec::new();
        for place in 0..places {
            let number = *numbers.entry(self.label(place)).or_insert(classes.len());
            match classes.get_mut(number) {
                Some((_, count)) => *count += 1.0,
                None => classes.push((place, 1.0)),
            }
        }
        classes
    }
}

/// How entries depend on the output and on the input. If neither is [`Along::Each`], they do not depend on the kernel
/// position.
#[derive(Clone)]
pub(super) struct Dependence {
    pub output: Along,
    pub input: Along,
}

impl Dependence {
    const NONE: Self = Self { output: Along::Same, input: Along::Same };
    pub const EACH: Self = Self { output: Along::Each, input: Along::Each };

    pub fn is_each(&self) -> bool {
        matches!(self.output, Along::Each) || matches!(self.input, Along::Each)
    }

    fn and(self, other: Self, layout: &Layout) -> Self {
        Self {
            output: self.output.and(other.output, layout.outputs),
            input: self.input.and(other.input, layout.inputs),
        }
    }

    /// The dependence of an initialiser for a parameter.
    pub fn of(init: &Init, layout: &Layout, key: &RngKey) -> Self {
        match init {
            Init::Scaled { of, .. } => Self::of(of, layout, key),
            Init::Sum { of } => {
                of.iter().fold(Self::NONE, |all, term| all.and(Self::of(term, layout, key), layout))
            }
            Init::Symmetrised { outputs, inputs, of } => {
                let Self { output, input } = Self::of(of, layout, key);
                Self {
                    output: in_classes(output, *outputs, layout.outputs),
                    input: in_classes(input, *inputs, layout.inputs),
                }
            }
            Init::BlockAverage { blocks, .. } => Self {
                output: in_blocks(layout.outputs, *blocks),
                input: in_blocks(layout.inputs, *blocks),
            },
            Init::File { .. } | Init::Function(_) => Self::EACH,
            other => match other.form(layout, key) {
                Ok(Form::Everywhere(_)) => Self::NONE,
                Ok(Form::Along { axis, values }) => {
                    let by = Along::By(values.iter().map(|value| value.to_bits()).collect());
                    if layout.axes.output == Some(axis) {
                        Self { output: by, ..Self::NONE }
                    } else {
                        Self { input: by, ..Self::NONE }
                    }
                }
                Ok(
                    Form::Points { .. }
                    | Form::Pointwise(_)
                    | Form::Uniform(_)
                    | Form::Normal { .. }
                    | Form::Truncated { .. }
                    | Form::Sparse { .. }
                    | Form::Whole(_),
                ) => Self::EACH,
                // Making the entries returns this error.
                Err(_) => Self::EACH,
            },
        }
    }

    /// Mean and standard deviation of a function with this dependence on its places.
    pub fn moments(&self, layout: &Layout, function: impl Fn([usize; 3]) -> f64) -> [f64; 2] {
        let (outputs, inputs) =
            (self.output.classes(layout.outputs), self.input.classes(layout.inputs));
        let all = layout.positions();
        let (positions, times) = if self.is_each() { (all, 1.0) } else { (all.min(1), all as f64) };
        let (outputs, inputs, function) = (&outputs, &inputs, &function);
        moments(outputs.iter().flat_map(move |(output, above)| {
            inputs.iter().flat_map(move |(input, beside)| {
                (0..positions).map(move |position| {
                    (function([*output, *input, position]), above * beside * times)
                })
            })
        }))
    }
}

fn in_classes(along: Along, classes: Option<usize>, places: usize) -> Along {
    // If the classes do not fit, making the entries returns an error.
    let Some(classes) = classes.filter(|classes| (1..=places).contains(classes)) else {
        return along;
    };
    let first = |place| along.label(first_of_class(place, places, classes));
    Along::By((0..places).map(first).collect())
}

fn in_blocks(places: usize, blocks: usize) -> Along {
    Along::By((0..places).map(|place| block(place, places, blocks) as u64).collect())
}
