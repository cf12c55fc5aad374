use super::*;

const KEYS: &str = "aws_access_key_id = ID\naws_secret_access_key = SECRET\n";
/// Of the keys above, of what follows below.
const SECRETS: [&str; 3] = ["SECRET", "TOKEN", "OTHER"];

fn file(name: &str, text: impl AsRef<[u8]>) -> File {
    File { path: name.into(), bytes: text.as_ref().to_vec() }
}

/// With variables as `NAME=value`.
fn found(variables: &[&str], credentials: &File, config: &File) -> Result<Settings, String> {
    let lookup = |name: &str| {
        let mut pairs = variables.iter().map(|pair| pair.split_once('=').unwrap());
        pairs.find(|(of, _)| *of == name).map(|(_, value)| value.into())
    };
    settings(&lookup, [credentials, config])
}

/// Keys with their token, region, endpoint, and whether it is allowed without TLS: `ID SECRET -, eu, -, -`.
fn of(variables: &[&str], credentials: impl AsRef<[u8]>, config: impl AsRef<[u8]>) -> String {
    let settings = found(variables, &file("credentials", credentials), &file("config", config));
    let settings = settings.unwrap_or_else(|told| panic!("{told}"));
    let keys = settings.keys.map_or("-".into(), |keys| {
        format!("{} {} {}", keys.key_id, keys.secret_key, keys.token.unwrap_or("-".into()))
    });
    let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    let others = [AmazonS3ConfigKey::Region, AmazonS3ConfigKey::Endpoint, allow].map(|key| {
        let value = settings.others.iter().find(|(of, _)| *of == key);
        value.map_or("-", |(_, value)| value).to_string()
    });
    format!("{keys}, {}", others.join(", "))
}

#[track_caller]
fn told(variables: &[&str], credentials: impl AsRef<[u8]>, config: impl AsRef<[u8]>) -> String {
    let told = found(variables, &file("credentials", credentials), &file("config", config)).err();
    let told = told.expect("it is refused");
    assert!(!told.contains('\n'), "{told}");
    assert!(!SECRETS.iter().any(|secret| told.contains(secret)), "{told}");
    told
}

#[test]
fn a_profile_is_chosen_by_variables() {
    let credentials = "[default]\naws_access_key_id=D\naws_secret_access_key=d\n\
                       [work]\naws_access_key_id=W\naws_secret_access_key=w\naws_session_token=t\n";
    let config = "[default]\nregion=one\n[profile work]\nregion=two\n[work]\nregion=none\n\
                  [profile \"a b\"]\nregion=three\n[profile default]\nregion=four\n";
    for (variables, expected) in [
        (&[][..], "D d -, four, -, -"),
        (&["AWS_PROFILE=work"], "W w t, two, -, -"),
        (&["AWS_DEFAULT_PROFILE=work"], "W w t, two, -, -"),
        (&["AWS_DEFAULT_PROFILE=work", "AWS_PROFILE=a b"], "-, three, -, -"),
        (&["AWS_DEFAULT_PROFILE=work", "AWS_PROFILE="], "W w t, two, -, -"),
        (&["AWS_PROFILE=default"], "D d -, four, -, -"),
    ] {
        assert_eq!(of(variables, credentials, config), expected, "{variables:?}");
    }
    assert_eq!(of(&[], "", ""), "-, -, -, -");
    assert_eq!(of(&[], "[work]\n", config.split('[').next().unwrap()), "-, -, -, -");
}

#[test]
fn a_profile_that_is_in_neither_file_is_told() {
    for variables in [&["AWS_PROFILE=x"][..], &["AWS_PROFILE=x", "AWS_ACCESS_KEY_ID=A"]] {
        let told = told(variables, format!("[default]\n{KEYS}"), "[x]\nregion = eu\n");
        assert_eq!(told, "AWS profile 'x' is neither in credentials nor in config");
    }
}

#[test]
fn variables_go_before_files() {
    let credentials = format!("[default]\n{KEYS}aws_session_token = TOKEN\nregion = eu\n");
    let config = "[default]\nregion = us\nendpoint_url = http://e\n";
    for (variables, expected) in [
        (&[][..], "ID SECRET TOKEN, eu, http://e, true"),
        (&["AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=B"], "-, eu, http://e, true"),
        (&["AWS_ACCESS_KEY_ID=A"], "-, eu, http://e, true"),
        (&["AWS_SECRET_ACCESS_KEY=B"], "ID SECRET TOKEN, eu, http://e, true"),
        (&["AWS_ACCESS_KEY_ID=", "AWS_REGION="], "ID SECRET TOKEN, eu, http://e, true"),
        (&["AWS_SESSION_TOKEN=C"], "ID SECRET TOKEN, eu, http://e, true"),
        (&["AWS_WEB_IDENTITY_TOKEN_FILE=f", "AWS_ROLE_ARN=r"], "-, eu, http://e, true"),
        (&["AWS_ROLE_ARN=r"], "ID SECRET TOKEN, eu, http://e, true"),
        (&["AWS_SKIP_SIGNATURE=true"], "-, eu, http://e, true"),
        (&["AWS_REGION=r", "AWS_ALLOW_HTTP=false"], "ID SECRET TOKEN, -, http://e, -"),
        (&["AWS_DEFAULT_REGION=r", "AWS_ENDPOINT_URL=e"], "ID SECRET TOKEN, -, -, -"),
        (&["AWS_ENDPOINT_URL_S3=e"], "ID SECRET TOKEN, eu, -, -"),
        (&["AWS_ENDPOINT=e"], "ID SECRET TOKEN, eu, -, -"),
    ] {
        assert_eq!(of(variables, &credentials, config), expected, "{variables:?}");
    }
}

/// A token belongs to the keys beside it.
#[test]
fn keys_are_of_one_file() {
    let other = "[default]\naws_access_key_id = O\naws_secret_access_key = OTHER\naws_session_token = TOKEN\n";
    assert_eq!(of(&[], format!("[default]\n{KEYS}"), other), "ID SECRET -, -, -, -");
    assert_eq!(of(&[], "[default]\nregion = eu\n", other), "O OTHER TOKEN, eu, -, -");
}

#[test]
fn a_profile_that_needs_more_than_keys_is_told() {
    let export =
        "eval \"$(aws configure export-credentials --profile w --format env)\" puts keys into";
    for (key, beside_keys) in [
        ("sso_session", true),
        ("sso_start_url", true),
        ("role_arn", true),
        ("ROLE_ARN", true),
        ("web_identity_token_file", true),
        ("credential_process", false),
        ("login_session", false),
    ] {
        let config = format!("[profile w]\n{key} = SECRET of some sort\n");
        let told_of = |credentials: &str| {
            let told = told(&["AWS_PROFILE=w"], credentials, &config);
            let key = key.to_lowercase();
            let needs = format!("AWS profile 'w' needs more than keys, for it has {key}: {export}");
            assert!(told.starts_with(&needs), "{told}");
        };
        told_of("");
        let keys = format!("[w]\n{KEYS}");
        match beside_keys {
            true => told_of(&keys),
            false => assert_eq!(of(&["AWS_PROFILE=w"], &keys, &config), "ID SECRET -, -, -, -"),
        }
        // The keys that it exports are used, though the profile is still named.
        let exported = ["AWS_PROFILE=w", "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=B"];
        assert_eq!(of(&exported, "", &config), "-, -, -, -");
    }
    let other = "[sso-session s]\nsso_region = eu\n[profile x]\nrole_arn = r\n[default]\n";
    assert_eq!(of(&[], "", other), "-, -, -, -");
}

#[test]
fn files_are_read_as_python_reads_them() {
    let keys = "ID SECRET -, eu, -, -";
    let crlf = format!("[default]\n{KEYS}region = eu\n").replace('\n', "\r\n");
    for (credentials, expected) in [
        (format!("\u{feff}[default]\n{KEYS}region = eu"), keys),
        (crlf, keys),
        (format!("# one\n; two\n\n[default]\n# = \n{KEYS}  ; four\nregion = eu\n"), keys),
        (format!("[ default ] # one\n{KEYS}region:eu\n"), keys),
        (format!("[default]\n{}REGION=eu\n", KEYS.to_uppercase().replace(" = ", "=")), keys),
        (format!("[default]\n{KEYS}region = us\n[x]\nregion = x\n[default]\nregion = eu\n"), keys),
        (format!("[default]\n{KEYS}region = us\nregion = eu\n"), keys),
        (format!("[x]\nno value\n[default]\n{KEYS}region = eu\n"), keys),
        // What is nested is not the profile's.
        (format!("[default]\ns3 =\n  region = us\n  endpoint_url = e\n{KEYS}region = eu\n"), keys),
        (format!("[default]\n{KEYS}region =\n"), "ID SECRET -, -, -, -"),
        (
            "[default]\naws_access_key_id=I#;\naws_secret_access_key=S=/+#;:\"'%$\\\n".into(),
            "I#; S=/+#;:\"'%$\\ -, -, -, -",
        ),
        (String::new(), "-, -, -, -"),
        ("\u{feff}".into(), "-, -, -, -"),
        ("# only a comment".into(), "-, -, -, -"),
    ] {
        assert_eq!(of(&[], &credentials, ""), expected, "{credentials:?}");
    }
}

#[test]
fn a_damaged_file_is_told_without_its_text() {
    let utf_16: Vec<u8> = "\u{feff}[default]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (credentials, expected) in [
        (&utf_16[..], "credentials is not UTF-8"),
        (b"[default]\nregion = \xff SECRET\n", "credentials is not UTF-8"),
        (KEYS.as_bytes(), "credentials has a line before its first [section]"),
        (b"[]\naws_secret_access_key = SECRET", "credentials has a line before its first"),
        (b"[default]\naws_secret_access_key SECRET\n", "credentials has a line without '='"),
        (b"[default]\nSECRET\n", "credentials has a line without '=' in [default]"),
        (b"[default]\n = SECRET\n", "credentials is damaged: line 2"),
        (b"[default SECRET\n", "credentials is damaged: line 1"),
        (b"[default]\naws_access_key_id = I\n", "there is aws_access_key_id without aws_secret"),
        (
            b"[default]\naws_secret_access_key = SECRET\n",
            "there is aws_secret_access_key without aws_access_key_id in [default] of credentials",
        ),
        (
            b"[default]\naws_access_key_id = I\naws_secret_access_key = SECRET\n  TOKEN\n",
            "aws_secret_access_key in [default] of credentials has a space or another character",
        ),
        (
            b"[default]\nregion = eu # SECRET\n",
            "region in [default] of credentials has a space or another character",
        ),
        ("[default]\nregion = \u{e9}\u{7f}".as_bytes(), "region in [default]"),
    ] {
        let told = told(&[], credentials, "");
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(told(&[], "", "[profile x]\n[default]\nSECRET").starts_with("config has a line"));
}

#[test]
fn files_are_where_variables_say() {
    let of = |variables: &[(&str, &str)]| {
        paths(&|name| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| value.into()))
            .map(|path| path.to_str().unwrap().to_string())
    };
    let home = (if cfg!(windows) { "USERPROFILE" } else { "HOME" }, "h");
    assert_eq!(of(&[home]), ["h/.aws/credentials", "h/.aws/config"]);
    let (credentials, config) = ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE");
    assert_eq!(of(&[home, (credentials, "~/c"), (config, "/d/~")]), ["h/c", "/d/~"]);
    assert_eq!(of(&[home, (credentials, ""), (config, "~")]), ["h/.aws/credentials", "h/"]);
    assert_eq!(of(&[])[0], "~/.aws/credentials");
}

#[test]
fn what_is_no_file_has_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("none"), "/dev/null".into()] {
        assert!(File::read(path).is_ok_and(|file| file.bytes.is_empty()));
    }
}
