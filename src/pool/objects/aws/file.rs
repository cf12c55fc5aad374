//! The files of profiles. What is wrong with one is told without its text, which has secrets.

use std::collections::HashMap;
use std::path::PathBuf;
use std::{fs, io};

use configparser::ini::{Ini, IniDefault};
use object_store::aws::AwsCredential;

/// A file and its bytes, none if it is not there.
pub(super) struct File {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

impl File {
    /// A folder or a pipe in its place counts as no file, as for other tools: containers have such.
    pub fn read(path: PathBuf) -> Result<File, String> {
        let is_file = fs::metadata(&path).is_ok_and(|found| found.is_file());
        let bytes: io::Result<_> = if is_file { fs::read(&path) } else { Ok(Vec::new()) };
        match bytes {
            Ok(bytes) => Ok(File { path, bytes }),
            Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
        }
    }

    /// The section whose header `is_of` the profile. Several of one header are one.
    pub fn section(&self, is_of: impl Fn(&str) -> bool) -> Result<Option<Section<'_>>, String> {
        let told = |reason: &str| format!("{} {reason}", self.path.display());
        let text = std::str::from_utf8(&self.bytes).map_err(|_| told("is not UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_string();
        let sections =
            parser().read(text).map_err(|reason| told(&format!("is damaged: {reason}")))?;
        if sections.contains_key("") {
            return Err(told("has a line before its first [section]"));
        }
        // Of [default] and [profile default], the latter.
        let found = sections.into_iter().filter(|(header, _)| is_of(header));
        let Some((header, values)) = found.max_by(|a, b| a.0.cmp(&b.0)) else { return Ok(None) };
        match values.values().any(Option::is_none) {
            true => Err(told(&format!("has a line without '=' in [{header}]"))),
            false => Ok(Some(Section { file: self, header, values })),
        }
    }
}

/// As Python's, which others read the files by: a key may have '#' and ';', and what is nested below `s3 =` is all of one value.
fn parser() -> Ini {
    let mut defaults = IniDefault::default();
    defaults.default_section = String::new();
    defaults.case_sensitive = true;
    defaults.multiline = true;
    defaults.enable_inline_comments = false;
    Ini::new_from_defaults(defaults)
}

/// What one file says of the profile.
pub(super) struct Section<'f> {
    file: &'f File,
    header: String,
    values: HashMap<String, Option<String>>,
}

impl Section<'_> {
    /// Of all keys, in lower case.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.values.keys().map(|key| key.to_lowercase())
    }

    /// An empty one is none.
    pub fn value(&self, key: &str) -> Result<Option<String>, String> {
        let value = self.values.get(key).or_else(|| self.values.get(&key.to_uppercase()));
        let Some(value) = value.cloned().flatten().filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        match value.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Some(value)),
            false => Err(format!(
                "{key} {} has a space or another character that it cannot have; comments take lines of their own",
                self.place()
            )),
        }
    }

    pub fn keys(&self) -> Result<Option<AwsCredential>, String> {
        let [id, secret] = ["aws_access_key_id", "aws_secret_access_key"];
        match (self.value(id)?, self.value(secret)?) {
            (Some(key_id), Some(secret_key)) => {
                let token = self.value("aws_session_token")?;
                Ok(Some(AwsCredential { key_id, secret_key, token }))
            }
            (None, None) => Ok(None),
            (Some(_), None) => Err(format!("there is {id} without {secret} {}", self.place())),
            (None, Some(_)) => Err(format!("there is {secret} without {id} {}", self.place())),
        }
    }

    fn place(&self) -> String {
        format!("in [{}] of {}", self.header, self.file.path.display())
    }
}
