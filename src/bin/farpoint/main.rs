//! The `farpoint` program.

fn main() {}
