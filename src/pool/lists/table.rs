//! Tables of text, .csv: cells between commas, semicolons or tabs, quoted where they hold one of those.

use std::io::{Chain, Read};

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::column::Column;
use super::entry::{Entry, Number};
use crate::pool::reason::Reason;

/// A line of its own at the end of every table. A quote that is never closed swallows it.
const END: &str = "\n\u{3}\n";

/// A table of one number or more a line, every line as long as the first.
pub(in crate::pool) struct Table<'t> {
    text: &'t str,
    separator: Separator<'t>,
    first: Option<Line>,
}

impl<'t> Table<'t> {
    pub fn parse(text: &'t str) -> Result<Table<'t>, Reason> {
        let separator = Separator::of(text)?;
        let first = Lines::of(text, separator).next().transpose()?;
        Ok(Table { text, separator, first })
    }

    /// The numbers in `column`, line by line. A table of one column needs no header.
    pub fn numbers(&self, column: Column) -> Result<Vec<Entry>, Reason> {
        let Some(first) = &self.first else { return Ok(Vec::new()) };
        let names = first.names();
        if let [only] = names[..]
            && column.chosen.is_none()
            && is_number(only)
        {
            refuse_unnamed(only, column)?;
            return self.lines().map(|line| self.separator.number(&line?, Cell::Only)).collect();
        }
        let cell = Cell::At(column.position(&names)?);
        self.lines().skip(1).map(|line| self.separator.number(&line?, cell)).collect()
    }

    /// What stands in `column`, by the number of its line; the first line names the columns.
    pub fn texts(&self, column: Column) -> Result<Vec<(usize, String)>, Reason> {
        if self.first.is_none() {
            return Ok(Vec::new());
        }
        let cell = Cell::At(column.position(&self.names())?);
        let text = |line: Result<Line, Reason>| {
            let line = line?;
            match line.cell(cell)? {
                "" => {
                    Err(format!("line {} has nothing in '{}'", line.number, column.name()).into())
                }
                text => Ok((line.number, text.to_string())),
            }
        };
        self.lines().skip(1).map(text).collect()
    }

    /// What the first line names, or holds.
    pub fn names(&self) -> Vec<&str> {
        self.first.as_ref().map_or(Vec::new(), Line::names)
    }

    /// Whether the first line names `column`.
    pub fn has(&self, column: &str) -> bool {
        self.names().contains(&column)
    }

    fn lines(&self) -> Lines<'t> {
        Lines::of(self.text, self.separator)
    }
}

/// A line with something in it.
struct Line {
    /// From 1.
    number: usize,
    cells: StringRecord,
}

/// Where in a line the number stands.
#[derive(Clone, Copy)]
enum Cell {
    At(usize),
    /// The first; there is none beside it.
    Only,
}

impl Line {
    /// Cells but for empty ones at the end, which a separator at the end of each line makes.
    fn width(&self) -> usize {
        (1..self.cells.len()).rev().find(|&at| !self.cells[at].is_empty()).map_or(1, |at| at + 1)
    }

    fn names(&self) -> Vec<&str> {
        self.cells.iter().take(self.width()).map(unquoted).collect()
    }

    fn cell(&self, cell: Cell) -> Result<&str, Reason> {
        let (at, width) = match cell {
            Cell::At(at) => (at, 1),
            Cell::Only => (0, self.width()),
        };
        if width > 1 {
            let number = self.number;
            return Err(format!(
                "line {number} has {width} cells, but the first has one and names none"
            )
            .into());
        }
        Ok(unquoted(&self.cells[at]))
    }
}

/// A quote after a space is a part of the cell to the reader, and to nobody else.
fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
}

fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok()
}

/// pandas writes 0 above a column without a name.
fn refuse_unnamed(first: &str, column: Column) -> Result<(), Reason> {
    if first != "0" {
        return Ok(());
    }
    let usual = column.usual;
    Err(format!(
        "begins with a line '0', a value or the header that pandas writes above a column without a name: put '{usual}' above the \
         values, or choose the column by --column 0"
    )
    .into())
}

/// What stands between cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::pool) struct Separator<'t>(&'t str);

impl<'t> Separator<'t> {
    /// The separator that the first line uses.
    ///
    /// # Errors
    /// Several of them; a line that names it.
    pub fn of(text: &'t str) -> Result<Separator<'t>, Reason> {
        let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        let first = first.trim().trim_matches('"');
        if first.starts_with("sep=") && first.chars().count() == "sep=,".len() {
            return Err(format!(
                "begins with '{first}', which Excel alone heeds: leave that line out"
            )
            .into());
        }
        let (mut quoted, mut found) = (false, Vec::new());
        for (at, character) in text.char_indices().skip_while(|(_, c)| matches!(c, '\r' | '\n')) {
            match character {
                '"' => quoted = !quoted,
                '\n' if !quoted => break,
                ',' | ';' | '\t' if !quoted => found.push(&text[at..=at]),
                _ => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        match found[..] {
            [] => Ok(Separator(",")),
            [one] => Ok(Separator(one)),
            _ => Err("has commas, semicolons or tabs beside each other in its first line, and which of them separates is not \
                      known: write a header line, or quote the cells that hold them"
                .into()),
        }
    }

    pub fn byte(self) -> u8 {
        self.0.as_bytes()[0]
    }

    fn number(self, line: &Line, cell: Cell) -> Result<Entry, Reason> {
        let cell = line.cell(cell)?;
        match self.0 {
            "," => parse(line.number, cell),
            _ => decimal_comma(line.number, cell),
        }
    }
}

/// The lines with something in them, until one that cannot be read.
struct Lines<'t> {
    text: &'t str,
    reader: Reader<Chain<&'t [u8], &'static [u8]>>,
    /// Number and cells of the first line.
    first: Option<(usize, usize)>,
    /// Number of the last line.
    last: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str, separator: Separator) -> Lines<'t> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All);
        builder.delimiter(separator.byte());
        let reader = builder.from_reader(text.as_bytes().chain(END.as_bytes()));
        Lines { text, reader, first: None, last: 1 }
    }

    /// The next line, `None` at the end.
    fn read(&mut self) -> Result<Option<Line>, Reason> {
        let mut cells = StringRecord::new();
        while self.reader.read_record(&mut cells).map_err(damaged)? {
            let (at, number) = start(self.text, &cells);
            if at == self.text.len() {
                return Ok(None);
            }
            if !self.text[at..].lines().next().unwrap_or("").trim().is_empty() {
                self.check_length(number, cells.len())?;
                self.last = number;
                return Ok(Some(Line { number, cells }));
            }
        }
        Err(format!("line {} opens a quote that is never closed", self.last).into())
    }

    fn check_length(&mut self, number: usize, count: usize) -> Result<(), Reason> {
        let (above, first) = *self.first.get_or_insert((number, count));
        if count == first {
            return Ok(());
        }
        let s = if count == 1 { "" } else { "s" };
        Err(format!("line {number} has {count} cell{s}, but line {above} has {first}").into())
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Line, Reason>;

    fn next(&mut self) -> Option<Result<Line, Reason>> {
        self.read().transpose()
    }
}

fn damaged(error: csv::Error) -> Reason {
    format!("cannot be read as a table: {error}").into()
}

/// Byte at which a line with something in it starts, and its number: the reader's position is before the empty lines that it skips.
fn start(text: &str, cells: &StringRecord) -> (usize, usize) {
    let position = cells.position().expect("a record that was read has one");
    let at = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let line = usize::try_from(position.line()).unwrap_or(usize::MAX);
    let skipped = text[at..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let (bytes, lines) = skipped
        .fold((0, 0), |(bytes, lines), byte| (bytes + 1, lines + usize::from(byte == b'\n')));
    (at + bytes, line + lines)
}

/// The number that `text` is.
pub(super) fn parse(place: usize, text: &str) -> Result<Entry, Reason> {
    let number = match (text.parse(), text.parse()) {
        _ if text.is_empty() => Number::Missing,
        (Ok(integer), _) => Number::Integer(integer),
        (_, Ok(float)) => Number::Float(float),
        _ => {
            let shown: String = text.chars().take(40).collect();
            return Err(format!("line {place} is '{shown}', not a number").into());
        }
    };
    Ok(Entry { place, number })
}

/// Where cells are not separated by commas, a comma may stand before decimals.
fn decimal_comma(place: usize, text: &str) -> Result<Entry, Reason> {
    let Some(pointed) = point_for_comma(place, text)? else { return parse(place, text) };
    match parse(place, &pointed) {
        // A point and a comma both, or two commas: as it was written.
        Err(_) => parse(place, text),
        found => found,
    }
}

/// `text` with a point in the place of its comma, if it has one.
///
/// # Errors
/// The comma may also be between thousands.
pub(in crate::pool) fn point_for_comma(place: usize, text: &str) -> Result<Option<String>, Reason> {
    let Some((whole, decimals)) = text.split_once(',') else { return Ok(None) };
    let whole_digits = whole.trim_start_matches(['-', '+']);
    let is_three_digits = decimals.len() == 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if is_three_digits && (1..=3).contains(&whole_digits.len()) && whole_digits != "0" {
        return Err(format!(
            "line {place} is '{text}', whose comma may be before decimals or between thousands: write {whole}.{decimals} or \
             {whole}{decimals}"
        )
        .into());
    }
    Ok(Some(format!("{whole}.{decimals}")))
}
