//! `[sync.acknowledge]`: what an acknowledgement in Argus does in Zino, and the other way round, as
//! the configuration says it. Never acknowledges anything.

use super::value::{Flag, List, Text, one_of};
use crate::zino::case::CaseState;
use serde::{Deserialize, Serialize, Serializer};

/// The states that can show in Argus, in Zino's words: all in which somebody has seen the case.
const VISIBLE: [&str; 4] = ["working", "waiting", "confirm-wait", "ignored"];

/// What an acknowledgement in Argus does in Zino, and a state of Zino's in Argus.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acknowledge {
    /// The state that it gives the case.
    pub setstate: Setstate,
    /// Whether its text becomes a history entry also where `setstate` is `"none"`.
    pub history: Flag,
    /// A case in one of these states is acknowledged in Argus.
    pub from_states: List<VisibleState>,
}

impl Acknowledge {
    /// The states that show in Argus, for people; `None` if none does.
    #[must_use]
    pub fn visible(&self) -> Option<String> {
        let words: Vec<&str> = self.from_states.0.iter().map(|state| state.0.word()).collect();
        (!words.is_empty()).then(|| words.join(" or "))
    }
}

/// The state that an acknowledgement in Argus gives a case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Text")]
pub enum Setstate {
    /// None: acknowledgements change no state.
    #[default]
    None,
    /// `working`
    Working,
    /// `waiting`
    Waiting,
}

impl TryFrom<Text> for Setstate {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        match text.as_str() {
            "none" => Ok(Self::None),
            "working" => Ok(Self::Working),
            "waiting" => Ok(Self::Waiting),
            _ => Err("must be \"none\", \"working\" or \"waiting\"".to_owned()),
        }
    }
}

/// A state that shows in Argus as an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Text")]
pub struct VisibleState(pub CaseState);

impl TryFrom<Text> for VisibleState {
    type Error = String;

    fn try_from(Text(text): Text) -> Result<Self, String> {
        match text.as_str() {
            "open" => Err(format!("{}; in state open nobody has seen the case yet", one_of(&VISIBLE, ""))),
            "closed" => Err(format!("{}; a closed case ends its incident", one_of(&VISIBLE, ""))),
            word if VISIBLE.contains(&word) => Ok(Self(CaseState::from_word(word))),
            word => Err(one_of(&VISIBLE, word)),
        }
    }
}

impl Serialize for VisibleState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::tests::check;
    use super::*;

    #[test]
    fn a_setstate_is_a_state_that_somebody_works_in() {
        check("'waiting'", Ok(Setstate::Waiting));
        check::<Setstate>("'closed'", Err("must be \"none\", \"working\" or \"waiting\""));
    }

    #[test]
    fn a_state_is_shown_if_somebody_has_seen_the_case_in_it() {
        const WORDS: &str = "must be of \"working\", \"waiting\", \"confirm-wait\", \"ignored\"";
        check("'confirm-wait'", Ok(VisibleState(CaseState::ConfirmWait)));
        for (written, hint) in [
            ("'wrking'", "; did you mean \"working\"?"),
            ("'Waiting'", "; did you mean \"waiting\"?"),
            ("'open'", "; in state open nobody has seen the case yet"),
            ("'closed'", "; a closed case ends its incident"),
            ("'something else'", ""),
        ] {
            check::<VisibleState>(written, Err(&format!("{WORDS}{hint}")));
        }
    }
}
