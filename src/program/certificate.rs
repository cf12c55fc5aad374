//! The file of a robust selection's certificate: the proof, and which question it is of.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use crate::Certificate;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::program::record::{PoolRecord, TermsRecord};

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFile {
    /// The version that wrote it.
    pub farpoint: String,
    pub pool: PoolRecord,
    pub options: TermsRecord,
    pub certificate: Certificate,
}

/// Bytes of the largest file that is read: ten million weighted rows take a quarter of it.
const LARGEST: u64 = 1 << 30;

impl CertificateFile {
    pub fn read(path: &Path) -> Result<CertificateFile> {
        read(path).with_context(|| path.display().to_string())
    }

    /// The whole file, on one line.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<()> {
        serde_json::to_writer(&mut *out, self).map_err(std::io::Error::from)?;
        Ok(writeln!(out)?)
    }
}

fn read(path: &Path) -> Result<CertificateFile> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST {
        bail!("has {length} bytes, and no certificate has more than {LARGEST}");
    }
    // As it is read, so that a file of something else is refused where that shows.
    serde_json::from_reader(BufReader::new(file)).context("not a certificate that farpoint wrote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let text = r#"{"farpoint":"0.1.0","pool":{"path":"a.npy","rows":3,"dimensions":1,"dtype":"f32","hash":"00"},"options":{"budget":1,"metric":"cosine","labeled":{"path":"b.txt","count":1,"hash":"01"},"labeled_vectors":null,"weights":null,"exclude":null,"stop_radius":null,"first":null,"seed":0,"tensor":null},"certificate":{"budget":1,"outliers":1,"centers":[2],"upper":0.30000000000000004,"uncovered":[1],"lower":5e-324,"lower_by":"branch_and_bound","dual":{"radius":0.0,"denominator":18446744073709551615,"weights":[[0,18446744073709551615]]}}}
"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificate.json");
        std::fs::write(&path, text).unwrap();
        let mut written = Vec::new();
        CertificateFile::read(&path).unwrap().write_to(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), text);
    }
}
