//! The built program, its configuration, its log, and the socket that it tells its state to. Never decides what is right.

use crate::fake_argus::FakeArgus;
use crate::fake_zino::{FakeZino, SECRET, USER};
use crate::little_argus::LittleArgus;
use std::fmt::Debug;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub const TOKEN: &str = "0123456789abcdef";

/// Polls until there is something, for half a minute at most.
pub fn eventually<T, S: Debug>(what: &str, seen: impl Fn() -> S, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}; seen: {:#?}", seen());
        thread::sleep(Duration::from_millis(10));
    }
}

fn fresh_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("zinoargus-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst))
}

/// What plays the service manager: a datagram socket that remembers everything.
pub struct Manager {
    /// As it stands in `NOTIFY_SOCKET`.
    pub name: String,
    told: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    /// Listens on an abstract socket.
    pub fn new() -> Self {
        let name = fresh_name();
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Self::listen(format!("@{name}"), socket)
    }

    /// Listens on a socket in the file system.
    pub fn on_a_path() -> Self {
        // A temporary folder, because such a path is at most 107 bytes long.
        let path = std::env::temp_dir().join(fresh_name());
        let socket = UnixDatagram::bind(&path).unwrap();
        Self::listen(path.to_str().unwrap().to_owned(), socket)
    }

    fn listen(name: String, socket: UnixDatagram) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length) = socket.recv(&mut buffer) {
                assert!(length <= 4096, "systemd takes no more");
                heard.lock().unwrap().push(String::from_utf8(buffer[..length].to_vec()).unwrap());
            }
        });
        Self { name, told }
    }

    pub fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// How many of the messages begin so.
    pub fn count(&self, start: &str) -> usize {
        self.told().iter().filter(|message| message.starts_with(start)).count()
    }

    pub fn wait_for(&self, start: &str, times: usize) {
        eventually(&format!("{start} {times} times"), || self.told(), || (self.count(start) >= times).then_some(()));
    }

    /// Waits for a status line with these words, and gives it.
    pub fn wait_for_status(&self, words: &str) -> String {
        let found = || self.told().into_iter().rev().find(|m| m.starts_with("STATUS=") && m.contains(words));
        eventually(&format!("a status with {words}"), || self.told(), found)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if self.name.starts_with('/') {
            let _ = std::fs::remove_file(&self.name);
        }
    }
}

/// A configuration between these two servers, changed by replacing pieces of it.
pub fn config(zino: &FakeZino, argus: &LittleArgus) -> String {
    config_of(zino, &argus.fake)
}

/// The same for an Argus of a test's own.
pub fn config_of(zino: &FakeZino, argus: &FakeArgus) -> String {
    let url = argus.url();
    let (port, notify_port) = (zino.login.port, zino.login.notify_port);
    format!(
        "[argus]\nurl = \"{url}\"\ntoken = \"{TOKEN}\"\ntimeout = 20\nconnections = 2\n\
         [zino]\nserver = \"127.0.0.1\"\nport = {port}\nnotify_port = {notify_port}\nuser = \"{USER}\"\n\
         secret = \"{SECRET}\"\n[sync]\nrefresh_interval = 1\nseverity.default = 3\n"
    )
}

/// A case opens in Zino, which notifies everybody.
pub fn new_case(zino: &FakeZino, id: u64) {
    zino.add_port_case(id);
    zino.notify(format!("{id} state embryonic\r\n"));
}

/// Waits for the incident of this case.
pub fn incident(argus: &LittleArgus, number: u64) -> serde_json::Value {
    eventually(&format!("incident {number}"), || argus.fake.seen().last().cloned(), || argus.incident(number))
}

/// What the kernel says of a process' memory under this name, in KiB.
pub fn memory(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A new folder with this configuration.
fn folder_with(config: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(fresh_name());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("zinoargus.toml"), config).unwrap();
    folder
}

/// Runs the program to its end; gives everything that it says.
pub fn run(config: &str, arguments: &[&str]) -> String {
    let folder = folder_with(config);
    let mut command = Command::new(env!("CARGO_BIN_EXE_zinoargus"));
    let output = command.args(arguments).current_dir(&folder).env_remove("JOURNAL_STREAM").output().unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

/// The running program; it ends when this is dropped.
pub struct Program {
    child: Child,
    folder: PathBuf,
    pub manager: Manager,
}

impl Program {
    /// Starts it with `-v` and a log in a file; `environment` besides `NOTIFY_SOCKET`.
    pub fn start(config: &str, manager: Manager, environment: &[(&str, &str)]) -> Self {
        Self::start_with(config, manager, environment, "-v")
    }

    /// Starts it with this verbosity and a log in a file.
    pub fn start_with(config: &str, manager: Manager, environment: &[(&str, &str)], verbosity: &str) -> Self {
        Self::launch(config, &[verbosity], manager, environment, |folder| {
            std::fs::File::create(folder.join("log")).unwrap().into()
        })
    }

    /// Starts it with these arguments and this standard error.
    pub fn logging_to(log: impl Into<Stdio>, config: &str, arguments: &[&str]) -> Self {
        Self::logging_in(log, config, arguments, &[])
    }

    /// The same with this environment besides `NOTIFY_SOCKET`.
    pub fn logging_in(log: impl Into<Stdio>, config: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::launch(config, arguments, Manager::new(), environment, |_| log.into())
    }

    fn launch(
        config: &str,
        arguments: &[&str],
        manager: Manager,
        environment: &[(&str, &str)],
        log: impl FnOnce(&Path) -> Stdio,
    ) -> Self {
        let folder = folder_with(config);
        let log = log(&folder);
        let child = Command::new(env!("CARGO_BIN_EXE_zinoargus"))
            .args(arguments)
            .current_dir(&folder)
            .env_remove("JOURNAL_STREAM")
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID")
            .env("NOTIFY_SOCKET", &manager.name)
            .envs(environment.iter().copied())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, folder, manager }
    }

    /// Starts it, and waits until it is ready.
    pub fn ready(config: &str) -> Self {
        let program = Self::start(config, Manager::new(), &[]);
        program.manager.wait_for("READY=1", 1);
        program
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    pub fn wait_for_log(&self, words: &str) {
        eventually(words, || self.log(), || self.log().contains(words).then_some(()));
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.join(file), text).unwrap();
    }

    /// A named pipe in place of a file, and who could write to it and does not.
    pub fn put_a_pipe(&self, file: &str) -> std::fs::File {
        let file = self.folder.join(file);
        std::fs::remove_file(&file).unwrap();
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        std::fs::File::options().read(true).write(true).open(&file).unwrap()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Puts a configuration in place, sends SIGHUP, and waits until the program says that it is done.
    pub fn reload(&self, config: &str) {
        self.write("zinoargus.toml", config);
        let ready = self.manager.count("READY=1");
        self.signal("HUP");
        self.manager.wait_for("READY=1", ready + 1);
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end; gives the exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let mut status = None;
        eventually(
            "the end",
            || self.folder.clone(),
            || {
                status = self.child.try_wait().unwrap();
                status.map(drop)
            },
        );
        status.unwrap().code()
    }

    /// The most memory that it ever had, in KiB.
    pub fn most_memory(&self) -> u64 {
        memory(self.child.id(), "VmHWM:")
    }

    /// What the kernel says of the process, in one line.
    pub fn stat(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap()
    }

    /// Another run with the same configuration, not yet started.
    pub fn again(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zinoargus"));
        command.args(arguments).current_dir(&self.folder).env_remove("JOURNAL_STREAM");
        command
    }

    /// Waits until so many threads have a name that begins so; each names itself when it starts to run.
    pub fn wait_for_threads(&self, name: &str, count: usize) {
        let look = || (self.threads(name) == count).then_some(());
        eventually(&format!("{count} threads {name}"), || self.threads(name), look);
    }

    fn threads(&self, name: &str) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|found| found.starts_with(name)).count()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
