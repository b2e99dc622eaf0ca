//! A parameter, from the perspective of one space.

use super::swaps::Swaps;
use crate::axes::Role;
use crate::element::Element;
use crate::equality_policy::EqualityPolicy;
use crate::layout::{LogicalAxis, UnitLayout};
use crate::params::ParamView;

/// A parameter with the space on one axis.
pub(super) struct Seen<'p, 'a> {
    pub param: u32,
    pub view: &'p ParamView<'a>,
    pub role: Role,
    pub layout: UnitLayout,
}

/// A parameter with the space on several axes.
pub(super) struct SeenTwice<'p, 'a> {
    pub param: u32,
    pub view: &'p ParamView<'a>,
    pub axes: &'p [LogicalAxis],
    pub along: Vec<usize>,
}

impl<'d> SeenTwice<'_, 'd> {
    pub(super) fn swaps<'f, E: Element>(
        &self,
        data: &'f [E],
        signs: Option<&'f [f64]>,
        policy: &EqualityPolicy,
    ) -> Swaps<'f, E>
    where
        'd: 'f,
    {
        Swaps::new(self.param, data, self.axes, &self.along, signs, policy.comparison())
    }
}
