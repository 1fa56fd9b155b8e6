//! The files that a configuration is in and names: where they are, who may read them, and what is
//! wrong with them.

use super::testing::{Folder, MINIMAL, TOKEN, problems};
use super::*;
use crate::file::read_secret_file;

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
    let Loaded { config, warnings, .. } = load(&file, &Environment::default()).unwrap();
    assert_eq!(config.argus.token.reveal(), TOKEN);
    assert_eq!(config.argus.token_file, Some(FileName(folder.0.join("token"))));
    assert_eq!(config.argus.ca_file, Some(FileName(folder.0.join("ca.pem"))));
    assert!(config.argus.renew_token.0);
    assert_eq!(config.zino.secret.reveal(), "a secret with blanks");
    assert_eq!(config.zino.secret_file, Some(FileName(folder.0.join("secret"))));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(read_secret_file(&folder.0.join("token")).unwrap().reveal(), TOKEN);
}

#[test]
fn files_with_secrets_that_everybody_can_read_get_a_warning() {
    let folder = Folder::new("modes");
    let token = folder.write("token", b"x\n", 0o644);
    folder.write("secret", b"x\n", 0o640);
    folder.write("ca.pem", ca_tests::certificate().as_bytes(), 0o644);
    let file = folder.write("z.toml", WITH_FILES.replace("renew_token = true", "").as_bytes(), 0o644);
    let warnings = load(&file, &Environment::default()).unwrap().warnings;
    assert!(
        matches!(&warnings[..], [one] if one.contains("can read") && one.contains(token.to_str().unwrap())),
        "{warnings:?}"
    );
    let community = format!(
        "{}[failover]\nprimary_server = \"p\"\nsnmp_community = \"x\"\n",
        WITH_FILES.replace("renew_token = true", "")
    );
    let file = folder.write("community.toml", community.as_bytes(), 0o644);
    assert_eq!(load(&file, &Environment::default()).unwrap().warnings.len(), 2, "the community is a secret too");
    for (mode, expected) in [(0o644, 1), (0o666, 2), (0o622, 1), (0o640, 0), (0o600, 0)] {
        let file = folder.write("inline.toml", MINIMAL.as_bytes(), mode);
        assert_eq!(load(&file, &Environment::default()).unwrap().warnings.len(), expected, "{mode:o}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = Folder::new("faults");
    folder.write("token", b"", 0o600);
    folder.write("secret", &[b'x'; 20_000], 0o600);
    let file = folder.write("z.toml", WITH_FILES.as_bytes(), 0o600);
    let shown = load(&file, &Environment::default()).unwrap_err().to_string();
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
    assert!(
        load(&file, &Environment::default()).unwrap_err().to_string().ends_with("z.toml, line 2: is not valid UTF-8")
    );
    let shown = load(&folder.0.join("absent.toml"), &Environment::default()).unwrap_err().to_string();
    assert!(shown.contains("absent.toml: cannot be read: No such file"), "{shown}");
    assert!(shown.contains("zinoargus.toml.example"), "{shown}");
}
