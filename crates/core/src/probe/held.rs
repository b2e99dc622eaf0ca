//! The result of a reading, for the next one: if the classes of units are the same, the next reading need not search
//! for them.

use super::{Repeated, Repeats, SpaceReading, WatchedStep};
use crate::Error;
use constinit_symmetry::{
    AxesSpec, Findings, ParamId, ParamView, SpecParam, Symmetry, TwinsCheck, TwinsPass,
};

/// A reading that the next one may repeat.
pub(super) struct Held {
    check: TwinsCheck,
    ids: Vec<ParamId>,
    repeated: Repeated,
    spaces: Vec<SpaceReading>,
}

impl Held {
    /// None if a check would not be cheaper than another reading.
    pub fn new(axes: &AxesSpec, twins: &Symmetry, spaces: &[SpaceReading]) -> Option<Self> {
        let check = TwinsCheck::new(twins)?;
        let of = |param: &SpecParam| axes.param_id(param.path());
        let ids: Vec<ParamId> = axes.params().iter().filter_map(of).collect();
        let repeated = ids.iter().map(|id| check.repeated(*id)).collect();
        Some(Self { check, ids, repeated, spaces: spaces.to_vec() })
    }

    /// The reading of this step, without gradients, if the classes of twins are the same; None if they may differ.
    pub fn again(&self, seen: &dyn WatchedStep) -> Result<Option<Vec<SpaceReading>>, Error> {
        let mut pass = self.check.pass();
        let alike = self.show(&mut pass, seen)?;
        let found = if alike { pass.end()? } else { None };
        let again = |(space, findings): (&SpaceReading, Option<Findings>)| SpaceReading {
            gradients_agree: None,
            needed: None,
            no_incoming: findings.as_ref().map(|findings| findings.no_incoming().len()),
            no_outgoing: findings.as_ref().map(|findings| findings.no_outgoing().len()),
            ..space.clone()
        };
        Ok(found.map(|found| self.spaces.iter().zip(found).map(again).collect()))
    }

    /// Shows a step to a check in the cheapest way. Returns whether units of a class are equal in everything that it
    /// showed.
    fn show(&self, pass: &mut TwinsPass<'_>, seen: &dyn WatchedStep) -> Result<bool, Error> {
        if let Some(all) = seen.repeats(&self.repeated)? {
            for (id, repeats) in self.ids.iter().zip(all) {
                match repeats {
                    Repeats::Exactly(condensed) => pass.condensed(*id, &condensed.view())?,
                    Repeats::Not => return Ok(false),
                    Repeats::Entries(whole) => {
                        if !pass.rows(*id, &whole.view())? {
                            return Ok(false);
                        }
                    }
                }
            }
            return Ok(true);
        }
        let mut look = |number: usize, rows: &ParamView<'_>| Ok(pass.rows(self.ids[number], rows)?);
        if let Some(alike) = seen.rows(&mut look)? {
            return Ok(alike);
        }
        let parameters = seen.parameters()?;
        for (number, whole) in parameters.iter().enumerate() {
            if !look(number, whole)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
