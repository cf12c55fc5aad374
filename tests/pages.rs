//! The README and `docs/` as rustdoc shows them, and the README's Rust, which can be pasted.

use std::fs;
use std::path::Path;

#[allow(dead_code, reason = "the build writes pages, and this looks at their text")]
#[path = "../build/pages.rs"]
mod pages;

/// What `build/pages.rs` has of the build.
fn write(_: &Path, _: &[u8]) {
    unreachable!("nothing is written here");
}

#[test]
fn a_link_to_a_page_goes_to_its_module_and_one_to_another_file_is_its_path() {
    let cases = [
        (
            "README.md",
            "([docs/python.md](docs/python.md)).",
            "([docs/python.md](crate::guide::python)).",
        ),
        ("README.md", "[a `b` [c]](docs/x-y.md#part)", "[a `b` [c]](crate::guide::x_y#part)"),
        ("README.md", "[two\nlines](docs/README.md)", "[two\nlines](crate::guide)"),
        ("docs/a.md", "[b.md](b.md) [me](../README.md)", "[b.md](crate::guide::b) [me](crate)"),
        ("docs/a.md", "[r](../benches/r.json)", "r `benches/r.json`"),
        ("README.md", "[ARCHITECTURE.md](ARCHITECTURE.md)", "`ARCHITECTURE.md`"),
        ("docs/a.md", "[data/README.md](../data/README.md)", "`data/README.md`"),
        ("README.md", "![curves](experiments/f.svg)", "curves `experiments/f.svg`"),
        (
            "README.md",
            "[u](https://example.com/a.md) [p](#part)",
            "[u](https://example.com/a.md) [p](#part)",
        ),
        ("README.md", "`a[0](b, c)` a](b.md)", "`a[0](b, c)` a](b.md)"),
        ("README.md", "```sh\n[a](b.md)\n```\n[a](b.md)", "```sh\n[a](b.md)\n```\na `b.md`"),
        ("README.md", "```\nno Rust\n```\n", "```text\nno Rust\n```\n"),
    ];
    for (path, text, shown) in cases {
        assert_eq!(pages::page(text, path, None), shown);
    }
}

#[test]
fn files_that_rustdoc_has_not_are_in_the_repository_if_there_is_one() {
    let text = "[r](../benches/r.json#L3) ![f](../f.svg) [b](b.md)";
    let shown = "[r](https://x.org/f/blob/HEAD/benches/r.json#L3) ![f](https://x.org/f/raw/HEAD/f.svg) [b](crate::guide::b)";
    assert_eq!(pages::page(text, "docs/a.md", Some("https://x.org/f")), shown);
}

/// Doc tests compile every block; a block that has a `main` and hides no line is a whole program elsewhere, too.
#[test]
fn rust_of_the_readme_can_be_pasted_into_a_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("README.md")).unwrap();
    let blocks: Vec<_> = text.split("```rust\n").skip(1).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        let block = block.split("```").next().unwrap();
        assert!(block.contains("fn main()"), "{block}");
        assert!(!block.lines().any(|line| line.starts_with("# ")), "{block}");
    }
}

/// Here, and not in rustdoc's own check, since most of the files are no part of the package.
#[test]
fn every_link_of_the_pages_is_to_a_file_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            let is_file = !path.is_empty() && !path.contains([':', ' ', '\n', '`']);
            assert!(
                !is_file || page.parent().unwrap().join(path).exists(),
                "{}: {link}",
                page.display()
            );
        }
    }
}
