//! What the environment of the process says in place of the configuration file: two secrets. Never
//! puts one into a message.

use crate::secret::Secret;
use std::env::var_os;

/// The variable that stands in for `argus.token`.
pub(super) const TOKEN: &str = "ARGUS_TOKEN";
/// The variable that stands in for `zino.secret`.
pub(super) const SECRET: &str = "ZINO_SECRET";

/// The secrets of the environment. An empty variable counts as one that is not set: what starts
/// containers passes on variables that it does not have as empty ones.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    pub(super) token: Variable,
    pub(super) secret: Variable,
}

/// What stands in a variable.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Variable {
    /// Nothing.
    #[default]
    Absent,
    /// A secret.
    Given(Secret),
    /// Something that is no text.
    Illegible,
}

impl Variable {
    fn of_this_process(name: &str) -> Self {
        match var_os(name).map(std::ffi::OsString::into_string) {
            None => Self::Absent,
            Some(Ok(text)) if text.is_empty() => Self::Absent,
            Some(Ok(text)) => Self::Given(Secret::new(text)),
            Some(Err(_)) => Self::Illegible,
        }
    }
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self { token: Variable::of_this_process(TOKEN), secret: Variable::of_this_process(SECRET) }
    }

    /// The names of the variables that are set, for people; `None` if none is.
    #[must_use]
    pub fn names(&self) -> Option<String> {
        let both = [(TOKEN, &self.token), (SECRET, &self.secret)];
        let names: Vec<&str> =
            both.iter().filter(|(_, variable)| **variable != Variable::Absent).map(|(name, _)| *name).collect();
        (!names.is_empty()).then(|| names.join(" and "))
    }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
