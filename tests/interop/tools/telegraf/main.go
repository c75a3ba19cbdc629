// SPDX-License-Identifier: Apache-2.0

// Telegraf's own input for RabbitMQ, without the rest of Telegraf, at the HTTP API whose address is
// the argument: what it gathers.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/plugins/inputs/rabbitmq"
	"github.com/influxdata/telegraf/testutil"
)

var failed = 0

func check(what string, ok bool, detail ...interface{}) {
	if ok {
		fmt.Println("ok", what)
		return
	}
	failed = 1
	fmt.Println("FAIL", what, fmt.Sprintf("%+v", detail))
}

func main() {
	input := inputs.Inputs["rabbitmq"]().(*rabbitmq.RabbitMQ)
	input.URL = os.Args[1]
	input.Username = config.NewSecret([]byte("guest"))
	input.Password = config.NewSecret([]byte("guest"))
	input.Log = testutil.Logger{}
	var plugin telegraf.Input = input
	err := plugin.(telegraf.Initializer).Init()
	check("Init", err == nil, err)
	var all testutil.Accumulator
	err = all.GatherError(plugin.Gather)
	check("Gather", err == nil, err)
	for _, field := range []string{"overview.messages", "overview.queues",
		"overview.amqp_listeners", "node.mem_used", "node.disk_free", "node.uptime",
		"node.mem_total", "queue.messages", "queue.consumers", "exchange.messages_publish_in"} {
		where := strings.Split(field, ".")
		check(field, all.HasField("rabbitmq_"+where[0], where[1]))
	}
	os.Exit(failed)
}
