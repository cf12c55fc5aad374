//! The first center where nothing is labeled: one policy a file.
//!
//! | policy | file |
//! | --- | --- |
//! | the lowest eligible row | `lowest.rs` |
//! | the eligible row of largest weight | `heaviest.rs` |
//! | the eligible row nearest the mean | `src/mean.rs` on the host, `src/backend/cuda/mean.rs` on a device |
//! | an eligible row drawn with a seed | `random.rs` |

mod heaviest;
mod lowest;
mod random;

use crate::backend::Middle;
use crate::error::Result;
use crate::ground::Ground;
use crate::options::First;
use crate::question::Question;

/// The row that `question` begins with. Where the run is interrupted meanwhile, any eligible row.
///
/// # Errors
/// The device's.
pub(crate) fn first_center(
    question: &Question,
    ground: &Ground,
    device: &mut (impl Middle + ?Sized),
) -> Result<usize> {
    match question.first {
        First::Row(row) => Ok(row),
        First::Lowest => Ok(lowest::lowest(ground)),
        First::Heaviest => Ok(heaviest::heaviest(ground)),
        First::Random => Ok(random::random(ground, question.seed)),
        First::Mean => device.nearest_the_mean(),
    }
}
