//! Which axes share a space, traced and proved.

mod adversarial;
mod models;
mod proof;
mod weights;
