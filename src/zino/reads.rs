//! Reads cases, one or many: sends commands together, and matches replies to cases. Never writes to
//! a case.
//!
//! Zino answers pipelined commands in order only while none of them fails: a 500 overtakes the
//! others, and a reply that breaks halfway runs into the next. GETATTRS replies carry the case
//! number, GETHIST and GETLOG replies do not.

use crate::zino::case::{Case, CaseId};
use crate::zino::reply::{Reply, done, means_unknown, refused};
use crate::zino::session::Session;
use crate::zino::{LookedUp, WantsLog, ZinoError, decode};
use log::{debug, warn};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// The data lines of one reply.
type Lines = Vec<Vec<u8>>;

/// The replies to a batch of pipelined commands.
enum Batch {
    /// Every command has its reply, in the order of the commands.
    Whole(Vec<Lines>),
    /// Some were refused, with these texts; these are the replies of the others, in order.
    SomeRefused(Vec<Lines>, Vec<String>),
    /// The replies cannot be matched to the cases for certain.
    Muddled,
}

impl Session {
    /// One case, every command sent alone.
    pub(crate) fn read_one(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        let Some(mut case) = self.attributes(id)? else {
            return Ok(None);
        };
        match self.ask_patiently(&format!("GETHIST {id}"), 301)? {
            // Zino dropped the case between the two commands.
            Reply::Refused(why) if means_unknown(&why) => return Ok(None),
            reply => case.history = decode::history(&done(reply)?.1),
        }
        let Some(mut case) = self.closed_meanwhile(case)? else {
            return Ok(None);
        };
        if wants_log(&case) {
            self.read_log(&mut case)?;
        }
        Ok(Some(case))
    }

    /// The attributes of one case. A reply that cannot be decoded is requested once more, which
    /// helps with Zino 1.
    fn attributes(&mut self, id: CaseId) -> Result<Option<Case>, ZinoError> {
        let first = self.attributes_once(id);
        if let Err(ZinoError::Refused(why)) = first {
            debug!("case {id}: reading its attributes once more: {why}");
            return self.attributes_once(id);
        }
        first
    }

    fn attributes_once(&mut self, id: CaseId) -> Result<Option<Case>, ZinoError> {
        let lines = match self.ask_patiently(&format!("GETATTRS {id}"), 303)? {
            Reply::Refused(why) if means_unknown(&why) => return Ok(None),
            reply => done(reply)?.1,
        };
        match decode::case(&lines) {
            Ok(case) if case.id == id => Ok(Some(case)),
            Ok(other) => {
                let why = format!("the attributes of case {} came instead", other.id);
                Err(ZinoError::Refused(why))
            }
            Err(e) => Err(ZinoError::Refused(e.to_string())),
        }
    }

    /// Reads the attributes again if only the history says that the case is closed. The attributes
    /// were read before it.
    fn closed_meanwhile(&mut self, case: Case) -> Result<Option<Case>, ZinoError> {
        let mut changes = case.history.iter().rev().filter_map(|e| e.state_change());
        let ends_closed = changes.next().is_some_and(|change| change.to == "closed");
        if !ends_closed || case.is_closed() {
            return Ok(Some(case));
        }
        let again = self.attributes(case.id)?;
        Ok(again.map(|fresh| Case { history: case.history, ..fresh }))
    }

    fn read_log(&mut self, case: &mut Case) -> Result<(), ZinoError> {
        case.log_says_down = match self.ask_patiently(&format!("GETLOG {}", case.id), 300)? {
            // The lines before Zino's internal error are a part of the log. The rest is unknown.
            Reply::Broken(lines) => {
                warn!("{}: Zino sent only a part of its log (500 internal error)", case.name());
                decode::log_says_down(&lines).then_some(true)
            }
            reply => Some(decode::log_says_down(&done(reply)?.1)),
        };
        Ok(())
    }

    /// Many cases, pipelined. Those that cannot be read are left out.
    pub(crate) fn read_many(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        let mut all = LookedUp::default();
        let mut rest = ids;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(self.pace.size().min(rest.len()));
            rest = after;
            let Some(found) = self.read_batch_timed(batch, wants_log)? else {
                self.read_alone(batch, wants_log, &mut all)?;
                continue;
            };
            let missing = |id: &&CaseId| !found.cases.iter().any(|case| case.id == **id) && !found.unknown.contains(id);
            let missing: Vec<CaseId> = batch.iter().filter(missing).copied().collect();
            all.cases.extend(found.cases);
            all.unknown.extend(found.unknown);
            self.read_alone(&missing, wants_log, &mut all)?;
        }
        Ok(all)
    }

    /// One after the other. A case that cannot be decoded is left out.
    fn read_alone(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>, all: &mut LookedUp) -> Result<(), ZinoError> {
        for &id in ids {
            match self.read_one(id, wants_log) {
                Ok(Some(case)) => all.cases.push(case),
                Ok(None) => all.unknown.push(id),
                Err(ZinoError::Refused(why)) => debug!("case {id} left out: {why}"),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// [`Session::read_batch`], which also sets the size of the next batch.
    fn read_batch_timed(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<Option<LookedUp>, ZinoError> {
        let began = Instant::now();
        let outcome = self.read_batch(ids, wants_log);
        match outcome {
            Ok(_) => self.pace.took(ids.len(), began.elapsed()),
            Err(_) => self.pace.failed(),
        }
        outcome
    }

    /// A batch, or the part of it that could be read together. `None`: each case must be read
    /// alone.
    fn read_batch(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<Option<LookedUp>, ZinoError> {
        let (replies, refusals) = match self.pipelined("GETATTRS", 303, ids)? {
            Batch::Whole(replies) => (replies, Vec::new()),
            Batch::SomeRefused(replies, refusals) => (replies, refusals),
            Batch::Muddled => return Ok(None),
        };
        let Some(cases) = matched(ids, &replies) else {
            return Ok(None);
        };
        let unknown = if replies.is_empty() { ids.to_vec() } else { named(ids, &cases, &refusals) };
        let Some(cases) = self.with_histories(cases)? else {
            return Ok(None);
        };
        let mut read = Vec::with_capacity(cases.len());
        for case in cases {
            read.extend(self.closed_meanwhile_or_left_out(case)?);
        }
        self.with_logs(read, wants_log).map(|cases| Some(LookedUp { cases, unknown }))
    }

    fn closed_meanwhile_or_left_out(&mut self, case: Case) -> Result<Option<Case>, ZinoError> {
        match self.closed_meanwhile(case) {
            // Read alone once more, and reported there.
            Err(ZinoError::Refused(_)) => Ok(None),
            outcome => outcome,
        }
    }

    fn with_histories(&mut self, mut cases: Vec<Case>) -> Result<Option<Vec<Case>>, ZinoError> {
        let ids: Vec<CaseId> = cases.iter().map(|case| case.id).collect();
        let Batch::Whole(replies) = self.pipelined("GETHIST", 301, &ids)? else {
            return Ok(None);
        };
        for (case, lines) in cases.iter_mut().zip(&replies) {
            case.history = decode::history(lines);
        }
        Ok(Some(cases))
    }

    fn with_logs(&mut self, mut cases: Vec<Case>, wants_log: WantsLog<'_>) -> Result<Vec<Case>, ZinoError> {
        let wanting = cases.iter().filter(|case| wants_log(case));
        let ids: Vec<CaseId> = wanting.map(|case| case.id).collect();
        let replies = match self.pipelined("GETLOG", 300, &ids)? {
            Batch::Whole(replies) => replies,
            Batch::SomeRefused(..) | Batch::Muddled => {
                // Each of them is missing, and then read alone.
                cases.retain(|case| !ids.contains(&case.id));
                return Ok(cases);
            }
        };
        let mut logs: HashMap<CaseId, Lines> = ids.into_iter().zip(replies).collect();
        for case in &mut cases {
            let lines = logs.remove(&case.id);
            case.log_says_down = lines.map(|lines| decode::log_says_down(&lines));
        }
        Ok(cases)
    }

    /// Sends one command for every case and reads as many replies.
    fn pipelined(&mut self, verb: &str, code: u16, ids: &[CaseId]) -> Result<Batch, ZinoError> {
        if ids.is_empty() {
            return Ok(Batch::Whole(Vec::new()));
        }
        self.settle()?;
        let commands: Vec<String> = ids.iter().map(|id| format!("{verb} {id}")).collect();
        self.commands(&commands)?;
        let (mut replies, mut refusals) = (Vec::with_capacity(ids.len()), Vec::new());
        let mut muddled = false;
        let mut bounds = self.bounds();
        for _ in ids {
            match self.reply(code, &mut bounds) {
                Ok(Reply::Done { lines, .. }) => replies.push(lines),
                Ok(Reply::Refused(why)) => match refused(&why) {
                    // This refusal can arrive after replies to later commands.
                    ZinoError::Refused(_) => {
                        muddled |= !means_unknown(&why);
                        refusals.push(why);
                    }
                    condemned => return Err(condemned),
                },
                Ok(Reply::Broken(_)) => muddled = true,
                Err(ZinoError::Protocol(why)) => {
                    debug!("{} commands {verb}: unexpected reply ({why}); resynchronising", ids.len());
                    self.fence()?;
                    return Ok(Batch::Muddled);
                }
                Err(other) => return Err(other),
            }
        }
        if self.has_surplus() {
            self.fence()?;
            muddled = true;
        }
        Ok(match muddled {
            true => Batch::Muddled,
            false if replies.len() == ids.len() => Batch::Whole(replies),
            false => Batch::SomeRefused(replies, refusals),
        })
    }
}

/// The numbers that refusals name, as Zino's `event "17" does not exist` does; none if it is
/// uncertain for one of them.
fn named(ids: &[CaseId], known: &[Case], refusals: &[String]) -> Vec<CaseId> {
    let number = |why: &String| why.split('"').nth(1)?.parse::<CaseId>().ok();
    let named: Option<BTreeSet<CaseId>> = refusals.iter().map(number).collect();
    let makes_sense = |id: &CaseId| ids.contains(id) && !known.iter().any(|case| case.id == *id);
    let certain = named.filter(|named| named.len() == refusals.len() && named.iter().all(makes_sense));
    certain.unwrap_or_default().into_iter().collect()
}

/// The cases of GETATTRS replies that can be decoded. `None` if they are not in the order of the
/// commands, which they are also where commands between them were refused.
fn matched(ids: &[CaseId], replies: &[Lines]) -> Option<Vec<Case>> {
    let mut cases = Vec::with_capacity(replies.len());
    let mut asked = ids.iter();
    for lines in replies {
        match decode::case(lines) {
            Ok(case) if asked.any(|&id| id == case.id) => cases.push(case),
            Ok(_) | Err(decode::NotACase::TwoInOne) => return None,
            // The case is missing, and then read alone.
            Err(_) => {}
        }
    }
    Some(cases)
}
