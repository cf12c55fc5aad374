//! The first center where nothing is labeled.
//!
//! | policy | where |
//! | --- | --- |
//! | the lowest eligible row, the one of largest weight | `src/known.rs` |
//! | the eligible row nearest the mean | `src/mean.rs` on the host, `src/backend/cuda/mean.rs` on a device |
//! | an eligible row drawn with a seed | `random.rs` |
//! | the two farthest rows, the row that is farthest from all others: found before the run | `apart.rs` |

mod apart;
mod random;

pub(crate) use apart::{farthest_pair, loneliest};
pub(crate) use random::uniform;

use crate::backend::Middle;
use crate::error::{Error, Result};
use crate::known::Known;
use crate::options::First;
use crate::question::Question;

/// The row that `question` begins with. Where the run is interrupted meanwhile, any eligible row.
///
/// # Errors
/// The device's.
pub(crate) fn first_center(
    question: &Question,
    ground: &dyn Known,
    device: &mut (impl Middle + ?Sized),
) -> Result<usize> {
    match question.first {
        First::Row(row) => Ok(row),
        First::Lowest => Ok(ground.eligible(0)),
        First::Heaviest => Ok(ground.heaviest()),
        First::Random => Ok(ground.eligible(uniform(question.seed, ground.eligible_count()))),
        First::Mean => device.nearest_the_mean(),
        First::FarthestFromMean | First::FarthestPair | First::Loneliest => {
            Err(Error::Options(format!(
                "first '{}' is searched for in pools of one process, in host memory or files: find it there, and give its row",
                question.first
            )))
        }
    }
}
