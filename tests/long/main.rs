//! Tests of the program that take more than 15 s each on two cores.

mod examples;
mod figures;
mod forecast;
#[path = "../program/mod.rs"]
mod program;
mod resume;
mod sweep;
mod verify;
