//! An HTTP proxy on loopback that leads to one server, whatever name it is asked for. Keeps the
//! beginning of every request.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The proxy; it takes connections as long as the test runs.
pub struct FakeProxy {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FakeProxy {
    /// One that leads to this server.
    pub fn to(server: SocketAddr) -> Self {
        Self::start(Some(server), "")
    }

    /// One that answers everything with these bytes.
    pub fn answering(answer: &str) -> Self {
        Self::start(None, answer)
    }

    /// None: nobody listens at its address.
    pub fn missing() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { address, heads: Arc::default() }
    }

    fn start(server: Option<SocketAddr>, answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&heads), answer.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (kept, answer) = (Arc::clone(&kept), answer.clone());
                std::thread::spawn(move || serve(client, server, &answer, &kept));
            }
        });
        Self { address, heads }
    }

    /// The first lines and headers of what it was asked, each without its body.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, server: Option<SocketAddr>, answer: &str, kept: &Mutex<Vec<String>>) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let mut buffer = [0; 4096];
        let n = client.read(&mut buffer).ok().filter(|&n| n > 0)?;
        bytes.extend_from_slice(buffer.get(..n)?);
    };
    let head = String::from_utf8(bytes.get(..end)?.to_vec()).ok()?;
    kept.lock().unwrap().push(head.clone());
    let Some(server) = server else {
        client.write_all(answer.as_bytes()).ok()?;
        return client.shutdown(Shutdown::Write).ok();
    };
    let mut target = TcpStream::connect(server).ok()?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    } else {
        target.write_all(&bytes).ok()?;
    }
    let (mut back, mut from) = (client.try_clone().ok()?, target.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut back).map(|_| back.shutdown(Shutdown::Both)));
    std::io::copy(&mut client, &mut target).ok()?;
    target.shutdown(Shutdown::Both).ok()
}
