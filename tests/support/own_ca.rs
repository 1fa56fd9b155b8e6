//! A CA for a test, and the certificates that it signs. Never talks to anybody.
#![allow(clippy::unwrap_used)]

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// A CA of one's own, and a server certificate for 127.0.0.1 that it signed.
pub struct OwnCa {
    /// The CA's certificate, as it is given to clients.
    pub pem: String,
    pub server: Arc<rustls::ServerConfig>,
}

impl OwnCa {
    /// For a server of this name or address.
    pub fn new(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    /// The same with a server certificate that something is the matter with.
    pub fn with(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let (params, key) = ca_params();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = rcgen::Issuer::new(params, key);
        let own_key = rcgen::KeyPair::generate().unwrap();
        let mut own = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut own);
        let signed = own.signed_by(&own_key, &issuer).unwrap();
        Self { pem, server: serving(signed.der().to_vec(), &own_key.serialize_der()) }
    }

    /// The CA's certificate is the server's own, as `openssl req -x509` makes one.
    pub fn alone(name: &str) -> Self {
        let (mut params, key) = ca_params();
        params.subject_alt_names = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().subject_alt_names;
        let own = params.self_signed(&key).unwrap();
        Self { pem: own.pem(), server: serving(own.der().to_vec(), &key.serialize_der()) }
    }
}

fn ca_params() -> (rcgen::CertificateParams, rcgen::KeyPair) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Test CA");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    (params, rcgen::KeyPair::generate().unwrap())
}

/// A server with this certificate and its key.
pub fn serving(certificate: Vec<u8>, key: &[u8]) -> Arc<rustls::ServerConfig> {
    let chain = vec![CertificateDer::from(certificate)];
    let key = PrivateKeyDer::try_from(key.to_vec()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}
