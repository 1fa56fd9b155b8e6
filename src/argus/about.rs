//! What Argus says about itself and about our token, for people. Never part of synchronisation.

use super::ArgusError;
use super::client::Client;
use super::text::{json, sanitised};
use serde_json::Value;

/// The most users of source systems that are read to find ours.
const MOST_USERS: usize = 10;

/// From this version on Argus has all that the program uses.
const COMPLETE: (u32, u32) = (2, 10);

/// What an Argus of this version lacks, for people; `None` if nothing, or if this is no version.
#[must_use]
pub fn lacks(version: &str) -> Option<String> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    ((major, minor) < COMPLETE).then(|| {
        format!(
            "Argus {version} is older than {}.{}: it lets no source reopen an incident, so that one that ended stays so \
             when its case goes on, and it takes no heartbeat of a source",
            COMPLETE.0, COMPLETE.1
        )
    })
}

impl Client {
    /// The server's version, which Argus gives without a token.
    ///
    /// # Errors
    /// See [`ArgusError`].
    pub fn server_version(&self) -> Result<String, ArgusError> {
        let answer = self.get_openly("../", value)?;
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

    /// Finds the source system of our token, whose user has this name. Takes at most `MOST_USERS` +
    /// 2 requests: Argus shows a user's number only in the source of an incident, so without an
    /// incident of ours the users of the sources are read one by one, the likeliest first.
    ///
    /// # Errors
    /// See [`ArgusError`].
    pub fn source_system(&self, user: &str) -> Result<Owner, ArgusError> {
        let ours = self.get("incidents/mine/?page_size=1", value)?;
        if let Some(source) = ours.pointer("/results/0/source") {
            return Ok(Owner::source(source));
        }
        let answer = self.get("incidents/sources/", value)?;
        let all = answer.as_array().or_else(|| answer.get("results")?.as_array());
        let mut sources: Vec<&Value> = all.into_iter().flatten().collect();
        let is_whole = answer.is_array() || answer.get("next").is_none_or(Value::is_null);
        // Most source systems have the name of their user.
        let name = |source: &Value| text(source, "name").unwrap_or_default().to_lowercase();
        let wanted = user.to_lowercase();
        sources.sort_by_key(|source| (name(source) != wanted, !name(source).contains(&wanted)));
        let mut asked = 0;
        for source in sources.iter().take(MOST_USERS) {
            asked += 1;
            let Some(pk) = source.get("user").and_then(Value::as_i64) else {
                continue;
            };
            let owner = self.get_if_there(&format!("auth/users/{pk}/"), value)?;
            if owner.and_then(|owner| text(&owner, "username")).as_deref() == Some(user) {
                return Ok(Owner::source(source));
            }
        }
        Ok(if is_whole && asked == sources.len() { Owner::Nobody } else { Owner::Unknown(sources.len()) })
    }
}

/// What a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A source system.
    Source {
        /// Its name.
        name: String,
        /// The name of its type.
        kind: String,
    },
    /// No source system.
    Nobody,
    /// There are this many source systems, and the token belongs to none of those that were read.
    Unknown(usize),
}

impl Owner {
    fn source(source: &Value) -> Self {
        let kind = source.get("type").and_then(|kind| text(kind, "name")).unwrap_or_default();
        Self::Source { name: text(source, "name").unwrap_or_default(), kind }
    }
}

fn value(body: &[u8]) -> Result<Value, String> {
    json(body).ok_or_else(|| "no JSON".to_owned())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(sanitised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argus_before_2_10_is_said_to_lack_something() {
        for (version, is_old) in [
            ("2.10.2", false),
            ("2.10", false),
            ("3.0", false),
            ("2.9.1", true),
            ("1.37.0", true),
            ("2.0.0.dev3+x", true),
        ] {
            assert_eq!(lacks(version).is_some(), is_old, "{version}");
        }
        for version in ["", "of unknown version", "two.ten", "2"] {
            assert_eq!(lacks(version), None, "{version}");
        }
    }
}
