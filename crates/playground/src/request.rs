//! Configurations that the page can run. A configuration that needs files or a framework is refused, with the reason.

use crate::engine::{Engine, refused};
use constinit_core::Error;
use constinit_core::config::{DataConfig, DataSource, Examples, RunConfig, plan};
use constinit_core::init::Init;
use std::path::Path;
use std::sync::Arc;

/// What messages call a configuration that was not read from a file.
const NAME: &str = "configuration";

/// Reads a configuration. Refuses one without a closed form, or with data that a page cannot read.
pub fn parse(toml: &str) -> Result<RunConfig, Error> {
    let config = RunConfig::parse(toml, NAME)?;
    let DataConfig { inputs, targets, .. } = &config.data;
    for (key, source) in [("inputs", inputs), ("targets", targets)] {
        if let Some(DataSource::File(name)) = source {
            return Err(refused(format!(
                "data.{key} = {name:?}: a page reads no files; give the rows, [[...], ...]"
            )));
        }
    }
    for (number, rule) in config.init.iter().enumerate() {
        if reads_file(&rule.init) {
            let number = number + 1;
            return Err(refused(format!("[[init]]: rule {number}: a page reads no files")));
        }
    }
    config.model.check()?;
    plan::check(&config)?;
    Ok(config)
}

/// The training that a configuration describes.
pub fn open(toml: &str, small: bool) -> Result<Engine, Error> {
    let config = parse(toml)?;
    let (examples, _) = Examples::read(&config, Path::new(""))?;
    Engine::new(config, Arc::new(examples), small)
}

fn reads_file(init: &Init) -> bool {
    match init {
        Init::File { .. } => true,
        Init::Scaled { of, .. } | Init::Symmetrised { of, .. } => reads_file(of),
        Init::Sum { of } => of.iter().any(reads_file),
        _ => false,
    }
}
