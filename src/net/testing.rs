//! Addresses that misbehave, for tests.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpListener};

/// An address that never answers: its queue of connections is full, so the system drops whatever
/// comes.
pub struct Silent {
    /// Where it is.
    pub address: SocketAddr,
    _listener: Socket,
    fillers: Vec<Socket>,
}

impl Silent {
    pub fn new() -> Self {
        Self::on_port(0)
    }

    /// On another address of this host than tests usually take.
    pub fn on_port(port: u16) -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 9], port)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut fillers = Vec::new();
        loop {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address.into());
            let wait = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            let connected = poll(&mut [PollFd::new(&filler, PollFlags::OUT)], Some(&wait)).unwrap() > 0;
            fillers.push(filler);
            if !connected {
                return Self { address, _listener: listener, fillers };
            }
        }
    }

    /// How many connections to it are being attempted now, as the system sees it.
    pub fn attempts_under_way(&self) -> usize {
        let port = format!(":{:04X}", self.address.port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let attempted = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields[2].starts_with("0900007F") && fields[2].ends_with(&port) && fields[3] == "02"
        };
        let filling = self.fillers.iter().filter(|filler| filler.peer_addr().is_err()).count();
        table.lines().skip(1).filter(attempted).count().saturating_sub(filling)
    }
}

/// An address where nobody listens.
pub fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
