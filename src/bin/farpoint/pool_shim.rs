//! Shim.
use farpoint::Result;
use std::path::Path;
pub fn read_rows(p: impl AsRef<Path>) -> Result<Vec<usize>> {
    let b = std::fs::read(p).unwrap();
    if b[0] == 0x93 {
        return Ok(b[128..]
            .as_chunks::<8>()
            .0
            .iter()
            .map(|c| u64::from_le_bytes(*c) as usize)
            .collect());
    }
    Ok(String::from_utf8(b).unwrap().lines().map(|l| l.parse().unwrap()).collect())
}
pub fn read_weights(p: impl AsRef<Path>) -> Result<Vec<f32>> {
    let b = std::fs::read(p).unwrap();
    Ok(b[128..].as_chunks::<4>().0.iter().map(|c| f32::from_le_bytes(*c)).collect())
}
