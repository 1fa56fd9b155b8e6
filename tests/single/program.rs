//! One run of the built program with a configuration of its own, and servers that are silent. Never
//! decides what is right.

use crate::fake_zino::{FakeZino, SECRET, USER};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a machine under load.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    /// Standard output, then standard error.
    pub output: String,
    pub took: Duration,
}

impl Ended {
    /// The lines with these words.
    pub fn lines(&self, words: &str) -> Vec<&str> {
        self.output.lines().filter(|line| line.contains(words)).collect()
    }

    /// The one line with these words.
    pub fn line(&self, words: &str) -> &str {
        let lines = self.lines(words);
        assert_eq!(lines.len(), 1, "{words:?} in: {}", self.output);
        lines[0]
    }
}

/// A run under way; it is killed if nobody waits for it.
pub struct Run {
    child: Child,
    folder: PathBuf,
    began: Instant,
}

/// A folder of a run's own.
pub fn folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("single-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Starts the program with this configuration.
pub fn start(config: &str, arguments: &[&str]) -> Run {
    let folder = folder();
    let file = folder.join("zinoargus.toml");
    std::fs::write(&file, config).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    start_in(folder, arguments)
}

/// Starts the program in a folder that holds its configuration.
pub fn start_in(folder: PathBuf, arguments: &[&str]) -> Run {
    let file = |name: &str| Stdio::from(std::fs::File::create(folder.join(name)).unwrap());
    let child = Command::new(env!("CARGO_BIN_EXE_zinoargus"))
        .args(arguments)
        .current_dir(&folder)
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .unwrap();
    Run { child, folder, began: Instant::now() }
}

/// Runs the program to its end.
pub fn run(config: &str, arguments: &[&str]) -> Ended {
    start(config, arguments).wait()
}

impl Run {
    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let deadline = self.began + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(Instant::now() < deadline, "it does not end; so far: {}", self.output());
            thread::sleep(Duration::from_millis(5));
        };
        Ended { code, took: self.began.elapsed(), output: self.output() }
    }

    fn output(&self) -> String {
        ["out", "err"].iter().map(|name| std::fs::read_to_string(self.folder.join(name)).unwrap()).collect()
    }

    /// Waits until it has said these words.
    pub fn wait_for(&self, words: &str) {
        let deadline = self.began + PATIENCE;
        while !self.output().contains(words) {
            assert!(Instant::now() < deadline, "never said: {words}; said: {}", self.output());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits until it has this file open.
    pub fn wait_for_open(&self, file: &Path) {
        let deadline = self.began + PATIENCE;
        let descriptors = format!("/proc/{}/fd", self.child.id());
        let is_open = || {
            let links = std::fs::read_dir(&descriptors).into_iter().flatten().flatten();
            links.filter_map(|link| std::fs::read_link(link.path()).ok()).any(|target| target == file)
        };
        while !is_open() {
            assert!(Instant::now() < deadline, "it never opens {}", file.display());
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A server that takes connections and never says a word.
pub fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            held.push(thread::spawn(move || while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {}));
        }
    });
    address
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A configuration between a Zino and whatever is at this URL.
pub fn config(zino: &FakeZino, url: &str) -> String {
    config_at("127.0.0.1", zino.login.port, zino.login.notify_port, url)
}

/// A configuration with Zino at these ports.
pub fn config_at(server: &str, port: u16, notify_port: u16, url: &str) -> String {
    format!(
        "[argus]\nurl = \"{url}\"\ntoken = \"0123456789abcdef\"\n[zino]\nserver = \"{server}\"\nport = {port}\n\
         notify_port = {notify_port}\nuser = \"{USER}\"\nsecret = \"{SECRET}\"\n"
    )
}
