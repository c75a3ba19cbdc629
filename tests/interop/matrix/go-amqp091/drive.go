// SPDX-License-Identifier: Apache-2.0

// The forty scenarios with the calls that amqp091-go and streadway/amqp share. What one does in
// another way is in its own.go.
// usage: drive PORT [NUMBER ...]
package main

import (
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

type conn = *amqp.Connection
type channel = *amqp.Channel

func dial() conn {
	c, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + port + "/")
	must(err)
	return c
}

func open(c conn) channel {
	ch, err := c.Channel()
	must(err)
	return ch
}

// A channel in confirm mode, with the confirms that come.
type confirming struct {
	channel
	confirms chan amqp.Confirmation
}

func confirm(c conn) *confirming {
	ch := open(c)
	must(ch.Confirm(false))
	return &confirming{ch, ch.NotifyPublish(make(chan amqp.Confirmation, 4096))}
}

func (ch *confirming) wait(n int) {
	for i := 0; i < n; i++ {
		select {
		case c, going := <-ch.confirms:
			truth(going && c.Ack, "not confirmed")
		case <-time.After(5 * time.Second):
			panic("no confirm")
		}
	}
}

func (ch *confirming) send(x, key string, m amqp.Publishing) {
	publish(ch.channel, x, key, false, m)
	ch.wait(1)
}

func (ch *confirming) put(q string, bodies ...string) {
	for _, each := range bodies {
		publish(ch.channel, "", q, false, text(each))
	}
	ch.wait(len(bodies))
}

func text(body string) amqp.Publishing { return amqp.Publishing{Body: []byte(body)} }

func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// Runs the scenario with a confirm channel of a connection of its own.
func session(run func(*confirming, conn)) func() {
	return func() {
		c := dial()
		defer c.Close()
		run(confirm(c), c)
	}
}

func queueWith(ch *confirming, args amqp.Table) string {
	q, err := ch.QueueDeclare("", false, false, true, false, args)
	must(err)
	return q.Name
}

func queue(ch *confirming) string { return queueWith(ch, nil) }

func declare(ch channel, q string, durable bool) {
	_, err := ch.QueueDeclare(q, durable, false, false, false, nil)
	must(err)
}

func exchange(ch *confirming, kind string, args amqp.Table) string {
	x := name()
	must(ch.ExchangeDeclare(x, kind, false, true, false, false, args))
	return x
}

func bind(ch *confirming, q, x string, keys ...string) {
	for _, key := range keys {
		must(ch.QueueBind(q, key, x, false, nil))
	}
}

func get(ch channel, q string, autoAck bool) amqp.Delivery {
	d, ok, err := ch.Get(q, autoAck)
	must(err)
	truth(ok, "the queue is empty")
	return d
}

func bodies(ch channel, q string) []string {
	out := []string{}
	for {
		d, ok, err := ch.Get(q, true)
		must(err)
		if !ok {
			return out
		}
		out = append(out, string(d.Body))
	}
}

func passive(ch channel, q string) (int, int) {
	got, err := ch.QueueDeclarePassive(q, false, false, false, false, nil)
	must(err)
	return got.Messages, got.Consumers
}

// The action closes its channel with this code.
func refused(code int, c conn, action func(channel)) {
	ch := open(c)
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	action(ch)
	select {
	case e := <-closed:
		truth(e != nil, "closed without a reason")
		same(e.Code, code)
	case <-time.After(3 * time.Second):
		panic(fmt.Sprint("not refused with ", code))
	}
}

func consume(ch channel, q string, autoAck bool) <-chan amqp.Delivery {
	from, err := ch.Consume(q, "", autoAck, false, false, false, nil)
	must(err)
	return from
}

func take(from <-chan amqp.Delivery, n int) []amqp.Delivery {
	out := []amqp.Delivery{}
	for len(out) < n {
		select {
		case d, going := <-from:
			truth(going, "the deliveries ended")
			out = append(out, d)
		case <-time.After(3 * time.Second):
			panic(fmt.Sprintf("%d deliveries instead of %d", len(out), n))
		}
	}
	return out
}

func quiet(from ...<-chan amqp.Delivery) {
	time.Sleep(200 * time.Millisecond)
	for _, each := range from {
		select {
		case d := <-each:
			panic("delivered all the same: " + string(d.Body))
		default:
		}
	}
}

func connect() {
	c, err := amqp.DialConfig("amqp://guest:guest@127.0.0.1:"+port+"/",
		amqp.Config{Heartbeat: 30 * time.Second})
	must(err)
	same(c.Config.Heartbeat, 30*time.Second)
	for _, key := range []string{"product", "version"} {
		shown, isText := c.Properties[key].(string)
		truth(isText && shown != "", "no "+key)
	}
	must(open(c).Close())
	must(c.Close())
}

func loginRefused() {
	_, err := amqp.Dial("amqp://guest:wrong@127.0.0.1:" + port + "/")
	same(err, amqp.ErrCredentials)
}

func channels() {
	c := dial()
	all := []*confirming{}
	names := map[string]bool{}
	for i := 0; i < 50; i++ {
		all = append(all, confirm(c))
	}
	for _, ch := range all {
		names[queue(ch)] = true
	}
	for _, ch := range all {
		must(ch.Close())
	}
	same(len(names), 50)
	must(c.Close())
}

func queueDeclare(ch *confirming, c conn) {
	durable, fleeting := name(), name()
	declare(ch.channel, durable, true)
	ch.put(durable, "a", "b")
	ready, users := passive(ch.channel, durable)
	same([]int{ready, users}, []int{2, 0})
	truth(strings.HasPrefix(queue(ch), "amq.gen-"), "not named by the server")
	_, err := ch.QueueDeclare(fleeting, false, true, false, false, nil)
	must(err)
	_, err = ch.Consume(fleeting, "me", false, false, false, false, nil)
	must(err)
	_, users = passive(ch.channel, fleeting)
	same(users, 1)
	must(ch.Cancel("me", false))
	refused(404, c, func(other channel) {
		_, _ = other.QueueDeclarePassive(fleeting, false, true, false, false, nil)
	})
	_, err = ch.QueueDelete(durable, false, false, false)
	must(err)
}

func queueMismatch(ch *confirming, c conn) {
	q := name()
	declare(ch.channel, q, true)
	refused(406, c, func(other channel) {
		_, _ = other.QueueDeclare(q, false, false, false, false, nil)
	})
	_, err := ch.QueueDelete(q, false, false, false)
	must(err)
}

func queuePurgeDelete(ch *confirming, c conn) {
	q := name()
	declare(ch.channel, q, true)
	ch.put(q, "a", "b", "c")
	n, err := ch.QueuePurge(q, false)
	must(err)
	same(n, 3)
	ch.put(q, "d", "e")
	refused(406, c, func(other channel) { _, _ = other.QueueDelete(q, false, true, false) })
	user := open(c)
	must(user.Qos(1, 0, false))
	consume(user, q, false)
	refused(406, c, func(other channel) { _, _ = other.QueueDelete(q, true, false, false) })
	must(user.Close())
	n, err = ch.QueueDelete(q, false, false, false)
	must(err)
	same(n, 2)
}

func exchangeDeclare(ch *confirming, c conn) {
	x := ""
	for _, kind := range []string{"direct", "fanout", "topic", "headers"} {
		x = name()
		must(ch.ExchangeDeclare(x, kind, true, false, false, false, nil))
		must(ch.ExchangeDeclare(x, kind, true, false, false, false, nil))
		must(ch.ExchangeDelete(x, false, false))
	}
	must(ch.ExchangeDeclarePassive("amq.topic", "topic", true, false, false, false, nil))
	refused(404, c, func(other channel) {
		_ = other.ExchangeDeclarePassive(x, "headers", true, false, false, false, nil)
	})
}

func exchangeMismatch(ch *confirming, c conn) {
	x := exchange(ch, "direct", nil)
	refused(406, c, func(other channel) {
		_ = other.ExchangeDeclare(x, "fanout", false, true, false, false, nil)
	})
}

func direct(ch *confirming, _ conn) {
	one, two := queue(ch), queue(ch)
	bind(ch, one, "amq.direct", one)
	bind(ch, two, "amq.direct", two)
	for _, key := range []string{one, two, name()} {
		ch.send("amq.direct", key, text(key))
	}
	same([][]string{bodies(ch.channel, one), bodies(ch.channel, two)}, [][]string{{one}, {two}})
}

func fanout(ch *confirming, _ conn) {
	x := exchange(ch, "fanout", nil)
	qs := []string{queue(ch), queue(ch), queue(ch)}
	for _, q := range qs {
		bind(ch, q, x, "")
	}
	for _, body := range numbers(5) {
		ch.send(x, body, text(body))
	}
	for _, q := range qs {
		same(bodies(ch.channel, q), numbers(5))
	}
}

func topic(ch *confirming, _ conn) {
	q := queue(ch)
	bind(ch, q, "amq.topic", "a.*.c", "#.z", "k.#")
	for _, key := range []string{"a.b.c", "a.c", "z", "q.r.z", "k", "k.l.m", "a.b.c.d", ""} {
		ch.send("amq.topic", key, text(key))
	}
	same(bodies(ch.channel, q), []string{"a.b.c", "z", "q.r.z", "k", "k.l.m"})
}

func headers(ch *confirming, _ conn) {
	both, either := queue(ch), queue(ch)
	for q, match := range map[string]string{both: "all", either: "any"} {
		must(ch.QueueBind(q, "", "amq.headers", false,
			amqp.Table{"kind": "report", "size": int32(7), "x-match": match}))
	}
	for body, h := range []amqp.Table{{}, {"kind": "report", "size": int32(7)},
		{"size": int32(8)}, {"kind": "report"}} {
		m := text(fmt.Sprint(body))
		m.Headers = h
		ch.send("amq.headers", "", m)
	}
	same([][]string{bodies(ch.channel, both), bodies(ch.channel, either)},
		[][]string{{"1"}, {"1", "3"}})
}

func exchangeBind(ch *confirming, _ conn) {
	outer, inner, q := exchange(ch, "topic", nil), exchange(ch, "fanout", nil), queue(ch)
	must(ch.ExchangeBind(inner, "in.#", outer, false, nil))
	bind(ch, q, inner, "")
	ch.send(outer, "in.a", text("in"))
	ch.send(outer, "out", text("out"))
	same(bodies(ch.channel, q), []string{"in"})
	must(ch.ExchangeUnbind(inner, "in.#", outer, false, nil))
}

func alternate(ch *confirming, _ conn) {
	spill, lost := exchange(ch, "fanout", nil), queue(ch)
	bind(ch, lost, spill, "")
	x := exchange(ch, "direct", amqp.Table{"alternate-exchange": spill})
	ch.send(x, "nowhere", text("spilt"))
	same(bodies(ch.channel, lost), []string{"spilt"})
}

func unbind(ch *confirming, _ conn) {
	q := queue(ch)
	bind(ch, q, "amq.direct", q)
	ch.send("amq.direct", q, text("before"))
	must(ch.QueueUnbind(q, q, "amq.direct", nil))
	ch.send("amq.direct", q, text("after"))
	same(bodies(ch.channel, q), []string{"before"})
}

func defaultExchange(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, "x")
	d := get(ch.channel, q, true)
	same([]string{d.Exchange, d.RoutingKey, string(d.Body)}, []string{"", q, "x"})
}

func properties(ch *confirming, _ conn) {
	q, at := queue(ch), time.Unix(1700000000, 0)
	m := amqp.Publishing{ContentType: "text/plain", ContentEncoding: "utf-8", DeliveryMode: 2,
		Priority: 3, CorrelationId: "c", ReplyTo: "r", Expiration: "60000", MessageId: "m",
		Timestamp: at, Type: "t", UserId: "guest", AppId: "a", Headers: amqp.Table{"a": "b"}}
	ch.send("", q, m)
	d := get(ch.channel, q, true)
	truth(d.Timestamp.Equal(at), "timestamp")
	same(amqp.Publishing{ContentType: d.ContentType, ContentEncoding: d.ContentEncoding,
		DeliveryMode: d.DeliveryMode, Priority: d.Priority, CorrelationId: d.CorrelationId,
		ReplyTo: d.ReplyTo, Expiration: d.Expiration, MessageId: d.MessageId, Timestamp: at,
		Type: d.Type, UserId: d.UserId, AppId: d.AppId, Headers: d.Headers}, m)
}

func headerTypes(ch *confirming, _ conn) {
	q := queue(ch)
	h := amqp.Table{"text": "grün", "small": int16(-300), "int": int32(1 << 20),
		"large": int64(1) << 40, "float": float32(0.5), "double": 0.25, "yes": true, "no": false,
		"time": time.Unix(1700000000, 0), "bytes": []byte{0, 255}, "empty": nil,
		"table": amqp.Table{"deep": amqp.Table{"deeper": int32(-1)}},
		"array": []interface{}{int32(1), "a", amqp.Table{"n": nil}}}
	ch.send("", q, amqp.Publishing{Headers: h})
	same(get(ch.channel, q, true).Headers, h)
}

func allBodies(ch *confirming, c conn) {
	q, most := queue(ch), c.Config.FrameSize
	for _, n := range []int{0, 1, 4096, most - 8, most, 1048577} {
		ch.send("", q, amqp.Publishing{Body: pattern(n)})
		truth(string(get(ch.channel, q, true).Body) == string(pattern(n)),
			fmt.Sprint(n, " bytes differ"))
	}
}

func confirmAll(ch *confirming, _ conn) {
	q, seen := queue(ch), map[uint64]bool{}
	for _, body := range numbers(1000) {
		publish(ch.channel, "", q, false,
			amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
	}
	for len(seen) < 1000 {
		select {
		case c := <-ch.confirms:
			truth(c.Ack && !seen[c.DeliveryTag] && c.DeliveryTag <= 1000, "confirmed twice")
			seen[c.DeliveryTag] = true
		case <-time.After(5 * time.Second):
			panic(fmt.Sprint(len(seen), " confirms"))
		}
	}
	time.Sleep(100 * time.Millisecond)
	same(len(ch.confirms), 0)
}

func confirmMixed(ch *confirming, _ conn) {
	q := queue(ch)
	for i := 0; i < 1000; i++ {
		key := q
		if i%10 == 0 {
			key = name()
		}
		publish(ch.channel, "", key, false,
			amqp.Publishing{DeliveryMode: uint8(1 + i%2), Body: []byte("x")})
	}
	ch.wait(1000)
	ready, _ := passive(ch.channel, q)
	same(ready, 900)
}

func mandatory(ch *confirming, _ conn) {
	q, back := queue(ch), ch.NotifyReturn(make(chan amqp.Return, 2))
	publish(ch.channel, "", name(), true, text("nobody"))
	ch.wait(1)
	same(len(back), 1)
	r := <-back
	same([]string{fmt.Sprint(r.ReplyCode), string(r.Body)}, []string{"312", "nobody"})
	publish(ch.channel, "", q, true, text("x"))
	ch.wait(1)
	same(len(back), 0)
}

func exchangeMissing(ch *confirming, c conn) {
	refused(404, c, func(other channel) { publish(other, name(), "", false, text("x")) })
	q := queue(ch)
	ch.put(q, "on")
	same(bodies(ch.channel, q), []string{"on"})
}

func getOne(ch *confirming, _ conn) {
	q := queue(ch)
	_, ok, err := ch.Get(q, false)
	truth(err == nil && !ok, "not empty")
	ch.put(q, "a", "b", "c")
	d := get(ch.channel, q, false)
	same([]string{string(d.Body), fmt.Sprint(d.MessageCount)}, []string{"a", "2"})
	must(d.Ack(false))
}

func consumeAll(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, numbers(1000)...)
	must(ch.Qos(50, 0, false))
	from := consume(ch.channel, q, false)
	for _, body := range numbers(1000) {
		d := take(from, 1)[0]
		same(string(d.Body), body)
		must(d.Ack(false))
	}
	ready, _ := passive(ch.channel, q)
	same(ready, 0)
}

func noAck(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, numbers(1000)...)
	for i, d := range take(consume(ch.channel, q, true), 1000) {
		same(string(d.Body), fmt.Sprint(i))
	}
	ready, _ := passive(ch.channel, q)
	same(ready, 0)
}

func prefetch(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, numbers(30)...)
	must(ch.Qos(10, 0, false))
	from := consume(ch.channel, q, false)
	got := take(from, 10)
	quiet(from)
	must(got[4].Ack(true))
	take(from, 5)
	quiet(from)
}

func prefetchGlobal(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, numbers(30)...)
	must(ch.Qos(10, 0, true))
	one, two := consume(ch.channel, q, false), consume(ch.channel, q, false)
	both := func() (n int) {
		for {
			select {
			case <-one:
				n++
			case <-two:
				n++
			case <-time.After(200 * time.Millisecond):
				return n
			}
		}
	}
	same(both(), 10)
	must(ch.Ack(0, true))
	same(both(), 10)
}

func nackRequeue(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, "a", "b")
	first := get(ch.channel, q, false)
	must(first.Nack(false, true))
	again := get(ch.channel, q, false)
	same(string(again.Body), "a")
	truth(!first.Redelivered && again.Redelivered, "redelivered")
}

func reject(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, "a", "b")
	must(get(ch.channel, q, false).Reject(false))
	same(bodies(ch.channel, q), []string{"b"})
}

func ackMultiple(ch *confirming, c conn) {
	q := queue(ch)
	ch.put(q, "a", "b", "c", "d")
	other := open(c)
	got := []amqp.Delivery{}
	for i := 0; i < 4; i++ {
		got = append(got, get(other, q, false))
	}
	must(got[2].Ack(true))
	must(other.Close()) // the fourth comes back
	same(bodies(ch.channel, q), []string{"d"})
}

func recovered(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, "a", "b")
	get(ch.channel, q, false)
	get(ch.channel, q, false)
	must(ch.Recover(true))
	for _, body := range []string{"a", "b"} {
		d := get(ch.channel, q, false)
		truth(string(d.Body) == body && d.Redelivered, "not "+body+" again")
	}
}

func ackUnknown(_ *confirming, c conn) {
	refused(406, c, func(other channel) { _ = other.Ack(99, false) })
}

func cancel(ch *confirming, _ conn) {
	q := queue(ch)
	ch.put(q, "a")
	from, err := ch.Consume(q, "me", false, false, false, false, nil)
	must(err)
	held := take(from, 1)[0]
	must(ch.Cancel("me", false))
	ch.put(q, "b")
	time.Sleep(200 * time.Millisecond)
	_, going := <-from
	truth(!going, "delivered all the same")
	must(held.Ack(false))
	same(bodies(ch.channel, q), []string{"b"})
}

func cancelNotify(ch *confirming, c conn) {
	q, told := queue(ch), ch.NotifyCancel(make(chan string, 1))
	_, err := ch.Consume(q, "me", false, false, false, false, nil)
	must(err)
	_, err = open(c).QueueDelete(q, false, false, false)
	must(err)
	same(<-told, "me")
}

func exclusive(ch *confirming, c conn) {
	q := queue(ch)
	_, err := ch.Consume(q, "", false, true, false, false, nil)
	must(err)
	refused(403, c, func(other channel) {
		_, _ = other.Consume(q, "", false, false, false, false, nil)
	})
	second := dial()
	defer second.Close()
	refused(405, second, func(other channel) {
		_, _ = other.QueueDeclarePassive(q, false, false, true, false, nil)
	})
}

func tx(ch *confirming, c conn) {
	q, t := queue(ch), open(c)
	must(t.Tx())
	publish(t, "", q, false, text("no"))
	must(t.TxRollback())
	publish(t, "", q, false, text("yes"))
	same(bodies(ch.channel, q), []string{})
	must(t.TxCommit())
	d := get(t, q, false)
	same(string(d.Body), "yes")
	must(d.Ack(false))
	must(t.TxCommit())
	must(t.Close())
	same(bodies(ch.channel, q), []string{})
}

func deadLetter(ch *confirming, _ conn) {
	dead := queue(ch)
	q := queueWith(ch, amqp.Table{"x-message-ttl": int32(50), "x-dead-letter-exchange": "",
		"x-dead-letter-routing-key": dead})
	from := consume(ch.channel, dead, true)
	ch.put(q, "late")
	d := take(from, 1)[0]
	death := d.Headers["x-death"].([]interface{})[0].(amqp.Table)
	same([]interface{}{string(d.Body), death["queue"], death["reason"], death["count"]},
		[]interface{}{"late", q, "expired", int64(1)})
}

func persistent(body string) amqp.Publishing {
	return amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)}
}

// A durable exchange with a durable queue and a hundred persistent messages in it.
func lasting(ch *confirming) (x, q string) {
	x, q = name(), name()
	must(ch.ExchangeDeclare(x, "topic", true, false, false, false, nil))
	declare(ch.channel, q, true)
	bind(ch, q, x, "a.#")
	for _, body := range numbers(100) {
		publish(ch.channel, x, "a.b", false, persistent(body))
	}
	ch.wait(100)
	return x, q
}

// What was lasting is there whole, with the one that was published after it; and goes.
func lasted(ch *confirming, x, q string) {
	ch.send(x, "a.c", persistent("100"))
	same(bodies(ch.channel, q), numbers(101))
	_, err := ch.QueueDelete(q, false, false, false)
	must(err)
	must(ch.ExchangeDelete(x, false, false))
}

func main() {
	scenarios(map[string]interface{}{
		"connect": connect, "login-refused": loginRefused, "vhost-unknown": vhostUnknown(),
		"channels": channels, "queue-declare": session(queueDeclare),
		"queue-mismatch": session(queueMismatch), "queue-purge-delete": session(queuePurgeDelete),
		"exchange-declare":  session(exchangeDeclare),
		"exchange-mismatch": session(exchangeMismatch), "direct": session(direct),
		"fanout": session(fanout), "topic": session(topic), "headers": session(headers),
		"exchange-bind": session(exchangeBind), "alternate": session(alternate),
		"unbind": session(unbind), "default-exchange": session(defaultExchange),
		"properties": session(properties), "header-types": session(headerTypes),
		"bodies": session(allBodies), "confirm": session(confirmAll),
		"confirm-mixed": session(confirmMixed), "mandatory": session(mandatory),
		"exchange-missing": session(exchangeMissing), "get": session(getOne),
		"consume": session(consumeAll), "no-ack": session(noAck), "prefetch": session(prefetch),
		"prefetch-global": session(prefetchGlobal), "nack-requeue": session(nackRequeue),
		"reject": session(reject), "ack-multiple": session(ackMultiple),
		"recover": session(recovered), "ack-unknown": session(ackUnknown),
		"cancel": session(cancel), "cancel-notify": session(cancelNotify),
		"exclusive": session(exclusive), "tx": session(tx), "dead-letter": session(deadLetter),
		"restart": restart(),
	})
}
