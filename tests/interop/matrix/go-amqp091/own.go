// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func publish(ch *amqp.Channel, x, key string, mandatory bool, m amqp.Publishing) {
	must(ch.PublishWithContext(context.Background(), x, key, mandatory, false, m))
}

func vhostUnknown() interface{} {
	return func() {
		_, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + port + "/nope")
		e, isError := err.(*amqp.Error)
		truth(isError, "let in")
		same(e.Code, 530)
	}
}

func until(states <-chan *amqp.StateChanged, wanted amqp.LifeCycleState) {
	for {
		select {
		case s := <-states:
			if s.To == wanted {
				return
			}
		case <-time.After(5 * time.Second):
			panic("not " + wanted.String())
		}
	}
}

// The client connects again by itself and makes its channels and consumers anew, and the queue that
// went with the connection.
func restart() interface{} {
	return func() {
		c, err := amqp.DialConfig("amqp://guest:guest@127.0.0.1:"+port+"/",
			amqp.Config{Recovery: &amqp.Recovery{ReconnectionConfig: &amqp.ReconnectionConfig{
				MaxRetryCount: 100, RetryInterval: 50 * time.Millisecond}}})
		must(err)
		defer c.Close()
		states := make(chan *amqp.StateChanged, 16)
		c.NotifyStateChange(states)
		ch := confirm(c)
		passing := queue(ch)
		x, q := lasting(ch)
		bind(ch, passing, x, "a.#")
		from := consume(ch.channel, passing, true)
		broker("crash")
		until(states, amqp.StateReconnecting)
		broker("start")
		until(states, amqp.StateOpen)
		lasted(ch, x, q)
		same(string(take(from, 1)[0].Body), "100")
	}
}
