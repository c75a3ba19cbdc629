// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	amqp "github.com/rabbitmq/amqp091-go"
)

func publish(ch *amqp.Channel, x, key string, mandatory bool, m amqp.Publishing) {
	must(ch.PublishWithContext(context.Background(), x, key, mandatory, false, m))
}
