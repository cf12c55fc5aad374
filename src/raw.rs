//! Lists of plain numbers as their bytes in messages: copied, and not looked at one by one. For serde's `with`.

use bytemuck::Pod;
use bytemuck::allocation::pod_collect_to_vec;
use serde::{Deserialize, Deserializer, Serializer};

pub(crate) fn serialize<T: Pod, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytemuck::cast_slice(values))
}

pub(crate) fn deserialize<'de, T: Pod, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let bytes: &[u8] = Deserialize::deserialize(from)?;
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        return Err(serde::de::Error::custom("bytes that are no whole numbers"));
    }
    Ok(pod_collect_to_vec(bytes))
}
