//! Writes log lines to the terminal on standard error: simplelog's `TermLogger`, which colours the
//! level. Never called by the thread that logs: it waits for the terminal and holds a lock
//! meanwhile.

use log::{Level, LevelFilter, Log, Record};
use rustix::event::{PollFd, PollFlags, poll};
use simplelog::{Color, ColorChoice, ConfigBuilder, LevelPadding, TermLogger, TerminalMode};
use std::io::stderr;

/// The terminal on standard error.
pub struct Terminal {
    logger: Box<TermLogger>,
}

impl Terminal {
    /// A terminal that gets colours, or none.
    #[must_use]
    pub fn new(colours: bool) -> Self {
        let choice = if colours { ColorChoice::Always } else { ColorChoice::Never };
        let config = ConfigBuilder::new()
            // A line that waited for the terminal must not get the time of its writing. So the time
            // is a part of the message, and only the level is written here.
            .set_max_level(LevelFilter::Error)
            .set_level_padding(LevelPadding::Right)
            .set_level_color(Level::Info, Some(Color::Green))
            .set_time_level(LevelFilter::Off)
            .set_thread_level(LevelFilter::Off)
            .set_target_level(LevelFilter::Off)
            .set_location_level(LevelFilter::Off)
            .build();
        Self { logger: TermLogger::new(LevelFilter::Trace, config, TerminalMode::Stderr, choice) }
    }

    /// Writes one line, once the terminal takes something. A terminal that is gone takes nothing,
    /// and nobody is there to miss it.
    pub fn write(&self, level: Level, message: &str) {
        // Another program may have made the terminal non-blocking; `TermLogger` would drop the
        // line.
        let _ = poll(&mut [PollFd::new(&stderr(), PollFlags::OUT)], None);
        self.logger.log(&Record::builder().level(level).args(format_args!("{message}")).build());
    }
}
