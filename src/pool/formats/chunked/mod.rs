//! Arrays that lie in their files cut into chunks, each encoded by itself: put together once, chunk by chunk.
//!
//! | file | what it has |
//! | --- | --- |
//! | `grid` | how an array is cut; the array put together |
//! | `codec` | what a chunk is encoded by, and how it is decoded |
//! | `blosc`, `matches` | Blosc's buffers; the compressors BloscLZ and LZF |
//! | `shuffle`, `checksums` | bytes and bits in another order; checksums |

mod blosc;
mod checksums;
mod codec;
mod grid;
mod matches;
mod shuffle;

pub(super) use self::codec::{Codec, decode_all};
pub(super) use self::grid::{Chunks, Grid, Stored, assemble};
