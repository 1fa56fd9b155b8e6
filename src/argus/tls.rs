//! The CAs that TLS trusts, and what to do when a handshake fails. Never turns verification off.
//!
//! With `argus.ca_file`: only the CAs in that file. Without it: the system's store, where an
//! internal CA may be installed (`SSL_CERT_FILE` and `SSL_CERT_DIR` move it). Only on a host that
//! has no store at all (a bare container): the public CAs that were current at the build.

use super::api_url::ApiUrl;
use super::ca;
use super::text::sanitised;
use crate::time::Stamp;
use log::warn;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The most names of a certificate in a message.
const MAX_NAMES: usize = 5;

/// Where the trusted CAs come from, for messages.
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

/// Why a handshake failed, and what to do about it.
pub(super) fn advice(error: &rustls::Error, base: &ApiUrl, trust: &Trust) -> String {
    use CertificateError as E;
    let host = base.host();
    match error {
        Error::InvalidMessage(_) => {
            "the server does not speak TLS there: should argus.url begin with http://?".to_owned()
        }
        Error::AlertReceived(alert) => format!("the server refuses our TLS ({alert:?})"),
        // A CA of the same name with another key causes a bad signature.
        Error::InvalidCertificate(E::UnknownIssuer | E::BadSignature) => match trust {
            Trust::File(path) => format!("no CA in argus.ca_file ({}) signed the server's certificate", path.display()),
            Trust::System | Trust::BuiltIn => "no CA that this system trusts signed the server's certificate: install \
                 the CA in the system's store, or name its file in argus.ca_file"
                .to_owned(),
        },
        Error::InvalidCertificate(E::NotValidForNameContext { presented, .. }) => {
            let names = names(presented);
            format!(
                "the server's certificate is for {names}, not for {host}: put one of the names into argus.url, or \
                 give the server a certificate for {host}"
            )
        }
        Error::InvalidCertificate(E::ExpiredContext { time, not_after }) => {
            let (now, end) = (stamp(*time), stamp(*not_after));
            format!("the server's certificate has expired ({end}): renew it, or set this host's clock right ({now})")
        }
        Error::InvalidCertificate(E::NotValidYetContext { time, not_before }) => {
            let (now, begin) = (stamp(*time), stamp(*not_before));
            format!("the server's certificate is not valid before {begin}: is this host's clock right ({now})?")
        }
        // The verifier has no error of its own for this.
        Error::InvalidCertificate(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => format!(
            "the server's certificate is marked as a CA's, which is none for a server; this makes one that is: {}; then \
             name argus.pem in argus.ca_file",
            openssl(host)
        ),
        Error::InvalidCertificate(other) => {
            format!("the server's certificate is not accepted ({})", sanitised(&other.to_string()))
        }
        other => format!("no TLS with the server ({})", sanitised(&other.to_string())),
    }
}

/// The names in a certificate, as many as somebody reads.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| {
        // rustls writes them as `DnsName("x")` and `IpAddress(1.2.3.4)`.
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        sanitised(inner.trim_matches('"'))
    };
    let mut names: Vec<String> = presented.iter().take(MAX_NAMES).map(plain).collect();
    match presented.len().saturating_sub(names.len()) {
        0 if names.is_empty() => "no name at all".to_owned(),
        0 => names.join(", "),
        more => {
            names.push(format!("{more} more"));
            names.join(", ")
        }
    }
}

/// The command for a certificate that signs itself and is a server's.
fn openssl(host: &str) -> String {
    let kind = if host.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
    format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={host} -addext subjectAltName={kind}:{host} \
         -addext basicConstraints=critical,CA:FALSE -keyout argus.key -out argus.pem"
    )
}

fn stamp(time: UnixTime) -> Stamp {
    Stamp::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
