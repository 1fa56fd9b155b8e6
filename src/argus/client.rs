//! The Argus REST client: which request each question is, and which error each answer is. Never
//! repeats a request, never decides what an incident should look like.

use super::acks;
use super::advice;
use super::api_url::{ApiUrl, quoted};
use super::exchange::{Answer, Exchange};
use super::models::{
    Acks, Event, EventKind, EventPk, Incident, IncidentPk, ListQuery, Mark, NewEvent, NewIncident, Page, Patch,
};
use super::proxy::Environment;
use super::text::{json, summary};
use super::{ArgusError, ArgusServer, wire};
use crate::secret::Secret;
use crate::time::Stamp;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use ureq::http::{HeaderValue, Method};

/// Where Argus is, who we are there, and how long we wait.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API is.
    pub url: ApiUrl,
    /// Our token.
    pub token: Secret,
    /// Bounds one request: sending, waiting and reading. Before it, a new connection (the name,
    /// TCP, TLS) may take as long again, at most 10 s.
    pub timeout: Duration,
    /// PEM file of the CAs to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How many connections are kept; as many as threads share the client.
    pub connections: usize,
    /// The variables of the environment that may name a proxy.
    pub environment: Environment,
}

/// The size of a page for which `argus.timeout` is meant.
const USUAL_PAGE: usize = 100;

/// A client of one Argus server, shared by threads. Its state is its connections and the token.
pub struct Client {
    exchange: Exchange,
    token: RwLock<HeaderValue>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// What is wrong with the settings, by the name of the key (the token, the CA file) or of the
    /// variable that names a proxy.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let token = RwLock::new(header(&settings.token)?);
        let exchange = Exchange::new(settings)?;
        Ok(Self { exchange, token })
    }

    /// Which proxy leads to the server, or why the one that the environment names is not used;
    /// `None` if it names none.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        self.exchange.proxy()
    }

    /// Uses another token from the next request on.
    ///
    /// # Errors
    /// If the text cannot be a token; then the old one stays.
    pub fn set_token(&self, token: Secret) -> Result<(), String> {
        let header = header(&token)?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = header;
        Ok(())
    }

    /// Sends no request any more. One that is under way may finish.
    pub fn close(&self) {
        self.exchange.close();
    }

    /// Whether it sends no request any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.exchange.is_closed()
    }

    fn run(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Answer, ArgusError> {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.exchange.run(Some(token), method, path, body.as_deref())
    }

    /// A request without a body, with another token than the client's own.
    pub(super) fn run_with(&self, token: &Secret, method: Method, path: &str) -> Result<Answer, ArgusError> {
        let token = header(token).map_err(ArgusError::Refused)?;
        // Without a body: Argus would take any body of a login for a name and a password.
        let body = (method == Method::POST).then_some(&b""[..]);
        self.exchange.run(Some(token), method, path, body)
    }

    pub(super) fn get<T>(&self, path: &str, read: fn(&[u8]) -> Result<T, String>) -> Result<T, ArgusError> {
        understood(judge(self.run(Method::GET, path, None)?)?, read)
    }

    /// Without the token, which Argus would take for a sign of life.
    pub(super) fn get_openly<T>(&self, path: &str, read: fn(&[u8]) -> Result<T, String>) -> Result<T, ArgusError> {
        understood(judge(self.exchange.run(None, Method::GET, path, None)?)?, read)
    }

    /// A page of a list, with at most this many items. Its time-out grows with its size, and is so
    /// many times that.
    fn get_page<T>(
        &self,
        path: &str,
        query: &str,
        (most, times): (usize, u32),
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ArgusError> {
        let path = format!("{path}?{query}{}page_size={most}", if query.is_empty() { "" } else { "&" });
        let times = u32::try_from(most.div_ceil(USUAL_PAGE)).unwrap_or(u32::MAX).saturating_mul(times);
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner).clone();
        understood(judge(self.exchange.run_longer(Some(token), Method::GET, &path, None, times)?)?, read)
    }

    pub(super) fn get_if_there<T>(
        &self,
        path: &str,
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, ArgusError> {
        if_there(self.run(Method::GET, path, None)?, read)
    }

    fn write<T>(
        &self,
        method: Method,
        path: &str,
        body: Result<Vec<u8>, String>,
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ArgusError> {
        let body = body.map_err(|why| ArgusError::Request { status: 400, why: format!("not sent: {why}") })?;
        understood(judge(self.run(method, path, Some(body))?)?, read)
    }
}

impl ArgusServer for Client {
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError> {
        let until = until.map_or_else(String::new, |at| format!("&start_time__lte={}", quoted(&at.to_string())));
        let mut page: Page<Incident> =
            self.get_page("incidents/mine/", &format!("{}{until}", filter(query)?), (most, 1), wire::incident_page)?;
        // Argus ignores parameters that it does not know. So a filter that its version lacks would
        // find every incident.
        match query {
            ListQuery::Number(number) => page.items.retain(|incident| *incident.source_incident_id == **number),
            ListQuery::OpenTagged(tags) => page.items.retain(|incident| has_tags(incident, tags)),
            ListQuery::OpenMarked(mark) => page.items.retain(|incident| mark.is_on(incident)),
            ListQuery::Open | ListQuery::EndedSince(_) => {}
        }
        Ok(page)
    }

    fn count_open(&self, mark: Option<Mark>) -> Result<usize, ArgusError> {
        let open = filter(&mark.map_or(ListQuery::Open, ListQuery::OpenMarked))?;
        // A server that does not know `count` answers with a list, which `page_size` keeps short.
        let count = self.get(&format!("incidents/mine/?{open}&count=true&page_size=1"), wire::count)?;
        count.ok_or_else(|| ArgusError::Request { status: 200, why: "a list instead of a number".to_owned() })
    }

    fn newest_events(&self, most: usize, times: u32) -> Result<Page<Event>, ArgusError> {
        self.get_page("incidents/events/", "", (most, times), wire::event_page)
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.get_if_there(&format!("incidents/{pk}/"), wire::incident)
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        self.get_if_there(&format!("incidents/{pk}/events/"), wire::events)
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        let answer = self.run(Method::GET, &format!("incidents/{pk}/acks/"), None)?;
        let at = answer.date;
        let all = if_there(answer, acks::acks)?;
        Ok(all.map(|all| Acks { all, at }))
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.write(Method::POST, "incidents/", wire::new_incident(new), wire::incident)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        self.write(Method::PATCH, &format!("incidents/{pk}/"), wire::patch(patch), wire::incident)
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        // The address of the events refuses acknowledgements.
        if event.kind == EventKind::Acknowledge {
            let path = format!("incidents/{pk}/acks/");
            return self.write(Method::POST, &path, acks::new_ack(event), acks::ack).map(|ack| ack.event);
        }
        self.write(Method::POST, &format!("incidents/{pk}/events/"), wire::new_event(event), wire::event)
    }

    fn expire(&self, pk: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError> {
        let path = format!("incidents/{pk}/acks/{ack}/");
        self.write(Method::PATCH, &path, acks::expiration(at), |_| Ok(()))
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        let answer = self.run(Method::POST, "incidents/sources/heartbeat/", Some(b"{}".to_vec()))?;
        if answer.status == 404 {
            // This 404 has no error of Argus in it: servers before 2.10 lack the address.
            return Err(ArgusError::Request { status: 404, why: summary(&answer.body) });
        }
        judge(answer).map(drop)
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        // Any JSON of Argus is enough.
        self.get("auth/user/", |_| Ok(()))
    }

    fn reach(&self) -> Result<(), ArgusError> {
        let answer = self.exchange.run(None, Method::GET, "../", None)?;
        if (400..500).contains(&answer.status) && is_argus_error(&answer.body) {
            return Ok(());
        }
        understood(judge(answer)?, |_| Ok(()))
    }
}

/// The header with a token, whose text may have the line break of its file around it.
pub(super) fn header(token: &Secret) -> Result<HeaderValue, String> {
    let token = token.reveal().trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("argus.token must be a token: letters and digits, without blanks".to_owned());
    }
    let header = HeaderValue::from_str(&format!("Token {token}"));
    let mut header = header.map_err(|_| "argus.token cannot be sent".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

fn filter(query: &ListQuery) -> Result<String, ArgusError> {
    match query {
        ListQuery::Open => Ok("open=true".to_owned()),
        ListQuery::OpenMarked(Mark::Acknowledged) => Ok("open=true&acked=true".to_owned()),
        ListQuery::OpenMarked(Mark::Ticketed) => Ok("open=true&ticket=true".to_owned()),
        // An open incident ends at infinity, which is later than any time.
        ListQuery::EndedSince(since) => Ok(format!("open=false&end_time__gte={}", quoted(&since.to_string()))),
        // Argus would trim the number, and ignore an empty filter.
        ListQuery::Number(number) if number.trim() != number || number.is_empty() => {
            let why = "not sent: this is no number of an incident".to_owned();
            Err(ArgusError::Request { status: 400, why })
        }
        ListQuery::Number(number) => Ok(format!("source_incident_id={}", quoted(number))),
        // The same key twice means one or the other, different keys mean both. A comma would end
        // the tag.
        ListQuery::OpenTagged(tags) if tags.is_empty() || tags.iter().any(|tag| tag.contains(',')) => {
            let why = "not sent: Argus cannot be asked for these tags".to_owned();
            Err(ArgusError::Request { status: 400, why })
        }
        ListQuery::OpenTagged(tags) => Ok(format!("open=true&tags={}", quoted(&tags.join(",")))),
    }
}

/// Whether an incident has, of each key, one of these tags.
pub(super) fn has_tags(incident: &Incident, wanted: &[String]) -> bool {
    let key = |tag: &str| tag.split_once('=').map_or_else(|| tag.to_owned(), |(key, _)| key.to_owned());
    let has = |wanted: &str| incident.tags.iter().any(|tag| tag.text == wanted);
    wanted.iter().all(|one| wanted.iter().any(|other| key(other) == key(one) && has(other)))
}

/// The error that an answer stands for, unless its status is a success.
pub(super) fn judge(answer: Answer) -> Result<Answer, ArgusError> {
    let why = || advice::of_status(&answer);
    match answer.status {
        200..=299 => Ok(answer),
        300..=399 => Err(ArgusError::Busy(advice::of_redirect(&answer))),
        401 if is_argus_error(&answer.body) => Err(ArgusError::Unauthorized(summary(&answer.body))),
        // Argus did not see the request.
        401 => Err(ArgusError::Busy(format!("{}, not from Argus: something before it wants a password", why()))),
        // The answer of a proxy in front of an Argus that is being restarted, or of an address that
        // is not the API's.
        404 if !is_argus_error(&answer.body) => Err(ArgusError::Busy(why())),
        // Argus answers every request so for a version of its API that it no longer has.
        410 | 429 => Err(ArgusError::Busy(why())),
        // The server, or a proxy in front of it, stopped waiting.
        408 => Err(ArgusError::Unknown { why: why(), status: Some(408) }),
        status @ 400..=499 => Err(ArgusError::Request { status, why: advice::of_refusal(&answer) }),
        status => Err(ArgusError::Unknown { why: why(), status: Some(status) }),
    }
}

/// What an answer says; `None` if Argus itself says that there is no such thing.
fn if_there<T>(answer: Answer, read: fn(&[u8]) -> Result<T, String>) -> Result<Option<T>, ArgusError> {
    if answer.status == 404 && is_argus_error(&answer.body) {
        return Ok(None);
    }
    understood(judge(answer)?, read).map(Some)
}

/// Whether Argus itself says so: its API answers 401, and 404 about one incident or cursor, with
/// JSON that has a `detail`.
fn is_argus_error(body: &[u8]) -> bool {
    json(body).is_some_and(|value| value.get("detail").is_some_and(serde_json::Value::is_string))
}

fn understood<T>(answer: Answer, read: fn(&[u8]) -> Result<T, String>) -> Result<T, ArgusError> {
    let status = Some(answer.status);
    if !looks_like_json(&answer.body) {
        return Err(ArgusError::Unknown { why: advice::of_other_content(&answer), status });
    }
    read(&answer.body).map_err(|why| ArgusError::Unknown { why: format!("the answer makes no sense: {why}"), status })
}

/// Whether a body at least begins as Argus' answers do; parsing it is then worth its own message.
fn looks_like_json(body: &[u8]) -> bool {
    body.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['))
}
