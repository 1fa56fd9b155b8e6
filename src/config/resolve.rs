//! Turns the text of a configuration file into a [`Config`]: reads the sections and the files that
//! they name, and checks what depends on more than one key. Never guesses: a fault is reported.

use super::environment::{self, Environment, Variable};
use super::reader::Reader;
use super::text::FileName;
use super::value::is_given;
use super::{ArgusConfig, Config, IncidentConfig, Loaded, MetricsConfig, Problem, SyncConfig, ZinoConfig};
use super::{files, python, syntax};
use crate::argus::ca;
use crate::file;
use crate::secret::Secret;
use std::collections::BTreeSet;
use std::path::Path;
use toml::de::DeTable;

/// Servers that the example names. They exist nowhere, but look real.
const EXAMPLE_SERVERS: [(&str, &str); 3] = [
    ("argus.url", "https://argus.example.org/api/v2/"),
    ("zino.server", "zino.example.org"),
    ("failover.primary_server", "primary.example.org"),
];
/// What stands where the example and the README have no secret.
const EXAMPLE_SECRETS: [&str; 3] = ["token-from-argus", "secret-from-zino", "..."];
/// What is said of both.
const IS_EXAMPLE: &str = "is still the example's: put your own here";

/// The longest secret or token.
const LONGEST_SECRET: usize = 1000;

/// Resolves a whole file.
pub fn resolve(text: &str, folder: &Path, environment: &Environment) -> Result<Loaded, Vec<Problem>> {
    let mut reader = parse(text)?;
    reader.check_sections();
    let argus = reader.section("argus");
    let zino = reader.section("zino");
    let sync = reader.section("sync");
    let filter = reader.section("filter");
    let incident: Option<IncidentConfig> = reader.section("incident");
    let metadata = reader.section("metadata");
    let metrics: Option<MetricsConfig> = reader.section("metrics");
    let failover = if reader.has("failover") { reader.section("failover") } else { None };
    let mut resolver = Resolver { reader, folder, environment, warnings: Vec::new(), is_example: false };
    let argus = argus.map(|argus| resolver.argus(argus));
    let zino = zino.map(|zino| resolver.zino(zino));
    let sync = sync.map(|sync| resolver.sync(sync));
    let metrics = metrics.map(|metrics| resolver.metrics(metrics));
    resolver.tags(incident.as_ref());
    resolver.metadata();
    resolver.refuse_example();
    resolver.refuse_shared_file(argus.as_ref(), zino.as_ref());
    let differences = python::differences(&resolver.reader);
    let (problems, warnings) = (resolver.reader.into_problems(), resolver.warnings);
    let (Some(argus), Some(zino), Some(sync), Some(filter), Some(incident), Some(metadata), Some(metrics)) =
        (argus, zino, sync, filter, incident, metadata, metrics)
    else {
        return Err(problems);
    };
    let config = Config { argus, zino, sync, filter, incident, metadata, metrics, failover };
    if problems.is_empty() { Ok(Loaded { config, warnings, differences }) } else { Err(problems) }
}

/// Resolves the section `[metrics]` alone, whatever stands in the others.
pub fn resolve_metrics(text: &str, folder: &Path) -> Result<MetricsConfig, Vec<Problem>> {
    let mut reader = parse(text)?;
    let metrics = reader.section("metrics");
    let environment = &Environment::default();
    let mut resolver = Resolver { reader, folder, environment, warnings: Vec::new(), is_example: false };
    let metrics = metrics.map(|metrics| resolver.metrics(metrics));
    let problems = resolver.reader.into_problems();
    metrics.filter(|_| problems.is_empty()).ok_or(problems)
}

fn parse(text: &str) -> Result<Reader<'_>, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(text, root.into_inner());
    if errors.is_empty() {
        return Ok(reader);
    }
    // The rest is not checked: after a typing error in the line of a secret, the parser may have
    // taken the secret for a key.
    syntax::report(text, errors, &mut reader);
    Err(reader.into_problems())
}

struct Resolver<'a> {
    reader: Reader<'a>,
    folder: &'a Path,
    environment: &'a Environment,
    warnings: Vec<String>,
    /// A secret is still the example's.
    is_example: bool,
}

impl Resolver<'_> {
    fn argus(&mut self, mut argus: ArgusConfig) -> ArgusConfig {
        if argus.url.is_readable_on_the_way() {
            self.warn("argus.url: with http:// the token goes over the network for everybody to read; use https://");
        }
        let variable = (environment::TOKEN, &self.environment.token);
        self.secret("argus.token", variable, &mut argus.token, &mut argus.token_file, check_token);
        if argus.renew_token.0 && argus.token_file.is_none() {
            self.reader.add("argus.renew_token", "needs argus.token_file, where the new token can be kept");
        }
        if let Some(file) = &mut argus.ca_file {
            self.ca_file(file);
        }
        argus
    }

    fn zino(&mut self, mut zino: ZinoConfig) -> ZinoConfig {
        let variable = (environment::SECRET, &self.environment.secret);
        self.secret("zino.secret", variable, &mut zino.secret, &mut zino.secret_file, check_secret);
        if zino.port == zino.notify_port {
            let (key, other) = ("zino.port", "zino.notify_port");
            let (key, other) = if self.reader.has(other) { (other, key) } else { (key, other) };
            self.reader.add(key, format!("is the same as {other}; Zino has two ports"));
        }
        zino
    }

    fn sync(&mut self, mut sync: SyncConfig) -> SyncConfig {
        for (number, rule) in (1..).zip(&sync.severity.rules) {
            if let Some(fault) = rule.fault() {
                self.reader.add("sync.severity.rules", format!("the rule number {number} {fault}"));
            }
        }
        let mut seen = BTreeSet::new();
        let warnings = &mut self.warnings;
        sync.severity.thresholds.retain(|threshold| {
            let lowest = threshold.min_priority.0;
            let is_first = seen.insert(lowest);
            if !is_first {
                // The Python program lets the first one win, too.
                let text = "only the first one counts";
                warnings.push(format!("sync.severity.thresholds has min_priority {lowest} twice; {text}"));
            }
            is_first
        });
        sync
    }

    fn metrics(&mut self, mut metrics: MetricsConfig) -> MetricsConfig {
        if let Some(file) = &mut metrics.file {
            let _ = self.locate("metrics.file", file);
            if file.0.file_name().is_none() || file.0.is_dir() {
                self.reader.add("metrics.file", "must be the name of a file, not of a directory");
            }
        }
        if metrics.listen.as_ref().is_some_and(|listen| !listen.0.ip().is_loopback()) {
            self.warn("metrics.listen: everybody who reaches this address can read the names of routers in errors");
        }
        metrics
    }

    /// Fills in a secret that stands in a file of its own or in the environment, and checks it.
    fn secret(
        &mut self,
        key: &str,
        (name_of_variable, variable): (&str, &Variable),
        secret: &mut Secret,
        file: &mut Option<FileName>,
        check: impl Fn(&str) -> Result<(), String>,
    ) {
        let file_key = format!("{key}_file");
        let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        match (variable, is_given(secret), &file) {
            (Variable::Absent, ..) => {}
            (_, true, _) => {
                return self.reader.add(
                    key,
                    format!("is given here and in the environment ({name_of_variable}): give one of the two"),
                );
            }
            (_, _, Some(_)) => {
                return self
                    .reader
                    .add(&file_key, format!("excludes {name_of_variable} in the environment: give one of the two"));
            }
            (Variable::Illegible, ..) => {
                return self.reader.add_at(None, name_of_variable, "in the environment is no text in UTF-8".to_owned());
            }
            (Variable::Given(given), ..) => {
                if let Err(text) = check(given.reveal()) {
                    return self.reader.add_at(None, name_of_variable, format!("in the environment {text}"));
                }
                *secret = given.clone();
                return;
            }
        }
        let used_key = match (is_given(secret), file) {
            (true, None) => key,
            (false, Some(file)) => match self.read_secret(&file_key, file) {
                Some(content) => {
                    *secret = content;
                    &file_key
                }
                None => return,
            },
            (true, Some(_)) => {
                return self.reader.add(&file_key, format!("excludes {}: give one of the two", name(key)));
            }
            (false, None) => {
                return self.reader.add(
                    key,
                    format!("is missing (or {} instead, or {name_of_variable} in the environment)", name(&file_key)),
                );
            }
        };
        let is_example = EXAMPLE_SECRETS.contains(&secret.reveal());
        self.is_example |= is_example;
        let fault = if is_example { Err(IS_EXAMPLE.to_owned()) } else { check(secret.reveal()) };
        if let Err(text) = fault {
            self.reader.add(used_key, text);
        }
    }

    fn read_secret(&mut self, key: &str, file: &mut FileName) -> Option<Secret> {
        self.locate(key, file)?;
        match file::read_secret(&file.0) {
            Ok((secret, exposed)) => {
                self.warnings.extend(exposed.warnings(&file.0, true));
                Some(secret)
            }
            Err(fault) => {
                self.reader.add_fault(key, fault);
                None
            }
        }
    }

    /// Completes the path of a file. `None`: the path is wrong, which is reported.
    fn locate(&mut self, key: &str, file: &mut FileName) -> Option<()> {
        match files::locate(&file.0, self.folder, std::env::var_os(files::CREDENTIALS).as_deref()) {
            Ok(path) => {
                file.0 = path;
                Some(())
            }
            Err(text) => {
                self.reader.add(key, text);
                None
            }
        }
    }

    fn ca_file(&mut self, file: &mut FileName) {
        if self.locate("argus.ca_file", file).is_none() {
            return;
        }
        let name = file.0.display();
        match ca::read(&file.0) {
            Ok(found) => {
                for line in found.unreadable {
                    self.warn(&format!(
                        "argus.ca_file: {name}: the certificate at line {line} cannot be read and is left out"
                    ));
                }
            }
            Err(why) => self.reader.add("argus.ca_file", format!("{name}: {why}")),
        }
    }

    /// Reports a key that two tags have: an incident would have both.
    fn tags(&mut self, incident: Option<&IncidentConfig>) {
        let mut seen = BTreeSet::new();
        let mut keys = incident.into_iter().flat_map(|incident| &incident.tags.0).map(|tag| &tag.key);
        if let Some(key) = keys.find(|key| !seen.insert(*key)) {
            self.reader.add("incident.tags", format!("has the key {key} twice"));
        }
    }

    /// Warns of the section that the Python program reads and never uses.
    fn metadata(&mut self) {
        if self.reader.has("metadata.ports_url") {
            self.warn("metadata.ports_url has no effect");
        }
    }

    /// Reports the servers of the example, if a secret is still the example's, too.
    fn refuse_example(&mut self) {
        for (key, example) in EXAMPLE_SERVERS {
            if self.is_example && self.reader.text(key) == Some(example) {
                self.reader.add(key, IS_EXAMPLE);
            }
        }
    }

    /// Reports one file for both secrets: a renewed token would be written over the secret of Zino.
    fn refuse_shared_file(&mut self, argus: Option<&ArgusConfig>, zino: Option<&ZinoConfig>) {
        let token = argus.and_then(|argus| argus.token_file.as_ref());
        if token.is_some() && token == zino.and_then(|zino| zino.secret_file.as_ref()) {
            self.reader.add("zino.secret_file", "is the same file as argus.token_file");
        }
    }

    fn warn(&mut self, text: &str) {
        self.warnings.push(text.to_owned());
    }
}

/// Whether a text can be a token, which goes into an HTTP header.
fn check_token(token: &str) -> Result<(), String> {
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be one word of plain letters, digits and signs".to_owned());
    }
    check_length(token)
}

/// Whether a text can be a secret of Zino, which is a part of one line of Zino's secrets file.
fn check_secret(secret: &str) -> Result<(), String> {
    if secret.contains(char::is_control) {
        return Err("must be one line of text".to_owned());
    }
    check_length(secret)
}

fn check_length(secret: &str) -> Result<(), String> {
    if secret.len() > LONGEST_SECRET {
        return Err(format!("must be at most {LONGEST_SECRET} letters long"));
    }
    Ok(())
}
