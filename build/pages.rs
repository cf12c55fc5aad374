//! The README and `docs/` as rustdoc shows them: `README.md`, a text for each page in `guide/`, and `guide.rs`, their modules. A link to
//! another page goes to its module. Other files are no part of rustdoc: links to them go to the repository, if the crate names one, else
//! they are the path in words.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::write;

/// The pages of `docs/`, and the README, into `out`.
pub fn write_all(out: &Path, repository: Option<&str>) {
    fs::create_dir_all(out.join("guide")).expect("cargo's OUT_DIR can be written");
    let mut modules = String::new();
    for name in names() {
        let path = format!("docs/{name}.md");
        put(&out.join(format!("guide/{name}.md")), &path, repository);
        if name != "README" {
            let module = name.replace('-', "_");
            modules += &format!(
                "#[doc = include_str!(concat!(env!(\"OUT_DIR\"), \"/guide/{name}.md\"))]\npub mod {module} {{}}\n"
            );
        }
    }
    write(&out.join("guide.rs"), modules.as_bytes());
    put(&out.join("README.md"), "README.md", repository);
}

/// `docs/*.md`, without the extension, in order.
fn names() -> Vec<String> {
    let all = fs::read_dir("docs").expect("the crate has a folder docs").flatten();
    let name = |path: PathBuf| {
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        is_page.then(|| path.file_stem().expect("it ends in .md").to_string_lossy().into_owned())
    };
    let mut names: Vec<_> = all.filter_map(|entry| name(entry.path())).collect();
    names.sort();
    names
}

fn put(to: &Path, path: &str, repository: Option<&str>) {
    let text = fs::read_to_string(path).expect("a page can be read");
    write(to, page(&text, path, repository).as_bytes());
}

/// The text of the page at `path` of the crate, for rustdoc.
pub fn page(text: &str, path: &str, repository: Option<&str>) -> String {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let (mut out, mut prose, mut in_code) = (String::new(), String::new(), false);
    for line in text.split_inclusive('\n') {
        let is_fence = line.trim_start().starts_with("```");
        if is_fence || in_code {
            out += &links(&std::mem::take(&mut prose), folder, repository);
            // Rust is what rustdoc takes code for that names no language.
            let names_none = is_fence && !in_code && line.trim() == "```";
            out += &if names_none { line.replace("```", "```text") } else { line.to_owned() };
            in_code ^= is_fence;
        } else {
            prose += line;
        }
    }
    out + &links(&prose, folder, repository)
}

/// `text` with its links to files, which are relative to `folder`, changed.
fn links(text: &str, folder: &Path, repository: Option<&str>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(middle) = rest.find("](") {
        let (before, target) = (&rest[..middle], &rest[middle + 2..]);
        let link = target.find(')').map(|end| &target[..end]);
        match (link.filter(|link| is_file(link)), opening(before)) {
            (Some(link), Some(open)) => {
                let is_image = before[..open].ends_with('!');
                out += &before[..open - usize::from(is_image)];
                out += &changed(&before[open + 1..], &folder.join(link), repository, is_image);
                rest = &target[link.len() + 1..];
            }
            _ => {
                out += &rest[..middle + 2];
                rest = target;
            }
        }
    }
    out + rest
}

fn is_file(link: &str) -> bool {
    !link.is_empty() && !link.starts_with('#') && !link.contains([':', ' ', '\n'])
}

/// Where the bracket stands that the end of `text` is inside of.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().rev().find_map(|(at, letter)| {
        match letter {
            '[' => depth -= 1,
            ']' => depth += 1,
            _ => (),
        }
        (depth == 0).then_some(at)
    })
}

/// What stands for the link of these words to the file at `path`.
fn changed(words: &str, path: &Path, repository: Option<&str>, is_image: bool) -> String {
    let path = without_dots(path);
    let (path, part) = match path.split_once('#') {
        Some((path, part)) => (path, format!("#{part}")),
        None => (&*path, String::new()),
    };
    match (module(path), repository) {
        (Some(module), _) => format!("[{words}]({module}{part})"),
        (None, Some(repository)) if is_image => format!("![{words}]({repository}/raw/HEAD/{path})"),
        (None, Some(repository)) => format!("[{words}]({repository}/blob/HEAD/{path}{part})"),
        (None, None) if path.ends_with(words.trim_matches('`')) => format!("`{path}`"),
        (None, None) => format!("{words} `{path}`"),
    }
}

/// The module that shows this page.
fn module(path: &str) -> Option<String> {
    match path {
        "README.md" => Some("crate".into()),
        "docs/README.md" => Some("crate::guide".into()),
        _ => {
            let name = path.strip_prefix("docs/")?.strip_suffix(".md")?;
            Some(format!("crate::guide::{}", name.replace('-', "_")))
        }
    }
}

/// `docs/../x` is `x`.
fn without_dots(path: &Path) -> String {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir => (),
            part => parts.push(part.as_os_str().to_string_lossy()),
        }
    }
    parts.join("/")
}
