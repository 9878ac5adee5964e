// SPDX-License-Identifier: MIT
//
// usage: hyper METRIC NUMBERS...
//
// The calls over HTTP, with hyper on tokio's current-thread runtime and with serde_json.
// ../../README.md says what each metric is.
#[allow(dead_code)] // some of it is tokio's alone
#[path = "../../tokio/src/report.rs"]
mod report;

use hyper::body::HttpBody;
use hyper::client::HttpConnector;
use hyper::{Body, Client, Request, Response, Uri};
use report::{require, Usage};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinHandle;

type Report = Vec<(&'static str, f64)>;

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct AnswerMessage {
    content: String,
}

#[derive(Deserialize)]
struct Choice {
    message: AnswerMessage,
}

#[derive(Deserialize)]
struct Answer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct ChunkChoice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Vec<ChunkChoice<'a>>,
}

const TOKENS: [&str; 8] = [" loops", " are", " alike", ";", " every", " unhappy", " loop", " is"];

struct Caller {
    client: Client<HttpConnector>,
    uri: Uri,
    asked: String,
    expected: String,
}

impl Caller {
    fn new(port: usize) -> Arc<Caller> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let uri = format!("http://127.0.0.1:{port}/v1/chat/completions");
        let happy = "All happy loops are alike; ".repeat(10);
        Arc::new(Caller {
            client: Client::builder().build(connector),
            uri: uri.parse().expect("a URI"),
            asked: happy[..131].to_string(),
            expected: happy[..249].to_string(),
        })
    }

    async fn read_stream(&self, chunks: usize) {
        let mut body = self.ask().await.into_body();
        let mut text = 0;
        let mut rest = Vec::new();
        while let Some(piece) = body.data().await {
            rest.extend_from_slice(&piece.expect("a piece of the body"));
            let mut begin = 0;
            while let Some(size) = memchr::memchr(b'\n', &rest[begin..]) {
                let line = &rest[begin..begin + size];
                begin += size + 1;
                let data = line.strip_prefix(b"data: ").unwrap_or(b"[DONE]");
                if data != b"[DONE]" {
                    let chunk: Chunk = serde_json::from_slice(data).expect("JSON");
                    text += chunk.choices[0].delta.content.len();
                }
            }
            rest.drain(..begin);
        }
        let expected: usize = (0..chunks).map(|at| TOKENS[at % TOKENS.len()].len()).sum();
        require(text == expected, "not the text that was expected");
    }

    async fn call(&self) {
        let response = self.ask().await;
        let status = response.status();
        let body = hyper::body::to_bytes(response.into_body()).await.expect("a body");
        let answer: Answer = serde_json::from_slice(&body).expect("JSON");
        let is_right = status == 200 && answer.choices[0].message.content == self.expected;
        require(is_right, "not the answer that was expected");
    }

    async fn ask(&self) -> Response<Body> {
        let messages = vec![Message { role: "user", content: &self.asked }];
        let question = serde_json::to_vec(&Question { model: "bench", messages });
        let request = Request::post(self.uri.clone())
            .header("content-type", "application/json")
            .body(Body::from(question.expect("JSON")));
        self.client.request(request.expect("a request")).await.expect("an answer")
    }
}

async fn join_all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("a task has failed");
    }
}

async fn call_at_once(caller: &Arc<Caller>, count: usize) {
    let one = |caller: Arc<Caller>| async move { caller.call().await };
    join_all((0..count).map(|_| tokio::spawn(one(caller.clone()))).collect()).await;
}

async fn http_call(calls: usize, in_flight: usize, port: usize) -> Report {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);
    let caller = Caller::new(port);
    call_at_once(&caller, in_flight).await;
    let keep_calling = |caller: Arc<Caller>| async move {
        while BEGUN.fetch_add(1, Relaxed) < calls {
            caller.call().await;
        }
    };
    let usage = Usage::now();
    join_all((0..in_flight).map(|_| tokio::spawn(keep_calling(caller.clone()))).collect()).await;
    usage.report(calls)
}

async fn inflight(process: Usage, calls: usize, port: usize) -> Report {
    let start = Instant::now();
    call_at_once(&Caller::new(port), calls).await;
    let wall = start.elapsed().as_secs_f64();
    let mut report = process.report(calls);
    report.retain(|(name, _)| *name != "wall_s");
    report.push(("wall_s", wall));
    report
}

async fn stream(process: Usage, streams: usize, chunks: usize, port: usize) -> Report {
    let start = Instant::now();
    let caller = Caller::new(port);
    let one = |caller: Arc<Caller>| async move { caller.read_stream(chunks).await };
    join_all((0..streams).map(|_| tokio::spawn(one(caller.clone()))).collect()).await;
    let wall = start.elapsed().as_secs_f64();
    let mut report = process.report(streams * chunks);
    report.retain(|(name, _)| *name != "wall_s");
    report.push(("wall_s", wall));
    report
}

async fn one_call(calls: usize, port: usize) -> Report {
    let caller = Caller::new(port);
    for _ in 0..calls / 10 + 1 {
        caller.call().await;
    }
    let mut took = Vec::with_capacity(calls);
    let usage = Usage::now();
    for _ in 0..calls {
        let start = Instant::now();
        caller.call().await;
        took.push(start.elapsed().as_secs_f64() * 1e6);
    }
    let mut report = usage.report(calls);
    took.sort_by(f64::total_cmp);
    report.push(("p50_us", took[calls / 2]));
    report
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
        match metric.as_str() {
            "http_call" => http_call(number(0), number(1), number(2)).await,
            "inflight" => inflight(process, number(0), number(1)).await,
            "one_call" => one_call(number(0), number(1)).await,
            "stream" => stream(process, number(0), number(1), number(2)).await,
            _ => report::fail(3, &format!("has no metric {metric}")),
        }
    };
    let report = runtime.expect("runtime").block_on(async { tokio::spawn(work).await });
    report::print(report.expect("the work has failed"));
}
