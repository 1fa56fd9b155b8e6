//! Connections for the HTTP library, made by this program's own rules (`net`), and the two budgets
//! of a request: one until there is a connection, one from its first byte to the end of its answer.
//! Never knows what is sent.

use crate::net::dial::{DialError, dial};
use crate::progress;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Instant as UreqInstant;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

/// Resolves every name to an address that is never used: [`Dial`] looks the name up itself, in the
/// time for connecting.
#[derive(Debug)]
pub(super) struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &ureq::config::Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut none = self.empty();
        none.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(none)
    }
}

/// Connects to the host that a request names, or to a proxy instead.
#[derive(Debug)]
pub(super) struct Dial {
    /// The time from the first byte of a request to the last of its answer, unless the request has
    /// a longer one.
    pub request: Duration,
    /// The part of a request's whole time that is for connecting.
    pub to_connect: Duration,
    /// Where requests without TLS go.
    pub forwarder: Option<Forwarder>,
}

/// A proxy for requests without TLS: their first line holds the whole address (RFC 9112, section
/// 3.2.2).
#[derive(Debug)]
pub(super) struct Forwarder {
    /// Where it is.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is added to the first line: scheme, host and port of the server.
    pub origin: Arc<str>,
}

impl<In: Transport> Connector<In> for Dial {
    type Out = Either<In, Tcp>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        // The connection to a proxy exists already.
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        progress::beat();
        let spent = if let UreqInstant::Exact(began) = details.now { began.elapsed() } else { Duration::ZERO };
        let left = details.timeout.after.saturating_sub(spent);
        let to = self
            .forwarder
            .as_ref()
            .map(|proxy| (proxy.host.as_str(), proxy.port))
            .or_else(|| host_and_port(details.uri));
        let (host, port) = to.ok_or_else(|| Error::BadUri("it names no server".to_owned()))?;
        let stream = dial(host, port, left).map_err(|error| Error::Other(Box::new(error)))?;
        progress::beat();
        stream.set_nodelay(true)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let origin = self.forwarder.as_ref().map(|proxy| Arc::clone(&proxy.origin));
        Ok(Some(Either::B(Tcp {
            stream,
            buffers,
            request: self.request,
            to_connect: self.to_connect,
            limit: self.request,
            origin,
            began: None,
            answering: false,
        })))
    }
}

/// Why there is no connection, if that is what an error says.
pub(super) fn not_connected(error: &Error) -> Option<&DialError> {
    match error {
        Error::Other(cause) => cause.downcast_ref(),
        _ => None,
    }
}

fn host_and_port(uri: &Uri) -> Option<(&str, u16)> {
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some((uri.host()?, uri.port_u16().unwrap_or(default)))
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Tcp {
    stream: TcpStream,
    buffers: LazyBuffers,
    request: Duration,
    to_connect: Duration,
    /// How long the request under way may take.
    limit: Duration,
    /// What is added before the path of a request, for a proxy.
    origin: Option<Arc<str>>,
    /// When the request under way began.
    began: Option<Instant>,
    /// An answer was waited for, so the next byte that is sent begins another request.
    answering: bool,
}

impl Tcp {
    /// How long the next call may take, and what is over if it takes longer.
    fn left(&self, timeout: NextTimeout) -> Result<(Duration, Timeout), Error> {
        let spent = self.began.map_or(Duration::ZERO, |began| began.elapsed());
        let own = (self.limit.saturating_sub(spent), Timeout::PerCall);
        let given = (*timeout.after, timeout.reason);
        let (left, reason) = if given.0 < own.0 { given } else { own };
        if left.is_zero() { Err(Error::Timeout(reason)) } else { Ok((left, reason)) }
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let begins = self.answering || self.began.is_none();
        if begins {
            (self.began, self.answering) = (Some(Instant::now()), false);
            // The rest of the whole request's time, without the part for connecting.
            self.limit = self.request.max((*timeout.after).saturating_sub(self.to_connect));
            progress::beat();
        }
        let (left, reason) = self.left(timeout)?;
        self.stream.set_write_timeout(Some(left))?;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        let written = match self.origin.as_deref().filter(|_| begins).and_then(|origin| for_proxy(output, origin)) {
            Some(output) => self.stream.write_all(&output),
            None => self.stream.write_all(output),
        };
        written.map_err(|error| over(error, reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.answering = true;
        loop {
            let (left, reason) = self.left(timeout)?;
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(over(error, reason)),
            }
        }
    }

    /// Whether the server has neither closed the connection nor sent anything unasked.
    fn is_open(&mut self) -> bool {
        let silent = self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        silent && self.stream.set_nonblocking(false).is_ok()
    }
}

/// The beginning of a request, with the server's address before the path.
fn for_proxy(request: &[u8], origin: &str) -> Option<Vec<u8>> {
    let method = request.iter().position(|&byte| byte == b' ')? + 1;
    let (method, rest) = request.split_at_checked(method)?;
    Some([method, origin.as_bytes(), rest].concat())
}

/// A call that ended because its time was over.
fn over(error: std::io::Error, reason: Timeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(reason),
        _ => error.into(),
    }
}
