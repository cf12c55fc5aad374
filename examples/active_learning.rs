//! Three rounds of active learning: each selects rows to label, far from all that is labeled already.

use farpoint::synth::{Shape, pool};
use farpoint::{Options, Pool, Result, select};

fn main() -> Result<()> {
    let embeddings = pool(Shape::Text, 5_000, 64, 7);
    let pool = Pool::new(&embeddings, 64)?;
    let mut labeled = Vec::new();
    for round in 1..=3 {
        let options = Options { labeled: labeled.clone(), ..Options::default() };
        let selection = select(&pool, 50, &options)?;
        eprintln!(
            "round {round}: {} labeled, every row within {:.4} of one; no choice of these 50 gets below {:.4}",
            labeled.len() + 50,
            selection.radius(),
            selection.lower_bounds[49],
        );
        labeled.extend(selection.centers);
    }
    Ok(())
}
