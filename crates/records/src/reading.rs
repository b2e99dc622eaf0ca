//! The readings of a network after a number of steps.

use crate::RecordedNumber;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The properties of the theorem on constant initialisation, in the order of their columns.
pub const PROPERTIES: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// The classes of all hidden layers after a number of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "reading")]
pub struct ReadingRecord {
    /// Steps done; 0 before training.
    pub step: usize,
    /// The loss that the step computed; None before training, and if it is not finite.
    pub loss: Option<f64>,
    /// One for each hidden layer.
    pub spaces: Vec<SpaceRecord>,
    /// P1 to P4 by their names; None for properties that the network does not have.
    #[serde(default)]
    pub properties: BTreeMap<String, Option<PropertyRecord>>,
    /// What the classes of the start mean; before training only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Vec<String>>,
}

/// The classes of one hidden layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenSpace")]
pub struct SpaceRecord {
    /// `hidden1`, ...
    pub name: String,
    /// Units of the layer.
    pub units: usize,
    /// Classes of twins: units that can be swapped without changing any parameter.
    pub twins: usize,
    /// Classes of the coarsest equitable partition; None if it was not found.
    pub equitable: Option<usize>,
    /// Classes of the coarsest forward-lumpable partition; None if it was not found.
    pub forward: Option<usize>,
    /// The largest absolute difference of two units that were equal at the start; None if it is infinite.
    pub spread: Option<f64>,
    /// The largest difference in ulps.
    pub ulps: u64,
    /// Whether the gradients of units that were equal at the start are bitwise equal; absent if they were not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradients_agree: Option<bool>,
    /// Units that the layer's function needs, as `constinit collapse --activation` would leave them; None if they were
    /// not counted.
    pub needed: Option<usize>,
    /// Units whose activation has slope 0 on every example; None if it was not measured.
    pub dead: Option<usize>,
    /// Units whose incoming weights and bias are all zero; None if it was not counted.
    pub no_incoming: Option<usize>,
    /// Units whose outgoing weights are all zero; None if it was not counted.
    pub no_outgoing: Option<usize>,
}

/// One of the four properties of the theorem.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyRecord {
    /// Whether it holds bit for bit.
    pub holds: bool,
    /// How far it is from holding; None if that is infinite.
    pub deviation: Option<f64>,
    /// The deviation in ulps.
    #[serde(default)]
    pub ulps: u64,
}

/// A number of a hidden layer that has its own column. Tables, TensorBoard's tags and reports go through
/// [`ALL`](Self::ALL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpaceNumber {
    /// [`SpaceRecord::twins`].
    Twins,
    /// [`SpaceRecord::equitable`].
    Equitable,
    /// [`SpaceRecord::forward`].
    Forward,
    /// [`SpaceRecord::spread`].
    Spread,
    /// [`SpaceRecord::ulps`].
    Ulps,
    /// [`SpaceRecord::needed`].
    Needed,
    /// [`SpaceRecord::dead`].
    Dead,
    /// [`SpaceRecord::no_incoming`].
    NoIncoming,
    /// [`SpaceRecord::no_outgoing`].
    NoOutgoing,
}

impl SpaceNumber {
    /// All numbers, in the order of columns.
    pub const ALL: [Self; 9] = [
        Self::Twins,
        Self::Equitable,
        Self::Forward,
        Self::Spread,
        Self::Ulps,
        Self::Needed,
        Self::Dead,
        Self::NoIncoming,
        Self::NoOutgoing,
    ];

    /// Its key in a [`SpaceRecord`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Twins => "twins",
            Self::Equitable => "equitable",
            Self::Forward => "forward",
            Self::Spread => "spread",
            Self::Ulps => "ulps",
            Self::Needed => "needed",
            Self::Dead => "dead",
            Self::NoIncoming => "no_incoming",
            Self::NoOutgoing => "no_outgoing",
        }
    }

    /// The heading of its column in a table for people.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Twins => "classes",
            Self::Equitable => "equitable classes",
            Self::Forward => "forward classes",
            Self::Spread => "spread",
            Self::Ulps => "ulps",
            Self::Needed => "needed units",
            Self::Dead => "dead units",
            Self::NoIncoming => "without incoming weights",
            Self::NoOutgoing => "without outgoing weights",
        }
    }

    /// Whether it is drawn over steps: in TensorBoard, in a live view and in a report.
    pub fn is_drawn(self) -> bool {
        match self {
            Self::Twins | Self::Spread => true,
            Self::Equitable
            | Self::Forward
            | Self::Ulps
            | Self::Needed
            | Self::Dead
            | Self::NoIncoming
            | Self::NoOutgoing => false,
        }
    }

    /// The name of its column in a table: `hidden1.twins`.
    pub fn column(self, space: &str) -> String {
        format!("{space}.{}", self.name())
    }

    /// Its tag in TensorBoard, which groups tags by the part before the slash: `hidden1/twins`.
    pub fn tag(self, space: &str) -> String {
        format!("{space}/{}", self.name())
    }
}

impl SpaceRecord {
    /// One of the layer's numbers; None if the field is null.
    pub fn number(&self, number: SpaceNumber) -> Option<RecordedNumber> {
        match number {
            SpaceNumber::Twins => Some(self.twins.into()),
            SpaceNumber::Equitable => self.equitable.map(Into::into),
            SpaceNumber::Forward => self.forward.map(Into::into),
            SpaceNumber::Spread => self.spread.map(RecordedNumber::Real),
            SpaceNumber::Ulps => Some(RecordedNumber::Count(self.ulps)),
            SpaceNumber::Needed => self.needed.map(Into::into),
            SpaceNumber::Dead => self.dead.map(Into::into),
            SpaceNumber::NoIncoming => self.no_incoming.map(Into::into),
            SpaceNumber::NoOutgoing => self.no_outgoing.map(Into::into),
        }
    }
}

impl ReadingRecord {
    /// The columns of a table of readings of hidden layers with these names.
    ///
    /// ```
    /// use constinit_records::ReadingRecord;
    ///
    /// let columns = ReadingRecord::columns(["hidden1"]);
    /// assert_eq!(columns[..3], ["step", "loss", "hidden1.twins"]);
    /// assert_eq!(columns[11..], ["P1", "P2", "P3", "P4"]);
    /// ```
    pub fn columns<'a>(spaces: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut columns = vec!["step".to_owned(), "loss".to_owned()];
        for space in spaces {
            columns.extend(SpaceNumber::ALL.map(|number| number.column(space)));
        }
        columns.extend(PROPERTIES.map(str::to_owned));
        columns
    }

    /// The row of such a table: a number for each of [`columns`](Self::columns). The number of a property is its
    /// deviation.
    pub fn row(&self) -> Vec<Option<RecordedNumber>> {
        let mut row = vec![Some(self.step.into()), self.loss.map(RecordedNumber::Real)];
        for space in &self.spaces {
            row.extend(SpaceNumber::ALL.map(|number| space.number(number)));
        }
        row.extend(PROPERTIES.map(|name| self.deviation(name).map(RecordedNumber::Real)));
        row
    }

    /// The numbers that are drawn over steps, with the tags that TensorBoard groups them by.
    ///
    /// ```
    /// use constinit_records::ReadingRecord;
    ///
    /// let line = r#"{"step":3,"loss":0.5,"spaces":[{"name":"hidden1","units":7,"twins":2,"spread":1e-7}]}"#;
    /// let reading: ReadingRecord = serde_json::from_str(line)?;
    /// let scalars: Vec<(String, f64)> = reading.scalars().collect();
    /// let expected = [("loss", 0.5), ("hidden1/twins", 2.0), ("hidden1/spread", 1e-7)];
    /// assert_eq!(scalars, expected.map(|(tag, number)| (tag.to_owned(), number)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn scalars(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        let loss = self.loss.map(|loss| ("loss".to_owned(), loss));
        let of_space = |space: &'_ SpaceRecord| {
            let drawn = SpaceNumber::ALL.into_iter().filter(|number| number.is_drawn());
            let told = drawn.filter_map(|n| Some((n.tag(&space.name), space.number(n)?.as_f64())));
            told.collect::<Vec<_>>()
        };
        let properties = self.properties.keys().filter_map(|name| {
            self.deviation(name).map(|deviation| (format!("properties/{name}"), deviation))
        });
        loss.into_iter().chain(self.spaces.iter().flat_map(of_space)).chain(properties)
    }

    fn deviation(&self, property: &str) -> Option<f64> {
        self.properties.get(property)?.as_ref()?.deviation
    }
}

/// A [`SpaceRecord`] with all keys that programs have used for it.
///
/// Older programs, which had no `no_incoming`, wrote it as `dead`, and `no_outgoing` as `unheard`. If `no_incoming` is
/// there, `dead` means units with slope 0 on every example.
#[derive(Deserialize)]
struct WrittenSpace {
    name: String,
    units: usize,
    twins: usize,
    equitable: Option<usize>,
    forward: Option<usize>,
    spread: Option<f64>,
    #[serde(default)]
    ulps: u64,
    gradients_agree: Option<bool>,
    needed: Option<usize>,
    #[serde(default, deserialize_with = "present")]
    no_incoming: Option<Option<usize>>,
    #[serde(default, deserialize_with = "present")]
    no_outgoing: Option<Option<usize>>,
    dead: Option<usize>,
    unheard: Option<usize>,
}

/// A key that is there, even if its value is null.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl From<WrittenSpace> for SpaceRecord {
    fn from(written: WrittenSpace) -> Self {
        let WrittenSpace { name, units, twins, equitable, forward, spread, ulps, .. } = written;
        Self {
            name,
            units,
            twins,
            equitable,
            forward,
            spread,
            ulps,
            gradients_agree: written.gradients_agree,
            needed: written.needed,
            dead: written.dead.filter(|_| written.no_incoming.is_some()),
            no_incoming: written.no_incoming.unwrap_or(written.dead),
            no_outgoing: written.no_outgoing.unwrap_or(written.unheard),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "{\"event\":\"reading\",\"step\":7,\"loss\":0.25,\"spaces\":[{\"name\":\"hidden1\",\
                           \"units\":2,\"twins\":1,\"equitable\":null,\"forward\":1,\"spread\":1.5e-7,\"ulps\":3,\
                           \"needed\":1,\"dead\":1,\"no_incoming\":null,\"no_outgoing\":0}],\"properties\":{\"P1\":{\"holds\":true,\
                           \"deviation\":0.0,\"ulps\":0},\"P2\":null,\"P3\":{\"holds\":false,\"deviation\":null,\
                           \"ulps\":4},\"P4\":null}}";

    fn reading(text: &str) -> ReadingRecord {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let found = reading(WRITTEN);
        assert_eq!(serde_json::to_string(&found).unwrap(), WRITTEN);
        let agreed = WRITTEN.replace("\"needed\"", "\"gradients_agree\":true,\"needed\"");
        let first = agreed.replace("\"P4\":null}}", "\"P4\":null},\"certificate\":[\"one\"]}");
        assert_eq!(serde_json::to_string(&reading(&first)).unwrap(), first);
        assert_eq!(reading(&first).spaces[0].gradients_agree, Some(true));
    }

    #[test]
    fn old_names_are_read_where_the_new_ones_are_absent() {
        let counts = |keys: &str| {
            let text = WRITTEN.replace("\"dead\":1,\"no_incoming\":null,\"no_outgoing\":0", keys);
            let space = &reading(&text).spaces[0];
            (space.dead, space.no_incoming, space.no_outgoing)
        };
        assert_eq!(counts("\"dead\":2,\"unheard\":1"), (None, Some(2), Some(1)));
        assert_eq!(counts("\"dead\":null,\"unheard\":null"), (None, None, None));
        // With the new names, `dead` is a different number.
        let beside = "\"no_incoming\":0,\"no_outgoing\":1,\"dead\":2";
        assert_eq!(counts(beside), (Some(2), Some(0), Some(1)));
        let beside = "\"no_incoming\":null,\"no_outgoing\":null,\"dead\":2";
        assert_eq!(counts(beside), (Some(2), None, None));
        assert_eq!(counts("\"ulps2\":0"), (None, None, None));
    }

    #[test]
    fn a_row_has_a_number_for_each_column() {
        use RecordedNumber::{Count, Real};
        let row = reading(WRITTEN).row();
        assert_eq!(row.len(), ReadingRecord::columns(["hidden1"]).len());
        let expected = [
            Some(Count(7)),
            Some(Real(0.25)),
            Some(Count(1)),
            None,
            Some(Count(1)),
            Some(Real(1.5e-7)),
            Some(Count(3)),
            Some(Count(1)),
            Some(Count(1)),
            None,
            Some(Count(0)),
            Some(Real(0.0)),
            None,
            None,
            None,
        ];
        assert_eq!(row, expected);
    }

    #[test]
    fn columns_have_the_names_of_keys() {
        let space = serde_json::to_value(&reading(WRITTEN).spaces[0]).unwrap();
        for number in SpaceNumber::ALL {
            assert!(space.get(number.name()).is_some(), "{}", number.name());
        }
    }

    #[test]
    fn only_what_is_drawn_has_a_tag() {
        let tags: Vec<String> = reading(WRITTEN).scalars().map(|(tag, _)| tag).collect();
        assert_eq!(tags, ["loss", "hidden1/twins", "hidden1/spread", "properties/P1"]);
    }
}
