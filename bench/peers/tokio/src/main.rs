// SPDX-License-Identifier: MIT
//
// usage: tokio METRIC NUMBERS...
//
// The peers' benchmarks on tokio's current-thread runtime. ../../README.md says what each metric
// is.
mod report;

use report::{require, Usage};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{yield_now, JoinHandle};
use tokio::time::{sleep, sleep_until, Instant};

const MESSAGE: [u8; 64] = [b'x'; 64];
const HOUR: Duration = Duration::from_secs(3600);

type Report = Vec<(&'static str, f64)>;

async fn join_all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("a task has failed"));
    }
    results
}

async fn sleepers(process: Usage, count: usize, span: Duration) -> Report {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    let sleeper = move || async move {
        BEGUN.fetch_add(1, Relaxed);
        sleep(span).await;
        let all_slept = BEGUN.load(Relaxed) == count;
        require(all_slept, "not all tasks slept at once: let them sleep longer");
    };
    join_all((0..count).map(|_| tokio::spawn(sleeper())).collect()).await;
    process.report(count)
}

async fn sleepers_spread(process: Usage, count: usize, span: Duration) -> Report {
    // The first deadline is one span from now, so that spawning is not counted as lateness.
    let start = Instant::now() + span;
    let mut deadlines: Vec<Instant> =
        (0..count).map(|i| start + span.mul_f64(i as f64 / count as f64)).collect();
    report::shuffle(&mut deadlines);
    let tasks = deadlines.into_iter().map(|deadline| {
        tokio::spawn(async move {
            sleep_until(deadline).await;
            deadline.elapsed().as_secs_f32() * 1e3
        })
    });
    let mut lateness = join_all(tasks.collect()).await;
    lateness.sort_by(f32::total_cmp);
    let mut report = process.report(count);
    report.push(("lateness_p50_ms", lateness[count / 2].into()));
    report.push(("lateness_p99_ms", lateness[count - 1 - count / 100].into()));
    report.push(("lateness_max_ms", lateness[count - 1].into()));
    report
}

async fn spawn_join(tasks: usize, batch: usize) -> Report {
    static RAN: AtomicUsize = AtomicUsize::new(0);
    async fn work(tasks: usize, batch: usize) {
        let trivial = || async {
            RAN.fetch_add(1, Relaxed);
        };
        for done in (0..tasks).step_by(batch) {
            let some = batch.min(tasks - done);
            join_all((0..some).map(|_| tokio::spawn(trivial())).collect()).await;
        }
    }
    work(tasks / 10, batch).await;
    RAN.store(0, Relaxed);
    let usage = Usage::now();
    work(tasks, batch).await;
    require(RAN.load(Relaxed) == tasks, "a task is missing");
    usage.report(tasks)
}

async fn yield_(tasks: usize, rounds: usize) -> Report {
    async fn work(tasks: usize, rounds: usize) {
        let turns = move || async move {
            for _ in 0..rounds {
                yield_now().await;
            }
        };
        join_all((0..tasks).map(|_| tokio::spawn(turns())).collect()).await;
    }
    work(tasks, rounds / 10).await;
    let usage = Usage::now();
    work(tasks, rounds).await;
    usage.report(tasks * rounds)
}

// An async fn that is awaited in place becomes a part of its caller, and nothing is left to
// measure. The boxed form is what recursion and trait objects need: a frame of its own.
#[inline(never)]
fn child(value: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move { value })
}

async fn await_(calls: usize) -> Report {
    async fn work(calls: usize) -> usize {
        let mut total = 0;
        for i in 0..calls {
            total += child(i & 1).await;
        }
        total
    }
    work(calls / 10).await;
    let usage = Usage::now();
    let total = work(calls).await;
    let report = usage.report(calls);
    require(total == calls / 2, "a call is missing");
    report
}

async fn semaphore(tasks: usize, permits: usize) -> Report {
    static DONE: AtomicUsize = AtomicUsize::new(0);
    async fn work(semaphore: &Arc<Semaphore>, tasks: usize) {
        let hold_one = |semaphore: Arc<Semaphore>| async move {
            let _permit = semaphore.acquire().await;
            yield_now().await;
            DONE.fetch_add(1, Relaxed);
        };
        join_all((0..tasks).map(|_| tokio::spawn(hold_one(semaphore.clone()))).collect()).await;
    }
    let semaphore = Arc::new(Semaphore::new(permits));
    work(&semaphore, tasks).await;
    DONE.store(0, Relaxed);
    let usage = Usage::now();
    work(&semaphore, tasks).await;
    let report = usage.report(tasks);
    require(DONE.load(Relaxed) == tasks, "a task is missing");
    require(semaphore.available_permits() == permits, "a permit is missing");
    report
}

/// `waiting` is how many of them have begun to wait.
async fn cancel_all(tasks: Vec<JoinHandle<()>>, waiting: &AtomicUsize) -> Report {
    while waiting.load(Relaxed) < tasks.len() {
        yield_now().await;
    }
    let count = tasks.len();
    let usage = Usage::now();
    for task in &tasks {
        task.abort();
    }
    let mut gone = 0;
    for task in tasks {
        gone += task.await.is_err() as usize;
    }
    let report = usage.report(count);
    require(gone == count, "a task was not cancelled");
    report
}

async fn cancel(count: usize) -> Report {
    static ASLEEP: AtomicUsize = AtomicUsize::new(0);
    async fn work(count: usize) -> Report {
        ASLEEP.store(0, Relaxed);
        let sleeper = || async {
            ASLEEP.fetch_add(1, Relaxed);
            sleep(HOUR).await;
        };
        cancel_all((0..count).map(|_| tokio::spawn(sleeper())).collect(), &ASLEEP).await
    }
    work(count / 10).await;
    work(count).await
}

async fn answer(mut stream: TcpStream) {
    let mut message = MESSAGE;
    while stream.read_exact(&mut message).await.is_ok() {
        stream.write_all(&message).await.expect("write");
    }
}

async fn ask(mut stream: TcpStream, rounds: usize) -> TcpStream {
    let mut message = MESSAGE;
    for _ in 0..rounds {
        stream.write_all(&MESSAGE).await.expect("write");
        stream.read_exact(&mut message).await.expect("read");
    }
    stream
}

async fn pingpong(connections: usize, rounds: usize) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.expect("connect");
        let (other, _) = listener.accept().await.expect("accept");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        other.set_nodelay(true).expect("TCP_NODELAY");
        tokio::spawn(answer(other));
        streams.push(stream);
    }
    let play = |streams: Vec<TcpStream>, rounds| {
        join_all(streams.into_iter().map(|stream| tokio::spawn(ask(stream, rounds))).collect())
    };
    let streams = play(streams, (rounds / 10).max(1)).await;
    let usage = Usage::now();
    let streams = play(streams, rounds).await;
    usage.report(streams.len() * rounds)
}

async fn cancel_io(count: usize) -> Report {
    static WAITING: AtomicUsize = AtomicUsize::new(0);
    async fn work(count: usize) -> Report {
        WAITING.store(0, Relaxed);
        // The other halves outlive the tasks, so that closing the sockets is not measured.
        let mut kept = Vec::new();
        let mut tasks = Vec::new();
        for _ in 0..count {
            let (near, far) = UnixStream::pair().expect("pair");
            let (mut reader, writer) = near.into_split();
            kept.push((writer, far));
            tasks.push(tokio::spawn(async move {
                WAITING.fetch_add(1, Relaxed);
                let mut message = MESSAGE;
                reader.read_exact(&mut message).await.expect("read");
            }));
        }
        cancel_all(tasks, &WAITING).await
    }
    work(count).await;
    work(count).await
}

fn main() {
    let process = Usage::of_process();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let metric = words.first().cloned().unwrap_or_default();
    if metric == "--version" {
        return println!("{}, {}", env!("PEER_CRATE"), env!("PEER_RUSTC"));
    }
    let number = move |at: usize| -> usize {
        let word = words.get(at + 1).map(|word| word.parse());
        word.and_then(Result::ok).unwrap_or_else(|| report::fail(1, "a number is missing"))
    };
    report::raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // As a task: waking what block_on itself runs costs a system call each time.
    let work = async move {
        let span = |at: usize| Duration::from_millis(number(at) as u64);
        match metric.as_str() {
            "sleepers" => sleepers(process, number(0), span(1)).await,
            "sleepers_spread" => sleepers_spread(process, number(0), span(1)).await,
            "spawn_join" => spawn_join(number(0), number(1)).await,
            "yield" => yield_(number(0), number(1)).await,
            "await" => await_(number(0)).await,
            "semaphore" => semaphore(number(0), number(1)).await,
            "cancel" => cancel(number(0)).await,
            "pingpong" => pingpong(number(0), number(1)).await,
            "cancel_io" => cancel_io(number(0)).await,
            _ => report::fail(3, &format!("has no metric {metric}")),
        }
    };
    let report = runtime.expect("runtime").block_on(async { tokio::spawn(work).await });
    report::print(report.expect("the work has failed"));
}
