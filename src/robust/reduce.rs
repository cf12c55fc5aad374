//! Reductions: they remove rows and columns that need no decision.
//!
//! A column is dominated by another that covers all rows it does. Where every row must be covered, a row is dominated by one
//! whose columns are among its own, and the only column of a row is mandatory. With outliers neither of these two holds: a
//! dominating row may be left out, and so may a row of one column; rows of the same columns become one of higher multiplicity
//! instead. Source: the standard reductions of set covering (Weihe 1998).

use super::clock::Clock;
use super::cover::Cover;
use super::incidence::Incidence;

/// What reductions leave.
pub struct Reduced {
    pub cover: Cover,
    /// Pool rows that must be centers.
    pub fixed: Vec<u32>,
    /// For each of them, a pool row that no other column covers.
    pub forcing: Vec<u32>,
}

/// Reduce until nothing changes. `partial`: some rows may stay uncovered.
pub fn reduce(cover: Cover, partial: bool, clock: &mut Clock) -> Reduced {
    let mut state = State::new(cover);
    loop {
        let mut changed = !partial && state.fix_mandatory();
        changed |= state.drop_columns(clock);
        changed |= if partial { state.merge_rows() } else { state.drop_rows(clock) };
        if !changed || clock.is_over() {
            return state.finish();
        }
        state.compact();
    }
}

struct State {
    cover: Cover,
    row_alive: Vec<bool>,
    column_alive: Vec<bool>,
    /// Per row, columns alive that cover it; per column, rows alive it covers.
    row_degree: Vec<u32>,
    column_degree: Vec<u32>,
    /// Rows with the same columns as another row, each with that row, which stands for it now.
    merged: Vec<(u32, u32)>,
    fixed: Vec<u32>,
    forcing: Vec<u32>,
}

fn degrees(lists: &Incidence) -> Vec<u32> {
    lists.iter().map(|list| u32::try_from(list.len()).expect("numbers fit u32")).collect()
}

impl State {
    fn new(cover: Cover) -> State {
        State {
            row_alive: vec![true; cover.rows.len()],
            column_alive: vec![true; cover.columns.len()],
            row_degree: degrees(&cover.rows),
            column_degree: degrees(&cover.columns),
            cover,
            merged: Vec::new(),
            fixed: Vec::new(),
            forcing: Vec::new(),
        }
    }

    fn remove_row(&mut self, row: usize) {
        self.row_alive[row] = false;
        for &column in self.cover.rows.get(row) {
            self.column_degree[column as usize] -= 1;
        }
    }

    fn remove_column(&mut self, column: usize) {
        self.column_alive[column] = false;
        for &row in self.cover.columns.get(column) {
            self.row_degree[row as usize] -= 1;
        }
    }

    /// The only column of a row must be chosen, and covers all its rows.
    fn fix_mandatory(&mut self) -> bool {
        let before = self.fixed.len();
        for row in 0..self.row_alive.len() {
            if !self.row_alive[row] || self.row_degree[row] != 1 {
                continue;
            }
            let mut columns = self.cover.rows.get(row).iter().map(|&column| column as usize);
            let column =
                columns.find(|&column| self.column_alive[column]).expect("its degree is 1");
            self.fixed.push(self.cover.names[column]);
            self.forcing.push(self.cover.members.get(row)[0]);
            let covered = self.cover.columns.get(column).to_vec();
            for row in covered.into_iter().map(|row| row as usize) {
                if self.row_alive[row] {
                    self.remove_row(row);
                }
            }
            self.remove_column(column);
        }
        self.fixed.len() > before
    }

    fn drop_columns(&mut self, clock: &mut Clock) -> bool {
        let dominated = dominated(
            Side {
                lists: &self.cover.columns,
                alive: &self.column_alive,
                degree: &self.column_degree,
            },
            Side { lists: &self.cover.rows, alive: &self.row_alive, degree: &self.row_degree },
            Keep::Larger,
            clock,
        );
        dominated.iter().for_each(|&(column, _)| self.remove_column(column));
        !dominated.is_empty()
    }

    fn drop_rows(&mut self, clock: &mut Clock) -> bool {
        let dominated = dominated(
            Side { lists: &self.cover.rows, alive: &self.row_alive, degree: &self.row_degree },
            Side {
                lists: &self.cover.columns,
                alive: &self.column_alive,
                degree: &self.column_degree,
            },
            Keep::Smaller,
            clock,
        );
        dominated.iter().for_each(|&(row, _)| self.remove_row(row));
        !dominated.is_empty()
    }

    /// Rows covered by the same columns become one.
    fn merge_rows(&mut self) -> bool {
        let mut alive: Vec<(Vec<u32>, u32)> = Vec::new();
        for row in (0u32..).take(self.row_alive.len()).filter(|&row| self.row_alive[row as usize]) {
            let columns = self.cover.rows.get(row as usize).iter().copied();
            alive.push((columns.filter(|&c| self.column_alive[c as usize]).collect(), row));
        }
        alive.sort_unstable();
        let before = self.merged.len();
        let mut first = 0;
        for next in 1..alive.len() {
            if alive[next].0 == alive[first].0 {
                self.merged.push((alive[next].1, alive[first].1));
                self.remove_row(alive[next].1 as usize);
            } else {
                first = next;
            }
        }
        self.merged.len() > before
    }

    /// Drops rows and columns that are no longer alive.
    fn compact(&mut self) {
        let mut names = Vec::new();
        let mut number = vec![u32::MAX; self.column_alive.len()];
        for column in
            (0..number.len()).filter(|&c| self.column_alive[c] && self.column_degree[c] > 0)
        {
            number[column] = u32::try_from(names.len()).expect("numbers fit u32");
            names.push(self.cover.names[column]);
        }
        let mut joined: Vec<Vec<u32>> = vec![Vec::new(); self.row_alive.len()];
        for (row, into) in std::mem::take(&mut self.merged) {
            joined[into as usize].extend_from_slice(self.cover.members.get(row as usize));
        }
        let (mut rows, mut members) = (Incidence::new(), Incidence::new());
        for row in (0..self.row_alive.len()).filter(|&row| self.row_alive[row]) {
            let columns = self.cover.rows.get(row).iter().map(|&column| number[column as usize]);
            rows.push(columns.filter(|&column| column != u32::MAX));
            let mut all = std::mem::take(&mut joined[row]);
            all.extend_from_slice(self.cover.members.get(row));
            all.sort_unstable();
            members.push(all);
        }
        let (fixed, forcing) = (std::mem::take(&mut self.fixed), std::mem::take(&mut self.forcing));
        *self = State { fixed, forcing, ..State::new(Cover::new(rows, members, names)) };
    }

    fn finish(mut self) -> Reduced {
        self.compact();
        Reduced { cover: self.cover, fixed: self.fixed, forcing: self.forcing }
    }
}

/// One side of the incidence.
struct Side<'a> {
    lists: &'a Incidence,
    alive: &'a [bool],
    degree: &'a [u32],
}

/// Which of two nested lists is kept.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Larger,
    Smaller,
}

/// Each list that another list makes superfluous, and that other list, which is kept. Of equal lists the lowest stays.
fn dominated(these: Side, those: Side, keep: Keep, clock: &mut Clock) -> Vec<(usize, usize)> {
    let signatures: Vec<u128> =
        (0..these.lists.len()).map(|at| signature(&these, &those, at)).collect();
    let mut gone = vec![false; these.lists.len()];
    let mut dominated = Vec::new();
    for small in 0..these.lists.len() {
        if !these.alive[small] || these.degree[small] == 0 || gone[small] {
            continue;
        }
        if small % 256 == 0 && clock.is_over() {
            break;
        }
        let alive = these
            .lists
            .get(small)
            .iter()
            .map(|&item| item as usize)
            .filter(|&item| those.alive[item]);
        let least = alive.min_by_key(|&item| those.degree[item]).expect("its degree is not 0");
        // A list that contains `small` contains its item of fewest lists, so only the lists of that item are tried.
        for large in those.lists.get(least).iter().map(|&large| large as usize) {
            let may = large != small
                && these.alive[large]
                && !gone[large]
                && these.degree[large] >= these.degree[small]
                && signatures[small] & !signatures[large] == 0;
            if !may || !contains(these.lists.get(large), these.lists.get(small), those.alive) {
                continue;
            }
            let equal = these.degree[large] == these.degree[small];
            let (kept, dropped) = match keep {
                Keep::Larger => (large, small),
                Keep::Smaller => (small, large),
            };
            if equal && dropped < kept {
                continue;
            }
            gone[dropped] = true;
            dominated.push((dropped, kept));
            if dropped == small {
                break;
            }
        }
    }
    dominated
}

/// One bit for each item's hash. A list inside another has no bit that the other lacks.
fn signature(these: &Side, those: &Side, at: usize) -> u128 {
    let items = these.lists.get(at).iter().filter(|&&item| those.alive[item as usize]);
    items.fold(0, |bits, &item| bits | 1 << (item.wrapping_mul(0x9e37_79b1) >> 25))
}

/// Whether every item of `small` that is alive is in `large`; both increase.
fn contains(large: &[u32], small: &[u32], alive: &[bool]) -> bool {
    let mut large = large.iter();
    small.iter().filter(|&&item| alive[item as usize]).all(|item| large.any(|other| other == item))
}
