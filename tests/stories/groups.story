# Message groups: x-group-header names the header that holds a message's key.

scene "Messages of one key go to one consumer, in order, while it has any of them"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "customer"}
a 1 does basic.consume queue=q consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q headers={customer: "anna"} body="anna 1"
a 1 < basic.deliver consumer_tag=one delivery_tag=1 body="anna 1"
a 1 > basic.publish routing_key=q headers={customer: "ben"} body="ben 1"
a 2 < basic.deliver consumer_tag=two delivery_tag=1 body="ben 1"
a 1 > basic.publish routing_key=q headers={customer: "ben"} body="ben 2"
a 2 < basic.deliver consumer_tag=two delivery_tag=2 body="ben 2"
a 1 > basic.publish routing_key=q headers={customer: "anna"} body="anna 2"
a 1 < basic.deliver consumer_tag=one delivery_tag=2 body="anna 2"
a 1 > basic.ack delivery_tag=2 multiple
a 2 > basic.ack delivery_tag=2
a 1 > basic.publish routing_key=q headers={customer: "ben"} body="ben 3"
a 2 < basic.deliver consumer_tag=two delivery_tag=3 body="ben 3"
a closes

scene "A key of which everything is acked is free for anybody"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q headers={k: 7} body="1"
a 1 < basic.deliver consumer_tag=one delivery_tag=1 body="1"
a 1 > basic.ack delivery_tag=1
a 1 > basic.publish routing_key=q headers={k: 7} body="2"
a 2 < basic.deliver consumer_tag=two delivery_tag=1 body="2"
a closes

scene "A busy key does not stop the others, and goes on where it was"
a connects
a opens 1 2
a 1 does basic.qos prefetch_count=1
a 2 does basic.qos prefetch_count=1
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=one
repeat 3
a 1 > basic.publish routing_key=q headers={k: "a"} body="a$i"
end
a 1 > basic.publish routing_key=q headers={k: "b"} body="b1"
a 1 < basic.deliver consumer_tag=one delivery_tag=1 body="a1"
a 2 does basic.consume queue=q consumer_tag=two
a 2 < basic.deliver consumer_tag=two delivery_tag=1 body="b1"
a 1 does queue.declare queue=q passive => message_count=2
a 2 > basic.ack delivery_tag=1
a 2 < nothing
a 1 > basic.ack delivery_tag=1
a 2 < basic.deliver consumer_tag=two delivery_tag=2 body="a2"
a 1 < nothing
a 2 > basic.ack delivery_tag=2
a 1 < basic.deliver consumer_tag=one delivery_tag=2 body="a3"
a closes

scene "When a holder dies, its keys go to another, in order"
a connects
b connects
a opens 1
b opens 1
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
b 1 does basic.qos prefetch_count=2
b 1 does basic.consume queue=q consumer_tag=mortal
repeat 4
a 1 > basic.publish routing_key=q headers={k: "a"} body="a$i"
end
b 1 < basic.deliver body="a1"
b 1 < basic.deliver body="a2"
a 1 does basic.consume queue=q consumer_tag=heir
a 1 < nothing
b leaves
a 1 < basic.deliver redelivered=1 body="a1"
a 1 < basic.deliver redelivered=1 body="a2"
a 1 < basic.deliver redelivered=0 body="a3"
a 1 < basic.deliver redelivered=0 body="a4"
a closes

scene "Who cancels keeps the keys of what it has not acked"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=one
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 < basic.deliver delivery_tag=1 body="a1"
a 1 does basic.cancel consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
a 2 < nothing
a 1 > basic.ack delivery_tag=1
a 2 < basic.deliver consumer_tag=two body="a2"
a closes

scene "What is requeued comes before what has not been out yet"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.qos prefetch_count=2
a 1 does basic.consume queue=q consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
repeat 4
a 2 > basic.publish routing_key=q headers={k: "a"} body="a$i"
end
a 1 < basic.deliver delivery_tag=1 body="a1"
a 1 < basic.deliver delivery_tag=2 body="a2"
a 1 > basic.nack delivery_tag=2 requeue
a 1 < basic.deliver delivery_tag=3 redelivered=1 body="a2"
a 1 > basic.nack delivery_tag=3 multiple requeue
a 2 < basic.deliver delivery_tag=1 redelivered=1 body="a1"
a 2 < basic.deliver delivery_tag=2 redelivered=1 body="a2"
a 2 < basic.deliver delivery_tag=3 redelivered=0 body="a3"
a 2 < basic.deliver delivery_tag=4 redelivered=0 body="a4"
a 1 < nothing
a closes

scene "Messages without the key belong to no group"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q body="1"
a 1 < basic.deliver consumer_tag=one body="1"
a 1 > basic.publish routing_key=q headers={other: "k"} body="2"
a 2 < basic.deliver consumer_tag=two body="2"
a 1 > basic.publish routing_key=q headers={k: true} body="3"
a 1 < basic.deliver consumer_tag=one body="3"
a closes

scene "basic.get takes the oldest message whose key is free"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b1"
a 1 does basic.get queue=q => delivery_tag=1 body="a1"
a 1 does basic.get queue=q => delivery_tag=2 body="b1" message_count=1
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 > basic.reject delivery_tag=1 requeue
a 1 does basic.get queue=q => delivery_tag=3 redelivered=1 body="a1"
a 1 > basic.ack delivery_tag=3
a 1 does basic.get queue=q no_ack => body="a2"
a closes

scene "What is set aside is counted, purged and cut like the rest"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-group-header: "k", x-max-length: 3, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=one
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 < basic.deliver delivery_tag=1 body="a1"
a opens 2
a 2 does basic.qos prefetch_count=1
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a3"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b1"
a 2 < basic.deliver delivery_tag=1 body="b1"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b2"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b3"
a 1 does basic.get queue=dead no_ack => body="a2"
a 1 does queue.declare queue=q passive => message_count=3
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver delivery_tag=3 body="a3"
a 1 does queue.purge queue=q => message_count=2
a 2 > basic.ack delivery_tag=1
a 2 < nothing
a closes

scene "After a restart the keys are in order, and nobody holds them"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-group-header: "k"}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q
repeat 3
a 1 > basic.publish routing_key=q headers={k: "a"} persistent body="a$i"
a 1 > basic.publish routing_key=q headers={k: "b"} persistent body="b$i"
end
a 1 < basic.deliver body="a1"
clock +1s
killed
a connects
a opens 1 2
a 1 does queue.declare queue=q passive => message_count=6
a 1 does basic.qos prefetch_count=2
a 1 does basic.consume queue=q consumer_tag=one
a 1 < basic.deliver body="a1"
a 1 < basic.deliver body="b1"
a 2 does basic.consume queue=q consumer_tag=two
a 2 < nothing
a 1 > basic.ack delivery_tag=2
a 1 < basic.deliver body="a2"
a 2 < basic.deliver body="b2"
a 2 < basic.deliver body="b3"
a closes

scene "A single active consumer has all keys; the next one waits for those that are out"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k", x-single-active-consumer: true}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=one
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b1"
a 1 < basic.deliver delivery_tag=1 body="a1"
a 1 does basic.cancel consumer_tag=one
a 2 < basic.deliver consumer_tag=two body="b1"
a 2 < nothing
a 1 > basic.ack delivery_tag=1
a 2 < basic.deliver consumer_tag=two body="a2"
a closes

scene "A consumer of a higher priority gets the free keys"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=low
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 < basic.deliver consumer_tag=low body="a1"
a 2 does basic.consume queue=q consumer_tag=high arguments={x-priority: 5}
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 < basic.deliver consumer_tag=low body="a2"
a 1 > basic.publish routing_key=q headers={k: "b"} body="b1"
a 2 < basic.deliver consumer_tag=high body="b1"
a 1 > basic.publish routing_key=q headers={k: "c"} body="c1"
a 2 < basic.deliver consumer_tag=high body="c1"
a closes

scene "Without acks nobody holds anything"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=one no_ack
a 2 does basic.consume queue=q consumer_tag=two no_ack
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 < basic.deliver consumer_tag=one body="a1"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 2 < basic.deliver consumer_tag=two body="a2"
a closes

scene "What waited for its key too long is not handed out"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k", x-message-ttl: 1000}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=one
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 < basic.deliver delivery_tag=1 body="a1"
a 2 does basic.consume queue=q consumer_tag=two
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 2 < nothing
clock +2s
a 1 > basic.ack delivery_tag=1
a 1 < nothing
a 2 < nothing
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A consumer that is too slow gives its keys back"
a connects
a opens 1 2
a 1 does queue.declare queue=q arguments={x-group-header: "k", x-consumer-timeout: 1000}
a 1 does basic.consume queue=q consumer_tag=slow
a 1 > basic.publish routing_key=q headers={k: "a"} body="a1"
a 1 > basic.publish routing_key=q headers={k: "a"} body="a2"
a 1 < basic.deliver body="a1"
a 1 < basic.deliver body="a2"
a 2 does basic.consume queue=q consumer_tag=fast
clock +1s
a 1 < basic.cancel consumer_tag=slow
a 2 < basic.deliver consumer_tag=fast body="a1"
a 2 < basic.deliver consumer_tag=fast body="a2"
a closes

scene "Headers that name no group"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-group-header: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-group-header' for queue 'q' in vhost '/': {unacceptable_type,signedint}" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-group-header: ""}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-group-header' for queue 'q' in vhost '/': empty_group_header" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-group-header: "k", x-max-priority: 5}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-group-header' for queue 'q' in vhost '/': group_header_and_max_priority_defined" queue.declare
a opens 1
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 > queue.declare queue=q
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-group-header' for queue 'q' in vhost '/': received none but current is the value 'k' of type 'longstr'" queue.declare
a closes

scene "What dies beside a busy key makes room for what stands behind it"
a connects
a opens 1 2
a 1 does basic.qos prefetch_count=1
a 1 does queue.declare queue=q arguments={x-group-header: "k"}
a 1 does basic.consume queue=q consumer_tag=one
a 1 > basic.publish routing_key=q headers={k: "a"} body="a"
a 1 < basic.deliver body="a"
a 2 does basic.consume queue=q consumer_tag=two
repeat 4097
a 1 > basic.publish routing_key=q headers={k: "a"} expiration="15000" body="a$i"
end
a 1 > basic.publish routing_key=q headers={k: "b"} body="b"
a 2 < nothing
clock +15s
a 2 < basic.deliver consumer_tag=two body="b"
a closes
