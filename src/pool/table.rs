//! Tables of text, .csv: cells between commas, semicolons or tabs, quoted where they hold one of those.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::column::Column;
use super::entry::{Entry, Number};
use super::reason::Reason;

/// A line of its own at the end of every table. A quote that is never closed swallows it.
const END: &str = "\n\u{3}\n";

/// A table of one number or more a line, every line as long as the first.
pub(super) struct Table<'t> {
    lines: Vec<Line>,
    /// Columns but for empty ones at the end, which a separator at the end of each line makes.
    columns: usize,
    separator: Separator<'t>,
}

struct Line {
    /// From 1.
    number: usize,
    cells: StringRecord,
}

/// What stands between cells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Separator<'t>(&'t str);

impl<'t> Table<'t> {
    pub fn parse(text: &'t str) -> Result<Table<'t>, Reason> {
        let separator = Separator::of(text)?;
        let lines = lines(text, separator)?;
        let most = lines.first().map_or(0, |line| line.cells.len());
        let is_empty = |column: usize| lines.iter().all(|line| line.cells[column].is_empty());
        let columns =
            (1..most).rev().find(|&column| !is_empty(column)).map_or(most.min(1), |c| c + 1);
        Ok(Table { lines, columns, separator })
    }

    /// The numbers in `column`, line by line. A table of one column needs no header.
    pub fn numbers(&self, column: Column) -> Result<Vec<Entry>, Reason> {
        let Some(first) = self.lines.first() else { return Ok(Vec::new()) };
        let names: Vec<&str> = (0..self.columns).map(|column| first.cell(column)).collect();
        let (position, header) = match names[..] {
            [only] if column.chosen.is_none() && is_number(only) => {
                refuse_unnamed(only, column)?;
                (0, 0)
            }
            _ => (column.position(&names)?, 1),
        };
        let number = |line: &Line| self.separator.number(line.number, line.cell(position));
        self.lines[header..].iter().map(number).collect()
    }

    /// Whether the first line names `column`.
    pub fn has(&self, column: &str) -> bool {
        self.lines
            .first()
            .is_some_and(|line| line.cells.iter().any(|cell| unquoted(cell) == column))
    }
}

impl Line {
    fn cell(&self, column: usize) -> &str {
        unquoted(&self.cells[column])
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

impl<'t> Separator<'t> {
    /// The one that the first line uses.
    fn of(text: &'t str) -> Result<Separator<'t>, Reason> {
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

    fn number(self, line: usize, cell: &str) -> Result<Entry, Reason> {
        match self.0 {
            "," => parse(line, cell),
            _ => decimal_comma(line, cell),
        }
    }
}

/// The lines with something in them.
fn lines(text: &str, separator: Separator) -> Result<Vec<Line>, Reason> {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(separator.0.as_bytes()[0]);
    let mut lines: Vec<Line> = Vec::new();
    for cells in builder.from_reader(text.as_bytes().chain(END.as_bytes())).into_records() {
        let cells = cells.map_err(|error| format!("cannot be read as a table: {error}"))?;
        let (at, number) = start(text, &cells);
        let first = lines.first().map_or(cells.len(), |first| first.cells.len());
        if at == text.len() {
            return Ok(lines);
        }
        if text[at..].lines().next().is_none_or(|line| line.trim().is_empty()) {
            continue;
        }
        if cells.len() != first {
            let (count, above) = (cells.len(), lines[0].number);
            return Err(
                format!("line {number} has {count} cells, but line {above} has {first}").into()
            );
        }
        lines.push(Line { number, cells });
    }
    let last = lines.last().map_or(1, |line| line.number);
    Err(format!("line {last} opens a quote that is never closed").into())
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
    let Some((whole, decimals)) = text.split_once(',') else { return parse(place, text) };
    let whole_digits = whole.trim_start_matches(['-', '+']);
    let is_three_digits = decimals.len() == 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if is_three_digits && (1..=3).contains(&whole_digits.len()) && whole_digits != "0" {
        return Err(format!(
            "line {place} is '{text}', whose comma may be before decimals or between thousands: write {whole}.{decimals} or \
             {whole}{decimals}"
        )
        .into());
    }
    match parse(place, &format!("{whole}.{decimals}")) {
        // A point and a comma both, or two commas: as it was written.
        Err(_) => parse(place, text),
        found => found,
    }
}
