# basic.ack, reject, nack, recover, and the way back into the queue.

scene "Acked is gone"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 does channel.close
a opens 1
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A tag that was never given"
a connects
a opens 1
a 1 > basic.ack delivery_tag=82
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 82" basic.ack
a opens 1
a 1 > basic.nack delivery_tag=82
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 82" basic.nack
a opens 1
a 1 > basic.reject delivery_tag=82
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 82" basic.reject
a closes

scene "Twice"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 1" basic.ack
a closes

scene "Another channel's tag"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 2 > basic.ack delivery_tag=1
a 2 refused 406 "PRECONDITION_FAILED - unknown delivery tag 1" basic.ack
a closes

scene "A message that needs no ack has none"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q no_ack => delivery_tag=1
a 1 > basic.ack delivery_tag=1
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 1" basic.ack
a closes

scene "Zero and multiple is everything, and nothing is fine too"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.ack delivery_tag=0 multiple
repeat 3
a 1 > basic.publish routing_key=q body="$i"
a 1 does basic.get queue=q
end
a 1 > basic.ack delivery_tag=0 multiple
a 1 does basic.recover requeue
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.ack delivery_tag=0
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 0" basic.ack
a closes

scene "Multiple takes all up to the tag, which must be outstanding"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 5
a 1 > basic.publish routing_key=q body="$i"
a 1 does basic.get queue=q
end
a 1 > basic.ack delivery_tag=3 multiple
a 1 does basic.recover requeue
a 1 does queue.declare queue=q passive => message_count=2
a 1 > basic.ack delivery_tag=3 multiple
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 3" basic.ack
a closes

scene "A tag above the last, with multiple, settles nothing"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.ack delivery_tag=5 multiple
a 1 refused 406 "PRECONDITION_FAILED - unknown delivery tag 5" basic.ack
a 2 does queue.declare queue=q passive => message_count=1
a closes

scene "Rejected without requeue is gone"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=q body="2"
a 1 does basic.get queue=q
a 1 does basic.get queue=q
a 1 > basic.reject delivery_tag=1
a 1 > basic.nack delivery_tag=2
a 1 does basic.recover requeue
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "Requeued is where it was, marked"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 5
a 1 > basic.publish routing_key=q body="$i"
end
a 1 does basic.get queue=q => delivery_tag=1 body="1"
a 1 does basic.get queue=q => delivery_tag=2 body="2"
a 1 does basic.get queue=q => delivery_tag=3 body="3"
a 1 > basic.reject delivery_tag=2 requeue
a 1 does basic.get queue=q => delivery_tag=4 body="2" redelivered=1
a 1 does basic.get queue=q => delivery_tag=5 body="4" redelivered=0
a 1 > basic.nack delivery_tag=4 requeue
a 1 > basic.reject delivery_tag=1 requeue
a 1 > basic.reject delivery_tag=5 requeue
a 1 does basic.get queue=q => body="1" redelivered=1
a 1 does basic.get queue=q => body="2" redelivered=1
a 1 does basic.get queue=q => body="4" redelivered=1
a 1 does basic.get queue=q => body="5" redelivered=0 message_count=0
a closes

scene "nack of several, with a gap"
a connects
a opens 1
a 1 does queue.declare queue=q
repeat 4
a 1 > basic.publish routing_key=q body="m$i"
a 1 does basic.get queue=q => delivery_tag=$i
end
a 1 > basic.ack delivery_tag=2
a 1 > basic.nack delivery_tag=4 multiple requeue
a 1 does basic.get queue=q => body="m1" redelivered=1
a 1 does basic.get queue=q => body="m3" redelivered=1
a 1 does basic.get queue=q => body="m4" redelivered=1 message_count=0
a closes

scene "Acked backwards"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
repeat 200
a 2 > basic.publish routing_key=q body="$i"
a 1 < basic.deliver delivery_tag=$i body="$i"
end
a 1 > basic.ack delivery_tag=200
a 1 > basic.ack delivery_tag=199
a 1 > basic.ack delivery_tag=100
a 1 > basic.ack delivery_tag=1
a 1 does basic.cancel consumer_tag=t
a 1 does basic.recover requeue
a 1 does queue.declare queue=q passive => message_count=196
a closes

# ---- recover ----

scene "Recover gives everything back to the queues, then says so"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 does queue.declare queue=r
a 1 > basic.publish routing_key=q body="1"
a 1 > basic.publish routing_key=r body="2"
a 1 > basic.publish routing_key=q body="3"
a 1 does basic.get queue=q
a 1 does basic.get queue=r
a 1 does basic.recover requeue
a 1 does basic.get queue=q => delivery_tag=3 body="1" redelivered=1
a 1 does basic.get queue=q => delivery_tag=4 body="3" redelivered=0
a 1 does basic.get queue=r => delivery_tag=5 body="2" redelivered=1
a closes

scene "The old kind of recover has no answer"
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="1"
a 1 does basic.get queue=q
a 1 > basic.recover-async requeue
a 1 < nothing
a 1 does basic.get queue=q => body="1" redelivered=1
a closes

scene "A consumer on the channel gets its own messages again"
a connects
a opens 1 2
a 1 does queue.declare queue=q
a 1 does basic.qos prefetch_count=2
a 1 does basic.consume queue=q consumer_tag=t
repeat 3
a 2 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 < basic.deliver delivery_tag=2 body="2"
a 1 > basic.recover requeue
a 1 < basic.recover-ok
a 1 < basic.deliver delivery_tag=3 body="1" redelivered=1
a 1 < basic.deliver delivery_tag=4 body="2" redelivered=1
a 1 < nothing
a closes

scene "Without requeue it is not done"
a connects
a opens 1
a 1 > basic.recover requeue=0
a refused 540 "NOT_IMPLEMENTED - requeue=false" basic.recover
a connects
a opens 1
a 1 > basic.recover-async requeue=0
a refused 540 "NOT_IMPLEMENTED - requeue=false" basic.recover-async

# ---- loss ----

scene "What was sent and never read goes back too"
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
repeat 3
b 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
a leaves
b 1 does basic.get queue=q => body="1" redelivered=1 message_count=2
b 1 does basic.get queue=q => body="2" redelivered=1 message_count=1
b 1 does basic.get queue=q => body="3" redelivered=1 message_count=0
b closes

scene "What needed no ack is lost with the client"
a connects
a opens 1
b connects
b opens 1
b 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t no_ack
b 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver body="1"
a leaves
b 1 does queue.declare queue=q passive => message_count=0
b closes

scene "A waiting consumer gets what another lost"
a connects
a opens 1
b connects
b opens 1 2
b 1 does queue.declare queue=q
a 1 does basic.consume queue=q consumer_tag=t
repeat 3
b 1 > basic.publish routing_key=q body="$i"
end
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a 1 < basic.deliver body="3"
b 2 does basic.consume queue=q consumer_tag=u
a leaves
b 2 < basic.deliver body="1" redelivered=1
b 2 < basic.deliver body="2" redelivered=1
b 2 < basic.deliver body="3" redelivered=1
b closes

scene "An ack while an answer waits for the disk makes room in the window"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=q durable
a 2 > basic.publish routing_key=q body="1"
a 2 > basic.publish routing_key=q body="2"
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=t
a 1 < basic.deliver delivery_tag=1 body="1"
disk held
a 2 > queue.declare queue=other durable
a 1 > basic.ack delivery_tag=1
a 1 < nothing
disk released
a 2 < queue.declare-ok
a 1 < basic.deliver delivery_tag=2 body="2"
a closes
