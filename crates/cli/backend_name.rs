//! Backends by name. Only the program knows which of them are compiled in.

use clap::ValueEnum;

/// A backend by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendName {
    /// The GPU, or a Vulkan driver in software
    Wgpu,
    /// The CPU, Burn's newer backend
    Flex,
    /// The CPU, Burn's reference backend
    Ndarray,
}

/// What fits into a backend's memory, in bytes; None if it cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub largest_tensor: Option<u64>,
    pub memory: Option<u64>,
}

impl BackendName {
    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wgpu => "wgpu",
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Wgpu, Self::Flex, Self::Ndarray].into_iter().find(|backend| backend.as_str() == name)
    }
}
