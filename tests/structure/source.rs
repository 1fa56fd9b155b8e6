//! The source files of the repository, as text. Never decides what is wrong with one.

use crate::scan::{Scanned, scan};
use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
pub struct Source {
    /// The path below the root of the repository, with `/` between its parts.
    pub path: String,
    /// The text as it stands in the file.
    pub text: String,
    pub scanned: Scanned,
}

impl Source {
    /// Whether the file is compiled for tests only. Such a file is named `tests.rs`, `*_tests.rs`
    /// or `testing.rs`, or lies in a folder `testing`.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap();
        matches!(name, "tests.rs" | "testing.rs")
            || name.ends_with("_tests.rs")
            || self.path.contains("/testing/")
            || self.path.contains("/tests/")
    }

    /// The modules that the file stands for: `src/log/outlet.rs` is `["log", "outlet"]`.
    pub fn modules(&self) -> Vec<&str> {
        let inner = self.path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let mut modules: Vec<&str> = inner.split('/').collect();
        if modules.last() == Some(&"mod") {
            modules.pop();
        }
        modules
    }
}

/// All Rust files below a folder of the repository, sorted by path.
pub fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no Rust file below {folder}");
    paths.iter().map(|path| read(root, path)).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    Source { path, scanned: scan(&text), text }
}
