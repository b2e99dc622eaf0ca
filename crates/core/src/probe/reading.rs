//! What a probe reads of the units of a module.

use constinit_symmetry::Spread;

/// The classes of all spaces after a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetryReading {
    /// Steps done; 0 before training.
    pub step: usize,
    /// The loss that the step computed; None before training.
    pub loss: Option<f64>,
    /// The spaces, in the order of the axes.
    pub spaces: Vec<SpaceReading>,
}

/// The classes of one space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpaceReading {
    /// Units of the space.
    pub units: usize,
    /// Classes of twins: units that can be swapped without changing any parameter.
    pub twins: usize,
    /// Classes of the coarsest equitable partition; None if only some spaces are watched, or if sums of entries say
    /// nothing about the module (see [`Traced::entrywise`](crate::axes::Traced::entrywise)).
    pub equitable: Option<usize>,
    /// Classes of the coarsest forward-lumpable partition; None in the same cases as `equitable`, and if it is not
    /// known which axes are inputs.
    pub forward: Option<usize>,
    /// The largest difference between two units that were in one class at the start; None if the units of each class of
    /// the start are still bitwise equal.
    pub apart: Option<Spread>,
    /// Whether units that were twins at the start still have bitwise equal gradients; None if no gradients were
    /// read.
    pub gradients_agree: Option<bool>,
    /// Units that the function of the module needs: those that [`reduce`](constinit_symmetry::reduce()) would leave.
    /// None if no activations were given, if this reading was not due for it, and if entries are not finite.
    pub needed: Option<usize>,
    /// Units whose incoming weights and biases are all zero; None if a few entries settled the reading, or if it is not
    /// known which axes are inputs.
    pub no_incoming: Option<usize>,
    /// Units whose outgoing weights are all zero; None in the same cases as `no_incoming`.
    pub no_outgoing: Option<usize>,
}

impl SpaceReading {
    /// The largest absolute difference between two units that were in one class at the start.
    pub fn spread(&self) -> f64 {
        self.apart.map_or(0.0, |apart| apart.difference)
    }

    pub(super) fn discrete(units: usize) -> Self {
        let all = Some(units);
        Self {
            units,
            twins: units,
            equitable: all,
            forward: all,
            apart: None,
            gradients_agree: None,
            needed: None,
            no_incoming: None,
            no_outgoing: None,
        }
    }
}

impl SymmetryReading {
    /// Whether no two units of any space are equal, in any sense that the probe searched for.
    pub fn is_discrete(&self) -> bool {
        self.spaces.iter().all(|space| {
            let coarsest = space.forward.or(space.equitable).unwrap_or(space.twins);
            space.units == coarsest
        })
    }
}
