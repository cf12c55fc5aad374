//! Which row each of a pool's files begins at.

use super::format::count;
use crate::pool::Pool;

/// Files that are named; of more, those at both ends.
const NAMED: usize = 8;

/// The files that a pool was read from and the row that each begins at, in one line; of many files the first and the last. Empty
/// where there are not several.
///
/// ```
/// let pool = farpoint::Pool::new(&[0.0f32, 1.0], 1)?;
/// assert_eq!(farpoint::report::files(&pool), "");
/// # Ok::<(), farpoint::Error>(())
/// ```
pub fn files(pool: &Pool) -> String {
    let files = pool.files();
    if files.len() < 2 {
        return String::new();
    }
    let folder = files[0].parent();
    let in_one = files.iter().all(|file| file.parent() == folder);
    let named = |at: usize| {
        let file = files[at]
            .file_name()
            .filter(|_| in_one)
            .map_or(files[at].as_path(), |name| name.as_ref());
        format!("{} from row {}", file.display(), count(pool.first_rows()[at]))
    };
    let named: Vec<String> = match files.len() {
        all @ ..=NAMED => (0..all).map(named).collect(),
        all => {
            let first = (0..NAMED - 1).map(named);
            first.chain(["...".into(), named(all - 1)]).collect()
        }
    };
    format!("{} files in order of their names: {}", count(files.len()), named.join(", "))
}
