//! The structs that kernels are given and answer, read as text from `kernels/`, and the Rust that holds those of the same names to
//! them: every field's offset and type, and the size. A struct takes part if `static_assert(sizeof(Name) == bytes);` stands behind
//! it, or if one that does contains it. What is not understood in such a struct is refused, with the line.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A struct as C++ lays it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub name: String,
    pub file: String,
    pub fields: Vec<Field>,
    pub size: usize,
}

/// One field of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// In Rust.
    pub kind: String,
    pub offset: usize,
}

/// A struct's lines, not yet understood.
struct Source<'a> {
    file: &'a str,
    first: usize,
    alignment: usize,
    lines: Vec<&'a str>,
}

/// The structs of these files, each its name and its text, that host and kernels share.
///
/// # Errors
/// A line of such a struct that declares no field of a known type, or a size that is not the one stated.
pub fn parse(files: &[(String, String)]) -> Result<Vec<Layout>, String> {
    let mut found = Found { sources: BTreeMap::new(), done: Vec::new(), open: Vec::new() };
    for (file, text) in files {
        found.collect(file, text)?;
    }
    for (file, text) in files {
        for (number, line) in text.lines().enumerate() {
            let Some((name, size)) = stated(line) else { continue };
            let laid = found.layout(name)?;
            if laid.size != size {
                let fields = laid.size;
                return Err(format!(
                    "{file}:{}: {name} has {size} bytes, its fields take {fields}",
                    number + 1
                ));
            }
        }
    }
    Ok(found.done)
}

/// `static_assert(sizeof(Name) == bytes);`
fn stated(line: &str) -> Option<(&str, usize)> {
    let (name, rest) = line.strip_prefix("static_assert(sizeof(")?.split_once(") == ")?;
    Some((name, rest.strip_suffix(");")?.parse().ok()?))
}

struct Found<'a> {
    sources: BTreeMap<&'a str, Source<'a>>,
    /// Before those that contain them.
    done: Vec<Layout>,
    /// Being laid out.
    open: Vec<String>,
}

impl<'a> Found<'a> {
    /// Every `struct Name {` up to its `};`.
    fn collect(&mut self, file: &'a str, text: &'a str) -> Result<(), String> {
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some((name, alignment)) = begun(line) else { continue };
            let body: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "};").collect();
            let source = Source { file, first: number + 2, alignment, lines: body };
            // Kernels' own structs may share a name; those that take part may not.
            if self.sources.insert(name, source).is_some()
                && text.contains(&format!("sizeof({name}) =="))
            {
                return Err(format!("{file}:{}: there are two structs {name}", number + 1));
            }
        }
        Ok(())
    }

    fn layout(&mut self, name: &str) -> Result<Layout, String> {
        if let Some(done) = self.done.iter().find(|layout| layout.name == name) {
            return Ok(done.clone());
        }
        let source =
            self.sources.get(name).ok_or(format!("there is no struct {name} in kernels/"))?;
        if self.open.iter().any(|open| open == name) {
            return Err(format!("{name} contains itself"));
        }
        self.open.push(name.to_owned());
        let (file, first, alignment) = (source.file.to_owned(), source.first, source.alignment);
        let lines: Vec<String> = source.lines.iter().map(|line| (*line).to_owned()).collect();
        let mut plan = Plan { fields: Vec::new(), end: 0, alignment };
        for (number, line) in lines.iter().enumerate() {
            let refused = |why| format!("{file}:{}: {why}: `{}`", first + number, line.trim());
            self.declare(line, &mut plan).map_err(refused)?;
        }
        let size = plan.end.next_multiple_of(plan.alignment);
        let layout = Layout { name: name.to_owned(), file, fields: plan.fields, size };
        self.open.pop();
        self.done.push(layout.clone());
        Ok(layout)
    }

    /// `type name[, name];`, a comment behind it or alone.
    fn declare(&mut self, line: &str, plan: &mut Plan) -> Result<(), String> {
        let code = line.split("//").next().unwrap_or("").trim();
        if code.is_empty() {
            return Ok(());
        }
        let expected = "expected `type name;`";
        let code = code.strip_suffix(';').ok_or(expected)?;
        let code = code.strip_prefix("const ").unwrap_or(code);
        let (kind, names) = code.split_once(' ').ok_or(expected)?;
        for name in names.split(", ") {
            let (name, count) = counted(name)?;
            if name.is_empty()
                || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            {
                return Err(format!("{name:?} is no name of a field"));
            }
            let one = self.kind(kind)?;
            plan.add(name, one, count);
        }
        Ok(())
    }

    /// A type's name in Rust, its size and its alignment.
    fn kind(&mut self, kind: &str) -> Result<Kind, String> {
        if let Some(target) = kind.strip_suffix('*') {
            let target = if ["void", "float4"].contains(&target) {
                "u8".to_owned()
            } else {
                self.kind(target)?.name
            };
            return Ok(Kind { name: format!("Pointer<{target}>"), size: 8, alignment: 8 });
        }
        let plain = |name: &str, size| Ok(Kind { name: name.to_owned(), size, alignment: size });
        match kind {
            "u8" => plain("u8", 1),
            "u16" | "F16" => plain("u16", 2),
            "u32" => plain("u32", 4),
            "u64" => plain("u64", 8),
            "float" => plain("f32", 4),
            "double" => plain("f64", 8),
            name if self.sources.contains_key(name) => {
                let size = self.layout(name)?.size;
                let alignment = self.alignment(name);
                Ok(Kind { name: name.to_owned(), size, alignment })
            }
            _ => Err(format!("{kind} is no type that host and kernels share")),
        }
    }

    /// The alignment of a struct that is laid out: the one it asks for, or the largest of its fields'.
    fn alignment(&self, name: &str) -> usize {
        let layout = self.done.iter().find(|layout| layout.name == name).expect("it is laid out");
        let of_field = |field: &Field| match field.kind.as_str() {
            "u8" => 1,
            "u16" => 2,
            "u32" | "f32" => 4,
            kind if self.done.iter().any(|layout| layout.name == kind) => self.alignment(kind),
            _ => 8,
        };
        let fields = layout.fields.iter().map(of_field).max().unwrap_or(1);
        self.sources[name].alignment.max(fields)
    }
}

struct Kind {
    name: String,
    size: usize,
    alignment: usize,
}

/// A struct while it is laid out.
struct Plan {
    fields: Vec<Field>,
    end: usize,
    alignment: usize,
}

impl Plan {
    fn add(&mut self, name: &str, one: Kind, count: Option<usize>) {
        let offset = self.end.next_multiple_of(one.alignment);
        let kind = count.map_or(one.name.clone(), |count| format!("[{}; {count}]", one.name));
        self.fields.push(Field { name: name.to_owned(), kind, offset });
        self.end = offset + one.size * count.unwrap_or(1);
        self.alignment = self.alignment.max(one.alignment);
    }
}

/// `struct Name {` or `struct alignas(64) Name {`: its name, and the alignment it asks for.
fn begun(line: &str) -> Option<(&str, usize)> {
    let name = line.strip_prefix("struct ")?.strip_suffix(" {")?;
    match name.strip_prefix("alignas(") {
        Some(rest) => {
            rest.split_once(") ").and_then(|(bytes, name)| Some((name, bytes.parse().ok()?)))
        }
        None => Some((name, 1)),
    }
}

/// `name` or `name[4]`.
fn counted(name: &str) -> Result<(&str, Option<usize>), String> {
    let Some((name, rest)) = name.split_once('[') else { return Ok((name, None)) };
    let count = rest.strip_suffix(']').and_then(|count| count.parse().ok());
    count.map(|count| (name, Some(count))).ok_or(format!("[{rest} is no number of elements"))
}

/// Rust that is compiled only if the structs in scope of these names have these fields.
pub fn rust(layouts: &[Layout]) -> String {
    let mut out = String::new();
    for Layout { name, file, fields, size } in layouts {
        for Field { name: field, kind, offset } in fields {
            let message = format!("{name}::{field} begins at byte {offset} in {file}");
            writeln!(out, "const _: () = assert!(std::mem::offset_of!({name}, {field}) == {offset}, {message:?});")
                .and_then(|()| writeln!(out, "const _: fn(&{name}) -> &{kind} = |{}| &{0}.{field};", name.to_lowercase()))
                .expect("a String takes all");
        }
        let message = format!("{name} has {size} bytes in {file}");
        writeln!(out, "const _: () = assert!(size_of::<{name}>() == {size}, {message:?});")
            .expect("a String takes all");
    }
    out
}

/// The differences between the structs of two folders, each by struct and field.
#[allow(dead_code, reason = "tests compare")]
pub fn differences(here: &[Layout], there: &[Layout]) -> Vec<String> {
    let places = |layouts: &[Layout]| -> BTreeMap<String, (usize, String)> {
        let of_field = |layout: &Layout, field: &Field| {
            (format!("{}::{}", layout.name, field.name), (field.offset, field.kind.clone()))
        };
        let all = layouts
            .iter()
            .flat_map(|layout| layout.fields.iter().map(move |field| of_field(layout, field)));
        all.collect()
    };
    let (here, there) = (places(here), places(there));
    let says = |place: Option<&(usize, String)>| match place {
        Some((offset, kind)) => format!("a {kind} at byte {offset}"),
        None => "not there".to_owned(),
    };
    let names: std::collections::BTreeSet<_> = here.keys().chain(there.keys()).collect();
    let differ = |name: &&&String| here.get(**name) != there.get(**name);
    let told = |name: &String| {
        format!("{name} is {} here and {} there", says(here.get(name)), says(there.get(name)))
    };
    names.iter().filter(differ).map(|name| told(name)).collect()
}
