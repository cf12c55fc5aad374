//! The committed fuzz corpus and seeded mutations of it, where cargo-fuzz is not at hand.

#[path = "../../fuzz/entry.rs"]
mod entry;

use std::fs;
use std::path::Path;

const MUTATIONS: u64 = 10_000;

/// Splitmix64: a seed names a mutation for good.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// One to four changes: a bit, a byte, an integer at its limits, a cut, a repeated piece.
fn mutate(bytes: &[u8], seeded: &mut Seeded) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=seeded.below(4) {
        let at = seeded.below(bytes.len());
        let (width, limit) =
            (1 << seeded.below(4), [u64::MAX, 1 << 31, 1 << 63, 0][seeded.below(4)]);
        match seeded.below(5) {
            _ if bytes.is_empty() => bytes.push(seeded.next().to_le_bytes()[0]),
            0 => bytes[at] ^= 1 << seeded.below(8),
            1 => bytes[at] = seeded.next().to_le_bytes()[0],
            2 => bytes[at..]
                .iter_mut()
                .zip(limit.to_le_bytes())
                .take(width)
                .for_each(|(b, l)| *b = l),
            3 => bytes.truncate(at),
            _ => bytes.extend_from_within(at..(at + 16).min(bytes.len())),
        }
    }
    bytes
}

fn smoke(target: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        entry::read(target, &bytes);
        for seed in 0..MUTATIONS {
            let mutated = mutate(&bytes, &mut Seeded(seed));
            let read = std::panic::catch_unwind(|| entry::read(target, &mutated));
            assert!(read.is_ok(), "{} with seed {seed}", file.display());
        }
    }
}

macro_rules! targets {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            smoke(stringify!($target));
        }
    )*};
}
targets!(npy npz pt safetensors parquet columns arrow h5 zip bin vecs table json_lines words list_npy list_text list_parquet);
