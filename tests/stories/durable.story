# What lasts, and what waits for the disk.

scene "declare-ok of a durable queue waits for the disk, that of another does not"
broker durable
a connects
a opens 1 2
disk held
a 2 does queue.declare queue=passing
a 1 > queue.declare queue=q durable
a 1 < nothing
disk released
a 1 < queue.declare-ok queue=q
blackout
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 > queue.declare queue=passing passive
a 1 refused 404 "NOT_FOUND - no queue 'passing' in vhost '/'" queue.declare
a closes

scene "Nothing on the connection overtakes an answer that waits"
broker durable
a connects
a opens 1 2
disk held
a 1 > queue.declare queue=q durable
a 1 > basic.qos prefetch_count=5
a 1 > queue.declare queue=passing
a 1 < nothing
disk released
a 1 < queue.declare-ok queue=q
a 1 < basic.qos-ok
a 1 < queue.declare-ok queue=passing
a closes

scene "Other connections go on meanwhile"
broker durable
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=r
disk held
a 1 > queue.declare queue=q durable
b 1 > basic.publish routing_key=r body="x"
b 1 does basic.get queue=r no_ack => body="x"
a 1 < nothing
disk released
a 1 < queue.declare-ok queue=q
a closes
b closes

scene "Exchanges and bindings wait too"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
disk held
a 1 > exchange.declare exchange=x type=topic durable
a 1 < nothing
disk released
a 1 < exchange.declare-ok
disk held
a 1 > queue.bind queue=q exchange=x routing_key="a.#"
a 1 < nothing
disk released
a 1 < queue.bind-ok
disk held
a 1 > exchange.bind destination=x source=amq.fanout
a 1 < nothing
disk released
a 1 < exchange.bind-ok
blackout
a connects
a opens 1
a 1 > basic.publish exchange=amq.fanout routing_key="a.b.c" body="through both"
a 1 does basic.get queue=q no_ack => body="through both"
a closes

scene "Unbind and delete wait, and last"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout durable
a 1 does queue.declare queue=q durable
a 1 does queue.declare queue=r durable
a 1 does queue.bind queue=q exchange=x
a 1 does queue.bind queue=r exchange=x
disk held
a 1 > queue.unbind queue=q exchange=x
a 1 < nothing
disk released
a 1 < queue.unbind-ok
disk held
a 1 > queue.delete queue=r
a 1 < nothing
disk released
a 1 < queue.delete-ok message_count=0
blackout
a connects
a opens 1
a 1 > basic.publish exchange=x body="x" mandatory
a 1 < basic.return reply_code=312
a 1 > queue.declare queue=r passive
a 1 refused 404 "NOT_FOUND - no queue 'r' in vhost '/'" queue.declare
a opens 1
disk held
a 1 > exchange.delete exchange=x
a 1 < nothing
disk released
a 1 < exchange.delete-ok
blackout
a connects
a opens 1
a 1 > exchange.declare exchange=x passive
a 1 refused 404 "NOT_FOUND - no exchange 'x' in vhost '/'" exchange.declare
a closes

scene "After a restart: durable things with their arguments, persistent messages in order"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=spare type=fanout durable
a 1 does exchange.declare exchange=x type=headers durable arguments={alternate-exchange: "spare"}
a 1 does exchange.declare exchange=passing type=fanout
a 1 does queue.declare queue=q durable arguments={x-max-length: 1000000}
a 1 does queue.declare queue=rest durable
a 1 does queue.bind queue=q exchange=x arguments={x-match: "any", a: 1, b: "two"}
a 1 does queue.bind queue=rest exchange=spare
a 1 does confirm.select
a 1 > basic.publish exchange=x headers={b: "two", t: T 5} persistent message_id="m" body="one"
a 1 > basic.publish exchange=x headers={a: 1} body="transient"
a 1 > basic.publish exchange=x headers={a: 1} persistent body_bytes=300000
a 1 > basic.publish exchange=x headers={c: 1} persistent body="elsewhere"
a 1 confirmed 1..4
restart
a connects
a opens 1
a 1 does exchange.declare exchange=x type=headers durable arguments={alternate-exchange: "spare"}
a 1 does queue.declare queue=q durable arguments={x-max-length: 1000000} => message_count=2
a 1 does basic.get queue=q no_ack => exchange=x body="one" headers={b: "two", t: T 5} message_id="m" redelivered=0
a 1 does basic.get queue=q no_ack => body_bytes=300000 message_count=0
a 1 does basic.get queue=rest no_ack => body="elsewhere"
a 1 > basic.publish exchange=x headers={a: l 1} body="still bound"
a 1 does basic.get queue=q no_ack => body="still bound"
a 1 > basic.publish exchange=x body="still the alternate"
a 1 does basic.get queue=rest no_ack => body="still the alternate"
a 1 > exchange.declare exchange=passing passive
a 1 refused 404 "NOT_FOUND - no exchange 'passing' in vhost '/'" exchange.declare
a closes

scene "What was unacked comes back marked, in its place"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
repeat 4
a 1 > basic.publish routing_key=q persistent body="$i"
end
a 1 confirmed 1..4
a opens 2
a 2 does basic.get queue=q => delivery_tag=1 body="1"
a 2 does basic.get queue=q => delivery_tag=2 body="2"
a 2 > basic.ack delivery_tag=1
restart
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="2" redelivered=1 message_count=2
a 1 does basic.get queue=q no_ack => body="3" redelivered=0
a 1 does basic.get queue=q no_ack => body="4" redelivered=0
a closes

scene "An acked message stays away after a clean stop and, when the disk had time, after a kill"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="1"
a 1 > basic.publish routing_key=q persistent body="2"
a 1 > basic.publish routing_key=q persistent body="3"
a 1 confirmed 1..3
a opens 2
a 2 does basic.get queue=q => delivery_tag=1 body="1"
a 2 > basic.ack delivery_tag=1
restart
a connects
a opens 1
a 1 does basic.get queue=q => delivery_tag=1 body="2"
a 1 > basic.ack delivery_tag=1
clock +100ms
killed
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="3" message_count=0
a closes

scene "Exclusive queues do not last, durable or not, nor what was in them"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable exclusive
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="1"
a 1 confirmed 1
killed
b connects
b opens 1
b 1 > queue.declare queue=q passive
b 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
b closes

scene "A durable queue on a passing exchange: the binding goes with the exchange"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type=fanout
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=q exchange=x
a 1 > basic.publish exchange=x persistent body="1"
restart
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=1
a 1 does exchange.declare exchange=x type=fanout
a 1 > basic.publish exchange=x body="2" mandatory
a 1 < basic.return reply_code=312
a closes

scene "Purged stays purged"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
repeat 10
a 1 > basic.publish routing_key=q persistent body="$i"
end
a 1 does queue.purge queue=q => message_count=10
clock +100ms
killed
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A queue deleted and declared again does not find the old messages"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="old"
a 1 confirmed 1
a 1 does queue.delete queue=q => message_count=1
a 1 does queue.declare queue=q durable => message_count=0
a 1 > basic.publish routing_key=q persistent body="new"
a 1 confirmed 2
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="new" message_count=0
a closes

scene "Delivered before it is durable, as a plain delivery may be"
broker durable
a connects
a opens 1
b connects
b opens 1
a 1 does queue.declare queue=q durable
b 1 does basic.consume queue=q consumer_tag=t
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=q persistent body="x"
b 1 < basic.deliver body="x"
a 1 < nothing
disk released
a 1 confirmed 1
a closes
b closes

scene "A client that says goodbye while answers wait gets them first"
broker durable
a connects
a opens 1
disk held
a 1 > queue.declare queue=q durable
a > connection.close reply_code=200
a < nothing
disk released
a 1 < queue.declare-ok queue=q
a < connection.close-ok
a leaves

scene "A client that is gone before its answer: what it published may be there, and is"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
disk held
a 1 > basic.publish routing_key=q persistent body="1"
a leaves
disk released
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="1" message_count=0
a closes

scene "A sync that fails is the end: no confirm, and everyone is told"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
a 1 > basic.publish routing_key=q persistent body="safe"
a 1 confirmed 1
disk fails
a 1 > basic.publish routing_key=q persistent body="not safe"
a 1 < nothing
a < connection.close reply_code=541 reply_text="INTERNAL_ERROR - the log of the broker failed" class_id=0 method_id=0
a > connection.close-ok
a closed
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="safe" message_count=0
a closes

scene "Three hundred messages of 40 KB, several segments of the log, and the order is kept"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable
a 1 does confirm.select
repeat 300
a 1 > basic.publish routing_key=q persistent message_id="$i" body_bytes=40000
end
a 1 confirmed 1..300
killed
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=300
repeat 300
a 1 does basic.get queue=q no_ack => message_id="$i" body_bytes=40000
end
clock +1s
restart
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a closes
