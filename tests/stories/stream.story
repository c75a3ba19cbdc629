# Streams: queues whose messages stay when they have been read (x-queue-type is stream).

scene "What was published is there for who begins at the first"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.publish routing_key=s body="one"
a 1 > basic.publish routing_key=s body="two" headers={h: 1}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="three"
a 1 confirmed 1
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver delivery_tag=1 redelivered=0 routing_key=s body="one" headers={x-stream-offset: l 0}
a 1 < basic.deliver delivery_tag=2 body="two" headers={h: 1, x-stream-offset: l 1}
a 1 < basic.deliver delivery_tag=3 body="three" headers={x-stream-offset: l 2}
a 1 < nothing
a 1 > basic.ack delivery_tag=3 multiple
a closes

scene "It counts what there is, and what goes with it"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 3
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..3
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
repeat 3
a 1 < basic.deliver delivery_tag=$i body="$i"
end
a 1 > basic.ack delivery_tag=3 multiple
a 1 does basic.cancel consumer_tag=t
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 does queue.delete queue=s => message_count=3
a closes

scene "Each consumer has a place of its own, and acks only make room"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 4
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..4
a 1 does basic.qos prefetch_count=2
a 2 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=one arguments={x-stream-offset: "first"}
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 < basic.deliver delivery_tag=2 body="2"
a 2 does basic.consume queue=s consumer_tag=two arguments={x-stream-offset: 2}
a 2 < basic.deliver delivery_tag=1 body="3" headers={x-stream-offset: l 2}
a 1 < nothing
a 1 > basic.nack delivery_tag=2 requeue
a 1 < basic.deliver delivery_tag=3 body="3"
a 1 > basic.reject delivery_tag=1
a 1 < basic.deliver delivery_tag=4 body="4"
a 2 > basic.reject delivery_tag=1 requeue
a 2 < basic.deliver delivery_tag=2 body="4"
a 1 > basic.ack delivery_tag=4 multiple
a 2 > basic.ack delivery_tag=2
a 1 < nothing
a 2 < nothing
a closes

scene "It begins at what comes next, unless it says where"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 3
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=next
a 1 does basic.consume queue=s consumer_tag=far arguments={x-stream-offset: 4}
a 1 < nothing
a 1 > basic.publish routing_key=s body="4"
a 1 < basic.deliver consumer_tag=next body="4" headers={x-stream-offset: l 3}
a 1 confirmed 4
a 1 < nothing
a 1 does basic.cancel consumer_tag=next
a 1 > basic.publish routing_key=s body="5"
a 1 < basic.deliver consumer_tag=far body="5" headers={x-stream-offset: l 4}
a 1 confirmed 5
a closes

scene "It begins at the last one when it says so"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 3
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=last arguments={x-stream-offset: "last"}
a 1 < basic.deliver consumer_tag=last body="3" headers={x-stream-offset: l 2}
a 1 < nothing
a closes

scene "It begins after a time, wherever that is"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="1"
a 1 confirmed 1
clock +4s
a 1 > basic.publish routing_key=s body="2"
a 1 confirmed 2
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "2s"}
a 1 < basic.deliver body="2" headers={x-stream-offset: l 1}
a 1 < nothing
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "1h"}
a 1 < basic.deliver body="1" headers={x-stream-offset: l 0}
a 1 < basic.deliver body="2"
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: T 9999999999}
a 1 < nothing
a 1 > basic.publish routing_key=s body="3"
a 1 < basic.deliver body="3" headers={x-stream-offset: l 2}
a 1 confirmed 3
a closes

scene "It begins with what is not older"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
clock +1ms
a 1 does confirm.select
repeat 9
a 1 > basic.publish routing_key=s body="$i"
clock +1s
end
a 1 confirmed 1..9
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "3s"}
a 1 < basic.deliver body="7" headers={x-stream-offset: l 6}
a 1 < basic.deliver body="8"
a 1 < basic.deliver body="9"
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "1h"}
a 1 < basic.deliver body="1" headers={x-stream-offset: l 0}
repeat 8
a 1 < basic.deliver consumer_tag=t
end
a 1 < nothing
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: T 0}
a 1 < basic.deliver body="1"
repeat 8
a 1 < basic.deliver consumer_tag=t
end
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: T 9999999999}
a 1 < nothing
a 1 > basic.publish routing_key=s body="10"
a 1 < basic.deliver body="10" headers={x-stream-offset: l 9}
a 1 confirmed 10
a closes

scene "What it does not do it says"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.get queue=s
a refused 540 "NOT_IMPLEMENTED - basic.get not supported by stream queues queue 's' in vhost '/'" basic.get
a connects
a opens 1
a 1 > queue.purge queue=s
a refused 540 "NOT_IMPLEMENTED - queue.purge not supported by stream queues queue 's' in vhost '/'" queue.purge
ctl purge_queue s => 65 "is a stream, which is not purged"
a connects
a opens 1
a 1 > basic.consume queue=s
a 1 refused 406 "PRECONDITION_FAILED - consumer prefetch count is not set for stream queue 's' in vhost '/'" basic.consume
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 > basic.consume queue=s no_ack
a refused 540 "NOT_IMPLEMENTED - automatic acknowledgement not supported by stream queue 's' in vhost '/'" basic.consume
a connects
a opens 1
a 1 does basic.qos prefetch_count=1 global
a 1 > basic.consume queue=s
a refused 540 "NOT_IMPLEMENTED - queue 's' in vhost '/' does not support global qos" basic.consume
a connects
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 > basic.consume queue=s arguments={x-stream-offset: "yesterday"}
a 1 refused 406 "PRECONDITION_FAILED - failed consuming from stream queue 's' in vhost '/': invalid_max_age" basic.consume
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 > basic.consume queue=s arguments={x-stream-offset: true}
a 1 refused 406 "PRECONDITION_FAILED - failed consuming from stream queue 's' in vhost '/': invalid_max_age" basic.consume
a closes

scene "It lasts, and takes the arguments of its type"
broker durable
a connects
a opens 1
a 1 > queue.declare queue=s arguments={x-queue-type: "stream"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'non-durable' for queue 's' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue=s durable exclusive arguments={x-queue-type: "stream"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 's' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue=s durable auto_delete arguments={x-queue-type: "stream"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'auto-delete' for queue 's' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-message-ttl: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 's' in vhost '/' of queue type rabbit_stream_queue" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-max-age: "1D"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-age' for queue 's' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-max-age: "1"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-age' for queue 's' in vhost '/': invalid_max_age" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-stream-max-segment-size-bytes: l 3000000001}
a 1 refused 406 "PRECONDITION_FAILED - Exceeded max value for x-stream-max-segment-size-bytes" queue.declare
a opens 1
a 1 > queue.declare queue=s durable arguments={x-queue-type: "stream", x-stream-filter-size-bytes: 15}
a 1 refused 406 "PRECONDITION_FAILED - Invalid value for  x-stream-filter-size-bytes" queue.declare
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-max-age: "7D", x-max-length-bytes: 1000000, x-stream-max-segment-size-bytes: l 3000000000, x-stream-filter-size-bytes: 16, x-initial-cluster-size: 3, x-queue-leader-locator: "client-local"}
a closes

scene "No more bytes stay than it says, but the newest message does"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-max-length-bytes: 10}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=s body="0123"
end
a 1 confirmed 1..5
a 1 does queue.declare queue=s durable passive => message_count=2
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="0123" headers={x-stream-offset: l 3}
a 1 < basic.deliver body="0123" headers={x-stream-offset: l 4}
a 1 > basic.publish routing_key=s body="01234567890123456789"
a 1 < basic.deliver body="01234567890123456789" headers={x-stream-offset: l 5}
a 1 confirmed 6
a 1 does queue.declare queue=s durable passive => message_count=1
a closes

scene "Nothing stays that is older than it says, but the newest message does"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-max-age: "10s"}
a 1 does confirm.select
repeat 3
a 1 > basic.publish routing_key=s body="$i"
clock +1s
end
a 1 confirmed 1..3
clock +6s
a 1 does queue.declare queue=s durable passive => message_count=3
clock +1s
a 1 does queue.declare queue=s durable passive => message_count=2
clock +999ms
a 1 does queue.declare queue=s durable passive => message_count=2
clock +1ms
a 1 does queue.declare queue=s durable passive => message_count=1
clock +60s
a 1 does queue.declare queue=s durable passive => message_count=1
a 1 > basic.publish routing_key=s body="4"
a 1 confirmed 4
a 1 does queue.declare queue=s durable passive => message_count=1
a closes

scene "Filters"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="1" headers={x-stream-filter-value: "red"}
a 1 > basic.publish routing_key=s body="2" headers={x-stream-filter-value: "blue"}
a 1 > basic.publish routing_key=s body="3"
a 1 > basic.publish routing_key=s body="4" headers={x-stream-filter-value: "green"}
a 1 confirmed 1..4
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-filter: "blue"}
a 1 < basic.deliver body="2" headers={x-stream-filter-value: "blue", x-stream-offset: l 1}
a 1 < nothing
a 1 does basic.consume queue=s consumer_tag=u arguments={x-stream-offset: "first", x-stream-filter: ["red", "green"], x-stream-match-unfiltered: true}
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="3"
a 1 < basic.deliver body="4"
a 1 < nothing
a closes

scene "Only what is durable is seen"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t
disk held
a 1 > basic.publish routing_key=s body="1"
a 1 > basic.publish routing_key=s body="2"
a 1 < nothing
disk released
a 1 < basic.deliver body="1" headers={x-stream-offset: l 0}
a 1 < basic.deliver body="2" headers={x-stream-offset: l 1}
a closes

scene "It is there after a start, and its offsets go on"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-max-length-bytes: 3}
a 1 does confirm.select
repeat 5
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..5
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable passive => message_count=3
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: 0}
a 1 < basic.deliver redelivered=0 body="3" headers={x-stream-offset: l 2}
a 1 < basic.deliver body="4"
a 1 < basic.deliver body="5"
a 1 > basic.publish routing_key=s body="6"
a 1 < basic.deliver body="6" headers={x-stream-offset: l 5}
a 1 does queue.declare queue=s durable passive => message_count=3
a closes

scene "A transaction is seen as a whole, when it is durable"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does queue.declare queue=q durable
a 2 does basic.qos prefetch_count=10
a 2 does basic.consume queue=s consumer_tag=t
a 1 does tx.select
a 1 > basic.publish routing_key=s body="1"
a 1 > basic.publish routing_key=q body="1" persistent
a 1 > basic.publish routing_key=s body="2"
a 2 < nothing
a 1 does tx.commit
a 2 < basic.deliver body="1" headers={x-stream-offset: l 0}
a 2 < basic.deliver body="2" headers={x-stream-offset: l 1}
a 1 > basic.publish routing_key=s body="3"
a 1 does tx.rollback
a 2 < nothing
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable passive => message_count=2
a 1 does queue.declare queue=q durable passive => message_count=1
a closes

scene "What is not in memory is read back"
broker durable message_memory_bytes=100000 index_page_entries=16
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 300
a 1 > basic.publish routing_key=s body_bytes=1000
end
a 1 confirmed 1..300
a 1 does basic.qos prefetch_count=1000
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
repeat 300
a 1 < basic.deliver delivery_tag=$i body_bytes=1000
end
a 1 < nothing
a 2 does basic.qos prefetch_count=1
a 2 does basic.consume queue=s consumer_tag=u arguments={x-stream-offset: 133}
a 2 < basic.deliver headers={x-stream-offset: l 133}
a 2 > basic.ack delivery_tag=1
a 2 < basic.deliver headers={x-stream-offset: l 134}
a closes

scene "It may go while others read"
broker durable message_memory_bytes=100000 index_page_entries=16
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 100
a 1 > basic.publish routing_key=s body_bytes=1000
end
a 1 confirmed 1..100
a 2 does basic.qos prefetch_count=3
a 2 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 does queue.delete queue=s
repeat 3
a 2 < basic.deliver consumer_tag=t
end
a 2 < basic.cancel consumer_tag=t
a 2 > basic.ack delivery_tag=3 multiple
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"} => message_count=0
a closes

scene "One of them at a time"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-single-active-consumer: true}
a 1 does basic.qos prefetch_count=10
a 2 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=one arguments={x-stream-offset: "first"}
a 2 does basic.consume queue=s consumer_tag=two arguments={x-stream-offset: "first"}
a 1 > basic.publish routing_key=s body="1"
a 1 < basic.deliver body="1"
a 2 < nothing
a 1 does basic.cancel consumer_tag=one
a 2 < basic.deliver body="1" headers={x-stream-offset: l 0}
a closes

scene "Who stood by goes on where the other has come"
broker durable
a connects
a opens 1 2
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream", x-single-active-consumer: true}
a 1 does basic.qos prefetch_count=10
a 2 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=one arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 2 does basic.consume queue=s consumer_tag=two arguments={x-stream-offset: "1h", x-stream-offset-name: "n"}
repeat 4
a 1 > basic.publish routing_key=s body="$i"
a 1 < basic.deliver delivery_tag=$i body="$i"
end
a 1 > basic.ack delivery_tag=2 multiple
a 2 < nothing
a 1 does basic.cancel consumer_tag=one
a 2 < basic.deliver body="3" headers={x-stream-offset: l 2}
a 2 < basic.deliver body="4"
a 2 < nothing
a closes

scene "How far it has come is kept under the name that it gives"
broker durable
a connects
a opens 1 2 3
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
repeat 6
a 1 > basic.publish routing_key=s body="$i"
end
a 1 confirmed 1..6
a 2 does basic.qos prefetch_count=10
a 2 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "count"}
repeat 6
a 2 < basic.deliver delivery_tag=$i body="$i"
end
a 2 > basic.ack delivery_tag=1
a 2 > basic.ack delivery_tag=2
a 2 > basic.ack delivery_tag=4
a 2 > basic.nack delivery_tag=5 requeue
a 2 does basic.cancel consumer_tag=t
a 2 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "last", x-stream-offset-name: "count"}
a 2 < basic.deliver delivery_tag=7 body="3" headers={x-stream-offset: l 2}
a 2 < basic.deliver body="4"
a 2 < basic.deliver body="5"
a 2 < basic.deliver body="6"
a 2 > basic.reject delivery_tag=7
a 2 > basic.ack delivery_tag=10 multiple
clock +50ms
blackout
a connects
a opens 1
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "count"}
a 1 < nothing
a 1 does basic.consume queue=s consumer_tag=u arguments={x-stream-offset: "first", x-stream-offset-name: "other"}
a 1 < basic.deliver consumer_tag=u body="1"
repeat 5
a 1 < basic.deliver consumer_tag=u
end
a 1 > queue.delete queue=s
a 1 < basic.cancel consumer_tag=t
a 1 < basic.cancel consumer_tag=u
a 1 < queue.delete-ok message_count=6
a 1 > basic.ack multiple
restart
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.publish routing_key=s body="new"
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "count"}
a 1 < basic.deliver body="new"
a closes

scene "A clean stop keeps the offset, and the end of the stream does not"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.publish routing_key=s body="1"
a 1 > basic.publish routing_key=s body="2"
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver delivery_tag=2 body="2"
restart
a connects
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver delivery_tag=1 body="2"
a 1 does basic.cancel consumer_tag=t
a 1 does queue.delete queue=s => message_count=2
blackout
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 > basic.publish routing_key=s body="new"
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver delivery_tag=1 body="new"
a closes

scene "What is passed over does not hold the offset up"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does confirm.select
a 1 > basic.publish routing_key=s body="1" headers={x-stream-filter-value: "a"}
a 1 > basic.publish routing_key=s body="2"
a 1 > basic.publish routing_key=s body="3" headers={x-stream-filter-value: "a"}
a 1 > basic.publish routing_key=s body="4"
a 1 confirmed 1..4
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-filter: "a", x-stream-automatic-offset-tracking: true}
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 < basic.deliver delivery_tag=2 body="3"
a 1 > basic.ack delivery_tag=2 multiple
a 1 does basic.cancel consumer_tag=t
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-automatic-offset-tracking: true}
a 1 < basic.deliver body="4"
a closes

scene "The offset is part of the transaction"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does queue.declare queue=out durable
repeat 3
a 1 > basic.publish routing_key=s body="$i"
end
a 1 does tx.select
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver delivery_tag=1 body="1"
a 1 > basic.publish routing_key=out body="1" persistent
a 1 > basic.ack delivery_tag=1
a 1 does tx.commit
a 1 < basic.deliver delivery_tag=2 body="2"
a 1 > basic.publish routing_key=out body="2" persistent
a 1 > basic.ack delivery_tag=2
a 1 does tx.rollback
disk held
a 1 > basic.publish routing_key=out body="2" persistent
a 1 > basic.ack delivery_tag=2
a 1 > tx.commit
blackout
a connects
a opens 1
a 1 does queue.declare queue=out durable passive => message_count=1
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first", x-stream-offset-name: "n"}
a 1 < basic.deliver body="2" headers={x-stream-offset: l 1}
a closes

scene "Names that are none"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does basic.qos prefetch_count=1
a 1 > basic.consume queue=s arguments={x-stream-offset-name: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-stream-offset-name': {unacceptable_type,signedint}" basic.consume
a opens 1
a 1 does basic.qos prefetch_count=1
a 1 > basic.consume queue=s arguments={x-stream-offset-name: ""}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-stream-offset-name': it has to have 1 to 255 bytes" basic.consume
a closes

scene "A super stream: a key has its partition"
broker durable
a connects
a opens 1
a 1 does exchange.declare exchange=x type="x-super-stream" durable
repeat 3
a 1 does queue.declare queue="x-$i" durable arguments={x-queue-type: "stream"}
a 1 does queue.bind queue="x-$i" exchange=x routing_key="$i"
end
a 1 does confirm.select
a 1 > basic.publish exchange=x routing_key=hello5 body="first"
a 1 > basic.publish exchange=x routing_key=hello8 body="second"
a 1 > basic.publish exchange=x routing_key=hello10 body="third"
a 1 > basic.publish exchange=x routing_key=hello88 body="second"
a 1 confirmed 1..4
a 1 does queue.declare queue=x-1 durable passive => message_count=1
a 1 does queue.declare queue=x-2 durable passive => message_count=2
a 1 does queue.declare queue=x-3 durable passive => message_count=1
a 1 > queue.bind queue=x-1 exchange=x routing_key="one"
a 1 refused 406 "PRECONDITION_FAILED - the routing key of a partition, or its x-stream-partition-order, has to be its number" queue.bind
a opens 1
a 1 does queue.bind queue=x-1 exchange=x routing_key="zero" arguments={x-stream-partition-order: 0}
blackout
a connects
a opens 1
a 1 > basic.publish exchange=x routing_key=hello8 body="now of four"
a 1 does queue.declare queue=x-3 durable passive => message_count=2
a closes

scene "A message that is not to last does so in the stream alone"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=s durable arguments={x-queue-type: "stream"}
a 1 does queue.declare queue=q durable
a 1 does queue.bind queue=s exchange=amq.fanout
a 1 does queue.bind queue=q exchange=amq.fanout
a 1 does confirm.select
a 1 > basic.publish exchange=amq.fanout body="1"
a 1 > basic.publish exchange=amq.fanout body="2"
a 1 confirmed 1..2
a 1 does basic.get queue=q no_ack => body="1"
blackout
a connects
a opens 1
a 1 does queue.declare queue=q durable passive => message_count=0
a 1 does queue.declare queue=s durable passive => message_count=2
a 1 does basic.qos prefetch_count=10
a 1 does basic.consume queue=s consumer_tag=t arguments={x-stream-offset: "first"}
a 1 < basic.deliver body="1"
a 1 < basic.deliver body="2"
a closes
