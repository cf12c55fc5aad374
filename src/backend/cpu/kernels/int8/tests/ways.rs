//! The portable multiplier by each of its ways.

use std::ops::Range;

use super::super::super::PANEL;
use super::super::Int8Multiplier;
use super::super::portable::PortableInt8;
#[cfg(target_arch = "x86_64")]
use super::super::{avx2::Avx2, avx512bw::Avx512Bw, widened};

/// The portable multiplier by one of its ways, whichever the machine would choose.
#[derive(Clone, Copy)]
pub struct Way(pub Multiply);

type Multiply = fn(&[u8], usize, &[i8], &[i32; PANEL], Range<usize>, &mut [i32]);

impl Int8Multiplier for Way {
    const ROWS: usize = PortableInt8::ROWS;
    const FLIP: u8 = PortableInt8::FLIP;

    fn depth(d: usize) -> usize {
        PortableInt8::depth(d)
    }

    fn place(panel: &mut [i8], column: usize, center: &[i8]) {
        PortableInt8::place(panel, column, center);
    }

    fn multiply(
        self,
        rows: &[u8],
        depth: usize,
        panel: &[i8],
        start: &[i32; PANEL],
        columns: Range<usize>,
        out: &mut [i32],
    ) {
        self.0(rows, depth, panel, start, columns, out);
    }
}

#[cfg(target_arch = "x86_64")]
pub fn avx2() -> Option<Way> {
    Avx2::detect().map(|_| {
        Way(|rows, depth, panel, start, columns, out| {
            let avx2 = Avx2::detect().unwrap();
            widened::multiply(avx2, rows, depth, panel, start, columns, out);
        })
    })
}

#[cfg(target_arch = "x86_64")]
pub fn avx512bw() -> Option<Way> {
    Avx512Bw::detect().map(|_| {
        Way(|rows, depth, panel, start, columns, out| {
            let avx512 = Avx512Bw::detect().unwrap();
            widened::multiply(avx512, rows, depth, panel, start, columns, out);
        })
    })
}
