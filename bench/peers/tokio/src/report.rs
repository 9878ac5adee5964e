// SPDX-License-Identifier: MIT
//
// What a run has cost, and the line that says so.
use std::time::Instant;

pub struct Usage {
    cpu: f64,
    wall: Instant,
}

impl Usage {
    pub fn now() -> Usage {
        Usage { cpu: cpu_seconds(), wall: Instant::now() }
    }

    pub fn of_process() -> Usage {
        Usage { cpu: 0.0, wall: Instant::now() }
    }

    /// What was used since then.
    pub fn report(&self, items: usize) -> Vec<(&'static str, f64)> {
        let cpu = cpu_seconds() - self.cpu;
        let wall = self.wall.elapsed().as_secs_f64();
        vec![("cpu_s", cpu), ("wall_s", wall), ("items", items as f64)]
    }
}

fn cpu_seconds() -> f64 {
    let usage = unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    let kilobytes = line.split_whitespace().nth(1).expect("a number");
    kilobytes.parse::<f64>().expect("a number") * 1024.0
}

pub fn raise_descriptor_limit() {
    unsafe {
        let mut limit = std::mem::zeroed::<libc::rlimit>();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// The same order in each run.
pub fn shuffle<T>(values: &mut [T]) {
    let mut state: u64 = 1;
    for i in (1..values.len()).rev() {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        values.swap(i, (state >> 33) as usize % (i + 1));
    }
}

pub fn fail(status: i32, what: &str) -> ! {
    eprintln!("{}: {what}", env!("CARGO_PKG_NAME"));
    std::process::exit(status)
}

pub fn require(is_true: bool, what: &str) {
    if !is_true {
        fail(1, what);
    }
}

pub fn print(mut report: Vec<(&'static str, f64)>) {
    report.push(("peak_bytes", peak_bytes()));
    let fields: Vec<String> =
        report.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    println!("{{{}}}", fields.join(","));
}
