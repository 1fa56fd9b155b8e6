//! The configuration as a whole: defaults, everything that can be wrong, and that no secret ever shows.

use super::*;
use proptest::prelude::*;

const TOKEN: &str = "sEcReTtOkEn0123456789";
const SECRET: &str = "sEcReTzInO0123456789";

const MINIMAL: &str = r#"
[argus]
url = "https://argus.example.org/api/v2/"
token = "sEcReTtOkEn0123456789"
[zino]
server = "zino.example.org"
user = "argus"
secret = "sEcReTzInO0123456789"
"#;

fn loaded(text: &str) -> Loaded {
    parse(text, Path::new("")).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// The problems in the form in which people see them.
fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, Path::new("")).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

fn minimal_and(text: &str) -> String {
    format!("{MINIMAL}{text}")
}

#[test]
fn the_required_keys_are_enough_and_the_rest_has_defaults() {
    let Loaded { config, warnings } = loaded(MINIMAL);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config.argus.url.as_str(), "https://argus.example.org/api/v2");
    assert_eq!(config.argus.token.reveal(), TOKEN);
    assert_eq!(config.argus.timeout, Duration::from_secs(2));
    assert_eq!(config.argus.connections, 4);
    assert_eq!((config.argus.token_file, config.argus.renew_token, config.argus.ca_file), (None, false, None));
    assert_eq!((config.zino.port, config.zino.notify_port), (8001, 8002));
    assert_eq!(config.zino.secret.reveal(), SECRET);
    assert_eq!((config.zino.secret_file, config.zino.default_domain), (None, None));
    let sync = SyncConfig {
        refresh_interval: Duration::from_secs(30),
        full_interval: Duration::from_secs(900),
        orphan_grace: Duration::from_secs(900),
        acknowledge_setstate: None,
        ticket_enable: false,
        default_level: 3,
        bands: Vec::new(),
    };
    assert_eq!(config.sync, sync);
    assert_eq!(config.failover, None);
}

#[test]
fn failover_needs_the_primary_and_has_defaults_for_the_rest() {
    let config = loaded(&minimal_and("[failover]\nprimary_server = '192.0.2.1'")).config;
    let failover = FailoverConfig {
        primary_server: "192.0.2.1".to_owned(),
        primary_snmp_port: 8000,
        snmp_community: Secret::new("public".to_owned()),
        ping_timeout: Duration::from_secs(5),
        ping_interval: Duration::from_secs(5),
        threshold: 10,
    };
    assert_eq!(config.failover, Some(failover));
    assert!(config.rules().secondary);
    assert_eq!(problems(&minimal_and("[failover]")), ["line 9: failover.primary_server: is missing"]);
}

#[test]
fn a_configuration_of_the_python_program_means_the_same() {
    let text = minimal_and(
        r#"default_domain = "example.org"
        [sync.acknowledge]
        setstate = "working"
        [sync.ticket]
        enable = true
        [sync.severity]
        default = 4
        [[sync.severity.thresholds]]
        min_priority = 500
        level = 1
        [[sync.severity.thresholds]]
        min_priority = 100
        level = 2
        [metadata]
        ports_url = "https://example.org/ports"
        "#,
    );
    let Loaded { config, warnings } = loaded(&text);
    assert_eq!(warnings, ["metadata.ports_url has no effect"]);
    let rules = config.rules();
    assert_eq!(rules.server, "zino.example.org");
    assert_eq!(rules.user, "argus");
    assert_eq!(rules.domain, "example.org");
    assert_eq!(rules.acknowledged_state, Some(CaseState::Working));
    assert!(rules.tickets && !rules.secondary);
    assert_eq!([99, 100, 500].map(|priority| rules.level(priority)), [4, 2, 1]);
}

#[test]
fn of_two_bands_with_the_same_bound_the_first_counts() {
    let bands = "{min_priority = 5, level = 1}, {min_priority = 5, level = 2}";
    let text = minimal_and(&format!("[sync.severity]\nthresholds = [{bands}]"));
    let Loaded { config, warnings } = loaded(&text);
    assert_eq!(config.rules().level(5), 1);
    let expected = "sync.severity.thresholds has min_priority 5 twice; only the first one counts";
    assert_eq!(warnings, [expected]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text = "\
[argus]
url = \"argus.example.org\"
tokne = \"sEcReTtOkEn0123456789\"
timeout = 0
[zino]
server = \"zino.example.org\"
port = \"8001\"
timeout = 3
secret = 17
[sync]
refresh_interval = inf
severity = 3
[sync.acknowledge]
setstate = \"closed\"
[sycn]
full_interval = 5
";
    assert_eq!(
        problems(text),
        [
            "line 1: argus.token: is missing (or token_file instead)",
            "line 2: argus.url: must begin with http:// or https://",
            "line 3: argus.tokne: unknown key; did you mean argus.token?",
            "line 4: argus.timeout: must be between 0.1 and 86400 seconds (a day), not 0",
            "line 5: zino.user: is missing",
            "line 7: zino.port: must be a whole number, not text (write it without quotes)",
            "line 8: zino.timeout: unknown key; did you mean argus.timeout, in another section?",
            "line 9: zino.secret: must be text, not a whole number (put it in quotes)",
            "line 11: sync.refresh_interval: must be between 0.1 and 86400 seconds (a day), not inf",
            "line 12: sync.severity: must be a section, not a whole number",
            "line 14: sync.acknowledge.setstate: must be \"none\", \"working\" or \"waiting\"",
            "line 15: sycn: unknown key; did you mean [sync]?",
        ]
    );
}

#[test]
fn an_empty_file_lacks_what_is_required() {
    assert_eq!(
        problems(""),
        [
            "argus.token: is missing (or token_file instead)",
            "argus.url: is missing",
            "zino.secret: is missing (or secret_file instead)",
            "zino.server: is missing",
            "zino.user: is missing",
        ]
    );
}

#[test]
fn thresholds_are_checked_one_by_one() {
    let text = "[sync.severity]\nthresholds = [{min_priority = -1, level = 6},\n 7,\n {levle = 1}]";
    assert_eq!(
        problems(&minimal_and(text)),
        [
            "line 10: sync.severity.thresholds.level: must be between 1 and 5, not 6",
            "line 10: sync.severity.thresholds.min_priority: must be between 0 and 1000000, not -1",
            "line 11: sync.severity.thresholds: must hold sections, not a whole number",
            "line 12: sync.severity.thresholds.level: is missing",
            "line 12: sync.severity.thresholds.levle: unknown key; did you mean sync.severity.thresholds.level?",
            "line 12: sync.severity.thresholds.min_priority: is missing",
        ]
    );
    assert_eq!(
        problems(&minimal_and("[sync.severity.thresholds]\nlevel = 1")),
        ["line 9: sync.severity.thresholds: must be a list of sections, not a section"]
    );
}

#[test]
fn a_syntax_error_on_the_line_of_a_secret_does_not_show_it() {
    for broken in [
        "token = sEcReTtOkEn0123456789",
        "token = \"sEcReTtOkEn0123456789",
        "token = \"\"\nsEcReTtOkEn0123456789",
        "token = \"x\" sEcReTtOkEn0123456789",
        "token sEcReTtOkEn0123456789",
        "token = \"x\"\ntoken = \"sEcReTtOkEn0123456789\"",
        "sEcReTtOkEn0123456789 = ",
        "token = \"\\sEcReTtOkEn0123456789\"",
        "token = 2026-13-40T99:00:00sEcReTtOkEn0123456789",
    ] {
        let shown = problems(&format!("[argus]\n{broken}\n")).join("\n");
        assert!(shown.contains("line ") && shown.contains("not TOML: "), "{shown}");
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    let shown = problems("[argus]\ntoken = unquoted\n");
    assert!(shown[0].starts_with("line 2: argus.token: not TOML: "), "{shown:?}");
}

#[test]
fn one_slip_of_the_pen_is_one_error_and_many_are_counted() {
    let slips = "[argus]\ntoken = \"x\nurl = x y\nport = = 3\n";
    let lines: Vec<String> = problems(slips).iter().map(|problem| problem.chars().take(6).collect()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4"]);
    let folder = Folder::new("slips");
    let file = folder.write("z.toml", "<br>\n".repeat(1000).as_bytes(), 0o600);
    let error = load(&file).unwrap_err();
    assert_eq!(error.lines().count(), 21);
    assert!(error.lines().last().unwrap().ends_with("z.toml: 980 more things are wrong"));
}

#[test]
fn debug_output_shows_no_secret() {
    let text = minimal_and("[failover]\nprimary_server = 'x'\nsnmp_community = 'c0mmunity'");
    let shown = format!("{:?}", loaded(&text));
    assert!(![TOKEN, SECRET, "c0mmunity"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[test]
fn a_community_that_snmp_cannot_carry_is_an_error_that_does_not_show_it() {
    let with =
        |community: &str| minimal_and(&format!("[failover]\nprimary_server = 'x'\nsnmp_community = '{community}'"));
    let latin_1 = loaded(&with("h\u{fc}sh \u{ff}")).config.failover.unwrap();
    assert_eq!(latin_1.snmp_community.reveal(), "h\u{fc}sh \u{ff}");
    for community in ["h\u{100}sh", "\u{20ac}uro", "\u{1f40d}"] {
        let all = problems(&with(community));
        let expected = "failover.snmp_community: must have no other characters than those of Latin-1: SNMP sends one byte for each";
        assert_eq!(all.len(), 1);
        assert!(all[0].ends_with(expected) && !all[0].contains(community), "{all:?}");
    }
}

#[test]
fn a_token_to_renew_needs_a_file() {
    let text = MINIMAL.replace("[zino]", "renew_token = true\n[zino]");
    assert_eq!(problems(&text), ["line 5: argus.renew_token: needs argus.token_file, where the new token can be kept"]);
}

/// If a key were in the list and nobody read it, a value of an impossible kind would go unnoticed.
#[test]
fn every_key_of_the_list_is_read_and_checked() {
    for key in KEYS {
        let (section, name) = key.rsplit_once('.').unwrap();
        let text = if section == keys::THRESHOLDS {
            format!("[[{section}]]\n{name} = 1979-05-27")
        } else {
            format!("[{section}]\n{name} = 1979-05-27")
        };
        let all = problems(&text);
        let expected = format!("line 2: {key}: must be ");
        assert!(all.iter().any(|problem| problem.starts_with(&expected)), "{key}: {all:?}");
    }
}

/// A folder of its own for a test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zinoargus-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const WITH_FILES: &str = r#"
[argus]
url = "https://argus.example.org/api/v2"
token_file = "token"
renew_token = true
ca_file = "ca.pem"
[zino]
server = "zino.example.org"
user = "argus"
secret_file = "secret"
"#;

#[test]
fn secrets_can_stand_in_files_beside_the_configuration() {
    let folder = Folder::new("files");
    folder.write("token", b"sEcReTtOkEn0123456789\n", 0o600);
    folder.write("secret", b"a secret with blanks\r\n", 0o600);
    folder.write("ca.pem", ca_tests::certificate().as_bytes(), 0o644);
    let file = folder.write("z.toml", WITH_FILES.as_bytes(), 0o644);
    let Loaded { config, warnings } = load(&file).unwrap();
    assert_eq!(config.argus.token.reveal(), TOKEN);
    assert_eq!(config.argus.token_file, Some(folder.0.join("token")));
    assert_eq!(config.argus.ca_file, Some(folder.0.join("ca.pem")));
    assert!(config.argus.renew_token);
    assert_eq!(config.zino.secret.reveal(), "a secret with blanks");
    assert_eq!(config.zino.secret_file, Some(folder.0.join("secret")));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(crate::file::read_secret_file(&folder.0.join("token")).unwrap().reveal(), TOKEN);
}

#[test]
fn files_with_secrets_that_everybody_can_read_get_a_warning() {
    let folder = Folder::new("modes");
    let token = folder.write("token", b"x\n", 0o644);
    folder.write("secret", b"x\n", 0o640);
    folder.write("ca.pem", ca_tests::certificate().as_bytes(), 0o644);
    let file = folder.write("z.toml", WITH_FILES.replace("renew_token = true", "").as_bytes(), 0o644);
    let warnings = load(&file).unwrap().warnings;
    assert!(
        matches!(&warnings[..], [one] if one.contains("can read") && one.contains(token.to_str().unwrap())),
        "{warnings:?}"
    );
    let community = format!(
        "{}[failover]\nprimary_server = \"p\"\nsnmp_community = \"x\"\n",
        WITH_FILES.replace("renew_token = true", "")
    );
    let file = folder.write("community.toml", community.as_bytes(), 0o644);
    assert_eq!(load(&file).unwrap().warnings.len(), 2, "the community is a secret too");
    for (mode, expected) in [(0o644, 1), (0o666, 2), (0o622, 1), (0o640, 0), (0o600, 0)] {
        let file = folder.write("inline.toml", MINIMAL.as_bytes(), mode);
        assert_eq!(load(&file).unwrap().warnings.len(), expected, "{mode:o}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = Folder::new("faults");
    folder.write("token", b"", 0o600);
    folder.write("secret", &[b'x'; 20_000], 0o600);
    let file = folder.write("z.toml", WITH_FILES.as_bytes(), 0o600);
    let shown = load(&file).unwrap_err().to_string();
    for expected in [
        "z.toml, line 4: argus.token_file: ",
        "token: is empty",
        "z.toml, line 6: argus.ca_file: ",
        "ca.pem: cannot be read: No such file",
        "secret: is longer than 16384 bytes",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    assert_eq!(shown.lines().count(), 3);
}

#[test]
fn a_key_and_its_file_exclude_each_other() {
    let text = MINIMAL.replace("[zino]", "token_file = '/nowhere'\n[zino]");
    assert_eq!(problems(&text), ["line 5: argus.token_file: excludes token: give one of the two"]);
}

#[test]
fn a_file_that_is_not_text_is_named_with_the_line() {
    let folder = Folder::new("bytes");
    let file = folder.write("z.toml", b"[argus]\nurl = \"\xff\"\n", 0o600);
    assert!(load(&file).unwrap_err().to_string().ends_with("z.toml, line 2: is not valid UTF-8"));
    let shown = load(&folder.0.join("absent.toml")).unwrap_err().to_string();
    assert!(shown.contains("absent.toml: cannot be read: No such file"), "{shown}");
    assert!(shown.contains("zinoargus.toml.example"), "{shown}");
}

/// Lines of the kind that a configuration is made of, whole and torn.
fn a_line() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(KEYS.to_vec()).prop_map(|key| {
        let (section, name) = key.rsplit_once('.').unwrap();
        format!("[{section}]\n{name}")
    });
    let value = "( = )?('|\"|\"\"\"|'''|\\[|\\{|#|\\\\)?(-?[0-9.e]{1,5}|true|[a-z:/.]{0,8})('|\"|\"\"\"|\\]|\\}|,)?";
    prop_oneof![(known, value).prop_map(|(key, value)| key + &value), "[\\[\\]a-z.=\"'{}# \\\\]{0,16}", any::<String>(),]
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_an_error(text in any::<String>()) {
        let _ = parse(&text, Path::new(""));
    }

    /// Whatever stands around them, and however torn they are: the token and the secret never show.
    #[test]
    fn no_text_makes_a_secret_show(
        before in proptest::collection::vec(a_line(), 0..3),
        torn in 0_usize..9,
        after in proptest::collection::vec(a_line(), 0..3),
    ) {
        let secrets = [
            format!("[argus]\ntoken = \"{TOKEN}\""),
            format!("[argus]\ntoken = {TOKEN}"),
            format!("[argus]\ntoken = \"{TOKEN}"),
            format!("[argus]\ntoken = \"{TOKEN}\" \"{SECRET}\""),
            format!("[argus]\ntoken = [\"{TOKEN}\"]"),
            format!("[argus]\ntoken = '''\n{TOKEN}'''\nurl = \"http://{TOKEN}:x@x\""),
            format!("[zino]\nsecret = \"{SECRET}\"\nuser = \"{SECRET} \""),
            format!("[zino]\nsecret = {SECRET} = \"\""),
            MINIMAL.to_owned(),
        ];
        let text = format!("{}\n{}\n{}", before.join("\n"), secrets[torn], after.join("\n"));
        let shown = format!("{:?}", parse(&text, Path::new("")));
        prop_assert!(!shown.contains(TOKEN) && !shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn a_secondary_names_its_zino_apart_from_the_primarys_even_if_both_are_localhost() {
    let text = "[argus]\nurl = \"https://a.example/api/v2/\"\ntoken = \"t\"\n[zino]\nserver = \"localhost\"\nuser = \"u\"\nsecret = \"s\"\n";
    let name = |text: &str| parse(text, Path::new("")).unwrap().config.rules().server;
    assert_eq!(name(text), "localhost");
    assert_eq!(name(&format!("{text}[failover]\nprimary_server = \"p\"\n")), "localhost (secondary)");
}
