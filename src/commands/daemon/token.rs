//! The token of the client that all writers share: read again from its file before a refusal is
//! believed, renewed, and carried through a reload. Never decides when, and never shows it.

use crate::argus::client::Client;
use crate::argus::renewal::{Failure, Renewal, Renewer};
use crate::argus::{ArgusError, ArgusServer};
use crate::config::Config;
use crate::secret::Secret;
use log::warn;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of `argus.token_file`, if there is one. `earlier`: what was known before a reload,
/// of the same Argus.
pub(super) fn renewer(config: &Config, earlier: Option<&Renewer>) -> Option<Arc<Renewer>> {
    let file = config.argus.token_file.clone()?;
    Some(Arc::new(match earlier {
        Some(earlier) => Renewer::after(earlier, file),
        None => Renewer::new(file),
    }))
}

/// The token to be used with this configuration.
pub(super) fn in_use(config: &Config, renewer: Option<&Renewer>) -> Secret {
    renewer.map_or_else(|| config.argus.token.clone(), |renewer| renewer.newest(&config.argus.token))
}

/// Keeps the client's token the newest that there is.
pub(super) struct Keeper {
    client: Arc<Client>,
    renewer: Option<Arc<Renewer>>,
    renews: bool,
    /// What the log says already, until the token works again.
    complaint: Mutex<Option<String>>,
}

impl Keeper {
    pub fn new(config: &Config, client: &Arc<Client>, renewer: Option<&Arc<Renewer>>) -> Self {
        let (client, renewer) = (Arc::clone(client), renewer.map(Arc::clone));
        Self { client, renewer, renews: config.argus.renew_token, complaint: Mutex::default() }
    }

    /// Gives the client the token that stands in its file now, and ends a renewal that was broken
    /// off where that token is dead.
    ///
    /// # Errors
    /// Why such a renewal cannot be ended now. Until it is, a refusal of the token says nothing.
    pub fn refresh(&self) -> Result<(), ArgusError> {
        let Some(renewer) = &self.renewer else {
            return Ok(());
        };
        if let Err(why) = renewer.read_again().and_then(|token| self.client.set_token(token)) {
            self.complain(&format!("{why}; going on with the token that was read before"));
        }
        if !self.renews || !matches!(self.client.check_token(), Err(ArgusError::Unauthorized(_))) {
            return Ok(());
        }
        match renewer.recover(&*self.client) {
            // The log says every hour what to do about one that is unwritten.
            Ok(renewal) => drop(self.take(renewal)),
            Err(failure) => {
                self.complain(&format!("a renewal of the Argus token was broken off and cannot be ended: {failure}"));
                return outage(failure);
            }
        }
        Ok(())
    }

    /// Renews the token if that is due.
    ///
    /// # Errors
    /// What went wrong and what to do about it, for a log line.
    pub fn renew(&self) -> Result<(), String> {
        match &self.renewer {
            Some(renewer) if self.renews => self.take(renewer.renew_if_due(&*self.client)?),
            _ => Ok(()),
        }
    }

    fn take(&self, renewal: Renewal) -> Result<(), String> {
        match renewal {
            Renewal::Renewed(token) => self.client.set_token(token),
            Renewal::Unwritten(token, why) => self.client.set_token(token).and(Err(why)),
            Renewal::NotDue => Ok(()),
        }
    }

    /// Once, not at each probe.
    fn complain(&self, text: &str) {
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if complaint.as_deref() != Some(text) {
            warn!("{text}");
            *complaint = Some(text.to_owned());
        }
    }
}

/// An Argus that was not there for the end of a renewal has not refused it.
fn outage(failure: Failure) -> Result<(), ArgusError> {
    match failure {
        Failure::Argus(_, ArgusError::Unauthorized(_) | ArgusError::Request { .. }) | Failure::Here(_) => Ok(()),
        Failure::Argus(_, error) => Err(error),
    }
}
