//! What Argus says about itself and about our token, for people. Never part of synchronisation.

use super::ArgusError;
use super::client::Client;
use super::text::{json, shown};
use serde_json::Value;

/// How many source systems are gone through to find ours.
const MOST_SOURCES: usize = 100;

impl Client {
    /// The server's version, as it tells it to everybody.
    ///
    /// # Errors
    /// See [`ArgusError`].
    pub fn server_version(&self) -> Result<String, ArgusError> {
        let answer = self.get("../", value)?;
        Ok(text(&answer, "server-version").unwrap_or_else(|| "of unknown version".to_owned()))
    }

    /// The name of the user that our token belongs to.
    ///
    /// # Errors
    /// See [`ArgusError`].
    pub fn user_name(&self) -> Result<String, ArgusError> {
        let answer = self.get("auth/user/", value)?;
        Ok(text(&answer, "username").unwrap_or_else(|| "without a name".to_owned()))
    }

    /// Name and type of the source system whose user has this name; `None` if there is none.
    ///
    /// # Errors
    /// See [`ArgusError`].
    pub fn source_system(&self, user: &str) -> Result<Option<(String, String)>, ArgusError> {
        let answer = self.get("incidents/sources/", value)?;
        let all = answer.as_array().or_else(|| answer.get("results")?.as_array());
        for source in all.into_iter().flatten().take(MOST_SOURCES) {
            let Some(pk) = source.get("user").and_then(Value::as_i64) else {
                continue;
            };
            let Some(owner) = self.get_if_there(&format!("auth/users/{pk}/"), value)? else {
                continue;
            };
            if text(&owner, "username").as_deref() == Some(user) {
                let kind = source.get("type").and_then(|kind| text(kind, "name"));
                return Ok(Some((text(source, "name").unwrap_or_default(), kind.unwrap_or_default())));
            }
        }
        Ok(None)
    }
}

fn value(body: &[u8]) -> Result<Value, String> {
    json(body).ok_or_else(|| "no JSON".to_owned())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(shown)
}
