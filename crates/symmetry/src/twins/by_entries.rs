//! Refinement of any classes by the entries of one parameter.

use super::exact;
use crate::classes::Classes;
use crate::layout::UnitLayout;
use crate::params::{ParamView, with_elements};
use crate::sameness::SameValue;
use crate::space::ParamId;

/// Refines by the values of one parameter along one of its axes, whatever the other axes range over.
pub(crate) fn refine_by_entries(
    classes: &mut Classes,
    param: ParamId,
    view: &ParamView<'_>,
    layout: &UnitLayout,
) {
    with_elements!(view.elements(), |data| exact::refine(
        classes, param.0, data, layout, SameValue
    ));
}
