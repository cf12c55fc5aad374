//! Rows that come piece by piece, kept as one pool: where they lie in their file as a pool keeps them; else in memory while there is
//! room, or all in a scratch file.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::choose::sides_text;
use crate::pool::bytes::{Bytes, Place, Store};
use crate::pool::reason::{NO_ROWS, Reason};
use crate::pool::row_file::RowFile;
use crate::pool::scratch::{Room, Scratch};
use crate::pool::{Dtype, Pool};

/// Rows that follow each other in a file.
pub(super) struct Rows {
    pub bytes: Bytes<'static>,
    pub rows: usize,
    /// The sides of a row, which is flattened where it has several.
    pub sides: Vec<usize>,
    pub dtype: Dtype,
    /// Those that have no values and are left out, in order, counted from the first. What stands in their place is of no account.
    pub missing: Vec<usize>,
}

impl Rows {
    /// So many rows, none of which has values: of what shape they would be is not known.
    pub fn without_values(rows: usize) -> Rows {
        let missing = (0..rows).collect();
        Rows { bytes: Bytes::Owned(Vec::new()), rows, sides: Vec::new(), dtype: Dtype::U8, missing }
    }
}

/// The pieces of one file so far.
pub(super) struct Kept<'r> {
    room: &'r Room,
    shape: Option<(Vec<usize>, Dtype)>,
    pieces: Vec<Piece>,
    rows: usize,
    /// Rows without values.
    missing: Vec<usize>,
    /// Rows that come first and have none, as long as nobody knows how many values they would have.
    before: usize,
    /// Bytes of memory taken, unless there was no room.
    taken: Option<usize>,
    scratch: Option<Scratch>,
}

struct Piece {
    rows: usize,
    home: Home,
}

/// Where a piece is.
enum Home {
    /// Nowhere: its size alone is wanted.
    Dropped,
    Memory(Bytes<'static>),
    File(Origin),
    /// From this byte on of the scratch file.
    Scratch(usize),
}

/// Where a piece lies in its file, as a pool keeps it.
pub(super) type Origin = (Arc<RowFile>, usize);

impl Kept<'_> {
    pub fn new(room: &Room) -> Kept<'_> {
        let (pieces, missing) = (Vec::new(), Vec::new());
        Kept {
            room,
            shape: None,
            pieces,
            rows: 0,
            missing,
            before: 0,
            taken: Some(0),
            scratch: None,
        }
    }

    /// Keep a piece; of one that lies in its file as a pool keeps it, `origin` is enough. Pieces without rows count for nothing. `all_rows`
    /// is how many rows there will be, as far as that is known.
    pub fn add(
        &mut self,
        piece: Rows,
        origin: Option<Origin>,
        all_rows: usize,
    ) -> Result<(), Reason> {
        if self.room.interrupt().is_some_and(|interrupt| interrupt.load(Relaxed)) {
            return Err("was not read to its end: interrupted".into());
        }
        let Some(piece) = self.shaped(piece, all_rows)? else { return Ok(()) };
        let Rows { bytes, rows, sides, dtype, missing } = piece;
        if rows == 0 {
            return Ok(());
        }
        let d: usize = sides.iter().product();
        self.check_shape(sides, dtype)?;
        self.missing.extend(missing.into_iter().map(|row| self.rows + row));
        self.rows += rows;
        let home = match origin {
            Some(origin) => Home::File(origin),
            None => {
                let all = self.rows.max(all_rows).saturating_mul(d * dtype.bytes());
                self.home(bytes, all as u64)?
            }
        };
        self.pieces.push(Piece { rows, home });
        Ok(())
    }

    /// `piece`; of one without values, zeros of the shape of the others. None as long as that is not known: it is kept with the first other.
    fn shaped(&mut self, piece: Rows, all_rows: usize) -> Result<Option<Rows>, Reason> {
        let is_without = piece.sides.is_empty() && piece.rows > 0;
        match (&self.shape, is_without) {
            (None, true) => {
                self.before += piece.rows;
                Ok(None)
            }
            (Some(shape), true) => Ok(Some(zeros(piece.rows, shape))),
            (_, false) => {
                let before = std::mem::take(&mut self.before);
                if before > 0 && piece.rows > 0 {
                    let shape = (piece.sides.clone(), piece.dtype);
                    self.add(zeros(before, &shape), None, all_rows)?;
                }
                Ok(Some(piece))
            }
        }
    }

    /// Where decoded `bytes` go, of `all` that there will be.
    fn home(&mut self, bytes: Bytes<'static>, all: u64) -> Result<Home, Reason> {
        if self.room.is_for_outlines() {
            return Ok(Home::Dropped);
        }
        let length = bytes.as_slice().len();
        if let Some(taken) = &mut self.taken {
            if self.room.take(length) {
                *taken += length;
                return Ok(Home::Memory(bytes));
            }
            self.leave_memory(all)?;
        }
        self.spill(bytes.as_slice(), all)
    }

    /// Memory is full: what is there goes to the scratch file.
    fn leave_memory(&mut self, all: u64) -> Result<(), Reason> {
        for at in 0..self.pieces.len() {
            let home = std::mem::replace(&mut self.pieces[at].home, Home::Scratch(0));
            self.pieces[at].home = match home {
                Home::Memory(bytes) => self.spill(bytes.as_slice(), all)?,
                home => home,
            };
        }
        self.taken.take().into_iter().for_each(|taken| self.room.give_back(taken));
        Ok(())
    }

    fn spill(&mut self, bytes: &[u8], all: u64) -> Result<Home, Reason> {
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            none => none.insert(self.room.scratch(all)?),
        };
        let start = usize::try_from(scratch.length()).expect("64-bit addresses");
        scratch.append(bytes)?;
        Ok(Home::Scratch(start))
    }

    fn check_shape(&mut self, sides: Vec<usize>, dtype: Dtype) -> Result<(), Reason> {
        let first_row = self.rows;
        if sides.contains(&0) {
            return Err(format!("row {first_row} is an empty list").into());
        }
        let (expected, _) = self.shape.get_or_insert_with(|| (sides.clone(), dtype));
        if sides == *expected { Ok(()) } else { Err(ragged_row(first_row, &sides, 0, expected)) }
    }

    /// The pool of all pieces.
    pub fn pool(self) -> Result<Pool<'static>, Reason> {
        let Some((sides, dtype)) = self.shape else { return Err(of_no_shape(self.before)) };
        let d: usize = sides.iter().product();
        if self.pieces.iter().any(|piece| matches!(piece.home, Home::Dropped)) {
            return Ok(Pool::without_values((self.rows, d), dtype));
        }
        let scratch = self.scratch.map(Scratch::finish).transpose()?;
        let mut whole: Option<Pool> = None;
        for Piece { rows, home } in self.pieces {
            let (store, offset) = match (home, &scratch) {
                (Home::Memory(bytes), _) => (Store::Memory(bytes), 0),
                (Home::File((file, offset)), _) => (Store::File(file), offset),
                (Home::Scratch(offset), Some(scratch)) => {
                    (Store::File(Arc::clone(scratch)), offset)
                }
                (Home::Scratch(_), None) => unreachable!("such a piece was written to the file"),
                (Home::Dropped, _) => unreachable!("of such pieces there is an outline"),
            };
            let place = Place::dense(offset, d * dtype.bytes());
            let piece = Pool::of_segment(store, (rows, d), dtype, place);
            match &mut whole {
                Some(whole) => whole.append(piece),
                None => whole = Some(piece),
            }
        }
        let mut whole = whole.ok_or(NO_ROWS)?;
        whole.skipped = self.missing;
        if sides.len() > 1 {
            let sides = sides_text(&sides);
            whole.notices.push(format!("rows of {sides} values are flattened to {d} each"));
        }
        Ok(whole)
    }
}

/// Why so many rows without values are no pool: their numbers must not be given to other rows in silence.
pub(super) fn of_no_shape(rows: usize) -> Reason {
    match rows {
        0 => NO_ROWS,
        _ => format!(
            "has {rows} rows and none with values, so nothing says how many values a row has: leave the file out, or write NaN in their place"
        )
        .into(),
    }
}

/// Rows of this shape that have no values.
fn zeros(rows: usize, (sides, dtype): &(Vec<usize>, Dtype)) -> Rows {
    let bytes = rows * sides.iter().product::<usize>() * dtype.bytes();
    Rows {
        bytes: Bytes::Owned(vec![0; bytes]),
        sides: sides.clone(),
        dtype: *dtype,
        ..Rows::without_values(rows)
    }
}

pub(super) fn ragged_row(row: usize, odd: &[usize], base: usize, sides: &[usize]) -> Reason {
    let [odd, sides] = [odd, sides].map(sides_text);
    format!("row {row} has {odd} values, but row {base} has {sides}").into()
}
