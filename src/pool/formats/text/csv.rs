//! Tables of text, .csv and .tsv: a column a dimension, a column of lists, or numbers alone without a header.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufReader, Chain, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::lines::MOST;
use super::list;
use super::rows::{TextRows, is_no_value};
use crate::memory::size_text;
use crate::pool::bytes::{Reader, Store};
use crate::pool::formats::choose::choose;
use crate::pool::formats::wide;
use crate::pool::lists::table::{Separator, point_for_comma};
use crate::pool::meant::Meant;
use crate::pool::reason::{NO_ROWS, Reason, check_is_not_utf_16};
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool};

/// A line of its own at the end of every table. A quote that is never closed swallows it.
const END: &[u8] = b"\n\x03\n";
/// Bytes in which the first line must end.
const FIRST_LINE: usize = 4 << 20;

pub(in crate::pool::formats) fn read(
    store: &Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let mut rows = TextRows::new(meant, Dtype::F64, room)?;
    let mut table = Table::of(store)?;
    let Some(first) = table.next()? else { return Err(NO_ROWS) };
    let second = table.next()?;
    let picked = Picked::of(&first, second.as_ref(), meant, table.has_commas())?;
    let header = (!matches!(picked, Picked::All)).then_some(&first);
    if header.is_none() {
        table.add(&mut rows, &first, &picked, &first)?;
    }
    let mut next = second;
    while let Some(line) = next {
        table.add(&mut rows, &line, &picked, &first)?;
        next = table.next()?;
    }
    rows.pool()
}

/// Takes a row, the number of its line, and a cell.
type TakeCell<'t> = dyn FnMut(usize, usize, &[u8]) -> Result<(), Reason> + 't;

/// Give what stands in column `name` to `take`, with its row and the number of its line. The first line names the columns.
pub(super) fn each_cell(
    store: &Store<'static>,
    name: &str,
    take: &mut TakeCell,
) -> Result<(), Reason> {
    let mut table = Table::of(store)?;
    let Some(first) = table.next()? else { return Ok(()) };
    let names = first.names();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let column = choose("columns", &names, Some(name))?;
    let mut row = 0;
    while let Some(line) = table.next()? {
        take(row, line.number, &line.cells[column])?;
        row += 1;
    }
    Ok(())
}

/// Which cells of a line are values.
enum Picked {
    /// All of them, of the first line too.
    All,
    /// Those of these columns.
    Columns(Vec<usize>),
    /// The list in this one.
    List(usize),
}

impl Picked {
    fn of(
        first: &Line,
        second: Option<&Line>,
        meant: Meant,
        has_commas: bool,
    ) -> Result<Picked, Reason> {
        let names = first.names();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let is_number = |cell: &[u8]| is_number(cell, has_commas);
        let is_header = !first.cells().all(is_number) || is_counted(&names);
        if let Some(patterns) = meant.columns {
            return match is_header {
                true => wide::matching(patterns, &names).map(Picked::Columns),
                false => Err("has no names of columns, its first line holds numbers: all columns are read without --columns".into()),
            };
        }
        if let Some(name) = meant.name {
            let column = choose("columns", &names, Some(name))?;
            return match second.and_then(|line| line.cells().nth(column)) {
                Some(cell) if is_number(cell) => Err(format!(
                    "column '{name}' holds a number a line, not a list: --columns '{name}' takes it for a dimension"
                )
                .into()),
                _ => Ok(Picked::List(column)),
            };
        }
        if !is_header {
            return Ok(Picked::All);
        }
        if first.cells().all(is_number) {
            return Err(format!(
                "begins with a line 0 to {}, the names that pandas gives to columns, or a row: --columns '*' takes it for names; if it is a \
                 row, write a line of names above it",
                names.len() - 1
            )
            .into());
        }
        let Some(second) = second else { return Err(NO_ROWS) };
        only_column(&names, second, &is_number)
    }
}

/// The only column of lists.
fn only_column(
    names: &[&str],
    second: &Line,
    is_number: &dyn Fn(&[u8]) -> bool,
) -> Result<Picked, Reason> {
    let of = |is: &dyn Fn(&[u8]) -> bool| -> Vec<usize> {
        let cells = second.cells().enumerate().filter(|(_, cell)| is(cell));
        cells.map(|(at, _)| at).filter(|&at| at < names.len()).collect()
    };
    let lists = of(&list::is_list);
    if !lists.is_empty() {
        let listed: Vec<&str> = lists.iter().map(|&at| names[at]).collect();
        return choose("columns of lists", &listed, None).map(|at| Picked::List(lists[at]));
    }
    let (numbers, empty) = (of(is_number), of(&|cell| cell.is_empty()));
    let line = second.number;
    if numbers.is_empty() {
        return Err(format!(
            "holds no columns of numbers or of lists, as far as line {line} tells: --tensor NAME names a column of lists, --columns those of dimensions"
        )
        .into());
    }
    let advice = wide::advice(&numbers, names);
    Err(match empty.first() {
        None => advice,
        Some(&at) => format!(
            "{advice}; but column '{}' is empty in line {line}, and may be one, too",
            names[at]
        )
        .into(),
    })
}

fn is_number(cell: &[u8], has_commas: bool) -> bool {
    let Ok(text) = std::str::from_utf8(cell) else { return false };
    match has_commas {
        true => text.replacen(',', ".", 1).parse::<f64>().is_ok(),
        false => text.parse::<f64>().is_ok(),
    }
}

/// Whether these are 0, 1, 2 and so on, which pandas calls columns that have no name.
fn is_counted(names: &[&str]) -> bool {
    names.iter().enumerate().all(|(at, name)| *name == at.to_string())
}

/// A line with something in it.
struct Line {
    cells: ByteRecord,
    number: usize,
    /// Cells but for an empty one at the end, which a separator at the end of each line makes.
    width: usize,
}

impl Line {
    fn cells(&self) -> impl Iterator<Item = &[u8]> {
        self.cells.iter().take(self.width)
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        self.cells().map(String::from_utf8_lossy).collect()
    }
}

/// The text of a table, with [`END`] behind it.
type Ended<'s> = Chain<Limited<BufReader<Reader<&'s Store<'static>>>>, &'static [u8]>;

/// The lines of a table.
struct Table<'s> {
    reader: csv::Reader<Ended<'s>>,
    separator: u8,
    /// Bytes that may be read for one line.
    left: Rc<Cell<u64>>,
    /// Whether lines end with a carriage return, which the reader takes for the end.
    is_crlf: bool,
    /// Cells of the first line, and of a row; its number.
    width: Option<(usize, usize, usize)>,
}

impl<'s> Table<'s> {
    fn of(store: &'s Store<'static>) -> Result<Table<'s>, Reason> {
        let start = store.part(0, FIRST_LINE)?;
        check_is_not_utf_16(&start)?;
        let text = String::from_utf8_lossy(&start);
        let separator = Separator::of(&text)?.byte();
        let is_crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
        let left = Rc::new(Cell::new(MOST));
        let reader = Limited { inner: store.reader(), left: Rc::clone(&left) };
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(separator);
        let reader = builder.from_reader(reader.chain(END));
        Ok(Table { reader, separator, left, is_crlf, width: None })
    }

    /// Whether a comma may stand before decimals.
    fn has_commas(&self) -> bool {
        self.separator != b','
    }

    /// The next line, `None` at the end.
    fn next(&mut self) -> Result<Option<Line>, Reason> {
        let mut cells = ByteRecord::new();
        loop {
            self.left.set(MOST);
            self.reader.read_byte_record(&mut cells).map_err(damaged)?;
            if cells.is_empty() || cells.len() == 1 && &cells[0] == b"\x03" {
                return Ok(None);
            }
            if cells.iter().next_back().is_some_and(|cell| cell.ends_with(b"\x03")) {
                let number = self.number(&cells);
                return Err(format!("line {number} opens a quote that is never closed").into());
            }
            // A line of spaces. Of a table of one column it may be a missing value.
            let is_blank = cells.len() == 1 && cells[0].is_empty();
            if !is_blank || self.width.is_some_and(|(width, ..)| width == 1) {
                break;
            }
        }
        let number = self.number(&cells);
        let count = cells.len();
        let (all, width, above) = *self.width.get_or_insert_with(|| {
            let is_ended = count > 1 && cells[count - 1].is_empty();
            (count, if is_ended { count - 1 } else { count }, number)
        });
        if count != all {
            let s = if count == 1 { "" } else { "s" };
            return Err(
                format!("line {number} has {count} cell{s}, but line {above} has {all}").into()
            );
        }
        if width < all && !cells[width].is_empty() {
            return Err(
                format!("line {number} has a value in column {all}, which has no name").into()
            );
        }
        Ok(Some(Line { cells, number, width }))
    }

    /// The number of the line that `cells` begin in, which were read last.
    fn number(&self, cells: &ByteRecord) -> usize {
        let within = cells.as_slice().iter().filter(|&&byte| byte == b'\n').count();
        let line = usize::try_from(self.reader.position().line()).unwrap_or(usize::MAX);
        line.saturating_sub(within + usize::from(!self.is_crlf)).max(1)
    }

    fn add(
        &self,
        rows: &mut TextRows,
        line: &Line,
        picked: &Picked,
        header: &Line,
    ) -> Result<(), Reason> {
        let number = line.number;
        let name = |at: usize| String::from_utf8_lossy(header.cells.get(at).unwrap_or_default());
        match picked {
            Picked::All => {
                let cells = self.pointed(line, line.cells())?;
                rows.add(number, cells.iter().map(|cell| &**cell), |j| format!("in cell {}", j + 1))
            }
            Picked::Columns(columns) => {
                let cells = columns.iter().map(|&at| &line.cells[at]);
                let cells = self.pointed(line, cells)?;
                let place = |j: usize| format!("in column '{}'", name(columns[j]));
                rows.add(number, cells.iter().map(|cell| &**cell), place)
            }
            Picked::List(at) => {
                let cell = &line.cells[*at];
                if is_no_value(cell) {
                    return rows.add_nothing(number, &format!("nothing in column '{}'", name(*at)));
                }
                let Some(values) = list::values(cell) else {
                    let name = name(*at);
                    return Err(format!("line {number} has no list in column '{name}'").into());
                };
                rows.add(number, values, |j| format!("at dimension {j}"))
            }
        }
    }

    /// `cells` with points in the place of decimal commas.
    fn pointed<'c>(
        &self,
        line: &Line,
        cells: impl Iterator<Item = &'c [u8]>,
    ) -> Result<Vec<Cow<'c, [u8]>>, Reason> {
        let pointed = |cell: &'c [u8]| {
            let text = std::str::from_utf8(cell).ok().filter(|_| self.has_commas());
            let pointed = text.map(|text| point_for_comma(line.number, text)).transpose()?;
            Ok(match pointed.flatten() {
                Some(pointed) => Cow::Owned(pointed.into_bytes()),
                None => Cow::Borrowed(cell),
            })
        };
        cells.map(pointed).collect()
    }
}

/// A reader that gives no more bytes for one line than are left: the parser holds all of them.
struct Limited<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => {
                let most = size_text(MOST);
                return Err(io::Error::other(format!(
                    "a line is longer than {most}, or a quote is never closed"
                )));
            }
        }
        Ok(read)
    }
}

fn damaged(error: csv::Error) -> Reason {
    format!("cannot be read as a table: {error}").into()
}
