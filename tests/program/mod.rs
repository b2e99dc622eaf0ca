//! The real binary in a temporary folder.
#![allow(dead_code, reason = "each test binary uses a part of this")]

pub mod config;
pub mod matrices;
pub mod rows;

use config::Config;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The backends that are compiled in.
pub fn backends() -> Vec<&'static str> {
    let all = [
        ("ndarray", cfg!(feature = "ndarray")),
        ("flex", cfg!(feature = "flex")),
        ("wgpu", cfg!(feature = "wgpu")),
    ];
    all.into_iter().filter(|(_, compiled_in)| *compiled_in).map(|(name, _)| name).collect()
}

/// The backends that take microseconds per step.
pub fn fast_backends() -> Vec<&'static str> {
    backends().into_iter().filter(|name| *name != "wgpu").collect()
}

/// A folder for one test.
pub struct Folder(TempDir);

/// What the program did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, text).expect("a file in a temporary folder");
        path
    }

    pub fn write_config(&self, name: &str, config: Config) -> PathBuf {
        self.write(name, &config.to_string())
    }

    /// The program, to be run in this folder.
    pub fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_constinit"));
        command.args(args).current_dir(self.path()).env_remove("RUST_BACKTRACE");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.program(args).output().expect("the program starts"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let [stdout, stderr] = [output.stdout, output.stderr].map(text);
        Self { code: output.status.code(), stdout, stderr }
    }
}

impl Ran {
    /// Fails unless the program succeeded.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless the program ended with this code and this message, and without a panic.
    pub fn refused(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "expected {words:?} in:\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// The lines of standard output, as JSON.
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).expect("one JSON object per line");
        self.stdout.lines().map(parse).collect()
    }
}
