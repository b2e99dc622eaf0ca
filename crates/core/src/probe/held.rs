//! What a reading found, for the next one: where the units are those that they were, it need not be found again.

use super::{SpaceReading, WatchedStep};
use crate::Error;
use constinit_symmetry::{AxesSpec, Findings, ParamId, ParamView, Symmetry, TwinsCheck};

/// A reading that the next one may repeat.
pub(super) struct Held {
    check: TwinsCheck,
    ids: Vec<ParamId>,
    spaces: Vec<SpaceReading>,
}

impl Held {
    /// None where a check would not be cheaper than another reading.
    pub fn new(axes: &AxesSpec, twins: &Symmetry, spaces: &[SpaceReading]) -> Option<Self> {
        let check = TwinsCheck::new(twins)?;
        let ids = axes.params().iter().filter_map(|param| axes.param_id(param.path())).collect();
        Some(Self { check, ids, spaces: spaces.to_vec() })
    }

    /// The same of a step, without its gradients; None where classes of twins may be others.
    pub fn again(&self, seen: &dyn WatchedStep) -> Result<Option<Vec<SpaceReading>>, Error> {
        let mut pass = self.check.pass();
        let mut look = |number: usize, rows: &ParamView<'_>| Ok(pass.rows(self.ids[number], rows)?);
        let alike = match seen.rows(&mut look)? {
            Some(alike) => alike,
            None => {
                let parameters = seen.parameters()?;
                let mut all = parameters.iter().enumerate();
                all.try_fold(true, |alike, (number, whole)| {
                    Ok::<_, Error>(alike && look(number, whole)?)
                })?
            }
        };
        let found = if alike { pass.end()? } else { None };
        let again = |(space, findings): (&SpaceReading, Option<Findings>)| SpaceReading {
            gradients_agree: None,
            no_incoming: findings.as_ref().map(|findings| findings.no_incoming().len()),
            no_outgoing: findings.as_ref().map(|findings| findings.no_outgoing().len()),
            ..space.clone()
        };
        Ok(found.map(|found| self.spaces.iter().zip(found).map(again).collect()))
    }
}
