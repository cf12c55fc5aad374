//! Names of objects.

use std::path::Path;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    S3,
    Google,
    Azure,
    /// A web server, with TLS or without.
    Http {
        tls: bool,
    },
}

/// `s3://bucket/key`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub scheme: Scheme,
    /// Up to the slash before the key: `s3://bucket`.
    pub root: String,
    /// The bucket, the container or the host.
    pub bucket: String,
    pub key: String,
}

const KNOWN: &str = "s3://, gs://, az://, https:// and http://";

impl Address {
    /// # Errors
    /// Why it is no address of an object.
    pub fn of(path: &Path) -> Result<Address, String> {
        let text = path.to_str().ok_or("is not UTF-8")?;
        let (scheme, rest) = text.split_once("://").ok_or("has no scheme")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let scheme = match scheme {
            "s3" | "s3a" => Scheme::S3,
            "gs" => Scheme::Google,
            "az" | "abfs" | "abfss" => Scheme::Azure,
            "https" => Scheme::Http { tls: true },
            "http" => Scheme::Http { tls: false },
            "hf" => {
                return Err("hf:// is not read: fetch the files once with huggingface_hub.snapshot_download, and give their folder".into());
            }
            other => return Err(format!("{other}:// is no store that is read from: {KNOWN}")),
        };
        if bucket.is_empty() {
            return Err("names no bucket: s3://bucket/key".into());
        }
        if bucket.contains('@') {
            return Err(
                "names a user before '@'; credentials come from the environment or ~/.aws".into()
            );
        }
        let is_web = matches!(scheme, Scheme::Http { .. });
        if is_web && key.contains(['?', '*', '[']) {
            return Err(
                "is a pattern or has a query ('?'): of a web server, one file is read that its path alone names".into()
            );
        }
        let root = text[..text.len() - key.len()].trim_end_matches('/').to_string();
        Ok(Address { scheme, root, bucket: bucket.into(), key: key.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Address, String> {
        Address::of(Path::new(text))
    }

    #[test]
    fn an_address_is_scheme_bucket_and_key() {
        let found = of("s3://bucket/a/b.npy").unwrap();
        assert_eq!((found.scheme, &*found.root), (Scheme::S3, "s3://bucket"));
        assert_eq!((&*found.bucket, &*found.key), ("bucket", "a/b.npy"));
        let whole = of("gs://bucket").unwrap();
        assert_eq!((&*whole.root, &*whole.key), ("gs://bucket", ""));
        assert_eq!(of("az://box/").unwrap().root, "az://box");
        let web = of("http://127.0.0.1:80/p.npy").unwrap();
        assert_eq!((web.scheme, &*web.bucket), (Scheme::Http { tls: false }, "127.0.0.1:80"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (text, told) in [
            ("hf://datasets/a/b.parquet", "snapshot_download"),
            ("ftp://host/a.npy", "ftp:// is no store"),
            ("s3:///a.npy", "names no bucket"),
            ("https://u:p@host/a.npy", "names a user"),
            ("https://host/a.npy?token=1", "has a query"),
            ("https://host/*.npy", "is a pattern"),
        ] {
            assert!(of(text).unwrap_err().contains(told), "{text}");
        }
    }
}
