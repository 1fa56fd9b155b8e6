//! The example configuration, key by key, as a person reads it. Never checks anything.

// Not every test needs everything.
#![allow(dead_code)]

/// The file.
pub const EXAMPLE: &str = include_str!("../../zinoargus.toml.example");

/// One key of the example.
pub struct Entry {
    pub section: String,
    pub name: String,
    pub value: String,
    pub is_active: bool,
    /// Whether the text above says that there is no default.
    pub has_default: bool,
}

impl Entry {
    /// As the program names it.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }
}

/// All keys, in their order.
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut section = String::new();
    let mut has_default = true;
    for line in EXAMPLE.lines() {
        // A comment for people has a blank after its sign, a value that is commented out has none.
        let (text, is_active) = line.strip_prefix('#').map_or((line, true), |text| (text, false));
        if text.is_empty() {
            has_default = true;
        } else if text.starts_with(' ') {
            has_default &= !text.starts_with(" No default");
        } else if text.starts_with('[') {
            section = text.trim_matches(['[', ']']).to_owned();
        } else {
            let (name, value) = text.split_once(" = ").unwrap();
            entries.push(Entry {
                section: section.clone(),
                name: name.to_owned(),
                value: value.to_owned(),
                is_active,
                has_default,
            });
        }
    }
    entries
}
