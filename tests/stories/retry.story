# Delayed retry: what comes back waits before it is tried again.

scene "What is returned waits longer each time, up to the longest"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-delayed-retry-type: "all", x-delayed-retry-min: 100, x-delayed-retry-max: 250}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.consume queue=q consumer_tag=c
a 1 < basic.deliver delivery_tag=1 redelivered=0 headers=absent
a 1 > basic.nack delivery_tag=1 requeue
clock +99ms
a 1 < nothing
clock +1ms
a 1 < basic.deliver delivery_tag=2 redelivered=1 headers~{x-delivery-count: l 1}
a 1 > basic.reject delivery_tag=2 requeue
clock +199ms
a 1 < nothing
clock +1ms
a 1 < basic.deliver delivery_tag=3 headers~{x-delivery-count: l 2}
a 1 > basic.nack delivery_tag=3 requeue
clock +249ms
a 1 < nothing
clock +1ms
a 1 < basic.deliver delivery_tag=4 headers~{x-delivery-count: l 3}
a 1 > basic.ack delivery_tag=4
clock +1s
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Others are not held up, and it comes back to its place"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-delayed-retry-type: "all", x-delayed-retry-min: 100}
a 1 > basic.publish routing_key=q body="first"
a 1 > basic.publish routing_key=q body="second"
a 1 > basic.publish routing_key=q body="third"
a 1 does basic.get queue=q => delivery_tag=1 body="first" message_count=2
a 1 > basic.nack delivery_tag=1 requeue
a 1 does basic.get queue=q no_ack => body="second" message_count=1
clock +100ms
a 1 does basic.get queue=q no_ack => body="first" message_count=1
a 1 does basic.get queue=q no_ack => body="third"
a closes

scene "failed: what was rejected, and what is left by who goes"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-delayed-retry-type: "failed", x-delayed-retry-min: 100}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=2 body="x"
a 1 > basic.reject delivery_tag=2 requeue
a 1 > basic.get queue=q
a 1 < basic.get-empty
clock +100ms
a 1 does basic.get queue=q => delivery_tag=3 body="x"
a 1 does channel.close
a opens 1
a 1 > basic.get queue=q
a 1 < basic.get-empty
clock +200ms
a 1 does basic.get queue=q no_ack => body="x"
a closes

scene "returned: what came back otherwise"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-delayed-retry-type: "returned", x-delayed-retry-min: 100}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=2 body="x"
a 1 > basic.nack delivery_tag=2 requeue
a 1 > basic.get queue=q
a 1 < basic.get-empty
clock +100ms
a 1 does basic.get queue=q no_ack => body="x"
a closes

scene "It dies while it waits when its time is over, and goes with its queue"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-delayed-retry-type: "all", x-delayed-retry-min: 1000, x-message-ttl: 500, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
clock +499ms
a 1 does queue.declare queue=dead passive => message_count=0
clock +1ms
a 1 does basic.get queue=dead no_ack => body="x" headers~{x-first-death-reason: "expired"}
a 1 > basic.publish routing_key=q body="y"
a 1 does basic.get queue=q => delivery_tag=3
a 1 > basic.nack delivery_tag=3 requeue
a 1 does queue.delete queue=q => message_count=0
clock +2s
a 1 does queue.declare queue=dead passive => message_count=0
a closes

scene "A limit to the deliveries ends it"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: 1, x-delayed-retry-type: "all", x-delayed-retry-min: 100, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
clock +100ms
a 1 does basic.get queue=q => delivery_tag=2 body="x"
a 1 > basic.nack delivery_tag=2 requeue
a 1 does basic.get queue=dead no_ack => body="x" headers~{x-first-death-reason: "delivery_limit"}
a closes

scene "After a start nothing waits any more"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-delayed-retry-type: "all", x-delayed-retry-min: 1000}
a 1 > basic.publish routing_key=q body="x" persistent
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
clock +100ms
blackout
a connects
a opens 1
a 1 does basic.get queue=q no_ack => body="x" redelivered=1
a closes

scene "What is no such setting is refused"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-delayed-retry-type: "sometimes"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-delayed-retry-type' for queue 'q' in vhost '/': invalid_delayed_retry_type" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-delayed-retry-min: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-delayed-retry-min' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-delayed-retry-max: "long"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-delayed-retry-max' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a closes
