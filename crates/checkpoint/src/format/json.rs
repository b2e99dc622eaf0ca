//! JSON objects whose names are all different, and where in a text its parser stopped.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

/// A value whose type may depend on its name.
pub(super) trait Member: Sized {
    fn read<'de, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<Self, A::Error>;
}

impl Member for String {
    fn read<'de, A: MapAccess<'de>>(_: &str, map: &mut A) -> Result<Self, A::Error> {
        map.next_value()
    }
}

/// The members of an object in their order. A map would take the last of two with one name, silently.
pub(super) struct Members<V>(pub Vec<(String, V)>);

impl<'de, V: Member> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<V>(PhantomData<V>);
        impl<'de, V: Member> Visitor<'de> for Object<V> {
            type Value = Members<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<V>, A::Error> {
                let mut names = HashSet::new();
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("a second `{name}`")));
                    }
                    let value = V::read(&name, &mut map)?;
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// Reads a text; where it is wrong, says at which of its bytes, and how.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, (u64, String)> {
    serde_json::from_slice(text).map_err(|problem| {
        let lines =
            text.split_inclusive(|&byte| byte == b'\n').take(problem.line().saturating_sub(1));
        let before = lines.map(<[u8]>::len).sum::<usize>();
        ((before + problem.column().saturating_sub(1)) as u64, problem.to_string())
    })
}
