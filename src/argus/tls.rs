//! Whom TLS trusts, and what to do when that fails. Never turns verification off: there is no switch for that.
//!
//! With `argus.ca_file`: the CAs in that file and no others, so that whoever names an internal CA trusts nobody else.
//! Without: the system's store, where an internal CA may be installed (`SSL_CERT_FILE` and `SSL_CERT_DIR` move it).
//! Only on a host that has no store at all (a bare container): the public CAs that were current at the build.

use super::ca;
use log::warn;
use std::path::{Path, PathBuf};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Whom we trust, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// The CAs in `argus.ca_file`.
    File(PathBuf),
    /// The system's store.
    System,
    /// The CAs that were built in.
    BuiltIn,
}

/// The configuration of TLS. Reads the file or the store once.
pub(super) fn config(ca_file: Option<&Path>) -> Result<(TlsConfig, Trust), String> {
    let (roots, trust) = match ca_file {
        Some(path) => (RootCerts::from(from_file(path)?.into_iter()), Trust::File(path.to_owned())),
        None => from_system(),
    };
    Ok((TlsConfig::builder().root_certs(roots).build(), trust))
}

fn from_file(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let found = ca::read(path).map_err(|why| format!("argus.ca_file: {}: {why}", path.display()))?;
    Ok(found.certificates.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

fn from_system() -> (RootCerts, Trust) {
    let native = rustls_native_certs::load_native_certs();
    if native.certs.is_empty() {
        let why = native.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        warn!(
            "this system has no CA certificates{why}: trusting the public CAs known at the build, and no internal one"
        );
        return (RootCerts::WebPki, Trust::BuiltIn);
    }
    let owned = native.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
    (RootCerts::from(owned), Trust::System)
}

/// What to do about a failed handshake, from the TLS library's words; `None` if it was not TLS that failed.
pub(super) fn advice(words: &str, trust: &Trust) -> Option<String> {
    // A CA of the same name with another key shows itself as a bad signature.
    if words.contains("UnknownIssuer") || words.contains("BadSignature") {
        return Some(match trust {
            Trust::File(path) => format!("no CA in argus.ca_file ({}) signed the server's certificate", path.display()),
            Trust::System | Trust::BuiltIn => "no CA that this system trusts signed the server's certificate: install \
                 the CA in the system's store, or name its file in argus.ca_file"
                .to_owned(),
        });
    }
    if words.contains("CaUsedAsEndEntity") {
        return Some("the server shows a CA certificate as its own: it needs one that a CA signed".to_owned());
    }
    if words.contains("InvalidContentType") || words.contains("corrupt message") {
        return Some("the server does not speak TLS there: should argus.url begin with http://?".to_owned());
    }
    words.contains("certificate").then(|| "the server's certificate is not accepted".to_owned())
}
