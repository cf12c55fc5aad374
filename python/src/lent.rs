//! An array as its library lends it, before it is known whether it is a pool.

use farpoint::Dtype;

/// Where values lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Host,
    Cuda(usize),
}

/// Keeps the memory for as long as it is held. It is let go with the interpreter attached.
pub type Keeper = Box<dyn Send + Sync>;

/// An array of any shape and type.
pub struct Lent {
    /// The address of the first value; null if there is no memory.
    pub address: u64,
    pub place: Place,
    pub shape: Vec<usize>,
    /// Whether values lie one after another in the order of their indices.
    pub is_row_major: bool,
    /// The name of a type that pools have not, as the library says it.
    pub dtype: Result<Dtype, String>,
    /// The driver's handle of the stream its owner works on, where the owner says; 0 is the default one.
    pub stream: Option<u64>,
    pub keeper: Keeper,
}

/// Whether values lie one after another; strides, in values, of sides of one value say nothing.
pub fn is_row_major(shape: &[usize], strides: &[i64]) -> bool {
    let mut expected = 1;
    strides.is_empty()
        || shape.contains(&0)
        || shape.iter().zip(strides).rev().all(|(&side, &stride)| {
            let fits = side <= 1 || i64::try_from(expected) == Ok(stride);
            expected *= side;
            fits
        })
}

/// The driver's handle of a stream as DLPack numbers them, which is the driver's own way but for its 1, the default stream.
pub fn handle(stream: Option<i64>) -> u64 {
    match stream {
        Some(stream @ 2..) => u64::try_from(stream).expect("positive"),
        _ => 0,
    }
}
