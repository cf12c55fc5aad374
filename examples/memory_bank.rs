//! Subsample a memory bank, as PatchCore does: keep the tenth that leaves no patch far from a kept one, and say which kept
//! patch stands for each.

use farpoint::synth::{Shape, pool};
use farpoint::{Options, Pool, Result, select};

fn main() -> Result<()> {
    let patches = pool(Shape::Mixture, 8_000, 128, 3);
    let bank = Pool::new(&patches, 128)?;
    let options = Options { assign: true, ..Options::default() };
    let selection = select(&bank, bank.rows() / 10, &options)?;
    let assignment = selection.assignment.as_deref().unwrap_or_default();
    let mut served = vec![0usize; selection.centers.len()];
    for &center in assignment {
        served[usize::try_from(center).expect("nothing is labeled, so every center is a pick")] +=
            1;
    }
    eprintln!(
        "kept {} of {} patches; none is farther than {:.3} from a kept one; the busiest stands for {}",
        selection.centers.len(),
        bank.rows(),
        selection.radius(),
        served.iter().max().unwrap_or(&0),
    );
    Ok(())
}
