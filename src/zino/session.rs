//! The command conversation with Zino: login, one command and its reply, history, states. Reading
//! many cases is in `reads.rs`. Never repeats a command by itself, and never sends another one
//! after a reply did not arrive.

use crate::secret::Secret;
use crate::zino::case::{Case, CaseId, CaseState};
use crate::zino::pace::Pace;
use crate::zino::port::Port;
use crate::zino::reply::{INTERNAL_ERROR, NO_SENSE, Reply, done, has_data, header, unexpected};
use crate::zino::text::{decode, sanitised};
use crate::zino::wire::{Bounds, LOG, Timeouts, Wire};
use crate::zino::{LookedUp, WantsLog, ZinoError, ZinoServer, decode as read, entry};
use log::debug;
use sha1::{Digest, Sha1};
use std::net::SocketAddr;
use std::time::Instant;

/// How much of what Zino says of its version is shown, in bytes.
const MOST_OF_VERSION: usize = 200;

/// The server's address, and our user there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Name, IPv4 or IPv6 address.
    pub server: String,
    /// The port for commands.
    pub port: u16,
    /// The port for notifications.
    pub notify_port: u16,
    /// Our user name in Zino.
    pub user: String,
    /// Its password.
    pub secret: Secret,
}

impl Login {
    pub(crate) fn command_port(&self) -> Port<'_> {
        Port { server: &self.server, number: self.port, key: "zino.port" }
    }

    pub(crate) fn notify_port(&self) -> Port<'_> {
        Port { server: &self.server, number: self.notify_port, key: "zino.notify_port" }
    }
}

/// A logged-in command connection.
#[derive(Debug)]
pub struct Session {
    wire: Wire,
    /// Our answer to the challenge, from which the secret can be guessed. It counts as a secret as
    /// long as Zino may repeat it in a reply.
    digest: Option<Secret>,
    /// Why the connection must not be used any more: a reply may still arrive, or Zino may be
    /// reading text.
    broken: Option<String>,
    /// The time of the first line that was no reply. A good reply resets it.
    noisy_since: Option<Instant>,
    /// The size of a batch.
    pub(crate) pace: Pace,
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`ZinoError::Login`] if Zino refuses the user or the secret; otherwise see [`ZinoError`].
    pub fn connect(login: &Login) -> Result<Self, ZinoError> {
        Self::connect_within(login, &Timeouts::default())
    }

    /// [`Session::connect`] with other time-outs.
    ///
    /// # Errors
    /// As [`Session::connect`].
    pub fn connect_within(login: &Login, timeouts: &Timeouts) -> Result<Self, ZinoError> {
        if !is_word(&login.user) {
            let why = "a user name has no blanks or control characters";
            return Err(ZinoError::Login(why.to_owned()));
        }
        let port = login.command_port();
        let mut wire = Wire::open(&port, timeouts)?;
        let greeting = wire.first_line().map_err(|error| port.no_greeting(error, timeouts.stall))?;
        let greeting = decode(&greeting);
        debug!(target: LOG, "< {}", sanitised(greeting.as_bytes()));
        let mut words = greeting.split_whitespace();
        let mut session = Self { wire, digest: None, broken: None, noisy_since: None, pace: Pace::default() };
        match (words.next(), words.next()) {
            (Some("200"), Some(challenge)) => session.log_in(login, challenge).map_err(|error| port.at(error))?,
            (Some(word), None) => return Err(port.other_greeting(greeting.as_bytes(), is_nonce(word))),
            _ => return Err(port.other_greeting(greeting.as_bytes(), false)),
        }
        Ok(session)
    }

    /// Continues at the pace of an earlier connection to the same server.
    #[must_use]
    pub fn at_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The size of the next batch.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    fn log_in(&mut self, login: &Login, challenge: &str) -> Result<(), ZinoError> {
        let user = &login.user;
        debug!(target: LOG, "> USER {user} (digest not shown)");
        let digest = self.digest.insert(digest(challenge, &login.secret)).reveal();
        self.wire.send(format!("USER {user} {digest}\r\n").as_bytes())?;
        match self.one_reply(200)? {
            Reply::Refused(why) if why != INTERNAL_ERROR => Err(ZinoError::Login(sanitised(why.as_bytes()))),
            reply => done(reply).map(drop),
        }
    }

    /// The address for the notification channel: the one that this session is connected to. The
    /// server's name may have several addresses, and only one process knows the nonce.
    ///
    /// # Errors
    /// [`ZinoError::Connection`] if the connection has ended.
    pub fn notify_address(&self, port: u16) -> Result<SocketAddr, ZinoError> {
        let mut address = self.wire.peer()?;
        address.set_port(port);
        Ok(address)
    }

    /// NTIE: sends the notifications about all cases to the channel that announced itself with
    /// `nonce`. Call it before reading, because changes before it are not notified.
    ///
    /// # Errors
    /// See [`ZinoError`].
    pub fn tie(&mut self, nonce: &str) -> Result<(), ZinoError> {
        if !is_word(nonce) {
            return Err(unexpected(nonce.as_bytes()));
        }
        self.guarded(|s| done(s.ask(&format!("NTIE {nonce}"), 200)?).map(drop))
    }

    /// VERSION: what Zino says of its version, as one bounded line for people. Zino 1 may refuse
    /// it.
    pub fn version(&mut self) -> String {
        let answer = self.guarded(|s| done(s.ask("VERSION", 200)?).map(|(header, _)| header));
        answer.map_or_else(
            |_| "version unknown".to_owned(),
            |version| crate::sanitise::sanitised(&version, MOST_OF_VERSION),
        )
    }

    /// Runs `work` unless the connection has failed before. If `work` fails, the connection counts
    /// as failed for good.
    pub(crate) fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ZinoError>) -> Result<T, ZinoError> {
        if let Some(why) = &self.broken {
            let why = format!("ended after an earlier failure ({why})");
            return Err(ZinoError::Connection(why));
        }
        let outcome = work(self);
        if let Err(e @ (ZinoError::Connection(_) | ZinoError::Protocol(_))) = &outcome {
            self.broken = Some(e.to_string());
            self.wire.close();
        }
        outcome
    }

    /// Sends one command and reads its reply.
    pub(crate) fn ask(&mut self, command: &str, code: u16) -> Result<Reply, ZinoError> {
        self.settle()?;
        self.command(command)?;
        self.one_reply(code)
    }

    /// Like [`Session::ask`], but an unexpected reply counts as a refusal of this one command, and
    /// the connection stays usable. For reads only: the outcome of a write with an unexpected reply
    /// is unknown.
    pub(crate) fn ask_patiently(&mut self, command: &str, code: u16) -> Result<Reply, ZinoError> {
        match self.ask(command, code) {
            Err(ZinoError::Protocol(why)) => {
                debug!(target: LOG, "{command}: unexpected reply ({why}); resynchronising");
                self.fence()?;
                Ok(Reply::Refused(format!("{NO_SENSE}: {why}")))
            }
            outcome => outcome,
        }
    }

    fn command(&mut self, command: &str) -> Result<(), ZinoError> {
        debug!(target: LOG, "> {command}");
        self.wire.send(format!("{command}\r\n").as_bytes())
    }

    /// Sends commands in one piece, without waiting for replies between them.
    pub(crate) fn commands(&mut self, commands: &[String]) -> Result<(), ZinoError> {
        for command in commands {
            debug!(target: LOG, "> {command}");
        }
        self.wire.send((commands.join("\r\n") + "\r\n").as_bytes())
    }

    /// Drops lines that belong to no reply, so that the next line answers the next command.
    pub(crate) fn settle(&mut self) -> Result<(), ZinoError> {
        let dropped = self.wire.drop_strays()?;
        if dropped > 0 {
            debug!(target: LOG, "{dropped} bytes that belong to no reply");
            self.fence()?;
        }
        Ok(())
    }

    /// Resynchronises: sends an extra command and drops all lines before its answer.
    pub(crate) fn fence(&mut self) -> Result<(), ZinoError> {
        self.command("VERSION")?;
        let since = *self.noisy_since.get_or_insert_with(Instant::now);
        let mut bounds = self.wire.draining(since);
        loop {
            let line = self.wire.line(&mut bounds)?;
            debug!(target: LOG, "< {}", sanitised(&line));
            if line.starts_with(b"200 ") || line.starts_with(b"500 unknown command") {
                return Ok(());
            }
        }
    }

    /// Bytes that arrived after the last reply.
    pub(crate) fn has_surplus(&self) -> bool {
        self.wire.buffered() > 0
    }

    /// Reads the one reply that is under way, which should have this code.
    fn one_reply(&mut self, code: u16) -> Result<Reply, ZinoError> {
        let mut bounds = self.wire.bounds();
        self.reply(code, &mut bounds)
    }

    /// The bounds of replies that are under way together.
    pub(crate) fn bounds(&self) -> Bounds {
        self.wire.bounds()
    }

    /// Reads one of the replies that share these bounds, which should have this code.
    pub(crate) fn reply(&mut self, code: u16, bounds: &mut Bounds) -> Result<Reply, ZinoError> {
        self.wire.begin_reply(bounds);
        let line = self.wire.line(bounds)?;
        debug!(target: LOG, "< {}", sanitised(&line));
        match header(&line) {
            Some((500, why)) => Ok(Reply::Refused(why)),
            Some((got, header)) if got == code => {
                let (lines, whole) = if has_data(code) { self.data(bounds)? } else { (Vec::new(), true) };
                self.noisy_since = self.noisy_since.filter(|_| !whole);
                Ok(if whole { Reply::Done { header, lines } } else { Reply::Broken(lines) })
            }
            _ => Err(unexpected(&line)),
        }
    }

    /// The data lines of a reply, and whether they ended as they should.
    fn data(&mut self, bounds: &mut Bounds) -> Result<(Vec<Vec<u8>>, bool), ZinoError> {
        let mut lines = Vec::new();
        loop {
            let line = self.wire.line(bounds)?;
            debug!(target: LOG, "< {}", sanitised(&line));
            match line.as_slice() {
                b"." => return Ok((lines, true)),
                b"500 internal error" => return Ok((lines, false)),
                _ => lines.push(line),
            }
        }
    }

    fn send_entry(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError> {
        let message = entry::message(text);
        self.settle()?;
        debug!(target: LOG, "> ADDHIST {id}");
        self.wire.send(entry::command(id).as_bytes())?;
        done(self.one_reply(302)?)?;
        for line in message.lines() {
            debug!(target: LOG, "> {}", sanitised(line.as_bytes()));
        }
        self.wire.send(message.as_bytes())?;
        done(self.one_reply(200)?).map(drop)
    }
}

impl ZinoServer for Session {
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError> {
        self.guarded(|s| {
            let (_, lines) = done(s.ask("CASEIDS", 304)?)?;
            read::case_ids(&lines)
                .ok_or_else(|| ZinoError::Protocol("a list of case numbers that holds something else".to_owned()))
        })
    }

    fn case(&mut self, id: CaseId, wants_log: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        self.guarded(|s| s.read_one(id, wants_log))
    }

    fn look_up(&mut self, ids: &[CaseId], wants_log: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        self.guarded(|s| s.read_many(ids, wants_log))
    }

    fn add_history(&mut self, id: CaseId, text: &str) -> Result<(), ZinoError> {
        self.guarded(|s| s.send_entry(id, text))
    }

    fn set_state(&mut self, id: CaseId, state: &CaseState) -> Result<(), ZinoError> {
        let word = state.word();
        if !is_word(word) {
            let why = format!("not sent: {} is no state", sanitised(word.as_bytes()));
            return Err(ZinoError::Refused(why));
        }
        self.guarded(|s| done(s.ask(&format!("SETSTATE {id} {word}"), 200)?).map(drop))
    }
}

/// Whether a text is the greeting of Zino's notification port.
pub(crate) fn is_nonce(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text can be an argument of a command without becoming two.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The answer to Zino's challenge.
fn digest(challenge: &str, secret: &Secret) -> Secret {
    use std::fmt::Write;
    let digest = Sha1::digest(format!("{challenge} {}", secret.reveal()));
    Secret::new(digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
