//! How the process ends: one code per reason, for systemd, cron and scripts. Never ends the process
//! itself.

/// Why the process ended. The numbers are those of `sysexits.h`; `packaging/doc/troubleshooting.md`
/// has the same table, and a test compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything asked for was done, or a signal asked the program to stop.
    Done = 0,
    /// The command line makes no sense.
    Usage = 64,
    /// The file of the token or of the secret cannot be read now; another start may help.
    Unread = 66,
    /// A server cannot be reached (`--once`, `--check`; the daemon goes on trying instead).
    Unavailable = 69,
    /// A fault of the program itself.
    Internal = 70,
    /// Some cases could not be synchronised (`--once`), or a signal stopped a single run or a
    /// trial.
    Partial = 75,
    /// Zino or Argus refuses us: wrong secret or token.
    Refused = 77,
    /// The configuration is missing or wrong.
    Config = 78,
}

impl ExitCode {
    /// All of them, in ascending order.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Usage,
        Self::Unread,
        Self::Unavailable,
        Self::Internal,
        Self::Partial,
        Self::Refused,
        Self::Config,
    ];

    /// The number that the parent process sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers in the first column of the document's table of exit codes.
    fn documented_codes() -> Vec<u8> {
        include_str!("../packaging/doc/troubleshooting.md")
            .lines()
            .skip_while(|line| *line != "## Exit codes")
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
            .filter_map(|(code, _)| code.parse().ok())
            .collect()
    }

    #[test]
    fn the_document_lists_exactly_these_codes() {
        let ours: Vec<u8> = ExitCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(documented_codes(), ours);
    }
}
