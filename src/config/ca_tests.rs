//! `argus.ca_file`, and every other file that is not what it should be: named at the start, with
//! the line, and never waited for.

use super::testing::Folder;
use super::*;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

impl Folder {
    /// A named pipe.
    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// What comes of a configuration with this line in its first section.
    fn load(&self, line: &str) -> Result<Loaded, String> {
        let text = format!(
            "[argus]\n{line}\nurl = \"https://argus.example.org/api/v2/\"\ntoken = \"x\"\n[zino]\nserver = \"z\"\n\
             user = \"u\"\nsecret = \"s\"\n"
        );
        let text = if line.starts_with("token_file") { text.replace("token = \"x\"\n", "") } else { text };
        parse(&text, &self.0).map_err(|problems| problems.iter().map(|one| format!("{one}\n")).collect())
    }
}

/// One that signed itself, in PEM.
pub fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::new(vec!["argus.example.org".to_owned()]).unwrap().self_signed(&key).unwrap().pem()
}

/// A block with the right frame whose content is none of what it says.
const GARBLED: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const NO_BASE64: &str = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";

#[test]
fn a_ca_file_that_holds_no_certificate_is_a_configuration_error_with_its_line() {
    let folder = Folder::new("ca-none");
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let cut = certificate().lines().take(4).collect::<Vec<_>>().join("\n");
    for (name, content, expected) in [
        ("empty.pem", b"".as_slice(), "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"),
        ("text.pem", b"hello\n", "holds no certificate in PEM form"),
        ("key.pem", key.as_bytes(), "holds no certificate in PEM form"),
        ("ca.der", b"\x30\x82\x01\x0a\x02\x82", "openssl x509 -inform der"),
        ("cut.pem", cut.as_bytes(), "none of the certificates in it can be read"),
        ("garbled.pem", GARBLED.as_bytes(), "none of the certificates in it can be read"),
        ("noise.pem", NO_BASE64.as_bytes(), "none of the certificates in it can be read"),
    ] {
        folder.write(name, content, 0o644);
        let why = folder.load(&format!("ca_file = \"{name}\"")).unwrap_err();
        assert!(why.starts_with("line 2: argus.ca_file: ") && why.contains(expected) && why.contains(name), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }
}

#[test]
fn a_certificate_among_others_that_cannot_be_read_is_a_warning_with_its_line() {
    let folder = Folder::new("ca-some");
    let good = certificate();
    folder.write("ca.pem", format!("# ours\n{good}{GARBLED}{NO_BASE64}{good}").as_bytes(), 0o644);
    let warnings = folder.load("ca_file = \"ca.pem\"").unwrap().warnings;
    let lines = good.lines().count();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, line) in warnings.iter().zip([2 + lines, 5 + lines]) {
        assert!(warning.contains("argus.ca_file: ") && warning.contains("ca.pem"), "{warning}");
        assert!(
            warning.contains(&format!("the certificate at line {line} cannot be read and is left out")),
            "{warning}"
        );
    }
    folder.write("good.pem", good.as_bytes(), 0o644);
    assert!(folder.load("ca_file = \"good.pem\"").unwrap().warnings.is_empty());
}

#[test]
fn a_pipe_that_nobody_writes_to_in_place_of_any_file_is_an_error_and_not_waited_for() {
    let folder = Folder::new("ca-pipes");
    for name in ["token", "ca.pem"] {
        folder.pipe(name);
    }
    for line in ["token_file = \"token\"", "ca_file = \"ca.pem\""] {
        let why = folder.load(line).unwrap_err();
        assert!(why.contains("is a pipe that nobody writes to"), "{why}");
    }
    let why = load(&folder.pipe("zinoargus.toml"), &Environment::default()).unwrap_err().to_string();
    assert!(why.contains("is a pipe that nobody writes to"), "{why}");
}

#[test]
fn a_pipe_whose_writer_does_not_end_is_left_after_some_seconds() {
    let folder = Folder::new("ca-held");
    let pipe = folder.pipe("token");
    let writer = std::thread::spawn(move || std::fs::File::create(&pipe).unwrap());
    let why = loop {
        // Until the writer is there.
        let why = folder.load("token_file = \"token\"").unwrap_err();
        if !why.contains("nobody writes to") {
            break why;
        }
    };
    assert!(why.contains("has not come to its end within 5 s"), "{why}");
    drop(writer.join().unwrap());
}

#[test]
fn a_configuration_may_come_through_a_pipe() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    write!(writer, "[argus]\nurl = \"ftp://x\"\n").unwrap();
    drop(writer);
    let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
    let why = load(Path::new(&format!("/dev/fd/{fd}")), &Environment::default()).unwrap_err().to_string();
    assert!(why.contains("argus.url: must begin with http:// or https://"), "{why}");
}

#[test]
fn a_folder_in_place_of_a_file_is_named() {
    let folder = Folder::new("ca-folder");
    std::fs::create_dir(folder.0.join("ca.pem")).unwrap();
    let why = folder.load("ca_file = \"ca.pem\"").unwrap_err();
    assert!(why.starts_with("line 2: argus.ca_file: ") && why.contains("Is a directory"), "{why}");
}
