//! LZF and BloscLZ: bytes as they are, and matches of earlier ones.

/// Bytes of an LZF stream in `out`; none where it is damaged.
pub(super) fn lzf(stream: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut rest, mut out) = (Bytes(stream), Decoded { out, length: 0 });
    while let Some(head) = rest.byte() {
        let head = usize::from(head);
        if head < 32 {
            out.take(rest.run(head + 1)?)?;
            continue;
        }
        let mut length = head >> 5;
        if length == 7 {
            length += usize::from(rest.byte()?);
        }
        let distance = ((head & 31) << 8) + usize::from(rest.byte()?) + 1;
        out.repeat(distance, length + 2)?;
    }
    Some(out.length)
}

/// The largest distance that BloscLZ has in two bytes; farther ones count from there.
const NEAR: usize = 8191;

/// Bytes of a BloscLZ stream in `out`; none where it is damaged.
pub(super) fn blosc_lz(stream: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut rest, mut out) = (Bytes(stream), Decoded { out, length: 0 });
    // The first head is of bytes as they are, whatever else it says.
    let mut head = rest.byte().map(|head| head & 31);
    while let Some(first) = head.map(usize::from) {
        if first < 32 {
            out.take(rest.run(first + 1)?)?;
        } else {
            let length = (first >> 5) + 2 + if first >> 5 == 7 { rest.sum()? } else { 0 };
            let mut distance = (first & 31) << 8;
            let low = usize::from(rest.byte()?);
            if low == 255 && distance == 31 << 8 {
                distance = (usize::from(rest.byte()?) << 8) + usize::from(rest.byte()?) + NEAR;
            } else {
                distance += low;
            }
            out.repeat(distance + 1, length)?;
        }
        head = rest.byte();
    }
    Some(out.length)
}

/// What is left of a stream.
struct Bytes<'s>(&'s [u8]);

impl<'s> Bytes<'s> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn run(&mut self, length: usize) -> Option<&'s [u8]> {
        let (run, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(run)
    }

    /// The sum of bytes up to the first that is not 255.
    fn sum(&mut self) -> Option<usize> {
        let mut sum = 0;
        loop {
            let byte = self.byte()?;
            sum += usize::from(byte);
            if byte < 255 {
                return Some(sum);
            }
        }
    }
}

/// What is decoded so far.
struct Decoded<'o> {
    out: &'o mut [u8],
    length: usize,
}

impl Decoded<'_> {
    fn take(&mut self, run: &[u8]) -> Option<()> {
        self.out.get_mut(self.length..self.length + run.len())?.copy_from_slice(run);
        self.length += run.len();
        Some(())
    }

    /// `length` bytes again from so far back; they may reach into themselves.
    fn repeat(&mut self, distance: usize, length: usize) -> Option<()> {
        let start = self.length.checked_sub(distance)?;
        let end = self.length + length;
        if end > self.out.len() {
            return None;
        }
        if distance >= length {
            self.out.copy_within(start..start + length, self.length);
        } else {
            for at in self.length..end {
                self.out[at] = self.out[at - distance];
            }
        }
        self.length = end;
        Some(())
    }
}
