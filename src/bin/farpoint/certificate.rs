//! Stub until merged.
use crate::record::{PoolRecord, TermsRecord};
use farpoint::Certificate;
use serde::Serialize;
#[derive(Serialize)]
pub struct CertificateFile {
    pub farpoint: String,
    pub pool: PoolRecord,
    pub options: TermsRecord,
    pub certificate: Certificate,
}
