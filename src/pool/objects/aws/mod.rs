//! What `~/.aws` says beside the environment: keys, region and endpoint of a profile, in boto3's order of precedence.

mod file;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;

use object_store::ClientConfigKey;
use object_store::aws::{AmazonS3ConfigKey, AwsCredential};

use self::file::{File, Section};

/// The variables of the environment.
type Lookup<'l> = dyn Fn(&str) -> Option<OsString> + 'l;

/// What is set beyond the environment. No Debug: it holds secrets.
#[derive(Default)]
pub(super) struct Settings {
    /// With their own token, whatever token the environment has.
    pub keys: Option<AwsCredential>,
    pub others: Vec<(AmazonS3ConfigKey, String)>,
}

/// # Errors
/// Why the files, or the profile in them, cannot be used.
pub(super) fn of_this_process() -> Result<Settings, String> {
    let lookup = |name: &str| std::env::var_os(name);
    let [credentials, config] = paths(&lookup).map(File::read);
    settings(&lookup, [&credentials?, &config?])
}

/// Of the file of credentials, and of the configurations.
fn paths(lookup: &Lookup) -> [PathBuf; 2] {
    let home = lookup(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    let usual = [
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        ("AWS_CONFIG_FILE", "~/.aws/config"),
    ];
    usual.map(|(variable, usual)| {
        let named = lookup(variable).filter(|path| !path.is_empty());
        let path = PathBuf::from(named.unwrap_or_else(|| usual.into()));
        match (&home, path.strip_prefix("~")) {
            (Some(home), Ok(rest)) => PathBuf::from(home).join(rest),
            _ => path,
        }
    })
}

/// What the `files`, of credentials and of configurations, add to the variables that `lookup` knows.
///
/// # Errors
/// The profile that is named is in neither; it is damaged; it needs more than keys, and the environment has none.
fn settings(lookup: &Lookup, files: [&File; 2]) -> Result<Settings, String> {
    let text = |name: &str| lookup(name).and_then(|value| value.into_string().ok());
    let variable =
        |names: &[&str]| names.iter().find_map(|name| text(name).filter(|value| !value.is_empty()));
    let named = variable(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);
    let name = named.as_deref().unwrap_or("default");
    let found = sections(name, files)?;
    if found.is_empty() && named.is_some() {
        let [credentials, config] = files.map(|file| file.path.display());
        let name = name.escape_debug();
        return Err(format!("AWS profile '{name}' is neither in {credentials} nor in {config}"));
    }
    let mut settings = Settings::default();
    if !says_who_asks(&variable) {
        settings.keys = keys(name, &found)?;
    }
    if variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]).is_none() {
        let region = first(&found, |section| section.value("region"))?;
        settings.others.extend(region.map(|region| (AmazonS3ConfigKey::Region, region)));
    }
    if variable(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]).is_none() {
        let endpoint = first(&found, |section| section.value("endpoint_url"))?;
        // Files have no other way to allow it.
        let is_plain = endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
        if is_plain && variable(&["AWS_ALLOW_HTTP"]).is_none() {
            let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
            settings.others.push((allow, "true".into()));
        }
        settings.others.extend(endpoint.map(|url| (AmazonS3ConfigKey::Endpoint, url)));
    }
    Ok(settings)
}

/// What files say of the profile `name`: credentials, which go first, and configurations.
fn sections<'f>(name: &str, files: [&'f File; 2]) -> Result<Vec<Section<'f>>, String> {
    let [credentials, config] = files;
    // Names may be in quotes.
    let is_of_config = |header: &str| match header.split_once(char::is_whitespace) {
        Some(("profile", quoted)) => quoted.trim().trim_matches(['"', '\'']) == name,
        _ => header == "default" && name == "default",
    };
    let found = [credentials.section(|header| header == name)?, config.section(is_of_config)?];
    Ok(found.into_iter().flatten().collect())
}

/// Whether the environment says who asks. Half a pair of keys does: the other half may be missing by mistake.
fn says_who_asks(variable: &dyn Fn(&[&str]) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(&[name]).is_some();
    let nobody = variable(&["AWS_SKIP_SIGNATURE"]);
    is_set("AWS_ACCESS_KEY_ID")
        || (is_set("AWS_WEB_IDENTITY_TOKEN_FILE") && is_set("AWS_ROLE_ARN"))
        || nobody.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The keys of the profile `name`.
fn keys(name: &str, found: &[Section]) -> Result<Option<AwsCredential>, String> {
    let has = |is_such: fn(&str) -> bool| {
        let keys = found.iter().flat_map(Section::names);
        keys.filter(|key| is_such(key)).min()
    };
    // Other tools take these even where there are keys, which may be somebody else's or old.
    let before_keys =
        has(|key| matches!(key, "role_arn" | "web_identity_token_file") || key.starts_with("sso_"));
    let keys = if before_keys.is_none() { first(found, Section::keys)? } else { None };
    let without_keys = || has(|key| matches!(key, "credential_process" | "login_session"));
    match before_keys.or_else(without_keys) {
        Some(key) if keys.is_none() => Err(format!(
            "AWS profile '{name}' needs more than keys, for it has {key}: \
             eval \"$(aws configure export-credentials --profile {name} --format env)\" puts keys into the environment"
        )),
        _ => Ok(keys),
    }
}

fn first<'f, T>(
    found: &[Section<'f>],
    of: impl Fn(&Section<'f>) -> Result<Option<T>, String>,
) -> Result<Option<T>, String> {
    found.iter().find_map(|section| of(section).transpose()).transpose()
}
