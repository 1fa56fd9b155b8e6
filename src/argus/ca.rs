//! The certificates in a CA file (PEM): those that can be used, and the lines of the others. Never
//! decides whom to trust.

use crate::file;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::ops::Range;
use std::path::Path;

/// The longest file. No file of CAs is longer; a wrong name (a device, a log) must not fill the
/// memory.
const MAX_CA_FILE: u64 = 16 * 1024 * 1024;
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
/// How a certificate begins that is not in PEM form: a sequence whose length takes two bytes.
const DER: &[u8] = b"\x30\x82";

/// What a CA file holds.
#[derive(Debug)]
pub struct Found {
    /// The certificates that can be used.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The lines, counted from 1, at which those begin that cannot be read.
    pub unreadable: Vec<usize>,
}

/// Reads a CA file.
///
/// # Errors
/// Why there is no certificate to trust in it, as the end of a sentence that begins with its name.
pub fn read(path: &Path) -> Result<Found, String> {
    let content = file::read(path, MAX_CA_FILE).map_err(|fault| fault.text)?;
    let found = certificates(&content.bytes);
    if !found.certificates.is_empty() {
        return Ok(found);
    }
    Err(if !found.unreadable.is_empty() {
        "none of the certificates in it can be read".to_owned()
    } else if content.bytes.starts_with(DER) {
        format!("is not in PEM form; make that of it: openssl x509 -inform der -in {} -out ca.pem", path.display())
    } else {
        "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned()
    })
}

fn certificates(pem: &[u8]) -> Found {
    let mut found = Found { certificates: Vec::new(), unreadable: Vec::new() };
    for (line, block) in blocks(pem) {
        match certificate(pem.get(block).unwrap_or_default()) {
            Some(certificate) => found.certificates.push(certificate),
            None => found.unreadable.push(line),
        }
    }
    found
}

fn certificate(block: &[u8]) -> Option<CertificateDer<'static>> {
    let certificate = CertificateDer::from_pem_slice(block).ok()?;
    // The TLS library would silently leave out what it cannot use as a root.
    RootCertStore::empty().add(certificate.clone()).ok()?;
    Some(certificate)
}

/// The first line of each certificate, and where its text is. Each is found by itself, so that a
/// garbled one hides no other.
fn blocks(pem: &[u8]) -> Vec<(usize, Range<usize>)> {
    let mut found: Vec<(usize, Range<usize>)> = Vec::new();
    let (mut position, mut is_open) = (0, false);
    for (index, line) in pem.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.starts_with(BEGIN) {
            found.push((index + 1, position..position));
            is_open = true;
        }
        position += line.len();
        if is_open && let Some((_, block)) = found.last_mut() {
            block.end = position;
        }
        is_open &= !line.starts_with(END);
    }
    found
}
