//! `constinit devices`: lists the backends and their devices.

use super::print;
use crate::backend;
use constinit_cli::failure::Failure;

pub fn devices() -> Result<(), Failure> {
    let mut text = String::new();
    for (number, found) in backend::find().iter().enumerate() {
        let name = found.name.as_str();
        let default = if number == 0 { " (default)" } else { "" };
        let lines = if found.devices.is_empty() {
            vec!["no device found".to_owned()]
        } else {
            found.devices.clone()
        };
        for line in lines {
            text += &format!("{name:<8} {}  {line}{default}\n", found.float);
        }
    }
    print(&text)
}
