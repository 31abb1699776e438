use super::super::tests::{Bench, done, id, order, place, thrown};
use super::super::{Journal, Spec};
use mesh_core::message::{TaskOrder, TaskSaid, Verb};
use mesh_core::role::{Work, WorkerEvent};
use mesh_core::time::{Micros, Moment};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A script in Python or a shell is a program like any other: it is what is run, and nothing is read by a shell of ours.
fn script(kind: &str, program: &str, text: &str, limits: &str) -> Spec {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    let spec = format!(
        "kind = '{kind}'\nprogram = '{program}'\nargs = ['-c', \"{escaped}\"]\n[limits]\n{limits}"
    );
    toml::from_str(&spec).expect("reads")
}

fn sh(text: &str) -> Spec {
    script("exec", "sh", text, "")
}

fn lines(text: &str, limits: &str) -> Spec {
    script("exec-lines", "sh", text, limits)
}

/// Speaks as it should: says of each task what its input was.
const POLITE: &str = r#"while read -r line; do
    id=$(printf %s "$line" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')
    [ -n "$id" ] && printf '{"id":"%s","done":"heard"}\n' "$id"
done"#;

fn alive(file: &PathBuf) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let number = text.trim();
    // A zombie has ended; only who reaps it is late.
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    !number.is_empty() && !stat.is_empty() && !stat.contains(") Z ")
}

async fn written(file: &PathBuf) {
    while !std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n')) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn dead(file: &PathBuf) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while alive(file) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it is dead");
}

#[tokio::test]
async fn a_command_gets_its_input_and_its_output_is_the_result() {
    let mut bench = Bench::new(&"exec:wc -c".parse().expect("a worker"));
    bench.task(TaskOrder {
        input: Arc::from("x".repeat(200_000)),
        ..order("t", "count")
    });
    assert_eq!(bench.end("t").await, done("200000"));
}

#[tokio::test]
async fn no_shell_reads_what_comes_from_outside_and_little_of_the_environment_goes_in() {
    let mut bench = Bench::new(&sh("cat; echo \"$MESH_TASK_NAME\"; env | wc -l"));
    let name = "$(touch /tmp/owned); `id` \u{1b}[2J";
    bench.task(order("t", name));
    let TaskSaid::Done(result) = bench.end("t").await else {
        panic!("it is done");
    };
    let lines: Vec<&str> = result.lines().collect();
    assert_eq!(
        lines[0],
        format!("{name}{name}"),
        "its words arrive as they are"
    );
    let variables: u32 = lines[1].trim().parse().expect("a number");
    assert!(variables <= 14, "{variables} variables");
}

#[tokio::test]
async fn a_command_that_fails_says_why_with_its_last_words() {
    let mut bench = Bench::new(&sh("echo something; echo no such model >&2; exit 3"));
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert_eq!(why, "sh: exit status 3: no such model");
    let mut bench = Bench::new(&sh("kill -SEGV $$"));
    bench.task(order("t", "x"));
    assert_eq!(bench.failure("t").await, "sh: ended by signal 11");
}

#[tokio::test]
async fn a_command_that_does_not_end_is_asked_to_and_then_killed_with_all_that_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, daemon) = (folder.path().join("child"), folder.path().join("daemon"));
    // One child in its group, one that left it, both deaf to SIGTERM.
    let text = format!(
        "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {child}; sleep 500' & \
         setsid sh -c 'trap \"\" TERM; echo $$ > {daemon}; sleep 500' & sleep 500",
        child = child.display(),
        daemon = daemon.display()
    );
    let mut bench = Bench::new(&sh(&text));
    bench.task(TaskOrder {
        left: Micros::seconds(1),
        ..order("t", "x")
    });
    written(&child).await;
    written(&daemon).await;
    assert!(alive(&child) && alive(&daemon));
    let why = bench.failure("t").await;
    assert!(why.contains("did not end within 1.0 s"), "{why}");
    dead(&child).await;
    dead(&daemon).await;
}

#[tokio::test]
async fn what_a_command_leaves_behind_is_ended_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let left = folder.path().join("left");
    let text = format!(
        "sh -c 'echo $$ > {file}; sleep 500' & while [ ! -s {file} ]; do :; done; echo ok",
        file = left.display()
    );
    let mut bench = Bench::new(&sh(&text));
    bench.task(order("t", "x"));
    assert_eq!(
        bench.end("t").await,
        done("ok"),
        "the pipe that is held open holds nothing up"
    );
    dead(&left).await;
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    for text in ["yes", "yes >&2"] {
        let mut bench = Bench::new(&sh(text));
        bench.task(order("t", "x"));
        let why = bench.failure("t").await;
        assert!(why.contains("wrote more than"), "{why}");
        assert!(why.len() <= mesh_core::text::Foreign::LEN_MAX);
    }
}

#[tokio::test]
async fn garbage_is_text_that_moves_no_cursor() {
    let mut bench = Bench::new(&sh(r"printf '\377\376\033[2J\000ok'"));
    bench.task(order("t", "x"));
    let TaskSaid::Done(result) = bench.end("t").await else {
        panic!("it is done");
    };
    let shown = mesh_core::text::Foreign::from(&*result).to_string();
    assert!(
        shown.chars().all(|c| !c.is_control()) && shown.ends_with("ok"),
        "{shown}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_bounded() {
    let hungry = "read x; v=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#v}";
    let mut bench = Bench::new(&script("exec", "sh", hungry, "memory_mib = 64"));
    bench.task(order("t", "x\n"));
    let why = bench.failure("t").await;
    assert!(why.starts_with("sh: "), "{why}");
}

#[tokio::test]
async fn a_freeze_stops_its_processes_where_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = folder.path().join("counter");
    let text = format!(
        "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo $i > {}; sleep 0.02; done; echo $i",
        counter.display()
    );
    let mut bench = Bench::new(&sh(&text));
    bench.task(order("t", "x"));
    written(&counter).await;
    bench.give(Work::Freeze);
    bench.still().await;
    let at = std::fs::read_to_string(&counter).expect("reads");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let later = std::fs::read_to_string(&counter).expect("reads");
    assert_eq!(at, later, "it has gone on");
    bench.give(Work::Thaw);
    assert_eq!(bench.end("t").await, done("40"));
}

#[tokio::test]
async fn a_command_acts_at_t_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acted");
    let mut bench = Bench::new(&sh(&format!("cat > {0}; echo >> {0}", file.display())));
    let header = thrown(Verb::Act, b"open the door");
    let operation = header.id;
    bench.give(Work::Prepare {
        header,
        target: Moment(0),
    });
    assert!(matches!(bench.next().await, WorkerEvent::Ready(id) if id == operation));
    assert!(!file.exists());
    bench.give(Work::Release {
        operation,
        target: Moment(0),
        bound: Micros::ZERO,
    });
    written(&file).await;
    assert_eq!(
        std::fs::read_to_string(&file).expect("reads"),
        "open the door\n"
    );
}

#[test]
fn a_program_that_is_not_there_is_refused_when_it_is_hired() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let host = super::super::Host::new(runtime.handle().clone(), Journal::volatile());
    let outlet = Arc::new(super::super::Outlet::new(|| {}));
    let spec = "exec:no-such-program-here".parse().expect("reads");
    let error = host
        .employ(place(), &spec, &outlet)
        .expect_err("is refused");
    assert!(
        error.to_string().contains("no-such-program-here"),
        "{error}"
    );
}

#[tokio::test]
async fn a_process_that_lives_on_does_task_after_task() {
    let mut bench = Bench::new(&lines(POLITE, ""));
    for number in 0..5 {
        let name = format!("t{number}");
        bench.task(order(&name, "x"));
        assert_eq!(bench.end(&name).await, done("heard"));
    }
    assert_eq!(bench.host.figures().restarts, 0, "one process did all");
    bench.host.stop().await;
}

#[tokio::test]
async fn one_that_dies_is_started_again_and_what_it_had_is_interrupted() {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("died");
    let text = format!(
        "if [ ! -e {0} ]; then read x; touch {0}; echo oh no >&2; exit 7; fi\n{POLITE}",
        marker.display()
    );
    let mut bench = Bench::new(&lines(&text, ""));
    bench.task(order("t1", "x"));
    assert_eq!(bench.end("t1").await, TaskSaid::Interrupted);
    bench.task(order("t2", "x"));
    let waits = bench
        .until("t2", |said| matches!(said, TaskSaid::Waits(..)))
        .await;
    let TaskSaid::Waits(_, detail) = waits else {
        unreachable!("it was looked for");
    };
    assert!(detail.raw().contains("exit status 7: oh no"), "{detail}");
    assert_eq!(bench.end("t2").await, done("heard"));
    let figures = bench.host.figures();
    assert_eq!((figures.restarts, figures.interrupted), (1, 1));
}

#[tokio::test]
async fn one_that_writes_garbage_floods_or_says_nothing_is_ended_and_counted() {
    for (text, why) in [
        ("read x; yes garbage", "garbage"),
        ("read x; tr '\\\\0' x < /dev/zero", "a line of more than"),
        (
            "read x; yes '{\"id\":\"t\",\"waits\":\"other\"}'",
            "ended nothing",
        ),
    ] {
        let mut bench = Bench::new(&lines(text, ""));
        bench.task(order("t", "x"));
        assert_eq!(bench.end("t").await, TaskSaid::Interrupted, "{why}");
        bench.task(order("t2", "x"));
        let waits = bench
            .until("t2", |said| matches!(said, TaskSaid::Waits(..)))
            .await;
        let TaskSaid::Waits(_, detail) = waits else {
            unreachable!("it was looked for");
        };
        assert!(detail.raw().contains(why), "{detail}");
        bench.give(Work::Drop(id("t2")));
        bench.host.stop().await;
    }
}

#[tokio::test]
async fn one_that_hangs_is_told_to_stop_and_then_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (number, heard) = (folder.path().join("number"), folder.path().join("heard"));
    let text = format!(
        "trap '' TERM; echo $$ > {}; while read -r line; do echo \"$line\" >> {}; done; sleep 500",
        number.display(),
        heard.display()
    );
    let mut bench = Bench::new(&lines(&text, "timeout_s = 1"));
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(why.contains("did not end within"), "{why}");
    let told = std::fs::read_to_string(&heard).expect("reads");
    assert!(told.ends_with("{\"stop\":\"t\"}\n"), "{told}");
    dead(&number).await;
}

#[tokio::test]
async fn a_thrown_question_is_answered_by_a_process_that_lives_on() {
    let text = r#"while read -r line; do case "$line" in
        *prepare*) printf '{"id":"%s","ready":true,"answer":2}\n' 00000000000000000000000007 ;;
    esac; done"#;
    let mut bench = Bench::new(&lines(text, ""));
    let header = thrown(Verb::Decide, b"a or b");
    assert_eq!(header.id.to_string(), "00000000000000000000000007");
    bench.give(Work::Prepare {
        header,
        target: Moment(0),
    });
    assert!(matches!(bench.next().await, WorkerEvent::Answered(_, 2)));
    bench.host.stop().await;
}
