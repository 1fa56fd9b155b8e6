//! Whether a single run of a secondary is to act: asks the primary as often as the daemon would
//! before it took over, and Argus too, so that a host that is cut off itself does not act. Never
//! writes.

use crate::failover::{Answer, Contact, Mode, Ping};
use log::debug;
use std::time::Duration;

/// What the questions have shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The primary lives: its uptime in seconds.
    Lives(u64),
    /// It is silent: why the last question had no answer.
    Silent(String),
    /// Too many of the questions never left this host: why.
    Unasked(String),
    /// Neither the primary nor Argus answers: why the primary does not, and why Argus does not.
    CutOff(String, String),
}

/// What may be asked.
pub trait World {
    /// The time since some fixed point.
    fn now(&self) -> Duration;
    /// One question to the primary.
    fn ping(&mut self) -> Answer;
    /// Whether Argus can be reached, or why not.
    fn reach(&mut self) -> Result<(), String>;
    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// Asks the primary until it answers or has left `threshold` questions unanswered, one each
/// `interval`; once more where Argus answered only after the last.
pub fn ask(world: &mut impl World, threshold: u32, interval: Duration) -> Verdict {
    let mut contact = Contact::default();
    let (mut failures, mut silence, mut unasked, mut away) = (0, String::new(), String::new(), String::new());
    for question in 0..=threshold {
        let began = world.now();
        if failures + 1 >= threshold {
            match world.reach() {
                Ok(()) => contact.argus_answered(world.now()),
                Err(why) => {
                    contact.argus_is_away();
                    away = why;
                }
            }
        }
        let ping = Ping { asked_at: world.now(), answer: world.ping() };
        contact.ping(&ping, Mode::Standby, threshold);
        match ping.answer {
            Answer::Uptime(seconds) => return Verdict::Lives(seconds),
            Answer::Silence(why) => {
                debug!("no answer from the primary: {why}");
                (failures, silence) = (failures + 1, why);
            }
            Answer::Unasked(why) => {
                debug!("the primary was not asked: {why}");
                unasked = why;
            }
        }
        if failures >= threshold && contact.is_proved() {
            return Verdict::Silent(silence);
        }
        if question < threshold {
            world.pause(interval.saturating_sub(world.now().saturating_sub(began)));
        }
    }
    if failures < threshold { Verdict::Unasked(unasked) } else { Verdict::CutOff(silence, away) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Answers in their order; the last ones again and again.
    struct Script {
        secs: u64,
        primary: VecDeque<Answer>,
        argus: VecDeque<bool>,
        asked: u32,
    }

    fn next<T: Clone>(answers: &mut VecDeque<T>) -> T {
        let answer = answers.pop_front().unwrap();
        if answers.is_empty() {
            answers.push_back(answer.clone());
        }
        answer
    }

    impl World for Script {
        fn now(&self) -> Duration {
            Duration::from_secs(self.secs)
        }

        fn ping(&mut self) -> Answer {
            self.secs += 1;
            self.asked += 1;
            next(&mut self.primary)
        }

        fn reach(&mut self) -> Result<(), String> {
            self.secs += 1;
            if next(&mut self.argus) { Ok(()) } else { Err("refused".to_owned()) }
        }

        fn pause(&mut self, time: Duration) {
            self.secs += time.as_secs();
        }
    }

    fn silence() -> Answer {
        Answer::Silence("no answer".to_owned())
    }

    fn unasked() -> Answer {
        Answer::Unasked("no route".to_owned())
    }

    /// The verdict with a threshold of 3, and how often the primary was asked.
    fn verdict(primary: &[Answer], argus: &[bool]) -> (Verdict, u32) {
        let mut script = Script { secs: 0, primary: primary.to_vec().into(), argus: argus.to_vec().into(), asked: 0 };
        let verdict = ask(&mut script, 3, Duration::from_secs(5));
        (verdict, script.asked)
    }

    #[test]
    fn a_primary_that_answers_any_of_its_questions_lives() {
        assert_eq!(verdict(&[silence(), silence(), Answer::Uptime(28)], &[true]), (Verdict::Lives(28), 3));
        assert_eq!(verdict(&[unasked(), Answer::Uptime(28)], &[false]), (Verdict::Lives(28), 2));
    }

    #[test]
    fn a_primary_that_leaves_threshold_questions_unanswered_is_silent() {
        assert_eq!(verdict(&[silence()], &[true]), (Verdict::Silent("no answer".to_owned()), 3));
        assert_eq!(verdict(&[silence(), unasked(), silence()], &[true]), (Verdict::Silent("no answer".to_owned()), 4));
    }

    #[test]
    fn a_host_that_was_cut_off_itself_asks_once_more_after_argus_has_answered() {
        let cut_off = [silence(), silence(), silence(), Answer::Uptime(28)];
        assert_eq!(verdict(&cut_off, &[false, true]), (Verdict::Lives(28), 4));
        assert_eq!(verdict(&[silence()], &[false, true]), (Verdict::Silent("no answer".to_owned()), 4));
        let neither = Verdict::CutOff("no answer".to_owned(), "refused".to_owned());
        assert_eq!(verdict(&[silence()], &[false]), (neither, 4));
    }

    #[test]
    fn questions_that_never_left_this_host_are_no_reason_to_act() {
        assert_eq!(verdict(&[unasked()], &[true]), (Verdict::Unasked("no route".to_owned()), 4));
        assert_eq!(verdict(&[unasked(), unasked(), silence()], &[true]).0, Verdict::Unasked("no route".to_owned()));
    }
}
