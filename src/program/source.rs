//! A file that an answer depends on, as records remember it.

use std::path::Path;

use crate::Pool;
use serde::{Deserialize, Serialize};

/// A file that the answer depends on, and a hash of its contents.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub path: String,
    /// Of a table, where it was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub count: usize,
    /// BLAKE3 of the values, whatever the format they were read from.
    pub hash: String,
}

/// Files of one kind: in a record null, one object, or a list of several.
#[derive(Debug, Clone, Default)]
pub struct Sources(pub Vec<Source>);

impl Serialize for Sources {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [] => to.serialize_none(),
            [only] => only.serialize(to),
            several => several.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Sources {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Sources, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            None(()),
            One(Source),
            Several(Vec<Source>),
        }
        Ok(Sources(match Either::deserialize(from)? {
            Either::None(()) => vec![],
            Either::One(source) => vec![source],
            Either::Several(sources) => sources,
        }))
    }
}

impl Source {
    pub fn rows(path: &Path, column: Option<&str>, rows: &[usize]) -> Source {
        let bytes = rows.iter().flat_map(|&row| (row as u64).to_le_bytes());
        Source::of(path, column, rows.len(), hash(bytes))
    }

    pub fn weights(path: &Path, column: Option<&str>, weights: &[f32]) -> Source {
        let bytes = weights.iter().flat_map(|weight| weight.to_le_bytes());
        Source::of(path, column, weights.len(), hash(bytes))
    }

    pub fn vectors(path: &Path, vectors: &Pool) -> crate::Result<Source> {
        Ok(Source::of(path, None, vectors.rows(), vectors.hash()?))
    }

    fn of(path: &Path, column: Option<&str>, count: usize, hash: String) -> Source {
        let column = column.map(String::from);
        Source { path: path.display().to_string(), column, count, hash }
    }
}

fn hash(bytes: impl Iterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.collect();
    blake3::hash(&bytes).to_hex().to_string()
}
