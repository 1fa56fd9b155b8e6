use super::*;

#[test]
fn the_digest_is_zinos() {
    // From `printf 'abc s3 crét' | sha1sum`.
    let secret = Secret::new("s3 crét".to_owned());
    assert_eq!(digest("abc", &secret).reveal(), "47ff48cf6cd01536189e8eb8c49e11d201064c32");
}

/// A Zino that gives these answers, one for each command.
fn answering(answers: &'static [&'static str]) -> Login {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut commands = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"200 abc Hello\r\n").unwrap();
        for answer in answers {
            commands.next();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let secret = Secret::new("internal".to_owned());
    Login { server: "127.0.0.1".to_owned(), port, notify_port: port, user: "u".to_owned(), secret }
}

#[test]
fn a_secret_that_is_a_word_of_zinos_own_changes_no_decision() {
    let login = answering(&["200 ok\r\n", "500 internal error\r\n", "500 internal error\r\n"]);
    let unreadable = Session::connect(&login).unwrap().case(1, &|_| true);
    assert_eq!(unreadable, Err(ZinoError::Refused("(secret) error".to_owned())), "this case is not unknown");
    let broken = Session::connect(&answering(&["500 internal error\r\n"])).unwrap_err();
    assert_eq!(broken, ZinoError::Refused("(secret) error".to_owned()), "this is no refused login");
}
