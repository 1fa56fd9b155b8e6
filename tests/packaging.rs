//! What the package says about the program: the man pages, the units and the documents name the same
//! options, keys, exit codes and paths as the program itself.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used)]

#[path = "support/example.rs"]
mod example;

use example::entries;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use zinoargus::config::keys;

const PROGRAM_PAGE: &str = include_str!("../packaging/man/zinoargus.1");
const CONFIG_PAGE: &str = include_str!("../packaging/man/zinoargus.toml.5");
const EXIT_CODES: &str = include_str!("../packaging/doc/troubleshooting.md");
const TOKEN: &str = include_str!("../packaging/doc/token.md");
const UNIT: &str = include_str!("../packaging/systemd/zinoargus.service");
const TEMPLATE: &str = include_str!("../packaging/systemd/zinoargus@.service");
const BUILD: &str = include_str!("../packaging/deb");
const BASH: &str = include_str!("../packaging/completion/zinoargus.bash");
const ZSH: &str = include_str!("../packaging/completion/_zinoargus");
const FISH: &str = include_str!("../packaging/completion/zinoargus.fish");

/// The page as it is read: without fonts, and with plain hyphens.
fn plain(page: &str) -> String {
    ["\\fB", "\\fR", "\\fI"].iter().fold(page.replace("\\-", "-"), |text, font| text.replace(font, ""))
}

/// The lines of a page's section.
fn section<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != format!(".SH {name}")).skip(1);
    lines.take_while(|line| !line.starts_with(".SH ")).collect()
}

/// The line after each `.TP`: what the paragraph is about.
fn subjects<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let pairs = lines.iter().zip(lines.iter().skip(1));
    pairs.filter(|(before, _)| **before == ".TP").map(|(_, line)| line.trim_start_matches(".B ")).collect()
}

/// `-c`, `--config-file` and the like in a text.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with('-') && word.len() > 1).map(str::to_owned).collect()
}

/// The options that `--help` lists.
fn options_of_the_help() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_zinoargus")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let listed = help.split("Options:").nth(1).unwrap().lines().filter(|line| line.trim_start().starts_with('-'));
    // The explanation stands behind two blanks.
    listed.map(|line| line.trim_start().split("  ").next().unwrap()).flat_map(options).collect()
}

#[test]
fn the_man_page_explains_exactly_the_options_of_the_help() {
    let expected = options_of_the_help();
    let page = plain(PROGRAM_PAGE);
    let explained = subjects(&section(&page, "OPTIONS")).into_iter().flat_map(options).collect::<BTreeSet<_>>();
    assert_eq!(explained, expected);
    assert!(expected.len() >= 11, "{expected:?}");
    let synopsis = section(&page, "SYNOPSIS").join(" ");
    for long in ["--once", "--timeout", "--check"] {
        assert!(synopsis.contains(long), "{long}");
    }
}

#[test]
fn each_shell_completes_exactly_the_options_of_the_help() {
    let expected = options_of_the_help();
    let bash = BASH.split("compgen -W").nth(1).unwrap().split("-- ").next().unwrap();
    assert_eq!(options(bash), expected, "bash");
    // A specification ends where its explanation begins.
    let zsh =
        ZSH.lines().filter(|line| line.starts_with("    ")).flat_map(|line| options(line.split('[').next().unwrap()));
    assert_eq!(zsh.collect::<BTreeSet<_>>(), expected, "zsh");
    let words: Vec<&str> = FISH.lines().filter(|line| line.contains(" -d ")).flat_map(str::split_whitespace).collect();
    let fish = words.windows(2).filter_map(|pair| match pair {
        ["-s", short] => Some(format!("-{short}")),
        ["-l", long] => Some(format!("--{long}")),
        _ => None,
    });
    assert_eq!(fish.collect::<BTreeSet<_>>(), expected, "fish");
}

#[test]
fn bash_completes_an_option_and_the_name_of_the_configuration_file() {
    let completed = |words: &str, at: usize| {
        let script = format!(
            "cd packaging && source completion/zinoargus.bash && COMP_WORDS=({words}) COMP_CWORD={at} && _zinoargus && \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(completed("zinoargus --onc", 1), "--once\n");
    assert_eq!(completed("zinoargus --check --conf", 2), "--config-file\n");
    assert_eq!(completed("zinoargus -c completion/zinoargus.f", 2), "completion/zinoargus.fish\n");
}

#[test]
fn the_man_page_has_the_exit_codes_of_the_document() {
    let rows = EXIT_CODES.split("## Exit codes").nth(1).unwrap().lines().filter_map(|line| line.strip_prefix("| "));
    let expected: Vec<&str> =
        rows.filter_map(|row| row.split(" |").next()).filter(|code| code.parse::<u8>().is_ok()).collect();
    let page = plain(PROGRAM_PAGE);
    assert_eq!(subjects(&section(&page, "EXIT STATUS")), expected);
    assert!(expected.contains(&"78"), "{expected:?}");
}

/// The keys of the configuration's man page, each with its default if it tells one.
fn explained() -> BTreeMap<String, Option<String>> {
    let page = plain(CONFIG_PAGE);
    let (mut section_name, mut key, mut found) = (String::new(), String::new(), BTreeMap::new());
    let mut before = "";
    for line in section(&page, "SECTIONS AND KEYS") {
        if let Some(name) = line.strip_prefix(".SS ") {
            section_name = name.trim_matches(['[', ']']).to_owned();
        } else if before == ".TP" {
            key = format!("{section_name}.{}", line.trim_start_matches(".B "));
            assert!(found.insert(key.clone(), None).is_none(), "{key} twice");
        } else if let Some(default) = line.strip_prefix("Default: ") {
            found.insert(key.clone(), Some(default.strip_suffix('.').unwrap().to_owned()));
        }
        before = line;
    }
    found
}

/// The defaults of the example: values that are commented out, unless the text above them says "No default".
fn defaults() -> BTreeMap<String, String> {
    let found = entries().into_iter().filter(|entry| entry.has_default && !entry.is_active);
    found.map(|entry| (entry.path(), entry.value)).collect()
}

#[test]
fn the_man_page_explains_every_key_of_the_configuration() {
    let explained: BTreeSet<String> = explained().into_keys().collect();
    assert_eq!(explained, keys().map(str::to_owned).collect());
}

#[test]
fn the_man_page_has_the_defaults_of_the_example() {
    let told = explained().into_iter().filter_map(|(key, default)| Some((key, default?))).collect::<BTreeMap<_, _>>();
    assert_eq!(told, defaults());
}

/// The values that a unit gives to a key.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn both_units_differ_only_in_the_name_of_the_instance() {
    let settings = |unit: &str| -> Vec<String> {
        let lines = unit.lines().filter(|line| !line.is_empty() && (!line.starts_with('#') || line.contains("LoadC")));
        lines.map(str::to_owned).collect()
    };
    let one = settings(TEMPLATE).into_iter().map(|line| match line.as_str() {
        "ExecStart=/usr/bin/zinoargus -c /etc/zinoargus/%i.toml" => line.replace("%i", "zinoargus"),
        "StateDirectory=zinoargus/%i" => line.replace("/%i", ""),
        text if text.starts_with("Description=") => text.replace(" (%i)", ""),
        _ => line,
    });
    assert_eq!(one.collect::<Vec<_>>(), settings(UNIT));
    assert!(settings(UNIT).len() > 40);
}

#[test]
fn the_unit_starts_what_the_package_installs() {
    assert_eq!(values(UNIT, "ExecStart"), ["/usr/bin/zinoargus -c /etc/zinoargus/zinoargus.toml"]);
    for path in ["usr/bin/zinoargus", "etc/zinoargus/zinoargus.toml", "usr/lib/systemd/system/zinoargus@.service"] {
        assert!(BUILD.lines().any(|line| line.starts_with("place ") && line.ends_with(path)), "{path}");
    }
    assert_eq!(values(UNIT, "User"), ["zinoargus"]);
    let account = include_str!("../packaging/systemd/zinoargus.sysusers");
    assert!(account.lines().any(|line| line.starts_with("u zinoargus ")), "{account}");
}

/// What waiting cannot mend must not be tried for ever, and everything else must.
#[test]
fn the_unit_knows_the_exit_codes_that_waiting_does_not_mend() {
    use zinoargus::exit::ExitCode;
    let final_codes = [ExitCode::Usage, ExitCode::Refused, ExitCode::Config].map(|code| code.code().to_string());
    assert_eq!(values(UNIT, "RestartPreventExitStatus"), [final_codes.join(" ")]);
    assert_eq!(values(UNIT, "Restart"), ["on-failure"]);
    assert_eq!(values(UNIT, "StartLimitIntervalSec"), ["0"]);
}

#[test]
fn the_unit_waits_longer_for_the_start_than_the_program_takes() {
    let patience: u64 = values(UNIT, "TimeoutStartSec").concat().parse().unwrap();
    assert!(patience >= 2 * zinoargus::threads::vitals::LONGEST_START.as_secs(), "{patience}");
}

/// The credentials that the units offer in comments are those that the document and the man page use.
#[test]
fn the_credentials_have_one_name_everywhere() {
    for name in ["argus-token", "zino-secret"] {
        let line = format!("LoadCredential={name}:/etc/zinoargus/{name}");
        assert!(UNIT.contains(&format!("#{line}\n")), "{name}");
        assert!(TOKEN.contains(&format!("\n{line}\n")), "{name}");
        assert!(
            TOKEN.contains(&format!("\"%d/{name}\"")) && plain(CONFIG_PAGE).contains(&format!("\"%d/{name}\"")),
            "{name}"
        );
    }
}

/// The names of the documents for operators.
fn documents() -> Vec<String> {
    files("packaging/doc").into_iter().filter(|name| name.ends_with(".md")).collect()
}

/// The names of the files in a folder of the checkout.
fn files(folder: &str) -> BTreeSet<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let names = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

/// `tests/packages` looks for each of them in the installed package, and the README and the man page
/// lead to each.
#[test]
fn every_document_for_operators_is_installed_and_can_be_found() {
    let readme = include_str!("../README.md");
    let check = include_str!("packages/checks/service.py");
    assert!(BUILD.contains("for document in packaging/doc/*.md; do"), "packaging/deb");
    let page = plain(PROGRAM_PAGE);
    let documents = documents();
    assert!(documents.len() >= 5, "{documents:?}");
    for name in documents {
        assert!(readme.contains(&format!("](packaging/doc/{name})")), "README.md has no link to {name}");
        assert!(page.contains(&format!("{name}.gz")), "zinoargus(1) does not name {name}");
        assert!(check.contains(&format!("\"{name}.gz\"")), "tests/packages does not look for {name}");
    }
}

/// The names of metrics in a text, without what Prometheus adds to those of a histogram.
fn metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let names = words.filter(|word| word.starts_with("zinoargus_"));
    names.map(|name| name.trim_end_matches("_bucket").to_owned()).collect()
}

#[test]
fn the_alerts_and_the_dashboard_use_only_metrics_that_the_guide_explains_and_the_dashboard_uses_all() {
    let guide = metrics(include_str!("../packaging/doc/monitoring.md"));
    assert!(guide.len() >= 20, "{guide:?}");
    let dashboard = metrics(include_str!("../packaging/grafana/zinoargus.json"));
    assert_eq!(dashboard, guide);
    let alerts = metrics(include_str!("../packaging/prometheus/zinoargus.rules.yml"));
    assert_eq!(alerts.difference(&guide).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Links between the documents lead to files and headings that exist.
#[test]
fn the_links_of_the_documents_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<_> = documents().iter().map(|name| root.join("packaging/doc").join(name)).collect();
    documents.extend(["README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"].map(|name| root.join(name)));
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            assert!(target.exists(), "{}: {link}", document.display());
            let anchor = |line: &str| {
                let kept = line.to_lowercase().replace(|c: char| !(c.is_alphanumeric() || c == ' ' || c == '-'), "");
                kept.trim().replace(' ', "-")
            };
            let mut headings = std::fs::read_to_string(&target).unwrap_or_default();
            headings.retain(|c| c != '`');
            let found = headings.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading);
            assert!(heading.is_empty() || found, "{}: {link}", document.display());
        }
    }
}

/// A job for each step that `.ci/run` knows, and none beside them.
#[test]
fn the_workflow_runs_each_step_of_the_checks() {
    let list = |text: &str, before: &str, between: &str, after: char| -> Vec<String> {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(before)).unwrap();
        line.trim_end_matches(after).split(between).map(str::to_owned).collect()
    };
    let run = include_str!("../.ci/run");
    let workflow = include_str!("../.github/workflows/ci.yml");
    let steps = list(run, "steps=(", " ", ')');
    assert_eq!(list(workflow, "step: [", ", ", ']'), steps);
    assert!(workflow.contains("run: .ci/run ${{ matrix.step }}\n"), "{workflow}");
    let usage = list(run, "printf 'usage: .ci/run [", "|", '\0');
    assert_eq!(usage.last().and_then(|last| last.split(']').next()), steps.last().map(String::as_str));
    for step in &steps {
        assert!(run.contains(&format!("\n{step}() {{")), "{step}");
        assert!(run.contains(&format!("\n#     {step} ")), "{step} is not explained");
    }
}
