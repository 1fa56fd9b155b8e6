//! A road with a length: passes bytes on, both ways, each a fixed time after it came. Never loses or changes any.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Gives the port of a road to that address, where everything takes so long each way.
pub fn to(host: &str, port: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, target) = (listener.local_addr().unwrap().port(), (host.to_owned(), port));
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = TcpStream::connect(&target).unwrap();
            one_way(near.try_clone().unwrap(), far.try_clone().unwrap(), delay);
            one_way(far, near, delay);
        }
    });
    own
}

fn one_way(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, on_the_road) = mpsc::channel::<(Instant, Vec<u8>)>();
    to.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        for (at, bytes) in on_the_road {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
