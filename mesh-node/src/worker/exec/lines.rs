//! A process that lives on and speaks JSON lines (see `speech`): started when it is first needed, started again when it
//! dies, ended when it hangs, floods or writes nothing but garbage.

use super::super::backoff::Backoff;
use super::super::host::Counts;
use super::super::job::{ended, in_words};
use super::super::spec::{Exec, SpecError};
use super::super::{Asked, Contract, Doing, End, Job, Prepared, Worker};
use super::group::Group;
use super::output::{LineReader, RESULT_MAX, keep_tail, words};
use super::speech::{Said, Told, read};
use super::{Program, ended_as};
use mesh_core::message::ConflictKind;
use mesh_core::operation::resource::Resource;
use mesh_core::place::AgentId;
use mesh_core::text::Foreign;
use mesh_core::time::Micros;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Bytes of one line at most: a result, with what JSON makes of it at worst.
const LINE_MAX: usize = 2 * RESULT_MAX + 4_096;
/// Lines of garbage in a row after which a process is taken for broken.
const GARBAGE_MAX: u32 = 100;
/// Lines without an end of anything after which it is taken for broken.
const CHATTER_MAX: u32 = 10_000;
/// Lines that wait to be read by the process at most.
const UNREAD_MAX: usize = 64;
/// Waits between two starts.
const START_AGAIN: (Micros, Micros) = (Micros::millis(250), Micros::seconds(30));
/// A process that lived that long, or did something, was no failed start.
const LIVED: Duration = Duration::from_secs(10);

/// A worker that lives on.
#[derive(Debug)]
pub(in super::super) struct Lines {
    contract: Contract,
    to: Mutex<Option<mpsc::Sender<Command>>>,
    nurse: Arc<Nurse>,
}

/// Whoever looks after the process.
#[derive(Debug)]
struct Nurse {
    program: Program,
    agent: AgentId,
    counts: Arc<Counts>,
    grace: Duration,
}

#[derive(Debug)]
enum Command {
    /// Something new is wanted of the process; what it says of it comes back.
    Open(String, Vec<u8>, mpsc::Sender<News>),
    /// More about what is open.
    Line(Vec<u8>),
    /// It is wanted no more.
    Close(String),
    /// It does not come to an end: the process hangs.
    Hangs(String),
    /// All is stopped where it is, or goes on.
    Pause(bool, oneshot::Sender<()>),
    /// Nothing more will come.
    Quit(oneshot::Sender<()>),
}

/// What comes back.
#[derive(Debug)]
enum News {
    Said(Said),
    /// The process is not there.
    Held(String),
    /// The process died.
    Died,
}

type Open = BTreeMap<String, (Vec<u8>, mpsc::Sender<News>)>;

/// How a life ended.
enum Life {
    Quit(Option<oneshot::Sender<()>>),
    Died { why: String, useful: bool },
}

impl Lines {
    pub(in super::super) fn new(
        spec: &Exec,
        agent: AgentId,
        contract: Contract,
        counts: Arc<Counts>,
    ) -> Result<Self, SpecError> {
        let nurse = Nurse {
            program: Program::new(spec, contract.memory)?,
            agent,
            counts,
            grace: contract.grace,
        };
        Ok(Self {
            contract,
            to: Mutex::default(),
            nurse: Arc::new(nurse),
        })
    }

    /// Whoever looks after the process, called when it is first needed.
    fn nurse(&self) -> mpsc::Sender<Command> {
        let mut to = self
            .to
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = to.as_ref().filter(|to| !to.is_closed()).cloned();
        known.unwrap_or_else(|| {
            let (new, commands) = mpsc::channel(UNREAD_MAX);
            tokio::spawn(Arc::clone(&self.nurse).look_after(commands));
            *to = Some(new.clone());
            new
        })
    }

    async fn run(&self, job: &Job) -> Result<String, End> {
        let nurse = self.nurse();
        let line = Told::Task {
            id: &job.id,
            name: job.name.raw(),
            input: &job.input,
            requires: job.requires.as_deref(),
            within_ms: job.within.as_millis() as u64,
        };
        let (to, mut news) = mpsc::channel(16);
        let open = Command::Open(job.id.clone(), line.line(), to);
        let gone = |_| End::Interrupted;
        nurse.send(open).await.map_err(gone)?;
        let (mut paused, mut held) = (false, false);
        let over = job.over();
        tokio::pin!(over);
        let over = loop {
            tokio::select! {
                heard = news.recv() => match heard {
                    None | Some(News::Died) => return Err(End::Interrupted),
                    Some(News::Held(why)) => {
                        held = true;
                        job.waits(Resource::Other, why);
                    }
                    Some(News::Said(said)) => {
                        if std::mem::take(&mut held) {
                            job.goes_on();
                        }
                        match said {
                            Said::Done(result) => return Ok(result),
                            Said::Failed(why) => return Err(End::failed(why)),
                            Said::Waits(resource, detail) => job.waits(resource, detail),
                            Said::GoesOn => job.goes_on(),
                            Said::Ready(_) | Said::Conflict(_) => {
                                let _ = nurse.send(Command::Close(job.id.clone())).await;
                                return Err(End::failed("it answered a task as if it were a throw"));
                            }
                        }
                    }
                },
                over = &mut over => break over,
                is = job.turned(paused) => {
                    paused = is;
                    let (done, stopped) = oneshot::channel();
                    nurse.send(Command::Pause(is, done)).await.map_err(gone)?;
                    // A process that is not there has stopped.
                    let _ = stopped.await;
                    job.paused(is);
                }
            }
        };
        // It is told, and has its grace to say so; then the process is taken for one that hangs.
        let _ = nurse.send(Command::Line(Told::Stop(&job.id).line())).await;
        let answers = tokio::time::timeout(self.contract.grace, async {
            while let Some(News::Said(said)) = news.recv().await {
                if said.is_end() {
                    return true;
                }
            }
            false
        });
        let last = if answers.await == Ok(true) {
            Command::Close(job.id.clone())
        } else {
            Command::Hangs(job.id.clone())
        };
        let _ = nurse.send(last).await;
        Err(ended(over, job.within, &self.nurse.program.name()))
    }

    /// One question about a throw, and its answer.
    async fn ask(&self, id: &str, line: Vec<u8>) -> Option<Said> {
        let nurse = self.nurse();
        let (to, mut news) = mpsc::channel(4);
        nurse
            .send(Command::Open(id.to_owned(), line, to))
            .await
            .ok()?;
        while let Some(heard) = news.recv().await {
            match heard {
                News::Said(said) if said.is_end() => return Some(said),
                News::Said(_) | News::Held(_) => {}
                News::Died => return None,
            }
        }
        None
    }
}

impl Worker for Lines {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(async move {
            let header = &asked.header;
            let id = header.id.to_string();
            let payload = String::from_utf8_lossy(&header.payload);
            let told = Told::Prepare {
                id: &id,
                verb: header.verb.word(),
                payload: &payload,
                within_ms: (header.ttl.0.max(0) / 1_000) as u64,
            };
            match self.ask(&id, told.line()).await {
                Some(Said::Ready(Some(answer))) => Prepared::Answered(answer),
                Some(Said::Ready(None) | Said::Done(_)) => Prepared::Ready,
                Some(Said::Conflict(kind)) => Prepared::Conflict(kind),
                Some(Said::Failed(_) | Said::Waits(..) | Said::GoesOn) | None => {
                    Prepared::Conflict(ConflictKind::CapabilityMismatch)
                }
            }
        })
    }

    fn act<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async move {
            let id = asked.header.id.to_string();
            match self.ask(&id, Told::Act(&id).line()).await {
                Some(Said::Failed(why)) => Err(End::failed(why)),
                Some(_) => Ok(()),
                None => Err(End::Interrupted),
            }
        })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(self.run(job))
    }

    fn stop(&self) -> Doing<'_, ()> {
        let to = self
            .to
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        Box::pin(async move {
            let Some(to) = to else { return };
            let (done, ended) = oneshot::channel();
            if to.send(Command::Quit(done)).await.is_ok() {
                let _ = ended.await;
            }
        })
    }
}

impl Nurse {
    /// The process from its first start to its last end. It is there only while something is open or it is well.
    async fn look_after(self: Arc<Self>, mut commands: mpsc::Receiver<Command>) {
        let mut open = Open::new();
        let mut backoff = Backoff::new(START_AGAIN.0, START_AGAIN.1);
        let mut last = String::new();
        loop {
            while open.is_empty() {
                let Some(command) = commands.recv().await else {
                    return;
                };
                if let Some(quit) = without_process(command, &mut open, &last) {
                    let _ = quit.send(());
                    return;
                }
            }
            if !last.is_empty() {
                self.counts.restarts.fetch_add(1, Ordering::Relaxed);
                let wait = backoff.next();
                let until = Instant::now() + wait;
                let said = format!("its worker, started again in {}; it {last}", in_words(wait));
                for (_, to) in open.values() {
                    let _ = to.try_send(News::Held(said.clone()));
                }
                loop {
                    let command = tokio::select! {
                        () = tokio::time::sleep_until(until) => break,
                        command = commands.recv() => command,
                    };
                    let Some(command) = command else { return };
                    if let Some(quit) = without_process(command, &mut open, &said) {
                        let _ = quit.send(());
                        return;
                    }
                }
            }
            let born = Instant::now();
            match self.live(&mut commands, &mut open).await {
                Life::Quit(done) => {
                    if let Some(done) = done {
                        let _ = done.send(());
                    }
                    return;
                }
                Life::Died { why, useful } => {
                    tracing::warn!(agent = %self.agent, worker = self.program.name(),
                        why = %Foreign::new(why.as_str()), tries = backoff.tries(), "a worker died");
                    if useful || born.elapsed() >= LIVED {
                        backoff.reset();
                    }
                    last = why;
                }
            }
        }
    }

    /// One life of the process.
    async fn live(&self, commands: &mut mpsc::Receiver<Command>, open: &mut Open) -> Life {
        let died = |why: String| Life::Died { why, useful: false };
        let mut group = match self.program.start(self.agent, &[]) {
            Ok(group) => group,
            // What waits goes on waiting: nothing of it has been seen by anybody.
            Err(error) => return died(format!("could not be started: {error}")),
        };
        let Some((input, output, errors)) = group.streams() else {
            return died("has no streams".to_owned());
        };
        let (lines, unwritten) = mpsc::channel(UNREAD_MAX);
        let feeding = tokio::spawn(feed(input, unwritten));
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&tail);
        let listening = tokio::spawn(async move {
            let _ = keep_tail(errors, &kept, u64::MAX).await;
        });
        let (ended, useful) = self.talk(&mut group, output, &lines, commands, open).await;
        feeding.abort();
        let status = group.end(self.grace).await;
        // Its last words are in the pipe; whoever else had the pipe is dead.
        let _ = tokio::time::timeout(Duration::from_millis(200), listening).await;
        let why = match ended {
            Ended::Quit(done) => return Life::Quit(done),
            Ended::Because(why) => why,
            Ended::Alone => status.map_or_else(|error| error.to_string(), ended_as),
        };
        for (_, to) in std::mem::take(open).into_values() {
            let _ = to.try_send(News::Died);
        }
        let said = words(&tail);
        let why = if said.is_empty() {
            why
        } else {
            format!("{why}: {said}")
        };
        Life::Died { why, useful }
    }

    /// Passes on what is said on both sides, until the process ends or has to.
    async fn talk(
        &self,
        group: &mut Group,
        output: tokio::process::ChildStdout,
        lines: &mpsc::Sender<Vec<u8>>,
        commands: &mut mpsc::Receiver<Command>,
        open: &mut Open,
    ) -> (Ended, bool) {
        let mut reader = LineReader::new(output, LINE_MAX);
        let (mut garbage, mut chatter, mut useful) = (0, 0, false);
        let hangs = || Ended::Because("did not read what it was told".to_owned());
        for (line, _) in open.values() {
            if lines.try_send(line.clone()).is_err() {
                return (hangs(), useful);
            }
        }
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None => return (Ended::Quit(None), useful),
                    Some(Command::Quit(done)) => return (Ended::Quit(Some(done)), useful),
                    Some(Command::Pause(is, done)) => {
                        group.pause(is);
                        let _ = done.send(());
                    }
                    Some(Command::Close(id)) => {
                        open.remove(&id);
                    }
                    Some(Command::Hangs(id)) if open.remove(&id).is_some() => {
                        return (Ended::Because("did not stop when it was told to".to_owned()), useful);
                    }
                    Some(Command::Hangs(_)) => {}
                    Some(Command::Open(id, line, to)) => {
                        open.insert(id, (line.clone(), to));
                        if lines.try_send(line).is_err() {
                            return (hangs(), useful);
                        }
                    }
                    Some(Command::Line(line)) => {
                        if lines.try_send(line).is_err() {
                            return (hangs(), useful);
                        }
                    }
                },
                line = reader.next() => {
                    let line = match line {
                        Ok(Some(line)) => line,
                        Ok(None) => return (Ended::Alone, useful),
                        Err(error) => return (Ended::Because(format!("wrote {error}")), useful),
                    };
                    chatter += 1;
                    let known = read(&line).filter(|(id, _)| open.contains_key(id));
                    if let Some((id, said)) = known {
                        garbage = 0;
                        if said.is_end() {
                            (chatter, useful) = (0, true);
                            if let Some((_, to)) = open.remove(&id) {
                                // Whoever waits takes it at once; there is room for the end of a full channel's news.
                                deliver_end(to, said);
                            }
                        } else if let Some((_, to)) = open.get(&id) {
                            // Of news that nobody has taken yet, more of it says nothing more.
                            let _ = to.try_send(News::Said(said));
                        }
                    } else {
                        garbage += 1;
                        self.counts.garbage.fetch_add(1, Ordering::Relaxed);
                    }
                    if garbage >= GARBAGE_MAX {
                        return (Ended::Because(format!("wrote {GARBAGE_MAX} lines of garbage")), useful);
                    }
                    if chatter >= CHATTER_MAX {
                        return (Ended::Because(format!("wrote {CHATTER_MAX} lines and ended nothing")), useful);
                    }
                }
            }
        }
    }
}

/// Why the talk ended.
enum Ended {
    Quit(Option<oneshot::Sender<()>>),
    /// It closed its output.
    Alone,
    /// It has to be ended.
    Because(String),
}

/// The last news of a piece of work always arrives.
fn deliver_end(to: mpsc::Sender<News>, said: Said) {
    if let Err(mpsc::error::TrySendError::Full(news)) = to.try_send(News::Said(said)) {
        tokio::spawn(async move {
            let _ = to.send(news).await;
        });
    }
}

/// A command while there is no process. Whoever wants all to end gets its answer from the caller.
fn without_process(command: Command, open: &mut Open, why: &str) -> Option<oneshot::Sender<()>> {
    match command {
        Command::Open(id, line, to) => {
            if !why.is_empty() {
                let _ = to.try_send(News::Held(why.to_owned()));
            }
            open.insert(id, (line, to));
        }
        Command::Close(id) | Command::Hangs(id) => {
            open.remove(&id);
        }
        Command::Line(_) => {}
        Command::Pause(_, done) => {
            let _ = done.send(());
        }
        Command::Quit(done) => return Some(done),
    }
    None
}

/// Writes lines for the process; when it no longer reads, the lines pile up to their bound and it is ended for that.
async fn feed(mut to: ChildStdin, mut lines: mpsc::Receiver<Vec<u8>>) {
    while let Some(line) = lines.recv().await {
        if to.write_all(&line).await.is_err() {
            return;
        }
    }
}
