//! From the text of a configuration file to a [`Config`]: which keys there are, what they default to, and which of
//! them depend on each other. Never guesses: what is wrong is reported, all of it at once.

use super::reader::{Reader, Section};
use super::{ArgusConfig, Config, FailoverConfig, Loaded, Problem, SyncConfig, ZinoConfig};
use super::{files, keys, syntax, value};
use crate::argus::api_url::ApiUrl;
use crate::argus::ca;
use crate::file;
use crate::reconcile::rules::Band;
use crate::secret::Secret;
use crate::zino::case::CaseState;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeTable;

const ZINO_PORT: u16 = 8001;
const ZINO_NOTIFY_PORT: u16 = 8002;
/// More failed questions than this before a takeover are no failover any more.
const MOST_QUESTIONS: i64 = 1000;
/// No priority in Zino is as high.
const HIGHEST_PRIORITY: i64 = 1_000_000;
/// Servers that the example names. They exist nowhere, but look real.
const EXAMPLE_SERVERS: [(&str, &str, &str); 3] = [
    ("argus", "url", "https://argus.example.org/api/v2/"),
    ("zino", "server", "zino.example.org"),
    ("failover", "primary_server", "primary.example.org"),
];
/// The SNMP community of an agent that hides nothing.
const PUBLIC: &str = "public";

/// Resolves a whole file.
pub fn resolve(text: &str, folder: &Path) -> Result<Loaded, Vec<Problem>> {
    let mut reader = Reader::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What the parser made of the rest is not looked at: after a slip of the pen in a line with a secret, the
        // secret could be what it takes for a key.
        syntax::report(text, errors, &mut reader);
        return Err(reader.into_problems());
    }
    let root = root.get_ref();
    reader.check_keys(root, "");
    let mut resolver = Resolver { reader, folder, warnings: Vec::new(), is_example: false };
    let argus = resolver.argus(root);
    let zino = resolver.zino(root);
    let sync = resolver.sync(root);
    let failover = resolver.failover(root);
    resolver.metadata(root);
    resolver.refuse_example(root);
    resolver.refuse_shared_file(root);
    let problems = resolver.reader.into_problems();
    match (argus, zino, failover) {
        (Some(argus), Some(zino), Some(failover)) if problems.is_empty() => {
            Ok(Loaded { config: Config { argus, zino, sync, failover }, warnings: resolver.warnings })
        }
        _ => Err(problems),
    }
}

struct Resolver<'a> {
    reader: Reader,
    folder: &'a Path,
    warnings: Vec<String>,
    /// A secret is still the example's.
    is_example: bool,
}

impl Resolver<'_> {
    fn argus(&mut self, root: &DeTable<'_>) -> Option<ArgusConfig> {
        let section = self.reader.top(root, "argus");
        let url = self.reader.require(&section, "url", value::url);
        if url.as_ref().is_some_and(ApiUrl::is_readable_on_the_way) {
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
        let secret = self.secret(&section, "secret", "secret_file", value::check_secret);
        let domain = self.reader.take(&section, "default_domain", value::domain);
        if port.unwrap_or(ZINO_PORT) == notify_port.unwrap_or(ZINO_NOTIFY_PORT) {
            let key = if section.has("notify_port") { "notify_port" } else { "port" };
            let other = if key == "port" { "notify_port" } else { "port" };
            self.reader.add(&section, key, format!("is the same as zino.{other}; Zino has two ports"));
        }
        let (secret, secret_file) = secret?;
        Some(ZinoConfig {
            server: server?,
            port: port.unwrap_or(ZINO_PORT),
            notify_port: notify_port.unwrap_or(ZINO_NOTIFY_PORT),
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
        let refresh_interval = self.reader.take(&section, "refresh_interval", value::seconds);
        let full_interval = self.reader.take(&section, "full_interval", value::seconds);
        let orphan_grace = self.reader.take(&section, "orphan_grace", value::grace);
        SyncConfig {
            refresh_interval: refresh_interval.unwrap_or(Duration::from_secs(30)),
            full_interval: full_interval.unwrap_or(Duration::from_secs(900)),
            orphan_grace: orphan_grace.unwrap_or(Duration::from_secs(900)),
            acknowledge_setstate: setstate.filter(|state| state != "none").map(|state| CaseState::from_word(&state)),
            ticket_enable: self.reader.take(&ticket, "enable", value::flag).unwrap_or(false),
            default_level: self.reader.take(&severity, "default", value::level).unwrap_or(3),
            bands: self.bands(&severity),
        }
    }

    fn bands(&mut self, severity: &Section<'_>) -> Vec<Band> {
        let mut bands: Vec<Band> = Vec::new();
        let mut seen = BTreeSet::new();
        for section in self.reader.list(severity, "thresholds") {
            let min_priority =
                self.reader.require(&section, "min_priority", |value| value::whole(value, 0, HIGHEST_PRIORITY));
            let level = self.reader.require(&section, "level", value::level);
            let (Some(min_priority), Some(level)) = (min_priority, level) else {
                continue;
            };
            if seen.insert(min_priority) {
                bands.push(Band { min_priority, level });
            } else {
                // The Python program lets the first one win, too.
                self.warn(&format!(
                    "{} has min_priority {min_priority} twice; only the first one counts",
                    keys::THRESHOLDS
                ));
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
        let community = self.reader.take(&section, "snmp_community", value::community);
        let timeout = self.reader.take(&section, "ping_timeout", value::seconds);
        let interval = self.reader.take(&section, "ping_interval", value::seconds);
        let threshold = self.reader.take(&section, "threshold", |value| value::whole(value, 1, MOST_QUESTIONS));
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
        self.is_example |= value::is_example(secret.reveal());
        match value::check_filled_in(secret.reveal()).and_then(|()| check(secret.reveal())) {
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
        match file::read_secret(file) {
            Ok((secret, exposed)) => {
                self.warnings.extend(exposed.warnings(file, true));
                Some(secret)
            }
            Err(fault) => {
                self.reader.add_fault(section, key, fault);
                None
            }
        }
    }

    fn ca_file(&mut self, section: &Section<'_>) -> Option<PathBuf> {
        let file = self.reader.take(section, "ca_file", value::file)?;
        let file = self.place(section, "ca_file", file)?;
        let name = file.display();
        match ca::read(&file) {
            Ok(found) => {
                for line in found.unreadable {
                    self.warn(&format!(
                        "argus.ca_file: {name}: the certificate at line {line} cannot be read and is left out"
                    ));
                }
            }
            Err(why) => self.reader.add(section, "ca_file", format!("{name}: {why}")),
        }
        Some(file)
    }

    /// Where the secrets are still those of the example, the servers are named too that are.
    fn refuse_example(&mut self, root: &DeTable<'_>) {
        for (path, key, example) in EXAMPLE_SERVERS {
            let section = self.reader.top(root, path);
            if self.is_example && self.reader.text(&section, key) == Some(example) {
                self.reader.add(&section, key, format!("{}: put your own here", value::EXAMPLES));
            }
        }
    }

    /// A token that is renewed would be written over the secret.
    fn refuse_shared_file(&mut self, root: &DeTable<'_>) {
        let (argus, zino) = (self.reader.top(root, "argus"), self.reader.top(root, "zino"));
        let path = |text: Option<&str>| text.map(|text| self.folder.join(text).components().collect::<PathBuf>());
        let token = path(self.reader.text(&argus, "token_file"));
        if token.is_some() && token == path(self.reader.text(&zino, "secret_file")) {
            self.reader.add(&zino, "secret_file", "is the same file as argus.token_file".to_owned());
        }
    }

    fn warn(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
}
