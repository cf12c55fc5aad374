//! The way to an array in an object of JSON: by keys with points between, into every object of a list on the way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// What is done with the text of what is found.
type Each<'e, 'j> = dyn FnMut(&'j RawValue) + 'e;

/// Give what lies under `path` in the JSON `text` to `each`: once, or once for every object of a list. Nothing else is kept.
pub(super) fn follow<'j>(
    text: &'j [u8],
    path: &str,
    each: &mut Each<'_, 'j>,
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Way { path: Some(path).filter(|path| !path.is_empty()), each }
        .deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The names under which `value` has arrays of numbers, or of such arrays, as [`follow`] takes them.
pub(super) fn arrays(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(value, "", &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn look(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) if is_vector(items) => found.push(name.to_string()),
        Value::Array(items) => items.iter().for_each(|item| match item {
            Value::Object(_) => look(item, name, found),
            Value::Array(inner) if is_vector(inner) => found.push(name.to_string()),
            _ => {}
        }),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let below = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            look(value, &below, found);
        }),
        _ => {}
    }
}

fn is_vector(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_number)
}

/// What is left of the way; none at its end.
struct Way<'w, 'e, 'j> {
    path: Option<&'w str>,
    each: &'w mut Each<'e, 'j>,
}

impl<'j> DeserializeSeed<'j> for Way<'_, '_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path {
            Some(_) => deserializer.deserialize_any(self),
            None => {
                let found: &RawValue = serde::Deserialize::deserialize(deserializer)?;
                (self.each)(found);
                Ok(())
            }
        }
    }
}

impl<'j> Visitor<'j> for Way<'_, '_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "an object with '{}'", self.path.unwrap_or_default())
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<(), A::Error> {
        let path = self.path.unwrap_or_default();
        let mut is_found = false;
        while let Some(key) = map.next_key::<Cow<str>>()? {
            let Some(rest) = behind(path, &key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut is_found, true) {
                return Err(A::Error::custom(format_args!("two values of '{key}'")));
            }
            map.next_value_seed(Way { path: rest, each: self.each })?;
        }
        match is_found {
            true => Ok(()),
            false => Err(A::Error::custom(format_args!("no '{path}'"))),
        }
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Way { path: self.path, each: self.each })?.is_some() {}
        Ok(())
    }
}

/// What of `path` is behind `key`, if it begins with that.
fn behind<'p>(path: &'p str, key: &str) -> Option<Option<&'p str>> {
    match path.strip_prefix(key)? {
        "" => Some(None),
        rest => rest.strip_prefix('.').map(Some),
    }
}
