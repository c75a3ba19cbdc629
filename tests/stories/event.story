# SPDX-License-Identifier: Apache-2.0
# Events and the firehose: the broker tells of what happens by messages.

scene "Queues, exchanges and bindings are told of, in the order of what happens"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="queue.*"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="exchange.*"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="binding.*"
a 1 > basic.consume queue=events no_ack consumer_tag="c"
a 1 < basic.consume-ok
a 1 < basic.deliver exchange="amq.rabbitmq.event" routing_key="binding.created" delivery_mode=2 headers~{destination_name: "events", routing_key: "binding.*"}
b connects
b opens 1
b 1 does queue.declare queue=q durable arguments={x-max-length: 5}
a 1 < basic.deliver routing_key="queue.created" headers~{vhost: "/", name: "q", durable: t true, auto_delete: t false, exclusive: t false, arguments: {x-max-length: 5}, type: "rabbit_classic_queue", user_who_performed_action: "guest"} body=""
b 1 does queue.declare queue=q durable arguments={x-max-length: 5}
b 1 does exchange.declare exchange=x type="topic" auto_delete
a 1 < basic.deliver routing_key="exchange.created" headers~{vhost: "/", name: "x", type: "topic", durable: t false, auto_delete: t true, internal: t false}
b 1 does queue.bind queue=q exchange=x routing_key="k.#" arguments={a: 1}
a 1 < basic.deliver routing_key="binding.created" headers~{vhost: "/", source_name: "x", source_kind: "exchange", destination_name: "q", destination_kind: "queue", routing_key: "k.#", arguments: {a: 1}}
b 1 does queue.bind queue=q exchange=x routing_key="k.#" arguments={a: 1}
a 1 < nothing
b 1 does exchange.bind destination=amq.fanout source=x routing_key="z"
a 1 < basic.deliver routing_key="binding.created" headers~{destination_name: "amq.fanout", destination_kind: "exchange"}
b 1 does exchange.unbind destination=amq.fanout source=x routing_key="z"
a 1 < basic.deliver routing_key="binding.deleted" headers~{source_name: "x", destination_name: "amq.fanout", destination_kind: "exchange", routing_key: "z", user_who_performed_action: "guest"}
b 1 does queue.delete queue=q
a 1 < basic.deliver routing_key="queue.deleted" headers~{name: "q", user_who_performed_action: "guest"}
a 1 < basic.deliver routing_key="binding.deleted" headers~{source_name: "x", destination_name: "q", destination_kind: "queue", routing_key: "k.#", arguments: {a: 1}}
a 1 < basic.deliver routing_key="exchange.deleted" headers~{name: "x", vhost: "/"}

scene "What somebody removes is theirs; what goes with a queue, or by itself, is the broker's"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="*.deleted"
a 1 > basic.consume queue=events no_ack
a 1 < basic.consume-ok
b connects
b opens 1
b 1 does queue.declare queue=q
b 1 does exchange.declare exchange=x type=fanout auto_delete
b 1 does exchange.declare exchange=y type=fanout
b 1 does queue.bind queue=q exchange=x
b 1 does queue.unbind queue=q exchange=x
repeat 2
a 1 < basic.deliver headers~{user_who_performed_action: "guest"}
end
b 1 does queue.bind queue=q exchange=y
b 1 does exchange.delete exchange=y
repeat 2
a 1 < basic.deliver headers~{user_who_performed_action: "guest"}
end
b 1 does queue.bind queue=q exchange=amq.fanout
b 1 does queue.bind queue=q exchange=amq.topic
b 1 > queue.unbind queue=q exchange=amq.topic
b 1 > queue.delete queue=q
b 1 > queue.delete queue=q
b 1 < queue.unbind-ok
b 1 < queue.delete-ok
b 1 < queue.delete-ok
a 1 < basic.deliver routing_key="binding.deleted" headers~{source_name: "amq.topic", user_who_performed_action: "guest"}
a 1 < basic.deliver routing_key="queue.deleted" headers~{name: "q", user_who_performed_action: "guest"}
a 1 < basic.deliver routing_key="binding.deleted" headers~{source_name: "amq.fanout", user_who_performed_action: "rmq-internal"}
b 1 does queue.declare queue=r auto_delete
b 1 does basic.consume queue=r consumer_tag=t
b 1 does basic.cancel consumer_tag=t
a 1 < basic.deliver routing_key="consumer.deleted" headers~{user_who_performed_action: "guest"}
a 1 < basic.deliver routing_key="queue.deleted" headers~{name: "r", user_who_performed_action: "rmq-internal"}
b 1 does queue.declare queue=mine exclusive
b closes
a 1 < basic.deliver routing_key="queue.deleted" headers~{name: "mine", user_who_performed_action: "rmq-internal"}

scene "What is deleted and made again at once is told of in that order"
a connects
a opens 1
a 1 does queue.declare queue=events
b connects
b opens 1
b 1 does queue.declare queue=q
b 1 does queue.bind queue=q exchange=amq.fanout
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="binding.#"
a 1 > basic.consume queue=events no_ack
a 1 < basic.consume-ok
a 1 < basic.deliver routing_key="binding.created"
b 1 > queue.unbind queue=q exchange=amq.fanout
b 1 > queue.bind queue=q exchange=amq.fanout
b 1 > queue.unbind queue=q exchange=amq.fanout
b 1 < queue.unbind-ok
b 1 < queue.bind-ok
b 1 < queue.unbind-ok
a 1 < basic.deliver routing_key="binding.deleted"
a 1 < basic.deliver routing_key="binding.created"
a 1 < basic.deliver routing_key="binding.deleted"

scene "Connections, channels, consumers and logins"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.declare queue=q
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="user.#"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="connection.#"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="channel.#"
a 1 > basic.consume queue=events no_ack
a 1 < basic.consume-ok
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="consumer.#"
b connects heartbeat=7 channel_max=9
a 1 < basic.deliver routing_key="user.authentication.success" headers~{name: "guest", auth_mechanism: "PLAIN"}
a 1 < basic.deliver routing_key="connection.created" headers~{user: "guest", vhost: "/", protocol: "{0,9,1}", auth_mechanism: "PLAIN", ssl: false, ssl_protocol: "", type: "network", channel_max: l 9, frame_max: l 131072, timeout: l 7}
b opens 5
a 1 < basic.deliver routing_key="channel.created" headers~{number: l 5, user: "guest", vhost: "/"}
b 5 does basic.qos prefetch_count=3
b 5 does basic.consume queue=q consumer_tag="t" arguments={x-priority: 3}
a 1 < basic.deliver routing_key="consumer.created" headers~{consumer_tag: "t", queue: "q", ack_required: t true, exclusive: t false, prefetch_count: l 3, arguments: {x-priority: 3}, vhost: "/"}
b 5 does basic.cancel consumer_tag="t"
a 1 < basic.deliver routing_key="consumer.deleted" headers~{consumer_tag: "t", queue: "q"}
b 5 does channel.close
a 1 < basic.deliver routing_key="channel.closed" headers~{number: l 5}
b leaves
a 1 < basic.deliver routing_key="connection.closed" headers~{user: "guest", vhost: "/"}
c dials
c sends "AMQP\0\0\x09\x01"
c < connection.start
c > connection.start-ok mechanism="PLAIN" response="\0guest\0wrong" locale="en_US" client_properties={capabilities: {authentication_failure_close: true}}
c < connection.close reply_code=403
c > connection.close-ok
c closed
a 1 < basic.deliver routing_key="user.authentication.failure" headers~{name: "guest", auth_mechanism: "PLAIN", user_who_performed_action: "rmq-internal"}

scene "An exclusive queue goes with its connection, and its consumers before it"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="queue.deleted"
b connects
b opens 1
b 1 does queue.declare queue=mine exclusive
b 1 does basic.consume queue=mine
b leaves
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.deleted" headers~{name: "mine", user_who_performed_action: "rmq-internal"}

scene "Policies, parameters, virtual hosts, at the door"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="#"
a 1 does queue.declare queue=q arguments={x-queue-type: "quorum"} durable
a 1 does queue.purge queue=events
ctl set_policy p "^q" "{\"max-length\":3}" --priority 2
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="policy.set" headers~{name: "p", vhost: "/", pattern: "^q", definition: {max-length: l 3}, priority: l 2, apply-to: "all", user_who_performed_action: "rmq-cli"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.policy.updated" headers~{name: "q", policy: "p", definition: {max-length: l 3}, type: "rabbit_quorum_queue"}
ctl clear_policy p
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="policy.cleared" headers~{name: "p"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.policy.cleared" headers~{name: "q"}
ctl set_operator_policy o "^none" "{\"max-length\":3}"
ctl clear_operator_policy o
ctl set_parameter leveret merge-policies true
ctl set_global_parameter g "{\"a\":1}"
ctl clear_global_parameter g
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="parameter.set" headers~{component: "operator_policy", name: "o", vhost: "/"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="parameter.cleared" headers~{component: "operator_policy", name: "o"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="parameter.set" headers~{component: "leveret", name: "merge-policies", value: t true}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="parameter.set" headers~{component: "global", name: "g", value: {a: l 1}}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="parameter.cleared" headers~{component: "global", name: "g"}
ctl add_vhost red --description "of red"
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="vhost.created" headers~{name: "red", description: "of red"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="exchange.created" headers~{name: "", vhost: "red"}
a 1 does queue.purge queue=events
ctl delete_vhost red
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="vhost.deleted" headers~{name: "red"}

scene "Users, and what they may do"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="user.#"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="permission.#"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="topic.permission.#"
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="vhost.limits.*"
a 1 > basic.consume queue=events no_ack
a 1 < basic.consume-ok
ctl add_user u secret
a 1 < basic.deliver routing_key="user.created" headers~{name: "u", user_who_performed_action: "rmq-cli"}
ctl set_user_tags u monitoring management
a 1 < basic.deliver routing_key="user.tags.set" headers~{name: "u", tags: ["monitoring", "management"]}
ctl change_password u other
a 1 < basic.deliver routing_key="user.password.changed" headers~{name: "u"}
ctl clear_password u
a 1 < basic.deliver routing_key="user.password.cleared" headers~{name: "u"}
ctl set_permissions u "^c" "^w" "^r"
a 1 < basic.deliver routing_key="permission.created" headers~{user: "u", vhost: "/", configure: "^c", write: "^w", read: "^r"}
ctl set_topic_permissions u amq.topic "^w" "^r"
a 1 < basic.deliver routing_key="topic.permission.created" headers~{user: "u", vhost: "/", exchange: "amq.topic", write: "^w", read: "^r"}
ctl clear_topic_permissions u
a 1 < basic.deliver routing_key="topic.permission.deleted" headers~{user: "u", vhost: "/", exchange: "amq.topic"}
ctl clear_permissions u
a 1 < basic.deliver routing_key="permission.deleted" headers~{user: "u", vhost: "/"}
ctl set_user_limits u "{\"max-channels\":5}"
a 1 < basic.deliver routing_key="user.limits.set" headers~{username: "u", name: "limits", max-channels: l 5}
ctl set_vhost_limits "{\"max-queues\":50}"
a 1 < basic.deliver routing_key="vhost.limits.set" headers~{vhost: "/", name: "limits", max-queues: l 50}
ctl clear_vhost_limits
a 1 < basic.deliver routing_key="vhost.limits.cleared" headers~{vhost: "/", name: "limits"}
ctl delete_user u
a 1 < basic.deliver routing_key="user.deleted" headers~{name: "u"}

scene "The exchange is the default virtual host's, internal, and comes back with it"
ctl add_vhost red
ctl set_permissions -p red guest ".*" ".*" ".*"
a connects
a opens 1
a 1 > exchange.declare exchange="amq.rabbitmq.event" type="topic" passive
a 1 < exchange.declare-ok
a 1 > basic.publish exchange="amq.rabbitmq.event" routing_key="x"
a 1 refused 403 "ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.event' in vhost '/'" basic.publish
b connects vhost="red"
b opens 1
b 1 > exchange.declare exchange="amq.rabbitmq.event" type="topic" passive
b 1 refused 404 "NOT_FOUND - no exchange 'amq.rabbitmq.event' in vhost 'red'" exchange.declare
ctl delete_vhost /
a refused 320 ~"deleted" none
b opens 1
b 1 does queue.declare queue=q
ctl add_vhost /
ctl set_permissions guest ".*" ".*" ".*"
a connects
a opens 1
a 1 does queue.declare queue=events
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="queue.*"
b 1 does queue.declare queue=q2
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.created" headers~{name: "q2", vhost: "red"}

scene "Events wait in a durable queue, and a start is no event"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=events durable
a 1 does queue.bind queue=events exchange="amq.rabbitmq.event" routing_key="queue.#"
a 1 does queue.declare queue=q durable
ctl set_policy p "^q" "{\"max-length\":3}"
clock +20ms
blackout
a connects
a opens 1
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.created" message_count=1 headers~{name: "q"}
a 1 > basic.get queue=events no_ack
a 1 < basic.get-ok routing_key="queue.policy.updated" message_count=0

scene "The firehose: what is published and delivered, while it is on"
a connects
a opens 1
a 1 does queue.declare queue=seen
a 1 does queue.bind queue=seen exchange="amq.rabbitmq.trace" routing_key="#"
b connects
b opens 3
b 3 does queue.declare queue=q
b 3 does queue.declare queue=q2
b 3 > basic.publish routing_key=q body="before"
a 1 does queue.declare queue=seen passive => message_count=0
ctl trace_on => 0 "Starting tracing for vhost \"/\" ...\nTrace enabled for vhost /\n"
ctl -s list_vhosts name tracing => 0 "/\ttrue\n"
b 3 > basic.publish routing_key=q body="hello" content_type="text/plain" headers={h: 1, CC: ["q2"]} persistent priority=3 message_id="m"
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok exchange="amq.rabbitmq.trace" routing_key="publish." body="hello" delivery_mode=absent headers~{exchange_name: "", routing_keys: ["q", "q2"], routed_queues: ["q", "q2"], properties: {content_type: "text/plain", message_id: "m", headers: {h: 1, CC: ["q2"]}, delivery_mode: 2, priority: 3}, node: "leveret", vhost: "/", channel: 3, user: "guest"}
b 3 > basic.publish exchange=amq.topic routing_key=nowhere
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok routing_key="publish.amq.topic" body="" headers~{exchange_name: "amq.topic", routed_queues: [], routing_keys: ["nowhere"]}
b 3 > basic.get queue=q no_ack
b 3 < basic.get-ok body="before"
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok routing_key="deliver.q" body="before" headers~{redelivered: 0, channel: 3, user: "guest", routing_keys: ["q"]}
b 3 > basic.get queue=q2
b 3 < basic.get-ok delivery_tag=2
b 3 > basic.reject delivery_tag=2 requeue
b 3 > basic.consume queue=q2 no_ack
b 3 < basic.consume-ok
b 3 < basic.deliver redelivered=true
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok routing_key="deliver.q2" headers~{redelivered: 0}
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok routing_key="deliver.q2" body="hello" message_count=0 headers~{redelivered: 1}
ctl trace_off => 0 "Stopping tracing for vhost \"/\" ...\nTrace disabled for vhost /\n"
b 3 > basic.publish routing_key=q body="after"
a 1 does queue.declare queue=seen passive => message_count=0

scene "A copy for the firehose has no larger header than a frame"
a connects
a opens 1
a 1 does queue.declare queue=seen
a 1 does queue.bind queue=seen exchange="amq.rabbitmq.trace" routing_key="publish.#"
small connects frame_max=4096
small opens 1
b connects
b opens 3
b 3 does queue.declare queue=q
ctl trace_on
b 3 > basic.publish routing_key=q content_type="text/plain" headers="\x01hS\0\x01\xfe\x00"+130560*"h" body="much"
a 1 > basic.get queue=seen no_ack
a 1 < basic.get-ok body="much" headers~{routing_keys: ["q"], routed_queues: ["q"], properties: {content_type: "text/plain"}} message_count=0
b 3 > basic.publish routing_key=q content_type="text/plain" headers="\x01hS\0\0\x0f\xa0"+4000*"h" body="less"
b 3 > basic.publish routing_key=q content_type=200*"a" content_encoding=200*"b" correlation_id=200*"c" reply_to=200*"d" message_id=200*"m" type=200*"t" headers="\x02CCA\0\0\x11\x94"+500*"S\0\0\0\x04wxyz" body="names"
small 1 > basic.get queue=seen no_ack
small 1 < basic.get-ok body="less" headers~{routing_keys: ["q"], routed_queues: ["q"], properties: {content_type: "text/plain"}} message_count=1
small 1 > basic.get queue=seen no_ack
small 1 < basic.get-ok body="names" headers~{routed_queues: ["q"], properties: {}, user: "guest"} message_count=0
ctl trace_off

scene "What became of the firehose's copies is not copied"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=seen arguments={x-dead-letter-exchange: "amq.fanout", x-max-length: 0}
a 1 does queue.bind queue=seen exchange="amq.rabbitmq.trace" routing_key="#"
a 1 does queue.bind queue=dead exchange="amq.fanout"
a 1 does queue.declare queue=q
ctl trace_on
a 1 > basic.publish routing_key=q body="one"
a 1 does queue.declare queue=q passive => message_count=1
a 1 > basic.get queue=dead no_ack
a 1 < basic.get-ok exchange="amq.fanout" routing_key="publish." body="one" message_count=0
a 1 does queue.declare queue=q passive => message_count=1
a 1 > basic.get queue=dead no_ack
a 1 < basic.get-empty
ctl trace_off

scene "Only the virtual host that is traced, and not after a start"
broker durable
ctl add_vhost red
a connects
a opens 1
a 1 does queue.declare queue=seen durable
a 1 does queue.bind queue=seen exchange="amq.rabbitmq.trace" routing_key="#"
ctl trace_on -p red
ctl trace_on -p blue => 65 "Virtual host 'blue' does not exist"
a 1 > basic.publish routing_key=nowhere
clock +1ms
a 1 does queue.declare queue=seen passive => message_count=0
ctl trace_on
a 1 > basic.publish routing_key=nowhere
clock +1ms
a 1 does queue.declare queue=seen passive => message_count=1
restart
a connects
a opens 1
a 1 > basic.publish routing_key=nowhere
clock +1ms
a 1 does queue.declare queue=seen passive => message_count=0
