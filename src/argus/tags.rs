//! The tags of an incident, stored compactly: there are as many incidents in memory as cases, with
//! five tags each. Never knows what a tag means.

use super::models::UserPk;
use serde::{Deserialize, Serialize};

/// A tag of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The whole text, `key=value`.
    pub text: &'a str,
    /// Who added it.
    pub added_by: UserPk,
}

/// The tags of an incident, in the order in which Argus has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    /// All texts, concatenated.
    texts: Box<str>,
    /// Where each text ends, and who added the tag.
    ends: Box<[(usize, UserPk)]>,
}

impl Tags {
    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = Tag<'_>> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        begins.zip(&self.ends).map(|(begin, (end, added_by))| Tag {
            text: self.texts.get(begin..*end).unwrap_or_default(),
            added_by: *added_by,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<T: AsRef<str>> FromIterator<(T, UserPk)> for Tags {
    fn from_iter<I: IntoIterator<Item = (T, UserPk)>>(tags: I) -> Self {
        let (mut texts, mut ends) = (String::new(), Vec::new());
        for (text, added_by) in tags {
            texts.push_str(text.as_ref());
            ends.push((texts.len(), added_by));
        }
        Self { texts: texts.into(), ends: ends.into() }
    }
}

impl<'a> FromIterator<Tag<'a>> for Tags {
    fn from_iter<I: IntoIterator<Item = Tag<'a>>>(tags: I) -> Self {
        tags.into_iter().map(|tag| (tag.text, tag.added_by)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_tag_comes_out_as_it_went_in(tags: Vec<(String, UserPk)>) {
            let kept: Tags = tags.iter().map(|(text, by)| (text, *by)).collect();
            let out: Vec<(String, UserPk)> = kept.iter().map(|tag| (tag.text.to_owned(), tag.added_by)).collect();
            prop_assert_eq!(kept.len(), tags.len());
            prop_assert_eq!(out, tags);
        }
    }
}
