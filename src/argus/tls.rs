//! Whose certificates are trusted. Verification cannot be turned off.

use std::path::Path;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

/// The configuration of TLS: the certificates of `ca_file` if there is one; else the system's; on a host without any, those
/// that were built in.
///
/// # Errors
/// What is wrong with `ca_file`, for a person.
pub fn config(ca_file: Option<&Path>) -> Result<TlsConfig, String> {
    let roots = match ca_file {
        Some(path) => RootCerts::from(from_file(path)?),
        None => match system() {
            found if found.is_empty() => RootCerts::WebPki,
            found => RootCerts::from(found),
        },
    };
    Ok(TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build())
}

fn from_file(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|e| format!("argus.ca_file {shown}: {e}"))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(e) => return Err(format!("argus.ca_file {shown}: {e}")),
        }
    }
    if found.is_empty() {
        return Err(format!("argus.ca_file {shown}: no certificate in it; it must hold one or more in PEM form"));
    }
    Ok(found)
}

fn system() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.into_iter().map(|der| Certificate::from_der(&der).to_owned()).collect()
}

/// Whether an I/O error is the server's certificate being refused, which happens before any request is sent.
#[must_use]
pub fn is_certificate_error(error: &std::io::Error) -> bool {
    error.to_string().contains("certificate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_that_holds_no_certificate_is_an_error_that_names_it() {
        let missing = config(Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
        assert!(missing.contains("argus.ca_file /nowhere/ca.pem"), "{missing}");
        let empty = std::env::temp_dir().join(format!("zinoargus-empty-{}.pem", std::process::id()));
        std::fs::write(&empty, "no PEM here").unwrap();
        let error = config(Some(&empty)).unwrap_err();
        std::fs::remove_file(&empty).unwrap();
        assert!(error.contains("no certificate in it"), "{error}");
    }
}
