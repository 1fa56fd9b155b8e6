//! What is wrong with a configuration, in words for its owner. Never holds a value that may be a
//! secret.

use crate::exit::ExitCode;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, counted from 1; `None` if it is about the file as a whole.
    pub line: Option<usize>,
    /// The key with its section (`zino.port`); empty if it is about none.
    pub key: String,
    /// What is wrong, and what to do about it.
    pub text: String,
    /// The fault may pass without a change of the configuration.
    pub may_pass: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// The configuration cannot be used. A new attempt makes no sense before the file is changed,
/// unless the only fault is that a secret's file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: PathBuf,
    problems: Vec<Problem>,
}

impl ConfigError {
    /// What the process ends with: a service starts again by itself where that can help.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        if self.problems.iter().all(|problem| problem.may_pass) { ExitCode::Unread } else { ExitCode::Config }
    }

    pub(super) fn new(file: &Path, problems: Vec<Problem>) -> Self {
        Self { file: file.to_owned(), problems }
    }

    /// One line of text per thing that is wrong, each with the file's name.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|problem| {
            let separator = if problem.line.is_some() { ", " } else { ": " };
            format!("{}{separator}{problem}", self.file.display())
        })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
