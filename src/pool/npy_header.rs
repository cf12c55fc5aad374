//! The header of an .npy file: a small checked parser. Nothing it says is believed before the file's length agrees.

use std::cmp::Ordering;

use super::Dtype;
use super::dense::{Kind, array_bytes, shape_text};
use super::reason::Reason;

/// A header is no longer: NumPy by itself reads none of more than 10,000 bytes.
pub(super) const HEADER_BYTES: usize = 64 << 10;

const MAGIC: &[u8] = b"\x93NUMPY";

/// A header that agrees with the length of its file.
#[derive(Debug)]
pub(super) struct Header {
    pub kind: Kind,
    pub big_endian: bool,
    /// Columns lie together, not rows.
    pub fortran: bool,
    pub shape: Vec<usize>,
    /// Byte at which the values start; they end with the file.
    pub offset: usize,
}

impl Header {
    /// The header of an .npy file of `length` bytes and format version 1, 2 or 3. `start` is all of it or its first
    /// [`HEADER_BYTES`].
    pub fn parse(start: &[u8], length: usize) -> Result<Header, Reason> {
        let Parts { descr, fortran, shape, offset } = Parts::parse(start, length)?;
        let (kind, big_endian) = self::descr(descr)?;
        let header = Header { kind, big_endian, fortran, shape, offset };
        header.check_length(length)?;
        Ok(header)
    }

    /// The header, with raw values taken for values of `dtype`: bytes, a number of which is one; and 2-byte values without a type, or of
    /// the integers that stand in for one.
    ///
    /// # Errors
    /// Raw values, and nobody says of what; rows of bytes that are no whole number of values.
    pub fn meant_as(mut self, dtype: Option<Dtype>) -> Result<Header, Reason> {
        let Some(dtype) = dtype else {
            return match self.kind {
                Kind::Raw(_) => Err(RAW.into()),
                _ => Ok(self),
            };
        };
        match self.kind {
            Kind::Raw(2) | Kind::Signed(2) | Kind::Unsigned(2) if dtype.bytes() == 2 => {}
            Kind::Stored(Dtype::U8 | Dtype::I8) if !self.fortran || dtype.bytes() == 1 => {
                let row_bytes = self.shape.last_mut().ok_or("holds a single byte")?;
                *row_bytes = raw_values(*row_bytes, dtype)?;
            }
            Kind::Raw(bytes) => {
                let dtype = dtype.name();
                return Err(format!("holds raw {bytes}-byte values, not {dtype} ones").into());
            }
            _ => return Ok(self),
        }
        self.kind = Kind::Stored(dtype);
        Ok(self)
    }

    fn check_length(&self, file_bytes: usize) -> Result<(), Reason> {
        let held = file_bytes - self.offset;
        let shape = shape_text(&self.shape);
        let Some(claimed) = array_bytes(&self.shape, self.kind) else {
            return Err(format!("claims the shape {shape}, more than any file holds").into());
        };
        let kind = self.kind.name();
        let reason = match claimed.cmp(&held) {
            Ordering::Equal => return Ok(()),
            Ordering::Greater => format!(
                "claims {claimed} bytes of values, {shape} of {kind}, but holds {held}: truncated?"
            ),
            Ordering::Less => format!(
                "has {} bytes after its {claimed} bytes of values; write one array a file",
                held - claimed
            ),
        };
        Err(reason.into())
    }
}

/// The header of an array of strings that agrees with the length of its file.
pub(super) struct TextHeader {
    /// Bytes of every string; zeros stand behind shorter ones.
    pub item_bytes: usize,
    /// A character takes four bytes.
    pub is_wide: bool,
    pub big_endian: bool,
    pub shape: Vec<usize>,
    /// Byte at which the strings start; they end with the file.
    pub offset: usize,
}

impl TextHeader {
    /// As [`Header::parse`], of an array of strings (`U` or `S`); none of any other.
    pub fn parse(start: &[u8], length: usize) -> Result<Option<TextHeader>, Reason> {
        let Parts { descr, shape, offset, .. } = Parts::parse(start, length)?;
        let code = unquote(descr);
        let (big_endian, code) = code.strip_prefix('>').map_or((false, code), |code| (true, code));
        let code = code.trim_start_matches(['<', '|', '=']);
        let (is_wide, width) = match code.split_at_checked(1) {
            Some(("U", width)) => (true, width),
            Some(("S", width)) => (false, width),
            _ => return Ok(None),
        };
        let item_bytes = width.parse::<usize>().ok();
        let item_bytes =
            item_bytes.and_then(|width| width.checked_mul(if is_wide { 4 } else { 1 }));
        let claimed = item_bytes
            .and_then(|bytes| shape.iter().try_fold(bytes, |all, &side| all.checked_mul(side)));
        let (Some(item_bytes), Some(claimed)) = (item_bytes, claimed) else {
            let shape = shape_text(&shape);
            return Err(format!("claims {shape} strings, more than any file holds").into());
        };
        if claimed != length - offset {
            let held = length - offset;
            return Err(format!("claims {claimed} bytes of strings, but holds {held}").into());
        }
        Ok(Some(TextHeader { item_bytes, is_wide, big_endian, shape, offset }))
    }
}

/// What a header says, of values of any type.
struct Parts<'h> {
    descr: &'h str,
    fortran: bool,
    shape: Vec<usize>,
    offset: usize,
}

impl Parts<'_> {
    fn parse(start: &[u8], length: usize) -> Result<Parts<'_>, Reason> {
        let (dict, offset) = dictionary(start, length)?;
        let fields = fields(dict).ok_or("its header is not the dictionary that NumPy writes")?;
        let field = |key: &str| {
            let found = fields.iter().find(|(name, _)| *name == key);
            found.map(|&(_, value)| value).ok_or_else(|| format!("its header lacks '{key}'"))
        };
        let descr = field("descr")?;
        let fortran = match field("fortran_order")? {
            "True" => true,
            "False" => false,
            other => return Err(format!("its header says fortran_order {other}").into()),
        };
        let shape = shape(field("shape")?)?;
        Ok(Parts { descr, fortran, shape, offset })
    }
}

const RAW: &str = "holds raw 2-byte values ('V2'), as NumPy writes bfloat16: --dtype bf16 says that they are, --dtype f16 that they are halves";

/// How many values of `dtype` are in `bytes` raw bytes of a row.
pub(super) fn raw_values(bytes: usize, dtype: Dtype) -> Result<usize, Reason> {
    if bytes.is_multiple_of(dtype.bytes()) {
        return Ok(bytes / dtype.bytes());
    }
    let (name, each) = (dtype.name(), dtype.bytes());
    Err(format!("holds rows of {bytes} bytes, which are no {name} values of {each} each").into())
}

/// The header's text and the byte after it.
fn dictionary(file: &[u8], file_bytes: usize) -> Result<(&str, usize), Reason> {
    let rest = file.strip_prefix(MAGIC).ok_or("does not begin as an .npy file does")?;
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        [2 | 3, _, a, b, c, d, ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            (usize::try_from(length).map_err(|_| "its header is too long")?, 12)
        }
        [version, _, ..] if !(1..=3).contains(version) => {
            return Err(format!("is .npy version {version}; 1, 2 and 3 are known").into());
        }
        _ => return Err("ends inside its header".into()),
    };
    let held = file_bytes - start;
    let text = file[start..].get(..length).ok_or_else(|| match length <= held {
        true => format!("its header of {length} bytes is too long"),
        false => format!("claims a header of {length} bytes, but holds {held} after it begins"),
    })?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is not text")?;
    Ok((text, start + length))
}

/// Keys and the text of their values in a Python dictionary of literals.
fn fields(text: &str) -> Option<Vec<(&str, &str)>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let items = split_commas(inner).into_iter().filter(|item| !item.trim().is_empty());
    items.map(|item| item.split_once(':').map(|(k, v)| (unquote(k.trim()), v.trim()))).collect()
}

/// `text` cut at the commas outside brackets and quotes.
fn split_commas(text: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth, mut quote) = (Vec::new(), 0, 0i32, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                items.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items
}

fn unquote(text: &str) -> &str {
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('\'').or_else(|| within('"')).unwrap_or(text)
}

/// `(3, 4)`, `(5,)`, `()`; Python 2 wrote `(3L, 4L)`.
fn shape(text: &str) -> Result<Vec<usize>, Reason> {
    let refuse = || Reason::from(format!("its header gives the shape {text}"));
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(refuse)?;
    let sides = inner.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.trim_end_matches('L').parse().map_err(|_| refuse())).collect()
}

/// `'<f4'` and its like: what kind, and whether big-endian.
pub(super) fn descr(text: &str) -> Result<(Kind, bool), Reason> {
    if text.starts_with('[') {
        return Err(
            "holds a structured array; save the field with the vectors as an array of its own"
                .into(),
        );
    }
    let code = unquote(text);
    if code == "bfloat16" {
        return Ok((Kind::Stored(Dtype::Bf16), false));
    }
    let (big_endian, code) = match code.split_at_checked(1) {
        Some((">", rest)) => (true, rest),
        Some(("<" | "|" | "=", rest)) => (false, rest),
        _ => (false, code),
    };
    let kind = kind(code).ok_or_else(|| refused(code))?;
    Ok((kind, big_endian && kind.bytes() > 1))
}

fn kind(code: &str) -> Option<Kind> {
    Some(match code {
        "f4" => Kind::Stored(Dtype::F32),
        "f2" => Kind::Stored(Dtype::F16),
        "u1" => Kind::Stored(Dtype::U8),
        "i1" => Kind::Stored(Dtype::I8),
        "f8" => Kind::Stored(Dtype::F64),
        "i2" => Kind::Signed(2),
        "i4" => Kind::Signed(4),
        "i8" => Kind::Signed(8),
        "u2" => Kind::Unsigned(2),
        "u4" => Kind::Unsigned(4),
        "u8" => Kind::Unsigned(8),
        "V2" => Kind::Raw(2),
        _ => return None,
    })
}

/// Why values of type `code` are not read.
fn refused(code: &str) -> Reason {
    let name = match code {
        "b1" => {
            return "holds booleans; save a.astype('uint8') of a pool, np.flatnonzero(a) of a mask of rows"
                .into();
        }
        "O" => {
            // Of rows that are objects each, and of numbers that are, this makes one array.
            return "holds Python objects, which are never loaded; save np.stack(a).astype(np.float32)"
                .into();
        }
        "f16" | "f12" => "extended-precision floats",
        "c8" | "c16" => {
            let name = if code == "c8" { "complex64" } else { "complex128" };
            return format!(
                "holds {name} values; save np.hstack([a.real, a.imag]).astype(np.float32), between whose rows distances are the same"
            )
            .into();
        }
        _ if code.starts_with('U') || code.starts_with('S') => "strings",
        _ if code.starts_with('M') || code.starts_with('m') => "dates or times",
        _ if code.starts_with('V') => "raw bytes",
        _ => {
            return format!(
                "holds values of type '{}'; save a.astype(np.float32)",
                code.escape_debug()
            )
            .into();
        }
    };
    format!("holds {name}; save a.astype(np.float32)").into()
}
