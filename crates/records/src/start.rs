//! The first line of `readings.jsonl`.

use serde::{Deserialize, Serialize};

/// How a run begins: the program, the machine and the configuration.
///
/// `C` is the configuration. The program writes its own type. A reader chooses a type with what it needs, such as
/// `serde_json::Value`, or `serde::de::IgnoredAny` for nothing.
///
/// ```
/// use constinit_records::{FloatWord, StartRecord};
/// use serde::de::IgnoredAny;
///
/// let line = r#"{"event":"start","schema":1,"backend":"ndarray","float":"f32","config":{"model":{}}}"#;
/// let start: StartRecord<IgnoredAny> = serde_json::from_str(line)?;
/// assert_eq!((start.backend.as_str(), start.float), ("ndarray", Some(FloatWord::F32)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "start")]
pub struct StartRecord<C> {
    /// [`READINGS_SCHEMA`](crate::READINGS_SCHEMA) of the program that wrote the file.
    pub schema: u64,
    /// The program's version, which can change the results; None in folders of older programs that did not write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The processor and the system that the program was built for, which can change the results, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The backend's name.
    pub backend: String,
    /// The type of the numbers that the backend computes with; None in folders of older programs that did not write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub float: Option<FloatWord>,
    /// The configuration.
    #[serde(default)]
    pub config: C,
    /// Whether one unit is trained for each class; absent if it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quotient: bool,
}

/// The type of the numbers that a run computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloatWord {
    /// 32 bits, of which 24 are digits.
    F32,
    /// 64 bits, of which 53 are digits.
    F64,
    /// A type of a later program.
    #[serde(other)]
    Unknown,
}
