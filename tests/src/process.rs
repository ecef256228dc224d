//! A child process: its output as it comes, signals, and what it used.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How a process ended and what it used.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// From start to end.
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// Most memory it held at once.
    pub peak_rss_bytes: u64,
}

/// A process that has ended, with its whole output.
#[derive(Debug)]
pub struct Ended {
    pub exit: Exit,
    pub stdout: String,
    pub stderr: String,
}

/// Signals that tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Kill,
    /// Stands still, with all it has, until it is to go on.
    Freeze,
    GoOn,
}

impl Signal {
    const fn number(self) -> i32 {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Kill => libc::SIGKILL,
            Self::Freeze => libc::SIGSTOP,
            Self::GoOn => libc::SIGCONT,
        }
    }
}

/// A running process. It is killed when dropped.
pub struct Running {
    what: String,
    child: Child,
    /// True once the process is gone, so that its id is never used again.
    reaped: Arc<Mutex<bool>>,
    lines: Receiver<String>,
    seen: Vec<String>,
    stdout: Option<JoinHandle<String>>,
    exits: Receiver<Exit>,
    exit: Option<Exit>,
}

impl Running {
    /// Starts `command`, its standard input closed, its output gathered.
    pub fn start(mut command: Command) -> Self {
        let what = format!("{command:?}");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
        let reaped = Arc::new(Mutex::new(false));
        let out = child.stdout.take().expect("standard output is piped");
        let err = child.stderr.take().expect("standard error is piped");
        let stdout = thread::spawn(move || text(out));
        let (line, lines) = channel();
        thread::spawn(move || {
            for bytes in BufReader::new(err).split(b'\n').map_while(Result::ok) {
                // Lines that nobody waits for any more may go.
                let _unheard = line.send(String::from_utf8_lossy(&bytes).into_owned()).is_err();
            }
        });
        let (exit, exits) = channel();
        let (id, gone) = (child.id(), Arc::clone(&reaped));
        thread::spawn(move || {
            let ended = usage::wait(id, &gone, started);
            let _unheard = exit.send(ended).is_err();
        });
        Self { what, child, reaped, lines, seen: Vec::new(), stdout: Some(stdout), exits, exit: None }
    }

    /// The first line of standard error, from where the last search ended,
    /// that `wanted` accepts. Fails where none comes before `limit` or the end.
    pub fn wait_for_line(&mut self, limit: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(reason) => {
                    panic!("{}: the awaited line did not come ({reason}); so far:\n{}", self.what, self.seen.join("\n"))
                }
            }
        }
    }

    /// Sends a signal, unless the process has ended already.
    pub fn signal(&self, signal: Signal) {
        let reaped = self.reaped.lock().expect("no thread failed");
        if !*reaped {
            usage::signal(self.child.id(), signal.number());
        }
    }

    /// Waits for the end, at most for `limit`.
    pub fn ended_within(&mut self, limit: Duration) -> Option<Exit> {
        if self.exit.is_none() {
            self.exit = match self.exits.recv_timeout(limit) {
                Ok(exit) => Some(exit),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => panic!("{}: the waiting thread failed", self.what),
            };
        }
        self.exit
    }

    /// The process after its end, which must come within `limit`.
    pub fn finish(mut self, limit: Duration) -> Ended {
        let Some(exit) = self.ended_within(limit) else {
            self.signal(Signal::Kill);
            self.seen.extend(self.lines.iter());
            panic!("{}: still running after {limit:?}; its log:\n{}", self.what, self.seen.join("\n"));
        };
        let stdout = self.stdout.take().expect("taken once").join().expect("the reading thread ends");
        self.seen.extend(self.lines.iter());
        Ended { exit, stdout, stderr: self.seen.join("\n") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
    }
}

/// Whichever of two processes ends first: 0 or 1. Fails after `limit`.
pub fn first_to_end(processes: &mut [Running; 2], limit: Duration) -> usize {
    const STEP: Duration = Duration::from_millis(20);
    let deadline = Instant::now() + limit;
    loop {
        for (which, process) in processes.iter_mut().enumerate() {
            if process.ended_within(STEP).is_some() {
                return which;
            }
        }
        assert!(Instant::now() < deadline, "neither process ended within {limit:?}");
    }
}

/// User and system time that this process has used so far.
pub fn own_cpu() -> Duration {
    usage::own_cpu()
}

fn text(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The system calls that `std` does not wrap.
mod usage {
    #![expect(
        unsafe_code,
        reason = "wait4 is the one way to learn what a single child used; std wraps neither it nor kill"
    )]

    use super::Exit;
    use std::mem::MaybeUninit;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    pub(super) fn signal(id: u32, number: i32) {
        // SAFETY: no memory is involved; the caller knows that the child has
        // not been reaped, so the id is its own.
        unsafe { libc::kill(process_id(id), number) };
    }

    pub(super) fn own_cpu() -> Duration {
        let mut used = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the out-pointer is a local, zeroed, of the type asked for.
        let used = unsafe {
            libc::getrusage(libc::RUSAGE_SELF, used.as_mut_ptr());
            used.assume_init()
        };
        duration(used.ru_utime) + duration(used.ru_stime)
    }

    fn process_id(id: u32) -> libc::pid_t {
        libc::pid_t::try_from(id).expect("process ids fit")
    }

    /// Waits for child `id`, reaps it and tells what it used. Sets `reaped`
    /// in the same breath, so that nobody signals a stranger of the same id.
    pub(super) fn wait(id: u32, reaped: &Mutex<bool>, started: Instant) -> Exit {
        let mut ended = MaybeUninit::<libc::siginfo_t>::zeroed();
        // SAFETY: the out-pointer is a local; WNOWAIT leaves the child to be reaped.
        unsafe { libc::waitid(libc::P_PID, id, ended.as_mut_ptr(), libc::WEXITED | libc::WNOWAIT) };
        let wall = started.elapsed();
        let mut gone = reaped.lock().expect("no thread failed");
        let (mut status, mut used) = (0, MaybeUninit::<libc::rusage>::zeroed());
        // SAFETY: both out-pointers are locals, zeroed, of the types asked for.
        let used = unsafe {
            libc::wait4(process_id(id), &raw mut status, 0, used.as_mut_ptr());
            used.assume_init()
        };
        *gone = true;
        Exit {
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            wall,
            cpu: duration(used.ru_utime) + duration(used.ru_stime),
            peak_rss_bytes: u64::try_from(used.ru_maxrss).expect("memory is not negative") * 1024,
        }
    }

    fn duration(time: libc::timeval) -> Duration {
        let part = |value: i64| u64::try_from(value).expect("time used is not negative");
        Duration::from_secs(part(time.tv_sec)) + Duration::from_micros(part(time.tv_usec))
    }
}
