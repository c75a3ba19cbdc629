# x-dead-letter-strategy = at-least-once: a dead letter that nobody takes stays.

scene "at-least-once: it stays until its exchange is there and routes it"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 does queue.declare queue=q passive => message_count=0
ctl list_queues -q name messages messages_unacknowledged messages_dlx message_bytes_dlx => 0 "q\t1\t0\t1\t1\n"
clock +1s
a 1 does exchange.declare exchange=dlx type="fanout"
clock +2s
a 1 does queue.declare queue=dead
a 1 does queue.bind queue=dead exchange=dlx
a 1 does queue.declare queue=dead passive => message_count=0
clock +4s
a 1 does basic.get queue=dead no_ack => body="x" headers~{x-first-death-reason: "rejected", x-first-death-queue: "q"}
ctl list_queues -q name messages messages_dlx message_bytes_dlx => 0 "q\t0\t0\t0\n"
clock +600s
a 1 does queue.declare queue=dead passive => message_count=0
a 1 does queue.delete queue=q
a closes

scene "It waits twice as long each time, two minutes at most"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1
clock +1s
clock +2s
clock +4s
clock +8s
clock +16s
clock +32s
clock +64s
clock +128s
a 1 does queue.declare queue=dead
clock +127s
a 1 does queue.declare queue=dead passive => message_count=0
clock +1s
a 1 does queue.declare queue=dead passive => message_count=1
a 1 does queue.delete queue=q
a closes

scene "Without it, or where the queue may drop its head, it is dropped as ever"
a connects
a opens 1
a 1 does queue.declare queue=plain durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-most-once"}
a 1 does queue.declare queue=drops durable arguments={x-queue-type: "quorum", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 does queue.declare queue=lonely durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=plain body="x" delivery_mode=2
a 1 > basic.publish routing_key=drops body="x" delivery_mode=2
a 1 > basic.publish routing_key=lonely body="x" delivery_mode=2
a 1 does basic.get queue=plain => delivery_tag=1
a 1 does basic.get queue=drops => delivery_tag=2
a 1 does basic.get queue=lonely => delivery_tag=3
a 1 > basic.nack delivery_tag=3 multiple
a 1 does queue.declare queue=lonely passive => message_count=0
ctl list_queues -q name messages messages_dlx => 0 "plain\t0\t0\n"
ctl list_queues -q name messages messages_dlx => 0 "drops\t0\t0\n"
ctl list_queues -q name messages messages_dlx => 0 "lonely\t0\t0\n"
a 1 does queue.delete queue=plain
a 1 does queue.delete queue=drops
a 1 does queue.delete queue=lonely
a closes

scene "All of the queues have to take it, and then each has it once"
a connects
a opens 1
a 1 does exchange.declare exchange=dlx type="fanout"
a 1 does queue.declare queue=all
a 1 does queue.declare queue=one arguments={x-max-length: 1, x-overflow: "reject-publish"}
a 1 does queue.bind queue=all exchange=dlx
a 1 does queue.bind queue=one exchange=dlx
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=one body="there already"
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
clock +1s
a 1 does queue.declare queue=all passive => message_count=0
a 1 does basic.get queue=one no_ack => body="there already"
clock +2s
a 1 does basic.get queue=one no_ack => body="x"
a 1 does basic.get queue=all no_ack => body="x" message_count=0
clock +600s
a 1 does queue.declare queue=all passive => message_count=0
a 1 does queue.delete queue=q
a closes

scene "Why it died is kept, though its time is over meanwhile; what expires stays, too"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="first" delivery_mode=2 expiration="500"
a 1 > basic.publish routing_key=q body="second" delivery_mode=2 expiration="500"
a 1 does basic.get queue=q => delivery_tag=1 body="first"
a 1 > basic.reject delivery_tag=1
clock +500ms
ctl list_queues -q name messages messages_dlx => 0 "q\t2\t2\n"
a 1 does queue.declare queue=dead
clock +500ms
a 1 does basic.get queue=dead no_ack => body="first" headers~{x-first-death-reason: "rejected"}
clock +500ms
a 1 does basic.get queue=dead no_ack => body="second" headers~{x-first-death-reason: "expired"}
a 1 does queue.delete queue=q
a closes

scene "What is held has its part in the limits, and no newcomer is told that there is room"
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-max-length: 1, x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 confirmed 1
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 > basic.publish routing_key=q body="y" delivery_mode=2
a 1 < basic.nack delivery_tag=2
a 1 does queue.delete queue=q
a closes

scene "A policy says it, and takes it back"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish"}
ctl set_policy p "^q$" "{\"dead-letter-exchange\":\"dlx\",\"dead-letter-strategy\":\"at-least-once\"}"
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
clock +1s
ctl list_queues -q name messages messages_dlx => 0 "q\t1\t1\n"
ctl set_policy p "^q$" "{\"dead-letter-exchange\":\"dlx\"}"
clock +2s
ctl list_queues -q name messages messages_dlx => 0 "q\t0\t0\n"
a 1 does queue.delete queue=q
a closes

scene "A start finds it ready again"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
clock +1s
a closes
restart
a connects
a opens 1
a 1 does basic.get queue=q => delivery_tag=1 redelivered=1 body="x"
a 1 does queue.declare queue=dead durable
a 1 > basic.reject delivery_tag=1
a 1 does basic.get queue=dead => body="x" headers~{x-first-death-reason: "rejected"}
a closes

scene "A queue that is deleted takes what it holds with it"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-overflow: "reject-publish", x-dead-letter-exchange: "dlx", x-dead-letter-strategy: "at-least-once"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 does queue.delete queue=q => message_count=0
clock +600s
a closes
