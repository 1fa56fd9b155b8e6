//! What `--check` tries of `[metrics]`: the address and the directory of the file. Never writes
//! anything. What is wrong is a warning: the program synchronises without it.

use super::{Failure, Report, SLACK, Stopped};
use crate::config::{Config, MetricsConfig};
use rustix::fs::{Access, access};
use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// Tries what is configured.
pub(super) fn check<W: Write>(report: &mut Report<'_, W>, config: &Config) -> Result<(), Stopped> {
    let MetricsConfig { file, listen } = &config.metrics;
    if let Some(listen) = listen {
        say(report, "metrics.listen", address(listen.0));
    }
    if let Some(file) = file {
        let (name, path) = (file.0.display().to_string(), file.0.clone());
        // The file system may hang.
        let finding = report.attempt("metrics.file", &name, SLACK, move || Ok::<_, Failure>(directory(&path)))?;
        say(report, "metrics.file", finding.unwrap_or_else(|(_, why)| Err(why)));
    }
    Ok(())
}

fn say<W: Write>(report: &mut Report<'_, W>, what: &str, finding: Result<String, String>) {
    match finding {
        Ok(found) => report.print("ok", what, &found),
        Err(why) => report.print("warning", what, &why),
    }
}

fn address(address: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("http://{address}/metrics and /health can be served")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Ok(format!("{address} is in use; that is right if an instance with this configuration runs"))
        }
        Err(error) => Err(format!("{address} cannot be used: {error}; it must be an address of this host")),
    }
}

fn directory(file: &Path) -> Result<String, String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    access(folder, Access::EXISTS | Access::WRITE_OK | Access::EXEC_OK)
        .map(|()| format!("{} can be written by this user", file.display()))
        .map_err(|error| format!("{} cannot be written by this user: {}: {error}", file.display(), folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_used_and_what_cannot_is_said_with_its_reason() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = taken.local_addr().unwrap();
        assert!(address(there).unwrap().contains("is in use; that is right if"));
        drop(taken);
        assert!(address(there).unwrap().ends_with("can be served"));
        assert!(address("192.0.2.1:9798".parse().unwrap()).unwrap_err().contains("must be an address of this host"));
        assert!(directory(Path::new("/tmp/zinoargus.prom")).is_ok());
        let why = directory(Path::new("/nonexistent/zinoargus.prom")).unwrap_err();
        assert!(why.contains("/nonexistent: No such file"), "{why}");
    }
}
