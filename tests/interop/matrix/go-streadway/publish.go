// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/streadway/amqp"

func publish(ch *amqp.Channel, x, key string, mandatory bool, m amqp.Publishing) {
	must(ch.Publish(x, key, mandatory, false, m))
}
