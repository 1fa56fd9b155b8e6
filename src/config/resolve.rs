//! From the text of a configuration file to a [`Config`]: which keys there are, what they default to, and which of
//! them depend on each other. Never guesses: what is wrong is reported, all of it at once.

use super::reader::{Reader, Section};
use super::{ArgusConfig, Config, FailoverConfig, Loaded, Problem, SyncConfig, ZinoConfig};
use super::{files, keys, value};
use crate::secret::Secret;
use crate::sync::rules::Band;
use crate::zino::case::CaseState;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeTable;

/// The SNMP community of an agent that hides nothing.
const PUBLIC: &str = "public";

/// Resolves a whole file.
pub fn resolve(text: &str, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    let mut reader = Reader::new(text);
    let (root, mut errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What the parser made of the rest is not looked at: after a slip of the pen in a line with a secret, the
        // secret could be what it takes for a key.
        errors.sort_by_key(|error| error.span().map_or(text.len(), |span| span.start));
        let mut line_end = 0;
        for error in errors {
            let position = error.span().map_or(text.len(), |span| span.start);
            // The second error of a line is mostly a consequence of the first.
            if position >= line_end {
                let key = key_at(text, position);
                let message = error.message().replace(", expected nothing", "");
                reader.add_at(position, &key, format!("not TOML: {message}"));
                let rest = text.get(position..).unwrap_or_default();
                line_end = rest.find('\n').map_or(text.len(), |length| position + length) + 1;
            }
        }
        return Err(reader.into_problems());
    }
    let root = root.get_ref();
    reader.check_keys(root, "");
    let mut resolver = Resolver { reader, folder, warnings: Vec::new() };
    let argus = resolver.argus(root);
    let zino = resolver.zino(root);
    let sync = resolver.sync(root);
    let failover = resolver.failover(root);
    resolver.metadata(root);
    let problems = resolver.reader.into_problems();
    match (argus, zino, failover) {
        (Some(argus), Some(zino), Some(failover)) if problems.is_empty() => {
            Ok(Loaded { config: Config { argus, zino, sync, failover }, warnings: resolver.warnings })
        }
        _ => Err(problems),
    }
}

struct Resolver<'a> {
    reader: Reader<'a>,
    folder: &'a Path,
    warnings: Vec<String>,
}

impl Resolver<'_> {
    fn argus(&mut self, root: &DeTable<'_>) -> Option<ArgusConfig> {
        let section = self.reader.top(root, "argus");
        let url = self.reader.require(&section, "url", value::url);
        if url.as_deref().is_some_and(value::goes_in_clear) {
            self.warn("argus.url: with http:// the token goes over the network for everybody to read; use https://");
        }
        let token = self.secret(&section, "token", "token_file", value::check_token);
        let renew_token = self.reader.take(&section, "renew_token", value::flag);
        let timeout = self.reader.take(&section, "timeout", value::seconds);
        let ca_file = self.ca_file(&section);
        let connections = self.reader.take(&section, "connections", |value| value::whole(value, 1, 64));
        let renew_token = renew_token.unwrap_or(false);
        if renew_token && !section.has("token_file") {
            let text = "needs argus.token_file, where the new token can be kept";
            self.reader.add(&section, "renew_token", text.to_owned());
        }
        let (token, token_file) = token?;
        Some(ArgusConfig {
            url: url?,
            token,
            token_file,
            renew_token,
            ca_file,
            timeout: timeout.unwrap_or(Duration::from_secs(2)),
            connections: connections.and_then(|n| usize::try_from(n).ok()).unwrap_or(4),
        })
    }

    fn zino(&mut self, root: &DeTable<'_>) -> Option<ZinoConfig> {
        let section = self.reader.top(root, "zino");
        let server = self.reader.require(&section, "server", value::host);
        let port = self.reader.take(&section, "port", value::port);
        let notify_port = self.reader.take(&section, "notify_port", value::port);
        let user = self.reader.require(&section, "user", value::user);
        let secret = self.secret(&section, "secret", "secret_file", |_| Ok(()));
        let domain = self.reader.take(&section, "default_domain", value::domain);
        let (secret, secret_file) = secret?;
        Some(ZinoConfig {
            server: server?,
            port: port.unwrap_or(8001),
            notify_port: notify_port.unwrap_or(8002),
            user: user?,
            secret,
            secret_file,
            default_domain: domain.flatten(),
        })
    }

    fn sync(&mut self, root: &DeTable<'_>) -> SyncConfig {
        let section = self.reader.top(root, "sync");
        let acknowledge = self.reader.sub(&section, "acknowledge", "sync.acknowledge");
        let ticket = self.reader.sub(&section, "ticket", "sync.ticket");
        let severity = self.reader.sub(&section, "severity", "sync.severity");
        let setstate = self.reader.take(&acknowledge, "setstate", value::setstate);
        let mut seconds = |key, default| {
            let given = self.reader.take(&section, key, value::seconds);
            given.unwrap_or(Duration::from_secs(default))
        };
        SyncConfig {
            refresh_interval: seconds("refresh_interval", 30),
            full_interval: seconds("full_interval", 900),
            orphan_grace: seconds("orphan_grace", 900),
            acknowledge_setstate: setstate.filter(|state| state != "none").map(|state| CaseState::from_word(&state)),
            ticket_enable: self.reader.take(&ticket, "enable", value::flag).unwrap_or(false),
            default_level: self.reader.take(&severity, "default", value::level).unwrap_or(3),
            bands: self.bands(&severity),
        }
    }

    fn bands(&mut self, severity: &Section<'_>) -> Vec<Band> {
        let mut bands: Vec<Band> = Vec::new();
        for section in self.reader.list(severity, "thresholds") {
            let min_priority = self.reader.require(&section, "min_priority", |value| value::whole(value, 0, i64::MAX));
            let level = self.reader.require(&section, "level", value::level);
            let (Some(min_priority), Some(level)) = (min_priority, level) else {
                continue;
            };
            if bands.iter().any(|band| band.min_priority == min_priority) {
                // The Python program lets the first one win, too.
                self.warn(&format!(
                    "{} has min_priority {min_priority} twice; only the first one counts",
                    keys::THRESHOLDS
                ));
            } else {
                bands.push(Band { min_priority, level });
            }
        }
        bands
    }

    /// `None`: wrong; `Some(None)`: the section is not there.
    fn failover(&mut self, root: &DeTable<'_>) -> Option<Option<FailoverConfig>> {
        let section = self.reader.top(root, "failover");
        if !section.is_present() {
            return Some(None);
        }
        let server = self.reader.require(&section, "primary_server", value::host);
        let port = self.reader.take(&section, "primary_snmp_port", value::port);
        let community = self.reader.take(&section, "snmp_community", value::text);
        let timeout = self.reader.take(&section, "ping_timeout", value::seconds);
        let interval = self.reader.take(&section, "ping_interval", value::seconds);
        let threshold = self.reader.take(&section, "threshold", |value| value::whole(value, 1, u32::MAX.into()));
        Some(Some(FailoverConfig {
            primary_server: server?,
            primary_snmp_port: port.unwrap_or(8000),
            snmp_community: match community {
                Some(community) if community != PUBLIC => Secret::new(community),
                _ => Secret::well_known(PUBLIC.to_owned()),
            },
            ping_timeout: timeout.unwrap_or(Duration::from_secs(5)),
            ping_interval: interval.unwrap_or(Duration::from_secs(5)),
            threshold: threshold.and_then(|n| u32::try_from(n).ok()).unwrap_or(10),
        }))
    }

    /// The Python program reads this section and never uses it.
    fn metadata(&mut self, root: &DeTable<'_>) {
        let section = self.reader.top(root, "metadata");
        if self.reader.take(&section, "ports_url", value::text).is_some() {
            self.warn("metadata.ports_url has no effect");
        }
    }

    /// A secret that stands either in the file itself or in a file of its own; and that file's name.
    fn secret(
        &mut self,
        section: &Section<'_>,
        key: &str,
        file_key: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<(Secret, Option<PathBuf>)> {
        let inline = self.reader.take(section, key, value::text);
        let file = self.reader.take(section, file_key, value::file);
        match (section.has(key), section.has(file_key)) {
            (true, true) => {
                let text = format!("excludes {key}: give one of the two");
                self.reader.add(section, file_key, text);
                return None;
            }
            (false, false) => {
                let text = format!("is missing (or {file_key} instead)");
                self.reader.add(section, key, text);
                return None;
            }
            _ => {}
        }
        let (used_key, secret, file) = match file {
            None => (key, Secret::new(inline?), None),
            Some(file) => {
                let file = self.place(section, file_key, file)?;
                let secret = self.read_secret(section, file_key, &file)?;
                (file_key, secret, Some(file))
            }
        };
        match check(secret.reveal()) {
            Ok(()) => Some((secret, file)),
            Err(text) => {
                self.reader.add(section, used_key, text);
                None
            }
        }
    }

    /// Where a file is: beside the configuration, or among the service's credentials.
    fn place(&mut self, section: &Section<'_>, key: &str, file: PathBuf) -> Option<PathBuf> {
        match files::place(&file, self.folder, std::env::var_os(files::CREDENTIALS).as_deref()) {
            Ok(file) => Some(file),
            Err(text) => {
                self.reader.add(section, key, text);
                None
            }
        }
    }

    fn read_secret(&mut self, section: &Section<'_>, key: &str, file: &Path) -> Option<Secret> {
        match files::read_secret(file) {
            Ok((secret, exposed)) => {
                self.warnings.extend(exposed.warnings(file, true));
                Some(secret)
            }
            Err(text) => {
                self.reader.add(section, key, text);
                None
            }
        }
    }

    fn ca_file(&mut self, section: &Section<'_>) -> Option<PathBuf> {
        let file = self.reader.take(section, "ca_file", value::file)?;
        let file = self.place(section, "ca_file", file)?;
        // What is in it is the client's business; that it is there can be said now, with the line.
        if let Err(error) = std::fs::File::open(&file) {
            let text = format!("{}: cannot be read: {error}", file.display());
            self.reader.add(section, "ca_file", text);
        }
        Some(file)
    }

    fn warn(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
}

/// The key that the line of a syntax error sets, if it is one that we know; nothing else of the line is safe to show.
fn key_at(text: &str, position: usize) -> String {
    let before = text.get(..position).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next());
    let name = line.and_then(|line| line.split('=').next()).unwrap_or_default();
    let header = |line: &str| {
        let name = line.trim().trim_start_matches('[').split(']').next()?;
        line.trim().starts_with('[').then(|| name.trim().to_owned())
    };
    let above = text.get(..start).unwrap_or_default();
    let section = above.lines().rev().find_map(header);
    let path = match section {
        Some(section) => format!("{section}.{}", name.trim()),
        None => name.trim().to_owned(),
    };
    if keys::KEYS.contains(&path.as_str()) { path } else { String::new() }
}
