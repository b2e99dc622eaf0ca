//! Which units of a neural network are the same unit: exact answers from plain slices.

mod axes;
mod certificate;
mod classes;
mod element;
mod equitable;
mod error;
mod findings;
mod layout;
mod lumping;
mod parallel;
mod params;
mod partition;
mod policy;
mod sameness;
mod space;
mod splits;
mod stable;
mod sum;
mod symmetry;
mod twins;

#[cfg(feature = "serde")]
pub use axes::{AxesFile, Orientation};
pub use axes::{
    AxesSpec, AxesSpecBuilder, Axis, NamedAxis, Role, RoleAxis, SpecParam, either, input, layers,
    output,
};
pub use certificate::{
    Answer, Breaker, Certificate, Claim, Decay, Keeper, Optimizer, TrainingFacts, Verdict,
    certificate, keeps,
};
pub use equitable::equitable;
pub use error::SymmetryError;
pub use findings::Findings;
pub use lumping::forward_lumpable;
pub use params::{Elements, ParamView};
pub use partition::Partition;
pub use policy::{Comparison, Normalization, Policy};
pub use space::{ClassId, ParamId, SpaceId, UnitIndex, UnitSpace};
pub use symmetry::{Difference, Kind, NanEntry, SpaceSymmetry, Symmetry, Witness};
pub use twins::{twins, twins_with};
