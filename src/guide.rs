#![doc = include_str!(concat!(env!("OUT_DIR"), "/guide/README.md"))]
#![allow(rustdoc::invalid_rust_codeblocks, reason = "indented lines are formulas")]

include!(concat!(env!("OUT_DIR"), "/guide.rs"));
