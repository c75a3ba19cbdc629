// SPDX-License-Identifier: Apache-2.0
//! Runs a Rust client's scenarios. A driver has a list of what it does for each scenario, under the
//! name it has in ../scenarios.tsv, or why the client has no way to do it, or to do a part of it.
#![allow(dead_code)]
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(15);

/// A scenario fails with an error or by panicking.
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub enum Case {
    Run(Box<dyn Fn() -> Running>),
    Part(&'static str, Box<dyn Fn() -> Running>),
    None(&'static str),
}

pub fn run<F, R>(scenario: F) -> Case
where
    F: Fn() -> R + 'static,
    R: Future<Output = Outcome> + Send + 'static,
{
    Case::Run(Box::new(move || Box::pin(scenario())))
}

/// The client can do only a part of the scenario; why says what it cannot do.
pub fn part(why: &'static str, case: Case) -> Case {
    match case {
        Case::Run(scenario) => Case::Part(why, scenario),
        other => other,
    }
}

pub fn port() -> u16 {
    std::env::args().nth(1).unwrap().parse().unwrap()
}

fn here() -> String {
    std::env::var("INTEROP_HERE").unwrap()
}

pub fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("m-{}-{n}", std::process::id())
}

pub fn numbers(n: usize) -> Vec<String> {
    (0..n).map(|i| i.to_string()).collect()
}

pub fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 % 251) as u8).collect()
}

pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Waits until it is so, for five seconds at most.
pub async fn wait(until: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !until() {
        assert!(Instant::now() < end, "not so in five seconds");
        pause(10).await;
    }
}

pub async fn broker(verb: &str) {
    let script = format!("{}/../broker.sh", here());
    let status = tokio::process::Command::new(script).arg(verb).status().await;
    assert!(status.unwrap().success(), "broker.sh {verb}");
}

fn words(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast_ref::<&str>().unwrap_or(&"a panic").to_string(),
    }
}

/// What was wrong, if anything.
async fn trouble(scenario: Running) -> Option<String> {
    let task = tokio::spawn(scenario);
    let abort = task.abort_handle();
    match tokio::time::timeout(LIMIT, task).await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(e))) => Some(e.to_string()),
        Ok(Err(e)) => Some(words(e.into_panic())),
        Err(_) => {
            abort.abort();
            Some(format!("not done in {LIMIT:?}"))
        }
    }
}

/// Says what became of a scenario; whether it was well.
fn verdict(number: &str, what: &str, part: &str, trouble: Option<String>) -> bool {
    let Some(text) = trouble else {
        match part {
            "" => println!("ok {number} {what}"),
            _ => println!("part {number} {what}: {part}"),
        }
        return true;
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    println!("FAIL {number} {what}: {text:.500}");
    false
}

/// Runs all scenarios, or those whose numbers stand behind the port.
pub async fn scenarios(cases: &[(&str, Case)]) {
    let file = std::fs::read_to_string(format!("{}/../scenarios.tsv", here())).unwrap();
    let chosen: Vec<String> = std::env::args().skip(2).collect();
    let mut failed = false;
    std::panic::set_hook(Box::new(|_| {}));
    for line in file.lines() {
        let mut fields = line.split('\t');
        let (number, what) = (fields.next().unwrap(), fields.next().unwrap());
        if !chosen.is_empty() && !chosen.iter().any(|n| n == number) {
            continue;
        }
        match cases.iter().find(|each| each.0 == what) {
            Some((_, Case::None(why))) => println!("none {number} {what}: {why}"),
            Some((_, Case::Run(scenario))) => {
                failed |= !verdict(number, what, "", trouble(scenario()).await);
            }
            Some((_, Case::Part(why, scenario))) => {
                failed |= !verdict(number, what, why, trouble(scenario()).await);
            }
            None => failed = true,
        }
    }
    std::process::exit(failed.into());
}
