//! JSON objects whose names must all be different, and the offset of a parser's error.

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

/// The members of an object in their order. A map would silently take the last of two members with the same name.
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

/// Parses a text. The error is the offset in bytes, and the problem.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, (u64, String)> {
    serde_json::from_slice(text).map_err(|problem| {
        let lines =
            text.split_inclusive(|&byte| byte == b'\n').take(problem.line().saturating_sub(1));
        let before = lines.map(<[u8]>::len).sum::<usize>();
        ((before + problem.column().saturating_sub(1)) as u64, problem.to_string())
    })
}
