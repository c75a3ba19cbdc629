# Priority queues: x-max-priority.

scene "A higher priority is served first, and in one priority the older one"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-priority: 5}
a 1 > basic.publish routing_key=q body="none"
a 1 > basic.publish routing_key=q body="low" priority=1
a 1 > basic.publish routing_key=q body="high 1" priority=5
a 1 > basic.publish routing_key=q body="high 2" priority=5
a 1 > basic.publish routing_key=q body="middle" priority=3
a 1 does queue.declare queue=q passive => message_count=5
a 1 does basic.get queue=q no_ack => body="high 1"
a 1 does basic.get queue=q no_ack => body="high 2"
a 1 does basic.get queue=q no_ack => body="middle"
a 1 does basic.get queue=q no_ack => body="low"
a 1 does basic.get queue=q no_ack => body="none"
a closes

scene "More than the queue has is as much as it has; 0 is none"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-priority: 2}
a 1 > basic.publish routing_key=q body="2" priority=2
a 1 > basic.publish routing_key=q body="200" priority=200
a 1 > basic.publish routing_key=q body="0" priority=0
a 1 > basic.publish routing_key=q body="none"
a 1 does basic.get queue=q no_ack => body="2"
a 1 does basic.get queue=q no_ack => body="200"
a 1 does basic.get queue=q no_ack => body="0"
a 1 does basic.get queue=q no_ack => body="none"
a closes

scene "A queue without priorities does not look at them"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="first"
a 1 > basic.publish routing_key=q body="second" priority=9
a 1 does basic.get queue=q no_ack => body="first"
a closes

scene "What comes back is at its place among its own"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-priority: 3}
a 1 > basic.publish routing_key=q body="a" priority=2
a 1 > basic.publish routing_key=q body="b" priority=2
a 1 > basic.publish routing_key=q body="c" priority=1
a 1 does basic.get queue=q => delivery_tag=1 body="a"
a 1 does basic.get queue=q => delivery_tag=2 body="b"
a 1 > basic.publish routing_key=q body="d" priority=3
a 1 > basic.nack delivery_tag=2 multiple requeue
a 1 does basic.get queue=q no_ack => body="d"
a 1 does basic.get queue=q no_ack => body="a" redelivered=1
a 1 does basic.get queue=q no_ack => body="b" redelivered=1
a 1 does basic.get queue=q no_ack => body="c" redelivered=0
a closes

scene "One too many: the lowest priority goes, there the oldest"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-max-priority: 3, x-max-length: 2, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="low" priority=1
a 1 > basic.publish routing_key=q body="high" priority=3
a 1 > basic.publish routing_key=q body="middle" priority=2
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.get queue=dead no_ack => body="low"
a 1 does basic.get queue=q no_ack => body="high"
a 1 does basic.get queue=q no_ack => body="middle"
a closes

scene "Each priority has its deadlines"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-priority: 3}
a 1 > basic.publish routing_key=q body="stays" priority=3
a 1 > basic.publish routing_key=q body="goes" priority=1 expiration="100"
clock +700ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 does basic.get queue=q no_ack => body="stays"
a closes

scene "A consumer gets what is highest when it has room, and a purge takes all"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-max-priority: 9}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=c
a 1 > basic.publish routing_key=q body="low" priority=1
a 1 < basic.deliver delivery_tag=1 body="low"
a 1 > basic.publish routing_key=q body="middle" priority=5
a 1 > basic.publish routing_key=q body="high" priority=9
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver delivery_tag=2 body="high"
a 1 does queue.purge queue=q => message_count=1
a closes
