// SPDX-License-Identifier: Apache-2.0
//! The forty scenarios with amqprs. usage: drive PORT [NUMBER ...]
mod scenarios;

use amqprs::callbacks::ChannelCallback;
use amqprs::channel::*;
use amqprs::connection::{Connection, OpenConnectionArguments};
use amqprs::{Ack, BasicProperties, Cancel, CloseChannel, Deliver, FieldTable, FieldValue};
use amqprs::{GetOk, Nack, Return};
use async_trait::async_trait;
use scenarios::{broker, name, numbers, part, pattern, pause, run, wait, Case, Outcome};
use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
type Call<T> = std::result::Result<T, amqprs::error::Error>;
type Link = Arc<Connection>;

const QUIET: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(3);

/// What the broker said of its own accord on a channel.
#[derive(Default)]
struct Said {
    closed: Option<u16>,
    cancelled: Vec<String>,
    confirmed: HashSet<u64>,
    twice: usize,
    order: Vec<String>,
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Said>>);

impl Ear {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl ChannelCallback for Ear {
    async fn close(&mut self, _: &Channel, close: CloseChannel) -> Call<()> {
        self.said().closed = Some(close.reply_code());
        Ok(())
    }

    async fn cancel(&mut self, _: &Channel, cancel: Cancel) -> Call<()> {
        self.said().cancelled.push(cancel.consumer_tag().clone());
        Ok(())
    }

    async fn flow(&mut self, _: &Channel, active: bool) -> Call<bool> {
        Ok(active)
    }

    async fn publish_ack(&mut self, _: &Channel, ack: Ack) {
        let (mut said, tag) = (self.said(), ack.delivery_tag());
        let new = if ack.mutiple() {
            (1..=tag).filter(|&each| said.confirmed.insert(each)).count()
        } else {
            said.confirmed.insert(tag) as usize
        };
        said.twice += (new == 0) as usize;
        said.order.push("ok".into());
    }

    async fn publish_nack(&mut self, _: &Channel, _: Nack) {
        self.said().order.push("nack".into());
    }

    async fn publish_return(&mut self, _: &Channel, back: Return, _: BasicProperties, b: Vec<u8>) {
        let text = format!("{} {}", back.reply_code(), String::from_utf8_lossy(&b));
        self.said().order.push(text);
    }
}

/// A channel, what was said on it, and how much was published on it.
struct Talk {
    ch: Channel,
    ear: Ear,
    sent: Mutex<usize>,
}

impl Talk {
    async fn confirmed(&self) {
        let sent = *self.sent.lock().unwrap();
        wait(|| self.ear.said().confirmed.len() >= sent).await;
    }

    async fn publish(&self, p: BasicProperties, body: &[u8], to: BasicPublishArguments)
        -> Call<()> {
        *self.sent.lock().unwrap() += 1;
        self.ch.basic_publish(p, body.to_vec(), to).await
    }

    async fn send_with(&self, x: &str, key: &str, p: BasicProperties, body: &[u8]) -> Result<()> {
        self.publish(p, body, BasicPublishArguments::new(x, key)).await?;
        self.confirmed().await;
        Ok(())
    }

    async fn send(&self, x: &str, key: &str, body: &str) -> Result<()> {
        self.send_with(x, key, Default::default(), body.as_bytes()).await
    }

    async fn put<T: AsRef<str>>(&self, q: &str, bodies: &[T]) -> Result<()> {
        for body in bodies {
            let to = BasicPublishArguments::new("", q);
            self.publish(Default::default(), body.as_ref().as_bytes(), to).await?;
        }
        self.confirmed().await;
        Ok(())
    }
}

fn arguments() -> OpenConnectionArguments {
    OpenConnectionArguments::new("127.0.0.1", scenarios::port(), "guest", "guest")
}

async fn dial() -> Result<Link> {
    Ok(Arc::new(Connection::open(&arguments()).await?))
}

async fn open(c: &Connection) -> Result<Talk> {
    let (ch, ear) = (c.open_channel(None).await?, Ear::default());
    ch.register_callback(ear.clone()).await?;
    Ok(Talk { ch, ear, sent: Mutex::new(0) })
}

async fn confirming(c: &Connection) -> Result<Talk> {
    let talk = open(c).await?;
    talk.ch.confirm_select(ConfirmSelectArguments::default()).await?;
    Ok(talk)
}

/// Runs the scenario with a confirm channel of a connection of its own.
fn session<F, R>(scenario: F) -> Case
where
    F: Fn(Talk, Link) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Outcome> + Send + 'static,
{
    run(move || async move {
        let c = dial().await?;
        let outcome = scenario(confirming(&c).await?, c.clone()).await;
        if let Ok(c) = Arc::try_unwrap(c) {
            let _ = c.close().await;
        }
        outcome
    })
}

fn text(value: &str) -> FieldValue {
    FieldValue::S(value.try_into().unwrap())
}

fn table(pairs: &[(&str, FieldValue)]) -> FieldTable {
    let mut out = FieldTable::new();
    for (key, value) in pairs {
        out.insert((*key).try_into().unwrap(), value.clone());
    }
    out
}

async fn declare(ch: &Channel, how: QueueDeclareArguments) -> Call<(String, u32, u32)> {
    Ok(ch.queue_declare(how).await?.expect("no answer"))
}

async fn queue_with(ch: &Channel, arguments: FieldTable) -> Result<String> {
    let how = QueueDeclareArguments::new("").exclusive(true).arguments(arguments).finish();
    Ok(declare(ch, how).await?.0)
}

async fn queue(ch: &Channel) -> Result<String> {
    queue_with(ch, Default::default()).await
}

async fn durable(ch: &Channel, q: &str) -> Result<()> {
    declare(ch, QueueDeclareArguments::durable_client_named(q)).await?;
    Ok(())
}

async fn passive(ch: &Channel, q: &str) -> Call<(u32, u32)> {
    let told = declare(ch, QueueDeclareArguments::new(q).passive(true).finish()).await?;
    Ok((told.1, told.2))
}

fn named(x: &str, kind: &str) -> ExchangeDeclareArguments {
    ExchangeDeclareArguments::new(x, kind).auto_delete(true).finish()
}

async fn exchange(ch: &Channel, kind: &str) -> Result<String> {
    let x = name();
    ch.exchange_declare(named(&x, kind)).await?;
    Ok(x)
}

async fn bind(ch: &Channel, q: &str, x: &str, key: &str) -> Call<()> {
    ch.queue_bind(QueueBindArguments::new(q, x, key)).await
}

async fn delete(ch: &Channel, q: &str) -> Result<u32> {
    Ok(ch.queue_delete(QueueDeleteArguments::new(q)).await?.expect("no answer"))
}

async fn get(ch: &Channel, q: &str, no_ack: bool) -> Result<(GetOk, BasicProperties, Vec<u8>)> {
    let how = BasicGetArguments::new(q).no_ack(no_ack).finish();
    Ok(ch.basic_get(how).await?.expect("the queue is empty"))
}

fn words(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into()
}

async fn bodies(ch: &Channel, q: &str) -> Result<Vec<String>> {
    let mut out = Vec::new();
    while let Some(m) = ch.basic_get(BasicGetArguments::new(q).no_ack(true).finish()).await? {
        out.push(words(&m.2));
    }
    Ok(out)
}

/// A consumer's stream.
struct Flow {
    tag: String,
    from: UnboundedReceiver<ConsumerMessage>,
}

async fn consume_as(ch: &Channel, how: BasicConsumeArguments) -> Call<Flow> {
    let (tag, from) = ch.basic_consume_rx(how).await?;
    Ok(Flow { tag, from })
}

async fn consume(ch: &Channel, q: &str, no_ack: bool) -> Call<Flow> {
    consume_as(ch, BasicConsumeArguments::new(q, "").no_ack(no_ack).finish()).await
}

impl Flow {
    async fn next(&mut self) -> Result<(Deliver, BasicProperties, String)> {
        let m = timeout(SOON, self.from.recv()).await?.expect("the consumer ended");
        let body = words(&m.content.unwrap());
        Ok((m.deliver.unwrap(), m.basic_properties.unwrap(), body))
    }

    async fn take(&mut self, n: usize) -> Result<Vec<(Deliver, BasicProperties, String)>> {
        let mut out = Vec::new();
        while out.len() < n {
            out.push(self.next().await?);
        }
        Ok(out)
    }

    async fn quiet(&mut self) {
        let more = timeout(QUIET, self.from.recv()).await;
        assert!(!matches!(more, Ok(Some(_))), "delivered all the same");
    }
}

async fn ack(ch: &Channel, tag: u64, multiple: bool) -> Call<()> {
    ch.basic_ack(BasicAckArguments::new(tag, multiple)).await
}

/// The action closes its channel with this code.
async fn refused<A, R, T>(code: u16, c: &Link, action: A) -> Result<()>
where
    A: FnOnce(Channel) -> R,
    R: Future<Output = Call<T>>,
{
    let talk = open(c).await?;
    let ear = talk.ear;
    let outcome = timeout(SOON, action(talk.ch.clone())).await;
    wait(|| ear.said().closed.is_some()).await;
    assert_eq!(ear.said().closed, Some(code));
    assert!(outcome.is_ok(), "the call never came back");
    Ok(())
}

async fn connect() -> Outcome {
    let c = Connection::open(arguments().heartbeat(30)).await?;
    assert_eq!(c.heartbeat(), 30);
    let about = c.server_properties();
    assert!(!about.product().is_empty() && !about.version().is_empty());
    c.open_channel(None).await?.close().await?;
    c.close().await?;
    Ok(())
}

/// The client does not ask to be told why, so the broker only closes the transport.
async fn login_refused() -> Outcome {
    let wrong = OpenConnectionArguments::new("127.0.0.1", scenarios::port(), "guest", "wrong");
    let Err(e) = Connection::open(&wrong).await else { panic!("let in") };
    assert!(e.to_string().contains("peer shutdown"), "{e}");
    Ok(())
}

async fn vhost_unknown() -> Outcome {
    let Err(e) = Connection::open(arguments().virtual_host("nope")).await else {
        panic!("let in");
    };
    let text = e.to_string();
    assert!(text.contains("530") && text.contains("NOT_ALLOWED"), "{text}");
    Ok(())
}

async fn channels() -> Outcome {
    let (c, mut all, mut names) = (dial().await?, Vec::new(), HashSet::new());
    for _ in 0..50 {
        all.push(c.open_channel(None).await?);
    }
    for ch in &all {
        names.insert(queue(ch).await?);
    }
    for ch in all {
        ch.close().await?;
    }
    assert_eq!(names.len(), 50);
    Ok(())
}

async fn queue_declare(t: Talk, c: Link) -> Outcome {
    let (long, fleeting) = (name(), name());
    durable(&t.ch, &long).await?;
    t.put(&long, &["a", "b"]).await?;
    assert_eq!(passive(&t.ch, &long).await?, (2, 0));
    delete(&t.ch, &long).await?;
    assert!(queue(&t.ch).await?.starts_with("amq.gen-"));
    declare(&t.ch, QueueDeclareArguments::transient_autodelete(&fleeting)).await?;
    let flow = consume(&t.ch, &fleeting, false).await?;
    assert_eq!(passive(&t.ch, &fleeting).await?, (0, 1));
    t.ch.basic_cancel(BasicCancelArguments::new(&flow.tag)).await?;
    refused(404, &c, |ch| async move { passive(&ch, &fleeting).await }).await
}

async fn queue_mismatch(t: Talk, c: Link) -> Outcome {
    let q = name();
    durable(&t.ch, &q).await?;
    let other = QueueDeclareArguments::new(&q);
    refused(406, &c, |ch| async move { declare(&ch, other).await }).await?;
    delete(&t.ch, &q).await?;
    Ok(())
}

async fn queue_purge_delete(t: Talk, c: Link) -> Outcome {
    let q = name();
    durable(&t.ch, &q).await?;
    t.put(&q, &["a", "b", "c"]).await?;
    assert_eq!(t.ch.queue_purge(QueuePurgeArguments::new(&q)).await?, Some(3));
    t.put(&q, &["d", "e"]).await?;
    let how = QueueDeleteArguments::new(&q).if_empty(true).finish();
    refused(406, &c, |ch| async move { ch.queue_delete(how).await }).await?;
    let user = c.open_channel(None).await?;
    user.basic_qos(BasicQosArguments::new(0, 1, false)).await?;
    let _flow = consume(&user, &q, false).await?;
    let how = QueueDeleteArguments::new(&q).if_unused(true).finish();
    refused(406, &c, |ch| async move { ch.queue_delete(how).await }).await?;
    user.close().await?;
    assert_eq!(delete(&t.ch, &q).await?, 2);
    Ok(())
}

async fn exchange_declare(t: Talk, c: Link) -> Outcome {
    for kind in ["direct", "fanout", "topic", "headers"] {
        let x = name();
        let how = ExchangeDeclareArguments::new(&x, kind).durable(true).finish();
        t.ch.exchange_declare(how.clone()).await?;
        t.ch.exchange_declare(how).await?;
        t.ch.exchange_delete(ExchangeDeleteArguments::new(&x)).await?;
        let look = ExchangeDeclareArguments::new(&x, kind).passive(true).finish();
        refused(404, &c, |ch| async move { ch.exchange_declare(look).await }).await?;
    }
    let look = ExchangeDeclareArguments::new("amq.topic", "topic").passive(true).finish();
    t.ch.exchange_declare(look).await?;
    Ok(())
}

async fn exchange_mismatch(t: Talk, c: Link) -> Outcome {
    let x = exchange(&t.ch, "direct").await?;
    let other = named(&x, "fanout");
    refused(406, &c, |ch| async move { ch.exchange_declare(other).await }).await
}

async fn direct(t: Talk, _: Link) -> Outcome {
    let (one, two) = (queue(&t.ch).await?, queue(&t.ch).await?);
    for q in [&one, &two] {
        bind(&t.ch, q, "amq.direct", q).await?;
    }
    for key in [&one, &two, &name()] {
        t.send("amq.direct", key, key).await?;
    }
    assert_eq!(bodies(&t.ch, &one).await?, [one.as_str()]);
    assert_eq!(bodies(&t.ch, &two).await?, [two.as_str()]);
    Ok(())
}

async fn fanout(t: Talk, _: Link) -> Outcome {
    let x = exchange(&t.ch, "fanout").await?;
    let qs = [queue(&t.ch).await?, queue(&t.ch).await?, queue(&t.ch).await?];
    for q in &qs {
        bind(&t.ch, q, &x, "").await?;
    }
    for body in numbers(5) {
        t.send(&x, &body, &body).await?;
    }
    for q in &qs {
        assert_eq!(bodies(&t.ch, q).await?, numbers(5));
    }
    Ok(())
}

async fn topic(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    for key in ["a.*.c", "#.z", "k.#"] {
        bind(&t.ch, &q, "amq.topic", key).await?;
    }
    for key in ["a.b.c", "a.c", "z", "q.r.z", "k", "k.l.m", "a.b.c.d", ""] {
        t.send("amq.topic", key, key).await?;
    }
    assert_eq!(bodies(&t.ch, &q).await?, ["a.b.c", "z", "q.r.z", "k", "k.l.m"]);
    Ok(())
}

fn headed(pairs: &[(&str, FieldValue)]) -> BasicProperties {
    BasicProperties::default().with_headers(table(pairs)).finish()
}

async fn headers(t: Talk, _: Link) -> Outcome {
    let (both, either) = (queue(&t.ch).await?, queue(&t.ch).await?);
    let (kind, size) = (("kind", text("report")), ("size", FieldValue::I(7)));
    for (q, how) in [(&both, "all"), (&either, "any")] {
        let wanted = table(&[kind.clone(), size.clone(), ("x-match", text(how))]);
        let how = QueueBindArguments::new(q, "amq.headers", "").arguments(wanted).finish();
        t.ch.queue_bind(how).await?;
    }
    let other = ("size", FieldValue::I(8));
    for (body, h) in [("2", vec![kind.clone(), size]), ("1", vec![kind]), ("0", vec![other])] {
        t.send_with("amq.headers", "", headed(&h), body.as_bytes()).await?;
    }
    t.send("amq.headers", "", "none").await?;
    assert_eq!(bodies(&t.ch, &both).await?, ["2"]);
    assert_eq!(bodies(&t.ch, &either).await?, ["2", "1"]);
    Ok(())
}

async fn exchange_bind(t: Talk, _: Link) -> Outcome {
    let (outer, inner) = (exchange(&t.ch, "topic").await?, exchange(&t.ch, "fanout").await?);
    let q = queue(&t.ch).await?;
    t.ch.exchange_bind(ExchangeBindArguments::new(&inner, &outer, "in.#")).await?;
    bind(&t.ch, &q, &inner, "").await?;
    t.send(&outer, "in.a", "in").await?;
    t.send(&outer, "out", "out").await?;
    assert_eq!(bodies(&t.ch, &q).await?, ["in"]);
    t.ch.exchange_unbind(ExchangeUnbindArguments::new(&inner, &outer, "in.#")).await?;
    Ok(())
}

async fn alternate(t: Talk, _: Link) -> Outcome {
    let (spill, lost, x) = (exchange(&t.ch, "fanout").await?, queue(&t.ch).await?, name());
    bind(&t.ch, &lost, &spill, "").await?;
    let spilling = table(&[("alternate-exchange", text(&spill))]);
    t.ch.exchange_declare(named(&x, "direct").arguments(spilling).finish()).await?;
    t.send(&x, "nowhere", "spilt").await?;
    assert_eq!(bodies(&t.ch, &lost).await?, ["spilt"]);
    Ok(())
}

async fn unbind(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    bind(&t.ch, &q, "amq.direct", &q).await?;
    t.send("amq.direct", &q, "before").await?;
    t.ch.queue_unbind(QueueUnbindArguments::new(&q, "amq.direct", &q)).await?;
    t.send("amq.direct", &q, "after").await?;
    assert_eq!(bodies(&t.ch, &q).await?, ["before"]);
    Ok(())
}

async fn default_exchange(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["x"]).await?;
    let (m, _, body) = get(&t.ch, &q, true).await?;
    assert_eq!((m.exchange().as_str(), m.routing_key(), words(&body)), ("", &q, "x".into()));
    Ok(())
}

async fn properties(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    let sent = headed(&[("a", text("b"))])
        .with_content_type("text/plain")
        .with_content_encoding("utf-8")
        .with_delivery_mode(2)
        .with_priority(3)
        .with_correlation_id("c")
        .with_reply_to("r")
        .with_expiration("60000")
        .with_message_id("m")
        .with_timestamp(1700000000)
        .with_message_type("t")
        .with_user_id("guest")
        .with_app_id("a")
        .finish();
    t.send_with("", &q, sent.clone(), b"x").await?;
    assert_eq!(format!("{:?}", get(&t.ch, &q, true).await?.1), format!("{sent:?}"));
    Ok(())
}

async fn header_types(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    let array = vec![FieldValue::I(1), text("a"), FieldValue::F(table(&[("n", FieldValue::V)]))];
    let deep = table(&[("deeper", FieldValue::I(-1))]);
    let sent = table(&[
        ("text", text("grün")),
        ("small", FieldValue::b(-3)),
        ("short", FieldValue::s(-300)),
        ("int", FieldValue::I(1 << 20)),
        ("unsigned", FieldValue::i(1 << 31)),
        ("large", FieldValue::l(1 << 40)),
        ("float", FieldValue::f(0.5)),
        ("double", FieldValue::d(0.25)),
        ("yes", FieldValue::t(true)),
        ("no", FieldValue::t(false)),
        ("time", FieldValue::T(1700000000)),
        ("bytes", FieldValue::x(vec![0, 255].try_into()?)),
        ("empty", FieldValue::V),
        ("table", FieldValue::F(table(&[("deep", FieldValue::F(deep))]))),
        ("array", FieldValue::A(array.try_into()?)),
    ]);
    let properties = BasicProperties::default().with_headers(sent.clone()).finish();
    t.send_with("", &q, properties, b"x").await?;
    assert_eq!(get(&t.ch, &q, true).await?.1.headers(), Some(&sent));
    Ok(())
}

async fn all_bodies(t: Talk, c: Link) -> Outcome {
    let (q, most) = (queue(&t.ch).await?, c.frame_max() as usize);
    for n in [0, 1, 4096, most - 8, most, 1048577] {
        t.send_with("", &q, Default::default(), &pattern(n)).await?;
        assert!(get(&t.ch, &q, true).await?.2 == pattern(n), "{n} bytes differ");
    }
    Ok(())
}

async fn confirm(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    for body in numbers(1000) {
        let persistent = BasicProperties::default().with_persistence(true).finish();
        t.publish(persistent, body.as_bytes(), BasicPublishArguments::new("", &q)).await?;
    }
    t.confirmed().await;
    pause(100).await;
    assert_eq!(t.ear.said().confirmed.len(), 1000);
    assert_eq!(t.ear.said().twice, 0);
    assert_eq!(passive(&t.ch, &q).await?, (1000, 0));
    Ok(())
}

async fn confirm_mixed(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    for i in 0..1000 {
        let to = if i % 10 == 0 { name() } else { q.clone() };
        let mixed = BasicProperties::default().with_persistence(i % 2 == 1).finish();
        t.publish(mixed, b"x", BasicPublishArguments::new("", &to)).await?;
    }
    t.confirmed().await;
    assert_eq!(passive(&t.ch, &q).await?, (900, 0));
    Ok(())
}

async fn mandatory(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    for (to, body) in [(name(), "nobody"), (q, "x")] {
        let to = BasicPublishArguments::new("", &to).mandatory(true).finish();
        t.publish(Default::default(), body.as_bytes(), to).await?;
        t.confirmed().await;
    }
    assert_eq!(t.ear.said().order, ["312 nobody", "ok", "ok"]);
    Ok(())
}

async fn exchange_missing(t: Talk, c: Link) -> Outcome {
    refused(404, &c, |ch| async move {
        let nowhere = BasicPublishArguments::new(&name(), "");
        ch.basic_publish(BasicProperties::default(), vec![], nowhere).await
    })
    .await?;
    let q = queue(&t.ch).await?;
    t.put(&q, &["on"]).await?;
    assert_eq!(bodies(&t.ch, &q).await?, ["on"]);
    Ok(())
}

async fn get_one(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    assert!(t.ch.basic_get(BasicGetArguments::new(&q)).await?.is_none());
    t.put(&q, &["a", "b", "c"]).await?;
    let (m, _, body) = get(&t.ch, &q, false).await?;
    assert_eq!((words(&body), m.message_count()), ("a".into(), 2));
    ack(&t.ch, m.delivery_tag(), false).await?;
    Ok(())
}

async fn consume_all(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &numbers(1000)).await?;
    t.ch.basic_qos(BasicQosArguments::new(0, 50, false)).await?;
    let mut flow = consume(&t.ch, &q, false).await?;
    for wanted in numbers(1000) {
        let (m, _, body) = flow.next().await?;
        assert_eq!(body, wanted);
        ack(&t.ch, m.delivery_tag(), false).await?;
    }
    assert_eq!(passive(&t.ch, &q).await?, (0, 1));
    Ok(())
}

async fn no_ack(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &numbers(1000)).await?;
    let mut flow = consume(&t.ch, &q, true).await?;
    let got: Vec<String> = flow.take(1000).await?.into_iter().map(|m| m.2).collect();
    assert_eq!(got, numbers(1000));
    assert_eq!(passive(&t.ch, &q).await?, (0, 1));
    Ok(())
}

async fn prefetch(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &numbers(30)).await?;
    t.ch.basic_qos(BasicQosArguments::new(0, 10, false)).await?;
    let mut flow = consume(&t.ch, &q, false).await?;
    let got = flow.take(10).await?;
    flow.quiet().await;
    ack(&t.ch, got[4].0.delivery_tag(), true).await?;
    flow.take(5).await?;
    flow.quiet().await;
    Ok(())
}

/// How many come to two consumers before both are quiet.
async fn both(one: &mut Flow, two: &mut Flow) -> usize {
    let mut n = 0;
    loop {
        tokio::select! {
            _ = one.from.recv() => n += 1,
            _ = two.from.recv() => n += 1,
            _ = pause(200) => return n,
        }
    }
}

async fn prefetch_global(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &numbers(30)).await?;
    t.ch.basic_qos(BasicQosArguments::new(0, 10, true)).await?;
    let mut one = consume(&t.ch, &q, false).await?;
    let mut two = consume(&t.ch, &q, false).await?;
    assert_eq!(both(&mut one, &mut two).await, 10);
    ack(&t.ch, 0, true).await?;
    assert_eq!(both(&mut one, &mut two).await, 10);
    Ok(())
}

async fn nack_requeue(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["a", "b"]).await?;
    let (first, _, _) = get(&t.ch, &q, false).await?;
    t.ch.basic_nack(BasicNackArguments::new(first.delivery_tag(), false, true)).await?;
    let (again, _, body) = get(&t.ch, &q, false).await?;
    let told = (first.redelivered(), again.redelivered(), words(&body));
    assert_eq!(told, (false, true, "a".into()));
    Ok(())
}

async fn reject(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["a", "b"]).await?;
    let tag = get(&t.ch, &q, false).await?.0.delivery_tag();
    t.ch.basic_reject(BasicRejectArguments::new(tag, false)).await?;
    assert_eq!(bodies(&t.ch, &q).await?, ["b"]);
    Ok(())
}

async fn ack_multiple(t: Talk, c: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["a", "b", "c", "d"]).await?;
    let (other, mut tags) = (c.open_channel(None).await?, Vec::new());
    for _ in 0..4 {
        tags.push(get(&other, &q, false).await?.0.delivery_tag());
    }
    ack(&other, tags[2], true).await?;
    other.close().await?; // the fourth comes back
    assert_eq!(bodies(&t.ch, &q).await?, ["d"]);
    Ok(())
}

async fn recover(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["a", "b"]).await?;
    for _ in 0..2 {
        get(&t.ch, &q, false).await?;
    }
    t.ch.basic_recover(true).await?;
    for wanted in ["a", "b"] {
        let (m, _, body) = get(&t.ch, &q, false).await?;
        assert_eq!((words(&body), m.redelivered()), (wanted.into(), true));
    }
    Ok(())
}

async fn ack_unknown(_: Talk, c: Link) -> Outcome {
    refused(406, &c, |ch| async move { ack(&ch, 99, false).await }).await
}

async fn cancel(t: Talk, _: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    t.put(&q, &["a"]).await?;
    let mut flow = consume(&t.ch, &q, false).await?;
    let held = flow.next().await?.0.delivery_tag();
    t.ch.basic_cancel(BasicCancelArguments::new(&flow.tag)).await?;
    t.put(&q, &["b"]).await?;
    flow.quiet().await;
    ack(&t.ch, held, false).await?;
    assert_eq!(bodies(&t.ch, &q).await?, ["b"]);
    Ok(())
}

async fn cancel_notify(t: Talk, c: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    let flow = consume(&t.ch, &q, false).await?;
    delete(&c.open_channel(None).await?, &q).await?;
    wait(|| !t.ear.said().cancelled.is_empty()).await;
    assert_eq!(t.ear.said().cancelled, [flow.tag]);
    Ok(())
}

async fn exclusive(t: Talk, c: Link) -> Outcome {
    let q = queue(&t.ch).await?;
    let alone = BasicConsumeArguments::new(&q, "").exclusive(true).finish();
    let _flow = consume_as(&t.ch, alone).await?;
    let name = q.clone();
    refused(403, &c, |ch| async move { consume(&ch, &name, false).await }).await?;
    let second = dial().await?;
    refused(405, &second, |ch| async move { passive(&ch, &q).await }).await
}

async fn tx(t: Talk, c: Link) -> Outcome {
    let (q, tx) = (queue(&t.ch).await?, c.open_channel(None).await?);
    let to = BasicPublishArguments::new("", &q);
    tx.tx_select().await?;
    tx.basic_publish(Default::default(), b"no".to_vec(), to.clone()).await?;
    tx.tx_rollback().await?;
    tx.basic_publish(Default::default(), b"yes".to_vec(), to).await?;
    assert!(bodies(&t.ch, &q).await?.is_empty());
    tx.tx_commit().await?;
    let (m, _, body) = get(&tx, &q, false).await?;
    assert_eq!(words(&body), "yes");
    ack(&tx, m.delivery_tag(), false).await?;
    tx.tx_commit().await?;
    tx.close().await?;
    assert!(bodies(&t.ch, &q).await?.is_empty());
    Ok(())
}

async fn dead_letter(t: Talk, _: Link) -> Outcome {
    let dead = queue(&t.ch).await?;
    let how = table(&[
        ("x-message-ttl", FieldValue::I(50)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(&dead)),
    ]);
    let q = queue_with(&t.ch, how).await?;
    let mut flow = consume(&t.ch, &dead, true).await?;
    t.put(&q, &["late"]).await?;
    let (_, properties, body) = flow.next().await?;
    let headers = properties.headers().expect("no headers");
    let Some(FieldValue::A(deaths)) = headers.get(&"x-death".try_into()?) else {
        panic!("no x-death");
    };
    let FieldValue::F(death) = Vec::from(deaths.clone()).remove(0) else { panic!("no table") };
    assert_eq!((body.as_str(), death.get(&"queue".try_into()?)), ("late", Some(&text(&q))));
    assert_eq!(death.get(&"reason".try_into()?), Some(&text("expired")));
    assert_eq!(death.get(&"count".try_into()?), Some(&FieldValue::l(1)));
    Ok(())
}

/// The client says that the network has failed.
async fn restart() -> Outcome {
    let (c, x, q) = (dial().await?, name(), name());
    let t = confirming(&c).await?;
    let how = ExchangeDeclareArguments::new(&x, "topic").durable(true).finish();
    t.ch.exchange_declare(how).await?;
    durable(&t.ch, &q).await?;
    bind(&t.ch, &q, &x, "a.#").await?;
    let persistent = BasicProperties::default().with_persistence(true).finish();
    for body in numbers(100) {
        let to = BasicPublishArguments::new(&x, "a.b");
        t.publish(persistent.clone(), body.as_bytes(), to).await?;
    }
    t.confirmed().await;
    let watched = c.clone();
    let failure = tokio::spawn(async move { watched.listen_network_io_failure().await });
    pause(50).await;
    broker("crash").await;
    assert!(failure.await?);
    broker("start").await;
    let c = dial().await?;
    let t = confirming(&c).await?;
    t.send_with(&x, "a.c", persistent, b"100").await?;
    assert_eq!(bodies(&t.ch, &q).await?, numbers(101));
    delete(&t.ch, &q).await?;
    t.ch.exchange_delete(ExchangeDeleteArguments::new(&x)).await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    scenarios::scenarios(&[
        ("connect", run(connect)),
        ("login-refused", run(login_refused)),
        ("vhost-unknown", run(vhost_unknown)),
        ("channels", run(channels)),
        ("queue-declare", session(queue_declare)),
        ("queue-mismatch", session(queue_mismatch)),
        ("queue-purge-delete", session(queue_purge_delete)),
        ("exchange-declare", session(exchange_declare)),
        ("exchange-mismatch", session(exchange_mismatch)),
        ("direct", session(direct)),
        ("fanout", session(fanout)),
        ("topic", session(topic)),
        ("headers", session(headers)),
        ("exchange-bind", session(exchange_bind)),
        ("alternate", session(alternate)),
        ("unbind", session(unbind)),
        ("default-exchange", session(default_exchange)),
        ("properties", session(properties)),
        ("header-types", session(header_types)),
        ("bodies", session(all_bodies)),
        ("confirm", session(confirm)),
        ("confirm-mixed", session(confirm_mixed)),
        ("mandatory", session(mandatory)),
        ("exchange-missing", session(exchange_missing)),
        ("get", session(get_one)),
        ("consume", session(consume_all)),
        ("no-ack", session(no_ack)),
        ("prefetch", session(prefetch)),
        ("prefetch-global", session(prefetch_global)),
        ("nack-requeue", session(nack_requeue)),
        ("reject", session(reject)),
        ("ack-multiple", session(ack_multiple)),
        ("recover", session(recover)),
        ("ack-unknown", session(ack_unknown)),
        ("cancel", session(cancel)),
        ("cancel-notify", session(cancel_notify)),
        ("exclusive", session(exclusive)),
        ("tx", session(tx)),
        ("dead-letter", session(dead_letter)),
        ("restart", part("leaves it to its user to connect again", run(restart))),
    ])
    .await;
}
