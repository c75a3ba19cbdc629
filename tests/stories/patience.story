# How long a delivery may stay without an ack: consumer_timeout, x-consumer-timeout.

scene "Whoever does not ack in time is cancelled, and the message goes to another"
broker consumer_timeout_ms=60000
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=slow
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.deliver consumer_tag=slow delivery_tag=1 redelivered=0 body="x"
a 2 does basic.consume queue=q consumer_tag=fast
clock +59s
a < nothing
clock +1s
a 1 < basic.cancel consumer_tag=slow no_wait=1
a 2 < basic.deliver consumer_tag=fast redelivered=1 body="x"
a 2 > basic.ack delivery_tag=1
a 2 does queue.declare queue=q passive => message_count=0 consumer_count=1
a closes

scene "Nobody is in a hurry when nothing is said"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.deliver body="x"
clock +10s
a 1 < nothing
a 1 > basic.ack delivery_tag=1
a closes

scene "A client that cannot be told loses the channel"
a connects without=consumer_cancel_notify
a opens 1 2
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 does basic.consume queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 > basic.publish routing_key=q body="y"
a 1 < basic.deliver body="x"
a 1 < basic.deliver body="y"
a 1 > basic.ack delivery_tag=2
clock +5s
a 1 refused 406 "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 5000 ms. This timeout value can be configured, see consumers doc guide to learn more" none
a 2 does queue.declare queue=q passive => message_count=1 consumer_count=0
a closes

scene "What was fetched has no consumer that could be cancelled"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => body="x"
clock +5s
a 1 refused 406 "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out…" none
a opens 1
a 1 does basic.get queue=q no_ack => redelivered=1 body="x"
a closes

scene "The consumer's word goes before the queue's, and that before the broker's"
broker consumer_timeout_ms=5000
a connects
a opens 1
a 1 does queue.declare queue=plain
a 1 does queue.declare queue=patient arguments={x-consumer-timeout: 20000}
a 1 does basic.consume queue=plain consumer_tag=five
a 1 does basic.consume queue=plain consumer_tag=never arguments={x-consumer-timeout: 0}
a 1 does basic.consume queue=patient consumer_tag=twenty
a 1 does basic.consume queue=patient consumer_tag=ten arguments={x-consumer-timeout: 10000}
repeat 2
a 1 > basic.publish routing_key=plain body="p"
end
a 1 < basic.deliver consumer_tag=five
a 1 < basic.deliver consumer_tag=never
repeat 2
a 1 > basic.publish routing_key=patient body="q"
end
a 1 < basic.deliver consumer_tag=twenty
a 1 < basic.deliver consumer_tag=ten
clock +5s
a 1 < basic.cancel consumer_tag=five
a 1 < basic.deliver consumer_tag=never redelivered=1
clock +5s
a 1 < basic.cancel consumer_tag=ten
a 1 < basic.deliver consumer_tag=twenty redelivered=1
clock +10s
a 1 < basic.cancel consumer_tag=twenty
clock +3600s
a 1 < nothing
a closes

scene "Only what is too old goes back; the rest may still be worked on"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish routing_key=q body="old"
a 1 < basic.deliver delivery_tag=1 body="old"
clock +3s
a 1 > basic.publish routing_key=q body="new"
a 1 < basic.deliver delivery_tag=2 body="new"
clock +2s
a 1 < basic.cancel consumer_tag=t
a 1 does queue.declare queue=q passive => message_count=1
clock +2s
a 1 < nothing
clock +2s
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.get queue=q no_ack => redelivered=1 body="old"
a 1 does basic.get queue=q no_ack => redelivered=1 body="new"
a closes

scene "An ack that comes too late changes nothing"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 does basic.consume queue=q consumer_tag=t
repeat 3
a 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1
a 1 < basic.deliver delivery_tag=2
a 1 < basic.deliver delivery_tag=3
clock +5s
a 1 < basic.cancel consumer_tag=t
a 1 > basic.ack delivery_tag=2 multiple
a 1 > basic.reject delivery_tag=3
a 1 does queue.declare queue=q passive => message_count=3
a 1 > basic.ack delivery_tag=3
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 3" basic.ack
a closes

scene "In a transaction a late ack is refused, for the rest of it would count"
a connects
a opens 1 2
a 2 does tx.select
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 does queue.declare queue=out
a 2 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish routing_key=q body="1"
a 2 < basic.deliver delivery_tag=1
clock +3s
a 1 > basic.publish routing_key=q body="2"
a 2 < basic.deliver delivery_tag=2
clock +2s
a 2 < basic.cancel consumer_tag=t
a 2 > basic.publish routing_key=out body="of 1"
a 2 > basic.ack delivery_tag=2 multiple
a 2 refused 406 "PRECONDITION_FAILED - unknown delivery tag 1" basic.ack
a 1 does queue.declare queue=out passive => message_count=0
a 1 does queue.declare queue=q passive => message_count=2
a closes

scene "An ack that waits for its commit is in time"
a connects
a opens 1
a 1 does tx.select
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 5000}
a 1 > basic.publish routing_key=q body="x"
a 1 does tx.commit
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1
a 1 > basic.ack delivery_tag=1
clock +20s
a 1 < nothing
a 1 does tx.rollback
clock +5s
a 1 < basic.cancel consumer_tag=t
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "Returns by timeout count against the delivery limit"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-delivery-limit: 1, x-consumer-timeout: 1000, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x"
repeat 2
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver consumer_tag=t body="x"
clock +1s
a 1 < basic.cancel consumer_tag=t
end
a 1 does basic.get queue=dead no_ack => body="x"
a closes

scene "An auto-delete queue goes with the consumer that was too slow"
a connects
a opens 1
a 1 does queue.declare queue=q auto_delete arguments={x-consumer-timeout: 1000}
a 1 does basic.consume queue=q consumer_tag=t
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.deliver body="x"
clock +1s
a 1 < basic.cancel consumer_tag=t
a 1 > basic.ack delivery_tag=1
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "The one that stands by takes over from an active one that is too slow"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-consumer-timeout: 1000, x-single-active-consumer: true}
a 1 does basic.consume queue=q consumer_tag=first
a 2 does basic.consume queue=q consumer_tag=second
a 1 > basic.publish routing_key=q body="x"
a 1 < basic.deliver consumer_tag=first
clock +1s
a 1 < basic.cancel consumer_tag=first
a 2 < basic.deliver consumer_tag=second redelivered=1 body="x"
a closes

scene "Timeouts that are none"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-consumer-timeout: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-consumer-timeout: "1s"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.consume queue=q arguments={x-consumer-timeout: "1s"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-timeout': \"expected integer, got longstr\"" basic.consume
a opens 1
a 1 > basic.consume queue=q arguments={x-consumer-timeout: -5}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-timeout': {value_negative,-5}" basic.consume
a closes
