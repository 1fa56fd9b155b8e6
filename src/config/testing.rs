//! What the tests of the configuration share.

use super::{Loaded, parse};
use std::path::{Path, PathBuf};

/// The token of the minimal configuration, and its secret.
pub const TOKEN: &str = "sEcReTtOkEn0123456789";
pub const SECRET: &str = "sEcReTzInO0123456789";

/// The required keys.
pub const MINIMAL: &str = r#"
[argus]
url = "https://argus.example.org/api/v2/"
token = "sEcReTtOkEn0123456789"
[zino]
server = "zino.example.org"
user = "argus"
secret = "sEcReTzInO0123456789"
"#;

/// What a configuration says.
pub fn loaded(text: &str) -> Loaded {
    parse(text, Path::new("")).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// The problems in the form in which people see them.
pub fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, Path::new("")).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

/// The minimal configuration with more at its end.
pub fn minimal_and(text: &str) -> String {
    format!("{MINIMAL}{text}")
}

/// A folder of its own for a test, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("zinoargus-config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
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
