# Delivery limits: messages that come back too often.

scene "x-delivery-count tells how often a message came back to a quorum queue"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1 redelivered=0
a 1 > basic.reject delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=2 redelivered=1 headers~{x-delivery-count: l 1}
a 1 > basic.reject delivery_tag=2 requeue
a 1 does basic.consume queue=q consumer_tag=c
a 1 < basic.deliver delivery_tag=3 body="x" headers~{x-delivery-count: l 2}
a 1 > basic.ack delivery_tag=3
a 1 does basic.cancel consumer_tag=c
a 1 does queue.delete queue=q
a closes

scene "A classic queue does not count"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q
a 1 > basic.reject delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=2 redelivered=1 headers=absent
a closes

scene "x-delivery-limit: one return more and it is a dead letter"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: 2, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=2
a 1 > basic.reject delivery_tag=2 requeue
a 1 does basic.get queue=q => delivery_tag=3 headers~{x-delivery-count: l 2}
a 1 > basic.reject delivery_tag=3 requeue
a 1 does queue.declare queue=q passive => message_count=0
a 1 does basic.get queue=dead no_ack => body="x" headers~{x-first-death-reason: "delivery_limit", x-first-death-queue: "q"}
a 1 does queue.delete queue=q
a closes

scene "A consumer that goes away counts too, and without a dead-letter exchange the message is dropped"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: 0}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2
b connects
b opens 1
b 1 does basic.get queue=q => delivery_tag=1
b closes
a 1 does queue.declare queue=q passive => message_count=0
a 1 does queue.delete queue=q
a closes

scene "What a publisher says of x-delivery-count is not believed"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: -1}
a 1 > basic.publish routing_key=q body="x" delivery_mode=2 headers={x-delivery-count: 77, a: "b"}
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
a 1 does basic.get queue=q no_ack => headers~{x-delivery-count: l 1, a: "b"}
a 1 does queue.delete queue=q
a closes

scene "Arguments that the type of queue does not have"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-delivery-limit: 3}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-delivery-limit' for queue 'q' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a opens 2
a 2 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-max-priority: 3}
a 2 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue" queue.declare
a opens 3
a 3 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: -2}
a 3 refused 406 "PRECONDITION_FAILED - invalid arg 'x-delivery-limit' for queue 'q' in vhost '/': {value_negative,-2}" queue.declare
a closes
