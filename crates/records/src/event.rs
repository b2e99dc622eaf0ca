//! A line of a file of events.

use crate::{
    EndRecord, ForecastRecord, QuotientRecord, ReadingRecord, StartRecord, UnitsRecord,
    UnitsStartRecord,
};
use serde::Deserialize;

/// A line of `readings.jsonl`, as it is read. Each record writes its own `event`.
///
/// ```
/// use constinit_records::RunEvent;
/// use serde::de::IgnoredAny;
///
/// let line = r#"{"event":"end","step":9,"verdict":"held","first_break":null,"ended":"finished","reason":null}"#;
/// let event: RunEvent<IgnoredAny> = serde_json::from_str(line)?;
/// assert!(matches!(event, RunEvent::End(end) if end.step == 9));
/// let later: RunEvent<IgnoredAny> = serde_json::from_str(r#"{"event":"later"}"#)?;
/// assert!(matches!(later, RunEvent::Other));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[serde(bound(deserialize = "C: Deserialize<'de> + Default"))]
#[allow(clippy::large_enum_variant, reason = "a reader has one line at a time")]
pub enum RunEvent<C> {
    /// The first line.
    Start(StartRecord<C>),
    /// The quotient that is trained in place of the full network.
    Quotient(QuotientRecord),
    /// A reading.
    Reading(ReadingRecord),
    /// A forecast.
    Forecast(ForecastRecord),
    /// The last line.
    End(EndRecord),
    /// An event of a later program.
    #[serde(other)]
    Other,
}

/// A line of `units.jsonl`, as it is read. Each record writes its own `event`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum UnitsEvent {
    /// The first line.
    Start(UnitsStartRecord),
    /// A state of all units.
    Units(UnitsRecord),
    /// An event of a later program.
    #[serde(other)]
    Other,
}
