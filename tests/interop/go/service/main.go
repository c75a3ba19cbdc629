// SPDX-License-Identifier: Apache-2.0

// A service of the pub/sub stage: takes messages from a durable queue, notes each in a file, then
// acks it.  usage: service PORT QUEUE FILE
package main

import (
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	file, err := os.OpenFile(os.Args[3], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	must(err)
	c, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + os.Args[1] + "/")
	must(err)
	ch, err := c.Channel()
	must(err)
	must(ch.Qos(100, 0, false))
	from, err := ch.Consume(os.Args[2], "", false, false, false, false, nil)
	must(err)
	for d := range from {
		again := 0
		if d.Redelivered {
			again = 1
		}
		_, err := fmt.Fprintf(file, "%s %d\n", d.Body, again)
		must(err)
		must(d.Ack(false))
	}
}
