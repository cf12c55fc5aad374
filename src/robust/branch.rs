//! Small problems by exhaustion: branch on the row with the fewest columns, bound by packing.

use super::clock::Clock;
use super::cover::Cover;
use super::incidence::Incidence;
use super::packing::packing;

/// Each node looks at all rows. So a node counts once, and once more for every so many rows.
const ROWS_A_NODE: usize = 64;

/// The result of an exhaustive search.
#[derive(Debug, Clone, PartialEq)]
pub enum Exhausted {
    /// These columns cover.
    Covered(Vec<u32>),
    /// No choice covers.
    Impossible,
    /// The nodes given were spent.
    Open,
}

/// Whether `size` columns leave at most `outliers` pool rows uncovered. Where every row must be covered, each component
/// is searched for its own least number of columns.
pub fn branch(
    cover: &Cover,
    size: usize,
    outliers: usize,
    nodes: usize,
    clock: &mut Clock,
) -> Exhausted {
    if outliers > 0 {
        return Branch::new(cover, nodes, clock).decide(size, outliers);
    }
    let mut parts = components(cover);
    parts.sort_by_key(|(part, _)| part.rows.len());
    let least = |part: &Cover| packing(part).len();
    // Columns that all parts need at least. The number grows as parts are searched.
    let mut needed: usize = parts.iter().map(|(part, _)| least(part)).sum();
    if needed > size {
        return Exhausted::Impossible;
    }
    let (mut chosen, mut open, mut nodes) = (Vec::new(), false, nodes);
    for (part, numbers) in &parts {
        let mut search = Branch::new(part, nodes, clock);
        let mut at = least(part);
        let found = loop {
            match search.decide(at, 0) {
                Exhausted::Impossible if needed == size => return Exhausted::Impossible,
                Exhausted::Impossible => (at, needed) = (at + 1, needed + 1),
                found => break found,
            }
        };
        nodes = search.nodes;
        match found {
            Exhausted::Covered(columns) => {
                chosen.extend(columns.iter().map(|&c| numbers[c as usize]))
            }
            _ => open = true,
        }
    }
    if open { Exhausted::Open } else { Exhausted::Covered(chosen) }
}

/// The connected components, each with its columns' numbers in `cover`.
fn components(cover: &Cover) -> Vec<(Cover, Vec<u32>)> {
    let mut of_row = vec![u32::MAX; cover.rows.len()];
    let mut of_column = vec![u32::MAX; cover.columns.len()];
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for first in 0..cover.rows.len() {
        if of_row[first] != u32::MAX {
            continue;
        }
        let number = u32::try_from(parts.len()).expect("numbers fit u32");
        of_row[first] = number;
        let mut rows = vec![u32::try_from(first).expect("numbers fit u32")];
        let mut next = 0;
        while next < rows.len() {
            for &column in cover.rows.get(rows[next] as usize) {
                if of_column[column as usize] != u32::MAX {
                    continue;
                }
                of_column[column as usize] = number;
                for &row in cover.columns.get(column as usize) {
                    if of_row[row as usize] == u32::MAX {
                        of_row[row as usize] = number;
                        rows.push(row);
                    }
                }
            }
            next += 1;
        }
        parts.push(rows);
    }
    let mut column_numbers = vec![u32::MAX; cover.columns.len()];
    parts.into_iter().map(|rows| part(cover, &rows, &mut column_numbers)).collect()
}

fn part(cover: &Cover, rows: &[u32], number: &mut [u32]) -> (Cover, Vec<u32>) {
    let (mut lists, mut members, mut numbers) = (Incidence::new(), Incidence::new(), Vec::new());
    for &row in rows {
        for &column in cover.rows.get(row as usize) {
            if number[column as usize] == u32::MAX {
                number[column as usize] = 0;
                numbers.push(column);
            }
        }
    }
    numbers.sort_unstable();
    for (new, &column) in (0u32..).zip(&numbers) {
        number[column as usize] = new;
    }
    for &row in rows {
        lists.push(cover.rows.get(row as usize).iter().map(|&column| number[column as usize]));
        members.push(cover.members.get(row as usize).iter().copied());
    }
    let names = cover.named(&numbers);
    (Cover::new(lists, members, names), numbers)
}

struct Branch<'c, 'k, 'w> {
    cover: &'c Cover,
    nodes: usize,
    clock: &'k mut Clock<'w>,
    /// Per row, chosen columns that cover it, plus one if it is given up.
    done: Vec<u32>,
    /// Per column, how many nodes above have ruled it out.
    ruled_out: Vec<u32>,
    chosen: Vec<u32>,
}

impl<'c, 'k, 'w> Branch<'c, 'k, 'w> {
    fn new(cover: &'c Cover, nodes: usize, clock: &'k mut Clock<'w>) -> Branch<'c, 'k, 'w> {
        let (rows, columns) = (cover.rows.len(), cover.columns.len());
        Branch {
            cover,
            nodes,
            clock,
            done: vec![0; rows],
            ruled_out: vec![0; columns],
            chosen: Vec::new(),
        }
    }

    fn decide(&mut self, size: usize, outliers: usize) -> Exhausted {
        match self.search(size, outliers) {
            Some(true) => Exhausted::Covered(std::mem::take(&mut self.chosen)),
            Some(false) => Exhausted::Impossible,
            None => Exhausted::Open,
        }
    }

    /// Whether `size` more columns will do; `None` once the nodes are spent.
    fn search(&mut self, size: usize, outliers: usize) -> Option<bool> {
        if self.nodes == 0 || self.clock.is_over() {
            return None;
        }
        self.nodes = self.nodes.saturating_sub(1 + self.done.len() / ROWS_A_NODE);
        let left: usize = self.open_rows().map(|row| self.cover.multiplicity(row)).sum();
        if left <= outliers {
            return Some(true);
        }
        if !self.may_do(size, outliers) {
            return Some(false);
        }
        let row = self.open_rows().min_by_key(|&row| self.open_columns(row).count())?;
        let mut columns: Vec<u32> = self.open_columns(row).collect();
        let gain = |column: u32| {
            self.cover
                .columns
                .get(column as usize)
                .iter()
                .filter(|&&row| self.done[row as usize] == 0)
                .count()
        };
        columns.sort_by_key(|&column| (std::cmp::Reverse(gain(column)), column));
        let mut answer = Some(false);
        let mut tried = 0;
        for &column in if size == 0 { &[] } else { columns.as_slice() } {
            answer = self.with_column(column, size, outliers);
            self.ruled_out[column as usize] += 1;
            tried += 1;
            if answer != Some(false) {
                break;
            }
        }
        let multiplicity = self.cover.multiplicity(row);
        if answer == Some(false) && multiplicity <= outliers {
            // None of its columns will do, so the row is given up. Its columns stay ruled out in the search below.
            self.done[row] += 1;
            answer = self.search(size, outliers - multiplicity);
            self.done[row] -= 1;
        }
        columns[..tried].iter().for_each(|&column| self.ruled_out[column as usize] -= 1);
        answer
    }

    fn with_column(&mut self, column: u32, size: usize, outliers: usize) -> Option<bool> {
        let cover = self.cover;
        let rows = cover.columns.get(column as usize);
        rows.iter().for_each(|&row| self.done[row as usize] += 1);
        self.chosen.push(column);
        let answer = self.search(size - 1, outliers);
        if answer != Some(true) {
            self.chosen.pop();
        }
        rows.iter().for_each(|&row| self.done[row as usize] -= 1);
        answer
    }

    fn open_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.done.len()).filter(|&row| self.done[row] == 0)
    }

    fn open_columns(&self, row: usize) -> impl Iterator<Item = u32> {
        let columns = self.cover.rows.get(row).iter().copied();
        columns.filter(|&column| self.ruled_out[column as usize] == 0)
    }

    /// Whether `size` columns and `outliers` may suffice. Each row of a packing takes a column of its own, or is given
    /// up.
    fn may_do(&self, size: usize, outliers: usize) -> bool {
        let mut order: Vec<(usize, usize)> =
            self.open_rows().map(|row| (self.open_columns(row).count(), row)).collect();
        order.sort_unstable();
        let mut used = vec![false; self.cover.columns.len()];
        let mut packed = Vec::new();
        for (_, row) in order {
            if self.open_columns(row).all(|column| !used[column as usize]) {
                self.open_columns(row).for_each(|column| used[column as usize] = true);
                packed.push(self.cover.multiplicity(row));
            }
        }
        // The rows of least multiplicity are the cheapest to give up.
        packed.sort_unstable();
        let mut left = outliers;
        let given_up = packed
            .iter()
            .take_while(|&&m| {
                let fits = m <= left;
                if fits {
                    left -= m;
                }
                fits
            })
            .count();
        packed.len() - given_up <= size
    }
}
