// SPDX-License-Identifier: Apache-2.0
//! The forty scenarios with lapin. usage: drive PORT [NUMBER ...]
mod scenarios;

use futures_util::StreamExt;
use lapin::message::{BasicGetMessage, Delivery};
use lapin::options::*;
use lapin::protocol::basic::AMQPProperties;
use lapin::types::{AMQPValue, ByteArray, FieldArray, FieldTable, LongString};
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, Consumer, ErrorKind};
use lapin::{BasicProperties, ExchangeKind};
use scenarios::{broker, name, numbers, part, pattern, pause, run, wait, Case, Outcome};
use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::timeout;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
type Link = Arc<Connection>;

const QUIET: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(3);

fn url(user: &str, rest: &str) -> String {
    format!("amqp://{user}@127.0.0.1:{}/{rest}", scenarios::port())
}

async fn dial() -> Result<Link> {
    let url = url("guest:guest", "%2f");
    Ok(Arc::new(Connection::connect(&url, ConnectionProperties::default()).await?))
}

async fn confirming(c: &Connection) -> Result<Channel> {
    let ch = c.create_channel().await?;
    ch.confirm_select(Default::default()).await?;
    Ok(ch)
}

/// Runs the scenario with a confirm channel of a connection of its own.
fn session<F, R>(scenario: F) -> Case
where
    F: Fn(Channel, Link) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Outcome> + Send + 'static,
{
    run(move || async move {
        let c = dial().await?;
        let outcome = scenario(confirming(&c).await?, c.clone()).await;
        let _ = c.close(200, "done".into()).await;
        outcome
    })
}

fn table(pairs: &[(&str, AMQPValue)]) -> FieldTable {
    let mut out = FieldTable::default();
    for (key, value) in pairs {
        out.insert((*key).into(), value.clone());
    }
    out
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

async fn queue_with(ch: &Channel, arguments: FieldTable) -> Result<String> {
    let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
    Ok(ch.queue_declare("".into(), options, arguments).await?.name().to_string())
}

async fn queue(ch: &Channel) -> Result<String> {
    queue_with(ch, Default::default()).await
}

async fn declare(ch: &Channel, q: &str, durable: bool) -> Result<()> {
    let options = QueueDeclareOptions { durable, ..Default::default() };
    ch.queue_declare(q.into(), options, Default::default()).await?;
    Ok(())
}

async fn passive(ch: &Channel, q: &str) -> lapin::Result<(u32, u32)> {
    let options = QueueDeclareOptions { passive: true, ..Default::default() };
    let told = ch.queue_declare(q.into(), options, Default::default()).await?;
    Ok((told.message_count(), told.consumer_count()))
}

async fn exchange(ch: &Channel, kind: ExchangeKind, arguments: FieldTable) -> Result<String> {
    let (x, options) = (name(), ExchangeDeclareOptions { auto_delete: true, ..Default::default() });
    ch.exchange_declare(x.as_str().into(), kind, options, arguments).await?;
    Ok(x)
}

async fn bind(ch: &Channel, q: &str, x: &str, key: &str, arguments: FieldTable) -> Result<()> {
    ch.queue_bind(q.into(), x.into(), key.into(), Default::default(), arguments).await?;
    Ok(())
}

async fn publish(ch: &Channel, x: &str, key: &str, body: &[u8]) -> lapin::Result<Confirmation> {
    send(ch, x, key, body, Default::default()).await
}

async fn send(
    ch: &Channel,
    x: &str,
    key: &str,
    body: &[u8],
    properties: BasicProperties,
) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions::default();
    ch.basic_publish(x.into(), key.into(), options, body, properties).await?.await
}

async fn put<T: AsRef<str>>(ch: &Channel, q: &str, bodies: &[T]) -> Result<()> {
    let mut open = Vec::new();
    for body in bodies {
        let (body, options) = (body.as_ref().as_bytes(), BasicPublishOptions::default());
        open.push(ch.basic_publish("".into(), q.into(), options, body, Default::default()).await?);
    }
    for each in open {
        assert!(each.await?.is_ack());
    }
    Ok(())
}

async fn get(ch: &Channel, q: &str, no_ack: bool) -> Result<BasicGetMessage> {
    let got = ch.basic_get(q.into(), BasicGetOptions { no_ack }).await?;
    Ok(got.expect("the queue is empty"))
}

fn body(m: &Delivery) -> String {
    String::from_utf8_lossy(&m.data).into()
}

async fn bodies(ch: &Channel, q: &str) -> Result<Vec<String>> {
    let mut out = Vec::new();
    while let Some(m) = ch.basic_get(q.into(), BasicGetOptions { no_ack: true }).await? {
        out.push(body(&m));
    }
    Ok(out)
}

async fn consume(ch: &Channel, q: &str, no_ack: bool) -> lapin::Result<Consumer> {
    let options = BasicConsumeOptions { no_ack, ..Default::default() };
    ch.basic_consume(q.into(), "".into(), options, Default::default()).await
}

async fn next(from: &mut Consumer) -> Result<Delivery> {
    Ok(timeout(SOON, from.next()).await?.expect("the consumer ended")?)
}

async fn take(from: &mut Consumer, n: usize) -> Result<Vec<Delivery>> {
    let mut out = Vec::new();
    while out.len() < n {
        out.push(next(from).await?);
    }
    Ok(out)
}

async fn quiet(from: &mut Consumer) {
    assert!(timeout(QUIET, from.next()).await.is_err(), "delivered all the same");
}

fn code(e: &lapin::Error) -> u16 {
    match e.kind() {
        ErrorKind::ProtocolError(e) => e.get_id(),
        _ => panic!("{e}"),
    }
}

/// The call is refused with this code.
fn refused<T>(wanted: u16, outcome: lapin::Result<T>) {
    match outcome {
        Ok(_) => panic!("not refused with {wanted}"),
        Err(e) => assert_eq!(code(&e), wanted, "{e}"),
    }
}

async fn connect() -> Outcome {
    let heartbeat = url("guest:guest", "%2f?heartbeat=30");
    let c = Connection::connect(&heartbeat, ConnectionProperties::default()).await?;
    assert_eq!(c.configuration().heartbeat(), 30);
    assert!(c.status().connected());
    let ch = c.create_channel().await?;
    ch.close(200, "done".into()).await?;
    c.close(200, "done".into()).await?;
    Ok(())
}

async fn login_refused() -> Outcome {
    let url = url("guest:wrong", "%2f");
    refused(403, Connection::connect(&url, ConnectionProperties::default()).await);
    Ok(())
}

async fn vhost_unknown() -> Outcome {
    let url = url("guest:guest", "nope");
    refused(530, Connection::connect(&url, ConnectionProperties::default()).await);
    Ok(())
}

async fn channels() -> Outcome {
    let c = dial().await?;
    let (mut all, mut names) = (Vec::new(), HashSet::new());
    for _ in 0..50 {
        all.push(c.create_channel().await?);
    }
    for ch in &all {
        names.insert(queue(ch).await?);
    }
    for ch in &all {
        ch.close(200, "done".into()).await?;
    }
    assert_eq!(names.len(), 50);
    c.close(200, "done".into()).await?;
    Ok(())
}

async fn queue_declare(ch: Channel, _: Link) -> Outcome {
    let (durable, fleeting) = (name(), name());
    declare(&ch, &durable, true).await?;
    put(&ch, &durable, &["a", "b"]).await?;
    assert_eq!(passive(&ch, &durable).await?, (2, 0));
    ch.queue_delete(durable.into(), Default::default()).await?;
    assert!(queue(&ch).await?.starts_with("amq.gen-"));
    let options = QueueDeclareOptions { auto_delete: true, ..Default::default() };
    ch.queue_declare(fleeting.as_str().into(), options, Default::default()).await?;
    let consumer = consume(&ch, &fleeting, false).await?;
    assert_eq!(passive(&ch, &fleeting).await?, (0, 1));
    ch.basic_cancel(consumer.tag(), Default::default()).await?;
    refused(404, passive(&ch, &fleeting).await);
    Ok(())
}

async fn queue_mismatch(ch: Channel, c: Link) -> Outcome {
    let q = name();
    declare(&ch, &q, true).await?;
    let fleeting = QueueDeclareOptions::default();
    refused(406, ch.queue_declare(q.as_str().into(), fleeting, Default::default()).await);
    c.create_channel().await?.queue_delete(q.into(), Default::default()).await?;
    Ok(())
}

async fn queue_purge_delete(ch: Channel, c: Link) -> Outcome {
    let q = name();
    declare(&ch, &q, true).await?;
    put(&ch, &q, &["a", "b", "c"]).await?;
    assert_eq!(ch.queue_purge(q.as_str().into(), Default::default()).await?, 3);
    put(&ch, &q, &["d", "e"]).await?;
    let options = QueueDeleteOptions { if_empty: true, ..Default::default() };
    refused(406, c.create_channel().await?.queue_delete(q.as_str().into(), options).await);
    let user = c.create_channel().await?;
    user.basic_qos(1, Default::default()).await?;
    let _consumer = consume(&user, &q, false).await?;
    let options = QueueDeleteOptions { if_unused: true, ..Default::default() };
    refused(406, c.create_channel().await?.queue_delete(q.as_str().into(), options).await);
    user.close(200, "done".into()).await?;
    assert_eq!(ch.queue_delete(q.into(), Default::default()).await?, 2);
    Ok(())
}

async fn exchange_declare(ch: Channel, c: Link) -> Outcome {
    use ExchangeKind::*;
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let passive = ExchangeDeclareOptions { passive: true, ..Default::default() };
    for kind in [Direct, Fanout, Topic, Headers] {
        let x = name();
        for _ in 0..2 {
            let arguments = FieldTable::default();
            ch.exchange_declare(x.as_str().into(), kind.clone(), durable, arguments).await?;
        }
        ch.exchange_delete(x.as_str().into(), Default::default()).await?;
        let other = c.create_channel().await?;
        refused(404, other.exchange_declare(x.into(), kind, passive, Default::default()).await);
    }
    ch.exchange_declare("amq.topic".into(), Topic, passive, Default::default()).await?;
    Ok(())
}

async fn exchange_mismatch(ch: Channel, _: Link) -> Outcome {
    let x = exchange(&ch, ExchangeKind::Direct, Default::default()).await?;
    let options = ExchangeDeclareOptions { auto_delete: true, ..Default::default() };
    let fanout = ExchangeKind::Fanout;
    refused(406, ch.exchange_declare(x.into(), fanout, options, Default::default()).await);
    Ok(())
}

async fn direct(ch: Channel, _: Link) -> Outcome {
    let (one, two) = (queue(&ch).await?, queue(&ch).await?);
    for q in [&one, &two] {
        bind(&ch, q, "amq.direct", q, Default::default()).await?;
    }
    for key in [&one, &two, &name()] {
        publish(&ch, "amq.direct", key, key.as_bytes()).await?;
    }
    assert_eq!(bodies(&ch, &one).await?, [one.as_str()]);
    assert_eq!(bodies(&ch, &two).await?, [two.as_str()]);
    Ok(())
}

async fn fanout(ch: Channel, _: Link) -> Outcome {
    let x = exchange(&ch, ExchangeKind::Fanout, Default::default()).await?;
    let qs = [queue(&ch).await?, queue(&ch).await?, queue(&ch).await?];
    for q in &qs {
        bind(&ch, q, &x, "", Default::default()).await?;
    }
    for body in numbers(5) {
        publish(&ch, &x, &body, body.as_bytes()).await?;
    }
    for q in &qs {
        assert_eq!(bodies(&ch, q).await?, numbers(5));
    }
    Ok(())
}

async fn topic(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    for key in ["a.*.c", "#.z", "k.#"] {
        bind(&ch, &q, "amq.topic", key, Default::default()).await?;
    }
    for key in ["a.b.c", "a.c", "z", "q.r.z", "k", "k.l.m", "a.b.c.d", ""] {
        publish(&ch, "amq.topic", key, key.as_bytes()).await?;
    }
    assert_eq!(bodies(&ch, &q).await?, ["a.b.c", "z", "q.r.z", "k", "k.l.m"]);
    Ok(())
}

async fn headers(ch: Channel, _: Link) -> Outcome {
    let (both, either) = (queue(&ch).await?, queue(&ch).await?);
    let (kind, size) = (("kind", text("report")), ("size", AMQPValue::LongInt(7)));
    for (q, how) in [(&both, "all"), (&either, "any")] {
        let wanted = table(&[kind.clone(), size.clone(), ("x-match", text(how))]);
        bind(&ch, q, "amq.headers", "", wanted).await?;
    }
    let other = ("size", AMQPValue::LongInt(8));
    for (body, h) in [("2", vec![kind.clone(), size]), ("1", vec![kind]), ("0", vec![other])] {
        let properties = BasicProperties::default().with_headers(table(&h));
        send(&ch, "amq.headers", "", body.as_bytes(), properties).await?;
    }
    publish(&ch, "amq.headers", "", b"none").await?;
    assert_eq!(bodies(&ch, &both).await?, ["2"]);
    assert_eq!(bodies(&ch, &either).await?, ["2", "1"]);
    Ok(())
}

async fn exchange_bind(ch: Channel, _: Link) -> Outcome {
    let outer = exchange(&ch, ExchangeKind::Topic, Default::default()).await?;
    let inner = exchange(&ch, ExchangeKind::Fanout, Default::default()).await?;
    let (q, none) = (queue(&ch).await?, FieldTable::default());
    let (to, from) = (inner.as_str(), outer.as_str());
    ch.exchange_bind(to.into(), from.into(), "in.#".into(), Default::default(), none.clone())
        .await?;
    bind(&ch, &q, &inner, "", none.clone()).await?;
    publish(&ch, &outer, "in.a", b"in").await?;
    publish(&ch, &outer, "out", b"out").await?;
    assert_eq!(bodies(&ch, &q).await?, ["in"]);
    ch.exchange_unbind(to.into(), from.into(), "in.#".into(), Default::default(), none).await?;
    Ok(())
}

async fn alternate(ch: Channel, _: Link) -> Outcome {
    let spill = exchange(&ch, ExchangeKind::Fanout, Default::default()).await?;
    let lost = queue(&ch).await?;
    bind(&ch, &lost, &spill, "", Default::default()).await?;
    let arguments = table(&[("alternate-exchange", text(&spill))]);
    let x = exchange(&ch, ExchangeKind::Direct, arguments).await?;
    publish(&ch, &x, "nowhere", b"spilt").await?;
    assert_eq!(bodies(&ch, &lost).await?, ["spilt"]);
    Ok(())
}

async fn unbind(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    let key = q.as_str();
    bind(&ch, &q, "amq.direct", key, Default::default()).await?;
    publish(&ch, "amq.direct", key, b"before").await?;
    ch.queue_unbind(key.into(), "amq.direct".into(), key.into(), Default::default()).await?;
    publish(&ch, "amq.direct", key, b"after").await?;
    assert_eq!(bodies(&ch, &q).await?, ["before"]);
    Ok(())
}

async fn default_exchange(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["x"]).await?;
    let m = get(&ch, &q, true).await?;
    let (exchange, key) = (m.exchange.as_str(), m.routing_key.as_str());
    assert_eq!((exchange, key, body(&m).as_str()), ("", q.as_str(), "x"));
    Ok(())
}

async fn properties(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    let sent = AMQPProperties::default()
        .with_content_type("text/plain".into())
        .with_content_encoding("utf-8".into())
        .with_headers(table(&[("a", text("b"))]))
        .with_delivery_mode(2)
        .with_priority(3)
        .with_correlation_id("c".into())
        .with_reply_to("r".into())
        .with_expiration("60000".into())
        .with_message_id("m".into())
        .with_timestamp(1700000000)
        .with_type("t".into())
        .with_user_id("guest".into())
        .with_app_id("a".into());
    send(&ch, "", &q, b"x", sent.clone()).await?;
    assert_eq!(get(&ch, &q, true).await?.properties, sent);
    Ok(())
}

async fn header_types(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    let array = vec![AMQPValue::LongInt(1), text("a"), AMQPValue::FieldTable(table(&[]))];
    let deep = table(&[("deeper", AMQPValue::LongInt(-1))]);
    let sent = table(&[
        ("text", text("grün")),
        ("small", AMQPValue::ShortShortInt(-3)),
        ("short", AMQPValue::ShortInt(-300)),
        ("int", AMQPValue::LongInt(1 << 20)),
        ("unsigned", AMQPValue::LongUInt(1 << 31)),
        ("large", AMQPValue::LongLongInt(1 << 40)),
        ("float", AMQPValue::Float(0.5)),
        ("double", AMQPValue::Double(0.25)),
        ("yes", AMQPValue::Boolean(true)),
        ("no", AMQPValue::Boolean(false)),
        ("time", AMQPValue::Timestamp(1700000000)),
        ("bytes", AMQPValue::ByteArray(ByteArray::from(vec![0, 255]))),
        ("empty", AMQPValue::Void),
        ("table", AMQPValue::FieldTable(table(&[("deep", AMQPValue::FieldTable(deep))]))),
        ("array", AMQPValue::FieldArray(FieldArray::from(array))),
    ]);
    send(&ch, "", &q, b"x", BasicProperties::default().with_headers(sent.clone())).await?;
    assert_eq!(get(&ch, &q, true).await?.properties.headers(), &Some(sent));
    Ok(())
}

async fn all_bodies(ch: Channel, c: Link) -> Outcome {
    let (q, most) = (queue(&ch).await?, c.configuration().frame_max() as usize);
    for n in [0, 1, 4096, most - 8, most, 1048577] {
        publish(&ch, "", &q, &pattern(n)).await?;
        assert!(get(&ch, &q, true).await?.data == pattern(n), "{n} bytes differ");
    }
    Ok(())
}

async fn confirm(ch: Channel, _: Link) -> Outcome {
    let (q, mut open) = (queue(&ch).await?, Vec::new());
    for body in numbers(1000) {
        let (options, persistent) = (Default::default(), BasicProperties::default());
        let (q, persistent) = (q.as_str().into(), persistent.with_delivery_mode(2));
        open.push(ch.basic_publish("".into(), q, options, body.as_bytes(), persistent).await?);
    }
    for each in open {
        assert_eq!(each.await?, Confirmation::Ack(None));
    }
    assert_eq!(passive(&ch, &q).await?, (1000, 0));
    Ok(())
}

async fn confirm_mixed(ch: Channel, _: Link) -> Outcome {
    let (q, mut open) = (queue(&ch).await?, Vec::new());
    for i in 0..1000u32 {
        let key = if i % 10 == 0 { name() } else { q.clone() };
        let p = BasicProperties::default().with_delivery_mode(1 + (i % 2) as u8);
        open.push(ch.basic_publish("".into(), key.into(), Default::default(), b"x", p).await?);
    }
    for each in open {
        assert_eq!(each.await?, Confirmation::Ack(None));
    }
    assert_eq!(passive(&ch, &q).await?, (900, 0));
    Ok(())
}

/// The confirm brings what was returned before it.
async fn mandatory(ch: Channel, _: Link) -> Outcome {
    let mandatory = BasicPublishOptions { mandatory: true, ..Default::default() };
    let q = queue(&ch).await?;
    let none = BasicProperties::default();
    let told = ch.basic_publish("".into(), name().into(), mandatory, b"nobody", none.clone());
    let back = told.await?.await?.take_message().expect("not returned");
    assert_eq!((back.reply_code, body(&back)), (312, "nobody".into()));
    let told = ch.basic_publish("".into(), q.into(), mandatory, b"x", none).await?.await?;
    assert_eq!(told, Confirmation::Ack(None));
    Ok(())
}

async fn exchange_missing(ch: Channel, c: Link) -> Outcome {
    let other = confirming(&c).await?;
    refused(404, publish(&ch, &name(), "", b"x").await);
    let q = queue(&other).await?;
    put(&other, &q, &["on"]).await?;
    assert_eq!(bodies(&other, &q).await?, ["on"]);
    Ok(())
}

async fn get_one(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    assert!(ch.basic_get(q.as_str().into(), Default::default()).await?.is_none());
    put(&ch, &q, &["a", "b", "c"]).await?;
    let m = get(&ch, &q, false).await?;
    assert_eq!((body(&m), m.message_count), ("a".into(), 2));
    m.ack(Default::default()).await?;
    Ok(())
}

async fn consume_all(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &numbers(1000)).await?;
    ch.basic_qos(50, Default::default()).await?;
    let mut from = consume(&ch, &q, false).await?;
    for wanted in numbers(1000) {
        let m = next(&mut from).await?;
        assert_eq!(body(&m), wanted);
        m.ack(Default::default()).await?;
    }
    assert_eq!(passive(&ch, &q).await?, (0, 1));
    Ok(())
}

async fn no_ack(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &numbers(1000)).await?;
    let mut from = consume(&ch, &q, true).await?;
    let got: Vec<String> = take(&mut from, 1000).await?.iter().map(body).collect();
    assert_eq!(got, numbers(1000));
    assert_eq!(passive(&ch, &q).await?, (0, 1));
    Ok(())
}

async fn prefetch(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &numbers(30)).await?;
    ch.basic_qos(10, Default::default()).await?;
    let mut from = consume(&ch, &q, false).await?;
    let got = take(&mut from, 10).await?;
    quiet(&mut from).await;
    got[4].ack(BasicAckOptions { multiple: true }).await?;
    take(&mut from, 5).await?;
    quiet(&mut from).await;
    Ok(())
}

/// How many come to two consumers before both are quiet.
async fn both(one: &mut Consumer, two: &mut Consumer) -> usize {
    let mut n = 0;
    loop {
        tokio::select! {
            _ = one.next() => n += 1,
            _ = two.next() => n += 1,
            _ = pause(200) => return n,
        }
    }
}

async fn prefetch_global(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &numbers(30)).await?;
    ch.basic_qos(10, BasicQosOptions { global: true }).await?;
    let mut one = consume(&ch, &q, false).await?;
    let mut two = consume(&ch, &q, false).await?;
    assert_eq!(both(&mut one, &mut two).await, 10);
    ch.basic_ack(0, BasicAckOptions { multiple: true }).await?;
    assert_eq!(both(&mut one, &mut two).await, 10);
    Ok(())
}

async fn nack_requeue(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["a", "b"]).await?;
    let first = get(&ch, &q, false).await?;
    first.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;
    let again = get(&ch, &q, false).await?;
    assert_eq!((first.redelivered, again.redelivered, body(&again)), (false, true, "a".into()));
    Ok(())
}

async fn reject(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["a", "b"]).await?;
    get(&ch, &q, false).await?.reject(BasicRejectOptions { requeue: false }).await?;
    assert_eq!(bodies(&ch, &q).await?, ["b"]);
    Ok(())
}

async fn ack_multiple(ch: Channel, c: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["a", "b", "c", "d"]).await?;
    let (other, mut got) = (c.create_channel().await?, Vec::new());
    for _ in 0..4 {
        got.push(get(&other, &q, false).await?);
    }
    got[2].ack(BasicAckOptions { multiple: true }).await?;
    other.close(200, "done".into()).await?; // the fourth comes back
    assert_eq!(bodies(&ch, &q).await?, ["d"]);
    Ok(())
}

async fn recover(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["a", "b"]).await?;
    for _ in 0..2 {
        get(&ch, &q, false).await?;
    }
    ch.basic_recover(BasicRecoverOptions { requeue: true }).await?;
    for wanted in ["a", "b"] {
        let m = get(&ch, &q, false).await?;
        assert_eq!((body(&m), m.redelivered), (wanted.into(), true));
    }
    Ok(())
}

async fn ack_unknown(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    let mut from = consume(&ch, &q, false).await?; // told why its channel closes
    ch.basic_ack(99, Default::default()).await?;
    refused(406, timeout(SOON, from.next()).await?.expect("the consumer ended"));
    Ok(())
}

async fn cancel(ch: Channel, _: Link) -> Outcome {
    let q = queue(&ch).await?;
    put(&ch, &q, &["a"]).await?;
    let mut from = consume(&ch, &q, false).await?;
    let held = next(&mut from).await?;
    ch.basic_cancel(from.tag(), Default::default()).await?;
    put(&ch, &q, &["b"]).await?;
    assert!(timeout(SOON, from.next()).await?.is_none(), "delivered all the same");
    held.ack(Default::default()).await?;
    assert_eq!(bodies(&ch, &q).await?, ["b"]);
    Ok(())
}

/// The stream of a consumer that the broker has cancelled ends.
async fn cancel_notify(ch: Channel, c: Link) -> Outcome {
    let q = queue(&ch).await?;
    let mut from = consume(&ch, &q, false).await?;
    c.create_channel().await?.queue_delete(q.into(), Default::default()).await?;
    assert!(timeout(SOON, from.next()).await?.is_none());
    assert!(ch.status().connected());
    Ok(())
}

async fn exclusive(ch: Channel, c: Link) -> Outcome {
    let q = queue(&ch).await?;
    let alone = BasicConsumeOptions { exclusive: true, ..Default::default() };
    let _one = ch.basic_consume(q.as_str().into(), "".into(), alone, Default::default()).await?;
    refused(403, consume(&c.create_channel().await?, &q, false).await);
    let second = dial().await?;
    refused(405, passive(&second.create_channel().await?, &q).await);
    second.close(200, "done".into()).await?;
    Ok(())
}

async fn tx(ch: Channel, c: Link) -> Outcome {
    let (q, t) = (queue(&ch).await?, c.create_channel().await?);
    t.tx_select().await?;
    publish(&t, "", &q, b"no").await?;
    t.tx_rollback().await?;
    publish(&t, "", &q, b"yes").await?;
    assert!(bodies(&ch, &q).await?.is_empty());
    t.tx_commit().await?;
    let m = get(&t, &q, false).await?;
    assert_eq!(body(&m), "yes");
    m.ack(Default::default()).await?;
    t.tx_commit().await?;
    t.close(200, "done".into()).await?;
    assert!(bodies(&ch, &q).await?.is_empty());
    Ok(())
}

async fn dead_letter(ch: Channel, _: Link) -> Outcome {
    let dead = queue(&ch).await?;
    let arguments = table(&[
        ("x-message-ttl", AMQPValue::LongInt(50)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(&dead)),
    ]);
    let q = queue_with(&ch, arguments).await?;
    let mut from = consume(&ch, &dead, true).await?;
    put(&ch, &q, &["late"]).await?;
    let m = next(&mut from).await?;
    let headers = m.properties.headers().clone().expect("no headers");
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get("x-death") else {
        panic!("no x-death");
    };
    let AMQPValue::FieldTable(death) = &deaths.as_slice()[0] else { panic!("no table") };
    let (death, late) = (death.inner(), body(&m));
    assert_eq!((late.as_str(), &death["queue"]), ("late", &text(&q)));
    assert_eq!((&death["reason"], &death["count"]), (&text("expired"), &AMQPValue::LongLongInt(1)));
    Ok(())
}

/// The client connects again by itself and makes its channels and consumers anew.
async fn restart() -> Outcome {
    let properties = ConnectionProperties::default().enable_auto_recover();
    let c = Connection::connect(&url("guest:guest", "%2f"), properties).await?;
    let ch = confirming(&c).await?;
    let (x, q) = (name(), name());
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let kind = ExchangeKind::Topic;
    ch.exchange_declare(x.as_str().into(), kind, durable, Default::default()).await?;
    declare(&ch, &q, true).await?;
    bind(&ch, &q, &x, "a.#", Default::default()).await?;
    let persistent = BasicProperties::default().with_delivery_mode(2);
    for body in numbers(100) {
        send(&ch, &x, "a.b", body.as_bytes(), persistent.clone()).await?;
    }
    broker("crash").await;
    broker("start").await;
    while let Err(e) = send(&ch, &x, "a.c", b"100", persistent.clone()).await {
        ch.wait_for_recovery(e).await?;
    }
    let got = Arc::new(Mutex::new(Vec::new()));
    let (mut from, all) = (consume(&ch, &q, true).await?, got.clone());
    tokio::spawn(async move {
        while let Some(Ok(m)) = from.next().await {
            all.lock().unwrap().push(body(&m));
        }
    });
    wait(|| got.lock().unwrap().len() >= 101).await;
    assert_eq!(*got.lock().unwrap(), numbers(101));
    ch.queue_delete(q.into(), Default::default()).await?;
    ch.exchange_delete(x.into(), Default::default()).await?;
    c.close(200, "done".into()).await?;
    Ok(())
}

#[tokio::main]
async fn main() {
    scenarios::scenarios(&[
        ("connect", part("keeps the properties of the server to itself", run(connect))),
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
        ("restart", run(restart)),
    ])
    .await;
}
