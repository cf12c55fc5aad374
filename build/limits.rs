//! `kernels/limits.cuh`, read as text: every number that the kernels and the host share, and the Rust that is made of them. What is
//! not understood is refused, with the line.

use std::collections::BTreeMap;
use std::fmt::Write;

/// One constant: its name, its type, its value as it is written, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub name: String,
    pub kind: String,
    pub value: String,
    pub meaning: Vec<String>,
}

/// The constants of a text of this name, in their order.
///
/// # Errors
/// The first line that is no comment and no `constexpr u32 NAME = value;` with a comment above it or behind it.
pub fn parse(file: &str, text: &str) -> Result<Vec<Limit>, String> {
    let (mut limits, mut comment, mut is_used) = (Vec::<Limit>::new(), Vec::new(), false);
    for (number, line) in text.lines().enumerate() {
        let refused = |why: &str| format!("{file}:{}: {why}: `{line}`", number + 1);
        if line.is_empty() || line == "#pragma once" || line == "#include \"portable.cuh\"" {
            comment.clear();
        } else if let Some(words) = line.strip_prefix("//") {
            if std::mem::take(&mut is_used) {
                comment.clear();
            }
            comment.push(words.trim().to_owned());
        } else {
            let limit = constant(line, &comment, &limits).map_err(|why| refused(&why))?;
            limits.push(limit);
            is_used = true;
        }
    }
    Ok(limits)
}

/// A line `constexpr <type> NAME = <value>; // meaning`, which may use the names in `known`.
fn constant(line: &str, above: &[String], known: &[Limit]) -> Result<Limit, String> {
    let (statement, behind) = line.split_once("//").unwrap_or((line, ""));
    let expected = "expected `constexpr u32 NAME = value;`";
    let statement = statement.trim().strip_suffix(';').ok_or(expected)?;
    let (declared, value) = statement.split_once(" = ").ok_or(expected)?;
    let words: Vec<&str> = declared.split(' ').collect();
    let ["constexpr", kind @ ("u8" | "u32" | "u64"), name] = words[..] else {
        return Err(expected.into());
    };
    if name.is_empty()
        || !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        return Err(format!("{name:?} is no name of a constant"));
    }
    if known.iter().any(|limit| limit.name == name) {
        return Err(format!("{name} stands twice"));
    }
    tokens(value)?.into_iter().try_for_each(|token| check_token(token, kind, known))?;
    let meaning = match behind.trim() {
        "" => above.to_vec(),
        words => vec![words.to_owned()],
    };
    if meaning.is_empty() {
        return Err(format!("{name} has no comment"));
    }
    Ok(Limit { name: name.into(), kind: kind.into(), value: value.into(), meaning })
}

/// Names, numbers and operators: those which C++ and Rust read alike.
fn tokens(value: &str) -> Result<Vec<&str>, String> {
    let (mut found, mut left) = (Vec::new(), value.trim_start());
    while let Some(first) = left.chars().next() {
        let length = match first {
            '+' | '-' | '*' | '/' | '(' | ')' => 1,
            '<' if left.starts_with("<<") => 2,
            _ => left.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(left.len()),
        };
        if length == 0 {
            return Err(format!("{first:?} is no part of a whole number's value"));
        }
        found.push(&left[..length]);
        left = left[length..].trim_start();
    }
    if found.is_empty() { Err("no value".into()) } else { Ok(found) }
}

fn check_token(token: &str, kind: &str, known: &[Limit]) -> Result<(), String> {
    let first = token.chars().next().expect("a token has a character");
    if first.is_ascii_digit() {
        return number(token).map(drop).ok_or(format!("{token} is no whole number"));
    }
    if !first.is_ascii_alphabetic() {
        return Ok(());
    }
    match known.iter().find(|limit| limit.name == token) {
        None => Err(format!("{token} does not stand above")),
        Some(limit) if limit.kind != kind => Err(format!("{token} is a {}", limit.kind)),
        Some(_) => Ok(()),
    }
}

fn number(token: &str) -> Option<u64> {
    match token.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => token.parse().ok().filter(|_| token == "0" || !token.starts_with('0')),
    }
}

/// The same constants in Rust.
pub fn rust(limits: &[Limit]) -> String {
    let mut out = String::new();
    for Limit { name, kind, value, meaning } in limits {
        for line in meaning {
            writeln!(out, "/// {line}").expect("a String takes all");
        }
        writeln!(out, "pub const {name}: {kind} = {value};").expect("a String takes all");
    }
    out
}

/// The differences between two texts of constants, each by the constant's name.
#[allow(dead_code, reason = "tests compare")]
pub fn differences(here: &[Limit], there: &[Limit]) -> Vec<String> {
    let values = |limits: &[Limit]| -> BTreeMap<String, String> {
        limits.iter().map(|limit| (limit.name.clone(), limit.value.clone())).collect()
    };
    let (here, there) = (values(here), values(there));
    let says = |value: Option<&String>| value.map_or("not there".to_owned(), String::clone);
    let names: std::collections::BTreeSet<_> = here.keys().chain(there.keys()).collect();
    let differ = |name: &&&String| here.get(**name) != there.get(**name);
    let told = |name: &String| {
        format!("{name} is {} here and {} there", says(here.get(name)), says(there.get(name)))
    };
    names.iter().filter(differ).map(|name| told(name)).collect()
}

/// Constants of `limits` that `source` defines again, with the line: `constexpr ... NAME =` or `const NAME:`. The limit
/// itself under another type, `limits::NAME as usize`, is no second truth.
#[allow(dead_code, reason = "tests look")]
pub fn twice(limits: &[Limit], file: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        for Limit { name, .. } in limits.iter().filter(|limit| defines(line, &limit.name)) {
            let place = format!("{file}:{}", number + 1);
            found.push(format!("{name} stands in kernels/limits.cuh and again in {place}"));
        }
    }
    found
}

fn defines(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or("");
    let Some((before, after)) = code.split_once(name) else { return false };
    let is_word = before.ends_with([' ', ',']);
    let is_definition = before.contains("const") && after.trim_start().starts_with(['=', ':']);
    is_word && is_definition && !after.ends_with(&format!("= limits::{name} as usize;"))
}
