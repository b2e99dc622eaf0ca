//! `constinit devices`: what there is to run on.

use crate::backend;
use crate::failure::Failure;
use std::io::Write;

pub fn devices() -> Result<(), Failure> {
    let mut out = anstream::stdout();
    for (number, found) in backend::find().iter().enumerate() {
        let name = found.name.as_str();
        let default = if number == 0 { " (default)" } else { "" };
        let lines = if found.devices.is_empty() {
            vec!["no device found".to_owned()]
        } else {
            found.devices.clone()
        };
        for line in lines {
            writeln!(out, "{name:<8} {}  {line}{default}", found.float).map_err(Failure::usage)?;
        }
    }
    Ok(())
}
