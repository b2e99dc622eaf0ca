//! Single numbers of a space's reading, as a dashboard shows them.

use super::{SpaceReading, SymmetryReading};
use crate::text::number;

/// A number of a space's reading, with the words that a dashboard needs.
///
/// ```
/// use constinit_core::probe::{SpaceQuantity, SpaceReading, SymmetryReading};
///
/// let space = SpaceReading {
///     units: 5,
///     twins: 2,
///     equitable: Some(2),
///     forward: Some(1),
///     apart: None,
///     gradients_agree: None,
///     needed: None,
///     no_incoming: Some(0),
///     no_outgoing: Some(0),
/// };
/// let reading = SymmetryReading { step: 0, loss: None, spaces: vec![space] };
/// let (value, text) = SpaceQuantity::EFFECTIVE_WIDTH.of(Some(&reading), 0);
/// assert_eq!((value, text.as_str()), (2.0, "2 of 5 units"));
/// assert_eq!(SpaceQuantity::SPREAD.of(None, 0).1, "not read yet");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SpaceQuantity {
    title: &'static str,
    about: &'static str,
    higher_is_better: bool,
    read: fn(&SpaceReading) -> (f64, String),
}

impl SpaceQuantity {
    /// How many distinct units a space has: its classes of twins.
    pub const EFFECTIVE_WIDTH: Self = Self {
        title: "Effective width",
        about: "Classes of units that can be swapped without changing anything",
        higher_is_better: true,
        read: |space| (space.twins as f64, format!("{} of {} units", space.twins, space.units)),
    };

    /// The largest difference between units that were in one class at the start.
    pub const SPREAD: Self = Self {
        title: "Spread",
        about: "Largest difference between units that were equal at the start",
        higher_is_better: true,
        read: |space| (space.spread(), number(space.spread(), 4)),
    };

    /// The quantity's name for a space.
    pub fn title(&self, space: &str) -> String {
        format!("{} of {space}", self.title)
    }

    /// What the number is, in a sentence.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// Whether a higher number is better.
    pub fn higher_is_better(&self) -> bool {
        self.higher_is_better
    }

    /// The number and its text in the reading of a space, by the space's number; 0 before the first reading.
    pub fn of(&self, reading: Option<&SymmetryReading>, space: usize) -> (f64, String) {
        let space = reading.and_then(|reading| reading.spaces.get(space));
        space.map_or((0.0, "not read yet".to_owned()), self.read)
    }
}
