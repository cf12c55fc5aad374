//! Checks the sizes that the pages of a compressed Parquet column claim: the decoder allocates them before it looks.

use parquet::basic::Compression;

use crate::pool::reason::Reason;

/// No page shrinks more: zstd keeps a block of 128 KiB in 4 bytes at least.
const COMPRESSION_RATIO: u64 = 1 << 15;
/// Brotli keeps one of 16 MiB in as few.
const BROTLI_RATIO: u64 = 1 << 22;
/// Structures within structures in a page header, at most.
const DEPTH: usize = 8;

/// Refuse a column chunk of which a page claims more than it can hold. Where a header cannot be read the decoder refuses.
pub(super) fn check_claims(mut chunk: &[u8], compression: Compression) -> Result<(), Reason> {
    let is_brotli = matches!(compression, Compression::BROTLI(_));
    let ratio = if is_brotli { BROTLI_RATIO } else { COMPRESSION_RATIO };
    while let Some((page, rest)) = Page::parse(chunk) {
        let Page { claimed, packed } = page;
        if claimed / ratio > packed {
            return Err(format!("a page claims {claimed} bytes in {packed} compressed ones").into());
        }
        let Some(rest) = usize::try_from(packed).ok().and_then(|packed| rest.get(packed..)) else {
            return Ok(());
        };
        chunk = rest;
    }
    Ok(())
}

/// The sizes of a page, before and after compression.
#[derive(Default)]
struct Page {
    claimed: u64,
    packed: u64,
}

impl Page {
    /// The first page's sizes, and what follows its header.
    fn parse(chunk: &[u8]) -> Option<(Page, &[u8])> {
        let (mut page, mut header, mut field) = (Page::default(), Compact(chunk), 0);
        while let Some(kind) = header.field(&mut field)? {
            match field {
                2 => page.claimed = header.size()?,
                3 => page.packed = header.size()?,
                _ => header.skip(kind, DEPTH)?,
            }
        }
        Some((page, header.0))
    }
}

/// Thrift's compact protocol, as far as a page header needs it; `None` where the bytes are none of it.
struct Compact<'a>(&'a [u8]);

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn advance(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A zigzag integer that is not negative.
    fn size(&mut self) -> Option<u64> {
        Some(self.varint()?).filter(|number| number & 1 == 0).map(|number| number >> 1)
    }

    /// The kind of a structure's next field, whose number replaces that of the `last` one; `Some(None)` at its end.
    fn field(&mut self, last: &mut u64) -> Option<Option<u8>> {
        match self.byte()? {
            0 => Some(None),
            head @ 0..16 => {
                *last = self.size()?;
                Some(Some(head))
            }
            head => {
                *last += u64::from(head >> 4);
                Some(Some(head & 15))
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            // A field's kind says whether it is true.
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.varint().map(drop),
            7 => self.advance(8),
            8 => self.varint().and_then(|length| self.advance(length)),
            12 if depth > 0 => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth - 1)?;
                }
                Some(())
            }
            // Lists, sets and maps: no page header has them.
            _ => None,
        }
    }
}
