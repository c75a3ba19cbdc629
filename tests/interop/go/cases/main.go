// SPDX-License-Identifier: Apache-2.0

// What a RabbitMQ user does with amqp091-go, case by case.  usage: cases PORT BROKER_SCRIPT
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var (
	host  = "127.0.0.1:" + os.Args[1]
	count = 0

	// The confirms of the running session. (The deferred confirmations of version 1.5.0 miss a
	// confirm that comes before the publishing call has returned.)
	confirms chan amqp.Confirmation
)

// A case fails by panicking with what was wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(got, want interface{}) {
	if !reflect.DeepEqual(got, want) {
		panic(fmt.Sprintf("got %v, not %v", got, want))
	}
}

func truth(ok bool, what string) {
	if !ok {
		panic(what)
	}
}

func broker(verb string) {
	must(exec.Command(os.Args[2], verb).Run())
}

func name() string {
	count++
	return fmt.Sprintf("go-%d-%d", os.Getpid(), count)
}

func dial() *amqp.Connection {
	c, err := amqp.Dial("amqp://guest:guest@" + host + "/")
	must(err)
	return c
}

func channel(c *amqp.Connection) *amqp.Channel {
	ch, err := c.Channel()
	must(err)
	return ch
}

// Runs the case with a confirm channel of a connection of its own.
func session(run func(*amqp.Channel, *amqp.Connection)) {
	c := dial()
	defer c.Close()
	ch := channel(c)
	must(ch.Confirm(false))
	confirms = ch.NotifyPublish(make(chan amqp.Confirmation, 4096))
	run(ch, c)
}

func private(ch *amqp.Channel) string {
	q, err := ch.QueueDeclare("", false, false, true, false, nil)
	must(err)
	return q.Name
}

func confirmed() {
	select {
	case c, open := <-confirms:
		truth(open && c.Ack, "not confirmed")
	case <-time.After(30 * time.Second):
		panic("no confirm")
	}
}

func put(ch *amqp.Channel, exchange, key, body string, m amqp.Publishing) {
	m.Body = []byte(body)
	must(ch.PublishWithContext(context.Background(), exchange, key, false, false, m))
	confirmed()
}

func get(ch *amqp.Channel, q string, autoAck bool) amqp.Delivery {
	d, ok, err := ch.Get(q, autoAck)
	must(err)
	truth(ok, "the queue is empty")
	return d
}

func bodies(ch *amqp.Channel, q string) []string {
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

// The action closes its channel with this code and a text that holds these words.
func refused(code int, text string, action func(*amqp.Channel)) {
	c := dial()
	defer c.Close()
	ch := channel(c)
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	action(ch)
	select {
	case e := <-closed:
		same(e.Code, code)
		truth(strings.Contains(e.Reason, text), e.Reason)
	case <-time.After(30 * time.Second):
		panic("not refused: " + text)
	}
}

func direct() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q, x := private(ch), name()
		truth(strings.HasPrefix(q, "amq.gen-"), q)
		must(ch.ExchangeDeclare(x, "direct", false, true, false, false, nil))
		must(ch.QueueBind(q, "one", x, false, nil))
		must(ch.QueueBind(q, "two", x, false, nil))
		for _, key := range []string{"one", "two", "three"} {
			put(ch, x, key, key, amqp.Publishing{})
		}
		same(bodies(ch, q), []string{"one", "two"})
	})
}

func fanout() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		x := name()
		must(ch.ExchangeDeclare(x, "fanout", true, false, false, false, nil))
		qs := []string{private(ch), private(ch), private(ch)}
		for _, q := range qs {
			must(ch.QueueBind(q, "", x, false, nil))
		}
		put(ch, x, "any", "all", amqp.Publishing{DeliveryMode: 2})
		for _, q := range qs {
			same(bodies(ch, q), []string{"all"})
		}
		must(ch.ExchangeDelete(x, false, false))
	})
}

func topic() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		for _, key := range []string{"a.*.c", "#.z", "k.#"} {
			must(ch.QueueBind(q, key, "amq.topic", false, nil))
		}
		for _, key := range []string{"a.b.c", "a.c", "z", "q.z", "k", "k.l.m", "a.b.c.d"} {
			put(ch, "amq.topic", key, key, amqp.Publishing{})
		}
		same(bodies(ch, q), []string{"a.b.c", "z", "q.z", "k", "k.l.m"})
	})
}

func headers() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		both, either := private(ch), private(ch)
		all := amqp.Table{"kind": "report", "size": 7, "x-match": "all"}
		any := amqp.Table{"kind": "report", "size": 7, "x-match": "any"}
		must(ch.QueueBind(both, "", "amq.headers", false, all))
		must(ch.QueueBind(either, "", "amq.headers", false, any))
		for _, h := range []amqp.Table{{"kind": "report", "size": int64(7)},
			{"kind": "report"}, {"size": 8}, {}} {
			put(ch, "amq.headers", "", "x", amqp.Publishing{Headers: h})
		}
		same(len(bodies(ch, both)), 1)
		same(len(bodies(ch, either)), 2)
	})
}

func exchangeToExchangeAndAlternate() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		x, inner, spill := name(), name(), name()
		q, lost := private(ch), private(ch)
		must(ch.ExchangeDeclare(spill, "fanout", false, true, false, false, nil))
		must(ch.QueueBind(lost, "", spill, false, nil))
		must(ch.ExchangeDeclare(x, "topic", false, true, false, false,
			amqp.Table{"alternate-exchange": spill}))
		must(ch.ExchangeDeclare(inner, "fanout", false, true, true, false, nil))
		must(ch.ExchangeBind(inner, "in.#", x, false, nil))
		must(ch.QueueBind(q, "", inner, false, nil))
		put(ch, x, "in.a", "in", amqp.Publishing{})
		put(ch, x, "out", "out", amqp.Publishing{})
		same(bodies(ch, q), []string{"in"})
		same(bodies(ch, lost), []string{"out"})
		refused(403, "cannot publish to internal exchange '"+inner+"' in vhost '/'",
			func(other *amqp.Channel) {
				_ = other.PublishWithContext(context.Background(), inner, "", false, false,
					amqp.Publishing{})
			})
	})
}

func propertiesComeBack() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		at := time.Unix(1700000000, 0)
		h := amqp.Table{"byte": byte(200), "int8": int8(-3), "int16": int16(-300), "int": 1 << 20,
			"int64": int64(1) << 40, "float": float32(0.5), "double": 0.25, "text": "x",
			"bytes": []byte{0, 255}, "when": at, "nothing": nil, "yes": true,
			"decimal": amqp.Decimal{Scale: 2, Value: 1234}, "list": []interface{}{"a", true},
			"table": amqp.Table{"deep": amqp.Table{"deeper": "x"}}}
		sent := amqp.Publishing{Headers: h, ContentType: "text/plain", ContentEncoding: "utf-8",
			DeliveryMode: 2, Priority: 3, CorrelationId: "c", ReplyTo: "r", Expiration: "60000",
			MessageId: "m", Timestamp: at, Type: "t", UserId: "guest", AppId: "a"}
		put(ch, "", q, strings.Repeat("x", 300000), sent)
		d := get(ch, q, true)
		h["int"] = int32(1 << 20)
		same(d.Headers, h)
		same(len(d.Body), 300000)
		same([]string{d.ContentType, d.ContentEncoding, d.CorrelationId, d.ReplyTo, d.Expiration,
			d.MessageId, d.Type, d.UserId, d.AppId},
			[]string{"text/plain", "utf-8", "c", "r", "60000", "m", "t", "guest", "a"})
		same([]int{int(d.DeliveryMode), int(d.Priority)}, []int{2, 3})
		truth(d.Timestamp.Equal(at), "timestamp")
	})
}

func take(from <-chan amqp.Delivery, n int) []amqp.Delivery {
	out := []amqp.Delivery{}
	for len(out) < n {
		select {
		case d := <-from:
			out = append(out, d)
		case <-time.After(30 * time.Second):
			panic(fmt.Sprintf("%d deliveries, not %d", len(out), n))
		}
	}
	return out
}

func quiet(from <-chan amqp.Delivery) {
	select {
	case d := <-from:
		panic("delivered beyond the window: " + string(d.Body))
	case <-time.After(200 * time.Millisecond):
	}
}

func prefetch() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		for i := 0; i < 20; i++ {
			put(ch, "", q, fmt.Sprint(i), amqp.Publishing{})
		}
		must(ch.Qos(3, 0, false))
		from, err := ch.Consume(q, "", false, false, false, false, nil)
		must(err)
		got := take(from, 3)
		quiet(from)
		must(got[1].Ack(true))
		got = append(got, take(from, 2)...)
		quiet(from)
		for i, d := range got {
			same(string(d.Body), fmt.Sprint(i))
			same(d.DeliveryTag, uint64(i+1))
		}
	})
}

func nackRequeuesInPlace() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		for i := 0; i < 4; i++ {
			put(ch, "", q, fmt.Sprint(i), amqp.Publishing{})
		}
		get(ch, q, false)
		middle := get(ch, q, false)
		get(ch, q, false)
		must(middle.Nack(false, true))
		again := get(ch, q, false)
		same(string(again.Body), "1")
		truth(again.Redelivered && !middle.Redelivered, "redelivered")
		must(again.Reject(false))
		must(ch.Nack(0, true, true))
		same(bodies(ch, q), []string{"0", "2", "3"})
	})
}

func unackedComeBackWhenTheChannelGoes() {
	session(func(ch *amqp.Channel, c *amqp.Connection) {
		q := private(ch)
		put(ch, "", q, "x", amqp.Publishing{})
		other := channel(c)
		truth(!get(other, q, false).Redelivered, "redelivered too early")
		must(other.Close())
		truth(get(ch, q, false).Redelivered, "not redelivered")
	})
}

func mandatoryReturns() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		returned := ch.NotifyReturn(make(chan amqp.Return, 1))
		must(ch.PublishWithContext(context.Background(), "", name(), true, false,
			amqp.Publishing{Body: []byte("nobody")}))
		confirmed()
		r := <-returned
		same([]interface{}{int(r.ReplyCode), r.ReplyText, string(r.Body)},
			[]interface{}{312, "NO_ROUTE", "nobody"})
	})
}

func getCountsWhatIsLeft() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		_, ok, err := ch.Get(q, true)
		truth(!ok && err == nil, "not empty")
		for i := 0; i < 3; i++ {
			put(ch, "", q, "x", amqp.Publishing{})
		}
		same(int(get(ch, q, true).MessageCount), 2)
		n, err := ch.QueuePurge(q, false)
		must(err)
		same(n, 2)
	})
}

func transactions() {
	session(func(ch *amqp.Channel, c *amqp.Connection) {
		q := private(ch)
		t := channel(c)
		must(t.Tx())
		publish := func(body string) {
			must(t.PublishWithContext(context.Background(), "", q, false, false,
				amqp.Publishing{Body: []byte(body)}))
		}
		publish("no")
		must(t.TxRollback())
		publish("yes")
		same(bodies(ch, q), []string{})
		must(t.TxCommit())
		d := get(t, q, false)
		same(string(d.Body), "yes")
		must(d.Ack(false))
		must(t.TxRollback())
		must(d.Ack(false))
		must(t.TxCommit())
		must(t.Close())
		same(bodies(ch, q), []string{})
	})
}

func recoverRequeues() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		put(ch, "", q, "x", amqp.Publishing{})
		truth(!get(ch, q, false).Redelivered, "redelivered too early")
		must(ch.Recover(true))
		truth(get(ch, q, false).Redelivered, "not redelivered")
	})
}

func cancelNotify() {
	session(func(ch *amqp.Channel, c *amqp.Connection) {
		q := private(ch)
		told := ch.NotifyCancel(make(chan string, 1))
		from, err := ch.Consume(q, "me", false, false, false, false, nil)
		must(err)
		_, err = channel(c).QueueDelete(q, false, false, false)
		must(err)
		same(<-told, "me")
		_, open := <-from
		truth(!open, "deliveries are still open")
	})
}

func exclusiveQueuesGoWithTheirConnection() {
	q := ""
	look := func(ch *amqp.Channel) {
		_, _ = ch.QueueDeclarePassive(q, false, false, true, false, nil)
	}
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q = private(ch)
		refused(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue", look)
	})
	refused(404, "NOT_FOUND - no queue '"+q+"' in vhost '/'", look)
}

func autoDeleteQueuesGoWithTheirLastConsumer() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q, err := ch.QueueDeclare("", false, true, false, false, nil)
		must(err)
		_, err = ch.Consume(q.Name, "c", false, false, false, false, nil)
		must(err)
		must(ch.Cancel("c", false))
		refused(404, "no queue", func(other *amqp.Channel) {
			_, _ = other.QueueDeclarePassive(q.Name, false, true, false, false, nil)
		})
	})
}

func errors() {
	refused(404, "NOT_FOUND - no exchange 'nope' in vhost '/'", func(ch *amqp.Channel) {
		_ = ch.PublishWithContext(context.Background(), "nope", "", false, false, amqp.Publishing{})
	})
	refused(404, "NOT_FOUND - no queue 'nope' in vhost '/'", func(ch *amqp.Channel) {
		_, _, _ = ch.Get("nope", true)
	})
	refused(406, "' in vhost '/': received 'true' but current is 'false'", func(ch *amqp.Channel) {
		q := name()
		_, _ = ch.QueueDeclare(q, false, true, false, false, nil)
		_, _ = ch.QueueDeclare(q, true, true, false, false, nil)
	})
	refused(406, "PRECONDITION_FAILED - unknown delivery tag 99", func(ch *amqp.Channel) {
		_ = ch.Ack(99, false)
	})
	refused(403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
		func(ch *amqp.Channel) {
			_ = ch.ExchangeDeclare("amq.mine", "direct", false, false, false, false, nil)
		})
	refused(406, "inequivalent arg 'type' for exchange 'amq.direct'", func(ch *amqp.Channel) {
		_ = ch.ExchangeDeclare("amq.direct", "fanout", true, false, false, false, nil)
	})
	refused(403, "in exclusive use", func(ch *amqp.Channel) {
		q := private(ch)
		_, _ = ch.Consume(q, "", false, true, false, false, nil)
		_, _ = ch.Consume(q, "", false, false, false, false, nil)
	})
	refused(406, "PRECONDITION_FAILED - channel is not transactional", func(ch *amqp.Channel) {
		_ = ch.TxCommit()
	})
}

// The client turns 403 and 530 while it logs in into words of its own.
func badLogins() {
	_, err := amqp.Dial("amqp://guest:wrong@" + host + "/")
	same(err, amqp.ErrCredentials)
	_, err = amqp.Dial("amqp://nobody:guest@" + host + "/")
	same(err, amqp.ErrCredentials)
	_, err = amqp.Dial("amqp://guest:guest@" + host + "/nope")
	same(err, amqp.ErrVhost)
}

func connectionErrors() {
	c := dial()
	defer c.Close()
	closed := c.NotifyClose(make(chan *amqp.Error, 1))
	_ = channel(c).PublishWithContext(context.Background(), "", "q", false, true,
		amqp.Publishing{})
	e := <-closed
	same([]interface{}{e.Code, e.Reason}, []interface{}{540, "NOT_IMPLEMENTED - immediate=true"})
}

func largeBodies() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := private(ch)
		for _, n := range []int{0, 1, 131064, 131065, 3 << 20} {
			put(ch, "", q, strings.Repeat("x", n), amqp.Publishing{})
			same(len(get(ch, q, true).Body), n)
		}
	})
}

func publishAll(ch *amqp.Channel, x, key string, n int) {
	for i := 0; i < n; i++ {
		must(ch.PublishWithContext(context.Background(), x, key, false, false,
			amqp.Publishing{DeliveryMode: 2, Body: []byte(fmt.Sprint(i))}))
	}
	for i := 0; i < n; i++ {
		confirmed()
	}
}

func consumerSeesAllInOrder() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q, err := ch.QueueDeclare(name(), true, false, false, false, nil)
		must(err)
		publishAll(ch, "", q.Name, 2000)
		must(ch.Qos(50, 0, false))
		from, err := ch.Consume(q.Name, "", false, false, false, false, nil)
		must(err)
		for i := 0; i < 2000; i++ {
			d := take(from, 1)[0]
			same(string(d.Body), fmt.Sprint(i))
			must(d.Ack(false))
		}
		_, err = ch.QueueDelete(q.Name, false, false, false)
		must(err)
	})
}

func crashKeepsWhatWasConfirmed() {
	x, q, fleeting := name(), name(), name()
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		must(ch.ExchangeDeclare(x, "topic", true, false, false, false, nil))
		_, err := ch.QueueDeclare(q, true, false, false, false, nil)
		must(err)
		_, err = ch.QueueDeclare(fleeting, false, false, false, false, nil)
		must(err)
		must(ch.QueueBind(q, "a.#", x, false, nil))
		publishAll(ch, x, "a.b", 100)
		put(ch, x, "a.b", "transient", amqp.Publishing{})
		same(string(get(ch, q, false).Body), "0")
		broker("crash")
		broker("start")
	})
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		put(ch, x, "a.c", "100", amqp.Publishing{DeliveryMode: 2})
		left := bodies(ch, q)
		same(len(left), 101)
		for i, body := range left {
			same(body, fmt.Sprint(i))
		}
		_, err := ch.QueueDelete(q, false, false, false)
		must(err)
		must(ch.ExchangeDelete(x, false, false))
	})
	refused(404, "no queue", func(ch *amqp.Channel) {
		_, _ = ch.QueueDeclarePassive(fleeting, false, false, false, false, nil)
	})
}

// The offsets of the first n messages from there on, whose bodies say what they should be.
func offsets(ch *amqp.Channel, q string, start interface{}, n int) []int {
	tag := name()
	from, err := ch.Consume(q, tag, false, false, false, false,
		amqp.Table{"x-stream-offset": start})
	must(err)
	got := []int{}
	for len(got) < n {
		select {
		case d := <-from:
			offset := int(d.Headers["x-stream-offset"].(int64))
			same(string(d.Body), fmt.Sprint(offset))
			got = append(got, offset)
			must(d.Ack(false))
		case <-time.After(30 * time.Second):
			panic(fmt.Sprint("nothing more after ", got))
		}
	}
	must(ch.Cancel(tag, false))
	return got
}

func numbers(from, to int) []int {
	all := []int{}
	for ; from < to; from++ {
		all = append(all, from)
	}
	return all
}

func streams() {
	session(func(ch *amqp.Channel, _ *amqp.Connection) {
		q := name()
		_, err := ch.QueueDeclare(q, true, false, false, false,
			amqp.Table{"x-queue-type": "stream"})
		must(err)
		must(ch.Qos(5, 0, false))
		publish := func(from, to int) {
			for _, i := range numbers(from, to) {
				put(ch, "", q, fmt.Sprint(i), amqp.Publishing{})
			}
		}
		publish(0, 10)
		time.Sleep(1100 * time.Millisecond)
		since := time.Unix(time.Now().Unix(), 0)
		publish(10, 20)
		same(offsets(ch, q, "first", 20), numbers(0, 20))
		same(offsets(ch, q, since, 10), numbers(10, 20))
		same(offsets(ch, q, int64(7), 13), numbers(7, 20))
		_, err = ch.QueueDelete(q, false, false, false)
		must(err)
	})
}

func stoppingSaysSo() {
	c := dial()
	defer c.Close()
	closed := c.NotifyClose(make(chan *amqp.Error, 1))
	broker("stop")
	broker("start")
	e := <-closed
	same(e.Code, 320)
	truth(strings.HasPrefix(e.Reason, "CONNECTION_FORCED - broker forced connection closure"),
		e.Reason)
}

func try(what string, run func()) (ok bool) {
	defer func() {
		if trouble := recover(); trouble != nil {
			fmt.Printf("FAIL %s: %v\n", what, trouble)
		}
	}()
	run()
	fmt.Println("ok", what)
	return true
}

func main() {
	cases := []struct {
		what string
		run  func()
	}{
		{"direct", direct}, {"fanout", fanout}, {"topic", topic}, {"headers", headers},
		{"exchange_to_exchange_and_alternate", exchangeToExchangeAndAlternate},
		{"properties_come_back", propertiesComeBack}, {"prefetch", prefetch},
		{"nack_requeues_in_place", nackRequeuesInPlace},
		{"unacked_come_back_when_the_channel_goes", unackedComeBackWhenTheChannelGoes},
		{"mandatory_returns", mandatoryReturns}, {"get_counts_what_is_left", getCountsWhatIsLeft},
		{"transactions", transactions}, {"recover", recoverRequeues},
		{"cancel_notify", cancelNotify},
		{"exclusive_queues_go_with_their_connection", exclusiveQueuesGoWithTheirConnection},
		{"auto_delete_queues_go_with_their_last_consumer", autoDeleteQueuesGoWithTheirLastConsumer},
		{"errors", errors}, {"bad_logins", badLogins}, {"connection_errors", connectionErrors},
		{"large_bodies", largeBodies}, {"consumer_sees_all_in_order", consumerSeesAllInOrder},
		{"crash_keeps_what_was_confirmed", crashKeepsWhatWasConfirmed},
		{"streams", streams}, {"stopping_says_so", stoppingSaysSo},
	}
	failed := 0
	for _, each := range cases {
		if !try(each.what, each.run) {
			failed++
		}
	}
	if failed > 0 {
		os.Exit(1)
	}
}
