//! Word vectors as text: a line of `n d` that may be left out, then a word and its d values a line.

use std::borrow::Cow;

use super::lines::Lines;
use super::rows::TextRows;
use crate::pool::bytes::Store;
use crate::pool::meant::Meant;
use crate::pool::reason::Reason;
use crate::pool::scratch::Room;
use crate::pool::{Dtype, Pool};

/// Bytes at the beginning of a file in which binary values have a zero, as a rule.
const START: usize = 64 << 10;
/// Word2vec's other format.
pub const BINARY: &str = "may be word2vec's binary format, which is not read: write it as text, in Python \
    gensim.models.KeyedVectors.load_word2vec_format(path, binary=True).save_word2vec_format('words.vec')";

/// The pool, of f32 unless another type is meant: the tools keep their vectors so.
pub(in crate::pool::formats) fn read(
    store: &Store<'static>,
    meant: Meant,
    room: &Room,
) -> Result<Pool<'static>, Reason> {
    let mut rows = TextRows::new(meant, Dtype::F32, room)?;
    each(store, &mut |line, _, values| {
        rows.add(line, fields(values), |j| format!("at dimension {j}"))
    })?;
    rows.pool()
}

/// Takes a row and its word.
type TakeWord<'t> = dyn FnMut(usize, Cow<str>) -> Result<(), Reason> + 't;

/// Give each row of word vectors, and the word that it is of, to `take`.
pub(in crate::pool) fn words(store: &Store<'static>, take: &mut TakeWord) -> Result<(), Reason> {
    let mut row = 0;
    each(store, &mut |_, word, _| {
        take(row, String::from_utf8_lossy(word))?;
        row += 1;
        Ok(())
    })
}

/// What is done with the number of a line, its word and the text of its values.
type Each<'e> = dyn FnMut(usize, &[u8], &[u8]) -> Result<(), Reason> + 'e;

fn each(store: &Store<'static>, each: &mut Each) -> Result<(), Reason> {
    let mut lines = Lines::of(store);
    let Some((number, first)) = lines.next()? else { return Ok(()) };
    let header = header(first);
    let (mut d, mut rows) = (header.map(|(_, d)| d), 0);
    if header.is_some() && store.part(0, START)?.contains(&0) {
        return Err(BINARY.into());
    }
    if header.is_none() {
        let count = fields(first).count() - 1;
        check_word(number, first)?;
        take(number, first, *d.insert(count), each)?;
        rows += 1;
    }
    while let Some((number, line)) = lines.next()? {
        take(number, line, d.unwrap_or(0), each)?;
        rows += 1;
    }
    match header {
        Some((claimed, _)) if claimed != rows => {
            Err(format!("says {claimed} words in its first line, and has {rows}: truncated?")
                .into())
        }
        _ => Ok(()),
    }
}

/// The two numbers of a first line that has nothing else.
fn header(line: &[u8]) -> Option<(usize, usize)> {
    let mut numbers = fields(line).map(|field| std::str::from_utf8(field).ok()?.parse().ok());
    let header = (numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && header.1 > 0).then_some(header)
}

/// A file without words, of numbers alone, would lose its first column.
fn check_word(number: usize, line: &[u8]) -> Result<(), Reason> {
    let word = fields(line).next().and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("");
    match word.parse::<f64>() {
        Ok(_) if word.parse::<i64>().is_err() => Err(format!(
            "line {number} begins with the number {word} in the place of a word: save an array of numbers as .npy"
        )
        .into()),
        _ => Ok(()),
    }
}

/// The last `d` fields of `line` are values, what is before them the word: in some files words have spaces.
fn take(number: usize, line: &[u8], d: usize, each: &mut Each) -> Result<(), Reason> {
    let line = line.trim_ascii_end();
    let mut start = line.len();
    for _ in 0..d {
        if start == 0 {
            break;
        }
        let before = line[..start].trim_ascii_end();
        start = before.iter().rposition(|byte| is_space(*byte)).map_or(0, |space| space + 1);
    }
    let (word, values) = line.split_at(start);
    let word = word.trim_ascii_end();
    let last = fields(word).last().and_then(|part| std::str::from_utf8(part).ok());
    let is_ragged =
        fields(word).count() > 1 && last.is_some_and(|last| last.parse::<f64>().is_ok());
    if word.is_empty() || is_ragged {
        let count = fields(line).count() - 1;
        return Err(format!("line {number} has {count} values behind its word, not {d}").into());
    }
    each(number, word, values)
}

/// What stands between spaces and tabs; words may have other kinds of spaces.
fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| is_space(*byte)).filter(|field| !field.is_empty())
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
