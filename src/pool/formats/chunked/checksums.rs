//! The checksums behind chunks.

/// CRC-32C, as Zarr has it.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    let next = |sum: u32, &byte: &u8| (sum >> 8) ^ CRC32C[usize::from(sum.to_le_bytes()[0] ^ byte)];
    !bytes.iter().fold(!0, next)
}

/// What each byte does to the sum, by Castagnoli's polynomial, its bits reversed.
const CRC32C: [u32; 256] = {
    let mut table = [0; 256];
    let (mut byte, mut first) = (0, 0u32);
    while byte < 256 {
        let mut sum = first;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ (0x82f6_3b78 * (sum & 1));
            bit += 1;
        }
        table[byte] = sum;
        (byte, first) = (byte + 1, first + 1);
    }
    table
};

/// Words that are summed before the sums are folded: they fit into 32 bits.
const FOLDED: usize = 360;

/// Fletcher's checksum of 16-bit words, as HDF5 has it.
pub(super) fn fletcher32(bytes: &[u8]) -> u32 {
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut first, mut second) = (0u32, 0u32);
    for words in bytes.chunks(2 * FOLDED) {
        for word in words.chunks(2) {
            first += u32::from(word[0]) << 8 | word.get(1).map_or(0, |&low| u32::from(low));
            second += first;
        }
        (first, second) = (fold(first), fold(second));
    }
    fold(second) << 16 | fold(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(fletcher32(b"abcdef"), {
            let (a, b, c) = (0x6162u32, 0x6364, 0x6566);
            let (first, second) = (a + b + c, 3 * a + 2 * b + c);
            let fold = |sum: u32| sum % 0xffff;
            fold(second) << 16 | fold(first)
        });
    }
}
