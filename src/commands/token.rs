//! The token of the client that all writers share: read again from its file before a refusal is
//! believed, renewed, and kept over a reload. Never decides when, and never logs it.

use crate::argus::client::Client;
use crate::argus::renewal::{Failure, Renewal, Renewer};
use crate::argus::{ArgusError, ArgusServer};
use crate::config::Config;
use crate::metrics::metrics;
use crate::secret::Secret;
use log::{error, warn};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What this process knows of the token in `argus.token_file`, of each Argus that it talked to. It
/// outlives every reload: a renewed token that could not be written to its file is nowhere else.
#[derive(Default)]
pub(super) struct Tokens {
    /// By the address of the Argus.
    renewers: BTreeMap<String, Arc<Renewer>>,
}

impl Tokens {
    /// For this configuration; `None` if it has no `argus.token_file`.
    pub fn renewer(&mut self, config: &Config) -> Option<Arc<Renewer>> {
        let url = config.argus.url.as_str();
        let earlier = self.renewers.get(url);
        let renewer = config.argus.token_file.as_ref().map(|file| {
            Arc::new(
                earlier.map_or_else(|| Renewer::new(file.0.clone()), |earlier| Renewer::after(earlier, file.0.clone())),
            )
        });
        match &renewer {
            Some(renewer) => drop(self.renewers.insert(url.to_owned(), Arc::clone(renewer))),
            None if earlier.is_some_and(|earlier| earlier.has_unwritten()) => error!(
                "a renewed Argus token that could not be written to argus.token_file is not used without that key; this \
                 process keeps it until it ends"
            ),
            None => {}
        }
        renewer
    }

    /// The configuration with the token that its file held last: one that this process renewed is
    /// no change of the configuration.
    pub fn as_held(&self, config: &Config) -> Config {
        let mut config = config.clone();
        let renewer = self.renewers.get(config.argus.url.as_str()).filter(|_| config.argus.token_file.is_some());
        if let Some(held) = renewer.and_then(|renewer| renewer.held()) {
            config.argus.token = held;
        }
        config
    }
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
    /// The client gets the newest token.
    pub fn new(config: &Config, client: &Arc<Client>, renewer: Option<Arc<Renewer>>) -> Self {
        let keeper = Self {
            client: Arc::clone(client),
            renewer,
            renews: config.argus.renew_token.0,
            complaint: Mutex::default(),
        };
        let newest = keeper.renewer.as_ref().map(|renewer| renewer.newest(&config.argus.token));
        if let Some(Err(why)) = newest.map(|token| keeper.use_token(token)) {
            warn!("argus.token: {why}; going on with the token in argus.token_file");
        }
        keeper
    }

    /// The client uses this token from now on, and the metrics say when it was made.
    fn use_token(&self, token: Secret) -> Result<(), String> {
        let made_at = self.renewer.as_ref().and_then(|renewer| renewer.made_at(&token));
        self.client.set_token(token)?;
        metrics().token_made(made_at.unwrap_or_default());
        Ok(())
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
        if let Err(why) = renewer.read_again().and_then(|token| self.use_token(token)) {
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
            Renewal::Renewed(token) => self.use_token(token),
            Renewal::Unwritten(token, why) => self.use_token(token).and(Err(why)),
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
