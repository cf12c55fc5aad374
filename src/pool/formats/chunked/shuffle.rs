//! Bytes and bits that were put each to its like, put back.

/// The bytes of values of `size` bytes, which lie by their place in a value. What is no whole value stands at the end as it was.
pub(super) fn bytes(size: usize, shuffled: &[u8], out: &mut [u8]) {
    match size {
        2 => lanes::<2>(shuffled, out),
        4 => lanes::<4>(shuffled, out),
        8 => lanes::<8>(shuffled, out),
        _ => any_lanes(size.max(1), shuffled, out),
    }
}

fn lanes<const N: usize>(shuffled: &[u8], out: &mut [u8]) {
    let values = out.len() / N;
    let lane = |place: usize| &shuffled[place * values..][..values];
    let lanes: [&[u8]; N] = std::array::from_fn(lane);
    let (whole, rest) = out.as_chunks_mut::<N>();
    for (value, out) in whole.iter_mut().enumerate() {
        *out = lanes.map(|lane| lane[value]);
    }
    rest.copy_from_slice(&shuffled[values * N..]);
}

fn any_lanes(size: usize, shuffled: &[u8], out: &mut [u8]) {
    let values = out.len() / size;
    for (value, out) in out.chunks_exact_mut(size).enumerate() {
        for (place, byte) in out.iter_mut().enumerate() {
            *byte = shuffled[place * values + value];
        }
    }
    out[values * size..].copy_from_slice(&shuffled[values * size..]);
}

/// The bits of values of `size` bytes, which lie by their place in a value, eight values a byte. A number of values that is no multiple
/// of eight was left as it was.
pub(super) fn bits(size: usize, shuffled: &[u8], out: &mut [u8]) {
    let values = out.len() / size;
    if !values.is_multiple_of(8) {
        return out.copy_from_slice(shuffled);
    }
    let row = values / 8;
    for place in 0..size {
        for group in 0..row {
            let bytes = std::array::from_fn(|bit| shuffled[(place * 8 + bit) * row + group]);
            let bytes = transpose(u64::from_le_bytes(bytes)).to_le_bytes();
            for (at, byte) in bytes.into_iter().enumerate() {
                out[(group * 8 + at) * size + place] = byte;
            }
        }
    }
    out[values * size..].copy_from_slice(&shuffled[values * size..]);
}

/// Bit `j` of byte `i` to bit `i` of byte `j`.
fn transpose(bits: u64) -> u64 {
    let swap = |bits: u64, by: u32, mask: u64| {
        let moved = (bits ^ (bits >> by)) & mask;
        bits ^ moved ^ (moved << by)
    };
    let bits = swap(bits, 7, 0x00aa_00aa_00aa_00aa);
    let bits = swap(bits, 14, 0x0000_cccc_0000_cccc);
    swap(bits, 28, 0x0000_0000_f0f0_f0f0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_bits_go_back_to_their_values() {
        for size in [1, 2, 3, 4, 8] {
            for values in [0, 1, 8, 16, 24] {
                let length = size * values + size / 2;
                let original: Vec<u8> =
                    (0..length).map(|at| u8::try_from(at * 37 % 251).unwrap()).collect();
                let (mut by_byte, mut by_bit) = (original.clone(), original.clone());
                for value in 0..values {
                    for place in 0..size {
                        by_byte[place * values + value] = original[value * size + place];
                    }
                }
                if values % 8 == 0 {
                    by_bit[..size * values].fill(0);
                    for at in 0..size * values * 8 {
                        let (value, place, bit) = (at / 8 / size, at / 8 % size, at % 8);
                        let set = original[value * size + place] >> bit & 1;
                        by_bit[(place * 8 + bit) * (values / 8) + value / 8] |= set << (value % 8);
                    }
                }
                let mut out = vec![0; length];
                bytes(size, &by_byte, &mut out);
                assert_eq!(out, original, "{size} {values}");
                out.fill(0);
                bits(size, &by_bit, &mut out);
                assert_eq!(out, original, "{size} {values}");
            }
        }
    }
}
