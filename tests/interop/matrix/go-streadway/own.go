// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/streadway/amqp"

func publish(ch *amqp.Channel, x, key string, mandatory bool, m amqp.Publishing) {
	must(ch.Publish(x, key, mandatory, false, m))
}

func vhostUnknown() interface{} {
	return part{"makes an error of its own of whatever refuses the virtual host", func() {
		_, err := amqp.Dial("amqp://guest:guest@127.0.0.1:" + port + "/nope")
		same(err, amqp.ErrVhost)
	}}
}

func restart() interface{} {
	return part{"leaves it to its user to connect again", func() {
		c := dial()
		closed := c.NotifyClose(make(chan *amqp.Error, 1))
		x, q := lasting(confirm(c))
		broker("crash")
		truth(<-closed != nil, "closed without a reason")
		broker("start")
		c = dial()
		defer c.Close()
		lasted(confirm(c), x, q)
	}}
}
