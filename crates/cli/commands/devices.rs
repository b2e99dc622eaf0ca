//! `constinit devices`: what there is to run on.

use crate::backend;
use constinit_cli::failure::{Failure, on_screen};
use std::io::{ErrorKind, Write};

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
            match writeln!(out, "{name:<8} {}  {line}{default}", found.float) {
                // A reader that went away, as `head` does, is not an error.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                other => other.map_err(on_screen)?,
            }
        }
    }
    Ok(())
}
