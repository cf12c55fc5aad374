//! Rows that come piece by piece, kept as one pool: where they lie in their file as a pool keeps them; else in memory while there is
//! room, or all in a scratch file.

use std::sync::Arc;

use super::super::bytes::{Bytes, Place, Store};
use super::super::reason::Reason;
use super::super::row_file::RowFile;
use super::super::scratch::{Room, Scratch};
use super::super::{Dtype, Pool};
use super::vectors::{Rows, ragged_row, read_as_numbers};

/// The pieces of one file so far.
pub(super) struct Kept<'r> {
    room: &'r Room,
    shape: Option<(usize, Dtype)>,
    pieces: Vec<Piece>,
    rows: usize,
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
    Memory(Bytes<'static>),
    File(Origin),
    /// From this byte on of the scratch file.
    Scratch(usize),
}

/// Where a piece lies in its file, as a pool keeps it.
pub(super) type Origin = (Arc<RowFile>, usize);

impl Kept<'_> {
    pub fn new(room: &Room) -> Kept<'_> {
        let (shape, pieces, scratch) = (None, Vec::new(), None);
        Kept { room, shape, pieces, rows: 0, taken: Some(0), scratch }
    }

    /// Keep a piece; of one that lies in its file as a pool keeps it, `origin` is enough. Pieces without rows count for nothing. `all_rows`
    /// is how many rows there will be, as far as that is known.
    pub fn add(
        &mut self,
        piece: Rows,
        origin: Option<Origin>,
        all_rows: usize,
    ) -> Result<(), Reason> {
        let Rows { bytes, rows, d, dtype } = piece;
        if rows == 0 {
            return Ok(());
        }
        self.check_shape(d, dtype)?;
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

    /// Where decoded `bytes` go, of `all` that there will be.
    fn home(&mut self, bytes: Bytes<'static>, all: u64) -> Result<Home, Reason> {
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

    fn check_shape(&mut self, d: usize, dtype: Dtype) -> Result<(), Reason> {
        let first_row = self.rows;
        if d == 0 {
            return Err(format!("row {first_row} is an empty list").into());
        }
        let (expected, _) = *self.shape.get_or_insert((d, dtype));
        if d == expected { Ok(()) } else { Err(ragged_row(first_row, d, 0, expected)) }
    }

    /// The pool of all pieces.
    pub fn pool(self) -> Result<Pool<'static>, Reason> {
        let Some((d, dtype)) = self.shape else { return Err("holds no rows".into()) };
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
            };
            let place = Place::dense(offset, d * dtype.bytes());
            let piece = Pool::of_segment(store, (rows, d), dtype, place);
            match &mut whole {
                Some(whole) => whole.append(piece),
                None => whole = Some(piece),
            }
        }
        let mut whole = whole.ok_or("holds no rows")?;
        whole.notices.extend(dtype.range().map(|range| read_as_numbers(d, range)));
        Ok(whole)
    }
}
