//! The float parameters of a module by path, in the order of a framework's visitor, and what follows from them without
//! their values.

mod binding;
mod parameter;
mod walk;

pub use binding::Binding;
pub use parameter::{ModuleParameter, matched_values, tied_paths};
pub use walk::Walk;
